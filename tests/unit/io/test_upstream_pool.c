/* SPDX-License-Identifier: MIT */
/* Pooled connections of the real upstream: reuse, and providers that end them at the worst moments. Whatever they do, no
 * provider may get two whole copies of one POST: that would be two model calls. */
#include "unit/io/provider.h"

#include "unit/wire/check.h"

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* A whole exchange on the connection fd, or on a new one when it is -1. Returns the connection. */
static int exchange_on(struct provider *p, int fd, const char *reply)
{
	struct call c;
	struct buf got;

	const struct upstream_request rq = request_to(p, HTTP_POST, STR("first"));
	buf_init(&got, SIZE_MAX);
	call_start(&c, p, &rq);
	fd = fd < 0 ? provider_accept(p) : fd;
	provider_read(p, fd, &got);
	say(p->loop, fd, str_from(reply));
	assert_ended(&c, UPSTREAM_OK);
	call_release(&c);
	buf_release(&got);
	return fd;
}

static void connections_are_used_again(void **state)
{
	struct provider p;

	provider_open(&p);
	int fd = exchange_on(&p, -1, OK_EMPTY);
	for (int i = 0; i < 5; i++)
		exchange_on(&p, fd, OK_EMPTY);
	assert_int_equal(provider_try(&p), -1);
	close(fd);
	provider_close(&p);
}

