/* SPDX-License-Identifier: MIT */
/* The entries lie in sets of eight by their hash, so that nothing has to be kept in any order. */
#include "llm/prompt_cache.h"

#include <stdlib.h>
#include <string.h>

enum { WAYS = 8, REFRESHED = 2 * CACHE_LOOK_BACK };

/* ---- what is known of models ---- */

/* The vendor says that the tokenizer of Opus 4.7 and newer makes 1.0 to 1.35 times as many tokens; usage tells more exactly. */
#define NEW_DENSITY 1.18

struct model_rules {
	const char *prefix;
	struct cache_rules rules;
};

/* The longest prefix that fits counts. */
static const struct model_rules table[] = {
	{ "claude-", { 1024, false, false, 1 } },
	{ "claude-2", { 1024, true, true, 1 } },
	{ "claude-3", { 1024, true, true, 1 } },
	{ "claude-3-haiku", { 2048, true, true, 1 } },
	{ "claude-3-5-haiku", { 2048, true, true, 1 } },
	{ "claude-4", { 1024, true, true, 1 } },
	{ "claude-opus-4", { 1024, true, true, 1 } },
	{ "claude-sonnet-4", { 1024, true, true, 1 } },
	{ "claude-haiku-4-5", { 4096, true, true, 1 } },
	{ "claude-opus-4-5", { 4096, false, false, 1 } },
	{ "claude-opus-4-6", { 4096, false, false, 1 } },
	{ "claude-sonnet-4-6", { 1024, false, true, 1 } },
	{ "claude-opus-4-7", { 2048, false, false, NEW_DENSITY } },
	{ "claude-opus-4-8", { 1024, false, false, NEW_DENSITY } },
	{ "claude-opus-5", { 512, false, false, NEW_DENSITY } },
	{ "claude-sonnet-5", { 1024, false, false, NEW_DENSITY } },
	{ "claude-haiku-5", { 512, false, false, NEW_DENSITY } },
	{ "claude-fable-5", { 512, false, false, NEW_DENSITY } },
	{ "claude-mythos-5", { 512, false, false, NEW_DENSITY } },
};

struct cache_rules cache_rules_of(struct str model)
{
	struct cache_rules best = { 1024, false, false, 1 };
	size_t longest = 0, slash = str_find_char(model, '/');

	if (slash < model.n)
		model = str_from_offset(model, slash + 1);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct str prefix = str_from(table[i].prefix);
		if (prefix.n > longest && str_starts(model, prefix)) {
			longest = prefix.n;
			best = table[i].rules;
		}
	}
	return best;
}

/* ---- entries ---- */

struct prompt_cache {
	size_t sets; /* a power of two */
	struct cache_entry (*v)[WAYS];
};

struct prompt_cache *prompt_cache_new(size_t entries)
{
	struct prompt_cache *c = must_alloc(sizeof(*c));

	c->sets = 1;
	while (c->sets * WAYS < entries)
		c->sets *= 2;
	c->v = must_alloc(c->sets * sizeof(*c->v));
	return c;
}

void prompt_cache_free(struct prompt_cache *c)
{
	if (c == NULL)
		return;
	free(c->v);
	free(c);
}

static struct cache_entry *set_of(const struct prompt_cache *c, uint64_t chain)
{
	return c->v[(chain >> 32) & (c->sets - 1)];
}

const struct cache_entry *prompt_cache_find(
	const struct prompt_cache *c, uint64_t chain, int64_t now_ms)
{
	const struct cache_entry *set = set_of(c, chain);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].chain == chain)
			return chain != 0 && set[i].end_ms > now_ms ? &set[i] : NULL;
	return NULL;
}

void prompt_cache_put(struct prompt_cache *c, const struct cache_entry *e)
{
	struct cache_entry *set = set_of(c, e->chain), *to = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].chain == e->chain) {
			int64_t end = set[i].end_ms;
			uint32_t life = set[i].life_ms;
			set[i] = *e;
			if (end > e->end_ms) {
				set[i].end_ms = end;
				set[i].life_ms = life;
			}
			return;
		}
		if (set[i].end_ms < to->end_ms)
			to = &set[i];
	}
	*to = *e;
}

