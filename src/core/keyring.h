/* SPDX-License-Identifier: MIT */
/* Several keys of one provider: which of them a request is shown. By weight, but a conversation keeps its key while that works, for another
 * key is another account and another prompt cache; keys that were refused rest for a while, those with little left are spared.
 * Bounded, in memory, and pure: whoever asks says what time it is. */
#ifndef CORE_KEYRING_H
#define CORE_KEYRING_H

#include "core/config.h"
#include "core/rate_limits.h"

enum { KEYRING_KEYS = 256, KEYRING_CONVERSATIONS = 4096 };

struct keyring_time {
	uint64_t mono_ms;
	int64_t wall_ms; /* that of the quotas' resets */
};

struct keyring;
struct keyring *keyring_new(void) MUSTCHECK;
void keyring_free(struct keyring *r);

/* For whom. */
struct keyring_ask {
	const struct config_provider *provider;
	struct str conversation; /* empty: none */
	uint64_t failed; /* places of keys that have failed this exchange already, a bit each */
};

/* The key for a request; NULL when the provider has no list of keys. When all rest, the one that has rested longest of what it has to.
 * NULL keyring: the first that has not failed. */
const struct config_key *keyring_choose(
	struct keyring *r, const struct keyring_ask *ask, const struct keyring_time *now);
/* Whether there is a key that has not failed and does not rest. */
bool keyring_has_other(const struct keyring *r, const struct keyring_ask *ask, uint64_t mono_ms);

/* One of them; key NULL: the provider has no list, and nothing is known. */
struct keyring_key {
	const struct config_provider *provider;
	const struct config_key *key;
};

/* What a reply's head tells of a key: by its status whether it has to rest, and its limits. retry_ms: as long as the provider says, -1: it
 * does not. */
void keyring_note(struct keyring *r, const struct keyring_key *k, unsigned status, int64_t retry_ms,
	const struct keyring_time *now);
void keyring_limits(struct keyring *r, const struct keyring_key *k, const struct http_header *h,
	size_t n, int64_t wall_ms);

/* How long a key still has to rest; 0: it may be used. */
uint64_t keyring_rest_ms(const struct keyring *r, const struct keyring_key *k, uint64_t mono_ms);
/* What is left of its scarcest quota, in per cent. */
int keyring_left_percent(const struct keyring *r, const struct keyring_key *k, int64_t wall_ms);

#endif
