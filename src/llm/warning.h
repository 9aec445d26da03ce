/* SPDX-License-Identifier: MIT */
/* What could not be kept of a request on its way to another dialect, told to the client in x-sluice-warnings and in the log. */
#ifndef LLM_WARNING_H
#define LLM_WARNING_H

#include "base/arena.h"

enum { WARNINGS_MAX = 32, WARNING_FIELD_MAX = 48 };

/* In the order in which they came up, each code once. Further ones than WARNINGS_MAX are dropped, but the last says "more". */
struct warnings {
	struct str v[WARNINGS_MAX];
	size_t n;
};

/* code is one of the list in warning.c (asserted), which docs/api.md repeats. */
void warn(struct warnings *w, const char *code);
/* "field_dropped:name"; what is no plain name is shown as "?". */
void warn_field(struct warnings *w, struct str name, struct arena *a);
/* Those of another list too. */
void warnings_add(struct warnings *w, const struct warnings *more);
/* All codes that there are, ends with NULL. */
extern const char *const warning_codes[];

#endif
