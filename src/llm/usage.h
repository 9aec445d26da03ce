/* SPDX-License-Identifier: MIT */
/* Token counts. */
#ifndef LLM_USAGE_H
#define LLM_USAGE_H

#include "base/str.h"

/* Token counts of a reply, in the terms of the Anthropic API: input excludes what was read from or written to
 * the cache, writes are all writes and cache_write_1h those of them that are to last an hour, output is all output and
 * reasoning a part of it. A count that the provider has not told is -1. */
struct usage {
	int64_t in, cache_read, cache_write, cache_write_1h, out, reasoning;
};
enum { USAGE_COUNT_MAX = 1000000000 }; /* more is no figure of any request, and is not believed */
#define USAGE_UNKNOWN ((struct usage){ -1, -1, -1, -1, -1, -1 })

/* A count as JSON has it; -1: it is none. */
int64_t usage_count(struct str value);

/* Whether it says nothing of the prompt: no prompt has no tokens, so zeros are what a provider puts where it has nothing to say. */
static inline bool usage_lacks_prompt(const struct usage *u)
{
	return u->in <= 0 && u->cache_read <= 0 && u->cache_write <= 0 && u->cache_write_1h <= 0;
}

/* Takes over the members of `more` that are known; those of the prompt not where nothing but zeros would take the place of what was
 * told before. */
static inline void usage_merge(struct usage *u, const struct usage *more)
{
	u->out = more->out >= 0 ? more->out : u->out;
	u->reasoning = more->reasoning >= 0 ? more->reasoning : u->reasoning;
	if (usage_lacks_prompt(more) && !usage_lacks_prompt(u))
		return;
	u->in = more->in >= 0 ? more->in : u->in;
	u->cache_read = more->cache_read >= 0 ? more->cache_read : u->cache_read;
	u->cache_write = more->cache_write >= 0 ? more->cache_write : u->cache_write;
	u->cache_write_1h = more->cache_write_1h >= 0 ? more->cache_write_1h : u->cache_write_1h;
}

#endif
