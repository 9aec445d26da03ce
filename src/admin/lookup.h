/* SPDX-License-Identifier: MIT */
/* The endpoints that read the ledger. They run on worker threads, each with a connection of its own to the store. */
#ifndef ADMIN_LOOKUP_H
#define ADMIN_LOOKUP_H

#include "base/buf.h"
#include "base/err.h"

/* GET /stats: all spans, or span=today|week|month|all. */
bool lookup_stats(struct buf *body, const char *ledger, struct str query, struct err *e);
/* GET /history: the latest exchanges; limit=N, after=ID (the next page), from= and to= in milliseconds or as 2026-11-21;
 * id=ID for one. */
bool lookup_history(struct buf *body, const char *ledger, struct str query, struct err *e);

/* GET /sluice/api/…: docs/api.md says what they take and give. */
bool lookup_overview(struct buf *body, const char *ledger, struct str query, struct err *e);
bool lookup_conversations(struct buf *body, const char *ledger, struct str query, struct err *e);
bool lookup_conversation(struct buf *body, const char *ledger, struct str query, struct err *e);
bool lookup_exchange(struct buf *body, const char *ledger, struct str query, struct err *e);
bool lookup_alarms(struct buf *body, const char *ledger, struct str query, struct err *e);
bool lookup_groups(struct buf *body, const char *ledger, struct str query, struct err *e);

#endif
