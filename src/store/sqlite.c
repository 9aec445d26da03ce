/* SPDX-License-Identifier: MIT */
/* The store in a file of SQLite: opening, the verbs, closing. Several processes may use one file. After a failure that may
 * have to do with the file, the connection is closed and the next call opens another one. */
#include "store/sqlite_private.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SQL_BYTES_MAX = 16384 };

static struct sqlite_store *store_of(struct store *s)
{
	return container_of(s, struct sqlite_store, store);
}

/* ---- statements ---- */

static bool is_row_fault(int rc)
{
	return (rc & 0xff) == SQLITE_CONSTRAINT || rc == SQLITE_TOOBIG;
}

bool sqlite_fail(struct sqlite_store *s, const char *what, struct err *e)
{
	int rc = sqlite3_extended_errcode(s->db), why = sqlite3_system_errno(s->db);
	char reason[80] = "";
	const char *because = "";

	if (((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN) && why != 0)
		because = strerror_r(why, reason, sizeof(reason));
	s->suspect = s->suspect || (!is_row_fault(rc) && (rc & 0xff) != SQLITE_BUSY);
	return err_set(e, is_row_fault(rc) ? ERR_INVALID : ERR_INTERNAL,
		"cannot %s the ledger '%s': %s%s%s", what, s->path, sqlite3_errmsg(s->db),
		because[0] != '\0' ? ": " : "", because);
}

sqlite3_stmt *sqlite_statement(struct sqlite_store *s, enum statement which, struct err *e)
{
	sqlite3_stmt **at = &s->statements[which];
	struct buf sql;

	if (*at != NULL)
		return *at;
	buf_init(&sql, SQL_BYTES_MAX);
	sqlite_text_of(which, &sql);
	if (sqlite3_prepare_v3(s->db, sql.p, (int)sql.n, SQLITE_PREPARE_PERSISTENT, at, NULL) !=
		SQLITE_OK)
		sqlite_fail(s, "use", e);
	buf_release(&sql);
	return *at;
}

bool sqlite_run(struct sqlite_store *s, sqlite3_stmt *statement, struct err *e)
{
	int rc = sqlite3_step(statement);

	if (rc != SQLITE_DONE)
		sqlite_fail(s, s->access == STORE_WRITE ? "write" : "read", e);
	sqlite3_reset(statement);
	return rc == SQLITE_DONE;
}

bool sqlite_run_plain(struct sqlite_store *s, enum statement which, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, which, e);

	return statement != NULL && sqlite_run(s, statement, e);
}

