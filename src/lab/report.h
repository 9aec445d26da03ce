/* SPDX-License-Identifier: MIT */
/* An audit as JSON for programs, and as tables for people. */
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

#include "lab/audit.h"

enum audit_by { BY_DAY, BY_PROJECT, BY_MODEL, BY_KIND, BY_SESSION, BY_COUNT, BY_ALL = BY_COUNT };

struct audit_view {
	unsigned width; /* columns; at least 80 are used */
	bool colour;
	enum audit_by by; /* one table whole; BY_ALL: the overview */
};

/* "day", "project" …; NULL for BY_ALL. */
const char *audit_by_name(enum audit_by by);
/* False when there is no grouping of that name. */
bool audit_by_find(struct str name, enum audit_by *ret) MUSTCHECK;
/* The sums of a grouping. */
const struct tally *audit_tally(const struct audit *a, enum audit_by by);
/* Numbers of the rows that hold requests, days in order, others dearest first; freed by the caller. */
size_t *audit_order(const struct tally *t, bool by_name, size_t *ret_n) MUSTCHECK;

/* One JSON object (docs/audit.md). */
void audit_json(const struct audit *a, struct buf *out);
void audit_text(const struct audit *a, const struct audit_view *v, struct buf *out);

#endif
