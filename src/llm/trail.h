/* SPDX-License-Identifier: MIT */
/* What the last turns of a conversation did, from the latest scraps of its messages: alike for all dialects. */
#ifndef LLM_TRAIL_H
#define LLM_TRAIL_H

#include "llm/sketch.h"

/* Counted since the user has last said something. A step is what one reply calls, and the results of that. */
struct trail {
	unsigned
		errors; /* results that failed, in the steps at the end that have any, without one between that has none */
	unsigned misses; /* those of them that were edits whose old text was not found */
	unsigned
		repeats; /* how many steps at the end call just what one of the two before them did; waiting does not count */
	unsigned calls, edits; /* of the last step; lists of what is to be done do not count */
	bool open_loop;        /* its results are what is sent now */
	bool edited;           /* some edit is to be seen, before that too */
	bool plan_mode;        /* the user is to agree to a plan before anything is changed */
	bool correction; /* and what he says now is that it is wrong, or he has stopped the model and said what to do instead */
	struct str
		prompt; /* his last own words, as JSON has them, without quotes; empty: not known */
};

/* No more than SCRAPS_KEPT scraps are looked at, the ends of each, and closely only the last 24. */
void trail_read(struct trail *ret, const struct sketch *s);

#endif
