/* SPDX-License-Identifier: MIT */
/* What is remembered of providers: limits from every family of headers, errors by class, when they fail. */
#include "unit/core/exchange_fake.h"

#include "core/provider_health.h"

#include <stdio.h>

struct limit_row {
	const char *headers; /* lines */
	const char *name;
	int64_t limit, remaining, reset_in_ms;
};

static size_t split_headers(const char *text, struct http_header *ret)
{
	struct str rest = str_from(text), line;
	size_t n = 0;

	while (str_split(&rest, '\n', &line) && line.n > 0) {
		size_t colon = str_find_char(line, ':');
		ret[n++] = (struct http_header){ { line.p, colon },
			str_trim(str_from_offset(line, colon + 1)) };
	}
	return n;
}

static const struct rate_quota *quota(const struct provider_health *p, const char *name)
{
	for (size_t i = 0; p != NULL && i < p->limits.n; i++)
		if (strcmp(p->limits.v[i].name, name) == 0)
			return &p->limits.v[i];
	return NULL;
}

/* The clock stands at 2026-11-21T12:43:05.123Z. */
static void limits(void **state)
{
	static const struct limit_row rows[] = {
		{ "anthropic-ratelimit-requests-limit: 50\nanthropic-ratelimit-requests-remaining: 49\n"
		  "anthropic-ratelimit-requests-reset: 2026-11-21T12:44:05Z",
			"requests", 50, 49, 59877 },
		{ "Anthropic-RateLimit-Input-Tokens-Limit: 400000\nanthropic-ratelimit-input-tokens-remaining: 399000\n"
		  "anthropic-ratelimit-input-tokens-reset: 2026-11-21T14:43:05.5+02:00",
			"input_tokens", 400000, 399000, -123 },
		{ "anthropic-ratelimit-unified-status: allowed\nanthropic-ratelimit-unified-5h-status: allowed\n"
		  "anthropic-ratelimit-unified-5h-utilization: 0.42\nanthropic-ratelimit-unified-5h-reset: 1795268585",
			"5h", 100, 58, 3599877 },
		{ "anthropic-ratelimit-unified-7d-utilization: 1.03", "7d", 100, 0, 0 },
		{ "x-ratelimit-limit-tokens: 150000\nx-ratelimit-remaining-tokens: 149984\nx-ratelimit-reset-tokens: 6m0s",
			"tokens", 150000, 149984, 360000 },
		{ "x-ratelimit-remaining-requests: 59\nx-ratelimit-reset-requests: 1.5s",
			"requests", -1, 59, 1500 },
		{ "X-RateLimit-Limit: 20\nX-RateLimit-Remaining: 3\nX-RateLimit-Reset: 1795264995123",
			"requests", 20, 3, 10000 },
		{ "x-ratelimit-reset-tokens: 1h2m3s250ms", "tokens", -1, -1, 3723250 },
		{ "x-ratelimit-reset-tokens: 20", "tokens", -1, -1, 20000 },
		{ "x-ratelimit-reset-tokens: soon", "tokens", -1, -1, 0 },
		{ "x-ratelimit-limit-tokens: -4", "tokens", -1, -1, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_header h[8];
		struct world w;
		world_init(&w, NULL);
		health_head(w.svc.health, STR("p"), h, split_headers(rows[i].headers, h));
		const struct rate_quota *q = quota(health_of(w.svc.health, STR("p")), rows[i].name);
		if (q == NULL)
			print_error("%s\n", rows[i].headers);
		assert_non_null(q);
		assert_int_equal(q->limit, rows[i].limit);
		assert_int_equal(q->remaining, rows[i].remaining);
		if (rows[i].reset_in_ms == 0)
			assert_int_equal(q->reset_ms, -1);
		else
			assert_int_equal(q->reset_ms - FAKE_START_WALL_MS, rows[i].reset_in_ms);
		world_release(&w);
	}
}

/* Names from outside neither grow without bound nor stay when they are senseless. */
static void odd_headers(void **state)
{
	static const char *const odd[] = { "anthropic-ratelimit-: 1",
		"anthropic-ratelimit-limit: 1", "x-ratelimit-: 1",
		"anthropic-ratelimit-unified-reset: 5", "x-ratelimit-limit-: 4",
		"anthropic-ratelimit-a-name-that-is-much-too-long-for-us-limit: 1",
		"anthropic-ratelimit-unified-5h-utilization: nan",
		"retry-after: Sat, 21 Nov 2026 12:00:00 GMT" };
	struct http_header h[8];
	struct world w;
	char line[80];

	world_init(&w, NULL);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		health_head(w.svc.health, STR("p"), h, split_headers(odd[i], h));
	const struct provider_health *p = health_of(w.svc.health, STR("p"));
	assert_int_equal(p->retry_ms, 0);
	for (size_t i = 0; i < p->limits.n; i++)
		assert_true(p->limits.v[i].remaining <= 0);
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "anthropic-ratelimit-n%d-limit: 1", i);
		health_head(w.svc.health, STR("p"), h, split_headers(line, h));
		health_head(w.svc.health, str_from(line), h, 0);
	}
	assert_int_equal(p->limits.n, RATE_QUOTAS);
	assert_non_null(health_at(w.svc.health, HEALTH_PROVIDERS - 1));
	assert_null(health_at(w.svc.health, HEALTH_PROVIDERS));
	world_release(&w);
}

