/* SPDX-License-Identifier: MIT */
/* Texts are compared as JSON has them: the beginnings that matter need no escapes. */
#include "llm/turn.h"

#include "wire/json_text.h"

enum { SYSTEM_NEAR = 400, TEXT_NEAR = 400, SMALL_SYSTEM = 6000, REPEATS = 2 };

enum client { CLIENT_OTHER, CLIENT_CLAUDE_CODE, CLIENT_CODEX, CLIENT_OPENCODE, CLIENT_GEMINI };

struct look {
	const struct http_head *head;
	const struct chat *c;
	const struct sketch *s;
	enum client client;
};

/* ---- scraps ---- */

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

static bool near_has_any(struct str s, size_t near, const char *const *phrases)
{
	if (s.n > near)
		s.n = near;
	for (; *phrases != NULL; phrases++)
		if (str_find(s, str_from(*phrases)) < s.n)
			return true;
	return false;
}

static struct str header(const struct look *l, const char *name)
{
	return http_get(l->head, str_from(name));
}

static bool header_is(const struct look *l, const char *name, const char *value)
{
	return str_eq(header(l, name), str_from(value));
}

/* Many applications have a session id; opencode says its own twice. */
static bool is_opencode(const struct http_head *head, struct str agent)
{
	struct str id = http_get(head, STR("x-session-id"));

	return str_starts(agent, STR("opencode/")) ||
	       (str_starts(id, STR("ses_")) &&
		       str_eq(id, http_get(head, STR("x-session-affinity"))));
}

static bool system_starts_any(const struct sketch *s, const char *const *beginnings)
{
	for (size_t i = 0; i < ARRAY_LEN(s->openings); i++)
		if (text_starts_any(s->openings[i], beginnings))
			return true;
	return false;
}

#define BILLING  "x-anthropic-billing-header:"
#define OFFICIAL "You are Claude Code, Anthropic's official CLI for Claude"

/* Where it does not call itself by a header, as behind another proxy. */
static bool is_claude_code_by_system(const struct sketch *s)
{
	static const char *const beginnings[] = { BILLING, OFFICIAL,
		"You are a Claude agent, built on Anthropic's Claude Agent SDK", NULL };

	return system_starts_any(s, beginnings);
}

static enum client client_of(const struct http_head *head, const struct sketch *s)
{
	struct str agent = http_get(head, STR("user-agent"));

	if (str_starts(agent, STR("claude-cli/")) ||
		http_get(head, STR("x-claude-code-session-id")).n > 0 ||
		str_eq(http_get(head, STR("x-app")), STR("cli")))
		return CLIENT_CLAUDE_CODE;
	if (http_get(head, STR("x-codex-turn-metadata")).n > 0 ||
		str_starts(http_get(head, STR("originator")), STR("codex")) ||
		str_starts(agent, STR("codex")))
		return CLIENT_CODEX;
	if (is_opencode(head, agent))
		return CLIENT_OPENCODE;
	if (str_starts(agent, STR("GeminiCLI")))
		return CLIENT_GEMINI;
	return is_claude_code_by_system(s) ? CLIENT_CLAUDE_CODE : CLIENT_OTHER;
}

/* ---- by what the client says ---- */

static bool is_count(const struct http_head *head)
{
	return str_ends(head->path, STR("/count_tokens")) ||
	       str_ends(head->path, STR(":countTokens")) ||
	       str_ends(head->path, STR("/input_tokens"));
}

/* Codex says it twice: in a header of its own, and in one that has JSON. */
static bool kind_of_codex(const struct look *l, enum turn_kind *ret)
{
	struct str of = header(l, "x-openai-subagent"),
		   kind = json_inner(
			   json_get(header(l, "x-codex-turn-metadata"), STR("request_kind")));

	if (str_eq(kind, STR("compaction")) || str_eq(of, STR("compact")))
		*ret = TURN_COMPACTION;
	else if (str_eq(of, STR("memory_consolidation")))
		*ret = TURN_BACKGROUND;
	else if (of.n > 0 || header(l, "x-codex-parent-thread-id").n > 0)
		*ret = TURN_SUBAGENT;
	else
		return false;
	return true;
}

