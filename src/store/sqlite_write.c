/* SPDX-License-Identifier: MIT */
/* Adding to the ledger: rows with what belongs to them, the sums that they are a part of, and values. */
#include "base/clock.h"
#include "store/sqlite_private.h"

enum {
	SWEEP_MS = 600000, /* between two looks for expired values */
	SWEEP_ROWS = 1000, /* in one transaction */
};

/* ---- binding ---- */

void sqlite_bind_text(sqlite3_stmt *statement, int at, struct str text)
{
	sqlite3_bind_text64(
		statement, at, text.n > 0 ? text.p : "", text.n, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_bytes(sqlite3_stmt *statement, int at, struct str bytes)
{
	sqlite3_bind_blob64(statement, at, bytes.n > 0 ? bytes.p : "", bytes.n, SQLITE_STATIC);
}

/* Binds all columns of totals. Returns the place behind them. */
static int bind_totals(sqlite3_stmt *statement, const struct ledger_totals *totals)
{
	for (size_t i = 0; i < totals_columns.n; i++)
		sqlite3_bind_int64(statement, (int)i + 1,
			*(const int64_t *)(const void *)((const char *)totals +
							 totals_columns.v[i].offset));
	return (int)totals_columns.n + 1;
}

/* ---- sums ---- */

static const struct {
	enum statement statement;
	int names;
} sum_rows[] = {
	[SUM_QUARTER] = { SQL_ADD_QUARTER, 2 },
	[SUM_PART] = { SQL_ADD_PART, 2 },
	[SUM_CONVERSATION] = { SQL_ADD_CONVERSATION, 4 },
	[SUM_CAUSE] = { SQL_ADD_CAUSE, 2 },
};

static bool write_sum(struct sqlite_store *s, const struct sum *sum, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, sum_rows[sum->kind].statement, e);
	int at = 1;

	if (statement == NULL)
		return false;
	if (sum->kind != SUM_CAUSE)
		at = bind_totals(statement, &sum->totals);
	sqlite3_bind_int64(statement, at++, sum->quarter_ms);
	for (int i = 0; i < sum_rows[sum->kind].names; i++)
		sqlite_bind_text(statement, at++, sum->names[i]);
	if (sum->kind == SUM_CONVERSATION) {
		sqlite3_bind_int64(statement, at++, sum->first_ms);
		sqlite3_bind_int64(statement, at++, sum->last_ms);
	}
	if (sum->kind == SUM_CAUSE) {
		sqlite3_bind_int64(statement, at++, sum->count);
		sqlite3_bind_int64(statement, at++, sum->tokens);
		sqlite3_bind_int64(statement, at++, sum->nusd);
	}
	return sqlite_run(s, statement, e);
}

static bool write_sums(struct sqlite_store *s, struct err *e)
{
	size_t n;
	const struct sum *v = sums_list(s->sums, &n);

	for (size_t i = 0; i < n; i++)
		if (!write_sum(s, &v[i], e))
			return false;
	return true;
}

/* ---- values ---- */

static bool put_value(
	struct sqlite_store *s, const struct store_value *v, int64_t now_ms, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_PUT, e);

	if (statement == NULL)
		return false;
	sqlite_bind_text(statement, 1, v->space);
	bind_bytes(statement, 2, v->key);
	sqlite3_bind_int64(statement, 3, v->version);
	sqlite3_bind_int64(statement, 4, v->expires_ms);
	bind_bytes(statement, 5, v->value);
	sqlite3_bind_int64(statement, 6, now_ms);
	return sqlite_run(s, statement, e);
}

/* Expired values are removed now and then. */
static bool sweep(struct sqlite_store *s, int64_t now_ms, struct err *e)
{
	if (now_ms >= s->swept_ms && now_ms - s->swept_ms < SWEEP_MS)
		return true;
	sqlite3_stmt *statement = sqlite_statement(s, SQL_SWEEP, e);
	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, now_ms);
	sqlite3_bind_int64(statement, 2, SWEEP_ROWS);
	if (!sqlite_run(s, statement, e))
		return false;
	/* As many as a step takes: there may be more, and the next transaction goes on. */
	if (sqlite3_changes64(s->db) < SWEEP_ROWS)
		s->swept_ms = now_ms;
	return true;
}

bool sqlite_get_value(struct sqlite_store *s, const struct store_key *key,
	const struct sqlite_found *ret, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_GET, e);

	if (statement == NULL)
		return false;
	sqlite_bind_text(statement, 1, key->space);
	bind_bytes(statement, 2, key->key);
	sqlite3_bind_int64(statement, 3, key->now_ms);
	int rc = sqlite3_step(statement);
	bool ok = rc == SQLITE_ROW;
	if (ok) {
		buf_add(ret->value, (struct str){ sqlite3_column_blob(statement, 0),
					    (size_t)sqlite3_column_bytes(statement, 0) });
		*ret->version = sqlite3_column_int64(statement, 1);
	} else if (rc == SQLITE_DONE) {
		err_set(e, ERR_NOT_FOUND, "no value of that name in '%.*s'",
			key->space.n < 64 ? (int)key->space.n : 64, key->space.p);
	} else {
		sqlite_fail(s, "read", e);
	}
	sqlite3_reset(statement);
	return ok;
}

/* ---- together ---- */

static bool add_values(struct sqlite_store *s, const struct store_batch *b, struct err *e)
{
	int64_t now_ms = clock_wall_ms();

	for (size_t i = 0; i < b->nvalues; i++)
		if (!put_value(s, &b->values[i], now_ms, e))
			return false;
	return b->nvalues == 0 || sweep(s, now_ms, e);
}

static bool add_rows(struct sqlite_store *s, const struct store_batch *b, struct err *e)
{
	if (s->sums == NULL)
		s->sums = sums_new();
	sums_clear(s->sums);
	for (size_t i = 0; i < b->nrows; i++)
		sums_add(s->sums, &b->rows[i]);
	return sqlite_insert_batch(s, b, e) && write_sums(s, e);
}

bool sqlite_add(struct sqlite_store *s, const struct store_batch *b, struct err *e)
{
	return sqlite_begin_write(s, e) && add_rows(s, b, e) && add_values(s, b, e) &&
	       sqlite_run_plain(s, SQL_COMMIT, e);
}
