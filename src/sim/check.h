/* SPDX-License-Identifier: MIT */
/* What the Messages API refuses with 400, in its own words where clients read them. One question a function; the first objection is the
 * answer. Signatures and sizes are judged later, where the prompt is rendered. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "sim/model.h"
#include "sim/refusal.h"
#include "sim/tree.h"

enum api_version { API_2023_06_01, API_2026_10_21 };

struct check {
	yyjson_val *body;
	const struct model *model;
	enum api_version version;
	bool counting; /* tokens are only counted: no max_tokens needed */
	struct refusal *why;
};

/* What must hold before the model is looked up. */
bool check_shape(const struct check *c) MUSTCHECK;
/* Everything else. */
bool check_request(const struct check *c) MUSTCHECK;

/* The parts of it, a file each. */
bool check_parameters(const struct check *c) MUSTCHECK;
bool check_thinking(const struct check *c) MUSTCHECK;
bool check_tools(const struct check *c) MUSTCHECK;
bool check_messages(const struct check *c) MUSTCHECK;
bool check_pairs(const struct check *c) MUSTCHECK;
bool check_marks(const struct check *c) MUSTCHECK;

/* Whether the model will think in this request, and whether with a budget. */
bool check_thinks(const struct check *c);
bool check_has_budget(const struct check *c);

#endif
