/* SPDX-License-Identifier: MIT */
/* The real server with real sockets: requests in order, bodies, framing of replies, backpressure, and clients that
 * leave. What takes too long is in test_conn_limits. */
#include "unit/io/site.h"

#define GET(path)   "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK(n, body) "HTTP/1.1 200 Reason\r\nContent-Length: " n "\r\n\r\n" body

/* Sends text and compares all that comes back until the connection ends. */
static void converse(const char *text, const char *want)
{
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;

	buf_init(&got, SIZE_MAX);
	assert_true(say(s->loop, fd, str_from(text)));
	assert_int_equal(hear_all(s->loop, fd, &got), HEARD_END);
	assert_str(buf_str(&got), str_from(want));
	close(fd);
	buf_release(&got);
	site_close(s);
}

#define CLOSING "HTTP/1.1 200 Reason\r\nContent-Length: 3\r\nConnection: close\r\n\r\nnow"

static void replies_are_framed(void **state)
{
	static const char *const rows[][2] = {
		{ "GET /now HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", CLOSING },
		{ "GET /now HTTP/1.0\r\n\r\n", CLOSING },
		{ GET("/now") GET("/now") "GET /now HTTP/1.0\r\n\r\n" GET("/now"),
			OK("3", "now") OK("3", "now") CLOSING },
		{ "HEAD /now HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 200 Reason\r\nContent-Length: 3\r\nConnection: close\r\n\r\n" },
		{ "POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbodyPOST /stream "
		  "HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
			OK("4", "body") "HTTP/1.1 200 Reason\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc" },
		/* A second message that is none, and one cut by the client's end. */
		{ GET("/now") "BAD\r\n\r\n",
			OK("3", "now") "HTTP/1.1 405 Refused\r\nContent-Length: 0\r\nConnection: "
				       "close\r\n\r\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		converse(rows[i][0], rows[i][1]);
}

/* The same bytes in any pieces: the same replies. */
static void requests_in_any_pieces(void **state)
{
	static const char text[] =
		GET("/now") "POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
			    "POST /stream HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			    "3;x=y\r\nwor\r\n2\r\nld\r\n0\r\nT: 1\r\n\r\n" GET("/now");
	static const char want[] = OK("3", "now") OK("5", "hello") OK("5", "world") OK("3", "now");
	struct site *s = site_open();

	for (size_t step = 1; step < 40; step += step < 8 ? 1 : 9) {
		int fd = dial(s->port);
		struct buf got;
		buf_init(&got, SIZE_MAX);
		for (size_t at = 0; at < sizeof(text) - 1; at += step) {
			size_t left = sizeof(text) - 1 - at;
			assert_true(say(
				s->loop, fd, (struct str){ text + at, left < step ? left : step }));
		}
		until(s->loop, (hear(fd, &got, SIZE_MAX), got.n >= sizeof(want) - 1));
		assert_bytes(buf_str(&got), want);
		close(fd);
		buf_release(&got);
	}
	site_close(s);
}

/* One at a time: the second begins when the first has been answered. */
static void pipelined_requests_wait(void **state)
{
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;

	buf_init(&got, SIZE_MAX);
	say(s->loop, fd, STR(GET("/hold") GET("/hold") GET("/now")));
	struct visit *first = site_visit(s, 1);
	until(s->loop, first->ended);
	calm(s->loop);
	assert_int_equal(s->n, 1);
	site_answer(first, 200, STR("1"));
	struct visit *second = site_visit(s, 2);
	calm(s->loop);
	assert_int_equal(s->n, 2);
	site_answer(second, 200, STR("2"));
	hear_until(s->loop, fd, &got, "now");
	assert_bytes(buf_str(&got), OK("1", "1") OK("1", "2") OK("3", "now"));
	close(fd);
	buf_release(&got);
	site_close(s);
}

static void expect_continue(void **state)
{
	static const char *const paths[] = { "/read", "/stream", "/early" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct site *s = site_open();
		int fd = dial(s->port);
		struct buf got;
		char head[200];
		buf_init(&got, SIZE_MAX);
		snprintf(head, sizeof(head),
			"POST %s HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
			paths[i]);
		say(s->loop, fd, str_from(head));
		if (i == 2) {
			/* Refused: the body is not asked for, so what follows cannot be told from it. */
			assert_int_equal(hear_all(s->loop, fd, &got), HEARD_END);
			assert_bytes(buf_str(&got), CLOSING);
		} else {
			hear_until(s->loop, fd, &got, "\r\n\r\n");
			assert_bytes(buf_str(&got), "HTTP/1.1 100 Continue\r\n\r\n");
			buf_clear(&got);
			say(s->loop, fd, STR("ab"));
			hear_until(s->loop, fd, &got, "ab");
			assert_bytes(buf_str(&got), OK("2", "ab"));
		}
		close(fd);
		buf_release(&got);
		site_close(s);
	}
}

static void large_bodies(void **state)
{
	enum { BYTES = 9 << 20 };
	static const char *const paths[] = { "/read", "/stream" };
	char *big = must_alloc(BYTES);

	for (size_t i = 0; i < BYTES; i++)
		big[i] = (char)(i * 7 + i / 251);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct site *s = site_open();
		int fd = dial(s->port);
		char head[200];
		snprintf(head, sizeof(head),
			"POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", paths[i],
			BYTES);
		say(s->loop, fd, str_from(head));
		assert_true(say(s->loop, fd, (struct str){ big, BYTES }));
		struct visit *v = site_visit(s, 1);
		until(s->loop, v->ended);
		assert_true(str_eq(buf_str(&v->body), (struct str){ big, BYTES }));
		/* What was known to come was made room for at once. */
		if (i == 0)
			assert_int_equal(v->body.cap, BYTES);
		close(fd);
		site_close(s);
	}
	free(big);
}

static void body_over_the_limit(void **state)
{
	static const char *const rows[] = {
		"POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n",
		"POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999\r\n\r\n",
		"POST /read HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n5\r\n01234",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct site *s = site_open();
		s->limits.body_bytes = 10;
		site_limit(s);
		int fd = dial(s->port);
		struct buf got;
		buf_init(&got, SIZE_MAX);
		say(s->loop, fd, str_from(rows[i]));
		hear_until(s->loop, fd, &got, "larger than");
		assert_int_equal(s->v[0]->broken.kind, ERR_TOO_LARGE);
		assert_true(str_find(buf_str(&got), STR("Connection: close\r\n")) < got.n);
		close(fd);
		buf_release(&got);
		site_close(s);
	}
}

/* Who asks first and is told that it is too much is not asked for it. */
static void expecting_client_over_the_limit(void **state)
{
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;

	s->limits.body_bytes = 10;
	site_limit(s);
	buf_init(&got, SIZE_MAX);
	say(s->loop, fd,
		STR("POST /read HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
		    "11\r\n\r\n"));
	hear_until(s->loop, fd, &got, "larger than");
	assert_true(str_starts(buf_str(&got), STR("HTTP/1.1 4")));
	close(fd);
	buf_release(&got);
	site_close(s);
}

/* ---- replies ---- */

static void reply_in_pieces(struct visit *v, int64_t length)
{
	conn_reply_head(v->c, &(struct conn_reply){ 200, STR("Reason"), NULL, 0, length });
	conn_reply_body(v->c, STR("ab"));
	conn_reply_body(v->c, STR(""));
	conn_reply_body(v->c, STR("cde"));
}

static void lengths(void **state)
{
	static const struct {
		const char *request;
		int64_t length;
		bool abort;
		enum heard end;
		const char *want;
	} rows[] = {
		{ "HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 5, false, HEARD_END,
			"HTTP/1.1 200 Reason\r\nContent-Length: 5\r\nConnection: close\r\n\r\nabcde" },
		{ "HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", CONN_LENGTH_UNKNOWN, false,
			HEARD_END,
			"HTTP/1.1 200 Reason\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
			"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n" },
		{ "HTTP/1.0\r\n\r\n", CONN_LENGTH_UNKNOWN, false, HEARD_END,
			"HTTP/1.1 200 Reason\r\nConnection: close\r\n\r\nabcde" },
		{ "HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", CONN_NO_BODY, false,
			HEARD_END, "HTTP/1.1 200 Reason\r\nConnection: close\r\n\r\n" },
		/* Broken off: it must not look complete. */
		{ "HTTP/1.1\r\nHost: h\r\n\r\n", CONN_LENGTH_UNKNOWN, true, HEARD_END,
			"HTTP/1.1 200 Reason\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n" },
		{ "HTTP/1.0\r\n\r\n", CONN_LENGTH_UNKNOWN, true, HEARD_RESET, NULL },
		{ "HTTP/1.1\r\nHost: h\r\n\r\n", 9, true, HEARD_RESET, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct site *s = site_open();
		int fd = dial(s->port);
		struct buf got;
		buf_init(&got, SIZE_MAX);
		say(s->loop, fd, STR("GET /hold "));
		say(s->loop, fd, str_from(rows[i].request));
		struct visit *v = site_visit(s, 1);
		until(s->loop, v->ended);
		reply_in_pieces(v, rows[i].length);
		rows[i].abort ? conn_reply_abort(v->c) : conn_reply_end(v->c);
		v->c = NULL;
		assert_int_equal(hear_all(s->loop, fd, &got), rows[i].end);
		if (rows[i].want != NULL)
			assert_str(buf_str(&got), str_from(rows[i].want));
		assert_false(v->gone);
		close(fd);
		buf_release(&got);
		site_close(s);
	}
}

/* Also when the client has ended its side meanwhile, and has much to read yet. */
static void broken_off_behind_a_half_close(void **state)
{
	static char big[1 << 20];
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;

	buf_init(&got, SIZE_MAX);
	say(s->loop, fd, STR("GET /hold HTTP/1.0\r\n\r\n"));
	struct visit *v = site_visit(s, 1);
	until(s->loop, v->ended);
	conn_reply_head(v->c, &(struct conn_reply){ 200, STR("R"), NULL, 0, CONN_LENGTH_UNKNOWN });
	for (int i = 0; i < 8; i++)
		conn_reply_body(v->c, (struct str){ big, sizeof(big) });
	conn_reply_abort(v->c);
	v->c = NULL;
	calm(s->loop);
	shutdown(fd, SHUT_WR);
	calm(s->loop);
	assert_int_equal(hear_all(s->loop, fd, &got), HEARD_RESET);
	close(fd);
	buf_release(&got);
	site_close(s);
}

/* Everything that was queued goes out before the end, however slowly it is read. */
static void slow_readers_get_it_all(void **state)
{
	static const int64_t lengths_[] = { 3 << 20, CONN_LENGTH_UNKNOWN };
	static char kilobyte[1024];

	for (size_t i = 0; i < ARRAY_LEN(lengths_); i++) {
		struct site *s = site_open();
		int fd = dial(s->port);
		struct buf got;
		buf_init(&got, SIZE_MAX);
		say(s->loop, fd, STR(GET("/hold")));
		struct visit *v = site_visit(s, 1);
		until(s->loop, v->ended);
		conn_reply_head(v->c, &(struct conn_reply){ 200, STR("R"), NULL, 0, lengths_[i] });
		for (int k = 0; k < 3 << 10; k++)
			conn_reply_body(v->c, (struct str){ kilobyte, sizeof(kilobyte) });
		assert_true(conn_full(v->c));
		if (i == 0) {
			conn_reply_end(v->c);
			v->c = NULL;
		}
		until(s->loop, (hear(fd, &got, 3000), got.n > 3 << 20));
		/* Told once that there is room again, if somebody still wants to know. */
		assert_int_equal(v->drained, i);
		if (i == 1) {
			assert_false(conn_full(v->c));
			conn_reply_end(v->c);
			v->c = NULL;
		}
		close(fd);
		buf_release(&got);
		site_close(s);
	}
}

static void full_and_drained(void **state)
{
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;
	static char kilobyte[1024];

	buf_init(&got, SIZE_MAX);
	say(s->loop, fd, STR(GET("/hold")));
	struct visit *v = site_visit(s, 1);
	until(s->loop, v->ended);
	conn_reply_head(v->c, &(struct conn_reply){ 200, STR("R"), NULL, 0, CONN_LENGTH_UNKNOWN });
	for (unsigned round = 1; round <= 3; round++) {
		unsigned long sent = 0;
		while (!conn_full(v->c)) {
			conn_reply_body(v->c, (struct str){ kilobyte, sizeof(kilobyte) });
			turn(s->loop);
			assert_true(++sent < 100000);
		}
		/* Nothing happens while the client does not read. */
		calm(s->loop);
		assert_int_equal(v->drained, round - 1);
		assert_true(conn_full(v->c));
		until(s->loop, (hear(fd, &got, SIZE_MAX), v->drained == round));
		assert_false(conn_full(v->c));
	}
	assert_true(conn_sent_bytes(v->c) >= got.n);
	conn_reply_end(v->c);
	v->c = NULL;
	hear_until(s->loop, fd, &got, "\r\n0\r\n\r\n");
	close(fd);
	buf_release(&got);
	site_close(s);
}

/* A client that asks and asks and reads nothing: what waits for it has a bound. */
static void endless_pipelining_is_bounded(void **state)
{
	enum { MORE_THAN_THE_KERNEL_HOLDS = 5000 };
	struct site *s = site_open();
	int fd = dial(s->port);
	struct str request = STR(GET("/big"));

	/* As many as the other side takes. */
	for (int idle = 0; idle < 50 && s->n < MORE_THAN_THE_KERNEL_HOLDS; turn(s->loop)) {
		ssize_t n = send(fd, request.p, request.n, MSG_NOSIGNAL);
		idle = n < 0 ? idle + 1 : 0;
		if (n >= 0)
			request = (size_t)n < request.n ? str_from_offset(request, (size_t)n)
							: STR(GET("/big"));
	}
	assert_true(s->n < MORE_THAN_THE_KERNEL_HOLDS);
	close(fd);
	site_close(s);
}

/* And when it reads at last, it gets them all. */
static void much_pipelining_is_answered(void **state)
{
	enum { MANY = 3000 };
	struct site *s = site_open();
	int fd = dial(s->port);
	struct str request = STR(GET("/big"));
	struct buf got;

	buf_init(&got, SIZE_MAX);
	for (int sent = 0, idle = 0; sent < MANY; turn(s->loop)) {
		ssize_t n = send(fd, request.p, request.n, MSG_NOSIGNAL);
		idle = n < 0 ? idle + 1 : 0;
		if (idle > 50)
			hear(fd, &got, SIZE_MAX);
		if (n < 0)
			continue;
		sent += (size_t)n == request.n;
		request = (size_t)n < request.n ? str_from_offset(request, (size_t)n)
						: STR(GET("/big"));
	}
	until(s->loop, (hear(fd, &got, SIZE_MAX), s->n == MANY && got.n > MANY * 10240));
	close(fd);
	buf_release(&got);
	site_close(s);
}

/* A reply that begins while an earlier one still waits to be read is told when there is room, like any other. */
static void drained_after_a_pipelined_reply(void **state)
{
	static char big[1 << 20];
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;

	buf_init(&got, SIZE_MAX);
	say(s->loop, fd, STR(GET("/hold") GET("/hold")));
	struct visit *first = site_visit(s, 1);
	until(s->loop, first->ended);
	conn_reply_head(
		first->c, &(struct conn_reply){ 200, STR("R"), NULL, 0, CONN_LENGTH_UNKNOWN });
	for (int i = 0; i < 8; i++)
		conn_reply_body(first->c, (struct str){ big, sizeof(big) });
	conn_reply_end(first->c);
	first->c = NULL;
	/* Whether the second begins now or when the first has been read is the server's choice. */
	for (int i = 0; i < 100 && s->n < 2; i++)
		turn(s->loop);
	struct visit *second = s->n == 2 ? s->v[1] : NULL;
	bool full = second != NULL && conn_full(second->c);
	until(s->loop, (hear(fd, &got, SIZE_MAX), s->n == 2));
	second = s->v[1];
	until(s->loop, hear(fd, &got, SIZE_MAX) == HEARD_NOTHING && got.n > 8 << 20);
	calm(s->loop);
	assert_int_equal(second->drained, full);
	site_answer(second, 200, STR("second"));
	hear_until(s->loop, fd, &got, "second");
	close(fd);
	buf_release(&got);
	site_close(s);
}

/* ---- early answers ---- */

/* The client is still sending when it is answered: it must get to read the answer, and not a reset. */
static void early_answer_is_read(void **state)
{
	enum { BYTES = 4 << 20 };
	static char big[BYTES];
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;

	buf_init(&got, SIZE_MAX);
	say(s->loop, fd, STR("POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 4194304\r\n\r\n"));
	assert_true(say(s->loop, fd, (struct str){ big, BYTES }));
	assert_int_equal(hear_all(s->loop, fd, &got), HEARD_END);
	assert_bytes(buf_str(&got), CLOSING);
	close(fd);
	until(s->loop, server_connections(s->server) == 0);
	buf_release(&got);
	site_close(s);
}

/* A small rest is read and thrown away, and the connection stays. */
static void early_answer_to_a_small_body(void **state)
{
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;

	buf_init(&got, SIZE_MAX);
	say(s->loop, fd, STR("POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234"));
	hear_until(s->loop, fd, &got, "now");
	say(s->loop, fd, STR("56789" GET("/hold")));
	struct visit *v = site_visit(s, 2);
	assert_string_equal(v->path, "/hold");
	site_answer(v, 200, STR("held"));
	hear_until(s->loop, fd, &got, "held");
	assert_bytes(buf_str(&got), OK("3", "now") OK("4", "held"));
	close(fd);
	buf_release(&got);
	site_close(s);
}

/* ---- clients that leave ---- */

static void leave(int how, int fd)
{
	if (how == 0)
		close(fd);
	else if (how == 1)
		shutdown(fd, SHUT_WR);
	else
		reset_socket(fd);
}

/* At each point, in each way: told once, and at once. */
static void clients_leave(void **state)
{
	static const char *const points[] = {
		"GET /hold HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /none HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n",
		"POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc",
		"POST /stream HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		GET("/hold") GET("/now") "GET /cu",
	};

	for (size_t i = 0; i < ARRAY_LEN(points) * 3; i++) {
		struct site *s = site_open();
		int fd = dial(s->port);
		say(s->loop, fd, str_from(points[i / 3]));
		struct visit *v = site_visit(s, 1);
		calm(s->loop);
		leave((int)(i % 3), fd);
		until(s->loop, v->gone);
		until(s->loop, server_connections(s->server) == 0);
		assert_int_equal(s->n, 1);
		assert_int_equal(v->broken.kind, ERR_NONE);
		if (i % 3 == 1)
			close(fd);
		site_close(s);
	}
}

/* Also when nothing is read from it. (Behind more than the kernel's buffers hold, nobody could see its end.) */
static void clients_leave_unheard(void **state)
{
	static char some[20000];

	for (int how = 0; how < 3; how++) {
		struct site *s = site_open();
		int fd = dial(s->port);
		say(s->loop, fd,
			STR("POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 90000\r\n\r\n"));
		struct visit *v = site_visit(s, 1);
		conn_pause_body(v->c, true);
		assert_true(say(s->loop, fd, (struct str){ some, sizeof(some) }));
		calm(s->loop);
		assert_int_equal(v->pieces, 0);
		leave(how, fd);
		until(s->loop, v->gone);
		if (how == 1)
			close(fd);
		site_close(s);
	}
}

static void paused_bodies(void **state)
{
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;

	buf_init(&got, SIZE_MAX);
	say(s->loop, fd,
		STR("POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234"));
	struct visit *v = site_visit(s, 1);
	until(s->loop, v->body.n == 5);
	conn_pause_body(v->c, true);
	say(s->loop, fd, STR("56789"));
	calm(s->loop);
	assert_int_equal(v->body.n, 5);
	conn_pause_body(v->c, false);
	hear_until(s->loop, fd, &got, "0123456789");
	close(fd);
	buf_release(&got);
	site_close(s);
}

static void leaves_while_a_reply_is_under_way(void **state)
{
	static char big[1 << 20];

	for (int how = 0; how < 3; how++) {
		struct site *s = site_open();
		int fd = dial(s->port);
		say(s->loop, fd, STR(GET("/hold")));
		struct visit *v = site_visit(s, 1);
		until(s->loop, v->ended);
		conn_reply_head(
			v->c, &(struct conn_reply){ 200, STR("R"), NULL, 0, CONN_LENGTH_UNKNOWN });
		for (int i = 0; i < 8; i++)
			conn_reply_body(v->c, (struct str){ big, sizeof(big) });
		calm(s->loop);
		leave(how, fd);
		until(s->loop, v->gone);
		if (how == 1)
			close(fd);
		site_close(s);
	}
}

/* ---- many ---- */

static void connections_side_by_side(void **state)
{
	enum { MANY = 50 };
	struct site *s = site_open();
	int fd[MANY];
	struct buf got;

	buf_init(&got, SIZE_MAX);
	for (int i = 0; i < MANY; i++) {
		fd[i] = dial(s->port);
		say(s->loop, fd[i], STR(GET("/hold")));
	}
	site_visit(s, MANY);
	until(s->loop, s->v[MANY - 1]->ended);
	assert_int_equal(server_connections(s->server), MANY);
	for (int i = MANY - 1; i >= 0; i--)
		site_answer(s->v[i], 200, STR("each"));
	for (int i = 0; i < MANY; i++) {
		buf_clear(&got);
		hear_until(s->loop, fd[i], &got, "each");
		close(fd[i]);
	}
	until(s->loop, server_connections(s->server) == 0);
	buf_release(&got);
	site_close(s);
}

static void listens_on_ipv6_and_inherited_sockets(void **state)
{
	struct site *s = site_open();
	struct err e = { 0 };
	unsigned port = 0;
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	struct buf got;

	buf_init(&got, SIZE_MAX);
	assert_false(server_listen(s->server, "localhost", 0, &port, &e));
	assert_false(server_listen(s->server, "127.0.0.1", s->port, &port, &e)); /* taken */
	int sock = socket(AF_INET, SOCK_STREAM, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(sock, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(sock, (struct sockaddr *)&a, &n), 0);
	assert_true(server_listen_fd(s->server, sock, &e));
	int fd = dial(ntohs(a.sin_port));
	say(s->loop, fd, STR(GET("/now")));
	hear_until(s->loop, fd, &got, "now");
	if (server_listen(s->server, "::1", 0, &port, &e))
		assert_true(port > 0);
	close(fd);
	buf_release(&got);
	site_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_framed),
		cmocka_unit_test(requests_in_any_pieces),
		cmocka_unit_test(pipelined_requests_wait),
		cmocka_unit_test(expect_continue),
		cmocka_unit_test(large_bodies),
		cmocka_unit_test(body_over_the_limit),
		cmocka_unit_test(expecting_client_over_the_limit),
		cmocka_unit_test(lengths),
		cmocka_unit_test(broken_off_behind_a_half_close),
		cmocka_unit_test(slow_readers_get_it_all),
		cmocka_unit_test(full_and_drained),
		cmocka_unit_test(endless_pipelining_is_bounded),
		cmocka_unit_test(much_pipelining_is_answered),
		cmocka_unit_test(drained_after_a_pipelined_reply),
		cmocka_unit_test(early_answer_is_read),
		cmocka_unit_test(early_answer_to_a_small_body),
		cmocka_unit_test(clients_leave),
		cmocka_unit_test(clients_leave_unheard),
		cmocka_unit_test(paused_bodies),
		cmocka_unit_test(leaves_while_a_reply_is_under_way),
		cmocka_unit_test(connections_side_by_side),
		cmocka_unit_test(listens_on_ipv6_and_inherited_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
