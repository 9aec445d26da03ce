/* SPDX-License-Identifier: MIT */
/* From a reply to rows of the ledger: what each way to end costs, and that sums agree. */
#include "unit/core/exchange_fake.h"

#include "core/ledger.h"

#include <stdio.h>

#define MODEL \
	"{\"model\":\"claude-sonnet-4-6\",\"metadata\":{\"user_id\":\"{\\\"session_id\\\":\\\"s-1\\\"}\"}}"
#define SSE_HEAD "200 OK\nContent-Type: text/event-stream"
#define USAGE_START \
	"event: message_start\ndata: {\"message\":{\"model\":\"claude-sonnet-4-6-20260201\",\"usage\":{" \
	"\"input_tokens\":10,\"cache_read_input_tokens\":50000,\"cache_creation_input_tokens\":2000," \
	"\"output_tokens\":1}}}\n\n"
#define USAGE_END "event: message_delta\ndata: {\"usage\":{\"output_tokens\":500}}\n\n"
#define STOPPED   "event: message_stop\ndata: {}\n\n"

/* The only row that the store of this name holds. */
struct seen {
	struct ledger_exchange x;
	struct ledger_attempt attempts[4];
	struct arena *arena;
	size_t n;
};

static bool put_row(void *ctx, const struct query_row *row)
{
	struct seen *s = ctx;

	s->n++;
	s->x = *row->exchange;
	s->x.id = arena_dup(s->arena, s->x.id);
	s->x.session = arena_dup(s->arena, s->x.session);
	s->x.model = arena_dup(s->arena, s->x.model);
	s->x.error = arena_dup(s->arena, s->x.error);
	for (size_t i = 0; i < s->x.nattempts && i < ARRAY_LEN(s->attempts); i++) {
		s->attempts[i] = s->x.attempts[i];
		s->attempts[i].outcome = arena_dup(s->arena, s->attempts[i].outcome);
	}
	return true;
}

struct recorded {
	struct world w;
	char store[40];
};

static void begin(struct recorded *r, const char *const *sets)
{
	static unsigned number;

	world_init(&r->w, sets);
	snprintf(r->store, sizeof(r->store), "account-%u", number++);
	r->w.svc.ledger = ledger_new(&r->w.svc, &store_memory, r->store);
}

/* Ends the world, and reads what it has recorded. */
static void end(struct recorded *r, struct seen *ret)
{
	const struct query_params all = { .what = QUERY_HISTORY, .to_ms = INT64_MAX, .limit = 10 };
	struct err e = { 0 };

	ledger_free(r->w.svc.ledger);
	world_release(&r->w);
	*ret = (struct seen){ .arena = arena_new() };
	struct store *s = store_memory.open(r->store, STORE_READ, &e);
	assert_non_null(s);
	assert_true(s->driver->query(s, &all, put_row, ret, &e));
	s->driver->close(s);
	assert_int_equal(ret->n, 1);
}

static void assert_sum(const struct seen *s)
{
	int64_t sum = 0;

	for (size_t i = 0; i < s->x.nattempts; i++)
		sum += s->attempts[i].cost.total;
	assert_int_equal(s->x.cost.total, sum);
}

static void whole_stream(void **state)
{
	struct recorded r;
	struct seen s;

	begin(&r, NULL);
	world_post(&r.w, "/v1/messages", STR(MODEL));
	world_answer(&r.w, SSE_HEAD, STR(USAGE_START USAGE_END STOPPED));
	end(&r, &s);
	assert_int_equal(s.x.cost.total, 30030000);
	assert_int_equal(s.x.cost.cache_read, 15000000);
	assert_int_equal(s.x.tokens.cache_write_5m, 2000);
	assert_bytes(s.x.session, "s-1");
	assert_bytes(s.x.model, "claude-sonnet-4-6-20260201");
	assert_false(s.x.estimated);
	assert_int_equal(s.x.nattempts, 1);
	assert_bytes(s.attempts[0].outcome, "ok");
	assert_sum(&s);
	arena_free(s.arena);
}

