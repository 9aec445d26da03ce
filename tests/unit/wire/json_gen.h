/* SPDX-License-Identifier: MIT */
/* Random JSON objects, the same for the same seed: keys in odd order and twice, numbers that fit no
 * type, lone surrogates, every escape, long strings, deep nesting, white space. All of it is valid,
 * but for the surrogates. */
#ifndef UNIT_WIRE_JSON_GEN_H
#define UNIT_WIRE_JSON_GEN_H

#include "base/buf.h"
#include "unit/wire/check.h"
#include "wire/json.h"

struct json_gen {
	uint64_t state;
	struct buf *out;
};

static inline size_t gen_below(struct json_gen *g, size_t n)
{
	return random_below(&g->state, n);
}

static inline void gen_one_of(struct json_gen *g, const char *const *words, size_t n)
{
	buf_add(g->out, str_from(words[gen_below(g, n)]));
}

static inline void gen_space(struct json_gen *g)
{
	if (gen_below(g, 4) != 0)
		return;
	for (size_t n = gen_below(g, 5); n > 0; n--)
		buf_add_char(g->out, " \t\r\n"[gen_below(g, 4)]);
}

/* One piece of a string's inside. */
static inline void gen_piece(struct json_gen *g)
{
	static const char *const escapes[] = { "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r",
		"\\t", "\\u0000", "\\u0041", "\\u00e9", "\\u20AC", "\\uFFFF", "\\ud83d\\ude00",
		"\\uD800\\uDFFF" };
	static const char *const lone[] = { "\\ud83d", "\\uDE00", "\\uD800", "\\udfff",
		"\\ud83d\\ud83d\\ude00", "\\ude00\\ud83d", "\\ud83d\\u0041" };
	/* In the last four, bytes differ from those that are searched for in their top bit only. */
	static const char *const raw[] = { "{", "}", "[", "]", ":", ",", "u", "ud83d", "'", " ",
		"/", "\x7F", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "model", "\xC2\xA2",
		"\xDC\xA2", "\xDB\x9D", "\xE4\xB8\xAD" };

	switch (gen_below(g, 8)) {
	case 0:
		gen_one_of(g, escapes, ARRAY_LEN(escapes));
		break;
	case 1:
		if (gen_below(g, 4) == 0)
			gen_one_of(g, lone, ARRAY_LEN(lone));
		break;
	case 2:
		for (size_t n = gen_below(g, 10); n > 0; n--)
			buf_add(g->out, STR("\\\\"));
		break;
	case 3:
		gen_one_of(g, raw, ARRAY_LEN(raw));
		break;
	default:
		for (size_t n = gen_below(g, 20); n > 0; n--)
			buf_add_char(g->out, (char)('a' + gen_below(g, 26)));
	}
}

static inline void gen_string(struct json_gen *g)
{
	size_t pieces = gen_below(g, 6);

	if (gen_below(g, 100) == 0)
		pieces = 1000;
	buf_add_char(g->out, '"');
	for (; pieces > 0; pieces--)
		gen_piece(g);
	buf_add_char(g->out, '"');
}

static inline void gen_key(struct json_gen *g)
{
	static const char *const keys[] = { "\"model\"", "\"model\"", "\"\\u006dodel\"",
		"\"mod\\u0065l\"", "\"Model\"", "\"models\"", "\"stream\"", "\"messages\"", "\"\"",
		"\"max_tokens\"", "\"x-\\/unknown\"", "\"\\ud83d\"", "\"\\ufffd\"",
		"\"\xEF\xBF\xBD\"" };

	if (gen_below(g, 3) == 0)
		gen_string(g);
	else
		gen_one_of(g, keys, ARRAY_LEN(keys));
}

static inline void gen_scalar(struct json_gen *g)
{
	static const char *const words[] = { "true", "false", "null", "0", "-0", "7", "1e400",
		"-1E-400", "0.1", "-12.50e+3", "18446744073709551615", "18446744073709551616",
		"1.0", "1E2", "-9223372036854775809", "123456789012345678901234567890.5" };

	gen_one_of(g, words, ARRAY_LEN(words));
}

/* Brackets of both kinds, `depth` of them inside each other. */
static inline void gen_nest(struct json_gen *g, size_t depth)
{
	char close[JSON_DEPTH_MAX];

	for (size_t i = 0; i < depth; i++) {
		bool brace = gen_below(g, 2) == 0;
		buf_add(g->out, brace ? STR("{\"k\":") : STR("[[],"));
		close[i] = brace ? '}' : ']';
	}
	gen_scalar(g);
	while (depth > 0)
		buf_add_char(g->out, close[--depth]);
}

static inline void gen_object(struct json_gen *g, unsigned depth);

static inline void gen_value(struct json_gen *g, unsigned depth)
{
	size_t kind = gen_below(g, depth > 0 ? 8 : 5);

	if (kind < 3)
		gen_string(g);
	else if (kind < 5)
		gen_scalar(g);
	else if (kind == 5 && gen_below(g, 8) == 0)
		gen_nest(g, 1 + gen_below(g, JSON_DEPTH_MAX - 16));
	else if (kind < 7)
		gen_object(g, depth - 1);
	else {
		buf_add_char(g->out, '[');
		for (size_t n = gen_below(g, 5), i = 0; i < n; i++) {
			buf_add(g->out, i > 0 ? STR(",") : STR(""));
			gen_space(g);
			gen_value(g, depth - 1);
			gen_space(g);
		}
		buf_add_char(g->out, ']');
	}
}

/* Appends one object with at most `depth` levels of values below it, not counting gen_nest()'s. */
static inline void gen_object(struct json_gen *g, unsigned depth)
{
	buf_add_char(g->out, '{');
	gen_space(g);
	for (size_t n = gen_below(g, 8), i = 0; i < n; i++) {
		buf_add(g->out, i > 0 ? STR(",") : STR(""));
		gen_space(g);
		gen_key(g);
		gen_space(g);
		buf_add_char(g->out, ':');
		gen_space(g);
		gen_value(g, depth);
		gen_space(g);
	}
	buf_add_char(g->out, '}');
}

#endif
