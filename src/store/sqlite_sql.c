/* SPDX-License-Identifier: MIT */
/* The texts of the statements, made from the tables of columns. */
#include "store/row.h"
#include "store/sqlite_private.h"

/* Adds each column in a pattern, in which $ stands for its name, with commas between. */
static void list(struct buf *b, const struct columns *columns, const char *pattern)
{
	for (size_t i = 0; i < columns->n; i++) {
		if (i > 0)
			buf_add(b, STR(", "));
		for (const char *c = pattern; *c != '\0'; c++) {
			if (*c == '$')
				buf_add(b, str_from(columns->v[i].name));
			else
				buf_add_char(b, *c);
		}
	}
}

static void insert_exchange(struct buf *b)
{
	buf_add(b, STR("INSERT INTO exchange ("));
	list(b, &exchange_columns, "$");
	buf_add(b, STR(") VALUES ("));
	list(b, &exchange_columns, "?");
	buf_add(b, STR(")"));
}

static void insert_attempt(struct buf *b)
{
	buf_add(b, STR("INSERT INTO attempt ("));
	list(b, &attempt_columns, "$");
	buf_add(b, STR(", exchange, place) VALUES ("));
	list(b, &attempt_columns, "?");
	buf_add(b, STR(", ?, ?)"));
}

static void add_quarter(struct buf *b)
{
	buf_add(b, STR("INSERT INTO quarter ("));
	list(b, &totals_columns, "$");
	buf_add(b, STR(", quarter_ms, model, provider) VALUES ("));
	list(b, &totals_columns, "?");
	buf_add(b, STR(", ?, ?, ?) ON CONFLICT (quarter_ms, model, provider) DO UPDATE SET "));
	list(b, &totals_columns, "$ = $ + excluded.$");
}

static void select_totals(struct buf *b, bool by_model)
{
	buf_add(b, STR("SELECT "));
	list(b, &totals_columns, "coalesce(sum($), 0)");
	if (by_model)
		buf_add(b, STR(", model, provider"));
	buf_add(b, STR(" FROM quarter WHERE quarter_ms >= ?1 AND quarter_ms < ?2"));
	if (by_model)
		buf_add(b, STR(" GROUP BY model, provider"
			       " ORDER BY sum(total_nusd) DESC, model, provider"));
}

static void select_exchanges(struct buf *b, const char *which)
{
	buf_add(b, STR("SELECT "));
	list(b, &exchange_columns, "$");
	buf_addf(b, ", row FROM exchange WHERE %s", which);
}

static void select_attempts(struct buf *b)
{
	buf_add(b, STR("SELECT "));
	list(b, &attempt_columns, "$");
	buf_add(b, STR(" FROM attempt WHERE exchange = ?1 ORDER BY place"));
}

static void build(enum statement which, struct buf *b)
{
	switch (which) {
	case SQL_BEGIN_WRITE:
		/* Never a lock for reading that becomes one for writing: two processes could not both get it. */
		buf_add(b, STR("BEGIN IMMEDIATE"));
		break;
	case SQL_COMMIT:
		buf_add(b, STR("COMMIT"));
		break;
	case SQL_INSERT_EXCHANGE:
		insert_exchange(b);
		break;
	case SQL_INSERT_ATTEMPT:
		insert_attempt(b);
		break;
	case SQL_ADD_QUARTER:
		add_quarter(b);
		break;
	case SQL_BEGIN_READ:
		buf_add(b, STR("BEGIN"));
		break;
	case SQL_TOTALS:
		select_totals(b, false);
		break;
	case SQL_MODELS:
		select_totals(b, true);
		break;
	case SQL_SESSION:
		/* The index leaves out exchanges without a session. */
		select_exchanges(b, "session = ?1 AND session <> ''");
		break;
	case SQL_PLACE:
		buf_add(b, STR("SELECT begin_ms, row FROM exchange WHERE id = ?1"));
		break;
	case SQL_HISTORY:
		select_exchanges(b, "begin_ms >= ?1 AND (begin_ms, row) < (?2, ?3)"
				    " ORDER BY begin_ms DESC, row DESC LIMIT ?4");
		break;
	case SQL_EXCHANGE:
		select_exchanges(b, "id = ?1");
		break;
	case SQL_ATTEMPTS:
		select_attempts(b);
		break;
	case STATEMENTS:
		break;
	}
}

void sqlite_text_of(enum statement which, struct buf *ret)
{
	build(which, ret);
	assert(ret->n > 0);
	buf_add_char(ret, '\0');
	assert(!ret->overflow);
}
