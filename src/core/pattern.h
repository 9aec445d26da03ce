/* SPDX-License-Identifier: MIT */
/* Lua's patterns (Lua 5.4 Reference Manual, section 6.4.1), matched in counted steps: some take longer than anybody can wait, and
 * what Lua brings for them cannot be stopped. Knows nothing of Lua itself. */
#ifndef CORE_PATTERN_H
#define CORE_PATTERN_H

#include "base/str.h"

enum { PATTERN_CAPTURES_MAX = 32 };

/* What a capture is that has no length: it is not closed yet, or it is a position. */
#define PATTERN_OPEN     SIZE_MAX
#define PATTERN_POSITION (SIZE_MAX - 1)
/* Where a match ends that there is not. */
#define PATTERN_NONE SIZE_MAX

struct pattern_capture {
	size_t at, n;
};

struct pattern {
	struct str subject, pattern;
	uint64_t steps;      /* that may still be taken */
	const char *problem; /* why it cannot be matched; NULL: it can */
	struct pattern_capture captures[PATTERN_CAPTURES_MAX];
	unsigned ncaptures;
	unsigned depth;
};

/* The problem of a pattern that takes too many steps. */
extern const char *const pattern_too_slow;

/* Looks for the first match that begins at or behind an offset. False, with p->problem set or not, when there is none. */
bool pattern_find(struct pattern *p, size_t from, size_t *ret_start, size_t *ret_end) MUSTCHECK;
/* The same at that offset only, and without a look at the pattern's "^", which is an ordinary character here. */
size_t pattern_match(struct pattern *p, size_t from) MUSTCHECK;
/* Whether a text holds nothing that is special in a pattern. */
bool pattern_is_plain(struct str text);

#endif
