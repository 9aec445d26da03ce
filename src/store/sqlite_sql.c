/* SPDX-License-Identifier: MIT */
/* The texts of the statements, made from the tables of columns. */
#include "store/row.h"
#include "store/sqlite_private.h"

void sqlite_list(struct buf *b, const struct columns *columns, const char *pattern)
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

/* Into a table go all columns of a row, and those named besides. */
static void insert(
	struct buf *b, const char *table, const struct columns *columns, const char *besides)
{
	buf_addf(b, "INSERT INTO %s (", table);
	sqlite_list(b, columns, "$");
	buf_addf(b, "%s%s) VALUES (", besides[0] != '\0' ? ", " : "", besides);
	sqlite_list(b, columns, "?");
	for (const char *c = besides; *c != '\0'; c++)
		if (c == besides || *c == ',')
			buf_add(b, STR(", ?"));
	buf_add(b, STR(")"));
}

/* All rows of the batch that is being added. FAIL: who undoes the whole transaction needs no means to undo a part of it. In the
 * table's own order, columns are taken as they come. */
static void insert_batch(
	struct buf *b, const char *table, const char *keys, const struct columns *columns)
{
	buf_addf(b, "INSERT OR FAIL INTO %s (%s, ", table, keys);
	sqlite_list(b, columns, "$");
	buf_addf(b, ") SELECT %s, ", keys);
	sqlite_list(b, columns, "$");
	buf_addf(b, " FROM batch_%s", table);
}

/* Adds to the sums that are there. */
static void add_sums(struct buf *b, const char *table, const char *key, const char *besides)
{
	insert(b, table, &totals_columns, besides);
	buf_addf(b, " ON CONFLICT (%s) DO UPDATE SET ", key);
	sqlite_list(b, &totals_columns, "$ = $ + excluded.$");
}

static void add_conversation(struct buf *b)
{
	static const char key[] = "quarter_ms, conversation, session, project, model";

	add_sums(b, "conversation", key,
		"quarter_ms, conversation, session, project, model, first_ms, last_ms");
	buf_add(b, STR(", first_ms = min(first_ms, excluded.first_ms)"
		       ", last_ms = max(last_ms, excluded.last_ms)"));
}

/* Sums over the rows of a table of sums. */
static void select_sums(struct buf *b, const char *more)
{
	buf_add(b, STR("SELECT "));
	sqlite_list(b, &totals_columns, "coalesce(sum($), 0)");
	buf_addf(b, "%s", more);
}

#define SPAN "quarter_ms >= ?1 AND quarter_ms < ?2"
/* Totals by one or two columns. */
#define BY(table, columns, order) \
	", " columns " FROM " table " WHERE " SPAN " GROUP BY " order \
	" ORDER BY sum(total_nusd) DESC, " order " LIMIT ?3"

static const char *const sums[STATEMENTS] = {
	[SQL_TOTALS] = " FROM quarter WHERE " SPAN,
	[SQL_SERIES] =
		", quarter_ms FROM quarter WHERE " SPAN " GROUP BY quarter_ms ORDER BY quarter_ms",
	[SQL_MODELS] = BY("quarter", "model, provider", "model, provider"),
	[SQL_PROVIDERS] = BY("quarter", "provider, provider", "provider"),
	[SQL_PARTS] = ", name, '' FROM part WHERE dimension = ?4 AND " SPAN
		      " GROUP BY name ORDER BY sum(total_nusd) DESC, name LIMIT ?3",
	[SQL_CONVERSATION_SUMS] = BY("conversation", "conversation, ''", "conversation"),
	[SQL_SESSION_SUMS] = BY("conversation", "session, ''", "session"),
};

/* Conversations by two steps: of each model its sums, and then the sums of these. What is looked for must stand in one of the
 * names of any of its rows. */
static void select_conversations(struct buf *b)
{
	select_sums(b, ", conversation, min(first_ms), max(last_ms), group_concat(model, char(10))"
		       " FROM (SELECT ");
	sqlite_list(b, &totals_columns, "sum($) AS $");
	buf_add(b, STR(", conversation, model, min(first_ms) AS first_ms, max(last_ms) AS last_ms,"
		       " max(instr(lower(conversation), ?3) OR instr(lower(session), ?3)"
		       " OR instr(lower(project), ?3)) AS found"
		       " FROM conversation WHERE " SPAN " AND conversation <> ''"
		       " GROUP BY conversation, model) GROUP BY conversation"
		       " HAVING max(found) AND (max(last_ms), conversation) < (?4, ?5)"
		       " ORDER BY max(last_ms) DESC, conversation DESC LIMIT ?6"));
}

