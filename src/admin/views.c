/* SPDX-License-Identifier: MIT */
/* Views of the ledger as JSON, each from as few questions as it takes. */
#include "admin/views.h"

#include "admin/rows.h"
#include "store/row.h"
#include "wire/json.h"

static void begin_object(struct buf *b)
{
	rows_comma(b);
	buf_add_char(b, '{');
}

static bool ask(struct store *s, struct query_params p, row_fn *fn, struct buf *b, struct err *e)
{
	return s->driver->query(s, &p, fn, b, e) &&
	       (!b->overflow || err_set(e, ERR_TOO_LARGE, "the answer is too large: ask for less"));
}

/* ---- overview ---- */

static bool keep_totals(void *ctx, const struct query_row *row)
{
	*(struct ledger_totals *)ctx = *row->totals;
	return true;
}

static bool put_model(void *ctx, const struct query_row *row)
{
	struct buf *b = ctx;

	begin_object(b);
	rows_string(b, "model", row->totals->name);
	rows_string(b, "provider", row->totals->provider);
	rows_totals(b, row->totals);
	buf_add_char(b, '}');
	return !b->overflow;
}

static bool put_kind(void *ctx, const struct query_row *row)
{
	struct buf *b = ctx;

	begin_object(b);
	rows_string(b, "kind", row->totals->name);
	rows_totals(b, row->totals);
	buf_add_char(b, '}');
	return !b->overflow;
}

static bool put_cause(void *ctx, const struct query_row *row)
{
	const struct ledger_cause *c = row->cause;
	struct buf *b = ctx;

	begin_object(b);
	rows_string(b, "cause", c->cause);
	rows_number(b, "count", c->count);
	buf_addf(b, ",\"tokens\":%lld,\"nusd\":%lld}", (long long)c->tokens, (long long)c->nusd);
	return true;
}

static void add_percentiles(struct buf *b, const char *name, const struct ledger_percentiles *p)
{
	buf_addf(b, ",\"%s\":{", name);
	rows_number(b, "p50", p->p50);
	rows_number(b, "p90", p->p90);
	rows_number(b, "p99", p->p99);
	buf_add_char(b, '}');
}

static bool put_latency(void *ctx, const struct query_row *row)
{
	struct buf *b = ctx;

	buf_addf(b, ",\"latency\":{\"count\":%lld", (long long)row->latency->count);
	add_percentiles(b, "first_us", &row->latency->first_us);
	add_percentiles(b, "total_us", &row->latency->total_us);
	buf_add_char(b, '}');
	return true;
}

/* A series in the making: quarters of an hour are added up to steps. */
struct series {
	struct buf b;
	int64_t step_ms; /* 0: the first quarter decides, of a span without a beginning */
	int64_t from_ms, to_ms;
	struct ledger_totals step;
	bool began;
};

static void end_step(struct series *s)
{
	if (!s->began)
		return;
	begin_object(&s->b);
	rows_number(&s->b, "at_ms", s->step.at_ms);
	rows_totals(&s->b, &s->step);
	buf_add_char(&s->b, '}');
}

static bool put_quarter(void *ctx, const struct query_row *row)
{
	struct series *s = ctx;
	int64_t quarter_ms = row->totals->at_ms;

	if (s->step_ms == 0) {
		s->from_ms = quarter_ms;
		s->step_ms = span_step_ms(quarter_ms, s->to_ms);
	}
	int64_t at_ms = span_step_of(quarter_ms, s->step_ms);
	if (!s->began || at_ms != s->step.at_ms) {
		end_step(s);
		s->began = true;
		s->step = (struct ledger_totals){ .at_ms = at_ms };
	}
	totals_sum(&s->step, row->totals);
	return true;
}

static bool make_series(struct series *ret, struct store *s, const struct query_params *p,
	int64_t now_ms, struct err *e)
{
	struct query_params q = *p;

	q.what = QUERY_SERIES;
	*ret = (struct series){ .from_ms = p->from_ms, .to_ms = p->to_ms };
	if (ret->to_ms == INT64_MAX)
		ret->to_ms = p->from_ms < now_ms ? now_ms : p->from_ms;
	if (p->from_ms > 0)
		ret->step_ms = span_step_ms(ret->from_ms, ret->to_ms);
	buf_init(&ret->b, SIZE_MAX);
	if (!s->driver->query(s, &q, put_quarter, ret, e))
		return false;
	end_step(ret);
	if (ret->step_ms == 0) {
		ret->from_ms = ret->to_ms;
		ret->step_ms = span_step_ms(0, 1);
	}
	return true;
}

