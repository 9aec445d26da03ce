/* SPDX-License-Identifier: MIT */
/* The request that goes to a provider, made from the client's: target, headers, body, and how to get there.
 * What is not named here stays as it came, in order and number. */
#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H

#include "core/exchange.h"

/* Fills *ret for a candidate; views live in the exchange and its arena, a body with another model in `spliced`
 * (released by the caller). For a candidate of another dialect nothing of the client's request is taken over but its content, and its key
 * when the candidate is the provider that the client means and none is configured. False, with x->err set, when the candidate cannot be
 * asked that. Left out of the client's headers: hop-by-hop and framing ones, Host, Expect, x-sluice-*, the proxy's own key, and auth headers
 * when the provider has a key configured or is not the one that the client means; that one alone also gets cookies and what else may hold a
 * key by its name. */
bool request_build(struct exchange *x, const struct candidate *c, struct buf *spliced,
	struct upstream_request *ret) MUSTCHECK;

#endif
