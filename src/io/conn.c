/* SPDX-License-Identifier: MIT */
/* One client connection: bytes in, requests handed over one at a time, bounded waits, end of life. */
#include "io/conn_private.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { RATE_CHECK_MS = 1000, KEEP_BYTES = 16 * 1024, RELEASE_BYTES = 1024, CHUNK_BYTES = 24 };

static struct str process(struct conn *c, struct str in);
static void arm(struct conn *c);

/* To be flushed before the loop sleeps. */
static void mark_dirty(struct conn *c)
{
	if (list_empty(&c->dirty))
		list_push(&c->server->dirty, &c->dirty);
}

/* A reply is still on its way out: the client is not idle. */
static bool is_sending(const struct conn *c)
{
	return c->writing || c->out.n > 0;
}

/* ---- end of life ---- */

static void on_closed(uv_handle_t *h)
{
	struct conn *c = h->data;

	c->server->nconns--;
	http1_free(c->http);
	buf_release(&c->ahead);
	buf_release(&c->out);
	buf_release(&c->sending);
	free(c);
}

static void close_now(struct conn *c)
{
	if (c->end == CONN_CLOSED)
		return;
	bool reset = c->end == CONN_FLUSH_RESET;
	c->end = CONN_CLOSED;
	list_remove(&c->link);
	list_remove(&c->dirty);
	list_remove(&c->deaf);
	deferred_cancel(&c->pump);
	timer_free(c->timer);
	c->timer = NULL;
	if (!reset || uv_tcp_close_reset(&c->tcp, on_closed) != 0)
		uv_close((uv_handle_t *)&c->tcp, on_closed);
}

void conn_lost(struct conn *c)
{
	void *ctx = c->ctx;

	c->ctx = NULL;
	if (ctx != NULL)
		c->server->ev->gone(ctx);
	close_now(c);
}

static void on_shutdown(uv_shutdown_t *rq, int status)
{
	(void)rq;
	(void)status;
}

static void start_linger(struct conn *c)
{
	c->end = CONN_LINGER;
	c->since_ms = loop_now_ms(c->server->loop);
	buf_release(&c->ahead);
	if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) != 0)
		close_now(c);
}

/* ---- reading ---- */

static void set_reading(struct conn *c);

/* How much of the current body the next read may put straight into the user's buffer. */
static size_t direct_room(const struct conn *c)
{
	if (c->ctx == NULL || c->body_mode != BODY_INTO || c->request_done ||
		!c->head->has_length || c->ahead.n > 0 || c->into->overflow)
		return 0;
	size_t left = c->head->content_length - c->into->n;
	size_t room = c->into->cap - c->into->n;
	return left < room ? left : room;
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret)
{
	struct conn *c = h->data;
	size_t direct = direct_room(c);

	(void)suggested;
	if (direct >= READ_BYTES / 4)
		*ret = uv_buf_init(
			c->into->p + c->into->n, (unsigned)(direct < 1 << 30 ? direct : 1 << 30));
	else
		*ret = uv_buf_init(c->server->read_buf, READ_BYTES);
}

