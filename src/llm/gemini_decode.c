/* SPDX-License-Identifier: MIT */
/* Replies of the API as neutral events: chunks of an event stream, whole replies, and the arrays that streams are without alt=sse. A chunk
 * names the reply and counts its tokens behind its content, so that its members are gathered before any is looked into. */
#include "llm/failure.h"
#include "llm/gemini.h"
#include "llm/ids.h"
#include "wire/sse.h"

#include <string.h>

enum open_part { OPEN_NOTHING, OPEN_TEXT, OPEN_REASONING };

enum finish_kind {
	FINISH_WELL,
	FINISH_REFUSED, /* its name explains it */
	FINISH_UNKNOWN, /* well, if there was anything */
	FINISH_CUT,     /* to be continued, which the client cannot ask for */
	FINISH_BAD_CALL,
	FINISH_BAD_REPLY,
};

struct finish {
	struct str name;
	enum finish_kind kind;
	enum stop_reason stop;
};

/* Source: FinishReason of the API reference. */
static const struct finish finishes[] = {
	{ STR_INIT("STOP"), FINISH_WELL, STOP_END },
	{ STR_INIT("MAX_TOKENS"), FINISH_WELL, STOP_MAX },
	{ STR_INIT("SAFETY"), FINISH_REFUSED, STOP_REFUSAL },
	{ STR_INIT("RECITATION"), FINISH_REFUSED, STOP_REFUSAL },
	{ STR_INIT("LANGUAGE"), FINISH_REFUSED, STOP_REFUSAL },
	{ STR_INIT("BLOCKLIST"), FINISH_REFUSED, STOP_REFUSAL },
	{ STR_INIT("PROHIBITED_CONTENT"), FINISH_REFUSED, STOP_REFUSAL },
	{ STR_INIT("SPII"), FINISH_REFUSED, STOP_REFUSAL },
	{ STR_INIT("IMAGE_SAFETY"), FINISH_REFUSED, STOP_REFUSAL },
	{ STR_INIT("IMAGE_PROHIBITED_CONTENT"), FINISH_REFUSED, STOP_REFUSAL },
	{ STR_INIT("IMAGE_RECITATION"), FINISH_REFUSED, STOP_REFUSAL },
	{ STR_INIT("IMAGE_OTHER"), FINISH_REFUSED, STOP_REFUSAL },
	{ STR_INIT("NO_IMAGE"), FINISH_REFUSED, STOP_REFUSAL },
	{ STR_INIT("CONTINUATION"), FINISH_CUT, STOP_MAX },
	{ STR_INIT("MALFORMED_FUNCTION_CALL"), FINISH_BAD_CALL, STOP_NONE },
	{ STR_INIT("UNEXPECTED_TOOL_CALL"), FINISH_BAD_CALL, STOP_NONE },
	{ STR_INIT("TOO_MANY_TOOL_CALLS"), FINISH_BAD_CALL, STOP_NONE },
	{ STR_INIT("MALFORMED_RESPONSE"), FINISH_BAD_REPLY, STOP_NONE },
	{ STR_INIT("OTHER"), FINISH_UNKNOWN, STOP_END },
};

struct gemini_decoder {
	bool started;
	enum open_part open;
	bool any;       /* part */
	unsigned calls; /* so many */
	struct str base;
	const struct finish *finish; /* as far as it is known */
	struct str blocked;          /* why the prompt was */
};

/* ---- chunks ---- */

/* The first of a list, p == NULL without one. */
static struct str first_of(struct str list)
{
	struct json_iter it;
	struct json_member m = { .value = { NULL, 0 } };
	struct err e = { 0 };

	if (!json_iter_init_array(&it, list, &e) || !json_next(&it, &m, &e))
		return (struct str){ NULL, 0 };
	return m.value;
}

bool gemini_read_chunk(struct gemini_chunk *ret, struct str object)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	*ret = (struct gemini_chunk){ .error = { NULL, 0 } };
	if (!json_iter_init(&it, object, &e))
		return false;
	while (json_next(&it, &m, &e)) {
		if (gemini_key_is(m.key, STR("candidates")))
			ret->candidate = first_of(m.value);
		else if (gemini_key_is(m.key, STR("usageMetadata")))
			ret->usage = m.value;
		else if (gemini_key_is(m.key, STR("modelVersion")))
			ret->model = json_inner(m.value);
		else if (gemini_key_is(m.key, STR("responseId")))
			ret->id = json_inner(m.value);
		else if (gemini_key_is(m.key, STR("promptFeedback")))
			ret->feedback = m.value;
		else if (gemini_key_is(m.key, STR("error")))
			ret->error = m.value;
	}
	return e.kind == ERR_NONE;
}

