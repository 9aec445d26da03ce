/* SPDX-License-Identifier: MIT */
/* Statistics and histories, in the shapes that they have had since the first version. */
#include "admin/report.h"

#include "admin/rows.h"

enum { NANO_PER_DOLLAR = 1000000000 };

/* ---- stats ---- */

static void add_totals(struct buf *b, const struct ledger_totals *t)
{
	rows_number(b, "exchanges", t->exchanges);
	rows_number(b, "failed", t->failed);
	rows_number(b, "unpriced", t->unpriced);
	rows_number(b, "estimated", t->estimated);
	rows_tokens(b, &t->tokens);
	rows_cost(b, "cost_nano_usd", &t->cost);
	buf_addf(b, ",\"saved_nano_usd\":%lld", (long long)t->saved);
	rows_number(b, "duration_us", t->duration_us);
}

static bool put_totals(void *ctx, const struct query_row *row)
{
	*(struct ledger_totals *)ctx = *row->totals;
	return true;
}

static bool put_model(void *ctx, const struct query_row *row)
{
	struct buf *b = ctx;

	buf_add(b, str_from(b->p[b->n - 1] == '[' ? "{" : ",{"));
	rows_text(b, "model", row->totals->model);
	rows_text(b, "provider", row->totals->provider);
	add_totals(b, row->totals);
	buf_add_char(b, '}');
	return true;
}

static bool totals_of(
	struct store *s, const struct span *span, struct ledger_totals *ret, struct err *e)
{
	const struct query_params p = {
		.what = QUERY_TOTALS, .from_ms = span->from_ms, .to_ms = span->to_ms
	};

	*ret = (struct ledger_totals){ 0 };
	return s->driver->query(s, &p, put_totals, ret, e);
}

bool report_span(struct buf *out, struct store *s, const struct span *span, struct err *e)
{
	const struct query_params models = {
		.what = QUERY_MODELS, .from_ms = span->from_ms, .to_ms = span->to_ms
	};
	struct ledger_totals t;

	if (!totals_of(s, span, &t, e))
		return false;
	buf_add_char(out, '{');
	if (span->from_ms > 0)
		rows_time(out, "from", span->from_ms);
	add_totals(out, &t);
	buf_add(out, STR(",\"models\":["));
	if (!s->driver->query(s, &models, put_model, out, e))
		return false;
	buf_add(out, STR("]}"));
	return true;
}

/* Nothing is drafted or verified yet, so those counts are none. */
static bool add_summary(struct buf *b, struct store *s, int64_t now_ms, struct err *e)
{
	struct ledger_totals t;
	struct span all;

	if (!span_find(STR("all"), now_ms, &all) || !totals_of(s, &all, &t, e))
		return false;
	double cost = (double)t.cost.total / NANO_PER_DOLLAR;
	double saved = (double)t.saved / NANO_PER_DOLLAR;
	double percent = cost + saved > 0 ? saved * 100 / (cost + saved) : 0;
	buf_addf(b,
		",\"summary\":{\"total_queries\":%lld,\"cascade_used\":0,\"cascade_rate\":0,"
		"\"draft_accepted\":0,\"acceptance_rate\":0,\"total_cost\":%.9f,"
		"\"baseline_cost\":%.9f,\"total_saved\":%.9f,\"savings_percent\":%.3f}",
		(long long)t.exchanges, cost, cost + saved, saved, percent);
	return true;
}

bool report_stats(struct buf *out, struct store *s, int64_t now_ms, struct err *e)
{
	struct span span;

	buf_add_char(out, '{');
	for (size_t i = 0; span_names[i] != NULL; i++) {
		buf_addf(out, "%s\"%s\":", i > 0 ? "," : "", span_names[i]);
		if (!span_find(str_from(span_names[i]), now_ms, &span) ||
			!report_span(out, s, &span, e))
			return false;
	}
	if (!add_summary(out, s, now_ms, e))
		return false;
	buf_add_char(out, '}');
	return true;
}

/* ---- history ---- */

static bool put_exchange(void *ctx, const struct query_row *row)
{
	struct buf *b = ctx;

	buf_add(b, str_from(b->p[b->n - 1] == '[' ? "" : ",\n"));
	rows_exchange(b, row->exchange);
	return !b->overflow;
}

static bool put_whole(void *ctx, const struct query_row *row)
{
	rows_exchange_whole(ctx, row->exchange);
	return true;
}

bool report_history(struct buf *out, struct store *s, const struct query_params *p, struct err *e)
{
	buf_add_char(out, '[');
	if (!s->driver->query(s, p, p->what == QUERY_EXCHANGE ? put_whole : put_exchange, out, e))
		return false;
	buf_add_char(out, ']');
	return true;
}
