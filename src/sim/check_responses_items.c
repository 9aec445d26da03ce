/* SPDX-License-Identifier: MIT */
/* The items of a Responses request: what each may be, calls and their outputs, reasoning and what it led to. */
#include "sim/responses.h"

#include "sim/ids.h"
#include "sim/openai.h"
#include "sim/signature.h"

#include <string.h>

enum { CALL_ID_BYTES = 64 };

struct item_row {
	const char *type;
	const char *members; /* NULL: whatever it has */
	const char *needed;  /* with blanks between */
	const char *id;      /* what its id begins with; NULL: anything */
};

static const struct item_row item_rows[] = {
	{ "message", "type role content id status phase", "role content", "msg" },
	{ "function_call", "type id call_id name arguments namespace status",
		"call_id name arguments", "fc" },
	{ "function_call_output", "type id call_id output status", "call_id output", NULL },
	{ "custom_tool_call", "type id call_id name input namespace status", "call_id name input",
		"ctc" },
	{ "custom_tool_call_output", "type id call_id output status", "call_id output", NULL },
	{ "reasoning", "type id summary content encrypted_content status", "summary", "rs" },
	{ "item_reference", NULL, "id", NULL },
	{ "local_shell_call", NULL, "", NULL },
	{ "local_shell_call_output", NULL, "", NULL },
	{ "shell_call", NULL, "", NULL },
	{ "shell_call_output", NULL, "", NULL },
	{ "apply_patch_call", NULL, "", NULL },
	{ "apply_patch_call_output", NULL, "", NULL },
	{ "web_search_call", NULL, "", NULL },
	{ "file_search_call", NULL, "", NULL },
	{ "code_interpreter_call", NULL, "", NULL },
	{ "computer_call", NULL, "", NULL },
	{ "computer_call_output", NULL, "", NULL },
	{ "image_generation_call", NULL, "", NULL },
	{ "mcp_call", NULL, "", NULL },
	{ "mcp_list_tools", NULL, "", NULL },
	{ "mcp_approval_request", NULL, "", NULL },
	{ "mcp_approval_response", NULL, "", NULL },
	{ "tool_search_call", NULL, "", NULL },
	{ "tool_search_output", NULL, "", NULL },
	{ "additional_tools", NULL, "", NULL },
	{ "configuration_update", NULL, "", NULL },
	{ "compaction", NULL, "", NULL },
};

struct walk {
	const struct ask *q;
	struct ids calls, outputs, items;
};

static struct str type_of(yyjson_val *item)
{
	struct str type = tree_get(item, "type");

	return type.p != NULL ? type : STR("message");
}

static const struct item_row *find_row(const struct ask *q, yyjson_val *item, size_t i)
{
	struct str type = type_of(item);
	struct place at = place_of("input[%zu].type", i);

	for (size_t k = 0; k < ARRAY_LEN(item_rows); k++)
		if (str_eq(type, str_from(item_rows[k].type)))
			return &item_rows[k];
	object(q, "invalid_value", at.text,
		"Invalid value: '%.*s'. Supported values are: 'message', 'function_call', 'function_call_output', 'reasoning' "
		"and others.",
		STR_ARG(type));
	return NULL;
}

/* ---- contents ---- */

static bool check_part(const struct ask *q, yyjson_val *part, const char *allowed, const char *at)
{
	static const struct {
		const char *type, *members, *needed;
	} rows[] = {
		{ "input_text", "type text prompt_cache_breakpoint", "text" },
		{ "input_image", "type image_url file_id detail prompt_cache_breakpoint", NULL },
		{ "input_file",
			"type file_id file_data file_url filename detail prompt_cache_breakpoint",
			NULL },
		{ "output_text", "type text annotations logprobs", "text" },
		{ "refusal", "type refusal", "refusal" },
	};
	struct place type = place_of("%s.type", at);

	if (!need(q, part, "type", at) ||
		!one_of(q, yyjson_obj_get(part, "type"), allowed, type.text))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (tree_is(part, "type", rows[i].type))
			return only_members(q, part, rows[i].members, at) &&
			       (rows[i].needed == NULL || need(q, part, rows[i].needed, at));
	return true;
}

