/* SPDX-License-Identifier: MIT */
/* Three passes over one buffer, each in place: escapes are undone, elements of clients leave, pasted lines leave. */
#include "text/words.h"

#include "text/paste.h"

#include <string.h>

enum { ELEMENTS_MAX = 64, LOST_MAX = 8, NAME_MAX_BYTES = 40, CUT_SEARCH = 64 };

/* ---- escapes ---- */

struct decoder {
	struct str in;
	size_t at;
	char *out; /* never longer than what was read */
	size_t n;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* The four digits of \uXXXX at `at`; -1 when there are none. */
static int32_t hex_unit(struct str s, size_t at)
{
	int32_t v = 0;

	if (s.n < 4 || at > s.n - 4)
		return -1;
	for (size_t i = at; i < at + 4; i++) {
		int d = hex_digit(s.p[i]);
		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

static void put_point(struct decoder *d, uint32_t c)
{
	if (c < 0x80) {
		d->out[d->n++] = (char)(c < 0x20 && c != '\n' && c != '\t' ? ' ' : c);
	} else if (c < 0x800) {
		d->out[d->n++] = (char)(0xC0 | c >> 6);
		d->out[d->n++] = (char)(0x80 | (c & 0x3F));
	} else if (c < 0x10000) {
		d->out[d->n++] = (char)(0xE0 | c >> 12);
		d->out[d->n++] = (char)(0x80 | (c >> 6 & 0x3F));
		d->out[d->n++] = (char)(0x80 | (c & 0x3F));
	} else {
		d->out[d->n++] = (char)(0xF0 | c >> 18);
		d->out[d->n++] = (char)(0x80 | (c >> 12 & 0x3F));
		d->out[d->n++] = (char)(0x80 | (c >> 6 & 0x3F));
		d->out[d->n++] = (char)(0x80 | (c & 0x3F));
	}
}

/* Behind "\u". */
static void take_unit(struct decoder *d)
{
	int32_t v = hex_unit(d->in, d->at), low;

	if (v < 0) {
		put_point(d, ' ');
		return;
	}
	d->at += 4;
	if (v >= 0xD800 && v < 0xDC00 && d->in.n - d->at >= 6 && d->in.p[d->at] == '\\' &&
		d->in.p[d->at + 1] == 'u') {
		low = hex_unit(d->in, d->at + 2);
		if (low >= 0xDC00 && low < 0xE000) {
			d->at += 6;
			put_point(d, 0x10000 + ((uint32_t)(v - 0xD800) << 10) +
					     (uint32_t)(low - 0xDC00));
			return;
		}
	}
	put_point(d, v >= 0xD800 && v < 0xE000 ? ' ' : (uint32_t)v);
}

static void take_escape(struct decoder *d)
{
	char c = d->at < d->in.n ? d->in.p[d->at] : '\0';

	d->at += d->at < d->in.n;
	switch (c) {
	case 'n':
		put_point(d, '\n');
		break;
	case 't':
		put_point(d, '\t');
		break;
	case 'r':
	case 'b':
	case 'f':
	case '\0':
		put_point(d, ' ');
		break;
	case 'u':
		take_unit(d);
		break;
	default:
		d->at--;
		if (c == '"' || c == '\\' || c == '/') {
			put_point(d, (unsigned char)c);
			d->at++;
		}
	}
}

/* Length of the well-formed character at `at` (RFC 3629); 0 when there is none. */
static size_t character_length(struct str s, size_t at)
{
	const unsigned char *p = (const unsigned char *)s.p + at;
	size_t left = s.n - at;
	size_t n = p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] >= 0xA0) ||
		(p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] >= 0x90))
		return 0;
	return n;
}

/* A character that stands there as it is. */
static void take_raw(struct decoder *d)
{
	size_t n = character_length(d->in, d->at);

	if (n == 0) {
		put_point(d, ' ');
		d->at++;
		return;
	}
	memcpy(d->out + d->n, d->in.p + d->at, n);
	d->n += n;
	d->at += n;
}

static size_t decode(struct str in, char *out)
{
	struct decoder d = { .in = in, .out = out };

	while (d.at < in.n) {
		unsigned char c = (unsigned char)in.p[d.at];
		/* Most of it: what stands for itself. */
		for (; c >= ' ' && c < 0x80 && c != '\\'; c = (unsigned char)in.p[d.at]) {
			out[d.n++] = (char)c;
			if (++d.at == in.n)
				return d.n;
		}
		if (c == '\\') {
			d.at++;
			take_escape(&d);
		} else if (c < 0x80) {
			put_point(&d, c);
			d.at++;
		} else {
			take_raw(&d);
		}
	}
	return d.n;
}

/* ---- elements ---- */

/* Whose content is the user's own: only their tags leave. */
static const struct str kept[] = { STR_INIT("user_query"), STR_INIT("user-query"),
	STR_INIT("user_request"), STR_INIT("user_message"), STR_INIT("user_input"),
	STR_INIT("command-args"), STR_INIT("task"), STR_INIT("question"), STR_INIT("prompt"),
	STR_INIT("request") };
/* Whose content somebody has put in, though they are named like words. */
static const struct str dropped[] = { STR_INIT("context"), STR_INIT("attachments"),
	STR_INIT("attachment"), STR_INIT("file"), STR_INIT("files"), STR_INIT("document"),
	STR_INIT("documents"), STR_INIT("selection"), STR_INIT("environment"), STR_INIT("stdout"),
	STR_INIT("stderr"), STR_INIT("instructions"), STR_INIT("INSTRUCTIONS"),
	STR_INIT("diagnostics"), STR_INIT("workspace"), STR_INIT("reminder") };

