/* SPDX-License-Identifier: MIT */
/* One exchange of the ledger, told on standard output in 80 columns as far as its names allow. */
#ifndef APP_EXPLAIN_H
#define APP_EXPLAIN_H

#include "store/store.h"

void explain_print(const struct ledger_exchange *x);
/* What was said, line by line; nothing: it was not kept. */
void explain_body(const char *part, struct str body);

#endif
