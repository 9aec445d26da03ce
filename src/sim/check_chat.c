/* SPDX-License-Identifier: MIT */
/* Parameters and tools of a Chat Completions request. Sources: the OpenAI API reference and SDK types, DeepSeek's API documents, and
 * error texts as users of both report them. */
#include "sim/chat.h"

#include "sim/openai.h"

enum { STOPS_MAX = 4, TOOLS_MAX = 128, CHOICES_MAX = 128, DEPTH_MAX = 256 };

static const char top_members[] =
	"messages model max_completion_tokens max_tokens temperature top_p n stop stream stream_options tools tool_choice "
	"parallel_tool_calls response_format reasoning_effort verbosity seed logprobs top_logprobs logit_bias "
	"frequency_penalty presence_penalty prediction modalities audio service_tier store metadata user safety_identifier "
	"prompt_cache_key prompt_cache_retention prompt_cache_options web_search_options moderation functions function_call";

bool check_chat_shape(const struct ask *q)
{
	yyjson_val *messages = yyjson_obj_get(q->body, "messages");

	if (!yyjson_is_obj(q->body))
		return object(q, NULL, NULL, "We could not parse the JSON body of your request.");
	if (!need(q, q->body, "model", "") || !need(q, q->body, "messages", ""))
		return false;
	if (!yyjson_is_str(yyjson_obj_get(q->body, "model")))
		return object(
			q, "invalid_type", "model", "Invalid type for 'model': expected a string.");
	if (!yyjson_is_arr(messages))
		return object(q, "invalid_type", "messages",
			"Invalid type for 'messages': expected an array of objects.");
	if (yyjson_arr_size(messages) == 0)
		return object(q, "empty_array", "messages",
			"Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.");
	return true;
}

/* ---- parameters ---- */

static bool check_limit(const struct ask *q, const char *name)
{
	yyjson_val *v = tree_set(q->body, name);
	int64_t n;

	if (v == NULL)
		return true;
	if (!tree_int(v, &n) || n < 1)
		return object(q, "integer_below_min_value", name,
			"Invalid '%s': integer below minimum value. Expected a value >= 1.", name);
	if (n > q->model.max_output)
		return object(q, "invalid_value", name,
			"%s is too large: %lld. This model supports at most %lld completion tokens, whereas you provided %lld.",
			name, (long long)n, (long long)q->model.max_output, (long long)n);
	return true;
}

static bool check_limits(const struct ask *q)
{
	bool reasons =
		q->model.vendor == VENDOR_OPENAI && (q->model.family->flags & MODEL_REASONS) != 0;

	if (reasons && tree_set(q->body, "max_tokens") != NULL)
		return object(q, "unsupported_parameter", "max_tokens",
			"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.");
	return check_limit(q, "max_tokens") && check_limit(q, "max_completion_tokens");
}

static bool check_stop(const struct ask *q)
{
	yyjson_val *stop = tree_set(q->body, "stop");
	yyjson_arr_iter it = yyjson_arr_iter_with(stop);

	if (stop == NULL)
		return true;
	if (q->model.vendor != VENDOR_DEEPSEEK && (q->model.family->flags & MODEL_REASONS) != 0)
		return object(q, "unsupported_parameter", "stop",
			"Unsupported parameter: 'stop' is not supported with this model.");
	if (yyjson_arr_size(stop) > STOPS_MAX && q->model.vendor == VENDOR_OPENAI)
		return object(q, "array_above_max_length", "stop",
			"Invalid 'stop': array too long. Expected an array with maximum length %d, but got an array with length "
			"%zu instead.",
			STOPS_MAX, yyjson_arr_size(stop));
	if (!yyjson_is_str(stop) && !yyjson_is_arr(stop))
		return object(q, "invalid_type", "stop",
			"Invalid type for 'stop': expected one of a string or array of strings.");
	for (yyjson_val *s; (s = yyjson_arr_iter_next(&it)) != NULL;)
		if (!yyjson_is_str(s))
			return object(q, "invalid_type", "stop",
				"Invalid type for 'stop': expected an array of strings.");
	return true;
}

