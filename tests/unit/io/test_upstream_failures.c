/* SPDX-License-Identifier: MIT */
/* The real upstream and a provider that fails: what each failure is called, timeouts with tiny limits, and cancelling at
 * each point. No test says how long a timeout takes, only that it happens. */
#include "unit/io/provider.h"

#define HEAD "HTTP/1.1 200 OK\r\n"

static struct upstream_request get_from(const struct provider *p)
{
	return request_to(p, HTTP_GET, (struct str){ NULL, 0 });
}

/* ---- no connection ---- */

static void fails_to_connect(const char *origin, const char *proxy, enum upstream_failure why)
{
	struct provider p;
	struct call c;

	provider_open(&p);
	struct upstream_request rq = get_from(&p);
	rq.origin = origin != NULL ? origin : p.origin;
	rq.proxy = proxy;
	call_start(&c, &p, &rq);
	assert_ended(&c, why);
	assert_int_equal(c.heads, 0);
	assert_true(c.text[0] != '\0');
	call_release(&c);
	provider_close(&p);
}

static void no_connection(void **state)
{
	fails_to_connect("http://127.0.0.1:1", "", UPSTREAM_CONNECT);
	fails_to_connect("http://name.invalid", "", UPSTREAM_CONNECT);
	fails_to_connect("https://127.0.0.1:1", "", UPSTREAM_CONNECT);
	fails_to_connect(NULL, "http://127.0.0.1:1", UPSTREAM_CONNECT);
	fails_to_connect(NULL, "http://proxy.invalid:3128", UPSTREAM_CONNECT);
}

/* What is no TLS is no connection either: nothing was asked. */
static void no_tls(void **state)
{
	for (int how = 0; how < 2; how++) {
		struct provider p;
		struct call c;
		char origin[64];
		provider_open(&p);
		struct upstream_request rq = get_from(&p);
		snprintf(origin, sizeof(origin), "https://127.0.0.1:%u", p.port);
		rq.origin = origin;
		call_start(&c, &p, &rq);
		int fd = provider_accept(&p);
		if (how == 0)
			say(p.loop, fd, STR("HTTP/1.1 400 Bad Request\r\n\r\n"));
		close(fd);
		assert_ended(&c, UPSTREAM_CONNECT);
		call_release(&c);
		provider_close(&p);
	}
}

