/* SPDX-License-Identifier: MIT */
/* io/conn.h without sockets. */
#include "fake/fake_conn.h"

#include <stdlib.h>
#include <string.h>

/* ---- the server ---- */

struct server *server_new(struct loop *l, const struct server_events *ev, void *user)
{
	struct server *s = must_alloc(sizeof(*s));

	s->loop = l;
	s->ev = ev;
	s->user = user;
	s->limits.queue_bytes = 128 * 1024;
	list_init(&s->conns);
	return s;
}

void server_set_limits(struct server *s, const struct server_limits *limits)
{
	s->limits = *limits;
}

bool server_listen(
	struct server *s, const char *host, unsigned port, unsigned *ret_port, struct err *e)
{
	(void)s, (void)host;
	(void)e;
	*ret_port = port;
	return true;
}

bool server_listen_fd(struct server *s, int fd, struct err *e)
{
	(void)s, (void)fd, (void)e;
	return true;
}

void server_drain(struct server *s)
{
	s->draining = true;
}

size_t server_connections(const struct server *s)
{
	size_t n = 0;

	for (struct list *it = s->conns.next; it != &s->conns; it = it->next)
		n += container_of(it, struct conn, link)->end == FAKE_OPEN;
	return n;
}

static void conn_free(struct conn *c)
{
	list_remove(&c->link);
	deferred_cancel(&c->report);
	arena_free(c->head_memory);
	arena_free(c->memory);
	buf_release(&c->body);
	free(c);
}

void server_free(struct server *s)
{
	if (s == NULL)
		return;
	list_each (it, &s->conns) {
		struct conn *c = container_of(it, struct conn, link);
		if (c->ctx != NULL)
			fake_conn_gone(c);
		conn_free(c);
	}
	free(s);
}

void fake_server_forget(struct server *s)
{
	list_each (it, &s->conns) {
		struct conn *c = container_of(it, struct conn, link);
		if (c->end != FAKE_OPEN)
			conn_free(c);
	}
}

struct conn *fake_server_last(struct server *s)
{
	return list_empty(&s->conns) ? NULL : container_of(s->conns.prev, struct conn, link);
}

/* ---- the client's side ---- */

static enum http_method method_of(struct str name)
{
	for (int m = 0; m < HTTP_METHODS; m++)
		if (str_eq(name, http_method_name((enum http_method)m)))
			return (enum http_method)m;
	assert(!"a method that sluice knows");
	return HTTP_GET;
}

static void parse_request_line(struct http_head *head, struct str line)
{
	struct str method = { 0 }, version = { 0 };

	bool ok = str_split(&line, ' ', &method) && str_split(&line, ' ', &head->target);
	assert(ok);
	head->minor = !(str_split(&line, ' ', &version) && str_eq(version, STR("HTTP/1.0")));
	head->method = method_of(method);
	size_t path = str_find_char(head->target, '?');
	head->path = (struct str){ head->target.p, path };
	head->query = path < head->target.n ? str_from_offset(head->target, path + 1)
					    : str_from_offset(head->target, path);
}

static struct http_head *parse_head(struct arena *a, struct str text)
{
	struct http_head *head = arena_alloc(a, sizeof(*head));
	struct str line, rest = arena_dup(a, str_trim(text));

	head->h = arena_alloc(a, (text.n + 1) * sizeof(*head->h));
	head->keep_alive = true;
	if (!str_split(&rest, '\n', &line))
		assert(!"a request line");
	parse_request_line(head, line);
	while (str_split(&rest, '\n', &line)) {
		struct http_header *h = &head->h[head->n++];
		size_t colon = str_find_char(line, ':');
		assert(colon < line.n);
		*h = (struct http_header){ { line.p, colon },
			str_trim(str_from_offset(line, colon + 1)) };
		if (str_eq_nocase(h->name, STR("content-length")))
			head->has_length = str_to_u64(h->value, &head->content_length);
		head->chunked |= str_eq_nocase(h->name, STR("transfer-encoding"));
		head->expect_continue |= str_eq_nocase(h->name, STR("expect"));
	}
	return head;
}

static void report_pending(void *ctx)
{
	struct conn *c = ctx;

	if (c->ctx != NULL)
		c->server->ev->broken(c->ctx, &c->pending);
}

struct conn *fake_conn_begin(struct server *s, const char *head)
{
	struct conn *c = must_alloc(sizeof(*c));

	c->server = s;
	c->memory = arena_new();
	c->head_memory = arena_new();
	buf_init(&c->body, SIZE_MAX);
	deferred_init(&c->report, report_pending, c);
	list_push(&s->conns, &c->link);
	c->head = parse_head(c->head_memory, str_from(head));
	c->complete = !c->head->chunked && c->head->content_length == 0;
	void *ctx = s->ev->begin(s->user, c, c->head);
	assert(ctx == NULL || c->end == FAKE_OPEN);
	c->ctx = ctx;
	if (c->complete && c->ctx != NULL)
		s->ev->end(c->ctx);
	return c;
}

void fake_conn_body(struct conn *c, struct str piece)
{
	assert(c->ctx != NULL && !c->complete && !c->body_paused);
	assert(c->mode != FAKE_BODY_UNWANTED);
	if (c->mode == FAKE_BODY_STREAM) {
		/* Of its own and gone afterwards, so that a sanitizer sees whoever keeps it. */
		char *copy = must_realloc(NULL, piece.n);
		memcpy(copy, piece.p, piece.n);
		c->server->ev->body(c->ctx, (struct str){ copy, piece.n });
		free(copy);
		return;
	}
	buf_add(c->into, piece);
	if (c->into->overflow)
		fake_conn_broken(c, ERR_TOO_LARGE, "request body is too large");
}

