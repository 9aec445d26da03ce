/* SPDX-License-Identifier: MIT */
/* The parameters of a request for the API: generationConfig and what stands beside it. */
#include "llm/gemini.h"

enum {
	STOPS_MAX = 5,
	BUDGET_MAX = 24576,     /* of Flash models */
	BUDGET_MAX_PRO = 32768, /* of Pro models, which cannot do without */
	BUDGET_MIN_PRO = 128,
};

struct printer {
	struct buf *out;
	struct content *c;
	const struct target *t;
	enum gemini_generation generation;
};

enum gemini_generation gemini_generation_of(const struct target *t)
{
	struct str name = t->model;

	if (t->caps.thinking == THINKING_BUDGET)
		return GENERATION_2;
	if (t->caps.thinking != THINKING_NONE)
		return GENERATION_3;
	if (str_starts(name, STR("models/")))
		name = str_from_offset(name, 7);
	if (str_starts(name, STR("gemini-2.5")))
		return GENERATION_2;
	return str_starts(name, STR("gemini-1")) || str_starts(name, STR("gemini-2")) ||
			       str_starts(name, STR("gemma"))
		       ? GENERATION_OLD
		       : GENERATION_3;
}

/* ---- little things ---- */

static void lose(struct printer *p, const char *code)
{
	warn(&p->c->warnings, code);
}

/* "name":value */
static void add_member(struct buf *out, const char *name, struct str raw)
{
	buf_add_char(out, '"');
	buf_add(out, str_from(name));
	buf_add(out, STR("\":"));
	json_add_compact(out, raw);
	buf_add_char(out, ',');
}

/* A list of members ends with a comma that is not wanted. */
static void close_object(struct buf *out)
{
	if (out->n > 0 && out->p[out->n - 1] == ',')
		out->n--;
	buf_add_char(out, '}');
}

void gemini_add_words(struct buf *out, const struct words *w, size_t max)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < w->n && i < max; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		json_add_quoted(out, w->v[i]);
	}
	buf_add_char(out, ']');
}

/* ---- parameters ---- */

static void add_sampling(struct printer *p)
{
	const struct content *c = p->c;
	const bool ok = p->t->caps.sampling;
	const struct {
		const char *name, *code;
		struct str value;
		bool ok;
	} rows[] = {
		{ "temperature", "temperature_dropped", c->temperature, ok },
		{ "topP", "top_p_dropped", c->top_p, ok },
		{ "topK", "top_k_dropped", c->top_k, ok },
		{ "seed", "seed_dropped", c->seed, true },
		{ "presencePenalty", "presence_penalty_dropped", c->presence_penalty, true },
		{ "frequencyPenalty", "frequency_penalty_dropped", c->frequency_penalty, true },
		{ "", "logprobs_dropped", json_is_true(c->logprobs) ? c->logprobs : c->top_logprobs,
			false },
		{ "", "logit_bias_dropped", c->logit_bias, false },
		{ "", "verbosity_dropped", c->verbosity, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].value.n == 0)
			continue;
		if (rows[i].ok)
			add_member(p->out, rows[i].name, rows[i].value);
		else
			lose(p, rows[i].code);
	}
}

static void add_limits(struct printer *p)
{
	const struct content *c = p->c;
	const uint64_t max = p->t->caps.max_output;

	if (c->has_max_tokens) {
		buf_add(p->out, STR("\"maxOutputTokens\":"));
		buf_add_number(p->out, max > 0 && c->max_tokens > max ? max : c->max_tokens, 10);
		buf_add_char(p->out, ',');
	}
	add_sampling(p);
	if (c->stops.n == 0)
		return;
	if (!p->t->caps.stop) {
		lose(p, "stop_dropped");
		return;
	}
	buf_add(p->out, STR("\"stopSequences\":"));
	gemini_add_words(p->out, &c->stops, STOPS_MAX);
	buf_add_char(p->out, ',');
	if (c->stops.n > STOPS_MAX)
		lose(p, "stop_truncated");
}

static void add_format(struct printer *p)
{
	const struct format_wish *f = &p->c->format;

	if (f->kind == FORMAT_TEXT)
		return;
	buf_add(p->out, STR("\"responseMimeType\":\"application/json\","));
	if (f->kind != FORMAT_SCHEMA || f->schema.n == 0)
		return;
	const bool open = p->generation == GENERATION_OLD;
	buf_add(p->out, open ? STR("\"responseSchema\":") : STR("\"responseJsonSchema\":"));
	const bool dropped = gemini_add_schema(p->out, f->schema, open);
	buf_add_char(p->out, ',');
	if (dropped)
		lose(p, "schema_keyword_dropped");
}

static bool is_off(const struct reasoning_wish *w)
{
	return w->mode == REASONING_OFF || w->mode == REASONING_BETWEEN_TOOLS ||
	       w->effort == EFFORT_NONE;
}

