/* SPDX-License-Identifier: MIT */
/* Failing over in virtual time: every failure of the first provider before its first content leads to one good answer, in time, and to a row
 * for each attempt; after it nothing of another model reaches the client. */
#include "unit/core/exchange_fake.h"

#include "core/breaker.h"
#include "core/keyring.h"

#include <stdio.h>

#define SETS \
	"providers.spare.dialect=anthropic", "providers.spare.base_url=http://spare.test", \
		"providers.spare.api_key=sk-spare-0123456789", \
		"providers.openai.api_key=sk-other-0123456789", "route.profile=observe"
static const char *const spare[] = { SETS, "route.fallbacks=spare/*", NULL };
static const char *const chat[] = { SETS, "route.fallbacks=openai/gpt-4.1", NULL };
static const char *const both[] = { SETS, "route.fallbacks=openai/gpt-4.1,spare/*", NULL };
static const char *const alone[] = { SETS, NULL };

#define ASK \
	"{\"model\":\"claude-opus-5-5\",\"max_tokens\":9,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"
#define ASK_WHOLE \
	"{\"model\":\"claude-opus-5-5\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"
#define GOOD START DELTA USAGE STOP
#define WHOLE \
	"{\"type\":\"message\",\"content\":[],\"model\":\"claude-opus-5-5\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}"
#define CHAT_GOOD \
	"data: {\"id\":\"c\",\"model\":\"gpt-4.1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n" \
	"data: {\"id\":\"c\",\"model\":\"gpt-4.1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" \
	"data: [DONE]\n\n"
#define REFUSAL(type) "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"words\"}}"
#define EVENT(type)   "event: error\ndata: " REFUSAL(type) "\n\n"

static bool has(struct str s, const char *what)
{
	return str_find(s, str_from(what)) < s.n;
}

/* How the first provider fails. */
struct failure_row {
	const char *name;
	const char *head; /* NULL: none comes */
	const char *body;
	enum upstream_failure why;
	bool hangs;     /* it does not end */
	unsigned asked; /* times in all that it is asked, with another one there */
};

static const struct failure_row rows[] = {
	{ "429 short", "429 Too Many\nretry-after: 2", REFUSAL("rate_limit_error"), UPSTREAM_OK,
		false, 3 },
	{ "429 long", "429 Too Many\nretry-after: 600", REFUSAL("rate_limit_error"), UPSTREAM_OK,
		false, 1 },
	{ "429", "429 Too Many", REFUSAL("rate_limit_error"), UPSTREAM_OK, false, 3 },
	{ "429 never", "429 Too Many\nx-should-retry: false", REFUSAL("rate_limit_error"),
		UPSTREAM_OK, false, 1 },
	{ "500", "500 Oops", REFUSAL("api_error"), UPSTREAM_OK, false, 3 },
	{ "502", "502 Bad", "<html>", UPSTREAM_OK, false, 3 },
	{ "503", "503 Busy", "", UPSTREAM_OK, false, 3 },
	{ "529", "529 Overloaded", REFUSAL("overloaded_error"), UPSTREAM_OK, false, 3 },
	{ "500 cut", "500 Oops", "{\"typ", UPSTREAM_BROKEN, false, 3 },
	{ "connect", NULL, NULL, UPSTREAM_CONNECT, false, 3 },
	{ "broken", NULL, NULL, UPSTREAM_BROKEN, false, 3 },
	{ "timeout", NULL, NULL, UPSTREAM_TIMEOUT, false, 3 },
	{ "bad reply", NULL, NULL, UPSTREAM_BAD_REPLY, false, 3 },
	{ "cut after head", STREAM_HEAD, NULL, UPSTREAM_BROKEN, false, 3 },
	{ "cut after start", STREAM_HEAD, START PING, UPSTREAM_BROKEN, false, 3 },
	{ "cut in a frame", STREAM_HEAD, START "event: content_bl", UPSTREAM_BROKEN, false, 3 },
	{ "error event", STREAM_HEAD, START PING EVENT("overloaded_error"), UPSTREAM_OK, false, 3 },
	{ "error event first", STREAM_HEAD, EVENT("api_error"), UPSTREAM_OK, true, 3 },
	{ "silent", NULL, NULL, UPSTREAM_OK, true, 1 },
	{ "silent after head", STREAM_HEAD, NULL, UPSTREAM_OK, true, 1 },
	{ "silent after start", STREAM_HEAD, START, UPSTREAM_OK, true, 1 },
	{ "401", "401 No", REFUSAL("authentication_error"), UPSTREAM_OK, false, 1 },
	{ "402", "402 No", REFUSAL("billing_error"), UPSTREAM_OK, false, 1 },
	{ "403", "403 No", REFUSAL("permission_error"), UPSTREAM_OK, false, 1 },
	{ "404", "404 No", REFUSAL("not_found_error"), UPSTREAM_OK, false, 1 },
};

