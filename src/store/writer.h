/* SPDX-License-Identifier: MIT */
/* Brings ledger rows from the loop to a store, on a thread of its own, in batches.
 *
 * A row is written at most flush_ms after it was submitted, when the store is well. A batch that fails is tried again, with
 * growing pauses up to a second, until it succeeds or the writer ends; meanwhile rows queue up. What comes to a full queue is
 * dropped and counted: whoever must not lose rows asks writer_has_room() before it takes on new work. A row that the store
 * refuses for itself (ERR_INVALID) is dropped alone, so that it does not keep the others waiting for ever. Values go with the
 * rows, and wait with them. */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "store/store.h"

struct writer;

struct writer_options {
	const struct store_driver *driver;
	const char *path;
	uint64_t flush_ms;
	size_t queue_rows;  /* exchanges */
	size_t queue_bytes; /* of values; 0: 32 MiB */
	/* What may stay in the store; 0: for ever, and any size. Looked at every ten minutes; days of UTC go as a whole. */
	uint64_t keep_days, keep_bytes;
	uint64_t prune_ms; /* how long after the start that is first; 0: five seconds */
};

/* What became of the rows so far: submitted = written + dropped + waiting. */
struct writer_state {
	uint64_t submitted, written;
	uint64_t dropped;  /* the queue was full, or the store refused the row */
	uint64_t failures; /* tries that failed, to open or to write */
	size_t waiting;    /* the batch under way included */
	uint64_t lag_ms;   /* since when the oldest of them waits, at most */
	bool failing;      /* the last try failed */
	struct err last;   /* of the last failure; ERR_NONE: there was none */
	/* Values are not counted above. */
	size_t values_waiting, value_bytes;
	uint64_t values_dropped;
	uint64_t pruned; /* exchanges that were removed */
};

/* Opens the store on its thread: a store that cannot be opened is tried again like a batch that fails, and does not keep the
 * program from starting. Rows may be submitted at once. */
struct writer *writer_new(const struct writer_options *o) MUSTCHECK;
/* Copies the row with all its texts and hands it over. Never waits for the store. False: the queue was full. Any thread. */
bool writer_submit(struct writer *w, const struct ledger_exchange *row);
/* Copies a value and hands it over, to be kept in the same transactions as rows. One of the same name that still waits is
 * replaced, unless its version is newer. Never waits for the store. False: so many bytes wait that it found no room. Any thread. */
bool writer_put(struct writer *w, const struct store_value *value);
/* Whether so many more rows would still find room. Any thread. */
bool writer_has_room(const struct writer *w, size_t rows);
/* Any thread. */
void writer_state(struct writer *w, struct writer_state *ret);
/* Writes what waits, ends the thread and frees. No try begins later than timeout_ms from now, but the first; a try under
 * way is waited for. Returns the number of rows that were waiting and are lost. NULL is accepted. */
size_t writer_free(struct writer *w, uint64_t timeout_ms);

#endif
