/* SPDX-License-Identifier: MIT */
/* From a provider of the Anthropic API: its events, or its whole message, as neutral events. Thinking is passed on as it comes and also
 * gathered, for the provider wants its blocks back as they were: a thinking block and the redacted ones behind it are one part
 * of reasoning, which stays open until something else begins. */
#include "llm/anthropic.h"
#include "llm/failure.h"
#include "wire/json_text.h"
#include "wire/sse.h"

#include <string.h>

enum { GATHERED_MAX = 32 << 20 };

/* Bytes in the arena that grow by doubling, so that a long stream costs no more than twice its length. */
struct gathered {
	char *p;
	size_t n, cap;
	bool overflow;
};

enum block_state {
	BLOCK_NONE,
	BLOCK_OPEN,
	BLOCK_SKIPPED, /* of a kind that is not passed on */
};

struct decoding {
	bool started;
	enum block_state block;
	struct str index; /* of the block, as it stood in its first event; in index_text */
	char index_text[24];
	bool reasoning;                  /* a part of reasoning is open, maybe with no block */
	enum part_kind kind;             /* of the block */
	bool has_text;                   /* of a call: some arguments have come */
	struct gathered input;           /* of a call: arguments that came with its beginning */
	struct gathered blocks;          /* of thinking: array of them, without its end */
	struct gathered text, signature; /* of the open thinking block */
	bool stopped;                    /* stop has been told */
	enum stop_reason stop;
	struct gathered detail;
	unsigned calls;
};

static void gather(struct decoder *d, struct gathered *g, struct str s)
{
	if (g->overflow || s.n > GATHERED_MAX - g->n) {
		g->overflow = true;
		return;
	}
	if (g->n + s.n > g->cap) {
		size_t cap = g->cap == 0 ? 256 : g->cap;
		while (cap < g->n + s.n)
			cap *= 2;
		char *p = arena_alloc(d->arena, cap);
		if (g->n > 0)
			memcpy(p, g->p, g->n);
		g->p = p;
		g->cap = cap;
	}
	if (s.n > 0)
		memcpy(g->p + g->n, s.p, s.n);
	g->n += s.n;
}

static void forget(struct gathered *g)
{
	g->n = 0;
	g->overflow = false;
}

static struct str gathered_str(const struct gathered *g)
{
	return (struct str){ g->p, g->n };
}

static void put(struct decoder *d, enum event_type type, struct str text)
{
	struct event ev = { .type = type, .text = text, .usage = USAGE_UNKNOWN };

	decoder_put(d, &ev);
}

/* What is reasoned here is Anthropic's from the first word on. */
static void open_part(struct decoder *d, enum part_kind kind, struct str id, struct str name)
{
	struct event ev = {
		.type = EV_OPEN, .part = kind, .id = id, .name = name, .usage = USAGE_UNKNOWN
	};

	if (kind == PART_REASONING)
		ev.native.code = STR("ant");
	decoder_put(d, &ev);
}

/* ---- the names of reasons ---- */

static const char *const stop_names[] = {
	[STOP_NONE] = "end_turn",
	[STOP_END] = "end_turn",
	[STOP_MAX] = "max_tokens",
	[STOP_SEQUENCE] = "stop_sequence",
	[STOP_TOOL] = "tool_use",
	[STOP_REFUSAL] = "refusal",
	[STOP_PAUSE] = "pause_turn",
	[STOP_CONTEXT] = "model_context_window_exceeded",
	[STOP_COMPACTION] = "compaction",
};

const char *anthropic_stop_name(enum stop_reason stop)
{
	return stop_names[stop];
}

enum stop_reason anthropic_stop_of(struct str name)
{
	for (size_t i = STOP_END; i < ARRAY_LEN(stop_names); i++)
		if (str_eq(name, str_from(stop_names[i])))
			return (enum stop_reason)i;
	return STOP_END;
}

/* ---- beginning and end ---- */

void anthropic_decode_begin(struct decoder *d)
{
	d->state = arena_alloc(d->arena, sizeof(struct decoding));
}

