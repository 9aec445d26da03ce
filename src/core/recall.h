/* SPDX-License-Identifier: MIT */
/* Reads what the store remembers of a conversation and of a model, on a worker thread. */
#ifndef CORE_RECALL_H
#define CORE_RECALL_H

#include "core/exchange.h"

struct recaller;
struct recall;

struct recall_keys {
	const char *ledger; /* outlives the recaller */
	uint64_t conversation, model;
};

struct recaller *recaller_new(struct loop *loop) MUSTCHECK;
/* Jobs under way end by themselves. NULL is accepted. */
void recaller_free(struct recaller *r);
/* From the loop, later: found with what is there (empty: nothing, or nothing within a moment), then done. Neither once
 * recall_forget() was called. */
struct recall *recaller_ask(struct recaller *from, const struct recall_keys *keys,
	void (*found)(void *ctx, struct str conversation, struct str model),
	void (*done)(struct exchange *x), struct exchange *x);
void recall_forget(struct recall *r);

#endif
