/* SPDX-License-Identifier: MIT */
/* A list of values, found by their names through chains. Each has its bytes in one allocation, which its space begins. */
#include "store/values.h"

#include <stdlib.h>
#include <string.h>

enum { CHAINS = 1024, FIRST_CAP = 16 };

static const uint32_t NOBODY = UINT32_MAX;

struct values {
	struct store_value *v;
	uint32_t *next; /* in its chain, of each */
	size_t n, cap, bytes;
	uint32_t chains[CHAINS];
};

struct values *values_new(void)
{
	struct values *v = must_alloc(sizeof(*v));

	values_clear(v);
	return v;
}

void values_free(struct values *v)
{
	if (v == NULL)
		return;
	values_clear(v);
	free(v->v);
	free(v->next);
	free(v);
}

static void free_bytes(const struct store_value *value)
{
	free((void *)(uintptr_t)value->space.p);
}

void values_clear(struct values *v)
{
	for (size_t i = 0; i < v->n; i++)
		free_bytes(&v->v[i]);
	v->n = v->bytes = 0;
	for (size_t i = 0; i < CHAINS; i++)
		v->chains[i] = NOBODY;
}

/* FNV-1a. */
static size_t chain_of(const struct store_value *value)
{
	const struct str names[] = { value->space, value->key };
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		h = (h ^ names[i].n) * UINT64_C(1099511628211);
		for (size_t k = 0; k < names[i].n; k++)
			h = (h ^ (unsigned char)names[i].p[k]) * UINT64_C(1099511628211);
	}
	return (h >> 20) % CHAINS;
}

static size_t size_of(const struct store_value *value)
{
	return value->space.n + value->key.n + value->value.n;
}

static struct str put_bytes(char **to, struct str s)
{
	struct str copy = { *to, s.n };

	if (s.n > 0)
		memcpy(*to, s.p, s.n);
	*to += s.n;
	return copy;
}

static struct store_value copy_of(const struct store_value *value)
{
	char *bytes = must_realloc(NULL, size_of(value) + 1);
	struct store_value copy = *value;

	copy.space = put_bytes(&bytes, value->space);
	copy.key = put_bytes(&bytes, value->key);
	copy.value = put_bytes(&bytes, value->value);
	return copy;
}

static void append(struct values *v, const struct store_value *value, uint32_t *chain)
{
	if (v->n == v->cap) {
		v->cap = v->cap > 0 ? 2 * v->cap : FIRST_CAP;
		v->v = must_realloc(v->v, v->cap * sizeof(*v->v));
		v->next = must_realloc(v->next, v->cap * sizeof(*v->next));
	}
	v->v[v->n] = copy_of(value);
	v->next[v->n] = *chain;
	*chain = (uint32_t)v->n++;
}

bool values_put(struct values *v, const struct store_value *value, size_t max)
{
	uint32_t *chain = &v->chains[chain_of(value)], at = *chain;

	while (at != NOBODY &&
		!(str_eq(v->v[at].space, value->space) && str_eq(v->v[at].key, value->key)))
		at = v->next[at];
	if (at != NOBODY && v->v[at].version > value->version)
		return true;
	size_t bytes = v->bytes + size_of(value) - (at != NOBODY ? size_of(&v->v[at]) : 0);
	if (bytes > max)
		return false;
	v->bytes = bytes;
	if (at == NOBODY) {
		append(v, value, chain);
		return true;
	}
	struct store_value old = v->v[at];
	v->v[at] = copy_of(value);
	free_bytes(&old);
	return true;
}

size_t values_count(const struct values *v)
{
	return v->n;
}

size_t values_bytes(const struct values *v)
{
	return v->bytes;
}

const struct store_value *values_list(const struct values *v, size_t *ret_n)
{
	*ret_n = v->n;
	return v->v;
}
