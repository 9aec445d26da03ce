/* SPDX-License-Identifier: MIT */
/* Prints requests for providers that speak Chat Completions: the parameters and tools. What the vendors differ in is said by struct
 * flavor, what models differ in by struct caps, and by nothing else. */
#include "llm/openai.h"

#include "wire/json_text.h"

enum { STOPS_MAX = 4, BODY_MAX = 1 << 30 };

struct printer {
	struct buf *out;
	struct content *c;
	const struct target *t;
	struct err *e;
	struct buf extra; /* what the system prompt is to say besides; escaped */
};

/* ---- members ---- */

static void add_key(struct printer *p, const char *key)
{
	buf_addf(p->out, ",\"%s\":", key);
}

static void add_raw(struct printer *p, const char *key, struct str raw)
{
	if (raw.n == 0)
		return;
	add_key(p, key);
	json_add_compact(p->out, raw);
}

static void add_text(struct printer *p, const char *key, struct str escaped)
{
	if (escaped.n == 0)
		return;
	add_key(p, key);
	json_add_quoted(p->out, escaped);
}

static void add_word(struct printer *p, const char *key, const char *word)
{
	add_key(p, key);
	buf_addf(p->out, "\"%s\"", word);
}

static void warn_if(struct printer *p, bool dropped, const char *code)
{
	if (dropped)
		warn(&p->c->warnings, code);
}

static void add_extra(struct printer *p, struct str escaped)
{
	if (p->extra.n > 0)
		buf_add(&p->extra, STR("\\n\\n"));
	buf_add(&p->extra, escaped);
}

/* ---- sampling ---- */

/* What models assume anyway: nothing is lost without it. */
static bool is_one(struct str raw)
{
	return str_eq(raw, STR("1")) || str_eq(raw, STR("1.0"));
}

static void print_limit(struct printer *p)
{
	uint64_t max = p->c->max_tokens;

	if (!p->c->has_max_tokens)
		return;
	if (p->t->caps.max_output > 0 && max > p->t->caps.max_output)
		max = p->t->caps.max_output;
	add_key(p, p->t->flavor->completion_tokens ? "max_completion_tokens" : "max_tokens");
	buf_add_number(p->out, max, 10);
}

static bool takes_top_k(const struct printer *p)
{
	return p->t->caps.sampling && p->t->flavor->top_k;
}

static void print_sampling(struct printer *p)
{
	struct content *c = p->c;
	bool takes = p->t->caps.sampling;

	if (takes) {
		add_raw(p, "temperature", c->temperature);
		add_raw(p, "top_p", c->top_p);
		add_raw(p, "frequency_penalty", c->frequency_penalty);
		add_raw(p, "presence_penalty", c->presence_penalty);
		add_raw(p, "logit_bias", c->logit_bias);
	} else {
		warn_if(p, c->temperature.n > 0 && !is_one(c->temperature), "temperature_dropped");
		warn_if(p, c->top_p.n > 0 && !is_one(c->top_p), "top_p_dropped");
		warn_if(p, c->frequency_penalty.n > 0, "frequency_penalty_dropped");
		warn_if(p, c->presence_penalty.n > 0, "presence_penalty_dropped");
		warn_if(p, c->logit_bias.n > 0, "logit_bias_dropped");
	}
	if (takes_top_k(p))
		add_raw(p, "top_k", c->top_k);
	add_raw(p, "seed", c->seed);
	/* Other dialects' clients could not be given them. */
	warn_if(p, c->logprobs.n > 0 || c->top_logprobs.n > 0, "logprobs_dropped");
}

static void print_stops(struct printer *p)
{
	const struct words *stops = &p->c->stops;

	if (stops->n == 0)
		return;
	if (!p->t->caps.stop) {
		warn(&p->c->warnings, "stop_dropped");
		return;
	}
	add_key(p, "stop");
	for (size_t i = 0; i < stops->n && i < STOPS_MAX; i++) {
		buf_add_char(p->out, i == 0 ? '[' : ',');
		json_add_quoted(p->out, stops->v[i]);
	}
	buf_add_char(p->out, ']');
	warn_if(p, stops->n > STOPS_MAX, "stop_truncated");
}

/* ---- reasoning ---- */

static bool is_off(const struct reasoning_wish *w)
{
	return w->mode == REASONING_OFF || w->mode == REASONING_BETWEEN_TOOLS ||
	       w->effort == EFFORT_NONE;
}

