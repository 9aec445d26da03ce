/* SPDX-License-Identifier: MIT */
/* A growing byte buffer with a ceiling set at birth. Errors stick: write freely, ask once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

struct buf {
	char *p;
	size_t n, cap;
	size_t max;    /* never grows beyond; what does not fit is not added at all */
	bool overflow; /* something did not fit; nothing is added from then on */
};

/* An empty buffer; allocates nothing yet. */
void buf_init(struct buf *b, size_t max);
/* Frees the bytes; the buffer may be used again and keeps its ceiling. */
void buf_release(struct buf *b);
/* Empties it and forgets an overflow, keeping the memory. */
void buf_clear(struct buf *b);

/* Makes room for n more bytes behind b->n, which the caller may then write and add to b->n.
 * False, with overflow set, when that would pass the ceiling. */
bool buf_reserve(struct buf *b, size_t n) MUSTCHECK;

void buf_add(struct buf *b, struct str s);
void buf_add_char(struct buf *b, char c);
/* A number without sign or leading zeros, in base 10 or 16. */
void buf_add_number(struct buf *b, uint64_t n, unsigned base);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* Drops the first n (at most b->n) bytes. */
void buf_drop(struct buf *b, size_t n);

static inline struct str buf_str(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

#endif