struct usage gemini_usage(struct str object)
{
	enum { PROMPT, CACHED, CANDIDATES, THOUGHTS, TOOLS, COUNTS };
	static const struct str names[COUNTS] = { STR_INIT("promptTokenCount"),
		STR_INIT("cachedContentTokenCount"), STR_INIT("candidatesTokenCount"),
		STR_INIT("thoughtsTokenCount"), STR_INIT("toolUsePromptTokenCount") };
	int64_t n[COUNTS] = { -1, -1, -1, -1, -1 };
	struct usage u = USAGE_UNKNOWN;
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (object.p == NULL || !json_iter_init(&it, object, &e))
		return u;
	while (json_next(&it, &m, &e)) {
		int64_t told = usage_count(m.value);
		for (unsigned i = 0; i < COUNTS && told >= 0; i++)
			if (gemini_key_is(m.key, names[i]))
				n[i] = told;
	}
	u.in = known(n[PROMPT]) + known(n[TOOLS]) - known(n[CACHED]);
	u.in = known(u.in);
	u.cache_read = n[CACHED];
	u.out = known(n[CANDIDATES]) + known(n[THOUGHTS]);
	u.reasoning = n[THOUGHTS];
	return u;
}

/* ---- parts ---- */

static void put(struct decoder *d, enum event_type type, struct str text)
{
	const struct event ev = { .type = type, .text = text, .usage = USAGE_UNKNOWN };

	decoder_put(d, &ev);
}

static void close_part(struct decoder *d)
{
	struct gemini_decoder *s = d->state;

	if (s->open != OPEN_NOTHING)
		put(d, EV_CLOSE, STR(""));
	s->open = OPEN_NOTHING;
}

static void open_part(struct decoder *d, enum open_part kind)
{
	struct gemini_decoder *s = d->state;
	const struct event ev = { .type = EV_OPEN,
		.part = kind == OPEN_TEXT ? PART_TEXT : PART_REASONING,
		.usage = USAGE_UNKNOWN };

	if (s->open == kind)
		return;
	close_part(d);
	decoder_put(d, &ev);
	s->open = kind;
	s->any = true;
}

static void put_text(struct decoder *d, enum open_part kind, struct str text)
{
	if (text.n == 0)
		return;
	open_part(d, kind);
	put(d, EV_TEXT, text);
}

struct call {
	struct str id, name, args, signature; /* the last two raw */
};

/* The client's, so that what refers to it is understood when it comes back. */
static struct str id_for_call(struct decoder *d, struct str id)
{
	struct gemini_decoder *s = d->state;
	const char *prefix = d->call_prefix != NULL ? d->call_prefix : "toolu_";

	if (id.n > 0)
		return id_of_call(id, prefix, d->arena);
	return s->base.n > 0 ? id_made_up(prefix, s->base, s->calls, d->arena) : STR("");
}

/* The reasoning in front of the call takes its signature home. */
static void put_signature(struct decoder *d, const struct call *c)
{
	struct event ev = { .type = EV_SIGN, .usage = USAGE_UNKNOWN };
	struct buf payload;

	if (c->signature.n == 0)
		return;
	buf_init(&payload, SIZE_MAX);
	buf_add(&payload, STR("{\"p\":[[\"fc\","));
	json_add_quoted(&payload, c->id);
	buf_add_char(&payload, ',');
	buf_add(&payload, c->signature);
	buf_add(&payload, STR("]]}"));
	ev.native = (struct native){ STR("gem"), buf_str(&payload) };
	open_part(d, OPEN_REASONING);
	decoder_put(d, &ev);
	buf_release(&payload);
}

static void put_args(struct decoder *d, struct str args)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	if (args.n == 0 || json_is_null(args)) {
		buf_add(&b, STR("{}"));
	} else if (json_is_object(args)) {
		json_add_compact_escaped(&b, args);
	} else {
		warn(d->warnings, "tool_arguments_invalid");
		buf_add(&b, STR("{\\\"__raw_arguments\\\":\\\""));
		/* Escaped to be a string, and once more within one. */
		struct str once = json_escape(args, d->arena);
		json_add_escaped(&b, once);
		buf_add(&b, STR("\\\"}"));
	}
	put(d, EV_TEXT, buf_str(&b));
	buf_release(&b);
}

static void put_call(struct decoder *d, struct call *c)
{
	struct gemini_decoder *s = d->state;
	struct event ev = { .type = EV_OPEN, .part = PART_CALL, .usage = USAGE_UNKNOWN };

	c->id = id_for_call(d, c->id);
	put_signature(d, c);
	close_part(d);
	ev.id = c->id;
	ev.name = c->name;
	if (c->signature.n > 0)
		ev.native = (struct native){ STR("gem"), c->signature };
	decoder_put(d, &ev);
	put_args(d, c->args);
	put(d, EV_CLOSE, STR(""));
	s->any = true;
	s->calls++;
}

