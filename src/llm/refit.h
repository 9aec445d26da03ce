/* SPDX-License-Identifier: MIT */
/* A Messages request for another model of the same API than it was written for: parameters that this one would refuse are left out or
 * said as it takes them. What is said in the conversation is not touched. */
#ifndef LLM_REFIT_H
#define LLM_REFIT_H

#include "llm/target.h"

struct refit {
	const struct caps *caps;
	bool unasked; /* the model that was asked for would have thought without being told to: so may this one */
	bool lacks_thinking; /* a turn that called tools comes without what was thought in it: a budget for thinking would be refused */
};

/* Appends the body with the members of its top level that the model takes. False, with nothing appended, when it takes all of them, or the
 * body is no JSON object. */
bool refit_request(struct str body, const struct refit *r, struct buf *out) MUSTCHECK;

#endif
