/* SPDX-License-Identifier: MIT */
/* The messages of a Chat Completions request: roles, contents, calls and what answers them. */
#include "sim/chat.h"

#include "sim/ids.h"
#include "sim/openai.h"

#include <string.h>

enum { ID_BYTES = 40 };

struct role_row {
	const char *role;
	const char *members, *parts;
	bool optional; /* may have no content */
};

static const struct role_row role_rows[] = {
	{ "system", "role content name", "text", false },
	{ "developer", "role content name", "text", false },
	{ "user", "role content name", "text image_url input_audio file", false },
	{ "assistant", "role content name refusal tool_calls audio function_call annotations",
		"text refusal", true },
	{ "tool", "role content tool_call_id", "text", false },
	{ "function", "role content name", "text", true },
};

struct walk {
	const struct ask *q;
	struct ids calls;   /* of the whole request */
	size_t from;        /* calls of the assistant's message before */
	struct ids answers; /* to them */
	bool open;          /* answers may come now */
};

static const struct role_row *find_role(const struct ask *q, yyjson_val *m, size_t i)
{
	struct place at = place_of("messages[%zu].role", i);
	bool deepseek = q->model.vendor == VENDOR_DEEPSEEK;

	if (deepseek && !is_one_of(tree_get(m, "role"), "system user assistant tool")) {
		object(q, NULL, NULL,
			"Failed to deserialize the JSON body into the target type: messages[%zu].role: unknown variant `%.*s`, "
			"expected one of `system`, `user`, `assistant`, `tool`",
			i, STR_ARG(tree_get(m, "role")));
		return NULL;
	}
	for (size_t k = 0; k < ARRAY_LEN(role_rows); k++)
		if (tree_is(m, "role", role_rows[k].role))
			return &role_rows[k];
	if (need(q, m, "role", place_of("messages[%zu]", i).text) &&
		one_of(q, yyjson_obj_get(m, "role"),
			"system assistant user function tool developer", at.text))
		object(q, "invalid_value", at.text, "Invalid value for '%s'.", at.text);
	return NULL;
}

/* ---- contents ---- */

static bool check_part(
	const struct ask *q, const struct role_row *row, yyjson_val *part, const char *at)
{
	static const struct {
		const char *type, *members, *needed;
	} rows[] = {
		{ "text", "type text prompt_cache_breakpoint", "text" },
		{ "image_url", "type image_url prompt_cache_breakpoint", "image_url" },
		{ "input_audio", "type input_audio prompt_cache_breakpoint", "input_audio" },
		{ "file", "type file prompt_cache_breakpoint", "file" },
		{ "refusal", "type refusal", "refusal" },
	};
	struct place type = place_of("%s.type", at);
	const char *allowed = q->model.vendor == VENDOR_DEEPSEEK ? "text" : row->parts;

	if (!need(q, part, "type", at) ||
		!one_of(q, yyjson_obj_get(part, "type"), allowed, type.text))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (tree_is(part, "type", rows[i].type))
			return only_members(q, part, rows[i].members, at) &&
			       need(q, part, rows[i].needed, at);
	return true;
}

static bool check_content(const struct ask *q, const struct role_row *row, yyjson_val *m, size_t i)
{
	yyjson_val *content = tree_set(m, "content");
	struct place at = place_of("messages[%zu].content", i);
	yyjson_arr_iter it = yyjson_arr_iter_with(content);
	bool calls = tree_set(m, "tool_calls") != NULL || tree_set(m, "refusal") != NULL ||
		     tree_set(m, "function_call") != NULL || tree_set(m, "audio") != NULL;
	size_t k = 0;

	if (content == NULL && (!row->optional || (!calls && row->parts[4] != '\0')))
		return object(q, "invalid_type", at.text,
			"Invalid value for 'content': expected a string, got null.");
	if (content == NULL || yyjson_is_str(content))
		return true;
	if (!yyjson_is_arr(content))
		return object(q, "invalid_type", at.text,
			"Invalid type for '%s': expected one of a string or array of objects.",
			at.text);
	if (yyjson_arr_size(content) == 0)
		return object(q, "empty_array", at.text,
			"Invalid '%s': empty array. Expected an array with minimum length 1, but got an empty array instead.",
			at.text);
	for (yyjson_val *part; (part = yyjson_arr_iter_next(&it)) != NULL; k++)
		if (!check_part(q, row, part, place_of("%s[%zu]", at.text, k).text))
			return false;
	return true;
}

/* ---- calls ---- */

static bool check_call(struct walk *w, yyjson_val *call, const char *at)
{
	const struct ask *q = w->q;
	yyjson_val *function = tree_set(call, "function");
	struct place inner = place_of("%s.function", at);
	struct str id = tree_get(call, "id");

	if (!need(q, call, "id", at) || !need(q, call, "type", at))
		return false;
	if (id.n == 0 || (id.n > ID_BYTES && q->model.vendor == VENDOR_OPENAI))
		return object(q, "string_above_max_length", place_of("%s.id", at).text,
			"Invalid '%s.id': expected a string with a length from 1 to %d, but got one with length %zu instead.",
			at, ID_BYTES, id.n);
	ids_add(&w->calls, id);
	if (tree_is(call, "type", "custom"))
		return need(q, call, "custom", at);
	return only_members(q, call, "id type function index", at) &&
	       one_of(q, yyjson_obj_get(call, "type"), "function custom",
		       place_of("%s.type", at).text) &&
	       need(q, call, "function", at) &&
	       only_members(q, function, "name arguments", inner.text) &&
	       need(q, function, "name", inner.text) &&
	       check_arguments(q, tree_get(function, "arguments"),
		       place_of("%s.arguments", inner.text).text);
}

