/* SPDX-License-Identifier: MIT */
/* A hash table from digests to the moment at which an entry ends. */
#include "sim/cache.h"

#include <stdlib.h>
#include <string.h>

enum { MINUTES_5 = 5 * 60 * 1000, HOUR = 60 * 60 * 1000, SLOTS_MIN = 256 };

struct entry {
	struct entry *next;
	struct digest key;
	int64_t end_ms, life_ms;
};

struct cache {
	struct entry **slots;
	size_t nslots, n;
};

struct cache *cache_new(void)
{
	struct cache *c = must_alloc(sizeof(*c));

	c->nslots = SLOTS_MIN;
	c->slots = must_alloc(c->nslots * sizeof(struct entry *));
	return c;
}

void cache_free(struct cache *c)
{
	struct entry *next;

	if (c == NULL)
		return;
	for (size_t i = 0; i < c->nslots; i++)
		for (struct entry *e = c->slots[i]; e != NULL; e = next) {
			next = e->next;
			free(e);
		}
	free(c->slots);
	free(c);
}

static size_t slot_of(const struct cache *c, const struct digest *key)
{
	uint64_t h;

	memcpy(&h, key->b, sizeof(h));
	return (size_t)h & (c->nslots - 1);
}

static struct entry *find(const struct cache *c, const struct digest *key)
{
	struct entry *e = c->slots[slot_of(c, key)];

	while (e != NULL && memcmp(&e->key, key, sizeof(*key)) != 0)
		e = e->next;
	return e;
}

static bool is_alive(const struct cache *c, const struct digest *key, int64_t now_ms)
{
	const struct entry *e = find(c, key);

	return e != NULL && e->end_ms > now_ms;
}

/* Twice the slots, and only what is alive. */
static void grow(struct cache *c, int64_t now_ms)
{
	struct cache old = *c;
	struct entry *next;

	c->nslots *= 2;
	c->slots = must_alloc(c->nslots * sizeof(struct entry *));
	c->n = 0;
	for (size_t i = 0; i < old.nslots; i++)
		for (struct entry *e = old.slots[i]; e != NULL; e = next) {
			next = e->next;
			if (e->end_ms <= now_ms) {
				free(e);
				continue;
			}
			struct entry **slot = &c->slots[slot_of(c, &e->key)];
			e->next = *slot;
			*slot = e;
			c->n++;
		}
	free(old.slots);
}

static void put(struct cache *c, const struct digest *key, int64_t life_ms, int64_t now_ms)
{
	struct entry *e = find(c, key);

	if (e == NULL) {
		if (c->n >= c->nslots)
			grow(c, now_ms);
		struct entry **slot = &c->slots[slot_of(c, key)];
		e = must_alloc(sizeof(*e));
		e->key = *key;
		e->next = *slot;
		*slot = e;
		c->n++;
	}
	e->life_ms = life_ms;
	e->end_ms = now_ms + e->life_ms;
}

/* How many blocks the longest readable prefix has. */
static size_t find_read(const struct cache *c, const struct prompt *p, int64_t now_ms)
{
	for (size_t i = p->n; i-- > 0;) {
		if (p->blocks[i].mark == MARK_NONE)
			continue;
		for (size_t k = 0; k < CACHE_LOOKBACK && k <= i; k++)
			if (is_alive(c, &p->blocks[i - k].chain, now_ms))
				return i - k + 1;
	}
	return 0;
}

/* The plan of a prompt that is cached by itself. */
static void plan_units(
	const struct cache *c, int64_t min_prefix, int64_t now_ms, struct cache_plan *ret)
{
	const struct prompt *p = ret->prompt;
	size_t least = (size_t)((min_prefix + p->unit - 1) / p->unit), n = p->nunits;

	if (n < least)
		n = 0;
	ret->written_units = n;
	while (n > 0 && n >= least && !is_alive(c, &p->units[n - 1], now_ms))
		n--;
	ret->read_units = n >= least ? n : 0;
	ret->usage.cache_read = (int64_t)ret->read_units * p->unit;
	if (p->writes)
		ret->usage.cache_write =
			(int64_t)ret->written_units * p->unit - ret->usage.cache_read;
	ret->usage.in = p->tokens - ret->usage.cache_read - ret->usage.cache_write;
}

void cache_plan(struct cache *c, const struct prompt *p, int64_t min_prefix, int64_t now_ms,
	struct cache_plan *ret)
{
	int64_t sum = 0, read = 0, hour = 0, end = 0;

	*ret = (struct cache_plan){ .prompt = p };
	if (p->unit > 0) {
		plan_units(c, min_prefix, now_ms, ret);
		return;
	}
	ret->read_blocks = find_read(c, p, now_ms);
	for (size_t i = 0; i < p->n; i++) {
		const struct block *b = &p->blocks[i];
		sum += b->tokens;
		if (i + 1 == ret->read_blocks)
			read = hour = end = sum;
		if (b->mark == MARK_NONE || i + 1 <= ret->read_blocks || sum < min_prefix ||
			ret->nwrites == CACHE_MARKS)
			continue;
		ret->writes[ret->nwrites++] = (struct cache_write){ b->chain, b->mark == MARK_1H };
		end = sum;
		if (b->mark == MARK_1H)
			hour = sum;
	}
	ret->usage = (struct usage){ .in = p->tokens - end,
		.cache_read = read,
		.cache_write = end - read,
		.cache_write_1h = hour - read };
}

void cache_commit(struct cache *c, const struct cache_plan *plan, int64_t now_ms)
{
	for (size_t i = 0; i < plan->read_blocks; i++) {
		struct entry *e = find(c, &plan->prompt->blocks[i].chain);
		if (e != NULL && e->end_ms > now_ms)
			e->end_ms = now_ms + e->life_ms;
	}
	for (unsigned i = 0; i < plan->nwrites; i++)
		put(c, &plan->writes[i].key, plan->writes[i].hour ? HOUR : MINUTES_5, now_ms);
	for (size_t i = 0; i < plan->written_units; i++)
		put(c, &plan->prompt->units[i], plan->prompt->life_ms, now_ms);
}
