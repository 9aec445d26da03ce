/* SPDX-License-Identifier: MIT */
/* What is asked of the sums: they are kept, not made when somebody asks. Answers are copied before anybody is called. */
#include "store/sqlite_private.h"

#include <stdlib.h>

/* Totals on their way into memory. */
struct rows {
	struct ledger_totals *v;
	size_t n, cap;
	struct arena *arena;
};

static struct ledger_totals *more(struct rows *r)
{
	if (r->n == r->cap) {
		r->cap = r->cap > 0 ? 2 * r->cap : 16;
		r->v = must_realloc(r->v, r->cap * sizeof(*r->v));
	}
	r->v[r->n] = (struct ledger_totals){ .name = STR("") };
	return &r->v[r->n++];
}

static void tell_and_free(struct rows *rows, bool ok, const struct receiver *r)
{
	for (size_t i = 0; ok && i < rows->n; i++)
		if (!r->fn(r->ctx, &(struct query_row){ .totals = &rows->v[i] }))
			break;
	free(rows->v);
	arena_free(rows->arena);
}

static void bind_span(sqlite3_stmt *statement, int64_t from_ms, const struct query_params *p)
{
	sqlite3_bind_int64(statement, 1, from_ms);
	sqlite3_bind_int64(statement, 2, p->from_ms < p->to_ms ? p->to_ms : INT64_MIN);
}

static int64_t limit_of(const struct query_params *p)
{
	return p->limit > 0 && p->limit < INT64_MAX ? (int64_t)p->limit : -1;
}

/* ---- over all ---- */

bool sqlite_query_totals(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_TOTALS, e);
	struct ledger_totals totals = { .name = STR("") };

	if (statement == NULL)
		return false;
	bind_span(statement, quarter_of(p->from_ms), p);
	int rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		sqlite_read_row(statement, &totals_columns, &totals, NULL);
	if (!sqlite_end_rows(s, statement, rc, e))
		return false;
	r->fn(r->ctx, &(struct query_row){ .totals = &totals });
	return true;
}

bool sqlite_query_session(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_SESSION, e);
	struct ledger_totals totals = { .name = STR("") };
	struct ledger_exchange row;
	int rc;

	if (statement == NULL)
		return false;
	sqlite_bind_text(statement, 1, p->text);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		sqlite_read_row(statement, &exchange_columns, &row, NULL);
		totals_add(&totals, &row);
	}
	if (!sqlite_end_rows(s, statement, rc, e))
		return false;
	r->fn(r->ctx, &(struct query_row){ .totals = &totals });
	return true;
}

bool sqlite_query_series(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_SERIES, e);
	struct rows rows = { .arena = NULL };
	int rc;

	if (statement == NULL)
		return false;
	bind_span(statement, quarter_of(p->from_ms), p);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		struct ledger_totals *t = more(&rows);
		sqlite_read_row(statement, &totals_columns, t, NULL);
		t->at_ms = sqlite3_column_int64(statement, (int)totals_columns.n);
	}
	bool ok = sqlite_end_rows(s, statement, rc, e);
	tell_and_free(&rows, ok, r);
	return ok;
}

/* ---- by something ---- */

static const struct {
	enum statement statement;
	struct str dimension; /* of a part */
} groups[GROUPS] = {
	[GROUP_MODEL] = { SQL_MODELS, STR_INIT("") },
	[GROUP_PROVIDER] = { SQL_PROVIDERS, STR_INIT("") },
	[GROUP_KIND] = { SQL_PARTS, STR_INIT("kind") },
	[GROUP_PROJECT] = { SQL_PARTS, STR_INIT("project") },
	[GROUP_CALLER] = { SQL_PARTS, STR_INIT("caller") },
	[GROUP_CONVERSATION] = { SQL_CONVERSATION_SUMS, STR_INIT("") },
	[GROUP_SESSION] = { SQL_SESSION_SUMS, STR_INIT("") },
};