static void select_exchanges(struct buf *b, const char *which)
{
	buf_add(b, STR("SELECT "));
	sqlite_list(b, &exchange_columns, "$");
	buf_addf(b, ", row FROM exchange %s", which);
}

static void select_details(struct buf *b, const struct columns *columns, const char *table)
{
	buf_add(b, STR("SELECT "));
	sqlite_list(b, columns, "$");
	buf_addf(b, " FROM %s WHERE exchange = ?1 ORDER BY place", table);
}

/* Quarters of an hour become the first one of their day. */
static void merge_parts(struct buf *b)
{
	buf_add(b, STR("INSERT INTO part ("));
	sqlite_list(b, &totals_columns, "$");
	buf_add(b, STR(", dimension, quarter_ms, name) SELECT "));
	sqlite_list(b, &totals_columns, "sum($)");
	buf_add(b,
		STR(", dimension, day(quarter_ms), name FROM part WHERE dimension = ?1"
		    " AND quarter_ms >= ?2 AND quarter_ms < ?3"
		    " AND quarter_ms <> day(quarter_ms) GROUP BY dimension, day(quarter_ms), name"
		    " ON CONFLICT (dimension, quarter_ms, name) DO UPDATE SET "));
	sqlite_list(b, &totals_columns, "$ = $ + excluded.$");
}

static void build_write(enum statement which, struct buf *b)
{
	switch (which) {
	case SQL_INSERT_EXCHANGES:
		insert_batch(b, "exchange", "row", &exchange_columns);
		break;
	case SQL_INSERT_ATTEMPTS:
		insert_batch(b, "attempt", "exchange, place", &attempt_columns);
		break;
	case SQL_INSERT_SAVINGS:
		insert_batch(b, "saving", "exchange, place", &saving_columns);
		break;
	case SQL_ADD_QUARTER:
		add_sums(
			b, "quarter", "quarter_ms, model, provider", "quarter_ms, model, provider");
		break;
	case SQL_ADD_PART:
		add_sums(b, "part", "dimension, quarter_ms, name", "quarter_ms, dimension, name");
		break;
	case SQL_ADD_CONVERSATION:
		add_conversation(b);
		break;
	case SQL_MERGE_PARTS:
		merge_parts(b);
		break;
	default:
		break;
	}
}

#define OLDEST \
	"SELECT row FROM exchange INDEXED BY exchange_begin WHERE begin_ms < ?1" \
	" ORDER BY begin_ms, row LIMIT ?2"