static bool check_parts(
	const struct ask *q, yyjson_val *content, const char *allowed, const char *at)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(content);
	size_t k = 0;

	if (yyjson_is_str(content))
		return true;
	if (!yyjson_is_arr(content))
		return object(q, "invalid_type", at,
			"Invalid type for '%s': expected one of a string or array of objects.", at);
	for (yyjson_val *part; (part = yyjson_arr_iter_next(&it)) != NULL; k++)
		if (!check_part(q, part, allowed, place_of("%s[%zu]", at, k).text))
			return false;
	return true;
}

static bool check_message(const struct ask *q, yyjson_val *item, size_t i)
{
	struct place at = place_of("input[%zu].content", i);

	if (!one_of(q, yyjson_obj_get(item, "role"), "assistant system developer user",
		    place_of("input[%zu].role", i).text))
		return false;
	return check_parts(q, yyjson_obj_get(item, "content"),
		tree_is(item, "role", "assistant") ? "output_text refusal"
						   : "input_text input_image input_file",
		at.text);
}

/* ---- calls ---- */

static bool check_call_id(const struct ask *q, struct str id, size_t i)
{
	struct place at = place_of("input[%zu].call_id", i);

	if (id.n >= 1 && id.n <= CALL_ID_BYTES)
		return true;
	return object(q, id.n == 0 ? "empty_string" : "string_above_max_length", at.text,
		"Invalid '%s': expected a string with a length from 1 to %d, but got one with length %zu instead.",
		at.text, CALL_ID_BYTES, id.n);
}

static bool is_call(yyjson_val *item)
{
	return tree_is(item, "type", "function_call") || tree_is(item, "type", "custom_tool_call");
}

static bool is_output(yyjson_val *item)
{
	return tree_is(item, "type", "function_call_output") ||
	       tree_is(item, "type", "custom_tool_call_output");
}

static bool take_call(struct walk *w, yyjson_val *item, size_t i)
{
	struct str id = tree_get(item, "call_id");

	if (!check_call_id(w->q, id, i))
		return false;
	ids_add(&w->calls, id);
	if (tree_is(item, "type", "custom_tool_call"))
		return true;
	return check_arguments(
		w->q, tree_get(item, "arguments"), place_of("input[%zu].arguments", i).text);
}

static bool take_output(struct walk *w, yyjson_val *item, size_t i)
{
	struct str id = tree_get(item, "call_id");

	if (ids_count(&w->calls, 0, id) == 0)
		return object(w->q, NULL, "input",
			"No tool call found for function call output with call_id %.*s.",
			STR_ARG(id));
	if (ids_count(&w->outputs, 0, id) > 0)
		return object(w->q, NULL, "input",
			"Duplicate function call output with call_id %.*s.", STR_ARG(id));
	ids_add(&w->outputs, id);
	return check_parts(w->q, yyjson_obj_get(item, "output"),
		"input_text input_image input_file", place_of("input[%zu].output", i).text);
}

/* ---- reasoning ---- */

bool responses_unseal(struct str encrypted, int64_t *ret_tokens)
{
	static const struct claims anyone = { .tokens = 0 };

	return signature_verify(encrypted, STR(""), &anyone, ret_tokens) != SIGNATURE_INVALID;
}

static struct str shown_id(yyjson_val *item)
{
	struct str id = tree_get(item, "id");

	return id.p != NULL ? id : STR("unknown");
}

/* What may stand behind reasoning: what it led to. */
static bool is_result(yyjson_val *item)
{
	struct str type = type_of(item);

	if (str_eq(type, STR("message")))
		return tree_is(item, "role", "assistant");
	return str_eq(type, STR("reasoning")) || str_ends(type, STR("_call"));
}

