/* SPDX-License-Identifier: MIT */
/* Spans and steps in places whose days have 23, 24 and 25 hours, and half hours. */
#include "unit/base/check.h"

#include <stdlib.h>
#include <time.h>

#include "admin/span.h"

static const int64_t MINUTE = 60000, HOUR = 3600000, DAY = 86400000;

static const char *const places[] = { "UTC", "America/New_York", "Asia/Kolkata",
	"Australia/Lord_Howe", "Europe/Berlin" };

static void go_to(const char *place)
{
	setenv("TZ", place, 1);
	tzset();
}

static struct tm local(int64_t ms)
{
	time_t at = (time_t)(ms / 1000);
	struct tm t;

	assert_non_null(localtime_r(&at, &t));
	return t;
}

static void assert_midnight(int64_t ms)
{
	struct tm t = local(ms);

	assert_int_equal(t.tm_hour * 3600 + t.tm_min * 60 + t.tm_sec, 0);
	assert_int_equal(ms % 1000, 0);
}

/* Each moment is in one step, which began before, and whose beginning is in it. Every quarter of an hour of a year. */
static void steps_cover_time(void **state)
{
	const int64_t steps[] = { 15 * MINUTE, HOUR, 6 * HOUR, DAY, 2 * DAY, 7 * DAY };

	for (size_t p = 0; p < ARRAY_LEN(places); p++) {
		go_to(places[p]);
		for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
			int64_t before = INT64_MIN;
			for (int64_t ms = 1767225600000; ms < 1767225600000 + 365 * DAY;
				ms += 15 * MINUTE) {
				int64_t at = span_step_of(ms, steps[i]);
				assert_true(at <= ms && ms - at < steps[i] + 2 * HOUR);
				assert_true(at >= before);
				if (at != before && steps[i] >= DAY)
					assert_midnight(at);
				if (at != before)
					assert_int_equal(span_step_of(at, steps[i]), at);
				before = at;
			}
		}
	}
	go_to("UTC");
}

static void days_begin_at_midnight(void **state)
{
	for (size_t p = 0; p < ARRAY_LEN(places); p++) {
		go_to(places[p]);
		for (int64_t ms = 1767225600000; ms < 1767225600000 + 365 * DAY; ms += HOUR) {
			int64_t day = span_day_of(ms);
			assert_midnight(day);
			assert_true(day <= ms && ms - day <= 25 * HOUR);
			assert_int_equal(local(day).tm_mday, local(ms).tm_mday);
		}
	}
	go_to("UTC");
}

static void series_are_neither_long_nor_short(void **state)
{
	for (int64_t length = HOUR; length < 3000 * DAY; length += length / 3) {
		int64_t step = span_step_ms(1767225600000, 1767225600000 + length);
		assert_true(length / step <= 200);
		assert_true(step == 15 * MINUTE || length / step >= 50);
	}
	assert_true(span_step_ms(0, INT64_MAX) > 0);
	assert_true(span_step_ms(INT64_MIN, INT64_MAX) > 0);
}

static struct span must_find(const char *name, int64_t now_ms)
{
	struct span s = { .name = NULL };

	assert_true(span_find(str_from(name), now_ms, &s));
	assert_string_equal(s.name, name);
	assert_int_equal(s.to_ms, INT64_MAX);
	return s;
}

static void spans_have_names(void **state)
{
	const int64_t now = 1795265400123; /* a Saturday, 2026-11-21 */
	struct span s;

	for (size_t p = 0; p < ARRAY_LEN(places); p++) {
		go_to(places[p]);
		assert_midnight(must_find("today", now).from_ms);
		assert_int_equal(local(must_find("week", now).from_ms).tm_wday, 1);
		assert_int_equal(local(must_find("month", now).from_ms).tm_mday, 1);
		assert_midnight(must_find("week", now).from_ms);
		assert_midnight(must_find("month", now).from_ms);
		assert_true(now - must_find("week", now).from_ms <= 7 * DAY + HOUR);
	}
	go_to("UTC");
	assert_int_equal(must_find("24h", now).from_ms, now - DAY);
	assert_int_equal(must_find("7d", now).from_ms, now - 7 * DAY);
	assert_int_equal(must_find("30d", now).from_ms, now - 30 * DAY);
	assert_int_equal(must_find("all", now).from_ms, 0);
	assert_false(span_find(STR("Today"), now, &s));
	assert_false(span_find(STR(""), now, &s));
}

static void times_are_dates_or_milliseconds(void **state)
{
	static const char *const bad[] = { "", "-5", "2026", "x", "2026-1-01", "2026-13-01",
		"2026-00-01", "2026-01-32", "2026-01-0x", "2026-01-011", "99999999999999999999" };
	int64_t ms = -1;

	go_to("Europe/Berlin");
	assert_true(span_read_time(STR("2026-07-01"), &ms));
	assert_int_equal(ms, 1782856800000);
	assert_true(span_read_time(STR("5"), &ms));
	assert_int_equal(ms, 5);
	/* "2026" is a number, and a moment of 1970. */
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (i != 2)
			assert_false(span_read_time(str_from(bad[i]), &ms));
	go_to("UTC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_cover_time),
		cmocka_unit_test(days_begin_at_midnight),
		cmocka_unit_test(series_are_neither_long_nor_short),
		cmocka_unit_test(spans_have_names),
		cmocka_unit_test(times_are_dates_or_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
