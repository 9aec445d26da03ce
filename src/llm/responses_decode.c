/* SPDX-License-Identifier: MIT */
/* A provider's reply of the Responses API as neutral events. The last event repeats the whole reply, which is used for what has not
 * come in pieces. */
#include "llm/responses_decode.h"
#include "llm/failure.h"
#include "wire/sse.h"

enum {
	HELD_MAX = 32 << 20,
	ESCAPE_MAX = 6, /* bytes for one that is escaped */
	JOINED_SPARE = 256,
};

/* Members of events; raw. */
struct frame {
	struct str type, delta, item, response, output_index, content_index, summary_index;
};

static const struct responses_member frame_rows[] = {
	{ STR_INIT("type"), offsetof(struct frame, type) },
	{ STR_INIT("delta"), offsetof(struct frame, delta) },
	{ STR_INIT("item"), offsetof(struct frame, item) },
	{ STR_INIT("response"), offsetof(struct frame, response) },
	{ STR_INIT("output_index"), offsetof(struct frame, output_index) },
	{ STR_INIT("content_index"), offsetof(struct frame, content_index) },
	{ STR_INIT("summary_index"), offsetof(struct frame, summary_index) },
};

struct response {
	struct str id, model, status, output, usage, incomplete, error;
};

static const struct responses_member response_rows[] = {
	{ STR_INIT("id"), offsetof(struct response, id) },
	{ STR_INIT("model"), offsetof(struct response, model) },
	{ STR_INIT("status"), offsetof(struct response, status) },
	{ STR_INIT("output"), offsetof(struct response, output) },
	{ STR_INIT("usage"), offsetof(struct response, usage) },
	{ STR_INIT("incomplete_details"), offsetof(struct response, incomplete) },
	{ STR_INIT("error"), offsetof(struct response, error) },
};

/* ---- one after the other ---- */

static void start(struct decoder *d, const struct response *r)
{
	struct decoding *s = d->state;
	struct event ev = { .type = EV_START, .usage = USAGE_UNKNOWN };

	if (s->started)
		return;
	s->started = true;
	ev.id = json_inner(r->id);
	ev.model = json_string(r->model, d->arena);
	decoder_put(d, &ev);
}

static void hold(struct decoder *d, struct str object, uint64_t index)
{
	struct decoding *s = d->state;
	struct held_item *h;

	if (object.n > HELD_MAX - s->held_bytes) {
		decoder_fail(d, ERR_UPSTREAM, STR("upstream sends too many items at once"), false);
		return;
	}
	h = arena_alloc(d->arena, sizeof(*h));
	s->held_bytes += object.n + sizeof(*h);
	s->held_bytes = s->held_bytes < HELD_MAX ? s->held_bytes : HELD_MAX;
	h->index = index;
	h->item = arena_dup(d->arena, object);
	*s->held_end = h;
	s->held_end = &h->next;
	if (index < RESPONSES_INDEXES)
		s->done |= UINT64_C(1) << index;
}

static void tell_held(struct decoder *d)
{
	struct decoding *s = d->state;
	struct held_item *h = s->held;

	s->held = NULL;
	s->held_end = &s->held;
	for (; h != NULL; h = h->next)
		responses_tell_whole(d, h->item, h->index);
}

static uint64_t number(struct str value)
{
	uint64_t v;

	return value.n > 0 && json_u64(value, &v) ? v : 0;
}

/* What a server tool does goes on beside the rest, and is told when it is done. */
static void on_added(struct decoder *d, const struct frame *f)
{
	struct decoding *s = d->state;
	struct reply_item m = responses_item_of(f->item);

	start(d, &(struct response){ .id = { NULL, 0 } });
	if (responses_kind_of(&m) == ITEM_OTHER)
		return;
	decoder_put(d, &(struct event){ .type = EV_BEGIN, .usage = USAGE_UNKNOWN });
	if (s->live)
		s->waiting++;
	else
		responses_begin_item(d, &m, number(f->output_index));
}

static void on_done(struct decoder *d, const struct frame *f)
{
	struct decoding *s = d->state;
	uint64_t index = number(f->output_index);
	struct reply_item m = responses_item_of(f->item);

	start(d, &(struct response){ .id = { NULL, 0 } });
	if (s->live && s->index == index) {
		responses_finish_item(d, &m);
		tell_held(d);
		return;
	}
	s->waiting -= s->waiting > 0 && responses_kind_of(&m) != ITEM_OTHER;
	if (s->live)
		hold(d, f->item, index);
	else
		responses_tell_whole(d, f->item, index);
}

