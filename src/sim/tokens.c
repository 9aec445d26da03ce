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
	[TOKENIZER_PLAIN] = { { { 1000, 12 }, { 1000, 3 }, { 1000, 4 }, { 1000, 8 }, { 1000, 6 },
				      { 1000, 4 }, { 1000, 10 } },
		0, 3, 750, 1600 },
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

/* The most characters of a class that make one piece; 0: as many as there are. */
static size_t most_of(enum piece_class class)
{
	static const size_t most[] = { [LETTER] = 6,
		[DIGIT] = 3,
		[BLANK] = 0,
		[LINE_END] = 0,
		[MARK] = 4,
		[TWO_BYTES] = 2,
		[THREE_BYTES] = 1,
		[FOUR_BYTES] = 1,
		[REST] = 1 };

	return most[class];
}

/* Characters of one class from `at` on, equal ones if they are marks, at most `most`. */
static size_t run_at(struct str s, size_t at, size_t most, size_t *ret_end)
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
		if (here != class || (class == MARK && s.p[at] != first) || (most > 0 && n == most))
			break;
		at++;
		n++;
	}
	*ret_end = at;
	return n;
}

int64_t token_piece(struct str text, size_t at, size_t *ret_end)
{
	enum piece_class class = class_of((unsigned char)text.p[at]);
	size_t n = run_at(text, at, most_of(class), ret_end);

	if (class == BLANK)
		return n > 1;
	if (class == REST)
		return 0;
	return class == FOUR_BYTES ? 2 : 1;
}

int64_t token_pieces(struct str text)
{
	int64_t sum = 0;
	size_t end;

	for (size_t at = 0; at < text.n; at = end)
		sum += token_piece(text, at, &end);
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
