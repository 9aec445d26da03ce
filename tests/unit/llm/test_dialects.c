/* SPDX-License-Identifier: MIT */
/* Which API a request speaks and what is done with it, and the names of models for people. */
#include "unit/base/check.h"

#include "llm/dialect.h"

/* A head from "METHOD path?query" and at most two "name: value" lines. */
static enum endpoint_kind find(
	const char *request, const char *h0, const char *h1, const struct dialect **ret)
{
	struct http_header h[2];
	struct http_head head = { .h = h, .minor = 1 };
	struct str method, rest = str_from(request), lines[2] = { str_from(h0), str_from(h1) };

	assert_true(str_split(&rest, ' ', &method));
	for (int m = 0; m < HTTP_METHODS; m++)
		if (str_eq(method, http_method_name((enum http_method)m)))
			head.method = (enum http_method)m;
	head.target = rest;
	head.path = (struct str){ rest.p, str_find_char(rest, '?') };
	for (int i = 0; i < 2; i++)
		if (lines[i].n > 0)
			assert_true(http_header_line(lines[i], &h[head.n++]));
	return endpoint_find(&head, ret);
}

static const struct {
	const char *request, *h0, *h1;
	enum endpoint_kind kind;
	const struct dialect *dialect;
} endpoint_rows[] = {
	/* What is interpreted: by method and path alone. */
	{ "POST /v1/messages", "", "", ENDPOINT_MESSAGES, &dialect_anthropic },
	{ "POST /v1/messages?beta=true", "", "", ENDPOINT_MESSAGES, &dialect_anthropic },
	{ "POST /v1/messages", "openai-beta: x", "x-goog-api-key: k", ENDPOINT_MESSAGES,
		&dialect_anthropic },
	{ "POST /v1/messages/count_tokens", "", "", ENDPOINT_COUNT, &dialect_anthropic },
	{ "POST /v1/messages/count_tokens?x", "", "", ENDPOINT_COUNT, &dialect_anthropic },
	/* The same paths otherwise. */
	{ "GET /v1/messages", "", "", ENDPOINT_RELAY, &dialect_anthropic },
	{ "POST /v1/messages/", "", "", ENDPOINT_RELAY, &dialect_anthropic },
	{ "POST /v1/messages/batches", "", "", ENDPOINT_RELAY, &dialect_anthropic },
	{ "PUT /v1/messages/count_tokens", "", "", ENDPOINT_RELAY, &dialect_anthropic },
	{ "POST /v1/messagesx", "", "", ENDPOINT_UNKNOWN, &dialect_anthropic },
	{ "POST //v1/messages", "", "", ENDPOINT_UNKNOWN, &dialect_anthropic },
	{ "POST /V1/messages", "", "", ENDPOINT_UNKNOWN, &dialect_anthropic },
	/* Anthropic's headers come first. */
	{ "GET /v1/models", "anthropic-version: 2023-06-01", "", ENDPOINT_MODELS,
		&dialect_anthropic },
	{ "GET /v1/files", "Anthropic-Beta: x", "Authorization: Bearer k", ENDPOINT_RELAY,
		&dialect_anthropic },
	{ "GET /v1beta/x", "anthropic-version: 1", "x-goog-api-key: k", ENDPOINT_RELAY,
		&dialect_anthropic },
	{ "GET /anything", "anthropic-version:", "", ENDPOINT_RELAY, &dialect_anthropic },
	/* Gemini. */
	{ "POST /v1beta/models/m:generateContent", "", "", ENDPOINT_MESSAGES, &dialect_gemini },
	{ "GET /v1beta/models?key=k", "Authorization: Bearer k", "", ENDPOINT_MODELS,
		&dialect_gemini },
	{ "GET /v1/models", "X-Goog-Api-Key: k", "", ENDPOINT_MODELS, &dialect_gemini },
	{ "GET /v1beta/models/m", "", "", ENDPOINT_MODELS, &dialect_gemini },
	{ "GET /v1beta/modelsx", "", "", ENDPOINT_RELAY, &dialect_gemini },
	{ "GET /v1beta", "", "", ENDPOINT_UNKNOWN, &dialect_anthropic },
	/* OpenAI: by path, by headers, by a bearer without the others. */
	{ "POST /v1/chat/completions", "", "", ENDPOINT_MESSAGES, &dialect_openai },
	{ "POST /v1/responses", "", "", ENDPOINT_MESSAGES, &dialect_responses },
	{ "GET /v1/responses/r_1/input_items?x", "", "", ENDPOINT_RELAY, &dialect_openai },
	{ "GET /v1/models", "", "", ENDPOINT_MODELS, &dialect_openai },
	{ "HEAD /v1/models/a/b", "", "", ENDPOINT_MODELS, &dialect_openai },
	{ "DELETE /v1/models/ft", "", "", ENDPOINT_RELAY, &dialect_openai },
	{ "GET /v1/models", "x-api-key: k", "", ENDPOINT_MODELS, &dialect_openai },
	{ "GET /v1/modelsx", "", "", ENDPOINT_UNKNOWN, &dialect_anthropic },
	{ "GET /v1/new", "OpenAI-Organization: o", "", ENDPOINT_RELAY, &dialect_openai },
	{ "GET /v1/new", "authorization: bearer k", "", ENDPOINT_RELAY, &dialect_openai },
	{ "GET /v1/new", "authorization: Basic k", "", ENDPOINT_UNKNOWN, &dialect_anthropic },
	/* Nobody. */
	{ "GET /", "", "", ENDPOINT_UNKNOWN, &dialect_anthropic },
	{ "GET /v1/new", "x-api-key: k", "", ENDPOINT_UNKNOWN, &dialect_anthropic },
	{ "OPTIONS *", "anthropic-version: 1", "", ENDPOINT_UNKNOWN, &dialect_anthropic },
	{ "OPTIONS *", "authorization: Bearer k", "", ENDPOINT_UNKNOWN, &dialect_openai },
};

