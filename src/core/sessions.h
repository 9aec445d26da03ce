/* SPDX-License-Identifier: MIT */
/* What each session has cost so far, for the log: kept in memory since the start, the latest few thousand sessions. The
 * ledger has the whole truth. */
#ifndef CORE_SESSIONS_H
#define CORE_SESSIONS_H

#include "core/exchange.h"

struct sessions;

struct sessions *sessions_new(void) MUSTCHECK;
void sessions_free(struct sessions *s);
/* Adds nano-dollars to a session's total, and returns it. */
int64_t sessions_add(struct sessions *s, struct str session, int64_t nano);
/* The session that an exchange says it is part of; empty: it does not say. */
struct str exchange_session(const struct exchange *x);

#endif
