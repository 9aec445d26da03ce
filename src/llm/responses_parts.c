/* SPDX-License-Identifier: MIT */
/* The items of a reply of the Responses API as parts of a neutral one, in pieces or whole. */
#include "llm/responses_decode.h"

#include <string.h>

static const struct responses_member item_rows[] = {
	{ STR_INIT("type"), offsetof(struct reply_item, type) },
	{ STR_INIT("id"), offsetof(struct reply_item, id) },
	{ STR_INIT("call_id"), offsetof(struct reply_item, call_id) },
	{ STR_INIT("name"), offsetof(struct reply_item, name) },
	{ STR_INIT("arguments"), offsetof(struct reply_item, arguments) },
	{ STR_INIT("input"), offsetof(struct reply_item, input) },
	{ STR_INIT("content"), offsetof(struct reply_item, content) },
	{ STR_INIT("summary"), offsetof(struct reply_item, summary) },
	{ STR_INIT("encrypted_content"), offsetof(struct reply_item, encrypted) },
	{ STR_INIT("output_format"), offsetof(struct reply_item, format) },
};

/* ---- usage ---- */

struct usage_members {
	struct str in, in_details, out, out_details;
};

static const struct responses_member usage_rows[] = {
	{ STR_INIT("input_tokens"), offsetof(struct usage_members, in) },
	{ STR_INIT("input_tokens_details"), offsetof(struct usage_members, in_details) },
	{ STR_INIT("output_tokens"), offsetof(struct usage_members, out) },
	{ STR_INIT("output_tokens_details"), offsetof(struct usage_members, out_details) },
};

struct usage responses_usage(struct str object)
{
	struct usage_members m = { .in = { NULL, 0 } };
	struct usage u = USAGE_UNKNOWN;

	if (!responses_members(object, usage_rows, ARRAY_LEN(usage_rows), &m))
		return u;
	u.in = usage_count(m.in);
	u.out = usage_count(m.out);
	u.reasoning = usage_count(json_get(m.out_details, STR("reasoning_tokens")));
	if (u.in < 0)
		return u;
	/* Each token of the input is of one kind: those of the cache are among them. */
	u.cache_read = known(usage_count(json_get(m.in_details, STR("cached_tokens"))));
	u.cache_write = known(usage_count(json_get(m.in_details, STR("cache_write_tokens"))));
	u.in = known(u.in - u.cache_read - u.cache_write);
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
	struct decoding *s = d->state;

	if (s->open)
		put(d, EV_CLOSE, STR(""));
	s->open = false;
}

static void open_part(struct decoder *d, enum part_kind kind)
{
	struct decoding *s = d->state;
	const struct event ev = { .type = EV_OPEN, .part = kind, .usage = USAGE_UNKNOWN };

	if (!s->open)
		decoder_put(d, &ev);
	s->open = true;
}

static void open_call(struct decoder *d, const struct reply_item *m)
{
	struct decoding *s = d->state;
	const struct event ev = { .type = EV_OPEN,
		.part = PART_CALL,
		.freeform = s->kind == ITEM_CUSTOM,
		.id = json_inner(m->call_id),
		.name = json_inner(m->name),
		.usage = USAGE_UNKNOWN };

	s->called = s->open = true;
	decoder_put(d, &ev);
}

void responses_tell(struct decoder *d, struct str text)
{
	struct decoding *s = d->state;

	if (text.n == 0)
		return;
	s->told = true;
	put(d, EV_TEXT, text);
}

/* Each piece of a message is a part of its own. */
void responses_tell_text(struct decoder *d, uint64_t piece, struct str text)
{
	struct decoding *s = d->state;

	if (text.n == 0)
		return;
	if (s->open && piece != s->piece)
		close_part(d);
	s->piece = piece;
	open_part(d, PART_TEXT);
	responses_tell(d, text);
}

void responses_tell_refusal(struct decoder *d, uint64_t piece, struct str text)
{
	struct decoding *s = d->state;

	s->refused = true;
	responses_tell_text(d, piece, text);
	if (text.n <= RESPONSES_REFUSAL_MAX - s->refusal_n) {
		memcpy(s->refusal + s->refusal_n, text.n > 0 ? text.p : "", text.n);
		s->refusal_n += text.n;
	}
}

/* All pieces of a reasoning are one part, with blank lines between them. */
void responses_tell_reasoning(struct decoder *d, uint64_t piece, struct str text, bool raw)
{
	struct decoding *s = d->state;
	const size_t mark = d->scratch.n;

	/* An item that has both tells one. */
	if (text.n == 0 || (s->told && raw != s->raw_reasoning))
		return;
	open_part(d, PART_REASONING);
	if (s->told && piece != s->piece) {
		buf_add(&d->scratch, STR("\\n\\n"));
		buf_add(&d->scratch, text);
		text = str_from_offset(buf_str(&d->scratch), mark);
	}
	s->piece = piece;
	s->raw_reasoning = raw;
	responses_tell(d, text);
	d->scratch.n = mark;
}

/* ---- whole items ---- */

struct piece {
	struct str type, text, refusal, annotations;
};

static const struct responses_member piece_rows[] = {
	{ STR_INIT("type"), offsetof(struct piece, type) },
	{ STR_INIT("text"), offsetof(struct piece, text) },
	{ STR_INIT("refusal"), offsetof(struct piece, refusal) },
	{ STR_INIT("annotations"), offsetof(struct piece, annotations) },
};

