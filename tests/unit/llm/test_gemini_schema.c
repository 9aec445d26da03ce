/* SPDX-License-Identifier: MIT */
/* What is left of a JSON Schema for the API, and what its own form of one becomes. */
#include "unit/base/check.h"

#include "llm/gemini.h"

#include <stdlib.h>

struct row {
	const char *schema, *want;
	bool dropped;
};

static void check(const struct row *rows, size_t n, bool open)
{
	for (size_t i = 0; i < n; i++) {
		struct buf b;
		buf_init(&b, SIZE_MAX);
		assert_int_equal(
			gemini_add_schema(&b, str_from(rows[i].schema), open), rows[i].dropped);
		assert_str(buf_str(&b), str_from(rows[i].want));
		buf_release(&b);
	}
}

static void keywords(void **state)
{
	static const struct row rows[] = {
		{ "{}", "{}", false },
		{ " { \"type\" : \"string\" } ", "{\"type\":\"string\"}", false },
		{ "{\"type\":[\"integer\",\"null\"],\"minimum\":1.50,\"maximum\":1e400}",
			"{\"type\":[\"integer\",\"null\"],\"minimum\":1.50,\"maximum\":1e400}",
			false },
		{ "{\"pattern\":\"^a\",\"type\":\"string\",\"minLength\":1}",
			"{\"type\":\"string\"}", true },
		/* What only looks like a keyword is a property. */
		{ "{\"properties\":{\"pattern\":{\"type\":\"string\"},\"const\":{},\"allOf\":{}}}",
			"{\"properties\":{\"pattern\":{\"type\":\"string\"},\"const\":{},"
			"\"allOf\":{}}}",
			false },
		{ "{\"items\":{\"items\":{\"default\":1}}}", "{\"items\":{\"items\":{}}}", true },
		{ "{\"anyOf\":[{\"const\":\"a\"},{\"type\":\"null\"}],\"oneOf\":[]}",
			"{\"anyOf\":[{\"enum\":[\"a\"]},{\"type\":\"null\"}],\"oneOf\":[]}",
			false },
		{ "{\"additionalProperties\":{\"type\":\"string\",\"examples\":[]}}",
			"{\"additionalProperties\":{\"type\":\"string\"}}", true },
		{ "{\"additionalProperties\":false,\"required\":[\"a\", \"b\"]}",
			"{\"additionalProperties\":false,\"required\":[\"a\",\"b\"]}", false },
		/* true and false are schemas. */
		{ "true", "{}", false },
		{ "{\"properties\":{\"a\":true,\"b\":false},\"items\":true}",
			"{\"properties\":{\"a\":{},\"b\":{}},\"items\":{}}", true },
		/* Values of one list only. */
		{ "{\"enum\":[\"a\",1,null,true,{\"x\":1}]}", "{\"enum\":[\"a\",1]}", true },
		{ "{\"const\":5}", "{\"enum\":[5]}", false },
		{ "{\"const\":null}", "{}", true },
		{ "{\"items\":[{\"type\":\"string\"},{\"pattern\":\"\"}]}",
			"{\"prefixItems\":[{\"type\":\"string\"},{}]}", true },
		/* What is not what it should be. */
		{ "{\"properties\":7,\"items\":8,\"anyOf\":{},\"enum\":null}", "{}", true },
		{ "{\"properties\":{\"a\":7}}", "{\"properties\":{\"a\":{}}}", true },
		{ "7", "{}", true },
		{ "", "{}", true },
	};

	check(rows, ARRAY_LEN(rows), false);
}

static void references(void **state)
{
	static const struct row rows[] = {
		{ "{\"$ref\":\"#/definitions/E\",\"definitions\":{\"E\":{\"type\":\"string\"}}}",
			"{\"$ref\":\"#/$defs/E\",\"$defs\":{\"E\":{\"type\":\"string\"}}}", false },
		/* Nothing may stand beside it, also if it came first. */
		{ "{\"properties\":{\"a\":{\"description\":\"d\",\"$ref\":\"#/$defs/E\"},"
		  "\"b\":{\"$ref\":\"#/$defs/E\",\"title\":\"t\"}}}",
			"{\"properties\":{\"a\":{\"$ref\":\"#/$defs/E\"},\"b\":{\"$ref\":\"#/$defs/E\"}}}",
			true },
		{ "{\"$defs\":{\"A\":{}},\"definitions\":{\"B\":{}}}",
			"{\"$defs\":{\"A\":{},\"B\":{}}}", false },
		{ "{\"$schema\":\"s\",\"$id\":\"i\",\"$anchor\":\"a\"}",
			"{\"$id\":\"i\",\"$anchor\":\"a\"}", true },
	};

	check(rows, ARRAY_LEN(rows), false);
}

