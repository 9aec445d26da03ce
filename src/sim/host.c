/* SPDX-License-Identifier: MIT */
/* One exchange a request: the body is collected, the engine asked, and the reply sent frame by frame. */
#include "sim/host.h"

#include <stdlib.h>

enum { API_BODY_BYTES = 32 * 1024 * 1024, CONTROL_BODY_BYTES = 512 * 1024 * 1024 };

struct host {
	struct loop *loop;
	struct server *server;
	struct control *control;
};

struct exchange {
	struct host *host;
	struct conn *conn;
	const struct http_head *head;
	struct buf body;
	struct engine_reply *reply;
	struct timer *timer;
	uint64_t begun_ms;
	size_t next; /* frame to send */
};

static void exchange_free(struct exchange *x, bool gone)
{
	if (x->reply != NULL)
		engine_ended(x->host->control->engine, x->reply, gone);
	timer_free(x->timer);
	buf_release(&x->body);
	free(x);
}

/* ---- sending ---- */

static int64_t length_of(const struct exchange *x)
{
	int64_t n = 0;

	if (x->reply->streamed || x->reply->end != END_WHOLE)
		return CONN_LENGTH_UNKNOWN;
	for (size_t i = 0; i < x->reply->frames.n; i++)
		n += (int64_t)x->reply->frames.v[i].bytes.n;
	return n;
}

static void send_head(struct exchange *x)
{
	struct conn_reply head = { .status = x->reply->status,
		.reason = http_reason(x->reply->status),
		.h = x->reply->h,
		.n = x->reply->n,
		.length = length_of(x) };

	if (x->reply->headless)
		return;
	engine_begun(x->host->control->engine, x->reply, control_now_ms(x->host->control));
	conn_reply_head(x->conn, &head);
}

static void finish(struct exchange *x)
{
	struct conn *c = x->conn;

	switch (x->reply->end) {
	case END_WHOLE:
		conn_reply_end(c);
		break;
	case END_CUT:
		conn_reply_abort(c);
		break;
	case END_RESET:
		conn_reply_reset(c);
		break;
	case END_NEVER:
		return; /* until the client leaves */
	}
	exchange_free(x, false);
}

/* Sends all frames that are due, and waits for the next one. */
static void send_due(void *ctx)
{
	struct exchange *x = ctx;
	const struct frames *f = &x->reply->frames;
	uint64_t now = loop_now_ms(x->host->loop);

	while (x->next < f->n) {
		const struct frame *v = &f->v[x->next];
		uint64_t at = x->begun_ms + (uint64_t)v->at_ms;
		if (at > now) {
			timer_at(x->timer, at);
			return;
		}
		if (x->next > 0 && conn_full(x->conn))
			return; /* on_drained() goes on */
		if (x->next == 0)
			send_head(x);
		if (!x->reply->headless)
			conn_reply_body(x->conn, v->bytes);
		x->next++;
	}
	finish(x);
}

static void start_reply(struct exchange *x, struct engine_reply *r)
{
	x->reply = r;
	x->begun_ms = loop_now_ms(x->host->loop);
	x->timer = timer_new(x->host->loop, send_due, x);
	if (r->frames.n == 0)
		send_head(x);
	send_due(x);
}

static void answer_control(struct exchange *x)
{
	struct control_reply r;

	control_answer(x->host->control, x->head, buf_str(&x->body), &r);
	struct http_header type = { STR("content-type"), r.content_type };
	struct conn_reply head = { .status = r.status,
		.reason = http_reason(r.status),
		.h = &type,
		.n = 1,
		.length = (int64_t)r.body.n };
	conn_reply_head(x->conn, &head);
	conn_reply_body(x->conn, buf_str(&r.body));
	conn_reply_end(x->conn);
	buf_release(&r.body);
	exchange_free(x, false);
}

/* ---- what the server tells ---- */

static void *on_begin(void *user, struct conn *c, const struct http_head *head)
{
	struct exchange *x = must_alloc(sizeof(*x));

	x->host = user;
	x->conn = c;
	x->head = head;
	buf_init(&x->body, control_owns(head->path) ? CONTROL_BODY_BYTES : API_BODY_BYTES);
	conn_read_body(c, &x->body);
	return x;
}

static void on_body(void *ctx, struct str piece)
{
	(void)ctx;
	(void)piece; /* bodies are collected */
}

static void on_end(void *ctx)
{
	struct exchange *x = ctx;
	struct control *c = x->host->control;

	if (control_owns(x->head->path))
		answer_control(x);
	else
		start_reply(
			x, engine_answer(c->engine, x->head, buf_str(&x->body), control_now_ms(c)));
}

static void on_broken(void *ctx, const struct err *e)
{
	struct exchange *x = ctx;
	struct control *c = x->host->control;
	struct refusal why;

	if (x->reply != NULL)
		return;
	if (e->kind == ERR_TOO_LARGE)
		refuse(&why, 413, "Request exceeds the maximum size");
	else
		refuse(&why, 400, "%s", e->text);
	start_reply(x, engine_refuse(c->engine, x->head, &why, control_now_ms(c)));
}

static void on_gone(void *ctx)
{
	exchange_free(ctx, true);
}

static void on_drained(void *ctx)
{
	send_due(ctx);
}

static void on_refused(void *user, const struct err *e, struct str target, struct buf *out)
{
	struct refusal why;
	struct buf body;

	(void)user;
	(void)target;
	refuse(&why, 400, "%s", e->text);
	buf_init(&body, SIZE_MAX);
	refusal_print(&body, &why, STR("req_sim"));
	buf_addf(out,
		"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: "
		"close\r\n\r\n",
		body.n);
	buf_add(out, buf_str(&body));
	buf_release(&body);
}

static const struct server_events events = {
	.begin = on_begin,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
	.gone = on_gone,
	.drained = on_drained,
	.refused = on_refused,
};

struct host *host_new(struct loop *l, struct control *c)
{
	static const struct server_limits limits = {
		.head = { .header_bytes = 128 * 1024, .headers = 200 },
		.body_bytes = API_BODY_BYTES,
		.connections = 10000,
		.queue_bytes = 1024 * 1024,
		.pipeline_bytes = 64 * 1024,
		.discard_bytes = 1024 * 1024,
		.header_ms = 30000,
		.idle_ms = 300000,
		.write_stall_ms = 120000,
		.linger_ms = 2000,
	};
	struct host *h = must_alloc(sizeof(*h));

	h->loop = l;
	h->control = c;
	h->server = server_new(l, &events, h);
	server_set_limits(h->server, &limits);
	return h;
}

void host_free(struct host *h)
{
	if (h == NULL)
		return;
	server_free(h->server);
	free(h);
}

bool host_listen(
	struct host *h, const char *address, unsigned port, unsigned *ret_port, struct err *e)
{
	return server_listen(h->server, address, port, ret_port, e);
}