static void a_reset_that_has_come(void **state)
{
	const struct rate_quota q = { .limit = 10, .remaining = 1, .reset_ms = 500 };

	assert_int_equal(rate_remaining(&q, 499), 1);
	assert_int_equal(rate_remaining(&q, 500), 10);
}

/* ---- attempts ---- */

static void answer_with(struct world *w, const char *head)
{
	world_post(w, "/v1/messages", STR(BODY));
	world_answer(w, head, STR("{}"));
}

static void fail_with(struct world *w, enum upstream_failure why)
{
	world_post(w, "/v1/messages", STR(BODY));
	fake_transfer_done(world_transfer(w), why, "no way");
	fake_loop_settle(w->loop);
}

static void classes(void **state)
{
	struct world w;

	world_init(&w, NULL);
	answer_with(&w, "429 Too Many Requests\nretry-after: 7");
	const struct provider_health *p = health_of(w.svc.health, STR("anthropic"));
	assert_int_equal(p->retry_ms, FAKE_START_WALL_MS + 7000);
	answer_with(&w, "529 Overloaded");
	answer_with(&w, "503 Nope");
	answer_with(&w, "400 Bad Request");
	fail_with(&w, UPSTREAM_CONNECT);
	assert_string_equal(p->last_error, "provider 'anthropic': no way");
	fail_with(&w, UPSTREAM_TIMEOUT);
	fail_with(&w, UPSTREAM_BROKEN);
	stream_open(&w);
	fake_transfer_done(world_transfer(&w), UPSTREAM_BROKEN, "cut");
	fake_loop_settle(w.loop);
	static const enum health_error each[] = { HEALTH_ERROR_429, HEALTH_ERROR_529,
		HEALTH_ERROR_5XX, HEALTH_ERROR_4XX, HEALTH_ERROR_CONNECT, HEALTH_ERROR_TIMEOUT,
		HEALTH_ERROR_BROKEN, HEALTH_ERROR_CUT };
	for (size_t i = 0; i < ARRAY_LEN(each); i++)
		assert_int_equal(p->errors[each[i]], 1);
	assert_int_equal(p->requests, 8);
	world_release(&w);
}

static void states(void **state)
{
	struct world w;

	world_init(&w, NULL);
	assert_null(health_of(w.svc.health, STR("anthropic")));
	fail_with(&w, UPSTREAM_CONNECT);
	const struct provider_health *p = health_of(w.svc.health, STR("anthropic"));
	assert_int_equal(health_state(p), HEALTH_FAILING); /* all so far */
	answer_with(&w, "200 OK");
	assert_int_equal(health_state(p), HEALTH_OK);
	answer_with(&w, "529 Overloaded");
	answer_with(&w, "529 Overloaded");
	assert_int_equal(health_state(p), HEALTH_OK);
	answer_with(&w, "529 Overloaded");
	assert_int_equal(health_state(p), HEALTH_FAILING);
	answer_with(&w, "400 Bad Request"); /* the client's mistake: somebody is there */
	assert_int_equal(health_state(p), HEALTH_OK);
	world_release(&w);
}

/* Who leaves says nothing about the provider. */
static void gone(void **state)
{
	struct world w;

	world_init(&w, NULL);
	struct conn *c = world_post(&w, "/v1/messages", STR(BODY));
	fake_conn_gone(c);
	fake_loop_settle(w.loop);
	const struct provider_health *p = health_of(w.svc.health, STR("anthropic"));
	assert_int_equal(p->requests, 1);
	assert_int_equal(health_state(p), HEALTH_UNKNOWN);
	for (int i = 0; i < HEALTH_ERROR_CLASSES; i++)
		assert_int_equal(p->errors[i], 0);
	world_release(&w);
}

static void first_tokens(void **state)
{
	struct world w;

	world_init(&w, NULL);
	for (uint64_t i = 1; i <= HEALTH_WINDOW + 5; i++) {
		world_post(&w, "/v1/messages", STR(BODY));
		fake_transfer_head(world_transfer(&w), STREAM_HEAD);
		fake_loop_advance(w.loop, i);
		fake_transfer_body(world_transfer(&w), STR(START DELTA STOP));
		fake_transfer_done(world_transfer(&w), UPSTREAM_OK, "");
		fake_loop_settle(w.loop);
		const struct provider_health *p = health_of(w.svc.health, STR("anthropic"));
		if (i == 1)
			assert_int_equal(health_first_us(p), 1000);
		if (i == 3)
			assert_int_equal(health_first_us(p), 2000);
	}
	/* The first five are forgotten. */
	assert_int_equal(health_first_us(health_of(w.svc.health, STR("anthropic"))),
		(5 + HEALTH_WINDOW / 2) * 1000);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),
		cmocka_unit_test(odd_headers),
		cmocka_unit_test(a_reset_that_has_come),
		cmocka_unit_test(classes),
		cmocka_unit_test(states),
		cmocka_unit_test(gone),
		cmocka_unit_test(first_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
