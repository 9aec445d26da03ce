/* SPDX-License-Identifier: MIT */
/* Makes a connection ready: its settings, the functions that statements use, and the newest version of the tables. */
#include "store/row.h"
#include "store/sqlite_private.h"

#include <stdio.h>

enum {
	APPLICATION_ID = 0x736c6331, /* "slc1": tells our files from others */
	CHECKPOINT_PAGES =
		4000, /* 16 MB of log, and its end is brought home: fewer syncs than by default */
	LOG_BYTES_KEPT = 32 << 20,
	CACHE_KIB = 8192,
	BUSY_MS = 2000, /* how long to wait for another process */
	BUSY_STEP_MS = 10,
};

/* ---- functions ---- */

static void call_on_number(sqlite3_context *c, int n, sqlite3_value **v)
{
	int64_t (*fn)(int64_t) = *(int64_t(**)(int64_t))sqlite3_user_data(c);

	(void)n;
	/* What is unknown, NULL, is read as 0. */
	sqlite3_result_int64(c, fn(sqlite3_value_int64(v[0])));
}

bool sqlite_functions_add(struct sqlite_store *s, struct err *e)
{
	static const struct {
		const char *name;
		int64_t (*fn)(int64_t);
	} functions[] = {
		{ "quarter", quarter_of },
		{ "day", day_of },
		{ "counted", counted },
		{ "counted_signed", counted_signed },
	};

	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		if (sqlite3_create_function_v2(s->db, functions[i].name, 1,
			    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
			    (void *)(uintptr_t)&functions[i].fn, call_on_number, NULL, NULL,
			    NULL) != SQLITE_OK)
			return sqlite_fail(s, "open", e);
	return true;
}

/* ---- versions ---- */

static int newest_version(void)
{
	int n = 0;

	while (sqlite_versions[n] != NULL)
		n++;
	return n;
}

static bool run_text(struct sqlite_store *s, const char *sql, struct err *e)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || sqlite_fail(s, "open", e);
}

static bool read_number(struct sqlite_store *s, const char *sql, int *ret, struct err *e)
{
	sqlite3_stmt *statement = NULL;
	bool ok = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) == SQLITE_OK &&
		  sqlite3_step(statement) == SQLITE_ROW;

	if (ok)
		*ret = sqlite3_column_int(statement, 0);
	else
		sqlite_fail(s, "open", e);
	sqlite3_finalize(statement);
	return ok;
}

/* The version of what is there; 0: nothing yet. */
static bool read_version(struct sqlite_store *s, int *ret, struct err *e)
{
	int application = 0, tables = 0;

	if (!read_number(s, "PRAGMA user_version", ret, e) ||
		!read_number(s, "PRAGMA application_id", &application, e) ||
		!read_number(s, "SELECT count(*) FROM sqlite_schema", &tables, e))
		return false;
	if (application != APPLICATION_ID && (application != 0 || *ret != 0 || tables != 0))
		return err_set(e, ERR_INTERNAL, "'%s' is the database of another program", s->path);
	if (*ret > newest_version())
		return err_set(e, ERR_INTERNAL,
			"the ledger '%s' is of version %d, made by a newer sluice; this one knows up to %d",
			s->path, *ret, newest_version());
	return true;
}

bool sqlite_begin_write(struct sqlite_store *s, struct err *e)
{
	sqlite3_stmt *version = sqlite_statement(s, SQL_VERSION, e);

	if (version == NULL || !sqlite_run_plain(s, SQL_BEGIN_WRITE, e))
		return false;
	int rc = sqlite3_step(version),
	    found = rc == SQLITE_ROW ? sqlite3_column_int(version, 0) : 0;
	if (!sqlite_end_rows(s, version, rc, e))
		return false;
	if (found == newest_version())
		return true;
	s->suspect = true; /* what opens it anew will say more */
	return err_set(
		e, ERR_INTERNAL, "the ledger '%s' has become one of version %d", s->path, found);
}

static bool take_step(struct sqlite_store *s, const char *const *texts, struct err *e)
{
	for (; *texts != NULL; texts++)
		if (!run_text(s, *texts, e))
			return false;
	return true;
}

/* Under the lock for writing, so that of several processes one does it. */
static bool migrate(struct sqlite_store *s, struct err *e)
{
	const int newest = newest_version();
	char sql[80];
	int version;

	if (!run_text(s, "BEGIN IMMEDIATE", e) || !read_version(s, &version, e))
		return false;
	for (; version < newest; version++)
		if (!take_step(s, sqlite_versions[version], e))
			return false;
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d; PRAGMA application_id = %d; COMMIT",
		newest, (int)APPLICATION_ID);
	return run_text(s, sql, e);
}

/* SQLite does not wait by itself when two processes do this at the same time. */
static int switch_to_log(sqlite3 *db, char ret_mode[8])
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);

	for (int ms = 0; rc == SQLITE_OK; ms += BUSY_STEP_MS) {
		rc = sqlite3_step(statement);
		if ((rc & 0xff) != SQLITE_BUSY || ms >= BUSY_MS)
			break;
		sqlite3_reset(statement);
		sqlite3_sleep(BUSY_STEP_MS);
		rc = SQLITE_OK;
	}
	if (rc == SQLITE_ROW)
		snprintf(ret_mode, 8, "%s", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return rc;
}

static bool use_log(struct sqlite_store *s, struct err *e)
{
	char mode[8] = "";

	if (switch_to_log(s->db, mode) != SQLITE_ROW)
		return sqlite_fail(s, "open", e);
	return str_eq(str_from(mode), STR("wal")) ||
	       err_set(e, ERR_INTERNAL, "cannot open the ledger '%s': no write-ahead log there",
		       s->path);
}

static bool prepare_to_write(struct sqlite_store *s, int version, struct err *e)
{
	char sql[200];

	/* NORMAL: commits are not synced one by one. They survive the end of the process, but not that of power. */
	snprintf(sql, sizeof(sql),
		"PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = %d;"
		"PRAGMA journal_size_limit = %d; PRAGMA cache_size = -%d",
		(int)CHECKPOINT_PAGES, (int)LOG_BYTES_KEPT, (int)CACHE_KIB);
	return use_log(s, e) && run_text(s, sql, e) &&
	       (version == newest_version() || migrate(s, e));
}

bool sqlite_schema_prepare(struct sqlite_store *s, struct err *e)
{
	int version;

	sqlite3_busy_timeout(s->db, BUSY_MS);
	/* SQLite opens a file for reading when it may not write it. */
	if (s->access == STORE_WRITE && sqlite3_db_readonly(s->db, "main") == 1)
		return err_set(
			e, ERR_INTERNAL, "cannot write the ledger '%s': it is read-only", s->path);
	/* In one transaction: another process may be making the tables just now. */
	if (!run_text(s, "BEGIN", e) || !read_version(s, &version, e) || !run_text(s, "COMMIT", e))
		return false;
	if (s->access == STORE_WRITE)
		return prepare_to_write(s, version, e);
	if (version == 0)
		return err_set(e, ERR_NOT_FOUND, "the ledger '%s' is empty", s->path);
	return version == newest_version() ||
	       err_set(e, ERR_INTERNAL,
		       "the ledger '%s' is of an earlier version; starting sluice brings it up to date",
		       s->path);
}
