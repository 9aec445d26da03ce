/* SPDX-License-Identifier: MIT */
/* Reads the members of a Chat Completions request; openai_messages.c has the conversation, openai_tools.c the tools. */
#include "llm/openai.h"

#include "wire/json_text.h"

/* What is being read, and where to. */
struct reader {
	struct content *c;
	struct err *e;
	uint64_t completion_tokens; /* max_completion_tokens; counts more than max_tokens */
	bool has_completion_tokens;
	struct str safety_identifier;
};

typedef bool (*take_member)(struct reader *r, struct str value);

static bool refuse(struct err *e, const char *param, const char *text)
{
	err_set(e, ERR_INVALID, "%s", text);
	e->param = param;
	e->code = "unsupported_value";
	return false;
}

/* ---- members ---- */

static bool take_tools(struct reader *r, struct str v)
{
	return openai_read_tools(r->c, v, false, r->e);
}

static bool take_functions(struct reader *r, struct str v)
{
	return openai_read_tools(r->c, v, true, r->e);
}

static bool take_choice(struct reader *r, struct str v)
{
	openai_read_choice(r->c, v);
	return true;
}

static bool take_completion_tokens(struct reader *r, struct str v)
{
	r->has_completion_tokens = json_u64(v, &r->completion_tokens);
	if (!r->has_completion_tokens)
		warn_field(&r->c->warnings, STR("max_completion_tokens"), r->c->arena);
	return true;
}

static bool take_max_tokens(struct reader *r, struct str v)
{
	r->c->has_max_tokens = json_u64(v, &r->c->max_tokens);
	if (!r->c->has_max_tokens)
		warn_field(&r->c->warnings, STR("max_tokens"), r->c->arena);
	return true;
}

static bool take_n(struct reader *r, struct str v)
{
	return str_eq(v, STR("1")) || refuse(r->e, "n", "n must be 1 on this route");
}

static bool take_audio(struct reader *r, struct str v)
{
	return refuse(r->e, "audio", "audio output is not available on this route");
}

static bool take_modalities(struct reader *r, struct str v)
{
	struct json_iter it;
	struct json_member m;
	struct err bad = { 0 };

	if (v.p[0] != '[' || !json_iter_init_array(&it, v, &bad))
		return true;
	while (json_next(&it, &m, &bad))
		if (!json_key_is(json_inner(m.value), STR("text")))
			return refuse(r->e, "modalities",
				"modalities other than \"text\" are not available on this route");
	return true;
}

static bool take_stop(struct reader *r, struct str v)
{
	struct json_iter it;
	struct json_member m;
	struct err bad = { 0 };
	struct content *c = r->c;

	c->stops = (struct words){ .n = 0 };
	if (json_is_string(v))
		words_add(&c->stops, json_inner(v), c->arena);
	if (v.p[0] != '[' || !json_iter_init_array(&it, v, &bad))
		return true;
	while (json_next(&it, &m, &bad))
		if (json_is_string(m.value))
			words_add(&c->stops, json_inner(m.value), c->arena);
	return true;
}

static void set_effort(struct content *c, struct str name)
{
	struct reasoning_wish *w = &c->reasoning;

	if (json_key_is(name, STR("ultra")))
		name = STR("max");
	w->effort = effort_of(name);
	if (w->effort == EFFORT_UNSET)
		warn_field(&c->warnings, STR("reasoning_effort"), c->arena);
	if (w->effort == EFFORT_NONE)
		w->mode = REASONING_OFF;
	else if (w->effort != EFFORT_UNSET)
		w->show = SHOW_SUMMARY;
}

static bool take_effort(struct reader *r, struct str v)
{
	if (json_is_string(v))
		set_effort(r->c, json_inner(v));
	return true;
}

/* OpenRouter's form of it: {"effort","max_tokens","enabled","exclude"}. */
static bool take_reasoning(struct reader *r, struct str v)
{
	struct reasoning_wish *w = &r->c->reasoning;
	struct str effort = json_inner(json_get(v, STR("effort")));
	struct str enabled = json_get(v, STR("enabled"));

	if (effort.n > 0)
		set_effort(r->c, effort);
	if (json_u64(json_get(v, STR("max_tokens")), &w->budget_tokens))
		w->mode = REASONING_BUDGET;
	if (str_eq(enabled, STR("false")))
		w->mode = REASONING_OFF;
	if (json_is_true(enabled) && w->mode == REASONING_UNSET)
		w->mode = REASONING_ADAPTIVE;
	if (w->mode != REASONING_UNSET && w->mode != REASONING_OFF)
		w->show = SHOW_SUMMARY;
	if (json_is_true(json_get(v, STR("exclude"))))
		w->show = SHOW_NOTHING;
	return true;
}

/* DeepSeek's: {"type":"enabled"|"disabled"}. */
static bool take_thinking(struct reader *r, struct str v)
{
	struct reasoning_wish *w = &r->c->reasoning;
	struct str type = json_inner(json_get(v, STR("type")));

	if (json_key_is(type, STR("disabled"))) {
		w->mode = REASONING_OFF;
	} else if (json_key_is(type, STR("enabled"))) {
		w->mode = w->mode == REASONING_UNSET ? REASONING_ADAPTIVE : w->mode;
		w->show = SHOW_SUMMARY;
	}
	return true;
}

static int flag_of(struct str v)
{
	return json_is_true(v) ? 1 : str_eq(v, STR("false")) ? 0 : -1;
}

static bool take_parallel(struct reader *r, struct str v)
{
	r->c->parallel_calls = flag_of(v);
	return true;
}

