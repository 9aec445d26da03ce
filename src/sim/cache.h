/* SPDX-License-Identifier: MIT */
/* The providers' prefix caches: entries at breakpoints, or at every unit where a cache works by itself, known by the digest of everything before. First a request is planned,
 * which says what it reads and would write; the plan takes effect when the reply begins to stream, and not before. */
#ifndef SIM_CACHE_H
#define SIM_CACHE_H

#include "llm/usage.h"
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
	size_t read_units,
		written_units; /* of a prompt that is cached by itself: from its beginning */
	struct cache_write writes[CACHE_MARKS];
	unsigned nwrites;
};

/* What a request at this moment of the wall clock reads, writes and pays in full. The prompt must outlive the plan.
 *
 * Each breakpoint is looked for at its own block and at the 19 before it; the longest prefix found is read. What is behind
 * it is written at an hour's price up to the last breakpoint of an hour, at the five minutes' price up to the last one. A
 * breakpoint before the model's smallest prefix is complete does nothing.
 *
 * A prompt with units is looked for from its last one back; what is read is the longest prefix that is there, if it has the model's
 * smallest size. All its units are kept then. What was not read before counts as written where writes are billed. */
void cache_plan(struct cache *c, const struct prompt *p, int64_t min_prefix, int64_t now_ms,
	struct cache_plan *ret);
/* The reply has begun: entries are written, and all that was read lives anew for its own time. */
void cache_commit(struct cache *c, const struct cache_plan *plan, int64_t now_ms);

#endif
