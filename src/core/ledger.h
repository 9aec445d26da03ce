/* SPDX-License-Identifier: MIT */
/* The ledger as exchanges see it: a finished exchange becomes rows, and what the store cannot take is told in the log. */
#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H

#include "core/exchange.h"
#include "store/writer.h"

struct ledger;

/* Starts the store's writer. path must live as long as the ledger. Never fails: a store that cannot be opened is tried
 * again, and the log says so. */
struct ledger *ledger_new(
	struct services *svc, const struct store_driver *driver, const char *path) MUSTCHECK;
/* Writes what waits. Before the log ends. NULL is accepted. */
void ledger_free(struct ledger *l);
void ledger_record(struct ledger *l, const struct exchange *x);
/* Whether the rows of all exchanges in work would find room. */
bool ledger_has_room(const struct ledger *l);
/* Keeps a value that is to outlive the process; not now, but soon. */
void ledger_keep(struct ledger *l, const struct store_value *value);
void ledger_state(struct ledger *l, struct writer_state *ret);
const char *ledger_path(const struct ledger *l);

#endif
