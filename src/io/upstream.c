/* SPDX-License-Identifier: MIT */
/* Transfers to providers on libcurl's multi interface. Rules about libcurl that are not obvious are said where
 * they are applied; how its descriptors are watched is in watch.c. */
#include "io/upstream.h"

#include "base/buf.h"
#include "io/watch.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	POOL_MAX = 64,            /* easy handles kept for reuse */
	RECEIVE_BYTES = 4 * 1024, /* libcurl's receive buffer, held as long as the transfer */
	UPLOAD_MIN = 16 * 1024,   /* libcurl's send buffer, by the size of the body */
	UPLOAD_MAX = 512 * 1024,
	/* Libcurl puts a smaller body that is not read by callback behind the head. */
	AT_ONCE_MAX = 64 * 1024,
	KEEPALIVE_S = 60,
};

struct upstream {
	struct loop *loop;
	CURLM *multi;
	struct watch *watch;
	struct timer *timer;
	struct deferred kick; /* libcurl wants to run at once */
	CURL *pool[POOL_MAX];
	unsigned npool;
	bool inside; /* in a libcurl call that may call back */
	bool forgets_chunking;
	struct upstream_limits limits;
	struct http_header *head; /* scratch for handing over a reply head */
	size_t nhead;
};

struct transfer {
	struct upstream *up;
	const struct upstream_events *ev;
	void *ctx;
	CURL *easy;
	curl_socket_t fd; /* that libcurl last wanted watched for it */
	bool http2;
	struct curl_slist *headers; /* one allocation */
	struct timer *timer;
	struct deferred unpause;

	struct str body;
	size_t body_at, body_max; /* body_max: the most that libcurl ever took */
	bool at_once;             /* the body leaves together with the head */
	bool asked;               /* a request was begun on some connection… */
	bool reused;              /* …first on a pooled one */
	long sent_before;         /* bytes, then */
	bool repeatable;          /* asking twice does no harm */
	bool streamed, send_ended;
	bool send_paused; /* libcurl was told that there is nothing to send now */
	bool send_was_full;
	bool send_begun;   /* a streamed body cannot be begun again */
	size_t head_least; /* of a chunked request: its head has no fewer bytes */
	struct buf send;

	unsigned nlines, max_headers;
	struct buf lines; /* header lines of the head that is arriving */
	unsigned status;
	bool head_given, decode, bodyless;

	bool pause_wanted, paused;
	uint64_t last_ms, first_byte_at_ms, idle_ms;
	char error[CURL_ERROR_SIZE];
};

/* ---- driving libcurl ---- */

static void finish(struct transfer *t, CURLcode rc);

static void reap(struct upstream *u)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(u->multi, &left)) != NULL) {
		struct transfer *t = NULL;
		CURLcode rc = m->data.result;
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		finish(t, rc);
	}
}

static void act(struct upstream *u, curl_socket_t fd, int what)
{
	int running;

	u->inside = true;
	curl_multi_socket_action(u->multi, fd, what, &running);
	u->inside = false;
}

static void on_ready(void *ctx, int fd, unsigned events)
{
	int what = ((events & WATCH_IN) != 0 ? CURL_CSELECT_IN : 0) |
		   ((events & WATCH_OUT) != 0 ? CURL_CSELECT_OUT : 0) |
		   ((events & WATCH_ERR) != 0 ? CURL_CSELECT_ERR : 0);

	act(ctx, fd, what);
}

static void on_ready_end(void *ctx)
{
	reap(ctx);
}

static void on_timeout(void *ctx)
{
	act(ctx, CURL_SOCKET_TIMEOUT, 0);
	reap(ctx);
}

static int want_timer(CURLM *multi, long ms, void *ctx)
{
	struct upstream *u = ctx;

	(void)multi;
	if (ms == 0)
		deferred_call(u->loop, &u->kick);
	else if (ms > 0)
		timer_at(u->timer, loop_now_ms(u->loop) + (uint64_t)ms);
	else
		timer_stop(u->timer);
	return 0;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *mark)
{
	struct upstream *u = ctx;
	struct transfer *t = NULL;
	unsigned events = 0;

	(void)mark;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= WATCH_IN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= WATCH_OUT;
	watch_set(u->watch, fd, events);
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
	if (t != NULL && events != 0)
		t->fd = fd;
	return 0;
}