/* A delta is of use when it is of the item that is being told. Some servers do not announce messages. */
static bool is_live(struct decoder *d, const struct frame *f, enum item_kind kind)
{
	struct decoding *s = d->state;
	uint64_t index = number(f->output_index);

	if (s->live)
		return s->index == index && s->kind == kind;
	if (s->waiting > 0 || (kind != ITEM_MESSAGE && kind != ITEM_REASONING) ||
		(index < RESPONSES_INDEXES && (s->done >> index & 1) != 0))
		return false;
	start(d, &(struct response){ .id = { NULL, 0 } });
	responses_begin_item(d, &(struct reply_item){ .type = { NULL, 0 } }, index);
	s->kind = kind;
	return true;
}

static void on_text(struct decoder *d, const struct frame *f)
{
	if (is_live(d, f, ITEM_MESSAGE))
		responses_tell_text(d, number(f->content_index), json_inner(f->delta));
}

static void on_refusal(struct decoder *d, const struct frame *f)
{
	if (is_live(d, f, ITEM_MESSAGE))
		responses_tell_refusal(d, number(f->content_index), json_inner(f->delta));
}

static void on_summary(struct decoder *d, const struct frame *f)
{
	if (is_live(d, f, ITEM_REASONING))
		responses_tell_reasoning(d, number(f->summary_index), json_inner(f->delta), false);
}

static void on_reasoning(struct decoder *d, const struct frame *f)
{
	if (is_live(d, f, ITEM_REASONING))
		responses_tell_reasoning(d, number(f->content_index), json_inner(f->delta), true);
}

static void on_arguments(struct decoder *d, const struct frame *f)
{
	if (is_live(d, f, ITEM_CALL))
		responses_tell(d, json_inner(f->delta));
}

static void on_input(struct decoder *d, const struct frame *f)
{
	if (is_live(d, f, ITEM_CUSTOM))
		responses_tell(d, json_inner(f->delta));
}

static void on_annotation(struct decoder *d, const struct frame *f)
{
	(void)f;
	warn(d->warnings, "citations_lost");
}

/* ---- the end ---- */

/* What is not told yet of a reply that is whole. */
static void tell_output(struct decoder *d, struct str output)
{
	struct decoding *s = d->state;
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	bool any = json_iter_init_array(&it, output, &e);

	for (uint64_t i = 0; any && json_next(&it, &m, &e); i++) {
		if (s->live && s->index == i) {
			struct reply_item item = responses_item_of(m.value);
			responses_finish_item(d, &item);
			tell_held(d);
		} else if (!s->live &&
			   (i >= RESPONSES_INDEXES ? i > s->last : (s->done >> i & 1) == 0)) {
			responses_tell_whole(d, m.value, i);
		}
	}
	if (s->live)
		responses_end_item(d);
	tell_held(d);
}

static enum stop_reason stop_of(const struct decoding *s, const struct response *r)
{
	struct str why = json_inner(json_get(r->incomplete, STR("reason")));
	bool incomplete = str_eq(json_inner(r->status), STR("incomplete"));

	if (incomplete && str_eq(why, STR("content_filter")))
		return STOP_REFUSAL;
	if (incomplete && !str_eq(why, STR("steered")))
		return STOP_MAX;
	if (s->refused)
		return STOP_REFUSAL;
	return s->called ? STOP_TOOL : STOP_END;
}

static void stop(struct decoder *d, const struct response *r)
{
	struct decoding *s = d->state;
	struct event ev = { .type = EV_USAGE, .usage = responses_usage(r->usage) };

	start(d, r);
	tell_output(d, r->output);
	decoder_put(d, &ev);
	ev = (struct event){ .type = EV_STOP, .stop = stop_of(s, r), .usage = USAGE_UNKNOWN };
	if (ev.stop == STOP_REFUSAL)
		ev.detail = (struct str){ s->refusal, s->refusal_n };
	decoder_put(d, &ev);
}

/* A prompt that is not answered for what it says is no failure, but an answer. */
static void fail(struct decoder *d, struct str error)
{
	struct decoding *s = d->state;
	struct failure f;

	failure_of_object(&f, 0, error, d->arena);
	if (!str_eq(f.type, STR("content_filter")) &&
		!str_eq(f.type, STR("content_policy_violation"))) {
		decoder_fail(d, f.kind, f.message, false);
		return;
	}
	start(d, &(struct response){ .id = { NULL, 0 } });
	if (s->live)
		responses_end_item(d);
	const struct event ev = { .type = EV_STOP,
		.stop = STOP_REFUSAL,
		.detail = json_escape(f.message, d->arena),
		.usage = USAGE_UNKNOWN };
	decoder_put(d, &ev);
}

