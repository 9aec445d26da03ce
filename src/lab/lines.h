/* SPDX-License-Identifier: MIT */
/* A file's lines, one after the other, in a buffer that is reused and bounded: a line is where it was read to, and is
 * not copied. */
#ifndef LAB_LINES_H
#define LAB_LINES_H

#include "base/str.h"

enum { LINES_BUFFER_BYTES = 256 << 10, LINES_LONGEST_BYTES = 64 << 20 };

enum line_status {
	LINE_WHOLE,
	LINE_UNFINISHED, /* the last one, without a newline */
	LINE_TOO_LONG,   /* longer than LINES_LONGEST_BYTES: passed over */
	LINE_END,
	LINE_ERROR, /* errno says why */
};

struct lines {
	int fd; /* borrowed */
	char *p;
	size_t cap, n;    /* bytes in the buffer */
	size_t at, seen;  /* where the next line begins; how far there is no newline */
	size_t longest;   /* the buffer grows up to this */
	uint64_t bytes;   /* read so far */
	bool end, passes; /* the file's end was met; the line at hand is too long */
};

/* Begins to read a file. The first time *l is all zero; afterwards the buffer is used again. `longest` 0: the usual one. */
void lines_begin(struct lines *l, int fd, size_t longest);
void lines_release(struct lines *l);
/* The next line without its newline; the view lives until the next call. */
enum line_status lines_next(struct lines *l, struct str *ret) MUSTCHECK;

#endif
