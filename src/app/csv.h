/* SPDX-License-Identifier: MIT */
/* Rows of the ledger as comma-separated values (RFC 4180) on standard output. What is unknown is empty. */
#ifndef APP_CSV_H
#define APP_CSV_H

#include "store/store.h"

/* One field more in a line; first: it begins one. */
void csv_text(struct str s, bool first);
void csv_number(int64_t n);

/* Totals: a line of names, and a row_fn. */
void csv_totals_head(const char *name);
bool csv_totals(void *ctx, const struct query_row *row);
/* All causes of losses and savings in a span. */
bool csv_causes(struct store *s, const struct query_params *p, struct err *e) MUSTCHECK;
/* Exchanges: a line of names, and a row_fn. */
void csv_exchange_head(void);
bool csv_exchange(void *ctx, const struct query_row *row);

#endif