static bool check_calls(struct walk *w, yyjson_val *m, size_t i)
{
	yyjson_val *calls = tree_set(m, "tool_calls");
	struct place at = place_of("messages[%zu].tool_calls", i);
	yyjson_arr_iter it = yyjson_arr_iter_with(calls);
	size_t k = 0;

	if (calls == NULL)
		return true;
	if (yyjson_arr_size(calls) == 0)
		return object(w->q, "empty_array", at.text,
			"Invalid '%s': empty array. Expected an array with minimum length 1, but got an empty array instead.",
			at.text);
	for (yyjson_val *c; (c = yyjson_arr_iter_next(&it)) != NULL; k++)
		if (!check_call(w, c, place_of("%s[%zu]", at.text, k).text))
			return false;
	w->open = true;
	return true;
}

/* All calls of the assistant's last message have been answered. */
static bool close_calls(struct walk *w, size_t i)
{
	struct buf missing;

	if (!w->open)
		return true;
	buf_init(&missing, SIZE_MAX);
	for (size_t k = w->from; k < w->calls.n; k++)
		if (ids_count(&w->answers, 0, w->calls.v[k]) == 0)
			buf_addf(&missing, "%s%.*s", missing.n > 0 ? ", " : "",
				STR_ARG(w->calls.v[k]));
	if (missing.n > 0)
		object(w->q, NULL, place_of("messages[%zu].role", i).text,
			"An assistant message with 'tool_calls' must be followed by tool messages responding to each "
			"'tool_call_id'. The following tool_call_ids did not have response messages: %.*s",
			STR_ARG(buf_str(&missing)));
	bool ok = missing.n == 0;
	buf_release(&missing);
	w->open = false;
	return ok;
}

static bool check_answer(struct walk *w, yyjson_val *m, size_t i)
{
	struct str id = tree_get(m, "tool_call_id");
	struct place at = place_of("messages[%zu].tool_call_id", i);

	if (id.p == NULL)
		return object(w->q, NULL, at.text,
			"Missing parameter 'tool_call_id': messages with role 'tool' must have a 'tool_call_id'.");
	if (!w->open)
		return object(w->q, NULL, place_of("messages[%zu].role", i).text,
			"Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
			"'tool_calls'.");
	if (ids_count(&w->calls, w->from, id) == 0)
		return object(w->q, NULL, at.text,
			"Invalid parameter: 'tool_call_id' of '%.*s' not found in 'tool_calls' of previous message.",
			STR_ARG(id));
	if (ids_count(&w->answers, 0, id) > 0)
		return object(w->q, NULL, at.text,
			"Duplicate value for 'tool_call_id' of '%.*s' in message[%zu].",
			STR_ARG(id), i);
	ids_add(&w->answers, id);
	return true;
}

/* ---- DeepSeek ---- */

/* Whether DeepSeek's model thinks in this request. */
static bool deepseek_thinks(const struct ask *q)
{
	yyjson_val *t = tree_set(q->body, "thinking");

	return t == NULL ? (q->model.family->flags & MODEL_THINKS) != 0
			 : !tree_is(t, "type", "disabled");
}

static bool check_thoughts(const struct ask *q, yyjson_val *m)
{
	if (q->model.vendor != VENDOR_DEEPSEEK || tree_set(m, "tool_calls") == NULL ||
		!deepseek_thinks(q) || yyjson_is_str(yyjson_obj_get(m, "reasoning_content")))
		return true;
	return object(q, NULL, NULL,
		"The `reasoning_content` in the thinking mode must be passed back to the API.");
}

/* ---- the walk ---- */

static bool check_message(struct walk *w, yyjson_val *m, size_t i)
{
	const struct role_row *row = find_role(w->q, m, i);
	bool answers = tree_is(m, "role", "tool");

	if (row == NULL || (!answers && !close_calls(w, i)))
		return false;
	if (answers && !check_answer(w, m, i))
		return false;
	if (!only_members(w->q, m, row->members, place_of("messages[%zu]", i).text) ||
		!check_content(w->q, row, m, i))
		return false;
	if (strcmp(row->role, "assistant") != 0)
		return true;
	w->from = w->calls.n;
	w->answers.n = 0;
	return check_calls(w, m, i) && check_thoughts(w->q, m);
}

bool check_chat_messages(const struct ask *q)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(q->body, "messages"));
	struct walk w = { .q = q };
	bool ok = true;
	size_t i = 0;

	for (yyjson_val *m; ok && (m = yyjson_arr_iter_next(&it)) != NULL; i++)
		ok = check_message(&w, m, i);
	ok = ok && close_calls(&w, i);
	if (ok && !ids_are_unique(w.calls.v, w.calls.n))
		ok = object(q, "invalid_value", "messages",
			"Invalid 'messages': the ids of 'tool_calls' must be unique.");
	ids_release(&w.calls);
	ids_release(&w.answers);
	return ok;
}
