/* SPDX-License-Identifier: MIT */
/* Times as text and back. */
#include "lab/when.h"

#include <stdio.h>
#include <time.h>

enum { MS = 1000, MINUTE_S = 60, HOUR_S = 3600 };

/* The n digits at `at`; -1 when they are none. */
static int digits(struct str s, size_t at, size_t n)
{
	int ret = 0;

	if (at + n > s.n)
		return -1;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		ret = ret * 10 + (s.p[i] - '0');
	}
	return ret;
}

static bool char_is(struct str s, size_t at, char c)
{
	return at < s.n && s.p[at] == c;
}

static bool read_date(struct str s, struct tm *ret)
{
	int year = digits(s, 0, 4), month = digits(s, 5, 2), day = digits(s, 8, 2);

	if (year < 1970 || !char_is(s, 4, '-') || month < 1 || month > 12 || !char_is(s, 7, '-') ||
		day < 1 || day > 31)
		return false;
	*ret = (struct tm){ .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
	return true;
}

/* The milliseconds of ".925" at `at`, which moves behind it. */
static int64_t read_fraction(struct str s, size_t *at)
{
	int64_t ret = 0, unit = MS / 10;

	if (!char_is(s, *at, '.'))
		return 0;
	for (++*at; digits(s, *at, 1) >= 0; ++*at, unit /= 10)
		ret += digits(s, *at, 1) * unit;
	return ret;
}

/* Seconds east of Greenwich of "Z" or "+02:00" at the end. */
static bool read_offset(struct str s, size_t at, int64_t *ret)
{
	int hours = digits(s, at + 1, 2), minutes = digits(s, at + 4, 2);

	*ret = 0;
	if (char_is(s, at, 'Z') && s.n == at + 1)
		return true;
	if (s.n != at + 6 || !char_is(s, at + 3, ':') || hours < 0 || minutes < 0)
		return false;
	*ret = (int64_t)hours * HOUR_S + (int64_t)minutes * MINUTE_S;
	if (s.p[at] == '-')
		*ret = -*ret;
	return s.p[at] == '-' || s.p[at] == '+';
}

int64_t when_parse(struct str s)
{
	size_t at = 19;
	struct tm tm;
	int64_t offset;

	if (s.n < 20 || !read_date(s, &tm) || s.p[10] != 'T' || s.p[13] != ':' || s.p[16] != ':')
		return -1;
	tm.tm_hour = digits(s, 11, 2);
	tm.tm_min = digits(s, 14, 2);
	tm.tm_sec = digits(s, 17, 2);
	if (tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 ||
		tm.tm_sec > 60)
		return -1;
	int64_t ms = read_fraction(s, &at);
	if (!read_offset(s, at, &offset))
		return -1;
	int64_t ret = ((int64_t)timegm(&tm) - offset) * MS + ms;
	return ret < 0 ? -1 : ret;
}

bool when_day_span(struct str s, int64_t *ret_from_ms, int64_t *ret_to_ms)
{
	struct tm from, to;

	if (s.n != 10 || !read_date(s, &from))
		return false;
	to = from;
	to.tm_mday++;
	/* Whether summer time is in force, the library shall find out. */
	from.tm_isdst = to.tm_isdst = -1;
	int day = from.tm_mday;
	*ret_from_ms = (int64_t)mktime(&from) * MS;
	*ret_to_ms = (int64_t)mktime(&to) * MS;
	return from.tm_mday == day;
}

struct str when_day(int64_t at_ms, char ret[16])
{
	time_t t = (time_t)(at_ms / MS);
	struct tm tm;

	if (at_ms < 0 || localtime_r(&t, &tm) == NULL || strftime(ret, 16, "%Y-%m-%d", &tm) == 0)
		return STR("unknown");
	return str_from(ret);
}