static bool check_reasoning(const struct ask *q, yyjson_val *item, yyjson_val *next, size_t i)
{
	struct str encrypted = tree_get(item, "encrypted_content");
	int64_t tokens;

	if (!yyjson_is_arr(yyjson_obj_get(item, "summary")))
		return object(q, "invalid_type", place_of("input[%zu].summary", i).text,
			"Invalid type for 'input[%zu].summary': expected an array of objects.", i);
	if (encrypted.p == NULL) {
		object(q, NULL, "input",
			"Item with id '%.*s' not found. Items are not persisted when `store` is set to false. Try again with "
			"`store` set to true, or remove this item from your input.",
			STR_ARG(shown_id(item)));
		q->why->status = 404;
		return false;
	}
	if (!responses_unseal(encrypted, &tokens))
		return object(q, "invalid_encrypted_content", NULL,
			"The encrypted content for item %.*s could not be verified. Reason: Encrypted content could not be "
			"decrypted or parsed.",
			STR_ARG(shown_id(item)));
	if (next == NULL || !is_result(next))
		return object(q, NULL, "input",
			"Item '%.*s' of type 'reasoning' was provided without its required following item.",
			STR_ARG(shown_id(item)));
	return true;
}

/* ---- the walk ---- */

static bool check_id(struct walk *w, const struct item_row *row, yyjson_val *item, size_t i)
{
	struct str id = tree_get(item, "id");
	struct place at = place_of("input[%zu].id", i);

	if (id.p == NULL || row->id == NULL)
		return true;
	if (!str_starts(id, str_from(row->id)))
		return object(w->q, "invalid_value", at.text,
			"Invalid '%s': '%.*s'. Expected an ID that begins with '%s'.", at.text,
			STR_ARG(id), row->id);
	if (ids_count(&w->items, 0, id) > 0)
		return object(w->q, NULL, "input",
			"Duplicate item found with id %.*s. Remove duplicate items from your input and try again.",
			STR_ARG(id));
	ids_add(&w->items, id);
	return true;
}

static bool check_members(
	const struct ask *q, const struct item_row *row, yyjson_val *item, size_t i)
{
	struct str rest = str_from(row->needed), one;
	struct place at = place_of("input[%zu]", i);

	while (row->needed[0] != '\0' && str_split(&rest, ' ', &one)) {
		char name[32];
		str_put(name, sizeof(name), one);
		if (!need(q, item, name, at.text))
			return false;
	}
	return row->members == NULL || only_members(q, item, row->members, at.text);
}

static bool check_item(struct walk *w, yyjson_val *item, yyjson_val *next, size_t i)
{
	const struct item_row *row = find_row(w->q, item, i);

	if (row == NULL || !check_members(w->q, row, item, i) || !check_id(w, row, item, i))
		return false;
	if (strcmp(row->type, "message") == 0)
		return check_message(w->q, item, i);
	if (is_call(item))
		return take_call(w, item, i);
	if (is_output(item))
		return take_output(w, item, i);
	if (strcmp(row->type, "reasoning") == 0)
		return check_reasoning(w->q, item, next, i);
	if (strcmp(row->type, "item_reference") != 0)
		return true;
	object(w->q, NULL, "input", "Item with id '%.*s' not found.", STR_ARG(shown_id(item)));
	w->q->why->status = 404;
	return false;
}

static bool check_answered(const struct walk *w)
{
	for (size_t i = 0; i < w->calls.n; i++)
		if (ids_count(&w->outputs, 0, w->calls.v[i]) == 0)
			return object(w->q, NULL, "input",
				"No tool output found for function call %.*s.",
				STR_ARG(w->calls.v[i]));
	return true;
}

bool check_responses_items(const struct ask *q)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(q->body, "input"));
	yyjson_val *item = yyjson_arr_iter_next(&it), *next;
	struct walk w = { .q = q };
	bool ok = true;

	for (size_t i = 0; ok && item != NULL; item = next, i++) {
		next = yyjson_arr_iter_next(&it);
		ok = check_item(&w, item, next, i);
	}
	ok = ok && check_answered(&w);
	if (ok && !ids_are_unique(w.calls.v, w.calls.n))
		ok = object(q, "invalid_value", "input",
			"Invalid 'input': the call_ids of function calls must be unique.");
	ids_release(&w.calls);
	ids_release(&w.outputs);
	ids_release(&w.items);
	return ok;
}
