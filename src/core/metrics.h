/* SPDX-License-Identifier: MIT */
/* Counters since the start, for Prometheus: one table of metrics with name, type, labels and meaning, from which the text
 * format and docs/metrics.md are made. Values from outside become labels only up to a bound. */
#ifndef CORE_METRICS_H
#define CORE_METRICS_H

#include "core/exchange.h"

struct metrics;
struct metrics *metrics_new(void) MUSTCHECK;
void metrics_free(struct metrics *m);

/* An exchange has ended, and is accounted for. */
void metrics_record(struct metrics *m, const struct exchange *x);
/* How many tokens a request was expected to read from the provider's cache, and how many it read. Negative: not known,
 * and not counted. */
void metrics_prediction(struct metrics *m, int64_t predicted, int64_t actual);

/* All metrics in the Prometheus text format, version 0.0.4. */
void metrics_print(const struct services *svc, struct buf *out);
/* The reference of all metrics in Markdown: docs/metrics.md. */
void metrics_reference(struct buf *out);

#endif
