/* SPDX-License-Identifier: MIT */
/* One candidate's answer on its way to the client: frames, sinks, pings, failures. */
#include "core/attempt.h"

#include "base/clock.h"
#include "core/bodies.h"
#include "core/prefix.h"
#include "core/provider_health.h"
#include "core/request.h"
#include "core/secrets.h"
#include "core/translation.h"
#include "wire/sse.h"

/* An event that is translated has to be held whole. */
enum { FRAME_BYTES_MAX = 32 << 20 };
/* A provider that has said all has so long to end its reply, so that the connection can be used again. */
enum { END_MS = 1000 };

struct attempt {
	struct exchange *x;
	struct outcome *out;
	void (*done)(struct exchange *x, enum step how);
	struct transfer *transfer;
	struct sink meter, client;       /* the chain: meter, maybe bodies, then client */
	struct translation *translation; /* of another dialect; NULL: relayed */
	struct buf spliced;              /* a request body of our own making */
	bool streamed;                   /* the request's body is relayed as it comes */
	bool begun;                      /* some of it has come, and is not kept to be sent again */

	/* the reply */
	const struct dialect *dialect;
	bool events; /* an event stream that is read on its way */
	bool json; /* a JSON reply that is read at its end; of a translation, whatever is no event stream */
	const struct http_header *h; /* of a reply that says why there is none */
	size_t nh;
	int64_t length;   /* as told; -1: not */
	struct buf reply; /* gathered for that */
	struct sse_scanner scanner;
	struct buf held; /* the beginning of a frame whose end has not come */
	bool mid_frame;  /* part of a frame is with the client: nothing may be put in */
	struct buf scratch;
	struct timer *ping;
	uint64_t ping_ms;       /* when the last one was sent */
	bool known;             /* of a translated reply: what kind it is, by its beginning */
	struct timer *end;      /* of a reply that has said all; NULL: it has not */
	struct deferred enough; /* ends a transfer whose rest is of no use */
};

/* ---- sinks ---- */

static void note(struct attempt *a, const struct event *ev)
{
	usage_merge(&a->out->usage, &ev->usage);
	if (ev->model.n > 0)
		a->out->answered_by = arena_dup(a->x->arena, ev->model);
	if (ev->type == EV_ERROR) {
		a->out->error = arena_dup(a->x->arena, ev->text);
		a->out->error_text = secrets_masked(a->x, ev->detail);
	}
	if (ev->type == EV_STOP)
		a->out->whole = true;
	/* Gemini tells figures with every chunk: its last ones come with its end. */
	if (ev->type == EV_USAGE && ev->usage.out >= 0 && a->dialect->family != API_GOOGLE)
		a->out->told = true;
	/* Learning lets go of what another try would need. */
	if (ev->type == EV_START && a->translation == NULL)
		prefix_learn(a->x, a->out);
}

static bool is_content(const struct event *ev)
{
	return ev->type == EV_RAW || ev->type == EV_TEXT;
}

static void meter_put(struct sink *self, const struct event *ev)
{
	struct attempt *a = container_of(self, struct attempt, meter);

	if (a->out->first_ns == 0)
		a->out->first_ns = clock_mono_ns();
	if (is_content(ev)) {
		a->out->content_bytes += ev->raw.n + ev->text.n;
		a->out->content_frames += ev->type == EV_RAW;
	} else {
		note(a, ev);
	}
	sink_pass(self, ev);
}

static void client_put(struct sink *self, const struct event *ev)
{
	struct attempt *a = container_of(self, struct attempt, client);

	conn_reply_body(a->x->conn, ev->raw);
}

static void put_raw(struct attempt *a, struct str bytes)
{
	const struct event ev = { .type = EV_RAW, .raw = bytes, .usage = USAGE_UNKNOWN };

	if (bytes.n > 0)
		a->meter.put(&a->meter, &ev);
}

/* ---- event streams ---- */

static void put_frame(struct attempt *a, struct str frame)
{
	struct event ev;

	if (a->translation != NULL) {
		decoder_frame(&a->translation->decoder, frame);
		return;
	}
	a->dialect->parse_event(frame, &a->scratch, a->x->arena, &ev);
	a->meter.put(&a->meter, &ev);
}

/* A piece that ends a frame, of which the beginning may be held or gone. */
static void end_frame(struct attempt *a, struct str piece)
{
	if (a->mid_frame) {
		put_raw(a, piece);
		a->mid_frame = false;
	} else if (a->held.n > 0) {
		buf_add(&a->held, piece);
		put_frame(a, buf_str(&a->held));
		buf_clear(&a->held);
	} else {
		put_frame(a, piece);
	}
}

