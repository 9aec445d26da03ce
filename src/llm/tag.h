/* SPDX-License-Identifier: MIT */
/* The tag by which a prompt names the model of a subagent, <CCR-SUBAGENT-MODEL>provider,model</CCR-SUBAGENT-MODEL>, in requests of any
 * dialect. It counts in the system prompt where a word could stand, and in what was said before the first answer at the beginning of
 * a line, as far as TAG_NEAR_BYTES of a text; elsewhere people write about it. Never within a <system-reminder>: those are made
 * of files. Source: claude-code-router's documentation. */
#ifndef LLM_TAG_H
#define LLM_TAG_H

#include "wire/json.h"

enum { TAG_NEAR_BYTES = 16384, TAG_CUTS_MAX = 16 };

#define TAG_WORD "CCR-SUBAGENT-MODEL"

/* Quick: whether one may be in the first `near` bytes of some JSON. */
bool tag_may_be_in(struct str json, size_t near);

/* The members of a body in which it may stand, by the names that any dialect has for them. */
enum tag_place { TAG_NOWHERE, TAG_SAID, TAG_SYSTEM };
enum tag_place tag_place_of(struct str key);

struct tags {
	/* What the first one says, those of the system prompt before the others; as JSON has it, empty: none says anything. */
	struct str name;
	struct json_splice cuts[TAG_CUTS_MAX]; /* without which there is none */
	size_t n;
};

/* Finds those of a body. A block that holds nothing else leaves with its tag. False: there is none. */
bool tags_find(struct tags *ret, struct str body) MUSTCHECK;

#endif
