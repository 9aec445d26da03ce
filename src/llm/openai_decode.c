/* SPDX-License-Identifier: MIT */
/* Replies of providers that speak Chat Completions, as neutral events. Chunks and whole replies go the same way: a message is a delta
 * that says everything at once. openai_calls.c puts tool calls in order. */
#include "llm/openai_decode.h"

#include "llm/failure.h"
#include "wire/json_text.h"
#include "wire/sse.h"

enum { REFUSAL_MAX = 64 << 10, REASONINGS_MAX = 4096 };

static bool is_given(struct str value)
{
	return value.n > 0 && !json_is_null(value);
}

/* ---- parts ---- */

static void put_simple(struct decoder *d, enum event_type type)
{
	decoder_put(d, &(struct event){ .type = type, .usage = USAGE_UNKNOWN });
}

struct str openai_text_code(const struct flavor *f)
{
	static const char *const richer[] = { "ant", "gem", "oai" };

	for (size_t i = 0; i < ARRAY_LEN(richer); i++)
		if (str_eq(str_from(f->code), str_from(richer[i])))
			return STR("txt");
	return str_from(f->code);
}

/* What the provider wants back. A reply has few of these, so that the arena can have them. */
static void put_signature(struct decoder *d)
{
	struct openai_decoding *s = d->state;
	struct event ev = { .type = EV_SIGN, .usage = USAGE_UNKNOWN };
	bool details = d->flavor->echo == ECHO_DETAILS && s->details.n > 0 && !s->details.overflow;
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	if (details) {
		buf_add(&b, STR("{\"d\":"));
		details_print(&b, &s->details);
	} else {
		buf_add(&b, STR("{\"m\":"));
		json_add_string(&b, d->model);
	}
	buf_add_char(&b, '}');
	ev.native.code = details ? str_from(d->flavor->code) : openai_text_code(d->flavor);
	ev.native.payload = arena_dup(d->arena, buf_str(&b));
	buf_release(&b);
	/* Their memory is not given back. */
	s->details = (struct details){ .arena = d->arena, .bytes = s->details.bytes };
	decoder_put(d, &ev);
}

void openai_close_part(struct decoder *d)
{
	struct openai_decoding *s = d->state;

	if (s->open == OPEN_NONE)
		return;
	if (s->open == OPEN_REASONING)
		put_signature(d);
	s->open = OPEN_NONE;
	put_simple(d, EV_CLOSE);
}

static void open_part(struct decoder *d, enum openai_open what)
{
	struct openai_decoding *s = d->state;

	if (s->open == what)
		return;
	openai_end_calls(d);
	openai_close_part(d);
	if (what == OPEN_REASONING && s->reasonings++ == REASONINGS_MAX)
		decoder_fail(d, ERR_UPSTREAM, STR("upstream reply has too many parts"), false);
	s->open = what;
	s->parts = true;
	decoder_put(d, &(struct event){ .type = EV_OPEN,
			       .part = what == OPEN_TEXT ? PART_TEXT : PART_REASONING,
			       .usage = USAGE_UNKNOWN });
}

static void put_text(struct decoder *d, enum openai_open what, struct str escaped)
{
	if (escaped.n == 0)
		return;
	open_part(d, what);
	decoder_put(d, &(struct event){ .type = EV_TEXT, .text = escaped, .usage = USAGE_UNKNOWN });
}

/* ---- what a delta says ---- */

struct delta {
	struct str content, refusal, calls, function_call, annotations, images;
	struct str reasoning_content, reasoning, thinking, details;
};