/* A frame goes on when it is whole, so that something can be put between any two. Very long ones go in pieces, unless they
 * have to be understood. */
static void hold(struct attempt *a, struct str piece)
{
	struct translation *t = a->translation;

	if (piece.n == 0 || (t != NULL && t->decoder.ended))
		return;
	if (t != NULL && a->held.n + piece.n > FRAME_BYTES_MAX) {
		buf_release(&a->held);
		decoder_fail(&t->decoder, ERR_UPSTREAM,
			STR("an event of the provider's stream is too long"), false);
		return;
	}
	if (t == NULL && !a->mid_frame && a->held.n + piece.n > a->x->config->limits_frame_bytes) {
		put_raw(a, buf_str(&a->held));
		buf_release(&a->held);
		a->mid_frame = true;
	}
	if (a->mid_frame)
		put_raw(a, piece);
	else
		buf_add(&a->held, piece);
}

static void put_events(struct attempt *a, struct str bytes)
{
	size_t n;

	while (bytes.n > 0 && (n = sse_scan(&a->scanner, bytes)) > 0) {
		end_frame(a, (struct str){ bytes.p, n });
		bytes = str_from_offset(bytes, n);
	}
	hold(a, bytes);
}

static void on_ping(void *ctx)
{
	struct attempt *a = ctx;
	uint64_t every = a->x->config->limits_ping_ms, now = loop_now_ms(a->x->svc->loop);
	uint64_t last = transfer_last_ms(a->transfer);

	last = a->ping_ms > last ? a->ping_ms : last;
	if (now >= last + every) {
		if (a->translation != NULL && !conn_full(a->x->conn))
			translation_ping(a->translation);
		else if (!a->mid_frame && !conn_full(a->x->conn))
			conn_reply_body(a->x->conn, a->dialect->ping);
		a->ping_ms = last = now;
	}
	timer_at(a->ping, last + every);
}

/* ---- the provider's reply ---- */

static bool is_event_stream(const struct upstream_reply *r)
{
	const struct http_head head = { .h = (struct http_header *)(uintptr_t)r->h, .n = r->n };

	return str_starts_nocase(http_get(&head, STR("content-type")), STR("text/event-stream"));
}

static void relay_head(struct attempt *a, const struct upstream_reply *r)
{
	struct exchange *x = a->x;
	struct http_header *h;
	size_t n = r->n;
	bool bodyless = r->status == 204 || r->status == 304 ||
			(x->head->method == HTTP_HEAD && r->length < 0);

	if (exchange_is_read(x))
		exchange_add_answerer(x, &a->out->candidate);
	h = arena_alloc(x->arena, (n + x->nreply_headers + 1) * sizeof(*h));
	for (size_t i = 0; i < r->n; i++)
		h[i] = r->h[i];
	h[n++] = (struct http_header){ STR("x-sluice-id"), str_from(x->id) };
	for (size_t i = 0; i < x->nreply_headers; i++)
		h[n++] = x->reply_headers[i];
	conn_reply_head(x->conn, &(struct conn_reply){ r->status, r->reason, h, n,
					 bodyless ? CONN_NO_BODY : r->length });
}

static bool begins_with(struct str bytes, struct str word)
{
	return bytes.n < word.n ? str_starts(word, bytes) : str_starts(bytes, word);
}

/* A stream may come without its content type, or as text/plain. No JSON and no HTML begins like one. */
static bool begins_like_events(struct str bytes)
{
	return begins_with(bytes, STR("data:")) || begins_with(bytes, STR("event:")) ||
	       begins_with(bytes, STR("id:")) || begins_with(bytes, STR("retry:")) ||
	       begins_with(bytes, STR(":"));
}

static void start_pings(struct attempt *a)
{
	struct exchange *x = a->x;

	if (!a->events || x->config->limits_ping_ms == 0)
		return;
	a->ping = timer_new(x->svc->loop, on_ping, a);
	timer_at(a->ping, loop_now_ms(x->svc->loop) + x->config->limits_ping_ms);
}

/* What a reply that is none has for headers outlives its head. */
static void keep_headers(struct attempt *a, const struct upstream_reply *r)
{
	const struct http_head head = { .h = (struct http_header *)(uintptr_t)r->h, .n = r->n };

	a->h = http_head_dup(a->x->arena, &head)->h;
	a->nh = r->n;
}

/* The request is with the provider, and will not be sent again. */
static void free_request(struct attempt *a)
{
	if (transfer_body_sent(a->transfer)) {
		exchange_free_body(a->x);
		buf_release(&a->spliced);
	}
}

