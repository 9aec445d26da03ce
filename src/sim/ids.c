/* SPDX-License-Identifier: MIT */
/* Sorted, equal ones are neighbours. */
#include "sim/ids.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int c = n > 0 ? memcmp(x->p, y->p, n) : 0;

	return c != 0 ? c : (x->n > y->n) - (x->n < y->n);
}

bool ids_are_unique(struct str *ids, size_t n)
{
	bool unique = true;

	if (n > 0)
		qsort(ids, n, sizeof(*ids), compare);
	for (size_t i = 1; i < n; i++)
		unique &= !str_eq(ids[i - 1], ids[i]);
	return unique;
}

void ids_add(struct ids *l, struct str id)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 16;
		l->v = must_realloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n++] = id;
}

size_t ids_count(const struct ids *l, size_t from, struct str id)
{
	size_t n = 0;

	for (size_t i = from; i < l->n; i++)
		n += str_eq(l->v[i], id);
	return n;
}

void ids_release(struct ids *l)
{
	free(l->v);
	*l = (struct ids){ .n = 0 };
}
