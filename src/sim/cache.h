/* SPDX-License-Identifier: MIT */
/* The provider's prefix cache: entries at breakpoints, known by the digest of everything before. First a request is planned,
 * which says what it reads and would write; the plan takes effect when the reply begins to stream, and not before. */
#ifndef SIM_CACHE_H
#define SIM_CACHE_H

#include "llm/event.h"
#include "sim/prompt.h"

struct cache;

struct cache *cache_new(void) MUSTCHECK;
void cache_free(struct cache *c);

enum { CACHE_MARKS = 4, CACHE_LOOKBACK = 20 };

struct cache_write {
	struct digest key;
	bool hour;
};

struct cache_plan {
	struct usage usage; /* in, cache_read, cache_write and cache_write_1h */
	const struct prompt *prompt;
	size_t read_blocks; /* of the prompt, from its beginning */
	struct cache_write writes[CACHE_MARKS];
	unsigned nwrites;
};

/* What a request at this moment of the wall clock reads, writes and pays in full. The prompt must outlive the plan.
 *
 * Each breakpoint is looked for at its own block and at the 19 before it; the longest prefix found is read. What is behind
 * it is written at an hour's price up to the last breakpoint of an hour, at the five minutes' price up to the last one. A
 * breakpoint before the model's smallest prefix is complete does nothing. */
void cache_plan(struct cache *c, const struct prompt *p, int64_t min_prefix, int64_t now_ms,
	struct cache_plan *ret);
/* The reply has begun: entries are written, and all that was read lives anew for its own time. */
void cache_commit(struct cache *c, const struct cache_plan *plan, int64_t now_ms);

#endif
