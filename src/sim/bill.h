/* SPDX-License-Identifier: MIT */
/* The bill: a row for every model turn that was asked for, what it cost by component, and the sums. */
#ifndef SIM_BILL_H
#define SIM_BILL_H

#include "base/arena.h"
#include "llm/price.h"

enum bill_outcome {
	BILL_WAITING, /* not begun: nothing is charged */
	BILL_BEGUN,   /* the reply is on its way: charged in full */
	BILL_WHOLE,
	BILL_CUT,     /* broken off by a fault */
	BILL_GONE,    /* the client left */
	BILL_REFUSED, /* an error was the answer */
};

struct bill_row {
	uint64_t n; /* of the request */
	int64_t at_ms;
	struct str model, workspace, script, error;
	unsigned status;
	bool stream, charged;
	enum bill_outcome outcome;
	struct usage usage;
	struct cost cost;
};

struct bill;

struct bill *bill_new(void) MUSTCHECK;
void bill_free(struct bill *b);
/* Adds a copy; its texts are copied too. */
void bill_add(struct bill *b, const struct bill_row *row);
/* The row of a request, until the next bill_add(); NULL when it has none. */
struct bill_row *bill_find(struct bill *b, uint64_t n);
/* Appends the bill as JSON: sums by model and over all; rows of requests from `since` on when rows is set. */
void bill_print(struct buf *out, const struct bill *b, bool rows, uint64_t since);

#endif
