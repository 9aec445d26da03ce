/* SPDX-License-Identifier: MIT */
/* Spans of time with names, and the steps of a series over one. */
#ifndef ADMIN_SPAN_H
#define ADMIN_SPAN_H

#include "store/store.h"

/* "today", "week", "month" (so far, in local time; weeks begin on Monday), "24h", "7d", "30d" (back from now) or "all". */
struct span {
	const char *name;
	int64_t from_ms, to_ms; /* of one with a name: without an end */
};

/* False when there is no span of that name. */
bool span_find(struct str name, int64_t now_ms, struct span *ret);
/* The names, for a message: "today, 24h, week, 7d, month, 30d or all". */
extern const char span_choice[];
/* Those that come up one after the other in statistics: today, week, month, all; NULL at the end. */
extern const char *const span_names[];

/* When the day of local time began that this moment is in. */
int64_t span_day_of(int64_t ms);

/* The step of a series over some span: as short as it can be without more than some 200 of them. */
int64_t span_step_ms(int64_t from_ms, int64_t to_ms);
/* When the step began that this moment is in; those of days and more begin at midnight, local time. */
int64_t span_step_of(int64_t ms, int64_t step_ms);

/* Milliseconds, or a date like 2026-11-21: midnight in local time. */
bool span_read_time(struct str text, int64_t *ret) MUSTCHECK;

#endif
