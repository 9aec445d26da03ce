/* SPDX-License-Identifier: MIT */
/* What models can, by their names, and how their APIs want to be spoken to. */
#include "unit/base/check.h"

#include "llm/target.h"

static struct caps caps_of(const char *flavor, const char *model)
{
	struct caps c;

	caps_of_model(
		&c, flavor != NULL ? flavor_by_name(str_from(flavor)) : NULL, str_from(model));
	return c;
}

/* As letters: sampling, stop, forced tools, prefill, json_schema; then how it thinks. */
static const struct {
	const char *model, *can;
	enum caps_thinking thinking;
	uint64_t max_output;
} rows[] = {
	{ "claude-fable-5-1", "-t--j", THINKING_ALWAYS, 128000 },
	{ "claude-mythos-5", "-t--j", THINKING_ALWAYS, 128000 },
	{ "claude-opus-5-5", "-t--j", THINKING_ALWAYS, 128000 },
	{ "claude-opus-5-5-20260901", "-t--j", THINKING_ALWAYS, 128000 },
	{ "claude-opus-5-5[1m]", "-t--j", THINKING_ALWAYS, 128000 },
	{ "anthropic/claude-opus-5.5", "-t--j", THINKING_ALWAYS, 128000 },
	{ "us.anthropic.claude-opus-5-5-20260901-v1:0", "-t--j", THINKING_ALWAYS, 128000 },
	{ "claude-opus-7", "-t--j", THINKING_ALWAYS, 128000 },
	{ "claude-opus-5", "-tf-j", THINKING_ADAPTIVE, 128000 },
	{ "claude-opus-5-20260301", "-tf-j", THINKING_ADAPTIVE, 128000 },
	{ "claude-opus-4-8", "-tf-j", THINKING_ADAPTIVE, 128000 },
	{ "claude-opus-4-7", "-tf-j", THINKING_ADAPTIVE, 128000 },
	{ "claude-opus-4-6", "stf-j", THINKING_ADAPTIVE, 128000 },
	{ "claude-opus-4-5-20251101", "stfpj", THINKING_BUDGET, 64000 },
	{ "claude-opus-4-5@20251101", "stfpj", THINKING_BUDGET, 64000 },
	{ "claude-opus-4-1-20250805", "stfpj", THINKING_BUDGET, 32000 },
	{ "claude-opus-4-20250514", "stfp-", THINKING_BUDGET, 32000 },
	{ "claude-sonnet-5-5", "-t--j", THINKING_ADAPTIVE, 128000 },
	{ "claude-sonnet-5", "-tf-j", THINKING_ADAPTIVE, 128000 },
	{ "claude-sonnet-4-6", "stf-j", THINKING_ADAPTIVE, 128000 },
	{ "claude-sonnet-4-5-20250929", "stfpj", THINKING_BUDGET, 64000 },
	{ "claude-sonnet-4@20250514", "stfp-", THINKING_BUDGET, 64000 },
	{ "claude-haiku-5-5", "-tf-j", THINKING_ADAPTIVE, 128000 },
	{ "claude-haiku-4-5-20251001", "stfpj", THINKING_BUDGET, 64000 },
	{ "claude-3-7-sonnet-20250219", "stfp-", THINKING_BUDGET, 64000 },
	{ "claude-3-5-haiku-latest", "stfp-", THINKING_NONE, 8192 },
	{ "claude-3-opus-20240229", "stfp-", THINKING_NONE, 4096 },
	{ "gpt-6.1-sol", "--f-j", THINKING_ALWAYS, 128000 },
	{ "gpt-6-sol", "--f-j", THINKING_ADAPTIVE, 128000 },
	{ "gpt-5.6", "--f-j", THINKING_ADAPTIVE, 128000 },
	{ "gpt-5.4-2026-03-05", "--f-j", THINKING_ADAPTIVE, 128000 },
	{ "gpt-5-mini-2025-08-07", "--f-j", THINKING_ALWAYS, 128000 },
	{ "gpt-5-chat-latest", "stf-j", THINKING_NONE, 16384 },
	{ "openai/gpt-4.1-mini", "stf-j", THINKING_NONE, 32768 },
	{ "gpt-4o-mini", "stf-j", THINKING_NONE, 16384 },
	{ "gpt-4-0613", "stf--", THINKING_NONE, 4096 },
	{ "gpt-3.5-turbo", "stf--", THINKING_NONE, 4096 },
	{ "o3-mini", "--f-j", THINKING_ALWAYS, 100000 },
	{ "o3", "--f-j", THINKING_ALWAYS, 100000 },
	{ "openai/gpt-oss-120b", "stf-j", THINKING_ALWAYS, 0 },
	{ "gemini-2.5-flash", "stf-j", THINKING_BUDGET, 65536 },
	{ "gemini-2.0-flash-001", "stf-j", THINKING_NONE, 8192 },
	{ "models/gemini-3.8-flash", "stf-j", THINKING_ADAPTIVE, 65536 },
	{ "gemini-4-argon", "stf-j", THINKING_ADAPTIVE, 65536 },
	{ "gemini-flash-latest", "stf-j", THINKING_ADAPTIVE, 65536 },
	{ "deepseek-v4-pro", "stf-j", THINKING_ADAPTIVE, 384000 },
	{ "deepseek-chat", "stf-j", THINKING_ADAPTIVE, 0 },
	{ "grok-4.6", "s-f-j", THINKING_ALWAYS, 0 },
	{ "x-ai/grok-4-0709", "s-f-j", THINKING_ALWAYS, 0 },
	/* Unknown. */
	{ "llama3.1:8b", "stf-j", THINKING_NONE, 0 },
	{ "gpt-image-1", "stf-j", THINKING_NONE, 0 },
	{ "o30-something", "stf-j", THINKING_NONE, 0 },
	{ "claude", "stf-j", THINKING_NONE, 0 },
	{ "", "stf-j", THINKING_NONE, 0 },
};

