/* SPDX-License-Identifier: MIT */
/* What the assistant says: as scripted, or else a short deterministic answer of its own. Thinking is signed here. */
#ifndef SIM_COMPOSE_H
#define SIM_COMPOSE_H

#include "sim/reply.h"

struct compose {
	const struct ask *ask;
	yyjson_val *script; /* NULL: none */
	uint64_t serial;    /* for ids */
};

/* Fills in everything of the message but what the prompt costs. False when the script makes no sense, with why set. */
bool compose_message(struct message *ret, const struct compose *c, struct refusal *why) MUSTCHECK;

#endif
