/* SPDX-License-Identifier: MIT */
/* Rows of the ledger as JSON. Amounts are integers, nano-dollars; null is unknown; texts that are empty are left out. */
#ifndef ADMIN_ROWS_H
#define ADMIN_ROWS_H

#include "store/store.h"

/* Members of an object that has begun: each puts a comma before itself where one is due. -1 is null. */
void rows_number(struct buf *b, const char *name, int64_t v);
void rows_text(struct buf *b, const char *name, struct str v);
/* The same, also when it is empty. */
void rows_string(struct buf *b, const char *name, struct str v);
/* A comma, unless something has just begun. */
void rows_comma(struct buf *b);

void rows_time(struct buf *b, const char *name, int64_t ms);
void rows_bool(struct buf *b, const char *name, bool v);
/* Members: tokens, and the cost under a name. */
void rows_tokens(struct buf *b, const struct ledger_tokens *t);
void rows_cost(struct buf *b, const char *name, const struct ledger_cost *c);
/* Members of the totals of docs/api.md; the number of exchanges goes by a name of its own where a list has that one. */
void rows_totals(struct buf *b, const struct ledger_totals *t);
void rows_totals_of_list(struct buf *b, const struct ledger_totals *t);
/* One exchange with what belongs to it: a whole object, as lists have it. */
void rows_exchange(struct buf *b, const struct ledger_exchange *x);
/* The same with the decision: all that the ledger knows of it. */
void rows_exchange_whole(struct buf *b, const struct ledger_exchange *x);

#endif
