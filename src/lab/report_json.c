/* SPDX-License-Identifier: MIT */
/* An audit as JSON. Amounts are nano-dollars, times ISO 8601 in UTC, rates parts per million. */
#include "lab/report.h"

#include "base/clock.h"
#include "wire/json.h"

#include <stdlib.h>
#include <string.h>

enum { PPM = 1000000 };

static const char *const by_names[BY_COUNT] = { "day", "project", "model", "kind", "session" };

const char *audit_by_name(enum audit_by by)
{
	return by < BY_COUNT ? by_names[by] : NULL;
}

bool audit_by_find(struct str name, enum audit_by *ret)
{
	for (size_t i = 0; i < BY_COUNT; i++) {
		if (str_eq(name, str_from(by_names[i]))) {
			*ret = (enum audit_by)i;
			return true;
		}
	}
	return false;
}

const struct tally *audit_tally(const struct audit *a, enum audit_by by)
{
	const struct tally *const tallies[BY_COUNT] = { &a->days, &a->projects, &a->models,
		&a->kinds, &a->sessions };

	return tallies[by];
}

/* ---- order ---- */

static int by_bytes(const void *x, const void *y, void *ctx)
{
	const struct tally_row *rows = ctx;
	struct str a = rows[*(const size_t *)x].name, b = rows[*(const size_t *)y].name;
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static int by_cost(const void *x, const void *y, void *ctx)
{
	const struct tally_row *rows = ctx;
	const struct amounts *a = &rows[*(const size_t *)x].sum, *b = &rows[*(const size_t *)y].sum;

	if (a->cost.total != b->cost.total)
		return a->cost.total < b->cost.total ? 1 : -1;
	if (a->requests != b->requests)
		return a->requests < b->requests ? 1 : -1;
	return by_bytes(x, y, ctx);
}

size_t *audit_order(const struct tally *t, bool by_name, size_t *ret_n)
{
	size_t *order = must_alloc((t->n + 1) * sizeof(*order)), n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].sum.requests > 0)
			order[n++] = i;
	qsort_r(order, n, sizeof(*order), by_name ? by_bytes : by_cost, t->rows);
	*ret_n = n;
	return order;
}

/* ---- members ---- */

static void begin_member(struct buf *out, const char *name)
{
	char before = out->n > 0 ? out->p[out->n - 1] : '{';

	if (before != '{' && before != '[')
		buf_add_char(out, ',');
	if (name != NULL)
		buf_addf(out, "\"%s\":", name);
}

static void add_number(struct buf *out, const char *name, int64_t n)
{
	begin_member(out, name);
	buf_addf(out, "%lld", (long long)n);
}

static void add_bool(struct buf *out, const char *name, bool b)
{
	begin_member(out, name);
	buf_add(out, b ? STR("true") : STR("false"));
}

static void add_text(struct buf *out, const char *name, struct str s)
{
	begin_member(out, name);
	json_add_string(out, s);
}

/* null when it is not known. */
static void add_known(struct buf *out, const char *name, int64_t n)
{
	begin_member(out, name);
	if (n < 0)
		buf_add(out, STR("null"));
	else
		buf_addf(out, "%lld", (long long)n);
}

static void add_time(struct buf *out, const char *name, int64_t at_ms)
{
	char iso[25];

	begin_member(out, name);
	if (at_ms < 0) {
		buf_add(out, STR("null"));
		return;
	}
	clock_iso(at_ms, iso);
	buf_addf(out, "\"%.24s\"", iso);
}

static void open_object(struct buf *out, const char *name)
{
	begin_member(out, name);
	buf_add_char(out, '{');
}

static void open_array(struct buf *out, const char *name)
{
	begin_member(out, name);
	buf_add_char(out, '[');
}

/* ---- parts ---- */

static int64_t hit_ppm(const struct usage *u)
{
	int64_t input = usage_input(u);

	return input > 0 ? (int64_t)((double)u->cache_read * PPM / (double)input) : -1;
}

static void add_amounts(struct buf *out, const struct amounts *a)
{
	const struct usage *u = &a->tokens;

	add_number(out, "requests", a->requests);
	add_number(out, "unpriced_requests", a->unpriced);
	open_object(out, "tokens");
	add_number(out, "input", u->in);
	add_number(out, "cache_read", u->cache_read);
	add_number(out, "cache_write_5m", u->cache_write - u->cache_write_1h);
	add_number(out, "cache_write_1h", u->cache_write_1h);
	add_number(out, "output", u->out);
	buf_add_char(out, '}');
	open_object(out, "cost_nusd");
	add_number(out, "input", a->cost.in);
	add_number(out, "cache_read", a->cost.cache_read);
	add_number(out, "cache_write_5m", a->cost.cache_write_5m);
	add_number(out, "cache_write_1h", a->cost.cache_write_1h);
	add_number(out, "output", a->cost.out);
	add_number(out, "total", a->cost.total);
	buf_add_char(out, '}');
	add_known(out, "hit_ppm", hit_ppm(u));
	add_number(out, "lost_tokens", a->lost_tokens);
	add_number(out, "lost_nusd", a->lost_nusd);
}

