/* SPDX-License-Identifier: MIT */
/* What the files of the SQLite driver share. */
#ifndef STORE_SQLITE_PRIVATE_H
#define STORE_SQLITE_PRIVATE_H

#include "store/store.h"

#include <sqlite3.h>

enum statement {
	/* sqlite.c */
	SQL_BEGIN_WRITE,
	SQL_COMMIT,
	SQL_INSERT_EXCHANGE,
	SQL_INSERT_ATTEMPT,
	SQL_ADD_QUARTER,
	/* sqlite_query.c */
	SQL_BEGIN_READ,
	SQL_TOTALS,
	SQL_MODELS,
	SQL_SESSION,
	SQL_PLACE,
	SQL_HISTORY,
	SQL_EXCHANGE,
	SQL_ATTEMPTS,
	STATEMENTS
};

struct sqlite_store {
	struct store store;
	char *path; /* never one that SQLite reads anything into */
	enum store_access access;
	sqlite3 *db; /* NULL: the last call failed in a way that makes a fresh start wise */
	sqlite3_stmt *statements[STATEMENTS];
	bool suspect; /* such a failure was seen */
};

/* ---- sqlite.c ---- */

/* Says what could not be done, and why as SQLite tells it. Returns false. */
bool sqlite_fail(struct sqlite_store *s, const char *what, struct err *e);
/* A statement without values, ready to be stepped; prepared at its first use and kept. NULL with *e set. */
sqlite3_stmt *sqlite_statement(
	struct sqlite_store *s, enum statement which, struct err *e) MUSTCHECK;
/* Runs one that gives no rows. */
bool sqlite_run(struct sqlite_store *s, sqlite3_stmt *statement, struct err *e) MUSTCHECK;
void sqlite_bind_text(sqlite3_stmt *statement, int at, struct str text);
/* Undoes what is open. */
void sqlite_rollback(struct sqlite_store *s);

/* ---- sqlite_sql.c ---- */

/* The text of a statement; NUL-terminated. */
void sqlite_text_of(enum statement which, struct buf *ret);

/* ---- sqlite_schema.c ---- */

/* Makes a fresh connection ready: settings, and for writing the newest schema. */
bool sqlite_schema_prepare(struct sqlite_store *s, struct err *e) MUSTCHECK;
/* The statements that lead from one version of the schema to the next; NULL behind the last. For tests. */
extern const char *const sqlite_schema_steps[];

/* ---- sqlite_query.c ---- */

bool sqlite_query(
	struct sqlite_store *s, const struct query_params *p, row_fn *fn, void *ctx, struct err *e);

#endif
