/* SPDX-License-Identifier: MIT */
/* Error bodies as providers send them, and what becomes of them. */
#include "unit/base/check.h"

#include "llm/failure.h"

#include <stdio.h>
#include <stdlib.h>

static int set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static const struct row {
	unsigned status;
	const char *body;
	enum err_kind kind;
	const char *message, *type;
} rows[] = {
	/* Anthropic. */
	{ 529, "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"},\"request_id\":\"req_011\"}",
		ERR_OVERLOADED, "Overloaded", "overloaded_error" },
	{ 400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 208310 tokens > 200000 maximum\"}}",
		ERR_CONTEXT, "prompt is too long: 208310 tokens > 200000 maximum",
		"invalid_request_error" },
	{ 400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"messages: at least one message is required\"}}",
		ERR_INVALID, "messages: at least one message is required",
		"invalid_request_error" },
	{ 400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Your credit balance is too low to access the Anthropic API.\"}}",
		ERR_BILLING, "Your credit balance is too low to access the Anthropic API.",
		"invalid_request_error" },
	{ 401, "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"invalid x-api-key\"}}",
		ERR_AUTH, "invalid x-api-key", "authentication_error" },
	{ 403, "{\"type\":\"error\",\"error\":{\"type\":\"permission_error\",\"message\":\"no\"}}",
		ERR_PERMISSION, "no", "permission_error" },
	{ 404, "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"model: x\"}}",
		ERR_NOT_FOUND, "model: x", "not_found_error" },
	{ 409, "{\"type\":\"error\",\"error\":{\"type\":\"conflict_error\",\"message\":\"c\"}}",
		ERR_CONFLICT, "c", "conflict_error" },
	{ 413, "{\"type\":\"error\",\"error\":{\"type\":\"request_too_large\",\"message\":\"Request exceeds the maximum size\"}}",
		ERR_TOO_LARGE, "Request exceeds the maximum size", "request_too_large" },
	{ 429, "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"m\",\"details\":{\"error_code\":\"contract_spend_limit_reached\"}}}",
		ERR_BILLING, "m", "contract_spend_limit_reached" },
	{ 500, "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"Internal server error\"}}",
		ERR_API, "Internal server error", "api_error" },
	{ 0, "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
		ERR_OVERLOADED, "Overloaded", "overloaded_error" },
	{ 0, "{\"type\":\"api_error\",\"message\":\"m\"}", ERR_API, "m", "api_error" },

	/* DeepSeek, which has one word for all of its errors. */
	{ 500, "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"invalid_request_error\"}}",
		ERR_API, "m", "invalid_request_error" },
	{ 502, "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\"}}", ERR_UPSTREAM,
		"m", "invalid_request_error" },
	{ 422, "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\"}}", ERR_INVALID,
		"m", "invalid_request_error" },

	/* OpenAI. */
	{ 429, "{\"error\":{\"message\":\"Rate limit reached for gpt-4o-mini\",\"type\":\"tokens\",\"param\":null,\"code\":\"rate_limit_exceeded\"}}",
		ERR_RATE, "Rate limit reached for gpt-4o-mini", "rate_limit_exceeded" },
	{ 429, "{\"error\":{\"message\":\"You exceeded your current quota\",\"type\":\"insufficient_quota\",\"param\":null,\"code\":\"insufficient_quota\"}}",
		ERR_BILLING, "You exceeded your current quota", "insufficient_quota" },
	{ 400, "{\"error\":{\"message\":\"too long\",\"type\":\"invalid_request_error\",\"param\":\"messages\",\"code\":\"context_length_exceeded\"}}",
		ERR_CONTEXT, "too long", "context_length_exceeded" },
	{ 401, "{\"error\":{\"message\":\"Incorrect API key provided\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"invalid_api_key\"}}",
		ERR_AUTH, "Incorrect API key provided", "invalid_api_key" },
	{ 404, "{\"error\":{\"message\":\"no such model\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"model_not_found\"}}",
		ERR_NOT_FOUND, "no such model", "model_not_found" },
	{ 400, "{\"error\":{\"message\":\"filtered\",\"type\":null,\"param\":\"prompt\",\"code\":\"content_filter\",\"status\":400}}",
		ERR_INVALID, "filtered", "content_filter" },
	{ 400, "{\"error\":{\"message\":\"no\",\"type\":\"image_generation_user_error\",\"param\":null,\"code\":\"content_policy_violation\"}}",
		ERR_INVALID, "no", "content_filter" },
	{ 400, "{\"error\":{\"message\":\"m\",\"code\":null,\"innererror\":{\"code\":\"ResponsibleAIPolicyViolation\",\"content_filter_result\":{}}}}",
		ERR_INVALID, "m", "content_filter" },
	{ 503, "{\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"param\":null,\"code\":null}}",
		ERR_OVERLOADED, "m", "server_error" },
	{ 0, "{\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\",\"param\":null,\"code\":null}}",
		ERR_API, "The server had an error", "server_error" },
	{ 0, "{\"type\":\"error\",\"sequence_number\":8,\"code\":\"server_error\",\"message\":\"boom\",\"param\":null}",
		ERR_API, "boom", "server_error" },
	{ 0, "{\"code\":\"rate_limit_exceeded\",\"message\":\"Please try again in 11.054s.\"}",
		ERR_RATE, "Please try again in 11.054s.", "rate_limit_exceeded" },
	{ 0, "{\"code\":\"invalid_prompt\",\"message\":\"m\"}", ERR_INVALID, "m",
		"invalid_prompt" },

	/* Gemini. */
	{ 503, "{\"error\":{\"code\":503,\"message\":\"The model is overloaded.\",\"status\":\"UNAVAILABLE\"}}",
		ERR_OVERLOADED, "The model is overloaded.", "UNAVAILABLE" },
	{ 400,
		"{\"error\":{\"code\":400,\"message\":\"API key not valid. Please pass a valid API key.\",\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"@type\":"
		"\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"API_KEY_INVALID\",\"domain\":\"googleapis.com\"}]}}",
		ERR_AUTH, "API key not valid. Please pass a valid API key.", "API_KEY_INVALID" },
	{ 400,
		"{\"error\":{\"code\":400,\"message\":\"The input token count (1200000) exceeds the maximum number of tokens allowed "
		"(1048576).\",\"status\":\"INVALID_ARGUMENT\"}}",
		ERR_CONTEXT,
		"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
		"INVALID_ARGUMENT" },
	{ 400, "[{\"error\":{\"code\":400,\"message\":\"m\",\"status\":\"FAILED_PRECONDITION\"}}]",
		ERR_INVALID, "m", "FAILED_PRECONDITION" },
	{ 429, "[\n{\"error\":{\"code\":429,\"message\":\"Resource exhausted\",\"status\":\"RESOURCE_EXHAUSTED\"}}\n]\n",
		ERR_RATE, "Resource exhausted", "RESOURCE_EXHAUSTED" },
	{ 500, "{\"error\":{\"code\":500,\"message\":\"m\",\"status\":\"INTERNAL\"}}", ERR_API, "m",
		"INTERNAL" },
	{ 504, "{\"error\":{\"code\":504,\"message\":\"m\",\"status\":\"DEADLINE_EXCEEDED\"}}",
		ERR_TIMEOUT, "m", "DEADLINE_EXCEEDED" },
	{ 200, "{\"error\":{\"code\":429,\"message\":\"m\"}}", ERR_RATE, "m", "" },

	/* Others. */
	{ 402, "{\"error\":{\"message\":\"Insufficient Balance\",\"type\":\"unknown_error\",\"param\":null,\"code\":\"invalid_request_error\"}}",
		ERR_BILLING, "Insufficient Balance", "unknown_error" },
	{ 400, "{\"object\":\"error\",\"message\":\"This model's maximum context length is 4096 tokens.\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}",
		ERR_CONTEXT, "This model's maximum context length is 4096 tokens.",
		"BadRequestError" },
	{ 400, "{\"error\":{\"code\":400,\"message\":\"the request exceeds it\",\"type\":\"exceed_context_size_error\"}}",
		ERR_CONTEXT, "the request exceeds it", "exceed_context_size_error" },
	{ 404, "{\"error\":\"model 'x' not found\"}", ERR_NOT_FOUND, "model 'x' not found", "" },
	{ 400, "{\"code\":\"Client specified an invalid argument\",\"error\":\"Incorrect API key provided: xa***\"}",
		ERR_AUTH, "Incorrect API key provided: xa***",
		"Client specified an invalid argument" },
	{ 422, "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"model\"],\"msg\":\"Field required\"}]}",
		ERR_INVALID, "Field required", "missing" },
	{ 422, "{\"detail\":\"Not like this\"}", ERR_INVALID, "Not like this", "" },
	{ 400,
		"{\"error\":{\"message\":\"Provider returned error\",\"code\":400,\"metadata\":{\"raw\":\"{\\\"error\\\":\\\"maximum context length is "
		"8\\\"}\",\"provider_name\":\"X\"}}}",
		ERR_CONTEXT, "{\"error\":\"maximum context length is 8\"}", "" },
	{ 0, "{\"error\":{\"code\":502,\"message\":\"m\"}}", ERR_UPSTREAM, "m", "" },
	{ 403, "{\"message\":\"Forbidden\"}", ERR_PERMISSION, "Forbidden", "" },
	{ 408, "{\"error\":{\"message\":\"m\"}}", ERR_TIMEOUT, "m", "" },

	/* What says nothing. */
	{ 502, "<html><head><title>502 Bad Gateway</title></head></html>", ERR_UPSTREAM,
		"upstream returned HTTP 502", "" },
	{ 503, "no healthy upstream", ERR_OVERLOADED, "upstream returned HTTP 503", "" },
	{ 500, "", ERR_API, "upstream returned HTTP 500", "" },
	{ 418, "{}", ERR_INVALID, "upstream returned HTTP 418", "" },
	{ 429, "{\"error\":{}}", ERR_RATE, "upstream returned HTTP 429", "" },
	{ 401, "{\"error\":{\"message\":", ERR_AUTH, "upstream returned HTTP 401", "" },
	{ 302, "", ERR_UPSTREAM, "upstream returned HTTP 302", "" },
	{ 200, "<html>", ERR_UPSTREAM, "upstream returned HTTP 200", "" },
	{ 0, "null", ERR_API, "upstream reported an error", "" },
	{ 400, "{\"error\":{\"message\":17,\"type\":[],\"code\":{\"a\":1}}}", ERR_INVALID,
		"upstream returned HTTP 400", "" },
	{ 499, "[[[[[[[[[[{\"message\":\"deep\"}]]]]]]]]]]", ERR_INVALID,
		"upstream returned HTTP 499", "" },
};