static bool is_one_of(struct str name, const struct str *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

enum element { ELEMENT_NONE, ELEMENT_KEPT, ELEMENT_DROPPED };

/* Names with a hyphen or an underscore are those of clients, and those of web components in pasted code. */
static enum element element_kind(struct str name)
{
	if (is_one_of(name, kept, ARRAY_LEN(kept)))
		return ELEMENT_KEPT;
	if (is_one_of(name, dropped, ARRAY_LEN(dropped)) || str_find_char(name, '-') < name.n ||
		str_find_char(name, '_') < name.n)
		return ELEMENT_DROPPED;
	return ELEMENT_NONE;
}

/* The name in a tag whose '<' or '</' ends before `at`. */
static struct str name_at(struct str s, size_t at)
{
	size_t end = at;

	while (end < s.n && end - at < NAME_MAX_BYTES &&
		(((s.p[end] | 0x20) >= 'a' && (s.p[end] | 0x20) <= 'z') || s.p[end] == '-' ||
			s.p[end] == '_' || (end > at && s.p[end] >= '0' && s.p[end] <= '9')))
		end++;
	bool ends = end < s.n && (s.p[end] == '>' || s.p[end] == ' ' || s.p[end] == '\n');
	return ends ? (struct str){ s.p + at, end - at } : (struct str){ NULL, 0 };
}

/* One piece of a prompt, without its elements from `to` on. */
struct stripper {
	struct str s;
	size_t at, to;
	bool open_end, open_begin; /* the piece was cut there */
	unsigned elements, lost;   /* seen, and those without an end */
};

static void strip_copy(struct stripper *t, size_t n)
{
	/* The buffer is the reader's own. */
	memmove((char *)(uintptr_t)t->s.p + t->to, t->s.p + t->at, n);
	t->to += n;
	t->at += n;
}

/* Offset behind the tag of that name that closes at or after `from`; 0 without one. */
static size_t closing_end(struct stripper *t, size_t from, struct str name)
{
	char tag[NAME_MAX_BYTES + 4] = "</";
	struct str rest = str_from_offset(t->s, from);

	memcpy(tag + 2, name.p, name.n);
	tag[2 + name.n] = '>';
	size_t at = str_find(rest, (struct str){ tag, name.n + 3 });
	return at < rest.n ? from + at + name.n + 3 : 0;
}

/* At a '<'. */
static void strip_tag(struct stripper *t)
{
	if (t->elements == ELEMENTS_MAX || t->lost == LOST_MAX) {
		strip_copy(t, 1);
		return;
	}
	bool closing = t->at + 1 < t->s.n && t->s.p[t->at + 1] == '/';
	struct str name = name_at(t->s, t->at + (closing ? 2 : 1));
	enum element kind = name.n > 0 ? element_kind(name) : ELEMENT_NONE;
	size_t end;

	if (kind == ELEMENT_NONE) {
		strip_copy(t, 1);
		return;
	}
	t->elements++;
	size_t tag = str_find_char(str_from_offset(t->s, t->at), '>');
	size_t behind = t->at + tag < t->s.n ? t->at + tag + 1 : t->s.n;
	if (closing && kind == ELEMENT_DROPPED && t->open_begin && t->elements == 1)
		t->to = 0; /* it began before the piece does */
	if (closing || kind == ELEMENT_KEPT) {
		t->at = behind;
		return;
	}
	end = closing_end(t, behind, name);
	t->lost += end == 0;
	t->at = end > 0 ? end : t->open_end ? t->s.n : behind;
}

static size_t strip(struct stripper *t, unsigned *injected)
{
	while (t->at < t->s.n) {
		struct str rest = str_from_offset(t->s, t->at);
		strip_copy(t, str_find_char(rest, '<'));
		if (t->at < t->s.n)
			strip_tag(t);
	}
	*injected += t->elements;
	return t->to;
}

/* ---- all of it ---- */

/* Where the last piece begins: not inside an escape, which no space is. */
static size_t tail_begin(struct str s)
{
	size_t at = s.n - WORDS_PIECE_BYTES;

	for (size_t i = at; i < at + CUT_SEARCH; i++)
		if (s.p[i] == ' ')
			return i;
	return at;
}

void words_of(struct str escaped, struct arena *a, struct prompt_words *ret)
{
	bool cut = escaped.n > (size_t)2 * WORDS_PIECE_BYTES;
	struct str head = { escaped.p, cut ? WORDS_PIECE_BYTES : escaped.n };
	struct str tail = cut ? str_from_offset(escaped, tail_begin(escaped)) : STR("");
	char *p = arena_alloc(a, head.n + tail.n + 2);

	*ret = (struct prompt_words){ .bytes = escaped.n };
	size_t n = decode(head, p);
	n = strip(&(struct stripper){ .s = { p, n }, .open_end = cut }, &ret->injected);
	if (cut) {
		p[n++] = '\n';
		size_t m = decode(tail, p + n);
		n += strip(&(struct stripper){ .s = { p + n, m }, .open_begin = true },
			&ret->injected);
	}
	ret->text = (struct str){ p, paste_strip(p, n, ret) };
}
