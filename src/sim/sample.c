/* SPDX-License-Identifier: MIT */
/* A walk over a schema, as deep as a value can sensibly be. */
#include "sim/sample.h"

#include "sim/canon.h"
#include "wire/json.h"

enum { DEPTH_MAX = 16 };

static void print(struct buf *out, yyjson_val *schema, unsigned depth);

static bool is_type(yyjson_val *schema, const char *name)
{
	yyjson_val *type = yyjson_obj_get(schema, "type");

	/* Google writes its types in capitals. */
	return str_eq_nocase(tree_str(type), str_from(name)) ||
	       str_eq_nocase(tree_str(yyjson_arr_get_first(type)), str_from(name));
}

static void print_object(struct buf *out, yyjson_val *schema, unsigned depth)
{
	yyjson_val *properties = yyjson_obj_get(schema, "properties");
	yyjson_obj_iter it = yyjson_obj_iter_with(properties);
	bool first = true;

	buf_add_char(out, '{');
	for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)) != NULL; first = false) {
		if (!first)
			buf_add_char(out, ',');
		json_add_string(out, tree_str(key));
		buf_add_char(out, ':');
		print(out, yyjson_obj_iter_get_val(key), depth + 1);
	}
	buf_add_char(out, '}');
}

static void print(struct buf *out, yyjson_val *schema, unsigned depth)
{
	yyjson_val *fixed = yyjson_obj_get(schema, "const");
	yyjson_val *one = yyjson_arr_get_first(yyjson_obj_get(schema, "anyOf"));
	int64_t n;

	if (fixed == NULL)
		fixed = yyjson_arr_get_first(yyjson_obj_get(schema, "enum"));
	if (fixed != NULL) {
		canon_json(out, fixed);
	} else if (one != NULL && depth < DEPTH_MAX) {
		print(out, one, depth + 1);
	} else if (is_type(schema, "array")) {
		bool some = tree_int(yyjson_obj_get(schema, "minItems"), &n) && n > 0;
		buf_add_char(out, '[');
		if (some && depth < DEPTH_MAX)
			print(out, yyjson_obj_get(schema, "items"), depth + 1);
		buf_add_char(out, ']');
	} else if (is_type(schema, "string")) {
		buf_add(out, STR("\"simulated\""));
	} else if (is_type(schema, "boolean")) {
		buf_add(out, STR("false"));
	} else if (is_type(schema, "integer") || is_type(schema, "number")) {
		buf_add(out, STR("0"));
	} else if (is_type(schema, "null") || depth >= DEPTH_MAX) {
		buf_add(out, STR("null"));
	} else {
		print_object(out, schema, depth);
	}
}

void sample_print(struct buf *out, yyjson_val *schema)
{
	print(out, schema, 0);
}
