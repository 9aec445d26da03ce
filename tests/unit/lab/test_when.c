/* SPDX-License-Identifier: MIT */
/* Times of transcripts, and days of their user. */
#include "unit/base/check.h"

#include "lab/when.h"

#include <stdlib.h>
#include <time.h>

static void parses(void **state)
{
	assert_int_equal(when_parse(STR("1970-01-01T00:00:00Z")), 0);
	assert_int_equal(when_parse(STR("2026-02-11T20:36:47.925Z")), 1770842207925);
	assert_int_equal(when_parse(STR("2026-02-11T20:36:47Z")), 1770842207000);
	assert_int_equal(when_parse(STR("2026-02-11T20:36:47.9Z")), 1770842207900);
	assert_int_equal(when_parse(STR("2026-02-11T20:36:47.925123Z")), 1770842207925);
	assert_int_equal(when_parse(STR("2026-02-11T22:36:47.925+02:00")), 1770842207925);
	assert_int_equal(when_parse(STR("2026-02-11T15:06:47.925-05:30")), 1770842207925);
	assert_int_equal(when_parse(STR("2024-02-29T00:00:00Z")), 1709164800000);
}

static void refuses(void **state)
{
	static const char *const rows[] = { "", "2026-02-11", "2026-02-11T20:36:47",
		"2026-02-11 20:36:47Z", "2026-13-11T20:36:47Z", "2026-00-11T20:36:47Z",
		"2026-02-32T20:36:47Z", "2026-02-11T24:36:47Z", "2026-02-11T20:60:47Z",
		"2026-02-11T20:36:4xZ", "2026-02-11T20:36:47Zx", "2026-02-11T20:36:47+0200",
		"2026-02-11T20:36:47~02:00", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00",
		"x026-02-11T20:36:47Z" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (when_parse(str_from(rows[i])) != -1)
			fail_msg("\"%s\" is taken for a time", rows[i]);
}

static void days(void **state)
{
	int64_t from, to;
	char day[16];

	/* Five and a half hours east of Greenwich, without a summer time. */
	setenv("TZ", "XST-05:30", 1);
	tzset();
	assert_true(when_day_span(STR("2026-02-11"), &from, &to));
	assert_int_equal(from, when_parse(STR("2026-02-10T18:30:00Z")));
	assert_int_equal(to, when_parse(STR("2026-02-11T18:30:00Z")));
	assert_bytes(when_day(from, day), "2026-02-11");
	assert_bytes(when_day(from - 1, day), "2026-02-10");
	assert_bytes(when_day(-1, day), "unknown");
	/* A day on which the clock is put forward is shorter. */
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_true(when_day_span(STR("2026-03-29"), &from, &to));
	assert_int_equal(to - from, 23 * 3600000);
	assert_false(when_day_span(STR("2026-02-30"), &from, &to));
	assert_false(when_day_span(STR("2026-2-3"), &from, &to));
	assert_false(when_day_span(STR("yesterday!"), &from, &to));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(refuses),
		cmocka_unit_test(days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
