/* SPDX-License-Identifier: MIT */
/* The pieces that reports and endpoints are made of. */
#include "admin/rows.h"

#include "base/clock.h"
#include "core/decision.h"
#include "wire/json.h"

void rows_comma(struct buf *b)
{
	char last = b->n > 0 ? b->p[b->n - 1] : '{';

	if (last != '{' && last != '[')
		buf_add_char(b, ',');
}

void rows_number(struct buf *b, const char *name, int64_t v)
{
	rows_comma(b);
	if (v == -1)
		buf_addf(b, "\"%s\":null", name);
	else
		buf_addf(b, "\"%s\":%lld", name, (long long)v);
}

/* -1 is a number like others. */
static void add_signed(struct buf *b, const char *name, int64_t v)
{
	rows_comma(b);
	buf_addf(b, "\"%s\":%lld", name, (long long)v);
}

void rows_string(struct buf *b, const char *name, struct str v)
{
	rows_comma(b);
	buf_addf(b, "\"%s\":", name);
	json_add_string(b, v);
}

void rows_text(struct buf *b, const char *name, struct str v)
{
	if (v.n > 0)
		rows_string(b, name, v);
}

void rows_bool(struct buf *b, const char *name, bool v)
{
	rows_comma(b);
	buf_addf(b, "\"%s\":%s", name, v ? "true" : "false");
}

void rows_time(struct buf *b, const char *name, int64_t ms)
{
	char iso[25];

	clock_iso(ms, iso);
	rows_string(b, name, (struct str){ iso, 24 });
}

void rows_tokens(struct buf *b, const struct ledger_tokens *t)
{
	rows_comma(b);
	buf_add(b, STR("\"tokens\":{"));
	rows_number(b, "input", t->in);
	rows_number(b, "cache_read", t->cache_read);
	rows_number(b, "cache_write_5m", t->cache_write_5m);
	rows_number(b, "cache_write_1h", t->cache_write_1h);
	rows_number(b, "output", t->out);
	rows_number(b, "reasoning", t->reasoning);
	buf_add_char(b, '}');
}

void rows_cost(struct buf *b, const char *name, const struct ledger_cost *c)
{
	rows_comma(b);
	buf_addf(b, "\"%s\":{", name);
	rows_number(b, "input", c->in);
	rows_number(b, "cache_read", c->cache_read);
	rows_number(b, "cache_write_5m", c->cache_write_5m);
	rows_number(b, "cache_write_1h", c->cache_write_1h);
	rows_number(b, "output", c->out);
	rows_number(b, "total", c->total);
	buf_add_char(b, '}');
}

static void add_totals(struct buf *b, const char *count, const struct ledger_totals *t)
{
	rows_number(b, count, t->exchanges);
	rows_number(b, "failed", t->failed);
	rows_number(b, "unpriced", t->unpriced);
	rows_number(b, "estimated", t->estimated);
	rows_tokens(b, &t->tokens);
	rows_cost(b, "cost_nusd", &t->cost);
	add_signed(b, "saved_nusd", t->saved);
	add_signed(b, "lost_nusd", t->lost);
	rows_number(b, "duration_us", t->duration_us);
	rows_number(b, "alarms", t->alarms);
	buf_add(b, STR(",\"prediction\":{"));
	rows_number(b, "exchanges", t->predicted);
	rows_number(b, "read_predicted", t->read_predicted);
	rows_number(b, "read", t->read_found);
	rows_number(b, "off", t->read_off);
	buf_add_char(b, '}');
}

void rows_totals(struct buf *b, const struct ledger_totals *t)
{
	add_totals(b, "exchanges", t);
}

void rows_totals_of_list(struct buf *b, const struct ledger_totals *t)
{
	add_totals(b, "exchange_count", t);
}

