/* SPDX-License-Identifier: MIT */
/* What to do when an attempt has failed and the client has been told nothing yet: ask the same again, with another key, ask somebody else, or
 * give up. A pure decision; core/recourse does what it says. */
#ifndef CORE_FAILOVER_H
#define CORE_FAILOVER_H

#include "base/err.h"

enum failover_what {
	FAILOVER_GIVE_UP, /* the client gets what has come */
	FAILOVER_AGAIN,   /* the same candidate, after wait_ms */
	FAILOVER_KEY,     /* the same candidate, with another key, at once */
	FAILOVER_NEXT,    /* another candidate, at once */
};

struct failover_limits {
	unsigned retries;        /* of one candidate */
	uint64_t retry_after_ms; /* a provider's wish up to which it is waited for */
	uint64_t deadline_ms;    /* from the first attempt on: nothing is begun after it */
	bool alone;              /* also when there is nobody else and no other key */
};

/* How it has failed. */
struct failover_failure {
	enum err_kind kind;
	int64_t retry_after_ms; /* the provider's wish; -1: none */
	bool silent;            /* it went on too long without a sign of life */
	bool final;             /* the provider says that asking again is of no use */
	bool capability;        /* ERR_INVALID: of something that another model may know */
};

/* Another candidate. */
struct failover_option {
	bool done;              /* it has failed already */
	bool shut;              /* its breaker is open */
	bool elsewhere;         /* of another provider than the one that failed */
	bool asked;             /* whom the client asked for by itself */
	int64_t context_tokens; /* -1: not known */
};

/* What is left. */
struct failover_left {
	uint64_t used_ms; /* since the first attempt */
	unsigned retries; /* of this candidate, so far */
	bool other_key;   /* there is one that may work */
	bool shut;        /* the breaker of this candidate is open now */
	int64_t context_tokens;
	const struct failover_option *options;
	size_t noptions;
	uint32_t random; /* for the jitter */
};

struct failover_decision {
	enum failover_what what;
	uint64_t wait_ms;
	size_t option; /* NEXT: which */
};

struct failover_decision failover_decide(const struct failover_failure *f,
	const struct failover_left *left, const struct failover_limits *limits);

/* Which of them is asked first: the first whose breaker is not open, else the first. n without any. */
size_t failover_first(const struct failover_option *options, size_t n);
/* The wait before the n-th retry, from 0: doubling, the half of it by chance, so that many who failed together do not come back together. */
uint64_t failover_backoff_ms(unsigned n, uint32_t random);

#endif
