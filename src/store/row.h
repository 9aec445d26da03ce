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

/* All members of each kind of row but the lists of attempts and savings, and but model and provider of the totals. */
extern const struct columns exchange_columns, attempt_columns, saving_columns, totals_columns;

/* The size of a copy with all its texts, attempts and savings. */
size_t row_bytes(const struct ledger_exchange *row);
/* Makes that copy in row_bytes() bytes, aligned for any type. It stands for itself: nothing points out of it. */
void row_copy(const struct ledger_exchange *row, struct ledger_exchange *to);

/* Adds one exchange to sums. */
void totals_add(struct ledger_totals *t, const struct ledger_exchange *row);

/* Adds sums to sums. */
void totals_sum(struct ledger_totals *to, const struct ledger_totals *more);

/* Sorts n durations, and tells their percentiles. */
struct ledger_percentiles percentiles_of(int64_t *v, size_t n);
/* Sorts n names and drops repeated ones. Returns how many stay. */
size_t names_sort(struct str *v, size_t n);

/* What a figure counts in sums: what is unknown counts as 0, and a mad one as no more than 10^15. */
int64_t counted(int64_t v);
/* The same for what may be negative. */
int64_t counted_signed(int64_t v);

enum { QUARTER_MS = 15 * 60 * 1000, DAY_MS = 24 * 60 * 60 * 1000 };
/* When the quarter of an hour, or the day (of UTC), began that this moment is in. */
int64_t quarter_of(int64_t ms);
int64_t day_of(int64_t ms);

#endif