static struct str *member_of(struct delta *m, struct str key)
{
	const struct {
		struct str name;
		struct str *at;
	} rows[] = {
		{ STR("content"), &m->content },
		{ STR("refusal"), &m->refusal },
		{ STR("tool_calls"), &m->calls },
		{ STR("function_call"), &m->function_call },
		{ STR("reasoning_content"), &m->reasoning_content },
		{ STR("reasoning"), &m->reasoning },
		{ STR("thinking"), &m->thinking },
		{ STR("reasoning_details"), &m->details },
		{ STR("annotations"), &m->annotations },
		{ STR("images"), &m->images },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (json_key_is(key, rows[i].name))
			return rows[i].at;
	return NULL;
}

/* The texts of details are the same as those beside them: whether there were any. */
static bool put_detail_texts(struct decoder *d, struct str details)
{
	struct json_iter it;
	struct json_member m;
	struct err bad = { 0 };
	bool any = false;

	if (details.p[0] != '[' || !json_iter_init_array(&it, details, &bad))
		return false;
	while (json_next(&it, &m, &bad)) {
		struct str text = json_inner(json_get(m.value, STR("text")));
		if (text.n == 0)
			text = json_inner(json_get(m.value, STR("summary")));
		put_text(d, OPEN_REASONING, text);
		any = any || text.n > 0;
	}
	return any;
}

static void put_reasoning(struct decoder *d, const struct delta *m)
{
	struct openai_decoding *s = d->state;
	struct str text = json_inner(m->reasoning_content);
	bool told = false;

	if (text.n == 0)
		text = json_inner(m->reasoning);
	if (text.n == 0)
		text = json_inner(m->thinking);
	if (is_given(m->details)) {
		told = put_detail_texts(d, m->details);
		size_t before = s->details.bytes;
		details_add(&s->details, m->details);
		/* Something that has no text at all is reasoning too. */
		if (!told && text.n == 0 && s->details.bytes > before)
			open_part(d, OPEN_REASONING);
	}
	if (!told)
		put_text(d, OPEN_REASONING, text);
}

/* Content in parts (Mistral's): {"type":"text","text"} and {"type":"thinking","thinking":[{"type":"text","text"}]}. */
static void put_content_parts(struct decoder *d, struct str parts, enum openai_open what)
{
	struct json_iter it;
	struct json_member m;
	struct err bad = { 0 };

	if (!json_iter_init_array(&it, parts, &bad))
		return;
	while (json_next(&it, &m, &bad)) {
		struct str thinking = json_get(m.value, STR("thinking"));
		if (thinking.n > 0 && thinking.p[0] == '[' && what == OPEN_TEXT)
			put_content_parts(d, thinking, OPEN_REASONING);
		else if (json_is_string(thinking))
			put_text(d, OPEN_REASONING, json_inner(thinking));
		else
			put_text(d, what, json_inner(json_get(m.value, STR("text"))));
	}
}

static void put_refusal(struct decoder *d, struct str refusal)
{
	struct openai_decoding *s = d->state;

	if (refusal.n == 0)
		return;
	if (refusal.n <= REFUSAL_MAX - s->refusal.n)
		stash_add(&s->refusal, refusal, d->arena);
	s->refused = true;
	put_text(d, OPEN_TEXT, refusal);
}

static bool is_filled_array(struct str v)
{
	return v.n > 2 && v.p[0] == '[' && str_trim((struct str){ v.p + 1, v.n - 2 }).n > 0;
}

/* Reasoning comes before the text whatever order the members have. */
static void put_delta(struct decoder *d, struct str object)
{
	struct delta m = { .content = STR("") };
	struct json_iter it;
	struct json_member member;
	struct err bad = { 0 };

	if (object.p[0] != '{' || !json_iter_init(&it, object, &bad))
		return;
	while (json_next(&it, &member, &bad)) {
		struct str *to = member_of(&m, member.key);
		if (to != NULL && !json_is_null(member.value))
			*to = member.value;
	}
	put_reasoning(d, &m);
	if (m.content.n > 0 && m.content.p[0] == '[')
		put_content_parts(d, m.content, OPEN_TEXT);
	else
		put_text(d, OPEN_TEXT, json_inner(m.content));
	put_refusal(d, json_inner(m.refusal));
	if (is_filled_array(m.annotations))
		warn(d->warnings, "citations_lost");
	if (is_filled_array(m.images)) {
		warn(d->warnings, "image_omitted");
		put_text(d, OPEN_TEXT, STR("[image omitted]"));
	}
	if (m.calls.n > 0)
		openai_put_calls(d, m.calls);
	if (m.function_call.n > 0 && m.function_call.p[0] == '{')
		openai_put_function(d, m.function_call);
}

/* ---- how it ends ---- */

static void fail_of(struct decoder *d, struct str object)
{
	struct failure f;

	failure_of_object(&f, 0, object, d->arena);
	decoder_fail(d, f.kind, f.message, false);
}

static void note_finish(struct decoder *d, struct str reason)
{
	static const struct {
		const char *name;
		enum stop_reason stop;
	} rows[] = {
		{ "length", STOP_MAX },
		{ "max_tokens", STOP_MAX },
		{ "model_length", STOP_MAX },
		{ "content_filter", STOP_REFUSAL },
	};
	struct openai_decoding *s = d->state;

	if (json_key_is(reason, STR("insufficient_system_resource"))) {
		decoder_fail(d, ERR_OVERLOADED,
			STR("the provider has interrupted the reply for lack of resources"),
			!s->parts);
		return;
	}
	if (json_key_is(reason, STR("error"))) {
		decoder_fail(
			d, ERR_API, STR("the provider has failed within its reply"), !s->parts);
		return;
	}
	s->stop = STOP_END;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (json_key_is(reason, str_from(rows[i].name)))
			s->stop = rows[i].stop;
}

static void put_stop(struct decoder *d)
{
	struct openai_decoding *s = d->state;
	struct event ev = { .type = EV_STOP, .usage = USAGE_UNKNOWN };

	openai_end_calls(d);
	openai_close_part(d);
	ev.stop = s->stop != STOP_NONE ? s->stop : STOP_END;
	if (ev.stop == STOP_END && s->refused) {
		ev.stop = STOP_REFUSAL;
		ev.detail = stash_str(&s->refusal);
	} else if (ev.stop == STOP_END && s->calls != NULL) {
		ev.stop = STOP_TOOL;
	} else if (ev.stop == STOP_END && s->sequence.n > 0) {
		ev.stop = STOP_SEQUENCE;
		ev.detail = s->sequence;
	}
	decoder_put(d, &ev);
}

/* ---- chunks and replies ---- */

struct top {
	struct str id, model, choices, usage, error;
};

static bool walk_top(struct top *ret, struct str object)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	*ret = (struct top){ .id = STR("") };
	if (object.n == 0 || !json_iter_init(&it, object, &e))
		return false;
	while (json_next(&it, &m, &e)) {
		if (json_key_is(m.key, STR("id")))
			ret->id = m.value;
		else if (json_key_is(m.key, STR("model")))
			ret->model = m.value;
		else if (json_key_is(m.key, STR("choices")))
			ret->choices = m.value;
		else if (json_key_is(m.key, STR("usage")) && is_given(m.value))
			ret->usage = m.value;
		else if (json_key_is(m.key, STR("x_groq")) && ret->usage.n == 0)
			ret->usage = json_get(m.value, STR("usage"));
		else if (json_key_is(m.key, STR("error")) && is_given(m.value))
			ret->error = m.value;
	}
	return e.kind == ERR_NONE;
}