/* Parts of days that were pruned are one sum, at the beginning of the day. */
static bool begin_of_parts(struct sqlite_store *s, int64_t from_ms, int64_t *ret, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_PRUNED, e);

	if (statement == NULL)
		return false;
	int rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*ret = from_ms < sqlite3_column_int64(statement, 0) ? day_of(from_ms)
								    : quarter_of(from_ms);
	return sqlite_end_rows(s, statement, rc, e);
}

static bool read_groups(struct sqlite_store *s, const struct query_params *p, enum group by,
	struct rows *rows, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, groups[by].statement, e);
	int64_t from_ms = quarter_of(p->from_ms);
	int names = (int)totals_columns.n, rc;

	if (statement == NULL)
		return false;
	if (groups[by].dimension.n > 0) {
		if (!begin_of_parts(s, p->from_ms, &from_ms, e))
			return false;
		sqlite_bind_text(statement, 4, groups[by].dimension);
	}
	bind_span(statement, from_ms, p);
	sqlite3_bind_int64(statement, 3, limit_of(p));
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		struct ledger_totals *t = more(rows);
		sqlite_read_row(statement, &totals_columns, t, NULL);
		t->name = arena_dup(rows->arena, sqlite_read_text(statement, names));
		t->provider = arena_dup(rows->arena, sqlite_read_text(statement, names + 1));
		if (by == GROUP_MODEL)
			t->model = t->name;
	}
	return sqlite_end_rows(s, statement, rc, e);
}

bool sqlite_query_groups(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	struct rows rows = { .arena = arena_new() };
	bool ok = read_groups(s, p, p->what == QUERY_MODELS ? GROUP_MODEL : p->by, &rows, e);

	tell_and_free(&rows, ok, r);
	return ok;
}

/* ---- by cause ---- */

enum { CAUSES_MAX = 256 };

bool sqlite_query_causes(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_CAUSES, e);
	struct ledger_cause causes[CAUSES_MAX];
	struct arena *a;
	size_t n = 0;
	int rc = SQLITE_DONE;

	if (statement == NULL)
		return false;
	a = arena_new();
	bind_span(statement, quarter_of(p->from_ms), p);
	sqlite_bind_text(statement, 3, p->text);
	while (n < CAUSES_MAX && (rc = sqlite3_step(statement)) == SQLITE_ROW)
		causes[n++] = (struct ledger_cause){
			.cause = arena_dup(a, sqlite_read_text(statement, 0)),
			.count = sqlite3_column_int64(statement, 1),
			.tokens = sqlite3_column_int64(statement, 2),
			.nusd = sqlite3_column_int64(statement, 3),
		};
	bool ok = sqlite_end_rows(s, statement, rc, e);
	for (size_t i = 0; ok && i < n; i++)
		if (!r->fn(r->ctx, &(struct query_row){ .cause = &causes[i] }))
			break;
	arena_free(a);
	return ok;
}

/* ---- durations ---- */

static void keep_known(sqlite3_stmt *statement, int at, int64_t *v, size_t *n)
{
	if (sqlite3_column_type(statement, at) != SQLITE_NULL)
		v[(*n)++] = sqlite3_column_int64(statement, at);
}

bool sqlite_query_latency(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_LATENCY, e);
	struct ledger_latency latency = { .count = 0 };
	size_t nfirst = 0, ntotal = 0;
	int rc;

	if (statement == NULL)
		return false;
	int64_t *first = must_realloc(NULL, 2 * (p->limit + 1) * sizeof(*first));
	int64_t *total = first + p->limit + 1;
	sqlite3_bind_int64(statement, 1, p->from_ms);
	sqlite3_bind_int64(statement, 2, p->to_ms);
	sqlite3_bind_int64(statement, 3, (int64_t)p->limit);
	for (; (rc = sqlite3_step(statement)) == SQLITE_ROW; latency.count++) {
		keep_known(statement, 0, first, &nfirst);
		keep_known(statement, 1, total, &ntotal);
	}
	bool ok = sqlite_end_rows(s, statement, rc, e);
	latency.first_us = percentiles_of(first, nfirst);
	latency.total_us = percentiles_of(total, ntotal);
	free(first);
	if (ok)
		r->fn(r->ctx, &(struct query_row){ .latency = &latency });
	return ok;
}