/* Every socket of a connection is closed here. */
static int close_socket(void *ctx, curl_socket_t fd)
{
	struct upstream *u = ctx;

	watch_closed(u->watch, fd);
	return close(fd);
}

struct upstream *upstream_new(struct loop *l)
{
	struct upstream *u = must_alloc(sizeof(*u));

	curl_global_init(CURL_GLOBAL_DEFAULT);
	u->forgets_chunking = curl_version_info(CURLVERSION_NOW)->version_num < 0x080700;
	u->loop = l;
	u->multi = curl_multi_init();
	assert(u->multi != NULL);
	u->timer = timer_new(l, on_timeout, u);
	u->watch = watch_new(l, on_ready, on_ready_end, u);
	deferred_init(&u->kick, on_timeout, u);
	curl_multi_setopt(u->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(u->multi, CURLMOPT_SOCKETDATA, u);
	curl_multi_setopt(u->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(u->multi, CURLMOPT_TIMERDATA, u);
	return u;
}

void upstream_set_limits(struct upstream *u, const struct upstream_limits *limits)
{
	u->limits = *limits;
	curl_multi_setopt(u->multi, CURLMOPT_MAXCONNECTS, (long)limits->connections);
}

void upstream_free(struct upstream *u)
{
	if (u == NULL)
		return;
	while (u->npool > 0)
		curl_easy_cleanup(u->pool[--u->npool]);
	curl_multi_cleanup(u->multi);
	deferred_cancel(&u->kick);
	timer_free(u->timer);
	watch_free(u->watch);
	free(u->head);
	curl_global_cleanup();
	free(u);
}

/* ---- what libcurl asks of a transfer ---- */

/* How many bytes of requests have left, without bodies that libcurl read by a callback. */
static long sent_bytes(const struct transfer *t)
{
	long n = 0;

	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &n);
	return n;
}

/* Before 8.7 libcurl forgets that a body is to be chunked when the head before it did not leave at once: its bytes
 * would follow without framing. */
static bool head_was_split(const struct transfer *t)
{
	return t->up->forgets_chunking && (size_t)sent_bytes(t) < t->head_least;
}

/* Whether the provider may have had the whole request. */
static bool whole_sent(const struct transfer *t)
{
	if (t->at_once)
		return t->asked && sent_bytes(t) > t->sent_before;
	return t->asked && !t->streamed && t->body_max == t->body.n;
}

static size_t read_streamed(struct transfer *t, char *to, size_t room)
{
	size_t n = t->send.n < room ? t->send.n : room;

	if (!t->send_begun && head_was_split(t))
		return CURL_READFUNC_ABORT;
	if (n == 0 && !t->send_ended) {
		t->send_paused = true;
		return CURL_READFUNC_PAUSE;
	}
	if (n > 0) {
		memcpy(to, t->send.p, n);
		buf_drop(&t->send, n);
		t->send_begun = true;
	}
	if (t->send_was_full && t->send.n <= t->up->limits.send_bytes / 2)
		deferred_call(t->up->loop, &t->unpause);
	return n;
}

static size_t on_read(char *to, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t room = size * count;

	if (t->streamed)
		return read_streamed(t, to, room);
	size_t n = t->body.n - t->body_at < room ? t->body.n - t->body_at : room;
	if (n > 0)
		memcpy(to, t->body.p + t->body_at, n);
	t->body_at += n;
	t->body_max = t->body_at > t->body_max ? t->body_at : t->body_max;
	return n;
}

/* Refusing to rewind keeps libcurl from sending a request a second time by itself when a pooled connection dies
 * after some of the body was sent: that would be two model calls. It reports CURLE_SEND_FAIL_REWIND. */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	(void)ctx;
	(void)offset;
	(void)origin;
	return CURL_SEEKFUNC_FAIL;
}