/* What the client wants of it; UNSET: as the model does by itself. */
static enum effort wished_effort(const struct reasoning_wish *w)
{
	if (is_off(w))
		return EFFORT_NONE;
	if (w->effort == EFFORT_UNSET && w->mode == REASONING_BUDGET)
		return effort_of_budget(w->budget_tokens);
	return w->effort;
}

/* Nearest to the wish that the model takes; warns where it reasons although it should not. */
static enum effort allowed_effort(struct printer *p, enum effort wish)
{
	enum effort e;

	/* OpenAI has the highest in Responses only. */
	if (p->t->flavor->responses && wish == EFFORT_MAX)
		wish = EFFORT_XHIGH;
	e = wish == EFFORT_UNSET ? wish : caps_effort(&p->t->caps, wish);
	warn_if(p, wish == EFFORT_NONE && e != EFFORT_NONE && e != EFFORT_UNSET,
		"thinking_not_disabled");
	return e;
}

static void print_deepseek(struct printer *p, const struct reasoning_wish *w)
{
	static const enum effort levels[EFFORTS] = {
		[EFFORT_MINIMAL] = EFFORT_LOW,
		[EFFORT_LOW] = EFFORT_LOW,
		[EFFORT_MEDIUM] = EFFORT_HIGH,
		[EFFORT_HIGH] = EFFORT_HIGH,
		[EFFORT_XHIGH] = EFFORT_HIGH,
		[EFFORT_MAX] = EFFORT_MAX,
	};
	enum effort e = levels[wished_effort(w)];

	if (is_off(w) || w->mode != REASONING_UNSET) {
		add_key(p, "thinking");
		buf_addf(p->out, "{\"type\":\"%s\"}", is_off(w) ? "disabled" : "enabled");
	}
	if (e != EFFORT_UNSET)
		add_word(p, "reasoning_effort", effort_name(e));
}

/* It knows itself what models take. */
static void print_openrouter(struct printer *p, const struct reasoning_wish *w)
{
	enum effort wish = wished_effort(w);
	enum effort e = p->t->caps.efforts != 0 ? allowed_effort(p, wish) : wish;

	if (e == EFFORT_UNSET)
		return;
	add_key(p, "reasoning");
	buf_addf(p->out, "{\"effort\":\"%s\"}", effort_name(e));
}

/* Models that take functions only when they do not reason are told not to. */
static enum effort effort_with_tools(struct printer *p, enum effort wish)
{
	const struct caps *caps = &p->t->caps;

	if (p->c->tools == NULL || caps->tools_in_chat || !caps->reasons ||
		(caps->efforts & 1u << EFFORT_NONE) == 0)
		return wish;
	if (wish != EFFORT_NONE && wish != EFFORT_UNSET)
		warn_field(&p->c->warnings, STR("reasoning_effort"), p->c->arena);
	return EFFORT_NONE;
}

static void print_reasoning(struct printer *p)
{
	const struct reasoning_wish *w = &p->c->reasoning;
	enum effort e;

	switch (p->t->flavor->control) {
	case CONTROL_NONE:
		break;
	case CONTROL_EFFORT:
		e = allowed_effort(p, effort_with_tools(p, wished_effort(w)));
		if (e != EFFORT_UNSET)
			add_word(p, "reasoning_effort", effort_name(e));
		break;
	case CONTROL_DEEPSEEK:
		print_deepseek(p, w);
		break;
	case CONTROL_OPENROUTER:
		print_openrouter(p, w);
		break;
	case CONTROL_TEMPLATE:
		if (w->mode != REASONING_UNSET || w->effort != EFFORT_UNSET) {
			add_key(p, "chat_template_kwargs");
			buf_addf(p->out, "{\"enable_thinking\":%s}", is_off(w) ? "false" : "true");
		}
		break;
	}
}

/* ---- the form of the reply ---- */