static void fresh_ones_when_asked(void **state)
{
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	int old = exchange_on(&p, -1, OK_EMPTY);
	struct upstream_request rq = request_to(&p, HTTP_POST, STR("x"));
	rq.fresh = true;
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int fd = provider_accept(&p);
	provider_read(&p, fd, &got);
	say(p.loop, fd, STR(OK_EMPTY));
	call_wait(&c);
	close(fd);
	close(old);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

static void closed_ones_are_not_used(void **state)
{
	static const char *const replies[] = {
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
		struct provider p;
		provider_open(&p);
		int a = exchange_on(&p, -1, replies[i]);
		int b = exchange_on(&p, -1, OK_EMPTY);
		close(a);
		close(b);
		provider_close(&p);
	}
}

/* The provider ends an idle connection: the next request goes over a new one, and nobody notices. */
static void idle_ones_end(void **state)
{
	for (int how = 0; how < 3; how++) {
		struct provider p;
		provider_open(&p);
		int a = exchange_on(&p, -1, OK_EMPTY);
		if (how == 2)
			reset_socket(a);
		else
			close(a);
		if (how > 0)
			calm(p.loop); /* else it is found out when it is used */
		int b = exchange_on(&p, -1, OK_EMPTY);
		close(b);
		provider_close(&p);
	}
}

/* Bytes that nobody asked for are not the answer to the next request. */
static void unasked_bytes(void **state)
{
	static const char unasked[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong";
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	int a = exchange_on(&p, -1, OK_EMPTY);
	assert_true(send(a, unasked, sizeof(unasked) - 1, MSG_NOSIGNAL) > 0);
	calm(p.loop);
	const struct upstream_request rq = request_to(&p, HTTP_POST, STR("x"));
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int b = provider_accept(&p);
	provider_read(&p, b, &got);
	say(p.loop, b, STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"));
	call_wait(&c);
	assert_bytes(buf_str(&c.body), "right");
	close(a);
	close(b);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

/* A connection whose reply was given up is not used again. */
static void cancelled_ones_are_not_used(void **state)
{
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	const struct upstream_request rq = request_to(&p, HTTP_POST, STR("x"));
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int a = provider_accept(&p);
	provider_read(&p, a, &got);
	transfer_cancel(c.t);
	int b = exchange_on(&p, -1, OK_EMPTY);
	close(a);
	close(b);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

static void pool_has_a_bound(void **state)
{
	enum { MANY = 10 };
	struct upstream_limits limits = generous_limits();
	struct provider p;
	struct call c[MANY];
	int fd[MANY], open = 0;
	struct buf got;

	provider_open(&p);
	limits.connections = 3;
	upstream_set_limits(p.up, &limits);
	buf_init(&got, SIZE_MAX);
	for (int i = 0; i < MANY; i++) {
		const struct upstream_request rq = request_to(&p, HTTP_POST, STR("x"));
		call_start(&c[i], &p, &rq);
		fd[i] = provider_accept(&p);
		buf_clear(&got);
		provider_read(&p, fd[i], &got);
	}
	for (int i = 0; i < MANY; i++) {
		say(p.loop, fd[i], STR(OK_EMPTY));
		call_wait(&c[i]);
		call_release(&c[i]);
	}
	calm(p.loop);
	for (int i = 0; i < MANY; i++) {
		buf_clear(&got);
		open += hear(fd[i], &got, SIZE_MAX) == HEARD_NOTHING;
		close(fd[i]);
	}
	assert_true(open <= 3);
	buf_release(&got);
	provider_close(&p);
}

/* ---- dead ones ---- */

/* That nothing is asked on further connections, of which libcurl may open one. */
static void check_not_asked_again(struct provider *p)
{
	struct buf got;
	int fd;

	buf_init(&got, SIZE_MAX);
	calm(p->loop);
	while ((fd = provider_try(p)) >= 0) {
		assert_true(hear_all(p->loop, fd, &got) >= HEARD_END);
		close(fd);
	}
	assert_int_equal(got.n, 0);
	buf_release(&got);
}

static void end_connection(int fd, bool reset)
{
	if (reset)
		reset_socket(fd);
	else
		close(fd);
}

/* The provider takes a whole POST on a reused connection and ends it unanswered: it may have done the work. */
static void whole_request_taken(void **state)
{
	static const struct {
		const char *body;
		bool reset, unreachable;
	} rows[] = {
		{ "body", false, false },
		{ "body", true, false },
		/* And cannot be reached again: that does not mean that nothing was sent. */
		{ "body", false, true },
		{ "body", true, true },
		/* A POST is a POST, also without a body. */
		{ NULL, false, false },
		{ NULL, true, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct provider p;
		struct call c;
		struct buf got;
		provider_open(&p);
		int fd = exchange_on(&p, -1, OK_EMPTY);
		const struct upstream_request rq =
			request_to(&p, HTTP_POST, str_from(rows[i].body));
		buf_init(&got, SIZE_MAX);
		call_start(&c, &p, &rq);
		provider_read(&p, fd, &got);
		if (rows[i].unreachable)
			shutdown(p.listener, SHUT_RDWR);
		end_connection(fd, rows[i].reset);
		int again = -1;
		until(p.loop, c.done || (again = provider_try(&p)) >= 0);
		buf_clear(&got);
		if (again >= 0)
			hear_all(p.loop, again, &got);
		assert_int_equal(got.n, 0);
		assert_ended(&c, UPSTREAM_BROKEN);
		check_not_asked_again(&p);
		close(again);
		call_release(&c);
		buf_release(&got);
		provider_close(&p);
	}
}

/* What cannot do harm may be asked again. */
static void get_is_asked_again(void **state)
{
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	int fd = exchange_on(&p, -1, OK_EMPTY);
	const struct upstream_request rq = request_to(&p, HTTP_GET, (struct str){ NULL, 0 });
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	provider_read(&p, fd, &got);
	close(fd);
	int again = -1;
	until(p.loop, c.done || (again = provider_try(&p)) >= 0);
	if (!c.done) {
		buf_clear(&got);
		provider_read(&p, again, &got);
		say(p.loop, again, STR(OK_EMPTY));
		assert_ended(&c, UPSTREAM_OK);
		close(again);
	} else {
		assert_int_equal(c.why, UPSTREAM_BROKEN);
	}
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

/* Half a request taken, on a reused connection: nobody acts on half a body, it may be asked again. */
static void half_a_request_taken(void **state)
{
	static char big[8 << 20];

	for (int i = 0; i < 8; i++) {
		struct provider p;
		struct call c;
		struct buf got;
		provider_open(&p);
		int fd = exchange_on(&p, -1, OK_EMPTY);
		const struct upstream_request rq =
			request_to(&p, HTTP_POST, (struct str){ big, sizeof(big) });
		buf_init(&got, SIZE_MAX);
		call_start(&c, &p, &rq);
		until(p.loop, (hear(fd, &got, 1000), got.n > 2000));
		/* What libcurl notices first, reading or writing, depends on how far it is. */
		if (i >= 4)
			calm(p.loop);
		if (i % 4 >= 2)
			shutdown(p.listener, SHUT_RDWR);
		end_connection(fd, i % 2 != 0);
		assert_ended(&c, UPSTREAM_STALE);
		check_not_asked_again(&p); /* that is its user's to do */
		call_release(&c);
		buf_release(&got);
		provider_close(&p);
	}
}

/* On a new connection it is a failure like any other. */
static void half_a_request_taken_on_a_new_one(void **state)
{
	static char big[8 << 20];
	struct provider p;
	struct call c;
	struct buf got;

	provider_open(&p);
	const struct upstream_request rq =
		request_to(&p, HTTP_POST, (struct str){ big, sizeof(big) });
	buf_init(&got, SIZE_MAX);
	call_start(&c, &p, &rq);
	int fd = provider_accept(&p);
	until(p.loop, (hear(fd, &got, 1000), got.n > 2000));
	reset_socket(fd);
	assert_ended(&c, UPSTREAM_BROKEN);
	call_release(&c);
	buf_release(&got);
	provider_close(&p);
}

/* A streamed body cannot be begun again, whoever would do it. */
static void half_an_upload_taken(void **state)
{
	for (int ended = 0; ended < 2; ended++) {
		struct provider p;
		struct call c;
		struct buf got;
		provider_open(&p);
		int fd = exchange_on(&p, -1, OK_EMPTY);
		struct upstream_request rq = request_to(&p, HTTP_POST, (struct str){ NULL, 0 });
		rq.streamed = true;
		rq.streamed_length = -1;
		buf_init(&got, SIZE_MAX);
		call_start(&c, &p, &rq);
		transfer_send(c.t, STR("some"));
		if (ended)
			transfer_send_end(c.t);
		hear_until(p.loop, fd, &got, ended ? "some\r\n0\r\n\r\n" : "some");
		close(fd);
		/* While libcurl waits for more of the body it does not look whether the provider is still there. */
		for (int i = 0; !ended && !c.done && i < 1000; i++) {
			transfer_send(c.t, STR("more"));
			calm(p.loop);
		}
		assert_ended(&c, UPSTREAM_BROKEN);
		check_not_asked_again(&p);
		call_release(&c);
		buf_release(&got);
		provider_close(&p);
	}
}

/* ---- never twice ---- */

enum { TRIALS = 150, CONNECTIONS = 64 };

/* A provider that ends connections at random: how many bytes of the next request it takes first, or that it ends the
 * connection right after a reply, in one breath with it. */
struct moody {
	struct provider p;
	uint64_t seed;
	struct {
		int fd;
		struct buf got;
		size_t appetite;
	} c[CONNECTIONS];
	size_t n, whole;
};

static void moody_close(struct moody *m, size_t i)
{
	if (random_below(&m->seed, 2) == 0)
		reset_socket(m->c[i].fd);
	else
		close(m->c[i].fd);
	m->c[i].fd = -1;
}

static void moody_serves(struct moody *m, size_t i)
{
	if (is_whole(buf_str(&m->c[i].got))) {
		m->whole++;
		size_t mood = random_below(&m->seed, 4);
		if (mood == 0) {
			moody_close(m, i);
			return;
		}
		(void)!send(m->c[i].fd, OK_EMPTY, sizeof(OK_EMPTY) - 1, MSG_NOSIGNAL);
		buf_clear(&m->c[i].got);
		m->c[i].appetite =
			random_below(&m->seed, 3) == 0 ? random_below(&m->seed, 2 << 20) : SIZE_MAX;
		if (mood == 1 && random_below(&m->seed, 2) == 0)
			moody_close(m, i);
	} else if (m->c[i].got.n > m->c[i].appetite) {
		moody_close(m, i);
	}
}

static void moody_turn(struct moody *m)
{
	int fd;

	turn(m->p.loop);
	while ((fd = provider_try(&m->p)) >= 0) {
		assert_true(m->n < CONNECTIONS);
		m->c[m->n].fd = fd;
		m->c[m->n].appetite = SIZE_MAX;
		buf_init(&m->c[m->n].got, SIZE_MAX);
		m->n++;
	}
	for (size_t i = 0; i < m->n; i++) {
		if (m->c[i].fd < 0)
			continue;
		enum heard how = hear(m->c[i].fd, &m->c[i].got, 60000);
		if (how == HEARD_BYTES) {
			moody_serves(m, i);
		} else if (how >= HEARD_END) {
			close(m->c[i].fd);
			m->c[i].fd = -1;
		}
	}
}

static void moody_forgets(struct moody *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (m->c[i].fd >= 0)
			m->c[kept++] = m->c[i];
		else
			buf_release(&m->c[i].got);
	}
	m->n = kept;
}

static void never_two_whole_copies(void **state)
{
	static const size_t sizes[] = { 1, 100, 60000, 1 << 20, 3 << 20 };
	static struct moody m;
	unsigned ended[UPSTREAM_BAD_REPLY + 1] = { 0 };
	char *body = must_alloc(3 << 20);

	m = (struct moody){ .seed = 77 };
	provider_open(&m.p);
	for (int trial = 0; trial < TRIALS; trial++) {
		struct call c = { .why = UPSTREAM_STALE };
		const size_t n = sizes[random_below(&m.seed, ARRAY_LEN(sizes))];
		m.whole = 0;
		/* As the core does it: once more after a stale one. */
		for (int attempt = 0; attempt < 2 && c.why == UPSTREAM_STALE; attempt++) {
			struct upstream_request rq =
				request_to(&m.p, HTTP_POST, (struct str){ body, n });
			rq.fresh = attempt > 0 && random_below(&m.seed, 2) == 0;
			call_start(&c, &m.p, &rq);
			time_t start = time(NULL);
			while (!c.done) {
				moody_turn(&m);
				assert_true(time(NULL) < start + NEVER_S);
			}
			call_release(&c);
		}
		for (int i = 0; i < 3; i++)
			moody_turn(&m);
		assert_true(m.whole <= 1);
		if (c.why == UPSTREAM_OK)
			assert_int_equal(m.whole, 1);
		ended[c.why]++;
		moody_forgets(&m);
	}
	/* It was moody enough. */
	assert_true(ended[UPSTREAM_OK] > TRIALS / 3 && ended[UPSTREAM_BROKEN] > TRIALS / 20);
	for (size_t i = 0; i < m.n; i++)
		moody_close(&m, i);
	moody_forgets(&m);
	provider_close(&m.p);
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_are_used_again),
		cmocka_unit_test(fresh_ones_when_asked),
		cmocka_unit_test(closed_ones_are_not_used),
		cmocka_unit_test(idle_ones_end),
		cmocka_unit_test(unasked_bytes),
		cmocka_unit_test(cancelled_ones_are_not_used),
		cmocka_unit_test(pool_has_a_bound),
		cmocka_unit_test(whole_request_taken),
		cmocka_unit_test(get_is_asked_again),
		cmocka_unit_test(half_a_request_taken),
		cmocka_unit_test(half_a_request_taken_on_a_new_one),
		cmocka_unit_test(half_an_upload_taken),
		cmocka_unit_test(never_two_whole_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
