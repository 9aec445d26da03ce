/* SPDX-License-Identifier: MIT */
/* The screen of `sluice top`: two lines of sums, the panels, and a line about the keys. On a wide screen the panels stand in
 * two columns. */
#include "app/top_view.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum {
	HEAD_ROWS = 3,
	FOOT_ROWS = 1,
	WIDE_COLS = 160,
	CONNECTIONS_COLS = 110,
	GAP_COLS = 2,
	PANEL_ROWS_MIN = 3,
	TEXT_MAX = 400
};

void top_view_init(struct top_view *v)
{
	*v = (struct top_view){ .focus = TOP_STREAMS };
	v->sort[TOP_STREAMS] = 7;
	v->sort[TOP_CONVERSATIONS] = 7;
	v->sort[TOP_PROVIDERS] = 2;
}

void top_view_sort_next(struct top_view *v)
{
	v->sort[v->focus] = (v->sort[v->focus] + 1) % top_table_columns(v->focus);
	v->scroll[v->focus] = 0;
}

/* ---- head ---- */

/* Parts of a line, one after the other. */
struct line {
	struct top_canvas *canvas;
	int row, col;
};

static void part(struct line *l, enum top_style style, const char *fmt, ...) PRINTF(3, 4);
static void part(struct line *l, enum top_style style, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->col += top_canvas_put(l->canvas,
		(struct top_span){ l->row, l->col, l->canvas->cols - l->col }, style,
		str_from(text));
}

/* Sums, in cents where there are some: they stand alone, and room is short. */
static void part_cost(struct line *l, const char *label, int64_t nano, enum top_style style)
{
	static const int64_t cents = 100000000;
	struct buf b;

	buf_init(&b, 64);
	if (nano == 0 || nano >= cents || nano <= -cents)
		buf_addf(&b, "%s$%.2f", nano < 0 ? "-" : "",
			(double)(nano < 0 ? -nano : nano) / 1e9);
	else
		top_add_cost(&b, nano);
	part(l, TOP_DIM, "  %s ", label);
	part(l, style, "%.*s", STR_ARG(buf_str(&b)));
	buf_release(&b);
}

static void draw_identity(const struct top_state *s, struct top_canvas *c)
{
	struct line l = { c, 0, 0 };
	time_t now = (time_t)(s->at_ms / 1000);
	struct tm tm = { 0 };
	char clock[16];
	struct buf up;

	buf_init(&up, 64);
	top_add_age(&up, s->at_ms - s->started_ms);
	part(&l, TOP_BOLD, "sluice %.*s", STR_ARG(s->version));
	part(&l, TOP_DIM, "  up ");
	part(&l, TOP_PLAIN, "%.*s", STR_ARG(buf_str(&up)));
	part(&l, TOP_DIM, "  requests ");
	part(&l, TOP_PLAIN, "%lld", (long long)s->totals.exchanges);
	if (s->totals.failed > 0)
		part(&l, TOP_BAD, " (%lld failed)", (long long)s->totals.failed);
	part(&l, TOP_DIM, "  open ");
	part(&l, TOP_PLAIN, "%lld", (long long)s->open_count);
	part(&l, TOP_DIM, "  ledger ");
	part(&l, str_eq(s->ledger, STR("ok")) ? TOP_GOOD : TOP_BAD, "%.*s", STR_ARG(s->ledger));
	if (s->ledger_waiting > 100)
		part(&l, TOP_WARN, ", %lld wait", (long long)s->ledger_waiting);
	if (s->ledger_lost > 0)
		part(&l, TOP_BAD, ", %lld lost", (long long)s->ledger_lost);
	if (s->draining)
		part(&l, TOP_WARN, "  ending");
	if (c->cols >= CONNECTIONS_COLS) {
		part(&l, TOP_DIM, "  connections ");
		part(&l, TOP_PLAIN, "%lld", (long long)s->connections);
	}
	localtime_r(&now, &tm);
	snprintf(clock, sizeof(clock), "%02d:%02d:%02d", tm.tm_hour % 100, tm.tm_min % 100,
		tm.tm_sec % 100);
	if (l.col + 10 < c->cols)
		top_canvas_put_right(
			c, (struct top_span){ 0, c->cols - 8, 8 }, TOP_DIM, str_from(clock));
	buf_release(&up);
}

static int64_t open_cost(const struct top_state *s)
{
	int64_t sum = 0;

	for (size_t i = 0; i < s->nopen; i++)
		sum += s->open[i].cost > 0 ? s->open[i].cost : 0;
	return sum;
}

static void draw_sums(const struct top_state *s, struct top_canvas *c)
{
	struct line l = { c, 1, 0 };
	char label[32];

	l.col = -2; /* the first label needs no gap */
	snprintf(label, sizeof(label), "last %lld min", (long long)s->recent_minutes);
	part_cost(&l, label, s->recent.cost, TOP_BOLD);
	if (s->nopen > 0)
		part_cost(&l, "open", open_cost(s), TOP_BOLD);
	if (s->today_known)
		part_cost(&l, "today", s->today.cost, TOP_BOLD);
	part_cost(&l, "saved", s->today_known ? s->today.saved : s->totals.saved, TOP_GOOD);
	if (s->totals.lost > 0)
		part_cost(&l, "lost", s->totals.lost, TOP_BAD);
	if (s->totals.hit_rate >= 0) {
		part(&l, TOP_DIM, "  hit ");
		part(&l, s->totals.hit_rate >= 0.8 ? TOP_GOOD : TOP_WARN, "%.1f%%",
			s->totals.hit_rate * 100);
	}
}

