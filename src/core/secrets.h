/* SPDX-License-Identifier: MIT */
/* The keys of the configuration, and text without them: what a provider says may repeat the key that it was shown. */
#ifndef CORE_SECRETS_H
#define CORE_SECRETS_H

#include "core/exchange.h"

/* All keys that the exchange's snapshot knows; their number in *ret_n. */
const struct str *secrets_of(const struct exchange *x, size_t *ret_n) MUSTCHECK;
/* The text, with none of them in it. */
struct str secrets_masked(const struct exchange *x, struct str text) MUSTCHECK;
/* Whether a header of this name may hold a key: names tell, more or less. */
bool secrets_names_one(struct str header) MUSTCHECK;

#endif
