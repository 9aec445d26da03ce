/* SPDX-License-Identifier: MIT */
/* What the parts of the router share about one exchange. */
#ifndef CORE_ROUTING_H
#define CORE_ROUTING_H

#include "core/decision.h"
#include "core/exchange.h"
#include "core/models.h"
#include "core/script.h"
#include "llm/planner.h"
#include "llm/turn.h"

struct routing {
	struct exchange *x;
	struct candidate asked; /* whom the client means */
	bool left_to_us;        /* it names no model, but leaves the choice to us */
	const struct turn_facts *turn;
	struct planner_turn plan;
	struct course *course; /* NULL: none is remembered */
	enum route_profile profile;
	int64_t tokens; /* of the request, estimated; 0: not known */
};

/* A candidate of an entry; params and model are the entry's. False: there is no such provider. */
bool routing_candidate(const struct routing *r, const struct model_entry *e, struct candidate *ret);
/* The name of its model: its own, or the client's. */
struct str routing_model(const struct routing *r, const struct candidate *c);
/* Whether both are the same model of the same provider, however it is spelled. */
bool routing_same(const struct routing *r, const struct candidate *a, const struct candidate *b);
/* Who has answered this conversation so far; the asked one, unless somebody else has. */
struct candidate routing_current(const struct routing *r);

/* What the turn is: fills the parts of r that say so. */
void routing_read(struct routing *r);
/* The same for scripts. */
void routing_facts(const struct routing *r, struct script_facts *ret);
/* By the profile: weighs candidates, if there are several, and notes them in the decision. Returns the one chosen. */
struct candidate routing_by_profile(struct routing *r, struct decision *d);
/* Where the conversation goes without having been weighed. */
void routing_note(struct routing *r, const struct candidate *chosen);

#endif
