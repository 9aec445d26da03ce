/* SPDX-License-Identifier: MIT */
/* Texts are read as they stand between quotes, their escapes resolved on the way: some clients write "<" as "\u003c". */
#include "llm/tag.h"

#include "wire/json_text.h"

enum { NAME_MAX_BYTES = 512 };

struct walk {
	struct str body;
	struct tags *t;
	struct str said[2]; /* in what was said, in the system prompt */
};

/* Three times as quick as str_find(), which matters here: every prompt is looked through. By a letter that is rare. */
bool tag_may_be_in(struct str json, size_t near)
{
	static const struct str word = STR_INIT(TAG_WORD);
	enum { BEFORE = sizeof("CCR-SUBA") - 1 };
	size_t at = BEFORE, n = json.n < near ? json.n : near;

	for (; at < n; at++) {
		at += str_find_char((struct str){ json.p + at, n - at }, word.p[BEFORE]);
		if (n - at + BEFORE >= word.n &&
			str_starts(str_from_offset(json, at - BEFORE), word))
			return true;
	}
	return false;
}

/* ---- text ---- */

static unsigned hex_of(struct str digits)
{
	unsigned v = 0;

	for (size_t i = 0; i < digits.n; i++) {
		unsigned c = (unsigned char)digits.p[i], low = c | 0x20;
		if (!(c >= '0' && c <= '9') && !(low >= 'a' && low <= 'f'))
			return 0;
		v = v << 4 | (c <= '9' ? c - '0' : low - 'a' + 10);
	}
	return v;
}

/* The next character, or byte of one; 0 for what is none, and at the end. */
static unsigned take_char(struct str s, size_t *at)
{
	static const struct str letters = STR_INIT("nrt"), meanings = STR_INIT("\n\r\t");

	if (*at >= s.n)
		return 0;
	char c = s.p[(*at)++];
	if (c != '\\' || *at >= s.n)
		return (unsigned char)c;
	c = s.p[(*at)++];
	if (c == 'u') {
		struct str digits = { s.p + *at, s.n - *at < 4 ? s.n - *at : 4 };
		*at += digits.n;
		return digits.n == 4 ? hex_of(digits) : 0;
	}
	size_t letter = str_find_char(letters, c);
	return letter < letters.n ? (unsigned char)meanings.p[letter] : (unsigned char)c;
}

static bool take_word(struct str s, size_t *at, struct str word)
{
	size_t p = *at;

	for (size_t i = 0; i < word.n; i++)
		if (take_char(s, &p) != (unsigned char)word.p[i])
			return false;
	*at = p;
	return true;
}

static bool take_tag(struct str s, size_t *at, struct str *ret_name)
{
	size_t p = *at, from, end;

	if (!take_word(s, &p, STR("<" TAG_WORD ">")))
		return false;
	from = end = p;
	while (!take_word(s, &p, STR("</" TAG_WORD ">"))) {
		unsigned c = take_char(s, &p);
		if (c == 0 || c == '<' || p - from > NAME_MAX_BYTES)
			return false;
		end = p;
	}
	*ret_name = (struct str){ s.p + from, end - from };
	*at = p;
	return true;
}

static bool is_white(unsigned c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void cut(struct walk *w, const char *from, const char *to)
{
	struct tags *t = w->t;

	if (t->n < TAG_CUTS_MAX)
		t->cuts[t->n++] = (struct json_splice){ (size_t)(from - w->body.p),
			(size_t)(to - from), STR("") };
}

/* One text, between its quotes. True: nothing is left of it. */
static bool look_at_text(struct walk *w, struct str text, bool system)
{
	struct str near = { text.p, text.n < TAG_NEAR_BYTES ? text.n : TAG_NEAR_BYTES }, name;
	unsigned before = '\n';
	bool reminder = false, left = near.n < text.n, any = false;

	if (!tag_may_be_in(near, near.n))
		return false;
	for (size_t at = 0, from = 0; at < near.n; from = at) {
		bool may = before == '\n' || (system && is_white(before));
		if (!reminder && may && take_tag(near, &at, &name)) {
			cut(w, near.p + from, near.p + at);
			if (w->said[system].n == 0)
				w->said[system] = name;
			any = true;
			continue;
		}
		if (take_word(near, &at, STR("<system-reminder>"))) {
			reminder = left = true;
		} else if (take_word(near, &at, STR("</system-reminder>"))) {
			reminder = false;
			before = '\n'; /* what follows is a text of its own */
		} else {
			unsigned c = take_char(near, &at);
			left |= !is_white(c);
			before = before == '\n' && is_white(c) ? before : c;
		}
	}
	return any && !left;
}

/* ---- what texts stand in ---- */

static bool look_at_block(struct walk *w, struct str object, bool system)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	bool gone = false;

	if (!json_iter_init(&it, object, &e))
		return false;
	while (json_next(&it, &m, &e))
		if (json_key_is(m.key, STR("text")) && json_is_string(m.value))
			gone |= look_at_text(w, json_inner(m.value), system);
	return gone;
}

