/* SPDX-License-Identifier: MIT */
/* JSON that moves between documents. Values are copied run by run: strings as they stand, white space around tokens left out. */
#include "wire/json_text.h"

#include <string.h>

struct str json_inner(struct str value)
{
	if (!json_is_string(value))
		return (struct str){ NULL, 0 };
	return (struct str){ value.p + 1, value.n - 2 };
}

struct str json_escape(struct str text, struct arena *a)
{
	struct buf out;
	struct str ret = text;

	buf_init(&out, SIZE_MAX / 2);
	json_add_escaped(&out, text);
	if (!str_eq(buf_str(&out), text))
		ret = arena_dup(a, buf_str(&out));
	buf_release(&out);
	return ret;
}

/* Whether one of the eight bytes at p is a quote, a backslash or below 0x20. A byte below k borrows in x - k: its top bit tells, at least for
 * the lowest such byte. */
static bool eight_special(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x, quote, slash;

	memcpy(&x, p, sizeof(x));
	quote = x ^ ones * '"';
	slash = x ^ ones * '\\';
	return ((((x - ones * 0x20) & ~x) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) &
		       ones * 0x80) != 0;
}

/* Offset of the first quote, backslash or control character at or after `at`; s.n when there is none. */
static size_t plain_end(struct str s, size_t at)
{
	while (s.n - at >= 8 && !eight_special(s.p + at))
		at += 8;
	while (at < s.n && (unsigned char)s.p[at] >= 0x20 && s.p[at] != '"' && s.p[at] != '\\')
		at++;
	return at;
}

static bool eight_to_mend(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x, slash;

	memcpy(&x, p, sizeof(x));
	slash = x ^ ones * '\\';
	return ((((x - ones * 0x20) & ~x) | ((slash - ones) & ~slash)) & ones * 0x80) != 0;
}

