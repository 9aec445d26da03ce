/* SPDX-License-Identifier: MIT */
/* Sums in tables that are found by a hash of the name. */
#include "lab/tally.h"

#include "wire/hash.h"

#include <stdlib.h>

enum { FIRST_ROWS = 32 };

void tally_init(struct tally *t, struct arena *names)
{
	*t = (struct tally){ .names = names };
}

void tally_release(struct tally *t)
{
	free(t->rows);
	free(t->slots);
	*t = (struct tally){ 0 };
}

static size_t find(const struct tally *t, struct str name)
{
	size_t i = hash_fast(name, 0) & (t->nslots - 1);

	while (t->slots[i] != 0 && !str_eq(t->rows[t->slots[i] - 1].name, name))
		i = (i + 1) & (t->nslots - 1);
	return i;
}

static void grow(struct tally *t)
{
	t->cap = t->cap > 0 ? t->cap * 2 : FIRST_ROWS;
	t->rows = must_realloc(t->rows, t->cap * sizeof(*t->rows));
	free(t->slots);
	t->nslots = t->cap * 2;
	t->slots = must_alloc(t->nslots * sizeof(*t->slots));
	for (size_t i = 0; i < t->n; i++)
		t->slots[find(t, t->rows[i].name)] = (uint32_t)(i + 1);
}

size_t tally_row(struct tally *t, struct str name)
{
	if (t->n == t->cap)
		grow(t);
	size_t i = find(t, name);
	if (t->slots[i] == 0) {
		t->rows[t->n] = (struct tally_row){
			.name = arena_dup(t->names, name), .from_ms = -1, .to_ms = -1
		};
		t->slots[i] = (uint32_t)++t->n;
	}
	return t->slots[i] - 1;
}

void tally_sum(int64_t *a, int64_t b)
{
	if (__builtin_add_overflow(*a, b, a))
		*a = INT64_MAX;
}

int64_t usage_input(const struct usage *u)
{
	return u->in + u->cache_read + u->cache_write;
}

void amounts_add(struct amounts *sum, const struct amounts *a)
{
	tally_sum(&sum->requests, a->requests);
	tally_sum(&sum->unpriced, a->unpriced);
	tally_sum(&sum->tokens.in, a->tokens.in);
	tally_sum(&sum->tokens.cache_read, a->tokens.cache_read);
	tally_sum(&sum->tokens.cache_write, a->tokens.cache_write);
	tally_sum(&sum->tokens.cache_write_1h, a->tokens.cache_write_1h);
	tally_sum(&sum->tokens.out, a->tokens.out);
	tally_sum(&sum->cost.in, a->cost.in);
	tally_sum(&sum->cost.cache_read, a->cost.cache_read);
	tally_sum(&sum->cost.cache_write_5m, a->cost.cache_write_5m);
	tally_sum(&sum->cost.cache_write_1h, a->cost.cache_write_1h);
	tally_sum(&sum->cost.out, a->cost.out);
	tally_sum(&sum->cost.total, a->cost.total);
	tally_sum(&sum->lost_tokens, a->lost_tokens);
	tally_sum(&sum->lost_nusd, a->lost_nusd);
}

void tally_add(struct tally *t, size_t row, const struct amounts *a, int64_t at_ms)
{
	struct tally_row *r = &t->rows[row];

	amounts_add(&r->sum, a);
	if (at_ms < 0)
		return;
	if (r->from_ms < 0 || at_ms < r->from_ms)
		r->from_ms = at_ms;
	if (at_ms > r->to_ms)
		r->to_ms = at_ms;
}
