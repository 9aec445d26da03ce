/* SPDX-License-Identifier: MIT */
/* What one attempt costs, for the account at its end and for whoever looks on while it goes on. */
#ifndef CORE_BILLING_H
#define CORE_BILLING_H

#include "core/exchange.h"

/* The model that answers, as the provider names it, or else the one that was asked for. */
struct str billing_model(const struct exchange *x, const struct outcome *o);
/* Output tokens so far: those that the provider has told, or an estimate by the bytes of content where that is more; -1
 * when there is nothing to go by. An estimate for event streams. */
int64_t billing_output(const struct outcome *o);
/* The price of a usage; COST_UNKNOWN when the model's is not known or counts are missing. */
void billing_price(
	const struct exchange *x, const struct outcome *o, const struct usage *u, struct cost *ret);
/* The same on a model of that name, and at that moment. */
void billing_price_of(const struct exchange *x, struct str model, int64_t at_ms,
	const struct usage *u, struct cost *ret);
/* The rates that an attempt was billed by; false when they are not known. */
bool billing_rates(const struct exchange *x, const struct outcome *o, struct rates *ret);
/* Refusals, failures to connect, counting and looking things up are free. */
bool billing_is_free(const struct exchange *x, const struct outcome *o);

#endif
