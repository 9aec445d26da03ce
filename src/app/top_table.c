/* SPDX-License-Identifier: MIT */
/* The panels of `sluice top` as tables: which columns there are, what stands in a cell, in which order rows come. */
#include "app/top_view.h"

#include "app/figures.h"
#include "llm/dialect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CELL_MAX = 200, LOW_PERCENT = 20, GOOD_RATE = 80, POOR_RATE = 60 };

/* What stands in one cell. */
struct cell {
	struct buf text;
	enum top_style style;
	double key; /* to sort by; texts are sorted by themselves where it is 0 in all rows */
};

struct column {
	const char *title;
	int width; /* 0: takes what is left */
	int from;  /* columns that the panel must have for it to be shown */
	bool right;
};

struct table {
	const struct column *columns;
	int n;
	void (*put)(const struct top_state *s, size_t row, int column, struct cell *ret);
};

/* ---- texts ---- */

/* Always so many decimals, so that the points of a column stand below each other. */
void top_add_cost(struct buf *b, int64_t nano)
{
	double dollars = (double)(nano < 0 ? -nano : nano) / 1e9;

	if (nano == -1)
		buf_add(b, STR("?"));
	else if (nano != 0 && dollars < 0.0001)
		buf_add(b, STR("<$0.0001"));
	else
		buf_addf(b, "%s$%.*f", nano < 0 ? "-" : "", dollars < 100 ? 4 : 2, dollars);
}

void top_add_count(struct buf *b, int64_t n)
{
	if (n < 0)
		buf_add(b, STR("?"));
	else if (n < 10000)
		buf_addf(b, "%lld", (long long)n);
	else if (n < 999500)
		buf_addf(b, "%.1fK", (double)n / 1e3);
	else
		buf_addf(b, "%.1fM", (double)n / 1e6);
}

void top_add_age(struct buf *b, int64_t ms)
{
	long long s = ms > 0 ? ms / 1000 : 0;

	if (s < 60)
		buf_addf(b, "%llds", s);
	else if (s < 3600)
		buf_addf(b, "%lldm%02llds", s / 60, s % 60);
	else if (s < 86400)
		buf_addf(b, "%lldh%02lldm", s / 3600, s % 3600 / 60);
	else
		buf_addf(b, "%lldd%02lldh", s / 86400, s % 86400 / 3600);
}

void top_add_seconds(struct buf *b, int64_t us)
{
	if (us < 0)
		return;
	if (us < 9995000)
		buf_addf(b, "%.2fs", (double)us / 1e6);
	else
		top_add_age(b, us / 1000);
}

static void put_text(struct cell *c, struct str s, enum top_style style)
{
	buf_add(&c->text, s);
	c->style = style;
}

static void put_count(struct cell *c, int64_t n)
{
	if (n > 0)
		top_add_count(&c->text, n);
	c->key = (double)n;
}

static void put_cost(struct cell *c, int64_t nano, enum top_style style)
{
	if (nano != 0)
		top_add_cost(&c->text, nano);
	c->style = style;
	c->key = (double)nano;
}

static void put_rate(struct cell *c, double rate)
{
	double percent = rate * 100;

	c->key = rate;
	if (rate < 0)
		return;
	buf_addf(&c->text, "%.0f%%", percent);
	c->style = percent >= GOOD_RATE ? TOP_GOOD : percent >= POOR_RATE ? TOP_WARN : TOP_BAD;
}

static void put_seconds(struct cell *c, int64_t us)
{
	top_add_seconds(&c->text, us);
	c->key = (double)us;
}

static void put_age(struct cell *c, const struct top_state *s, int64_t since_ms)
{
	if (since_ms > 0)
		top_add_age(&c->text, s->at_ms - since_ms);
	c->key = (double)since_ms;
}

