/* SPDX-License-Identifier: MIT */
/* Decoding, measuring and placing characters. */
#include "app/top_canvas.h"

#include <stdlib.h>

void top_canvas_init(struct top_canvas *c, int rows, int cols, bool utf8)
{
	rows = rows > 0 ? rows : 1;
	cols = cols > 0 ? cols : 1;
	*c = (struct top_canvas){ .rows = rows, .cols = cols, .utf8 = utf8 };
	c->cells = must_alloc((size_t)rows * (size_t)cols * sizeof(*c->cells));
	for (int i = 0; i < rows * cols; i++)
		c->cells[i].c = L' ';
}

void top_canvas_release(struct top_canvas *c)
{
	free(c->cells);
	c->cells = NULL;
}

struct top_cell *top_canvas_at(const struct top_canvas *c, int row, int col)
{
	return &c->cells[row * c->cols + col];
}

/* ---- characters ---- */

/* Takes the next character off the front of *rest. What is no UTF-8 (RFC 3629) is taken byte by byte, as U+FFFD. */
static wchar_t decode(struct str *rest)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)rest->p[0];
	size_t n = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	uint32_t c = n < 2 ? first : first & (0x7Fu >> n);

	if (first > 0xF4 || n > rest->n)
		n = 0;
	for (size_t i = 1; i < n; i++) {
		unsigned char next = (unsigned char)rest->p[i];
		if ((next & 0xC0) != 0x80)
			n = 0;
		c = c << 6 | (next & 0x3F);
	}
	if (n == 0 || c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
		*rest = str_from_offset(*rest, 1);
		return 0xFFFD;
	}
	*rest = str_from_offset(*rest, n);
	return (wchar_t)c;
}

/* The next character as it can be shown, and its columns; marks that take none are left out. */
static wchar_t next_shown(struct str *rest, bool utf8, int *ret_width)
{
	wchar_t c = decode(rest);

	*ret_width = 1;
	if (c >= 0x20 && c < 0x7F)
		return c;
	if (c == '\t' || c == '\n')
		return L' ';
	int width = utf8 && c >= 0xA0 ? wcwidth(c) : -1;
	if (width < 0)
		return L'?';
	*ret_width = width;
	return c;
}

int top_text_width(struct str text, bool utf8)
{
	int sum = 0, width;

	while (text.n > 0) {
		next_shown(&text, utf8, &width);
		sum += width;
	}
	return sum;
}

/* ---- placing ---- */

static void set(struct top_canvas *c, int row, int col, wchar_t ch, enum top_style style)
{
	if (row >= 0 && row < c->rows && col >= 0 && col < c->cols)
		*top_canvas_at(c, row, col) = (struct top_cell){ ch, style };
}

int top_canvas_put(struct top_canvas *c, struct top_span at, enum top_style style, struct str text)
{
	int used = 0, n;

	if (at.col + at.width > c->cols)
		at.width = c->cols - at.col;
	if (at.width <= 0)
		return 0;
	bool cut = top_text_width(text, c->utf8) > at.width;
	while (text.n > 0) {
		wchar_t ch = next_shown(&text, c->utf8, &n);
		if (used + n > at.width - (cut ? 1 : 0))
			break;
		if (n == 0)
			continue;
		set(c, at.row, at.col + used, ch, style);
		if (n == 2)
			set(c, at.row, at.col + used + 1, 0, style);
		used += n;
	}
	if (cut)
		set(c, at.row, at.col + used++, c->utf8 ? L'\u2026' : L'~', style);
	return used;
}

void top_canvas_put_right(
	struct top_canvas *c, struct top_span at, enum top_style style, struct str text)
{
	int n = top_text_width(text, c->utf8);

	if (n < at.width) {
		at.col += at.width - n;
		at.width = n;
	}
	top_canvas_put(c, at, style, text);
}

void top_canvas_fill(struct top_canvas *c, struct top_span at, enum top_style style)
{
	for (int i = 0; i < at.width; i++)
		if (at.row >= 0 && at.row < c->rows && at.col + i < c->cols)
			top_canvas_at(c, at.row, at.col + i)->style = style;
}

static void add_utf8(struct buf *out, wchar_t wide)
{
	uint32_t c = (uint32_t)wide;

	if (c < 0x80) {
		buf_add_char(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_add_char(out, (char)(0xC0 | c >> 6));
	} else if (c < 0x10000) {
		buf_add_char(out, (char)(0xE0 | c >> 12));
		buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
	} else {
		buf_add_char(out, (char)(0xF0 | c >> 18));
		buf_add_char(out, (char)(0x80 | (c >> 12 & 0x3F)));
		buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
	}
	buf_add_char(out, (char)(0x80 | (c & 0x3F)));
}

void top_canvas_row(const struct top_canvas *c, int row, struct buf *out)
{
	int end = c->cols;

	while (end > 0 && top_canvas_at(c, row, end - 1)->c == L' ')
		end--;
	for (int i = 0; i < end; i++)
		if (top_canvas_at(c, row, i)->c != 0)
			add_utf8(out, top_canvas_at(c, row, i)->c);
}
