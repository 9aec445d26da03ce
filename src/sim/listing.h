/* SPDX-License-Identifier: MIT */
/* The models that are served at a door, as its API lists them. */
#ifndef SIM_LISTING_H
#define SIM_LISTING_H

#include "sim/door.h"

struct listing {
	const struct prices *prices;
	const struct door *door;
	struct str query; /* may have limit and after_id, at Anthropic's door */
	struct str one;   /* the model that is asked for; p == NULL: all */
	struct refusal *why;
};

/* Appends the list, or one model. False, with why set, when there is none of that name, or the query makes no sense. */
bool listing_print(struct buf *out, const struct listing *l) MUSTCHECK;

#endif
