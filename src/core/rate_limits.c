/* SPDX-License-Identifier: MIT */
/* The families of rate-limit headers: Anthropic's for keys (anthropic-ratelimit-tokens-remaining) and for subscriptions
 * (anthropic-ratelimit-unified-5h-utilization), and those that OpenAI and most others send (x-ratelimit-remaining-tokens). */
#include "core/rate_limits.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PERCENT = 100 };

/* ---- times in headers ---- */

static bool take_number(struct str *s, size_t digits, char behind, int *ret)
{
	uint64_t n;

	if (s->n < digits || !str_to_u64((struct str){ s->p, digits }, &n))
		return false;
	*s = str_from_offset(*s, digits);
	*ret = (int)n;
	if (behind == '\0')
		return true;
	if (s->n == 0 || s->p[0] != behind)
		return false;
	*s = str_from_offset(*s, 1);
	return true;
}

/* "2026-11-21T12:43:05Z", also with a fraction or an offset (RFC 3339). -1: it is not. */
static int64_t read_date(struct str s)
{
	struct tm t = { 0 };
	int hours = 0, minutes = 0;

	if (!take_number(&s, 4, '-', &t.tm_year) || !take_number(&s, 2, '-', &t.tm_mon) ||
		!take_number(&s, 2, 'T', &t.tm_mday) || !take_number(&s, 2, ':', &t.tm_hour) ||
		!take_number(&s, 2, ':', &t.tm_min) || !take_number(&s, 2, '\0', &t.tm_sec))
		return -1;
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	while (s.n > 0 && (s.p[0] == '.' || (s.p[0] >= '0' && s.p[0] <= '9')))
		s = str_from_offset(s, 1);
	int64_t seconds = (int64_t)timegm(&t);
	if (s.n == 6 && (s.p[0] == '+' || s.p[0] == '-')) {
		bool ahead = s.p[0] == '+';
		s = str_from_offset(s, 1);
		if (take_number(&s, 2, ':', &hours) && take_number(&s, 2, '\0', &minutes))
			seconds += (ahead ? -60 : 60) * (hours * 60 + minutes);
	}
	return seconds * 1000;
}

/* "6m0s", "1h2m3.5s", "250ms". -1: it is not. */
static int64_t read_duration(struct str s)
{
	double ms = 0;

	while (s.n > 0) {
		char number[24], *end;
		size_t n = 0;
		while (n < s.n && n + 1 < sizeof(number) &&
			(s.p[n] == '.' || (s.p[n] >= '0' && s.p[n] <= '9')))
			n++;
		memcpy(number, s.p, n);
		number[n] = '\0';
		double v = strtod(number, &end);
		s = str_from_offset(s, n);
		bool milli = str_starts(s, STR("ms"));
		if (n == 0 || s.n == 0 || strchr("dhms", s.p[0]) == NULL || v > 1e7)
			return -1;
		ms += v * (milli                  ? 1
				  : s.p[0] == 's' ? 1e3
				  : s.p[0] == 'm' ? 6e4
				  : s.p[0] == 'h' ? 36e5
						  : 864e5);
		s = str_from_offset(s, milli ? 2 : 1);
	}
	return (int64_t)ms;
}

/* A moment: a date, a duration from now on, or a number of seconds from now on or of an epoch. -1: none of them. */
static int64_t read_reset(struct str value, int64_t now_ms)
{
	static const uint64_t LONGEST_S = 100000000, LAST_S = UINT64_C(100000000000);
	uint64_t n;

	if (str_to_u64(value, &n)) {
		if (n < LONGEST_S)
			return now_ms + (int64_t)n * 1000;
		return n < LAST_S ? (int64_t)n * 1000 : n < LAST_S * 1000 ? (int64_t)n : -1;
	}
	if (value.n >= 20 && value.p[4] == '-')
		return read_date(value);
	int64_t ms = value.n > 0 ? read_duration(value) : -1;
	return ms >= 0 ? now_ms + ms : -1;
}

/* ---- rate-limit headers ---- */

/* Splits off the front of s when it is `word`, without case. */
static bool skip_word(struct str *s, struct str word)
{
	if (!str_starts_nocase(*s, word))
		return false;
	*s = str_from_offset(*s, word.n);
	return true;
}

/* Takes a header's name apart: what is limited, and which figure of it is told. */
static bool read_name(struct str name, struct str *ret_quota, struct str *ret_figure)
{
	if (skip_word(&name, STR("x-ratelimit-"))) {
		size_t dash = str_find_char(name, '-');
		*ret_figure = (struct str){ name.p, dash };
		*ret_quota = dash < name.n ? str_from_offset(name, dash + 1) : STR("requests");
		return true;
	}
	if (!skip_word(&name, STR("anthropic-ratelimit-")))
		return false;
	skip_word(&name, STR("unified-"));
	size_t dash = name.n;
	while (dash > 0 && name.p[dash - 1] != '-')
		dash--;
	if (dash < 2)
		return false;
	*ret_quota = (struct str){ name.p, dash - 1 };
	*ret_figure = str_from_offset(name, dash);
	return true;
}