static void on_head(void *ctx, const struct upstream_reply *r)
{
	struct attempt *a = ctx;
	struct exchange *x = a->x;
	bool read = exchange_is_read(x) && a->dialect->parse_event != NULL;

	a->out->head_ns = clock_mono_ns();
	a->out->status = r->status;
	a->length = r->length;
	health_head(x->svc->health, a->out->candidate.provider->name, r->h, r->n);
	if (a->translation != NULL) {
		a->events = r->status < 300 && is_event_stream(r);
		a->json = !a->events;
		keep_headers(a, r);
	} else {
		x->status = r->status;
		x->streamed = is_event_stream(r);
		a->events = read && x->streamed;
		a->json = read && !x->streamed;
		relay_head(a, r);
		free_request(a);
	}
	start_pings(a);
}

static void note_refusal(struct attempt *a)
{
	const struct failure *f = &a->translation->failure;

	if (f->kind == ERR_NONE)
		return;
	a->out->error = f->type.n > 0 ? f->type : str_from(err_anthropic_type(f->kind));
	a->out->error_text = f->message;
}

/* All of a reply that comes in one piece; or why there is none. */
static void translate_reply(struct attempt *a, struct str body)
{
	struct translation *t = a->translation;

	if (a->out->status >= 300 || a->out->status < 200) {
		translation_failed(t, a->out->status, body, a->h, a->nh);
		note_refusal(a);
	} else if (a->x->endpoint == ENDPOINT_COUNT)
		translation_count(t, body);
	else
		decoder_body(&t->decoder, body);
}

static void read_reply(struct attempt *a, struct str body)
{
	struct event ev;

	a->dialect->parse_reply(body, a->x->arena, &ev);
	note(a, &ev);
	a->json = false;
}

/* A translated reply is what its first bytes say. */
static void look_at_beginning(struct attempt *a, struct str bytes)
{
	struct str first = str_trim(bytes);

	if (a->known || first.n == 0)
		return;
	a->known = true;
	if (a->events) {
		a->events = first.p[0] != '{' && first.p[0] != '[' && first.p[0] != '<';
	} else if (a->out->status < 300 && begins_like_events(first)) {
		a->events = true;
		start_pings(a);
	}
}

static void on_enough(void *ctx);

/* Nothing that may still come is of use. */
static void end_early(struct attempt *a)
{
	struct loop *loop = a->x->svc->loop;

	if (a->translation->failed || a->reply.overflow)
		deferred_call(loop, &a->enough);
	if (!a->translation->done || a->end != NULL)
		return;
	a->end = timer_new(loop, on_enough, a);
	timer_at(a->end, loop_now_ms(loop) + END_MS);
}

static void on_bytes(void *ctx, struct str bytes)
{
	struct attempt *a = ctx;

	if (a->translation != NULL)
		look_at_beginning(a, bytes);
	if (a->events) {
		put_events(a, bytes);
	} else if (a->translation != NULL) {
		buf_add(&a->reply, bytes);
	} else {
		if (a->json && a->reply.n == 0 && a->length == (int64_t)bytes.n)
			read_reply(a, bytes); /* all of it at once: no copy */
		else if (a->json)
			buf_add(&a->reply, bytes);
		put_raw(a, bytes);
	}
	if (a->translation != NULL)
		end_early(a);
	if (a->translation != NULL && conn_replied(a->x->conn) && transfer_body_sent(a->transfer))
		buf_release(&a->spliced);
	if (conn_full(a->x->conn))
		transfer_pause(a->transfer);
}

/* ---- its end ---- */

