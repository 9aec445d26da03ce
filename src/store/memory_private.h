/* SPDX-License-Identifier: MIT */
/* What the files of the store in memory share. */
#ifndef STORE_MEMORY_PRIVATE_H
#define STORE_MEMORY_PRIVATE_H

#include "store/row.h"

/* One that was pruned is still counted, as far as it would be, and not told any more. */
struct memory_row {
	struct ledger_exchange *x;
	bool pruned;
};

/* The rows as they are now, in the order in which they were added: exchanges are neither changed nor freed later. */
struct snapshot {
	struct memory_row *rows;
	size_t n;
};

bool memory_ask(const struct snapshot *s, const struct query_params *p, row_fn *fn, void *ctx,
	struct err *e);

#endif