static bool is_bad(struct str status)
{
	return str_eq(status, STR("failed")) || str_eq(status, STR("cancelled")) ||
	       str_eq(status, STR("in_progress")) || str_eq(status, STR("queued"));
}

static struct response response_of(struct str object)
{
	struct response r = { .id = { NULL, 0 } };

	if (!responses_members(object, response_rows, ARRAY_LEN(response_rows), &r))
		r = (struct response){ .id = { NULL, 0 } };
	return r;
}

static void on_created(struct decoder *d, const struct frame *f)
{
	struct response r;

	if (((struct decoding *)d->state)->started)
		return;
	r = response_of(f->response);
	start(d, &r);
}

static void on_completed(struct decoder *d, const struct frame *f)
{
	struct response r = response_of(f->response);

	if (r.error.n > 0)
		fail(d, r.error);
	else
		stop(d, &r);
}

static void on_incomplete(struct decoder *d, const struct frame *f)
{
	struct response r = response_of(f->response);

	r.status = STR("\"incomplete\"");
	stop(d, &r);
}

static void on_failed(struct decoder *d, const struct frame *f)
{
	struct response r = response_of(f->response);

	fail(d, r.error.n > 0 ? r.error : STR("{}"));
}

/* ---- entries ---- */

/* The most frequent first; all others are of no consequence, or not of the API ("codex.…"). */
static const struct event_row {
	struct str type;
	void (*on)(struct decoder *d, const struct frame *f);
} events[] = {
	{ STR_INIT("response.output_text.delta"), on_text },
	{ STR_INIT("response.function_call_arguments.delta"), on_arguments },
	{ STR_INIT("response.reasoning_summary_text.delta"), on_summary },
	{ STR_INIT("response.reasoning_text.delta"), on_reasoning },
	{ STR_INIT("response.custom_tool_call_input.delta"), on_input },
	{ STR_INIT("response.output_item.added"), on_added },
	{ STR_INIT("response.output_item.done"), on_done },
	{ STR_INIT("response.created"), on_created },
	{ STR_INIT("response.in_progress"), on_created },
	{ STR_INIT("response.refusal.delta"), on_refusal },
	{ STR_INIT("response.output_text.annotation.added"), on_annotation },
	{ STR_INIT("response.completed"), on_completed },
	{ STR_INIT("response.incomplete"), on_incomplete },
	{ STR_INIT("response.failed"), on_failed },
	{ STR_INIT("response.cancelled"), on_failed },
};

void responses_decode_begin(struct decoder *d)
{
	struct decoding *s = arena_alloc(d->arena, sizeof(*s));

	s->held_end = &s->held;
	d->state = s;
}

/* Flat, or within `error`. */
static void on_error(struct decoder *d, struct str data)
{
	struct str nested = json_get(data, STR("error"));

	fail(d, nested.n > 0 && nested.p[0] == '{' ? nested : data);
}

void responses_decode_frame(struct decoder *d, struct str frame)
{
	struct frame f = { .type = { NULL, 0 } };
	struct sse_frame sse;
	struct str type;

	buf_clear(&d->scratch);
	sse_parse(frame, &d->scratch, &sse);
	if (!sse.has_data || str_eq(sse.data, STR("[DONE]")))
		return;
	/* Lines that had to be joined stand in scratch, which must not move when more is put behind them. */
	if (d->scratch.n > 0) {
		if (!buf_reserve(&d->scratch, JOINED_SPARE + ESCAPE_MAX * sse.data.n)) {
			decoder_fail(d, ERR_UPSTREAM, STR("upstream event is too long"), false);
			return;
		}
		sse.data = buf_str(&d->scratch);
	}
	if (!responses_members(sse.data, frame_rows, ARRAY_LEN(frame_rows), &f)) {
		decoder_fail(d, ERR_UPSTREAM, STR("upstream sent an event that is no JSON"), false);
		return;
	}
	type = json_inner(f.type);
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (str_eq(type, events[i].type)) {
			events[i].on(d, &f);
			return;
		}
	if (str_eq(type, STR("error")) || (f.type.n == 0 && json_get(sse.data, STR("error")).n > 0))
		on_error(d, sse.data);
}

void responses_decode_body(struct decoder *d, struct str body)
{
	struct response r = { .id = { NULL, 0 } };

	if (!responses_members(body, response_rows, ARRAY_LEN(response_rows), &r) ||
		(r.output.n == 0 && r.error.n == 0))
		decoder_fail(d, ERR_UPSTREAM, STR("upstream reply is no response"), false);
	else if (r.error.n > 0 || is_bad(json_inner(r.status)))
		fail(d, r.error.n > 0 ? r.error : STR("{}"));
	else
		stop(d, &r);
}
