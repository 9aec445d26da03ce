/* SPDX-License-Identifier: MIT */
/* A user of the real server that does what the path asks for and remembers what it was told:
 *   /read     collects the body and answers with it      /hold    answers nothing until the test does
 *   /stream   the same, piece by piece                    /early   answers at once, whatever the body
 *   /now      answers "now" in begin()                    /none    wants no body, answers nothing
 *   /big      the same with 10 KB */
#ifndef UNIT_IO_SITE_H
#define UNIT_IO_SITE_H

#include "unit/io/io_check.h"

#include "io/conn.h"

enum { VISITS_MAX = 10000 };

struct visit {
	struct site *site;
	struct conn *c; /* NULL when the reply has ended or the client has gone */
	char path[32];
	struct buf body;
	unsigned pieces, drained;
	bool ended, gone;
	struct err broken;
};

struct site {
	struct loop *loop;
	struct server *server;
	unsigned port;
	struct server_limits limits;
	struct visit *v[VISITS_MAX];
	size_t n;
	unsigned refused;
	struct err why; /* of the last refusal */
};

static inline void site_answer(struct visit *v, unsigned status, struct str body)
{
	conn_reply_head(
		v->c, &(struct conn_reply){ status, STR("Reason"), NULL, 0, (int64_t)body.n });
	conn_reply_body(v->c, body);
	conn_reply_end(v->c);
	v->c = NULL;
}

static inline bool visit_is(const struct visit *v, const char *path)
{
	return strcmp(v->path, path) == 0;
}

static inline void *site_begin(void *user, struct conn *c, const struct http_head *head)
{
	struct site *s = user;
	struct visit *v = must_alloc(sizeof(*v));

	assert_true(s->n < VISITS_MAX);
	s->v[s->n++] = v;
	v->site = s;
	v->c = c;
	snprintf(v->path, sizeof(v->path), "%.*s", STR_ARG(head->path));
	buf_init(&v->body, s->limits.body_bytes);
	if (visit_is(v, "/now") || visit_is(v, "/early")) {
		site_answer(v, 200, STR("now"));
		return NULL;
	}
	if (visit_is(v, "/big")) {
		static const char big[10240];
		site_answer(v, 200, (struct str){ big, sizeof(big) });
		return NULL;
	}
	if (visit_is(v, "/read") && !conn_request_complete(c))
		conn_read_body(c, &v->body);
	if (visit_is(v, "/stream") || visit_is(v, "/hold"))
		conn_stream_body(c);
	return v;
}

static inline void site_body(void *ctx, struct str piece)
{
	struct visit *v = ctx;

	v->pieces++;
	buf_add(&v->body, piece);
}

static inline void site_end(void *ctx)
{
	struct visit *v = ctx;

	assert_false(v->ended);
	v->ended = true;
	if (visit_is(v, "/read") || visit_is(v, "/stream"))
		site_answer(v, 200, buf_str(&v->body));
}

static inline void site_broken(void *ctx, const struct err *e)
{
	struct visit *v = ctx;

	assert_int_equal(v->broken.kind, ERR_NONE);
	v->broken = *e;
	if (conn_replied(v->c)) {
		conn_reply_abort(v->c);
		v->c = NULL;
	} else {
		site_answer(v, 400 + (unsigned)e->kind, str_from(e->text));
	}
}

static inline void site_gone(void *ctx)
{
	struct visit *v = ctx;

	assert_false(v->gone);
	v->gone = true;
	v->c = NULL;
}

static inline void site_drained(void *ctx)
{
	struct visit *v = ctx;

	v->drained++;
}

static inline void site_refused(void *user, const struct err *e, struct str target, struct buf *out)
{
	struct site *s = user;

	s->refused++;
	s->why = *e;
	buf_addf(out,
		"HTTP/1.1 4%02u Refused\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%.*s",
		e->kind, target.n, STR_ARG(target));
}

static const struct server_events site_events = {
	.begin = site_begin,
	.body = site_body,
	.end = site_end,
	.broken = site_broken,
	.gone = site_gone,
	.drained = site_drained,
	.refused = site_refused,
};

/* Opens with limits that no test reaches by accident. */
static inline struct site *site_open(void)
{
	struct site *s = must_alloc(sizeof(*s));
	struct err e = { 0 };

	s->loop = loop_new();
	s->limits = (struct server_limits){
		.head = { .header_bytes = 8192, .headers = 50 },
		.body_bytes = 64 << 20,
		.connections = 100,
		.queue_bytes = 64 * 1024,
		.pipeline_bytes = 16 * 1024,
		.discard_bytes = 1000,
		.body_grace_ms = 3600000,
		.header_ms = 3600000,
		.idle_ms = 3600000,
		.write_stall_ms = 3600000,
		.linger_ms = 3600000,
	};
	s->server = server_new(s->loop, &site_events, s);
	server_set_limits(s->server, &s->limits);
	assert_true(server_listen(s->server, "127.0.0.1", 0, &s->port, &e));
	return s;
}

/* Takes over s->limits after they were changed. */
static inline void site_limit(struct site *s)
{
	server_set_limits(s->server, &s->limits);
}

static inline void site_close(struct site *s)
{
	server_free(s->server);
	loop_free(s->loop);
	for (size_t i = 0; i < s->n; i++) {
		assert_null(s->v[i]->c); /* answered, or gone */
		buf_release(&s->v[i]->body);
		free(s->v[i]);
	}
	free(s);
}

/* The last visit, once there are n. */
static inline struct visit *site_visit(struct site *s, size_t n)
{
	until(s->loop, s->n >= n);
	return s->v[n - 1];
}

#endif