static void feed(struct conn *c, struct str in)
{
	if (c->ahead.n == 0)
		in = process(c, in);
	if (c->end == CONN_CLOSED || c->end == CONN_LINGER)
		return;
	buf_add(&c->ahead, in);
	set_reading(c);
	arm(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = stream->data;

	if (n == 0)
		return;
	if (n < 0) {
		/* Also a half-close: who stops sending is taken as gone (a finished reply is still sent). */
		if (c->ctx != NULL || c->end == CONN_LINGER || !is_sending(c)) {
			conn_lost(c);
			return;
		}
		if (c->end == CONN_OPEN)
			c->end = CONN_FLUSH_CLOSE;
		c->reading = false;
		uv_read_stop(stream);
		return;
	}
	if (c->end == CONN_OPEN)
		feed(c, (struct str){ b->base, (size_t)n });
}

/* Reads exactly while there is use or room for more bytes; keeps the list of those that do not. */
static void set_reading(struct conn *c)
{
	bool room = c->ahead.n < c->server->limits.pipeline_bytes;
	bool want = c->end == CONN_LINGER || (room && !(c->body_paused && c->ahead.n > 0));

	if (want == c->reading)
		return;
	c->reading = want;
	list_remove(&c->deaf);
	if (want) {
		uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
		return;
	}
	uv_read_stop((uv_stream_t *)&c->tcp);
	list_push(&c->server->deaf, &c->deaf);
	timer_at(c->server->deaf_timer, loop_now_ms(c->server->loop) + DEAF_TICK_MS);
}

void conn_check_deaf(struct conn *c)
{
	struct pollfd p = { .events = POLLRDHUP };

	if (uv_fileno((uv_handle_t *)&c->tcp, &p.fd) == 0 && poll(&p, 1, 0) > 0 &&
		(p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
		conn_lost(c);
}

/* ---- the parse loop ---- */

static bool may_parse(const struct conn *c)
{
	if (c->end != CONN_OPEN)
		return false;
	if (c->ctx == NULL)
		/* Between requests, or discarding the rest of one. Who does not read replies gets no more of them. */
		return !conn_full(c);
	return !c->request_done && c->body_mode != BODY_UNWANTED && !c->body_paused &&
	       c->pending.kind == ERR_NONE;
}

static void fail_request(struct conn *c, const struct err *e)
{
	struct err why = *e; /* e may be c->pending, which ending the request clears */

	if (c->ctx != NULL) {
		c->request_done = false;
		c->failed = true;
		c->body_mode = BODY_UNWANTED;
		c->server->ev->broken(c->ctx, &why);
		return;
	}
	c->server->ev->refused(c->server->user, &why, http1_target(c->http), &c->out);
	c->end = CONN_FLUSH_LINGER;
	mark_dirty(c);
}

static void begin_request(struct conn *c)
{
	struct str none = { 0 }, body;
	struct err e = { 0 };
	const struct http_head *head = http1_head(c->http);
	bool bodyless = !head->chunked && (!head->has_length || head->content_length == 0);

	c->head = head;
	c->body_mode = BODY_UNWANTED;
	c->into = NULL;
	c->body_paused = c->replied = c->was_full = c->head_closes = c->failed = false;
	c->body_bytes = c->reply_bytes = 0;
	c->pending = e;
	c->since_ms = loop_now_ms(c->server->loop);
	/* Without a body the end is known now, and a reply given at once may keep the connection. */
	c->request_done = bodyless && http1_next(c->http, &none, &body, &e) == HTTP1_END;
	c->ctx = c->server->ev->begin(c->server->user, c, head);
	if (c->request_done && c->ctx != NULL)
		c->server->ev->end(c->ctx);
}

static void take_body(struct conn *c, struct str piece)
{
	c->body_bytes += piece.n;
	if (c->ctx == NULL)
		return;
	if (c->body_mode == BODY_STREAM) {
		c->server->ev->body(c->ctx, piece);
		return;
	}
	if (piece.p == c->into->p + c->into->n)
		c->into->n += piece.n; /* it was read in place */
	else
		buf_add(c->into, piece);
	if (c->into->overflow)
		err_set(&c->pending, ERR_TOO_LARGE, "request body is larger than %zu bytes",
			c->into->max);
}

/* Returns what was not used up. */
static struct str process(struct conn *c, struct str in)
{
	struct str body;
	struct err e = { 0 };
	bool in_head = http1_in_head(c->http);

	c->processing = true;
	while (may_parse(c)) {
		enum http1_event ev = http1_next(c->http, &in, &body, &e);
		if (ev == HTTP1_MORE)
			break;
		if (ev == HTTP1_HEAD) {
			begin_request(c);
		} else if (ev == HTTP1_BODY) {
			take_body(c, body);
		} else if (ev == HTTP1_END) {
			c->request_done = true;
			c->discarding = false;
			if (c->ctx != NULL)
				c->server->ev->end(c->ctx);
		} else {
			fail_request(c, &e);
			break;
		}
		if (c->pending.kind != ERR_NONE && c->ctx != NULL) {
			fail_request(c, &c->pending);
			break;
		}
	}
	c->processing = false;
	if (c->ctx == NULL && !in_head && http1_in_head(c->http))
		c->since_ms = loop_now_ms(c->server->loop);
	return in;
}

/* Goes on with what was read ahead, after a reply ended or a body became wanted. */
static void pump(void *ctx)
{
	struct conn *c = ctx;
	struct str rest;

	if (c->end != CONN_OPEN)
		return;
	if (c->pending.kind != ERR_NONE && c->ctx != NULL && c->body_mode != BODY_UNWANTED) {
		fail_request(c, &c->pending);
	} else if (c->ahead.n > 0 || c->ctx != NULL) {
		rest = process(c, buf_str(&c->ahead));
		if (c->end == CONN_CLOSED)
			return;
		buf_drop(&c->ahead, c->ahead.n - rest.n);
	}
	set_reading(c);
	arm(c);
}

static void wake(struct conn *c)
{
	if (!c->processing)
		deferred_call(c->server->loop, &c->pump);
}

static void want_body(struct conn *c, enum body_mode mode)
{
	assert(c->ctx != NULL || c->processing);
	c->body_mode = mode;
	c->since_ms = loop_now_ms(c->server->loop);
	if (c->head->expect_continue && !c->request_done && !c->replied &&
		c->pending.kind == ERR_NONE) {
		buf_add(&c->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
		mark_dirty(c);
	}
	wake(c);
}

void conn_read_body(struct conn *c, struct buf *into)
{
	c->into = into;
	if (!c->request_done && c->head->has_length && !buf_reserve(into, c->head->content_length))
		err_set(&c->pending, ERR_TOO_LARGE,
			"request body of %llu bytes is larger than %zu bytes",
			(unsigned long long)c->head->content_length, into->max);
	want_body(c, BODY_INTO);
}

void conn_stream_body(struct conn *c)
{
	want_body(c, BODY_STREAM);
}

void conn_pause_body(struct conn *c, bool pause)
{
	if (c->body_paused == pause)
		return;
	c->body_paused = pause;
	c->since_ms = loop_now_ms(c->server->loop);
	c->body_bytes = 0;
	if (!pause)
		wake(c);
}

bool conn_request_complete(const struct conn *c)
{
	return c->request_done;
}

struct str conn_peer(const struct conn *c)
{
	return str_from(c->peer);
}

/* ---- bounded waits ---- */

/* The next moment at which this connection may have waited too long; 0 when it may wait forever. */
static uint64_t deadline(const struct conn *c)
{
	const struct server_limits *l = &c->server->limits;
	uint64_t at = 0;

	if (c->end == CONN_LINGER)
		return c->since_ms + c->server->limits.linger_ms;
	if (c->ctx == NULL && c->end == CONN_OPEN && !is_sending(c))
		at = c->since_ms +
		     (c->discarding || http1_in_head(c->http) ? l->header_ms : l->idle_ms);
	else if (c->ctx != NULL && !c->request_done && c->body_mode != BODY_UNWANTED &&
		 !c->body_paused && l->body_rate > 0)
		at = loop_now_ms(c->server->loop) + RATE_CHECK_MS;
	if (c->writing && (at == 0 || c->progress_ms + l->write_stall_ms < at))
		at = c->progress_ms + l->write_stall_ms;
	return at;
}

static void arm(struct conn *c)
{
	uint64_t at = c->end != CONN_CLOSED ? deadline(c) : 0;

	if (c->end == CONN_CLOSED)
		return;
	if (at != 0)
		timer_at(c->timer, at);
	else
		timer_stop(c->timer);
}

static bool body_too_slow(const struct conn *c, uint64_t now)
{
	const struct server_limits *l = &c->server->limits;
	uint64_t ms = now - c->since_ms;

	return c->ctx != NULL && !c->request_done && c->body_mode != BODY_UNWANTED &&
	       !c->body_paused && l->body_rate > 0 && ms > l->body_grace_ms &&
	       c->body_bytes * 1000 / ms < l->body_rate;
}

static void check_stall(struct conn *c, uint64_t now)
{
	size_t left = uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp);

	if (left != c->progress_left) {
		c->progress_left = left;
		c->progress_ms = now;
	} else if (now >= c->progress_ms + c->server->limits.write_stall_ms) {
		conn_lost(c);
	}
}

static void on_deadline(void *ctx)
{
	struct conn *c = ctx;
	const struct server_limits *l = &c->server->limits;
	uint64_t now = loop_now_ms(c->server->loop);
	struct err e = { 0 };

	if (c->writing)
		check_stall(c, now);
	if (c->end == CONN_CLOSED)
		return;
	if (c->end == CONN_LINGER && now >= c->since_ms + c->server->limits.linger_ms) {
		close_now(c);
		return;
	}
	if (c->discarding && now >= c->since_ms + l->header_ms) {
		close_now(c);
		return;
	}
	if (c->ctx == NULL && c->end == CONN_OPEN && http1_in_head(c->http) &&
		now >= c->since_ms + l->header_ms) {
		err_set(&e, ERR_REQUEST_TIMEOUT, "request head was not complete within %llu ms",
			(unsigned long long)l->header_ms);
		fail_request(c, &e);
	} else if (c->ctx == NULL && c->end == CONN_OPEN && !is_sending(c) &&
		   now >= c->since_ms + l->idle_ms) {
		close_now(c);
		return;
	} else if (body_too_slow(c, now)) {
		err_set(&e, ERR_REQUEST_TIMEOUT,
			"request body arrives slower than %zu bytes a second", l->body_rate);
		fail_request(c, &e);
	}
	arm(c);
}

/* ---- the reply ---- */

static void add_header(struct buf *out, struct str name, struct str value)
{
	buf_add(out, name);
	buf_add(out, STR(": "));
	buf_add(out, value);
	buf_add(out, STR("\r\n"));
}

/* Whether the rest of a request that was answered early is worth reading, to keep the connection. */
static bool may_discard(const struct conn *c)
{
	return c->head->has_length && c->head->content_length <= c->server->limits.discard_bytes &&
	       !c->head->expect_continue && c->pending.kind == ERR_NONE && !c->failed;
}

/* Whether the connection can serve another request after this reply. */
static bool keeps_alive(const struct conn *c)
{
	return c->head->keep_alive && (c->request_done || may_discard(c)) && !c->server->draining &&
	       c->end == CONN_OPEN;
}

/* Memory for what is about to be queued. */
static void take_spare(struct conn *c)
{
	if (c->out.cap == 0 && c->server->nspare > 0)
		c->out = c->server->spare[--c->server->nspare];
}

void conn_reply_head(struct conn *c, const struct conn_reply *r)
{
	size_t before = c->out.n;

	assert(!c->replied);
	take_spare(c);
	c->replied = true;
	c->no_body = r->length == CONN_NO_BODY || c->head->method == HTTP_HEAD;
	c->chunked = r->length == CONN_LENGTH_UNKNOWN && !c->no_body && c->head->minor >= 1;
	buf_add(&c->out, STR("HTTP/1.1 "));
	buf_add_number(&c->out, r->status, 10);
	buf_add_char(&c->out, ' ');
	buf_add(&c->out, r->reason);
	buf_add(&c->out, STR("\r\n"));
	for (size_t i = 0; i < r->n; i++)
		add_header(&c->out, r->h[i].name, r->h[i].value);
	if (r->length >= 0) {
		buf_add(&c->out, STR("Content-Length: "));
		buf_add_number(&c->out, (uint64_t)r->length, 10);
		buf_add(&c->out, STR("\r\n"));
	} else if (c->chunked) {
		buf_add(&c->out, STR("Transfer-Encoding: chunked\r\n"));
	}
	if (!keeps_alive(c))
		buf_add(&c->out, STR("Connection: close\r\n"));
	if (!keeps_alive(c) || (r->length == CONN_LENGTH_UNKNOWN && !c->chunked && !c->no_body))
		c->head_closes = true;
	buf_add(&c->out, STR("\r\n"));
	c->reply_bytes += c->out.n - before;
	mark_dirty(c);
}

void conn_reply_body(struct conn *c, struct str bytes)
{
	size_t before = c->out.n;

	assert(c->replied);
	take_spare(c);
	if (bytes.n == 0 || c->no_body || !buf_reserve(&c->out, bytes.n + CHUNK_BYTES))
		return;
	if (c->chunked) {
		buf_add_number(&c->out, bytes.n, 16);
		buf_add(&c->out, STR("\r\n"));
	}
	buf_add(&c->out, bytes);
	if (c->chunked)
		buf_add(&c->out, STR("\r\n"));
	c->reply_bytes += c->out.n - before;
	c->was_full |= conn_full(c);
	mark_dirty(c);
}

static void forget_request(struct conn *c)
{
	c->ctx = NULL;
	c->into = NULL;
	c->pending = (struct err){ 0 };
	c->since_ms = loop_now_ms(c->server->loop);
	mark_dirty(c);
}

void conn_reply_end(struct conn *c)
{
	assert(c->replied);
	if (c->chunked)
		buf_add(&c->out, STR("0\r\n\r\n"));
	if (c->head_closes || !keeps_alive(c))
		c->end = c->request_done ? CONN_FLUSH_CLOSE : CONN_FLUSH_LINGER;
	c->discarding = !c->request_done && c->end == CONN_OPEN;
	forget_request(c);
	if (c->end == CONN_OPEN)
		wake(c);
}

void conn_reply_abort(struct conn *c)
{
	/* The end of an HTTP/1.0 reply is the end of the connection: only a reset says that it is not whole. */
	c->end = c->replied && !c->chunked ? CONN_FLUSH_RESET : CONN_FLUSH_CLOSE;
	forget_request(c);
}

void conn_reply_reset(struct conn *c)
{
	c->end = CONN_FLUSH_RESET;
	forget_request(c);
}

void conn_reply_drop(struct conn *c)
{
	forget_request(c);
	close_now(c);
}

size_t conn_queued(const struct conn *c)
{
	return c->out.n + c->sending.n;
}

bool conn_full(const struct conn *c)
{
	return conn_queued(c) > c->server->limits.queue_bytes;
}

uint64_t conn_sent_bytes(const struct conn *c)
{
	return c->reply_bytes;
}

bool conn_replied(const struct conn *c)
{
	return c->replied;
}

static void after_flush(struct conn *c)
{
	if (c->out.cap > KEEP_BYTES)
		buf_release(&c->out);
	if (c->ctx == NULL && c->end == CONN_OPEN && !http1_in_head(c->http))
		c->since_ms = loop_now_ms(c->server->loop); /* from now on it is idle */
	if (c->end == CONN_FLUSH_LINGER)
		start_linger(c);
	else if (c->end == CONN_FLUSH_CLOSE || c->end == CONN_FLUSH_RESET)
		close_now(c);
	if (c->end != CONN_CLOSED)
		set_reading(c);
	arm(c);
}

static void on_written(uv_write_t *w, int status)
{
	struct conn *c = w->data;

	c->writing = false;
	buf_release(&c->sending);
	if (c->end == CONN_CLOSED)
		return;
	if (status != 0)
		conn_lost(c);
	else
		conn_flush(c);
}

/* Hands the rest of the output to libuv, which keeps it until the socket takes it. */
static void write_rest(struct conn *c, size_t written)
{
	struct buf spare = c->sending;

	c->sending = c->out;
	c->out = spare;
	c->writing = true;
	c->write.data = c;
	c->progress_ms = loop_now_ms(c->server->loop);
	uv_buf_t b = uv_buf_init(c->sending.p + written, (unsigned)(c->sending.n - written));
	c->progress_left = b.len;
	if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &b, 1, on_written) != 0) {
		c->writing = false;
		conn_lost(c);
	}
}

static void tell_drained(struct conn *c)
{
	if (!c->was_full || c->out.n + c->sending.n > c->server->limits.queue_bytes / 2)
		return;
	c->was_full = false;
	if (c->ctx != NULL)
		c->server->ev->drained(c->ctx);
	else
		wake(c); /* requests read ahead have waited for this */
}

/* All of it is with the kernel. Who sends little at a time needs no memory of its own in between. */
static void forget_output(struct conn *c)
{
	struct server *s = c->server;
	bool small = c->out.n <= RELEASE_BYTES;

	buf_clear(&c->out);
	if (s->nspare < SPARES && c->out.cap <= KEEP_BYTES) {
		s->spare[s->nspare++] = c->out;
		buf_init(&c->out, SIZE_MAX);
	} else if (small) {
		buf_release(&c->out);
	}
}

void conn_flush(struct conn *c)
{
	if (c->writing || c->end == CONN_CLOSED)
		return;
	if (c->out.n > 0) {
		uv_buf_t b = uv_buf_init(c->out.p, (unsigned)c->out.n);
		int n = uv_try_write((uv_stream_t *)&c->tcp, &b, 1);
		if (n < 0 && n != UV_EAGAIN) {
			conn_lost(c);
			return;
		}
		if (n < 0)
			n = 0;
		if ((size_t)n < c->out.n)
			write_rest(c, (size_t)n);
		else
			forget_output(c);
	}
	if (c->end == CONN_CLOSED)
		return;
	tell_drained(c);
	if (c->out.n == 0 && !c->writing)
		after_flush(c);
	else
		arm(c);
}

/* ---- beginning ---- */

static void note_peer(struct conn *c)
{
	struct sockaddr_storage a;
	int n = sizeof(a);

	if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&a, &n) == 0)
		uv_ip_name((struct sockaddr *)&a, c->peer, sizeof(c->peer));
}

