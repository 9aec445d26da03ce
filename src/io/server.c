/* SPDX-License-Identifier: MIT */
/* Listeners, and what concerns all connections together: the flush of a round's output, drain, end. */
#include "io/conn_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BACKLOG = 4096 };

static void flush_dirty(void *ctx)
{
	struct server *s = ctx;

	for (struct list *it; (it = list_shift(&s->dirty)) != NULL;)
		conn_flush(container_of(it, struct conn, dirty));
}

static void check_deaf(void *ctx)
{
	struct server *s = ctx;

	list_each (it, &s->deaf)
		conn_check_deaf(container_of(it, struct conn, deaf));
	if (!list_empty(&s->deaf))
		timer_at(s->deaf_timer, loop_now_ms(s->loop) + DEAF_TICK_MS);
}

struct server *server_new(struct loop *l, const struct server_events *ev, void *user)
{
	struct server *s = must_alloc(sizeof(*s));

	s->loop = l;
	s->ev = ev;
	s->user = user;
	list_init(&s->conns);
	list_init(&s->dirty);
	list_init(&s->deaf);
	s->deaf_timer = timer_new(l, check_deaf, s);
	s->read_buf = must_realloc(NULL, READ_BYTES);
	loop_on_flush(l, flush_dirty, s);
	return s;
}

void server_set_limits(struct server *s, const struct server_limits *limits)
{
	s->limits = *limits;
}

size_t server_connections(const struct server *s)
{
	return s->nconns;
}

static void on_connection(uv_stream_t *listener, int status)
{
	if (status == 0)
		conn_accept(listener->data, listener);
}

static void free_handle(uv_handle_t *h)
{
	free(h);
}

static uv_tcp_t *listener_new(struct server *s)
{
	uv_tcp_t *t = must_alloc(sizeof(*t));

	t->data = s;
	int rc = uv_tcp_init(loop_uv(s->loop), t);
	assert(rc == 0);
	return t;
}

static bool listener_start(struct server *s, uv_tcp_t *t, int rc, struct err *e)
{
	if (rc == 0 && s->nlisteners == LISTEN_MAX)
		rc = UV_EMFILE;
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)t, BACKLOG, on_connection);
	if (rc != 0) {
		uv_close((uv_handle_t *)t, free_handle);
		return err_set(e, ERR_INTERNAL, "%s", uv_strerror(rc));
	}
	s->listeners[s->nlisteners++] = t;
	return true;
}

static unsigned sockaddr_port(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)a)->sin6_port)
					: ntohs(((const struct sockaddr_in *)a)->sin_port);
}

bool server_listen(
	struct server *s, const char *host, unsigned port, unsigned *ret_port, struct err *e)
{
	struct sockaddr_storage a = { 0 };
	int n = sizeof(a);
	bool v6 = strchr(host, ':') != NULL;
	int rc = v6 ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)&a)
		    : uv_ip4_addr(host, (int)port, (struct sockaddr_in *)&a);

	if (rc != 0)
		return err_set(e, ERR_INVALID, "'%s' is not an IP address", host);
	uv_tcp_t *t = listener_new(s);
	rc = uv_tcp_bind(t, (struct sockaddr *)&a, v6 ? UV_TCP_IPV6ONLY : 0);
	if (!listener_start(s, t, rc, e))
		return false;
	*ret_port =
		uv_tcp_getsockname(t, (struct sockaddr *)&a, &n) == 0 ? sockaddr_port(&a) : port;
	return true;
}

bool server_listen_fd(struct server *s, int fd, struct err *e)
{
	uv_tcp_t *t = listener_new(s);

	return listener_start(s, t, uv_tcp_open(t, fd), e);
}

static void close_listeners(struct server *s)
{
	while (s->nlisteners > 0)
		uv_close((uv_handle_t *)s->listeners[--s->nlisteners], free_handle);
}

void server_drain(struct server *s)
{
	s->draining = true;
	close_listeners(s);
	list_each (it, &s->conns)
		conn_drain(container_of(it, struct conn, link));
}

void server_free(struct server *s)
{
	if (s == NULL)
		return;
	close_listeners(s);
	list_each (it, &s->conns)
		conn_lost(container_of(it, struct conn, link));
	timer_free(s->deaf_timer);
	/* Closing callbacks of the connections still look at the server. */
	while (s->nconns > 0)
		uv_run(loop_uv(s->loop), UV_RUN_NOWAIT);
	loop_off_flush(s->loop, s);
	free(s->read_buf);
	while (s->nspare > 0)
		buf_release(&s->spare[--s->nspare]);
	free(s);
}
