/* SPDX-License-Identifier: MIT */
/* Event streams on their way: bytes, frames that are held until they are whole, pings between them, and clients that do
 * not read. */
#include "unit/core/exchange_fake.h"

#include "wire/sse.h"

enum { FRAME_LIMIT = 1024 };

static const char *const frame_limit[] = { "limits.frame_bytes=1024", NULL };

/* Every kind of line end and of odd stream. A '#' stands for 1500 letters, more than limits.frame_bytes; an '@' for NUL. */
static const char *const streams[] = {
	START DELTA DELTA USAGE STOP,
	"event: message_start\r\ndata: {}\r\n\r\nevent: ping\r\ndata: {}\r\n\r\n",
	"event: a\rdata: 1\r\revent: b\rdata: 2\r\r",
	"\357\273\277data: with a mark\n\ndata: 2\n\n",
	": comment\n\n\n\n\ndata: a\ndata: b\n\n:\n\n",
	"data: no blank line at the end\n\ndata: x",
	"data: no blank line at the end\n\ndata: x\n",
	"no field at all",
	"\n\n\n",
	"",
	"data: mixed\n\r\ndata: line\r\n\ndata: ends\r\rdata: here\n\r",
	"data: before\n\ndata: #\n\ndata: after\n\n",
	"data: #\r\n\r\ndata: #\r\n\r\n",
	"data: #",
	"data: a multibyte letter \xC3\xA9 cut anywhere \xF0\x9F\x98\x80\n\n",
	"data: a NUL @ is not the end\n\n",
};

static void expand(struct buf *out, const char *s)
{
	buf_init(out, SIZE_MAX);
	for (; *s != '\0'; s++) {
		if (*s != '#')
			buf_add_char(out, *s != '@' ? *s : '\0');
		for (int i = 0; *s == '#' && i < 1500; i++)
			buf_add_char(out, (char)('a' + i % 26));
	}
}

/* Whether a frame ends at `at`; *ret_open: how long the frame is that is under way there. */
static bool at_frame_end(struct str stream, size_t at, size_t *ret_open)
{
	struct sse_scanner s = { 0 };
	size_t from = 0, n;

	while ((n = sse_scan(&s, str_from_offset((struct str){ stream.p, at }, from))) > 0)
		from += n;
	/* The scanner is in the middle now: find where the frame ends in the whole. */
	n = sse_scan(&s, str_from_offset(stream, at));
	*ret_open = n > 0 ? at + n - from : stream.n - from;
	return from == at;
}

/* A stream that goes on as far as `at`, where the provider falls silent. */
static void split_at(struct world *w, struct str stream, size_t at)
{
	struct conn *c = world_post(w, "/v1/messages", STR(BODY));
	struct transfer *t = world_transfer(w);
	size_t open;

	fake_transfer_take(t, SIZE_MAX);
	fake_transfer_head(t, STREAM_HEAD);
	if (at > 0)
		fake_transfer_body(t, (struct str){ stream.p, at });
	struct str sent = buf_str(&c->body);
	assert_true(str_starts(stream, sent));
	/* What is held back is less than a frame, and not more than the limit. */
	bool whole = at_frame_end(stream, sent.n, &open);
	assert_true(whole || open > FRAME_LIMIT);
	assert_true(at - sent.n <= FRAME_LIMIT);
	bool between = whole;
	size_t before = sent.n;

	fake_loop_advance(w->loop, 15000);
	assert_str(str_from_offset(buf_str(&c->body), before), between ? STR(PING) : STR(""));
	if (at < stream.n)
		fake_transfer_body(t, str_from_offset(stream, at));
	fake_transfer_done(t, UPSTREAM_OK, "");
	assert_int_equal(c->end, FAKE_ENDED);
	assert_true(str_starts(stream, (struct str){ c->body.p, before }));
	assert_str(str_from_offset(buf_str(&c->body), before + (between ? sizeof(PING) - 1 : 0)),
		str_from_offset(stream, before));
	world_forget(w);
}

static void every_split_gives_the_bytes(void **state)
{
	struct world w;
	struct buf stream;

	world_init(&w, frame_limit);
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		expand(&stream, streams[i]);
		for (size_t at = 0; at <= stream.n; at++)
			split_at(&w, buf_str(&stream), at);
		buf_release(&stream);
	}
	world_release(&w);
}

static void single_bytes_give_the_bytes(void **state)
{
	struct world w;
	struct buf stream;

	world_init(&w, frame_limit);
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		expand(&stream, streams[i]);
		struct conn *c = world_post(&w, "/v1/messages", STR(BODY));
		struct transfer *t = world_transfer(&w);
		fake_transfer_take(t, SIZE_MAX);
		fake_transfer_head(t, STREAM_HEAD);
		for (size_t at = 0; at < stream.n; at++)
			fake_transfer_body(t, (struct str){ stream.p + at, 1 });
		fake_transfer_done(t, UPSTREAM_OK, "");
		assert_str(buf_str(&c->body), buf_str(&stream));
		assert_int_equal(c->end, FAKE_ENDED);
		world_forget(&w);
		buf_release(&stream);
	}
	world_release(&w);
}