/* ---- layout ---- */

/* Panels one below the other. */
struct stack {
	enum top_panel panels[TOP_PANELS];
	int n;
};

/* Gives each of them rows of its own: what it needs, the one with the keys first. */
static void share_rows(const struct top_view *v, const struct top_state *s,
	const struct stack *stack, int rows, int *ret_rows)
{
	int left = rows, n = stack->n;

	for (int i = 0; i < n; i++) {
		ret_rows[i] = PANEL_ROWS_MIN < left ? PANEL_ROWS_MIN : left;
		left -= ret_rows[i];
	}
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < n; i++) {
			bool focused = v->focus == stack->panels[i];
			int want = (int)top_table_rows(s, stack->panels[i]) + 2 - ret_rows[i];
			int most = round == 0 ? left / 2 : round == 1 ? left / (n - i) : left;
			if (want <= 0 || most <= 0 || (round == 0 && !focused))
				continue;
			ret_rows[i] += want < most ? want : most;
			left -= want < most ? want : most;
		}
	ret_rows[n - 1] += left;
}

static void draw_stack(struct top_view *v, const struct top_state *s, const struct stack *stack,
	const struct top_region *where, struct top_canvas *c)
{
	int rows[TOP_PANELS], row = where->row;

	share_rows(v, s, stack, where->rows, rows);
	for (int i = 0; i < stack->n; i++) {
		struct top_region r = { row, where->col, rows[i], where->cols };
		if (r.rows > 0)
			top_table_draw(v, s, stack->panels[i], &r, c);
		row += rows[i];
	}
}

static void draw_panels(struct top_view *v, const struct top_state *s, struct top_canvas *c)
{
	static const struct stack all = {
		{ TOP_STREAMS, TOP_CONVERSATIONS, TOP_PROVIDERS, TOP_ENDED }, 4
	};
	static const struct stack left = { { TOP_STREAMS, TOP_CONVERSATIONS }, 2 },
				  right = { { TOP_PROVIDERS, TOP_ENDED }, 2 };
	struct top_region body = { HEAD_ROWS, 0, c->rows - HEAD_ROWS - FOOT_ROWS, c->cols };

	if (c->cols < WIDE_COLS) {
		draw_stack(v, s, &all, &body, c);
		return;
	}
	struct top_region half = body;
	half.cols = (c->cols - GAP_COLS) / 2;
	draw_stack(v, s, &left, &half, c);
	half.col = half.cols + GAP_COLS;
	half.cols = c->cols - half.col;
	draw_stack(v, s, &right, &half, c);
}

/* ---- foot, help ---- */

static void draw_foot(const struct top_view *v, struct top_canvas *c)
{
	struct line l = { c, c->rows - 1, 0 };

	if (v->notice != NULL) {
		part(&l, TOP_BAD, "%s", v->notice);
		return;
	}
	part(&l, TOP_BOLD, "q");
	part(&l, TOP_DIM, " quit  ");
	part(&l, TOP_BOLD, "Tab");
	part(&l, TOP_DIM, " panel  ");
	part(&l, TOP_BOLD, "s");
	part(&l, TOP_DIM, " sort  ");
	part(&l, TOP_BOLD, "r");
	part(&l, TOP_DIM, " reverse  ");
	part(&l, TOP_BOLD, "up down");
	part(&l, TOP_DIM, " scroll  ");
	part(&l, TOP_BOLD, "p");
	part(&l, v->paused ? TOP_WARN : TOP_DIM, v->paused ? " paused  " : " pause  ");
	part(&l, TOP_BOLD, "?");
	part(&l, TOP_DIM, " help");
}

static void draw_help(struct top_canvas *c)
{
	static const char *const lines[] = {
		"q, Ctrl-C           quit",
		"Tab, Shift-Tab      next, previous panel; 1 to 4 choose one",
		"s, S                sort the panel by its next, previous column",
		"r                   reverse the order",
		"up, down, k, j      scroll the panel; PgUp, PgDn by ten, Home to its top",
		"p, space            hold the picture still",
		"",
		"STREAMS        requests in work: time to the first bytes, output tokens,",
		"               and their cost so far (an estimate until they end)",
		"CONVERSATIONS  of the last hour: HIT is their input read from the cache",
		"PROVIDERS      LEFT is what the headers of their last reply said",
		"ENDED          the latest requests: LOST was paid over a warm cache",
		"",
		"Costs with a ? are not known. Any key goes back.",
	};

	for (int i = 0; i < (int)ARRAY_LEN(lines); i++)
		top_canvas_put(c, (struct top_span){ HEAD_ROWS + i, 2, c->cols - 2 }, TOP_PLAIN,
			str_from(lines[i]));
}

void top_view_draw(struct top_view *v, const struct top_state *s, struct top_canvas *c)
{
	if (c->rows < TOP_ROWS_MIN || c->cols < TOP_COLS_MIN) {
		top_canvas_put(
			c, (struct top_span){ 0, 0, c->cols }, TOP_WARN, STR("larger, please"));
		return;
	}
	if (s->at_ms > 0) {
		draw_identity(s, c);
		draw_sums(s, c);
		if (v->help)
			draw_help(c);
		else
			draw_panels(v, s, c);
	}
	draw_foot(v, c);
}