static void put_clock(struct cell *c, int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if (localtime_r(&t, &tm) != NULL)
		buf_addf(&c->text, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
	c->style = TOP_DIM;
	c->key = (double)ms;
}

/* Where the work belongs: its project's last folder, or else the beginning of its conversation's name. */
static void put_place(struct cell *c, struct str project, struct str conversation)
{
	struct str rest = project, part;

	if (project.n == 0) {
		put_text(c, conversation.n > 8 ? (struct str){ conversation.p, 8 } : conversation,
			TOP_DIM);
		return;
	}
	while (str_split(&rest, '/', &part))
		project = part.n > 0 ? part : project;
	put_text(c, project, TOP_PLAIN);
}

static void put_model(struct cell *c, struct str model)
{
	put_text(c, model_short_name(model), TOP_MODEL);
}

/* ---- streams ---- */

static const struct column stream_columns[] = {
	{ "STREAMS", 0, 0, false },
	{ "PROJECT", 14, 76, false },
	{ "KIND", 10, 68, false },
	{ "AGE", 7, 0, true },
	{ "FIRST", 7, 60, true },
	{ "TOKENS", 7, 0, true },
	{ "TOK/S", 6, 0, true },
	{ "COST", 10, 0, true },
	{ "PROVIDER", 12, 110, false },
};

static void put_stream(const struct top_state *s, size_t row, int column, struct cell *c)
{
	const struct top_open *o = &s->open[row];

	switch (column) {
	case 0:
		put_model(c, o->model.n > 0 ? o->model : o->endpoint);
		break;
	case 1:
		put_place(c, o->project, o->conversation.n > 0 ? o->conversation : o->session);
		break;
	case 2:
		put_text(c, o->kind, TOP_DIM);
		break;
	case 3:
		put_age(c, s, o->begin_ms);
		c->key = -c->key; /* the oldest is the largest */
		break;
	case 4:
		put_seconds(c, o->first_us);
		if (o->first_us < 0)
			put_text(c, STR("..."), TOP_WARN);
		break;
	case 5:
		put_count(c, o->tokens);
		break;
	case 6:
		put_count(c, o->tokens_per_s);
		break;
	case 7:
		put_cost(c, o->cost, TOP_PLAIN);
		if (o->cost < 0 && o->first_us < 0)
			buf_clear(&c->text);
		break;
	default:
		put_text(c, o->provider, TOP_DIM);
	}
}

/* ---- conversations ---- */

static const struct column conversation_columns[] = {
	{ "CONVERSATIONS", 0, 0, false },
	{ "MODEL", 14, 68, false },
	{ "REQ", 5, 0, true },
	{ "HIT", 5, 0, true },
	{ "COST", 10, 0, true },
	{ "SAVED", 10, 60, true },
	{ "LOST", 10, 84, true },
	{ "IDLE", 7, 0, true },
};

static void put_conversation(const struct top_state *s, size_t row, int column, struct cell *c)
{
	const struct top_conversation *v = &s->conversations[row];

	switch (column) {
	case 0:
		put_place(c, v->project, STR(""));
		if (v->project.n > 0)
			buf_add(&c->text, STR(" "));
		figures_conversation(&c->text, v->id, 8, 4);
		break;
	case 1:
		put_model(c, v->model);
		break;
	case 2:
		put_count(c, v->exchanges);
		break;
	case 3:
		put_rate(c, v->hit_rate);
		break;
	case 4:
		put_cost(c, v->cost, TOP_PLAIN);
		break;
	case 5:
		put_cost(c, v->saved, v->saved > 0 ? TOP_GOOD : TOP_BAD);
		break;
	case 6:
		put_cost(c, v->lost, TOP_BAD);
		break;
	default:
		put_age(c, s, v->last_ms);
	}
}

/* ---- providers ---- */

static const struct column provider_columns[] = {
	{ "PROVIDERS", 12, 0, false },
	{ "HEALTH", 8, 0, false },
	{ "REQ", 6, 0, true },
	{ "ERR", 5, 0, true },
	{ "FIRST", 7, 0, true },
	{ "LEFT", 0, 0, false },
};

/* What is left of each limit; and when it is filled up again, once it is nearly used up. */
static void put_quotas(const struct top_state *s, const struct top_provider *p, struct cell *c)
{
	int lowest = 100;

	for (size_t i = 0; i < p->nquotas; i++) {
		const struct top_quota *q = &p->quota[i];
		int left = top_quota_left(q);
		if (left < 0)
			continue;
		buf_addf(
			&c->text, "%s%.*s %d%%", c->text.n > 0 ? ", " : "", STR_ARG(q->name), left);
		if (left < LOW_PERCENT && q->reset_ms > s->at_ms) {
			buf_add(&c->text, STR(" for "));
			top_add_age(&c->text, q->reset_ms - s->at_ms);
		}
		lowest = left < lowest ? left : lowest;
	}
	c->style = lowest < LOW_PERCENT / 2 ? TOP_BAD : lowest < LOW_PERCENT ? TOP_WARN : TOP_PLAIN;
	c->key = lowest;
	if (c->text.n == 0)
		put_text(c, p->last_error, TOP_DIM);
}

static void put_provider(const struct top_state *s, size_t row, int column, struct cell *c)
{
	const struct top_provider *p = &s->providers[row];
	bool ok = str_eq(p->health, STR("ok")), failing = str_eq(p->health, STR("failing"));

	switch (column) {
	case 0:
		put_text(c, p->name, TOP_BOLD);
		break;
	case 1:
		put_text(c, ok || failing ? p->health : STR("-"),
			ok        ? TOP_GOOD
			: failing ? TOP_BAD
				  : TOP_DIM);
		break;
	case 2:
		put_count(c, p->requests);
		break;
	case 3:
		put_count(c, p->errors);
		c->style = TOP_WARN;
		break;
	case 4:
		put_seconds(c, p->first_us);
		break;
	default:
		put_quotas(s, p, c);
	}
}

/* ---- what ended ---- */

static const struct column ended_columns[] = {
	{ "ENDED", 8, 0, false },
	{ "MODEL", 0, 0, false },
	{ "PROJECT", 14, 88, false },
	{ "KIND", 10, 110, false },
	{ "STATUS", 6, 60, true },
	{ "INPUT", 7, 0, true },
	{ "HIT", 5, 0, true },
	{ "OUT", 6, 0, true },
	{ "TIME", 7, 68, true },
	{ "COST", 10, 0, true },
	{ "SAVED", 10, 96, true },
	{ "LOST", 10, 122, true },
};

static double hit_rate(const struct top_ended *e)
{
	return e->in > 0 && e->read >= 0 ? (double)e->read / (double)e->in : -1;
}

/* The model; or what went wrong, behind it. */
static void put_subject(struct cell *c, const struct top_ended *e)
{
	put_model(c, e->model.n > 0 ? e->model : e->provider);
	if (e->error.n == 0)
		return;
	buf_add(&c->text, STR(" "));
	put_text(c, e->error, TOP_BAD);
}

static void put_ended(const struct top_state *s, size_t row, int column, struct cell *c)
{
	const struct top_ended *e = &s->ended[row];

	switch (column) {
	case 0:
		put_clock(c, e->at_ms);
		break;
	case 1:
		put_subject(c, e);
		break;
	case 2:
		put_place(c, e->project, STR(""));
		break;
	case 3:
		put_text(c, e->kind, TOP_DIM);
		break;
	case 4:
		if (e->status > 0)
			buf_addf(&c->text, "%lld", (long long)e->status);
		c->style = e->status >= 400 || e->status <= 0 ? TOP_BAD : TOP_DIM;
		c->key = (double)e->status;
		break;
	case 5:
		put_count(c, e->in);
		break;
	case 6:
		put_rate(c, hit_rate(e));
		break;
	case 7:
		put_count(c, e->out);
		break;
	case 8:
		put_seconds(c, e->duration_us);
		break;
	case 9:
		put_cost(c, e->cost, TOP_PLAIN);
		break;
	case 10:
		put_cost(c, e->saved, e->saved > 0 ? TOP_GOOD : TOP_BAD);
		break;
	default:
		put_cost(c, e->lost, TOP_BAD);
	}
}

/* ---- tables ---- */

static const struct table tables[TOP_PANELS] = {
	[TOP_STREAMS] = { stream_columns, ARRAY_LEN(stream_columns), put_stream },
	[TOP_CONVERSATIONS] = { conversation_columns, ARRAY_LEN(conversation_columns),
		put_conversation },
	[TOP_PROVIDERS] = { provider_columns, ARRAY_LEN(provider_columns), put_provider },
	[TOP_ENDED] = { ended_columns, ARRAY_LEN(ended_columns), put_ended },
};

size_t top_table_rows(const struct top_state *s, enum top_panel panel)
{
	const size_t n[TOP_PANELS] = { s->nopen, s->nconversations, s->nproviders, s->nended };

	return n[panel];
}

int top_table_columns(enum top_panel panel)
{
	return tables[panel].n;
}

const char *top_table_title(enum top_panel panel, int column)
{
	return tables[panel].columns[column].title;
}

/* One row's place in the order. */
struct order {
	size_t row;
	double key;
	char text[32];
};

static int compare(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? 1 : -1;
	int by_text = strcmp(x->text, y->text);
	return by_text != 0 ? by_text : (x->row > y->row) - (x->row < y->row);
}

static int compare_reversed(const void *a, const void *b)
{
	return compare(b, a);
}

static struct order *sorted(
	const struct top_view *v, const struct top_state *s, enum top_panel panel, size_t n)
{
	struct order *o = must_alloc((n + 1) * sizeof(*o));
	struct cell c;

	buf_init(&c.text, CELL_MAX);
	for (size_t i = 0; i < n; i++) {
		buf_clear(&c.text);
		c.key = 0;
		tables[panel].put(s, i, v->sort[panel], &c);
		o[i] = (struct order){ .row = i, .key = c.key };
		if (c.key == 0)
			str_put(o[i].text, sizeof(o[i].text), buf_str(&c.text));
	}
	buf_release(&c.text);
	qsort(o, n, sizeof(*o), v->reverse[panel] ? compare_reversed : compare);
	return o;
}

/* ---- drawing ---- */

/* Columns that are shown in so much room get a width; the others 0. */
static void lay_out(const struct table *t, int cols, int *ret_width)
{
	int left = cols, flexible = -1;

	for (int i = 0; i < t->n; i++) {
		const struct column *c = &t->columns[i];
		ret_width[i] = c->from <= cols ? c->width : 0;
		if (c->width == 0)
			flexible = i;
		else if (ret_width[i] > 0)
			left -= ret_width[i] + 1;
	}
	if (flexible >= 0)
		ret_width[flexible] = left > 4 ? left : 4;
}

static void put_cell(struct top_canvas *c, struct top_span at, const struct column *column,
	enum top_style style, struct str text)
{
	if (column->right)
		top_canvas_put_right(c, at, style, text);
	else
		top_canvas_put(c, at, style, text);
}

static const char *sort_mark(const struct top_view *v, enum top_panel panel, int column, bool utf8)
{
	if (v->sort[panel] != column)
		return "";
	if (utf8)
		return v->reverse[panel] ? "\u25b4" : "\u25be";
	return v->reverse[panel] ? "^" : "v";
}

static void draw_titles(const struct top_view *v, enum top_panel panel, size_t rows,
	const struct top_region *where, struct top_canvas *c)
{
	const struct table *t = &tables[panel];
	enum top_style style = v->focus == panel ? TOP_FOCUS : TOP_HEAD;
	int width[TOP_COLUMNS_MAX] = { 0 }, col = where->col;
	char title[48];

	lay_out(t, where->cols, width);
	for (int i = 0; i < t->n; i++) {
		if (width[i] == 0)
			continue;
		const char *mark = sort_mark(v, panel, i, c->utf8);
		if (i == 0 && panel != TOP_ENDED)
			snprintf(title, sizeof(title), "%s%s %zu", mark, t->columns[i].title, rows);
		else
			snprintf(title, sizeof(title), "%s%s", mark, t->columns[i].title);
		put_cell(c, (struct top_span){ where->row, col, width[i] }, &t->columns[i], style,
			str_from(title));
		col += width[i] + 1;
	}
	top_canvas_fill(c, (struct top_span){ where->row, where->col, where->cols }, style);
}

static void draw_row(const struct top_state *s, enum top_panel panel, size_t index,
	const struct top_region *where, struct top_canvas *c)
{
	const struct table *t = &tables[panel];
	int width[TOP_COLUMNS_MAX] = { 0 }, col = where->col;
	struct cell cell;

	lay_out(t, where->cols, width);
	buf_init(&cell.text, CELL_MAX);
	for (int i = 0; i < t->n; i++) {
		if (width[i] == 0)
			continue;
		buf_clear(&cell.text);
		cell.style = TOP_PLAIN;
		t->put(s, index, i, &cell);
		put_cell(c, (struct top_span){ where->row, col, width[i] }, &t->columns[i],
			cell.style, buf_str(&cell.text));
		col += width[i] + 1;
	}
	buf_release(&cell.text);
}

void top_table_draw(struct top_view *v, const struct top_state *s, enum top_panel panel,
	const struct top_region *where, struct top_canvas *c)
{
	size_t n = top_table_rows(s, panel);
	int shown = where->rows - 1, last = (int)n - shown;
	struct order *o = sorted(v, s, panel, n);

	if (v->scroll[panel] > last)
		v->scroll[panel] = last;
	if (v->scroll[panel] < 0)
		v->scroll[panel] = 0;
	draw_titles(v, panel, n, where, c);
	for (int i = 0; i < shown && i + v->scroll[panel] < (int)n; i++) {
		struct top_region line = *where;
		line.row += 1 + i;
		draw_row(s, panel, o[i + v->scroll[panel]].row, &line, c);
	}
	free(o);
}