static void break_it(struct world *w, const struct failure_row *r)
{
	struct transfer *t = world_transfer(w);

	fake_transfer_take(t, SIZE_MAX);
	if (r->head != NULL)
		fake_transfer_head(t, r->head);
	if (r->body != NULL && r->body[0] != '\0')
		fake_transfer_body(t, str_from(r->body));
	if (!r->hangs)
		fake_transfer_done(t, r->why, "it broke");
	fake_loop_settle(w->loop);
}

/* Lets time pass until somebody is asked again. */
static bool wait_for_next(struct world *w, size_t before)
{
	while (w->upstream->n == before && fake_loop_next_ms(w->loop) != 0) {
		uint64_t next = fake_loop_next_ms(w->loop), now = loop_now_ms(w->loop);
		if (next > now + 31000)
			return false;
		fake_loop_advance(w->loop, next > now ? next - now : 1);
	}
	return w->upstream->n > before;
}

/* Breaks the first provider until another one is asked, and returns how often it was. */
static unsigned break_until_other(struct world *w, const struct failure_row *r, struct conn *c)
{
	unsigned n = 0;

	while (strcmp(world_transfer(w)->rq.origin, "https://api.anthropic.com") == 0) {
		size_t before = w->upstream->n;
		n++;
		break_it(w, r);
		assert_false(c->replied);
		if (!wait_for_next(w, before))
			break;
	}
	return n;
}

static size_t count_of(struct str s, const char *what)
{
	size_t n = 0, at;

	while ((at = str_find(s, str_from(what))) < s.n) {
		n++;
		s = str_from_offset(s, at + 1);
	}
	return n;
}

static unsigned outcomes(struct world *w)
{
	return (unsigned)w->upstream->n;
}

static void the_same_dialect(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, spare);
		struct conn *c =
			world_post_with(&w, "/v1/messages", "x-api-key: sk-client\n", STR(ASK));
		uint64_t begin = loop_now_ms(w.loop);
		unsigned n = break_until_other(&w, &rows[i], c);
		if (n != rows[i].asked ||
			strcmp(world_transfer(&w)->rq.origin, "http://spare.test") != 0)
			print_error("%s: %u\n", rows[i].name, n);
		assert_int_equal(n, rows[i].asked);
		assert_string_equal(world_transfer(&w)->rq.origin, "http://spare.test");
		assert_true(loop_now_ms(w.loop) - begin <= 30000);
		/* The whole request is there once more, with another key. */
		fake_transfer_take(world_transfer(&w), SIZE_MAX);
		assert_bytes(buf_str(&world_transfer(&w)->body), ASK);
		assert_str(fake_transfer_header(world_transfer(&w), "x-api-key"),
			STR("sk-spare-0123456789"));
		world_answer(&w, STREAM_HEAD, STR(GOOD));
		assert_int_equal(c->reply.status, 200);
		assert_int_equal(c->end, FAKE_ENDED);
		assert_bytes(buf_str(&c->body), GOOD);
		assert_header(c, "x-sluice-provider", "spare");
		assert_true(str_starts(fake_conn_header(c, "x-sluice-why"),
			STR("anthropic/claude-opus-5-5 has failed: ")));
		assert_int_equal(outcomes(&w), n + 1);
		world_release(&w);
	}
}

