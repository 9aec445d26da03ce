/* SPDX-License-Identifier: MIT */
/* A client's request: parameters and tools. Its contents are gemini_turns.c's. */
#include "llm/gemini.h"

#include <string.h>

struct reader {
	struct content *c;
	struct arena *a;
	struct err *e;
};

/* ---- generationConfig ---- */

enum config_kind {
	CONFIG_RAW, /* a number or a value, at `to` */
	CONFIG_READ,
	CONFIG_SILENT,
};

struct config_row {
	struct str name;
	enum config_kind kind;
	size_t to; /* of struct content */
	bool (*read)(struct reader *r, struct str value);
};

static bool read_max_tokens(struct reader *r, struct str value)
{
	r->c->has_max_tokens = json_u64(value, &r->c->max_tokens);
	return true;
}

static bool read_stops(struct reader *r, struct str value)
{
	struct json_iter it;
	struct json_member m;

	if (value.p[0] != '[')
		return true;
	if (!json_iter_init_array(&it, value, r->e))
		return false;
	while (json_next(&it, &m, r->e))
		if (json_is_string(m.value))
			words_add(&r->c->stops, json_inner(m.value), r->a);
	return r->e->kind == ERR_NONE;
}

static bool read_candidate_count(struct reader *r, struct str value)
{
	uint64_t n;

	if (json_u64(value, &n) && n > 1)
		return err_set(r->e, ERR_INVALID,
			"'generationConfig.candidateCount' above 1 is not supported by this "
			"provider");
	return true;
}

/* Providers of other dialects answer with text. */
static bool read_modalities(struct reader *r, struct str value)
{
	struct json_iter it;
	struct json_member m;

	if (value.p[0] != '[')
		return true;
	if (!json_iter_init_array(&it, value, r->e))
		return false;
	while (json_next(&it, &m, r->e)) {
		struct str name = json_inner(m.value);
		if (!str_eq_nocase(name, STR("TEXT")) &&
			!str_eq_nocase(name, STR("MODALITY_UNSPECIFIED")))
			return err_set(r->e, ERR_INVALID,
				"'generationConfig.responseModalities' other than TEXT are not "
				"supported by this provider");
	}
	return r->e->kind == ERR_NONE;
}

static bool read_mime_type(struct reader *r, struct str value)
{
	struct str mime = json_inner(value);

	if (str_eq(mime, STR("application/json"))) {
		if (r->c->format.kind == FORMAT_TEXT)
			r->c->format.kind = FORMAT_JSON;
	} else if (mime.n > 0 && !str_eq(mime, STR("text/plain"))) {
		warn_field(&r->c->warnings, STR("responseMimeType"), r->a);
	}
	return true;
}

static struct str convert_schema(struct reader *r, struct str open_schema)
{
	struct buf b;
	struct str ret;

	buf_init(&b, SIZE_MAX);
	gemini_add_json_schema(&b, open_schema);
	ret = arena_dup(r->a, buf_str(&b));
	buf_release(&b);
	return ret;
}

static bool read_schema(struct reader *r, struct str value)
{
	if (value.p[0] != '{')
		return true;
	r->c->format.kind = FORMAT_SCHEMA;
	r->c->format.strict = 0; /* which closed objects would be asked for */
	r->c->format.schema = convert_schema(r, value);
	return true;
}

static bool read_json_schema(struct reader *r, struct str value)
{
	if (value.p[0] != '{')
		return true;
	r->c->format.kind = FORMAT_SCHEMA;
	r->c->format.strict = 0; /* which closed objects would be asked for */
	r->c->format.schema = value;
	return true;
}

/* 0: off; -1: as the model likes. */
static void read_budget(struct reasoning_wish *w, struct str value)
{
	if (!json_u64(value, &w->budget_tokens))
		w->mode = REASONING_ADAPTIVE;
	else
		w->mode = w->budget_tokens == 0 ? REASONING_OFF : REASONING_BUDGET;
}

static void read_level(struct reasoning_wish *w, struct str name)
{
	static const struct {
		struct str name;
		enum effort effort;
	} levels[] = { { STR_INIT("MINIMAL"), EFFORT_MINIMAL }, { STR_INIT("LOW"), EFFORT_LOW },
		{ STR_INIT("MEDIUM"), EFFORT_MEDIUM }, { STR_INIT("HIGH"), EFFORT_HIGH } };

	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (str_eq_nocase(name, levels[i].name))
			w->effort = levels[i].effort;
	if (w->effort != EFFORT_UNSET && w->mode == REASONING_UNSET)
		w->mode = REASONING_ADAPTIVE;
}

/* Thoughts are shown only to those who ask. */
static bool read_thinking(struct reader *r, struct str value)
{
	struct reasoning_wish *w = &r->c->reasoning;
	struct json_iter it;
	struct json_member m;

	if (value.p[0] != '{')
		return true;
	if (!json_iter_init(&it, value, r->e))
		return false;
	w->show = SHOW_NOTHING;
	while (json_next(&it, &m, r->e)) {
		if (gemini_key_is(m.key, STR("includeThoughts")))
			w->show = json_is_true(m.value) ? SHOW_SUMMARY : SHOW_NOTHING;
		else if (gemini_key_is(m.key, STR("thinkingBudget")))
			read_budget(w, m.value);
		else if (gemini_key_is(m.key, STR("thinkingLevel")))
			read_level(w, json_inner(m.value));
	}
	if (w->mode == REASONING_UNSET && w->show == SHOW_SUMMARY)
		w->mode = REASONING_ADAPTIVE;
	return r->e->kind == ERR_NONE;
}

