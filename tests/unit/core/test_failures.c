/* SPDX-License-Identifier: MIT */
/* A provider that fails in each way at each point: what the client gets, to the byte. */
#include "unit/core/exchange_fake.h"

#include <stdio.h>

enum { LONG = 1500 };

/* Where in a reply. */
enum point {
	BEFORE_HEAD,
	AFTER_HEAD,
	BETWEEN_FRAMES,
	MID_FRAME,      /* a part that is held back */
	MID_LONG_FRAME, /* a part that is with the client */
	AFTER_LONG_FRAME,
	PAUSED,
	POINTS,
};

static const struct {
	enum upstream_failure why;
	unsigned status;
	const char *type; /* of the error in the Anthropic API */
} failures[] = {
	{ UPSTREAM_CONNECT, 502, "api_error" },
	{ UPSTREAM_BROKEN, 502, "api_error" },
	{ UPSTREAM_TIMEOUT, 504, "timeout_error" },
	{ UPSTREAM_BAD_REPLY, 502, "api_error" },
	{ UPSTREAM_STALE, 502, "api_error" },
};

/* Half a frame that is longer than limits.frame_bytes. */
static struct str long_half(void)
{
	static char half[LONG];

	memset(half, 'x', sizeof(half));
	memcpy(half, "data: ", 6);
	return (struct str){ half, sizeof(half) };
}

static void give(struct transfer *t, struct buf *all, struct str bytes)
{
	fake_transfer_body(t, bytes);
	buf_add(all, bytes);
}

/* Takes an event stream to a point. all: what the provider sent. */
static void go_to(struct transfer *t, struct conn *c, enum point p, struct buf *all)
{
	if (p == BEFORE_HEAD)
		return;
	fake_transfer_head(t, STREAM_HEAD);
	if (p == AFTER_HEAD)
		return;
	give(t, all, STR(START DELTA));
	if (p == MID_FRAME)
		give(t, all, STR("event: content_bl"));
	if (p == MID_LONG_FRAME || p == AFTER_LONG_FRAME)
		give(t, all, long_half());
	if (p == AFTER_LONG_FRAME)
		give(t, all, STR("\n\n"));
	c->stuck = p == PAUSED;
	while (p == PAUSED && !t->paused)
		give(t, all, STR(DELTA));
}

static void error_json(char out[400], const char *type, const char *id)
{
	snprintf(out, 400,
		"{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":\"provider 'anthropic': "
		"it broke\"},\"request_id\":\"%s\"}",
		type, id);
}

static void check_told(const struct conn *c, size_t i)
{
	char want[400];

	error_json(want, failures[i].type, FIRST_ID);
	assert_int_equal(c->end, FAKE_ENDED);
	assert_int_equal(c->reply.status, failures[i].status);
	assert_header(c, "content-type", "application/json");
	assert_absent(fake_conn_header(c, "x-should-retry"));
	assert_str(buf_str(&c->body), str_from(want));
}

/* Whole frames as they came, then an error event. */
static void check_told_in_stream(const struct conn *c, size_t i, struct str frames)
{
	char json[400], want[500];

	error_json(json, failures[i].type, FIRST_ID);
	snprintf(want, sizeof(want), "event: error\ndata: %s\n\n", json);
	assert_int_equal(c->end, FAKE_ENDED);
	assert_int_equal(c->reply.status, 200);
	assert_true(str_starts(buf_str(&c->body), frames));
	assert_str(str_from_offset(buf_str(&c->body), frames.n), str_from(want));
}

static void check_log(const struct world *w, size_t i)
{
	assert_int_equal(fake_log_lines(w->log.writer), 1);
	assert_true(str_ends(world_log(w), STR(" | provider 'anthropic': it broke\n")));
	if (failures[i].status == 504)
		assert_true(str_find(world_log(w), STR("| 502 |")) == world_log(w).n);
}