/* What was counted does not depend on how the stream was cut. */
static void every_split_counts_the_same(void **state)
{
	static const char stream[] = START DELTA USAGE STOP;
	struct world w;

	world_init(&w, frame_limit);
	for (size_t at = 1; at < sizeof(stream) - 1; at++) {
		world_post(&w, "/v1/messages", STR(BODY));
		struct transfer *t = world_transfer(&w);
		fake_transfer_head(t, STREAM_HEAD);
		fake_transfer_body(t, (struct str){ stream, at });
		fake_transfer_body(t, str_from_offset(str_from(stream), at));
		fake_transfer_done(t, UPSTREAM_OK, "");
		assert_true(str_find(world_log(&w),
				    STR("opus-5-5 | 3.4K in (3.4K cached) / 795 out |")) <
			    world_log(&w).n);
		world_forget(&w);
	}
	world_release(&w);
}

/* ---- pings ---- */

static void pings_after_silence_only(void **state)
{
	struct world w;

	world_init(&w, NULL);
	struct conn *c = stream_open(&w);
	struct transfer *t = world_transfer(&w);
	/* Bytes every 14.999 s: never. */
	for (int i = 0; i < 5; i++) {
		fake_loop_advance(w.loop, 14999);
		assert_int_equal(c->writes, 1 + i);
		fake_transfer_body(t, STR(DELTA));
	}
	fake_loop_advance(w.loop, 14999);
	assert_int_equal(c->writes, 6);
	fake_loop_advance(w.loop, 1);
	assert_bytes(buf_str(&c->body), DELTA DELTA DELTA DELTA DELTA DELTA PING);
	/* One for each further silence. */
	fake_loop_advance(w.loop, 14999);
	assert_int_equal(c->writes, 7);
	fake_loop_advance(w.loop, 1);
	assert_int_equal(c->writes, 8);
	fake_loop_advance(w.loop, 10000);
	fake_transfer_body(t, STR(DELTA));
	fake_loop_advance(w.loop, 14999);
	assert_int_equal(c->writes, 9);
	fake_loop_advance(w.loop, 1);
	assert_int_equal(c->writes, 10);
	fake_transfer_done(t, UPSTREAM_OK, "");
	world_release(&w);
}

/* Bytes that are held count as life: they came from the provider. */
static void part_of_a_frame_is_no_silence(void **state)
{
	struct world w;

	world_init(&w, NULL);
	struct conn *c = stream_open(&w);
	fake_loop_advance(w.loop, 14000);
	fake_transfer_body(world_transfer(&w), STR("data: a"));
	fake_loop_advance(w.loop, 14999);
	assert_bytes(buf_str(&c->body), DELTA);
	fake_loop_advance(w.loop, 1);
	assert_bytes(buf_str(&c->body), DELTA PING);
	fake_transfer_body(world_transfer(&w), STR("b\n\n"));
	assert_bytes(buf_str(&c->body), DELTA PING "data: ab\n\n");
	fake_transfer_done(world_transfer(&w), UPSTREAM_OK, "");
	world_release(&w);
}

static void pings_before_the_first_event(void **state)
{
	struct world w;

	world_init(&w, NULL);
	struct conn *c = world_post(&w, "/v1/messages", STR(BODY));
	/* Not before the head: the status is not known. */
	fake_loop_advance(w.loop, 60000);
	assert_false(c->replied);
	fake_transfer_head(world_transfer(&w), STREAM_HEAD);
	fake_loop_advance(w.loop, 15000);
	assert_bytes(buf_str(&c->body), PING);
	fake_transfer_done(world_transfer(&w), UPSTREAM_OK, "");
	fake_loop_advance(w.loop, 60000);
	assert_bytes(buf_str(&c->body), PING);
	assert_int_equal(fake_loop_timers(w.loop), 0);
	world_release(&w);
}

static void no_ping_where_none_belongs(void **state)
{
	static const char *const off[] = { "limits.ping_s=0", NULL };
	static const struct {
		const char *const *sets;
		const char *target, *head;
	} rows[] = {
		{ NULL, "/v1/messages", JSON_HEAD },
		{ NULL, "/v1/messages/count_tokens", JSON_HEAD },
		{ NULL, "/v1/embeddings", STREAM_HEAD },
		{ NULL, "/v1/messages/batches", STREAM_HEAD },
		{ off, "/v1/messages", STREAM_HEAD },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, rows[i].sets);
		struct conn *c = world_post(&w, rows[i].target, STR("{}"));
		fake_transfer_head(world_transfer(&w), rows[i].head);
		fake_loop_advance(w.loop, 100000);
		assert_int_equal(c->body.n, 0);
		fake_transfer_done(world_transfer(&w), UPSTREAM_OK, "");
		world_release(&w);
	}
}