static bool read_logprobs(struct reader *r, struct str value)
{
	if (json_is_true(value))
		r->c->logprobs = value;
	return true;
}

#define TO(member) offsetof(struct content, member)

static const struct config_row config_rows[] = {
	{ STR_INIT("maxOutputTokens"), CONFIG_READ, 0, read_max_tokens },
	{ STR_INIT("temperature"), CONFIG_RAW, TO(temperature), NULL },
	{ STR_INIT("topP"), CONFIG_RAW, TO(top_p), NULL },
	{ STR_INIT("topK"), CONFIG_RAW, TO(top_k), NULL },
	{ STR_INIT("stopSequences"), CONFIG_READ, 0, read_stops },
	{ STR_INIT("seed"), CONFIG_RAW, TO(seed), NULL },
	{ STR_INIT("presencePenalty"), CONFIG_RAW, TO(presence_penalty), NULL },
	{ STR_INIT("frequencyPenalty"), CONFIG_RAW, TO(frequency_penalty), NULL },
	{ STR_INIT("responseLogprobs"), CONFIG_READ, 0, read_logprobs },
	{ STR_INIT("logprobs"), CONFIG_RAW, TO(top_logprobs), NULL },
	{ STR_INIT("candidateCount"), CONFIG_READ, 0, read_candidate_count },
	{ STR_INIT("responseModalities"), CONFIG_READ, 0, read_modalities },
	{ STR_INIT("responseMimeType"), CONFIG_READ, 0, read_mime_type },
	{ STR_INIT("responseSchema"), CONFIG_READ, 0, read_schema },
	{ STR_INIT("responseJsonSchema"), CONFIG_READ, 0, read_json_schema },
	{ STR_INIT("thinkingConfig"), CONFIG_READ, 0, read_thinking },
};

static bool read_config_member(struct reader *r, const struct json_member *m)
{
	for (size_t i = 0; i < ARRAY_LEN(config_rows); i++) {
		const struct config_row *row = &config_rows[i];
		if (!gemini_key_is(m->key, row->name))
			continue;
		if (row->kind == CONFIG_RAW)
			memcpy((char *)r->c + row->to, &m->value, sizeof(m->value));
		return row->read == NULL || row->read(r, m->value);
	}
	warn_field(&r->c->warnings, m->key, r->a);
	return true;
}

static bool read_config(struct reader *r, struct str value)
{
	struct json_iter it;
	struct json_member m;

	if (!json_iter_init(&it, value, r->e))
		return err_set(r->e, ERR_INVALID, "'generationConfig' is no object");
	while (json_next(&it, &m, r->e))
		if (!json_is_null(m.value) && !read_config_member(r, &m))
			return false;
	return r->e->kind == ERR_NONE;
}

/* ---- tools ---- */

static bool read_function(struct reader *r, struct str value)
{
	struct tool *t = content_add_tool(r->c, TOOL_FUNCTION);
	struct json_iter it;
	struct json_member m;

	t->schema = STR("{\"type\":\"object\",\"properties\":{}}");
	if (!json_iter_init(&it, value, r->e))
		return err_set(r->e, ERR_INVALID, "'tools' declare a function that is no object");
	while (json_next(&it, &m, r->e)) {
		if (gemini_key_is(m.key, STR("name")))
			t->name = t->wire_name = json_inner(m.value);
		else if (gemini_key_is(m.key, STR("description")))
			t->description = json_inner(m.value);
		else if (gemini_key_is(m.key, STR("parameters")) && m.value.p[0] == '{')
			t->schema = convert_schema(r, m.value);
		else if (gemini_key_is(m.key, STR("parametersJsonSchema")) && m.value.p[0] == '{')
			t->schema = m.value;
		/* What it answers, and when, is nothing that others are told. */
	}
	return r->e->kind == ERR_NONE;
}

static bool read_functions(struct reader *r, struct str list)
{
	struct json_iter it;
	struct json_member m;

	if (json_is_null(list))
		return true;
	if (!json_iter_init_array(&it, list, r->e))
		return err_set(r->e, ERR_INVALID, "'functionDeclarations' is no array");
	while (json_next(&it, &m, r->e))
		if (!read_function(r, m.value))
			return false;
	return r->e->kind == ERR_NONE;
}

/* Each member is a tool, or a list of functions. */
static bool read_tool(struct reader *r, struct str value)
{
	struct json_iter it;
	struct json_member m;

	if (!json_iter_init(&it, value, r->e))
		return err_set(r->e, ERR_INVALID, "'tools' hold something that is no object");
	while (json_next(&it, &m, r->e)) {
		if (gemini_key_is(m.key, STR("functionDeclarations"))) {
			if (!read_functions(r, m.value))
				return false;
		} else if (!json_is_null(m.value)) {
			struct tool *t = content_add_tool(r->c, TOOL_SERVER);
			const bool search = gemini_key_is(m.key, STR("googleSearch"));
			t->type = t->name = t->wire_name = search ? STR("web_search") : m.key;
		}
	}
	return r->e->kind == ERR_NONE;
}