static void by_name(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct caps c = caps_of(NULL, rows[i].model);
		const char got[] = { c.sampling ? 's' : '-', c.stop ? 't' : '-',
			c.forced_tools ? 'f' : '-', c.prefill ? 'p' : '-',
			c.json_schema ? 'j' : '-', '\0' };
		if (strcmp(got, rows[i].can) != 0 || c.thinking != rows[i].thinking ||
			c.max_output != rows[i].max_output)
			fail_msg("%s: %s, thinking %d, %llu", rows[i].model, got, (int)c.thinking,
				(unsigned long long)c.max_output);
		assert_true(c.stream_usage);
		assert_true(c.vision || strcmp(rows[i].can, "stf--") == 0 ||
			    str_starts(str_from(rows[i].model), STR("deepseek")) ||
			    str_starts(str_from(rows[i].model), STR("o3-mini")) ||
			    c.thinking == THINKING_ALWAYS);
	}
}

static enum effort effort_on(const char *model, enum effort e)
{
	struct caps c = caps_of(NULL, model);

	return caps_effort(&c, e);
}

static void efforts_are_clamped(void **state)
{
	assert_int_equal(effort_on("gpt-5.4", EFFORT_MAX), EFFORT_XHIGH);
	assert_int_equal(effort_on("gpt-5.4", EFFORT_NONE), EFFORT_NONE);
	assert_int_equal(effort_on("gpt-5.4", EFFORT_MINIMAL), EFFORT_LOW); /* which is not none */
	assert_int_equal(effort_on("gpt-5", EFFORT_NONE), EFFORT_MINIMAL);
	assert_int_equal(effort_on("gpt-6.1-sol", EFFORT_NONE), EFFORT_LOW);
	assert_int_equal(effort_on("gpt-6.1-sol", EFFORT_MAX), EFFORT_MAX);
	assert_int_equal(effort_on("gpt-6-astra", EFFORT_NONE), EFFORT_LOW);
	assert_int_equal(effort_on("gpt-6-luna", EFFORT_NONE), EFFORT_NONE);
	assert_int_equal(effort_on("claude-opus-4-6", EFFORT_XHIGH), EFFORT_HIGH);
	assert_int_equal(effort_on("claude-opus-4-6", EFFORT_MAX), EFFORT_MAX);
	assert_int_equal(effort_on("claude-opus-5-5", EFFORT_XHIGH), EFFORT_XHIGH);
	assert_int_equal(effort_on("claude-sonnet-4-5", EFFORT_HIGH), EFFORT_UNSET);
	assert_int_equal(effort_on("gemini-3.8-flash", EFFORT_NONE), EFFORT_MINIMAL);
	assert_int_equal(effort_on("gemini-3.8-flash", EFFORT_MAX), EFFORT_HIGH);
	assert_int_equal(effort_on("gemini-4-argon", EFFORT_NONE), EFFORT_LOW);
	assert_int_equal(effort_on("gemini-2.5-flash", EFFORT_NONE), EFFORT_NONE);
	assert_int_equal(effort_on("gemini-2.5-pro", EFFORT_NONE), EFFORT_UNSET);
	assert_int_equal(effort_on("grok-3-mini", EFFORT_MEDIUM), EFFORT_LOW);
	assert_int_equal(effort_on("gpt-5.4", EFFORT_UNSET), EFFORT_UNSET);
	assert_int_equal(effort_on("llama3", EFFORT_HIGH), EFFORT_UNSET);
}

