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

/* ---- reading columns ---- */

struct str sqlite_read_text(sqlite3_stmt *statement, int at)
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
		*(struct str *)to = a != NULL ? arena_dup(a, sqlite_read_text(statement, at))
					      : sqlite_read_text(statement, at);
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

void sqlite_read_row(
	sqlite3_stmt *statement, const struct columns *columns, void *row, struct arena *a)
{
	for (size_t i = 0; i < columns->n; i++)
		read_column(statement, (int)i, &columns->v[i], row, a);
}

bool sqlite_end_rows(struct sqlite_store *s, sqlite3_stmt *statement, int rc, struct err *e)
{
	bool ok = rc == SQLITE_DONE || rc == SQLITE_ROW || sqlite_fail(s, "read", e);

	sqlite3_reset(statement);
	return ok;
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

/* Rows that belong to an exchange, on their way into memory. */
struct details {
	const struct columns *columns;
	size_t size; /* of one */
	char *v;
	size_t n;
};

static bool read_details(struct sqlite_store *s, enum statement which, int64_t exchange,
	struct details *d, struct arena *a)
{
	sqlite3_stmt *statement = s->statements[which];
	size_t cap = 0;
	int rc;

	sqlite3_bind_int64(statement, 1, exchange);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		if (d->n == cap) {
			cap = cap > 0 ? 2 * cap : 2;
			char *more = arena_alloc(a, cap * d->size);
			if (d->n > 0)
				memcpy(more, d->v, d->n * d->size);
			d->v = more;
		}
		sqlite_read_row(statement, d->columns, d->v + d->n++ * d->size, a);
	}
	return rc == SQLITE_DONE;
}

static bool read_belongings(struct sqlite_store *s, struct page *page, size_t i, struct err *e)
{
	struct details attempts = { .columns = &attempt_columns,
		.size = sizeof(struct ledger_attempt) };
	struct details savings = { .columns = &saving_columns,
		.size = sizeof(struct ledger_saving) };
	sqlite3_stmt *first = sqlite_statement(s, SQL_ATTEMPTS, e);
	sqlite3_stmt *second = first != NULL ? sqlite_statement(s, SQL_SAVINGS, e) : NULL;

	if (second == NULL)
		return false;
	bool ok = (read_details(s, SQL_ATTEMPTS, page->ids[i], &attempts, page->arena) &&
			  read_details(s, SQL_SAVINGS, page->ids[i], &savings, page->arena)) ||
		  sqlite_fail(s, "read", e);
	sqlite3_reset(first);
	sqlite3_reset(second);
	page->rows[i].attempts = (void *)attempts.v;
	page->rows[i].nattempts = attempts.n;
	page->rows[i].savings = (void *)savings.v;
	page->rows[i].nsavings = savings.n;
	return ok;
}

/* Takes what a statement for exchanges gives, as far as a page goes. */
static bool read_page(
	struct sqlite_store *s, sqlite3_stmt *statement, struct page *page, struct err *e)
{
	int rc = SQLITE_DONE;

	while (page->n < page->max && arena_used(page->arena) < PAGE_BYTES &&
		(rc = sqlite3_step(statement)) == SQLITE_ROW) {
		sqlite_read_row(statement, &exchange_columns, &page->rows[page->n], page->arena);
		page->ids[page->n++] = sqlite3_column_int64(statement, (int)exchange_columns.n);
	}
	if (!sqlite_end_rows(s, statement, rc, e))
		return false;
	for (size_t i = 0; i < page->n; i++)
		if (!read_belongings(s, page, i, e))
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

/* The one page of an answer that is not long. */
static bool tell_one_page(struct sqlite_store *s, sqlite3_stmt *statement, size_t limit,
	const struct receiver *r, struct err *e)
{
	struct page *page = must_alloc(sizeof(*page));

	page->arena = arena_new();
	page->max = limit < PAGE_ROWS ? limit : PAGE_ROWS;
	bool ok = read_page(s, statement, page, e);
	if (ok)
		tell_page(page, r);
	arena_free(page->arena);
	free(page);
	return ok;
}

static bool query_exchange(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_EXCHANGE, e);

	if (statement == NULL)
		return false;
	sqlite_bind_text(statement, 1, p->text);
	return tell_one_page(s, statement, 1, r, e);
}

static bool query_find(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_FIND, e);
	struct arena *a = arena_new();

	/* No byte of a text comes behind this one. */
	struct str end = arena_printf(a, "%.*s\xff", STR_ARG(p->text));
	if (statement != NULL) {
		sqlite_bind_text(statement, 1, p->text);
		sqlite_bind_text(statement, 2, end);
	}
	bool ok = statement != NULL && tell_one_page(s, statement, p->limit, r, e);
	arena_free(a);
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
	return sqlite_end_rows(s, statement, rc, e) && rc == SQLITE_ROW;
}

static enum statement walk_of(const struct query_params *p)
{
	if (p->what == QUERY_ALARMS)
		return SQL_ALARMS;
	return p->conversation.n > 0 ? SQL_HISTORY_OF : SQL_HISTORY;
}

/* One transaction for a page: its statements share the cost of a snapshot. */
static bool read_history(struct sqlite_store *s, const struct query_params *p,
	const struct place *behind, struct page *page, struct err *e)
{
	sqlite3_stmt *begin = sqlite_statement(s, SQL_BEGIN_READ, e);
	sqlite3_stmt *end = begin != NULL ? sqlite_statement(s, SQL_COMMIT, e) : NULL;
	sqlite3_stmt *statement = end != NULL ? sqlite_statement(s, walk_of(p), e) : NULL;

	if (statement == NULL || !sqlite_run(s, begin, e))
		return false;
	sqlite3_bind_int64(statement, 1, p->from_ms);
	sqlite3_bind_int64(statement, 2, behind->begin_ms);
	sqlite3_bind_int64(statement, 3, behind->row);
	sqlite3_bind_int64(statement, 4, (int64_t)page->max);
	if (walk_of(p) == SQL_HISTORY_OF)
		sqlite_bind_text(statement, 5, p->conversation);
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
		ok = read_history(s, p, &place, page, e);
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
		return sqlite_query_totals(s, p, &r, e);
	case QUERY_SESSION:
		return sqlite_query_session(s, p, &r, e);
	case QUERY_MODELS:
	case QUERY_GROUPS:
		return sqlite_query_groups(s, p, &r, e);
	case QUERY_SERIES:
		return sqlite_query_series(s, p, &r, e);
	case QUERY_CAUSES:
		return sqlite_query_causes(s, p, &r, e);
	case QUERY_LATENCY:
		return sqlite_query_latency(s, p, &r, e);
	case QUERY_HISTORY:
	case QUERY_ALARMS:
		return query_history(s, p, &r, e);
	case QUERY_EXCHANGE:
		return query_exchange(s, p, &r, e);
	case QUERY_FIND:
		return query_find(s, p, &r, e);
	case QUERY_CONVERSATIONS:
		return sqlite_query_conversations(s, p, &r, e);
	case QUERY_CONVERSATION:
		return sqlite_query_conversation(s, p, &r, e);
	}
	return err_set(e, ERR_INTERNAL, "no such question");
}