static void one_failure(enum point p, size_t i)
{
	static const char *const sets[] = { "limits.frame_bytes=1024", NULL };
	struct world w;
	struct buf all;

	world_init(&w, sets);
	w.server->limits.queue_bytes = 4096;
	buf_init(&all, SIZE_MAX);
	struct conn *c = world_post(&w, "/v1/messages", STR(BODY));
	struct transfer *t = world_transfer(&w);
	fake_transfer_take(t, SIZE_MAX);
	go_to(t, c, p, &all);
	fake_transfer_done(t, failures[i].why, "it broke");
	fake_loop_settle(w.loop);
	if (p == BEFORE_HEAD) {
		check_told(c, i);
	} else if (p == MID_LONG_FRAME) {
		assert_int_equal(c->end, FAKE_ABORTED);
		assert_str(buf_str(&c->body), buf_str(&all));
	} else if (p == MID_FRAME) {
		check_told_in_stream(c, i, STR(START DELTA));
	} else {
		check_told_in_stream(c, i, buf_str(&all));
	}
	check_log(&w, i);
	/* A client that reads late, and time, change nothing any more. */
	fake_conn_drain(c);
	fake_loop_advance(w.loop, 100000);
	world_release(&w);
	buf_release(&all);
}

static void stream_fails_at_each_point(void **state)
{
	for (int p = 0; p < POINTS; p++)
		for (size_t i = 0; i < ARRAY_LEN(failures); i++)
			if (p != BEFORE_HEAD || failures[i].why != UPSTREAM_STALE)
				one_failure((enum point)p, i);
}

/* What is not an event stream cannot be told of a failure: it must not look complete. */
static void other_replies_are_broken_off(void **state)
{
	static const struct {
		const char *target, *head;
	} rows[] = {
		{ "/v1/messages", JSON_HEAD },
		{ "/v1/messages", JSON_HEAD "\nContent-Length: 100" },
		{ "/v1/messages/count_tokens", JSON_HEAD },
		{ "/v1/files", STREAM_HEAD },
		{ "/v1/chat/completions", JSON_HEAD },
	};

	for (size_t k = 0; k < ARRAY_LEN(rows) * ARRAY_LEN(failures) * 2; k++) {
		size_t i = k / 2 % ARRAY_LEN(failures), r = k / 2 / ARRAY_LEN(failures);
		struct world w;
		world_init(&w, NULL);
		struct conn *c = world_post(&w, rows[r].target, STR("{}"));
		struct transfer *t = world_transfer(&w);
		fake_transfer_take(t, SIZE_MAX);
		fake_transfer_head(t, rows[r].head);
		if (k % 2 != 0)
			fake_transfer_body(t, STR("half"));
		fake_transfer_done(t, failures[i].why, "it broke");
		assert_int_equal(c->end, FAKE_ABORTED);
		assert_str(buf_str(&c->body), k % 2 != 0 ? STR("half") : STR(""));
		assert_int_equal(fake_log_lines(w.log.writer), 1);
		world_release(&w);
	}
}

