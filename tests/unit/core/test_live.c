/* SPDX-License-Identifier: MIT */
/* What goes on now, and those who watch: at once, on change, not too often, never more than they read, and until the end. */
#include "unit/core/exchange_fake.h"

#include "base/clock.h"
#include "core/live.h"

#include <stdio.h>

static void put_event(struct services *svc, struct buf *event)
{
	size_t n = 0;

	list_each (it, &svc->live->open)
		n++;
	buf_addf(event, "event: state\ndata: %zu %llu\n\n", n, (unsigned long long)svc->live->seq);
}

static const struct local_endpoint locals[] = { { .path = STR_INIT("/live"),
	.stream = put_event } };

static void begin(struct world *w)
{
	world_init(w, NULL);
	w->svc.locals = locals;
	w->svc.nlocals = ARRAY_LEN(locals);
}

static struct conn *watch(struct world *w)
{
	struct conn *c = fake_conn_begin(w->server, "GET /live\nHost: localhost");

	fake_loop_settle(w->loop);
	return c;
}

static void leave(struct world *w, struct conn *c)
{
	fake_conn_gone(c);
	fake_loop_settle(w->loop);
}

/* ---- watching ---- */

static void at_once_and_on_change(void **state)
{
	struct world w;

	begin(&w);
	struct conn *c = watch(&w);
	assert_header(c, "content-type", "text/event-stream");
	assert_bytes(buf_str(&c->body), "event: state\ndata: 0 0\n\n");
	assert_int_equal(w.svc.open, 0); /* it is not in work */
	fake_loop_advance(w.loop, 14000);
	assert_int_equal(c->writes, 1); /* nothing new */
	struct conn *other = world_post(&w, "/v1/messages", STR(BODY));
	fake_loop_advance(w.loop, 500);
	assert_int_equal(c->writes, 2);
	assert_true(str_ends(buf_str(&c->body), STR("data: 1 0\n\n")));
	world_answer(&w, JSON_HEAD, STR("{}"));
	assert_int_equal(other->end, FAKE_ENDED);
	fake_loop_advance(w.loop, 500);
	assert_true(str_ends(buf_str(&c->body), STR("data: 0 1\n\n")));
	leave(&w, c);
	world_release(&w);
}

static void at_least_every_15_seconds(void **state)
{
	struct world w;

	begin(&w);
	struct conn *c = watch(&w);
	fake_loop_advance(w.loop, 15000);
	assert_int_equal(c->writes, 2);
	fake_loop_advance(w.loop, 45000);
	assert_int_equal(c->writes, 5);
	leave(&w, c);
	world_release(&w);
}

static void at_most_twice_a_second(void **state)
{
	struct world w;

	begin(&w);
	struct conn *c = watch(&w);
	for (int i = 0; i < 100; i++) {
		world_post(&w, "/v1/messages", STR(BODY));
		world_answer(&w, JSON_HEAD, STR("{}"));
		fake_loop_advance(w.loop, 20);
	}
	assert_true(c->writes >= 4 && c->writes <= 5);
	leave(&w, c);
	world_release(&w);
}

/* Streams that go on are shown going on, and standing still. */
static void streams_move(void **state)
{
	struct world w;

	begin(&w);
	struct conn *c = watch(&w), *s = stream_open(&w);
	fake_loop_advance(w.loop, 500);
	unsigned before = c->writes;
	fake_transfer_body(world_transfer(&w), STR(DELTA));
	fake_loop_advance(w.loop, 500);
	assert_int_equal(c->writes, before + 1);
	fake_loop_advance(w.loop, 1500);
	assert_int_equal(c->writes, before + 1);
	fake_loop_advance(w.loop, 500);
	assert_int_equal(c->writes, before + 2);
	fake_conn_gone(s);
	leave(&w, c);
	world_release(&w);
}

static void slow_reader(void **state)
{
	struct world w;

	begin(&w);
	struct conn *slow = watch(&w), *quick = watch(&w);
	slow->stuck = true;
	for (int i = 0; i < 20; i++) {
		world_post(&w, "/v1/messages", STR(BODY));
		world_answer(&w, JSON_HEAD, STR("{}"));
		fake_loop_advance(w.loop, 500);
	}
	assert_int_equal(quick->writes, 21);
	assert_int_equal(slow->writes, 2); /* one is on its way, and no other joins it */
	fake_conn_drain(slow);
	slow->stuck = false;
	fake_loop_advance(w.loop, 500);
	assert_int_equal(
		slow->writes, 3); /* what it has missed, though nothing has changed since */
	assert_true(str_ends(buf_str(&slow->body), STR("data: 0 20\n\n")));
	leave(&w, slow);
	leave(&w, quick);
	world_release(&w);
}

static void ends_at_drain(void **state)
{
	struct world w;

	begin(&w);
	struct conn *slow = watch(&w), *quick = watch(&w);
	slow->stuck = true;
	fake_loop_advance(w.loop, 15000);
	w.svc.draining = true;
	live_end_watches(w.svc.live);
	assert_int_equal(quick->end, FAKE_ENDED);
	assert_int_equal(slow->end, FAKE_ABORTED);
	assert_int_equal(w.svc.open, 0);
	/* Who comes now is sent away. */
	struct conn *late = watch(&w);
	assert_int_equal(late->end, FAKE_ENDED);
	assert_int_equal(late->body.n, 0);
	assert_int_equal(fake_log_lines(w.log.writer), 0);
	world_release(&w);
}