static void refuse_connection(struct conn *c)
{
	struct err e = { 0 };

	err_set(&e, ERR_OVERLOADED, "more than %zu connections are open",
		c->server->limits.connections);
	fail_request(c, &e);
}

void conn_accept(struct server *s, uv_stream_t *listener)
{
	struct conn *c = must_alloc(sizeof(*c));

	c->server = s;
	c->tcp.data = c;
	list_init(&c->link);
	list_init(&c->dirty);
	list_init(&c->deaf);
	deferred_init(&c->pump, pump, c);
	buf_init(&c->ahead, SIZE_MAX);
	buf_init(&c->out, SIZE_MAX);
	buf_init(&c->sending, SIZE_MAX);
	int rc = uv_tcp_init(loop_uv(s->loop), &c->tcp);
	assert(rc == 0);
	s->nconns++;
	list_push(&s->conns, &c->link);
	c->http = http1_new(&s->limits.head);
	c->timer = timer_new(s->loop, on_deadline, c);
	c->since_ms = loop_now_ms(s->loop);
	if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0) {
		close_now(c);
		return;
	}
	uv_tcp_nodelay(&c->tcp, 1);
	note_peer(c);
	if (s->nconns > s->limits.connections)
		refuse_connection(c);
	set_reading(c);
	arm(c);
}

void conn_drain(struct conn *c)
{
	if (c->ctx == NULL && c->end == CONN_OPEN) {
		c->end = CONN_FLUSH_CLOSE;
		mark_dirty(c);
	} else if (c->end == CONN_LINGER) {
		close_now(c);
	}
}
