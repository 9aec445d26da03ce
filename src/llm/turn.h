/* SPDX-License-Identifier: MIT */
/* What a request is in its conversation: its kind, by the client's own headers first, else by how it is built; and what else routing asks
 * of it. For all dialects. The rules were seen to hold for Claude Code 2.1 and its older versions, Codex 0.169, opencode 1.18 and
 * Gemini CLI 0.61. By shape only these have titles, recaps, compactions and background turns: what any other client sends may be its
 * main work, whatever it looks like, and must not get a small model for that. */
#ifndef LLM_TURN_H
#define LLM_TURN_H

#include "llm/chat.h"
#include "llm/trail.h"
#include "wire/http.h"

enum turn_kind {
	TURN_PROMPT,     /* the user has said something */
	TURN_FIRST,      /* and it is the first thing */
	TURN_CORRECTION, /* and it is that what was done is wrong */
	TURN_PLANNING, /* any of these, or results of tools, while the user is to agree to a plan first */
	TURN_TOOL_LOOP,    /* results of tools go back */
	TURN_EDIT,         /* those of changes to files, which went well */
	TURN_RECOVERY,     /* and something failed, or the model does the same over and over */
	TURN_CONTINUATION, /* of a reply that was cut off */
	TURN_SUBAGENT,
	TURN_COMPACTION,
	TURN_TITLE, /* names of sessions, and other small structured answers of a known client */
	TURN_WEB_SEARCH,
	TURN_RECAP,
	TURN_BACKGROUND, /* what the client calls auxiliary */
	TURN_COUNT,      /* tokens are to be counted */
	TURN_UNKNOWN,    /* the client does not say, and the body was not looked at */
	TURN_KINDS,
};

/* For rules and the planner. Tokens are known elsewhere. Views of the body. */
struct turn_facts {
	enum turn_kind kind;
	struct trail trail;
	size_t messages, assistants, tools; /* assistants: turns of it */
	bool images;                        /* anywhere in what is sent */
	bool web_search;                    /* is among the tools */
	bool stream;
	bool compacted;                     /* the first request behind a compaction */
	bool thinks;                        /* thinking is asked for */
	struct str effort;                  /* "low", "high" and so on; empty: not said */
	uint64_t budget_tokens, max_tokens; /* of thinking, of the reply; 0: not said */
};

/* As long as the body is there. */
void turn_read(const struct http_head *head, const struct chat *c, struct turn_facts *ret);
enum turn_kind turn_kind_of(const struct http_head *head, const struct chat *c);
/* "prompt", "tool_loop"; empty when unknown. */
const char *turn_kind_name(enum turn_kind k);
/* Whether it stands beside its conversation, with a prefix of its own. */
bool turn_is_aside(enum turn_kind k);
/* Whether this is the first request behind a compaction. */
bool turn_is_compacted(const struct http_head *head, const struct chat *c);

#endif
