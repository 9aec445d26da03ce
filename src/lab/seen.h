/* SPDX-License-Identifier: MIT */
/* What has been seen already: a set of 64-bit fingerprints with a ceiling. Of n different things two are taken for one with
 * a chance of n² / 2^65: 3 in 100 million for a million. */
#ifndef LAB_SEEN_H
#define LAB_SEEN_H

#include "base/str.h"

/* Slots of 8 bytes: 128 MiB when full, which takes more than twelve million things. */
enum { SEEN_SLOTS_MAX = 1 << 24 };

struct seen {
	uint64_t *slots; /* 0: free */
	size_t nslots, n;
	size_t max;       /* slots; 0: SEEN_SLOTS_MAX */
	uint64_t ignored; /* came after the set was full, and are not in it */
};

/* The fingerprint of up to three texts, whose borders count. Never 0. */
uint64_t fingerprint(struct str a, struct str b, struct str c);
bool seen_has(const struct seen *s, uint64_t key) MUSTCHECK;
/* False when it was there before. One that has no place any more is new each time. */
bool seen_add(struct seen *s, uint64_t key);
void seen_release(struct seen *s);

#endif
