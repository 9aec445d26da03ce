/* SPDX-License-Identifier: MIT */
/* The API's errors: which type a status has, and how a body of one looks. */
#include "sim/refusal.h"

#include "wire/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool refuse(struct refusal *why, unsigned status, const char *fmt, ...)
{
	va_list ap;

	why->status = status;
	why->param[0] = '\0';
	why->code = NULL;
	va_start(ap, fmt);
	int n = vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	/* A cut character is left out whole. */
	if (n >= (int)sizeof(why->text)) {
		size_t end = sizeof(why->text) - 1;
		while (end > 0 && ((unsigned char)why->text[end - 1] & 0xc0) == 0x80)
			end--;
		if (end > 0 && (unsigned char)why->text[end - 1] >= 0x80)
			end--;
		why->text[end] = '\0';
	}
	return false;
}

bool refuse_as(struct refusal *why, const char *code, const char *param)
{
	why->code = code;
	snprintf(why->param, sizeof(why->param), "%s", param != NULL ? param : "");
	return false;
}

const char *refusal_type(unsigned status)
{
	static const struct {
		unsigned status;
		const char *type;
	} rows[] = {
		{ 401, "authentication_error" },
		{ 402, "billing_error" },
		{ 403, "permission_error" },
		{ 404, "not_found_error" },
		{ 409, "conflict_error" },
		{ 413, "request_too_large" },
		{ 429, "rate_limit_error" },
		{ 504, "timeout_error" },
		{ 529, "overloaded_error" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].status == status)
			return rows[i].type;
	return status < 500 ? "invalid_request_error" : "api_error";
}

void refusal_print(struct buf *out, const struct refusal *why, struct str request_id)
{
	buf_addf(out, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":",
		refusal_type(why->status));
	json_add_string(out, str_from(why->text));
	buf_add(out, STR("},\"request_id\":"));
	json_add_string(out, request_id);
	buf_add_char(out, '}');
}
