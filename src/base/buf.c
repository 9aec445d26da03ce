/* SPDX-License-Identifier: MIT */
/* A growing byte buffer with a ceiling. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 256 };

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_release(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ .max = b->max };
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->overflow = false;
}

bool buf_reserve(struct buf *b, size_t n)
{
	if (b->overflow || n > b->max - b->n) {
		b->overflow = true;
		return false;
	}
	if (b->n + n <= b->cap)
		return true;
	/* The first allocation is what was asked for: sizes known in advance stay exact. */
	size_t cap = b->cap != 0 ? b->cap : (n > FIRST_BYTES ? n : FIRST_BYTES);
	while (cap < b->n + n)
		cap += cap < ((size_t)1 << 20) ? cap : cap / 2;
	if (cap > b->max)
		cap = b->max;
	b->p = must_realloc(b->p, cap);
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, struct str s)
{
	if (s.n == 0 || !buf_reserve(b, s.n))
		return;
	assert(b->p != NULL);
	memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, (struct str){ &c, 1 });
}

void buf_add_number(struct buf *b, uint64_t n, unsigned base)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = "0123456789abcdef"[n % base];
	while ((n /= base) != 0);
	buf_add(b, (struct str){ digits + at, sizeof(digits) - at });
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	size_t room = b->p != NULL ? b->cap - b->n : 0;
	int n = vsnprintf(room != 0 ? b->p + b->n : NULL, room, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	/* vsnprintf wants room for a NUL, which is not part of the buffer. */
	if ((size_t)n < room && !b->overflow && (size_t)n <= b->max - b->n) {
		b->n += (size_t)n;
	} else {
		char *tmp = must_alloc((size_t)n + 1);
		vsnprintf(tmp, (size_t)n + 1, fmt, again);
		buf_add(b, (struct str){ tmp, (size_t)n });
		free(tmp);
	}
	va_end(again);
}

void buf_drop(struct buf *b, size_t n)
{
	assert(n <= b->n);
	if (n == 0)
		return;
	b->n -= n;
	if (b->n > 0)
		memmove(b->p, b->p + n, b->n);
}