/* Before the head everybody is told, in the shape of the API that is spoken. */
static void each_dialect_is_told(void **state)
{
	static const struct {
		const char *target, *body;
	} rows[] = {
		{ "/v1/files", "{\"error\":{\"message\":\"provider 'openai': it broke\",\"type\":"
			       "\"server_error\",\"param\":null,\"code\":null}}" },
		{ "/v1beta/models/m:streamGenerateContent",
			"{\"error\":{\"code\":502,\"message\":\"provider 'gemini': it broke\",\"status\":"
			"\"UNAVAILABLE\"}}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, NULL);
		struct conn *c = world_post(&w, rows[i].target, STR("{}"));
		fake_transfer_done(world_transfer(&w), UPSTREAM_BROKEN, "it broke");
		assert_int_equal(c->end, FAKE_ENDED);
		assert_int_equal(c->reply.status, 502);
		assert_str(buf_str(&c->body), str_from(rows[i].body));
		world_release(&w);
	}
}

/* ---- stale connections ---- */

static void stale_connection_is_tried_again(void **state)
{
	static const char *const sets[] = { "override.model=other", "log.format=json", NULL };
	struct world w;

	for (int spliced = 0; spliced < 2; spliced++) {
		world_init(&w, spliced ? sets : NULL);
		struct conn *c = world_post(&w, "/v1/messages", STR("{\"model\":\"m\"}"));
		struct transfer *first = world_transfer(&w);
		fake_transfer_take(first, 5);
		fake_transfer_done(first, UPSTREAM_STALE, "it was dead");
		fake_loop_settle(w.loop);
		struct transfer *second = world_transfer(&w);
		assert_ptr_not_equal(first, second);
		assert_false(c->replied);
		assert_true(second->rq.fresh && !first->rq.fresh);
		assert_string_equal(second->rq.target, "/v1/messages");
		assert_int_equal(second->rq.n, first->rq.n);
		fake_transfer_take(second, SIZE_MAX);
		assert_str(buf_str(&second->body),
			spliced ? STR("{\"model\":\"other\"}") : STR("{\"model\":\"m\"}"));
		fake_transfer_head(second, STREAM_HEAD);
		fake_transfer_body(second, STR(DELTA));
		fake_transfer_done(second, UPSTREAM_OK, "");
		assert_int_equal(c->end, FAKE_ENDED);
		assert_bytes(buf_str(&c->body), DELTA);
		if (spliced)
			assert_true(
				str_find(world_log(&w), STR("\"attempts\":2,")) < world_log(&w).n);
		assert_int_equal(fake_log_lines(w.log.writer), 1);
		world_release(&w);
	}
}

static void stale_twice_fails(void **state)
{
	struct world w;

	world_init(&w, NULL);
	struct conn *c = world_post(&w, "/v1/messages", STR(BODY));
	fake_transfer_done(world_transfer(&w), UPSTREAM_STALE, "it was dead");
	fake_loop_settle(w.loop);
	fake_transfer_done(world_transfer(&w), UPSTREAM_BROKEN, "it broke");
	check_told(c, 1);
	assert_int_equal(w.upstream->n, 2);
	world_release(&w);
}

/* Whatever a provider does, it ends. */
static void stale_for_ever_fails(void **state)
{
	struct world w;

	world_init(&w, NULL);
	struct conn *c = world_post(&w, "/v1/messages", STR(BODY));
	while (c->end == FAKE_OPEN) {
		fake_transfer_done(world_transfer(&w), UPSTREAM_STALE, "it broke");
		fake_loop_settle(w.loop);
	}
	check_told(c, 4);
	assert_int_equal(w.upstream->n, 2);
	world_release(&w);
}

/* A relayed body is not kept: only what has not begun to arrive can be sent again. */
static void stale_upload(void **state)
{
	static const char *const steps[] = { "", "b", "be", "e" };

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct world w;
		world_init(&w, NULL);
		struct conn *c = fake_conn_begin(
			w.server, "POST /v1/files\nHost: localhost\nTransfer-Encoding: chunked");
		for (const char *s = steps[i]; *s != '\0'; s++)
			*s == 'b' ? fake_conn_body(c, STR("bytes")) : fake_conn_end(c);
		fake_transfer_done(world_transfer(&w), UPSTREAM_STALE, "it was dead");
		fake_loop_settle(w.loop);
		if (i > 0) {
			assert_int_equal(w.upstream->n, 1);
			assert_int_equal(c->end, FAKE_ENDED);
			assert_int_equal(c->reply.status, 502);
			world_release(&w);
			continue;
		}
		fake_conn_body(c, STR("bytes"));
		fake_conn_end(c);
		fake_transfer_take(world_transfer(&w), SIZE_MAX);
		assert_bytes(buf_str(&world_transfer(&w)->body), "bytes");
		assert_true(world_transfer(&w)->send_ended);
		world_answer(&w, JSON_HEAD, STR("{}"));
		assert_int_equal(c->end, FAKE_ENDED);
		world_release(&w);
	}
}

static void gone_in_the_second_attempt(void **state)
{
	struct world w;

	world_init(&w, NULL);
	struct conn *c = world_post(&w, "/v1/messages", STR(BODY));
	fake_transfer_done(world_transfer(&w), UPSTREAM_STALE, "it was dead");
	fake_loop_settle(w.loop);
	fake_conn_gone(c);
	assert_int_equal(world_transfer(&w)->state, FAKE_CANCELLED);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_fails_at_each_point),
		cmocka_unit_test(other_replies_are_broken_off),
		cmocka_unit_test(each_dialect_is_told),
		cmocka_unit_test(stale_connection_is_tried_again),
		cmocka_unit_test(stale_twice_fails),
		cmocka_unit_test(stale_for_ever_fails),
		cmocka_unit_test(stale_upload),
		cmocka_unit_test(gone_in_the_second_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