static void leaving_is_no_failure(void **state)
{
	struct world w;

	begin(&w);
	leave(&w, watch(&w));
	assert_int_equal(fake_log_lines(w.log.writer), 0);
	struct conn *head = fake_conn_begin(w.server, "HEAD /live\nHost: localhost");
	assert_int_equal(head->end, FAKE_ENDED);
	world_release(&w);
}

/* ---- what is known ---- */

static void ring(void **state)
{
	struct world w;
	struct live *l;

	begin(&w);
	l = w.svc.live;
	for (int i = 0; i < LIVE_ENDED + 7; i++) {
		world_post(&w, "/v1/messages", STR(BODY));
		world_answer(&w, i == 3 ? "404 Not Found" : JSON_HEAD, STR("{}"));
		world_forget(&w);
	}
	assert_int_equal(l->seq, LIVE_ENDED + 7);
	for (uint64_t seq = 8; seq <= l->seq; seq++)
		assert_int_equal(l->ended[seq % LIVE_ENDED].seq, seq);
	assert_int_equal(l->totals.exchanges, LIVE_ENDED + 7);
	assert_int_equal(l->totals.failed, 1);
	assert_true(list_empty(&l->open));
	world_release(&w);
}

static void recent_minutes(void **state)
{
	struct world w;

	begin(&w);
	struct live *l = w.svc.live;
	for (int i = 0; i < 7; i++) {
		world_post(&w, "/v1/messages", STR(BODY));
		world_answer(&w, JSON_HEAD, STR("{}"));
		fake_loop_advance(w.loop, 60000);
	}
	int64_t now = FAKE_START_WALL_MS + 7 * 60000;
	assert_int_equal(live_recent(l, now - 60000).exchanges, LIVE_MINUTES);
	assert_int_equal(live_recent(l, now).exchanges, LIVE_MINUTES - 1);
	assert_int_equal(live_recent(l, now + 60000).exchanges, LIVE_MINUTES - 2);
	assert_int_equal(live_recent(l, now + 600000).exchanges, 0);
	/* A clock that is set back makes nothing up. */
	assert_true(live_recent(l, FAKE_START_WALL_MS).exchanges <= 7);
	world_release(&w);
}

static void conversations(void **state)
{
	const struct live_conversation *c[LIVE_CONVERSATIONS];
	struct world w;
	char headers[120];

	begin(&w);
	for (int i = 0; i < LIVE_CONVERSATIONS + 10; i++) {
		snprintf(headers, sizeof(headers), "X-Claude-Code-Session-Id: session-%d\n", i);
		world_post_with(&w, "/v1/messages", headers, STR(BODY));
		world_answer(&w, STREAM_HEAD, STR(START DELTA USAGE STOP));
		fake_loop_advance(w.loop, 10);
		world_forget(&w);
	}
	int64_t now = FAKE_START_WALL_MS + 10 * (LIVE_CONVERSATIONS + 10);
	size_t n = live_active(w.svc.live, now, c, LIVE_CONVERSATIONS);
	assert_int_equal(n, LIVE_CONVERSATIONS);
	assert_string_equal(c[0]->session, "session-265"); /* the latest first */
	assert_string_equal(c[n - 1]->session, "session-10");
	assert_int_equal(c[0]->read_tokens, 3400);
	assert_int_equal(c[0]->input_tokens, 3412);
	assert_true(c[0]->cost > 0);
	assert_int_equal(live_active(w.svc.live, now + LIVE_ACTIVE_MS + 1, c, 10), 0);
	world_release(&w);
}

/* The cost so far: the input as it was told, and output by its bytes; the final figures in the end. */
static void progress(void **state)
{
	struct world w;

	begin(&w);
	world_post(&w, "/v1/messages", STR(BODY));
	const struct exchange *x = container_of(w.svc.live->open.next, struct exchange, live);
	assert_int_equal(live_progress(x, clock_mono_ns()).cost, -1);
	fake_transfer_head(world_transfer(&w), STREAM_HEAD);
	fake_transfer_body(world_transfer(&w), STR(START));
	struct live_progress p = live_progress(x, clock_mono_ns());
	assert_int_equal(p.tokens, 1);
	int64_t input_only = p.cost;
	assert_true(input_only > 0);
	/* 1,600 bytes of text, in few frames or in many. */
	for (int i = 0; i < 50; i++)
		fake_transfer_body(world_transfer(&w),
			STR("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
			    "\"delta\":{\"type\":\"text_delta\",\"text\":\"so many words that come at once. \"}}\n\n"));
	fake_loop_advance(w.loop, 10000);
	p = live_progress(x, clock_mono_ns());
	assert_true(p.tokens > 400 && p.tokens < 800);
	assert_int_equal(p.tokens_per_s, p.tokens / 10);
	assert_true(p.cost > input_only);
	fake_transfer_body(world_transfer(&w), STR(USAGE));
	p = live_progress(x, clock_mono_ns());
	assert_int_equal(p.tokens, 795);
	int64_t so_far = p.cost;
	fake_transfer_body(world_transfer(&w), STR(STOP));
	fake_transfer_done(world_transfer(&w), UPSTREAM_OK, "");
	fake_loop_settle(w.loop);
	assert_int_equal(w.svc.live->ended[1].cost, so_far);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_once_and_on_change),
		cmocka_unit_test(at_least_every_15_seconds),
		cmocka_unit_test(at_most_twice_a_second),
		cmocka_unit_test(streams_move),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(ends_at_drain),
		cmocka_unit_test(leaving_is_no_failure),
		cmocka_unit_test(ring),
		cmocka_unit_test(recent_minutes),
		cmocka_unit_test(conversations),
		cmocka_unit_test(progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
