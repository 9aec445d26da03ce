/* SPDX-License-Identifier: MIT */
/* Attributes and small macros that every file may use. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUSTCHECK                     __attribute__((warn_unused_result))
#define PRINTF(f, a)                  __attribute__((format(printf, f, a)))
#define ARRAY_LEN(a)                  (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

/* Of a count or an amount that may be unknown, which is negative: what adds nothing then. */
static inline int64_t known(int64_t n)
{
	return n > 0 ? n : 0;
}

/* Memory from the heap that cannot fail: running out of it aborts. All zero. Freed by free(). */
void *must_alloc(size_t size) MUSTCHECK;

/* Grows or shrinks a heap block like realloc(); cannot fail. New bytes are undefined. */
void *must_realloc(void *p, size_t size) MUSTCHECK;

/* A NUL-terminated heap copy; cannot fail. */
char *must_strdup(const char *s) MUSTCHECK;

#endif
