/* SPDX-License-Identifier: MIT */
/* When providers want to be asked again, and what is left of the scarcest quota. The families of headers are in test_provider_health.c. */
#include "unit/base/check.h"

#include "core/rate_limits.h"

/* 2026-11-21T12:43:05.123Z */
static const int64_t now_ms = INT64_C(1795264985123);

static void retry_after(void **state)
{
	static const struct {
		const char *name, *value;
		int64_t ms;
	} rows[] = {
		{ "retry-after", "7", 7000 },
		{ "Retry-After", " 0 ", 0 },
		{ "retry-after", "Sat, 21 Nov 2026 12:43:15 GMT", 9877 },
		{ "retry-after", "Sat, 21 Nov 2026 12:43:05 GMT", 0 },
		{ "retry-after", "Sat, 21 Nov 2020 12:43:05 GMT", 0 },
		{ "retry-after", "soon", -1 },
		{ "retry-after", "", -1 },
		{ "retry-after", "-1", -1 },
		{ "retry-after", "1.5", -1 },
		{ "retry-after", "Sat, 21 Nov 2026 12:43:15 GMT and more of it", -1 },
		{ "retry-after", "99999999999999999999", -1 },
		{ "retry-after", "9000000000000000000", INT64_C(366) * 86400000 },
		{ "retry-after", "4000000000", INT64_C(366) * 86400000 },
		{ "retry-after-ms", "250", 250 },
		{ "x-retry-after", "7", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct http_header h = { str_from(rows[i].name), str_from(rows[i].value) };
		assert_int_equal(rate_retry_after(&h, 1, now_ms), rows[i].ms);
	}
	const struct http_header both[] = { { STR("retry-after"), STR("7") },
		{ STR("retry-after-ms"), STR("6900") } };
	assert_int_equal(rate_retry_after(both, 2, now_ms), 6900);
	assert_int_equal(rate_retry_after(NULL, 0, now_ms), -1);
}

static void scarcest(void **state)
{
	struct rate_limits r = { 0 };
	const struct http_header h[] = {
		{ STR("anthropic-ratelimit-requests-limit"), STR("100") },
		{ STR("anthropic-ratelimit-requests-remaining"), STR("80") },
		{ STR("anthropic-ratelimit-tokens-limit"), STR("1000") },
		{ STR("anthropic-ratelimit-tokens-remaining"), STR("150") },
		{ STR("anthropic-ratelimit-tokens-reset"), STR("60") },
		{ STR("anthropic-ratelimit-input-tokens-limit"), STR("1000") },
	};

	assert_int_equal(rate_left_percent(&r, now_ms), 100);
	rate_limits_read(&r, h, ARRAY_LEN(h), now_ms);
	assert_int_equal(r.n, 3);
	assert_int_equal(rate_left_percent(&r, now_ms), 15);
	assert_int_equal(rate_left_percent(&r, now_ms + 60000), 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retry_after),
		cmocka_unit_test(scarcest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
