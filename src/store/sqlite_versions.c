/* SPDX-License-Identifier: MIT */
/* The versions of the ledger's tables, each as the step that leads to it. A step that was released never changes; a change is
 * a step more. */
#include "store/sqlite_private.h"

/* clang-format off */
#define TOKENS \
	" in_tokens INTEGER, cache_read_tokens INTEGER, cache_write_5m_tokens INTEGER," \
	" cache_write_1h_tokens INTEGER, out_tokens INTEGER, reasoning_tokens INTEGER,"
#define COST \
	" in_nusd INTEGER, cache_read_nusd INTEGER, cache_write_5m_nusd INTEGER," \
	" cache_write_1h_nusd INTEGER, out_nusd INTEGER, total_nusd INTEGER,"

/* NULL is unknown or none; what does not apply is ''. */
static const char *const version_1[] = {
	"CREATE TABLE exchange ("
	" row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session TEXT NOT NULL,"
	" conversation TEXT NOT NULL, parent TEXT NOT NULL, caller TEXT NOT NULL,"
	" dialect TEXT NOT NULL, endpoint TEXT NOT NULL, kind TEXT NOT NULL,"
	" model_asked TEXT NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL,"
	" plan TEXT NOT NULL, error TEXT NOT NULL, status INTEGER NOT NULL,"
	" streamed INTEGER NOT NULL, estimated INTEGER NOT NULL," TOKENS COST
	" saved_nusd INTEGER NOT NULL, request_bytes INTEGER, reply_bytes INTEGER,"
	" begin_ms INTEGER NOT NULL, first_us INTEGER, duration_us INTEGER) STRICT;"
	"CREATE INDEX exchange_begin ON exchange (begin_ms);"
	"CREATE INDEX exchange_session ON exchange (session) WHERE session <> '';"

	"CREATE TABLE attempt ("
	" exchange INTEGER NOT NULL, place INTEGER NOT NULL, provider TEXT NOT NULL,"
	" model TEXT NOT NULL, key TEXT NOT NULL, outcome TEXT NOT NULL, status INTEGER NOT NULL,"
	" estimated INTEGER NOT NULL," TOKENS COST
	" begin_ms INTEGER NOT NULL, first_us INTEGER, duration_us INTEGER,"
	" PRIMARY KEY (exchange, place)) STRICT, WITHOUT ROWID;"

	/* Sums over all exchanges that began in a quarter of an hour. */
	"CREATE TABLE quarter ("
	" quarter_ms INTEGER NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL,"
	" exchanges INTEGER NOT NULL, failed INTEGER NOT NULL, unpriced INTEGER NOT NULL,"
	" estimated INTEGER NOT NULL," TOKENS COST
	" saved_nusd INTEGER NOT NULL, duration_us INTEGER NOT NULL,"
	" PRIMARY KEY (quarter_ms, model, provider)) STRICT, WITHOUT ROWID;",
	NULL,
};

#define MORE_TOTALS(begin, end) \
	begin " lost_nusd INTEGER NOT NULL DEFAULT 0" end begin \
	      " alarms INTEGER NOT NULL DEFAULT 0" end begin \
	      " predicted INTEGER NOT NULL DEFAULT 0" end begin \
	      " read_predicted_tokens INTEGER NOT NULL DEFAULT 0" end begin \
	      " read_found_tokens INTEGER NOT NULL DEFAULT 0" end begin \
	      " read_off_tokens INTEGER NOT NULL DEFAULT 0" end
#define TOTALS \
	" exchanges INTEGER NOT NULL, failed INTEGER NOT NULL, unpriced INTEGER NOT NULL," \
	" estimated INTEGER NOT NULL," TOKENS COST \
	" saved_nusd INTEGER NOT NULL, duration_us INTEGER NOT NULL," MORE_TOTALS("", ",")

/* What the first version knows of the sums; its exchanges have neither savings nor losses. */
#define OLD_TOTALS \
	"exchanges, failed, unpriced, estimated, in_tokens, cache_read_tokens," \
	" cache_write_5m_tokens, cache_write_1h_tokens, out_tokens, reasoning_tokens, in_nusd," \
	" cache_read_nusd, cache_write_5m_nusd, cache_write_1h_nusd, out_nusd, total_nusd," \
	" saved_nusd, duration_us"
#define PRICED(column)  " sum(iif(total_nusd IS NULL, 0, counted(" column "))) AS " column ","
#define COUNTED(column) " sum(counted(" column ")) AS " column ","
#define SUMMED \
	" sum(exchanges), sum(failed), sum(unpriced), sum(estimated), sum(in_tokens)," \
	" sum(cache_read_tokens), sum(cache_write_5m_tokens), sum(cache_write_1h_tokens)," \
	" sum(out_tokens), sum(reasoning_tokens), sum(in_nusd), sum(cache_read_nusd)," \
	" sum(cache_write_5m_nusd), sum(cache_write_1h_nusd), sum(out_nusd), sum(total_nusd)," \
	" sum(saved_nusd), sum(duration_us)"
#define OLD_PARTS(dimension) \
	"INSERT INTO part (dimension, name, quarter_ms, " OLD_TOTALS ") SELECT '" dimension \
	"', " dimension ", quarter_ms," SUMMED " FROM counted GROUP BY 2, 3;"