static bool check_streaming(const struct ask *q)
{
	yyjson_val *stream = tree_set(q->body, "stream");
	yyjson_val *options = tree_set(q->body, "stream_options");

	if (stream != NULL && !yyjson_is_bool(stream))
		return object(q, "invalid_type", "stream",
			"Invalid type for 'stream': expected a boolean.");
	if (options != NULL && !yyjson_is_true(stream))
		return object(q, NULL, "stream_options",
			"The 'stream_options' parameter is only allowed when 'stream' is enabled.");
	return only_members(q, options, "include_usage include_obfuscation", "stream_options");
}

/* Whether the word stands in any message: who asks for any JSON must say so to the model too. */
static bool speaks_of_json(yyjson_val *v, unsigned depth)
{
	yyjson_arr_iter items = yyjson_arr_iter_with(v);
	yyjson_obj_iter members = yyjson_obj_iter_with(v);
	struct str s = tree_str(v);

	for (size_t i = 0; i + 4 <= s.n; i++)
		if (str_eq_nocase((struct str){ s.p + i, 4 }, STR("json")))
			return true;
	for (yyjson_val *item; (item = yyjson_arr_iter_next(&items)) != NULL;)
		if (depth < DEPTH_MAX && speaks_of_json(item, depth + 1))
			return true;
	for (yyjson_val *key; (key = yyjson_obj_iter_next(&members)) != NULL;)
		if (depth < DEPTH_MAX && speaks_of_json(yyjson_obj_iter_get_val(key), depth + 1))
			return true;
	return false;
}

static bool check_format(const struct ask *q)
{
	yyjson_val *format = tree_set(q->body, "response_format");
	yyjson_val *schema = tree_set(format, "json_schema");

	if (format == NULL)
		return true;
	if (!one_of(q, yyjson_obj_get(format, "type"), "text json_object json_schema",
		    "response_format.type"))
		return false;
	if (tree_is(format, "type", "json_object") &&
		!speaks_of_json(yyjson_obj_get(q->body, "messages"), 0))
		return object(q, NULL, "messages",
			"'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.");
	if (!tree_is(format, "type", "json_schema"))
		return true;
	if (q->model.vendor == VENDOR_DEEPSEEK)
		return object(q, NULL, NULL, "This response_format type is unavailable now");
	return need(q, format, "json_schema", "response_format") &&
	       need(q, schema, "name", "response_format.json_schema") &&
	       only_members(
		       q, schema, "name description schema strict", "response_format.json_schema");
}

/* The highest effort is for those who come by the other door. */
static bool check_chat_effort(const struct ask *q)
{
	if (q->model.vendor == VENDOR_OPENAI && tree_is(q->body, "reasoning_effort", "max"))
		return object(q, "unsupported_value", "reasoning_effort",
			"Unsupported value: 'reasoning_effort' does not support 'max' with this model.");
	return check_effort(q, tree_set(q->body, "reasoning_effort"), "reasoning_effort");
}

static bool check_choices(const struct ask *q)
{
	yyjson_val *n = tree_set(q->body, "n");
	int64_t choices;

	if (n == NULL || (tree_int(n, &choices) && choices >= 1 && choices <= CHOICES_MAX))
		return true;
	return object(q, "invalid_value", "n", "Invalid 'n': expected an integer from 1 to %d.",
		CHOICES_MAX);
}

static bool check_verbosity(const struct ask *q)
{
	yyjson_val *v = tree_set(q->body, "verbosity");

	return v == NULL || q->model.vendor != VENDOR_OPENAI ||
	       one_of(q, v, "low medium high", "verbosity");
}

bool check_chat(const struct ask *q, struct str effort)
{
	return only_members(q, q->body, top_members, "") && check_limits(q) && check_choices(q) &&
	       check_chat_effort(q) && check_openai_sampling(q, effort) && check_stop(q) &&
	       check_streaming(q) && check_verbosity(q) && check_format(q) &&
	       check_chat_tools(q, effort) && check_chat_messages(q);
}

/* ---- tools ---- */

static bool check_tool(const struct ask *q, yyjson_val *tool, size_t i)
{
	struct place at = place_of("tools[%zu]", i);
	struct place type = place_of("tools[%zu].type", i);
	struct place inner = place_of("tools[%zu].function", i);
	yyjson_val *function = tree_set(tool, "function");

	if (!need(q, tool, "type", at.text) ||
		!one_of(q, yyjson_obj_get(tool, "type"), "function custom", type.text))
		return false;
	if (tree_is(tool, "type", "custom"))
		return only_members(q, tool, "type custom", at.text) &&
		       need(q, tool, "custom", at.text);
	return only_members(q, tool, "type function", at.text) &&
	       need(q, tool, "function", at.text) &&
	       only_members(q, function, "name description parameters strict", inner.text) &&
	       check_function(q, function, false, inner.text);
}

