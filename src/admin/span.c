/* SPDX-License-Identifier: MIT */
/* Calendar arithmetic in local time: what a day is, the C library says. */
#include "admin/span.h"

#include <time.h>

enum { STEPS_MAX = 200, SECOND_MS = 1000 };

static const int64_t MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 3600 * SECOND_MS,
		     DAY_MS = 86400 * (int64_t)SECOND_MS;

const char span_choice[] = "today, 24h, week, 7d, month, 30d or all";
const char *const span_names[] = { "today", "week", "month", "all", NULL };

/* Seconds of a moment, rounded down. */
static time_t seconds_of(int64_t ms)
{
	return (time_t)(ms >= 0 ? ms / SECOND_MS : -((-(ms + 1)) / SECOND_MS) - 1);
}

/* Midnight of some days before the day of t. */
static int64_t midnight_before(const struct tm *t, int days)
{
	struct tm m = { .tm_year = t->tm_year,
		.tm_mon = t->tm_mon,
		.tm_mday = t->tm_mday - days,
		.tm_isdst = -1 };

	return (int64_t)mktime(&m) * SECOND_MS;
}

int64_t span_day_of(int64_t ms)
{
	time_t at = seconds_of(ms);
	struct tm t;

	return localtime_r(&at, &t) != NULL ? midnight_before(&t, 0) : 0;
}

bool span_find(struct str name, int64_t now_ms, struct span *ret)
{
	time_t now = seconds_of(now_ms);
	struct tm t;

	localtime_r(&now, &t);
	const struct span spans[] = {
		{ "today", midnight_before(&t, 0), INT64_MAX },
		{ "24h", now_ms - DAY_MS, INT64_MAX },
		{ "week", midnight_before(&t, (t.tm_wday + 6) % 7), INT64_MAX },
		{ "7d", now_ms - 7 * DAY_MS, INT64_MAX },
		{ "month", midnight_before(&t, t.tm_mday - 1), INT64_MAX },
		{ "30d", now_ms - 30 * DAY_MS, INT64_MAX },
		{ "all", 0, INT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(spans); i++)
		if (str_eq(name, str_from(spans[i].name))) {
			*ret = spans[i];
			return true;
		}
	return false;
}

int64_t span_step_ms(int64_t from_ms, int64_t to_ms)
{
	const int64_t steps[] = { 15 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS,
		6 * HOUR_MS, 12 * HOUR_MS, DAY_MS, 2 * DAY_MS, 7 * DAY_MS, 14 * DAY_MS,
		28 * DAY_MS };
	int64_t length = to_ms / STEPS_MAX - from_ms / STEPS_MAX;

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (length <= steps[i])
			return steps[i];
	return (length / DAY_MS + 1) * DAY_MS;
}

/* The number of a day of the calendar, as if all had 24 hours. */
static int64_t number_of(const struct tm *t)
{
	struct tm m = { .tm_year = t->tm_year, .tm_mon = t->tm_mon, .tm_mday = t->tm_mday };

	return (int64_t)timegm(&m) / 86400;
}

int64_t span_step_of(int64_t ms, int64_t step_ms)
{
	time_t at = seconds_of(ms);
	struct tm t;

	if (localtime_r(&at, &t) == NULL)
		return 0;
	if (step_ms >= DAY_MS) {
		int64_t days = step_ms / DAY_MS, into = number_of(&t) % days;
		return midnight_before(&t, (int)(into < 0 ? into + days : into));
	}
	/* From midnight on: an hour that the day has more or less moves no step to before another. */
	int64_t day_ms = midnight_before(&t, 0);
	return day_ms + (ms - day_ms) / step_ms * step_ms;
}

bool span_read_time(struct str text, int64_t *ret)
{
	struct tm t = { .tm_isdst = -1 };
	uint64_t ms, year, month, day;

	if (str_to_u64(text, &ms) && ms <= INT64_MAX) {
		*ret = (int64_t)ms;
		return true;
	}
	if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-')
		return false;
	if (!str_to_u64((struct str){ text.p, 4 }, &year) ||
		!str_to_u64((struct str){ text.p + 5, 2 }, &month) ||
		!str_to_u64((struct str){ text.p + 8, 2 }, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	t.tm_year = (int)year - 1900;
	t.tm_mon = (int)month - 1;
	t.tm_mday = (int)day;
	*ret = (int64_t)mktime(&t) * SECOND_MS;
	return true;
}
