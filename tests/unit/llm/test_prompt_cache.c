/* SPDX-License-Identifier: MIT */
/* Forecasts by the rules of the provider's cache, and an estimator that learns. */
#include "unit/base/check.h"

#include "llm/estimate.h"
#include "llm/prompt_cache.h"

#include <math.h>

enum { MINUTE = 60000, BLOCK_TOKENS = 1000, BLOCKS_TOTAL = 64 };

/* A request of n blocks of a thousand tokens each, block i with content contents[i]. */
struct request {
	struct outline o;
	struct outline_block b[BLOCKS_TOTAL];
	uint64_t chain[BLOCKS_TOTAL];
	double tokens[BLOCKS_TOTAL];
	struct prompt_view v;
};

static void make(struct request *r, size_t n, int64_t min)
{
	*r = (struct request){ .o = { .blocks = r->b, .n = n, .level_at = { 0, 0, 0, n } } };
	for (size_t i = 0; i < n; i++) {
		r->b[i] = (struct outline_block){
			.hash = i + 1, .level = LEVEL_MESSAGES, .kind = BLOCK_USER
		};
		r->tokens[i] = (double)(i + 1) * BLOCK_TOKENS;
	}
	r->v = (struct prompt_view){ &r->o, r->chain, r->tokens, { min, false, 1 } };
}

static struct forecast ask(struct request *r, struct prompt_cache *c, int64_t now)
{
	struct forecast f;

	outline_chain(&r->o, &(struct chain_rules){ .seed = 1 }, r->chain);
	forecast_make(&f, &r->v, c, now);
	return f;
}

static struct forecast send(struct request *r, struct prompt_cache *c, int64_t now)
{
	struct forecast f = ask(r, c, now);

	forecast_commit(&f, &r->v, c, now);
	return f;
}

static void assert_forecast(
	const struct forecast *f, int64_t read, int64_t five, int64_t hour, int64_t in)
{
	assert_int_equal(f->read, read);
	assert_int_equal(f->write_5m, five);
	assert_int_equal(f->write_1h, hour);
	assert_int_equal(f->in, in);
}

static void reads_what_was_written(void **state)
{
	struct prompt_cache *c = prompt_cache_new(64);
	struct request r;
	struct forecast f;

	make(&r, 5, 1024);
	r.b[3].mark = BREAK_5M;
	f = send(&r, c, 1000);
	assert_forecast(&f, 0, 4000, 0, 1000);
	make(&r, 8, 1024);
	r.b[7].mark = BREAK_5M;
	f = send(&r, c, 2000);
	assert_forecast(&f, 4000, 4000, 0, 0);
	prompt_cache_free(c);
}

static void lives_as_long_as_it_is_read(void **state)
{
	struct prompt_cache *c = prompt_cache_new(64);
	struct request r;
	struct forecast f;

	make(&r, 4, 1024);
	r.b[3].mark = BREAK_5M;
	send(&r, c, 0);
	f = send(&r, c, 4 * MINUTE);
	assert_forecast(&f, 4000, 0, 0, 0);
	f = send(&r, c, 8 * MINUTE);
	assert_forecast(&f, 4000, 0, 0, 0);
	f = send(&r, c, 13 * MINUTE);
	assert_forecast(&f, 0, 4000, 0, 0);
	r.b[3].mark = BREAK_1H;
	r.b[1].hash = 99;
	send(&r, c, 14 * MINUTE);
	f = ask(&r, c, 73 * MINUTE);
	assert_forecast(&f, 4000, 0, 0, 0);
	f = ask(&r, c, 74 * MINUTE);
	assert_forecast(&f, 0, 0, 4000, 0);
	prompt_cache_free(c);
}

static void mixed_lives(void **state)
{
	struct prompt_cache *c = prompt_cache_new(64);
	struct request r;
	struct forecast f;

	make(&r, 6, 1024);
	r.b[1].mark = BREAK_1H;
	r.b[4].mark = BREAK_5M;
	f = send(&r, c, 0);
	assert_forecast(&f, 0, 3000, 2000, 1000);
	f = ask(&r, c, 6 * MINUTE);
	assert_forecast(&f, 2000, 3000, 0, 1000);
	prompt_cache_free(c);
}

static void looks_back_twenty_blocks(void **state)
{
	struct prompt_cache *c = prompt_cache_new(64);
	struct request r;
	struct forecast f;

	make(&r, 4, 1024);
	r.b[3].mark = BREAK_5M;
	send(&r, c, 0);
	make(&r, 23, 1024);
	r.b[22].mark = BREAK_5M;
	f = ask(&r, c, 1);
	assert_forecast(&f, 4000, 19000, 0, 0);
	make(&r, 24, 1024);
	r.b[23].mark = BREAK_5M;
	f = ask(&r, c, 1);
	assert_forecast(&f, 0, 24000, 0, 0);
	r.b[12].mark = BREAK_5M;
	f = ask(&r, c, 1);
	assert_forecast(&f, 4000, 20000, 0, 0);
	prompt_cache_free(c);
}

/* No request may have more than four: with thousands, each would be looked back from. */
static void looks_from_the_last_breakpoints(void **state)
{
	struct prompt_cache *c = prompt_cache_new(64);
	struct request r;
	struct forecast f;

	make(&r, 5, 1000);
	r.b[4].mark = BREAK_5M;
	send(&r, c, 0);
	make(&r, 64, 1000);
	for (size_t i = 60; i > 60 - 4 * 5; i -= 5)
		r.b[i].mark = BREAK_5M;
	r.b[4].mark = BREAK_5M;
	f = ask(&r, c, MINUTE);
	assert_int_equal(f.read, 0);
	r.b[60].mark = BREAK_NONE;
	f = ask(&r, c, MINUTE);
	assert_int_equal(f.read, 5000);
	prompt_cache_free(c);
}

