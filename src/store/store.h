/* SPDX-License-Identifier: MIT */
/* The store: what is to outlive the process, behind one small table of verbs of our domain, not of SQL. A store is
 * synchronous and belongs to one thread; store/writer.h brings rows to it from the loop.
 *
 * The ledger has one row for each exchange and one for each of its attempts; rows are only ever added. Amounts are
 * integer nano-dollars, times are milliseconds of the wall clock, durations microseconds; -1 is unknown or none. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buf.h"
#include "base/err.h"

struct ledger_tokens {
	int64_t in, cache_read, cache_write_5m, cache_write_1h, out, reasoning;
};

struct ledger_cost {
	int64_t in, cache_read, cache_write_5m, cache_write_1h, out, total;
};

/* What the provider's prompt cache was expected to do for an exchange, and what was lost. Tokens -1: not predicted. */
struct ledger_prefix {
	int64_t read_predicted, write_predicted;
	struct str
		cause; /* of llm/loss.h: why less was read than could have been; empty: nothing was lost */
	struct str
		at; /* the first block that differs from the request before, "messages[3].content[0]" */
	int64_t lost_tokens, lost_nusd; /* what was paid over a warm prefix; 0: nothing */
	int64_t alarm; /* per cent that the hit rate of the conversation fell below with this: 80, 60, 40; 0: none */
};

/* What one cause has saved, or cost where it is negative. */
struct ledger_saving {
	struct str cause;
	int64_t tokens, nusd;
};

/* Texts that do not apply are empty. */
struct ledger_attempt {
	struct str provider, model;
	struct str key;     /* name of the provider's key, never the key */
	struct str outcome; /* "ok", "cut", "cancelled", or the kind of failure */
	unsigned status;    /* of the provider; 0: none came */
	bool estimated;     /* tokens and cost are an estimate */
	struct ledger_tokens tokens;
	struct ledger_cost cost;
	int64_t begin_ms, first_us, duration_us;
};

struct ledger_exchange {
	struct str id, session, conversation, parent, caller, project;
	struct str dialect, endpoint, kind; /* kind of turn */
	struct str model_asked, model, provider;
	struct str plan;     /* why, for people */
	struct str decision; /* and what else was considered: as core/decision packs it, or empty */
	struct str error;    /* type and text */
	unsigned status;     /* as the client saw it; 0: none */
	bool streamed, estimated;
	struct ledger_tokens tokens;
	struct ledger_cost cost; /* the sum over its attempts */
	struct ledger_prefix prefix;
	int64_t saved; /* nano-dollars, may be negative: the sum of savings */
	const struct ledger_saving *savings;
	size_t nsavings;
	int64_t request_bytes, reply_bytes;
	int64_t begin_ms, first_us, duration_us;
	const struct ledger_attempt *attempts;
	size_t nattempts;
};

/* A value that outlives the process and is shared by all that use the store: not a part of the ledger. */
struct store_value {
	struct str space, key; /* any bytes; together they name the value */
	struct str value;
	int64_t version;    /* of two puts the later version stands, whichever comes first */
	int64_t expires_ms; /* of the wall clock: from then on it is not there; 0: never */
};

/* Which value is asked for, and when. */
struct store_key {
	struct str space, key;
	int64_t now_ms;
};

/* What is added in one transaction. */
struct store_batch {
	const struct ledger_exchange *rows;
	size_t nrows;
	const struct store_value *values;
	size_t nvalues;
};

/* What can be asked. Sums are kept by the quarter of an hour: they take every quarter that the span touches. Of what was pruned
 * they stay, those by kind, project and caller by the day (of UTC) and those by conversation and session not at all. */
enum query {
	QUERY_TOTALS, /* one row, always, for all exchanges in a span of time */
	QUERY_MODELS, /* the same by model and provider, dearest first */
	QUERY_HISTORY, /* exchanges, newest first (of one millisecond: the last added first), with what belongs to them */
	QUERY_SESSION,  /* the totals of one session, over all time: one row, always */
	QUERY_EXCHANGE, /* one exchange, by its id; no row when there is none */
	QUERY_FIND,     /* exchanges whose ids begin like the text, by id */
	QUERY_GROUPS,   /* totals by something, dearest first */
	QUERY_SERIES, /* totals by quarter of an hour, oldest first; those without exchanges are left out */
	QUERY_CAUSES, /* what was saved or lost, by cause, the most first */
	QUERY_CONVERSATIONS, /* those with exchanges in a span of time, and their totals in it, latest first */
	QUERY_CONVERSATION, /* one, over all time; no row when there is none */
	QUERY_ALARMS,       /* exchanges with an alarm, newest first */
	QUERY_LATENCY,      /* of the latest exchanges in a span of time: one row, always */
};

enum group {
	GROUP_MODEL, /* and provider */
	GROUP_PROVIDER,
	GROUP_KIND,
	GROUP_PROJECT,
	GROUP_CALLER,
	GROUP_CONVERSATION,
	GROUP_SESSION,
	GROUPS,
};

