/* SPDX-License-Identifier: MIT */
/* Rows of the ledger as JSON: amounts are integers, nano-dollars; null is unknown. */
#include "admin/report.h"

#include "base/clock.h"
#include "wire/json.h"

#include <time.h>

enum { NANO_PER_DOLLAR = 1000000000 };

/* ---- spans ---- */

const char *const span_names[] = { "today", "week", "month", "all", NULL };

bool span_find(struct str name, int64_t now_ms, struct span *ret)
{
	time_t now = (time_t)(now_ms / 1000);
	struct tm t;

	for (size_t i = 0; span_names[i] != NULL; i++) {
		if (!str_eq(name, str_from(span_names[i])))
			continue;
		localtime_r(&now, &t);
		t.tm_hour = t.tm_min = t.tm_sec = 0;
		t.tm_isdst = -1;
		if (i == 1)
			t.tm_mday -= (t.tm_wday + 6) % 7;
		if (i == 2)
			t.tm_mday = 1;
		*ret = (struct span){ span_names[i], i == 3 ? 0 : (int64_t)mktime(&t) * 1000,
			INT64_MAX };
		return true;
	}
	return false;
}

/* ---- pieces ---- */

static void add_number(struct buf *b, const char *name, int64_t v)
{
	if (b->p[b->n - 1] != '{')
		buf_add_char(b, ',');
	if (v == -1)
		buf_addf(b, "\"%s\":null", name);
	else
		buf_addf(b, "\"%s\":%lld", name, (long long)v);
}

static void add_text(struct buf *b, const char *name, struct str v)
{
	if (v.n == 0)
		return;
	if (b->p[b->n - 1] != '{')
		buf_add_char(b, ',');
	buf_addf(b, "\"%s\":", name);
	json_add_string(b, v);
}

static void add_bool(struct buf *b, const char *name, bool v)
{
	buf_addf(b, ",\"%s\":%s", name, v ? "true" : "false");
}

static void add_time(struct buf *b, const char *name, int64_t ms)
{
	char iso[25];

	clock_iso(ms, iso);
	add_text(b, name, (struct str){ iso, 24 });
}

static void add_tokens(struct buf *b, const struct ledger_tokens *t)
{
	buf_add(b, STR(",\"tokens\":{"));
	add_number(b, "input", t->in);
	add_number(b, "cache_read", t->cache_read);
	add_number(b, "cache_write_5m", t->cache_write_5m);
	add_number(b, "cache_write_1h", t->cache_write_1h);
	add_number(b, "output", t->out);
	add_number(b, "reasoning", t->reasoning);
	buf_add_char(b, '}');
}

static void add_cost(struct buf *b, const struct ledger_cost *c)
{
	buf_add(b, STR(",\"cost_nano_usd\":{"));
	add_number(b, "input", c->in);
	add_number(b, "cache_read", c->cache_read);
	add_number(b, "cache_write_5m", c->cache_write_5m);
	add_number(b, "cache_write_1h", c->cache_write_1h);
	add_number(b, "output", c->out);
	add_number(b, "total", c->total);
	buf_add_char(b, '}');
}

static void add_totals(struct buf *b, const struct ledger_totals *t)
{
	add_number(b, "exchanges", t->exchanges);
	add_number(b, "failed", t->failed);
	add_number(b, "unpriced", t->unpriced);
	add_number(b, "estimated", t->estimated);
	add_tokens(b, &t->tokens);
	add_cost(b, &t->cost);
	buf_addf(b, ",\"saved_nano_usd\":%lld", (long long)t->saved);
	add_number(b, "duration_us", t->duration_us);
}

/* ---- stats ---- */

static bool put_totals(void *ctx, const struct query_row *row)
{
	*(struct ledger_totals *)ctx = *row->totals;
	return true;
}

static bool put_model(void *ctx, const struct query_row *row)
{
	struct buf *b = ctx;

	buf_add(b, str_from(b->p[b->n - 1] == '[' ? "{" : ",{"));
	add_text(b, "model", row->totals->model);
	add_text(b, "provider", row->totals->provider);
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
		add_time(out, "from", span->from_ms);
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

static void add_attempt(struct buf *b, const struct ledger_attempt *a)
{
	buf_add_char(b, '{');
	add_text(b, "provider", a->provider);
	add_text(b, "model", a->model);
	add_text(b, "key", a->key);
	add_text(b, "outcome", a->outcome);
	add_number(b, "status", a->status);
	add_bool(b, "estimated", a->estimated);
	add_tokens(b, &a->tokens);
	add_cost(b, &a->cost);
	add_time(b, "begin", a->begin_ms);
	add_number(b, "first_us", a->first_us);
	add_number(b, "duration_us", a->duration_us);
	buf_add_char(b, '}');
}

static bool put_exchange(void *ctx, const struct query_row *row)
{
	const struct ledger_exchange *x = row->exchange;
	struct buf *b = ctx;

	buf_add(b, str_from(b->p[b->n - 1] == '[' ? "{" : ",\n{"));
	add_text(b, "id", x->id);
	add_time(b, "begin", x->begin_ms);
	add_text(b, "session", x->session);
	add_text(b, "conversation", x->conversation);
	add_text(b, "parent", x->parent);
	add_text(b, "caller", x->caller);
	add_text(b, "dialect", x->dialect);
	add_text(b, "endpoint", x->endpoint);
	add_text(b, "kind", x->kind);
	add_text(b, "model_asked", x->model_asked);
	add_text(b, "model", x->model);
	add_text(b, "provider", x->provider);
	add_text(b, "plan", x->plan);
	add_number(b, "status", x->status);
	add_text(b, "error", x->error);
	add_bool(b, "stream", x->streamed);
	add_bool(b, "estimated", x->estimated);
	add_tokens(b, &x->tokens);
	add_cost(b, &x->cost);
	buf_addf(b, ",\"saved_nano_usd\":%lld", (long long)x->saved);
	add_number(b, "request_bytes", x->request_bytes);
	add_number(b, "reply_bytes", x->reply_bytes);
	add_number(b, "first_us", x->first_us);
	add_number(b, "duration_us", x->duration_us);
	buf_add(b, STR(",\"attempts\":["));
	for (size_t i = 0; i < x->nattempts; i++) {
		buf_add(b, str_from(i > 0 ? "," : ""));
		add_attempt(b, &x->attempts[i]);
	}
	buf_add(b, STR("]}"));
	return !b->overflow;
}

bool report_history(struct buf *out, struct store *s, const struct query_params *p, struct err *e)
{
	buf_add_char(out, '[');
	if (!s->driver->query(s, p, put_exchange, out, e))
		return false;
	buf_add_char(out, ']');
	return true;
}
