/* SPDX-License-Identifier: MIT */
/* The beginning and the end of an attempt: what it came to, and what follows from that. */
#include "base/clock.h"
#include "core/attempt_private.h"
#include "core/candidate.h"
#include "core/rate_limits.h"
#include "core/recourse.h"
#include "core/request.h"
#include "core/siblings.h"
#include "llm/thinking.h"

/* ---- the end ---- */

static void attempt_free(struct attempt *a)
{
	a->out->end_ns = clock_mono_ns();
	if (a->transfer != NULL) {
		a->out->what = "cancelled";
		a->out->sent = a->out->head_ns != 0 || transfer_body_sent(a->transfer);
		transfer_cancel(a->transfer);
		recourse_ended(a->x, a->out, NULL);
	}
	timer_free(a->watch);
	gate_release(a->gate);
	if (a->sealing != NULL)
		buf_release(&a->sealing->frame);
	timer_free(a->ping);
	timer_free(a->end);
	deferred_cancel(&a->enough);
	translation_release(a->translation);
	buf_release(&a->spliced);
	buf_release(&a->reply);
	buf_release(&a->held);
	buf_release(&a->scratch);
	siblings_leave(a->x);
	a->x->attempt = NULL; /* its memory is the arena's */
}

static void finish_reply(struct exchange *x, void (*finish)(struct conn *))
{
	x->reply_bytes = conn_sent_bytes(x->conn);
	finish(x->conn);
	x->conn = NULL;
}

/* The provider broke off within its reply. The client is told in the stream where its dialect can, else by a
 * transfer that does not end as it should. */
static void fail_reply(struct attempt *a)
{
	struct exchange *x = a->x;
	struct buf event;

	if (!a->events || a->mid_frame || a->dialect->print_error_event == NULL) {
		finish_reply(x, conn_reply_abort);
		return;
	}
	buf_init(&event, SIZE_MAX);
	a->dialect->print_error_event(&event, &x->err, str_from(x->id));
	conn_reply_body(x->conn, buf_str(&event));
	buf_release(&event);
	finish_reply(x, conn_reply_end);
}

static void set_error(struct exchange *x, enum upstream_failure why, const char *text)
{
	static const enum err_kind kinds[] = {
		[UPSTREAM_OK] = ERR_NONE,
		[UPSTREAM_CONNECT] = ERR_UPSTREAM,
		[UPSTREAM_STALE] = ERR_UPSTREAM,
		[UPSTREAM_BROKEN] = ERR_UPSTREAM,
		[UPSTREAM_TIMEOUT] = ERR_TIMEOUT,
		[UPSTREAM_BAD_REPLY] = ERR_UPSTREAM,
	};

	err_set(&x->err, kinds[why], "provider '%.*s': %s",
		STR_ARG(x->plan.c[x->plan.at].provider->name), text);
}

/* What a reply of the provider's own, or the lack of one, comes to. Kind ERR_NONE: nothing failed. */
static void read_failure(struct attempt *a, enum upstream_failure why, struct failure *ret)
{
	struct str body = gate_is_shut(a->gate) ? buf_str(&a->gate->kept) : buf_str(&a->reply);

	*ret = (struct failure){ .kind = ERR_NONE, .retry_after_ms = -1 };
	if (a->translation != NULL && a->translation->failure.kind != ERR_NONE)
		*ret = a->translation->failure;
	else if (why != UPSTREAM_OK)
		ret->kind = a->x->err.kind;
	else if (a->out->status >= 400)
		failure_read(ret, a->out->status, body, a->x->arena);
	else if (a->gate != NULL && a->gate->refused)
		*ret = a->gate->refusal;
	else if (gate_is_shut(a->gate) && (a->events || !gate_keeps_reply(a->gate)))
		ret->kind = ERR_UPSTREAM; /* it has ended, and that was no answer */
	if (ret->kind == ERR_NONE && a->translation != NULL && !conn_replied(a->x->conn))
		ret->kind = ERR_UPSTREAM;
	if (ret->kind == ERR_NONE && a->out->error.n > 0)
		ret->kind = ERR_API; /* told within the reply */
}

