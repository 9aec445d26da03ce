/* SPDX-License-Identifier: MIT */
/* How a candidate is asked: in which dialect, with which manners, and with what the configuration sets in its requests. */
#include "unit/base/check.h"

#include "core/candidate.h"

static void params_take_the_place_of_what_is_there(void **state)
{
	static const struct {
		const char *body, *params, *want;
	} rows[] = {
		{ "{\"a\":1}", "", "{\"a\":1}" },
		{ "{}", "a=1", "{\"a\":1}" },
		{ "{\"a\":1,\"b\":[ 2 ]}", "a=0.50", "{\"a\":0.50,\"b\":[ 2 ]}" },
		{ "{\"a\":1}", "s=word t=true n=null o={\"x\":[1]} e=",
			"{\"s\":\"word\",\"t\":true,\"n\":null,\"o\":{\"x\":[1]},\"e\":\"\",\"a\":1}" },
		{ "{\"a\":1}", "q=a\"b\\", "{\"q\":\"a\\\"b\\\\\",\"a\":1}" },
		/* What says what the model can is not for the provider. */
		{ "{\"caps.stop\":1}", "caps.stop=false", "{\"caps.stop\":1}" },
		/* The same name, written otherwise. */
		{ "{\"\\u0061\":1,\"b\":2}", "a=3", "{\"a\":3,\"b\":2}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out;
		buf_init(&out, SIZE_MAX);
		candidate_set_params(&out, str_from(rows[i].body), str_from(rows[i].params));
		check_bytes(buf_str(&out), str_from(rows[i].want), __FILE__, __LINE__);
		buf_release(&out);
	}
}

static void flavors_by_name(void **state)
{
	const struct config_provider own = { .name = STR("deepseek") },
				     said = { .name = STR("deepseek"), .flavor = STR("vllm") },
				     other = { .name = STR("mine") };

	assert_string_equal(candidate_flavor(&own)->name, "deepseek");
	assert_string_equal(candidate_flavor(&said)->name, "vllm");
	assert_string_equal(candidate_flavor(&other)->name, "generic");
}

/* "openai" is both of OpenAI's APIs where the flavor has both; "chat" and "responses" are one of them. */
static void dialects(void **state)
{
	static const struct {
		const char *dialect, *flavor;
		const struct dialect *client;
		const char *model;
		const struct dialect *want;
	} rows[] = {
		{ "openai", "openai", &dialect_anthropic, "gpt-4.1", &dialect_openai },
		{ "openai", "openai", &dialect_responses, "gpt-4.1", &dialect_responses },
		{ "openai", "openai", &dialect_openai, "gpt-6.1-sol", &dialect_openai },
		/* It refuses tools together with reasoning in chat. */
		{ "openai", "openai", &dialect_anthropic, "gpt-6.1-sol", &dialect_responses },
		{ "openai", "openai", &dialect_gemini, "gpt-5.6", &dialect_responses },
		{ "openai", "openai", &dialect_anthropic, "gpt-5.5", &dialect_openai },
		{ "openai", "deepseek", &dialect_responses, "deepseek-v4", &dialect_openai },
		{ "openai", "", &dialect_anthropic, "gpt-6.1-sol", &dialect_openai },
		{ "chat", "openai", &dialect_responses, "gpt-6.1-sol", &dialect_openai },
		{ "responses", "", &dialect_openai, "x", &dialect_responses },
		{ "anthropic", "deepseek", &dialect_openai, "x", &dialect_anthropic },
		{ "gemini", "gemini", &dialect_responses, "x", &dialect_gemini },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct config_provider p = { .name = STR("up"),
			.dialect = str_from(rows[i].dialect),
			.flavor = str_from(rows[i].flavor) };
		const struct dialect *got =
			candidate_dialect(&p, rows[i].client, str_from(rows[i].model));
		if (got != rows[i].want)
			print_error("row %zu: %s\n", i, got->name);
		assert_ptr_equal(got, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(params_take_the_place_of_what_is_there),
		cmocka_unit_test(flavors_by_name),
		cmocka_unit_test(dialects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