static void start(struct decoder *d, struct str id, struct str model, struct str usage)
{
	struct decoding *s = d->state;
	struct event ev = { .type = EV_START, .id = id, .model = model };

	if (s->started)
		return;
	s->started = true;
	ev.usage = anthropic_usage(usage);
	decoder_put(d, &ev);
}

static void fail(struct decoder *d, struct str error)
{
	struct failure f;

	failure_of_object(&f, 0, error, d->arena);
	decoder_fail(d, f.kind, f.message, false);
}

/* Ends the part of reasoning with all that its provider wants back. */
static void end_reasoning(struct decoder *d)
{
	struct decoding *s = d->state;
	struct event ev = { .type = EV_SIGN, .usage = USAGE_UNKNOWN };

	if (!s->reasoning)
		return;
	s->reasoning = false;
	if (s->blocks.n == 0)
		gather(d, &s->blocks, STR("{\"b\":["));
	gather(d, &s->blocks, STR("]}"));
	if (!s->blocks.overflow) {
		ev.native = (struct native){ STR("ant"), gathered_str(&s->blocks) };
		decoder_put(d, &ev);
	}
	put(d, EV_CLOSE, STR(""));
}

static void begin_reasoning(struct decoder *d)
{
	struct decoding *s = d->state;

	s->reasoning = true;
	forget(&s->blocks);
	open_part(d, PART_REASONING, STR(""), STR(""));
}

static void add_block(struct decoder *d, const struct str *v, size_t n)
{
	struct decoding *s = d->state;

	gather(d, &s->blocks, s->blocks.n == 0 ? STR("{\"b\":[") : STR(","));
	for (size_t i = 0; i < n; i++)
		gather(d, &s->blocks, v[i]);
}

/* A block without a signature cannot be sent back. */
static void end_thinking(struct decoder *d)
{
	struct decoding *s = d->state;
	const struct str v[] = { STR("{\"type\":\"thinking\",\"thinking\":\""),
		gathered_str(&s->text), STR("\",\"signature\":\""), gathered_str(&s->signature),
		STR("\"}") };

	s->blocks.overflow = s->blocks.overflow || s->text.overflow || s->signature.overflow;
	if (s->signature.n > 0)
		add_block(d, v, ARRAY_LEN(v));
}

static void end_call(struct decoder *d)
{
	struct decoding *s = d->state;
	struct buf b;

	if (s->has_text)
		return;
	if (s->input.n == 0) {
		put(d, EV_TEXT, STR("{}"));
		return;
	}
	/* The event that is being read may stand in d->scratch. */
	buf_init(&b, 2 * GATHERED_MAX);
	json_add_compact_escaped(&b, gathered_str(&s->input));
	put(d, EV_TEXT, buf_str(&b));
	buf_release(&b);
}

/* The end of a block; one of thinking leaves its part open. */
static void end_block(struct decoder *d)
{
	struct decoding *s = d->state;
	enum block_state was = s->block;

	s->block = BLOCK_NONE;
	if (was != BLOCK_OPEN)
		return;
	if (s->kind == PART_REASONING) {
		end_thinking(d);
		return;
	}
	if (s->kind == PART_CALL)
		end_call(d);
	put(d, EV_CLOSE, STR(""));
}

static void finish(struct decoder *d)
{
	struct decoding *s = d->state;
	struct event ev = { .type = EV_STOP, .usage = USAGE_UNKNOWN };

	end_block(d);
	end_reasoning(d);
	ev.stop = s->stopped ? s->stop : s->calls > 0 ? STOP_TOOL : STOP_END;
	ev.detail = gathered_str(&s->detail);
	decoder_put(d, &ev);
}

/* ---- blocks ---- */

