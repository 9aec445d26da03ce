/* SPDX-License-Identifier: MIT */
/* Breakers against a clock of the test's own. */
#include "unit/base/check.h"

#include "core/breaker.h"

#include <stdio.h>

static const struct breaker_name one = { STR_INIT("p"), STR_INIT("m"), 0 };
static const struct breaker_limits limits = { 3, 10000, 60000 };

static void strike(struct breakers *b, unsigned n, uint64_t now_ms)
{
	while (n-- > 0)
		breaker_bad(b, &one, &limits, -1, now_ms);
}

static void opens_after_failures_in_a_row(void **state)
{
	struct breakers *b = breakers_new();

	strike(b, 2, 1000);
	assert_true(breaker_lets(b, &one, 1000));
	breaker_good(b, &one, 1001);
	strike(b, 2, 1002);
	assert_true(breaker_lets(b, &one, 1002));
	strike(b, 1, 1003);
	assert_int_equal(breaker_state(b, &one, 1003), BREAKER_OPEN);
	assert_int_equal(breaker_state(b, &one, 11002), BREAKER_OPEN);
	assert_false(breaker_lets(b, &one, 11002));
	assert_int_equal(breaker_state(b, &one, 11003), BREAKER_HALF_OPEN);
	breakers_free(b);
}

static void one_probe_at_a_time(void **state)
{
	struct breakers *b = breakers_new();

	strike(b, 3, 0);
	assert_false(breaker_ask(b, &one, 5000));
	assert_true(breaker_lets(b, &one, 10000));
	assert_true(breaker_ask(b, &one, 10000));
	assert_false(breaker_lets(b, &one, 10000));
	assert_false(breaker_ask(b, &one, 10001));
	breaker_left(b, &one);
	assert_true(breaker_lets(b, &one, 10002));
	assert_true(breaker_ask(b, &one, 10002));
	breaker_good(b, &one, 10003);
	assert_int_equal(breaker_state(b, &one, 10003), BREAKER_CLOSED);
	strike(b, 2, 10004);
	assert_true(breaker_lets(b, &one, 10004));
	breakers_free(b);
}

/* 10, 20, 40, 60, 60 seconds; and from the start again once it has worked. */
static void stays_open_for_longer_each_time(void **state)
{
	static const uint64_t spans[] = { 20000, 40000, 60000, 60000 };
	struct breakers *b = breakers_new();
	uint64_t now = 0;

	strike(b, 3, now);
	now += 10000;
	for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
		assert_true(breaker_ask(b, &one, now));
		strike(b, 1, now);
		assert_int_equal(breaker_state(b, &one, now + spans[i] - 1), BREAKER_OPEN);
		now += spans[i];
		assert_int_equal(breaker_state(b, &one, now), BREAKER_HALF_OPEN);
	}
	breaker_good(b, &one, now);
	strike(b, 3, now);
	assert_int_equal(breaker_state(b, &one, now + 9999), BREAKER_OPEN);
	assert_int_equal(breaker_state(b, &one, now + 10000), BREAKER_HALF_OPEN);
	breakers_free(b);
}

static void a_provider_may_ask_for_longer(void **state)
{
	struct breakers *b = breakers_new();

	strike(b, 2, 0);
	breaker_bad(b, &one, &limits, 90000, 0);
	assert_int_equal(breaker_state(b, &one, 89999), BREAKER_OPEN);
	assert_int_equal(breaker_state(b, &one, 90000), BREAKER_HALF_OPEN);
	/* But not for a day. */
	breaker_bad(b, &one, &limits, 86400000, 90000);
	assert_int_equal(breaker_state(b, &one, 90000 + 15 * 60000), BREAKER_HALF_OPEN);
	/* Those that were on their way when it opened do not prolong it. */
	breakers_free(b);
	b = breakers_new();
	strike(b, 3, 0);
	strike(b, 5, 9000);
	assert_int_equal(breaker_state(b, &one, 10000), BREAKER_HALF_OPEN);
	breakers_free(b);
}

static void opens_when_half_of_them_fail(void **state)
{
	struct breakers *b = breakers_new();
	unsigned i;

	for (i = 0; i < 40 && breaker_lets(b, &one, i); i++)
		if (i % 2 == 0)
			strike(b, 1, i);
		else
			breaker_good(b, &one, i);
	assert_in_range(i, 10, 12);
	assert_int_equal(breaker_state(b, &one, i), BREAKER_OPEN);
	breakers_free(b);
	/* A third does not do it. */
	b = breakers_new();
	for (i = 0; i < 60; i++)
		if (i % 3 == 0)
			strike(b, 1, i);
		else
			breaker_good(b, &one, i);
	assert_true(breaker_lets(b, &one, i));
	breakers_free(b);
}

static void others_have_their_own(void **state)
{
	static const struct breaker_name others[] = { { STR_INIT("p"), STR_INIT("n"), 0 },
		{ STR_INIT("q"), STR_INIT("m"), 0 }, { STR_INIT("p"), STR_INIT("m"), 7 },
		{ STR_INIT("pm"), STR_INIT(""), 0 } };
	struct breakers *b = breakers_new();

	strike(b, 3, 0);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_true(breaker_lets(b, &others[i], 0));
	assert_false(breaker_lets(b, &one, 0));
	breakers_free(b);
}

/* However many names there are; those that are open stay longest. */
static void bounded(void **state)
{
	struct breakers *b = breakers_new();
	char name[300];

	strike(b, 3, 0);
	for (unsigned i = 0; i < 3 * BREAKERS_MAX; i++) {
		memset(name, 'x', sizeof(name));
		snprintf(name, sizeof(name), "model-%u", i);
		name[strlen(name)] = 'x';
		const struct breaker_name n = { STR("p"), { name, sizeof(name) }, 0 };
		breaker_bad(b, &n, &limits, -1, i + 1);
	}
	assert_non_null(breaker_at(b, BREAKERS_MAX - 1));
	assert_null(breaker_at(b, BREAKERS_MAX));
	assert_int_equal(breaker_state(b, &one, 9999), BREAKER_OPEN);
	breakers_free(b);
}

static void nobody_is_closed(void **state)
{
	assert_true(breaker_lets(NULL, &one, 0));
	assert_false(breaker_ask(NULL, &one, 0));
	breaker_bad(NULL, &one, &limits, -1, 0);
	breaker_good(NULL, &one, 0);
	breaker_left(NULL, &one);
	assert_null(breaker_at(NULL, 0));
	breakers_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_after_failures_in_a_row),
		cmocka_unit_test(one_probe_at_a_time),
		cmocka_unit_test(stays_open_for_longer_each_time),
		cmocka_unit_test(a_provider_may_ask_for_longer),
		cmocka_unit_test(opens_when_half_of_them_fail),
		cmocka_unit_test(others_have_their_own),
		cmocka_unit_test(bounded),
		cmocka_unit_test(nobody_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