static void short_prefixes(void **state)
{
	struct prompt_cache *c = prompt_cache_new(64);
	struct request r;
	struct forecast f;

	make(&r, 3, 4096);
	r.b[2].mark = BREAK_5M;
	f = send(&r, c, 0);
	assert_forecast(&f, 0, 0, 0, 3000);
	f = send(&r, c, 1);
	assert_forecast(&f, 0, 0, 0, 3000);
	prompt_cache_free(c);
}

static void a_measured_entry_corrects(void **state)
{
	struct prompt_cache *c = prompt_cache_new(64);
	struct request r;
	struct forecast f;

	make(&r, 4, 1024);
	r.b[1].mark = BREAK_5M;
	ask(&r, c, 0);
	prompt_cache_put(c, &(struct cache_entry){ r.chain[1], 1000, 2500, CACHE_LIFE_5M_MS });
	f = ask(&r, c, 0);
	assert_forecast(&f, 2500, 0, 0, 2000);
	assert_true(r.tokens[3] == 4500);
	prompt_cache_free(c);
}

static void room_is_bounded(void **state)
{
	struct prompt_cache *c = prompt_cache_new(64);
	size_t found = 0;

	for (uint64_t i = 1; i <= 10000; i++)
		prompt_cache_put(c, &(struct cache_entry){ i * UINT64_C(0x9E3779B97F4A7C15),
					    1000 + (int64_t)i, 1, 1 });
	for (uint64_t i = 1; i <= 10000; i++)
		found += prompt_cache_find(c, i * UINT64_C(0x9E3779B97F4A7C15), 0) != NULL;
	assert_true(found > 32 && found <= 64);
	assert_null(prompt_cache_find(c, 0, 0));
	prompt_cache_free(c);
}

static void rules_of_models(void **state)
{
	assert_int_equal(cache_rules_of(STR("claude-opus-4-6")).min_tokens, 4096);
	assert_int_equal(cache_rules_of(STR("claude-opus-4-8-20260901")).min_tokens, 1024);
	assert_int_equal(cache_rules_of(STR("anthropic/claude-haiku-5-5")).min_tokens, 512);
	assert_true(cache_rules_of(STR("claude-sonnet-4-5-20250929")).strips_thinking);
	assert_false(cache_rules_of(STR("claude-sonnet-4-6")).strips_thinking);
	assert_int_equal(cache_rules_of(STR("gpt-5")).min_tokens, 1024);
}

/* ---- the estimator ---- */

/* A model whose tokens are not those that are assumed at first. */
static double truth(const struct features *f)
{
	return 0.41 * f->v[BLOCK_RESULT] + 0.22 * f->v[BLOCK_USER] + 0.35 * f->v[BLOCK_CALL] +
	       3 * f->v[FEATURE_BLOCKS];
}

static struct features some(uint64_t *seed)
{
	struct features f = { { 0 } };

	for (unsigned i = 0; i < 3; i++) {
		static const uint8_t kinds[] = { BLOCK_RESULT, BLOCK_USER, BLOCK_CALL };
		*seed = *seed * UINT64_C(6364136223846793005) + 1;
		features_add(&f, &(struct outline_block){
					 .kind = kinds[i], .bytes = (uint32_t)(*seed >> 51) });
	}
	return f;
}

static double worst_miss(const struct estimator *e, uint64_t seed)
{
	double worst = 0;

	for (unsigned i = 0; i < 50; i++) {
		struct features f = some(&seed);
		double off = fabs(estimator_tokens(e, &f) - truth(&f)) / truth(&f);
		worst = off > worst ? off : worst;
	}
	return worst;
}

static void learns(void **state)
{
	struct estimator e;
	uint64_t seed = 1;

	estimator_init(&e, 1);
	assert_true(worst_miss(&e, 9) > 0.1);
	for (unsigned i = 0; i < 60; i++) {
		struct features f = some(&seed);
		estimator_learn(&e, &f, truth(&f));
	}
	assert_true(worst_miss(&e, 9) < 0.02);
	assert_int_equal(e.learned, 60);
}

static void stays_sane(void **state)
{
	struct estimator e;
	uint64_t seed = 1;

	estimator_init(&e, 1);
	for (unsigned i = 0; i < 2000; i++) {
		struct features f = some(&seed);
		estimator_learn(&e, &f, i % 2 == 0 ? 0 : 1e7);
	}
	for (unsigned i = 0; i < FEATURES; i++) {
		assert_true(isfinite(e.weight[i]) && e.weight[i] > 0);
		assert_true(isfinite(e.spread[i][i]) && e.spread[i][i] >= 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_was_written),
		cmocka_unit_test(lives_as_long_as_it_is_read),
		cmocka_unit_test(mixed_lives),
		cmocka_unit_test(looks_back_twenty_blocks),
		cmocka_unit_test(looks_from_the_last_breakpoints),
		cmocka_unit_test(short_prefixes),
		cmocka_unit_test(a_measured_entry_corrects),
		cmocka_unit_test(room_is_bounded),
		cmocka_unit_test(rules_of_models),
		cmocka_unit_test(learns),
		cmocka_unit_test(stays_sane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
