/* SPDX-License-Identifier: MIT */
/* Folding by ranges of code points: Latin and Cyrillic letters become small, yo becomes ye, quotes become straight. */
#include "text/fold.h"

#include <string.h>

struct folder {
	struct fold *f;
	size_t word_at; /* where the word that is being read begins; 0: none is */
	bool begins;    /* the next word begins a sentence */
	bool line;      /* nothing but space on this line yet */
};

static uint32_t lower(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
		(c >= 0x410 && c <= 0x42F))
		return c + 0x20;
	if (c == 0x401 || c == 0x451) /* yo */
		return 0x435;
	if (c == 0x2019 || c == 0x2018 || c == '`')
		return '\'';
	if (c == 0xA0 || c == 0x2009 || c == '\t' || c == '\r')
		return ' ';
	return c == 0x2014 || c == 0x2013 ? '-' : c;
}

static bool is_known_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0xFF && c != 0xF7) ||
	       (c >= 0x430 && c <= 0x44F);
}

/* Letters of other scripts, ideographs among them. */
static bool is_foreign_letter(uint32_t c)
{
	return (c >= 0x100 && c < 0x2000 && !is_known_letter(c)) || (c >= 0x3040 && c < 0xE000) ||
	       (c >= 0xF900 && c < 0xFE00) || (c >= 0x20000 && c < 0x40000);
}