static void another_dialect(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, chat);
		struct conn *c =
			world_post_with(&w, "/v1/messages", "x-api-key: sk-client\n", STR(ASK));
		unsigned n = break_until_other(&w, &rows[i], c);
		if (n != rows[i].asked)
			print_error("%s\n", rows[i].name);
		assert_int_equal(n, rows[i].asked);
		fake_transfer_take(world_transfer(&w), SIZE_MAX);
		assert_true(has(buf_str(&world_transfer(&w)->body), "\"gpt-4.1\""));
		world_answer(&w, STREAM_HEAD, STR(CHAT_GOOD));
		assert_int_equal(c->reply.status, 200);
		assert_int_equal(c->end, FAKE_ENDED);
		assert_int_equal(count_of(buf_str(&c->body), "event: message_start"), 1);
		assert_int_equal(count_of(buf_str(&c->body), "event: message_stop"), 1);
		assert_true(has(buf_str(&c->body), "\"Hi\""));
		assert_false(has(buf_str(&c->body), "error"));
		assert_header(c, "x-sluice-provider", "openai");
		world_release(&w);
	}
}

/* From a provider of another dialect, back to the client's own. */
static void back_from_another_dialect(void **state)
{
	static const char *const back[] = { SETS, "models=*=openai/gpt-4.1",
		"route.fallbacks=spare/claude-opus-5-5", NULL };
	static const struct failure_row ways[] = {
		{ "429 long", "429 No\nretry-after: 600",
			"{\"error\":{\"message\":\"m\",\"type\":\"requests\",\"code\":\"rate_limit_exceeded\"}}",
			UPSTREAM_OK, false, 1 },
		{ "500", "500 No", "{\"error\":{\"message\":\"m\",\"type\":\"server_error\"}}",
			UPSTREAM_OK, false, 3 },
		{ "connect", NULL, NULL, UPSTREAM_CONNECT, false, 3 },
		{ "cut", STREAM_HEAD, NULL, UPSTREAM_BROKEN, false, 3 },
		{ "role only", STREAM_HEAD,
			"data: {\"id\":\"c\",\"model\":\"g\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
			UPSTREAM_BROKEN, false, 3 },
		{ "error", STREAM_HEAD,
			"data: {\"error\":{\"message\":\"m\",\"type\":\"server_error\"}}\n\n",
			UPSTREAM_OK, true, 3 },
		{ "silent", NULL, NULL, UPSTREAM_OK, true, 1 },
		{ "silent after head", STREAM_HEAD, NULL, UPSTREAM_OK, true, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct world w;
		unsigned n = 0;
		world_init(&w, back);
		struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
		while (strcmp(world_transfer(&w)->rq.origin, "http://spare.test") != 0) {
			size_t before = w.upstream->n;
			n++;
			break_it(&w, &ways[i]);
			assert_false(c->replied);
			if (!wait_for_next(&w, before))
				break;
		}
		if (n != ways[i].asked)
			print_error("%s: %u\n", ways[i].name, n);
		assert_int_equal(n, ways[i].asked);
		world_answer(&w, STREAM_HEAD, STR(GOOD));
		assert_bytes(buf_str(&c->body), GOOD);
		assert_int_equal(c->end, FAKE_ENDED);
		world_release(&w);
	}
}

/* With nobody else there, everything is as it was: what the provider says goes on, at once. */
static void alone_it_is_the_clients(void **state)
{
	struct world w;

	world_init(&w, alone);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	world_answer(&w, "429 Too Many\nretry-after: 2\nrequest-id: r",
		STR(REFUSAL("rate_limit_error")));
	assert_int_equal(c->reply.status, 429);
	assert_header(c, "retry-after", "2");
	assert_bytes(buf_str(&c->body), REFUSAL("rate_limit_error"));
	c = world_post(&w, "/v1/messages", STR(ASK));
	fake_transfer_head(world_transfer(&w), STREAM_HEAD);
	assert_int_equal(c->reply.status, 200);
	fake_transfer_body(world_transfer(&w), STR(START));
	assert_bytes(buf_str(&c->body), START);
	fake_conn_gone(c);
	assert_int_equal(w.upstream->n, 2);
	world_release(&w);
}

static void alone_when_it_is_wanted(void **state)
{
	static const char *const sets[] = { SETS, "failover.alone=true", NULL };
	struct world w;

	world_init(&w, sets);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	for (unsigned i = 0; i < 2; i++) {
		world_answer(&w, "529 Overloaded", STR(REFUSAL("overloaded_error")));
		assert_false(c->replied);
		assert_true(wait_for_next(&w, w.upstream->n));
	}
	world_answer(&w, "529 Overloaded\nrequest-id: r3", STR(REFUSAL("overloaded_error")));
	assert_int_equal(c->reply.status, 529);
	assert_header(c, "request-id", "r3");
	assert_bytes(buf_str(&c->body), REFUSAL("overloaded_error"));
	/* A wish that is too long for us is the client's to know. */
	c = world_post(&w, "/v1/messages", STR(ASK));
	world_answer(&w, "429 No\nretry-after: 90", STR(REFUSAL("rate_limit_error")));
	assert_header(c, "retry-after", "90");
	world_release(&w);
}

/* All fail: the client gets what the last one said. */
static void nobody_is_left(void **state)
{
	struct world w;

	world_init(&w, spare);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	world_answer(&w, "401 No", STR(REFUSAL("authentication_error")));
	assert_false(c->replied);
	world_answer(&w, "403 No\nrequest-id: last", STR(REFUSAL("permission_error")));
	assert_int_equal(c->reply.status, 403);
	assert_header(c, "request-id", "last");
	assert_bytes(buf_str(&c->body), REFUSAL("permission_error"));
	assert_int_equal(c->end, FAKE_ENDED);
	world_release(&w);
}

/* A request that is wrong is wrong everywhere. */
static void invalid_goes_to_the_client(void **state)
{
	struct world w;

	world_init(&w, spare);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	world_answer(&w, "400 Bad\nrequest-id: r", STR(REFUSAL("invalid_request_error")));
	assert_int_equal(c->reply.status, 400);
	assert_bytes(buf_str(&c->body), REFUSAL("invalid_request_error"));
	assert_int_equal(w.upstream->n, 1);
	world_release(&w);
}

/* Unless it is the model that was chosen for it which made it so: then the one that was asked for has the last word. */
static void invalid_by_our_choice(void **state)
{
	static const char *const use[] = {
		"route.rules=[{\"when\": \"true\", \"use\": \"spare/claude-haiku-4-5\"}]",
		"route.rules=[{\"when\": \"true\", \"use\": \"openai/gpt-4.1\"}]",
		"route.rules=[{\"when\": \"true\", \"use\": \"anthropic/claude-haiku-4-5\"}]",
	};
	const struct str wrong =
		STR("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
		    "\"message\":\"Invalid model name\"}}");

	for (size_t i = 0; i < ARRAY_LEN(use); i++) {
		const char *const sets[] = { SETS, use[i], "route.fallbacks=spare/*", NULL };
		struct world w;
		world_init(&w, sets);
		for (unsigned good = 0; good < 2; good++) {
			struct conn *c = world_post_with(
				&w, "/v1/messages", "x-api-key: sk-client\n", STR(ASK));
			world_answer(&w, "400 Bad", wrong);
			assert_false(c->replied);
			struct transfer *t = world_transfer(&w);
			assert_string_equal(t->rq.origin, "https://api.anthropic.com");
			fake_transfer_take(t, SIZE_MAX);
			assert_true(has(buf_str(&t->body), "\"claude-opus-5-5\""));
			if (good)
				world_answer(&w, STREAM_HEAD, STR(GOOD));
			else
				world_answer(&w, "400 Bad\nrequest-id: last", wrong);
			assert_int_equal(c->reply.status, good ? 200 : 400);
			if (!good)
				assert_header(c, "request-id", "last");
			assert_int_equal(w.upstream->n, 2 * (good + 1));
		}
		world_release(&w);
	}
}

/* The client's own provider is not asked in somebody's place without the client's key. */
static void nobody_is_asked_without_a_key(void **state)
{
	static const char *const sets[] = { SETS,
		"route.rules=[{\"when\": \"true\", \"use\": \"spare/claude-haiku-4-5\"}]", NULL };
	struct world w;

	world_init(&w, sets);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	world_answer(&w, "404 No\nrequest-id: r", STR(REFUSAL("not_found_error")));
	assert_int_equal(c->reply.status, 404);
	assert_header(c, "request-id", "r");
	assert_int_equal(w.upstream->n, 1);
	c = world_post_with(&w, "/v1/messages", "x-api-key: sk-client\n", STR(ASK));
	world_answer(&w, "404 No", STR(REFUSAL("not_found_error")));
	assert_string_equal(world_transfer(&w)->rq.origin, "https://api.anthropic.com");
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	assert_bytes(buf_str(&c->body), GOOD);
	world_release(&w);
}

static void too_long_goes_to_a_larger_window(void **state)
{
	static const char *const sets[] = { SETS,
		"route.fallbacks=spare/claude-opus-4-5,spare/claude-opus-5-5", NULL };
	struct world w;

	world_init(&w, sets);
	struct conn *c = world_post(&w, "/v1/messages",
		STR("{\"model\":\"claude-haiku-4-5\",\"stream\":true,\"messages\":[]}"));
	world_answer(&w, "400 Bad",
		STR("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
		    "\"prompt is too long: 210000 tokens > 200000 maximum\"}}"));
	struct transfer *t = world_transfer(&w);
	fake_transfer_take(t, SIZE_MAX);
	assert_int_equal(w.upstream->n, 2);
	assert_true(has(buf_str(&t->body), "\"claude-opus-5-5\""));
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	assert_bytes(buf_str(&c->body), GOOD);
	world_release(&w);
	/* None is larger: the client is to shorten it. */
	world_init(&w, spare);
	c = world_post(&w, "/v1/messages", STR(ASK));
	world_answer(&w, "400 Bad",
		STR("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
		    "\"prompt is too long: 1210000 tokens > 1000000 maximum\"}}"));
	assert_int_equal(c->reply.status, 400);
	assert_true(has(buf_str(&c->body), "prompt is too long: 1210000"));
	world_release(&w);
}

/* Once content is with the client: an error event, and nobody else's text. */
static void after_content(void **state)
{
	struct world w;

	world_init(&w, spare);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	fake_transfer_take(world_transfer(&w), SIZE_MAX);
	fake_transfer_head(world_transfer(&w), STREAM_HEAD);
	fake_transfer_body(world_transfer(&w), STR(START PING));
	assert_false(c->replied);
	fake_transfer_body(world_transfer(&w), STR(DELTA));
	assert_bytes(buf_str(&c->body), START PING DELTA);
	fake_loop_advance(w.loop, 14000);
	fake_transfer_done(world_transfer(&w), UPSTREAM_BROKEN, "it broke");
	fake_loop_settle(w.loop);
	assert_int_equal(w.upstream->n, 1);
	assert_true(str_starts(buf_str(&c->body), STR(START PING DELTA "event: error\n")));
	assert_int_equal(c->end, FAKE_ENDED);
	world_release(&w);
}

/* Signs of life count, up to a time. */
static void pings_are_life(void **state)
{
	struct world w;

	world_init(&w, spare);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	fake_transfer_take(world_transfer(&w), SIZE_MAX);
	fake_transfer_head(world_transfer(&w), STREAM_HEAD);
	for (unsigned s = 0; s < 27; s += 9) {
		fake_transfer_body(world_transfer(&w), STR(PING));
		fake_loop_advance(w.loop, 9000);
		assert_int_equal(w.upstream->n, 1);
	}
	fake_transfer_body(world_transfer(&w), STR(START));
	fake_loop_advance(w.loop, 2000);
	assert_int_equal(w.upstream->n, 2);
	assert_false(c->replied);
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	assert_bytes(buf_str(&c->body), GOOD);
	world_release(&w);
}

/* Two that are silent leave the third its turn before the deadline. */
static void silence_after_silence(void **state)
{
	struct world w;

	world_init(&w, both);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	uint64_t begin = loop_now_ms(w.loop);
	assert_true(wait_for_next(&w, 1));
	assert_true(wait_for_next(&w, 2));
	assert_true(loop_now_ms(w.loop) - begin <= 30000);
	assert_string_equal(world_transfer(&w)->rq.origin, "http://spare.test");
	/* Behind it there is nobody: it has all the time that its own settings give it. */
	fake_loop_advance(w.loop, 200000);
	assert_int_equal(w.upstream->n, 3);
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	assert_bytes(buf_str(&c->body), GOOD);
	world_release(&w);
}

/* A stream that ends well and has said nothing is no answer. */
static void empty_streams(void **state)
{
	struct world w;

	world_init(&w, spare);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	world_answer(&w, STREAM_HEAD, STR(START));
	assert_false(c->replied);
	assert_true(wait_for_next(&w, 1));
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	assert_bytes(buf_str(&c->body), GOOD);
	world_release(&w);
}

/* Thinking of a model that was not asked for is sealed on its way, in frames and in whole replies. */
static void rerouted_thinking_is_sealed(void **state)
{
	static const char *const sets[] = { SETS, "route.fallbacks=spare/claude-sonnet-4-6", NULL };
	static const struct {
		const char *ask, *head, *body;
	} ways[] = {
		{ ASK, STREAM_HEAD,
			START
			"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
			"\"delta\":{\"type\":\"signature_delta\",\"signature\":\"EqQBCgIYAhIM1gbcDa9GJwZA\"}}\n\n" USAGE
				STOP },
		{ ASK_WHOLE, JSON_HEAD,
			"{\"type\":\"message\",\"model\":\"claude-sonnet-4-6\",\"content\":[{\"type\":\"thinking\","
			"\"thinking\":\"hm\",\"signature\":\"EqQBCgIYAhIM1gbcDa9GJwZA\"}],\"usage\":{\"output_tokens\":1}}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct world w;
		world_init(&w, sets);
		struct conn *c = world_post(&w, "/v1/messages", str_from(ways[i].ask));
		world_answer(&w, "404 No", STR(REFUSAL("not_found_error")));
		world_answer(&w, ways[i].head, str_from(ways[i].body));
		assert_int_equal(c->reply.status, 200);
		assert_int_equal(c->end, FAKE_ENDED);
		assert_true(c->body.n > strlen(ways[i].body));
		if (c->length >= 0)
			assert_int_equal(c->length, c->body.n);
		world_release(&w);
	}
}

/* However the bytes come, what is held back is what would have been sent. */
static void any_split(void **state)
{
	const struct str all = STR(GOOD);
	struct world w;

	world_init(&w, spare);
	for (size_t at = 0; at <= all.n; at++) {
		struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
		struct transfer *t = world_transfer(&w);
		fake_transfer_take(t, SIZE_MAX);
		fake_transfer_head(t, STREAM_HEAD);
		for (size_t i = 0; at == 0 && i < all.n; i++)
			fake_transfer_body(t, (struct str){ all.p + i, 1 });
		if (at > 0)
			fake_transfer_body(t, (struct str){ all.p, at });
		if (at > 0 && at < all.n)
			fake_transfer_body(t, str_from_offset(all, at));
		fake_transfer_done(t, UPSTREAM_OK, "");
		fake_loop_settle(w.loop);
		assert_str(buf_str(&c->body), all);
		assert_int_equal(c->end, FAKE_ENDED);
		world_forget(&w);
	}
	world_release(&w);
}

/* More than is held back passes, whatever it is. */
static void bounded(void **state)
{
	static const char *const sets[] = { SETS, "route.fallbacks=spare/*",
		"failover.hold_bytes=1KiB", NULL };
	struct world w;
	struct buf pings;

	buf_init(&pings, SIZE_MAX);
	while (pings.n <= 1024)
		buf_add(&pings, STR(PING));
	world_init(&w, sets);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	fake_transfer_head(world_transfer(&w), STREAM_HEAD);
	fake_transfer_body(world_transfer(&w), buf_str(&pings));
	assert_str(buf_str(&c->body), buf_str(&pings));
	fake_conn_gone(c);
	world_release(&w);
	buf_release(&pings);
}

static void whole_replies(void **state)
{
	struct world w;

	world_init(&w, spare);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK_WHOLE));
	fake_transfer_take(world_transfer(&w), SIZE_MAX);
	fake_transfer_head(world_transfer(&w), JSON_HEAD);
	fake_transfer_body(world_transfer(&w), STR("{\"type\":\"mess"));
	assert_false(c->replied);
	fake_transfer_done(world_transfer(&w), UPSTREAM_BROKEN, "it broke");
	assert_true(wait_for_next(&w, 1));
	world_answer(&w, JSON_HEAD, STR(WHOLE));
	assert_int_equal(c->reply.status, 200);
	assert_bytes(buf_str(&c->body), WHOLE);
	world_release(&w);
}

