/* SPDX-License-Identifier: MIT */
/* The store in a file of SQLite: opening, adding rows, closing. Several processes may use one file. After a failure that may
 * have to do with the file, the connection is closed and the next call opens another one. */
#include "store/row.h"
#include "store/sqlite_private.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	SQL_BYTES_MAX = 8192,
	GROUPS_MAX = 32, /* sums that are gathered before they are written */
};

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

static bool run_plain(struct sqlite_store *s, enum statement which, struct err *e)
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
	if (ok && sqlite_schema_prepare(s, e))
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

/* ---- adding rows ---- */

void sqlite_bind_text(sqlite3_stmt *statement, int at, struct str text)
{
	sqlite3_bind_text64(
		statement, at, text.n > 0 ? text.p : "", text.n, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_column(sqlite3_stmt *statement, int at, const struct column *c, const void *row)
{
	const void *v = (const char *)row + c->offset;

	switch (c->type) {
	case COLUMN_TEXT:
		sqlite_bind_text(statement, at, *(const struct str *)v);
		break;
	case COLUMN_COUNT:
		if (*(const int64_t *)v < 0)
			sqlite3_bind_null(statement, at);
		else
			sqlite3_bind_int64(statement, at, *(const int64_t *)v);
		break;
	case COLUMN_NUMBER:
		sqlite3_bind_int64(statement, at, *(const int64_t *)v);
		break;
	case COLUMN_STATUS:
		sqlite3_bind_int64(statement, at, *(const unsigned *)v);
		break;
	case COLUMN_FLAG:
		sqlite3_bind_int64(statement, at, *(const bool *)v);
		break;
	}
}

/* Binds all columns of a row; *ret_next is the place behind them. */
static void bind_row(
	sqlite3_stmt *statement, const struct columns *columns, const void *row, int *ret_next)
{
	for (size_t i = 0; i < columns->n; i++)
		bind_column(statement, (int)i + 1, &columns->v[i], row);
	*ret_next = (int)columns->n + 1;
}

static bool insert_attempts(
	struct sqlite_store *s, const struct ledger_exchange *row, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_INSERT_ATTEMPT, e);
	int64_t exchange = sqlite3_last_insert_rowid(s->db);
	int at;

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < row->nattempts; i++) {
		bind_row(statement, &attempt_columns, &row->attempts[i], &at);
		sqlite3_bind_int64(statement, at, exchange);
		sqlite3_bind_int64(statement, at + 1, (int64_t)i);
		if (!sqlite_run(s, statement, e))
			return false;
	}
	return true;
}

static bool insert_exchange(
	struct sqlite_store *s, const struct ledger_exchange *row, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_INSERT_EXCHANGE, e);
	int at;

	if (statement == NULL)
		return false;
	bind_row(statement, &exchange_columns, row, &at);
	if (sqlite_run(s, statement, e))
		return row->nattempts == 0 || insert_attempts(s, row, e);
	if (sqlite3_extended_errcode(s->db) == SQLITE_CONSTRAINT_UNIQUE)
		err_set(e, ERR_INVALID, "the ledger has an exchange '%.*s' already",
			row->id.n < 64 ? (int)row->id.n : 64, row->id.p);
	return false;
}

/* Sums of what is being added, by quarter of an hour, model and provider. */
struct group {
	int64_t quarter_ms;
	struct ledger_totals totals;
};

struct groups {
	struct group v[GROUPS_MAX];
	size_t n;
};

static bool write_groups(struct sqlite_store *s, struct groups *g, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_ADD_QUARTER, e);
	int at;

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < g->n; i++) {
		bind_row(statement, &totals_columns, &g->v[i].totals, &at);
		sqlite3_bind_int64(statement, at, g->v[i].quarter_ms);
		sqlite_bind_text(statement, at + 1, g->v[i].totals.model);
		sqlite_bind_text(statement, at + 2, g->v[i].totals.provider);
		if (!sqlite_run(s, statement, e))
			return false;
	}
	g->n = 0;
	return true;
}

static struct group *find_group(struct groups *g, const struct ledger_exchange *row)
{
	int64_t quarter_ms = quarter_of(row->begin_ms);

	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].quarter_ms == quarter_ms && str_eq(g->v[i].totals.model, row->model) &&
			str_eq(g->v[i].totals.provider, row->provider))
			return &g->v[i];
	if (g->n == GROUPS_MAX)
		return NULL;
	struct group *fresh = &g->v[g->n++];
	*fresh = (struct group){ quarter_ms, { .model = row->model, .provider = row->provider } };
	return fresh;
}

static bool add_to_groups(
	struct sqlite_store *s, struct groups *g, const struct ledger_exchange *row, struct err *e)
{
	struct group *group = find_group(g, row);

	if (group == NULL) {
		if (!write_groups(s, g, e))
			return false;
		group = find_group(g, row);
	}
	totals_add(&group->totals, row);
	return true;
}

static bool add_rows(
	struct sqlite_store *s, const struct ledger_exchange *rows, size_t n, struct err *e)
{
	struct groups groups = { .n = 0 };

	if (!run_plain(s, SQL_BEGIN_WRITE, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!insert_exchange(s, &rows[i], e) || !add_to_groups(s, &groups, &rows[i], e))
			return false;
	return write_groups(s, &groups, e) && run_plain(s, SQL_COMMIT, e);
}

static bool sqlite_append(
	struct store *store, const struct ledger_exchange *rows, size_t n, struct err *e)
{
	struct sqlite_store *s = store_of(store);

	if (s->access != STORE_WRITE)
		return err_set(
			e, ERR_INTERNAL, "the ledger '%s' is open for reading only", s->path);
	return n == 0 || (ready(s, e) && finish(s, add_rows(s, rows, n, e)));
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
	.query = sqlite_ask,
	.close = sqlite_close,
};
