/* SPDX-License-Identifier: MIT */
/* What the two halves of the prefix state share: before a request is sent, and after its usage is known. */
#ifndef CORE_PREFIX_PRIVATE_H
#define CORE_PREFIX_PRIVATE_H

#include "core/conversation.h"
#include "core/prefix.h"
#include "llm/estimate.h"
#include "llm/survival.h"

enum { MODELS_MAX = 64, LEARNED_ENOUGH = 5 };

/* What was learned of one provider's model. */
struct model_state {
	uint64_t who; /* 0: free */
	struct estimator estimator;
	int64_t min_tokens;         /* prefixes up to here were not cached; 0: nothing learned */
	struct survival lengths[2]; /* of conversations, of subagents, in which it was asked for */
	int64_t used_ms;
	bool unsaved;
};

struct prefixes {
	struct services *svc;
	struct conversations *conversations;
	struct prompt_cache *cache;
	struct model_state models[MODELS_MAX];
	struct recaller *recaller;
	struct timer *save; /* NULL: not needed yet */
	bool saving;        /* the timer runs */
};

/* That of a model, made when it is new. */
struct model_state *prefix_model(struct prefixes *p, uint64_t who, double density);
/* What has changed of it is written to the store in a moment. */
void prefix_save_soon(struct prefixes *p, struct conversation *c);

#endif
