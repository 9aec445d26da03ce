/* SPDX-License-Identifier: MIT */
/* Lists of models in the words of each API: shapes, pages, and what cannot be asked for. */
#include "unit/base/check.h"

#include "llm/model_list.h"
#include "wire/json.h"

#include <stdio.h>

static struct listed_model models[] = {
	{ STR_INIT("a"), STR_INIT("one"), 200000, 64000 },
	{ STR_INIT("b/c d"), STR_INIT("two"), -1, -1 },
	{ STR_INIT("\"q\""), STR_INIT("two"), 0, 5 },
	{ STR_INIT("z"), STR_INIT("two"), -1, -1 },
};
static const struct model_list all = { models, ARRAY_LEN(models) };

#define A_ANTHROPIC \
	"{\"type\":\"model\",\"id\":\"a\",\"display_name\":\"a\",\"created_at\":\"1970-01-01T00:00:00Z\"," \
	"\"max_input_tokens\":200000,\"max_tokens\":64000}"
#define Q_ANTHROPIC \
	"{\"type\":\"model\",\"id\":\"\\\"q\\\"\",\"display_name\":\"\\\"q\\\"\"," \
	"\"created_at\":\"1970-01-01T00:00:00Z\",\"max_tokens\":5}"
#define A_OPENAI "{\"id\":\"a\",\"object\":\"model\",\"created\":0,\"owned_by\":\"one\"}"
#define METHODS  "\"supportedGenerationMethods\":[\"generateContent\",\"countTokens\"]}"
#define A_GOOGLE \
	"{\"name\":\"models/a\",\"displayName\":\"a\",\"inputTokenLimit\":200000,\"outputTokenLimit\":64000," METHODS

static void shapes(void **state)
{
	static const char *const want[API_FAMILIES] = {
		[API_ANTHROPIC] = A_ANTHROPIC,
		[API_OPENAI] = A_OPENAI,
		[API_GOOGLE] = A_GOOGLE,
	};
	static const char *const lists[API_FAMILIES] = {
		[API_ANTHROPIC] = "{\"data\":[" A_ANTHROPIC
				  "],\"has_more\":false,\"first_id\":\"a\",\"last_id\":\"a\"}",
		[API_OPENAI] = "{\"object\":\"list\",\"data\":[" A_OPENAI "]}",
		[API_GOOGLE] = "{\"models\":[" A_GOOGLE "]}",
	};
	static const char *const empty[API_FAMILIES] = {
		[API_ANTHROPIC] =
			"{\"data\":[],\"has_more\":false,\"first_id\":null,\"last_id\":null}",
		[API_OPENAI] = "{\"object\":\"list\",\"data\":[]}",
		[API_GOOGLE] = "{\"models\":[]}",
	};
	const struct model_list one = { models, 1 }, none = { models, 0 };
	struct err e = { 0 };
	struct buf out;

	buf_init(&out, 1 << 16);
	for (enum api_family f = 0; f < API_FAMILIES; f++) {
		model_list_print_one(&out, f, &models[0]);
		assert_str(buf_str(&out), str_from(want[f]));
		buf_clear(&out);
		assert_true(model_list_print(&out, f, &one, STR(""), &e));
		assert_str(buf_str(&out), str_from(lists[f]));
		buf_clear(&out);
		assert_true(model_list_print(&out, f, &none, STR(""), &e));
		assert_str(buf_str(&out), str_from(empty[f]));
		buf_clear(&out);
	}
	model_list_print_one(&out, API_ANTHROPIC, &models[2]);
	assert_bytes(buf_str(&out), Q_ANTHROPIC);
	buf_clear(&out);
	model_list_print_one(&out, API_GOOGLE, &models[2]);
	assert_bytes(buf_str(&out),
		"{\"name\":\"models/\\\"q\\\"\",\"displayName\":\"\\\"q\\\"\",\"outputTokenLimit\":5," METHODS);
	buf_release(&out);
}

