/* SPDX-License-Identifier: MIT */
/* What each API calls each kind of error, and the shape that its clients expect it in. */
#include "unit/base/check.h"

#include "llm/dialect.h"

#include <stdio.h>

/* As the APIs document them; 4xx that none of them has a word for are invalid requests. */
static const struct row {
	enum err_kind kind;
	unsigned status;
	const char *anthropic, *openai, *code, *gemini;
} rows[] = {
	{ ERR_INVALID, 400, "invalid_request_error", "invalid_request_error", "null",
		"INVALID_ARGUMENT" },
	{ ERR_AUTH, 401, "authentication_error", "authentication_error", "\"invalid_api_key\"",
		"UNAUTHENTICATED" },
	{ ERR_PERMISSION, 403, "permission_error", "permission_error", "null",
		"PERMISSION_DENIED" },
	{ ERR_NOT_FOUND, 404, "not_found_error", "invalid_request_error", "\"model_not_found\"",
		"NOT_FOUND" },
	{ ERR_METHOD, 405, "invalid_request_error", "invalid_request_error", "null",
		"INVALID_ARGUMENT" },
	{ ERR_REQUEST_TIMEOUT, 408, "timeout_error", "invalid_request_error", "null",
		"DEADLINE_EXCEEDED" },
	{ ERR_TOO_LARGE, 413, "request_too_large", "invalid_request_error", "null",
		"INVALID_ARGUMENT" },
	{ ERR_MEDIA_TYPE, 415, "invalid_request_error", "invalid_request_error", "null",
		"INVALID_ARGUMENT" },
	{ ERR_HEADERS, 431, "invalid_request_error", "invalid_request_error", "null",
		"INVALID_ARGUMENT" },
	{ ERR_UPGRADE, 426, "invalid_request_error", "invalid_request_error", "null",
		"FAILED_PRECONDITION" },
	{ ERR_RATE, 429, "rate_limit_error", "rate_limit_error", "\"rate_limit_exceeded\"",
		"RESOURCE_EXHAUSTED" },
	{ ERR_OVERLOADED, 529, "overloaded_error", "server_error", "\"overloaded\"",
		"UNAVAILABLE" },
	{ ERR_TIMEOUT, 504, "timeout_error", "server_error", "\"timeout\"", "DEADLINE_EXCEEDED" },
	{ ERR_UPSTREAM, 502, "api_error", "server_error", "null", "UNAVAILABLE" },
	{ ERR_CONTEXT, 400, "invalid_request_error", "invalid_request_error",
		"\"context_length_exceeded\"", "INVALID_ARGUMENT" },
	{ ERR_BILLING, 402, "billing_error", "insufficient_quota", "\"insufficient_quota\"",
		"FAILED_PRECONDITION" },
	{ ERR_CONFLICT, 409, "conflict_error", "invalid_request_error", "null", "ABORTED" },
	{ ERR_API, 500, "api_error", "server_error", "null", "INTERNAL" },
	{ ERR_CLIENT_GONE, 499, "api_error", "server_error", "null", "CANCELLED" },
	{ ERR_INTERNAL, 500, "api_error", "server_error", "null", "INTERNAL" },
};

static struct err error_of(enum err_kind kind)
{
	struct err e;

	err_set(&e, kind, "a \"text\"\\");
	return e;
}

static void check_printed(const struct dialect *d, const struct err *e, const char *want)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	d->print_error(&out, e, STR("x1"));
	assert_str(buf_str(&out), str_from(want));
	buf_release(&out);
}

static void every_kind_has_a_row(void **state)
{
	bool seen[ERR_KINDS] = { [ERR_NONE] = true };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(err_status(API_ANTHROPIC, rows[i].kind), rows[i].status);
		seen[rows[i].kind] = true;
	}
	for (size_t i = 0; i < ERR_KINDS; i++)
		assert_true(seen[i]);
}

static void statuses_that_others_do_not_have(void **state)
{
	assert_int_equal(err_status(API_OPENAI, ERR_OVERLOADED), 503);
	assert_int_equal(err_status(API_GOOGLE, ERR_OVERLOADED), 503);
	assert_int_equal(err_status(API_OPENAI, ERR_BILLING), 429);
}

static void anthropic_shape(void **state)
{
	char want[300];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = error_of(rows[i].kind);
		snprintf(want, sizeof(want),
			"{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":\"a \\\"text\\\"\\\\\"},"
			"\"request_id\":\"x1\"}",
			rows[i].anthropic);
		check_printed(&dialect_anthropic, &e, want);
	}
}

static void a_thread_that_cannot_go_on(void **state)
{
	struct err e = error_of(ERR_INVALID);

	e.code = "thread_unsupported_request";
	check_printed(&dialect_anthropic, &e,
		"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"a \\\"text\\\"\\\\\","
		"\"details\":{\"error_code\":\"thread_unsupported_request\",\"unsupported\":[\"thread\"]}},"
		"\"request_id\":\"x1\"}");
	e.code = "unsupported_value";
	check_printed(&dialect_anthropic, &e,
		"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"a \\\"text\\\"\\\\\"},"
		"\"request_id\":\"x1\"}");
}

static void openai_shape(void **state)
{
	char want[300];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = error_of(rows[i].kind);
		snprintf(want, sizeof(want),
			"{\"error\":{\"message\":\"a \\\"text\\\"\\\\\",\"type\":\"%s\",\"param\":%s,"
			"\"code\":%s}}",
			rows[i].openai, rows[i].kind == ERR_CONTEXT ? "\"messages\"" : "null",
			rows[i].code);
		check_printed(&dialect_openai, &e, want);
	}
}

static void gemini_shape(void **state)
{
	char want[300];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = error_of(rows[i].kind);
		snprintf(want, sizeof(want),
			"{\"error\":{\"code\":%u,\"message\":\"a \\\"text\\\"\\\\\",\"status\":\"%s\"}}",
			rows[i].kind == ERR_OVERLOADED ? 503 : rows[i].status, rows[i].gemini);
		check_printed(&dialect_gemini, &e, want);
	}
}

static void within_a_stream(void **state)
{
	struct err e = error_of(ERR_TIMEOUT);
	struct buf out;

	buf_init(&out, SIZE_MAX);
	dialect_anthropic.print_error_event(&out, &e, STR("x1"));
	assert_bytes(buf_str(&out),
		"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"timeout_error\",\"message\":"
		"\"a \\\"text\\\"\\\\\"},\"request_id\":\"x1\"}\n\n");
	buf_release(&out);
}

/* What came from outside cannot break out of the frame. */
static void a_text_stays_in_its_line(void **state)
{
	struct err e;
	struct buf out;

	err_set(&e, ERR_UPSTREAM, "%s", "a\n\ndata: b\r\xff");
	buf_init(&out, SIZE_MAX);
	dialect_anthropic.print_error_event(&out, &e, STR("x1"));
	assert_bytes(buf_str(&out),
		"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":"
		"\"a\\n\\ndata: b\\r\xEF\xBF\xBD\"},\"request_id\":\"x1\"}\n\n");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_a_row),
		cmocka_unit_test(statuses_that_others_do_not_have),
		cmocka_unit_test(anthropic_shape),
		cmocka_unit_test(a_thread_that_cannot_go_on),
		cmocka_unit_test(openai_shape),
		cmocka_unit_test(gemini_shape),
		cmocka_unit_test(within_a_stream),
		cmocka_unit_test(a_text_stays_in_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