static void add_attempt(struct buf *b, const struct ledger_attempt *a)
{
	buf_add_char(b, '{');
	rows_text(b, "provider", a->provider);
	rows_text(b, "model", a->model);
	rows_text(b, "key", a->key);
	rows_text(b, "outcome", a->outcome);
	rows_number(b, "status", a->status);
	rows_bool(b, "estimated", a->estimated);
	rows_tokens(b, &a->tokens);
	rows_cost(b, "cost_nano_usd", &a->cost);
	rows_time(b, "begin", a->begin_ms);
	rows_number(b, "first_us", a->first_us);
	rows_number(b, "duration_us", a->duration_us);
	buf_add_char(b, '}');
}

static void add_prefix(struct buf *b, const struct ledger_prefix *p)
{
	buf_add(b, STR(",\"prefix\":{"));
	rows_number(b, "read_predicted", p->read_predicted);
	rows_number(b, "write_predicted", p->write_predicted);
	rows_string(b, "cause", p->cause);
	rows_string(b, "at", p->at);
	rows_number(b, "lost_tokens", p->lost_tokens);
	rows_number(b, "lost_nusd", p->lost_nusd);
	rows_number(b, "alarm", p->alarm);
	buf_add_char(b, '}');
}

static void add_savings(struct buf *b, const struct ledger_exchange *x)
{
	buf_add(b, STR(",\"savings\":["));
	for (size_t i = 0; i < x->nsavings; i++) {
		rows_comma(b);
		buf_add_char(b, '{');
		rows_string(b, "cause", x->savings[i].cause);
		add_signed(b, "tokens", x->savings[i].tokens);
		add_signed(b, "nusd", x->savings[i].nusd);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

/* It is read and written anew: what stands in a file may have been put there by anybody. */
static void add_decision(struct buf *b, const struct ledger_exchange *x)
{
	struct arena *a;
	struct decision *d;

	if (x->decision.n == 0)
		return;
	a = arena_new_small();
	d = decision_unpack(x->decision, a);
	if (d != NULL) {
		d->why = x->plan;
		buf_add(b, STR(",\"decision\":"));
		decision_print(d, b);
	}
	arena_free(a);
}

/* All members but the decision, of an object that is left open. */
static void add_exchange(struct buf *b, const struct ledger_exchange *x)
{
	buf_add_char(b, '{');
	rows_text(b, "id", x->id);
	rows_time(b, "begin", x->begin_ms);
	rows_number(b, "begin_ms", x->begin_ms);
	rows_text(b, "session", x->session);
	rows_text(b, "conversation", x->conversation);
	rows_text(b, "parent", x->parent);
	rows_text(b, "caller", x->caller);
	rows_text(b, "project", x->project);
	rows_text(b, "dialect", x->dialect);
	rows_text(b, "endpoint", x->endpoint);
	rows_text(b, "kind", x->kind);
	rows_text(b, "model_asked", x->model_asked);
	rows_text(b, "model", x->model);
	rows_text(b, "provider", x->provider);
	rows_text(b, "plan", x->plan);
	rows_number(b, "status", x->status);
	rows_text(b, "error", x->error);
	rows_bool(b, "stream", x->streamed);
	rows_bool(b, "estimated", x->estimated);
	rows_tokens(b, &x->tokens);
	rows_cost(b, "cost_nano_usd", &x->cost);
	buf_addf(b, ",\"saved_nano_usd\":%lld", (long long)x->saved);
	add_prefix(b, &x->prefix);
	add_savings(b, x);
	rows_number(b, "request_bytes", x->request_bytes);
	rows_number(b, "reply_bytes", x->reply_bytes);
	rows_number(b, "first_us", x->first_us);
	rows_number(b, "duration_us", x->duration_us);
	buf_add(b, STR(",\"attempts\":["));
	for (size_t i = 0; i < x->nattempts; i++) {
		buf_add(b, str_from(i > 0 ? "," : ""));
		add_attempt(b, &x->attempts[i]);
	}
	buf_add_char(b, ']');
}

void rows_exchange(struct buf *b, const struct ledger_exchange *x)
{
	add_exchange(b, x);
	buf_add_char(b, '}');
}

void rows_exchange_whole(struct buf *b, const struct ledger_exchange *x)
{
	add_exchange(b, x);
	add_decision(b, x);
	buf_add_char(b, '}');
}
