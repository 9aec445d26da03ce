/* SPDX-License-Identifier: MIT */
/* Gathers what a batch of rows adds to the sums that the ledger keeps, so that each sum is written once. */
#ifndef STORE_SUMS_H
#define STORE_SUMS_H

#include "store/row.h"

enum sum_kind {
	SUM_QUARTER,      /* by model, provider */
	SUM_PART,         /* by one property: its name ("kind", "project", "caller"), its value */
	SUM_CONVERSATION, /* by conversation, session, project, model */
	SUM_CAUSE,        /* by "saved" or "lost", cause: only the figures */
};

enum { SUM_NAMES_MAX = 4 };

struct sum {
	enum sum_kind kind;
	int64_t quarter_ms;
	struct str names[SUM_NAMES_MAX]; /* views into the rows; unused ones are empty */
	struct ledger_totals totals;
	int64_t first_ms, last_ms;   /* of a conversation */
	int64_t count, tokens, nusd; /* of a cause */
	uint32_t next;               /* in its chain */
};

struct sums;

struct sums *sums_new(void) MUSTCHECK;
/* NULL is accepted. */
void sums_free(struct sums *s);
/* Forgets all, keeping the memory. */
void sums_clear(struct sums *s);
/* Adds what one row is a part of. The row must live until the sums are cleared. */
void sums_add(struct sums *s, const struct ledger_exchange *row);
const struct sum *sums_list(const struct sums *s, size_t *ret_n);

#endif
