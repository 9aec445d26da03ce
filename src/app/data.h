/* SPDX-License-Identifier: MIT */
/* The user's data: where the ledger and a newer price table lie, and the prices that are in force. */
#ifndef APP_DATA_H
#define APP_DATA_H

#include "app/cmd.h"
#include "llm/price.h"
#include "store/store.h"

/* The ledger's file: store.path, else ledger.db in $XDG_DATA_HOME/sluice or ~/.local/share/sluice. Empty without a home
 * folder. NUL-terminated. */
struct str data_ledger(const struct config *c, struct arena *a);
/* The file that `sluice models update` writes and prices.file replaces. */
struct str data_prices(const struct config *c, struct arena *a);
/* Opens the ledger that a command line means, to read. NULL with *e; without a ledger yet, that says so. */
struct store *data_open_ledger(const struct cmd *c, struct err *e) MUSTCHECK;
/* The same to write: one that is there. */
struct store *data_open_ledger_to(
	const struct cmd *c, enum store_access access, struct err *e) MUSTCHECK;
/* Creates the folder that a file is to lie in (0700), with its parents. */
bool data_make_folder_of(struct str path, struct err *e) MUSTCHECK;

/* The built-in table, the user's own, and single models of the configuration, each over the one before. */
struct price_book {
	struct arena *arena;
	struct prices prices;
};

/* False with *e when a table or a price of the configuration cannot be used. price_book_release() in either case. */
bool price_book_load(struct price_book *ret, const struct config *c, struct err *e) MUSTCHECK;
void price_book_release(struct price_book *b);

/* Reads a file of at most max bytes. */
bool data_read_file(const char *path, size_t max, struct buf *ret, struct err *e) MUSTCHECK;

#endif
