/* SPDX-License-Identifier: MIT */
/* What is known of a provider before it is asked: whether it would let a request in, whether it is on this machine, and which
 * models it has. */
#ifndef CORE_PROVIDER_H
#define CORE_PROVIDER_H

#include "core/config.h"
#include "llm/price.h"

/* Where the key of a request comes from that somebody else's client has sent. */
enum provider_key {
	PROVIDER_KEY_SET,      /* the configuration */
	PROVIDER_KEY_FOUND,    /* the variable in which people keep it: p->key_env */
	PROVIDER_KEY_HEADERS,  /* maybe the headers that are set on every request to it */
	PROVIDER_KEY_UNNEEDED, /* it is on this machine, and takes requests without one */
	PROVIDER_KEY_CLIENT, /* only from the clients that mean it by themselves, who bring their own */
	PROVIDER_KEY_MISSING,
	PROVIDER_KEYS,
};
/* The first of these that there is. */
enum provider_key provider_key(const struct config_provider *p);
/* The word for it in JSON. */
const char *provider_key_name(enum provider_key k);

/* Whether its address is this machine by itself, whatever a name server says. */
bool provider_is_local(const struct config_provider *p);

/* The next model that the price table knows it to have; *at begins with 0. NULL behind the last. */
const struct price *provider_next_model(
	const struct config_provider *p, const struct prices *t, size_t *at);

#endif
