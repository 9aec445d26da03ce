/* SPDX-License-Identifier: MIT */
/* A grid of characters with styles, on which `sluice top` draws; knows nothing of terminals. Text from outside is cleaned
 * here: control characters and broken UTF-8 become '?', wide characters take two columns. */
#ifndef APP_TOP_CANVAS_H
#define APP_TOP_CANVAS_H

#include "base/buf.h"

#include <wchar.h>

enum top_style {
	TOP_PLAIN,
	TOP_DIM,
	TOP_BOLD,
	TOP_HEAD,  /* a line of column titles */
	TOP_FOCUS, /* the same, of the panel that keys go to */
	TOP_GOOD,
	TOP_WARN,
	TOP_BAD,
	TOP_MODEL,
	TOP_STYLES,
};

struct top_cell {
	wchar_t c; /* 0: the right half of the character before */
	enum top_style style;
};

struct top_canvas {
	int rows, cols;
	bool utf8; /* else only ASCII can be shown */
	struct top_cell *cells;
};

/* All blank. */
void top_canvas_init(struct top_canvas *c, int rows, int cols, bool utf8);
void top_canvas_release(struct top_canvas *c);
struct top_cell *top_canvas_at(const struct top_canvas *c, int row, int col);

/* A run of columns in one row. */
struct top_span {
	int row, col, width;
};

/* Writes text into a span, and says how many columns it took; a longer one is cut and ends in an ellipsis. What lies
 * outside of the canvas is left out. */
int top_canvas_put(struct top_canvas *c, struct top_span at, enum top_style style, struct str text);
/* The same, ending at the right edge of the span. */
void top_canvas_put_right(
	struct top_canvas *c, struct top_span at, enum top_style style, struct str text);
/* Gives a style to a whole span. */
void top_canvas_fill(struct top_canvas *c, struct top_span at, enum top_style style);
/* Columns that a text takes. */
int top_text_width(struct str text, bool utf8);

/* A row as UTF-8, without blanks at its end. */
void top_canvas_row(const struct top_canvas *c, int row, struct buf *out);

#endif