enum {
	C_TYPE,
	C_TEXT,
	C_THINKING,
	C_SIGNATURE,
	C_DATA,
	C_ID,
	C_NAME,
	C_INPUT,
	C_CITATIONS,
	C_MEMBERS
};
static const struct str block_names[C_MEMBERS] = {
	STR_INIT("type"),
	STR_INIT("text"),
	STR_INIT("thinking"),
	STR_INIT("signature"),
	STR_INIT("data"),
	STR_INIT("id"),
	STR_INIT("name"),
	STR_INIT("input"),
	STR_INIT("citations"),
};

static void add_text(struct decoder *d, struct str text)
{
	if (text.n > 0)
		put(d, EV_TEXT, text);
}

static void add_thinking(struct decoder *d, struct str text)
{
	struct decoding *s = d->state;

	gather(d, &s->text, text);
	add_text(d, text);
}

static void begin_text(struct decoder *d, const struct str *m)
{
	end_reasoning(d);
	open_part(d, PART_TEXT, STR(""), STR(""));
	add_text(d, json_inner(m[C_TEXT]));
	if (m[C_CITATIONS].n > 2)
		warn(d->warnings, "citations_lost");
}

static void begin_thinking(struct decoder *d, const struct str *m)
{
	struct decoding *s = d->state;

	end_reasoning(d);
	begin_reasoning(d);
	forget(&s->text);
	forget(&s->signature);
	add_thinking(d, json_inner(m[C_THINKING]));
	gather(d, &s->signature, json_inner(m[C_SIGNATURE]));
}

static void begin_redacted(struct decoder *d, const struct str *m)
{
	struct decoding *s = d->state;
	const struct str v[] = { STR("{\"type\":\"redacted_thinking\",\"data\":\""),
		json_inner(m[C_DATA]), STR("\"}") };

	if (!s->reasoning)
		begin_reasoning(d);
	add_block(d, v, ARRAY_LEN(v));
	/* All of it is there; nothing is added by its end. */
	s->block = BLOCK_SKIPPED;
}

static void begin_call(struct decoder *d, const struct str *m)
{
	struct decoding *s = d->state;
	struct str input = m[C_INPUT];

	end_reasoning(d);
	s->calls++;
	s->has_text = false;
	forget(&s->input);
	if (json_is_object(input))
		gather(d, &s->input, input);
	open_part(d, PART_CALL, json_inner(m[C_ID]), json_inner(m[C_NAME]));
}

static const struct {
	struct str type;
	enum part_kind kind;
	void (*begin)(struct decoder *d, const struct str *m);
} kinds[] = {
	{ STR_INIT("text"), PART_TEXT, begin_text },
	{ STR_INIT("thinking"), PART_REASONING, begin_thinking },
	{ STR_INIT("redacted_thinking"), PART_REASONING, begin_redacted },
	{ STR_INIT("tool_use"), PART_CALL, begin_call },
};

/* Tools of the provider, and what else it may have; an answer is not lost with them. */
static void begin_block(struct decoder *d, const struct str *m)
{
	struct decoding *s = d->state;
	struct str type = json_inner(m[C_TYPE]);

	end_block(d);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_eq(type, kinds[i].type)) {
			s->block = BLOCK_OPEN;
			s->kind = kinds[i].kind;
			kinds[i].begin(d, m);
			return;
		}
	s->block = BLOCK_SKIPPED;
	warn(d->warnings, "server_tool_blocks_dropped");
}

/* ---- events ---- */

static void broken(struct decoder *d)
{
	decoder_fail(d, ERR_UPSTREAM, STR("upstream sent an event that cannot be read"), false);
}

static void on_message_start(struct decoder *d, struct str data)
{
	struct decoding *s = d->state;
	struct str message = json_get(data, STR("message"));

	if (s->started)
		return;
	start(d, json_inner(json_get(message, STR("id"))),
		json_string(json_get(message, STR("model")), d->arena),
		json_get(message, STR("usage")));
}

static void set_index(struct decoding *s, struct str index)
{
	s->index = (struct str){ s->index_text, index.n };
	if (index.n > sizeof(s->index_text))
		s->index.n = 0;
	if (s->index.n > 0)
		memcpy(s->index_text, index.p, s->index.n);
}

