/* SPDX-License-Identifier: MIT */
/* What the files of the SQLite driver share. */
#ifndef STORE_SQLITE_PRIVATE_H
#define STORE_SQLITE_PRIVATE_H

#include "base/arena.h"
#include "store/sums.h"

#include <sqlite3.h>

enum statement {
	/* sqlite.c */
	SQL_COMMIT,
	/* sqlite_write.c */
	SQL_BEGIN_WRITE,
	SQL_VERSION,
	SQL_ADD_QUARTER,
	SQL_ADD_PART,
	SQL_ADD_CONVERSATION,
	SQL_ADD_CAUSE,
	SQL_PUT,
	SQL_SWEEP,
	SQL_GET,
	/* sqlite_batch.c */
	SQL_LAST_ROW,
	SQL_INSERT_EXCHANGES,
	SQL_INSERT_ATTEMPTS,
	SQL_INSERT_SAVINGS,
	/* sqlite_query.c */
	SQL_BEGIN_READ,
	SQL_SESSION,
	SQL_PLACE,
	SQL_HISTORY,
	SQL_HISTORY_OF,
	SQL_EXCHANGE,
	SQL_FIND,
	SQL_ALARMS,
	SQL_ATTEMPTS,
	SQL_SAVINGS,
	/* sqlite_sums.c */
	SQL_TOTALS,
	SQL_SERIES,
	SQL_MODELS,
	SQL_PROVIDERS,
	SQL_PARTS,
	SQL_CONVERSATION_SUMS,
	SQL_SESSION_SUMS,
	SQL_CAUSES,
	SQL_LATENCY,
	SQL_PRUNED,
	/* sqlite_conversations.c */
	SQL_CONVERSATIONS,
	SQL_CONVERSATION,
	SQL_LATEST_OF,
	/* sqlite_prune.c */
	SQL_PRUNE_TO,
	SQL_MERGE_PARTS,
	SQL_DROP_PARTS,
	SQL_DROP_CONVERSATIONS,
	SQL_DROP_ATTEMPTS,
	SQL_DROP_SAVINGS,
	SQL_DROP_EXCHANGES,
	SQL_OLDEST,
	SQL_DAYS,
	SQL_BYTES,
	STATEMENTS
};

struct sqlite_store {
	struct store store;
	char *path; /* never one that SQLite reads anything into */
	enum store_access access;
	sqlite3 *db; /* NULL: the last call failed in a way that makes a fresh start wise */
	sqlite3_stmt *statements[STATEMENTS];
	bool suspect;      /* such a failure was seen */
	struct sums *sums; /* of what is being added; NULL: not needed yet */
	int64_t swept_ms;  /* when expired values were last looked for */
	/* What is being added, and the number that the first of its exchanges gets. */
	const struct store_batch *batch;
	int64_t batch_first;
	size_t batch_at; /* the row that a statement has come to */
};

/* ---- sqlite.c ---- */

/* Says what could not be done, and why as SQLite tells it. Returns false. */
bool sqlite_fail(struct sqlite_store *s, const char *what, struct err *e);
/* A statement without values, ready to be stepped; prepared at its first use and kept. NULL with *e set. */
sqlite3_stmt *sqlite_statement(
	struct sqlite_store *s, enum statement which, struct err *e) MUSTCHECK;
/* Runs one that gives no rows. */
bool sqlite_run(struct sqlite_store *s, sqlite3_stmt *statement, struct err *e) MUSTCHECK;
bool sqlite_run_plain(struct sqlite_store *s, enum statement which, struct err *e) MUSTCHECK;
void sqlite_bind_text(sqlite3_stmt *statement, int at, struct str text);
/* Undoes what is open. */
void sqlite_rollback(struct sqlite_store *s);

/* ---- sqlite_write.c ---- */

/* Adds a batch in one transaction. */
bool sqlite_add(struct sqlite_store *s, const struct store_batch *batch, struct err *e) MUSTCHECK;

/* Where a value goes that was found. */
struct sqlite_found {
	struct buf *value;
	int64_t *version;
};
bool sqlite_get_value(struct sqlite_store *s, const struct store_key *key,
	const struct sqlite_found *ret, struct err *e) MUSTCHECK;

/* ---- sqlite_batch.c ---- */

/* Gives statements the tables batch_exchange, batch_attempt and batch_saving: the rows of the batch that is being added. */
bool sqlite_batch_add(struct sqlite_store *s, struct err *e) MUSTCHECK;
/* Adds the rows of a batch with what belongs to them, within a transaction. */
bool sqlite_insert_batch(
	struct sqlite_store *s, const struct store_batch *batch, struct err *e) MUSTCHECK;

/* ---- sqlite_sql.c ---- */

/* Adds each column in a pattern, in which $ stands for its name, with commas between. */
void sqlite_list(struct buf *b, const struct columns *columns, const char *pattern);
/* The text of a statement; NUL-terminated. */
void sqlite_text_of(enum statement which, struct buf *ret);

/* ---- sqlite_schema.c ---- */

/* Gives statements the functions quarter(ms), day(ms), counted(figure) and counted_signed(figure) of store/row.h. */
bool sqlite_functions_add(struct sqlite_store *s, struct err *e) MUSTCHECK;
/* Makes a fresh connection ready: settings, and for writing the newest schema. */
bool sqlite_schema_prepare(struct sqlite_store *s, struct err *e) MUSTCHECK;
/* Begins a transaction that writes, unless another program has brought the tables to a version that we do not know meanwhile. */
bool sqlite_begin_write(struct sqlite_store *s, struct err *e) MUSTCHECK;

/* ---- sqlite_versions.c ---- */

/* The statements that lead from each version to the next; NULL behind the last. */
extern const char *const *const sqlite_versions[];

/* ---- sqlite_query.c ---- */

/* Who is told. */
struct receiver {
	row_fn *fn;
	void *ctx;
};

struct str sqlite_read_text(sqlite3_stmt *statement, int at);
/* All columns of a row, the first n of a statement. Texts are copied into the arena; without one they live until the next step. */
void sqlite_read_row(
	sqlite3_stmt *statement, const struct columns *columns, void *row, struct arena *a);
/* The end of a walk over rows, by what the last step said. */
bool sqlite_end_rows(struct sqlite_store *s, sqlite3_stmt *statement, int rc, struct err *e);

bool sqlite_query(
	struct sqlite_store *s, const struct query_params *p, row_fn *fn, void *ctx, struct err *e);

/* ---- sqlite_prune.c, sqlite_check.c ---- */

bool sqlite_prune_step(struct sqlite_store *s, const struct store_limits *limits,
	struct store_pruned *ret, struct err *e) MUSTCHECK;
bool sqlite_check_all(struct sqlite_store *s, fault_fn *fn, void *ctx, struct err *e) MUSTCHECK;

/* ---- sqlite_sums.c, sqlite_conversations.c ---- */

bool sqlite_query_totals(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e);
bool sqlite_query_session(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e);
bool sqlite_query_series(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e);
bool sqlite_query_groups(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e);
bool sqlite_query_causes(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e);
bool sqlite_query_latency(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e);
bool sqlite_query_conversations(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e);
bool sqlite_query_conversation(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e);

#endif
