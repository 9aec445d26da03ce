/* SPDX-License-Identifier: MIT */
/* The parts of the Responses door: what it refuses, how it writes. */
#ifndef SIM_RESPONSES_H
#define SIM_RESPONSES_H

#include "sim/ask.h"
#include "sim/reply.h"

/* What must hold before the model is looked up. */
bool check_responses_shape(const struct ask *q) MUSTCHECK;
/* Everything else; effort: the one that counts. */
bool check_responses(const struct ask *q, struct str effort) MUSTCHECK;
/* The items of `input`. */
bool check_responses_items(const struct ask *q) MUSTCHECK;
/* The tokens that the encrypted content of a reasoning item stands for; false when it was altered. */
bool responses_unseal(struct str encrypted, int64_t *ret_tokens);

void print_responses_whole(const struct printing *p);
void print_responses_stream(const struct printing *p);
void print_responses_break(struct buf *out, const struct breaking *b);

#endif
