/* SPDX-License-Identifier: MIT */
/* Golden figures of every price rule, by hand from the vendors' pages as data/prices.json quotes them. */
#include "unit/base/check.h"

#include "base/buf.h"
#include "llm/price.h"

/* A Wednesday, 2026-11-18 12:00 UTC. */
static const int64_t noon_ms = 1795003200000;

static struct arena *arena;
static struct prices table;

static int load(void **state)
{
	struct err e = { 0 };
	size_t skipped;

	arena = arena_new();
	assert_true(prices_read(&table, prices_builtin(), arena, &skipped, &e));
	assert_int_equal(skipped, 0);
	return 0;
}

static int unload(void **state)
{
	arena_free(arena);
	return 0;
}

static const struct price *model(const char *name)
{
	const struct price *p = prices_find(&table, str_from(name));

	if (p == NULL)
		print_error("no price of %s\n", name);
	assert_non_null(p);
	return p;
}

struct row {
	const char *model;
	struct usage usage;
	struct cost want;
};

static void golden(void **state)
{
	static const struct row rows[] = {
		/* 10 in, 50,000 read, 2,000 written for 5 minutes, 500 out at $3/$15 */
		{ "claude-sonnet-4-6", { 10, 50000, 2000, -1, 500, -1 },
			{ 30000, 15000000, 7500000, 0, 7500000, 30030000 } },
		/* the same written for an hour: twice the input price */
		{ "claude-sonnet-4-6", { 10, 50000, 2000, 2000, 500, -1 },
			{ 30000, 15000000, 0, 12000000, 7500000, 34530000 } },
		{ "claude-sonnet-4-6", { 10, 50000, 2000, 500, 500, 400 },
			{ 30000, 15000000, 5625000, 3000000, 7500000, 31155000 } },
		/* reads at a twentieth and a fortieth of input */
		{ "claude-opus-5-5", { 1, 1000000, 1000, 0, 1, -1 },
			{ 4000, 200000000, 5000000, 0, 20000, 205024000 } },
		{ "claude-fable-5-1", { 1, 1000000, 0, 0, 1, -1 },
			{ 10000, 250000000, 0, 0, 50000, 250060000 } },
		/* the tier takes the whole request, from one token above on */
		{ "claude-haiku-5-5", { 100000, 0, 0, 0, 1000, -1 },
			{ 10000000, 0, 0, 0, 500000, 10500000 } },
		{ "claude-haiku-5-5", { 100001, 0, 0, 0, 1000, -1 },
			{ 50000500, 0, 0, 0, 2500000, 52500500 } },
		{ "claude-haiku-5-5", { 1, 60000, 30000, 10000, 0, -1 },
			{ 100, 600000, 2500000, 2000000, 0, 5100100 } },
		{ "claude-haiku-5-5", { 1, 60000, 40000, 10000, 0, -1 },
			{ 500, 3000000, 18750000, 10000000, 0, 31750500 } },
		{ "gpt-6-sol", { 1000, 271000, 0, -1, 100, 90 },
			{ 2000000, 54200000, 0, 0, 1000000, 57200000 } },
		/* no surcharge for OpenAI's writes is known before 5.6 */
		{ "gpt-5.6-terra", { 100, 0, 1024, -1, 10, -1 },
			{ 200000, 0, 2560000, 0, 120000, 2880000 } },
		{ "claude-sonnet-4-6", { 0, 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 0 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct usage *u = &rows[i].usage;
		int64_t in = u->in + u->cache_read + u->cache_write;
		struct rates r = price_rates(model(rows[i].model), in, noon_ms, false);
		struct cost got;
		assert_true(cost_of(&r, u, &got));
		assert_int_equal(got.in, rows[i].want.in);
		assert_int_equal(got.cache_read, rows[i].want.cache_read);
		assert_int_equal(got.cache_write_5m, rows[i].want.cache_write_5m);
		assert_int_equal(got.cache_write_1h, rows[i].want.cache_write_1h);
		assert_int_equal(got.out, rows[i].want.out);
		assert_int_equal(got.total, rows[i].want.total);
	}
}

static void rounding(void **state)
{
	const struct rates r = { 250, 500, 1500, 2500, 3501 };
	const struct {
		int64_t tokens, in, read, out;
	} rows[] = { { 1, 0, 0, 4 }, { 2, 0, 1, 7 }, { 3, 1, 2, 11 }, { 6, 2, 3, 21 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t n = rows[i].tokens;
		struct usage u = { n, n, 0, 0, n, -1 };
		struct cost c;
		assert_true(cost_of(&r, &u, &c));
		assert_int_equal(c.in, rows[i].in);
		assert_int_equal(c.cache_read, rows[i].read);
		assert_int_equal(c.out, rows[i].out);
		assert_int_equal(c.total, c.in + c.cache_read + c.out);
	}
}

static void unknown(void **state)
{
	const struct rates no_read = { 1, -1, 1, 1, 1 }, all = { INT64_MAX, 1, 1, 1, 1 };
	struct cost c;

	assert_null(prices_find(&table, STR("no-such-model")));
	assert_null(prices_find(&table, STR("")));
	assert_null(prices_find(&table, STR("claude-sonnet-4-60")));
	assert_str(prices_canonical(&table, STR("us/claude-sonnet-4-6-20260101[1m]")),
		STR("claude-sonnet-4-6"));
	assert_str(prices_canonical(&table, STR("a/b/no-such-model@20260101[1m]")),
		STR("no-such-model"));
	assert_str(prices_canonical(&table, STR("")), STR(""));
	assert_false(cost_of(&no_read, &(struct usage){ 1, 1, 0, 0, 1, -1 }, &c));
	assert_int_equal(c.total, -1);
	assert_true(cost_of(&no_read, &(struct usage){ 1, 0, 0, 0, 1, -1 }, &c));
	assert_false(cost_of(&all, &(struct usage){ 2, 0, 0, 0, 1, -1 }, &c));
	assert_false(cost_of(&no_read, &USAGE_UNKNOWN, &c));
	assert_false(cost_of(&no_read, &(struct usage){ 1, 0, 0, 0, -1, -1 }, &c));
}

static void names(void **state)
{
	static const char *const rows[][2] = {
		{ "claude-opus-4-6", "claude-opus-4-6" },
		{ "claude-opus-4-6[1m]", "claude-opus-4-6" },
		{ "claude-sonnet-4-5-20250929", "claude-sonnet-4-5" },
		{ "claude-sonnet-4-5@20250929", "claude-sonnet-4-5" },
		{ "gpt-5-2025-08-07", "gpt-5" },
		{ "claude-opus-5-latest", "claude-opus-5" },
		{ "claude-3-7-sonnet-latest", "claude-3-7-sonnet-latest" },
		{ "anthropic/claude-opus-4-6", "claude-opus-4-6" },
		{ "openrouter/anthropic/claude-opus-4-6-20260205", "claude-opus-4-6" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_str(model(rows[i][0])->model, str_from(rows[i][1]));
}

static void moments(void **state)
{
	const int64_t day = 86400000, hour = 3600000;
	/* doubles on 2026-12-01, which is 13 days after the 18th */
	const struct price *argon = model("gemini-4-argon");
	const int64_t change = noon_ms - 12 * hour + 13 * day;
	/* 01:00 to 04:00 and 06:00 to 10:00 UTC, Monday to Friday */
	const struct price *flash = model("deepseek-flash");
	const int64_t midnight = noon_ms - 12 * hour;

	assert_int_equal(price_rates(argon, 1, change - 1, false).in, 2000000);
	assert_int_equal(price_rates(argon, 1, change, false).in, 4000000);
	assert_int_equal(price_rates(argon, 1, change, false).cache_read, 200000);
	assert_int_equal(price_rates(argon, 1, noon_ms, true).in, 1000000);
	assert_int_equal(price_rates(argon, 1, noon_ms, true).cache_read, 100000);
	assert_int_equal(price_rates(flash, 1, midnight + hour - 1, false).in, 150000);
	assert_int_equal(price_rates(flash, 1, midnight + hour, false).in, 300000);
	assert_int_equal(price_rates(flash, 1, midnight + 4 * hour - 1, false).out, 1200000);
	assert_int_equal(price_rates(flash, 1, midnight + 4 * hour, false).out, 600000);
	assert_int_equal(price_rates(flash, 1, midnight + 6 * hour, false).cache_read, 6000);
	/* Saturday and Sunday */
	assert_int_equal(price_rates(flash, 1, midnight + 3 * day + hour, false).in, 150000);
	assert_int_equal(price_rates(flash, 1, midnight + 4 * day + hour, false).in, 150000);
	assert_int_equal(price_rates(flash, 1, midnight + 5 * day + hour, false).in, 300000);
}

static void overrides(void **state)
{
	struct prices t = table;
	struct err e = { 0 };

	assert_true(prices_override(&t, STR("claude-haiku-5-5"),
		STR("input=0.28  output=0.42 cache_read=0.028"), arena, &e));
	struct rates r =
		price_rates(prices_find(&t, STR("claude-haiku-5-5")), 200000, noon_ms, false);
	assert_int_equal(r.in, 280000);
	assert_int_equal(r.cache_read, 28000);
	assert_int_equal(r.cache_write_5m, 125000);
	assert_int_equal(t.n, table.n);
	assert_true(
		prices_override(&t, STR("mine"), STR("input=1 output=2 cache_write=3"), arena, &e));
	r = price_rates(prices_find(&t, STR("mine")), 1, noon_ms, true);
	assert_int_equal(r.cache_write_1h, 3000000);
	assert_int_equal(r.cache_read, -1);
	assert_int_equal(t.n, table.n + 1);
	assert_null(prices_find(&table, STR("mine")));
	assert_false(prices_override(&t, STR("mine2"), STR("input=1"), arena, &e));
	assert_false(prices_override(&t, STR("mine"), STR("input=-1"), arena, &e));
	assert_false(prices_override(&t, STR("mine"), STR("inputs=1"), arena, &e));
	assert_false(prices_override(&t, STR("mine"), STR("input"), arena, &e));
}

static void litellm(void **state)
{
	const struct str text =
		STR("{\"sample_spec\":{\"mode\":\"chat\"},"
		    "\"claude-opus-5\":{\"input_cost_per_token\":5e-06,"
		    "\"output_cost_per_token\":2.5e-05,"
		    "\"cache_read_input_token_cost\":5e-07,"
		    "\"cache_creation_input_token_cost\":6.25e-06,"
		    "\"cache_creation_input_token_cost_above_1hr\":1e-05,"
		    "\"input_cost_per_token_above_200k_tokens\":1e-05,"
		    "\"litellm_provider\":\"anthropic\",\"max_input_tokens\":1000000},"
		    "\"new\":{\"input_cost_per_token\":0.00000015,"
		    "\"output_cost_per_token\":6E-7,"
		    "\"output_cost_per_token_batches\":3e-7}}");
	struct prices t = table;
	struct err e = { 0 };
	size_t skipped;

	assert_true(prices_read(&t, text, arena, &skipped, &e));
	assert_int_equal(skipped, 1);
	assert_int_equal(t.n, table.n + 1);
	const struct price *p = prices_find(&t, STR("claude-opus-5"));
	assert_int_equal(p->rates.in, 5000000);
	assert_int_equal(p->rates.cache_write_5m, 6250000);
	assert_int_equal(p->rates.cache_write_1h, 10000000);
	assert_int_equal(price_rates(p, 200001, noon_ms, false).in, 10000000);
	assert_int_equal(price_rates(p, 200000, noon_ms, false).in, 5000000);
	assert_int_equal(p->context_tokens, 1000000);
	p = prices_find(&t, STR("new"));
	assert_int_equal(p->rates.in, 150000);
	assert_int_equal(price_rates(p, 1, noon_ms, true).out, 300000);
	assert_false(prices_read(&t, STR("{}"), arena, &skipped, &e));
	assert_false(prices_read(&t, STR("[1]"), arena, &skipped, &e));
	assert_false(prices_read(
		&t, STR("{\"models\":{\"x\":{\"input\":\"3\"}}}"), arena, &skipped, &e));
	assert_false(prices_read(&t, STR("{"), arena, &skipped, &e));
	assert_int_equal(t.n, table.n + 1);
}

static void dollars(void **state)
{
	static const struct {
		int64_t nano;
		const char *want;
	} rows[] = {
		{ 0, "$0.00" },
		{ 30300000, "$0.0303" },
		{ 30030000, "$0.0300" },
		{ 134000000, "$0.134" },
		{ 999999999, "$1.000" },
		{ 12414999999, "$12.41" },
		{ 12415000000, "$12.42" },
		{ 2310, "$0.00000231" },
		{ 1, "$0.000000001" },
		{ 123, "$0.000000123" },
		{ -30300000, "-$0.0303" },
		{ INT64_MIN, "-$9223372036.85" },
	};
	struct buf out;

	buf_init(&out, 100);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&out);
		cost_print(&out, rows[i].nano);
		assert_str(buf_str(&out), str_from(rows[i].want));
	}
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(rounding),
		cmocka_unit_test(unknown),
		cmocka_unit_test(names),
		cmocka_unit_test(moments),
		cmocka_unit_test(overrides),
		cmocka_unit_test(litellm),
		cmocka_unit_test(dollars),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
