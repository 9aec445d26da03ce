/* SPDX-License-Identifier: MIT */
/* Clocks, faked and real, and the time as text. */
#include "unit/base/check.h"

#include "base/clock.h"

#include <time.h>

static void fakes(void **state)
{
	uint64_t mono = 5;
	int64_t wall = -7;

	clock_fake_mono_ns = &mono;
	clock_fake_wall_ms = &wall;
	assert_int_equal(clock_mono_ns(), 5);
	assert_int_equal(clock_wall_ms(), -7);
	mono = UINT64_MAX;
	wall = 1795264985123;
	assert_true(clock_mono_ns() == UINT64_MAX);
	assert_true(clock_wall_ms() == 1795264985123);
	clock_fake_mono_ns = NULL;
	clock_fake_wall_ms = NULL;
}

static void real_ones(void **state)
{
	struct timespec t;

	uint64_t a = clock_mono_ns();
	clock_gettime(CLOCK_MONOTONIC, &t);
	uint64_t b = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	uint64_t c = clock_mono_ns();
	assert_true(a <= b && b <= c);
	/* In milliseconds since 1970, and no other unit: some day between 2020 and 2100. */
	assert_true(clock_wall_ms() > INT64_C(1577836800000));
	assert_true(clock_wall_ms() < INT64_C(4102444800000));
}

static void iso(void **state)
{
	static const struct {
		int64_t ms;
		const char *want;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 1, "1970-01-01T00:00:00.001Z" },
		{ 999, "1970-01-01T00:00:00.999Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ -1000, "1969-12-31T23:59:59.000Z" },
		{ -1001, "1969-12-31T23:59:58.999Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 951868799999, "2000-02-29T23:59:59.999Z" },
		{ 1795264985123, "2026-11-21T12:43:05.123Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" },
	};
	char text[25];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		clock_iso(rows[i].ms, text);
		assert_string_equal(text, rows[i].want);
	}
}

/* Times that have no such text still give 24 characters and touch no byte behind them. */
static void iso_out_of_range(void **state)
{
	static const int64_t times[] = { 253402300800000, INT64_MAX, INT64_MIN, INT64_MIN + 999,
		-62135596800001, -99999999999999 };
	char text[26];

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		memset(text, '#', sizeof(text));
		clock_iso(times[i], text);
		assert_int_equal(strlen(text), 24);
		assert_int_equal(text[25], '#');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fakes),
		cmocka_unit_test(real_ones),
		cmocka_unit_test(iso),
		cmocka_unit_test(iso_out_of_range),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
