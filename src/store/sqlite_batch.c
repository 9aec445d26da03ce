/* SPDX-License-Identifier: MIT */
/* The rows of a batch as tables that statements read, so that one statement adds all of them: an insert of its own for each row
 * costs several times as much, most of it for beginning and ending. These tables live in memory for as long as the statement runs,
 * are seen by this connection only, and no other statement reads them. */
#include "store/sqlite_private.h"

#include <stdlib.h>

enum batch_table { BATCH_EXCHANGE, BATCH_ATTEMPT, BATCH_SAVING, BATCH_TABLES };

/* Their first columns are those that a row does not know itself: the number of its exchange, and its place there. */
static const struct kind {
	enum batch_table table;
	const char *name;
	int nkeys;
	const struct columns *columns;
} kinds[BATCH_TABLES] = {
	[BATCH_EXCHANGE] = { BATCH_EXCHANGE, "batch_exchange", 1, &exchange_columns },
	[BATCH_ATTEMPT] = { BATCH_ATTEMPT, "batch_attempt", 2, &attempt_columns },
	[BATCH_SAVING] = { BATCH_SAVING, "batch_saving", 2, &saving_columns },
};

struct table {
	sqlite3_vtab base;
	struct sqlite_store *store;
	const struct kind *kind;
};

struct cursor {
	sqlite3_vtab_cursor base;
	const void *row; /* NULL: behind the last */
	size_t at, place,
		n; /* its exchange in the batch, its place there, and how many are there */
};

static struct table *table_of(sqlite3_vtab_cursor *base)
{
	return container_of(base->pVtab, struct table, base);
}

/* ---- walking ---- */

/* Finds the rows of the cursor's exchange. */
static void enter(struct cursor *c, const struct kind *kind, const struct ledger_exchange *row)
{
	c->place = 0;
	c->n = kind->table == BATCH_EXCHANGE  ? 1
	       : kind->table == BATCH_ATTEMPT ? row->nattempts
					      : row->nsavings;
	c->row = kind->table == BATCH_EXCHANGE  ? (const void *)row
		 : kind->table == BATCH_ATTEMPT ? (const void *)row->attempts
						: (const void *)row->savings;
}

/* From an exchange on, to the next one that has rows. */
static void settle(struct cursor *c)
{
	struct table *t = table_of(&c->base);
	const struct store_batch *batch = t->store->batch;

	for (c->row = NULL; c->at < batch->nrows; c->at++) {
		enter(c, t->kind, &batch->rows[c->at]);
		if (c->n > 0)
			break;
		c->row = NULL;
	}
	/* Whoever fails is to be named. */
	if (c->row != NULL)
		t->store->batch_at = c->at;
}

static int next(sqlite3_vtab_cursor *base)
{
	struct cursor *c = container_of(base, struct cursor, base);
	size_t size = table_of(base)->kind->table == BATCH_ATTEMPT ? sizeof(struct ledger_attempt)
								   : sizeof(struct ledger_saving);

	if (++c->place < c->n) {
		c->row = (const char *)c->row + size;
		return SQLITE_OK;
	}
	c->at++;
	settle(c);
	return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int plan, const char *text, int n, sqlite3_value **v)
{
	struct cursor *c = container_of(base, struct cursor, base);

	(void)plan, (void)text, (void)n, (void)v;
	c->at = 0;
	settle(c);
	return SQLITE_OK;
}

static int is_behind(sqlite3_vtab_cursor *base)
{
	return container_of(base, struct cursor, base)->row == NULL;
}

/* ---- reading ---- */

static void tell_text(sqlite3_context *to, const struct str *s)
{
	sqlite3_result_text64(to, s->n > 0 ? s->p : "", s->n, SQLITE_STATIC, SQLITE_UTF8);
}

static void tell(sqlite3_context *to, const struct column *c, const void *row)
{
	const void *v = (const char *)row + c->offset;

	switch (c->type) {
	case COLUMN_TEXT:
		tell_text(to, v);
		break;
	case COLUMN_COUNT:
		/* What nobody tells is NULL. */
		if (*(const int64_t *)v >= 0)
			sqlite3_result_int64(to, *(const int64_t *)v);
		break;
	case COLUMN_NUMBER:
		sqlite3_result_int64(to, *(const int64_t *)v);
		break;
	case COLUMN_STATUS:
		sqlite3_result_int64(to, *(const unsigned *)v);
		break;
	case COLUMN_FLAG:
		sqlite3_result_int64(to, *(const bool *)v);
		break;
	}
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *to, int at)
{
	const struct cursor *c = container_of(base, struct cursor, base);
	const struct table *t = table_of(base);

	if (at >= t->kind->nkeys)
		tell(to, &t->kind->columns->v[at - t->kind->nkeys], c->row);
	else if (at == 0)
		sqlite3_result_int64(to, t->store->batch_first + (int64_t)c->at);
	else
		sqlite3_result_int64(to, (int64_t)c->place);
	return SQLITE_OK;
}

