/* SPDX-License-Identifier: MIT */
/* Answers what is sluice's own to answer: its endpoints, and the probes that clients send to see whether
 * anybody is there. */
#include "stages/stages.h"

enum { REPLY_MAX = 1 << 20 };

static enum step answer(struct exchange *x)
{
	struct buf body;
	struct local_reply r = { .status = 200, .type = STR("application/json"), .body = &body };

	buf_init(&body, REPLY_MAX);
	x->local->answer(x, &r);
	exchange_reply(x, r.status, r.type, buf_str(&body), NULL);
	buf_release(&body);
	return STEP_REPLY;
}

static enum step answer_options(struct exchange *x)
{
	static const struct http_header allow = { STR_INIT("Allow"),
		STR_INIT("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS") };

	exchange_reply(x, 200, STR("text/plain"), STR(""), &allow);
	return STEP_REPLY;
}

enum step stage_local(struct exchange *x)
{
	enum http_method m = x->head->method;

	if (m == HTTP_OPTIONS && (x->local != NULL || x->endpoint == ENDPOINT_UNKNOWN))
		return answer_options(x);
	if (x->local == NULL)
		return STEP_NEXT;
	if (m == HTTP_GET || m == HTTP_HEAD)
		return answer(x);
	err_set(&x->err, ERR_METHOD, "'%.*s' answers GET only", STR_ARG(x->head->path));
	return STEP_FAIL;
}
