/* SPDX-License-Identifier: MIT */
/* What the dashboard asks of the ledger, in the shapes of docs/api.md. */
#ifndef ADMIN_VIEWS_H
#define ADMIN_VIEWS_H

#include "admin/span.h"

enum { VIEW_LATENCY_MAX = 20000, VIEW_GROUPS_MAX = 1000 };

bool view_overview(struct buf *out, struct store *s, const struct span *span, int64_t now_ms,
	struct err *e) MUSTCHECK;

/* p: its limit, its text, and what it goes on behind. */
bool view_conversations(
	struct buf *out, struct store *s, const struct query_params *p, struct err *e) MUSTCHECK;
/* One with its exchanges; p: its conversation, limit, and the id in text to go on behind. ERR_NOT_FOUND without it. */
bool view_conversation(
	struct buf *out, struct store *s, const struct query_params *p, struct err *e) MUSTCHECK;
/* ERR_NOT_FOUND without it. */
bool view_exchange(struct buf *out, struct store *s, struct str id, struct err *e) MUSTCHECK;
bool view_alarms(
	struct buf *out, struct store *s, const struct query_params *p, struct err *e) MUSTCHECK;

/* Something to group by: a group of the store, or days. */
struct grouping {
	const char *name;
	enum group by;
	bool days;
};
/* False when there is none of that name. */
bool grouping_find(struct str name, struct grouping *ret);
/* The names, for a message. */
extern const char grouping_choice[];
/* Who hears of groups. */
struct grouping_listener {
	row_fn *fn;
	void *ctx;
};
/* Tells the groups of a span, dearest first, days latest first: at most so many. Names of days are dates. */
bool grouping_ask(struct store *s, const struct grouping *g, const struct query_params *p,
	const struct grouping_listener *to, struct err *e) MUSTCHECK;
bool view_groups(struct buf *out, struct store *s, const struct grouping *g,
	const struct query_params *p, struct err *e) MUSTCHECK;

#endif
