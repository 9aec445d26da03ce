/* SPDX-License-Identifier: MIT */
/* Requests that begin alike: who waits for whom, what ends the waiting, and that it always ends. */
#include "unit/core/exchange_fake.h"

#include "core/siblings.h"

#include <stdio.h>

#define MARK ",\"cache_control\":{\"type\":\"ephemeral\"}"
#define WROTE \
	"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"claude-opus-5-5\"," \
	"\"usage\":{\"input_tokens\":12,\"cache_creation_input_tokens\":8000,\"output_tokens\":1}}}\n\n"

enum { LONG = 30000, SHORT = 9000 };

/* How one request differs from others. */
struct ask {
	const char *model, *system, *user, *headers;
	size_t length; /* of its system prompt */
	bool whole;    /* no stream */
};

static const struct ask plain = { "claude-opus-5-5", "You are one", "first", "x-api-key: k\n", LONG,
	false };

static struct conn *post(struct world *w, const struct ask *a)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_addf(&b, "{\"model\":\"%s\",\"stream\":%s,\"system\":[{\"type\":\"text\",\"text\":\"%s",
		a->model, a->whole ? "false" : "true", a->system);
	while (b.n < a->length)
		buf_add(&b, STR(" of those who help"));
	buf_addf(&b,
		"\"" MARK
		"}],\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"%s\"" MARK
		"}]}]}",
		a->user);
	struct conn *c = world_post_with(w, "/v1/messages", a->headers, buf_str(&b));
	buf_release(&b);
	return c;
}

static struct conn *post_user(struct world *w, const char *user)
{
	struct ask a = plain;

	a.user = user;
	return post(w, &a);
}

static struct transfer *nth(const struct world *w, size_t n)
{
	return fake_upstream_nth(w->upstream, n);
}

/* The loop goes round once, in no time. */
static void go_round(struct world *w)
{
	fake_loop_advance(w->loop, 0);
}

static void begin_reply(struct world *w, struct transfer *t)
{
	fake_transfer_take(t, SIZE_MAX);
	fake_transfer_head(t, STREAM_HEAD);
	fake_transfer_body(t, STR(WROTE));
	go_round(w);
}

static void end_reply(struct world *w, struct transfer *t)
{
	fake_transfer_body(t, STR(DELTA USAGE STOP));
	fake_transfer_done(t, UPSTREAM_OK, "");
	fake_loop_settle(w->loop);
}

/* All that are under way get their answers, and those that come of it. */
static void finish(struct world *w, size_t from, size_t n)
{
	for (size_t i = from; i < n; i++) {
		assert_non_null(nth(w, i));
		if (nth(w, i)->state == FAKE_WAITING)
			begin_reply(w, nth(w, i));
		if (nth(w, i)->state == FAKE_REPLYING)
			end_reply(w, nth(w, i));
	}
	go_round(w);
	assert_null(nth(w, n));
	world_release(w);
}

static void waits_until_the_first_begins(void **state)
{
	struct world w;

	world_init(&w, NULL);
	post_user(&w, "one");
	struct conn *c = post_user(&w, "two");
	fake_loop_advance(w.loop, 5000);
	assert_null(nth(&w, 1));
	/* Its head says nothing yet. */
	fake_transfer_take(nth(&w, 0), SIZE_MAX);
	fake_transfer_head(nth(&w, 0), STREAM_HEAD);
	go_round(&w);
	assert_null(nth(&w, 1));
	fake_transfer_body(nth(&w, 0), STR(WROTE));
	go_round(&w);
	assert_non_null(nth(&w, 1));
	assert_true(str_find(nth(&w, 1)->rq.body, STR("\"two\"")) < nth(&w, 1)->rq.body.n);
	begin_reply(&w, nth(&w, 1));
	end_reply(&w, nth(&w, 1));
	assert_bytes(buf_str(&c->body), WROTE DELTA USAGE STOP);
	/* Now it is there: nobody waits any more, though the first still speaks. */
	post_user(&w, "three");
	assert_non_null(nth(&w, 2));
	finish(&w, 0, 3);
}

static void all_of_them(void **state)
{
	enum { MANY = 50 };
	struct world w;
	char user[20];

	world_init(&w, NULL);
	for (int i = 0; i < MANY; i++) {
		snprintf(user, sizeof(user), "number %d", i);
		post_user(&w, user);
	}
	assert_null(nth(&w, 1));
	begin_reply(&w, nth(&w, 0));
	for (size_t i = 0; i < MANY; i++) {
		assert_non_null(nth(&w, i));
		/* In the order in which they came. */
		snprintf(user, sizeof(user), "\"number %zu\"", i);
		assert_true(str_find(nth(&w, i)->rq.body, str_from(user)) < nth(&w, i)->rq.body.n);
	}
	finish(&w, 0, MANY);
}