/* Who has failed three times in a row is passed by, then one request sees whether it is back. */
static void breakers(void **state)
{
	struct world w;

	world_init(&w, spare);
	world_post(&w, "/v1/messages", STR(ASK));
	for (unsigned i = 0; i < 3; i++) {
		world_answer(&w, "500 No", STR(""));
		assert_true(wait_for_next(&w, i + 1));
	}
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	assert_string_equal(world_transfer(&w)->rq.origin, "http://spare.test");
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	assert_bytes(buf_str(&c->body), GOOD);
	fake_loop_advance(w.loop, 10000);
	world_post(&w, "/v1/messages", STR(ASK));
	struct transfer *probe = world_transfer(&w);
	assert_string_equal(probe->rq.origin, "https://api.anthropic.com");
	world_post(&w, "/v1/messages", STR(ASK));
	assert_string_equal(world_transfer(&w)->rq.origin, "http://spare.test");
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	fake_transfer_head(probe, STREAM_HEAD);
	fake_transfer_body(probe, STR(START DELTA));
	c = world_post(&w, "/v1/messages", STR(ASK));
	assert_string_equal(world_transfer(&w)->rq.origin, "https://api.anthropic.com");
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	fake_transfer_body(probe, STR(STOP));
	fake_transfer_done(probe, UPSTREAM_OK, "");
	world_release(&w);
}

