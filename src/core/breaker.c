/* SPDX-License-Identifier: MIT */
/* A small table that is searched from the start: there are as many rows as models in use. */
#include "core/breaker.h"

#include "wire/hash.h"

#include <stdlib.h>

/* Of so many outcomes that share has to fail, at least. */
enum { WINDOW = 20, WINDOW_LEAST = 10, WINDOW_PERCENT = 50, PERCENT = 100 };
/* However long a provider wants to be left alone, it is looked at again after this. */
enum { RETRY_MAX_MS = 15 * 60 * 1000 };

struct breakers {
	struct breaker v[BREAKERS_MAX];
	size_t n;
};

struct breakers *breakers_new(void)
{
	return must_alloc(sizeof(struct breakers));
}

void breakers_free(struct breakers *b)
{
	free(b);
}

/* ---- the table ---- */

static uint64_t key_of(const struct breaker_name *n)
{
	return hash_fast(n->model, hash_fast(n->provider, n->account));
}

static struct breaker *find(const struct breakers *b, const struct breaker_name *n)
{
	uint64_t key = b != NULL ? key_of(n) : 0;

	for (size_t i = 0; b != NULL && i < b->n; i++)
		if (b->v[i].key == key)
			return (struct breaker *)(uintptr_t)&b->v[i];
	return NULL;
}

/* The one that can best be done without: the least recently used of those that are closed. */
static struct breaker *oldest(struct breakers *b)
{
	struct breaker *least = &b->v[0];

	for (size_t i = 1; i < b->n; i++) {
		struct breaker *p = &b->v[i];
		if (p->open != least->open ? least->open : p->used_ms < least->used_ms)
			least = p;
	}
	return least;
}

static struct breaker *need(struct breakers *b, const struct breaker_name *n, uint64_t now_ms)
{
	struct breaker *p = find(b, n);

	if (p == NULL && b != NULL) {
		p = b->n < BREAKERS_MAX ? &b->v[b->n++] : oldest(b);
		*p = (struct breaker){ .key = key_of(n) };
		str_put(p->provider, sizeof(p->provider), n->provider);
		str_put(p->model, sizeof(p->model), n->model);
	}
	if (p != NULL)
		p->used_ms = now_ms;
	return p;
}

const struct breaker *breaker_at(const struct breakers *b, size_t i)
{
	return b != NULL && i < b->n ? &b->v[i] : NULL;
}

/* ---- states ---- */

enum breaker_state breaker_state_of(const struct breaker *b, uint64_t now_ms)
{
	if (!b->open)
		return BREAKER_CLOSED;
	return now_ms < b->until_ms ? BREAKER_OPEN : BREAKER_HALF_OPEN;
}

const char *breaker_state_name(enum breaker_state s)
{
	static const char *const names[] = {
		[BREAKER_CLOSED] = "closed",
		[BREAKER_OPEN] = "open",
		[BREAKER_HALF_OPEN] = "half_open",
	};

	return names[s];
}

enum breaker_state breaker_state(
	const struct breakers *b, const struct breaker_name *n, uint64_t now_ms)
{
	const struct breaker *p = find(b, n);

	return p != NULL ? breaker_state_of(p, now_ms) : BREAKER_CLOSED;
}

bool breaker_lets(const struct breakers *b, const struct breaker_name *n, uint64_t now_ms)
{
	const struct breaker *p = find(b, n);
	enum breaker_state s = p != NULL ? breaker_state_of(p, now_ms) : BREAKER_CLOSED;

	return s == BREAKER_CLOSED || (s == BREAKER_HALF_OPEN && !p->probing);
}

/* ---- outcomes ---- */

bool breaker_ask(struct breakers *b, const struct breaker_name *n, uint64_t now_ms)
{
	struct breaker *p = find(b, n);

	if (p == NULL)
		return false;
	p->used_ms = now_ms;
	if (p->probing || breaker_state_of(p, now_ms) != BREAKER_HALF_OPEN)
		return false;
	p->probing = true;
	return true;
}

static void shift(struct breaker *p, bool failed)
{
	p->window = (p->window << 1 | failed) & ((1u << WINDOW) - 1);
	if (p->seen < WINDOW)
		p->seen++;
}

void breaker_good(struct breakers *b, const struct breaker_name *n, uint64_t now_ms)
{
	struct breaker *p = find(b, n);

	if (p == NULL)
		return; /* only who fails is remembered */
	if (p->open)
		p->window = p->seen = 0;
	p->used_ms = now_ms;
	p->failures = 0;
	p->openings = 0;
	p->open = p->probing = false;
	shift(p, false);
}

static bool too_many(const struct breaker *p, const struct breaker_limits *limits)
{
	unsigned failed = (unsigned)__builtin_popcount(p->window);

	return p->failures >= limits->failures ||
	       (p->seen >= WINDOW_LEAST && failed * PERCENT >= p->seen * WINDOW_PERCENT);
}

static void open_it(
	struct breaker *p, const struct breaker_limits *limits, int64_t retry_ms, uint64_t now_ms)
{
	uint64_t ms = limits->open_ms;

	for (unsigned i = 0; i < p->openings && ms < limits->open_max_ms; i++)
		ms *= 2;
	if (ms > limits->open_max_ms)
		ms = limits->open_max_ms;
	if (retry_ms > RETRY_MAX_MS)
		retry_ms = RETRY_MAX_MS;
	if (retry_ms > 0 && (uint64_t)retry_ms > ms)
		ms = (uint64_t)retry_ms;
	p->open = true;
	p->probing = false;
	p->openings++;
	p->until_ms = now_ms + ms;
}

void breaker_bad(struct breakers *b, const struct breaker_name *n,
	const struct breaker_limits *limits, int64_t retry_ms, uint64_t now_ms)
{
	struct breaker *p = need(b, n, now_ms);

	if (p == NULL)
		return;
	p->failures++;
	shift(p, true);
	/* Those that were on their way when it opened do not prolong it. */
	if (breaker_state_of(p, now_ms) == BREAKER_OPEN)
		return;
	if (p->open || too_many(p, limits))
		open_it(p, limits, retry_ms, now_ms);
}

void breaker_left(struct breakers *b, const struct breaker_name *n)
{
	struct breaker *p = find(b, n);

	if (p != NULL)
		p->probing = false;
}