/* The parts of old exchanges are made from them, once for all: the ledger is looked through but once. */
static const char *const version_2[] = {
	"ALTER TABLE exchange ADD COLUMN project TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE exchange ADD COLUMN read_predicted_tokens INTEGER;"
	"ALTER TABLE exchange ADD COLUMN write_predicted_tokens INTEGER;"
	"ALTER TABLE exchange ADD COLUMN cause TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE exchange ADD COLUMN differs_at TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE exchange ADD COLUMN lost_tokens INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE exchange ADD COLUMN lost_nusd INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE exchange ADD COLUMN alarm INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX exchange_conversation ON exchange (conversation, begin_ms)"
	" WHERE conversation <> '';"
	"CREATE INDEX exchange_alarm ON exchange (begin_ms) WHERE alarm > 0;"

	"CREATE TABLE saving ("
	" exchange INTEGER NOT NULL, place INTEGER NOT NULL, cause TEXT NOT NULL,"
	" tokens INTEGER NOT NULL, nusd INTEGER NOT NULL,"
	" PRIMARY KEY (exchange, place)) STRICT, WITHOUT ROWID;"

	MORE_TOTALS("ALTER TABLE quarter ADD COLUMN", ";")

	/* The same sums by one property of exchanges: 'kind', 'project' or 'caller'. */
	"CREATE TABLE part ("
	" dimension TEXT NOT NULL, quarter_ms INTEGER NOT NULL, name TEXT NOT NULL," TOTALS
	" PRIMARY KEY (dimension, quarter_ms, name)) STRICT, WITHOUT ROWID;"

	/* And by conversation: these go when the exchanges go. */
	"CREATE TABLE conversation ("
	" quarter_ms INTEGER NOT NULL, conversation TEXT NOT NULL, session TEXT NOT NULL,"
	" project TEXT NOT NULL, model TEXT NOT NULL," TOTALS
	" first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,"
	" PRIMARY KEY (quarter_ms, conversation, session, project, model)) STRICT, WITHOUT ROWID;"

	/* What was 'saved' or 'lost', by cause. */
	"CREATE TABLE cause ("
	" dimension TEXT NOT NULL, quarter_ms INTEGER NOT NULL, cause TEXT NOT NULL,"
	" count INTEGER NOT NULL, tokens INTEGER NOT NULL, nusd INTEGER NOT NULL,"
	" PRIMARY KEY (dimension, quarter_ms, cause)) STRICT, WITHOUT ROWID;"

	/* Exchanges that began before are gone or about to go, and parts are sums of whole days there. One row. */
	"CREATE TABLE pruned (before_ms INTEGER NOT NULL) STRICT;"
	"INSERT INTO pruned VALUES (-9223372036854775808);"

	/* What is remembered besides the ledger. Large ones are looked at last. */
	"CREATE TABLE value ("
	" row INTEGER PRIMARY KEY, space TEXT NOT NULL, key BLOB NOT NULL,"
	" version INTEGER NOT NULL, expires_ms INTEGER NOT NULL, value BLOB NOT NULL,"
	" UNIQUE (space, key)) STRICT;",

	/* A program of the first version that has the file open goes on without looking again, and would leave out the new sums: it
	 * knows no such function, so its next row fails, and what it does then is to open the file anew, and refuse it. */
	"CREATE TRIGGER exchange_counted BEFORE INSERT ON exchange BEGIN SELECT counted(0); END;",

	"CREATE TEMP TABLE counted AS SELECT quarter(begin_ms) AS quarter_ms, conversation, session,"
	" model, kind, caller, '' AS project, count(*) AS exchanges,"
	" sum(error <> '' OR status = 0 OR status >= 400) AS failed,"
	" sum(total_nusd IS NULL) AS unpriced, sum(estimated) AS estimated,"
	COUNTED("in_tokens") COUNTED("cache_read_tokens") COUNTED("cache_write_5m_tokens")
	COUNTED("cache_write_1h_tokens") COUNTED("out_tokens") COUNTED("reasoning_tokens")
	PRICED("in_nusd") PRICED("cache_read_nusd") PRICED("cache_write_5m_nusd")
	PRICED("cache_write_1h_nusd") PRICED("out_nusd") PRICED("total_nusd")
	" sum(counted_signed(saved_nusd)) AS saved_nusd," COUNTED("duration_us")
	" min(begin_ms) AS first_ms, max(begin_ms) AS last_ms FROM exchange GROUP BY 1, 2, 3, 4, 5, 6;",

	"INSERT INTO conversation (quarter_ms, conversation, session, project, model, first_ms, last_ms,"
	" " OLD_TOTALS ") SELECT quarter_ms, conversation, session, '', model, min(first_ms), max(last_ms),"
	SUMMED " FROM counted GROUP BY quarter_ms, conversation, session, model;",

	OLD_PARTS("kind"),
	OLD_PARTS("project"),
	OLD_PARTS("caller"),
	"DROP TABLE counted;",
	NULL,
};
/* What keeps out the first version is asked once for each sum of a batch, not once for each row: that program adds rows and sums in
 * the same transaction. */
static const char *const version_3[] = {
	"DROP TRIGGER exchange_counted;"
	"CREATE TRIGGER quarter_counted BEFORE INSERT ON quarter BEGIN SELECT counted(0); END;",
	NULL,
};
/* At the end of a row: what reads other columns passes over none of it. */
static const char *const version_4[] = {
	"ALTER TABLE exchange ADD COLUMN decision TEXT NOT NULL DEFAULT '';",
	NULL,
};
/* clang-format on */

const char *const *const sqlite_versions[] = { version_1, version_2, version_3, version_4, NULL };
