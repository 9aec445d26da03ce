/* SPDX-License-Identifier: MIT */
/* The walk over a text, and the table of weights. */
#include "sim/tokens.h"

struct weight {
	int64_t per_mille, block;
};

struct tokenizer_row {
	struct weight kind[TOKEN_KINDS];
	int64_t tools, tail, pixels_per_token, image_most;
};

static const struct tokenizer_row rows[TOKENIZERS] = {
	[TOKENIZER_CLASSIC] = { { { 1000, 12 }, { 1000, 3 }, { 1000, 4 }, { 1100, 28 },
					{ 1000, 22 }, { 950, 5 }, { 1050, 10 } },
		290, 5, 750, 1600 },
	[TOKENIZER_CURRENT] = { { { 1150, 14 }, { 1200, 3 }, { 1220, 5 }, { 1280, 30 },
					{ 1240, 24 }, { 1100, 6 }, { 1260, 12 } },
		330, 7, 700, 4800 },
	[TOKENIZER_SMALL] = { { { 1080, 13 }, { 1100, 4 }, { 1110, 5 }, { 1190, 31 }, { 1150, 25 },
				      { 1020, 6 }, { 1140, 11 } },
		310, 6, 720, 2400 },
};

enum piece_class { LETTER, DIGIT, BLANK, LINE_END, MARK, TWO_BYTES, THREE_BYTES, FOUR_BYTES, REST };

static enum piece_class class_of(unsigned char c)
{
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
		return LETTER;
	if (c >= '0' && c <= '9')
		return DIGIT;
	if (c == ' ' || c == '\t')
		return BLANK;
	if (c == '\n' || c == '\r')
		return LINE_END;
	if (c < 0x80)
		return MARK;
	if (c < 0xc0)
		return REST; /* a later byte of a character: counted with its first */
	return c < 0xe0 ? TWO_BYTES : c < 0xf0 ? THREE_BYTES : FOUR_BYTES;
}

/* The length of the run that begins at `at`, in characters; *ret_end is where it ends. */
static size_t run_at(struct str s, size_t at, size_t *ret_end)
{
	enum piece_class class = class_of((unsigned char)s.p[at]);
	char first = s.p[at];
	size_t n = 0;

	while (at < s.n) {
		enum piece_class here = class_of((unsigned char)s.p[at]);
		if (here == REST && class >= TWO_BYTES) {
			at++;
			continue;
		}
		if (here != class || (class == MARK && s.p[at] != first))
			break;
		at++;
		n++;
	}
	*ret_end = at;
	return n;
}

int64_t token_pieces(struct str text)
{
	int64_t sum = 0;
	size_t end;

	for (size_t at = 0; at < text.n; at = end) {
		enum piece_class class = class_of((unsigned char)text.p[at]);
		int64_t n = (int64_t)run_at(text, at, &end);
		switch (class) {
		case LETTER:
			sum += (n + 5) / 6;
			break;
		case DIGIT:
			sum += (n + 2) / 3;
			break;
		case BLANK:
			sum += n > 1;
			break;
		case MARK:
			sum += (n + 3) / 4;
			break;
		case TWO_BYTES:
			sum += (n + 1) / 2;
			break;
		case FOUR_BYTES:
			sum += 2 * n;
			break;
		case LINE_END:
			sum += 1;
			break;
		case THREE_BYTES:
		case REST:
			sum += n;
			break;
		}
	}
	return sum;
}

int64_t tokens_of(enum tokenizer t, enum token_kind kind, int64_t pieces)
{
	const struct weight *w = &rows[t].kind[kind];

	return (pieces * w->per_mille + 999) / 1000 + w->block;
}

int64_t tokens_of_image(enum tokenizer t, int64_t width, int64_t height)
{
	const struct tokenizer_row *r = &rows[t];
	int64_t n = (width * height + r->pixels_per_token - 1) / r->pixels_per_token;

	return n < r->image_most ? n : r->image_most;
}

int64_t tokens_of_tools(enum tokenizer t)
{
	return rows[t].tools;
}

int64_t tokens_of_tail(enum tokenizer t)
{
	return rows[t].tail;
}