/* Only the first choice is read: more were not asked for. */
static void put_choice(struct decoder *d, struct str choice)
{
	struct openai_decoding *s = d->state;
	struct str delta = STR(""), finish = STR(""), sequence = STR(""), error = STR("");
	struct json_iter it;
	struct json_member m;
	struct err bad = { 0 };
	uint64_t index = 0;

	if (choice.p[0] != '{' || !json_iter_init(&it, choice, &bad))
		return;
	while (json_next(&it, &m, &bad)) {
		if (json_key_is(m.key, STR("delta")) || json_key_is(m.key, STR("message")))
			delta = m.value;
		else if (json_key_is(m.key, STR("finish_reason")))
			finish = json_inner(m.value);
		else if (json_key_is(m.key, STR("stop_reason")))
			sequence = json_inner(m.value);
		else if (json_key_is(m.key, STR("error")) && is_given(m.value))
			error = m.value;
		else if (json_key_is(m.key, STR("index")) && !json_u64(m.value, &index))
			index = 0;
	}
	if (index != 0)
		return;
	if (delta.n > 0)
		put_delta(d, delta);
	if (error.n > 0)
		fail_of(d, error);
	if (sequence.n > 0 && s->sequence.n == 0)
		s->sequence = arena_dup(d->arena, sequence);
	if (finish.n > 0 && s->stop == STOP_NONE)
		note_finish(d, finish);
}

/* False when that is no chunk or reply. */
static bool put_object(struct decoder *d, struct str object)
{
	struct openai_decoding *s = d->state;
	struct json_iter it;
	struct json_member m;
	struct err bad = { 0 };
	struct top t;

	if (!walk_top(&t, object))
		return false;
	if (t.error.n > 0) {
		fail_of(d, t.error);
		return true;
	}
	/* Azure begins with a chunk that has neither. */
	if (!s->started && (is_filled_array(t.choices) || json_inner(t.id).n > 0)) {
		s->started = true;
		decoder_put(d, &(struct event){ .type = EV_START,
				       .id = json_inner(t.id),
				       .model = json_string(t.model, d->arena),
				       .usage = USAGE_UNKNOWN });
	}
	if (t.choices.n > 0 && t.choices.p[0] == '[' && json_iter_init_array(&it, t.choices, &bad))
		while (json_next(&it, &m, &bad))
			put_choice(d, m.value);
	if (t.usage.n > 0)
		decoder_put(d, &(struct event){ .type = EV_USAGE, .usage = openai_usage(t.usage) });
	return s->started || t.choices.n > 0;
}

static void fail_unread(struct decoder *d)
{
	decoder_fail(d, ERR_UPSTREAM, STR("upstream reply is no chat completion"), false);
}

void openai_decode_begin(struct decoder *d)
{
	struct openai_decoding *s = arena_alloc(d->arena, sizeof(*s));

	s->details.arena = d->arena;
	d->state = s;
}

void openai_decode_frame(struct decoder *d, struct str frame)
{
	struct openai_decoding *s = d->state;
	struct sse_frame f;

	buf_clear(&d->scratch);
	sse_parse(frame, &d->scratch, &f);
	f.data = str_trim(f.data);
	if (f.data.n == 0)
		return;
	if (str_eq(f.data, STR("[DONE]"))) {
		/* Told explicitly; some never say why. */
		if (s->stop != STOP_NONE || s->parts)
			put_stop(d);
		return;
	}
	if (str_eq(f.event, STR("error")) && json_get(f.data, STR("error")).p == NULL)
		fail_of(d, f.data);
	else if (!put_object(d, f.data) && !d->ended)
		fail_unread(d);
}

void openai_decode_body(struct decoder *d, struct str body)
{
	struct openai_decoding *s = d->state;

	if (!put_object(d, body) && !d->ended)
		fail_unread(d);
	if (s->stop != STOP_NONE || s->parts)
		put_stop(d);
}

void openai_decode_end(struct decoder *d)
{
	struct openai_decoding *s = d->state;

	if (s->stop != STOP_NONE)
		put_stop(d);
}
