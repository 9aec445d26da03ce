/* SPDX-License-Identifier: MIT */
/* The parts of the Gemini door: names of members, what it refuses, how it writes. */
#ifndef SIM_GEMINI_H
#define SIM_GEMINI_H

#include "sim/ask.h"
#include "sim/reply.h"

/* The member of that name, in camel case or in snake case; NULL: there is none, or it is null. */
yyjson_val *gem_get(yyjson_val *object, const char *camel);
struct str gem_str(yyjson_val *object, const char *camel);

/* Whether all names are known where they stand; schemas of `parameters` included. */
bool check_gemini_names(const struct ask *q, yyjson_val *request, bool counting) MUSTCHECK;
/* Configuration and tools. */
bool check_gemini(const struct ask *q) MUSTCHECK;
/* Contents: roles and their order, parts, calls and responses, signatures. */
bool check_gemini_contents(const struct ask *q) MUSTCHECK;
/* The tokens that a signature stands for, 0 where one stands for none by agreement; false when it was altered. */
bool gemini_unseal(struct str signature, int64_t *ret_tokens);

void print_gemini_whole(const struct printing *p);
void print_gemini_stream(const struct printing *p);
void print_gemini_error(struct buf *out, const struct refusal *why, struct str request_id);
void print_gemini_break(struct buf *out, const struct breaking *b);

#endif
