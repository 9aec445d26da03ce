/* SPDX-License-Identifier: MIT */
/* A whole neutral reply, gathered from its events: for clients that want one JSON body, and for event streams whose last event
 * repeats everything (Responses). */
#ifndef LLM_REPLY_H
#define LLM_REPLY_H

#include "llm/event.h"

struct reply_part {
	struct reply_part *next;
	enum part_kind kind; /* TEXT, REASONING, CALL */
	bool freeform;
	struct buf text;     /* as in EV_TEXT */
	struct str id, name; /* CALL; in the arena */
	struct native native;
};

struct reply {
	struct arena *arena;
	struct reply_part *first, *last;
	struct str id, model;
	struct usage usage;
	enum stop_reason stop; /* NONE: it has not ended */
	struct str detail;
	size_t bytes,
		max_bytes; /* of all texts; what would go beyond is not kept, and overflow is set */
	bool overflow;
	unsigned calls; /* so many of the parts */
};

void reply_init(struct reply *r, struct arena *a, size_t max_bytes);
/* Takes in one event; EV_ERROR and EV_RAW leave it as it is. */
void reply_add(struct reply *r, const struct event *ev);
/* The texts only: the rest is the arena's. */
void reply_release(struct reply *r);

#endif
