/* SPDX-License-Identifier: MIT */
/* Statistics as tables for a terminal of 80 columns. */
#ifndef APP_STATS_H
#define APP_STATS_H

#include "admin/views.h"

enum stats_columns {
	STATS_MONEY, /* requests, input, hit rate, output, cost, saved */
	STATS_CACHE, /* hit rate; read, written, uncached tokens; lost, alarms */
};

void stats_head(const char *first, enum stats_columns columns);
/* One line: the totals of a span. */
bool stats_span(struct store *s, const struct span *span, enum stats_columns columns,
	struct err *e) MUSTCHECK;
/* A table of groups, with a head. */
bool stats_groups(struct store *s, const struct span *span, const struct grouping *by,
	enum stats_columns columns, struct err *e) MUSTCHECK;
/* All about the prompt cache in a span. */
bool stats_cache(struct store *s, const struct span *span, struct err *e) MUSTCHECK;

#endif
