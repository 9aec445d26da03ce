/* SPDX-License-Identifier: MIT */
/* What is to be known of a candidate to ask it: its dialect, its manners, what its model can, and what the configuration sets in its
 * requests. */
#ifndef CORE_CANDIDATE_H
#define CORE_CANDIDATE_H

#include "core/exchange.h"
#include "llm/target.h"
#include "llm/thinking.h"

/* Appends a request body with those parameters set as members of it, as JSON where they are JSON, else as strings, in the place of
 * those that are there; capabilities ("caps.") left out. */
void candidate_set_params(struct buf *out, struct str body, struct str params);

/* The key of ours that it is shown; empty: the client's own, or none. One from the environment is for the providers that the
 * client does not mean, which it has no key for. */
struct str candidate_key(const struct exchange *x, const struct candidate *c);

/* In which dialect a provider is best asked by a client of this one. */
const struct dialect *candidate_dialect(
	const struct config_provider *p, const struct dialect *client, struct str model);
/* The manners of a provider: its flavor as configured, or what its dialect has of itself. */
const struct flavor *candidate_flavor(const struct config_provider *p);

/* The canonical name of the model that a candidate is asked for, see prices_canonical(). */
struct str candidate_model(const struct exchange *x, const struct candidate *c);
/* Whether that is another model than the client has asked for, or than the one that the configuration puts in its place always. */
bool candidate_rerouted(const struct exchange *x, const struct candidate *c);
/* Whether the model that the client has asked for thinks without being told to. */
bool candidate_asked_thinks(const struct exchange *x);
/* What becomes of the thinking in a conversation that this candidate is sent as it is. */
void candidate_thinking(
	struct thinking_rules *ret, const struct exchange *x, const struct candidate *c);

/* Whom a candidate is: for printing a request. */
void candidate_target(struct target *ret, const struct exchange *x, const struct candidate *c);

#endif