static void tell_failure(
	const struct attempt *a, const struct failure *from, struct failover_failure *ret)
{
	const struct http_head head = { .h = (struct http_header *)(uintptr_t)a->h, .n = a->nh };
	int64_t after = rate_retry_after(a->h, a->nh, clock_wall_ms());

	*ret = (struct failover_failure){
		.kind = from->kind,
		.retry_after_ms = after >= 0 ? after : from->retry_after_ms,
		.silent = a->silent,
		.final = str_eq_nocase(http_get(&head, STR("x-should-retry")), STR("false")),
		.capability = from->kind == ERR_INVALID && failure_parameter(from).n > 0,
	};
}

/* The length of what is sealed is another one. */
static void seal_whole(struct attempt *a)
{
	struct gate *g = a->gate;
	struct buf sealed;

	if (!gate_is_shut(g) || a->events || a->sealing == NULL)
		return;
	buf_init(&sealed, SIZE_MAX);
	if (!thinking_seal_reply(buf_str(&g->kept), a->sealing->model, &sealed))
		return;
	buf_release(&g->kept);
	g->kept = sealed;
	if (g->head.length >= 0)
		g->head.length = (int64_t)sealed.n;
}

/* It has ended in order, but not at its end: told to clients of failover, who would else wait for what others could have said. What nobody
 * watches over stays as it came. */
static bool ends_early(const struct attempt *a)
{
	return a->gate != NULL && a->events && a->dialect->family == API_ANTHROPIC &&
	       conn_replied(a->x->conn) && !a->out->whole && a->out->error.n == 0 &&
	       a->out->status < 300;
}

static enum step end_relayed(struct attempt *a, enum upstream_failure why)
{
	if (why == UPSTREAM_OK && ends_early(a)) {
		err_set(&a->x->err, ERR_UPSTREAM,
			"provider '%.*s': the stream ended without an end",
			STR_ARG(a->out->candidate.provider->name));
		if (str_trim(buf_str(&a->held)).n == 0) /* the rest of a blank line */
			attempt_put_raw(a, buf_str(&a->held));
		fail_reply(a);
		return STEP_REPLY;
	}
	if (why == UPSTREAM_OK) {
		if (a->gate == NULL || !a->gate->refused)
			attempt_put_raw(
				a, buf_str(&a->held)); /* a last frame without its blank line */
		if (a->json && !a->reply.overflow)
			attempt_read_reply(a, buf_str(&a->reply));
		seal_whole(a);
		attempt_open_gate(a);
		finish_reply(a->x, conn_reply_end);
		return STEP_REPLY;
	}
	if (!conn_replied(a->x->conn))
		return STEP_FAIL;
	fail_reply(a);
	return STEP_REPLY;
}

/* What the provider's last bytes, or their end, make of a reply. */
static void end_events(struct attempt *a, enum upstream_failure why)
{
	struct translation *t = a->translation;

	/* Of a refusal as much as has come says enough. */
	if (a->out->status < 300 && why != UPSTREAM_OK) {
		decoder_fail(&t->decoder, a->x->err.kind, str_from(a->x->err.text), false);
	} else if (a->out->status < 300 && a->events) {
		if (a->held.n > 0)
			decoder_frame(&t->decoder, buf_str(&a->held));
		decoder_end(&t->decoder);
	} else if (a->out->status < 300 && a->reply.overflow) {
		decoder_fail(&t->decoder, ERR_UPSTREAM,
			STR("the provider's reply is longer than 'limits.reply_bytes'"), false);
	} else {
		attempt_translate_reply(a, buf_str(&a->reply));
	}
}

static enum step end_translated(struct attempt *a)
{
	struct exchange *x = a->x;

	if (conn_replied(x->conn)) {
		finish_reply(x, conn_reply_end);
		return STEP_REPLY;
	}
	translation_give_up(a->translation);
	return STEP_FAIL;
}

/* Breakers and keys hear of every end; whether there is something else to do is asked when nothing is with the client. */
static bool fails_over(struct attempt *a, enum upstream_failure why)
{
	struct exchange *x = a->x;
	struct failure failure;
	struct failover_failure f;

	read_failure(a, why, &failure);
	tell_failure(a, &failure, &f);
	recourse_ended(x, a->out, f.kind != ERR_NONE ? &f : NULL);
	if (conn_replied(x->conn) || a->begun || f.kind == ERR_NONE)
		return false;
	x->tries.wait_ms = 0;
	return (a->translation != NULL && translation_try_again(a->translation)) ||
	       recourse_take(x, &f);
}

