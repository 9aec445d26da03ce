/* SPDX-License-Identifier: MIT */
/* The real upstream and a provider that is a socket: what is sent, what is handed over, flow in both directions. How it
 * fails is in test_upstream_failures, pooled connections are in test_upstream_pool. */
#include "unit/io/provider.h"

#include <sys/syscall.h>
#include <zlib.h>

/* ---- what is sent ---- */

/* Leaves the Host line out, which names a port of the moment. */
static struct str without_host(struct buf *got, const struct provider *p)
{
	char host[64];
	int n = snprintf(host, sizeof(host), "Host: 127.0.0.1:%u\r\n", p->port);
	size_t at = str_find(buf_str(got), str_from(host));

	assert_true(at < got->n);
	memmove(got->p + at, got->p + at + n, got->n - at - (size_t)n);
	got->n -= (size_t)n;
	return buf_str(got);
}

#define TARGET  "/a/../b?x=%7e&&"
#define HEADERS "X-B: 2\r\nx-a: one, two\r\nX-B: 3\r\nempty:\r\nAccept-Encoding: identity\r\n"

static void sends_what_it_is_told(void **state)
{
	static const struct http_header h[] = {
		{ STR_INIT("X-B"), STR_INIT("2") },
		{ STR_INIT("x-a"), STR_INIT("one, two") },
		{ STR_INIT("X-B"), STR_INIT("3") },
		{ STR_INIT("empty"), STR_INIT("") },
		{ STR_INIT("Accept-Encoding"), STR_INIT("identity") },
	};
	static const struct {
		enum http_method method;
		const char *body, *want; /* body NULL: none */
	} rows[] = {
		{ HTTP_GET, NULL, "GET " TARGET " HTTP/1.1\r\n" HEADERS "\r\n" },
		{ HTTP_POST, "{}",
			"POST " TARGET " HTTP/1.1\r\n" HEADERS "Content-Length: 2\r\n\r\n{}" },
		{ HTTP_POST, NULL,
			"POST " TARGET " HTTP/1.1\r\n" HEADERS "Content-Length: 0\r\n\r\n" },
		{ HTTP_DELETE, NULL, "DELETE " TARGET " HTTP/1.1\r\n" HEADERS "\r\n" },
		{ HTTP_PUT, "x",
			"PUT " TARGET " HTTP/1.1\r\n" HEADERS "Content-Length: 1\r\n\r\nx" },
		{ HTTP_GET, "y",
			"GET " TARGET " HTTP/1.1\r\n" HEADERS "Content-Length: 1\r\n\r\ny" },
		{ HTTP_OPTIONS, NULL, "OPTIONS " TARGET " HTTP/1.1\r\n" HEADERS "\r\n" },
		{ HTTP_PATCH, "z",
			"PATCH " TARGET " HTTP/1.1\r\n" HEADERS "Content-Length: 1\r\n\r\nz" },
		/* Nothing of the one before is left in it. */
		{ HTTP_GET, NULL, "GET " TARGET " HTTP/1.1\r\n" HEADERS "\r\n" },
	};
	struct provider p;
	struct buf got;
	int fd = -1;

	provider_open(&p);
	buf_init(&got, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct upstream_request rq = request_to(&p, rows[i].method, str_from(rows[i].body));
		struct call c;
		rq.target = TARGET;
		rq.h = h;
		rq.n = ARRAY_LEN(h);
		buf_clear(&got);
		call_start(&c, &p, &rq);
		fd = i == 0 ? provider_accept(&p) : fd;
		provider_read(&p, fd, &got);
		assert_str(without_host(&got, &p), str_from(rows[i].want));
		say(p.loop, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
		assert_ended(&c, UPSTREAM_OK);
		call_release(&c);
	}
	close(fd);
	buf_release(&got);
	provider_close(&p);
}

static void streams_a_body_up(void **state)
{
	for (int told = 0; told < 2; told++) {
		struct provider p;
		struct call c;
		struct buf got;
		provider_open(&p);
		struct upstream_request rq = request_to(&p, HTTP_POST, (struct str){ NULL, 0 });
		rq.streamed = true;
		rq.streamed_length = told ? 6 : -1;
		buf_init(&got, SIZE_MAX);
		call_start(&c, &p, &rq);
		int fd = provider_accept(&p);
		transfer_send(c.t, STR("abc"));
		assert_false(transfer_body_sent(c.t));
		hear_until(p.loop, fd, &got, "abc");
		transfer_send(c.t, STR("def"));
		transfer_send_end(c.t);
		hear_until(p.loop, fd, &got, told ? "abcdef" : "def\r\n0\r\n\r\n");
		assert_true(is_whole(buf_str(&got)));
		until(p.loop, transfer_body_sent(c.t));
		say(p.loop, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
		assert_ended(&c, UPSTREAM_OK);
		close(fd);
		call_release(&c);
		buf_release(&got);
		provider_close(&p);
	}
}

static void full_and_writable(void **state)
{
	static char piece[64 * 1024];
	struct provider p;
	struct call c;
	struct buf got;
	size_t sent = 0;

	provider_open(&p);
	struct upstream_request rq = request_to(&p, HTTP_POST, (struct str){ NULL, 0 });
	rq.streamed = true;
	rq.streamed_length = -1;
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int fd = provider_accept(&p);
	for (unsigned round = 0; round < 3; round++) {
		/* The provider reads nothing: it must fill up, and stay full. */
		while (!transfer_send_full(c.t)) {
			transfer_send(c.t, (struct str){ piece, sizeof(piece) });
			sent += sizeof(piece);
			assert_true(sent < 200 << 20);
			turn(p.loop);
		}
		calm(p.loop);
		unsigned before = c.writable;
		if (!transfer_send_full(c.t))
			continue; /* the kernel took some more: fill it again */
		until(p.loop, (hear(fd, &got, SIZE_MAX), c.writable > before));
		assert_false(transfer_send_full(c.t));
	}
	transfer_send_end(c.t);
	until(p.loop, (hear(fd, &got, SIZE_MAX), is_whole(buf_str(&got))));
	assert_true(got.n > sent);
	say(p.loop, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
	call_wait(&c);
	close(fd);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

static void large_bodies_go_up_whole(void **state)
{
	enum { BYTES = 5 << 20 };
	char *big = must_alloc(BYTES);
	struct provider p;
	struct call c;
	struct buf got;

	for (size_t i = 0; i < BYTES; i++)
		big[i] = (char)(i * 13 + i / 509);
	provider_open(&p);
	const struct upstream_request rq = request_to(&p, HTTP_POST, (struct str){ big, BYTES });
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int fd = provider_accept(&p);
	calm(p.loop);
	assert_false(transfer_body_sent(c.t));
	provider_read(&p, fd, &got);
	assert_true(str_ends(buf_str(&got), (struct str){ big, BYTES }));
	assert_true(transfer_body_sent(c.t));
	say(p.loop, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
	assert_ended(&c, UPSTREAM_OK);
	close(fd);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
	free(big);
}

static bool tight_sockets;

/* Stands in front of the C library's, so that libcurl's sockets take little at a time. */
int socket(int domain, int type, int protocol)
{
	int fd = (int)syscall(SYS_socket, domain, type, protocol);

	if (fd >= 0 && tight_sockets)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ 4096 }, sizeof(int));
	return fd;
}

/* A head that the socket does not take at once: the body behind it is framed all the same. */
static void large_heads_go_up_whole(void **state)
{
	enum { FILLER = 900000 };
	static char filler[FILLER];
	const struct http_header h = { STR("x-filler"), { filler, FILLER } };

	memset(filler, 'f', FILLER);
	tight_sockets = true;
	for (int kind = 0; kind < 3; kind++) {
		struct provider p;
		struct call c;
		struct buf got;
		provider_open(&p);
		struct upstream_request rq = request_to(
			&p, HTTP_POST, kind == 0 ? STR("body") : (struct str){ NULL, 0 });
		rq.h = &h;
		rq.n = 1;
		rq.streamed = kind > 0;
		rq.streamed_length = kind == 1 ? 4 : -1;
		buf_init(&got, SIZE_MAX);
		call_start(&c, &p, &rq);
		int fd = provider_accept(&p);
		if (kind > 0) {
			transfer_send(c.t, STR("body"));
			transfer_send_end(c.t);
		}
		calm(p.loop);
		hear_until(p.loop, fd, &got, "\r\n\r\n");
		/* What cannot be sent as it should may fail, but not be sent otherwise. */
		for (int i = 0; i < 200 && !c.done && !is_whole(buf_str(&got)); i++) {
			turn(p.loop);
			hear(fd, &got, SIZE_MAX);
			nap();
		}
		struct str body = str_from_offset(
			buf_str(&got), str_find(buf_str(&got), STR("\r\n\r\n")) + 4);
		if (!c.done) {
			assert_str(body, kind < 2 ? STR("body") : STR("4\r\nbody\r\n0\r\n\r\n"));
			say(p.loop, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
			assert_ended(&c, UPSTREAM_OK);
		} else {
			assert_int_equal(body.n, 0);
		}
		close(fd);
		call_release(&c);
		buf_release(&got);
		provider_close(&p);
	}
	tight_sockets = false;
}

/* ---- what is handed over ---- */

struct reply_row {
	enum http_method method;
	const char *bytes;
	unsigned status;
	const char *reason, *headers;
	int64_t length;
	const char *body;
	bool closes; /* the end of the connection is the end of the reply */
};

static void check_reply(const struct reply_row *row, size_t step)
{
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	const struct upstream_request rq = request_to(&p, row->method, (struct str){ NULL, 0 });
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int fd = provider_accept(&p);
	provider_read(&p, fd, &got);
	for (struct str rest = str_from(row->bytes); rest.n > 0;) {
		size_t n = step < rest.n ? step : rest.n;
		say(p.loop, fd, (struct str){ rest.p, n });
		rest = str_from_offset(rest, n);
	}
	if (row->closes)
		close(fd);
	assert_ended(&c, UPSTREAM_OK);
	assert_int_equal(c.heads, 1);
	assert_int_equal(c.status, row->status);
	assert_string_equal(c.reason, row->reason);
	assert_str(buf_str(&c.headers), str_from(row->headers));
	assert_int_equal(c.length, row->length);
	assert_str(buf_str(&c.body), str_from(row->body));
	if (!row->closes)
		close(fd);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

static void replies(void **state)
{
	static const struct reply_row rows[] = {
		{ HTTP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA: 1\r\n\r\nabc", 200, "OK",
			"A: 1\n", 3, "abc", false },
		/* Hop by hop headers and those that Connection names are left out; the rest stays in order. */
		{ HTTP_GET,
			"HTTP/1.1 404 Not  There\r\nZ: 1\r\nConnection: x, keep-alive\r\nX: 1\r\na:  2 \r\n"
			"Keep-Alive: 5\r\nZ: 3\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\n\r\n"
			"2\r\nab\r\n0\r\n\r\n",
			404, "Not  There", "Z: 1\na: 2\nZ: 3\n", -1, "ab", false },
		/* Trailers are not told. */
		{ HTTP_GET,
			"HTTP/1.1 200 OK\r\nTrailer: T\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n"
			"0\r\nT: 1\r\nContent-Type: x\r\n\r\n",
			200, "OK", "", -1, "a", false },
		/* 1xx are skipped, with their headers. */
		{ HTTP_POST,
			"HTTP/1.1 100 Continue\r\nA: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nB: 2\r\n\r\n"
			"HTTP/1.1 201 Made\r\nC: 3\r\nContent-Length: 0\r\n\r\n",
			201, "Made", "C: 3\n", 0, "", false },
		{ HTTP_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", 200, "OK", "", 99, "",
			false },
		{ HTTP_GET, "HTTP/1.1 204 No Content\r\n\r\n", 204, "No Content", "", -1, "",
			false },
		{ HTTP_GET, "HTTP/1.1 304 \r\nETag: e\r\n\r\n", 304, "", "ETag: e\n", -1, "",
			false },
		/* Until the connection ends. */
		{ HTTP_GET, "HTTP/1.1 200 OK\r\n\r\nabc", 200, "OK", "", -1, "abc", true },
		{ HTTP_GET, "HTTP/1.0 200 OK\r\nA: 1\r\n\r\n", 200, "OK", "A: 1\n", -1, "", true },
		/* Not followed, not answered. */
		{ HTTP_GET,
			"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
			302, "Found", "Location: http://127.0.0.1:1/\n", 0, "", false },
		{ HTTP_GET,
			"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno",
			401, "No", "WWW-Authenticate: Basic\n", 2, "no", false },
		{ HTTP_GET, "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", 407, "No", "", 0, "",
			false },
		/* Coded, and not to be decoded. */
		{ HTTP_GET,
			"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
			200, "OK", "Content-Encoding: gzip\n", 3, "abc", false },
		{ HTTP_GET, "HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n", 599, "", "", 0, "",
			false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		check_reply(&rows[i], SIZE_MAX);
		check_reply(&rows[i], 1);
		check_reply(&rows[i], 7);
	}
}

/* A HEAD request that has a body gets a reply that has none. */
static void head_with_a_body(void **state)
{
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	const struct upstream_request rq = request_to(&p, HTTP_HEAD, STR("x"));
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int fd = provider_accept(&p);
	provider_read(&p, fd, &got);
	assert_true(str_starts(buf_str(&got), STR("HEAD /t HTTP/1.1\r\n")));
	say(p.loop, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"));
	until(p.loop, c.heads == 1);
	for (int i = 0; i < 200 && !c.done; i++) {
		turn(p.loop);
		nap();
	}
	bool done = c.done;
	if (!done)
		transfer_cancel(c.t);
	close(fd);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
	assert_true(done);
}

static struct str gzipped(struct buf *out, struct str text)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)text.p, .avail_in = (uInt)text.n };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	buf_init(out, SIZE_MAX);
	assert_true(buf_reserve(out, deflateBound(&z, text.n)));
	z.next_out = (Bytef *)out->p;
	z.avail_out = (uInt)out->cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->n = z.total_out;
	deflateEnd(&z);
	return buf_str(out);
}

static void decodes(void **state)
{
	const struct str plain = STR("plain text, plain text, plain text");
	struct buf coded, got;
	const struct str gzip = gzipped(&coded, plain);
	const struct {
		bool decode;
		const char *coding, *headers;
		struct str sent, want;
		int64_t length;
	} rows[] = {
		{ true, "gzip", "A: 1\n", gzip, plain, -1 },
		{ true, "identity", "Content-Encoding: identity\nA: 1\n", plain, plain,
			(int)plain.n },
		{ false, "gzip", "Content-Encoding: gzip\nA: 1\n", gzip, gzip, (int)gzip.n },
	};
	struct provider p;

	provider_open(&p);
	buf_init(&got, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct call c;
		char head[200];
		struct upstream_request rq = request_to(&p, HTTP_GET, (struct str){ NULL, 0 });
		rq.decode = rows[i].decode;
		buf_clear(&got);
		call_start(&c, &p, &rq);
		int fd = provider_accept(&p);
		provider_read(&p, fd, &got);
		snprintf(head, sizeof(head),
			"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: %s\r\nA: 1\r\n"
			"Content-Length: %zu\r\n\r\n",
			rows[i].coding, rows[i].sent.n);
		say(p.loop, fd, str_from(head));
		say(p.loop, fd, rows[i].sent);
		close(fd);
		assert_ended(&c, UPSTREAM_OK);
		assert_int_equal(c.decoded, rows[i].length < 0);
		assert_int_equal(c.length, rows[i].length);
		assert_str(buf_str(&c.headers), str_from(rows[i].headers));
		assert_str(buf_str(&c.body), rows[i].want);
		call_release(&c);
	}
	buf_release(&coded);
	buf_release(&got);
	provider_close(&p);
}

/* Bytes go on as they come, not when there are many. */
static void streams_at_once(void **state)
{
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	const struct upstream_request rq = request_to(&p, HTTP_GET, (struct str){ NULL, 0 });
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int fd = provider_accept(&p);
	provider_read(&p, fd, &got);
	say(p.loop, fd, STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
	until(p.loop, c.heads == 1);
	for (size_t i = 1; i <= 5; i++) {
		say(p.loop, fd, STR("1\r\nx\r\n"));
		until(p.loop, c.body.n == i);
	}
	say(p.loop, fd, STR("0\r\n\r\n"));
	call_wait(&c);
	close(fd);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

/* ---- backpressure ---- */

static void paused_replies_wait(void **state)
{
	enum { BYTES = 6 << 20 };
	char *big = must_alloc(BYTES);
	struct provider p;
	struct call c;
	struct buf got;
	size_t sent = 0;

	for (size_t i = 0; i < BYTES; i++)
		big[i] = (char)(i * 11 + i / 257);
	provider_open(&p);
	const struct upstream_request rq = request_to(&p, HTTP_GET, (struct str){ NULL, 0 });
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	c.pause_at_body = true;
	int fd = provider_accept(&p);
	provider_read(&p, fd, &got);
	say(p.loop, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 6291456\r\n\r\n"));
	until(p.loop, c.heads == 1);
	while (sent < BYTES || !c.done) {
		ssize_t n = send(fd, big + sent, BYTES - sent, MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		unsigned bodies = c.bodies;
		turn(p.loop);
		turn(p.loop);
		/* After transfer_pause() no more come. */
		assert_true(c.bodies <= bodies + 1);
		if (c.bodies > 0 && !c.done) {
			bodies = c.bodies;
			transfer_resume(c.t);
			/* Not from inside the call. */
			assert_int_equal(c.bodies, bodies);
			turn(p.loop);
		}
	}
	assert_int_equal(c.why, UPSTREAM_OK);
	assert_true(str_eq(buf_str(&c.body), (struct str){ big, BYTES }));
	close(fd);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
	free(big);
}

/* Paused and resumed before anything came, twice, and in vain. */
static void idle_pauses(void **state)
{
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	const struct upstream_request rq = request_to(&p, HTTP_GET, (struct str){ NULL, 0 });
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	transfer_pause(c.t);
	transfer_resume(c.t);
	transfer_resume(c.t);
	transfer_pause(c.t);
	int fd = provider_accept(&p);
	provider_read(&p, fd, &got);
	say(p.loop, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"));
	until(p.loop, c.heads == 1);
	calm(p.loop);
	assert_int_equal(c.bodies, 0);
	assert_false(c.done);
	transfer_resume(c.t);
	transfer_pause(c.t);
	calm(p.loop);
	assert_int_equal(c.bodies, 0);
	transfer_resume(c.t);
	call_wait(&c);
	assert_bytes(buf_str(&c.body), "ab");
	close(fd);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

static void many_at_once(void **state)
{
	enum { MANY = 60 };
	struct provider p;
	struct call c[MANY];
	int fd[MANY];
	struct buf got;

	provider_open(&p);
	buf_init(&got, SIZE_MAX);
	for (int i = 0; i < MANY; i++) {
		const struct upstream_request rq = request_to(&p, HTTP_POST, STR("same"));
		call_start(&c[i], &p, &rq);
	}
	for (int i = 0; i < MANY; i++) {
		fd[i] = provider_accept(&p);
		buf_clear(&got);
		provider_read(&p, fd[i], &got);
	}
	for (int i = MANY - 1; i >= 0; i--)
		say(p.loop, fd[i], STR("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\neach"));
	for (int i = 0; i < MANY; i++) {
		call_wait(&c[i]);
		assert_int_equal(c[i].why, UPSTREAM_OK);
		assert_bytes(buf_str(&c[i].body), "each");
		call_release(&c[i]);
		close(fd[i]);
	}
	buf_release(&got);
	provider_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_what_it_is_told),
		cmocka_unit_test(streams_a_body_up),
		cmocka_unit_test(full_and_writable),
		cmocka_unit_test(large_bodies_go_up_whole),
		cmocka_unit_test(large_heads_go_up_whole),
		cmocka_unit_test(replies),
		cmocka_unit_test(head_with_a_body),
		cmocka_unit_test(decodes),
		cmocka_unit_test(streams_at_once),
		cmocka_unit_test(paused_replies_wait),
		cmocka_unit_test(idle_pauses),
		cmocka_unit_test(many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
