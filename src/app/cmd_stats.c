/* SPDX-License-Identifier: MIT */
/* `sluice stats`: what was spent, from the ledger. */
#include "admin/report.h"
#include "app/cmd.h"
#include "app/data.h"
#include "base/clock.h"
#include "llm/price.h"

#include <string.h>

static int run(const struct cmd *c);

const struct command cmd_stats = {
	.name = "stats",
	.args = "[today|week|month|all]",
	.summary = "what was spent, by span of time and by model",
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "json", NULL, "as JSON; amounts in nano-dollars", NULL },
			{ NULL },
		},
	.details =
		"Without a span: all four, and the models of this month. A `?` behind a cost means that the\n"
		"prices of some requests are not known; they count as nothing.\n",
	.flags = CMD_CONFIG,
	.args_max = 1,
};

enum { OUTPUT_MAX = 16 << 20 };

/* "1.2M" */
static void add_count(struct buf *b, int64_t n)
{
	if (n < 10000)
		buf_addf(b, "%lld", (long long)n);
	else if (n < 1000000)
		buf_addf(b, "%.1fK", (double)n / 1e3);
	else if (n < 1000000000)
		buf_addf(b, "%.1fM", (double)n / 1e6);
	else
		buf_addf(b, "%.1fG", (double)n / 1e9);
}

static void print_right(struct buf *b, int width)
{
	printf("%*.*s", width, STR_ARG(buf_str(b)));
	buf_clear(b);
}

static void print_totals(const struct ledger_totals *t)
{
	int64_t in = t->tokens.in + t->tokens.cache_read + t->tokens.cache_write_5m +
		     t->tokens.cache_write_1h;
	struct buf b;

	buf_init(&b, 100);
	add_count(&b, t->exchanges);
	print_right(&b, 10);
	add_count(&b, in);
	print_right(&b, 10);
	if (in > 0)
		buf_addf(&b, "%.1f %%", (double)t->tokens.cache_read * 100 / (double)in);
	print_right(&b, 10);
	add_count(&b, t->tokens.out);
	print_right(&b, 10);
	if (t->estimated > 0)
		buf_add(&b, STR("about "));
	cost_print(&b, t->cost.total);
	if (t->unpriced > 0)
		buf_add(&b, STR("?"));
	print_right(&b, 18);
	cost_print(&b, t->saved);
	print_right(&b, 12);
	printf("\n");
	buf_release(&b);
}

static void print_head(const char *first)
{
	printf("%-28s%10s%10s%10s%10s%18s%12s\n", first, "requests", "input", "cached", "output",
		"cost", "saved");
}

static bool put_span(void *ctx, const struct query_row *row)
{
	printf("%-28s", (const char *)ctx);
	print_totals(row->totals);
	return true;
}

static bool put_model(void *ctx, const struct query_row *row)
{
	struct str name = row->totals->model;

	(void)ctx;
	if (name.n == 0)
		name = STR("(none)");
	printf("%-28.*s", name.n < 27 ? (int)name.n : 27, name.p);
	print_totals(row->totals);
	return true;
}

static bool query(
	struct store *s, enum query what, const struct span *span, row_fn *fn, struct err *e)
{
	const struct query_params p = {
		.what = what, .from_ms = span->from_ms, .to_ms = span->to_ms
	};

	return s->driver->query(s, &p, fn, (void *)(uintptr_t)span->name, e);
}

/* span.name NULL: all of them. */
static bool print_text(struct store *s, const struct span *chosen, int64_t now, struct err *e)
{
	struct span span;
	bool ok = true;

	print_head("");
	for (size_t i = 0; ok && span_names[i] != NULL; i++)
		if ((chosen->name == NULL || strcmp(chosen->name, span_names[i]) == 0) &&
			span_find(str_from(span_names[i]), now, &span))
			ok = query(s, QUERY_TOTALS, &span, put_span, e);
	if (chosen->name != NULL)
		span = *chosen;
	else
		span_find(STR("month"), now, &span);
	printf("\n");
	print_head(span.name);
	return ok && query(s, QUERY_MODELS, &span, put_model, e);
}

static bool print_json(struct store *s, const struct span *chosen, int64_t now, struct err *e)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	bool ok = chosen->name != NULL ? report_span(&out, s, chosen, e)
				       : report_stats(&out, s, now, e);
	if (ok)
		printf("%.*s\n", STR_ARG(buf_str(&out)));
	buf_release(&out);
	return ok;
}

static int run(const struct cmd *c)
{
	struct span chosen = { 0 };
	int64_t now = clock_wall_ms();
	struct err e;

	if (c->nargs > 0 && !span_find(str_from(c->args[0]), now, &chosen)) {
		cmd_note("stats: \"%s\" is not today, week, month or all", c->args[0]);
		return CMD_USAGE;
	}
	struct store *s = data_open_ledger(c, &e);
	if (s == NULL)
		return cmd_fail("%s", e.text);
	bool ok = (cmd_option(c, "json") != NULL ? print_json : print_text)(s, &chosen, now, &e);
	s->driver->close(s);
	return ok ? CMD_OK : cmd_fail("%s", e.text);
}