/* ---- clients that do not read ---- */

/* A world whose one client reads nothing, and may have 4 KB queued for it. */
static struct conn *stuck_client(struct world *w, const char *target, const char *head)
{
	world_init(w, NULL);
	w->server->limits.queue_bytes = 4096;
	struct conn *c = world_post(w, target, STR("{}"));
	c->stuck = true;
	fake_transfer_take(world_transfer(w), SIZE_MAX);
	fake_transfer_head(world_transfer(w), head);
	return c;
}

/* "data: kkk…\n\n", a kilobyte altogether. */
static struct str kilobyte_frame(void)
{
	static char frame[1025];

	memset(frame, 'k', sizeof(frame));
	memcpy(frame, "data: ", 6);
	memcpy(frame + 1022, "\n\n", 2);
	return (struct str){ frame, 1024 };
}

static void full_client_pauses_the_provider(void **state)
{
	static const char *const rows[][2] = {
		{ "/v1/messages", STREAM_HEAD },
		{ "/v1/messages", JSON_HEAD },
		{ "/v1/files", STREAM_HEAD },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		struct conn *c = stuck_client(&w, rows[i][0], rows[i][1]);
		struct transfer *t = world_transfer(&w);
		for (int k = 0; k < 4; k++)
			fake_transfer_body(t, kilobyte_frame());
		assert_false(t->paused);
		fake_transfer_body(t, kilobyte_frame());
		assert_true(t->paused);
		assert_int_equal(t->pauses, 1);
		fake_conn_drain(c);
		assert_false(t->paused);
		for (int k = 0; k < 5; k++)
			fake_transfer_body(t, kilobyte_frame());
		assert_int_equal(t->pauses, 2);
		fake_conn_drain(c);
		fake_transfer_done(t, UPSTREAM_OK, "");
		assert_int_equal(c->end, FAKE_ENDED);
		assert_int_equal(c->body.n, 10 * 1024);
		/* Nothing is listening any more. */
		fake_conn_drain(c);
		world_release(&w);
	}
}

static void full_client_gets_no_ping(void **state)
{
	struct world w;
	struct conn *c = stuck_client(&w, "/v1/messages", STREAM_HEAD);

	for (int k = 0; k < 5; k++)
		fake_transfer_body(world_transfer(&w), kilobyte_frame());
	fake_loop_advance(w.loop, 60000);
	assert_int_equal(c->body.n, 5 * 1024);
	fake_conn_drain(c);
	fake_loop_advance(w.loop, 15000);
	assert_int_equal(c->body.n, 5 * 1024 + sizeof(PING) - 1);
	fake_transfer_done(world_transfer(&w), UPSTREAM_OK, "");
	world_release(&w);
}

static void slow_provider_pauses_the_upload(void **state)
{
	static char piece[100000];
	struct world w;

	world_init(&w, NULL);
	struct conn *c = fake_conn_begin(
		w.server, "POST /v1/files\nHost: localhost\nTransfer-Encoding: chunked");
	struct transfer *t = world_transfer(&w);
	for (int i = 0; i < 3; i++) {
		assert_false(c->body_paused);
		fake_conn_body(c, (struct str){ piece, sizeof(piece) });
	}
	assert_true(c->body_paused);
	fake_transfer_take(t, 100000);
	assert_true(c->body_paused);
	fake_transfer_take(t, 100000);
	assert_false(c->body_paused);
	fake_conn_body(c, STR("end"));
	fake_conn_end(c);
	fake_transfer_take(t, SIZE_MAX);
	assert_int_equal(t->body.n, 300003);
	fake_transfer_head(t, JSON_HEAD);
	fake_transfer_done(t, UPSTREAM_OK, "");
	assert_int_equal(c->body_pauses, 1);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_split_gives_the_bytes),
		cmocka_unit_test(single_bytes_give_the_bytes),
		cmocka_unit_test(every_split_counts_the_same),
		cmocka_unit_test(pings_after_silence_only),
		cmocka_unit_test(part_of_a_frame_is_no_silence),
		cmocka_unit_test(pings_before_the_first_event),
		cmocka_unit_test(no_ping_where_none_belongs),
		cmocka_unit_test(full_client_pauses_the_provider),
		cmocka_unit_test(full_client_gets_no_ping),
		cmocka_unit_test(slow_provider_pauses_the_upload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
