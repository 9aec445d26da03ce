/* SPDX-License-Identifier: MIT */
/* How the Messages API writes its replies. */
#ifndef SIM_PRINT_MESSAGES_H
#define SIM_PRINT_MESSAGES_H

#include "sim/reply.h"

void print_messages_whole(const struct printing *p);
void print_messages_stream(const struct printing *p);
void print_messages_break(struct buf *out, const struct breaking *b);
void print_messages_count(struct buf *out, int64_t tokens);

#endif
