/* SPDX-License-Identifier: MIT */
/* Counting attempts by provider, and reading the families of rate-limit headers: Anthropic's for keys
 * (anthropic-ratelimit-tokens-remaining) and for subscriptions (anthropic-ratelimit-unified-5h-utilization), and those that
 * OpenAI and most others send (x-ratelimit-remaining-tokens). */
#include "core/provider_health.h"

#include "base/clock.h"
#include "core/candidate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEALTH_ERROR(id, name) name,
const char *const health_error_names[HEALTH_ERROR_CLASSES] = { HEALTH_ERRORS(HEALTH_ERROR) };
#undef HEALTH_ERROR

enum { NS_PER_US = 1000, PERCENT = 100, FAILURES_MAX = 3 };

struct health {
	struct provider_health p[HEALTH_PROVIDERS];
	size_t n;
};

struct health *health_new(void)
{
	return must_alloc(sizeof(struct health));
}

void health_free(struct health *h)
{
	free(h);
}

/* ---- providers ---- */

const struct provider_health *health_of(const struct health *h, struct str provider)
{
	for (size_t i = 0; i < h->n; i++)
		if (str_eq(str_from(h->p[i].name), provider))
			return &h->p[i];
	return NULL;
}

const struct provider_health *health_at(const struct health *h, size_t i)
{
	return i < h->n ? &h->p[i] : NULL;
}

/* NULL when there are too many, or the name is too long. */
static struct provider_health *need(struct health *h, struct str provider)
{
	struct provider_health *p = (struct provider_health *)(uintptr_t)health_of(h, provider);

	if (p != NULL || h->n == HEALTH_PROVIDERS || provider.n >= HEALTH_NAME_MAX)
		return p;
	p = &h->p[h->n++];
	memcpy(p->name, provider.p, provider.n);
	return p;
}

enum health_state health_state(const struct provider_health *p)
{
	if (p->failures == 0)
		return p->answered ? HEALTH_OK : HEALTH_UNKNOWN;
	return p->failures >= FAILURES_MAX || !p->answered ? HEALTH_FAILING : HEALTH_OK;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int64_t health_first_us(const struct provider_health *p)
{
	uint32_t sorted[HEALTH_WINDOW];
	size_t n = p->nfirst < HEALTH_WINDOW ? (size_t)p->nfirst : HEALTH_WINDOW;

	if (n == 0)
		return -1;
	memcpy(sorted, p->first_us, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_size);
	return sorted[(n - 1) / 2];
}

int64_t health_remaining(const struct health_quota *q, int64_t now_ms)
{
	return q->limit >= 0 && q->reset_ms >= 0 && q->reset_ms <= now_ms ? q->limit : q->remaining;
}

/* ---- attempts ---- */

/* HEALTH_ERROR_CLASSES: none. */
static enum health_error class_of(const struct outcome *o)
{
	static const struct {
		const char *what;
		enum health_error class;
	} failures[] = {
		{ "connect", HEALTH_ERROR_CONNECT },
		{ "timeout", HEALTH_ERROR_TIMEOUT },
		{ "cut", HEALTH_ERROR_CUT },
		{ "broken", HEALTH_ERROR_BROKEN },
		{ "bad reply", HEALTH_ERROR_BAD_REPLY },
	};

