/* SPDX-License-Identifier: MIT */
/* What each request of a conversation found of the prefix that the one before had left in the provider's cache; what it
 * lost, why, and what that cost. */
#ifndef LAB_CHAIN_H
#define LAB_CHAIN_H

#include "lab/call.h"
#include "llm/price.h"

enum {
	TTL_MINUTES_MS = 5 * 60 * 1000,
	TTL_HOUR_MS = 60 * 60 * 1000,
	TTL_AUTOMATIC_MS =
		10 * 60 *
		1000, /* providers that cache by themselves say 5 to 10 minutes of inactivity */
	AUTOMATIC_UNIT_TOKENS = 128,
};

enum cause {
	CAUSE_NONE,
	CAUSE_TTL,        /* the pause was longer than what was written lives */
	CAUSE_COMPACTION, /* a summary took the history's place, or parts of it were cleared */
	CAUSE_MODEL,      /* caches are per model */
	CAUSE_PREFIX, /* tools, system or history changed, or the provider dropped it early: `trace` tells more */
	CAUSES,
};

/* What usage tells of a changed prefix. */
enum trace {
	TRACE_NONE,
	TRACE_ALL, /* nothing was read */
	TRACE_START, /* less than the conversation's first request left: all but tools and system is lost */
	TRACE_SHRUNK, /* the request is shorter than the one before: history was taken back or edited */
	TRACE_PART, /* the beginning was still there */
	TRACES,
};

/* The words of reports: "ttl", "compaction" …; "all", "start" … */
const char *cause_name(enum cause c);
const char *trace_name(enum trace t);

/* One conversation, up to its last request. All zero: none yet. */
struct chain {
	bool begun;
	int64_t sent_ms;
	int64_t readable;   /* tokens: up to the last breakpoint of the request before */
	int64_t first_read; /* of the first request: other conversations had written it */
	int64_t first_left; /* read and written by it */
	int64_t input;
	int64_t ttl_ms;
	size_t model;
	uint64_t version;
};

/* A request beside the one before it. */
struct step {
	const struct call *call;
	const struct rates *rates; /* NULL: the model's price is not known */
	bool first;                /* nothing could be lost yet; what follows but usage is 0 */
	bool updated;              /* the client's version is another one */
	int64_t gap_ms;            /* from one sent to the next; -1: unknown */
	int64_t ttl_ms;            /* of what the one before wrote */
	int64_t readable, first_read;
	int64_t lost_tokens, lost_nusd; /* lost_nusd -1: unknown */
	enum cause cause;
	enum trace trace;
};

/* Compares a request with the chain, and makes it the chain's last. */
void chain_step(
	struct chain *c, const struct call *call, const struct rates *rates, struct step *ret);

/* Nano-dollars that `tokens` of a request's input, paid anew, cost more than reading them would have; those that stand
 * first were written for an hour, then come those for five minutes, then what was not cached. -1: a rate is not known. */
int64_t chain_price(const struct rates *r, const struct usage *u, int64_t tokens);

#endif
