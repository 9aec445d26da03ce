/* SPDX-License-Identifier: MIT */
/* The name table: which provider's model answers to the name that a client asks for (`models` in the configuration), and how it is
 * asked. An entry's value is "PROVIDER/MODEL", maybe with parameters behind it: "openai/gpt-6.1-sol reasoning_effort=low caps.stop=false".
 * MODEL may be "*": the name that was asked for. */
#ifndef CORE_MODELS_H
#define CORE_MODELS_H

#include "core/config.h"

/* What parameters begin with that say what a model can; see caps_set(). */
#define MODELS_CAPS "caps."

struct model_entry {
	struct str provider, model, params;
};

/* Splits a value. False (ERR_INVALID) when it has not that form, or names a capability that there is not. */
bool models_parse(struct str value, struct model_entry *ret, struct err *e) MUSTCHECK;
/* The entry for a name: the one of exactly that name, else the first whose pattern (with * and ?) fits. False without one. */
bool models_find(const struct config *c, struct str name, struct model_entry *ret) MUSTCHECK;

/* Without the patterns. */
bool models_find_exact(const struct config *c, struct str name, struct model_entry *ret) MUSTCHECK;

/* Whether turns can be of that class, for `route.use`: one of its own, or a kind of turn. */
bool models_is_class(struct str name) MUSTCHECK;

/* The next NAME=VALUE of some parameters; false behind the last. */
bool models_next_param(struct str *rest, struct str *ret_name, struct str *ret_value) MUSTCHECK;
#endif