static bool add_overview_lists(struct buf *b, struct store *s, struct query_params p, struct err *e)
{
	p.what = QUERY_GROUPS;
	p.limit = VIEW_GROUPS_MAX;
	p.by = GROUP_MODEL;
	buf_add(b, STR(",\"models\":["));
	if (!ask(s, p, put_model, b, e))
		return false;
	p.by = GROUP_KIND;
	buf_add(b, STR("],\"kinds\":["));
	if (!ask(s, p, put_kind, b, e))
		return false;
	p.what = QUERY_CAUSES;
	p.text = STR("saved");
	buf_add(b, STR("],\"saved\":["));
	if (!ask(s, p, put_cause, b, e))
		return false;
	p.text = STR("lost");
	buf_add(b, STR("],\"lost\":["));
	if (!ask(s, p, put_cause, b, e))
		return false;
	buf_add_char(b, ']');
	return true;
}

bool view_overview(
	struct buf *out, struct store *s, const struct span *span, int64_t now_ms, struct err *e)
{
	struct query_params p = { .what = QUERY_TOTALS,
		.from_ms = span->from_ms,
		.to_ms = span->to_ms,
		.text = STR("") };
	struct ledger_totals t = { .name = STR("") };
	struct series series;

	if (!s->driver->query(s, &p, keep_totals, &t, e))
		return false;
	bool ok = make_series(&series, s, &p, now_ms, e);
	buf_addf(out, "{\"from_ms\":%lld,\"to_ms\":%lld,\"step_ms\":%lld,\"totals\":{",
		(long long)series.from_ms, (long long)series.to_ms, (long long)series.step_ms);
	rows_totals(out, &t);
	buf_add(out, STR("},\"series\":["));
	buf_add(out, buf_str(&series.b));
	buf_add_char(out, ']');
	buf_release(&series.b);
	if (!ok || !add_overview_lists(out, s, p, e))
		return false;
	p.what = QUERY_LATENCY;
	p.limit = VIEW_LATENCY_MAX;
	if (!ask(s, p, put_latency, out, e))
		return false;
	buf_add_char(out, '}');
	return true;
}

/* ---- conversations ---- */

static void add_conversation(struct buf *b, const struct ledger_conversation *c)
{
	struct str rest = c->models, model;

	rows_string(b, "id", c->id);
	rows_string(b, "session", c->session);
	rows_string(b, "parent", c->parent);
	rows_string(b, "project", c->project);
	rows_string(b, "caller", c->caller);
	rows_string(b, "kind", c->kind);
	buf_add(b, STR(",\"models\":["));
	while (str_split(&rest, '\n', &model)) {
		rows_comma(b);
		json_add_string(b, model);
	}
	buf_add_char(b, ']');
	rows_number(b, "first_ms", c->first_ms);
	rows_number(b, "last_ms", c->last_ms);
}

/* A page that is being written. What comes behind its end only tells that there is another. */
struct page {
	struct buf *b;
	size_t left;
	bool more;
	struct buf last; /* what the next one goes on behind */
};

static bool page_is_full(struct page *page)
{
	page->more = page->left == 0;
	return page->more;
}

static bool put_conversation(void *ctx, const struct query_row *row)
{
	struct page *page = ctx;

	if (page_is_full(page))
		return false;
	page->left--;
	begin_object(page->b);
	add_conversation(page->b, row->conversation);
	rows_totals(page->b, &row->conversation->totals);
	buf_add_char(page->b, '}');
	buf_clear(&page->last);
	buf_addf(&page->last, "%lld.", (long long)row->conversation->last_ms);
	buf_add(&page->last, row->conversation->id);
	return !page->b->overflow;
}

static bool put_exchange(void *ctx, const struct query_row *row)
{
	struct page *page = ctx;

	if (page_is_full(page))
		return false;
	page->left--;
	rows_comma(page->b);
	rows_exchange(page->b, row->exchange);
	buf_clear(&page->last);
	buf_add(&page->last, row->exchange->id);
	return !page->b->overflow;
}

