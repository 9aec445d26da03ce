/* SPDX-License-Identifier: MIT */
/* Texts are compared as JSON has them: the beginnings that matter need no escapes. */
#include "llm/turn.h"

static bool text_starts(struct str quoted, const char *beginning)
{
	return quoted.n > 0 && str_starts(str_from_offset(quoted, 1), str_from(beginning));
}

static bool text_starts_any(struct str quoted, const char *const *beginnings)
{
	for (; *beginnings != NULL; beginnings++)
		if (text_starts(quoted, *beginnings))
			return true;
	return false;
}

/* What the client says itself, with CLAUDE_CODE_GATEWAY_HINT_HEADERS=1. */
static bool kind_by_header(const struct http_head *head, enum turn_kind *ret)
{
	struct str class = http_get(head, STR("x-claude-code-request-class"));

	if (http_get(head, STR("x-claude-code-agent-id")).n > 0 ||
		http_get(head, STR("x-openai-subagent")).n > 0 || str_eq(class, STR("subagent")))
		*ret = TURN_SUBAGENT;
	else if (str_eq(class, STR("compaction")))
		*ret = TURN_COMPACTION;
	else
		return false;
	return true;
}

static bool kind_aside(const struct chat *c, enum turn_kind *ret)
{
	const struct outline_facts *f = &c->outline.facts;

	if (f->web_search_only && f->messages == 1)
		*ret = TURN_WEB_SEARCH;
	else if (f->tools_given && f->tools == 0 && f->format.n > 0)
		*ret = TURN_TITLE;
	else if (text_starts(f->last_text, "CRITICAL: Respond with TEXT ONLY. Do NOT call"))
		*ret = TURN_COMPACTION;
	else if (text_starts(f->last_text, "The user stepped away and is coming back"))
		*ret = TURN_RECAP;
	else
		return false;
	return true;
}

enum turn_kind turn_kind_of(const struct http_head *head, const struct chat *c)
{
	static const char *const continued[] = { "Output token limit hit. Resume directly",
		"Your response above was cut off mid-stream",
		"Your response above was stopped by a safety", NULL };
	const struct outline_facts *f = &c->outline.facts;
	enum turn_kind kind;

	if (kind_by_header(head, &kind) || kind_aside(c, &kind))
		return kind;
	if (str_eq(http_get(head, STR("x-claude-code-request-class")), STR("auxiliary")))
		return TURN_BACKGROUND;
	if (c->bare)
		return TURN_UNKNOWN;
	if (f->answers_tools)
		return TURN_TOOL_LOOP;
	if (text_starts_any(f->last_text, continued))
		return TURN_CONTINUATION;
	return f->assistant ? TURN_PROMPT : TURN_FIRST;
}

const char *turn_kind_name(enum turn_kind k)
{
	static const char *const names[TURN_KINDS] = {
		[TURN_PROMPT] = "prompt",
		[TURN_FIRST] = "first",
		[TURN_TOOL_LOOP] = "tool_loop",
		[TURN_CONTINUATION] = "continuation",
		[TURN_SUBAGENT] = "subagent",
		[TURN_COMPACTION] = "compaction",
		[TURN_TITLE] = "title",
		[TURN_WEB_SEARCH] = "web_search",
		[TURN_RECAP] = "recap",
		[TURN_BACKGROUND] = "background",
		[TURN_UNKNOWN] = "",
	};

	return names[k];
}

bool turn_is_aside(enum turn_kind k)
{
	return k == TURN_TITLE || k == TURN_WEB_SEARCH || k == TURN_RECAP || k == TURN_BACKGROUND;
}

bool turn_is_compacted(const struct http_head *head, const struct chat *c)
{
	return http_get(head, STR("x-claude-code-context-compacted")).n > 0 ||
	       text_starts(c->outline.facts.first_text,
		       "This session is being continued from a previous conversation");
}
