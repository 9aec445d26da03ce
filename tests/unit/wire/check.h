/* SPDX-License-Identifier: MIT */
/* What unit tests and fuzz targets of this folder share: a check that ends the program, and random
 * numbers that are the same in every run. */
#ifndef UNIT_WIRE_CHECK_H
#define UNIT_WIRE_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define CHECK(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))

__attribute__((noreturn)) static inline void check_failed(
	const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
	abort();
}

/* A copy in a block of exactly that size, so that a sanitizer sees any byte read beyond it. */
static inline char *exact_copy(struct str s)
{
	char *p = must_alloc(s.n);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p;
}

/* Xorshift (Marsaglia 2003); *state must not be zero. */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Below n, which is not 0. */
static inline size_t random_below(uint64_t *state, size_t n)
{
	CHECK(n > 0);
	return (size_t)(random_next(state) >> 16) % n;
}

/* FNV-1a: a seed that depends on every byte and is not zero. */
static inline uint64_t random_seed(struct str s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return h | 1;
}

#endif
