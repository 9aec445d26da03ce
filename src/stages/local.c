/* SPDX-License-Identifier: MIT */
/* Answers what is sluice's own to answer: its endpoints, and the probes that clients send to see whether
 * anybody is there. */
#include "core/ledger.h"
#include "core/live.h"
#include "stages/stages.h"

#include <stdlib.h>
#include <string.h>

enum { REPLY_MAX = 8 << 20, LOOKUP_MAX = 16 << 20 };

static enum step answer(struct exchange *x)
{
	struct buf body;
	struct local_reply r = { .status = 200, .type = STR("application/json"), .body = &body };

	buf_init(&body, REPLY_MAX);
	x->local->answer(x, &r);
	exchange_reply_local(x, &r);
	buf_release(&body);
	return STEP_REPLY;
}

/* ---- from the ledger ---- */

/* A question on its way through a worker thread. It may outlive the exchange. */
struct lookup {
	struct exchange *x; /* NULL: nobody waits any more */
	const struct local_endpoint *endpoint;
	char *ledger, *query;
	struct buf body;
	struct err err;
	bool ok;
};

static void look_up(void *ctx)
{
	struct lookup *l = ctx;

	l->ok = l->endpoint->look_up(&l->body, l->ledger, str_from(l->query), &l->err);
	if (l->ok && l->body.overflow)
		l->ok = err_set(&l->err, ERR_TOO_LARGE,
			"the answer is larger than %d bytes: ask for less", LOOKUP_MAX);
}

static void looked_up(void *ctx)
{
	struct lookup *l = ctx;
	struct exchange *x = l->x;
	enum step how = l->ok ? STEP_REPLY : STEP_FAIL;

	if (x != NULL) {
		x->lookup = NULL;
		x->err = l->err;
		if (l->ok)
			exchange_reply(x, 200, STR("application/json"), buf_str(&l->body), NULL);
	}
	buf_release(&l->body);
	free(l->ledger);
	free(l->query);
	free(l);
	if (x != NULL)
		exchange_resume(x, how);
}

static void leave(struct exchange *x)
{
	x->lookup->x = NULL;
	x->lookup = NULL;
}

static char *copy_of(struct str s)
{
	char *p = must_alloc(s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p;
}

static enum step start_lookup(struct exchange *x)
{
	struct lookup *l;

	if (x->svc->ledger == NULL) {
		err_set(&x->err, ERR_NOT_FOUND, "nothing is recorded: 'store.enabled' is off");
		return STEP_FAIL;
	}
	l = must_alloc(sizeof(*l));
	*l = (struct lookup){ .x = x,
		.endpoint = x->local,
		.ledger = copy_of(str_from(ledger_path(x->svc->ledger))),
		.query = copy_of(x->head->query) };
	buf_init(&l->body, LOOKUP_MAX);
	x->lookup = l;
	x->cancel = leave;
	loop_job(x->svc->loop, look_up, looked_up, l);
	return STEP_WAIT;
}

/* ---- event streams ---- */

/* The client leaves: that is how such a stream ends. */
static void leave_stream(struct exchange *x)
{
	live_unwatch(x);
	x->err = (struct err){ 0 };
}

static enum step start_stream(struct exchange *x)
{
	static const struct str type = STR_INIT("text/event-stream");
	struct http_header h[] = {
		{ STR("Content-Type"), type },
		{ STR("Cache-Control"), STR("no-store") },
		{ STR("x-sluice-id"), str_from(x->id) },
	};

	if (x->head->method == HTTP_HEAD || x->svc->draining) {
		exchange_reply(x, 200, type, STR(""), NULL);
		return STEP_REPLY;
	}
	x->status = 200;
	x->streamed = true;
	conn_reply_head(x->conn, &(struct conn_reply){ 200, http_reason(200), h, ARRAY_LEN(h),
					 CONN_LENGTH_UNKNOWN });
	live_watch(x);
	x->cancel = leave_stream;
	return STEP_WAIT;
}

/* ---- the stage ---- */

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
	if (m == HTTP_GET || m == HTTP_HEAD) {
		if (x->local->stream != NULL)
			return start_stream(x);
		return x->local->look_up != NULL ? start_lookup(x) : answer(x);
	}
	err_set(&x->err, ERR_METHOD, "'%.*s' answers GET only", STR_ARG(x->head->path));
	return STEP_FAIL;
}