static void read_call(struct str object, struct call *ret)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_iter_init(&it, object, &e))
		return;
	while (json_next(&it, &m, &e)) {
		if (gemini_key_is(m.key, STR("id")))
			ret->id = json_inner(m.value);
		else if (gemini_key_is(m.key, STR("name")))
			ret->name = json_inner(m.value);
		else if (gemini_key_is(m.key, STR("args")))
			ret->args = m.value;
	}
}

/* The client's dialect may have no place for it. */
static void omit_image(struct decoder *d, struct str blob)
{
	struct str mime = json_inner(json_get(blob, STR("mimeType")));

	warn(d->warnings, "image_omitted");
	put_text(d, OPEN_TEXT, STR("[image omitted: "));
	put_text(d, OPEN_TEXT, mime.n > 0 ? mime : STR("unknown"));
	put_text(d, OPEN_TEXT, STR("]"));
}

static void decode_part(struct decoder *d, struct json_iter *it, struct err *e)
{
	struct json_member m;
	struct str text = { NULL, 0 }, call = { NULL, 0 }, image = { NULL, 0 };
	struct call c = { .id = { NULL, 0 } };
	bool thought = false;

	while (json_next(it, &m, e)) {
		if (gemini_key_is(m.key, STR("text")))
			text = json_inner(m.value);
		else if (gemini_key_is(m.key, STR("thought")))
			thought = json_is_true(m.value);
		else if (gemini_key_is(m.key, STR("functionCall")))
			call = m.value;
		else if (gemini_key_is(m.key, STR("thoughtSignature")))
			c.signature = json_inner(m.value).n > 0 ? m.value : STR("");
		else if (gemini_key_is(m.key, STR("inlineData")))
			image = m.value;
		else if (gemini_key_is(m.key, STR("executableCode")) ||
			 gemini_key_is(m.key, STR("codeExecutionResult")))
			warn(d->warnings, "server_tool_blocks_dropped");
	}
	put_text(d, thought ? OPEN_REASONING : OPEN_TEXT, text);
	if (image.n > 0)
		omit_image(d, image);
	if (call.n > 0) {
		read_call(call, &c);
		put_call(d, &c);
	}
}

/* ---- candidates ---- */

static void decode_parts(struct decoder *d, struct json_iter *it, struct err *e)
{
	struct json_iter part;
	struct str key, other;

	while (e->kind == ERR_NONE && json_next_key(it, &key, e)) {
		if (json_peek(it) == '{' && json_enter(it, &part, e)) {
			decode_part(d, &part, e);
			json_leave(it, &part);
		} else if (!json_take(it, &other, e)) {
			return;
		}
	}
}

static void decode_content(struct decoder *d, struct json_iter *it, struct err *e)
{
	struct json_iter parts;
	struct str key, other;

	while (e->kind == ERR_NONE && json_next_key(it, &key, e)) {
		if (json_peek(it) == '[' && gemini_key_is(key, STR("parts")) &&
			json_enter(it, &parts, e)) {
			decode_parts(d, &parts, e);
			json_leave(it, &parts);
		} else if (!json_take(it, &other, e)) {
			return;
		}
	}
}

static const struct finish *finish_of(struct str name)
{
	const size_t n = ARRAY_LEN(finishes);

	for (size_t i = 0; i < n; i++)
		if (str_eq(name, finishes[i].name))
			return &finishes[i];
	return &finishes[n - 1];
}

static void note_finish(struct decoder *d, struct str reason)
{
	struct gemini_decoder *s = d->state;

	if (reason.n == 0)
		return;
	s->finish = finish_of(reason);
	if (s->finish->kind == FINISH_CUT)
		warn(d->warnings, "reply_unfinished");
}

static void decode_candidate(struct decoder *d, struct str candidate)
{
	struct json_iter it, content;
	struct str key, value, finish = { NULL, 0 };
	struct err e = { 0 };

	if (candidate.n == 0 || !json_iter_init(&it, candidate, &e))
		return;
	while (e.kind == ERR_NONE && json_next_key(&it, &key, &e)) {
		if (json_peek(&it) == '{' && gemini_key_is(key, STR("content")) &&
			json_enter(&it, &content, &e)) {
			decode_content(d, &content, &e);
			json_leave(&it, &content);
			continue;
		}
		if (!json_take(&it, &value, &e))
			break;
		if (gemini_key_is(key, STR("finishReason")))
			finish = json_inner(value);
		else if ((gemini_key_is(key, STR("groundingMetadata")) ||
				 gemini_key_is(key, STR("citationMetadata"))) &&
			 value.n > 2)
			warn(d->warnings, "citations_lost");
	}
	note_finish(d, finish);
}