static void on_block_start(struct decoder *d, struct str data)
{
	struct decoding *s = d->state;
	struct str m[C_MEMBERS];
	struct err e = { 0 };

	start(d, STR(""), STR(""), STR(""));
	if (!anthropic_members(json_get(data, STR("content_block")), ANTHROPIC_NAMES(block_names),
		    m, NULL, &e)) {
		broken(d);
		return;
	}
	begin_block(d, m);
	set_index(s, json_get(data, STR("index")));
}

/* The text of a delta goes to what its type says, if that is the open block. */
static void add_delta(struct decoder *d, struct str type, struct str text)
{
	struct decoding *s = d->state;

	if (str_eq(type, STR("text_delta")) && s->kind == PART_TEXT) {
		add_text(d, text);
	} else if (str_eq(type, STR("input_json_delta")) && s->kind == PART_CALL) {
		s->has_text = s->has_text || text.n > 0;
		add_text(d, text);
	} else if (str_eq(type, STR("thinking_delta")) && s->kind == PART_REASONING) {
		add_thinking(d, text);
	} else if (str_eq(type, STR("signature_delta")) && s->kind == PART_REASONING) {
		gather(d, &s->signature, text);
	} else if (str_eq(type, STR("citations_delta"))) {
		warn(d->warnings, "citations_lost");
	}
}

/* {"type","…":text}: the one member that is a string besides the type. */
static bool read_delta(struct json_iter *it, struct str *ret_type, struct str *ret_text)
{
	struct json_iter delta;
	struct json_member m;
	struct err e = { 0 };

	if (!json_enter(it, &delta, &e))
		return false;
	while (json_next(&delta, &m, &e))
		if (json_key_is(m.key, STR("type")))
			*ret_type = json_inner(m.value);
		else if (json_is_string(m.value))
			*ret_text = json_inner(m.value);
	json_leave(it, &delta);
	return e.kind == ERR_NONE;
}

/* By far the most events: one walk. */
static void on_delta(struct decoder *d, struct str data)
{
	struct decoding *s = d->state;
	struct str key, value, index = STR(""), type = STR(""), text = STR("");
	struct json_iter it;
	struct err e = { 0 };
	bool ok = json_iter_init(&it, data, &e);

	while (ok && json_next_key(&it, &key, &e))
		if (json_key_is(key, STR("delta"))) {
			ok = read_delta(&it, &type, &text);
		} else {
			ok = json_take(&it, &value, &e);
			if (ok && json_key_is(key, STR("index")))
				index = value;
		}
	/* Blocks never overlap: a delta for another one belongs to nothing that could still be sent. */
	if (!ok || e.kind != ERR_NONE || s->block == BLOCK_NONE || !str_eq(index, s->index))
		broken(d);
	else if (s->block == BLOCK_OPEN)
		add_delta(d, type, text);
}

static void on_block_stop(struct decoder *d, struct str data)
{
	struct decoding *s = d->state;

	if (str_eq(json_get(data, STR("index")), s->index))
		end_block(d);
}

/* The reason, and what goes with it. */
static void note_stop(struct decoder *d, struct str reason, struct str sequence, struct str details)
{
	struct decoding *s = d->state;

	if (!json_is_string(reason))
		return;
	s->stopped = true;
	s->stop = anthropic_stop_of(json_inner(reason));
	forget(&s->detail);
	if (s->stop == STOP_SEQUENCE)
		gather(d, &s->detail, json_inner(sequence));
	else if (s->stop == STOP_REFUSAL)
		gather(d, &s->detail, json_inner(json_get(details, STR("explanation"))));
}

static void put_usage(struct decoder *d, struct str usage)
{
	struct event ev = { .type = EV_USAGE, .usage = anthropic_usage(usage) };

	decoder_put(d, &ev);
}

