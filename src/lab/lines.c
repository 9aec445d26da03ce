/* SPDX-License-Identifier: MIT */
/* Lines out of blocks. */
#include "lab/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What one long line has left behind is given back with the next file. */
enum { KEPT_BYTES = 4 << 20 };

void lines_begin(struct lines *l, int fd, size_t longest)
{
	size_t cap = l->cap;
	char *p = l->p;

	if (longest == 0)
		longest = LINES_LONGEST_BYTES;
	if (cap == 0 || cap > KEPT_BYTES || cap > longest) {
		free(p);
		cap = LINES_BUFFER_BYTES < longest ? LINES_BUFFER_BYTES : longest;
		p = must_alloc(cap);
	}
	*l = (struct lines){ .fd = fd, .p = p, .cap = cap, .longest = longest };
}

void lines_release(struct lines *l)
{
	free(l->p);
	*l = (struct lines){ 0 };
}

/* Makes room behind what is there: moves it to the front, then grows; at the ceiling the line is given up. */
static void make_room(struct lines *l)
{
	if (l->passes) {
		l->at = l->seen = l->n = 0;
		return;
	}
	if (l->at > 0) {
		memmove(l->p, l->p + l->at, l->n - l->at);
		l->n -= l->at;
		l->seen -= l->at;
		l->at = 0;
	}
	if (l->n < l->cap)
		return;
	if (l->cap == l->longest) {
		l->passes = true;
		l->at = l->seen = l->n = 0;
		return;
	}
	l->cap = l->cap < l->longest / 2 ? l->cap * 2 : l->longest;
	l->p = must_realloc(l->p, l->cap);
}

static bool fill(struct lines *l)
{
	ssize_t n;

	make_room(l);
	do
		n = read(l->fd, l->p + l->n, l->cap - l->n);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return false;
	l->end = n == 0;
	l->n += (size_t)n;
	l->bytes += (uint64_t)n;
	return true;
}

/* Takes the line that ends at `end`. */
static enum line_status take(struct lines *l, size_t end, enum line_status status, struct str *ret)
{
	*ret = (struct str){ l->p + l->at, end - l->at };
	if (l->passes)
		status = LINE_TOO_LONG;
	l->passes = false;
	l->at = l->seen = end + (end < l->n);
	return status;
}

enum line_status lines_next(struct lines *l, struct str *ret)
{
	for (;;) {
		const char *newline = memchr(l->p + l->seen, '\n', l->n - l->seen);
		if (newline != NULL)
			return take(l, (size_t)(newline - l->p), LINE_WHOLE, ret);
		l->seen = l->n;
		if (l->end) {
			bool nothing = l->at == l->n && !l->passes;
			return nothing ? LINE_END : take(l, l->n, LINE_UNFINISHED, ret);
		}
		if (!fill(l))
			return LINE_ERROR;
	}
}