/* Claude Code, most of it with CLAUDE_CODE_GATEWAY_HINT_HEADERS=1. */
static bool kind_by_header(const struct look *l, enum turn_kind *ret)
{
	struct str class = header(l, "x-claude-code-request-class");

	if (header(l, "x-claude-code-agent-id").n > 0 ||
		header(l, "x-claude-code-agent-type").n > 0 || str_eq(class, STR("subagent")) ||
		str_eq(class, STR("workflow")) ||
		header_is(l, "x-claude-1p-request-class", "blocking-subagent"))
		*ret = TURN_SUBAGENT;
	else if (str_eq(class, STR("compaction")) || header(l, "x-claude-code-compaction").n > 0)
		*ret = TURN_COMPACTION;
	else if (l->client == CLIENT_OPENCODE && header(l, "x-parent-session-id").n > 0)
		*ret = TURN_SUBAGENT;
	else
		return kind_of_codex(l, ret);
	return true;
}

/* ---- by what is built like nothing else ---- */

static bool is_compaction(const struct look *l)
{
	static const char *const texts[] = { "CRITICAL: Respond with TEXT ONLY. Do NOT call",
		"Your task is to create a detailed summary of the conversation so far",
		"You are performing a CONTEXT CHECKPOINT COMPACTION", NULL },
				 *const states[] = { "<state_snapshot>", NULL };
	const struct sketch *s = l->s;
	bool history = s->assistants > 0 && s->tools == 0;

	if (text_starts_any(s->last_text, texts))
		return true;
	/* Agents without tools have nothing to do but to sum up. */
	if (l->client == CLIENT_CODEX)
		return history && s->tools_given;
	if (l->client == CLIENT_OPENCODE)
		return history;
	return l->client == CLIENT_GEMINI && history &&
	       near_has_any(s->last_text, TEXT_NEAR, states);
}

/* Small requests of clients that have tools in all others. */
static bool is_title(const struct look *l)
{
	static const char *const generators[] = { "You are a title generator",
		"Generate a title for this conversation", "Generate a concise, 3-5 word title",
		"write a 5-10 word title", "Generate a concise, sentence-case title", NULL };
	const struct sketch *s = l->s;

	if (s->tools > 0 || s->last == MESSAGE_RESULTS)
		return false;
	if (l->client == CLIENT_CLAUDE_CODE && s->tools_given && s->format.n > 0)
		return true;
	if (near_has_any(s->system, SYSTEM_NEAR, generators) ||
		near_has_any(s->first_text, TEXT_NEAR, generators) ||
		near_has_any(s->last_text, TEXT_NEAR, generators))
		return true;
	return l->client == CLIENT_OPENCODE && s->assistants == 0;
}

static bool is_called_background(const struct look *l)
{
	return header_is(l, "x-claude-code-request-class", "auxiliary") ||
	       header_is(l, "x-claude-code-request-class", "side_reply") ||
	       header_is(l, "x-claude-1p-request-class", "summary-extraction");
}

static bool is_background(const struct look *l)
{
	/* With the full stop: what is built on it says more here, and has the user's own prompts. */
	static const char *const own[] = { OFFICIAL ".", NULL };
	const struct sketch *s = l->s;

	if (s->scraps == NULL || s->tools > 0 || s->last == MESSAGE_RESULTS)
		return false;
	if (l->client == CLIENT_GEMINI)
		return s->format.n > 0;
	return l->client == CLIENT_CLAUDE_CODE && s->assistants == 0 &&
	       s->system.n < SMALL_SYSTEM && system_starts_any(s, own);
}

/* What only clients that are known are trusted with: most of it is answered by a smaller model. */
static bool kind_by_shape(const struct look *l, enum turn_kind *ret)
{
	if (l->client == CLIENT_OTHER)
		return false;
	if (is_compaction(l))
		*ret = TURN_COMPACTION;
	else if (is_title(l))
		*ret = TURN_TITLE;
	else if (text_starts(l->s->last_text, "The user stepped away and is coming back"))
		*ret = TURN_RECAP;
	else if (is_background(l))
		*ret = TURN_BACKGROUND;
	else
		return false;
	return true;
}

