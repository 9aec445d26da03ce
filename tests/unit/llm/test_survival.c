/* SPDX-License-Identifier: MIT */
/* How many requests are to be expected: by what was thought before, and by what was seen since. */
#include "unit/base/check.h"

#include "llm/survival.h"

/* So many conversations of that length. */
static void observe(struct survival *s, unsigned conversations, uint32_t length)
{
	for (unsigned i = 0; i < conversations; i++)
		for (uint32_t n = 1; n <= length; n++)
			survival_note(s, n);
}

static void nothing_was_observed(void **state)
{
	const struct survival none = { 0 };
	uint32_t last = 0;

	for (uint32_t prior = 2; prior <= 1000; prior *= 2) {
		uint32_t n = survival_remaining(&none, 1, prior);
		assert_in_range(n, prior / 2, prior * 2);
		assert_true(n >= last);
		last = n;
	}
}

static void some_were_observed(void **state)
{
	static const uint32_t lengths[] = { 4, 16, 64, 256, 1024 };

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct survival s = { 0 };
		observe(&s, 2000, lengths[i]);
		uint32_t n = survival_remaining(&s, 1, 80);
		/* Of what lies between two steps nothing is known. */
		assert_in_range(n, lengths[i] / 2, lengths[i] * 2);
		/* The further it has come, the less is left of it. */
		if (lengths[i] >= 16)
			assert_true(survival_remaining(&s, lengths[i] / 2, 80) < n);
	}
}

static void a_few_change_little(void **state)
{
	struct survival s = { 0 };
	uint32_t before = survival_remaining(&s, 1, 80);

	observe(&s, 1, 1);
	assert_in_range(survival_remaining(&s, 1, 80), before * 3 / 4, before);
	observe(&s, 5000, 1);
	assert_in_range(survival_remaining(&s, 1, 80), 1, 3);
}

/* Half of them end at once: who comes further is to go on for long. */
static void who_comes_far_goes_on(void **state)
{
	struct survival s = { 0 };

	observe(&s, 5000, 1);
	observe(&s, 500, 100);
	assert_true(survival_remaining(&s, 4, 20) > 3 * survival_remaining(&s, 1, 20));
}

static void any_number(void **state)
{
	static const uint32_t numbers[] = { 0, 1, 2, 3, 4095, 4096, 8191, 8192, 8193, 1000000,
		UINT32_MAX };
	struct survival full;

	memset(&full, 0xff, sizeof(full));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct survival s = { 0 };
		for (uint32_t prior = 0; prior < 3; prior++)
			assert_in_range(survival_remaining(&s, numbers[i], prior), 1, 100000);
		assert_in_range(survival_remaining(&s, numbers[i], UINT32_MAX), 1, UINT32_MAX);
		assert_in_range(survival_remaining(&full, numbers[i], 80), 1, 100000);
		survival_note(&s, numbers[i]);
		survival_note(&full, numbers[i]);
	}
	for (unsigned i = 0; i < SURVIVAL_STEPS; i++)
		assert_int_equal(full.reached[i], UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_was_observed),
		cmocka_unit_test(some_were_observed),
		cmocka_unit_test(a_few_change_little),
		cmocka_unit_test(who_comes_far_goes_on),
		cmocka_unit_test(any_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
