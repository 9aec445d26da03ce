/* SPDX-License-Identifier: MIT */
/* Secrets go, everything else stays. */
#include "unit/base/check.h"

#include "base/redact.h"

static const struct str given[] = { STR_INIT("my-own-secret"), STR_INIT("short") };

static void check(const char *text, const char *want)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	redact(&b, str_from(text), given, ARRAY_LEN(given));
	assert_str(buf_str(&b), str_from(want));
	buf_release(&b);
}

static void secrets(void **state)
{
	check("x sk-ant-api03-abcdefghijklmnop y", "x [redacted] y");
	check("sk-proj-0123456789abcdefghij", "[redacted]");
	check("{\"k\":\"AIzaSyA-0123456789abcdefghijklmnopqrs\"}", "{\"k\":\"[redacted]\"}");
	check("a\\nghp_0123456789abcdefghijklmnopqrstuvwxyz\\nb", "a\\n[redacted]\\nb");
	check("a my-own-secret, my-own-secret", "a [redacted], [redacted]");
	check("AKIAIOSFODNN7EXAMPLE", "[redacted]");
	check("-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY----- tail",
		"[redacted] tail");
	check("-----BEGIN PRIVATE KEY-----\\nMIIE cut", "[redacted]");
	check("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc", "Bearer [redacted]");
}

static void other_text(void **state)
{
	static const char *const texts[] = { "", "sk-", "risk-averse and task-oriented", "sk-short",
		"short stays: it would hit too much", "desk-0123456789abcdefghijklmnop",
		"-----BEGIN CERTIFICATE-----\\nMIIE\\n-----END CERTIFICATE-----", "-----",
		"eyJ is no token", "AKIA" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		check(texts[i], texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(secrets),
		cmocka_unit_test(other_text) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
