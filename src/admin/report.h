/* SPDX-License-Identifier: MIT */
/* What the ledger tells, as JSON: for `sluice stats` and `sluice history`, and for the endpoints of the same names. */
#ifndef ADMIN_REPORT_H
#define ADMIN_REPORT_H

#include "store/store.h"

/* A span of time with a name: "today", "week", "month" (so far, in local time; weeks begin on Monday) or "all". */
struct span {
	const char *name;
	int64_t from_ms, to_ms;
};

/* False when there is no span of that name. */
bool span_find(struct str name, int64_t now_ms, struct span *ret);
/* The names, in order; NULL at the end. */
extern const char *const span_names[];

/* One span: its totals, and each model's. */
bool report_span(
	struct buf *out, struct store *s, const struct span *span, struct err *e) MUSTCHECK;
/* All spans in one object, with the fields under `summary` that users of cascadeflow's proxy read. */
bool report_stats(struct buf *out, struct store *s, int64_t now_ms, struct err *e) MUSTCHECK;
/* Exchanges with their attempts, newest first, as an array. */
bool report_history(
	struct buf *out, struct store *s, const struct query_params *p, struct err *e) MUSTCHECK;

#endif
