/* SPDX-License-Identifier: MIT */
/* A provider's reply on its way to the client: frames, sinks, pings, and the gate that holds its beginning back while somebody else could
 * still be asked. */
#include "base/clock.h"
#include "core/attempt_private.h"
#include "core/bodies.h"
#include "core/prefix.h"
#include "core/provider_health.h"
#include "core/recourse.h"
#include "core/secrets.h"
#include "llm/thinking.h"

/* An event that is translated has to be held whole. */
enum { FRAME_BYTES_MAX = 32 << 20 };
/* A provider that has said all has so long to end its reply, so that the connection can be used again. */
enum { END_MS = 1000 };

/* ---- the gate ---- */

static void start_pings(struct attempt *a);

/* The request is with the provider, and will not be sent again. */
static void free_request(struct attempt *a)
{
	if (transfer_body_sent(a->transfer)) {
		exchange_free_body(a->x);
		buf_release(&a->spliced);
	}
}

void attempt_open_gate(struct attempt *a)
{
	struct exchange *x = a->x;

	if (!gate_is_shut(a->gate))
		return;
	gate_open(a->gate, x, &a->out->candidate);
	if (a->out->status < 300)
		recourse_answers(x, a->out);
	if (a->gate->learns)
		prefix_learn(x, a->out);
	if (a->transfer != NULL) {
		free_request(a);
		start_pings(a);
	}
}

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
	if (ev->type == EV_START && a->translation == NULL) {
		if (gate_is_shut(a->gate))
			a->gate->learns = true;
		else
			prefix_learn(a->x, a->out);
	}
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

	if (!gate_is_shut(a->gate))
		conn_reply_body(a->x->conn, ev->raw);
	else if (!gate_keep(a->gate, ev->raw))
		attempt_open_gate(a);
}

void attempt_put_raw(struct attempt *a, struct str bytes)
{
	const struct event ev = { .type = EV_RAW, .raw = bytes, .usage = USAGE_UNKNOWN };

	if (bytes.n > 0)
		a->meter.put(&a->meter, &ev);
}

/* ---- event streams ---- */

static bool is_refused(const struct attempt *a)
{
	return a->gate != NULL && a->gate->refused;
}

/* An error in the place of a reply: there is no need to wait for more. */
static void refuse(struct attempt *a, struct str frame)
{
	struct sse_frame f;

	sse_parse(frame, &a->scratch, &f);
	failure_of_object(&a->gate->refusal, 0, f.data, a->x->arena);
	if (a->gate->refusal.kind == ERR_NONE)
		a->gate->refusal.kind = ERR_API;
	a->gate->refused = true;
	deferred_call(a->x->svc->loop, &a->enough);
}

static struct str sealed(struct attempt *a, struct str frame)
{
	struct sealing *s = a->sealing;

	if (s == NULL)
		return frame;
	buf_clear(&s->frame);
	return thinking_seal_frame(frame, s->model, &s->frame) ? buf_str(&s->frame) : frame;
}

static void put_frame(struct attempt *a, struct str frame)
{
	struct event ev;

	if (a->translation != NULL) {
		decoder_frame(&a->translation->decoder, frame);
		return;
	}
	frame = sealed(a, frame);
	a->dialect->parse_event(frame, &a->scratch, a->x->arena, &ev);
	a->meter.put(&a->meter, &ev);
	if (!gate_is_shut(a->gate))
		return;
	if (ev.type == EV_ERROR)
		refuse(a, frame);
	else if (gate_is_content(&ev))
		attempt_open_gate(a);
}

/* A piece that ends a frame, of which the beginning may be held or gone. */
static void end_frame(struct attempt *a, struct str piece)
{
	if (a->mid_frame) {
		attempt_put_raw(a, piece);
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
		attempt_open_gate(a); /* whatever it is, it is long enough to be content */
		attempt_put_raw(a, buf_str(&a->held));
		buf_release(&a->held);
		a->mid_frame = true;
	}
	if (a->mid_frame)
		attempt_put_raw(a, piece);
	else
		buf_add(&a->held, piece);
}

static void put_events(struct attempt *a, struct str bytes)
{
	size_t n;

	while (bytes.n > 0 && !is_refused(a) && (n = sse_scan(&a->scanner, bytes)) > 0) {
		end_frame(a, (struct str){ bytes.p, n });
		bytes = str_from_offset(bytes, n);
	}
	if (!is_refused(a))
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

/* Sealing changes the length: the head of a reply that is not a stream waits for all of it. */
static bool is_sealed_whole(const struct attempt *a, const struct upstream_reply *r)
{
	return a->sealing != NULL && a->json && r->status < 300;
}

static bool is_held(const struct attempt *a, const struct upstream_reply *r)
{
	return recourse_has(a->x) || is_sealed_whole(a, r);
}

static void begin_relayed(struct attempt *a, const struct upstream_reply *r)
{
	struct exchange *x = a->x;
	bool read = exchange_is_read(x) && a->dialect->parse_event != NULL;

	x->streamed = is_event_stream(r);
	a->events = read && x->streamed;
	a->json = read && !x->streamed;
	if (r->status >= 400)
		keep_headers(a, r);
	if (is_held(a, r)) {
		a->gate = gate_new(x, r,
			is_sealed_whole(a, r) ? x->config->limits_reply_bytes
					      : x->config->failover_hold_bytes);
		return;
	}
	gate_relay_head(x, &a->out->candidate, r);
	free_request(a);
	start_pings(a);
}

void attempt_head(void *ctx, const struct upstream_reply *r)
{
	struct attempt *a = ctx;
	struct exchange *x = a->x;

	a->out->head_ns = clock_mono_ns();
	a->out->status = r->status;
	a->length = r->length;
	health_head(x->svc->health, a->out->candidate.provider->name, r->h, r->n);
	recourse_head(x, a->out, r->h, r->n);
	if (a->translation == NULL) {
		begin_relayed(a, r);
		return;
	}
	a->events = r->status < 300 && is_event_stream(r);
	a->json = !a->events;
	keep_headers(a, r);
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

void attempt_translate_reply(struct attempt *a, struct str body)
{
	struct translation *t = a->translation;

	if (a->out->status >= 300 || a->out->status < 200) {
		translation_failed(t, a->out->status, body, a->h, a->nh);
		note_refusal(a);
	} else if (a->x->endpoint == ENDPOINT_COUNT) {
		translation_count(t, body);
	} else {
		decoder_body(&t->decoder, body);
	}
}

void attempt_read_reply(struct attempt *a, struct str body)
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

/* Nothing that may still come is of use. */
static void end_early(struct attempt *a)
{
	struct loop *loop = a->x->svc->loop;

	if (a->translation->failed || a->reply.overflow)
		deferred_call(loop, &a->enough);
	if (!a->translation->done || a->end != NULL)
		return;
	a->end = timer_new(loop, attempt_enough, a);
	timer_at(a->end, loop_now_ms(loop) + END_MS);
}

void attempt_bytes(void *ctx, struct str bytes)
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
			attempt_read_reply(a, bytes); /* all of it at once: no copy */
		else if (a->json)
			buf_add(&a->reply, bytes);
		attempt_put_raw(a, bytes);
	}
	if (a->translation != NULL)
		end_early(a);
	if (a->translation != NULL && conn_replied(a->x->conn) && transfer_body_sent(a->transfer))
		buf_release(&a->spliced);
	if (conn_full(a->x->conn))
		transfer_pause(a->transfer);
}

/* ---- the chain ---- */

void attempt_make_chain(struct attempt *a)
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