/* Levels end at HIGH. Some models lack the lowest ones. */
static void add_level(struct printer *p, const struct reasoning_wish *w)
{
	static const char *const levels[] = { [EFFORT_MINIMAL] = "MINIMAL",
		[EFFORT_LOW] = "LOW",
		[EFFORT_MEDIUM] = "MEDIUM",
		[EFFORT_HIGH] = "HIGH" };
	enum effort effort = w->effort;

	if (is_off(w)) {
		effort = EFFORT_MINIMAL;
		lose(p, "thinking_not_disabled");
	} else if (effort == EFFORT_UNSET && w->mode == REASONING_BUDGET) {
		effort = effort_of_budget(w->budget_tokens);
	}
	if (p->t->caps.efforts != 0 && effort != EFFORT_UNSET)
		effort = caps_effort(&p->t->caps, effort);
	if (effort > EFFORT_HIGH)
		effort = EFFORT_HIGH;
	if (effort >= EFFORT_MINIMAL)
		buf_addf(p->out, "\"thinkingLevel\":\"%s\",", levels[effort]);
}

/* The tokens that an effort comes to, as for other models that are told a budget. */
static uint64_t budget_of(enum effort e)
{
	static const uint64_t budgets[EFFORTS] = { [EFFORT_MINIMAL] = 1024,
		[EFFORT_LOW] = 4096,
		[EFFORT_MEDIUM] = 8192,
		[EFFORT_HIGH] = 16384,
		[EFFORT_XHIGH] = 32768,
		[EFFORT_MAX] = 32768 };

	return budgets[e];
}

static void add_budget(struct printer *p, const struct reasoning_wish *w)
{
	const bool pro = (p->t->caps.efforts & 1U << EFFORT_NONE) == 0;
	const uint64_t max = pro ? BUDGET_MAX_PRO : BUDGET_MAX;
	uint64_t budget;

	if (is_off(w)) {
		if (pro)
			lose(p, "thinking_not_disabled");
		budget = pro ? BUDGET_MIN_PRO : 0;
	} else if (w->mode == REASONING_BUDGET) {
		budget = w->budget_tokens;
	} else if (w->effort != EFFORT_UNSET) {
		budget = budget_of(w->effort);
	} else {
		buf_add(p->out, STR("\"thinkingBudget\":-1,"));
		return;
	}
	buf_addf(p->out, "\"thinkingBudget\":%llu,",
		(unsigned long long)(budget < max ? budget : max));
}

static void add_thinking(struct printer *p)
{
	const struct reasoning_wish *w = &p->c->reasoning;
	const bool asked = w->mode == REASONING_ADAPTIVE || w->mode == REASONING_BUDGET;
	const bool show = w->show == SHOW_SUMMARY || (w->show == SHOW_UNSET && asked);

	if (p->generation == GENERATION_OLD ||
		(w->mode == REASONING_UNSET && w->effort == EFFORT_UNSET && !show))
		return;
	buf_add(p->out, STR("\"thinkingConfig\":{"));
	if (show && !is_off(w))
		buf_add(p->out, STR("\"includeThoughts\":true,"));
	if (p->generation == GENERATION_3)
		add_level(p, w);
	else if (w->mode != REASONING_UNSET || w->effort != EFFORT_UNSET)
		add_budget(p, w);
	if (p->out->p[p->out->n - 1] == '{') {
		p->out->n -= sizeof("\"thinkingConfig\":{") - 1;
		return;
	}
	close_object(p->out);
	buf_add_char(p->out, ',');
}

static void add_config(struct printer *p)
{
	const size_t before = p->out->n;

	buf_add(p->out, STR("\"generationConfig\":{"));
	add_limits(p);
	add_format(p);
	add_thinking(p);
	if (p->out->n == before + sizeof("\"generationConfig\":{") - 1) {
		p->out->n = before;
		return;
	}
	close_object(p->out);
	buf_add_char(p->out, ',');
}

/* What others call their usual one is not told. */
static void add_tier(struct printer *p)
{
	static const struct str usual[] = { STR_INIT("auto"), STR_INIT("default"),
		STR_INIT("standard"), STR_INIT("standard_only") };
	const struct str tier = p->c->service_tier;

	if (str_eq(tier, STR("flex")) || str_eq(tier, STR("priority"))) {
		buf_add(p->out, STR("\"serviceTier\":"));
		json_add_quoted(p->out, tier);
		buf_add_char(p->out, ',');
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (str_eq(tier, usual[i]))
			return;
	if (tier.n > 0)
		warn_field(&p->c->warnings, STR("service_tier"), p->c->arena);
}

void gemini_add_config(struct buf *out, struct content *c, const struct target *t)
{
	struct printer p = { .out = out, .c = c, .t = t, .generation = gemini_generation_of(t) };

	add_config(&p);
	add_tier(&p);
}
