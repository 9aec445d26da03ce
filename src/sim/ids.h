/* SPDX-License-Identifier: MIT */
/* Ids of calls: which ones there are, and whether any is used twice. */
#ifndef SIM_IDS_H
#define SIM_IDS_H

#include "base/str.h"

/* Sorts the list. */
bool ids_are_unique(struct str *ids, size_t n);

/* A list that grows. */
struct ids {
	struct str *v;
	size_t n, cap;
};

void ids_add(struct ids *l, struct str id);
/* How often it is in the list, from `from` on. */
size_t ids_count(const struct ids *l, size_t from, struct str id);
void ids_release(struct ids *l);

#endif
