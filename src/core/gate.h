/* SPDX-License-Identifier: MIT */
/* Holds a relayed reply back until its content begins, so that until then somebody else can be asked in its place. Bounded. */
#ifndef CORE_GATE_H
#define CORE_GATE_H

#include "core/exchange.h"
#include "llm/event.h"
#include "llm/failure.h"

struct gate {
	bool shut;
	bool learns;  /* what the reply's beginning tells is to be learned when it opens */
	bool refused; /* an error came instead of content: */
	struct failure refusal;
	struct upstream_reply head;
	struct buf kept; /* what came behind it */
	size_t max;
};

/* A gate that is shut on a reply which begins so, for up to max bytes; lives in the exchange's arena. */
struct gate *gate_new(struct exchange *x, const struct upstream_reply *r, size_t max) MUSTCHECK;
/* NULL is accepted. */
void gate_release(struct gate *g);
/* Whether it holds something back. NULL: no. */
static inline bool gate_is_shut(const struct gate *g)
{
	return g != NULL && g->shut;
}
/* Keeps bytes. False when there are too many: it is to be opened, they are kept all the same. */
bool gate_keep(struct gate *g, struct str bytes) MUSTCHECK;
/* Sends the client what was kept; from now on nothing is. */
void gate_open(struct gate *g, struct exchange *x, const struct candidate *c);

/* The head of a reply goes to the client as it came, with what we have to say. */
void gate_relay_head(struct exchange *x, const struct candidate *c, const struct upstream_reply *r);

/* Whether what is kept of a reply in one piece is one as far as can be seen: JSON, or encoded. A page of some gateway is none. */
bool gate_keeps_reply(const struct gate *g);

/* Whether a frame of a stream is content, or its end: more than a beginning, signs of life, and what nobody can read. */
bool gate_is_content(const struct event *ev);

#endif