static void session_of_the_header(void **state)
{
	struct recorded r;
	struct seen s;

	begin(&r, NULL);
	world_post_with(&r.w, "/v1/messages", "X-Claude-Code-Session-Id: s-2\n", STR(MODEL));
	world_answer(&r.w, SSE_HEAD, STR(USAGE_START USAGE_END STOPPED));
	end(&r, &s);
	assert_bytes(s.x.session, "s-2");
	arena_free(s.arena);
}

/* The input was told; of the output only that it began. */
static void cut_stream(void **state)
{
	struct recorded r;
	struct seen s;

	begin(&r, NULL);
	world_post(&r.w, "/v1/messages", STR(MODEL));
	struct transfer *t = world_transfer(&r.w);
	fake_transfer_head(t, SSE_HEAD);
	fake_transfer_body(t, STR(USAGE_START));
	for (int i = 0; i < 100; i++)
		fake_transfer_body(t,
			STR("event: content_block_delta\ndata: {\"type\":\"content_block_delta\","
			    "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hello there\"}}\n\n"));
	fake_transfer_done(t, UPSTREAM_BROKEN, "reset");
	end(&r, &s);
	assert_true(s.x.estimated);
	assert_true(s.attempts[0].estimated);
	assert_bytes(s.attempts[0].outcome, "cut");
	assert_int_equal(s.x.tokens.in, 10);
	assert_true(s.x.tokens.out > 50 && s.x.tokens.out < 500);
	assert_int_equal(s.x.cost.out, s.x.tokens.out * 15000);
	assert_sum(&s);
	arena_free(s.arena);
}

/* Only the very end is missing: the provider's figures stand, and nothing is estimated. */
static void cut_behind_the_usage(void **state)
{
	struct recorded r;
	struct seen s;

	begin(&r, NULL);
	world_post(&r.w, "/v1/messages", STR(MODEL));
	struct transfer *t = world_transfer(&r.w);
	fake_transfer_head(t, SSE_HEAD);
	fake_transfer_body(t, STR(USAGE_START));
	for (int i = 0; i < 2000; i++)
		fake_transfer_body(t,
			STR("event: content_block_delta\ndata: {\"type\":\"content_block_delta\","
			    "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hello there\"}}\n\n"));
	fake_transfer_body(t, STR(USAGE_END));
	fake_transfer_done(t, UPSTREAM_BROKEN, "reset");
	end(&r, &s);
	assert_false(s.x.estimated);
	assert_false(s.attempts[0].estimated);
	assert_bytes(s.attempts[0].outcome, "cut");
	assert_int_equal(s.x.tokens.out, 500);
	assert_int_equal(s.x.cost.total, 30030000);
	assert_sum(&s);
	arena_free(s.arena);
}

static void client_gone(void **state)
{
	struct recorded r;
	struct seen s;

	begin(&r, NULL);
	struct conn *c = world_post(&r.w, "/v1/messages", STR(MODEL));
	fake_transfer_head(world_transfer(&r.w), SSE_HEAD);
	fake_transfer_body(world_transfer(&r.w), STR(USAGE_START));
	fake_conn_gone(c);
	end(&r, &s);
	assert_true(s.x.estimated);
	assert_bytes(s.attempts[0].outcome, "cancelled");
	assert_true(s.x.cost.total > 22500000);
	arena_free(s.arena);
}

static void stale_then_good(void **state)
{
	struct recorded r;
	struct seen s;

	begin(&r, NULL);
	world_post(&r.w, "/v1/messages", STR(MODEL));
	fake_transfer_done(world_transfer(&r.w), UPSTREAM_STALE, "dead");
	world_answer(&r.w, SSE_HEAD, STR(USAGE_START USAGE_END STOPPED));
	end(&r, &s);
	assert_int_equal(s.x.nattempts, 2);
	assert_bytes(s.attempts[0].outcome, "stale");
	assert_int_equal(s.attempts[0].cost.total, 0);
	assert_int_equal(s.x.cost.total, 30030000);
	assert_sum(&s);
	arena_free(s.arena);
}