static void attempt_free(struct attempt *a)
{
	a->out->end_ns = clock_mono_ns();
	if (a->transfer != NULL) {
		a->out->what = "cancelled";
		a->out->sent = a->out->head_ns != 0 || transfer_body_sent(a->transfer);
		transfer_cancel(a->transfer);
	}
	timer_free(a->ping);
	timer_free(a->end);
	deferred_cancel(&a->enough);
	translation_release(a->translation);
	buf_release(&a->spliced);
	buf_release(&a->reply);
	buf_release(&a->held);
	buf_release(&a->scratch);
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

/* The same request once more, to the same candidate. */
static bool ask_again(struct exchange *x)
{
	if (!plan_add(&x->plan, &x->plan.c[x->plan.at]))
		return false;
	x->plan.at = x->plan.n - 1;
	return true;
}

static enum step end_relayed(struct attempt *a, enum upstream_failure why, const char *text)
{
	if (why == UPSTREAM_OK) {
		put_raw(a, buf_str(&a->held)); /* a last frame without its blank line */
		if (a->json && !a->reply.overflow)
			read_reply(a, buf_str(&a->reply));
		finish_reply(a->x, conn_reply_end);
		return STEP_REPLY;
	}
	set_error(a->x, why, text);
	if (!conn_replied(a->x->conn))
		return STEP_FAIL;
	fail_reply(a);
	return STEP_REPLY;
}

/* What the provider's last bytes, or their end, make of a reply. */
static void end_events(struct attempt *a, enum upstream_failure why, const char *text)
{
	struct translation *t = a->translation;

	if (a->out->status >= 300) {
		translate_reply(a, buf_str(&a->reply)); /* as much as has come says enough */
	} else if (why != UPSTREAM_OK) {
		set_error(a->x, why, text);
		decoder_fail(&t->decoder, a->x->err.kind, str_from(a->x->err.text), false);
	} else if (a->events) {
		if (a->held.n > 0)
			decoder_frame(&t->decoder, buf_str(&a->held));
		decoder_end(&t->decoder);
	} else if (a->reply.overflow) {
		decoder_fail(&t->decoder, ERR_UPSTREAM,
			STR("the provider's reply is longer than 'limits.reply_bytes'"), false);
	} else {
		translate_reply(a, buf_str(&a->reply));
	}
}

static enum step end_translated(struct attempt *a, enum upstream_failure why, const char *text)
{
	struct translation *t = a->translation;
	struct exchange *x = a->x;

	if (!t->done)
		end_events(a, why, text);
	if (conn_replied(x->conn)) {
		finish_reply(x, conn_reply_end);
		return STEP_REPLY;
	}
	if (translation_try_again(t) && ask_again(x))
		return STEP_NEXT;
	translation_give_up(t);
	return STEP_FAIL;
}

static enum step end_attempt(struct attempt *a, enum upstream_failure why, const char *text)
{
	static const char *const what[] = {
		[UPSTREAM_OK] = "ok",
		[UPSTREAM_CONNECT] = "connect",
		[UPSTREAM_STALE] = "stale",
		[UPSTREAM_BROKEN] = "broken",
		[UPSTREAM_TIMEOUT] = "timeout",
		[UPSTREAM_BAD_REPLY] = "bad reply",
	};
	struct exchange *x = a->x;
	struct translation *t = a->translation;

	if (t != NULL && t->done)
		why = UPSTREAM_OK; /* whatever became of the connection */
	a->out->what = why != UPSTREAM_OK && a->out->head_ns != 0 ? "cut" : what[why];
	a->out->sent = why != UPSTREAM_CONNECT && why != UPSTREAM_STALE;
	/* A pooled connection was dead before it took the whole request: the same again, on a new one. */
	if (why == UPSTREAM_STALE && !x->stale && !a->begun && !conn_replied(x->conn) &&
		ask_again(x)) {
		x->stale = true;
		return STEP_NEXT;
	}
	return t != NULL ? end_translated(a, why, text) : end_relayed(a, why, text);
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

/* The client has been told the end or a failure, or is to be: whatever else may come. */
static void on_enough(void *ctx)
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
	.head = on_head,
	.body = on_bytes,
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

/* The chain of sinks: meter, for another dialect the encoder, maybe one that keeps bodies, and the client. */
static void make_chain(struct attempt *a)
{
	const struct candidate *c = &a->out->candidate;
	struct sink *next = bodies_sink(bodies_begin(a->x), &a->client);

	a->client.put = client_put;
	if (exchange_is_translated(a->x, c)) {
		a->reply.max = (size_t)a->x->config->limits_reply_bytes;
		a->translation = translation_new(a->x, c, next);
		next = &a->translation->encode;
		translation_from(a->translation, &a->meter);
	}
	a->meter = (struct sink){ meter_put, next };
}

bool attempt_start(struct exchange *x, void (*done)(struct exchange *x, enum step how))
{
	const struct candidate *c = &x->plan.c[x->plan.at];
	struct attempt *a = arena_alloc(x->arena, sizeof(*a));
	struct upstream_request rq;

	*a = (struct attempt){ .x = x, .done = done, .dialect = c->dialect, .length = -1 };
	buf_init(&a->reply, x->config->limits_body_bytes); /* larger ones are relayed unread */
	buf_init(&a->held, SIZE_MAX);
	buf_init(&a->scratch, SIZE_MAX);
	buf_init(&a->spliced, SIZE_MAX);
	deferred_init(&a->enough, on_enough, a);
	x->nreply_headers = 0; /* those that an earlier one has left */
	if (!request_build(x, c, &a->spliced, &rq)) {
		buf_release(&a->spliced);
		return false;
	}
	a->out = add_outcome(x);
	make_chain(a);
	x->attempt = a;
	x->attempts++;
	rq.fresh = x->stale;
	x->request_bytes = rq.body.n;
	a->transfer = upstream_start(x->svc->upstream, &rq, &events, a);
	a->streamed = rq.streamed;
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
