/* SPDX-License-Identifier: MIT */
/* What models were found not to take, by what their providers have refused: applied to what the tables say of them, kept in the store, and read
 * from there at the start. */
#ifndef CORE_LEARNED_H
#define CORE_LEARNED_H

#include "core/exchange.h"
#include "llm/target.h"

struct learned;

/* Reads what an earlier process has kept; what cannot be read is forgotten. */
struct learned *learned_new(struct services *svc) MUSTCHECK;
/* NULL is accepted. */
void learned_free(struct learned *l);
/* A capability that this model lacks. False when that was known already. */
bool learned_add(
	struct learned *l, struct str provider, struct str model, struct str capability) MUSTCHECK;
/* Where the list ends now, and whether that capability of the model has come into it since then. NULL is accepted as l. */
size_t learned_end(const struct learned *l) MUSTCHECK;
bool learned_since(const struct learned *l, size_t end, struct str provider, struct str model,
	struct str capability) MUSTCHECK;
/* Takes from caps what this model lacks. NULL is accepted as l. */
void learned_apply(
	const struct learned *l, struct str provider, struct str model, struct caps *caps);

#endif