/* A pooled connection that was dead is neither a failure nor a sign that all is well. */
static void breakers_and_stale_connections(void **state)
{
	struct world w;

	world_init(&w, spare);
	world_post(&w, "/v1/messages", STR(ASK));
	world_answer(&w, "500 No", STR(""));
	assert_true(wait_for_next(&w, 1));
	fake_transfer_done(world_transfer(&w), UPSTREAM_STALE, "it was dead");
	assert_true(wait_for_next(&w, 2));
	for (unsigned i = 3; i < 5; i++) {
		assert_string_equal(world_transfer(&w)->rq.origin, "https://api.anthropic.com");
		world_answer(&w, "500 No", STR(""));
		assert_true(wait_for_next(&w, i));
	}
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	world_post(&w, "/v1/messages", STR(ASK));
	assert_string_equal(world_transfer(&w)->rq.origin, "http://spare.test");
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	world_release(&w);
}

/* One account's limits are not another's. */
static void breakers_by_account(void **state)
{
	struct world w;

	world_init(&w, spare);
	for (unsigned i = 0; i < 3; i++) {
		world_post_with(&w, "/v1/messages", "x-api-key: sk-one\n", STR(ASK));
		world_answer(&w, "429 No\nretry-after: 600", STR(REFUSAL("rate_limit_error")));
		world_answer(&w, STREAM_HEAD, STR(GOOD));
	}
	world_post_with(&w, "/v1/messages", "x-api-key: sk-one\n", STR(ASK));
	assert_string_equal(world_transfer(&w)->rq.origin, "http://spare.test");
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	world_post_with(&w, "/v1/messages", "x-api-key: sk-two\n", STR(ASK));
	assert_string_equal(world_transfer(&w)->rq.origin, "https://api.anthropic.com");
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	world_release(&w);
}

