/* SPDX-License-Identifier: MIT */
/* The kind of a turn, by the client's own headers first, else by how the request is built. The rules were seen to hold for
 * Claude Code 2.1 and its older versions. */
#ifndef LLM_TURN_H
#define LLM_TURN_H

#include "llm/chat.h"
#include "wire/http.h"

enum turn_kind {
	TURN_PROMPT,       /* the user has said something */
	TURN_FIRST,        /* and it is the first thing */
	TURN_TOOL_LOOP,    /* results of tools go back */
	TURN_CONTINUATION, /* of a reply that was cut off */
	TURN_SUBAGENT,
	TURN_COMPACTION,
	TURN_TITLE, /* names of sessions, and other small structured answers */
	TURN_WEB_SEARCH,
	TURN_RECAP,
	TURN_BACKGROUND, /* what the client calls auxiliary */
	TURN_UNKNOWN,    /* the client does not say, and no outline was made */
	TURN_KINDS,
};

enum turn_kind turn_kind_of(const struct http_head *head, const struct chat *c);
/* "prompt", "tool_loop"; empty when unknown. */
const char *turn_kind_name(enum turn_kind k);
/* Whether it stands beside its conversation, with a prefix of its own. */
bool turn_is_aside(enum turn_kind k);
/* Whether this is the first request behind a compaction. */
bool turn_is_compacted(const struct http_head *head, const struct chat *c);

#endif