static void all_of(void **state)
{
	static const struct row rows[] = {
		{ "{\"allOf\":[{\"$ref\":\"#/$defs/E\"}]}", "{\"$ref\":\"#/$defs/E\"}", false },
		{ "{\"description\":\"d\",\"allOf\":[{\"$ref\":\"#/$defs/E\"}]}",
			"{\"$ref\":\"#/$defs/E\"}", true },
		{ "{\"allOf\":[{\"type\":\"string\"}],\"title\":\"t\"}",
			"{\"title\":\"t\",\"type\":\"string\"}", false },
		{ "{\"type\":\"object\",\"properties\":{\"a\":{}},\"required\":[\"a\"],\"allOf\":["
		  "{\"type\":\"object\",\"properties\":{\"b\":{}},\"required\":[\"b\"]},"
		  "{\"properties\":{\"c\":{}},\"required\":[]}]}",
			"{\"type\":\"object\",\"properties\":{\"a\":{},\"b\":{},\"c\":{}},"
			"\"required\":[\"a\",\"b\"]}",
			false },
		/* They contradict each other. */
		{ "{\"properties\":{\"a\":{}},\"allOf\":[{\"properties\":{\"a\":{}}},{}]}",
			"{\"properties\":{\"a\":{}}}", true },
		{ "{\"type\":\"string\",\"allOf\":[{\"type\":\"number\"}]}",
			"{\"type\":\"string\"}", true },
		{ "{\"type\":\"object\",\"allOf\":[{\"$ref\":\"#/$defs/A\"},{\"title\":\"t\"}]}",
			"{\"type\":\"object\"}", true },
		{ "{\"allOf\":[{\"allOf\":[{\"allOf\":[{\"type\":\"string\"}]}]}]}",
			"{\"type\":\"string\"}", false },
		{ "{\"allOf\":[]}", "{}", false },
		{ "{\"allOf\":{}}", "{}", true },
	};

	check(rows, ARRAY_LEN(rows), false);
}

