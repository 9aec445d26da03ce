/* SPDX-License-Identifier: MIT */
/* What the head of a provider's reply tells of its limits: quotas with what is left of them, and when to come back. Pure. */
#ifndef CORE_RATE_LIMITS_H
#define CORE_RATE_LIMITS_H

#include "wire/http.h"

enum { RATE_QUOTAS = 12 };

/* One limit of the provider's, as its last reply told it; -1: not told. */
struct rate_quota {
	char name[24];
	int64_t limit, remaining;
	int64_t reset_ms; /* wall clock */
	bool percent;     /* limit is 100, and remaining per cent of an amount that is not told */
};
struct rate_limits {
	struct rate_quota v[RATE_QUOTAS];
	size_t n;
};

/* Takes what these headers tell, at this moment of the wall clock; what they do not mention stays. */
void rate_limits_read(
	struct rate_limits *r, const struct http_header *headers, size_t n, int64_t now_ms);
/* What is left of a quota at this moment: all of it once its reset has come. -1: not told. */
int64_t rate_remaining(const struct rate_quota *q, int64_t now_ms);
/* What is left of the scarcest quota, from 0 to 100; 100 when nothing is told. */
int rate_left_percent(const struct rate_limits *r, int64_t now_ms);

/* How long the provider wants to be left alone (retry-after-ms, or retry-after: seconds or a date), in milliseconds; -1: it does not
 * say. At most a year. */
int64_t rate_retry_after(const struct http_header *h, size_t n, int64_t now_ms);

#endif