/* The ids of a page, by their first letters, and '+' when there are more. */
static void pages(void **state)
{
	static const struct {
		enum api_family family;
		const char *query, *want; /* NULL: refused */
	} rows[] = {
		{ API_ANTHROPIC, "", "abqz" },
		{ API_ANTHROPIC, "limit=4", "abqz" },
		{ API_ANTHROPIC, "limit=3", "abq+" },
		{ API_ANTHROPIC, "x=y&limit=1&", "a+" },
		{ API_ANTHROPIC, "limit=99999999999999", "abqz" },
		{ API_ANTHROPIC, "after_id=a", "bqz" },
		{ API_ANTHROPIC, "after_id=b%2Fc%20d", "qz" },
		{ API_ANTHROPIC, "after_id=a&limit=1", "b+" },
		{ API_ANTHROPIC, "after_id=z", "" },
		{ API_ANTHROPIC, "before_id=z", "abq" },
		{ API_ANTHROPIC, "before_id=z&limit=2", "bq+" },
		{ API_ANTHROPIC, "before_id=a", "" },
		{ API_ANTHROPIC, "after_id=a&before_id=z", "bq" },
		{ API_ANTHROPIC, "after_id=z&before_id=a", "" },
		{ API_ANTHROPIC, "limit=0", NULL },
		{ API_ANTHROPIC, "limit=-1", NULL },
		{ API_ANTHROPIC, "limit=many", NULL },
		{ API_ANTHROPIC, "after_id=nobody", NULL },
		{ API_ANTHROPIC, "before_id=", NULL },
		{ API_ANTHROPIC, "limits=1&limit", "abqz" },
		{ API_OPENAI, "limit=1&after=a", "abqz" },
		{ API_GOOGLE, "pageSize=2", "ab+" },
		{ API_GOOGLE, "pageSize=2&pageToken=b/c%20d", "qz" },
		{ API_GOOGLE, "pageToken=nobody", NULL },
		{ API_GOOGLE, "pageSize=0", NULL },
	};
	static const char *const ids[] = { "a", "b/c d", "\\\"q\\\"", "z" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		struct buf out, got;
		buf_init(&out, 1 << 16);
		buf_init(&got, 1 << 16);
		bool ok = model_list_print(&out, rows[i].family, &all, str_from(rows[i].query), &e);
		if (ok != (rows[i].want != NULL))
			fail_msg("\"%s\"", rows[i].query);
		for (size_t k = 0; ok && k < ARRAY_LEN(ids); k++) {
			char part[64];
			snprintf(part, sizeof(part), "%s%s\",",
				rows[i].family == API_GOOGLE ? "\"models/" : "\"id\":\"", ids[k]);
			if (str_find(buf_str(&out), str_from(part)) < out.n)
				buf_add_char(&got, ids[k][ids[k][0] == '\\' ? 2 : 0]);
		}
		if (str_find(buf_str(&out), STR("\"has_more\":true")) < out.n ||
			str_find(buf_str(&out), STR("\"nextPageToken\"")) < out.n)
			buf_add_char(&got, '+');
		if (ok)
			assert_str(buf_str(&got), str_from(rows[i].want));
		else
			assert_int_equal(e.kind, ERR_INVALID);
		buf_release(&out);
		buf_release(&got);
	}
}

/* Page after page gives each model once, in order. */
static void tokens_lead_through(void **state)
{
	struct arena *a = arena_new();
	struct str query = STR("pageSize=1"), token;
	struct err e = { 0 };
	struct buf out;
	size_t n = 0;

	buf_init(&out, 1 << 16);
	do {
		buf_clear(&out);
		assert_true(n < all.n);
		assert_true(model_list_print(&out, API_GOOGLE, &all, query, &e));
		token = json_string(json_get(buf_str(&out), STR("nextPageToken")), a);
		if (token.p != NULL) {
			assert_str(token, models[n].id);
			query = arena_printf(a, "pageSize=1&pageToken=%.*s", STR_ARG(token));
		}
		n++;
	} while (token.p != NULL);
	assert_int_equal(n, all.n);
	buf_release(&out);
	arena_free(a);
}

static void ids_in_paths(void **state)
{
	static const char *const rows[][2] = {
		{ "/v1/models", "" },
		{ "/v1/models/", "" },
		{ "/v1beta/models/gemini-3", "gemini-3" },
		{ "/v1/models/a%2Fb", "a/b" },
		{ "/v1/models/a/models/b", "a/models/b" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_str(model_list_id(str_from(rows[i][0]), a), str_from(rows[i][1]));
	arena_free(a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes),
		cmocka_unit_test(pages),
		cmocka_unit_test(tokens_lead_through),
		cmocka_unit_test(ids_in_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
