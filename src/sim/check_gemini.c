/* SPDX-License-Identifier: MIT */
/* Configuration and tools of a Gemini request. Sources: the API reference, and error texts as users report them. */
#include "sim/gemini.h"

#include "sim/ids.h"
#include "sim/openai.h"

enum { STOPS_MAX = 5, NAME_BYTES = 128 };

/* ---- configuration ---- */

static bool check_limit(const struct ask *q, yyjson_val *config)
{
	yyjson_val *v = gem_get(config, "maxOutputTokens");
	int64_t n;

	if (v == NULL || (tree_int(v, &n) && n >= 1 && n <= q->model.max_output))
		return true;
	return refuse(q->why, 400,
		"Unable to submit request because it has a maxOutputTokens value of %lld but the supported range is from 1 "
		"(inclusive) to %lld (exclusive). Update the value and try again.",
		(long long)yyjson_get_num(v), (long long)q->model.max_output + 1);
}

static bool check_sampling(const struct ask *q, yyjson_val *config)
{
	yyjson_val *temperature = gem_get(config, "temperature");
	yyjson_val *stop = gem_get(config, "stopSequences");
	yyjson_val *n = gem_get(config, "candidateCount");
	yyjson_arr_iter it = yyjson_arr_iter_with(stop);

	if (temperature != NULL &&
		(yyjson_get_num(temperature) < 0 || yyjson_get_num(temperature) > 2))
		return refuse(q->why, 400,
			"* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].");
	if (yyjson_arr_size(stop) > STOPS_MAX)
		return refuse(q->why, 400,
			"* GenerateContentRequest.generation_config.stop_sequences: the number of stop sequences must not exceed "
			"%d.",
			STOPS_MAX);
	for (yyjson_val *s; (s = yyjson_arr_iter_next(&it)) != NULL;)
		if (tree_str(s).n == 0)
			return refuse(q->why, 400,
				"* GenerateContentRequest.generation_config.stop_sequences: stop sequences must not be empty.");
	if (n != NULL && yyjson_get_num(n) > 1)
		return refuse(q->why, 400, "Multiple candidates is not enabled for this model");
	return true;
}

static bool check_level(const struct ask *q, struct str level)
{
	unsigned flags = q->model.family->flags;

	if ((flags & MODEL_LEVELS) == 0)
		return refuse(q->why, 400, "Thinking level is not supported for this model.");
	if (!is_one_of(level, "MINIMAL LOW MEDIUM HIGH minimal low medium high"))
		return refuse(q->why, 400,
			"Invalid value at 'generation_config.thinking_config.thinking_level': \"%.*s\"",
			STR_ARG(level));
	if ((flags & MODEL_NO_BUDGET) != 0 && str_eq_nocase(level, STR("minimal")))
		return refuse(
			q->why, 400, "Thinking level MINIMAL is not supported for this model.");
	return true;
}

static bool check_thinking(const struct ask *q, yyjson_val *config)
{
	yyjson_val *t = gem_get(config, "thinkingConfig");
	yyjson_val *budget = gem_get(t, "thinkingBudget"), *level = gem_get(t, "thinkingLevel");
	unsigned flags = q->model.family->flags;

	if (budget != NULL && level != NULL)
		return refuse(q->why, 400,
			"You can only set only one of thinking budget and thinking level.");
	if (level != NULL)
		return check_level(q, tree_str(level));
	if (budget == NULL)
		return true;
	if ((flags & MODEL_NO_BUDGET) != 0)
		return refuse(q->why, 400, "Thinking budget is not supported for this model.");
	if ((flags & MODEL_NO_OFF) != 0 && yyjson_get_num(budget) == 0.0)
		return refuse(q->why, 400,
			"Budget 0 is invalid. This model only works in thinking mode.");
	return true;
}

static bool check_schemas(const struct ask *q, yyjson_val *config)
{
	struct str type = gem_str(config, "responseMimeType");
	yyjson_val *schema = gem_get(config, "responseSchema");
	yyjson_val *json_schema = gem_get(config, "responseJsonSchema");

	if (schema != NULL && json_schema != NULL)
		return refuse(q->why, 400,
			"Only one of response_schema and response_json_schema may be set.");
	if ((schema != NULL || json_schema != NULL) && !str_eq(type, STR("application/json")) &&
		!str_eq(type, STR("text/x.enum")))
		return refuse(q->why, 400,
			"response_schema is only supported with response_mime_type `application/json` or `text/x.enum`");
	return true;
}