static bool kind_aside(const struct look *l, enum turn_kind *ret)
{
	const struct sketch *s = l->s;
	const struct str billing = s->openings[0];

	if (s->web_search_only && s->tools == 1 && s->messages <= 2 && s->assistants == 0)
		*ret = TURN_WEB_SEARCH;
	else if (text_starts(billing, BILLING) &&
		 str_find(billing, STR("cc_is_subagent=true")) < billing.n)
		*ret = TURN_SUBAGENT;
	else if (kind_by_shape(l, ret))
		return true;
	else if (is_called_background(l))
		*ret = TURN_BACKGROUND;
	else
		return false;
	return true;
}

/* ---- what is left ---- */

/* The client wants more of a reply that it has some of. */
static bool is_continuation(const struct sketch *s)
{
	static const char *const continued[] = { "Output token limit hit. Resume directly",
		"Your response above was cut off mid-stream",
		"Your response above was stopped by a safety", NULL };

	/* A single beginning of a reply is put there by the caller. */
	return text_starts_any(s->last_text, continued) ||
	       (s->last == MESSAGE_ASSISTANT && s->assistants > 1);
}

static enum turn_kind kind_of_loop(const struct trail *t)
{
	if (t->plan_mode)
		return TURN_PLANNING;
	if (t->correction)
		return TURN_CORRECTION;
	if (t->errors > 0 || t->repeats >= REPEATS)
		return TURN_RECOVERY;
	return t->edits > 0 && t->edits == t->calls ? TURN_EDIT : TURN_TOOL_LOOP;
}

static enum turn_kind kind_of_main(const struct look *l, const struct trail *t)
{
	const struct sketch *s = l->s;
	bool begun = s->assistants > (s->last == MESSAGE_ASSISTANT) || s->continues ||
		     turn_is_compacted(l->head, l->c);

	if (t->open_loop)
		return kind_of_loop(t);
	if (is_continuation(s))
		return TURN_CONTINUATION;
	if (t->plan_mode)
		return TURN_PLANNING;
	if (!begun)
		return TURN_FIRST;
	return t->correction ? TURN_CORRECTION : TURN_PROMPT;
}

static enum turn_kind kind_of(const struct look *l, const struct trail *t)
{
	enum turn_kind kind;

	if (is_count(l->head))
		return TURN_COUNT;
	if (kind_by_header(l, &kind) || kind_aside(l, &kind))
		return kind;
	return l->s->scraps == NULL ? TURN_UNKNOWN : kind_of_main(l, t);
}

void turn_read(const struct http_head *head, const struct chat *c, struct turn_facts *ret)
{
	const struct sketch *s = &c->sketch;
	const struct look l = { head, c, s, client_of(head, s) };

	*ret = (struct turn_facts){
		.messages = s->messages,
		.assistants = s->assistants,
		.tools = s->tools,
		.images = s->images,
		.web_search = s->web_search,
		.stream = c->stream,
		.compacted = turn_is_compacted(head, c),
		.thinks = s->thinks,
		.effort = s->effort,
		.budget_tokens = s->budget,
		.max_tokens = s->max_tokens,
	};
	trail_read(&ret->trail, s);
	ret->trail.edited |= c->outline.facts.edited;
	ret->kind = kind_of(&l, &ret->trail);
}

enum turn_kind turn_kind_of(const struct http_head *head, const struct chat *c)
{
	struct turn_facts f;

	turn_read(head, c, &f);
	return f.kind;
}

const char *turn_kind_name(enum turn_kind k)
{
	static const char *const names[TURN_KINDS] = {
		[TURN_PROMPT] = "prompt",
		[TURN_FIRST] = "first",
		[TURN_CORRECTION] = "correction",
		[TURN_PLANNING] = "planning",
		[TURN_TOOL_LOOP] = "tool_loop",
		[TURN_EDIT] = "edit",
		[TURN_RECOVERY] = "recovery",
		[TURN_CONTINUATION] = "continuation",
		[TURN_SUBAGENT] = "subagent",
		[TURN_COMPACTION] = "compaction",
		[TURN_TITLE] = "title",
		[TURN_WEB_SEARCH] = "web_search",
		[TURN_RECAP] = "recap",
		[TURN_BACKGROUND] = "background",
		[TURN_COUNT] = "count",
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
	       text_starts(c->sketch.first_text,
		       "This session is being continued from a previous conversation");
}