/* A reply in one piece tells nothing before its end. */
static void whole_replies(void **state)
{
	struct ask a = plain;
	struct world w;

	a.whole = true;
	world_init(&w, NULL);
	post(&w, &a);
	post_user(&w, "two");
	fake_transfer_take(nth(&w, 0), SIZE_MAX);
	fake_transfer_head(nth(&w, 0), JSON_HEAD);
	go_round(&w);
	assert_null(nth(&w, 1));
	fake_transfer_body(nth(&w, 0),
		STR("{\"usage\":{\"input_tokens\":1,\"cache_creation_input_tokens\":8000,\"output_tokens\":1}}"));
	fake_transfer_done(nth(&w, 0), UPSTREAM_OK, "");
	go_round(&w);
	assert_non_null(nth(&w, 1));
	finish(&w, 1, 2);
}

static void strangers(void **state)
{
	const struct ask others[] = {
		{ plain.model, "You are two", plain.user, plain.headers, LONG, false },
		{ "claude-opus-5-4", plain.system, plain.user, plain.headers, LONG, false },
		{ plain.model, plain.system, plain.user, "x-api-key: other\n", LONG, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct world w;
		world_init(&w, NULL);
		post(&w, &plain);
		post(&w, &others[i]);
		assert_non_null(nth(&w, 1));
		finish(&w, 0, 2);
	}
}

static void not_worth_it(void **state)
{
	static const struct {
		size_t length;
		const char *set;
		bool waits;
	} rows[] = {
		{ SHORT, NULL, false },
		{ SHORT, "gather.min_tokens=1000", true },
		{ LONG, "gather.wait_s=0", false },
		{ LONG, "gather.min_tokens=100000", false },
		{ LONG, "prefix.enabled=false", false },
		{ LONG, NULL, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const sets[] = { rows[i].set, NULL };
		struct ask a = plain;
		struct world w;
		a.length = rows[i].length;
		world_init(&w, sets);
		post(&w, &a);
		post(&w, &a);
		assert_int_equal(nth(&w, 1) == NULL, rows[i].waits);
		if (rows[i].waits)
			begin_reply(&w, nth(&w, 0));
		finish(&w, 0, 2);
	}
}

/* What caches without breakpoints write is not known. */
static void other_caches(void **state)
{
	static const char *const sets[] = { "models=*=up/m", "providers.up.dialect=openai",
		"providers.up.base_url=http://127.0.0.1:9", NULL };
	struct world w;

	world_init(&w, sets);
	post(&w, &plain);
	post(&w, &plain);
	assert_non_null(nth(&w, 1));
	for (size_t i = 0; i < 2; i++) {
		fake_transfer_take(nth(&w, i), SIZE_MAX);
		fake_transfer_head(nth(&w, i), "500 Oh\n");
		fake_transfer_done(nth(&w, i), UPSTREAM_OK, "");
	}
	fake_loop_settle(w.loop);
	world_release(&w);
}

static void only_so_long(void **state)
{
	static const char *const sets[] = { "gather.wait_s=3", NULL };
	struct world w;

	world_init(&w, sets);
	post_user(&w, "one");
	post_user(&w, "two");
	fake_loop_advance(w.loop, 1000);
	post_user(&w, "three");
	fake_loop_advance(w.loop, 1999);
	assert_null(nth(&w, 1));
	fake_loop_advance(w.loop, 1);
	assert_non_null(nth(&w, 1));
	/* The third has waited two seconds, and waits for either of them one more. */
	assert_null(nth(&w, 2));
	fake_loop_advance(w.loop, 1000);
	assert_non_null(nth(&w, 2));
	finish(&w, 0, 3);
}

/* The next one goes ahead, and the rest waits for that one. */
static void check_failing(void (*end)(struct world *w, struct conn *c))
{
	struct world w;

	world_init(&w, NULL);
	struct conn *c = post_user(&w, "one");
	post_user(&w, "two");
	post_user(&w, "three");
	end(&w, c);
	go_round(&w);
	assert_non_null(nth(&w, 1));
	assert_true(str_find(nth(&w, 1)->rq.body, STR("\"two\"")) < nth(&w, 1)->rq.body.n);
	assert_null(nth(&w, 2));
	begin_reply(&w, nth(&w, 1));
	assert_non_null(nth(&w, 2));
	finish(&w, 1, 3);
}

static void is_cut(struct world *w, struct conn *c)
{
	fake_transfer_take(nth(w, 0), SIZE_MAX);
	fake_transfer_head(nth(w, 0), STREAM_HEAD);
	fake_transfer_done(nth(w, 0), UPSTREAM_BROKEN, "cut");
}

static void is_refused(struct world *w, struct conn *c)
{
	fake_transfer_take(nth(w, 0), SIZE_MAX);
	fake_transfer_head(nth(w, 0), "400 Bad Request\nContent-Type: application/json");
	fake_transfer_body(nth(w, 0),
		STR("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"m\"}}"));
	fake_transfer_done(nth(w, 0), UPSTREAM_OK, "");
}

static void leaves(struct world *w, struct conn *c)
{
	fake_conn_gone(c);
}

static void the_first_fails(void **state)
{
	check_failing(is_cut);
	check_failing(is_refused);
	check_failing(leaves);
}

static void one_that_waits_leaves(void **state)
{
	struct world w;

	world_init(&w, NULL);
	post_user(&w, "one");
	struct conn *c = post_user(&w, "two");
	post_user(&w, "three");
	fake_conn_gone(c);
	go_round(&w);
	assert_null(nth(&w, 1));
	begin_reply(&w, nth(&w, 0));
	assert_non_null(nth(&w, 1));
	assert_true(str_find(nth(&w, 1)->rq.body, STR("\"three\"")) < nth(&w, 1)->rq.body.n);
	/* And one that has been called, but has not heard it yet. */
	finish(&w, 0, 2);
	world_init(&w, NULL);
	post_user(&w, "one");
	c = post_user(&w, "two");
	fake_transfer_take(nth(&w, 0), SIZE_MAX);
	fake_transfer_head(nth(&w, 0), STREAM_HEAD);
	fake_transfer_body(nth(&w, 0), STR(WROTE));
	fake_conn_gone(c);
	finish(&w, 0, 1);
}

/* Those that wait for the first may have still more in common with each other. */
static void more_in_common(void **state)
{
	struct world w;
	struct buf user;

	buf_init(&user, SIZE_MAX);
	while (user.n < LONG)
		buf_add(&user, STR("Do what they say. "));
	buf_add_char(&user, '\0');
	world_init(&w, NULL);
	post_user(&w, "one");
	post_user(&w, user.p);
	post_user(&w, user.p);
	post_user(&w, "four");
	begin_reply(&w, nth(&w, 0));
	assert_non_null(nth(&w, 2));
	assert_null(nth(&w, 3));
	assert_true(str_find(nth(&w, 2)->rq.body, STR("\"four\"")) < nth(&w, 2)->rq.body.n);
	begin_reply(&w, nth(&w, 1));
	assert_non_null(nth(&w, 3));
	buf_release(&user);
	finish(&w, 0, 4);
}

/* Nobody is refused, and nobody is forgotten, however many they are. */
static void more_than_can_wait(void **state)
{
	static const char *const sets[] = { "gather.min_tokens=500", NULL };
	struct ask a = plain;
	struct world w;

	a.length = 4000;
	world_init(&w, sets);
	for (int i = 0; i < SIBLINGS_WAITERS_MAX + 10; i++) {
		post(&w, &a);
		fake_loop_advance(w.loop, 1);
	}
	assert_non_null(nth(&w, 9));
	assert_null(nth(&w, 10));
	fake_loop_advance(w.loop, 10000);
	assert_non_null(nth(&w, SIBLINGS_WAITERS_MAX + 9));
	finish(&w, 0, SIBLINGS_WAITERS_MAX + 10);
}

/* Whatever happens in whatever order: everybody is asked for in the end, or has left. */
static void anything(void **state)
{
	static const char *const systems[] = { "You are one", "You are two", "You are three" };
	enum { CLIENTS = 60, STEPS = 300 };
	unsigned seed = 7;

	for (int round = 0; round < 20; round++) {
		struct conn *clients[CLIENTS];
		size_t n = 0, transfers = 0;
		struct world w;
		world_init(&w, NULL);
		for (int step = 0; step < STEPS; step++) {
			unsigned r = seed = seed * 1103515245u + 12345u, what = r >> 16 & 7;
			struct ask a = plain;
			a.system = systems[r >> 20 & 1 ? r >> 21 & 1 : 2];
			while (nth(&w, transfers) != NULL)
				transfers++;
			struct transfer *t =
				transfers > 0 ? nth(&w, (r >> 8 & 0xff) % transfers) : NULL;
			if (what < 3 && n < CLIENTS)
				clients[n++] = post(&w, &a);
			else if (what == 3 && n > 0 && clients[r % n]->end == FAKE_OPEN)
				fake_conn_gone(clients[r % n]);
			else if (what == 4)
				fake_loop_advance(w.loop, r >> 12 & 0x7ff);
			else if (t != NULL && t->state == FAKE_WAITING && what < 7)
				begin_reply(&w, t);
			else if (t != NULL && t->state == FAKE_WAITING)
				fake_transfer_done(t, UPSTREAM_CONNECT, "refused");
			else if (t != NULL && t->state == FAKE_REPLYING)
				end_reply(&w, t);
			fake_loop_settle(w.loop);
		}
		fake_loop_advance(w.loop, 60000);
		assert_int_equal(fake_upstream_open(w.upstream), w.svc.open);
		for (size_t i = 0; i < n; i++)
			if (clients[i]->end == FAKE_OPEN)
				fake_conn_gone(clients[i]);
		assert_int_equal(fake_upstream_open(w.upstream), 0);
		world_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_until_the_first_begins),
		cmocka_unit_test(all_of_them),
		cmocka_unit_test(whole_replies),
		cmocka_unit_test(strangers),
		cmocka_unit_test(not_worth_it),
		cmocka_unit_test(other_caches),
		cmocka_unit_test(only_so_long),
		cmocka_unit_test(the_first_fails),
		cmocka_unit_test(one_that_waits_leaves),
		cmocka_unit_test(more_in_common),
		cmocka_unit_test(more_than_can_wait),
		cmocka_unit_test(anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