void sqlite_rollback(struct sqlite_store *s)
{
	if (s->db != NULL && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- connection ---- */

static void disconnect(struct sqlite_store *s)
{
	for (size_t i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
	s->suspect = false;
}

/* Makes an empty file that only its owner may read, and SQLite gives the files beside it the same mode. Without opening it: to
 * close a descriptor of a file lets go of the locks that this process holds on it. */
static bool create_file(const char *path, struct err *e)
{
	char reason[80];

	if (mknod(path, S_IFREG | S_IRUSR | S_IWUSR, 0) == 0 || errno == EEXIST)
		return true;
	return err_set(e, ERR_INTERNAL, "cannot create the ledger '%s': %s", path,
		strerror_r(errno, reason, sizeof(reason)));
}

static bool file_is_there(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR))
		return true;
	return err_set(e, ERR_NOT_FOUND, "there is no ledger '%s'", path);
}

static bool connect_to(struct sqlite_store *s, struct err *e)
{
	bool writes = s->access == STORE_WRITE;
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
		    (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);

	if (!(writes ? create_file(s->path, e) : file_is_there(s->path, e)))
		return false;
	bool ok = sqlite3_open_v2(s->path, &s->db, flags, NULL) == SQLITE_OK ||
		  sqlite_fail(s, "open", e);
	if (ok && sqlite_functions_add(s, e) && sqlite_batch_add(s, e) &&
		sqlite_schema_prepare(s, e))
		return true;
	sqlite_rollback(s);
	disconnect(s);
	return false;
}

/* Somebody may have removed the file, or put another one in its place. What is then closed must not remove, by their names, the
 * log and the index of a new file. */
static void leave_moved_file(struct sqlite_store *s)
{
	int moved = 0, keep = 1;

	if (s->db == NULL ||
		sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK ||
		!moved)
		return;
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	disconnect(s);
}

static bool ready(struct sqlite_store *s, struct err *e)
{
	leave_moved_file(s);
	return s->db != NULL || connect_to(s, e);
}

/* The end of a call: nothing stays open. */
static bool finish(struct sqlite_store *s, bool ok)
{
	if (ok)
		return true;
	bool suspect = s->suspect;
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_reset(s->statements[i]);
	sqlite_rollback(s);
	if (suspect)
		disconnect(s);
	return false;
}

static void sqlite_close(struct store *store)
{
	if (store == NULL)
		return;
	struct sqlite_store *s = store_of(store);
	leave_moved_file(s);
	disconnect(s);
	sums_free(s->sums);
	free(s->path);
	free(s);
}

/* Names like ":memory:" and "file:..." mean something else to SQLite. */
static char *plain_path(const char *path)
{
	size_t n = strlen(path) + 3;
	char *plain = must_alloc(n);

	snprintf(plain, n, "%s%s", path[0] == '/' ? "" : "./", path);
	return plain;
}

/* SQLite's own statistics of memory cost a lock for each allocation. */
static void configure(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static struct store *sqlite_open(const char *path, enum store_access access, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sqlite_store *s = must_alloc(sizeof(*s));

	pthread_once(&once, configure);
	s->store.driver = &store_sqlite;
	s->path = plain_path(path);
	s->access = access;
	if (connect_to(s, e))
		return &s->store;
	sqlite_close(&s->store);
	return NULL;
}

/* ---- verbs ---- */

static bool may_write(struct sqlite_store *s, struct err *e)
{
	return s->access == STORE_WRITE ||
	       err_set(e, ERR_INTERNAL, "the ledger '%s' is open for reading only", s->path);
}

static bool sqlite_write(struct store *store, const struct store_batch *batch, struct err *e)
{
	struct sqlite_store *s = store_of(store);

	return may_write(s, e) && ((batch->nrows == 0 && batch->nvalues == 0) ||
					  (ready(s, e) && finish(s, sqlite_add(s, batch, e))));
}

static bool sqlite_append(
	struct store *store, const struct ledger_exchange *rows, size_t n, struct err *e)
{
	return sqlite_write(store, &(struct store_batch){ .rows = rows, .nrows = n }, e);
}

static bool sqlite_put(
	struct store *store, const struct store_value *values, size_t n, struct err *e)
{
	return sqlite_write(store, &(struct store_batch){ .values = values, .nvalues = n }, e);
}

static bool sqlite_get(struct store *store, const struct store_key *key, struct buf *value,
	int64_t *version, struct err *e)
{
	struct sqlite_store *s = store_of(store);

	return ready(s, e) &&
	       finish(s, sqlite_get_value(s, key, &(struct sqlite_found){ value, version }, e));
}

static bool sqlite_prune(struct store *store, const struct store_limits *limits,
	struct store_pruned *ret, struct err *e)
{
	struct sqlite_store *s = store_of(store);

	return (limits->dry_run || may_write(s, e)) && ready(s, e) &&
	       finish(s, sqlite_prune_step(s, limits, ret, e));
}

static bool sqlite_compact(struct store *store, struct err *e)
{
	struct sqlite_store *s = store_of(store);

	if (!may_write(s, e) || !ready(s, e))
		return false;
	bool ok = sqlite3_exec(s->db, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
			  NULL) == SQLITE_OK ||
		  sqlite_fail(s, "compact", e);
	return finish(s, ok);
}

static bool sqlite_check(struct store *store, fault_fn *fn, void *ctx, struct err *e)
{
	struct sqlite_store *s = store_of(store);

	return ready(s, e) && finish(s, sqlite_check_all(s, fn, ctx, e));
}

static bool sqlite_ask(
	struct store *store, const struct query_params *p, row_fn *fn, void *ctx, struct err *e)
{
	struct sqlite_store *s = store_of(store);

	return ready(s, e) && finish(s, sqlite_query(s, p, fn, ctx, e));
}

const struct store_driver store_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.append = sqlite_append,
	.put = sqlite_put,
	.write = sqlite_write,
	.get = sqlite_get,
	.query = sqlite_ask,
	.prune = sqlite_prune,
	.compact = sqlite_compact,
	.check = sqlite_check,
	.close = sqlite_close,
};
