/* SPDX-License-Identifier: MIT */
/* Sums by name: what each day, project, model, kind and session has spent and lost. */
#ifndef LAB_TALLY_H
#define LAB_TALLY_H

#include "base/arena.h"
#include "llm/price.h"

/* Requests without a known price are in the counts, and not in the dollars. Sums that do not fit stay at the largest. */
struct amounts {
	int64_t requests, unpriced;
	struct usage tokens; /* cache_write: all writes; reasoning is not kept */
	struct cost cost;
	int64_t lost_tokens, lost_nusd;
};

struct tally_row {
	struct str name;
	struct amounts sum;
	int64_t from_ms, to_ms; /* of the first and the last request; -1: none has a time */
};

/* Rows keep their number for good, in the order in which they were first named. */
struct tally {
	struct tally_row *rows;
	size_t n, cap;
	uint32_t *slots; /* number of a row + 1 */
	size_t nslots;
	struct arena *names; /* borrowed */
};

void tally_init(struct tally *t, struct arena *names);
void tally_release(struct tally *t);
/* The number of the row of that name, which is made when it is new. */
size_t tally_row(struct tally *t, struct str name);
/* a += b, at most the largest number. */
void tally_sum(int64_t *a, int64_t b);
/* Adds to a row; at_ms is when that happened. */
void tally_add(struct tally *t, size_t row, const struct amounts *a, int64_t at_ms);
/* Adds to other amounts. */
void amounts_add(struct amounts *sum, const struct amounts *a);
/* Input tokens of all kinds. */
int64_t usage_input(const struct usage *u);

#endif