static void endpoints(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(endpoint_rows); i++) {
		const struct dialect *d = NULL;
		enum endpoint_kind kind = find(
			endpoint_rows[i].request, endpoint_rows[i].h0, endpoint_rows[i].h1, &d);
		if (kind != endpoint_rows[i].kind || d != endpoint_rows[i].dialect)
			print_error("%s [%s] [%s]\n", endpoint_rows[i].request, endpoint_rows[i].h0,
				endpoint_rows[i].h1);
		assert_int_equal(kind, endpoint_rows[i].kind);
		assert_ptr_equal(d, endpoint_rows[i].dialect);
	}
}

static void empty_target(void **state)
{
	const struct http_head head = { .method = HTTP_POST };
	const struct dialect *d = NULL;

	assert_int_equal(endpoint_find(&head, &d), ENDPOINT_UNKNOWN);
	assert_ptr_equal(d, &dialect_anthropic);
}

static void by_name(void **state)
{
	assert_ptr_equal(dialect_by_name(STR("anthropic")), &dialect_anthropic);
	assert_ptr_equal(dialect_by_name(STR("openai")), &dialect_openai);
	assert_ptr_equal(dialect_by_name(STR("gemini")), &dialect_gemini);
	assert_null(dialect_by_name(STR("Anthropic")));
	assert_null(dialect_by_name(STR("")));
}

static void short_names(void **state)
{
	static const char *const rows[][2] = {
		{ "claude-opus-5-5-20260901", "opus-5-5" },
		{ "claude-opus-5-5", "opus-5-5" },
		{ "claude-3-5-haiku-20241022", "3-5-haiku" },
		{ "claude-3-5-haiku-latest", "3-5-haiku-latest" },
		{ "gpt-5", "gpt-5" },
		{ "gpt-5-20260101", "gpt-5" },
		{ "m-20260101", "m" },
		{ "-20260101", "-20260101" },
		{ "20260101", "20260101" },
		{ "claude-", "claude-" },
		{ "claude-20260101", "20260101" },
		{ "claude-x-2026010", "x-2026010" },
		{ "claude-x-2026010a", "x-2026010a" },
		{ "anthropic/claude-x", "anthropic/claude-x" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_str(model_short_name(str_from(rows[i][0])), str_from(rows[i][1]));
	assert_int_equal(model_short_name((struct str){ NULL, 0 }).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints),
		cmocka_unit_test(empty_target),
		cmocka_unit_test(by_name),
		cmocka_unit_test(short_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