static void start(struct decoder *d, const struct gemini_chunk *c, const struct usage *u)
{
	struct gemini_decoder *s = d->state;
	struct event ev = { .type = EV_START, .id = c->id, .model = c->model, .usage = *u };

	if (s->started)
		return;
	s->started = true;
	s->base = arena_dup(d->arena, id_base(c->id, d->arena));
	decoder_put(d, &ev);
}

static void fail(struct decoder *d, struct str error)
{
	struct failure f;

	failure_of_object(&f, 0, error, d->arena);
	decoder_fail(d, f.kind, f.message, false);
}

static void fail_finish(struct decoder *d, const struct finish *f, const char *what, bool again)
{
	char text[128];
	struct buf b;

	buf_init(&b, sizeof(text));
	buf_addf(&b, "upstream %s (%.*s)", what, STR_ARG(f->name));
	decoder_fail(d, ERR_UPSTREAM, buf_str(&b), again);
	buf_release(&b);
}

/* What is no good ends at once: nothing that follows could mend it. */
static void check_finish(struct decoder *d)
{
	struct gemini_decoder *s = d->state;

	if (s->finish == NULL)
		return;
	if (s->finish->kind == FINISH_BAD_CALL)
		fail_finish(d, s->finish, "produced an invalid tool call", true);
	else if (s->finish->kind == FINISH_BAD_REPLY)
		fail_finish(d, s->finish, "produced an invalid reply", true);
}

static void decode_chunk(struct decoder *d, struct str object)
{
	struct gemini_decoder *s = d->state;
	struct gemini_chunk c;
	struct usage u;
	struct str blocked;

	if (!gemini_read_chunk(&c, object)) {
		decoder_fail(d, ERR_UPSTREAM, STR("upstream sent a broken reply"), false);
		return;
	}
	if (c.error.n > 0 && c.error.p[0] == '{') {
		fail(d, c.error);
		return;
	}
	u = gemini_usage(c.usage);
	if (c.candidate.n > 0 || c.feedback.n > 0)
		start(d, &c, &u);
	blocked = json_inner(json_get(c.feedback, STR("blockReason")));
	if (blocked.n > 0 && s->blocked.n == 0)
		s->blocked = arena_dup(d->arena, blocked);
	decode_candidate(d, c.candidate);
	if (c.usage.n > 0) {
		const struct event ev = { .type = EV_USAGE, .usage = u };
		decoder_put(d, &ev);
	}
	check_finish(d);
}

/* ---- the end ---- */

static void stop(struct decoder *d, enum stop_reason reason, struct str detail)
{
	const struct event ev = {
		.type = EV_STOP, .stop = reason, .detail = detail, .usage = USAGE_UNKNOWN
	};

	close_part(d);
	decoder_put(d, &ev);
}

/* Without a reason the reply is not whole, which is the caller's to say. */
static void finish(struct decoder *d)
{
	struct gemini_decoder *s = d->state;
	const struct finish *f = s->finish;

	if (d->ended)
		return;
	if (f == NULL && s->blocked.n > 0)
		stop(d, STOP_REFUSAL, s->blocked);
	if (f == NULL)
		return;
	if (f->kind == FINISH_REFUSED)
		stop(d, STOP_REFUSAL, f->name);
	else if (f->kind == FINISH_UNKNOWN && !s->any)
		fail_finish(d, f, "ended without content", false);
	else
		stop(d, f->stop == STOP_END && s->calls > 0 ? STOP_TOOL : f->stop, STR(""));
}

/* ---- the decoder ---- */

void gemini_decode_begin(struct decoder *d)
{
	d->state = arena_alloc(d->arena, sizeof(struct gemini_decoder));
}

/* Several chunks, as a stream is without alt=sse. */
static void decode_array(struct decoder *d, struct str array)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_iter_init_array(&it, array, &e))
		return;
	while (!d->ended && json_next(&it, &m, &e))
		decode_chunk(d, m.value);
	if (e.kind != ERR_NONE)
		decoder_fail(d, ERR_UPSTREAM, STR("upstream sent a broken reply"), false);
}

static void decode_json(struct decoder *d, struct str json)
{
	json = str_trim(json);
	if (json.n > 0 && json.p[0] == '[')
		decode_array(d, json);
	else
		decode_chunk(d, json);
}

void gemini_decode_frame(struct decoder *d, struct str frame)
{
	struct sse_frame f;

	buf_clear(&d->scratch);
	sse_parse(frame, &d->scratch, &f);
	if (f.has_data && f.data.n > 0)
		decode_json(d, f.data);
}

void gemini_decode_body(struct decoder *d, struct str body)
{
	decode_json(d, body);
	finish(d);
}

void gemini_decode_end(struct decoder *d)
{
	finish(d);
}