static void open_subset(void **state)
{
	static const struct row rows[] = {
		{ "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":[\"string\",\"null\"],"
		  "\"title\":\"t\"}},\"additionalProperties\":false,\"required\":[\"a\"]}",
			"{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\","
			"\"nullable\":true,\"title\":\"t\"}},\"required\":[\"a\"]}",
			true },
		{ "{\"type\":\"array\",\"minItems\":2,\"items\":{\"oneOf\":[{\"type\":\"integer\"}]}}",
			"{\"type\":\"ARRAY\",\"minItems\":\"2\",\"items\":{\"anyOf\":[{\"type\":"
			"\"INTEGER\"}]}}",
			false },
		{ "{\"type\":[\"string\",\"number\"]}", "{\"type\":\"STRING\"}", true },
		{ "{\"$ref\":\"#/$defs/A\",\"$defs\":{}}", "{}", true },
	};

	check(rows, ARRAY_LEN(rows), true);
}

static void parameters(void **state)
{
	static const struct row rows[] = {
		{ "{\"type\":\"object\",\"properties\":{}}", "", false },
		{ "{\"$schema\":\"s\",\"type\":\"object\",\"properties\":{},"
		  "\"additionalProperties\":false}",
			"", false },
		{ "{}", "", false },
		{ "null", "", false },
		{ "{\"type\":\"object\",\"additionalProperties\":{}}",
			",\"parametersJsonSchema\":{\"type\":\"object\",\"additionalProperties\":{}}",
			false },
		{ "{\"properties\":{\"a\":{}},\"$schema\":\"s\"}",
			",\"parametersJsonSchema\":{\"properties\":{\"a\":{}}}", true },
		{ "{\"allOf\":[{\"properties\":{\"a\":{}}}]}",
			",\"parametersJsonSchema\":{\"properties\":{\"a\":{}}}", false },
		{ "{\"anyOf\":[{}]}", ",\"parametersJsonSchema\":{\"anyOf\":[{}]}", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b;
		buf_init(&b, SIZE_MAX);
		assert_int_equal(gemini_add_parameters(&b, str_from(rows[i].schema), false),
			rows[i].dropped);
		assert_str(buf_str(&b), str_from(rows[i].want));
		buf_release(&b);
	}
}

static void the_other_way(void **state)
{
	static const struct row rows[] = {
		{ "{\"type\":\"OBJECT\",\"properties\":{\"type\":{\"type\":\"STRING\",\"nullable\":true},"
		  "\"n\":{\"type\":\"ARRAY\",\"minItems\":\"1\",\"max_items\":3,\"items\":"
		  "{\"anyOf\":[{\"type\":\"INTEGER\"},{\"type\":\"BOOLEAN\"}]}}},"
		  "\"propertyOrdering\":[\"n\"],\"required\":[\"n\"]}",
			"{\"type\":\"object\",\"properties\":{\"type\":{\"type\":[\"string\",\"null\"]},"
			"\"n\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":3,\"items\":"
			"{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"boolean\"}]}}},"
			"\"required\":[\"n\"]}" },
		{ "{\"type\":\"TYPE_UNSPECIFIED\",\"enum\":[\"STRING\"],\"example\":{}}",
			"{\"enum\":[\"STRING\"]}" },
		{ "{\"type\":\"string\",\"minLength\":\"x\",\"maximum\":2.0}",
			"{\"type\":\"string\",\"minLength\":\"x\",\"maximum\":2.0}" },
		{ "{\"properties\":[],\"anyOf\":{},\"items\":7}",
			"{\"properties\":[],\"anyOf\":{},\"items\":7}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b;
		buf_init(&b, SIZE_MAX);
		gemini_add_json_schema(&b, str_from(rows[i].schema));
		assert_str(buf_str(&b), str_from(rows[i].want));
		buf_release(&b);
	}
}

/* What is deep, or long, or many: an end is come to, and what comes out is JSON. */
static void hostile(void **state)
{
	static const struct {
		const char *open, *close;
		size_t n;
	} rows[] = {
		{ "{\"items\":", "}", 120 },
		{ "{\"items\":", "}", 4000 },
		{ "{\"allOf\":[", "]}", 60 },
		{ "{\"allOf\":[{\"a\":1},", "]}", 60 },
		{ "{\"properties\":{\"a\":", "}}", 60 },
		{ "{\"$ref\":\"a\",\"$defs\":{\"a\":", "}}", 60 },
	};
	struct buf in, out;

	buf_init(&in, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&in);
		for (size_t k = 0; k < rows[i].n; k++)
			buf_add(&in, str_from(rows[i].open));
		buf_add(&in, STR("{}"));
		for (size_t k = 0; k < rows[i].n; k++)
			buf_add(&in, str_from(rows[i].close));
		for (int open = 0; open < 2; open++) {
			buf_clear(&out);
			gemini_add_schema(&out, buf_str(&in), open);
			assert_true(json_is_object(buf_str(&out)));
		}
		buf_clear(&out);
		gemini_add_json_schema(&out, buf_str(&in));
	}
	buf_release(&in);
	buf_release(&out);
}

/* However a schema is cut off, nothing but bytes of it are read. */
static void broken(void **state)
{
	static const char whole[] =
		"{\"type\":\"object\",\"allOf\":[{\"properties\":{\"a\":{\"enum\":[1,\"b\"]}}}],"
		"\"properties\":{\"c\":{\"items\":[{\"$ref\":\"#/definitions/E\"}],\"const\":3}},"
		"\"required\":[\"a\"],\"definitions\":{\"E\":true}}";

	for (size_t n = 0; n < sizeof(whole); n++) {
		char *copy = must_alloc(n + 1);
		struct buf out;
		memcpy(copy, whole, n);
		buf_init(&out, SIZE_MAX);
		gemini_add_schema(&out, (struct str){ copy, n }, n % 2);
		gemini_add_parameters(&out, (struct str){ copy, n }, n % 2);
		gemini_add_json_schema(&out, (struct str){ copy, n });
		buf_release(&out);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keywords),
		cmocka_unit_test(references),
		cmocka_unit_test(all_of),
		cmocka_unit_test(open_subset),
		cmocka_unit_test(parameters),
		cmocka_unit_test(the_other_way),
		cmocka_unit_test(hostile),
		cmocka_unit_test(broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