static void on_message_delta(struct decoder *d, struct str data)
{
	struct decoding *s = d->state;
	struct str delta = json_get(data, STR("delta"));

	start(d, STR(""), STR(""), STR(""));
	note_stop(d, json_get(delta, STR("stop_reason")), json_get(delta, STR("stop_sequence")),
		json_get(delta, STR("stop_details")));
	/* All has been said. */
	if (s->stopped) {
		end_block(d);
		end_reasoning(d);
	}
	put_usage(d, json_get(data, STR("usage")));
}

static void on_message_stop(struct decoder *d, struct str data)
{
	(void)data;
	start(d, STR(""), STR(""), STR(""));
	finish(d);
}

static void on_error(struct decoder *d, struct str data)
{
	fail(d, json_get(data, STR("error")));
}

static const struct {
	struct str type;
	void (*on)(struct decoder *d, struct str data);
} events[] = {
	{ STR_INIT("content_block_delta"), on_delta },
	{ STR_INIT("content_block_start"), on_block_start },
	{ STR_INIT("content_block_stop"), on_block_stop },
	{ STR_INIT("message_start"), on_message_start },
	{ STR_INIT("message_delta"), on_message_delta },
	{ STR_INIT("message_stop"), on_message_stop },
	{ STR_INIT("error"), on_error },
};

void anthropic_decode_frame(struct decoder *d, struct str frame)
{
	struct sse_frame f;
	struct str type;

	buf_clear(&d->scratch);
	sse_parse(frame, &d->scratch, &f);
	if (!f.has_data)
		return;
	if (f.data.n == 0 || f.data.p[0] != '{') {
		broken(d);
		return;
	}
	/* Some gateways leave the line with the event's name out. */
	type = f.event.n > 0 ? f.event : json_inner(json_get(f.data, STR("type")));
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (str_eq(type, events[i].type)) {
			events[i].on(d, f.data);
			return;
		}
}

void anthropic_decode_end(struct decoder *d)
{
	struct decoding *s = d->state;

	if (s->stopped)
		finish(d);
}

/* ---- a whole message ---- */

enum {
	R_TYPE,
	R_ID,
	R_MODEL,
	R_CONTENT,
	R_STOP,
	R_SEQUENCE,
	R_DETAILS,
	R_USAGE,
	R_ERROR,
	R_MEMBERS
};
static const struct str reply_names[R_MEMBERS] = {
	STR_INIT("type"),
	STR_INIT("id"),
	STR_INIT("model"),
	STR_INIT("content"),
	STR_INIT("stop_reason"),
	STR_INIT("stop_sequence"),
	STR_INIT("stop_details"),
	STR_INIT("usage"),
	STR_INIT("error"),
};

static bool decode_blocks(struct decoder *d, struct str content)
{
	struct json_iter it;
	struct str key, m[C_MEMBERS];
	struct err e = { 0 };

	if (!json_iter_init_array(&it, content, &e))
		return false;
	while (json_next_key(&it, &key, &e)) {
		if (!anthropic_take_members(&it, ANTHROPIC_NAMES(block_names), m, NULL, &e))
			return false;
		begin_block(d, m);
		end_block(d);
	}
	return e.kind == ERR_NONE;
}

void anthropic_decode_body(struct decoder *d, struct str body)
{
	struct str m[R_MEMBERS];
	struct err e = { 0 };

	if (!anthropic_members(body, ANTHROPIC_NAMES(reply_names), m, NULL, &e)) {
		decoder_fail(d, ERR_UPSTREAM, STR("upstream sent no JSON"), false);
		return;
	}
	if (m[R_ERROR].n > 0) {
		fail(d, m[R_ERROR]);
		return;
	}
	start(d, json_inner(m[R_ID]), json_string(m[R_MODEL], d->arena), m[R_USAGE]);
	if (!decode_blocks(d, m[R_CONTENT])) {
		decoder_fail(d, ERR_UPSTREAM, STR("upstream sent no message"), false);
		return;
	}
	note_stop(d, m[R_STOP], m[R_SEQUENCE], m[R_DETAILS]);
	put_usage(d, m[R_USAGE]);
	finish(d);
}