/* Those that are the same whatever the columns are. */
static const char *const texts[STATEMENTS] = {
	[SQL_COMMIT] = "COMMIT",
	[SQL_LAST_ROW] = "SELECT max(row) FROM exchange",
	/* Never a lock for reading that becomes one for writing: two processes could not both get it. */
	[SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[SQL_BEGIN_READ] = "BEGIN",
	[SQL_VERSION] = "PRAGMA user_version",
	[SQL_ADD_CAUSE] =
		"INSERT INTO cause (quarter_ms, dimension, cause, count, tokens, nusd)"
		" VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (dimension, quarter_ms, cause) DO UPDATE"
		" SET count = count + excluded.count, tokens = tokens + excluded.tokens,"
		" nusd = nusd + excluded.nusd",
	[SQL_PUT] = "INSERT INTO value (space, key, version, expires_ms, value)"
		    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (space, key) DO UPDATE"
		    " SET version = excluded.version, expires_ms = excluded.expires_ms,"
		    " value = excluded.value WHERE version <= excluded.version"
		    " OR (expires_ms > 0 AND expires_ms <= ?6)",
	[SQL_SWEEP] = "DELETE FROM value WHERE row IN (SELECT row FROM value"
		      " WHERE expires_ms > 0 AND expires_ms <= ?1 LIMIT ?2)",
	[SQL_GET] = "SELECT value, version FROM value WHERE space = ?1 AND key = ?2"
		    " AND (expires_ms <= 0 OR expires_ms > ?3)",
	[SQL_CAUSES] =
		"SELECT cause, sum(count), sum(tokens), sum(nusd) FROM cause"
		" WHERE dimension = ?3 AND " SPAN " GROUP BY cause ORDER BY sum(nusd) DESC, cause",
	[SQL_LATENCY] = "SELECT first_us, duration_us FROM exchange INDEXED BY exchange_begin"
			" WHERE begin_ms >= ?1 AND begin_ms < ?2 ORDER BY begin_ms DESC LIMIT ?3",
	[SQL_PRUNED] = "SELECT before_ms FROM pruned",
	[SQL_LATEST_OF] = "SELECT session, parent, project, caller, kind FROM exchange"
			  " INDEXED BY exchange_conversation"
			  " WHERE conversation = ?1 AND conversation <> ''"
			  " ORDER BY begin_ms DESC, row DESC LIMIT 1",
	[SQL_PRUNE_TO] = "UPDATE pruned SET before_ms = ?1",
	[SQL_DROP_PARTS] = "DELETE FROM part WHERE dimension = ?1 AND quarter_ms >= ?2"
			   " AND quarter_ms < ?3 AND quarter_ms <> day(quarter_ms)",
	[SQL_DROP_CONVERSATIONS] = "DELETE FROM conversation WHERE quarter_ms < ?1",
	[SQL_DROP_ATTEMPTS] = "DELETE FROM attempt WHERE exchange IN (" OLDEST ")",
	[SQL_DROP_SAVINGS] = "DELETE FROM saving WHERE exchange IN (" OLDEST ")",
	[SQL_DROP_EXCHANGES] = "DELETE FROM exchange WHERE row IN (" OLDEST ")",
	[SQL_OLDEST] = "SELECT min(begin_ms) FROM exchange",
	[SQL_DAYS] = "SELECT day(begin_ms), count(*) FROM exchange GROUP BY 1 ORDER BY 1",
	/* In use by the ledger: no value goes with a day. And in the file. */
	[SQL_BYTES] =
		"SELECT (page_count - freelist_count) * page_size"
		" - (SELECT coalesce(sum(length(value)), 0) FROM value), page_count * page_size"
		" FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
	[SQL_PLACE] = "SELECT begin_ms, row FROM exchange WHERE id = ?1",
};

#define NEWEST_FIRST \
	"begin_ms >= ?1 AND (begin_ms, row) < (?2, ?3) ORDER BY begin_ms DESC, row DESC LIMIT ?4"

static void build_query(enum statement which, struct buf *b)
{
	switch (which) {
	case SQL_SESSION:
		/* The index leaves out exchanges without a session. */
		select_exchanges(b, "WHERE session = ?1 AND session <> ''");
		break;
	case SQL_CONVERSATION:
		select_exchanges(b, "INDEXED BY exchange_conversation"
				    " WHERE conversation = ?1 AND conversation <> ''");
		break;
	case SQL_HISTORY:
		select_exchanges(b, "INDEXED BY exchange_begin WHERE " NEWEST_FIRST);
		break;
	case SQL_HISTORY_OF:
		select_exchanges(b,
			"INDEXED BY exchange_conversation"
			" WHERE conversation = ?5 AND conversation <> '' AND " NEWEST_FIRST);
		break;
	case SQL_ALARMS:
		select_exchanges(b, "INDEXED BY exchange_alarm WHERE alarm > 0 AND " NEWEST_FIRST);
		break;
	case SQL_EXCHANGE:
		select_exchanges(b, "WHERE id = ?1");
		break;
	case SQL_FIND:
		select_exchanges(b, "WHERE id >= ?1 AND id < ?2 ORDER BY id");
		break;
	case SQL_CONVERSATIONS:
		select_conversations(b);
		break;
	case SQL_ATTEMPTS:
		select_details(b, &attempt_columns, "attempt");
		break;
	case SQL_SAVINGS:
		select_details(b, &saving_columns, "saving");
		break;
	default:
		break;
	}
}

void sqlite_text_of(enum statement which, struct buf *ret)
{
	if (texts[which] != NULL)
		buf_add(ret, str_from(texts[which]));
	if (sums[which] != NULL)
		select_sums(ret, sums[which]);
	build_write(which, ret);
	build_query(which, ret);
	assert(ret->n > 0);
	buf_add_char(ret, '\0');
	assert(!ret->overflow);
}
