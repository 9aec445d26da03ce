/* SPDX-License-Identifier: MIT */
/* The stages in order. Stages never see each other: each reads and writes the exchange. */
#include "stages/stages.h"

const struct stage stages[] = {
	{ "auth", stage_auth, false },
	{ "local", stage_local, false },
	{ "models", stage_models, false },
	{ "admit", stage_admit, false },
	{ "receive", stage_receive, false },
	{ "decode", stage_decode, false },
	{ "identify", stage_identify, false },
	{ "route", stage_route, false },
	{ "foresee", stage_foresee, false },
	{ "gather", stage_gather, false },
	{ "call", stage_call, false },
	{ "account", stage_account, true },
	{ "record", stage_record, true },
	{ 0 },
};
