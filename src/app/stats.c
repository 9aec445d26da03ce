/* SPDX-License-Identifier: MIT */
/* Each line is a name and six figures. */
#include "app/stats.h"

#include "app/causes.h"
#include "app/figures.h"

#include <stdio.h>

enum { NAME_WIDTH = 26, COLUMNS = 6, GROUPS_SHOWN = 1000 };
/* Of the name of a subagent's conversation. */
enum { SESSION_WIDTH = 15, AGENT_WIDTH = 9 };

static const struct {
	const char *name;
	int width;
} heads[][COLUMNS] = {
	[STATS_MONEY] = { { "requests", 9 }, { "input", 8 }, { "cached", 8 }, { "output", 8 },
		{ "cost", 12 }, { "saved", 9 } },
	[STATS_CACHE] = { { "hit rate", 9 }, { "read", 8 }, { "written", 8 }, { "uncached", 9 },
		{ "lost", 11 }, { "alarms", 8 } },
};

void stats_head(const char *first, enum stats_columns columns)
{
	printf("%-*s", NAME_WIDTH, first);
	for (size_t i = 0; i < COLUMNS; i++)
		printf("%*s", heads[columns][i].width, heads[columns][i].name);
	printf("\n");
}

static int64_t written(const struct ledger_tokens *t)
{
	return t->cache_write_5m + t->cache_write_1h;
}

static void add_money(struct buf *cell, size_t column, const struct ledger_totals *t)
{
	switch (column) {
	case 0:
		figures_count(cell, t->exchanges);
		break;
	case 1:
		figures_count(cell, figures_input(&t->tokens));
		break;
	case 2:
		figures_share(cell, t->tokens.cache_read, figures_input(&t->tokens));
		break;
	case 3:
		figures_count(cell, t->tokens.out);
		break;
	case 4:
		buf_add(cell, str_from(t->estimated > 0 ? "~" : ""));
		figures_cost(cell, t->cost.total);
		buf_add(cell, str_from(t->unpriced > 0 ? "?" : ""));
		break;
	default:
		if (t->saved != 0)
			figures_cost(cell, t->saved);
		else
			buf_add_char(cell, '-');
	}
}

static void add_cache(struct buf *cell, size_t column, const struct ledger_totals *t)
{
	switch (column) {
	case 0:
		figures_share(cell, t->tokens.cache_read, figures_input(&t->tokens));
		break;
	case 1:
		figures_count(cell, t->tokens.cache_read);
		break;
	case 2:
		figures_count(cell, written(&t->tokens));
		break;
	case 3:
		figures_count(cell, t->tokens.in);
		break;
	case 4:
		if (t->lost > 0)
			figures_cost(cell, t->lost);
		else
			buf_add_char(cell, '-');
		break;
	default:
		if (t->alarms > 0)
			figures_count(cell, t->alarms);
		else
			buf_add_char(cell, '-');
	}
}

static void print_totals(const struct ledger_totals *t, enum stats_columns columns)
{
	struct buf cell;

	buf_init(&cell, 100);
	for (size_t i = 0; i < COLUMNS; i++) {
		(columns == STATS_MONEY ? add_money : add_cache)(&cell, i, t);
		figures_right(&cell, heads[columns][i].width);
	}
	printf("\n");
	buf_release(&cell);
}

/* ---- spans and groups ---- */

static bool keep_totals(void *ctx, const struct query_row *row)
{
	*(struct ledger_totals *)ctx = *row->totals;
	return true;
}

static bool totals_of(
	struct store *s, const struct span *span, struct ledger_totals *ret, struct err *e)
{
	const struct query_params p = {
		.what = QUERY_TOTALS, .from_ms = span->from_ms, .to_ms = span->to_ms
	};

	*ret = (struct ledger_totals){ .name = STR("") };
	return s->driver->query(s, &p, keep_totals, ret, e);
}

bool stats_span(struct store *s, const struct span *span, enum stats_columns columns, struct err *e)
{
	struct ledger_totals t;

	if (!totals_of(s, span, &t, e))
		return false;
	printf("%-*s", NAME_WIDTH, span->name);
	print_totals(&t, columns);
	return true;
}

struct table {
	enum stats_columns columns;
	bool tail; /* of long names the end tells more */
	bool conversations;
	bool any;
};

static bool put_group(void *ctx, const struct query_row *row)
{
	struct table *table = ctx;
	struct str whole = row->totals->name;
	struct buf name;

	table->any = true;
	buf_init(&name, SIZE_MAX);
	if (table->conversations && whole.n >= NAME_WIDTH && str_find_char(whole, '/') < whole.n)
		figures_conversation(&name, whole, SESSION_WIDTH, AGENT_WIDTH);
	else
		buf_add(&name, whole.n > 0 ? whole : STR("(none)"));
	/* One blank at least before the first figure. */
	(table->tail ? figures_left_tail : figures_left)(&name, NAME_WIDTH - 1);
	printf(" ");
	print_totals(row->totals, table->columns);
	buf_release(&name);
	return !ferror(stdout);
}

