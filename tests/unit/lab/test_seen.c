/* SPDX-License-Identifier: MIT */
/* The set of fingerprints, and its ceiling. */
#include "unit/base/check.h"

#include "lab/seen.h"

#include <stdio.h>

static uint64_t numbered(int i)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", i);
	return fingerprint(str_from(text), STR("x"), STR(""));
}

static void once(void **state)
{
	struct seen s = { 0 };

	assert_false(seen_has(&s, numbered(1)));
	for (int i = 0; i < 50000; i++)
		assert_true(seen_add(&s, numbered(i)));
	for (int i = 0; i < 50000; i++)
		assert_false(seen_add(&s, numbered(i)));
	assert_true(seen_has(&s, numbered(49999)));
	assert_false(seen_has(&s, numbered(50000)));
	assert_int_equal(s.n, 50000);
	assert_int_equal(s.ignored, 0);
	seen_release(&s);
}

static void borders_count(void **state)
{
	assert_true(fingerprint(STR("ab"), STR("c"), STR("")) !=
		    fingerprint(STR("a"), STR("bc"), STR("")));
	assert_true(
		fingerprint(STR("a"), STR(""), STR("")) != fingerprint(STR(""), STR("a"), STR("")));
	assert_true(fingerprint(STR("a"), STR("b"), STR("")) ==
		    fingerprint(STR("a"), STR("b"), STR("")));
}

static void ceiling(void **state)
{
	struct seen s = { .max = 1 << 12 };

	for (int i = 0; i < 10000; i++)
		assert_true(seen_add(&s, numbered(i)));
	assert_int_equal(s.nslots, 1 << 12);
	assert_int_equal(s.n, 3 << 10);
	assert_int_equal(s.ignored, 10000 - (3 << 10));
	/* Those that found a place are still known. */
	assert_false(seen_add(&s, numbered(0)));
	seen_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(once),
		cmocka_unit_test(borders_count),
		cmocka_unit_test(ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
