/* SPDX-License-Identifier: MIT */
/* Counting attempts by provider. */
#include "core/provider_health.h"

#include "base/clock.h"
#include "core/candidate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEALTH_ERROR(id, name) name,
const char *const health_error_names[HEALTH_ERROR_CLASSES] = { HEALTH_ERRORS(HEALTH_ERROR) };
#undef HEALTH_ERROR

enum { NS_PER_US = 1000, FAILURES_MAX = 3 };

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

void health_head(struct health *h, struct str provider, const struct http_header *headers, size_t n)
{
	struct provider_health *p = need(h, provider);
	int64_t now_ms = clock_wall_ms(), after = rate_retry_after(headers, n, now_ms);

	if (p == NULL)
		return;
	p->retry_ms = after > 0 ? now_ms + after : 0;
	rate_limits_read(&p->limits, headers, n, now_ms);
}
