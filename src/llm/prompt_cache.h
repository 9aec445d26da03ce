/* SPDX-License-Identifier: MIT */
/* What a provider's prompt cache holds, as far as we know it, and what a request will therefore read and write. The rules are those of
 * the Anthropic API: an entry stands at a breakpoint, covers all before it, lives five minutes or an hour from its last use; a
 * request looks for one at each of its breakpoints, from the last, up to 20 blocks back; short prefixes are not cached. */
#ifndef LLM_PROMPT_CACHE_H
#define LLM_PROMPT_CACHE_H

#include "llm/outline.h"

enum { CACHE_LOOK_BACK = 20, CACHE_BREAKPOINTS = 4 };
enum { CACHE_LIFE_5M_MS = 5 * 60 * 1000, CACHE_LIFE_1H_MS = 60 * 60 * 1000 };

/* What is known of a model's cache. Source: the vendor's pages on prompt caching and extended thinking, November 2026. */
struct cache_rules {
	int64_t min_tokens;   /* of a prefix that is cached */
	bool strips_thinking; /* that of earlier turns is not read again */
	bool may_strip;       /* nobody knows for certain */
	double density;       /* tokens for the same text, beside those of Claude 3 to 4.6 */
};
struct cache_rules cache_rules_of(struct str model);

struct cache_entry {
	uint64_t chain;  /* hash of the prefix; 0: free */
	int64_t end_ms;  /* wall clock */
	uint32_t tokens; /* of the prefix */
	uint32_t life_ms;
};

struct prompt_cache;

/* A fixed number of entries; what ends first makes room. */
struct prompt_cache *prompt_cache_new(size_t entries) MUSTCHECK;
/* NULL is accepted. */
void prompt_cache_free(struct prompt_cache *c);
/* NULL when it is not there or has ended. Valid until the next put. */
const struct cache_entry *prompt_cache_find(
	const struct prompt_cache *c, uint64_t chain, int64_t now_ms);
/* Adds an entry or brings it up to date; one that would end earlier than it does changes nothing but the tokens. */
void prompt_cache_put(struct prompt_cache *c, const struct cache_entry *e);

/* A request before it is sent. */
struct prompt_view {
	const struct outline *outline;
	const uint64_t *chain; /* of each block; 0: the model does not read it */
	double *tokens;        /* of the prefix up to and with each block */
	struct cache_rules rules;
};

/* Tokens of the input; the blocks up to which is read, and written: numbers of blocks, 0 for none. */
struct forecast {
	int64_t in, read, write_5m, write_1h;
	size_t read_blocks, write_blocks;
	int64_t end_ms; /* when the entry that is read would have ended; 0: none is */
};

/* An entry that is found corrects v->tokens, from its block on. */
void forecast_make(
	struct forecast *ret, struct prompt_view *v, const struct prompt_cache *c, int64_t now_ms);
/* The same request, now that its answer has begun: what it read lives anew, what it wrote can be read. v->tokens are right. */
void forecast_commit(const struct forecast *f, const struct prompt_view *v, struct prompt_cache *c,
	int64_t now_ms);

#endif
