/* SPDX-License-Identifier: MIT */
/* One table from error kinds to what each API calls them. */
#include "llm/dialect.h"

struct error_row {
	unsigned status, openai_status; /* 0: the same */
	const char *anthropic, *openai, *openai_code, *gemini;
};

static const struct error_row rows[ERR_KINDS] = {
	[ERR_NONE] = { 200, 0, "api_error", "server_error", NULL, "UNKNOWN" },
	[ERR_INVALID] = { 400, 0, "invalid_request_error", "invalid_request_error", NULL,
		"INVALID_ARGUMENT" },
	[ERR_AUTH] = { 401, 0, "authentication_error", "authentication_error", "invalid_api_key",
		"UNAUTHENTICATED" },
	[ERR_PERMISSION] = { 403, 0, "permission_error", "permission_error", NULL,
		"PERMISSION_DENIED" },
	[ERR_NOT_FOUND] = { 404, 0, "not_found_error", "invalid_request_error", "model_not_found",
		"NOT_FOUND" },
	[ERR_METHOD] = { 405, 0, "invalid_request_error", "invalid_request_error", NULL,
		"INVALID_ARGUMENT" },
	[ERR_REQUEST_TIMEOUT] = { 408, 0, "timeout_error", "invalid_request_error", NULL,
		"DEADLINE_EXCEEDED" },
	[ERR_TOO_LARGE] = { 413, 0, "request_too_large", "invalid_request_error", NULL,
		"INVALID_ARGUMENT" },
	[ERR_MEDIA_TYPE] = { 415, 0, "invalid_request_error", "invalid_request_error", NULL,
		"INVALID_ARGUMENT" },
	[ERR_HEADERS] = { 431, 0, "invalid_request_error", "invalid_request_error", NULL,
		"INVALID_ARGUMENT" },
	[ERR_UPGRADE] = { 426, 0, "invalid_request_error", "invalid_request_error", NULL,
		"FAILED_PRECONDITION" },
	[ERR_RATE] = { 429, 0, "rate_limit_error", "rate_limit_error", "rate_limit_exceeded",
		"RESOURCE_EXHAUSTED" },
	[ERR_OVERLOADED] = { 529, 503, "overloaded_error", "server_error", "overloaded",
		"UNAVAILABLE" },
	[ERR_TIMEOUT] = { 504, 0, "timeout_error", "server_error", "timeout", "DEADLINE_EXCEEDED" },
	[ERR_UPSTREAM] = { 502, 0, "api_error", "server_error", NULL, "UNAVAILABLE" },
	[ERR_CONTEXT] = { 400, 0, "invalid_request_error", "invalid_request_error",
		"context_length_exceeded", "INVALID_ARGUMENT" },
	[ERR_BILLING] = { 402, 429, "billing_error", "insufficient_quota", "insufficient_quota",
		"FAILED_PRECONDITION" },
	[ERR_CONFLICT] = { 409, 0, "conflict_error", "invalid_request_error", NULL, "ABORTED" },
	[ERR_API] = { 500, 0, "api_error", "server_error", NULL, "INTERNAL" },
	[ERR_CLIENT_GONE] = { 499, 0, "api_error", "server_error", NULL, "CANCELLED" },
	[ERR_INTERNAL] = { 500, 0, "api_error", "server_error", NULL, "INTERNAL" },
};

unsigned err_status(enum api_family family, enum err_kind kind)
{
	const struct error_row *r = &rows[kind];

	if (family == API_OPENAI && r->openai_status != 0)
		return r->openai_status;
	/* 529 is Anthropic's alone. */
	return family == API_GOOGLE && kind == ERR_OVERLOADED ? 503 : r->status;
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
