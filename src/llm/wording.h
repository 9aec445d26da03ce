/* SPDX-License-Identifier: MIT */
/* What known clients and tools say in texts, and users who are not content: the only place where the words of others are compared. All of
 * it is views of JSON strings, quotes included, and only a bounded piece at their ends is looked at. */
#ifndef LLM_WORDING_H
#define LLM_WORDING_H

#include "base/str.h"

enum tool_class {
	TOOL_OTHER,
	TOOL_EDITS, /* changes files */
	TOOL_SHELL,
	TOOL_NOTES, /* the model's own list of what is to be done */
	TOOL_WAITS, /* is called again and again until something has happened */
};
enum tool_class wording_tool(struct str name);
bool wording_is_edit(struct str name);
/* With its input: a shell that is handed a patch edits too, and what only looks at a file does not. */
bool wording_call_edits(struct str name, struct str input);

/* Whether a text of the user's is his own, and not the client's. */
bool wording_is_own(struct str text);
/* Says that the user has broken off what was going on. */
bool wording_is_interruption(struct str text);
/* Without what the client has put before and behind the user's words; still within the quotes, without them. */
struct str wording_own(struct str text);

/* Whether the client says that a plan is to be made first, or no more. `system`: the text is the client's altogether. */
enum plan_word { PLAN_NOTHING, PLAN_BEGINS, PLAN_ENDS };
enum plan_word wording_of_plan(struct str text, bool system, size_t within);

/* What a tool says it came to. */
enum outcome {
	OUTCOME_WELL,
	OUTCOME_FAILED,
	OUTCOME_MISSED,      /* an edit did not find the text that it was to change */
	OUTCOME_REFUSED,     /* by the user */
	OUTCOME_TOLD,        /* the same, who has said what to do instead */
	OUTCOME_PLAN_BEGINS, /* the user has agreed to make a plan first, */
	OUTCOME_PLAN_ENDS,   /* and to the plan */
};
/* failed: the client says so. */
enum outcome wording_outcome(struct str result, bool failed);
/* Quick: only what the user has decided, OUTCOME_WELL without that. */
enum outcome wording_of_user(struct str result);

/* Whether the user's words say that what was done is wrong. English and Russian. */
bool wording_corrects(struct str text);
/* Or that it is to go on. */
bool wording_goes_on(struct str text);

#endif