static void add_groups(struct buf *out, const struct audit *a, enum audit_by by)
{
	const struct tally *t = audit_tally(a, by);
	size_t n, *order = audit_order(t, by == BY_DAY, &n);

	open_array(out, audit_by_name(by));
	for (size_t i = 0; i < n; i++) {
		const struct tally_row *r = &t->rows[order[i]];
		open_object(out, NULL);
		add_text(out, "name", r->name);
		add_time(out, "from", r->from_ms);
		add_time(out, "to", r->to_ms);
		add_amounts(out, &r->sum);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	free(order);
}

static void add_cause(struct buf *out, const char *name, const struct audit_cause *c)
{
	open_object(out, name);
	add_number(out, "times", c->times);
	add_number(out, "tokens", c->tokens);
	add_number(out, "nusd", c->nusd);
	add_number(out, "unpriced", c->unpriced);
	buf_add_char(out, '}');
}

static void add_loss(struct buf *out, const struct audit *a, const struct audit_loss *l)
{
	open_object(out, NULL);
	add_time(out, "at", l->at_ms);
	add_text(out, "cause", str_from(cause_name(l->cause)));
	if (l->trace != TRACE_NONE)
		add_text(out, "trace", str_from(trace_name(l->trace)));
	add_bool(out, "client_updated", l->updated);
	add_known(out, "gap_ms", l->gap_ms);
	add_number(out, "ttl_ms", l->ttl_ms);
	add_number(out, "tokens", l->tokens);
	add_known(out, "nusd", l->nusd);
	add_text(out, "kind", str_from(call_kind_name(l->kind)));
	add_text(out, "project", a->projects.rows[l->project].name);
	add_text(out, "session", a->sessions.rows[l->session].name);
	add_text(out, "model", a->models.rows[l->model].name);
	buf_add_char(out, '}');
}

static void add_cache(struct buf *out, const struct audit *a)
{
	open_object(out, "cache");
	open_object(out, "lost");
	for (size_t i = CAUSE_NONE + 1; i < CAUSES; i++)
		add_cause(out, cause_name((enum cause)i), &a->causes[i]);
	buf_add_char(out, '}');
	add_cause(out, "first_requests", &a->first);
	open_array(out, "dearest");
	for (size_t i = 0; i < a->nlosses; i++)
		add_loss(out, a, &a->losses[i]);
	buf_add(out, STR("]}"));
}

static void add_profiles(struct buf *out, const struct audit *a)
{
	open_array(out, "profiles");
	for (size_t i = 0; i < PROFILES; i++) {
		open_object(out, NULL);
		add_text(out, "name", str_from(profiles[i].name));
		add_bool(out, "what_if", profiles[i].what_if);
		add_text(out, "assumes", str_from(profiles[i].assumes));
		add_number(out, "requests", a->bill.requests);
		add_number(out, "cost_nusd", a->bill.nusd[i]);
		add_number(out, "difference_nusd", a->bill.nusd[i] - a->bill.nusd[PROFILE_OBSERVE]);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void add_troubles(struct buf *out, const struct audit *a)
{
	open_array(out, "troubles");
	for (size_t i = 0; i < a->ntroubles; i++) {
		const struct audit_trouble *t = &a->troubles[i];
		open_object(out, NULL);
		add_text(out, "file", str_from(t->path));
		add_number(out, "damaged_lines", (int64_t)t->damaged);
		add_number(out, "too_long_lines", (int64_t)t->too_long);
		add_bool(out, "unfinished_line", t->unfinished);
		add_bool(out, "foreign", t->foreign);
		if (t->error != 0)
			add_text(out, "error", str_from(strerrordesc_np(t->error)));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void add_notes(struct buf *out, const struct audit *a)
{
	const struct audit_notes *n = &a->notes;
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "files", n->files },
		{ "bytes", n->bytes },
		{ "lines", n->lines },
		{ "conversations", n->conversations },
		{ "damaged_lines", n->damaged },
		{ "too_long_lines", n->too_long },
		{ "unfinished_files", n->unfinished },
		{ "foreign_files", n->foreign },
		{ "unreadable", n->unreadable },
		{ "copied_requests", n->copies },
		{ "unchecked_requests", n->late },
		{ "local_replies", n->local },
		{ "fast_requests", n->fast },
		{ "batch_requests", n->batch },
		{ "automatic_cache_requests", n->automatic },
		{ "web_searches", n->searches },
	};

	open_object(out, "read");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		add_number(out, rows[i].name, (int64_t)rows[i].value);
	add_troubles(out, a);
	buf_add_char(out, '}');
}

void audit_json(const struct audit *a, struct buf *out)
{
	buf_add_char(out, '{');
	add_number(out, "format", 1);
	add_text(out, "prices_as_of", a->options.prices->as_of);
	add_time(out, "from", a->from_ms);
	add_time(out, "to", a->to_ms);
	open_object(out, "total");
	add_amounts(out, &a->total);
	buf_add_char(out, '}');
	open_object(out, "by");
	for (size_t i = 0; i < BY_COUNT; i++)
		add_groups(out, a, (enum audit_by)i);
	buf_add_char(out, '}');
	add_cache(out, a);
	add_profiles(out, a);
	add_notes(out, a);
	buf_add(out, STR("}\n"));
}
