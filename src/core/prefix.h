/* SPDX-License-Identifier: MIT */
/* The prefix state: from what conversations last sent follows what a provider's prompt cache will do with the next request, and, once
 * the provider has told its figures, what was lost and why. Kept in memory up to a bound, and in the store, so that a restart
 * does not forget and several proxies on one store agree. */
#ifndef CORE_PREFIX_H
#define CORE_PREFIX_H

#include "core/exchange.h"
#include "llm/loss.h"
#include "llm/prompt_cache.h"

struct prefixes;

/* Of one exchange; lives in its arena. */
struct foresight {
	struct foresight *next; /* of another model, for the same request */
	uint64_t who;           /* hash of provider and model */
	uint64_t provider, seed;
	struct prompt_view view;  /* gone once learned */
	struct forecast forecast; /* for the candidate that was asked */
	bool compacted;           /* the client has just summed the conversation up */
	struct loss loss;         /* once the provider has told what it read */
	struct str
		at; /* the first block that differs, where that is the cause: "messages[3].content[0]" */
	unsigned
		alarm; /* per cent that the hit rate has fallen below with this: 80, 60, 40; 0: none */
	double hit_rate; /* of the conversation, with this exchange; -1: too early to say */
	bool learned;
	bool automatic; /* the provider caches as it sees fit, without breakpoints: the forecast is for comparing, and nothing counts as lost */
	/* What the model that the client named would have read and written, in a world without us. */
	bool rerouted;
	uint64_t asked_who;
	struct prompt_view asked_view,
		asked_real; /* by what it would have, and by what it really has in its cache */
	struct forecast asked;
};

struct prefixes *prefixes_new(struct services *svc) MUSTCHECK;
/* NULL is accepted. */
void prefixes_free(struct prefixes *p);

/* Names conversation, kind and project of an exchange. True: the store may know more of the conversation than we do, and prefix_recall()
 * is to come before what follows. */
bool prefix_identify(struct exchange *x);
/* Asks the store, and calls done from the loop; never if prefix_forget() comes first. */
void prefix_recall(struct exchange *x, void (*done)(struct exchange *x));
void prefix_forget(struct exchange *x);
/* What a candidate's cache would do with the request; NULL: nothing is known. Until the reply has begun. */
const struct foresight *prefix_look(struct exchange *x, const struct candidate *c);
/* Makes that of the candidate that is asked next x->prefix. */
void prefix_foresee(struct exchange *x);
/* The same once more, when the cache may have changed since. */
void prefix_foresee_again(struct exchange *x);
/* Whether x->prefix is that of this candidate. */
bool prefix_is_of(const struct exchange *x, const struct candidate *c);
/* The routing of the conversation; NULL: none is remembered. Valid until another conversation is looked at. */
struct course *prefix_course(struct exchange *x);
/* Requests that its conversation is expected to make after this one; `prior`: before anything was observed. */
unsigned prefix_remaining(struct exchange *x, bool subagent, unsigned prior);
/* The provider has told the figures of the input: what was sent can be read from now on. Only the first call counts. */
void prefix_learn(struct exchange *x, const struct outcome *o);
/* What x->prefix->loss has cost, at these rates. */
void prefix_price_loss(struct exchange *x, const struct outcome *o, const struct rates *r);
/* The usage that the client's own choice would have had; false when it made the choice that was taken, or nothing is known. */
bool prefix_counterfactual(const struct exchange *x, const struct outcome *o, struct usage *ret);

size_t prefixes_bytes(const struct prefixes *p);

#endif
