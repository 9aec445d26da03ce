/* SPDX-License-Identifier: MIT */
/* Parameters and tools of a Responses request. Sources: the OpenAI API reference and SDK types, and error texts as users report
 * them. */
#include "sim/responses.h"

#include "sim/openai.h"

enum { OUTPUT_MIN = 16 };

static const char top_members[] =
	"model input instructions max_output_tokens tools tool_choice parallel_tool_calls reasoning text include store stream "
	"stream_options previous_response_id conversation prompt background truncation temperature top_p top_logprobs metadata "
	"service_tier safety_identifier user prompt_cache_key prompt_cache_options prompt_cache_retention context_management "
	"max_tool_calls moderation image access_programs";

bool check_responses_shape(const struct ask *q)
{
	yyjson_val *input = yyjson_obj_get(q->body, "input");

	if (!yyjson_is_obj(q->body))
		return object(q, NULL, NULL, "We could not parse the JSON body of your request.");
	if (!need(q, q->body, "model", ""))
		return false;
	if (yyjson_obj_get(q->body, "messages") != NULL)
		return object(q, "unsupported_parameter", "messages",
			"Unsupported parameter: 'messages'. In the Responses API, this parameter has moved to 'input'.");
	if (!need(q, q->body, "input", ""))
		return false;
	if (!yyjson_is_str(input) && !yyjson_is_arr(input))
		return object(q, "invalid_type", "input",
			"Invalid type for 'input': expected one of a string or array of input items.");
	if (yyjson_is_arr(input) && yyjson_arr_size(input) == 0)
		return object(q, "empty_array", "input",
			"Invalid 'input': empty array. Expected an array with minimum length 1, but got an empty array instead.");
	return true;
}

/* ---- parameters ---- */

static bool check_limit(const struct ask *q)
{
	yyjson_val *v = tree_set(q->body, "max_output_tokens");
	int64_t n;

	if (v == NULL)
		return true;
	if (!tree_int(v, &n))
		return object(q, "invalid_type", "max_output_tokens",
			"Invalid type for 'max_output_tokens': expected an integer.");
	if (n < OUTPUT_MIN)
		return object(q, "integer_below_min_value", "max_output_tokens",
			"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= %d, but got %lld instead.",
			OUTPUT_MIN, (long long)n);
	if (n > q->model.max_output)
		return object(q, "integer_above_max_value", "max_output_tokens",
			"Invalid 'max_output_tokens': integer above maximum value. Expected a value <= %lld, but got %lld instead.",
			(long long)q->model.max_output, (long long)n);
	return true;
}

/* Nothing of earlier requests is kept here. */
static bool check_state(const struct ask *q)
{
	struct str previous = tree_get(q->body, "previous_response_id");

	if (previous.p != NULL)
		return object(q, "previous_response_not_found", "previous_response_id",
			"Previous response with id '%.*s' not found.", STR_ARG(previous));
	if (tree_set(q->body, "conversation") != NULL)
		return object(q, NULL, "conversation", "Conversation not found.");
	return true;
}

static bool check_reasoning(const struct ask *q)
{
	yyjson_val *r = tree_set(q->body, "reasoning"), *summary = tree_set(r, "summary");

	return only_members(q, r, "effort summary generate_summary context mode", "reasoning") &&
	       check_effort(q, tree_set(r, "effort"), "reasoning.effort") &&
	       (summary == NULL ||
		       one_of(q, summary, "auto concise detailed", "reasoning.summary"));
}

static bool check_text(const struct ask *q)
{
	yyjson_val *text = tree_set(q->body, "text"), *format = tree_set(text, "format");
	yyjson_val *verbosity = tree_set(text, "verbosity");

	if (!only_members(q, text, "format verbosity", "text") ||
		(verbosity != NULL && !one_of(q, verbosity, "low medium high", "text.verbosity")))
		return false;
	if (format == NULL)
		return true;
	if (!one_of(q, yyjson_obj_get(format, "type"), "text json_object json_schema",
		    "text.format.type"))
		return false;
	return !tree_is(format, "type", "json_schema") ||
	       (need(q, format, "name", "text.format") &&
		       need(q, format, "schema", "text.format") &&
		       only_members(
			       q, format, "type name description schema strict", "text.format"));
}

