/* SPDX-License-Identifier: MIT */
/* Ids in the shape that a client's dialect has them, made from the provider's: pure functions, so that a reference in a later
 * request maps the same way. */
#ifndef LLM_IDS_H
#define LLM_IDS_H

#include "base/arena.h"
#include "base/buf.h"

/* The part of a reply's id that is the same in all dialects: without one of the prefixes chatcmpl-, resp_, msg_, gen-, and without
 * characters other than A-Z a-z 0-9 _ -. Empty when nothing is left: the caller has a random one. Arena only when it must. */
struct str id_base(struct str id, struct arena *a);

/* The id of a call as it goes to the other side: as it is when it is 1 to 64 of A-Z a-z 0-9 _ -, else prefix ("toolu_", "call_") + 'x' + the
 * first 24 hex digits of its SHA-256. */
struct str id_of_call(struct str escaped, const char *prefix, struct arena *a);
/* The same where the provider has given none: prefix, base, '_', n. */
struct str id_made_up(const char *prefix, struct str base, unsigned n, struct arena *a);

#endif
