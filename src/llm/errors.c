/* SPDX-License-Identifier: MIT */
/* One table from error kinds to what each API calls them. */
#include "llm/dialect.h"

struct error_row {
	unsigned status;
	const char *anthropic, *openai, *openai_code, *gemini;
};

static const struct error_row rows[ERR_KINDS] = {
	[ERR_NONE] = { 200, "api_error", "server_error", NULL, "UNKNOWN" },
	[ERR_INVALID] = { 400, "invalid_request_error", "invalid_request_error", NULL,
		"INVALID_ARGUMENT" },
	[ERR_AUTH] = { 401, "authentication_error", "authentication_error", "invalid_api_key",
		"UNAUTHENTICATED" },
	[ERR_PERMISSION] = { 403, "permission_error", "permission_error", NULL,
		"PERMISSION_DENIED" },
	[ERR_NOT_FOUND] = { 404, "not_found_error", "invalid_request_error", NULL, "NOT_FOUND" },
	[ERR_METHOD] = { 405, "invalid_request_error", "invalid_request_error", NULL,
		"INVALID_ARGUMENT" },
	[ERR_REQUEST_TIMEOUT] = { 408, "timeout_error", "invalid_request_error", NULL,
		"DEADLINE_EXCEEDED" },
	[ERR_TOO_LARGE] = { 413, "request_too_large", "invalid_request_error", NULL,
		"INVALID_ARGUMENT" },
	[ERR_MEDIA_TYPE] = { 415, "invalid_request_error", "invalid_request_error", NULL,
		"INVALID_ARGUMENT" },
	[ERR_HEADERS] = { 431, "invalid_request_error", "invalid_request_error", NULL,
		"INVALID_ARGUMENT" },
	[ERR_UPGRADE] = { 426, "invalid_request_error", "invalid_request_error", NULL,
		"FAILED_PRECONDITION" },
	[ERR_RATE] = { 429, "rate_limit_error", "rate_limit_error", "rate_limit_exceeded",
		"RESOURCE_EXHAUSTED" },
	[ERR_OVERLOADED] = { 529, "overloaded_error", "server_error", "overloaded", "UNAVAILABLE" },
	[ERR_TIMEOUT] = { 504, "timeout_error", "server_error", "timeout", "DEADLINE_EXCEEDED" },
	[ERR_UPSTREAM] = { 502, "api_error", "server_error", NULL, "UNAVAILABLE" },
	[ERR_CLIENT_GONE] = { 499, "api_error", "server_error", NULL, "CANCELLED" },
	[ERR_INTERNAL] = { 500, "api_error", "server_error", NULL, "INTERNAL" },
};

unsigned err_status(enum err_kind kind)
{
	return rows[kind].status;
}

const char *err_anthropic_type(enum err_kind kind)
{
	return rows[kind].anthropic;
}

const char *err_openai_type(enum err_kind kind)
{
	return rows[kind].openai;
}

const char *err_openai_code(enum err_kind kind)
{
	return rows[kind].openai_code;
}

const char *err_gemini_status(enum err_kind kind)
{
	return rows[kind].gemini;
}
