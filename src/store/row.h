/* SPDX-License-Identifier: MIT */
/* What every store and the writer do with a row: describe it column by column, copy it, count it. */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "store/store.h"

enum column_type {
	COLUMN_TEXT,   /* struct str */
	COLUMN_NUMBER, /* int64_t */
	COLUMN_COUNT,  /* int64_t; negative: unknown or none */
	COLUMN_STATUS, /* unsigned */
	COLUMN_FLAG,   /* bool */
};

/* A member of a row under the name that it has in a table. */
struct column {
	const char *name;
	enum column_type type;
	size_t offset;
};

struct columns {
	const struct column *v;
	size_t n;
};

/* All members of the three kinds of row but the list of attempts, and but model and provider of the totals. */
extern const struct columns exchange_columns, attempt_columns, totals_columns;

/* The size of a copy with all its texts and attempts. */
size_t row_bytes(const struct ledger_exchange *row);
/* Makes that copy in row_bytes() bytes, aligned for any type. It stands for itself: nothing points out of it. */
void row_copy(const struct ledger_exchange *row, struct ledger_exchange *to);

/* Adds one exchange to sums. */
void totals_add(struct ledger_totals *t, const struct ledger_exchange *row);

enum { QUARTER_MS = 15 * 60 * 1000 };
/* When the quarter of an hour began that this moment is in. */
int64_t quarter_of(int64_t ms);

#endif