	for (size_t i = 0; o->what != NULL && i < ARRAY_LEN(failures); i++)
		if (strcmp(o->what, failures[i].what) == 0)
			return failures[i].class;
	if (o->status == 429)
		return HEALTH_ERROR_429;
	if (o->status == 529)
		return HEALTH_ERROR_529;
	if (o->status >= 500)
		return HEALTH_ERROR_5XX;
	if (o->status >= 400)
		return HEALTH_ERROR_4XX;
	return o->error.n > 0 ? HEALTH_ERROR_STREAM : HEALTH_ERROR_CLASSES;
}

/* A request that the provider refuses is the client's mistake, unless it is our key that is refused. */
static bool is_failure(const struct exchange *x, const struct outcome *o, enum health_error class)
{
	bool ours = candidate_key(x, &o->candidate).n > 0;

	if (class != HEALTH_ERROR_4XX)
		return class != HEALTH_ERROR_CLASSES;
	return ours && o->status >= 401 && o->status <= 403;
}

static void note_error(struct provider_health *p, const struct exchange *x, const struct outcome *o)
{
	p->last_error_ms = clock_wall_ms();
	if (o == x->last && x->err.kind != ERR_NONE)
		str_put(p->last_error, sizeof(p->last_error), str_from(x->err.text));
	else if (o->error.n > 0)
		str_put(p->last_error, sizeof(p->last_error), o->error);
	else if (o->status >= 400)
		snprintf(p->last_error, sizeof(p->last_error), "HTTP status %u", o->status);
	else
		str_put(p->last_error, sizeof(p->last_error), str_from(o->what));
}

static void note(struct provider_health *p, const struct exchange *x, const struct outcome *o)
{
	enum health_error class = class_of(o);

	p->requests++;
	p->last_ms = o->begin_wall_ms;
	if (x->streamed && o->first_ns > o->begin_ns)
		p->first_us[p->nfirst++ % HEALTH_WINDOW] =
			(uint32_t)((o->first_ns - o->begin_ns) / NS_PER_US);
	if (class < HEALTH_ERROR_CLASSES) {
		p->errors[class]++;
		note_error(p, x, o);
	}
	if (is_failure(x, o, class)) {
		p->failures++;
	} else if (o->status != 0) {
		p->failures = 0;
		p->answered = true;
	}
}

void health_record(struct health *h, const struct exchange *x)
{
	for (const struct outcome *o = x->outcomes; o != NULL; o = o->next) {
		struct provider_health *p = need(h, o->candidate.provider->name);
		if (p != NULL)
			note(p, x, o);
	}
}

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

static struct health_quota *need_quota(struct provider_health *p, struct str name)
{
	char key[sizeof(p->quotas[0].name)] = "";

	if (name.n == 0 || name.n >= sizeof(key))
		return NULL;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		key[i] = c == '-' ? '_' : c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
	}
	for (size_t i = 0; i < p->nquotas; i++)
		if (strcmp(p->quotas[i].name, key) == 0)
			return &p->quotas[i];
	if (p->nquotas == HEALTH_QUOTAS)
		return NULL;
	struct health_quota *q = &p->quotas[p->nquotas++];
	*q = (struct health_quota){ .limit = -1, .remaining = -1, .reset_ms = -1 };
	memcpy(q->name, key, sizeof(key));
	return q;
}

static int64_t read_count(struct str value)
{
	uint64_t n;

	return str_to_u64(value, &n) && n <= INT64_MAX ? (int64_t)n : -1;
}

/* A subscription tells which part of a window is used up, from 0 to 1 and above. */
static void take_utilization(struct health_quota *q, struct str value)
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

static void take_quota(struct provider_health *p, const struct http_header *h, int64_t now_ms)
{
	static const struct str figures[] = { STR_INIT("limit"), STR_INIT("remaining"),
		STR_INIT("reset"), STR_INIT("utilization") };
	struct str name, figure;
	size_t i = 0;

	if (!read_name(h->name, &name, &figure))
		return;
	while (i < ARRAY_LEN(figures) && !str_eq_nocase(figure, figures[i]))
		i++;
	struct health_quota *q = i < ARRAY_LEN(figures) ? need_quota(p, name) : NULL;
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

void health_head(struct health *h, struct str provider, const struct http_header *headers, size_t n)
{
	struct provider_health *p = need(h, provider);
	int64_t now_ms = clock_wall_ms();

	if (p == NULL)
		return;
	p->retry_ms = 0;
	for (size_t i = 0; i < n; i++) {
		char first = headers[i].name.n > 10 ? (char)(headers[i].name.p[0] | 0x20) : '\0';
		if (first == 'a' || first == 'x')
			take_quota(p, &headers[i], now_ms);
		else if (first == 'r' && str_eq_nocase(headers[i].name, STR("retry-after")) &&
			 read_count(headers[i].value) >= 0)
			p->retry_ms = read_reset(headers[i].value, now_ms);
	}
}
