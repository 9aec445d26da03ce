/* SPDX-License-Identifier: MIT */
/* Reading the clocks. */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const uint64_t *clock_fake_mono_ns;
const int64_t *clock_fake_wall_ms;

uint64_t clock_mono_ns(void)
{
	struct timespec t;

	if (clock_fake_mono_ns != NULL)
		return *clock_fake_mono_ns;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t clock_wall_ms(void)
{
	struct timespec t;

	if (clock_fake_wall_ms != NULL)
		return *clock_fake_wall_ms;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void clock_iso(int64_t wall_ms, char ret[25])
{
	int64_t ms = wall_ms % 1000;
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm = { 0 };
	char text[96];

	if (ms < 0) {
		ms += 1000;
		s--;
	}
	gmtime_r(&s, &tm);
	/* A year of five digits would not fit; it is cut, not overrun. */
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)ms);
	memcpy(ret, text, 24);
	ret[24] = '\0';
}