static bool read_tools(struct reader *r, struct str value)
{
	struct json_iter it;
	struct json_member m;

	if (value.p[0] == '{')
		return read_tool(r, value);
	if (json_is_null(value))
		return true;
	if (!json_iter_init_array(&it, value, r->e))
		return err_set(r->e, ERR_INVALID, "'tools' is no array");
	while (json_next(&it, &m, r->e))
		if (!read_tool(r, m.value))
			return false;
	return r->e->kind == ERR_NONE;
}

static enum tool_choice choice_of(struct str mode, size_t names)
{
	if (str_eq_nocase(mode, STR("NONE")))
		return CHOICE_NONE;
	if (str_eq_nocase(mode, STR("ANY")))
		return names == 0 ? CHOICE_ANY : names == 1 ? CHOICE_NAMED : CHOICE_ANY_AMONG;
	if (str_eq_nocase(mode, STR("AUTO")) || str_eq_nocase(mode, STR("VALIDATED")))
		return names == 0 ? CHOICE_AUTO : CHOICE_AUTO_AMONG;
	return CHOICE_UNSET;
}

static bool read_calling(struct reader *r, struct str value)
{
	struct json_iter it, names;
	struct json_member m, name;
	struct str mode = STR("");

	if (value.p[0] != '{' || !json_iter_init(&it, value, r->e))
		return value.p[0] != '{';
	while (json_next(&it, &m, r->e)) {
		if (gemini_key_is(m.key, STR("mode")))
			mode = json_inner(m.value);
		if (!gemini_key_is(m.key, STR("allowedFunctionNames")) || m.value.p[0] != '[')
			continue;
		if (!json_iter_init_array(&names, m.value, r->e))
			return false;
		while (json_next(&names, &name, r->e))
			if (json_is_string(name.value))
				words_add(&r->c->choice_names, json_inner(name.value), r->a);
	}
	r->c->choice = choice_of(mode, r->c->choice_names.n);
	return r->e->kind == ERR_NONE;
}

static bool read_tool_config(struct reader *r, struct str value)
{
	struct json_iter it;
	struct json_member m;

	if (value.p[0] != '{')
		return true;
	if (!json_iter_init(&it, value, r->e))
		return false;
	while (json_next(&it, &m, r->e)) {
		if (!gemini_key_is(m.key, STR("functionCallingConfig")))
			warn_field(&r->c->warnings, m.key, r->a);
		else if (!read_calling(r, m.value))
			return false;
	}
	return r->e->kind == ERR_NONE;
}

/* ---- the request ---- */

static bool read_member(struct reader *r, const struct json_member *m);

static bool read_request(struct reader *r, struct str object)
{
	struct json_iter it;
	struct json_member m;

	if (!json_iter_init(&it, object, r->e))
		return false;
	while (json_next(&it, &m, r->e))
		if (!json_is_null(m.value) && !read_member(r, &m))
			return false;
	return r->e->kind == ERR_NONE;
}

static bool refuse_cache(struct reader *r, struct str value)
{
	if (json_inner(value).n == 0)
		return true;
	return err_set(r->e, ERR_INVALID,
		"'cachedContent' is kept by another provider than the one that is to answer");
}

static bool read_tier(struct reader *r, struct str value)
{
	r->c->service_tier = json_inner(value);
	return true;
}

static bool pass_over(struct reader *r, struct str value)
{
	(void)r;
	(void)value;
	return true;
}

static bool read_contents(struct reader *r, struct str value)
{
	return gemini_read_turns(r->c, value, r->e);
}

static bool read_system(struct reader *r, struct str value)
{
	return gemini_read_system(r->c, value, r->e);
}

static const struct {
	struct str name;
	bool (*read)(struct reader *r, struct str value);
} members[] = {
	{ STR_INIT("contents"), read_contents },
	{ STR_INIT("systemInstruction"), read_system },
	{ STR_INIT("tools"), read_tools },
	{ STR_INIT("toolConfig"), read_tool_config },
	{ STR_INIT("generationConfig"), read_config },
	{ STR_INIT("generateContentRequest"), read_request }, /* of countTokens */
	{ STR_INIT("cachedContent"), refuse_cache },
	{ STR_INIT("serviceTier"), read_tier },
	{ STR_INIT("model"), pass_over },
};

static bool read_member(struct reader *r, const struct json_member *m)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (gemini_key_is(m->key, members[i].name))
			return members[i].read(r, m->value);
	warn_field(&r->c->warnings, m->key, r->a);
	return true;
}

bool gemini_read_content(struct content *ret, const struct chat *c, struct err *e)
{
	struct reader r = { .c = ret, .a = ret->arena, .e = e };

	ret->stream = c->stream;
	return read_request(&r, c->body);
}
