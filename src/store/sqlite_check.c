/* SPDX-License-Identifier: MIT */
/* Looks through a ledger: whether the file is whole, attempts add up to their exchange, savings to what it saved, and exchanges
 * to every sum. What was pruned is looked at as far as its sums can be compared with each other. */
#include "store/sqlite_private.h"

#include <stdio.h>
#include <string.h>

enum { SQL_MAX = 32768, FAULTS_MAX = 20, FAULT_BYTES = 400 };

/* Who is told of faults, until they have heard enough. */
struct listener {
	fault_fn *fn;
	void *ctx;
	bool enough;
};

/* Runs a statement of which each row, a text, is a fault; the first FAULTS_MAX of them. */
static bool tell_rows(struct sqlite_store *s, const char *sql, const char *pattern,
	struct listener *l, struct err *e)
{
	sqlite3_stmt *statement = NULL;
	char text[FAULT_BYTES];
	int rc = SQLITE_DONE;

	if (l->enough)
		return true;
	if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return sqlite_fail(s, "check", e);
	for (int n = 0; n < FAULTS_MAX && !l->enough; n++) {
		rc = sqlite3_step(statement);
		if (rc != SQLITE_ROW)
			break;
		const char *row = (const char *)sqlite3_column_text(statement, 0);
		if (row == NULL || strcmp(row, "ok") == 0)
			continue;
		snprintf(text, sizeof(text), "%s%s", pattern, row);
		l->enough = !l->fn(l->ctx, text);
	}
	bool ok = rc == SQLITE_DONE || rc == SQLITE_ROW || sqlite_fail(s, "check", e);
	sqlite3_finalize(statement);
	return ok;
}

/* ---- of each exchange ---- */

/* Tokens: what is known, added up. Cost: unknown as soon as one is. */
static void attempts_sql(struct buf *b)
{
	static const char *const tokens[] = { "in_tokens", "cache_read_tokens",
		"cache_write_5m_tokens", "cache_write_1h_tokens", "out_tokens",
		"reasoning_tokens" };
	static const char *const costs[] = { "in_nusd", "cache_read_nusd", "cache_write_5m_nusd",
		"cache_write_1h_nusd", "out_nusd", "total_nusd" };

	buf_add(b, STR("SELECT x.id FROM exchange AS x JOIN (SELECT exchange"));
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
		buf_addf(b, ", sum(%s) AS %s", tokens[i], tokens[i]);
	for (size_t i = 0; i < ARRAY_LEN(costs); i++)
		buf_addf(b, ", iif(max(total_nusd IS NULL), NULL, sum(%s)) AS %s", costs[i],
			costs[i]);
	buf_add(b, STR(" FROM attempt GROUP BY exchange) AS a ON a.exchange = x.row WHERE 0"));
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
		buf_addf(b, " OR x.%s IS NOT a.%s", tokens[i], tokens[i]);
	for (size_t i = 0; i < ARRAY_LEN(costs); i++)
		buf_addf(b, " OR x.%s IS NOT a.%s", costs[i], costs[i]);
	buf_add_char(b, '\0');
}

static const struct {
	const char *fault, *sql;
} of_rows[] = {
	{ "the file: ", "PRAGMA integrity_check(20)" },
	{ "the parts of its cost are not its total: exchange ",
		"SELECT id FROM exchange WHERE total_nusd <> in_nusd + cache_read_nusd"
		" + cache_write_5m_nusd + cache_write_1h_nusd + out_nusd" },
	{ "savings do not add up to what it saved: exchange ",
		"SELECT x.id FROM exchange AS x LEFT JOIN (SELECT exchange, sum(nusd) AS nusd"
		" FROM saving GROUP BY exchange) AS v ON v.exchange = x.row"
		" WHERE x.saved_nusd <> coalesce(v.nusd, 0)" },
	{ "attempts of no exchange: row ", "SELECT DISTINCT exchange FROM attempt"
					   " WHERE exchange NOT IN (SELECT row FROM exchange)" },
	{ "savings of no exchange: row ", "SELECT DISTINCT exchange FROM saving"
					  " WHERE exchange NOT IN (SELECT row FROM exchange)" },
};

static bool check_rows(struct sqlite_store *s, struct listener *l, struct err *e)
{
	struct buf sql;

	for (size_t i = 0; i < ARRAY_LEN(of_rows); i++)
		if (!tell_rows(s, of_rows[i].sql, of_rows[i].fault, l, e))
			return false;
	buf_init(&sql, SQL_MAX);
	attempts_sql(&sql);
	bool ok = tell_rows(s, sql.p, "attempts do not add up to it: exchange ", l, e);
	buf_release(&sql);
	return ok;
}

/* ---- of sums ---- */

#define PREDICTED "read_predicted_tokens IS NOT NULL AND cache_read_tokens IS NOT NULL"

/* What an exchange counts in a column of totals, as far as it is not counted(column) or, of costs, that where the total is known. */
static const struct {
	const char *column, *counts;
} special[] = {
	{ "exchanges", "1" },
	{ "failed", "error <> '' OR status = 0 OR status >= 400" },
	{ "unpriced", "total_nusd IS NULL" },
	{ "estimated", "estimated" },
	{ "saved_nusd", "counted_signed(saved_nusd)" },
	{ "lost_nusd", "counted(lost_nusd)" },
	{ "alarms", "alarm > 0" },
	{ "predicted", PREDICTED },
	{ "read_predicted_tokens", "iif(" PREDICTED ", counted(read_predicted_tokens), 0)" },
	{ "read_found_tokens", "iif(" PREDICTED ", counted(cache_read_tokens), 0)" },
	{ "read_off_tokens",
		"iif(" PREDICTED
		", abs(counted(read_predicted_tokens) - counted(cache_read_tokens)), 0)" },
};