static void print_format(struct printer *p)
{
	const struct format_wish *f = &p->c->format;

	if (f->kind == FORMAT_TEXT)
		return;
	add_key(p, "response_format");
	if (f->kind == FORMAT_SCHEMA && p->t->flavor->json_schema && p->t->caps.json_schema) {
		buf_add(p->out, STR("{\"type\":\"json_schema\",\"json_schema\":{\"name\":"));
		json_add_quoted(p->out, f->name.n > 0 ? f->name : STR("output"));
		add_raw(p, "schema", f->schema);
		/* Clients that cannot say it mean it: their schemas are kept to. */
		if (f->strict >= 0 || f->name.n == 0)
			add_raw(p, "strict", f->strict != 0 ? STR("true") : STR("false"));
		buf_add(p->out, STR("}}"));
		return;
	}
	buf_add(p->out, STR("{\"type\":\"json_object\"}"));
	if (f->kind != FORMAT_SCHEMA)
		return;
	warn(&p->c->warnings, "schema_downgraded");
	add_extra(p, STR("Answer with a JSON object that matches this JSON schema:\\n"));
	json_add_compact_escaped(&p->extra, f->schema);
}

/* ---- tools ---- */

/* Only those that may be called are declared where there is a choice of some. */
static bool is_declared(const struct content *c, const struct tool *t)
{
	if (t->kind == TOOL_SERVER)
		return false;
	if (c->choice != CHOICE_AUTO_AMONG && c->choice != CHOICE_ANY_AMONG)
		return true;
	for (size_t i = 0; i < c->choice_names.n; i++)
		if (str_eq(c->choice_names.v[i], t->wire_name))
			return true;
	return false;
}

/* What a tool's text must look like, for a model that is asked for it as a JSON string. */
static void add_grammar(struct printer *p, const struct tool *t)
{
	struct str syntax = json_inner(json_get(t->grammar, STR("syntax")));
	struct str definition = json_inner(json_get(t->grammar, STR("definition")));

	if (definition.n == 0)
		return;
	buf_add(p->out, t->description.n > 0 ? STR("\\n\\n") : STR(""));
	buf_add(p->out, STR("The \\\"input\\\" string must match this "));
	buf_add(p->out, syntax.n > 0 ? syntax : STR("text"));
	buf_add(p->out, STR(" grammar:\\n"));
	buf_add(p->out, definition);
}

static void print_freeform(struct printer *p, const struct tool *t)
{
	if (t->description.n > 0 || t->grammar.n > 0) {
		buf_add(p->out, STR(",\"description\":\""));
		buf_add(p->out, t->description);
		add_grammar(p, t);
		buf_add_char(p->out, '"');
	}
	buf_add(p->out,
		STR(",\"parameters\":{\"type\":\"object\",\"properties\":{\"input\":{\"type\":"
		    "\"string\"}},\"required\":[\"input\"]}"));
	warn(&p->c->warnings, "custom_tool_wrapped");
}

static void print_parameters(struct printer *p, struct str schema)
{
	if (!p->t->flavor->responses) {
		add_raw(p, "parameters", schema);
	} else if (schema.n > 0) {
		add_key(p, "parameters");
		openai_add_parameters(p->out, schema);
	}
}

static void print_tool(struct printer *p, const struct tool *t)
{
	buf_add(p->out, STR("{\"type\":\"function\",\"function\":{\"name\":"));
	json_add_quoted(p->out, t->wire_name);
	if (t->kind == TOOL_FREEFORM) {
		print_freeform(p, t);
	} else {
		add_text(p, "description", t->description);
		print_parameters(p, t->schema);
		if (t->strict == 1)
			add_raw(p, "strict", STR("true"));
	}
	buf_add(p->out, STR("}}"));
}

/* Models that cannot be forced are asked. */
static void ask_for_tools(struct printer *p)
{
	struct str quoted;

	add_word(p, "tool_choice", "auto");
	warn(&p->c->warnings, "forced_tool_choice_downgraded");
	if (p->c->choice == CHOICE_NAMED) {
		quoted = arena_printf(p->c->arena,
			"You must answer by calling the tool \\\"%.*s\\\".",
			STR_ARG(p->c->choice_names.v[0]));
		add_extra(p, quoted);
	} else {
		add_extra(p, STR("You must answer by calling one of the tools."));
	}
}

static void print_choice(struct printer *p)
{
	const struct content *c = p->c;

	switch (c->choice) {
	case CHOICE_UNSET:
		break;
	case CHOICE_AUTO:
	case CHOICE_AUTO_AMONG:
		add_word(p, "tool_choice", "auto");
		break;
	case CHOICE_NONE:
		add_word(p, "tool_choice", "none");
		break;
	case CHOICE_ANY:
	case CHOICE_ANY_AMONG:
		if (p->t->caps.forced_tools)
			add_word(p, "tool_choice", "required");
		else
			ask_for_tools(p);
		break;
	case CHOICE_NAMED:
		if (!p->t->caps.forced_tools) {
			ask_for_tools(p);
			break;
		}
		add_key(p, "tool_choice");
		buf_add(p->out, STR("{\"type\":\"function\",\"function\":{\"name\":"));
		json_add_quoted(p->out, c->choice_names.v[0]);
		buf_add(p->out, STR("}}"));
		break;
	}
}

