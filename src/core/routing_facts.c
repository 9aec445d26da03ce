/* SPDX-License-Identifier: MIT */
/* What the turn is, for whoever decides where it goes. */
#include "base/clock.h"
#include "core/prefix.h"
#include "core/routing.h"
#include "core/sessions.h"
#include "llm/thinking.h"
#include "text/difficulty.h"

#include <time.h>

/* What is expected of a turn, where nothing else is known: of recorded sessions of coding agents. */
enum { REPLY_TOKENS = 400, GROWTH_TOKENS = 1500, BYTES_OF_TOKEN = 4 };

static enum turn_role role_of(enum turn_kind k)
{
	switch (k) {
	case TURN_SUBAGENT:
		return ROLE_SUBAGENT;
	case TURN_TITLE:
	case TURN_RECAP:
	case TURN_BACKGROUND:
		return ROLE_ASIDE;
	case TURN_COMPACTION:
		return ROLE_COMPACTION;
	case TURN_WEB_SEARCH:
	case TURN_COUNT:
	case TURN_UNKNOWN:
		return ROLE_FIXED;
	default:
		return ROLE_MAIN_TURN;
	}
}

static unsigned remaining(const struct routing *r)
{
	unsigned prior = (unsigned)r->x->config->route_turns;

	if (r->plan.role == ROLE_ASIDE || r->plan.role == ROLE_COMPACTION)
		return 0;
	if (r->plan.role == ROLE_SUBAGENT)
		prior = prior / 4 + 1;
	return prefix_remaining(r->x, r->plan.role == ROLE_SUBAGENT, prior);
}

/* Judging takes longer than all the rest: only when something can come of it. */
static bool size_matters(const struct routing *r)
{
	const struct config *c = r->x->config;

	if ((r->profile >= ROUTE_SAVER && r->turn->assistants == 0) ||
		script_wants(c->script, SCRIPT_FACT_difficulty))
		return true;
	for (unsigned i = TASK_SIMPLE; i < TASK_SIZES; i++)
		if (str_map_get(&c->route_use, str_from(task_sizes[i])).p != NULL)
			return true;
	return false;
}

/* Only of what the user has just said. */
static enum task_size size_of(const struct routing *r)
{
	static const enum task_size sizes[DIFFICULTY_LEVELS] = {
		[DIFFICULTY_SIMPLE] = TASK_SIMPLE,
		[DIFFICULTY_MEDIUM] = TASK_MEDIUM,
		[DIFFICULTY_COMPLEX] = TASK_COMPLEX,
	};
	const struct classifier *c;
	struct exchange *x = r->x;
	struct prompt_words words;
	struct difficulty d;

	if ((r->turn->kind != TURN_FIRST && r->turn->kind != TURN_PROMPT) ||
		r->turn->trail.prompt.n == 0 || !size_matters(r))
		return TASK_UNKNOWN;
	c = config_classifier(x->config);
	if (c == NULL)
		return TASK_UNKNOWN;
	words_of(r->turn->trail.prompt, x->arena, &words);
	classifier_judge(c, &words, &d);
	return sizes[d.level];
}

void routing_read(struct routing *r)
{
	struct exchange *x = r->x;
	const struct outline_facts *f = &x->chat.outline.facts;
	const struct foresight *seen = prefix_look(x, &r->asked);

	r->turn = x->turn;
	r->course = prefix_course(x);
	if (seen != NULL)
		r->tokens = seen->forecast.in + seen->forecast.read + seen->forecast.write_5m +
			    seen->forecast.write_1h;
	else if (!r->turn->images)
		r->tokens = (int64_t)(x->body.n / BYTES_OF_TOKEN);
	r->plan = (struct planner_turn){ .role = role_of(r->turn->kind),
		.fresh = r->turn->assistants == 0,
		.edited = r->turn->trail.edited,
		.plan_mode = r->turn->trail.plan_mode,
		.switchable = !thinking_blocks_switch(f),
		.trouble = r->turn->trail.errors > r->turn->trail.repeats ? r->turn->trail.errors
									  : r->turn->trail.repeats,
		.out_tokens = REPLY_TOKENS,
		.growth = GROWTH_TOKENS,
		.max_tokens = (int64_t)r->turn->max_tokens };
	r->plan.size = size_of(r);
	r->plan.remaining = remaining(r);
}

/* ---- for scripts ---- */

static const char *class_of(enum turn_role role)
{
	switch (role) {
	case ROLE_SUBAGENT:
		return "subagent";
	case ROLE_ASIDE:
		return "background";
	default:
		return "main";
	}
}

static struct str client_of(const struct http_head *h)
{
	static const struct {
		const char *begins, *name;
	} clients[] = {
		{ "claude-cli/", "claude-code" },
		{ "codex", "codex" },
		{ "opencode", "opencode" },
		{ "GeminiCLI", "gemini-cli" },
		{ "Anthropic/", "sdk" },
		{ "OpenAI/", "sdk" },
		{ "AsyncOpenAI/", "sdk" },
		{ "AsyncAnthropic/", "sdk" },
		{ "google-genai", "sdk" },
	};
	struct str agent = http_get(h, STR("user-agent"));

	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		if (str_starts_nocase(agent, str_from(clients[i].begins)))
			return str_from(clients[i].name);
	return STR("");
}

void routing_facts(const struct routing *r, struct script_facts *ret)
{
	const struct exchange *x = r->x;
	const struct foresight *seen = prefix_look(r->x, &r->asked);
	const struct turn_facts *t = r->turn;
	time_t now = (time_t)(x->begin_wall_ms / 1000);
	struct tm utc;

	gmtime_r(&now, &utc);
	*ret = (struct script_facts){ .head = x->head,
		.kind = str_from(turn_kind_name(t->kind)),
		.class = str_from(class_of(r->plan.role)),
		.difficulty = str_from(task_sizes[r->plan.size]),
		.model = routing_model(r, &r->asked),
		.provider = r->asked.provider->name,
		.dialect = str_from(x->dialect->name),
		.client = client_of(x->head),
		.effort = t->effort,
		.agent_type = http_get(x->head, STR("x-claude-code-agent-type")),
		.conversation = x->conversation,
		.session = exchange_session(x),
		.project = x->project,
		.tokens = (double)r->tokens,
		.max_tokens = (double)r->plan.max_tokens,
		.warm = seen != NULL ? (double)seen->forecast.read : 0,
		.bytes = (double)x->body.n,
		.messages = (double)t->messages,
		.tools = (double)t->tools,
		.turns = (double)t->assistants,
		.errors = t->trail.errors,
		.repeats = t->trail.repeats,
		.hour = utc.tm_hour,
		.weekday = utc.tm_wday == 0 ? 7 : utc.tm_wday,
		.stream = x->chat.stream,
		.thinking = t->thinks,
		.images = t->images,
		.web_search = t->web_search,
		.plan_mode = r->plan.plan_mode,
		.open_loop = t->trail.open_loop,
		.edited = r->plan.edited };
	if (script_wants(x->config->script, SCRIPT_FACT_text))
		ret->text = json_unescape(t->trail.prompt, x->arena);
}