static void note_end(struct attempt *a, enum upstream_failure why, const char *text)
{
	static const char *const what[] = {
		[UPSTREAM_OK] = "ok",
		[UPSTREAM_CONNECT] = "connect",
		[UPSTREAM_STALE] = "stale",
		[UPSTREAM_BROKEN] = "broken",
		[UPSTREAM_TIMEOUT] = "timeout",
		[UPSTREAM_BAD_REPLY] = "bad reply",
	};
	bool cut = why != UPSTREAM_OK && !a->silent && a->out->head_ns != 0;

	a->out->what = cut ? "cut" : what[why];
	a->out->sent = why != UPSTREAM_CONNECT && why != UPSTREAM_STALE;
	if (why != UPSTREAM_OK)
		set_error(a->x, why, text);
}

static enum step end_attempt(struct attempt *a, enum upstream_failure why, const char *text)
{
	struct exchange *x = a->x;
	struct translation *t = a->translation;

	if (t != NULL && t->done)
		why = UPSTREAM_OK; /* whatever became of the connection */
	note_end(a, why, text);
	/* A pooled connection was dead before it took the whole request: the same again, on a new one. */
	if (why == UPSTREAM_STALE && !x->stale && !a->begun && !conn_replied(x->conn)) {
		x->stale = true;
		x->tries.wait_ms = 0;
		recourse_ended(x, a->out, NULL);
		return STEP_NEXT;
	}
	if (t != NULL && !t->done)
		end_events(a, why);
	if (fails_over(a, why))
		return STEP_NEXT;
	return t != NULL ? end_translated(a) : end_relayed(a, why);
}

static void on_done(void *ctx, enum upstream_failure why, const char *text)
{
	struct attempt *a = ctx;
	struct exchange *x = a->x;
	void (*done)(struct exchange *, enum step) = a->done;

	a->transfer = NULL;
	enum step how = end_attempt(a, why, text);
	attempt_free(a);
	done(x, how);
}

/* How long silence is borne: so that each of the others could still have its turn before the deadline, but never much less than what is
 * configured. */
static uint64_t patience_ms(const struct attempt *a, uint64_t deadline)
{
	const struct config *c = a->x->config;
	uint64_t first = c->failover_first_ms, share = 0;
	size_t others = recourse_others(a->x);

	if (others > 0 && deadline > a->begin_ms)
		share = (deadline - a->begin_ms) / others;
	return share >= first ? first : share > first / 2 ? share : first / 2;
}

/* When the silence before any content will have been too long. Anthropic's API pings while it thinks; others may think in silence, once
 * they have taken the request on. */
static uint64_t watch_until(const struct attempt *a)
{
	const struct exchange *x = a->x;
	const struct config *c = x->config;
	bool pings = a->out->head_ns == 0 || a->dialect->family == API_ANTHROPIC;
	uint64_t deadline =
		x->tries.begin_ms + c->failover_deadline_ms - c->failover_deadline_ms / 16;
	uint64_t patience = patience_ms(a, deadline);
	uint64_t silent =
		transfer_last_ms(a->transfer) + (pings ? patience : c->failover_content_ms);
	uint64_t late = a->begin_ms + c->failover_content_ms;

	/* Somebody else is asked before the deadline, but not before this one has had its time. */
	if (late > deadline)
		late = deadline;
	if (late < a->begin_ms + patience)
		late = a->begin_ms + patience;
	return silent < late ? silent : late;
}

static void on_watch(void *ctx)
{
	struct attempt *a = ctx;
	struct exchange *x = a->x;
	uint64_t until = watch_until(a);

	if (conn_replied(x->conn) || recourse_others(x) == 0)
		return;
	if (loop_now_ms(x->svc->loop) < until) {
		timer_at(a->watch, until);
		return;
	}
	a->silent = true;
	transfer_cancel(a->transfer);
	on_done(a, UPSTREAM_TIMEOUT, "no content for too long");
}

