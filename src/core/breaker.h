/* SPDX-License-Identifier: MIT */
/* Circuit breakers, one for each model of a provider (and account): who fails again and again is left alone for a while, then one request is let
 * through to see. Bounded, in memory, and pure: whoever asks says what time it is. */
#ifndef CORE_BREAKER_H
#define CORE_BREAKER_H

#include "base/str.h"

enum { BREAKERS_MAX = 256, BREAKER_PROVIDER_MAX = 64, BREAKER_MODEL_MAX = 96 };

enum breaker_state {
	BREAKER_CLOSED,    /* requests go there */
	BREAKER_OPEN,      /* none do, until its time is over */
	BREAKER_HALF_OPEN, /* it is over: one is let through, and what becomes of it decides */
};

struct breaker_limits {
	unsigned failures;             /* in a row, before it opens */
	uint64_t open_ms, open_max_ms; /* how long the first time, doubling up to the most */
};

/* One model of a provider; to be looked at only. */
struct breaker {
	char provider[BREAKER_PROVIDER_MAX], model[BREAKER_MODEL_MAX];
	uint64_t key;      /* hash of its name */
	unsigned failures; /* in a row */
	uint32_t window;   /* the latest outcomes, a bit each, the last one lowest; 1: it failed */
	unsigned seen;     /* how many of them there are */
	unsigned openings; /* since it last worked */
	bool open;         /* or half open, see breaker_state() */
	bool probing;      /* a request has been let through */
	uint64_t until_ms; /* when open */
	uint64_t used_ms;
};

struct breakers;
struct breakers *breakers_new(void) MUSTCHECK;
void breakers_free(struct breakers *b);

/* Which model of which provider, and on whose account: limits are an account's. Longer names than there is room for are told apart all
 * the same. */
struct breaker_name {
	struct str provider, model;
	uint64_t account; /* a hash of a client's own key; 0: ours */
};

/* One that nothing is known of is closed. NULL breakers too, in all of these. */
enum breaker_state breaker_state(
	const struct breakers *b, const struct breaker_name *n, uint64_t now_ms);
/* Whether a request may go there: it is closed, or half open and nobody is there to see yet. */
bool breaker_lets(const struct breakers *b, const struct breaker_name *n, uint64_t now_ms);
/* A request goes there. True: it is the one that is let through to see; one of the next three must follow. */
bool breaker_ask(struct breakers *b, const struct breaker_name *n, uint64_t now_ms);
/* It works: closed, and all is forgotten. */
void breaker_good(struct breakers *b, const struct breaker_name *n, uint64_t now_ms);
/* It has failed. retry_ms: how long it asks to be left alone; -1: it does not say. Opens with the last failure of a row, when most of the
 * latest requests failed, or when the request was the one let through. */
void breaker_bad(struct breakers *b, const struct breaker_name *n,
	const struct breaker_limits *limits, int64_t retry_ms, uint64_t now_ms);
/* Nothing was found out: the next one may see. */
void breaker_left(struct breakers *b, const struct breaker_name *n);

/* The i-th that is kept, in no order; NULL behind the last. */
const struct breaker *breaker_at(const struct breakers *b, size_t i);
enum breaker_state breaker_state_of(const struct breaker *b, uint64_t now_ms);
const char *breaker_state_name(enum breaker_state s);

#endif