bool stats_groups(struct store *s, const struct span *span, const struct grouping *by,
	enum stats_columns columns, struct err *e)
{
	const struct query_params p = { .from_ms = span->from_ms,
		.to_ms = span->to_ms,
		.text = STR(""),
		.limit = GROUPS_SHOWN };
	struct table table = { columns, by->by == GROUP_PROJECT, by->by == GROUP_CONVERSATION,
		false };
	char head[40];

	snprintf(head, sizeof(head), "%s, %s", by->name, span->name);
	stats_head(head, columns);
	bool ok = grouping_ask(s, by, &p, &(struct grouping_listener){ put_group, &table }, e);
	if (ok && !table.any)
		printf("(no requests)\n");
	return ok;
}

/* ---- the cache ---- */

/* "  read           12.3M tokens      $3.6900" */
static void print_part(const char *name, int64_t tokens, int64_t nusd)
{
	struct buf b;

	buf_init(&b, 100);
	printf("  %-22s", name);
	figures_count(&b, tokens);
	figures_right(&b, 10);
	printf(" tokens");
	figures_cost(&b, nusd);
	figures_right(&b, 14);
	printf("\n");
	buf_release(&b);
}

static void print_prediction(const struct ledger_totals *t)
{
	struct buf b;

	if (t->predicted == 0)
		return;
	buf_init(&b, 200);
	figures_count(&b, t->predicted);
	buf_add(&b, STR(" requests: to read "));
	figures_count(&b, t->read_predicted);
	buf_add(&b, STR(" tokens, and "));
	figures_count(&b, t->read_found);
	buf_add(&b, STR(" were read"));
	if (t->read_found > 0)
		buf_addf(&b, "\n  %-22s%+.2f %% in sum, %.2f %% request by request", "off by",
			(double)(t->read_predicted - t->read_found) * 100 / (double)t->read_found,
			(double)t->read_off * 100 / (double)t->read_found);
	printf("  %-22s%.*s\n", "predicted", STR_ARG(buf_str(&b)));
	buf_release(&b);
}

static void print_summary(const struct ledger_totals *t)
{
	struct buf b;

	buf_init(&b, 100);
	figures_share(&b, t->tokens.cache_read, figures_input(&t->tokens));
	printf("  %-22s%10.*s\n", "hit rate", STR_ARG(buf_str(&b)));
	buf_release(&b);
	print_part("read", t->tokens.cache_read, t->cost.cache_read);
	print_part("written, 5 minutes", t->tokens.cache_write_5m, t->cost.cache_write_5m);
	print_part("written, 1 hour", t->tokens.cache_write_1h, t->cost.cache_write_1h);
	print_part("uncached", t->tokens.in, t->cost.in);
	printf("  %-22s%10lld\n", "alarms", (long long)t->alarms);
	print_prediction(t);
}

static bool put_loss(void *ctx, const struct query_row *row)
{
	const struct ledger_cause *c = row->cause;
	bool *any = ctx;
	struct buf b;

	if (!*any)
		printf("\n%-*s%9s%10s%12s\n", NAME_WIDTH, "lost, by cause", "count", "tokens",
			"cost");
	*any = true;
	buf_init(&b, SIZE_MAX);
	buf_add(&b, cause_words(c->cause).name);
	printf("  ");
	figures_left(&b, NAME_WIDTH - 2);
	figures_count(&b, c->count);
	figures_right(&b, 9);
	figures_count(&b, c->tokens);
	figures_right(&b, 10);
	figures_cost(&b, c->nusd);
	figures_right(&b, 12);
	printf("\n");
	buf_release(&b);
	return true;
}

bool stats_cache(struct store *s, const struct span *span, struct err *e)
{
	const struct query_params losses = { .what = QUERY_CAUSES,
		.from_ms = span->from_ms,
		.to_ms = span->to_ms,
		.text = STR("lost") };
	struct ledger_totals t;
	struct grouping models;
	bool any = false;

	if (!totals_of(s, span, &t, e))
		return false;
	printf("prompt cache, %s\n", span->name);
	print_summary(&t);
	if (!s->driver->query(s, &losses, put_loss, &any, e))
		return false;
	printf("\n");
	grouping_find(STR("model"), &models);
	return stats_groups(s, span, &models, STATS_CACHE, e);
}