/* What is asked, and of which exchanges. */
struct query_params {
	enum query what;
	int64_t from_ms, to_ms; /* [from, to), by the time of beginning */
	/* The session; the id; of a history the id to go on behind, or empty; of QUERY_CAUSES "saved" or "lost"; of conversations
	 * what their id, session or project holds (ASCII letters without case), or empty. */
	struct str text;
	size_t limit; /* so many rows at most, where there may be many; of QUERY_LATENCY: exchanges looked at */
	enum group by; /* of QUERY_GROUPS */
	struct str
		conversation; /* a history of that one only, or empty; conversations go on behind it and behind_ms */
	int64_t behind_ms; /* when its last exchange began */
};

/* Sums, in which what is unknown counts as 0, and so does the whole cost of an exchange whose total is unknown. */
struct ledger_totals {
	struct str model, provider; /* of QUERY_MODELS, and of groups by either */
	struct str name;            /* of a group */
	int64_t at_ms;              /* of QUERY_SERIES: when its quarter began */
	int64_t exchanges;
	int64_t failed; /* have an error, or a status that is no success (none, or 400 and more) */
	int64_t unpriced; /* the total of their cost is unknown */
	int64_t estimated;
	struct ledger_tokens tokens;
	struct ledger_cost cost;
	int64_t saved, lost;
	int64_t duration_us;
	int64_t alarms;
	/* Of the exchanges whose reads were predicted and are known: how many, the two sums, and the sum of what each was off by. */
	int64_t predicted, read_predicted, read_found, read_off;
};

struct ledger_cause {
	struct str cause;
	int64_t count, tokens, nusd;
};

/* Names other than its own are those of its latest exchange. */
struct ledger_conversation {
	struct str id, session, parent, project, caller, kind;
	struct str models; /* in alphabetical order, with a line feed between two */
	int64_t first_ms, last_ms;
	struct ledger_totals totals;
};

/* Half, nine of ten, and 99 of 100 took at most so long; -1: nobody knows. */
struct ledger_percentiles {
	int64_t p50, p90, p99;
};

struct ledger_latency {
	int64_t count;
	struct ledger_percentiles first_us, total_us;
};

/* One row of an answer: all but one are NULL. The views live until the function returns; false ends the query, which succeeds all
 * the same. The store holds no lock meanwhile, so a function may take its time; it must not use this store. */
struct query_row {
	const struct ledger_totals *totals;
	const struct ledger_exchange *exchange;
	const struct ledger_cause *cause;
	const struct ledger_conversation *conversation;
	const struct ledger_latency *latency;
};
typedef bool row_fn(void *ctx, const struct query_row *row);

/* What may stay. Only whole days (of UTC) go, the oldest first, and never the present one. */
struct store_limits {
	int64_t before_ms;  /* days that ended before go; INT64_MIN: none for their age */
	int64_t keep_bytes; /* days go until no more bytes are in use; 0: any number may be */
	int64_t now_ms;
	bool dry_run; /* only say what would go, all at once */
};

struct store_pruned {
	int64_t exchanges; /* gone with this step */
	bool more;         /* there is another step to do */
};

/* Is told of one thing that is not as it should be; false ends the looking. */
typedef bool fault_fn(void *ctx, const char *what);

enum store_access { STORE_WRITE, STORE_READ };

struct store;
/* A call that failed leaves the store as it was, and usable: the next call may succeed. */
struct store_driver {
	const char *name;
	/* Opens, and with STORE_WRITE creates (for its owner only) and migrates, what is at a path; its folder must be
	 * there. NULL with *e set. ERR_NOT_FOUND: there is nothing to read yet. */
	struct store *(*open)(const char *path, enum store_access access, struct err *e);
	/* Adds all rows or none. ERR_INVALID: a row cannot be taken as it is, and never will be, because its id is there already. */
	bool (*append)(
		struct store *s, const struct ledger_exchange *rows, size_t n, struct err *e);
	/* Keeps values, each in the place of the one of its name. One with an older version than what is there changes nothing. */
	bool (*put)(struct store *s, const struct store_value *values, size_t n, struct err *e);
	/* Both at once: all of it or nothing. Fails like append(). */
	bool (*write)(struct store *s, const struct store_batch *batch, struct err *e);
	/* Adds a value to a buffer. ERR_NOT_FOUND: there is none, or it has expired. */
	bool (*get)(struct store *s, const struct store_key *key, struct buf *value,
		int64_t *version, struct err *e);
	bool (*query)(struct store *s, const struct query_params *p, row_fn *fn, void *ctx,
		struct err *e);
	/* One small step of removing exchanges with what belongs to them: call again while there is more. Sums stay; see enum
	 * query for how fine. Room becomes free within the file. */
	bool (*prune)(struct store *s, const struct store_limits *limits, struct store_pruned *ret,
		struct err *e);
	/* Gives free room back to the file system. May take long, and needs as much room again meanwhile. */
	bool (*compact)(struct store *s, struct err *e);
	/* Looks through everything: whether what is kept is whole, and adds up. True also when it does not: that is told. */
	bool (*check)(struct store *s, fault_fn *fn, void *ctx, struct err *e);
	/* NULL is accepted. */
	void (*close)(struct store *s);
};

struct store {
	const struct store_driver *driver;
};

extern const struct store_driver store_sqlite;
/* Keeps rows in memory, for tests; path is a name, and stores of one name in one process share their rows. */
extern const struct store_driver store_memory;

#endif
