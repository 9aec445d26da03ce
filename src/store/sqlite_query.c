/* SPDX-License-Identifier: MIT */
/* What can be asked of the ledger. Rows are copied before anybody is called with them, a history page by page: a slow reader
 * of an answer never holds a snapshot of the file, behind which the log could not be brought home. */
#include "base/arena.h"
#include "store/row.h"
#include "store/sqlite_private.h"

#include <stdlib.h>
#include <string.h>

enum {
	PAGE_ROWS = 64,
	PAGE_BYTES = 1 << 20, /* a page of long texts ends earlier */
};

/* Who is told. */
struct receiver {
	row_fn *fn;
	void *ctx;
};

/* ---- reading columns ---- */

static struct str read_text(sqlite3_stmt *statement, int at)
{
	const void *p = sqlite3_column_blob(statement, at);

	return (struct str){ p, (size_t)sqlite3_column_bytes(statement, at) };
}

/* Texts are copied into the arena; without one they live until the next step. */
static void read_column(
	sqlite3_stmt *statement, int at, const struct column *c, void *row, struct arena *a)
{
	void *to = (char *)row + c->offset;

	switch (c->type) {
	case COLUMN_TEXT:
		*(struct str *)to = a != NULL ? arena_dup(a, read_text(statement, at))
					      : read_text(statement, at);
		break;
	case COLUMN_COUNT:
		*(int64_t *)to = sqlite3_column_type(statement, at) == SQLITE_NULL
					 ? -1
					 : sqlite3_column_int64(statement, at);
		break;
	case COLUMN_NUMBER:
		*(int64_t *)to = sqlite3_column_int64(statement, at);
		break;
	case COLUMN_STATUS:
		*(unsigned *)to = (unsigned)sqlite3_column_int64(statement, at);
		break;
	case COLUMN_FLAG:
		*(bool *)to = sqlite3_column_int64(statement, at) != 0;
		break;
	}
}

static void read_row(
	sqlite3_stmt *statement, const struct columns *columns, void *row, struct arena *a)
{
	for (size_t i = 0; i < columns->n; i++)
		read_column(statement, (int)i, &columns->v[i], row, a);
}

/* The end of a walk over rows, by what the last step said. */
static bool end_rows(struct sqlite_store *s, sqlite3_stmt *statement, int rc, struct err *e)
{
	bool ok = rc == SQLITE_DONE || rc == SQLITE_ROW || sqlite_fail(s, "read", e);

	sqlite3_reset(statement);
	return ok;
}

/* ---- sums ---- */

static void bind_span(sqlite3_stmt *statement, const struct query_params *p)
{
	sqlite3_bind_int64(statement, 1, quarter_of(p->from_ms));
	sqlite3_bind_int64(statement, 2, p->from_ms < p->to_ms ? p->to_ms : INT64_MIN);
}

static bool query_totals(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_TOTALS, e);
	struct ledger_totals totals = { .model = STR("") };

	if (statement == NULL)
		return false;
	bind_span(statement, p);
	int rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		read_row(statement, &totals_columns, &totals, NULL);
	if (!end_rows(s, statement, rc, e))
		return false;
	r->fn(r->ctx, &(struct query_row){ .totals = &totals });
	return true;
}

struct models {
	struct ledger_totals *v;
	size_t n, cap;
};

static bool read_models(struct sqlite_store *s, const struct query_params *p, struct models *m,
	struct arena *a, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_MODELS, e);
	int names = (int)totals_columns.n, rc;

	if (statement == NULL)
		return false;
	bind_span(statement, p);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		if (m->n == m->cap) {
			m->cap = m->cap > 0 ? 2 * m->cap : 16;
			m->v = must_realloc(m->v, m->cap * sizeof(*m->v));
		}
		struct ledger_totals *t = &m->v[m->n++];
		read_row(statement, &totals_columns, t, NULL);
		t->model = arena_dup(a, read_text(statement, names));
		t->provider = arena_dup(a, read_text(statement, names + 1));
	}
	return end_rows(s, statement, rc, e);
}

static bool query_models(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	struct models m = { .n = 0 };
	struct arena *a = arena_new();
	bool ok = read_models(s, p, &m, a, e);

	for (size_t i = 0; ok && i < m.n; i++)
		if (!r->fn(r->ctx, &(struct query_row){ .totals = &m.v[i] }))
			break;
	free(m.v);
	arena_free(a);
	return ok;
}

static bool query_session(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_SESSION, e);
	struct ledger_totals totals = { .model = STR("") };
	struct ledger_exchange row;
	int rc;

	if (statement == NULL)
		return false;
	sqlite_bind_text(statement, 1, p->text);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		read_row(statement, &exchange_columns, &row, NULL);
		totals_add(&totals, &row);
	}
	if (!end_rows(s, statement, rc, e))
		return false;
	r->fn(r->ctx, &(struct query_row){ .totals = &totals });
	return true;
}

/* ---- exchanges ---- */

/* A run of exchanges in the order of the history. */
struct page {
	struct ledger_exchange rows[PAGE_ROWS];
	int64_t ids[PAGE_ROWS]; /* of their rows */
	size_t n, max;
	struct arena *arena;
};

struct place {
	int64_t begin_ms, row;
};