/* The rows of one page, and where the next one begins. */
static bool add_page(
	struct buf *out, struct store *s, const struct query_params *p, row_fn *fn, struct err *e)
{
	struct page page = { .b = out, .left = p->limit };
	struct query_params q = *p;

	q.limit = p->limit + 1;
	buf_init(&page.last, SIZE_MAX);
	bool ok = s->driver->query(s, &q, fn, &page, e);
	buf_add(out, STR("],\"next\":"));
	if (page.more)
		json_add_string(out, buf_str(&page.last));
	else
		buf_add(out, STR("null"));
	buf_release(&page.last);
	return ok;
}

bool view_conversations(
	struct buf *out, struct store *s, const struct query_params *p, struct err *e)
{
	struct query_params q = *p;

	q.what = QUERY_CONVERSATIONS;
	buf_add(out, STR("{\"conversations\":["));
	if (!add_page(out, s, &q, put_conversation, e))
		return false;
	buf_add_char(out, '}');
	return true;
}

static bool put_head(void *ctx, const struct query_row *row)
{
	add_conversation(ctx, row->conversation);
	rows_totals_of_list(ctx, &row->conversation->totals);
	return true;
}

bool view_conversation(
	struct buf *out, struct store *s, const struct query_params *p, struct err *e)
{
	struct query_params q = { .what = QUERY_CONVERSATION, .text = p->conversation };

	buf_add_char(out, '{');
	if (!ask(s, q, put_head, out, e))
		return false;
	if (out->n == 1)
		return err_set(e, ERR_NOT_FOUND, "no conversation '%.*s'",
			p->conversation.n < 64 ? (int)p->conversation.n : 64, p->conversation.p);
	q = *p;
	q.what = QUERY_HISTORY;
	buf_add(out, STR(",\"exchanges\":["));
	if (!add_page(out, s, &q, put_exchange, e))
		return false;
	buf_add_char(out, '}');
	return true;
}

/* ---- exchanges ---- */

static bool put_one(void *ctx, const struct query_row *row)
{
	rows_exchange_whole(ctx, row->exchange);
	return true;
}

bool view_exchange(struct buf *out, struct store *s, struct str id, struct err *e)
{
	const struct query_params p = { .what = QUERY_EXCHANGE, .text = id };

	if (!ask(s, p, put_one, out, e))
		return false;
	return out->n > 0 ||
	       err_set(e, ERR_NOT_FOUND, "no exchange '%.*s'", id.n < 64 ? (int)id.n : 64, id.p);
}

static bool put_alarm(void *ctx, const struct query_row *row)
{
	const struct ledger_exchange *x = row->exchange;
	struct buf *b = ctx;

	begin_object(b);
	rows_number(b, "at_ms", x->begin_ms);
	rows_string(b, "id", x->id);
	rows_string(b, "conversation", x->conversation);
	rows_string(b, "project", x->project);
	rows_string(b, "model", x->model);
	rows_number(b, "alarm", x->prefix.alarm);
	rows_string(b, "cause", x->prefix.cause);
	rows_number(b, "lost_nusd", x->prefix.lost_nusd);
	buf_add_char(b, '}');
	return !b->overflow;
}

bool view_alarms(struct buf *out, struct store *s, const struct query_params *p, struct err *e)
{
	struct query_params q = *p;

	q.what = QUERY_ALARMS;
	buf_add(out, STR("{\"alarms\":["));
	if (!ask(s, q, put_alarm, out, e))
		return false;
	buf_add(out, STR("]}"));
	return true;
}

/* ---- groups ---- */

static bool put_group(void *ctx, const struct query_row *row)
{
	struct buf *b = ctx;

	begin_object(b);
	rows_string(b, "name", row->totals->name);
	rows_string(b, "provider", row->totals->provider);
	rows_totals(b, row->totals);
	buf_add_char(b, '}');
	return !b->overflow;
}

bool view_groups(struct buf *out, struct store *s, const struct grouping *g,
	const struct query_params *p, struct err *e)
{
	buf_addf(out, "{\"by\":\"%s\",\"groups\":[", g->name);
	if (!grouping_ask(s, g, p, &(struct grouping_listener){ put_group, out }, e))
		return false;
	buf_add(out, STR("]}"));
	return true;
}
