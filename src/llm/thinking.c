/* SPDX-License-Identifier: MIT */
/* The way up. Messages without any thinking, by far the most, are told by one search and not looked into. */
#include "llm/thinking.h"

#include "llm/native.h"
#include "wire/json_text.h"

static const struct str empty_thinking =
	STR_INIT("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}");

struct fitting {
	const struct thinking_rules *rules;
	uint32_t origin; /* of the model that is asked */
	struct arena *arena;
	struct buf *out;
	size_t dropped;
};

enum fate { FATE_KEEP, FATE_OPEN, FATE_DROP };

struct block {
	enum fate fate;
	bool thinking, call;
	struct str old, opened; /* the value that holds the envelope, and what was in it */
};

static bool holds(struct str s, struct str what)
{
	return str_find(s, what) < s.n;
}

/* ---- blocks ---- */

static enum fate fate_of_plain(const struct fitting *f, bool has_signature)
{
	if (!has_signature && f->rules->wanted)
		return FATE_KEEP;
	return f->rules->rerouted ? FATE_DROP : FATE_KEEP;
}

static enum fate fate_of_sealed(const struct fitting *f, struct block *b)
{
	struct str escaped = json_inner(b->old);
	struct native_issuer by;

	if (!native_issuer(escaped, &by) || by.origin != f->origin ||
		!native_open_signature(escaped, f->arena, &b->opened))
		return FATE_DROP;
	return FATE_OPEN;
}

static void judge(const struct fitting *f, struct str value, struct block *ret)
{
	struct str type = json_get(value, STR("type")), signature, data;

	*ret = (struct block){ .call = str_eq(type, STR("\"tool_use\"")),
		.thinking = str_ends(type, STR("thinking\"")) };
	if (!ret->thinking)
		return;
	signature = json_get(value, STR("signature"));
	data = json_get(value, STR("data"));
	ret->old = native_is_envelope(json_inner(signature)) ? signature : data;
	if (f->rules->drop_all)
		ret->fate = FATE_DROP;
	else if (native_is_envelope(json_inner(ret->old)))
		ret->fate = fate_of_sealed(f, ret);
	else
		ret->fate = fate_of_plain(f, signature.n > 2 || data.n > 2);
}

static void put_block(const struct fitting *f, struct str value, const struct block *b)
{
	struct json_splice s = { 0, 0, STR("") };

	if (b->fate == FATE_OPEN)
		s = (struct json_splice){ (size_t)(b->old.p - value.p), b->old.n, b->opened };
	json_splice(f->out, value, &s, 1);
}

/* ---- messages ---- */

/* What is in a message's content. */
struct contents {
	size_t dropped, opened;
	bool thinking, call; /* that stay */
};

static bool look(const struct fitting *f, struct str content, struct contents *ret)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	struct block b;

	*ret = (struct contents){ .dropped = 0 };
	if (content.n == 0 || content.p[0] != '[' || !json_iter_init_array(&it, content, &e))
		return false;
	while (json_next(&it, &m, &e)) {
		judge(f, m.value, &b);
		ret->dropped += b.fate == FATE_DROP;
		ret->opened += b.fate == FATE_OPEN;
		ret->thinking |= b.thinking && b.fate != FATE_DROP;
		ret->call |= b.call;
	}
	return e.kind == ERR_NONE;
}

/* Appends the content of one message, if there is something to do in it. */
static bool fit_content(struct fitting *f, struct str content)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	struct contents has;
	struct block b;

	if (!look(f, content, &has) || !json_iter_init_array(&it, content, &e))
		return false;
	bool add = f->rules->wanted && has.call && !has.thinking;
	if (!add && has.dropped == 0 && has.opened == 0)
		return false;
	buf_add_char(f->out, '[');
	size_t start = f->out->n;
	if (add)
		buf_add(f->out, empty_thinking);
	while (json_next(&it, &m, &e)) {
		judge(f, m.value, &b);
		if (b.fate == FATE_DROP)
			continue;
		buf_add(f->out, f->out->n > start ? STR(",") : STR(""));
		put_block(f, m.value, &b);
	}
	if (f->out->n == start)
		buf_add(f->out, STR("{\"type\":\"text\",\"text\":" OUTLINE_NO_CONTENT "}"));
	buf_add_char(f->out, ']');
	f->dropped += has.dropped;
	return true;
}

/* Copies the body up to each such content, and goes on behind it. */
static bool fit_messages(struct fitting *f, struct str body, struct str messages)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	struct buf *out = f->out, fitted;
	const char *from = body.p;

	if (!json_iter_init_array(&it, messages, &e))
		return false;
	buf_init(&fitted, SIZE_MAX);
	f->out = &fitted;
	while (json_next(&it, &m, &e)) {
		if (!holds(m.value, STR("thinking\"")) &&
			!(f->rules->wanted && holds(m.value, STR("tool_use\""))))
			continue;
		struct str content = json_get(m.value, STR("content"));
		buf_clear(&fitted);
		if (content.p == NULL || !fit_content(f, content))
			continue;
		buf_add(out, (struct str){ from, (size_t)(content.p - from) });
		buf_add(out, buf_str(&fitted));
		from = content.p + content.n;
	}
	buf_release(&fitted);
	if (from == body.p)
		return false;
	buf_add(out, (struct str){ from, body.n - (size_t)(from - body.p) });
	return true;
}

bool thinking_fit(
	struct str body, const struct thinking_rules *r, struct buf *out, size_t *ret_dropped)
{
	struct fitting f = { .rules = r, .origin = native_origin(r->model), .out = out };
	const struct str sign = r->rerouted || r->drop_all ? STR("thinking\"") : STR(NATIVE_PREFIX);
	struct str messages;

	*ret_dropped = 0;
	if (body.n == 0 || (!r->wanted && !holds(body, sign)))
		return false;
	messages = json_get(body, STR("messages"));
	if (messages.p == NULL)
		return false;
	f.arena = arena_new_small();
	bool changed = fit_messages(&f, body, messages);
	arena_free(f.arena);
	*ret_dropped = f.dropped;
	return changed;
}

void thinking_chain_rules(struct chain_rules *to, const struct thinking_rules *r)
{
	to->origin = native_origin(r->model);
	to->rerouted = r->rerouted;
	to->drops_thinking = r->drop_all;
	to->takes_unsigned = r->wanted;
}

/* ---- switches ---- */

bool thinking_blocks_switch(const struct outline_facts *f)
{
	return f->answers_tools && (f->thinking_last || (f->thinking_manual && f->thinking_loop));
}