static bool read_attempts(struct sqlite_store *s, struct page *page, size_t i, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_ATTEMPTS, e);
	struct ledger_attempt *v = NULL;
	size_t n = 0, cap = 0;
	int rc;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, page->ids[i]);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		if (n == cap) {
			cap = cap > 0 ? 2 * cap : 2;
			struct ledger_attempt *more = arena_alloc(page->arena, cap * sizeof(*v));
			if (n > 0)
				memcpy(more, v, n * sizeof(*v));
			v = more;
		}
		read_row(statement, &attempt_columns, &v[n++], page->arena);
	}
	page->rows[i].attempts = v;
	page->rows[i].nattempts = n;
	return end_rows(s, statement, rc, e);
}

/* Takes what a statement for exchanges gives, as far as a page goes. */
static bool read_page(
	struct sqlite_store *s, sqlite3_stmt *statement, struct page *page, struct err *e)
{
	int rc = SQLITE_DONE;

	while (page->n < page->max && arena_used(page->arena) < PAGE_BYTES &&
		(rc = sqlite3_step(statement)) == SQLITE_ROW) {
		read_row(statement, &exchange_columns, &page->rows[page->n], page->arena);
		page->ids[page->n++] = sqlite3_column_int64(statement, (int)exchange_columns.n);
	}
	if (!end_rows(s, statement, rc, e))
		return false;
	for (size_t i = 0; i < page->n; i++)
		if (!read_attempts(s, page, i, e))
			return false;
	return true;
}

/* False when somebody has heard enough. */
static bool tell_page(const struct page *page, const struct receiver *r)
{
	for (size_t i = 0; i < page->n; i++)
		if (!r->fn(r->ctx, &(struct query_row){ .exchange = &page->rows[i] }))
			return false;
	return true;
}

static bool query_exchange(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_EXCHANGE, e);
	struct page *page;

	if (statement == NULL)
		return false;
	page = must_alloc(sizeof(*page));
	page->arena = arena_new();
	page->max = 1;
	sqlite_bind_text(statement, 1, p->text);
	bool ok = read_page(s, statement, page, e);
	if (ok)
		tell_page(page, r);
	arena_free(page->arena);
	free(page);
	return ok;
}

/* Where a history begins: at the end of its span, or behind the exchange named. */
static bool find_place(
	struct sqlite_store *s, const struct query_params *p, struct place *ret, struct err *e)
{
	*ret = (struct place){ p->to_ms, INT64_MIN };
	if (p->text.n == 0)
		return true;
	sqlite3_stmt *statement = sqlite_statement(s, SQL_PLACE, e);
	if (statement == NULL)
		return false;
	sqlite_bind_text(statement, 1, p->text);
	int rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW && sqlite3_column_int64(statement, 0) < p->to_ms)
		*ret = (struct place){ sqlite3_column_int64(statement, 0),
			sqlite3_column_int64(statement, 1) };
	if (rc == SQLITE_DONE)
		err_set(e, ERR_NOT_FOUND, "no exchange '%.*s'",
			p->text.n < 64 ? (int)p->text.n : 64, p->text.p);
	return end_rows(s, statement, rc, e) && rc == SQLITE_ROW;
}

/* One transaction for a page: its statements share the cost of a snapshot. */
static bool read_history(struct sqlite_store *s, int64_t from_ms, const struct place *behind,
	struct page *page, struct err *e)
{
	sqlite3_stmt *begin = sqlite_statement(s, SQL_BEGIN_READ, e);
	sqlite3_stmt *end = begin != NULL ? sqlite_statement(s, SQL_COMMIT, e) : NULL;
	sqlite3_stmt *statement = end != NULL ? sqlite_statement(s, SQL_HISTORY, e) : NULL;

	if (statement == NULL || !sqlite_run(s, begin, e))
		return false;
	sqlite3_bind_int64(statement, 1, from_ms);
	sqlite3_bind_int64(statement, 2, behind->begin_ms);
	sqlite3_bind_int64(statement, 3, behind->row);
	sqlite3_bind_int64(statement, 4, (int64_t)page->max);
	return read_page(s, statement, page, e) && sqlite_run(s, end, e);
}

static bool query_history(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	struct page *page = must_alloc(sizeof(*page));
	struct place place;
	size_t left = p->limit;
	bool ok = find_place(s, p, &place, e);

	while (ok && left > 0) {
		page->arena = arena_new();
		page->n = 0;
		page->max = left < PAGE_ROWS ? left : PAGE_ROWS;
		ok = read_history(s, p->from_ms, &place, page, e);
		left -= page->n;
		if (page->n == 0 || !ok || !tell_page(page, r))
			left = 0;
		else
			place = (struct place){ page->rows[page->n - 1].begin_ms,
				page->ids[page->n - 1] };
		arena_free(page->arena);
	}
	free(page);
	return ok;
}

bool sqlite_query(
	struct sqlite_store *s, const struct query_params *p, row_fn *fn, void *ctx, struct err *e)
{
	const struct receiver r = { fn, ctx };

	switch (p->what) {
	case QUERY_TOTALS:
		return query_totals(s, p, &r, e);
	case QUERY_MODELS:
		return query_models(s, p, &r, e);
	case QUERY_SESSION:
		return query_session(s, p, &r, e);
	case QUERY_HISTORY:
		return query_history(s, p, &r, e);
	case QUERY_EXCHANGE:
		return query_exchange(s, p, &r, e);
	}
	return err_set(e, ERR_INTERNAL, "no such question");
}