static bool is_reused(CURL *easy)
{
	long connects = 1;

	return curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects) == CURLE_OK &&
	       connects == 0;
}

/* Called right before a request is sent on a connection, also when libcurl begins anew because a pooled connection
 * died before any of the body was sent. What was read then was lost with it. */
static int on_request(void *ctx, char *peer_ip, char *local_ip, int peer_port, int local_port)
{
	struct transfer *t = ctx;

	(void)peer_ip, (void)local_ip, (void)peer_port, (void)local_port;
	if (t->send_begun || (whole_sent(t) && !t->repeatable))
		return CURL_PREREQFUNC_ABORT;
	if (!t->asked) {
		t->reused = is_reused(t->easy);
		t->sent_before = sent_bytes(t);
	}
	t->asked = true;
	t->body_at = 0;
	return CURL_PREREQFUNC_OK;
}

static void touch(struct transfer *t)
{
	t->last_ms = loop_now_ms(t->up->loop);
}

/* Parses the gathered lines into the scratch array; the views point into t->lines. */
static size_t split_lines(struct transfer *t, struct upstream_reply *r)
{
	struct str rest = buf_str(&t->lines), line;
	struct http_header *h = t->up->head;
	size_t n = 0;

	while (rest.n > 0 && str_split(&rest, '\n', &line)) {
		if (http_status_line(line, &r->status, &r->reason) ||
			!http_header_line(line, &h[n]))
			continue;
		if (str_eq_nocase(h[n].name, STR("content-length"))) {
			uint64_t length;
			if (str_to_u64(h[n].value, &length) && length <= INT64_MAX)
				r->length = (int64_t)length;
		}
		n++;
	}
	return n;
}

/* Leaves out what belongs to one hop, framing, and a coding that is being undone. */
static size_t keep_end_to_end(struct transfer *t, struct upstream_reply *r, size_t n)
{
	struct http_header *h = t->up->head;
	const struct http_head all = { .h = h, .n = n };
	struct str coding = http_get(&all, STR("content-encoding"));
	struct http_header *kept = must_realloc(NULL, (n + 1) * sizeof(*kept));
	size_t m = 0;

	r->decoded = t->decode && !t->bodyless && r->status != 204 && r->status != 304 &&
		     coding.n > 0 && !str_eq_nocase(coding, STR("identity"));
	if (r->decoded)
		r->length = -1;
	for (size_t i = 0; i < n; i++) {
		if (http_hop_by_hop(&all, h[i].name) ||
			str_eq_nocase(h[i].name, STR("content-length")) ||
			(r->decoded && str_eq_nocase(h[i].name, STR("content-encoding"))))
			continue;
		kept[m++] = h[i];
	}
	memcpy(h, kept, m * sizeof(*kept));
	free(kept);
	return m;
}

static void give_head(struct transfer *t)
{
	struct upstream_reply r = { .length = -1 };

	if (t->up->nhead < t->nlines) {
		t->up->nhead = t->nlines;
		t->up->head = must_realloc(t->up->head, t->nlines * sizeof(*t->up->head));
	}
	r.h = t->up->head;
	r.n = keep_end_to_end(t, &r, split_lines(t, &r));
	t->head_given = true;
	curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 0L);
	timer_at(t->timer, t->last_ms + t->idle_ms);
	if (transfer_body_sent(
		    t)) /* gives libcurl's send buffer back; streams stay open for long */
		curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_MIN);
	t->ev->head(t->ctx, &r);
	buf_release(&t->lines);
}

static size_t on_header(char *p, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	struct str line = { p, size * count };
	struct str reason;

	touch(t);
	if (t->head_given) /* trailers */
		return line.n;
	if (http_status_line(line, &t->status, &reason)) {
		buf_clear(&t->lines);
		t->nlines = 0;
	}
	if (str_trim(line).n > 0) {
		buf_add(&t->lines, line);
		t->nlines++;
	} else if (t->status >= 200) {
		give_head(t);
	}
	/* The status line is one of the lines. */
	return t->lines.overflow || t->nlines > t->max_headers + 1 ? 0 : line.n;
}

