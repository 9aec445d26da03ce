/* SPDX-License-Identifier: MIT */
/* The real server with tiny limits: what takes too long or is too much ends, and nothing else does. No test says how long
 * that takes, only that it happens. */
#include "unit/io/site.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

/* Lets real time pass. */
static void sleep_ms(struct loop *l, long ms)
{
	for (long i = 0; i < ms; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		turn(l);
	}
}

static void slow_heads(void **state)
{
	static const char *const starts[] = { "G", "GET /now HTTP/1.1\r\nHost: h\r\n",
		GET("/now") "GET /later HTTP/1.1\r\n" };

	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		struct site *s = site_open();
		s->limits.header_ms = 20;
		site_limit(s);
		int fd = dial(s->port);
		struct buf got;
		buf_init(&got, SIZE_MAX);
		say(s->loop, fd, str_from(starts[i]));
		hear_until(s->loop, fd, &got, "Refused");
		assert_int_equal(s->refused, 1);
		assert_int_equal(s->why.kind, ERR_REQUEST_TIMEOUT);
		/* The target is known as far as it came. */
		if (i == 2)
			hear_until(s->loop, fd, &got, "\r\n\r\n/later");
		close(fd);
		until(s->loop, server_connections(s->server) == 0);
		buf_release(&got);
		site_close(s);
	}
}

/* The time for a head begins with its first byte, however long the connection was idle before. */
static void idle_time_is_not_head_time(void **state)
{
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;

	s->limits.header_ms = 1000;
	site_limit(s);
	buf_init(&got, SIZE_MAX);
	for (int i = 0; i < 2; i++) {
		sleep_ms(s->loop, 1100);
		/* A head in two segments. */
		say(s->loop, fd, STR("GET /now HTTP/1.1\r\n"));
		calm(s->loop);
		say(s->loop, fd, STR("Host: h\r\n\r\n"));
		buf_clear(&got);
		until(s->loop, (hear(fd, &got, SIZE_MAX), got.n > 20));
		assert_true(str_starts(buf_str(&got), STR("HTTP/1.1 200 Reason\r\n")));
		assert_int_equal(s->refused, 0);
	}
	close(fd);
	buf_release(&got);
	site_close(s);
}

static void idle_connections_end_silently(void **state)
{
	static const char *const starts[] = { "", GET("/now") };

	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		struct site *s = site_open();
		s->limits.idle_ms = 20;
		site_limit(s);
		int fd = dial(s->port);
		struct buf got;
		buf_init(&got, SIZE_MAX);
		say(s->loop, fd, str_from(starts[i]));
		assert_int_equal(hear_all(s->loop, fd, &got), HEARD_END);
		assert_int_equal(got.n > 0, i);
		assert_int_equal(s->refused, 0);
		close(fd);
		buf_release(&got);
		site_close(s);
	}
}

/* A client that is slow to read the end of a reply is not idle either. */
static void a_reply_being_read_is_not_idle(void **state)
{
	static char big[1 << 20];
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;

	s->limits.idle_ms = 50;
	site_limit(s);
	buf_init(&got, SIZE_MAX);
	say(s->loop, fd, STR(GET("/hold")));
	struct visit *v = site_visit(s, 1);
	until(s->loop, v->ended);
	conn_reply_head(v->c, &(struct conn_reply){ 200, STR("R"), NULL, 0, 8 << 20 });
	for (int i = 0; i < 8; i++)
		conn_reply_body(v->c, (struct str){ big, sizeof(big) });
	conn_reply_end(v->c);
	v->c = NULL;
	sleep_ms(s->loop, 200);
	/* All of it; and then it is idle. */
	assert_int_equal(hear_all(s->loop, fd, &got), HEARD_END);
	assert_true(got.n > 8 << 20);
	close(fd);
	buf_release(&got);
	site_close(s);
}

/* Work is not idleness: a request that waits for its answer may wait. */
static void a_waiting_request_is_not_idle(void **state)
{
	struct site *s = site_open();
	int fd = dial(s->port);

	s->limits.idle_ms = s->limits.header_ms = s->limits.body_grace_ms = 10;
	s->limits.write_stall_ms = 10;
	s->limits.body_rate = 1000000;
	site_limit(s);
	say(s->loop, fd, STR(GET("/hold")));
	struct visit *v = site_visit(s, 1);
	sleep_ms(s->loop, 60);
	assert_false(v->gone);
	assert_int_equal(v->broken.kind, ERR_NONE);
	site_answer(v, 200, STR(""));
	close(fd);
	site_close(s);
}

