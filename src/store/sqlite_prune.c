/* SPDX-License-Identifier: MIT */
/* Removing old exchanges, a day after the other, in steps that hold up other writers for some milliseconds each. */
#include "store/sqlite_private.h"

enum { STEP_ROWS = 300 };

struct bytes {
	int64_t used, file;
};

/* ---- reading ---- */

/* The numbers of a row of up to two; 0 where there is none. */
static bool read_numbers(
	struct sqlite_store *s, enum statement which, int64_t ret[2], bool *ret_any, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, which, e);

	if (statement == NULL)
		return false;
	int rc = sqlite3_step(statement);
	*ret_any = rc == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
	for (int i = 0; i < 2; i++)
		ret[i] = *ret_any && i < sqlite3_column_count(statement)
				 ? sqlite3_column_int64(statement, i)
				 : 0;
	return sqlite_end_rows(s, statement, rc, e);
}

/* ---- one day ---- */

/* The end of the day that should go next; INT64_MIN: none. */
static bool find_day(
	struct sqlite_store *s, const struct store_limits *l, int64_t *ret_end_ms, struct err *e)
{
	int64_t oldest[2], bytes[2];
	bool any, there;

	*ret_end_ms = INT64_MIN;
	if (!read_numbers(s, SQL_OLDEST, oldest, &any, e) ||
		!read_numbers(s, SQL_BYTES, bytes, &there, e))
		return false;
	if (!any || day_of(oldest[0]) > INT64_MAX - DAY_MS)
		return true;
	int64_t end_ms = day_of(oldest[0]) + DAY_MS;
	if (end_ms <= day_of(l->now_ms) &&
		(end_ms <= l->before_ms || (l->keep_bytes > 0 && bytes[0] > l->keep_bytes)))
		*ret_end_ms = end_ms;
	return true;
}

static bool run_on_days(struct sqlite_store *s, enum statement which, struct str dimension,
	int64_t end_ms, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, which, e);

	if (statement == NULL)
		return false;
	sqlite_bind_text(statement, 1, dimension);
	sqlite3_bind_int64(statement, 2, end_ms - DAY_MS);
	sqlite3_bind_int64(statement, 3, end_ms);
	return sqlite_run(s, statement, e);
}

static bool run_with(struct sqlite_store *s, enum statement which, int64_t ms, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, which, e);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, ms);
	return sqlite_run(s, statement, e);
}

/* The day is given up: from now on its sums stand for it. */
static bool give_up_day(struct sqlite_store *s, int64_t end_ms, struct err *e)
{
	static const struct str dimensions[] = { STR_INIT("kind"), STR_INIT("project"),
		STR_INIT("caller") };

	for (size_t i = 0; i < ARRAY_LEN(dimensions); i++)
		if (!run_on_days(s, SQL_MERGE_PARTS, dimensions[i], end_ms, e) ||
			!run_on_days(s, SQL_DROP_PARTS, dimensions[i], end_ms, e))
			return false;
	return run_with(s, SQL_DROP_CONVERSATIONS, end_ms, e) &&
	       run_with(s, SQL_PRUNE_TO, end_ms, e);
}

/* ---- rows ---- */

static bool drop_rows(struct sqlite_store *s, int64_t before_ms, int64_t *ret_n, struct err *e)
{
	static const enum statement steps[] = { SQL_DROP_ATTEMPTS, SQL_DROP_SAVINGS,
		SQL_DROP_EXCHANGES };

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		sqlite3_stmt *statement = sqlite_statement(s, steps[i], e);
		if (statement == NULL)
			return false;
		sqlite3_bind_int64(statement, 1, before_ms);
		sqlite3_bind_int64(statement, 2, STEP_ROWS);
		if (!sqlite_run(s, statement, e))
			return false;
		*ret_n = sqlite3_changes64(s->db);
	}
	return true;
}

static bool take_step(struct sqlite_store *s, const struct store_limits *l,
	struct store_pruned *ret, struct err *e)
{
	int64_t pruned[2], end_ms;
	bool any;

	if (!read_numbers(s, SQL_PRUNED, pruned, &any, e) ||
		!drop_rows(s, pruned[0], &ret->exchanges, e))
		return false;
	ret->more = ret->exchanges > 0;
	if (ret->more)
		return true;
	if (!find_day(s, l, &end_ms, e))
		return false;
	ret->more = end_ms != INT64_MIN;
	return !ret->more || give_up_day(s, end_ms, e);
}

/* ---- without doing it ---- */

struct day {
	int64_t ms, rows;
};

/* What is in use is taken to be spread evenly over the exchanges. */
static bool would_go(const struct store_limits *l, const struct day *day, int64_t bytes_then)
{
	return day->ms + DAY_MS <= day_of(l->now_ms) &&
	       (day->ms + DAY_MS <= l->before_ms ||
		       (l->keep_bytes > 0 && bytes_then > l->keep_bytes));
}

static bool count_step(struct sqlite_store *s, const struct store_limits *l,
	struct store_pruned *ret, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_DAYS, e);
	int64_t bytes[2], all = 0;
	bool any;
	int rc;

	if (statement == NULL || !read_numbers(s, SQL_BYTES, bytes, &any, e))
		return false;
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
		all += sqlite3_column_int64(statement, 1);
	sqlite3_reset(statement);
	while (rc == SQLITE_DONE && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		struct day day = { sqlite3_column_int64(statement, 0),
			sqlite3_column_int64(statement, 1) };
		double left = (double)(all - ret->exchanges) / (double)all;
		if (!would_go(l, &day, (int64_t)(left * (double)bytes[0])))
			break;
		ret->exchanges += day.rows;
		rc = SQLITE_DONE;
	}
	return sqlite_end_rows(s, statement, rc, e);
}

bool sqlite_prune_step(struct sqlite_store *s, const struct store_limits *l,
	struct store_pruned *ret, struct err *e)
{
	*ret = (struct store_pruned){ .exchanges = 0 };
	if (l->dry_run)
		return count_step(s, l, ret, e);
	return sqlite_begin_write(s, e) && take_step(s, l, ret, e) &&
	       sqlite_run_plain(s, SQL_COMMIT, e);
}