/* ---- forecasts ---- */

/* Blocks that are not read are no step of the way back. */
static const struct cache_entry *find_back(const struct prompt_view *v,
	const struct prompt_cache *c, size_t at, int64_t now_ms, size_t *ret_block)
{
	unsigned steps = 0;

	for (size_t i = at + 1; i-- > 0 && steps < CACHE_LOOK_BACK;) {
		if (v->chain[i] == 0)
			continue;
		const struct cache_entry *e = prompt_cache_find(c, v->chain[i], now_ms);
		*ret_block = i;
		if (e != NULL)
			return e;
		steps++;
	}
	return NULL;
}

/* No request may have more breakpoints: looking from each of very many would hold up everybody. */
static const struct cache_entry *find_read(const struct prompt_view *v,
	const struct prompt_cache *c, int64_t now_ms, size_t *ret_block)
{
	unsigned marks = 0;

	for (size_t i = v->outline->n; i-- > 0 && marks < CACHE_BREAKPOINTS;) {
		if (v->outline->blocks[i].mark == BREAK_NONE)
			continue;
		marks++;
		const struct cache_entry *e = find_back(v, c, i, now_ms, ret_block);
		if (e != NULL)
			return e;
	}
	return NULL;
}

static int64_t rounded(double tokens)
{
	return tokens > 0 ? (int64_t)(tokens + 0.5) : 0;
}

static void correct(struct prompt_view *v, size_t block, double tokens)
{
	double off = tokens - v->tokens[block];

	for (size_t i = block; i < v->outline->n; i++)
		v->tokens[i] += off;
}

void forecast_make(
	struct forecast *ret, struct prompt_view *v, const struct prompt_cache *c, int64_t now_ms)
{
	const struct outline *o = v->outline;
	size_t block = 0;
	double read = 0, end = 0, hour = 0;

	*ret = (struct forecast){ .in = 0 };
	const struct cache_entry *e = find_read(v, c, now_ms, &block);
	if (e != NULL) {
		correct(v, block, e->tokens);
		read = end = hour = e->tokens;
		ret->read_blocks = ret->write_blocks = block + 1;
		ret->end_ms = e->end_ms;
	}
	for (size_t i = ret->read_blocks; i < o->n; i++) {
		if (o->blocks[i].mark == BREAK_NONE || v->tokens[i] < (double)v->rules.min_tokens)
			continue;
		ret->write_blocks = i + 1;
		end = v->tokens[i];
		if (o->blocks[i].mark == BREAK_1H)
			hour = end;
	}
	ret->read = rounded(read);
	ret->write_1h = rounded(hour - read);
	ret->write_5m = rounded(end - hour);
	ret->in = o->n > 0 ? rounded(v->tokens[o->n - 1] - end) : 0;
}

static void put_at(const struct prompt_view *v, struct prompt_cache *c, size_t block,
	uint32_t life_ms, int64_t now_ms)
{
	const struct cache_entry e = { .chain = v->chain[block],
		.end_ms = now_ms + life_ms,
		.tokens = (uint32_t)rounded(v->tokens[block]),
		.life_ms = life_ms };

	if (e.chain != 0)
		prompt_cache_put(c, &e);
}

/* Entries stand at breakpoints; older ones than a request could look back to from its end are found by nobody any more. */
void forecast_commit(const struct forecast *f, const struct prompt_view *v, struct prompt_cache *c,
	int64_t now_ms)
{
	size_t recent = f->read_blocks > REFRESHED ? f->read_blocks - REFRESHED : 0;

	for (size_t i = 0; i < f->write_blocks; i++) {
		uint8_t mark = v->outline->blocks[i].mark;
		bool read = i < f->read_blocks;
		if (mark == BREAK_NONE && (!read || i < recent))
			continue;
		const struct cache_entry *e =
			read ? prompt_cache_find(c, v->chain[i], now_ms) : NULL;
		if (e != NULL)
			put_at(v, c, i, e->life_ms, now_ms);
		else if (!read && v->tokens[i] >= (double)v->rules.min_tokens)
			put_at(v, c, i, mark == BREAK_1H ? CACHE_LIFE_1H_MS : CACHE_LIFE_5M_MS,
				now_ms);
	}
}
