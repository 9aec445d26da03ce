/* SPDX-License-Identifier: MIT */
/* The judgement of models against the other tables: nobody is recommended whose price or quality is not known. */
#include "unit/base/check.h"

#include "llm/price.h"
#include "llm/quality.h"
#include "llm/target.h"

static struct arena *arena;
static struct prices prices;

static int set_up(void **state)
{
	struct err e = { 0 };
	size_t skipped;

	arena = arena_new();
	return prices_read(&prices, prices_builtin(), arena, &skipped, &e) ? 0 : -1;
}

static int tear_down(void **state)
{
	arena_free(arena);
	return 0;
}

static const char *const makers[] = { "anthropic", "openai", "google", "deepseek", "x-ai" };

static const struct price *check_model(const char *maker, const char *model)
{
	const struct price *row = prices_find(&prices, str_from(model));

	assert_non_null(row);
	assert_str(row->model, str_from(model));
	assert_str(row->provider, str_from(maker));
	assert_true(row->rates.in > 0 && row->rates.out > 0 && row->rates.cache_read > 0);
	assert_true(row->context_tokens > 0);
	assert_in_range(quality_of(str_from(model)), 1, 100);
	return row;
}

static void ladders_go_up(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
		const struct ladder *l = ladder_of(str_from(makers[i]));
		assert_non_null(l);
		const struct price *fast = check_model(makers[i], l->fast),
				   *middle = check_model(makers[i], l->middle),
				   *best = check_model(makers[i], l->best);
		assert_true(fast->rates.in < middle->rates.in);
		assert_true(fast->rates.out < middle->rates.out);
		assert_true(middle->rates.in <= best->rates.in);
		assert_true(middle->rates.out <= best->rates.out);
		assert_true(quality_of(str_from(l->fast)) < quality_of(str_from(l->middle)));
		assert_true(quality_of(str_from(l->middle)) <= quality_of(str_from(l->best)));
	}
	assert_null(ladder_of(STR("")));
	assert_null(ladder_of(STR("nobody")));
	assert_null(ladder_of(STR("anthropi")));
}

/* Every maker that a flavor names and that has a ladder is found by that very name. */
static void ladders_belong_to_flavors(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
		bool found = strcmp(makers[i], "anthropic") == 0;
		for (size_t k = 0; k < nflavors; k++)
			found |= flavors[k].maker != NULL &&
				 strcmp(flavors[k].maker, makers[i]) == 0;
		if (!found)
			print_error("%s\n", makers[i]);
		assert_true(found);
	}
}

static int q(const char *model)
{
	return quality_of(str_from(model));
}

static void names(void **state)
{
	assert_int_equal(q("claude-opus-5-5"), q("claude-opus-5-5-20261001"));
	assert_int_equal(q("claude-opus-5-5"), q("anthropic/claude-opus-5-5"));
	assert_int_equal(q("claude-opus-5-5"), q("openrouter/anthropic/claude-opus-5-5"));
	assert_int_equal(q("claude-opus-5-5"), q("claude-opus-5-5[1m]"));
	/* As Bedrock and Vertex spell them. */
	assert_int_equal(q("claude-haiku-4-5"), q("claude-haiku-4-5@20251001"));
	assert_true(q("claude-haiku-4-5") < q("claude-sonnet-4-5"));
	assert_true(q("claude-sonnet-4-5") < q("claude-opus-4-5"));
	assert_true(q("claude-opus-4-5") < q("claude-opus-5-5"));
	assert_true(q("gpt-5-mini") < q("gpt-5"));
	assert_true(q("gpt-5.4-nano") < q("gpt-5.4-mini"));
	assert_true(q("deepseek-v4-flash") < q("deepseek-v4-pro"));
	assert_int_equal(q(""), -1);
	assert_int_equal(q("/"), -1);
	assert_int_equal(q("claude-opus-5-5/"), -1);
	assert_int_equal(q("unknown"), -1);
	assert_int_equal(q("laude-opus"), -1);
}

/* The longest beginning decides: a small one is not taken for its big relative. */
static void small_ones_are_not_better(void **state)
{
	static const char *const pairs[][2] = {
		{ "gemini-3.5-flash-lite", "gemini-3.5-flash" },
		{ "gemini-3.8-flash", "gemini-4-argon" },
		{ "gemini-2.5-flash", "gemini-2.5-pro" },
		{ "gpt-5.6-luna", "gpt-5.6-terra" },
		{ "gpt-6-luna", "gpt-6-sol" },
		{ "gpt-6-sol", "gpt-6-astra" },
		{ "grok-4-fast", "grok-4" },
		{ "grok-3-mini", "grok-3" },
		{ "gpt-4o-mini", "gpt-5" },
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		assert_true(q(pairs[i][0]) < q(pairs[i][1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ladders_go_up),
		cmocka_unit_test(ladders_belong_to_flavors),
		cmocka_unit_test(names),
		cmocka_unit_test(small_ones_are_not_better),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
