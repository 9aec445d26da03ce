/* SPDX-License-Identifier: MIT */
/* What tests of exchanges share: requests, replies and streams as they look, and checks on clients. */
#ifndef UNIT_CORE_EXCHANGE_FAKE_H
#define UNIT_CORE_EXCHANGE_FAKE_H

#include "unit/base/check.h"

#include "fake/world.h"

#define BODY        "{\"model\":\"claude-opus-5-5\",\"stream\":true,\"messages\":[]}"
#define STREAM_HEAD "200 OK\nContent-Type: text/event-stream; charset=utf-8\nrequest-id: req_1"
#define JSON_HEAD   "200 OK\nContent-Type: application/json\nrequest-id: req_1"

#define START \
	"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"claude-opus-5-5\"," \
	"\"usage\":{\"input_tokens\":12,\"cache_read_input_tokens\":3400,\"output_tokens\":1}}}\n\n"
#define DELTA \
	"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":" \
	"{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n"
#define USAGE \
	"event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":795}}\n\n"
#define STOP "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
#define PING "event: ping\ndata: {\"type\": \"ping\"}\n\n"

/* The n-th exchange's id in a fresh world: its begin in milliseconds, and its number times a large prime. */
#define FIRST_ID "x1a1fe21b82300000000"

static inline void check_header(const struct conn *c, const char *name, const char *want, int line)
{
	check_bytes(fake_conn_header(c, name), str_from(want), __FILE__, line);
}

#define assert_header(c, name, want) check_header(c, name, want, __LINE__)

/* A client in the middle of an event stream: head and one delta are with it. */
static inline struct conn *stream_open(struct world *w)
{
	struct conn *c = world_post(w, "/v1/messages", STR(BODY));

	fake_transfer_take(world_transfer(w), SIZE_MAX);
	fake_transfer_head(world_transfer(w), STREAM_HEAD);
	fake_transfer_body(world_transfer(w), STR(DELTA));
	assert_bytes(buf_str(&c->body), DELTA);
	return c;
}

/* An upload on a relayed path has begun: one piece is with the provider. */
static inline struct conn *upload_open(struct world *w)
{
	struct conn *c = fake_conn_begin(w->server,
		"POST /v1/files\nHost: localhost\nanthropic-version: 1\nContent-Length: 10");

	fake_loop_settle(w->loop);
	fake_conn_body(c, STR("01234"));
	fake_transfer_take(world_transfer(w), SIZE_MAX);
	assert_bytes(buf_str(&world_transfer(w)->body), "01234");
	return c;
}

#endif
