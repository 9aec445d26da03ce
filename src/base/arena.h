/* SPDX-License-Identifier: MIT */
/* Memory with the lifetime of one exchange. Allocation cannot fail: whoever owns the arena bounds it
 * by asking arena_used(). In the sanitizer build each allocation is a malloc of its own. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena;

struct arena *arena_new(void) MUSTCHECK;
/* For little: takes its memory from the heap in small pieces. */
struct arena *arena_new_small(void) MUSTCHECK;
/* Frees everything allocated from it. NULL is accepted. */
void arena_free(struct arena *a);

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size) MUSTCHECK;
/* A copy that is also NUL-terminated (the NUL is not counted). */
struct str arena_dup(struct arena *a, struct str s);
/* Formats into a fresh allocation. */
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
/* Bytes asked for so far. */
size_t arena_used(const struct arena *a);

#endif