static void slow_bodies(void **state)
{
	static const char *const paths[] = { "/read", "/stream" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct site *s = site_open();
		s->limits.body_rate = 1000;
		s->limits.body_grace_ms = 20;
		site_limit(s);
		int fd = dial(s->port);
		struct buf got;
		char head[200];
		buf_init(&got, SIZE_MAX);
		snprintf(head, sizeof(head),
			"POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01", paths[i]);
		say(s->loop, fd, str_from(head));
		hear_until(s->loop, fd, &got, "slower");
		assert_int_equal(s->v[0]->broken.kind, ERR_REQUEST_TIMEOUT);
		close(fd);
		buf_release(&got);
		site_close(s);
	}
}

/* Who is told to wait is not slow. */
static void paused_bodies_are_not_slow(void **state)
{
	struct site *s = site_open();
	int fd = dial(s->port);

	s->limits.body_rate = 1000000;
	s->limits.body_grace_ms = 10;
	site_limit(s);
	say(s->loop, fd, STR("POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123"));
	struct visit *v = site_visit(s, 1);
	conn_pause_body(v->c, true);
	sleep_ms(s->loop, 1500); /* longer than the rate's check takes to come round */
	assert_int_equal(v->broken.kind, ERR_NONE);
	close(fd);
	until(s->loop, v->gone);
	site_close(s);
}

/* A client that accepts nothing of its reply, with and without a request that still runs. */
static void stalled_readers(void **state)
{
	static char big[1 << 20];

	for (int ended = 0; ended < 2; ended++) {
		struct site *s = site_open();
		s->limits.write_stall_ms = 30;
		site_limit(s);
		int fd = dial(s->port);
		say(s->loop, fd, STR(GET("/hold")));
		struct visit *v = site_visit(s, 1);
		until(s->loop, v->ended);
		conn_reply_head(
			v->c, &(struct conn_reply){ 200, STR("R"), NULL, 0, CONN_LENGTH_UNKNOWN });
		for (int i = 0; i < 8; i++)
			conn_reply_body(v->c, (struct str){ big, sizeof(big) });
		if (ended) {
			conn_reply_end(v->c);
			v->c = NULL;
		}
		until(s->loop, server_connections(s->server) == 0);
		assert_int_equal(v->gone, !ended);
		close(fd);
		site_close(s);
	}
}

/* Slow, but taking some: not stalled. */
static void slow_readers_may_be_slow(void **state)
{
	static char big[1 << 20];
	struct site *s = site_open();
	struct buf got;

	s->limits.write_stall_ms = 1000;
	site_limit(s);
	int fd = dial(s->port);
	buf_init(&got, SIZE_MAX);
	say(s->loop, fd, STR(GET("/hold")));
	struct visit *v = site_visit(s, 1);
	until(s->loop, v->ended);
	conn_reply_head(v->c, &(struct conn_reply){ 200, STR("R"), NULL, 0, CONN_LENGTH_UNKNOWN });
	for (int i = 0; i < 8; i++)
		conn_reply_body(v->c, (struct str){ big, sizeof(big) });
	for (int i = 0; i < 15; i++) {
		sleep_ms(s->loop, 100);
		for (int k = 0; k < 6; k++)
			hear(fd, &got, SIZE_MAX);
		assert_false(v->gone);
	}
	conn_reply_end(v->c);
	v->c = NULL;
	hear_until(s->loop, fd, &got, "\r\n0\r\n\r\n");
	close(fd);
	buf_release(&got);
	site_close(s);
}

/* A client that goes on sending behind an early answer, for ever. */
static void lingering_ends(void **state)
{
	struct site *s = site_open();
	int fd = dial(s->port);

	s->limits.linger_ms = 20;
	site_limit(s);
	say(s->loop, fd, STR("POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"));
	until(s->loop, (send(fd, "x", 1, MSG_NOSIGNAL), server_connections(s->server) == 0));
	close(fd);
	site_close(s);
}

/* A small rest of a body that does not come. */
static void discarding_ends(void **state)
{
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;

	s->limits.header_ms = 20;
	site_limit(s);
	buf_init(&got, SIZE_MAX);
	say(s->loop, fd, STR("POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n1"));
	assert_int_equal(hear_all(s->loop, fd, &got), HEARD_END);
	assert_true(str_ends(buf_str(&got), STR("now")));
	close(fd);
	buf_release(&got);
	site_close(s);
}

static void heads_too_large(void **state)
{
	for (int many = 0; many < 2; many++) {
		struct site *s = site_open();
		int fd = dial(s->port);
		struct buf got;
		buf_init(&got, SIZE_MAX);
		say(s->loop, fd, STR("GET /big HTTP/1.1\r\nHost: h\r\n"));
		for (int i = 0; i < (many ? 60 : 9); i++) {
			char line[1200];
			snprintf(line, sizeof(line), "h%d: %0*d\r\n", i, many ? 10 : 1000, 0);
			say(s->loop, fd, str_from(line));
		}
		say(s->loop, fd, STR("\r\n"));
		assert_int_equal(hear_all(s->loop, fd, &got), HEARD_END);
		assert_int_equal(s->why.kind, ERR_HEADERS);
		assert_true(str_ends(buf_str(&got), STR("/big")));
		assert_int_equal(s->n, 0);
		close(fd);
		buf_release(&got);
		site_close(s);
	}
}

