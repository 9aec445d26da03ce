/* SPDX-License-Identifier: MIT */
/* Ways to choose models that are compared: a profile of the proxy with settings of its own, or something simpler, for comparison:
 *
 *   NAME [PATH=VALUE …]  a profile of route.profile: observe, balanced, saver, max
 *   never                as asked: another word for observe
 *   hop:MODEL[:PERCENT]  a random part of all requests goes to the model (50)
 *   turns:MODEL          by the turn alone: planning, failures and long contexts go to the model that was asked for, results of tools to this one
 *
 * MODEL is one of the same provider, or PROVIDER/MODEL. */
#ifndef LAB_REPLAY_POLICY_H
#define LAB_REPLAY_POLICY_H

#include "core/exchange.h"
#include "core/models.h"

enum { REPLAY_POLICIES_MAX = 16, REPLAY_SETTINGS_MAX = 64 };

enum replay_policy_kind { POLICY_PROFILE, POLICY_HOP, POLICY_TURNS };

struct replay_policy {
	enum replay_policy_kind kind;
	struct str name;  /* as it was given */
	struct str model; /* HOP, TURNS */
	unsigned percent; /* HOP */
	uint64_t tokens;  /* TURNS: a context of more is long */
	const char **
		settings; /* "PATH=VALUE", the profile among them; behind those of the command line */
	size_t nsettings;
};

/* Reads one; its memory is the arena's. False when it is none. */
bool replay_policy_read(
	struct replay_policy *ret, struct str text, struct arena *a, struct err *e) MUSTCHECK;

/* Of those that are not the proxy's: the plan for a request that was decoded. number: of the request, from 0. */
bool replay_policy_route(
	const struct replay_policy *p, struct exchange *x, uint64_t number) MUSTCHECK;

#endif
