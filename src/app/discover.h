/* SPDX-License-Identifier: MIT */
/* Which model servers run on this machine: every provider whose address is loopback is asked for its models, all at the same time.
 * No other host is ever asked. */
#ifndef APP_DISCOVER_H
#define APP_DISCOVER_H

#include "core/config.h"

enum discovered_state {
	DISCOVERED_SILENT, /* nobody answers */
	DISCOVERED_OTHER,  /* somebody does, and lists no models */
	DISCOVERED_LOCKED, /* it wants a key */
	DISCOVERED_SERVES,
};

struct discovered {
	const struct config_provider *provider;
	enum discovered_state state;
	/* What it gives itself away as, when that is another flavor than the provider's; NULL: nothing. */
	const char *flavor;
	struct str *models;
	size_t n;
};

struct discovery {
	struct discovered *v; /* in the order of the providers */
	size_t n;
};

/* Asks, and waits for each no longer than timeout_ms. What it gives lives in the arena and the configuration. */
struct discovery discover(const struct config *c, uint64_t timeout_ms, struct arena *a);

#endif
