/* SPDX-License-Identifier: MIT */
/* A provider that is a listening socket in the test's own hands, and transfers of the real upstream to it. */
#ifndef UNIT_IO_PROVIDER_H
#define UNIT_IO_PROVIDER_H

#include "unit/io/io_check.h"

#include <signal.h>

#include "io/upstream.h"

struct provider {
	struct loop *loop;
	struct upstream *up;
	int listener;
	unsigned port;
	char origin[64];
};

static inline struct upstream_limits generous_limits(void)
{
	return (struct upstream_limits){
		.connections = 100,
		.header_bytes = 256 * 1024,
		.headers = 200,
		.send_bytes = 256 * 1024,
	};
}

static inline void provider_open(struct provider *p)
{
	const struct upstream_limits limits = generous_limits();
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);

	signal(SIGPIPE, SIG_IGN); /* as the program does it */
	p->loop = loop_new();
	p->up = upstream_new(p->loop);
	upstream_set_limits(p->up, &limits);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(p->listener, 64), 0);
	assert_int_equal(getsockname(p->listener, (struct sockaddr *)&a, &n), 0);
	set_nonblocking(p->listener);
	p->port = ntohs(a.sin_port);
	snprintf(p->origin, sizeof(p->origin), "http://127.0.0.1:%u", p->port);
}

static inline void provider_close(struct provider *p)
{
	upstream_free(p->up);
	loop_free(p->loop);
	close(p->listener);
}

/* A connection that waits to be accepted, or -1. */
static inline int provider_try(struct provider *p)
{
	int fd = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	return fd;
}

static inline int provider_accept(struct provider *p)
{
	int fd = -1;

	until(p->loop, (fd = provider_try(p)) >= 0);
	return fd;
}

/* Whether the bytes hold a whole request; chunked ones end with their last chunk. */
static inline bool is_whole(struct str s)
{
	size_t head = str_find(s, STR("\r\n\r\n"));
	size_t at = str_find(s, STR("Content-Length: "));

	if (head == s.n)
		return false;
	if (str_find(s, STR("Transfer-Encoding: chunked")) < head)
		return str_ends(s, STR("\r\n0\r\n\r\n"));
	return at > head ||
	       s.n >= head + 4 + strtoul(s.p + at + 16, NULL, 10); /* ends at the line's end */
}

/* Reads one whole request. */
static inline void provider_read(struct provider *p, int fd, struct buf *into)
{
	until(p->loop, (hear(fd, into, SIZE_MAX), is_whole(buf_str(into))));
}

/* One transfer and what became of it. */
struct call {
	struct provider *p;
	struct transfer *t;
	unsigned heads, status, bodies, writable;
	char reason[64];
	struct buf headers; /* a line each */
	int64_t length;
	bool decoded;
	struct buf body;
	bool pause_at_body; /* pauses itself in body() */
	bool done;
	enum upstream_failure why;
	char text[256];
};

static inline void call_head(void *ctx, const struct upstream_reply *r)
{
	struct call *c = ctx;

	assert_false(c->done);
	c->heads++;
	c->status = r->status;
	snprintf(c->reason, sizeof(c->reason), "%.*s", STR_ARG(r->reason));
	c->length = r->length;
	c->decoded = r->decoded;
	for (size_t i = 0; i < r->n; i++)
		buf_addf(
			&c->headers, "%.*s: %.*s\n", STR_ARG(r->h[i].name), STR_ARG(r->h[i].value));
}

static inline void call_body(void *ctx, struct str bytes)
{
	struct call *c = ctx;

	assert_int_equal(c->heads, 1);
	c->bodies++;
	buf_add(&c->body, bytes);
	if (c->pause_at_body)
		transfer_pause(c->t);
}

static inline void call_writable(void *ctx)
{
	struct call *c = ctx;

	c->writable++;
}

static inline void call_done(void *ctx, enum upstream_failure why, const char *text)
{
	struct call *c = ctx;

	assert_false(c->done);
	c->done = true;
	c->why = why;
	snprintf(c->text, sizeof(c->text), "%s", text);
	c->t = NULL;
}

static const struct upstream_events call_events = {
	.head = call_head,
	.body = call_body,
	.writable = call_writable,
	.done = call_done,
};

/* A request to the provider with limits that no test reaches by accident. */
static inline struct upstream_request request_to(
	const struct provider *p, enum http_method method, struct str body)
{
	return (struct upstream_request){
		.method = method,
		.origin = p->origin,
		.target = "/t",
		.body = body,
		.proxy = "",
		.no_proxy = "",
		.ca_file = "",
		.connect_ms = 3600000,
		.first_byte_ms = 3600000,
		.idle_ms = 3600000,
	};
}

static inline void call_start(struct call *c, struct provider *p, const struct upstream_request *rq)
{
	*c = (struct call){ .p = p };
	buf_init(&c->headers, SIZE_MAX);
	buf_init(&c->body, SIZE_MAX);
	c->t = upstream_start(p->up, rq, &call_events, c);
	assert_false(c->done || c->heads > 0); /* not from inside the call */
}

static inline void call_release(struct call *c)
{
	buf_release(&c->headers);
	buf_release(&c->body);
}

/* Waits for the end, which must be this one. */
#define assert_ended(c, want) \
	do { \
		call_wait(c); \
		if ((c)->why != (want)) \
			print_error("%s\n", (c)->text); \
		assert_int_equal((c)->why, want); \
	} while (0)

static inline void call_wait(struct call *c)
{
	until(c->p->loop, c->done);
}

#endif
