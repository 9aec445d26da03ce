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
	struct str id, session, conversation, parent, caller;
	struct str dialect, endpoint, kind; /* kind of turn */
	struct str model_asked, model, provider;
	struct str plan;  /* why, for people */
	struct str error; /* type and text */
	unsigned status;  /* as the client saw it; 0: none */
	bool streamed, estimated;
	struct ledger_tokens tokens;
	struct ledger_cost cost; /* the sum over its attempts */
	int64_t saved;           /* nano-dollars, may be negative */
	int64_t request_bytes, reply_bytes;
	int64_t begin_ms, first_us, duration_us;
	const struct ledger_attempt *attempts;
	size_t nattempts;
};

/* What can be asked. */
enum query {
	QUERY_TOTALS, /* one row, always, for all exchanges in a span of time */
	QUERY_MODELS, /* the same by model and provider, dearest first */
	QUERY_HISTORY, /* exchanges, newest first (of one millisecond: the last added first), with their attempts */
	QUERY_SESSION,  /* the totals of one session, over all time: one row, always */
	QUERY_EXCHANGE, /* one exchange with its attempts, by its id; no row when there is none */
};

/* What is asked, and of which exchanges. */
struct query_params {
	enum query what;
	/* [from, to), by the time of beginning; totals and models take every quarter of an hour that it touches. */
	int64_t from_ms, to_ms;
	struct str text; /* the session; the id; of a history the id to go on behind, or empty */
	size_t limit;    /* of QUERY_HISTORY: so many rows at most */
};

/* Sums, in which what is unknown counts as 0, and so does the whole cost of an exchange whose total is unknown. */
struct ledger_totals {
	struct str model, provider; /* of QUERY_MODELS */
	int64_t exchanges;
	int64_t failed; /* have an error, or a status that is no success (none, or 400 and more) */
	int64_t unpriced; /* the total of their cost is unknown */
	int64_t estimated;
	struct ledger_tokens tokens;
	struct ledger_cost cost;
	int64_t saved;
	int64_t duration_us;
};

/* One row of an answer: either is NULL. The views live until the function returns; false ends the query, which succeeds all
 * the same. The store holds no lock meanwhile, so a function may take its time; it must not use this store. */
struct query_row {
	const struct ledger_totals *totals;
	const struct ledger_exchange *exchange;
};
typedef bool row_fn(void *ctx, const struct query_row *row);

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
	bool (*query)(struct store *s, const struct query_params *p, row_fn *fn, void *ctx,
		struct err *e);
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