static size_t on_body(char *p, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;

	if (t->pause_wanted) {
		t->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	touch(t);
	t->ev->body(t->ctx, (struct str){ p, size * count });
	return size * count;
}

/* ---- timeouts ---- */

/* Only the handle of a good transfer serves again: in libcurl 8.14 one that could not rewind fails for ever
 * after (curl/curl#18206). Connections are the multi handle's and stay. */
static void release(struct transfer *t, bool good)
{
	struct upstream *u = t->up;

	curl_multi_remove_handle(u->multi, t->easy);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, NULL);
	if (good && u->npool < POOL_MAX)
		u->pool[u->npool++] = t->easy;
	else
		curl_easy_cleanup(t->easy);
	timer_free(t->timer);
	deferred_cancel(&t->unpause);
	buf_release(&t->lines);
	buf_release(&t->send);
	free(t->headers);
	free(t);
}

static void end(struct transfer *t, enum upstream_failure why, const char *text)
{
	const struct upstream_events *ev = t->ev;
	void *ctx = t->ctx;
	char copy[CURL_ERROR_SIZE];

	snprintf(copy, sizeof(copy), "%s", text);
	release(t, why == UPSTREAM_OK);
	ev->done(ctx, why, copy);
}

static void on_wait(void *ctx)
{
	struct transfer *t = ctx;
	uint64_t now = loop_now_ms(t->up->loop);
	uint64_t at = t->head_given ? t->last_ms + t->idle_ms : t->first_byte_at_ms;

	if (t->paused) /* the client is the slow one */
		at = now + t->idle_ms;
	if (now < at)
		timer_at(t->timer, at);
	else if (t->head_given)
		end(t, UPSTREAM_TIMEOUT, "the provider fell silent");
	else
		end(t, UPSTREAM_TIMEOUT, "the provider did not begin to reply in time");
}

/* A pooled connection failed before the provider can have had the whole request. */
static enum upstream_failure broken_or_stale(const struct transfer *t)
{
	bool stale = !t->head_given && !t->streamed && t->reused && !whole_sent(t);

	return stale ? UPSTREAM_STALE : UPSTREAM_BROKEN;
}

static enum upstream_failure failure_of(const struct transfer *t, CURLcode rc)
{
	switch (rc) {
	case CURLE_OK:
		return UPSTREAM_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_PROXY:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		/* Libcurl may have come here from a pooled connection that died. */
		return t->asked ? broken_or_stale(t) : UPSTREAM_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return UPSTREAM_TIMEOUT;
	case CURLE_UNSUPPORTED_PROTOCOL: /* an HTTP/0.9 reply, or none */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_WRITE_ERROR:
		return UPSTREAM_BAD_REPLY;
	default:
		return broken_or_stale(t);
	}
}

static void finish(struct transfer *t, CURLcode rc)
{
	/* libcurl takes a pooled connection with bytes waiting on it for a live one, and them for the next reply. (On
	 * an HTTP/2 connection others may be answered meanwhile, and streams cannot be confused.) */
	if (rc == CURLE_OK && !t->http2 && t->fd != CURL_SOCKET_BAD)
		watch_idle(t->up->watch, t->fd);
	if (rc == CURLE_OK && !t->head_given)
		end(t, UPSTREAM_BAD_REPLY, "the reply ended within its head");
	else if (rc == CURLE_ABORTED_BY_CALLBACK) /* on_request or read_streamed */
		end(t, failure_of(t, rc), "the connection failed while the request was being sent");
	else
		end(t, failure_of(t, rc), t->error[0] != '\0' ? t->error : curl_easy_strerror(rc));
}

/* ---- starting ---- */

/* No more than libcurl makes of it. */
static size_t head_bytes(const struct upstream_request *rq)
{
	size_t n = strlen(rq->target);

	for (size_t i = 0; i < rq->n; i++)
		n += rq->h[i].name.n + rq->h[i].value.n + 3;
	return n;
}