static void another_key(void **state)
{
	static const char *const sets[] = {
		"providers.anthropic.keys=one=sk-one-0123456789,two=sk-two-0123456789",
		"route.profile=observe", NULL
	};
	static const char *const refusals[] = { "401 No", "429 No\nretry-after: 600", "402 No",
		"403 No" };
	const size_t forbidden = ARRAY_LEN(refusals) - 1; /* it may be one model only */

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct world w;
		world_init(&w, sets);
		struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
		struct str first = fake_transfer_header(world_transfer(&w), "x-api-key");
		assert_str(first, STR("sk-one-0123456789"));
		world_answer(&w, refusals[i], STR("{}"));
		assert_false(c->replied);
		assert_str(fake_transfer_header(world_transfer(&w), "x-api-key"),
			STR("sk-two-0123456789"));
		world_answer(&w, STREAM_HEAD, STR(GOOD));
		assert_bytes(buf_str(&c->body), GOOD);
		/* It rests. */
		for (unsigned k = 0; k < 4; k++) {
			world_post(&w, "/v1/messages", STR(ASK));
			assert_str(fake_transfer_header(world_transfer(&w), "x-api-key"),
				STR("sk-two-0123456789"));
			world_answer(&w, STREAM_HEAD, STR(GOOD));
		}
		/* And with both refused the client is told. */
		c = world_post(&w, "/v1/messages", STR(ASK));
		world_answer(&w, "401 No\nrequest-id: r", STR(REFUSAL("authentication_error")));
		assert_int_equal(c->replied, i != forbidden);
		if (i == forbidden)
			world_answer(&w, refusals[i], STR("{}"));
		assert_int_equal(c->reply.status, i == forbidden ? 403 : 401);
		world_release(&w);
	}
}