/* ---- tools ---- */

static bool is_name(struct str s)
{
	bool ok = s.n >= 1 && s.n <= NAME_BYTES;

	for (size_t i = 0; ok && i < s.n; i++) {
		char c = s.p[i];
		bool letter = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
		ok = letter ||
		     (i > 0 && ((c >= '0' && c <= '9') || c == '.' || c == ':' || c == '-'));
	}
	return ok;
}

static bool check_parameters(const struct ask *q, yyjson_val *d, const char *at)
{
	yyjson_val *parameters = gem_get(d, "parameters");
	yyjson_val *json = gem_get(d, "parametersJsonSchema");
	yyjson_val *properties = yyjson_obj_get(parameters, "properties");

	if (parameters != NULL && json != NULL)
		return refuse(q->why, 400,
			"* GenerateContentRequest.%s: only one of parameters and parameters_json_schema may be set.",
			at);
	if (str_eq_nocase(tree_get(parameters, "type"), STR("object")) &&
		(properties == NULL || yyjson_obj_size(properties) == 0))
		return refuse(q->why, 400,
			"* GenerateContentRequest.%s.parameters.properties: should be non-empty for OBJECT type",
			at);
	return json == NULL || yyjson_is_obj(json) ||
	       refuse(q->why, 400,
		       "* GenerateContentRequest.%s.parameters_json_schema: must be a JSON Schema.",
		       at);
}

static bool check_declarations(const struct ask *q, yyjson_val *tool, size_t i, struct ids *names)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(gem_get(tool, "functionDeclarations"));
	size_t k = 0;

	for (yyjson_val *d; (d = yyjson_arr_iter_next(&it)) != NULL; k++) {
		struct place at = place_of("tools[%zu].function_declarations[%zu]", i, k);
		struct str name = tree_get(d, "name");
		if (!is_name(name))
			return refuse(q->why, 400,
				"* GenerateContentRequest.%s.name: Invalid function name. Must start with a letter or an underscore. "
				"Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a "
				"maximum length of 128.",
				at.text);
		if (ids_count(names, 0, name) > 0)
			return refuse(q->why, 400, "Duplicate function declaration found: %.*s",
				STR_ARG(name));
		ids_add(names, name);
		if (!check_parameters(q, d, at.text))
			return false;
	}
	return true;
}

static bool check_calling(const struct ask *q, const struct ids *names)
{
	yyjson_val *config = gem_get(gem_get(q->body, "toolConfig"), "functionCallingConfig");
	struct str mode = tree_get(config, "mode");
	yyjson_val *allowed = gem_get(config, "allowedFunctionNames");
	yyjson_arr_iter it = yyjson_arr_iter_with(allowed);

	if (mode.p != NULL && !is_one_of(mode, "MODE_UNSPECIFIED AUTO ANY NONE VALIDATED"))
		return refuse(q->why, 400,
			"Invalid value at 'tool_config.function_calling_config.mode': \"%.*s\"",
			STR_ARG(mode));
	if (yyjson_arr_size(allowed) > 0 && !is_one_of(mode, "ANY VALIDATED"))
		return refuse(q->why, 400,
			"Function calling config is set without function calling mode ANY: allowed_function_names may only be set "
			"with it.");
	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL;)
		if (ids_count(names, 0, tree_str(v)) == 0)
			return refuse(q->why, 400,
				"allowed_function_names should be a subset of the declared functions: %.*s is not.",
				STR_ARG(tree_str(v)));
	if (str_eq(mode, STR("ANY")) && names->n == 0)
		return refuse(q->why, 400,
			"Function calling mode ANY is set without function_declarations.");
	return true;
}

static bool check_tools(const struct ask *q)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(gem_get(q->body, "tools"));
	struct ids names = { .n = 0 };
	bool ok = true;
	size_t i = 0;

	for (yyjson_val *t; ok && (t = yyjson_arr_iter_next(&it)) != NULL; i++)
		ok = check_declarations(q, t, i, &names);
	ok = ok && check_calling(q, &names);
	ids_release(&names);
	return ok;
}

bool check_gemini(const struct ask *q)
{
	yyjson_val *config = gem_get(q->body, "generationConfig");

	if (gem_get(q->body, "cachedContent") != NULL) {
		refuse(q->why, 403, "CachedContent not found (or permission denied)");
		return false;
	}
	return check_limit(q, config) && check_sampling(q, config) && check_thinking(q, config) &&
	       check_schemas(q, config) && check_tools(q);
}
