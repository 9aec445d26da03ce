/* SPDX-License-Identifier: MIT */
/* The models that the provider serves, as its API lists them. */
#ifndef SIM_LISTING_H
#define SIM_LISTING_H

#include "llm/price.h"
#include "sim/refusal.h"

/* Appends a page; the query may have limit and after_id. False, with why set, when it makes no sense. */
bool listing_print(struct buf *out, const struct prices *prices, struct str query,
	struct refusal *why) MUSTCHECK;
/* Appends one. False: there is none of that name. */
bool listing_print_one(struct buf *out, const struct prices *prices, struct str name,
	struct refusal *why) MUSTCHECK;

#endif