/* A reply in one piece has no signs of life. */
static void start_watch(struct attempt *a)
{
	struct exchange *x = a->x;

	if (!x->chat.stream || recourse_others(x) == 0)
		return;
	a->watch = timer_new(x->svc->loop, on_watch, a);
	timer_at(a->watch, watch_until(a));
}

void attempt_enough(void *ctx)
{
	struct attempt *a = ctx;

	transfer_cancel(a->transfer);
	on_done(a, UPSTREAM_OK, "");
}

static void on_writable(void *ctx)
{
	struct attempt *a = ctx;

	conn_pause_body(a->x->conn, false);
}

static const struct upstream_events events = {
	.head = attempt_head,
	.body = attempt_bytes,
	.writable = on_writable,
	.done = on_done,
};

/* ---- start, cancel, flow ---- */

static struct outcome *add_outcome(struct exchange *x)
{
	struct outcome *o = arena_alloc(x->arena, sizeof(*o));

	*o = (struct outcome){ .candidate = x->plan.c[x->plan.at],
		.usage = USAGE_UNKNOWN,
		.cost = COST_UNKNOWN,
		.begin_wall_ms = clock_wall_ms(),
		.begin_ns = clock_mono_ns() };
	if (x->last != NULL)
		x->last->next = o;
	else
		x->outcomes = o;
	x->last = o;
	return o;
}

static struct attempt *attempt_new(
	struct exchange *x, void (*done)(struct exchange *x, enum step how))
{
	const struct candidate *c = &x->plan.c[x->plan.at];
	struct attempt *a = arena_alloc(x->arena, sizeof(*a));

	*a = (struct attempt){ .x = x, .done = done, .dialect = c->dialect, .length = -1 };
	a->begin_ms = loop_now_ms(x->svc->loop);
	if (c->dialect->family == API_ANTHROPIC && exchange_is_read(x) &&
		!exchange_is_translated(x, c) && candidate_rerouted(x, c)) {
		a->sealing = arena_alloc(x->arena, sizeof(*a->sealing));
		/* The price table may be another one before it ends. */
		a->sealing->model = arena_dup(x->arena, candidate_model(x, c));
		buf_init(&a->sealing->frame, SIZE_MAX);
	}
	buf_init(&a->reply, x->config->limits_body_bytes); /* larger ones are relayed unread */
	buf_init(&a->held, SIZE_MAX);
	buf_init(&a->scratch, SIZE_MAX);
	buf_init(&a->spliced, SIZE_MAX);
	deferred_init(&a->enough, attempt_enough, a);
	return a;
}

bool attempt_start(struct exchange *x, void (*done)(struct exchange *x, enum step how))
{
	const struct candidate *c = &x->plan.c[x->plan.at];
	struct upstream_request rq;

	x->nreply_headers = 0; /* those that an earlier one has left, and why it failed */
	x->err = (struct err){ 0 };
	recourse_choose_key(x);
	struct attempt *a = attempt_new(x, done);
	if (!request_build(x, c, &a->spliced, &rq)) {
		buf_release(&a->spliced);
		return false;
	}
	recourse_asked(x);
	a->out = add_outcome(x);
	attempt_make_chain(a);
	x->attempt = a;
	x->attempts++;
	rq.fresh = x->stale;
	x->request_bytes = rq.body.n;
	a->transfer = upstream_start(x->svc->upstream, &rq, &events, a);
	a->streamed = rq.streamed;
	start_watch(a);
	if (rq.streamed)
		conn_stream_body(x->conn);
	return true;
}

void attempt_cancel(struct exchange *x)
{
	if (x->attempt != NULL)
		attempt_free(x->attempt);
}

void attempt_send(struct exchange *x, struct str piece)
{
	struct attempt *a = x->attempt;

	if (a == NULL)
		return;
	a->begun = true;
	x->request_bytes += piece.n;
	transfer_send(a->transfer, piece);
	if (transfer_send_full(a->transfer))
		conn_pause_body(x->conn, true);
}

void attempt_send_end(struct exchange *x)
{
	struct attempt *a = x->attempt;

	if (a == NULL)
		return;
	a->begun = a->streamed;
	transfer_send_end(a->transfer);
}

void attempt_drained(struct exchange *x)
{
	if (x->attempt != NULL)
		transfer_resume(x->attempt->transfer);
}