static void refusals(void **state)
{
	struct recorded r;
	struct seen s;

	begin(&r, NULL);
	world_post(&r.w, "/v1/messages", STR(MODEL));
	world_answer(&r.w, "529 Overloaded\nContent-Type: application/json",
		STR("{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}"));
	end(&r, &s);
	assert_int_equal(s.x.cost.total, 0);
	assert_int_equal(s.x.status, 529);
	assert_bytes(s.x.error, "overloaded_error");
	arena_free(s.arena);

	begin(&r, NULL);
	world_post(&r.w, "/v1/messages", STR("not JSON"));
	end(&r, &s);
	assert_int_equal(s.x.status, 400);
	assert_int_equal(s.x.nattempts, 0);
	assert_int_equal(s.x.cost.total, 0);
	arena_free(s.arena);
}

static void unknown_cost(void **state)
{
	struct recorded r;
	struct seen s;

	begin(&r, NULL);
	world_post(&r.w, "/v1/messages", STR("{\"model\":\"nobody-knows\"}"));
	world_answer(&r.w, "200 OK\nContent-Type: application/json",
		STR("{\"model\":\"nobody-knows\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}"));
	end(&r, &s);
	assert_int_equal(s.x.cost.total, -1);
	assert_int_equal(s.x.tokens.in, 1);
	assert_false(s.x.estimated);
	arena_free(s.arena);
}

static void long_names(void **state)
{
	struct recorded r;
	struct seen s;
	struct buf body;

	buf_init(&body, SIZE_MAX);
	buf_add(&body, STR("{\"model\":\"x"));
	for (int i = 0; i < 100000; i++)
		buf_add(&body, STR("\xC3\xA9"));
	buf_add(&body, STR("\"}"));
	begin(&r, NULL);
	world_post(&r.w, "/v1/messages", buf_str(&body));
	world_answer(&r.w, "200 OK\nContent-Type: application/json", STR("{}"));
	end(&r, &s);
	assert_int_equal(s.x.model.n, 199);
	arena_free(s.arena);
	buf_release(&body);
}

/* ---- a store that takes nothing ---- */

static struct store *open_never(const char *path, enum store_access access, struct err *e)
{
	(void)path, (void)access;
	err_set(e, ERR_INTERNAL, "no disk");
	return NULL;
}

static const struct store_driver never = { .name = "never", .open = open_never };

/* The queue has room for a hundred; who comes then waits for five seconds, and goes on unrecorded. */
static void full_queue(void **state)
{
	static const char *const sets[] = { "store.queue_rows=100", "store.wait_s=5",
		"store.end_s=0", NULL };
	struct writer_state s;
	struct world w;

	world_init(&w, sets);
	w.svc.ledger = ledger_new(&w.svc, &never, "nowhere");
	for (int i = 0; i < 100; i++) {
		world_post(&w, "/v1/messages", STR(MODEL));
		world_answer(&w, SSE_HEAD, STR(USAGE_START USAGE_END STOPPED));
	}
	struct transfer *last = world_transfer(&w);
	static const char head[] = "POST /v1/messages\nHost: localhost\nContent-Length: 13";
	struct conn *c = fake_conn_begin(w.server, head), *other = fake_conn_begin(w.server, head);
	fake_loop_advance(w.loop, 4900);
	assert_ptr_equal(world_transfer(&w), last);
	fake_conn_gone(other);
	fake_loop_advance(w.loop, 200);
	fake_conn_body(c, STR("{\"model\":\"m\"}"));
	fake_conn_end(c);
	assert_ptr_not_equal(world_transfer(&w), last);
	world_answer(&w, SSE_HEAD, STR(USAGE_START USAGE_END STOPPED));
	assert_int_equal(c->end, FAKE_ENDED);
	ledger_state(w.svc.ledger, &s);
	assert_int_equal(s.waiting, 100);
	assert_int_equal(s.dropped, 2);
	fake_loop_advance(w.loop, 1000);
	ledger_free(w.svc.ledger);
	struct str log = world_log(&w);
	assert_true(str_find(log, STR("'nowhere' has lost 1 exchanges")) < log.n);
	assert_true(str_find(log, STR("100 exchanges are lost")) < log.n);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_stream),
		cmocka_unit_test(session_of_the_header),
		cmocka_unit_test(cut_stream),
		cmocka_unit_test(cut_behind_the_usage),
		cmocka_unit_test(client_gone),
		cmocka_unit_test(stale_then_good),
		cmocka_unit_test(refusals),
		cmocka_unit_test(unknown_cost),
		cmocka_unit_test(long_names),
		cmocka_unit_test(full_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
