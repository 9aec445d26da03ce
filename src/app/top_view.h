/* SPDX-License-Identifier: MIT */
/* What `sluice top` shows and where: panels of rows, sorted, on a canvas of any size. */
#ifndef APP_TOP_VIEW_H
#define APP_TOP_VIEW_H

#include "app/top_canvas.h"
#include "app/top_state.h"

enum top_panel { TOP_STREAMS, TOP_CONVERSATIONS, TOP_PROVIDERS, TOP_ENDED, TOP_PANELS };
enum { TOP_COLUMNS_MAX = 12, TOP_ROWS_MIN = 8, TOP_COLS_MIN = 40 };

/* What the user has chosen. */
struct top_view {
	enum top_panel focus;
	int sort[TOP_PANELS]; /* column */
	bool reverse[TOP_PANELS];
	int scroll[TOP_PANELS]; /* rows left out at the top */
	bool paused, help;
	const char *notice; /* what is wrong, instead of the keys; NULL: nothing */
};

void top_view_init(struct top_view *v);
/* Goes on to the next column to sort by, in the panel that has the keys. */
void top_view_sort_next(struct top_view *v);
/* Draws everything. */
void top_view_draw(struct top_view *v, const struct top_state *s, struct top_canvas *c);

/* ---- for top_table.c and top_view.c ---- */

/* A run of rows and columns of the canvas. */
struct top_region {
	int row, col, rows, cols;
};

/* Rows that a panel has. */
size_t top_table_rows(const struct top_state *s, enum top_panel panel);
/* Columns of a panel, and their titles. */
int top_table_columns(enum top_panel panel);
const char *top_table_title(enum top_panel panel, int column);
/* Draws a panel, a line of titles first. */
void top_table_draw(struct top_view *v, const struct top_state *s, enum top_panel panel,
	const struct top_region *where, struct top_canvas *c);

/* "$0.42"; "?" when it is not known, empty when nothing. */
void top_add_cost(struct buf *b, int64_t nano);
/* "1.2K" */
void top_add_count(struct buf *b, int64_t n);
/* "12 s", "3:05", "2 h 10", "3 d" */
void top_add_age(struct buf *b, int64_t ms);
/* "0.42 s" */
void top_add_seconds(struct buf *b, int64_t us);

#endif
