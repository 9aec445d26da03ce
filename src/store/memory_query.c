/* SPDX-License-Identifier: MIT */
/* Questions to the store in memory: each looks at every row, and makes its sums anew. */
#include "store/memory_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- spans ---- */

static bool touches(int64_t slot_ms, int64_t width_ms, const struct query_params *p)
{
	bool ends_behind = slot_ms > INT64_MAX - width_ms || slot_ms + width_ms > p->from_ms;

	return p->from_ms < p->to_ms && ends_behind && slot_ms < p->to_ms;
}

/* Whether its quarter of an hour is one that the span touches. */
static bool in_quarters(const struct memory_row *row, const struct query_params *p)
{
	return touches(quarter_of(row->x->begin_ms), QUARTER_MS, p);
}

static bool in_span(const struct memory_row *row, const struct query_params *p)
{
	return !row->pruned && row->x->begin_ms >= p->from_ms && row->x->begin_ms < p->to_ms;
}

static int compare_str(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_int(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* ---- sums ---- */

static void tell_sum(const struct snapshot *s, const struct query_params *p, row_fn *fn, void *ctx)
{
	struct ledger_totals t = { .name = STR("") };

	for (size_t i = 0; i < s->n; i++)
		if (p->what == QUERY_TOTALS ? in_quarters(&s->rows[i], p)
					    : p->text.n > 0 && !s->rows[i].pruned &&
						      str_eq(s->rows[i].x->session, p->text))
			totals_add(&t, s->rows[i].x);
	fn(ctx, &(struct query_row){ .totals = &t });
}

static int compare_groups(const void *a, const void *b)
{
	const struct ledger_totals *x = a, *y = b;
	int order = compare_int(y->cost.total, x->cost.total);

	if (order == 0)
		order = compare_str(x->name, y->name);
	return order != 0 ? order : compare_str(x->provider, y->provider);
}

static int compare_times(const void *a, const void *b)
{
	return compare_int(
		((const struct ledger_totals *)a)->at_ms, ((const struct ledger_totals *)b)->at_ms);
}

/* Which group a row belongs to; false: it is in none. */
static bool group_of(
	const struct memory_row *row, const struct query_params *p, struct ledger_totals *ret)
{
	const struct ledger_exchange *x = row->x;
	enum group by = p->what == QUERY_MODELS ? GROUP_MODEL : p->by;
	bool part = by == GROUP_KIND || by == GROUP_PROJECT || by == GROUP_CALLER;
	const struct str names[GROUPS] = { [GROUP_MODEL] = x->model,
		[GROUP_PROVIDER] = x->provider,
		[GROUP_KIND] = x->kind,
		[GROUP_PROJECT] = x->project,
		[GROUP_CALLER] = x->caller,
		[GROUP_CONVERSATION] = x->conversation,
		[GROUP_SESSION] = x->session };

	*ret = (struct ledger_totals){ .name = STR(""), .provider = STR("") };
	if (p->what == QUERY_SERIES) {
		ret->at_ms = quarter_of(x->begin_ms);
		return in_quarters(row, p);
	}
	ret->name = names[by];
	if (by == GROUP_MODEL || by == GROUP_PROVIDER)
		ret->provider = x->provider;
	if (by == GROUP_MODEL)
		ret->model = x->model;
	if (row->pruned && (by == GROUP_CONVERSATION || by == GROUP_SESSION))
		return false;
	return row->pruned && part ? touches(day_of(x->begin_ms), DAY_MS, p) : in_quarters(row, p);
}

static struct ledger_totals *find_group(
	struct ledger_totals *v, size_t *n, const struct ledger_totals *group)
{
	for (size_t i = 0; i < *n; i++)
		if (v[i].at_ms == group->at_ms && str_eq(v[i].name, group->name) &&
			str_eq(v[i].provider, group->provider))
			return &v[i];
	v[*n] = *group;
	return &v[(*n)++];
}

static void tell_groups(
	const struct snapshot *s, const struct query_params *p, row_fn *fn, void *ctx)
{
	struct ledger_totals *v = must_alloc((s->n + 1) * sizeof(*v)), group;
	size_t n = 0, max = p->limit > 0 && p->what != QUERY_SERIES ? p->limit : SIZE_MAX;

	for (size_t i = 0; i < s->n; i++)
		if (group_of(&s->rows[i], p, &group))
			totals_add(find_group(v, &n, &group), s->rows[i].x);
	qsort(v, n, sizeof(*v), p->what == QUERY_SERIES ? compare_times : compare_groups);
	for (size_t i = 0; i < n && i < max; i++)
		if (!fn(ctx, &(struct query_row){ .totals = &v[i] }))
			break;
	free(v);
}

/* ---- causes ---- */

static int compare_causes(const void *a, const void *b)
{
	const struct ledger_cause *x = a, *y = b;
	int order = compare_int(y->nusd, x->nusd);

	return order != 0 ? order : compare_str(x->cause, y->cause);
}

struct causes {
	struct ledger_cause v[256];
	size_t n;
};

static void add_cause(struct causes *c, struct str cause, int64_t tokens, int64_t nusd)
{
	size_t i = 0;

	while (i < c->n && !str_eq(c->v[i].cause, cause))
		i++;
	if (i == ARRAY_LEN(c->v))
		return;
	if (i == c->n)
		c->v[c->n++] = (struct ledger_cause){ .cause = cause };
	c->v[i].count++;
	c->v[i].tokens += tokens;
	c->v[i].nusd += nusd;
}

static void add_causes(struct causes *c, const struct ledger_exchange *x, bool saved)
{
	for (size_t i = 0; saved && i < x->nsavings; i++)
		add_cause(c, x->savings[i].cause, counted_signed(x->savings[i].tokens),
			counted_signed(x->savings[i].nusd));
	if (!saved && x->prefix.cause.n > 0)
		add_cause(c, x->prefix.cause, counted(x->prefix.lost_tokens),
			counted(x->prefix.lost_nusd));
}

static void tell_causes(
	const struct snapshot *s, const struct query_params *p, row_fn *fn, void *ctx)
{
	struct causes c = { .n = 0 };

	for (size_t i = 0; i < s->n; i++)
		if (in_quarters(&s->rows[i], p))
			add_causes(&c, s->rows[i].x, str_eq(p->text, STR("saved")));
	qsort(c.v, c.n, sizeof(*c.v), compare_causes);
	for (size_t i = 0; i < c.n; i++)
		if (!fn(ctx, &(struct query_row){ .cause = &c.v[i] }))
			break;
}

/* ---- exchanges ---- */

struct place {
	const struct memory_row *row;
	size_t at; /* when it was added */
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = compare_int(y->row->x->begin_ms, x->row->x->begin_ms);

	return order != 0 ? order : (x->at < y->at) - (x->at > y->at);
}

/* Newest first, n of them as in the snapshot. */
static struct place *sort_places(const struct snapshot *s)
{
	struct place *v = must_alloc((s->n + 1) * sizeof(*v));

	for (size_t i = 0; i < s->n; i++)
		v[i] = (struct place){ &s->rows[i], i };
	qsort(v, s->n, sizeof(*v), compare_places);
	return v;
}

static bool is_asked_for(const struct memory_row *row, const struct query_params *p)
{
	return in_span(row, p) && (p->what != QUERY_ALARMS || row->x->prefix.alarm > 0) &&
	       (p->conversation.n == 0 || str_eq(row->x->conversation, p->conversation));
}

static bool tell_history(const struct snapshot *s, const struct query_params *p, row_fn *fn,
	void *ctx, struct err *e)
{
	struct place *v = sort_places(s);
	size_t from = 0, left = p->limit;

	while (p->text.n > 0 && from < s->n && !str_eq(v[from].row->x->id, p->text))
		from++;
	bool found = p->text.n == 0 || from < s->n;
	if (found)
		from += p->text.n > 0;
	for (size_t i = from; left > 0 && i < s->n; i++) {
		if (!is_asked_for(v[i].row, p))
			continue;
		left--;
		if (!fn(ctx, &(struct query_row){ .exchange = v[i].row->x }))
			break;
	}
	free(v);
	return found || err_set(e, ERR_NOT_FOUND, "no exchange '%.*s'",
				p->text.n < 64 ? (int)p->text.n : 64, p->text.p);
}

static int compare_ids(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return compare_str(x->row->x->id, y->row->x->id);
}

static void tell_found(
	const struct snapshot *s, const struct query_params *p, row_fn *fn, void *ctx)
{
	struct place *v = sort_places(s);
	size_t left = p->what == QUERY_EXCHANGE ? 1 : p->limit;

	qsort(v, s->n, sizeof(*v), compare_ids);
	for (size_t i = 0; i < s->n && left > 0; i++) {
		struct str id = v[i].row->x->id;
		if (v[i].row->pruned || !(p->what == QUERY_EXCHANGE ? str_eq(id, p->text)
								    : str_starts(id, p->text)))
			continue;
		left--;
		if (!fn(ctx, &(struct query_row){ .exchange = v[i].row->x }))
			break;
	}
	free(v);
}

static void tell_latency(
	const struct snapshot *s, const struct query_params *p, row_fn *fn, void *ctx)
{
	struct place *v = sort_places(s);
	int64_t *first = must_alloc((s->n + 1) * sizeof(*first)),
		*total = must_alloc((s->n + 1) * sizeof(*total));
	size_t nfirst = 0, ntotal = 0;
	struct ledger_latency l = { .count = 0 };

	for (size_t i = 0; i < s->n && l.count < (int64_t)p->limit; i++) {
		if (!in_span(v[i].row, p))
			continue;
		l.count++;
		if (v[i].row->x->first_us >= 0)
			first[nfirst++] = v[i].row->x->first_us;
		if (v[i].row->x->duration_us >= 0)
			total[ntotal++] = v[i].row->x->duration_us;
	}
	l.first_us = percentiles_of(first, nfirst);
	l.total_us = percentiles_of(total, ntotal);
	free(v);
	free(first);
	free(total);
	fn(ctx, &(struct query_row){ .latency = &l });
}

/* ---- conversations ---- */

static bool holds(struct str text, struct str needle)
{
	for (size_t i = 0; i + needle.n <= text.n; i++)
		if (str_eq_nocase((struct str){ text.p + i, needle.n }, needle))
			return true;
	return false;
}

static int compare_conversations(const void *a, const void *b)
{
	const struct ledger_conversation *x = a, *y = b;
	int order = compare_int(y->last_ms, x->last_ms);

	return order != 0 ? order : compare_str(y->id, x->id);
}

/* Of rows that come newest first. */
static void add_to_conversation(struct ledger_conversation *c, const struct ledger_exchange *x)
{
	if (c->totals.exchanges == 0)
		*c = (struct ledger_conversation){ .id = x->conversation,
			.session = x->session,
			.parent = x->parent,
			.project = x->project,
			.caller = x->caller,
			.kind = x->kind,
			.last_ms = x->begin_ms };
	c->first_ms = x->begin_ms;
	totals_add(&c->totals, x);
}

static bool in_conversations(const struct memory_row *row, const struct query_params *p)
{
	if (row->pruned || row->x->conversation.n == 0)
		return false;
	return p->what == QUERY_CONVERSATION ? str_eq(row->x->conversation, p->text)
					     : in_quarters(row, p);
}

/* The names of models, in memory that the caller frees. */
static struct buf models_of(const struct snapshot *s, const struct query_params *p, struct str id)
{
	struct str *names = must_alloc((s->n + 1) * sizeof(*names));
	struct buf b;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (in_conversations(&s->rows[i], p) && str_eq(s->rows[i].x->conversation, id))
			names[n++] = s->rows[i].x->model;
	n = names_sort(names, n);
	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < n; i++) {
		buf_add(&b, str_from(i > 0 ? "\n" : ""));
		buf_add(&b, names[i]);
	}
	free(names);
	return b;
}

static bool any_name_holds(
	const struct snapshot *s, const struct query_params *p, struct str conversation)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct ledger_exchange *x = s->rows[i].x;
		if (in_conversations(&s->rows[i], p) && str_eq(x->conversation, conversation) &&
			(holds(x->conversation, p->text) || holds(x->session, p->text) ||
				holds(x->project, p->text)))
			return true;
	}
	return false;
}

