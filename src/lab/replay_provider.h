/* SPDX-License-Identifier: MIT */
/* The simulated provider (sim/engine) behind a door of its own: the simulator shares no words with the proxy, and some mean other things
 * there. */
#ifndef LAB_REPLAY_PROVIDER_H
#define LAB_REPLAY_PROVIDER_H

#include "base/arena.h"
#include "llm/price.h"
#include "wire/http.h"

struct replay_provider;

struct replay_provider *replay_provider_new(const struct prices *prices) MUSTCHECK;
void replay_provider_free(struct replay_provider *p);

struct replay_answer {
	unsigned status;
	struct str *pieces; /* of the body, as they leave */
	size_t n;
	bool charged;
	struct usage usage;
	struct cost cost; /* total -1: the price is not known */
};

struct replay_question {
	struct http_head head;
	struct str body, blocks; /* blocks: of the recorded reply, a JSON array */
	int64_t now_ms;
};

/* Answers a request; all of the answer is in the arena. */
void replay_provider_ask(struct replay_provider *p, const struct replay_question *q,
	struct arena *a, struct replay_answer *ret);

#endif