static bool take_format(struct reader *r, struct str v)
{
	struct format_wish *f = &r->c->format;
	struct str type = json_inner(json_get(v, STR("type")));

	if (json_key_is(type, STR("json_object"))) {
		f->kind = FORMAT_JSON;
	} else if (json_key_is(type, STR("json_schema"))) {
		struct str schema = json_get(v, STR("json_schema"));
		f->schema = json_get(schema, STR("schema"));
		f->name = json_inner(json_get(schema, STR("name")));
		f->strict = flag_of(json_get(schema, STR("strict")));
		f->kind = f->schema.n > 0 ? FORMAT_SCHEMA : FORMAT_JSON;
	} else if (!json_key_is(type, STR("text"))) {
		warn_field(&r->c->warnings, STR("response_format"), r->c->arena);
	}
	return true;
}

static bool take_stream_options(struct reader *r, struct str v)
{
	r->c->wants_usage = json_is_true(json_get(v, STR("include_usage")));
	return true;
}

static bool take_safety_identifier(struct reader *r, struct str v)
{
	r->safety_identifier = json_inner(v);
	return true;
}

static bool take_logprobs(struct reader *r, struct str v)
{
	if (!str_eq(v, STR("false")))
		r->c->logprobs = v;
	return true;
}

/* Read already, of use to the provider's operator only, or what no reply is changed by. */
static bool pass_over(struct reader *r, struct str v)
{
	return true;
}

/* ---- the table ---- */

/* With a function, or a place in struct content for the raw value or, where `text`, for what stands between the quotes. */
struct member_row {
	struct str name;
	take_member take;
	size_t at;
	bool text;
};
#define RAW(member)  offsetof(struct content, member), false
#define TEXT(member) offsetof(struct content, member), true

static const struct member_row rows[] = {
	{ STR_INIT("tools"), take_tools },
	{ STR_INIT("functions"), take_functions },
	{ STR_INIT("tool_choice"), take_choice },
	{ STR_INIT("function_call"), take_choice },
	{ STR_INIT("parallel_tool_calls"), take_parallel },
	{ STR_INIT("max_completion_tokens"), take_completion_tokens },
	{ STR_INIT("max_tokens"), take_max_tokens },
	{ STR_INIT("temperature"), NULL, RAW(temperature) },
	{ STR_INIT("top_p"), NULL, RAW(top_p) },
	{ STR_INIT("top_k"), NULL, RAW(top_k) },
	{ STR_INIT("seed"), NULL, RAW(seed) },
	{ STR_INIT("frequency_penalty"), NULL, RAW(frequency_penalty) },
	{ STR_INIT("presence_penalty"), NULL, RAW(presence_penalty) },
	{ STR_INIT("logit_bias"), NULL, RAW(logit_bias) },
	{ STR_INIT("logprobs"), take_logprobs },
	{ STR_INIT("top_logprobs"), NULL, RAW(top_logprobs) },
	{ STR_INIT("stop"), take_stop },
	{ STR_INIT("n"), take_n },
	{ STR_INIT("audio"), take_audio },
	{ STR_INIT("modalities"), take_modalities },
	{ STR_INIT("reasoning_effort"), take_effort },
	{ STR_INIT("reasoning"), take_reasoning },
	{ STR_INIT("thinking"), take_thinking },
	{ STR_INIT("response_format"), take_format },
	{ STR_INIT("verbosity"), NULL, TEXT(verbosity) },
	{ STR_INIT("stream_options"), take_stream_options },
	{ STR_INIT("user"), NULL, TEXT(user) },
	{ STR_INIT("safety_identifier"), take_safety_identifier },
	{ STR_INIT("prompt_cache_key"), NULL, TEXT(cache_key) },
	{ STR_INIT("service_tier"), NULL, TEXT(service_tier) },
	{ STR_INIT("model"), pass_over },
	{ STR_INIT("stream"), pass_over },
	{ STR_INIT("store"), pass_over },
	{ STR_INIT("metadata"), pass_over },
	{ STR_INIT("prompt_cache_options"), pass_over },
	{ STR_INIT("prompt_cache_retention"), pass_over },
	{ STR_INIT("include_reasoning"), pass_over },
};

static bool take(struct reader *r, const struct json_member *m)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct member_row *row = &rows[i];
		if (!json_key_is(m->key, row->name))
			continue;
		if (json_is_null(m->value))
			return true;
		if (row->take != NULL)
			return row->take(r, m->value);
		struct str *to = (struct str *)(void *)((char *)r->c + row->at);
		*to = row->text ? json_inner(m->value) : m->value;
		return true;
	}
	if (!json_is_null(m->value))
		warn_field(&r->c->warnings, m->key, r->c->arena);
	return true;
}

bool openai_read(struct content *ret, const struct chat *c, struct err *e)
{
	struct reader r = { .c = ret, .e = e };
	struct json_iter it;
	struct json_member m;

	ret->stream = c->stream;
	ret->reasoning_lost = "reasoning_history_dropped";
	ret->answers_prefill = true;
	if (!json_iter_init(&it, c->body, e))
		return false;
	while (json_next_key(&it, &m.key, e)) {
		if (json_key_is(m.key, STR("messages"))) {
			if (!openai_read_messages(ret, &it, e))
				return false;
			continue;
		}
		if (!json_take(&it, &m.value, e) || !take(&r, &m))
			return false;
	}
	if (r.has_completion_tokens) {
		ret->has_max_tokens = true;
		ret->max_tokens = r.completion_tokens;
	}
	if (ret->user.n == 0)
		ret->user = r.safety_identifier;
	return e->kind == ERR_NONE;
}