void fake_conn_end(struct conn *c)
{
	assert(c->ctx != NULL && !c->complete);
	c->complete = true;
	c->server->ev->end(c->ctx);
}

void fake_conn_broken(struct conn *c, enum err_kind kind, const char *text)
{
	struct err e;

	assert(c->ctx != NULL);
	err_set(&e, kind, "%s", text);
	c->complete = false;
	c->mode = FAKE_BODY_UNWANTED;
	c->server->ev->broken(c->ctx, &e);
	assert(c->end == FAKE_ENDED || c->end == FAKE_ABORTED);
}

static void forget(struct conn *c, enum fake_end end)
{
	c->end = end;
	c->ctx = NULL;
	arena_free(c->head_memory);
	c->head_memory = NULL;
	c->head = NULL;
	deferred_cancel(&c->report);
}

void fake_conn_gone(struct conn *c)
{
	void *ctx = c->ctx;

	assert(ctx != NULL && c->end == FAKE_OPEN);
	c->ctx = NULL;
	c->server->ev->gone(ctx);
	assert(c->end == FAKE_OPEN); /* nothing was sent to whom is gone */
	forget(c, FAKE_GONE);
}

void fake_conn_drain(struct conn *c)
{
	c->queued = 0;
	if (!c->was_full)
		return;
	c->was_full = false;
	if (c->ctx != NULL)
		c->server->ev->drained(c->ctx);
}

struct str fake_conn_header(const struct conn *c, const char *name)
{
	return http_get(&c->reply, str_from(name));
}

/* ---- what the program asks for ---- */

static bool is_open(const struct conn *c)
{
	return c->end == FAKE_OPEN;
}

void conn_read_body(struct conn *c, struct buf *into)
{
	assert(is_open(c) && !c->complete);
	c->mode = FAKE_BODY_INTO;
	c->into = into;
	if (c->head->has_length && !buf_reserve(into, c->head->content_length)) {
		err_set(&c->pending, ERR_TOO_LARGE, "request body is too large");
		deferred_call(c->server->loop, &c->report);
	}
}

void conn_stream_body(struct conn *c)
{
	assert(is_open(c));
	c->mode = FAKE_BODY_STREAM;
}

void conn_pause_body(struct conn *c, bool pause)
{
	assert(is_open(c));
	c->body_pauses += pause && !c->body_paused;
	c->body_paused = pause;
}

bool conn_request_complete(const struct conn *c)
{
	assert(is_open(c));
	return c->complete;
}

static bool is_clean(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
			return false;
	return true;
}

static void check_header(struct http_header h)
{
	assert(h.name.n > 0 && is_clean(h.name) && is_clean(h.value));
	assert(!str_eq_nocase(h.name, STR("content-length")));
	assert(!str_eq_nocase(h.name, STR("transfer-encoding")));
	assert(!str_eq_nocase(h.name, STR("connection")));
}

void conn_reply_head(struct conn *c, const struct conn_reply *r)
{
	assert(is_open(c) && !c->replied);
	assert(r->status >= 200 && r->status <= 999 && is_clean(r->reason));
	assert(r->length >= CONN_NO_BODY);
	c->replied = true;
	c->length = r->length;
	c->reply.status = r->status;
	c->reply.reason = arena_dup(c->memory, r->reason);
	c->reply.h = arena_alloc(c->memory, (r->n + 1) * sizeof(*r->h));
	for (size_t i = 0; i < r->n; i++) {
		check_header(r->h[i]);
		c->reply.h[c->reply.n++] = (struct http_header){ arena_dup(c->memory, r->h[i].name),
			arena_dup(c->memory, r->h[i].value) };
	}
}

static bool has_no_body(const struct conn *c)
{
	return c->length == CONN_NO_BODY || c->head->method == HTTP_HEAD;
}

void conn_reply_body(struct conn *c, struct str bytes)
{
	assert(is_open(c) && c->replied);
	if (bytes.n == 0 || has_no_body(c))
		return;
	c->writes++;
	buf_add(&c->body, bytes);
	assert(c->length < 0 || c->body.n <= (size_t)c->length);
	if (!c->stuck)
		return;
	c->queued += bytes.n;
	c->was_full |= conn_full(c);
}

void conn_reply_end(struct conn *c)
{
	assert(is_open(c) && c->replied);
	assert(c->length < 0 || has_no_body(c) || c->body.n == (size_t)c->length);
	forget(c, FAKE_ENDED);
}

void conn_reply_abort(struct conn *c)
{
	assert(is_open(c));
	forget(c, FAKE_ABORTED);
}

void conn_reply_drop(struct conn *c)
{
	assert(is_open(c));
	forget(c, FAKE_ABORTED);
}

size_t conn_queued(const struct conn *c)
{
	assert(is_open(c));
	return c->queued;
}

bool conn_full(const struct conn *c)
{
	assert(is_open(c));
	return c->queued > c->server->limits.queue_bytes;
}

uint64_t conn_sent_bytes(const struct conn *c)
{
	assert(is_open(c));
	return c->body.n;
}

bool conn_replied(const struct conn *c)
{
	assert(is_open(c));
	return c->replied;
}

struct str conn_peer(const struct conn *c)
{
	(void)c;
	return STR("127.0.0.1");
}