/* Blocks of empty text are refused by providers: they leave, with the comma on one side of them. */
static void look_at_blocks(struct walk *w, struct str list, bool system)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	const char *gone = NULL, *end = NULL; /* a block that leaves, with the comma behind it */
	bool kept = false;

	if (!json_iter_init_array(&it, list, &e))
		return;
	while (json_next(&it, &m, &e)) {
		if (gone != NULL)
			cut(w, gone, m.value.p);
		gone = NULL;
		size_t n = w->t->n;
		bool leaves = m.value.p[0] == '{' && look_at_block(w, m.value, system);
		if (leaves) {
			w->t->n = n;
			if (kept)
				cut(w, end, m.value.p + m.value.n);
			else
				gone = m.value.p;
		}
		kept |= !leaves;
		end = m.value.p + m.value.n;
	}
	if (gone != NULL)
		cut(w, gone, end);
}

/* A string, a list of blocks, or what Gemini has for a system prompt. */
static void look_at(struct walk *w, struct str value, bool system)
{
	struct str parts = json_get(value, STR("parts"));

	if (json_is_string(value))
		look_at_text(w, json_inner(value), system);
	else
		look_at_blocks(w, parts.p != NULL ? parts : value, system);
}

static bool is_one_of(struct str value, const char *const *words)
{
	struct str inner = json_inner(value);

	for (; inner.p != NULL && *words != NULL; words++)
		if (str_eq(inner, str_from(*words)))
			return true;
	return false;
}

/* Up to the first answer. */
static void look_at_messages(struct walk *w, struct str list)
{
	static const char *const model[] = { "assistant", "model", NULL }, *const system[] = {
		"system", "developer", NULL
	};
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_iter_init_array(&it, list, &e))
		return;
	while (json_next(&it, &m, &e)) {
		struct str role = json_get(m.value, STR("role")),
			   content = json_get(m.value, STR("content"));
		if (content.p == NULL)
			content = json_get(m.value, STR("parts"));
		/* What has neither is something that the model did. */
		if (is_one_of(role, model) || content.p == NULL)
			return;
		look_at(w, content, is_one_of(role, system));
	}
}

enum tag_place tag_place_of(struct str key)
{
	static const struct {
		struct str key;
		enum tag_place place;
	} rows[] = {
		{ STR_INIT("messages"), TAG_SAID },
		{ STR_INIT("input"), TAG_SAID },
		{ STR_INIT("contents"), TAG_SAID },
		{ STR_INIT("system"), TAG_SYSTEM },
		{ STR_INIT("instructions"), TAG_SYSTEM },
		{ STR_INIT("systemInstruction"), TAG_SYSTEM },
		{ STR_INIT("system_instruction"), TAG_SYSTEM },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (json_key_is(key, rows[i].key))
			return rows[i].place;
	return TAG_NOWHERE;
}

bool tags_find(struct tags *ret, struct str body)
{
	struct walk w = { .body = body, .t = ret };
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	*ret = (struct tags){ .n = 0 };
	if (!json_iter_init(&it, body, &e))
		return false;
	while (json_next(&it, &m, &e)) {
		enum tag_place place = tag_place_of(m.key);
		if (place == TAG_SYSTEM || (place == TAG_SAID && json_is_string(m.value)))
			look_at(&w, m.value, place == TAG_SYSTEM);
		else if (place == TAG_SAID)
			look_at_messages(&w, m.value);
	}
	ret->name = w.said[true].n > 0 ? w.said[true] : w.said[false];
	return e.kind == ERR_NONE && ret->n > 0;
}