static bool is_listed(
	const struct snapshot *s, const struct query_params *p, const struct ledger_conversation *c)
{
	if (p->what == QUERY_CONVERSATION)
		return true;
	if (p->conversation.n > 0 &&
		(c->last_ms > p->behind_ms ||
			(c->last_ms == p->behind_ms && compare_str(c->id, p->conversation) >= 0)))
		return false;
	return any_name_holds(s, p, c->id);
}

static void tell_conversations(
	const struct snapshot *s, const struct query_params *p, row_fn *fn, void *ctx)
{
	struct ledger_conversation *v = must_alloc((s->n + 1) * sizeof(*v));
	struct place *places = sort_places(s);
	size_t n = 0, left = p->what == QUERY_CONVERSATION ? 1 : p->limit;
	bool more = true;

	for (size_t i = 0; i < s->n; i++) {
		size_t at = 0;
		if (!in_conversations(places[i].row, p))
			continue;
		while (at < n && !str_eq(v[at].id, places[i].row->x->conversation))
			at++;
		n += at == n;
		add_to_conversation(&v[at], places[i].row->x);
	}
	qsort(v, n, sizeof(*v), compare_conversations);
	for (size_t i = 0; more && left > 0 && i < n; i++) {
		if (!is_listed(s, p, &v[i]))
			continue;
		struct buf models = models_of(s, p, v[i].id);
		v[i].models = buf_str(&models);
		more = fn(ctx, &(struct query_row){ .conversation = &v[i] });
		buf_release(&models);
		left--;
	}
	free(places);
	free(v);
}

bool memory_ask(const struct snapshot *s, const struct query_params *p, row_fn *fn, void *ctx,
	struct err *e)
{
	switch (p->what) {
	case QUERY_TOTALS:
	case QUERY_SESSION:
		tell_sum(s, p, fn, ctx);
		break;
	case QUERY_MODELS:
	case QUERY_GROUPS:
	case QUERY_SERIES:
		tell_groups(s, p, fn, ctx);
		break;
	case QUERY_CAUSES:
		tell_causes(s, p, fn, ctx);
		break;
	case QUERY_HISTORY:
	case QUERY_ALARMS:
		return tell_history(s, p, fn, ctx, e);
	case QUERY_EXCHANGE:
	case QUERY_FIND:
		tell_found(s, p, fn, ctx);
		break;
	case QUERY_LATENCY:
		tell_latency(s, p, fn, ctx);
		break;
	case QUERY_CONVERSATIONS:
	case QUERY_CONVERSATION:
		tell_conversations(s, p, fn, ctx);
		break;
	}
	return true;
}