/* The header list in one allocation: libcurl only reads it. */
static struct curl_slist *make_headers(const struct upstream_request *rq)
{
	const struct http_head head = { .h = (struct http_header *)(uintptr_t)rq->h, .n = rq->n };
	/* libcurl adds these by itself unless they are set or blanked. */
	const char *blank[4] = { "Expect:" };
	size_t nblank = 1, i = 0;

	if (http_get(&head, STR("accept")).p == NULL)
		blank[nblank++] = "Accept:";
	if (http_get(&head, STR("content-type")).p == NULL)
		blank[nblank++] = "Content-Type:";
	if (rq->streamed && rq->streamed_length < 0)
		blank[nblank++] = "Transfer-Encoding: chunked";
	struct curl_slist *list =
		must_realloc(NULL, (rq->n + nblank) * sizeof(*list) + head_bytes(rq));
	char *at = (char *)(list + rq->n + nblank);
	for (i = 0; i < rq->n; i++) {
		struct http_header h = rq->h[i];
		list[i] = (struct curl_slist){ .data = at, .next = &list[i + 1] };
		at = mempcpy(at, h.name.p, h.name.n);
		/* "Name;" is libcurl's spelling of a header with an empty value. */
		at = h.value.n > 0 ? mempcpy(mempcpy(at, ": ", 2), h.value.p, h.value.n)
				   : mempcpy(at, ";", 1);
		*at++ = '\0';
	}
	for (size_t k = 0; k < nblank; k++, i++)
		list[i] = (struct curl_slist){ .data = (char *)(uintptr_t)blank[k],
			.next = &list[i + 1] };
	list[i - 1].next = NULL;
	return list;
}

static CURL *easy_new(struct upstream *u)
{
	CURL *e = curl_easy_init();

	assert(e != NULL);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* Otherwise removing a handle while its name resolves waits for the resolver. */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* Through a proxy always by CONNECT: a proxy that is given whole URLs would need another target, and
	 * could rewrite what passes. */
	curl_easy_setopt(e, CURLOPT_HTTPPROXYTUNNEL, 1L);
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, u);
	curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_request);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	return e;
}

static void set_method(CURL *e, const struct upstream_request *rq)
{
	/* A body of a HEAD has no meaning (RFC 9110 section 9.3.2), and libcurl would wait for one of the reply. */
	bool body = rq->method != HTTP_HEAD && (rq->streamed || rq->body.p != NULL);
	const char *name = NULL;

	if (body || rq->method == HTTP_POST) {
		int64_t length = rq->streamed ? rq->streamed_length : (int64_t)rq->body.n;
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
		name = rq->method != HTTP_POST ? http_method_name(rq->method).p : NULL;
	} else if (rq->method == HTTP_HEAD) {
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	} else {
		curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
		name = rq->method != HTTP_GET ? http_method_name(rq->method).p : NULL;
	}
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, name);
}

static void set_options(struct transfer *t, const struct upstream_request *rq)
{
	CURL *e = t->easy;
	/* A streamed request's head must fit as well: see head_was_split. */
	size_t upload = rq->streamed ? 64 * 1024 + 2 * t->head_least : rq->body.n;

	curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->at_once ? t->body.p : NULL);
	set_method(e, rq);
	curl_easy_setopt(e, CURLOPT_URL, rq->origin);
	curl_easy_setopt(e, CURLOPT_REQUEST_TARGET, rq->target);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
	/* Until a whole head was seen the connection is not to be kept: libcurl calls a reply that ends within its
	 * head a success. */
	curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE,
		(long)(upload < UPLOAD_MIN    ? UPLOAD_MIN
			: upload > UPLOAD_MAX ? UPLOAD_MAX
					      : upload));
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, rq->decode ? "" : NULL);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
		rq->http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_PIPEWAIT, rq->http2 ? 1L : 0L);
	curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, rq->fresh ? 1L : 0L);
	curl_easy_setopt(e, CURLOPT_PROXY, rq->proxy);
	curl_easy_setopt(e, CURLOPT_NOPROXY, rq->no_proxy);
	curl_easy_setopt(e, CURLOPT_CAINFO, rq->ca_file[0] != '\0' ? rq->ca_file : NULL);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)rq->connect_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)rq->total_ms);
	curl_easy_setopt(e, CURLOPT_READDATA, t);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
}

