/* SPDX-License-Identifier: MIT */
/* What the ledger tells, as JSON: for `sluice stats` and `sluice history`, and for the endpoints of the same names. */
#ifndef ADMIN_REPORT_H
#define ADMIN_REPORT_H

#include "admin/span.h"

/* One span: its totals, and each model's. */
bool report_span(
	struct buf *out, struct store *s, const struct span *span, struct err *e) MUSTCHECK;
/* All of span_names in one object, with the fields under `summary` that users of cascadeflow's proxy read. */
bool report_stats(struct buf *out, struct store *s, int64_t now_ms, struct err *e) MUSTCHECK;
/* Exchanges with their attempts, newest first, as an array. */
bool report_history(
	struct buf *out, struct store *s, const struct query_params *p, struct err *e) MUSTCHECK;

#endif