/* No statement asks for it. */
static int number(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)container_of(base, struct cursor, base)->at;
	return SQLITE_OK;
}

/* ---- life ---- */

static int connect_table(
	sqlite3 *db, void *ctx, int argc, const char *const *argv, sqlite3_vtab **ret, char **text)
{
	const struct kind *kind = NULL;
	struct buf sql;

	(void)argc, (void)text;
	for (size_t i = 0; i < BATCH_TABLES; i++)
		if (str_eq(str_from(kinds[i].name), str_from(argv[0])))
			kind = &kinds[i];
	assert(kind != NULL);
	buf_init(&sql, SIZE_MAX);
	buf_addf(&sql, "CREATE TABLE x (%s, ", kind->nkeys > 1 ? "exchange, place" : "row");
	sqlite_list(&sql, kind->columns, "$");
	buf_add(&sql, (struct str){ ")", 2 });
	int rc = sqlite3_declare_vtab(db, sql.p);
	buf_release(&sql);
	if (rc != SQLITE_OK)
		return rc;
	struct table *t = must_alloc(sizeof(*t));
	*t = (struct table){ .store = ctx, .kind = kind };
	*ret = &t->base;
	return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *base)
{
	free(container_of(base, struct table, base));
	return SQLITE_OK;
}

/* There is but one way: all of it. */
static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	(void)base;
	info->estimatedCost = 1000;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
	struct cursor *c = must_alloc(sizeof(*c));

	(void)base;
	*c = (struct cursor){ .row = NULL };
	*ret = &c->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	free(container_of(base, struct cursor, base));
	return SQLITE_OK;
}

bool sqlite_batch_add(struct sqlite_store *s, struct err *e)
{
	/* Without xCreate: the table is there by its name alone. */
	static const sqlite3_module module = {
		.iVersion = 1,
		.xConnect = connect_table,
		.xBestIndex = best_index,
		.xDisconnect = disconnect_table,
		.xOpen = open_cursor,
		.xClose = close_cursor,
		.xFilter = filter,
		.xNext = next,
		.xEof = is_behind,
		.xColumn = column,
		.xRowid = number,
	};

	for (size_t i = 0; i < BATCH_TABLES; i++)
		if (sqlite3_create_module_v2(s->db, kinds[i].name, &module, s, NULL) != SQLITE_OK)
			return sqlite_fail(s, "open", e);
	return true;
}

/* ---- adding ---- */

/* The number of the first exchange. Nobody else adds any until this transaction ends. */
static bool number_exchanges(struct sqlite_store *s, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_LAST_ROW, e);

	if (statement == NULL)
		return false;
	int rc = sqlite3_step(statement);
	int64_t last = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	if (!sqlite_end_rows(s, statement, rc, e))
		return false;
	if (last > INT64_MAX - (int64_t)s->batch->nrows)
		return err_set(e, ERR_INTERNAL, "the ledger '%s' has no number left", s->path);
	s->batch_first = last + 1;
	return true;
}

static bool insert_exchanges(struct sqlite_store *s, struct err *e)
{
	if (sqlite_run_plain(s, SQL_INSERT_EXCHANGES, e))
		return true;
	if (s->db != NULL && sqlite3_extended_errcode(s->db) == SQLITE_CONSTRAINT_UNIQUE) {
		struct str id = s->batch->rows[s->batch_at].id;
		err_set(e, ERR_INVALID, "the ledger has an exchange '%.*s' already",
			id.n < 64 ? (int)id.n : 64, id.p);
	}
	return false;
}

bool sqlite_insert_batch(struct sqlite_store *s, const struct store_batch *batch, struct err *e)
{
	s->batch = batch;
	bool ok = number_exchanges(s, e) && insert_exchanges(s, e) &&
		  sqlite_run_plain(s, SQL_INSERT_ATTEMPTS, e) &&
		  sqlite_run_plain(s, SQL_INSERT_SAVINGS, e);
	s->batch = NULL;
	return ok;
}