static void tools_with_reasoning_in_chat(void **state)
{
	assert_false(caps_of("openai", "gpt-5.6").tools_in_chat);
	assert_false(caps_of("openai", "gpt-6.1-sol").tools_in_chat);
	assert_false(caps_of("azure", "gpt-7").tools_in_chat);
	assert_true(caps_of("openai", "gpt-5.5").tools_in_chat);
	assert_true(caps_of("openrouter", "openai/gpt-5.6").tools_in_chat);
	assert_true(caps_of("openai", "gpt-5.5").reasons);
	assert_false(caps_of("openai", "gpt-4o").reasons);
	assert_true(caps_of("anthropic", "claude-sonnet-5-5").between_tools);
	assert_false(caps_of("anthropic", "claude-haiku-5-5").between_tools);
	assert_false(caps_of("openai", "gpt-4").vision);
}

static void settings(void **state)
{
	struct caps c = caps_of("generic", "x");

	assert_true(caps_set(&c, STR("sampling"), STR("false")));
	assert_false(c.sampling);
	assert_true(caps_set(&c, STR("reasoning"), STR("true")));
	assert_true(c.reasons);
	assert_true(caps_set(&c, STR("thinking"), STR("always")));
	assert_int_equal(c.thinking, THINKING_ALWAYS);
	assert_true(caps_set(&c, STR("thinking"), STR("false")));
	assert_int_equal(c.thinking, THINKING_NONE);
	assert_true(caps_set(&c, STR("efforts"), STR("low, high")));
	assert_int_equal(c.efforts, 1 << EFFORT_LOW | 1 << EFFORT_HIGH);
	assert_false(caps_set(&c, STR("efforts"), STR("low,much")));
	assert_int_equal(c.efforts, 1 << EFFORT_LOW | 1 << EFFORT_HIGH);
	assert_true(caps_set(&c, STR("efforts"), STR("false")));
	assert_int_equal(c.efforts, 0);
	assert_true(caps_set(&c, STR("max_output"), STR("4096")));
	assert_int_equal(c.max_output, 4096);
	assert_false(caps_set(&c, STR("max_output"), STR("many")));
	assert_false(caps_set(&c, STR("sampling"), STR("perhaps")));
	assert_false(caps_set(&c, STR("thinking"), STR("deep")));
	assert_false(caps_set(&c, STR("swimming"), STR("true")));
	assert_false(c.sampling);
}

/* Each that can be switched off is known by its name. */
static void all_flags_have_names(void **state)
{
	static const char *const names[] = { "sampling", "stop", "reasoning", "forced_tool_choice",
		"prefill", "mid_system", "vision", "pdf", "json_schema", "tools_in_chat",
		"between_tools", "stream_options" };
	struct caps on = { 0 }, off;

	memset(&off, 0, sizeof(off));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(caps_set(&on, str_from(names[i]), STR("true")));
		assert_true(on.sampling);
	}
	assert_true(on.sampling && on.stop && on.reasons && on.forced_tools && on.prefill &&
		    on.mid_system && on.vision && on.pdf && on.json_schema && on.tools_in_chat &&
		    on.between_tools && on.stream_usage);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_true(caps_set(&on, str_from(names[i]), STR("false")));
	assert_memory_equal(&on, &off, sizeof(on));
}

static void flavors_by_name(void **state)
{
	for (size_t i = 0; i < nflavors; i++) {
		assert_ptr_equal(flavor_by_name(str_from(flavors[i].name)), &flavors[i]);
		assert_true(flavors[i].code != NULL && flavors[i].code[0] != '\0');
	}
	assert_string_equal(flavor_by_name(STR("nobody"))->name, "generic");
	assert_string_equal(flavor_by_name(STR(""))->name, "generic");
	assert_string_equal(flavor_by_name(STR("deepseek"))->code, "ds");
	assert_int_equal(flavor_by_name(STR("deepseek"))->echo, ECHO_TEXT);
	assert_true(flavor_by_name(STR("openai"))->completion_tokens);
	assert_false(flavor_by_name(STR("vllm"))->completion_tokens);
	assert_true(flavor_by_name(STR("ollama"))->whole_calls);
	assert_true(flavor_by_name(STR("generic"))->mixed_calls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),
		cmocka_unit_test(efforts_are_clamped),
		cmocka_unit_test(tools_with_reasoning_in_chat),
		cmocka_unit_test(settings),
		cmocka_unit_test(all_flags_have_names),
		cmocka_unit_test(flavors_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
