/* SPDX-License-Identifier: MIT */
/* A bump allocator in blocks; a list of mallocs when ARENA_MALLOC is defined. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef ARENA_MALLOC
enum { BLOCK_BYTES = 0, SMALL_BYTES = 0 };
#else
enum { BLOCK_BYTES = 4096 - 64, SMALL_BYTES = 512 - 64 };
#endif

struct block {
	struct block *next;
	size_t used, cap;
	max_align_t data[];
};

struct arena {
	struct block *head;
	size_t used, block_bytes;
};

struct arena *arena_new(void)
{
	struct arena *a = must_alloc(sizeof(*a));

	a->block_bytes = BLOCK_BYTES;
	return a;
}

struct arena *arena_new_small(void)
{
	struct arena *a = must_alloc(sizeof(*a));

	a->block_bytes = SMALL_BYTES;
	return a;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	for (struct block *b = a->head, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

static void add_block(struct arena *a, size_t size)
{
	size_t cap = size > a->block_bytes ? size : a->block_bytes;
	struct block *b = must_realloc(NULL, sizeof(*b) + cap);

	*b = (struct block){ .next = a->head, .cap = cap };
	a->head = b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	size_t need = (size + align - 1) & ~(align - 1);

	assert(need >= size);
	if (a->head == NULL || a->head->cap - a->head->used < need || a->block_bytes == 0)
		add_block(a, need);
	void *p = (char *)a->head->data + a->head->used;
	a->head->used += need;
	a->used += need;
	return memset(p, 0, size);
}

struct str arena_dup(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	char *p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return (struct str){ p, (size_t)n };
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
