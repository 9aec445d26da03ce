/* SPDX-License-Identifier: MIT */
/* `sluice stats`: what was spent, from the ledger. */
#include "admin/report.h"
#include "admin/views.h"
#include "app/cmd.h"
#include "app/csv.h"
#include "app/data.h"
#include "app/stats.h"
#include "base/clock.h"

static int run(const struct cmd *c);

const struct command cmd_stats = {
	.name = "stats",
	.args = "[PERIOD]",
	.summary = "what was spent, by span of time and by model",
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "period", "PERIOD", "today, 24h, week, 7d, month, 30d or all", NULL },
			{ "by", "WHAT",
				"model, kind, conversation, project, caller, provider, session or day",
				NULL },
			{ "cache", NULL, "what the prompt cache has read, written and lost", NULL },
			{ "json", NULL, "as JSON; amounts in nano-dollars", NULL },
			{ "csv", NULL, "as comma-separated values; amounts in nano-dollars", NULL },
			{ NULL },
		},
	.details =
		"Without a period: today, this week, this month and all, and the models of this month.\n"
		"`~` marks costs that are partly estimated; a `?` behind a cost means that the prices\n"
		"of some requests are not known; they count as nothing.\n",
	.flags = CMD_CONFIG,
	.args_max = 1,
};

enum { OUTPUT_MAX = 16 << 20 };

/* What the command line asks for. */
struct wish {
	struct span span; /* without a name: none was chosen */
	struct grouping by;
	bool grouped, cache, json, csv;
	int64_t now_ms;
};

static bool understand(const struct cmd *c, struct wish *w)
{
	const char *period = cmd_option(c, "period"), *by = cmd_option(c, "by");

	*w = (struct wish){ .now_ms = clock_wall_ms(),
		.grouped = by != NULL,
		.cache = cmd_option(c, "cache") != NULL,
		.json = cmd_option(c, "json") != NULL,
		.csv = cmd_option(c, "csv") != NULL };
	if (period == NULL && c->nargs > 0)
		period = c->args[0];
	if (period != NULL && !span_find(str_from(period), w->now_ms, &w->span))
		cmd_note("stats: \"%s\" is not %s", period, span_choice);
	else if (by != NULL && !grouping_find(str_from(by), &w->by))
		cmd_note("stats: \"%s\" is not %s", by, grouping_choice);
	else if (w->json && w->csv)
		cmd_note("stats: --json and --csv exclude each other");
	else
		return true;
	return false;
}

/* ---- as text ---- */

/* All spans, or the one chosen, each in a line; then the models of it, or of the month. */
static bool print_spans(struct store *s, const struct wish *w, struct err *e)
{
	struct span span = w->span;
	bool ok = true;

	stats_head("", STATS_MONEY);
	for (size_t i = 0; ok && w->span.name == NULL && span_names[i] != NULL; i++)
		if (span_find(str_from(span_names[i]), w->now_ms, &span))
			ok = stats_span(s, &span, STATS_MONEY, e);
	if (w->span.name != NULL)
		ok = stats_span(s, &span, STATS_MONEY, e);
	else
		span_find(STR("month"), w->now_ms, &span);
	printf("\n");
	struct grouping models;
	grouping_find(STR("model"), &models);
	return ok && stats_groups(s, &span, &models, STATS_MONEY, e);
}

static bool print_text(
	struct store *s, const struct wish *w, const struct span *span, struct err *e)
{
	enum stats_columns columns = w->cache ? STATS_CACHE : STATS_MONEY;

	if (w->grouped)
		return stats_groups(s, span, &w->by, columns, e);
	return w->cache ? stats_cache(s, span, e) : print_spans(s, w, e);
}

/* ---- for machines ---- */

static struct query_params params_of(const struct span *span)
{
	return (struct query_params){
		.from_ms = span->from_ms, .to_ms = span->to_ms, .text = STR("")
	};
}

static bool print_json(
	struct store *s, const struct wish *w, const struct span *span, struct err *e)
{
	const struct query_params p = params_of(span);
	struct buf out;
	bool ok;

	buf_init(&out, OUTPUT_MAX);
	if (w->grouped)
		ok = view_groups(&out, s, &w->by, &p, e);
	else if (w->cache)
		ok = view_overview(&out, s, span, w->now_ms, e);
	else
		ok = w->span.name != NULL ? report_span(&out, s, span, e)
					  : report_stats(&out, s, w->now_ms, e);
	if (ok)
		printf("%.*s\n", STR_ARG(buf_str(&out)));
	buf_release(&out);
	return ok;
}

static bool print_csv(struct store *s, const struct wish *w, const struct span *span, struct err *e)
{
	const struct query_params p = params_of(span);
	struct grouping by = w->by;

	if (w->cache && !w->grouped)
		return csv_causes(s, &p, e);
	if (!w->grouped)
		grouping_find(STR("model"), &by);
	csv_totals_head(by.name);
	return grouping_ask(s, &by, &p, &(struct grouping_listener){ csv_totals, NULL }, e);
}

static int run(const struct cmd *c)
{
	struct wish w;
	struct err e;

	if (!understand(c, &w))
		return CMD_USAGE;
	struct store *s = data_open_ledger(c, &e);
	if (s == NULL)
		return cmd_fail("%s", e.text);
	struct span span = w.span;
	if (span.name == NULL)
		span_find(STR("month"), w.now_ms, &span);
	bool ok = w.json  ? print_json(s, &w, &span, &e)
		  : w.csv ? print_csv(s, &w, &span, &e)
			  : print_text(s, &w, &span, &e);
	s->driver->close(s);
	return ok ? CMD_OK : cmd_fail("%s", e.text);
}
