/* SPDX-License-Identifier: MIT */
/* Heap allocation that aborts instead of failing. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *check(void *p)
{
	if (p == NULL) {
		fputs("sluice: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *must_alloc(size_t size)
{
	return check(calloc(1, size != 0 ? size : 1));
}

void *must_realloc(void *p, size_t size)
{
	return check(realloc(p, size != 0 ? size : 1));
}

char *must_strdup(const char *s)
{
	return check(strdup(s));
}