static void bodies(void **state)
{
	struct failure f;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		failure_read(&f, r->status, str_from(r->body), *state);
		if (f.kind != r->kind)
			fail_msg("%s: kind %d", r->body, (int)f.kind);
		assert_str(f.message, str_from(r->message));
		assert_str(f.type, str_from(r->type));
	}
}

static void when_to_come_again(void **state)
{
	static const struct {
		const char *body;
		int64_t ms;
	} asks[] = {
		{ "{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[{\"@type\":\"x\",\"violations\":[]},{\"@type\":"
		  "\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"34.07s\"}]}}",
			34070 },
		{ "{\"error\":{\"message\":\"Rate limit reached. Please try again in 1.2s. Visit\"}}",
			1200 },
		{ "{\"error\":{\"message\":\"Please try again in 20ms.\"}}", 20 },
		{ "{\"error\":{\"message\":\"Please try again in 6m0.5s.\"}}", 360500 },
		{ "{\"error\":{\"message\":\"Try again in 1h2m3s\"}}", 3723000 },
		{ "{\"error\":{\"message\":\"Please retry in 34.074824224s.\"}}", 34075 },
		{ "{\"error\":{\"message\":\"retry after 20 seconds\"}}", 20000 },
		{ "{\"error\":{\"message\":\"try again in 0.0001ms\"}}", 1 },
		{ "{\"error\":{\"message\":\"try again in 0s\"}}", 0 },
		{ "{\"error\":{\"message\":\"try again in 99999999999999999999h9999999999h99999999h\"}}",
			86400000 },
		{ "{\"error\":{\"message\":\"try again in a moment\"}}", -1 },
		{ "{\"error\":{\"message\":\"try again in 5 moments\"}}", -1 },
		{ "{\"error\":{\"message\":\"try again in \"}}", -1 },
		{ "{\"error\":{\"message\":\"try again in 5.\"}}", -1 },
		{ "{\"error\":{\"message\":\"m\"}}", -1 },
		{ "", -1 },
	};
	struct failure f;

	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		failure_read(&f, 429, str_from(asks[i].body), *state);
		if (f.retry_after_ms != asks[i].ms)
			fail_msg("%s: %lld", asks[i].body, (long long)f.retry_after_ms);
	}
}