static void add_count(struct buf *b, const char *column)
{
	size_t n = strlen(column);

	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (strcmp(special[i].column, column) == 0) {
			buf_addf(b, ", %s", special[i].counts);
			return;
		}
	if (n > 5 && strcmp(column + n - 5, "_nusd") == 0)
		buf_addf(b, ", iif(total_nusd IS NULL, 0, counted(%s))", column);
	else
		buf_addf(b, ", counted(%s)", column);
}

/* Two ways to come to the same sums: what each is called by, and where from. */
struct comparison {
	const char *fault;
	const char *names, *from;      /* of single exchanges */
	const char *sum_names, *table; /* of a table of sums */
};

/* One row of text for each name under which they differ. */
static void compare_sql(struct buf *b, const struct comparison *c)
{
	buf_add(b, STR("SELECT name FROM (SELECT "));
	buf_addf(b, "%s AS name", c->names);
	for (size_t i = 0; i < totals_columns.n; i++) {
		add_count(b, totals_columns.v[i].name);
		buf_addf(b, " AS %s", totals_columns.v[i].name);
	}
	buf_addf(b, " FROM %s UNION ALL SELECT %s", c->from, c->sum_names);
	for (size_t i = 0; i < totals_columns.n; i++)
		buf_addf(b, ", -%s", totals_columns.v[i].name);
	buf_addf(b, " FROM %s) GROUP BY name HAVING 0", c->table);
	for (size_t i = 0; i < totals_columns.n; i++)
		buf_addf(b, " OR sum(%s) <> 0", totals_columns.v[i].name);
	buf_add_char(b, '\0');
}

#define WHEN(ms)  "strftime('%Y-%m-%d %H:%M', (" ms ") / 1000, 'unixepoch')"
#define KEPT      "exchange WHERE begin_ms >= (SELECT before_ms FROM pruned)"
#define SUMS_KEPT " WHERE quarter_ms >= (SELECT before_ms FROM pruned)"
#define PART(which) \
	{ \
		"exchanges do not add up to the sums by " which ": ", \
			WHEN("quarter(begin_ms)") " || ' ' || " which, KEPT, \
			WHEN("quarter_ms") " || ' ' || name", \
			"part" SUMS_KEPT " AND dimension = '" which "'" \
	}

static const struct comparison comparisons[] = {
	{ "exchanges do not add up to the sums by model: ",
		WHEN("quarter(begin_ms)") " || ' ' || model || ' ' || provider", KEPT,
		WHEN("quarter_ms") " || ' ' || model || ' ' || provider", "quarter" SUMS_KEPT },
	PART("kind"),
	PART("project"),
	PART("caller"),
	{ "exchanges do not add up to the sums of a conversation: ",
		WHEN("quarter(begin_ms)") " || ' ' || conversation || ' ' || session || ' ' || model",
		KEPT,
		WHEN("quarter_ms") " || ' ' || conversation || ' ' || session || ' ' || model",
		"conversation" SUMS_KEPT },
};

/* Of sums of one time by different names, and of the sums by cause. */
static const struct {
	const char *fault, *sql;
} of_sums[] = {
	{ "sums by model and by kind, project or caller differ: ",
		"SELECT " WHEN(
			"at") " || ' ' || dimension FROM (SELECT dimension, day(quarter_ms) AS at,"
			      " exchanges, total_nusd, in_tokens, out_tokens, saved_nusd, lost_nusd FROM part"
			      " UNION ALL SELECT column1, day(quarter_ms), -exchanges, -total_nusd, -in_tokens,"
			      " -out_tokens, -saved_nusd, -lost_nusd FROM quarter, (VALUES ('kind'), ('project'),"
			      " ('caller'))) GROUP BY at, dimension HAVING sum(exchanges) <> 0"
			      " OR sum(total_nusd) <> 0 OR sum(in_tokens) <> 0 OR sum(out_tokens) <> 0"
			      " OR sum(saved_nusd) <> 0 OR sum(lost_nusd) <> 0" },
	{ "savings by cause do not add up: ",
		"SELECT " WHEN(
			"at") " FROM (SELECT quarter_ms AS at, nusd FROM cause"
			      " WHERE dimension = 'saved' UNION ALL SELECT quarter_ms, -saved_nusd FROM quarter)"
			      " GROUP BY at HAVING sum(nusd) <> 0" },
	{ "losses by cause do not add up: ",
		"SELECT " WHEN(
			"at") " FROM (SELECT quarter_ms AS at, nusd FROM cause"
			      " WHERE dimension = 'lost' UNION ALL SELECT quarter_ms, -lost_nusd FROM quarter)"
			      " GROUP BY at HAVING sum(nusd) <> 0" },
};

static bool check_sums(struct sqlite_store *s, struct listener *l, struct err *e)
{
	bool ok = true;
	struct buf sql;

	for (size_t i = 0; ok && i < ARRAY_LEN(comparisons); i++) {
		buf_init(&sql, SQL_MAX);
		compare_sql(&sql, &comparisons[i]);
		ok = tell_rows(s, sql.p, comparisons[i].fault, l, e);
		buf_release(&sql);
	}
	for (size_t i = 0; ok && i < ARRAY_LEN(of_sums); i++)
		ok = tell_rows(s, of_sums[i].sql, of_sums[i].fault, l, e);
	return ok;
}

bool sqlite_check_all(struct sqlite_store *s, fault_fn *fn, void *ctx, struct err *e)
{
	struct listener l = { .fn = fn, .ctx = ctx };

	/* All by one snapshot. */
	return sqlite_run_plain(s, SQL_BEGIN_READ, e) && check_rows(s, &l, e) &&
	       check_sums(s, &l, e) && sqlite_run_plain(s, SQL_COMMIT, e);
}