static void gone_while_waiting(void **state)
{
	struct world w;

	world_init(&w, spare);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	world_answer(&w, "429 No\nretry-after: 3", STR(REFUSAL("rate_limit_error")));
	assert_false(c->replied);
	fake_loop_advance(w.loop, 1000);
	fake_conn_gone(c);
	fake_loop_advance(w.loop, 60000);
	assert_int_equal(w.upstream->n, 1);
	world_release(&w);
}

/* Whoever cannot be asked that is passed by. */
static void in_order(void **state)
{
	struct world w;

	world_init(&w, both);
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	world_answer(&w, "404 No", STR(REFUSAL("not_found_error")));
	assert_string_equal(world_transfer(&w)->rq.origin, "https://api.openai.com");
	world_answer(&w, "404 No", STR("{}"));
	assert_string_equal(world_transfer(&w)->rq.origin, "http://spare.test");
	world_answer(&w, STREAM_HEAD, STR(GOOD));
	assert_bytes(buf_str(&c->body), GOOD);
	world_release(&w);
}

/* Paths that are not read are never asked twice, and counting tokens has no fallbacks. */
static void only_turns(void **state)
{
	struct world w;

	world_init(&w, spare);
	struct conn *c = world_post_with(&w, "/v1/files", "anthropic-version: 1\n", STR("0123"));
	world_answer(&w, "503 Busy", STR("no"));
	assert_int_equal(c->reply.status, 503);
	c = world_post(&w, "/v1/messages/count_tokens", STR(ASK_WHOLE));
	world_answer(&w, "503 Busy", STR("no"));
	assert_int_equal(c->reply.status, 503);
	assert_int_equal(w.upstream->n, 2);
	world_release(&w);
}

