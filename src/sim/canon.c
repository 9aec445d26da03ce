/* SPDX-License-Identifier: MIT */
/* Writes the canonical forms. Members of known blocks come in a fixed order; what is unknown keeps its own. */
#include "sim/canon.h"

#include "wire/json.h"

#include <math.h>
#include <string.h>

enum { DEPTH_MAX = 256 };

static void write_value(struct buf *out, yyjson_val *v, unsigned depth);

static void write_number(struct buf *out, yyjson_val *v)
{
	double d = yyjson_get_num(v);

	if (yyjson_is_uint(v))
		buf_addf(out, "%llu", (unsigned long long)yyjson_get_uint(v));
	else if (yyjson_is_sint(v))
		buf_addf(out, "%lld", (long long)yyjson_get_sint(v));
	else if (fabs(d) < 9007199254740992.0 && floor(d) == d)
		buf_addf(out, "%lld", (long long)d);
	else
		buf_addf(out, "%.17g", d);
}

static void write_member(struct buf *out, const char *key, yyjson_val *v)
{
	if (v == NULL)
		return;
	json_add_string(out, str_from(key));
	buf_add_char(out, ':');
	write_value(out, v, 0);
	buf_add_char(out, ',');
}

static void write_members(struct buf *out, yyjson_val *object, unsigned depth)
{
	yyjson_obj_iter it = yyjson_obj_iter_with(object);
	bool first = true;

	for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)) != NULL; first = false) {
		if (!first)
			buf_add_char(out, ',');
		json_add_string(out, tree_str(key));
		buf_add_char(out, ':');
		write_value(out, yyjson_obj_iter_get_val(key), depth + 1);
	}
}

static void write_elements(struct buf *out, yyjson_val *array, unsigned depth)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(array);
	bool first = true;

	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL; first = false) {
		if (!first)
			buf_add_char(out, ',');
		write_value(out, v, depth + 1);
	}
}

static void write_value(struct buf *out, yyjson_val *v, unsigned depth)
{
	if (depth > DEPTH_MAX) {
		buf_add(out, STR("..."));
	} else if (yyjson_is_obj(v)) {
		buf_add_char(out, '{');
		write_members(out, v, depth);
		buf_add_char(out, '}');
	} else if (yyjson_is_arr(v)) {
		buf_add_char(out, '[');
		write_elements(out, v, depth);
		buf_add_char(out, ']');
	} else if (yyjson_is_str(v)) {
		json_add_string(out, tree_str(v));
	} else if (yyjson_is_num(v)) {
		write_number(out, v);
	} else {
		buf_add(out, yyjson_is_true(v)    ? STR("true")
			     : yyjson_is_false(v) ? STR("false")
						  : STR("null"));
	}
}

void canon_json(struct buf *out, yyjson_val *v)
{
	write_value(out, v, 0);
}

void canon_text(struct buf *out, struct str text)
{
	buf_add(out, STR("text:"));
	buf_add(out, text);
}

/* Members of an object but cache_control and those listed, each with a comma behind. */
static void write_others(struct buf *out, yyjson_val *object, const char *const *but)
{
	yyjson_obj_iter it = yyjson_obj_iter_with(object);

	for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)) != NULL;) {
		bool skip = yyjson_equals_str(key, "cache_control");
		for (size_t i = 0; !skip && but[i] != NULL; i++)
			skip = yyjson_equals_str(key, but[i]);
		if (!skip)
			write_member(out, yyjson_get_str(key), yyjson_obj_iter_get_val(key));
	}
}

static void canon_result(struct buf *out, yyjson_val *block)
{
	yyjson_val *content = yyjson_obj_get(block, "content");
	yyjson_arr_iter it = yyjson_arr_iter_with(content);

	buf_add(out, STR("result:"));
	buf_add(out, tree_get(block, "tool_use_id"));
	buf_add(out,
		yyjson_is_true(yyjson_obj_get(block, "is_error")) ? STR(":error:") : STR(":ok:"));
	if (yyjson_is_str(content))
		canon_text(out, tree_str(content));
	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL;) {
		canon_block(out, v);
		buf_add_char(out, '\0');
	}
	if (yyjson_is_str(content))
		buf_add_char(out, '\0');
}

void canon_block(struct buf *out, yyjson_val *block)
{
	static const char *const type[] = { "type", NULL };

	if (tree_is(block, "type", "text")) {
		canon_text(out, tree_get(block, "text"));
	} else if (tree_is(block, "type", "tool_result")) {
		canon_result(out, block);
	} else if (tree_is(block, "type", "tool_use")) {
		buf_add(out, STR("call:"));
		write_member(out, "id", yyjson_obj_get(block, "id"));
		write_member(out, "name", yyjson_obj_get(block, "name"));
		write_member(out, "input", yyjson_obj_get(block, "input"));
	} else if (tree_is(block, "type", "thinking")) {
		buf_add(out, STR("thinking:"));
		write_member(out, "thinking", yyjson_obj_get(block, "thinking"));
		write_member(out, "signature", yyjson_obj_get(block, "signature"));
	} else {
		buf_add(out, STR("block:"));
		write_member(out, "type", yyjson_obj_get(block, "type"));
		write_others(out, block, type);
	}
}

void canon_tool(struct buf *out, yyjson_val *tool)
{
	/* How a tool is to be called or shown is no part of what the model reads. */
	static const char *const known[] = { "name", "description", "input_schema", "defer_loading",
		"eager_input_streaming", "allowed_callers", NULL };

	buf_add(out, STR("tool:"));
	write_member(out, "name", yyjson_obj_get(tool, "name"));
	write_member(out, "description", yyjson_obj_get(tool, "description"));
	write_member(out, "input_schema", yyjson_obj_get(tool, "input_schema"));
	write_others(out, tool, known);
}
