/* SPDX-License-Identifier: MIT */
/* What other ways would have made of the same requests. A way is a row: what it is called, what it assumes, and what it
 * makes of one request, seen beside the one before it. */
#ifndef LAB_PROFILE_H
#define LAB_PROFILE_H

#include "lab/chain.h"

enum profile_id {
	PROFILE_OBSERVE,
	PROFILE_5M,
	PROFILE_1H,
	PROFILE_CHEAPER_TTL,
	PROFILES,
};

struct profile {
	const char *name;
	const char *title;   /* for people, at most 30 characters */
	const char *assumes; /* one sentence */
	bool what_if;        /* no profile of sluice, but a question that the same data answers */
	/* The usage that the request would have had. NULL: the row is, of each conversation, the cheapest of the rows
	 * in `cheapest_of` (one bit each), which stand before it. */
	void (*usage)(const struct step *s, struct usage *ret);
	unsigned cheapest_of;
};

extern const struct profile profiles[PROFILES];

/* What a conversation would have cost under each row; all zero at its beginning. Requests without a known price are left
 * out of all of them. */
struct profile_bill {
	int64_t nusd[PROFILES];
	int64_t requests;
};

/* Adds one request; cost is what it did cost. False, and nothing added, when a row's price of it is not known. */
bool profile_add(struct profile_bill *b, const struct step *s, const struct cost *cost);
/* Settles the rows that choose, at the end of a conversation, and adds it all to a sum. */
void profile_settle(struct profile_bill *b, struct profile_bill *sum);

#endif