static bool print_tools(struct printer *p)
{
	const struct content *c = p->c;
	bool any = false;

	if (!openai_check_server_tools(p->c, p->e))
		return false;
	for (const struct tool *t = c->tools; t != NULL; t = t->next) {
		if (!is_declared(c, t))
			continue;
		buf_add(p->out, any ? STR(",") : STR(",\"tools\":["));
		print_tool(p, t);
		any = true;
	}
	if (!any)
		return true;
	buf_add_char(p->out, ']');
	print_choice(p);
	if (c->parallel_calls >= 0)
		add_raw(p, "parallel_tool_calls",
			c->parallel_calls == 1 ? STR("true") : STR("false"));
	return true;
}

/* ---- what only some understand ---- */

/* Tiers that both sides have by the same name. "auto" is what providers do unasked. */
static void print_tier(struct printer *p)
{
	static const char *const tiers[] = { "default", "flex", "priority", "scale", "fast" };
	struct str tier = p->c->service_tier;

	if (tier.n == 0 || str_eq(tier, STR("auto")))
		return;
	if (str_eq(tier, STR("standard_only")) || str_eq(tier, STR("standard")))
		tier = STR("default");
	for (size_t i = 0; p->t->flavor->cache_key && i < ARRAY_LEN(tiers); i++)
		if (str_eq(tier, str_from(tiers[i]))) {
			add_text(p, "service_tier", tier);
			return;
		}
	if (!str_eq(tier, STR("default")))
		warn_field(&p->c->warnings, STR("service_tier"), p->c->arena);
}

static void print_own(struct printer *p)
{
	const struct content *c = p->c;

	if (p->t->flavor->cache_key)
		add_text(p, "prompt_cache_key", c->cache_key);
	if (p->t->flavor->cache_key && p->t->caps.reasons)
		add_text(p, "verbosity", c->verbosity);
	else
		warn_if(p, c->verbosity.n > 0, "verbosity_dropped");
	print_tier(p);
}

/* A last message of the assistant is to be gone on with. */
static void print_prefill(struct printer *p)
{
	const struct turn *last = p->c->last_turn;

	if (last == NULL || last->role != ROLE_ASSISTANT)
		return;
	if (p->t->flavor->continues_prefill) {
		add_raw(p, "continue_final_message", STR("true"));
		add_raw(p, "add_generation_prompt", STR("false"));
	} else {
		warn(&p->c->warnings, "prefill_not_continued");
	}
}

static bool print_body(struct printer *p)
{
	buf_add(p->out, STR("{\"model\":"));
	json_add_string(p->out, p->t->model);
	if (p->c->stream)
		buf_add(p->out, STR(",\"stream\":true"));
	if (p->c->stream && p->t->caps.stream_usage)
		buf_add(p->out, STR(",\"stream_options\":{\"include_usage\":true}"));
	print_limit(p);
	print_sampling(p);
	print_stops(p);
	warn_if(p, p->c->top_k.n > 0 && !takes_top_k(p), "top_k_dropped");
	print_reasoning(p);
	print_format(p);
	print_own(p);
	print_prefill(p);
	if (!print_tools(p))
		return false;
	buf_add(p->out, STR(",\"messages\":"));
	if (!openai_print_messages(p->out, p->c, p->t, buf_str(&p->extra), p->e))
		return false;
	buf_add_char(p->out, '}');
	if (p->out->overflow)
		return err_set(p->e, ERR_TOO_LARGE, "the request is too long for its provider");
	return true;
}

bool openai_print(
	struct wire_request *ret, struct content *c, const struct target *t, struct err *e)
{
	struct printer p = { .out = &ret->body, .c = c, .t = t, .e = e };

	ret->path = STR("/v1/chat/completions");
	buf_init(&ret->body, BODY_MAX);
	buf_init(&p.extra, BODY_MAX);
	openai_fit_names(c);
	bool ok = print_body(&p);
	buf_release(&p.extra);
	return ok;
}