static struct rate_quota *need_quota(struct rate_limits *p, struct str name)
{
	char key[sizeof(p->v[0].name)] = "";

	if (name.n == 0 || name.n >= sizeof(key))
		return NULL;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		key[i] = c == '-' ? '_' : c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
	}
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->v[i].name, key) == 0)
			return &p->v[i];
	if (p->n == RATE_QUOTAS)
		return NULL;
	struct rate_quota *q = &p->v[p->n++];
	*q = (struct rate_quota){ .limit = -1, .remaining = -1, .reset_ms = -1 };
	memcpy(q->name, key, sizeof(key));
	return q;
}

static int64_t read_count(struct str value)
{
	uint64_t n;

	return str_to_u64(value, &n) && n <= INT64_MAX ? (int64_t)n : -1;
}

/* A subscription tells which part of a window is used up, from 0 to 1 and above. */
static void take_utilization(struct rate_quota *q, struct str value)
{
	char text[24], *end;

	if (value.n == 0 || value.n >= sizeof(text))
		return;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	double used = strtod(text, &end);
	if (end == text || !(used >= 0))
		return;
	q->percent = true;
	q->limit = PERCENT;
	q->remaining = used >= 1 ? 0 : (int64_t)(PERCENT * (1 - used) + 0.5);
}

static void take_quota(struct rate_limits *p, const struct http_header *h, int64_t now_ms)
{
	static const struct str figures[] = { STR_INIT("limit"), STR_INIT("remaining"),
		STR_INIT("reset"), STR_INIT("utilization") };
	struct str name, figure;
	size_t i = 0;

	if (!read_name(h->name, &name, &figure))
		return;
	while (i < ARRAY_LEN(figures) && !str_eq_nocase(figure, figures[i]))
		i++;
	struct rate_quota *q = i < ARRAY_LEN(figures) ? need_quota(p, name) : NULL;
	if (q == NULL)
		return;
	if (i == 0)
		q->limit = read_count(h->value);
	else if (i == 1)
		q->remaining = read_count(h->value);
	else if (i == 2)
		q->reset_ms = read_reset(h->value, now_ms);
	else
		take_utilization(q, h->value);
}

/* "Sat, 21 Nov 2026 12:43:05 GMT" (RFC 9110). -1: it is not. */
static int64_t read_http_date(struct str s)
{
	struct tm t = { 0 };
	char text[32], *end;

	if (s.n < 20 || s.n >= sizeof(text))
		return -1;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &t);
	return end != NULL && *end == '\0' ? (int64_t)timegm(&t) * 1000 : -1;
}

int64_t rate_retry_after(const struct http_header *h, size_t n, int64_t now_ms)
{
	static const int64_t LONGEST_MS = INT64_C(366) * 86400 * 1000;
	int64_t after = -1;

	for (size_t i = 0; i < n; i++) {
		struct str value = str_trim(h[i].value);
		if (str_eq_nocase(h[i].name, STR("retry-after-ms")) && read_count(value) >= 0) {
			after = read_count(value);
			break;
		}
		if (!str_eq_nocase(h[i].name, STR("retry-after")))
			continue;
		int64_t s = read_count(value), at = read_http_date(value);
		if (s >= 0)
			after = s < LONGEST_MS / 1000 ? s * 1000 : LONGEST_MS;
		else if (at >= 0)
			after = at > now_ms ? at - now_ms : 0;
	}
	return after < LONGEST_MS ? after : LONGEST_MS;
}

int64_t rate_remaining(const struct rate_quota *q, int64_t now_ms)
{
	return q->limit >= 0 && q->reset_ms >= 0 && q->reset_ms <= now_ms ? q->limit : q->remaining;
}

int rate_left_percent(const struct rate_limits *r, int64_t now_ms)
{
	int least = PERCENT;

	for (size_t i = 0; i < r->n; i++) {
		const struct rate_quota *q = &r->v[i];
		int64_t left = rate_remaining(q, now_ms);
		int percent = left == 0 ? 0 : PERCENT;
		if (left > 0 && q->limit > 0 && left < q->limit)
			percent = (int)((double)left / (double)q->limit * PERCENT);
		if (percent < least && !(q->reset_ms >= 0 && q->reset_ms <= now_ms))
			least = percent;
	}
	return least;
}

void rate_limits_read(
	struct rate_limits *r, const struct http_header *headers, size_t n, int64_t now_ms)
{
	for (size_t i = 0; i < n; i++) {
		char first = headers[i].name.n > 10 ? (char)(headers[i].name.p[0] | 0x20) : '\0';
		if (first == 'a' || first == 'x')
			take_quota(r, &headers[i], now_ms);
	}
}
