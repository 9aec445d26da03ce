/* SPDX-License-Identifier: MIT */
/* Keeps what was said, if the user asks for it (record.bodies): the beginning of each request and each reply, without secrets. */
#ifndef CORE_BODIES_H
#define CORE_BODIES_H

#include "core/exchange.h"

struct bodies;

/* NULL when nothing is to be kept of this exchange. Lives in its arena, but for what bodies_end() frees. */
struct bodies *bodies_begin(struct exchange *x);
/* Passes on what comes, and keeps the beginning. NULL is accepted as b: then next is the answer. */
struct sink *bodies_sink(struct bodies *b, struct sink *next);
/* Hands over to the ledger what was kept. */
void bodies_end(struct exchange *x);

#endif