static void messages_are_masked_and_cut(void **state)
{
	char body[20000] = "{\"error\":{\"message\":\"key sk-abcdefghijklmnopqrstuvwx is wrong ";
	size_t n = strlen(body);
	struct failure f;

	while (n < sizeof(body) - 8)
		n += (size_t)snprintf(body + n, sizeof(body) - n, "\xC3\xA9");
	snprintf(body + n, sizeof(body) - n, "\"}}");
	failure_read(&f, 400, str_from(body), *state);
	assert_true(str_starts(f.message, STR("key [redacted] is wrong \xC3\xA9")));
	assert_true(f.message.n <= FAILURE_MESSAGE_MAX && f.message.n >= FAILURE_MESSAGE_MAX - 1);
	assert_true(str_ends(f.message, STR("\xC3\xA9")));
}

static void refused_parameters(void **state)
{
	static const char *const asks[][2] = {
		{ "`temperature` is not supported by this model", "sampling" },
		{ "temperature and top_p cannot both be specified for this model.", "sampling" },
		{ "Unsupported value: 'temperature' does not support 0.3 with this model. Only the default (1) value is supported.",
			"sampling" },
		{ "Thinking may not be enabled when tool_choice forces tool use.",
			"forced_tool_choice" },
		{ "tool_choice: type \\\"any\\\" is not supported for this model",
			"forced_tool_choice" },
		{ "This model does not support assistant message prefill. The conversation must end with a user message.",
			"prefill" },
		{ "thinking.type: \\\"disabled\\\" is not supported for this model", "thinking" },
		{ "Unrecognized request argument supplied: stream_options", "stream_options" },
		{ "Function tools with reasoning_effort are not supported for gpt-5.6 in /v1/chat/completions. Use /v1/responses.",
			"tools_in_chat" },
		{ "Unsupported parameter: 'reasoning_effort' is not supported with this model.",
			"efforts" },
		{ "Unsupported parameter: 'stop' is not supported with this model.", "stop" },
		{ "This response_format type is unavailable now, not available", "json_schema" },
		/* Not the parameter itself. */
		{ "max_tokens must be greater than thinking.budget_tokens", "" },
		{ "temperature: must be less than or equal to 1", "" },
		{ "messages.1.content.0: Invalid signature in thinking block", "" },
		{ "tool_use ids were found without tool_result blocks", "" },
		{ "", "" },
	};
	char body[400];
	struct failure f;

	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		snprintf(body, sizeof(body), "{\"error\":{\"message\":\"%s\"}}", asks[i][0]);
		failure_read(&f, 400, str_from(body), *state);
		assert_str(failure_parameter(&f), str_from(asks[i][1]));
	}
	failure_read(
		&f, 429, STR("{\"error\":{\"message\":\"temperature is not supported\"}}"), *state);
	assert_bytes(failure_parameter(&f), "");
}

/* Any bytes may come. */
static void hostile(void **state)
{
	static const char bytes[] = "{}[]\",:\\errorcodmsagtyp1";
	char body[60];
	struct failure f;

	srand(11);
	for (unsigned i = 0; i < 50000; i++) {
		size_t n = (size_t)rand() % sizeof(body);
		for (size_t k = 0; k < n; k++)
			body[k] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
		if (n > 12 && i % 2 == 0)
			memcpy(body, "{\"message\":\"", 12);
		failure_read(&f, 400 + i % 200, (struct str){ body, n }, *state);
		assert_true(f.kind != ERR_NONE && f.message.n > 0);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(bodies),
		TEST(when_to_come_again),
		TEST(messages_are_masked_and_cut),
		TEST(refused_parameters),
		TEST(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