static void too_many_connections(void **state)
{
	struct site *s = site_open();
	struct buf got;

	s->limits.connections = 2;
	site_limit(s);
	buf_init(&got, SIZE_MAX);
	int a = dial(s->port), b = dial(s->port);
	until(s->loop, server_connections(s->server) == 2);
	int c = dial(s->port);
	hear_until(s->loop, c, &got, "Refused");
	assert_int_equal(s->why.kind, ERR_OVERLOADED);
	close(c);
	close(a);
	until(s->loop, server_connections(s->server) == 1);
	/* There is room again. */
	c = dial(s->port);
	buf_clear(&got);
	say(s->loop, c, STR(GET("/now")));
	hear_until(s->loop, c, &got, "now");
	close(b);
	close(c);
	buf_release(&got);
	site_close(s);
}

/* ---- the end ---- */

static void drains(void **state)
{
	struct site *s = site_open();
	int idle = dial(s->port), half = dial(s->port), busy = dial(s->port);
	struct buf got;

	buf_init(&got, SIZE_MAX);
	say(s->loop, half, STR("GET /no"));
	say(s->loop, busy, STR(GET("/hold") GET("/now")));
	struct visit *v = site_visit(s, 1);
	until(s->loop, server_connections(s->server) == 3 && v->ended);
	server_drain(s->server);
	assert_int_equal(hear_all(s->loop, idle, &got), HEARD_END);
	assert_int_equal(hear_all(s->loop, half, &got), HEARD_END);
	assert_int_equal(got.n, 0);
	calm(s->loop);
	assert_false(v->gone);
	site_answer(v, 200, STR("last"));
	assert_int_equal(hear_all(s->loop, busy, &got), HEARD_END);
	assert_bytes(buf_str(&got),
		"HTTP/1.1 200 Reason\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlast");
	until(s->loop, server_connections(s->server) == 0);
	/* Nobody listens any more. */
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)s->port) };
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), -1);
	close(fd);
	close(idle);
	close(half);
	close(busy);
	buf_release(&got);
	site_close(s);
}

/* A stream that had begun before goes on to its end. */
static void drains_behind_a_stream(void **state)
{
	struct site *s = site_open();
	int fd = dial(s->port);
	struct buf got;

	buf_init(&got, SIZE_MAX);
	say(s->loop, fd, STR(GET("/hold")));
	struct visit *v = site_visit(s, 1);
	until(s->loop, v->ended);
	conn_reply_head(v->c, &(struct conn_reply){ 200, STR("R"), NULL, 0, CONN_LENGTH_UNKNOWN });
	conn_reply_body(v->c, STR("a"));
	calm(s->loop);
	server_drain(s->server);
	calm(s->loop);
	conn_reply_body(v->c, STR("b"));
	conn_reply_end(v->c);
	v->c = NULL;
	assert_int_equal(hear_all(s->loop, fd, &got), HEARD_END);
	assert_true(str_ends(buf_str(&got), STR("1\r\na\r\n1\r\nb\r\n0\r\n\r\n")));
	close(fd);
	buf_release(&got);
	site_close(s);
}

static void ends_with_everything_open(void **state)
{
	static const char *const starts[] = { "", "GET /n", GET("/hold"),
		"POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n1",
		"POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 99999\r\n\r\n1" };
	struct site *s = site_open();
	int fd[ARRAY_LEN(starts)];

	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		fd[i] = dial(s->port);
		say(s->loop, fd[i], str_from(starts[i]));
	}
	site_visit(s, 3);
	calm(s->loop);
	site_close(s); /* asserts that each was told */
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		close(fd[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_heads),
		cmocka_unit_test(idle_time_is_not_head_time),
		cmocka_unit_test(idle_connections_end_silently),
		cmocka_unit_test(a_reply_being_read_is_not_idle),
		cmocka_unit_test(a_waiting_request_is_not_idle),
		cmocka_unit_test(slow_bodies),
		cmocka_unit_test(paused_bodies_are_not_slow),
		cmocka_unit_test(stalled_readers),
		cmocka_unit_test(slow_readers_may_be_slow),
		cmocka_unit_test(lingering_ends),
		cmocka_unit_test(discarding_ends),
		cmocka_unit_test(heads_too_large),
		cmocka_unit_test(too_many_connections),
		cmocka_unit_test(drains),
		cmocka_unit_test(drains_behind_a_stream),
		cmocka_unit_test(ends_with_everything_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