static void do_unpause(void *ctx);

struct transfer *upstream_start(struct upstream *u, const struct upstream_request *rq,
	const struct upstream_events *ev, void *ctx)
{
	struct transfer *t = must_alloc(sizeof(*t));

	t->up = u;
	t->ev = ev;
	t->ctx = ctx;
	if (rq->method != HTTP_HEAD)
		t->body = rq->body;
	t->repeatable =
		rq->method == HTTP_GET || rq->method == HTTP_HEAD || rq->method == HTTP_OPTIONS;
	t->streamed = rq->streamed;
	t->at_once = !rq->streamed && t->body.n < AT_ONCE_MAX && (t->body.n == 0 || !t->repeatable);
	t->decode = rq->decode;
	t->http2 = rq->http2;
	t->fd = CURL_SOCKET_BAD;
	t->bodyless = rq->method == HTTP_HEAD;
	t->idle_ms = rq->idle_ms;
	buf_init(&t->send, SIZE_MAX);
	buf_init(&t->lines, u->limits.header_bytes);
	t->max_headers = u->limits.headers;
	deferred_init(&t->unpause, do_unpause, t);
	t->timer = timer_new(u->loop, on_wait, t);
	touch(t);
	t->first_byte_at_ms = t->last_ms + rq->first_byte_ms;
	timer_at(t->timer, t->first_byte_at_ms);
	t->easy = u->npool > 0 ? u->pool[--u->npool] : easy_new(u);
	t->headers = make_headers(rq);
	t->head_least = rq->streamed && rq->streamed_length < 0 ? head_bytes(rq) : 0;
	set_options(t, rq);
	CURLMcode rc = curl_multi_add_handle(u->multi, t->easy);
	assert(rc == CURLM_OK);
	return t;
}

void transfer_cancel(struct transfer *t)
{
	assert(!t->up->inside);
	release(t, false);
}

/* ---- flow ---- */

void transfer_pause(struct transfer *t)
{
	t->pause_wanted = true;
}

void transfer_resume(struct transfer *t)
{
	t->pause_wanted = false;
	if (t->paused)
		deferred_call(t->up->loop, &t->unpause);
}

/* curl_easy_pause() may deliver data before it returns: it is called from the loop only. */
static void do_unpause(void *ctx)
{
	struct transfer *t = ctx;
	bool send_ready = t->send.n > 0 || t->send_ended;

	if (t->send_was_full && t->send.n <= t->up->limits.send_bytes / 2) {
		t->send_was_full = false;
		t->ev->writable(t->ctx);
	}
	if ((t->paused && !t->pause_wanted) || (t->send_paused && send_ready)) {
		t->paused = t->paused && t->pause_wanted;
		t->send_paused = t->send_paused && !send_ready;
		touch(t);
		t->up->inside = true;
		curl_easy_pause(t->easy,
			(t->paused ? CURLPAUSE_RECV : 0) | (t->send_paused ? CURLPAUSE_SEND : 0));
		t->up->inside = false;
		reap(t->up);
	}
}

void transfer_send(struct transfer *t, struct str bytes)
{
	buf_add(&t->send, bytes);
	t->send_was_full |= transfer_send_full(t);
	if (t->send_paused)
		deferred_call(t->up->loop, &t->unpause);
}

bool transfer_send_full(const struct transfer *t)
{
	return t->send.n >= t->up->limits.send_bytes;
}

void transfer_send_end(struct transfer *t)
{
	t->send_ended = true;
	if (t->send_paused)
		deferred_call(t->up->loop, &t->unpause);
}

bool transfer_body_sent(const struct transfer *t)
{
	if (t->streamed)
		return t->send_ended && t->send.n == 0;
	return t->at_once ? whole_sent(t) : t->body_at == t->body.n;
}

uint64_t transfer_last_ms(const struct transfer *t)
{
	return t->last_ms;
}
