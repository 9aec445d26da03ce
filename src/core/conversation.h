/* SPDX-License-Identifier: MIT */
/* What is remembered of conversations: for each provider and model the request that was sent last, without its text, and how well the
 * prompt cache was hit. In memory up to a bound: the least recently used conversation goes first. */
#ifndef CORE_CONVERSATION_H
#define CORE_CONVERSATION_H

#include "base/list.h"
#include "base/str.h"
#include "llm/loss.h"
#include "llm/planner.h"

enum { HIT_WINDOW = 20 };

struct lane {
	struct lane *next;
	uint64_t who;      /* hash of provider and model */
	uint64_t provider; /* hash of its name */
	uint64_t seed;     /* of its chain */
	struct sent sent;
	int64_t at_ms; /* when it was sent */
};

/* Tokens of the latest requests, in a ring. */
struct hits {
	int64_t read[HIT_WINDOW], total[HIT_WINDOW];
	unsigned n, at;
	unsigned alarm; /* the last level that it fell below; 0: none */
};

struct conversation {
	struct list used;
	struct list changed;       /* among those that are to be saved */
	struct conversation *next; /* in its slot */
	uint64_t hash;
	char *project; /* NULL: not known yet */
	struct lane *lanes;
	struct lane *last; /* the one used last; NULL: none */
	struct hits hits;
	struct course course;
	int64_t version;   /* wall clock of its last change: what the store has may be newer */
	int64_t looked_ms; /* when the store was asked last */
};

struct conversations;

struct conversations *conversations_new(size_t max_bytes) MUSTCHECK;
/* Those whose last change is not saved yet: the first of them, taken off the list; NULL: there is none. */
struct conversation *conversations_take_changed(struct conversations *c);
void conversations_changed(struct conversations *cs, struct conversation *c);
/* NULL is accepted. */
void conversations_free(struct conversations *c);
/* The one of that name, made when it is new. Valid until the next call. */
struct conversation *conversations_get(struct conversations *c, struct str id);
/* NULL when it is not there. */
struct conversation *conversations_find(struct conversations *c, struct str id);
/* Its lane for a provider and a model; NULL when it has none. */
struct lane *conversation_lane(const struct conversation *c, uint64_t who);
/* Room for a request of n blocks in a lane, which is then the last; the blocks are the caller's to fill. */
struct lane *conversations_send(
	struct conversations *cs, struct conversation *c, uint64_t who, size_t n);
void conversations_name_project(
	struct conversations *cs, struct conversation *c, struct str project);
size_t conversations_bytes(const struct conversations *c);
size_t conversations_count(const struct conversations *c);

/* Adds a request, and returns the share of tokens that were read of the latest ones; -1 while there are too few to say. *ret_alarm is
 * the level (80, 60, 40 per cent) that it has fallen below with this, else 0. */
double hits_add(struct hits *h, int64_t read, int64_t total, unsigned *ret_alarm);

#endif
