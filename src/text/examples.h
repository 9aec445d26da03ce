/* SPDX-License-Identifier: MIT */
/* Prompts whose difficulty is known, a line each: level, tab, text with JSON's escapes ("\n" is a line feed). */
#ifndef TEXT_EXAMPLES_H
#define TEXT_EXAMPLES_H

#include "base/err.h"

enum difficulty_level {
	DIFFICULTY_SIMPLE,
	DIFFICULTY_MEDIUM,
	DIFFICULTY_COMPLEX,
	DIFFICULTY_LEVELS
};

struct example {
	struct str text; /* a view of what was read */
	enum difficulty_level level;
	bool own; /* the user's, not one that is built in */
};

enum { EXAMPLES_MAX = 4096 };

/* "simple", "medium", "complex". */
struct str difficulty_level_name(enum difficulty_level l);
bool difficulty_level_by_name(struct str name, enum difficulty_level *ret) MUSTCHECK;

/* The next example. Empty lines and lines that begin with '#' are passed over. False at the end with e->kind ERR_NONE, or with
 * ERR_INVALID on a line that is none, which the text names. *rest is moved on and *line counts; both begin with the caller. */
bool example_next(struct str *rest, unsigned *line, struct example *ret, struct err *e) MUSTCHECK;

/* Those that are built in (data/router.tsv). */
struct str examples_builtin(void);

#endif
