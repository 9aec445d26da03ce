/* SPDX-License-Identifier: MIT */
/* What clients mean by the models that they name: an entry of the name table, a provider with its model ("provider,model",
 * "provider/model"), a choice that is left to us ("sluice", "sluice-fast", "sluice-best"), or just a model. And what the tag of llm/tag.h
 * says, which takes the place of the name. */
#ifndef CORE_NAMES_H
#define CORE_NAMES_H

#include "core/exchange.h"
#include "core/models.h"

enum name_kind {
	NAME_PLAIN, /* a model of the provider that the client means; target.model: another one than it has named */
	NAME_EXPLICIT, /* target says who is to answer */
	NAME_AUTO,     /* "sluice": whatever is right */
	NAME_FAST,     /* "sluice-fast" */
	NAME_BEST,     /* "sluice-best" */
};

struct name {
	enum name_kind kind;
	struct model_entry target; /* views of the configuration and of the name */
	const char *why;           /* "models", "provider named", "tag", …; for people */
	bool fixed;                /* nothing else may choose the model: `override.model` has */
};

/* What a name means from the client of this exchange. An exact entry of the table comes first, then a provider by its name, the names that
 * are ours, and the table's patterns. A slash names a provider that is the client's own or that there is a key for, unless the client's own
 * provider serves the models of many makers, whose names have slashes themselves; a comma names any that is configured. */
void names_find(const struct exchange *x, struct str name, struct name *ret);

/* What the exchange asks for: by `override.model`, else by the tag in its prompt, else by its model. False, with x->err set, when that
 * names a provider that there is not. */
bool names_asked(struct exchange *x, struct name *ret) MUSTCHECK;

/* Takes the tag out of x->body, and notes in x->tag what it says. True: the body has changed, and x->chat views what was there before.
 * A tag that does not count by `route.tag`, or names a provider that is neither the client's own nor in the user's routing, stays text:
 * what a prompt says may come from a file of somebody else's. */
bool names_take_tag(struct exchange *x) MUSTCHECK;

/* A name that is ours, as this client would ask for it: Claude Code lists only what begins with "claude". */
struct str names_own(const struct exchange *x, enum name_kind kind);
/* Who answers to it: by the class `default`, `fast` or `best` of `route.use`, else the cheap or the best model of the client's own
 * provider, where these are known. False: nobody. */
bool names_own_target(
	const struct exchange *x, enum name_kind kind, struct model_entry *ret) MUSTCHECK;

#endif