static void load_is_shed(void **state)
{
	static const char *const sets[] = { "limits.exchanges=2", NULL };
	struct world w;

	world_init(&w, sets);
	struct conn *a = world_post(&w, "/v1/messages", STR(ASK));
	struct conn *b = world_post(&w, "/v1/messages", STR(ASK));
	struct conn *c = world_post(&w, "/v1/messages", STR(ASK));
	assert_int_equal(c->reply.status, 529);
	assert_header(c, "retry-after", "1");
	assert_true(has(buf_str(&c->body), "overloaded_error"));
	c = world_post(&w, "/v1/chat/completions", STR("{\"model\":\"m\",\"messages\":[]}"));
	assert_int_equal(c->reply.status, 503);
	assert_int_equal(w.upstream->n, 2);
	fake_conn_gone(a);
	fake_conn_gone(b);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_dialect),
		cmocka_unit_test(another_dialect),
		cmocka_unit_test(back_from_another_dialect),
		cmocka_unit_test(alone_it_is_the_clients),
		cmocka_unit_test(alone_when_it_is_wanted),
		cmocka_unit_test(nobody_is_left),
		cmocka_unit_test(invalid_goes_to_the_client),
		cmocka_unit_test(invalid_by_our_choice),
		cmocka_unit_test(nobody_is_asked_without_a_key),
		cmocka_unit_test(too_long_goes_to_a_larger_window),
		cmocka_unit_test(after_content),
		cmocka_unit_test(pings_are_life),
		cmocka_unit_test(silence_after_silence),
		cmocka_unit_test(empty_streams),
		cmocka_unit_test(rerouted_thinking_is_sealed),
		cmocka_unit_test(any_split),
		cmocka_unit_test(bounded),
		cmocka_unit_test(whole_replies),
		cmocka_unit_test(breakers),
		cmocka_unit_test(breakers_and_stale_connections),
		cmocka_unit_test(breakers_by_account),
		cmocka_unit_test(another_key),
		cmocka_unit_test(gone_while_waiting),
		cmocka_unit_test(in_order),
		cmocka_unit_test(only_turns),
		cmocka_unit_test(load_is_shed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