/* Offset of the first control character or backslash at or after `at`; s.n when there is none. */
static size_t to_mend_at(struct str s, size_t at)
{
	while (s.n - at >= 8 && !eight_to_mend(s.p + at))
		at += 8;
	while (at < s.n && (unsigned char)s.p[at] >= 0x20 && s.p[at] != '\\')
		at++;
	return at;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Length of the escape that the backslash at `at` begins; 0 when it begins none. */
static size_t escape_length(struct str s, size_t at)
{
	char kind = at + 1 < s.n ? s.p[at + 1] : '\0';

	if (kind == '\0' || memchr("\"\\/bfnrtu", kind, 9) == NULL)
		return 0;
	for (size_t i = at + 2; kind == 'u' && i < at + 6; i++)
		if (i >= s.n || !is_hex(s.p[i]))
			return 0;
	return kind == 'u' ? 6 : 2;
}

/* A copy that is made in as few runs as may be. */
struct copy {
	struct buf *out;
	struct str s;
	size_t from; /* what has been read and not been copied begins here */
	bool escape; /* as text between quotes */
};

/* Copies what comes before `at`, and goes on with what comes at `next`. */
static void copy_to(struct copy *c, size_t at, size_t next)
{
	if (at > c->from)
		buf_add(c->out, (struct str){ c->s.p + c->from, at - c->from });
	c->from = next;
}

/* A quote or a backslash. */
static void copy_special(struct copy *c, size_t at)
{
	if (!c->escape)
		return;
	copy_to(c, at, at);
	buf_add_char(c->out, '\\');
}

static void copy_control(struct copy *c, size_t at)
{
	copy_to(c, at, at + 1);
	buf_addf(c->out, c->escape ? "\\\\u%04x" : "\\u%04x", (unsigned char)c->s.p[at]);
}

/* From behind an opening quote to behind the closing one, or the end of the text. */
static size_t copy_string(struct copy *c, size_t at)
{
	while ((at = plain_end(c->s, at)) < c->s.n) {
		char x = c->s.p[at];
		if ((unsigned char)x < 0x20) {
			copy_control(c, at++);
			continue;
		}
		copy_special(c, at++);
		if (x == '"')
			return at;
		/* What a backslash escapes ends nothing. */
		if (at < c->s.n && (c->s.p[at] == '"' || c->s.p[at] == '\\'))
			copy_special(c, at++);
	}
	return at;
}

static void copy_value(struct copy *c)
{
	for (size_t at = 0; at < c->s.n;) {
		unsigned char x = (unsigned char)c->s.p[at];
		if (x > '"' || x == '!') {
			at++;
		} else if (x == '"') {
			copy_special(c, at);
			at = copy_string(c, at + 1);
		} else {
			copy_to(c, at, at + 1);
			at++;
		}
	}
	copy_to(c, c->s.n, c->s.n);
}

void json_add_inner(struct buf *out, struct str escaped)
{
	struct copy c = { .out = out, .s = escaped };
	size_t at = 0, n;

	while ((at = to_mend_at(escaped, at)) < escaped.n) {
		if (escaped.p[at] != '\\') {
			copy_control(&c, at++);
			continue;
		}
		n = escape_length(escaped, at);
		if (n == 0) {
			copy_to(&c, at, at);
			buf_add_char(out, '\\');
		}
		at += n > 0 ? n : 1;
	}
	copy_to(&c, escaped.n, escaped.n);
}

void json_add_quoted(struct buf *out, struct str escaped)
{
	if (escaped.n > SIZE_MAX - 2 || !buf_reserve(out, escaped.n + 2))
		return;
	buf_add_char(out, '"');
	json_add_inner(out, escaped);
	buf_add_char(out, '"');
}

void json_add_compact(struct buf *out, struct str raw)
{
	copy_value(&(struct copy){ .out = out, .s = raw });
}

void json_add_compact_escaped(struct buf *out, struct str raw)
{
	copy_value(&(struct copy){ .out = out, .s = raw, .escape = true });
}

bool json_is_null(struct str value)
{
	return str_eq(value, STR("null"));
}

bool json_is_string(struct str value)
{
	return value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"';
}

/* A strict walk over one value. */
struct check {
	struct str s;
	size_t at;
	unsigned depth;
	bool brace[JSON_DEPTH_MAX]; /* which brackets are open */
};

static char peek(const struct check *c)
{
	return c->at < c->s.n ? c->s.p[c->at] : '\0';
}

static void skip_space(struct check *c)
{
	while (peek(c) == ' ' || peek(c) == '\n' || peek(c) == '\r' || peek(c) == '\t')
		c->at++;
}

static bool take(struct check *c, char want)
{
	if (peek(c) != want || c->at == c->s.n)
		return false;
	c->at++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool take_digits(struct check *c)
{
	size_t from = c->at;

	while (is_digit(peek(c)))
		c->at++;
	return c->at > from;
}

static bool take_number(struct check *c)
{
	(void)take(c, '-');
	if (!take(c, '0') && !take_digits(c))
		return false;
	if (take(c, '.') && !take_digits(c))
		return false;
	if (!take(c, 'e') && !take(c, 'E'))
		return true;
	if (!take(c, '+'))
		(void)take(c, '-');
	return take_digits(c);
}

static bool take_word(struct check *c, struct str word)
{
	if (!str_starts(str_from_offset(c->s, c->at), word))
		return false;
	c->at += word.n;
	return true;
}

static bool take_string(struct check *c)
{
	if (!take(c, '"'))
		return false;
	while ((c->at = plain_end(c->s, c->at)) < c->s.n) {
		if (take(c, '"'))
			return true;
		size_t n = peek(c) == '\\' ? escape_length(c->s, c->at) : 0;
		if (n == 0)
			return false;
		c->at += n;
	}
	return false;
}

static bool take_scalar(struct check *c)
{
	switch (peek(c)) {
	case '"':
		return take_string(c);
	case 't':
		return take_word(c, STR("true"));
	case 'f':
		return take_word(c, STR("false"));
	case 'n':
		return take_word(c, STR("null"));
	default:
		return take_number(c);
	}
}

/* In front of a value within brackets: of a member, its key. */
static bool take_key(struct check *c)
{
	skip_space(c);
	if (!c->brace[c->depth - 1])
		return true;
	if (!take_string(c))
		return false;
	skip_space(c);
	return take(c, ':');
}

/* An opening bracket; *ret_empty: the closing one too. */
static bool take_open(struct check *c, bool *ret_empty)
{
	bool brace = peek(c) == '{';

	if (c->depth == JSON_DEPTH_MAX)
		return false;
	c->at++;
	skip_space(c);
	*ret_empty = take(c, brace ? '}' : ']');
	if (*ret_empty)
		return true;
	c->brace[c->depth++] = brace;
	return take_key(c);
}

/* Behind a value: closing brackets, up to before the next value or the end of all. */
static bool take_closes(struct check *c)
{
	while (c->depth > 0) {
		skip_space(c);
		if (take(c, ','))
			return take_key(c);
		if (!take(c, c->brace[c->depth - 1] ? '}' : ']'))
			return false;
		c->depth--;
	}
	return true;
}

bool json_is_value(struct str raw)
{
	struct check c = { .s = raw };

	do {
		bool whole = true;
		skip_space(&c);
		if (peek(&c) == '{' || peek(&c) == '[') {
			if (!take_open(&c, &whole))
				return false;
		} else if (!take_scalar(&c)) {
			return false;
		}
		if (whole && !take_closes(&c))
			return false;
	} while (c.depth > 0);
	skip_space(&c);
	return c.at == raw.n;
}

bool json_is_object(struct str raw)
{
	struct str value = str_trim(raw);

	return value.n > 0 && value.p[0] == '{' && json_is_value(raw);
}