static bool is_word(uint32_t c)
{
	return is_known_letter(c) || is_foreign_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

/* The character at `at`, which is moved behind it. */
static uint32_t next_point(struct str s, size_t *at)
{
	const unsigned char *p = (const unsigned char *)s.p + *at;
	size_t left = s.n - *at;

	if (p[0] < 0xC0 || left < 2) {
		*at += 1;
		return p[0] < 0x80 ? p[0] : ' ';
	}
	if (p[0] < 0xE0) {
		*at += 2;
		return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
	}
	if (p[0] < 0xF0 && left >= 3) {
		*at += 3;
		return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
	}
	*at += left < 4 ? left : 4;
	return left < 4 ? ' '
			: (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 |
				  (p[3] & 0x3Fu);
}

static void put(struct fold *f, uint32_t c)
{
	if (c < 0x80) {
		f->text[f->n++] = (char)c;
	} else if (c < 0x800) {
		f->text[f->n++] = (char)(0xC0 | c >> 6);
		f->text[f->n++] = (char)(0x80 | (c & 0x3F));
	} else if (c < 0x10000) {
		f->text[f->n++] = (char)(0xE0 | c >> 12);
		f->text[f->n++] = (char)(0x80 | (c >> 6 & 0x3F));
		f->text[f->n++] = (char)(0x80 | (c & 0x3F));
	} else {
		f->text[f->n++] = (char)(0xF0 | c >> 18);
		f->text[f->n++] = (char)(0x80 | (c >> 12 & 0x3F));
		f->text[f->n++] = (char)(0x80 | (c >> 6 & 0x3F));
		f->text[f->n++] = (char)(0x80 | (c & 0x3F));
	}
}

/* ---- stems ---- */

/* Longest first; what is left must have `keep` bytes. */
static const struct ending {
	struct str text;
	size_t keep;
} endings[] = {
	{ STR_INIT("ations"), 3 },
	{ STR_INIT("ation"), 3 },
	{ STR_INIT("ings"), 3 },
	{ STR_INIT("ing"), 3 },
	{ STR_INIT("ers"), 4 },
	{ STR_INIT("ies"), 3 },
	{ STR_INIT("ied"), 3 },
	{ STR_INIT("ed"), 3 },
	{ STR_INIT("es"), 3 },
	{ STR_INIT("er"), 4 },
	{ STR_INIT("ly"), 3 },
	{ STR_INIT("s"), 3 },
	{ STR_INIT("e"), 3 },
	{ STR_INIT("y"), 3 },
	{ STR_INIT("иями"), 6 },
	{ STR_INIT("ого"), 6 },
	{ STR_INIT("ому"), 6 },
	{ STR_INIT("ыми"), 6 },
	{ STR_INIT("ими"), 6 },
	{ STR_INIT("ать"), 6 },
	{ STR_INIT("ить"), 6 },
	{ STR_INIT("еть"), 6 },
	{ STR_INIT("ует"), 6 },
	{ STR_INIT("ами"), 6 },
	{ STR_INIT("ями"), 6 },
	{ STR_INIT("ите"), 6 },
	{ STR_INIT("ает"), 6 },
	{ STR_INIT("ают"), 6 },
	{ STR_INIT("уй"), 6 },
	{ STR_INIT("ай"), 6 },
	{ STR_INIT("ия"), 6 },
	{ STR_INIT("ии"), 6 },
	{ STR_INIT("ию"), 6 },
	{ STR_INIT("ий"), 6 },
	{ STR_INIT("ый"), 6 },
	{ STR_INIT("ой"), 6 },
	{ STR_INIT("ая"), 6 },
	{ STR_INIT("ую"), 6 },
	{ STR_INIT("ое"), 6 },
	{ STR_INIT("ые"), 6 },
	{ STR_INIT("ов"), 6 },
	{ STR_INIT("ев"), 6 },
	{ STR_INIT("ом"), 6 },
	{ STR_INIT("ем"), 6 },
	{ STR_INIT("ах"), 6 },
	{ STR_INIT("ях"), 6 },
	{ STR_INIT("ам"), 6 },
	{ STR_INIT("ям"), 6 },
	{ STR_INIT("ет"), 6 },
	{ STR_INIT("ит"), 6 },
	{ STR_INIT("ют"), 6 },
	{ STR_INIT("а"), 6 },
	{ STR_INIT("я"), 6 },
	{ STR_INIT("у"), 6 },
	{ STR_INIT("ю"), 6 },
	{ STR_INIT("ы"), 6 },
	{ STR_INIT("и"), 6 },
	{ STR_INIT("е"), 6 },
	{ STR_INIT("о"), 6 },
	{ STR_INIT("ь"), 6 },
	{ STR_INIT("й"), 6 },
};

size_t fold_stem(struct str word)
{
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		const struct ending *e = &endings[i];
		/* The last byte alone tells most of them apart. */
		if (word.n >= e->text.n + e->keep &&
			word.p[word.n - 1] == e->text.p[e->text.n - 1] && str_ends(word, e->text))
			return word.n - e->text.n;
	}
	return word.n;
}

/* ---- words ---- */

static void end_word(struct folder *d)
{
	struct fold *f = d->f;
	size_t at = d->word_at, n = f->n - at;

	d->word_at = 0;
	if (at == 0 || f->nwords == FOLD_WORDS)
		return;
	f->word[f->nwords++] =
		(struct fold_word){ .at = (uint16_t)at, .n = (uint16_t)n, .begins = d->begins };
	f->sentences += d->begins;
	d->begins = false;
}

static void put_space(struct folder *d)
{
	if (d->f->text[d->f->n - 1] != ' ')
		put(d->f, ' ');
}

static void take_mark(struct folder *d, uint32_t c, bool space_follows)
{
	struct fold *f = d->f;

	f->commas += c == ',' || c == ';';
	f->questions += c == '?' && f->text[f->n - 1] != '?';
	f->items += d->line && (c == '-' || c == '*' || c == 0x2022) && space_follows;
	d->line = false;
	if (space_follows && (c == '.' || c == '!' || c == '?' || c == ';' || c == ':'))
		d->begins = true;
	if (c < 0x2000)
		put(f, c);
	else
		put_space(d);
}

static void take(struct folder *d, uint32_t c, bool space_follows)
{
	struct fold *f = d->f;

	if (is_word(c)) {
		if (d->word_at == 0)
			d->word_at = f->n;
		/* "1." and "2)" number the items of a list. */
		f->items += d->line && c >= '1' && c <= '9';
		d->line = false;
		f->letters += is_known_letter(c);
		f->foreign += is_foreign_letter(c);
		put(f, c);
		return;
	}
	/* Within a word: what's, multi-tenant. */
	if (d->word_at != 0 && (c == '\'' || c == '-') && !space_follows) {
		put(f, c);
		return;
	}
	end_word(d);
	if (c == ' ' || c == '\n') {
		put_space(d);
		d->begins |= c == '\n';
		d->line |= c == '\n';
		return;
	}
	take_mark(d, c, space_follows);
}

static void take_piece(struct folder *d, struct str s, size_t room)
{
	size_t at = 0;

	/* The longest character in its folded form, and the space at the end. */
	while (at < s.n && d->f->n + 5 < room) {
		uint32_t c = lower(next_point(s, &at));
		bool space_follows = at == s.n || s.p[at] == ' ' || s.p[at] == '\n';
		take(d, c, space_follows);
	}
	end_word(d);
	put_space(d);
}

/* The last n bytes, from a whole character on. */
static struct str tail_of(struct str s, size_t n)
{
	struct str tail = str_from_offset(s, s.n - n);

	while (tail.n > 0 && ((unsigned char)tail.p[0] & 0xC0) == 0x80)
		tail = str_from_offset(tail, 1);
	return tail;
}

void fold_text(struct str text, struct fold *ret)
{
	struct folder d = { .f = ret, .begins = true, .line = true };
	struct str s = str_trim(text);

	memset(ret, 0, offsetof(struct fold, text));
	put(ret, ' ');
	if (s.n <= FOLD_HEAD_BYTES + FOLD_TAIL_BYTES) {
		take_piece(&d, s, FOLD_BYTES);
		return;
	}
	take_piece(&d, s, FOLD_HEAD_BYTES);
	d.begins = true;
	take_piece(&d, tail_of(s, FOLD_TAIL_BYTES), FOLD_BYTES);
}
