/* SPDX-License-Identifier: MIT */
/* Definitions of tools, and the choice among them. */
#include "sim/check.h"

enum { NAME_MAX_BYTES = 128 };

static bool is_custom(yyjson_val *tool)
{
	yyjson_val *type = tree_set(tool, "type");

	return type == NULL || yyjson_equals_str(type, "custom");
}

static bool is_name(struct str s)
{
	bool ok = s.n >= 1 && s.n <= NAME_MAX_BYTES;

	for (size_t i = 0; ok && i < s.n; i++)
		ok = ((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'z') ||
		     (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_' || s.p[i] == '-';
	return ok;
}

static bool check_schema(const struct check *c, size_t i, yyjson_val *tool)
{
	static const char *const unions[] = { "oneOf", "allOf", "anyOf" };
	yyjson_val *schema = tree_set(tool, "input_schema");

	if (schema == NULL)
		return refuse(c->why, 400, "tools.%zu.custom.input_schema: Field required", i);
	if (!yyjson_is_obj(schema))
		return refuse(c->why, 400,
			"tools.%zu.custom.input_schema: Input should be a valid dictionary", i);
	if (yyjson_obj_get(schema, "type") == NULL)
		return refuse(c->why, 400, "tools.%zu.custom.input_schema.type: Field required", i);
	if (!tree_is(schema, "type", "object"))
		return refuse(c->why, 400,
			"tools.%zu.custom.input_schema.type: Input should be 'object'", i);
	for (size_t k = 0; k < ARRAY_LEN(unions); k++)
		if (yyjson_obj_get(schema, unions[k]) != NULL)
			return refuse(c->why, 400,
				"tools.%zu.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level",
				i);
	return true;
}

static bool check_tool(const struct check *c, size_t i, yyjson_val *tool)
{
	struct str name = tree_get(tool, "name");

	if (!yyjson_is_obj(tool))
		return refuse(c->why, 400, "tools.%zu: Input should be a valid dictionary", i);
	if (!is_custom(tool))
		return true;
	if (name.p == NULL)
		return refuse(c->why, 400, "tools.%zu.custom.name: Field required", i);
	if (!is_name(name))
		return refuse(c->why, 400,
			"tools.%zu.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
			i);
	return check_schema(c, i, tool);
}

static bool is_declared(yyjson_val *tools, struct str name, size_t before)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(tools);

	for (size_t i = 0; i < before; i++) {
		yyjson_val *t = yyjson_arr_iter_next(&it);
		if (t != NULL && name.p != NULL && str_eq(tree_get(t, "name"), name))
			return true;
	}
	return false;
}

static bool check_choice(const struct check *c, yyjson_val *tools)
{
	yyjson_val *choice = tree_set(c->body, "tool_choice");
	struct str name = tree_get(choice, "name");

	if (choice == NULL)
		return true;
	if (!tree_is(choice, "type", "auto") && !tree_is(choice, "type", "any") &&
		!tree_is(choice, "type", "tool") && !tree_is(choice, "type", "none"))
		return refuse(c->why, 400,
			"tool_choice: Input tag '%.*s' found using 'type' does not match any of the expected tags: 'auto', "
			"'any', 'tool', 'none'",
			STR_ARG(tree_get(choice, "type")));
	if (yyjson_arr_size(tools) == 0 && !tree_is(choice, "type", "none"))
		return refuse(
			c->why, 400, "tool_choice may only be specified while providing tools.");
	if (!tree_is(choice, "type", "tool"))
		return true;
	if (name.p == NULL)
		return refuse(c->why, 400, "tool_choice.tool.name: Field required");
	if (!is_declared(tools, name, yyjson_arr_size(tools)))
		return refuse(
			c->why, 400, "Tool '%.*s' not found in provided tools", STR_ARG(name));
	return true;
}

bool check_tools(const struct check *c)
{
	yyjson_val *tools = tree_set(c->body, "tools");
	yyjson_arr_iter it = yyjson_arr_iter_with(tools);
	size_t i = 0;

	if (tools != NULL && !yyjson_is_arr(tools))
		return refuse(c->why, 400, "tools: Input should be a valid list");
	for (yyjson_val *t; (t = yyjson_arr_iter_next(&it)) != NULL; i++) {
		if (!check_tool(c, i, t))
			return false;
		if (is_declared(tools, tree_get(t, "name"), i))
			return refuse(c->why, 400, "tools: Tool names must be unique.");
	}
	return check_choice(c, tools);
}