static void tell_message(struct decoder *d, const struct reply_item *m)
{
	struct json_iter it;
	struct json_member member;
	struct err e = { 0 };

	if (!json_iter_init_array(&it, m->content, &e))
		return;
	for (uint64_t i = 0; json_next(&it, &member, &e); i++) {
		struct piece p = { .type = { NULL, 0 } };
		if (!responses_members(member.value, piece_rows, ARRAY_LEN(piece_rows), &p))
			continue;
		if (p.annotations.n > 2)
			warn(d->warnings, "citations_lost");
		responses_tell_text(d, i, json_inner(p.text));
		if (p.refusal.n > 0)
			responses_tell_refusal(d, i, json_inner(p.refusal));
	}
}

static void tell_thoughts(struct decoder *d, struct str list, bool raw)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_iter_init_array(&it, list, &e))
		return;
	for (uint64_t i = 0; json_next(&it, &m, &e); i++)
		responses_tell_reasoning(d, i, json_inner(json_get(m.value, STR("text"))), raw);
}

/* {"id":…,"e":…}: both escaped already. */
static void sign(struct decoder *d, const struct reply_item *m)
{
	struct event ev = { .type = EV_SIGN, .usage = USAGE_UNKNOWN };
	const size_t mark = d->scratch.n;

	if (json_inner(m->encrypted).n == 0)
		return;
	open_part(d, PART_REASONING);
	buf_add(&d->scratch, STR("{\"id\":"));
	json_add_quoted(&d->scratch, json_inner(m->id));
	buf_add(&d->scratch, STR(",\"e\":"));
	json_add_quoted(&d->scratch, json_inner(m->encrypted));
	buf_add(&d->scratch, STR("}"));
	ev.native = (struct native){ STR("oai"), str_from_offset(buf_str(&d->scratch), mark) };
	decoder_put(d, &ev);
	d->scratch.n = mark;
}

/* What a server tool has made, or said. */
static void tell_other(struct decoder *d, const struct reply_item *m)
{
	struct str format = json_inner(m->format);
	struct buf *b = &d->scratch;
	const size_t mark = b->n;

	if (!str_eq(json_inner(m->type), STR("image_generation_call"))) {
		warn(d->warnings, "server_tool_blocks_dropped");
		return;
	}
	warn(d->warnings, "image_omitted");
	buf_addf(b, "[image omitted: image/%.*s]", STR_ARG(format.n > 0 ? format : STR("png")));
	responses_tell_text(d, 0, str_from_offset(buf_str(b), mark));
	b->n = mark;
}

enum item_kind responses_kind_of(const struct reply_item *m)
{
	static const char *const names[] = { [ITEM_MESSAGE] = "message",
		[ITEM_REASONING] = "reasoning",
		[ITEM_CALL] = "function_call",
		[ITEM_CUSTOM] = "custom_tool_call" };

	for (unsigned i = ITEM_MESSAGE; i < ARRAY_LEN(names); i++)
		if (str_eq(json_inner(m->type), str_from(names[i])))
			return (enum item_kind)i;
	return ITEM_OTHER;
}

void responses_begin_item(struct decoder *d, const struct reply_item *m, uint64_t index)
{
	struct decoding *s = d->state;

	s->live = true;
	s->open = s->told = s->raw_reasoning = false;
	s->index = index;
	s->piece = 0;
	s->kind = responses_kind_of(m);
	if (s->kind == ITEM_CALL || s->kind == ITEM_CUSTOM)
		open_call(d, m);
}

void responses_end_item(struct decoder *d)
{
	struct decoding *s = d->state;

	close_part(d);
	s->live = false;
	if (s->index < RESPONSES_INDEXES)
		s->done |= UINT64_C(1) << s->index;
	s->last = s->index > s->last ? s->index : s->last;
}

/* The item that is being told is whole: tells what of it has not come in pieces. */
void responses_finish_item(struct decoder *d, const struct reply_item *m)
{
	struct decoding *s = d->state;

	switch (s->kind) {
	case ITEM_MESSAGE:
		if (!s->told)
			tell_message(d, m);
		break;
	case ITEM_REASONING:
		if (!s->told)
			tell_thoughts(d, m->summary, false);
		if (!s->told)
			tell_thoughts(d, m->content, true);
		sign(d, m);
		break;
	case ITEM_CALL:
		if (!s->told)
			responses_tell(d, json_inner(m->arguments));
		if (!s->told)
			responses_tell(d, STR("{}"));
		break;
	case ITEM_CUSTOM:
		if (!s->told)
			responses_tell(d, json_inner(m->input));
		break;
	case ITEM_OTHER:
		tell_other(d, m);
		break;
	}
	responses_end_item(d);
}

struct reply_item responses_item_of(struct str object)
{
	struct reply_item m = { .type = { NULL, 0 } };

	if (!responses_members(object, item_rows, ARRAY_LEN(item_rows), &m))
		m.type = (struct str){ NULL, 0 };
	return m;
}

void responses_tell_whole(struct decoder *d, struct str object, uint64_t index)
{
	struct reply_item m = responses_item_of(object);

	responses_begin_item(d, &m, index);
	responses_finish_item(d, &m);
}
