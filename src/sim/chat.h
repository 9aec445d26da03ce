/* SPDX-License-Identifier: MIT */
/* The parts of the Chat Completions door: what it refuses, how it writes. */
#ifndef SIM_CHAT_H
#define SIM_CHAT_H

#include "sim/ask.h"
#include "sim/reply.h"

/* What must hold before the model is looked up. */
bool check_chat_shape(const struct ask *q) MUSTCHECK;
/* Everything else; effort: the one that counts. */
bool check_chat(const struct ask *q, struct str effort) MUSTCHECK;
/* The parts of it, a file each. */
bool check_chat_messages(const struct ask *q) MUSTCHECK;
bool check_chat_tools(const struct ask *q, struct str effort) MUSTCHECK;

void print_chat_whole(const struct printing *p);
void print_chat_stream(const struct printing *p);
void print_chat_break(struct buf *out, const struct breaking *b);

#endif