static bool check_include(const struct ask *q)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(q->body, "include"));
	size_t i = 0;

	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL; i++)
		if (!one_of(q, v,
			    "file_search_call.results web_search_call.results web_search_call.action.sources "
			    "message.input_image.image_url computer_call_output.output.image_url code_interpreter_call.outputs "
			    "reasoning.encrypted_content message.output_text.logprobs",
			    place_of("include[%zu]", i).text))
			return false;
	return true;
}

static bool check_streaming(const struct ask *q)
{
	yyjson_val *stream = tree_set(q->body, "stream");

	if (stream != NULL && !yyjson_is_bool(stream))
		return object(q, "invalid_type", "stream",
			"Invalid type for 'stream': expected a boolean.");
	return only_members(
		q, tree_set(q->body, "stream_options"), "include_obfuscation", "stream_options");
}

/* ---- tools ---- */

static bool check_tool(const struct ask *q, yyjson_val *tool, const char *at);

static bool check_namespace(const struct ask *q, yyjson_val *tool, const char *at)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(tool, "tools"));
	size_t i = 0;

	if (!need(q, tool, "name", at) || !need(q, tool, "tools", at))
		return false;
	for (yyjson_val *t; (t = yyjson_arr_iter_next(&it)) != NULL; i++)
		if (!check_tool(q, t, place_of("%s.tools[%zu]", at, i).text))
			return false;
	return true;
}

static bool check_tool(const struct ask *q, yyjson_val *tool, const char *at)
{
	if (!need(q, tool, "type", at) ||
		!one_of(q, yyjson_obj_get(tool, "type"),
			"function custom namespace web_search web_search_2025_08_26 web_search_preview "
			"web_search_preview_2025_03_11 file_search code_interpreter image_generation mcp computer "
			"computer_use_preview local_shell shell apply_patch tool_search",
			place_of("%s.type", at).text))
		return false;
	if (tree_is(tool, "type", "namespace"))
		return check_namespace(q, tool, at);
	if (tree_is(tool, "type", "custom"))
		return need(q, tool, "name", at) &&
		       only_members(q, tool, "type name description format defer_loading", at);
	if (!tree_is(tool, "type", "function"))
		return true;
	/* Who does not say is strict. */
	return only_members(q, tool, "type name description parameters strict defer_loading", at) &&
	       check_function(q, tool, true, at);
}

static bool is_declared(yyjson_val *tools, struct str name)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(tools);

	for (yyjson_val *t; (t = yyjson_arr_iter_next(&it)) != NULL;)
		if (str_eq(tree_get(t, "name"), name) ||
			is_declared(yyjson_obj_get(t, "tools"), name))
			return true;
	return false;
}

static bool check_choice(const struct ask *q)
{
	yyjson_val *choice = tree_set(q->body, "tool_choice");
	yyjson_val *tools = yyjson_obj_get(q->body, "tools");
	struct str name = tree_get(choice, "name");

	if (choice == NULL)
		return true;
	if (yyjson_is_str(choice) && !one_of(q, choice, "none auto required", "tool_choice"))
		return false;
	if (yyjson_arr_size(tools) == 0)
		return yyjson_is_str(choice) && !yyjson_equals_str(choice, "required")
			       ? true
			       : object(q, NULL, "tool_choice",
					 "Tool choice '%s' must be specified with 'tools' parameter.",
					 yyjson_is_str(choice) ? yyjson_get_str(choice)
							       : "function");
	if (!tree_is(choice, "type", "function") && !tree_is(choice, "type", "custom"))
		return true;
	return name.p != NULL && is_declared(tools, name)
		       ? true
		       : object(q, "invalid_value", "tool_choice",
				 "Tool choice 'function' not found in 'tools' parameter.");
}

static bool check_tools(const struct ask *q)
{
	yyjson_val *tools = tree_set(q->body, "tools");
	yyjson_arr_iter it = yyjson_arr_iter_with(tools);
	size_t i = 0;

	if (tools != NULL && !yyjson_is_arr(tools))
		return object(q, "invalid_type", "tools",
			"Invalid type for 'tools': expected an array of objects.");
	for (yyjson_val *t; (t = yyjson_arr_iter_next(&it)) != NULL; i++)
		if (!check_tool(q, t, place_of("tools[%zu]", i).text))
			return false;
	return check_choice(q);
}

bool check_responses(const struct ask *q, struct str effort)
{
	return only_members(q, q->body, top_members, "") && check_state(q) && check_limit(q) &&
	       check_reasoning(q) && check_openai_sampling(q, effort) && check_text(q) &&
	       check_include(q) && check_streaming(q) && check_tools(q) && check_responses_items(q);
}