/* A proxy that does not let through. */
static void refused_by_the_proxy(void **state)
{
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	struct upstream_request rq = get_from(&p);
	rq.origin = "http://somewhere.example:81";
	rq.proxy = p.origin;
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int fd = provider_accept(&p);
	hear_until(p.loop, fd, &got, "\r\n\r\n");
	assert_true(str_starts(buf_str(&got), STR("CONNECT somewhere.example:81 HTTP/1.1\r\n")));
	say(p.loop, fd, STR("HTTP/1.1 403 No\r\nA: 1\r\nContent-Length: 2\r\n\r\nno"));
	call_wait(&c);
	assert_true(c.why == UPSTREAM_CONNECT || c.why == UPSTREAM_BROKEN);
	/* Its answer is not the provider's. */
	assert_int_equal(c.heads, 0);
	assert_int_equal(c.body.n, 0);
	close(fd);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

static void through_a_proxy(void **state)
{
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	struct upstream_request rq = get_from(&p);
	rq.origin = "http://somewhere.example:81";
	rq.proxy = p.origin;
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int fd = provider_accept(&p);
	hear_until(p.loop, fd, &got, "\r\n\r\n");
	say(p.loop, fd, STR("HTTP/1.1 200 Connected\r\nProxy: 1\r\n\r\n"));
	buf_clear(&got);
	provider_read(&p, fd, &got);
	assert_true(str_starts(
		buf_str(&got), STR("GET /t HTTP/1.1\r\nHost: somewhere.example:81\r\n")));
	say(p.loop, fd, STR(HEAD "Content-Length: 2\r\nB: 2\r\n\r\nok"));
	assert_ended(&c, UPSTREAM_OK);
	assert_bytes(buf_str(&c.headers), "B: 2\n");
	close(fd);
	call_release(&c);
	/* Not for those that are to be reached directly. */
	rq.origin = p.origin;
	rq.proxy = "http://127.0.0.1:1";
	rq.no_proxy = "localhost,127.0.0.1,::1";
	call_start(&c, &p, &rq);
	fd = provider_accept(&p);
	buf_clear(&got);
	provider_read(&p, fd, &got);
	say(p.loop, fd, STR(HEAD "Content-Length: 0\r\n\r\n"));
	assert_ended(&c, UPSTREAM_OK);
	close(fd);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

/* ---- bad and broken replies ---- */

static const struct {
	const char *bytes; /* then the connection ends */
	enum upstream_failure why;
	unsigned heads;
	const char *body;
	bool decode, reset;
} failing_replies[] = {
	{ "", UPSTREAM_BROKEN, 0, "", false, false },
	{ "", UPSTREAM_BROKEN, 0, "", false, true },
	{ "not HTTP at all\r\n\r\n", UPSTREAM_BAD_REPLY, 0, "", false, false },
	{ "HTTP/0.9 200 OK\r\n\r\n", UPSTREAM_BAD_REPLY, 0, "", false, false },
	{ "HTTP/9.9 200 OK\r\n\r\n", UPSTREAM_BAD_REPLY, 0, "", false, false },
	{ HEAD, UPSTREAM_BAD_REPLY, 0, "", false, false },
	{ HEAD "A: 1\r\n", UPSTREAM_BAD_REPLY, 0, "", false, false },
	{ "HTTP/1.1 100 Continue\r\n\r\n", UPSTREAM_BROKEN, 0, "", false, false },
	{ HEAD "Content-Length: 5\r\n\r\nab", UPSTREAM_BROKEN, 1, "ab", false, false },
	{ HEAD "Content-Length: 5\r\n\r\n", UPSTREAM_BROKEN, 1, "", false, true },
	{ HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", UPSTREAM_BROKEN, 1, "ab", false,
		false },
	{ HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nab", UPSTREAM_BROKEN, 1, "ab", false,
		false },
	{ HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\nab", UPSTREAM_BROKEN, 1, "", false, false },
	{ HEAD "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone", UPSTREAM_BAD_REPLY, 1, "",
		true, false },
	{ HEAD "Content-Encoding: lzma\r\nContent-Length: 4\r\n\r\nnone", UPSTREAM_BAD_REPLY, 1, "",
		true, false },
};

static void replies_that_fail(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(failing_replies); i++) {
		struct provider p;
		struct call c;
		struct buf got;
		provider_open(&p);
		struct upstream_request rq = request_to(&p, HTTP_POST, STR("{}"));
		rq.decode = failing_replies[i].decode;
		buf_init(&got, SIZE_MAX);
		call_start(&c, &p, &rq);
		int fd = provider_accept(&p);
		provider_read(&p, fd, &got);
		say(p.loop, fd, str_from(failing_replies[i].bytes));
		if (failing_replies[i].reset) {
			calm(p.loop);
			reset_socket(fd);
		} else {
			close(fd);
		}
		call_wait(&c);
		if (c.why != failing_replies[i].why)
			print_error("%s: %s\n", failing_replies[i].bytes, c.text);
		assert_int_equal(c.why, failing_replies[i].why);
		assert_int_equal(c.heads, failing_replies[i].heads);
		assert_str(buf_str(&c.body), str_from(failing_replies[i].body));
		assert_int_equal(provider_try(&p), -1); /* not tried again */
		call_release(&c);
		buf_release(&got);
		provider_close(&p);
	}
}

static void heads_too_large(void **state)
{
	for (int many = 0; many < 2; many++) {
		struct upstream_limits limits = generous_limits();
		struct provider p;
		struct call c;
		struct buf got;
		provider_open(&p);
		limits.headers = 10;
		limits.header_bytes = 2000;
		upstream_set_limits(p.up, &limits);
		const struct upstream_request rq = get_from(&p);
		buf_init(&got, SIZE_MAX);
		call_start(&c, &p, &rq);
		int fd = provider_accept(&p);
		provider_read(&p, fd, &got);
		say(p.loop, fd, STR(HEAD "Content-Length: 0\r\n"));
		for (int i = 0; i < (many ? 11 : 3); i++) {
			char line[1100];
			snprintf(line, sizeof(line), "h%d: %0*d\r\n", i, many ? 5 : 1000, 0);
			say(p.loop, fd, str_from(line));
		}
		say(p.loop, fd, STR("\r\n"));
		assert_ended(&c, UPSTREAM_BAD_REPLY);
		assert_int_equal(c.heads, 0);
		close(fd);
		call_release(&c);
		buf_release(&got);
		provider_close(&p);
	}
}

/* As many as may be. */
static void heads_just_not_too_large(void **state)
{
	struct upstream_limits limits = generous_limits();
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	limits.headers = 10;
	upstream_set_limits(p.up, &limits);
	const struct upstream_request rq = get_from(&p);
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int fd = provider_accept(&p);
	provider_read(&p, fd, &got);
	say(p.loop, fd, STR(HEAD "Content-Length: 0\r\n"));
	for (int i = 0; i < 9; i++)
		say(p.loop, fd, STR("h: 1\r\n"));
	say(p.loop, fd, STR("\r\n"));
	assert_ended(&c, UPSTREAM_OK);
	assert_bytes(buf_str(&c.headers), "h: 1\nh: 1\nh: 1\nh: 1\nh: 1\nh: 1\nh: 1\nh: 1\nh: 1\n");
	close(fd);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

/* Limits that shrink while a head is arriving hold for later ones. */
static void limits_change_within_a_head(void **state)
{
	struct upstream_limits limits = generous_limits();
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	const struct upstream_request rq = get_from(&p);
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int fd = provider_accept(&p);
	provider_read(&p, fd, &got);
	say(p.loop, fd, STR(HEAD "Content-Length: 0\r\n"));
	for (int i = 0; i < 100; i++)
		say(p.loop, fd, STR("h: 1\r\n"));
	calm(p.loop);
	limits.headers = 2;
	upstream_set_limits(p.up, &limits);
	say(p.loop, fd, STR("\r\n"));
	assert_ended(&c, UPSTREAM_OK);
	assert_int_equal(c.headers.n, 100 * 5);
	close(fd);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

/* ---- timeouts ---- */

struct timing {
	uint64_t connect_ms, first_byte_ms, idle_ms, total_ms;
	const char *bytes; /* what comes before the silence */
	unsigned heads;
};

static void timeouts(void **state)
{
	enum { LONG = 3600000 };
	static const struct timing rows[] = {
		{ LONG, 30, LONG, 0, "", 0 },
		{ LONG, 30, LONG, 0, "HTTP/1.1 100 Continue\r\n\r\n", 0 },
		{ LONG, 30, LONG, 0, HEAD "A: 1\r\n", 0 },
		{ LONG, LONG, 30, 0, HEAD "Content-Length: 9\r\n\r\n", 1 },
		{ LONG, LONG, 30, 0, HEAD "\r\nabc", 1 },
		{ LONG, LONG, LONG, 30, "", 0 },
		{ LONG, LONG, LONG, 30, HEAD "\r\nabc", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct provider p;
		struct call c;
		struct buf got;
		provider_open(&p);
		struct upstream_request rq = get_from(&p);
		rq.connect_ms = rows[i].connect_ms;
		rq.first_byte_ms = rows[i].first_byte_ms;
		rq.idle_ms = rows[i].idle_ms;
		rq.total_ms = rows[i].total_ms;
		buf_init(&got, SIZE_MAX);
		call_start(&c, &p, &rq);
		int fd = -1;
		/* The total time may be over before the request has come. */
		until(p.loop, c.done || (fd = provider_try(&p)) >= 0);
		if (fd >= 0)
			say(p.loop, fd, str_from(rows[i].bytes));
		assert_ended(&c, UPSTREAM_TIMEOUT);
		if (fd >= 0 && rows[i].total_ms == 0)
			assert_int_equal(c.heads, rows[i].heads);
		/* The provider sees that nobody waits any more. */
		if (fd >= 0)
			assert_true(hear_all(p.loop, fd, &got) >= HEARD_END);
		close(fd);
		call_release(&c);
		buf_release(&got);
		provider_close(&p);
	}
}

/* A full backlog takes no connection: the kernel drops what would open one. */
static void connect_timeout(void **state)
{
	struct provider p;
	struct call c;
	struct sockaddr_in a = { .sin_family = AF_INET };
	int filler[8];

	provider_open(&p);
	assert_int_equal(listen(p.listener, 0), 0);
	a.sin_port = htons((uint16_t)p.port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (size_t i = 0; i < ARRAY_LEN(filler); i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(filler[i], (struct sockaddr *)&a, sizeof(a));
	}
	struct upstream_request rq = get_from(&p);
	rq.connect_ms = 50;
	call_start(&c, &p, &rq);
	assert_ended(&c, UPSTREAM_TIMEOUT);
	for (size_t i = 0; i < ARRAY_LEN(filler); i++)
		close(filler[i]);
	call_release(&c);
	provider_close(&p);
}

/* Bytes that keep coming are no silence, and neither is a client that makes the transfer wait. */
static void no_timeout(void **state)
{
	for (int paused = 0; paused < 2; paused++) {
		struct provider p;
		struct call c;
		struct buf got;
		provider_open(&p);
		struct upstream_request rq = get_from(&p);
		rq.idle_ms = 1000;
		rq.first_byte_ms = 1000;
		buf_init(&got, SIZE_MAX);
		call_start(&c, &p, &rq);
		c.pause_at_body = paused;
		int fd = provider_accept(&p);
		provider_read(&p, fd, &got);
		say(p.loop, fd, STR(HEAD "Transfer-Encoding: chunked\r\n\r\n"));
		for (int i = 0; i < 15; i++) {
			say(p.loop, fd, STR("1\r\nx\r\n"));
			for (int k = 0; k < 100; k++) {
				nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
				turn(p.loop);
			}
			assert_false(c.done);
		}
		c.pause_at_body = false;
		transfer_resume(c.t);
		say(p.loop, fd, STR("0\r\n\r\n"));
		assert_ended(&c, UPSTREAM_OK);
		assert_int_equal(c.body.n, 15);
		close(fd);
		call_release(&c);
		buf_release(&got);
		provider_close(&p);
	}
}

/* ---- cancelling ---- */

/* At each point: no done(), and the provider sees the connection end. */
static void cancel_at_each_point(void **state)
{
	enum { CONNECTING, WAITING, IN_HEAD, STREAMING, PAUSED, RESUMED, POINTS };

	for (int point = 0; point < POINTS; point++) {
		struct provider p;
		struct call c;
		struct buf got;
		int fd = -1;
		provider_open(&p);
		const struct upstream_request rq = request_to(&p, HTTP_POST, STR("{}"));
		buf_init(&got, SIZE_MAX);
		call_start(&c, &p, &rq);
		c.pause_at_body = point >= PAUSED;
		if (point >= WAITING) {
			fd = provider_accept(&p);
			provider_read(&p, fd, &got);
		}
		if (point >= IN_HEAD)
			say(p.loop, fd, STR(HEAD "A: 1\r\n"));
		if (point >= STREAMING) {
			say(p.loop, fd, STR("Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"));
			until(p.loop, c.body.n == 1);
			say(p.loop, fd, STR("1\r\nx\r\n"));
			calm(p.loop);
		}
		if (point == RESUMED)
			transfer_resume(c.t);
		transfer_cancel(c.t);
		if (fd >= 0)
			assert_true(hear_all(p.loop, fd, &got) >= HEARD_END);
		calm(p.loop);
		assert_false(c.done);
		close(fd);
		call_release(&c);
		buf_release(&got);
		provider_close(&p);
	}
}

static void cancel_while_resolving_and_shaking_hands(void **state)
{
	struct provider p;
	struct call c;
	char origin[64];

	provider_open(&p);
	struct upstream_request rq = get_from(&p);
	rq.origin = "http://name.invalid";
	call_start(&c, &p, &rq);
	turn(p.loop);
	/* Where no name can be resolved it may be over already. */
	if (c.t != NULL)
		transfer_cancel(c.t);
	call_release(&c);
	/* A server that says nothing to the client's TLS hello. */
	snprintf(origin, sizeof(origin), "https://127.0.0.1:%u", p.port);
	rq.origin = origin;
	call_start(&c, &p, &rq);
	int fd = provider_accept(&p);
	struct buf got;
	buf_init(&got, SIZE_MAX);
	until(p.loop, (hear(fd, &got, SIZE_MAX), got.n > 0));
	transfer_cancel(c.t);
	assert_true(hear_all(p.loop, fd, &got) >= HEARD_END);
	assert_false(c.done);
	close(fd);
	buf_release(&got);
	call_release(&c);
	provider_close(&p);
}

static void cancel_an_upload(void **state)
{
	for (int streamed = 0; streamed < 2; streamed++) {
		static char big[8 << 20];
		struct provider p;
		struct call c;
		struct buf got;
		provider_open(&p);
		struct upstream_request rq = request_to(&p, HTTP_POST,
			(struct str){ streamed ? NULL : big, streamed ? 0 : sizeof(big) });
		rq.streamed = streamed;
		rq.streamed_length = -1;
		buf_init(&got, SIZE_MAX);
		call_start(&c, &p, &rq);
		int fd = provider_accept(&p);
		if (streamed)
			transfer_send(c.t, (struct str){ big, sizeof(big) });
		calm(p.loop);
		transfer_cancel(c.t);
		/* Half a request, and the end: nobody can take it for a whole one. */
		assert_true(hear_all(p.loop, fd, &got) >= HEARD_END);
		assert_true(got.n < sizeof(big));
		close(fd);
		call_release(&c);
		buf_release(&got);
		provider_close(&p);
	}
}

/* The ends of others do not disturb each other, whatever they are called from. */
static void cancel_another_in_done(void **state)
{
	struct provider p;
	struct call a, b;
	struct buf got;

	provider_open(&p);
	const struct upstream_request rq = get_from(&p);
	buf_init(&got, SIZE_MAX);
	call_start(&a, &p, &rq);
	int fa = provider_accept(&p);
	provider_read(&p, fa, &got);
	call_start(&b, &p, &rq);
	int fb = provider_accept(&p);
	close(fa);
	call_wait(&a);
	transfer_cancel(b.t);
	assert_true(hear_all(p.loop, fb, &got) >= HEARD_END);
	close(fb);
	call_release(&a);
	call_release(&b);
	buf_release(&got);
	provider_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_connection),
		cmocka_unit_test(no_tls),
		cmocka_unit_test(refused_by_the_proxy),
		cmocka_unit_test(through_a_proxy),
		cmocka_unit_test(replies_that_fail),
		cmocka_unit_test(heads_too_large),
		cmocka_unit_test(heads_just_not_too_large),
		cmocka_unit_test(limits_change_within_a_head),
		cmocka_unit_test(timeouts),
		cmocka_unit_test(connect_timeout),
		cmocka_unit_test(no_timeout),
		cmocka_unit_test(cancel_at_each_point),
		cmocka_unit_test(cancel_while_resolving_and_shaking_hands),
		cmocka_unit_test(cancel_an_upload),
		cmocka_unit_test(cancel_another_in_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