static bool is_declared(const struct ask *q, struct str name)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(q->body, "tools"));

	for (yyjson_val *t; (t = yyjson_arr_iter_next(&it)) != NULL;)
		if (str_eq(tree_get(yyjson_obj_get(t, "function"), "name"), name) ||
			str_eq(tree_get(yyjson_obj_get(t, "custom"), "name"), name))
			return true;
	return false;
}

static bool check_choice(const struct ask *q)
{
	yyjson_val *choice = tree_set(q->body, "tool_choice");
	struct str type = tree_get(choice, "type");
	struct str name = tree_get(yyjson_obj_get(choice, type.p != NULL ? type.p : ""), "name");

	if (choice == NULL)
		return true;
	if (yyjson_arr_size(yyjson_obj_get(q->body, "tools")) == 0 &&
		q->model.vendor == VENDOR_OPENAI)
		return object(q, NULL, "tool_choice",
			"Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.");
	if (yyjson_is_str(choice))
		return one_of(q, choice, "none auto required", "tool_choice");
	if (str_eq(type, STR("allowed_tools")))
		return true;
	if (!one_of(q, yyjson_obj_get(choice, "type"), "function custom allowed_tools",
		    "tool_choice.type"))
		return false;
	if (name.p == NULL)
		return object(q, "missing_required_parameter", "tool_choice.function",
			"Missing required parameter: 'tool_choice.function'.");
	return is_declared(q, name) ||
	       object(q, "invalid_value", "tool_choice",
		       "Invalid value for 'tool_choice': no tool '%.*s' is among the 'tools'.",
		       STR_ARG(name));
}

/* What newer models want of those who call tools. */
static bool check_reasoning_with_tools(const struct ask *q, struct str effort)
{
	unsigned flags = q->model.family->flags;
	bool said = tree_set(q->body, "reasoning_effort") != NULL;

	if (str_eq(effort, STR("none")))
		return true;
	if ((flags & MODEL_NO_CHAT_TOOLS) != 0)
		return object(q, NULL, "reasoning_effort",
			"Function tools with reasoning_effort are not supported for %.*s in /v1/chat/completions. To use function "
			"tools, use /v1/responses or set reasoning_effort to 'none'.",
			STR_ARG(q->model.name));
	if ((flags & MODEL_NO_CHAT_EFFORT) != 0 && said)
		return object(q, NULL, "reasoning_effort",
			"Function tools with reasoning_effort are not supported for %.*s in /v1/chat/completions. Please use "
			"/v1/responses instead.",
			STR_ARG(q->model.name));
	return true;
}

bool check_chat_tools(const struct ask *q, struct str effort)
{
	yyjson_val *tools = tree_set(q->body, "tools");
	yyjson_arr_iter it = yyjson_arr_iter_with(tools);
	size_t i = 0;

	if (tools == NULL) {
		if (tree_set(q->body, "parallel_tool_calls") != NULL &&
			q->model.vendor == VENDOR_OPENAI)
			return object(q, NULL, "parallel_tool_calls",
				"Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are "
				"specified.");
		return check_choice(q);
	}
	if (!yyjson_is_arr(tools))
		return object(q, "invalid_type", "tools",
			"Invalid type for 'tools': expected an array of objects.");
	if (q->model.vendor == VENDOR_OPENAI &&
		(yyjson_arr_size(tools) == 0 || yyjson_arr_size(tools) > TOOLS_MAX))
		return object(q, "invalid_value", "tools",
			"Invalid 'tools': expected an array with a length from 1 to %d, but got one with length %zu instead.",
			TOOLS_MAX, yyjson_arr_size(tools));
	for (yyjson_val *t; (t = yyjson_arr_iter_next(&it)) != NULL; i++)
		if (!check_tool(q, t, i))
			return false;
	return check_choice(q) &&
	       (yyjson_arr_size(tools) == 0 || check_reasoning_with_tools(q, effort));
}
