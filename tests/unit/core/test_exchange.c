/* SPDX-License-Identifier: MIT */
/* Exchanges from beginning to end, on the real core and stages: what the provider is asked, what the client gets, what
 * is written down. Nothing goes wrong here but what the client itself gets wrong. */
#include "unit/core/exchange_fake.h"

#include <stdio.h>

static void streams(void **state)
{
	static const char *const sets[] = { "limits.ping_s=0", NULL };
	struct world w;

	world_init(&w, sets);
	struct conn *c = world_post(&w, "/v1/messages?beta=true", STR(BODY));
	struct transfer *t = world_transfer(&w);
	assert_int_equal(t->rq.method, HTTP_POST);
	assert_string_equal(t->rq.origin, "https://api.anthropic.com");
	assert_string_equal(t->rq.target, "/v1/messages?beta=true");
	assert_bytes(t->rq.body, BODY);
	assert_true(t->rq.decode);
	assert_false(t->rq.streamed);
	assert_false(c->replied);

	fake_transfer_take(t, SIZE_MAX);
	fake_transfer_head(t, STREAM_HEAD);
	assert_int_equal(c->reply.status, 200);
	assert_bytes(c->reply.reason, "OK");
	assert_int_equal(c->length, CONN_LENGTH_UNKNOWN);
	assert_header(c, "content-type", "text/event-stream; charset=utf-8");
	assert_header(c, "request-id", "req_1");
	assert_header(c, "x-sluice-id", FIRST_ID);
	assert_header(c, "x-sluice-provider", "anthropic");
	assert_int_equal(c->reply.n, 5);
	/* Each frame goes on at once. */
	fake_transfer_body(t, STR(START));
	assert_bytes(buf_str(&c->body), START);
	fake_loop_advance(w.loop, 800);
	fake_transfer_body(t, STR(DELTA USAGE));
	assert_bytes(buf_str(&c->body), START DELTA USAGE);
	fake_transfer_body(t, STR(STOP));
	assert_int_equal(c->end, FAKE_OPEN);
	fake_loop_advance(w.loop, 19500);
	fake_transfer_done(t, UPSTREAM_OK, "");
	assert_bytes(buf_str(&c->body), START DELTA USAGE STOP);
	assert_int_equal(c->end, FAKE_ENDED);
	assert_bytes(world_log(&w), "12:43:25 opus-5-5 | 3.4K in (3.4K cached) / 795 out | 20.3 s,"
				    " first token 0.0 s | $0.0166\n");
	world_release(&w);
}

static void answers_json(void **state)
{
	static const char reply[] = "{\"model\":\"claude-haiku-5-20260901\",\"usage\":{"
				    "\"input_tokens\":7,\"output_tokens\":2}}";
	struct world w;
	char head[200];

	world_init(&w, NULL);
	struct conn *c = world_post(&w, "/v1/messages", STR("{\"model\":\"m\"}"));
	snprintf(head, sizeof(head), JSON_HEAD "\nContent-Length: %zu", sizeof(reply) - 1);
	world_answer(&w, head, str_from(reply));
	assert_int_equal(c->end, FAKE_ENDED);
	assert_int_equal(c->length, sizeof(reply) - 1);
	assert_bytes(buf_str(&c->body), reply);
	assert_bytes(world_log(&w), "12:43:05 haiku-5 | 7 in / 2 out | 0.0 s | $?\n");
	world_release(&w);
}

/* In pieces, without a length: read at its end all the same. */
static void answers_json_in_pieces(void **state)
{
	struct world w;

	world_init(&w, NULL);
	struct conn *c = world_post(&w, "/v1/messages/count_tokens", STR("{\"model\":\"m\"}"));
	struct transfer *t = world_transfer(&w);
	fake_transfer_take(t, SIZE_MAX);
	fake_transfer_head(t, JSON_HEAD);
	assert_int_equal(c->length, CONN_LENGTH_UNKNOWN);
	fake_transfer_body(t, STR("{\"usage\":{\"input_to"));
	assert_bytes(buf_str(&c->body), "{\"usage\":{\"input_to");
	fake_transfer_body(t, STR("kens\":5}}"));
	fake_transfer_done(t, UPSTREAM_OK, "");
	assert_bytes(buf_str(&c->body), "{\"usage\":{\"input_tokens\":5}}");
	assert_bytes(world_log(&w), "12:43:05 m count_tokens | 5 in | 0.0 s\n");
	world_release(&w);
}

static void relays_upload_and_download(void **state)
{
	struct world w;

	world_init(&w, NULL);
	struct conn *c = upload_open(&w);
	struct transfer *t = world_transfer(&w);
	assert_string_equal(t->rq.target, "/v1/files");
	assert_true(t->rq.streamed);
	assert_int_equal(t->rq.streamed_length, 10);
	assert_false(t->rq.decode);
	/* The reply may begin, and go on, while the request is still under way. */
	fake_transfer_head(t, "201 Yes\nContent-Type: text/event-stream");
	assert_int_equal(c->reply.status, 201);
	assert_bytes(c->reply.reason, "Yes");
	fake_transfer_body(t, STR("data: un"));
	assert_bytes(buf_str(&c->body), "data: un");
	fake_conn_body(c, STR("56789"));
	fake_conn_end(c);
	assert_true(t->send_ended);
	fake_transfer_take(t, SIZE_MAX);
	assert_bytes(buf_str(&t->body), "0123456789");
	fake_transfer_body(t, STR("read"));
	fake_transfer_done(t, UPSTREAM_OK, "");
	assert_bytes(buf_str(&c->body), "data: unread");
	assert_bytes(world_log(&w),
		"12:43:05 anthropic POST /v1/files | 12 B | 0.0 s, first token 0.0 s | 201\n");
	world_release(&w);
}

static void relays_chunked_upload(void **state)
{
	struct world w;

	world_init(&w, NULL);
	struct conn *c = fake_conn_begin(
		w.server, "PUT /v1beta/x?y=1\nHost: localhost\nTransfer-Encoding: chunked");
	struct transfer *t = world_transfer(&w);
	assert_string_equal(t->rq.origin, "https://generativelanguage.googleapis.com");
	assert_string_equal(t->rq.target, "/v1beta/x?y=1");
	assert_int_equal(t->rq.method, HTTP_PUT);
	assert_true(t->rq.streamed);
	assert_int_equal(t->rq.streamed_length, -1);
	fake_conn_end(c);
	fake_transfer_head(t, "204 No Content");
	assert_int_equal(c->length, CONN_NO_BODY);
	fake_transfer_done(t, UPSTREAM_OK, "");
	assert_int_equal(c->end, FAKE_ENDED);
	world_release(&w);
}

static void relays_without_body(void **state)
{
	static const struct {
		const char *request, *head;
		int64_t length;
	} rows[] = {
		{ "GET /v1/models\nanthropic-version: 1", "200 OK\nContent-Length: 0", 0 },
		{ "HEAD /v1/models\nHost: localhost", "200 OK\nContent-Length: 7", 7 },
		{ "HEAD /v1/models\nHost: localhost", "200 OK", CONN_NO_BODY },
		{ "DELETE /v1/files/1\nHost: localhost", "304 \nContent-Length: 7", CONN_NO_BODY },
		{ "OPTIONS /v1/models\nHost: localhost", "200 OK", CONN_LENGTH_UNKNOWN },
		{ "POST /v1/x/cancel\nopenai-beta: 1\nContent-Length: 0",
			"200 OK\nContent-Length: 0", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, NULL);
		struct conn *c = fake_conn_begin(w.server, rows[i].request);
		assert_false(world_transfer(&w)->rq.streamed);
		assert_null(world_transfer(&w)->rq.body.p);
		fake_transfer_head(world_transfer(&w), rows[i].head);
		assert_int_equal(c->length, rows[i].length);
		fake_transfer_done(world_transfer(&w), UPSTREAM_OK, "");
		assert_int_equal(c->end, FAKE_ENDED);
		world_release(&w);
	}
}

/* Statuses, reasons, and headers in order and number. */
static void replies_are_untouched(void **state)
{
	static const struct http_header want[] = {
		{ STR_INIT("retry-after"), STR_INIT("17") },
		{ STR_INIT("Set-Cookie"), STR_INIT("a=1") },
		{ STR_INIT("set-cookie"), STR_INIT("b=2") },
		{ STR_INIT("Content-Type"), STR_INIT("application/json") },
		{ STR_INIT("x-empty"), STR_INIT("") },
		{ STR_INIT("x-sluice-id"), STR_INIT(FIRST_ID) },
		{ STR_INIT("x-sluice-provider"), STR_INIT("anthropic") },
		{ STR_INIT("x-sluice-model"), STR_INIT("claude-opus-5-5") },
	};
	struct world w;

	world_init(&w, NULL);
	struct conn *c = world_post(&w, "/v1/messages", STR(BODY));
	world_answer(&w,
		"429 Slow Down, Please\nretry-after: 17\nSet-Cookie: a=1\nset-cookie: b=2\n"
		"Content-Type: application/json\nx-empty:",
		STR("{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\"}}"));
	assert_int_equal(c->reply.status, 429);
	assert_bytes(c->reply.reason, "Slow Down, Please");
	assert_bytes(buf_str(&c->body),
		"{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\"}}");
	assert_int_equal(c->reply.n, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_str(c->reply.h[i].name, want[i].name);
		assert_str(c->reply.h[i].value, want[i].value);
	}
	assert_bytes(world_log(&w), "12:43:05 opus-5-5 | 52 B | 0.0 s | 429 | rate_limit_error\n");
	world_release(&w);
}

/* A request that is refused here never reaches a provider, and the error has the shape of its API. */
static void refuses(void **state)
{
	static const struct {
		const char *request;
		unsigned status;
		const char *body;
	} rows[] = {
		{ "GET /nothing\nHost: localhost", 404,
			"{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"no provider "
			"can be named for '/nothing'\"},\"request_id\":\"" FIRST_ID "\"}" },
		{ "POST /v1/messages\nHost: localhost", 400,
			"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":" },
		{ "POST /v1/messages\nHost: evil.example", 403,
			"{\"type\":\"error\",\"error\":{\"type\":\"permission_error\",\"message\":" },
		{ "GET /v1/models\nHost: evil.example", 403,
			"{\"error\":{\"message\":\"host 'evil.example' is not one of ours; allow it with "
			"auth.hosts\",\"type\":\"permission_error\",\"param\":null,\"code\":null}}" },
		{ "GET /v1beta/models\nHost: evil.example", 403,
			"{\"error\":{\"code\":403,\"message\":\"host 'evil.example' is not one of ours; "
			"allow it with auth.hosts\",\"status\":\"PERMISSION_DENIED\"}}" },
		{ "POST /v1/messages\nHost: localhost\nContent-Encoding: lzma\nContent-Length: 9",
			415,
			"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, NULL);
		struct conn *c = fake_conn_begin(w.server, rows[i].request);
		assert_int_equal(c->end, FAKE_ENDED);
		assert_int_equal(c->reply.status, rows[i].status);
		struct str body = buf_str(&c->body), want = str_from(rows[i].body);
		assert_str(((struct str){ body.p, want.n < body.n ? want.n : body.n }), want);
		assert_header(c, "content-type", "application/json");
		assert_header(c, "x-sluice-id", FIRST_ID);
		check_bytes(fake_conn_header(c, "x-should-retry"),
			rows[i].status == 403 ? STR("false") : (struct str){ 0 }, __FILE__,
			__LINE__);
		assert_null(world_transfer(&w));
		assert_int_equal(fake_log_lines(w.log.writer), 1);
		world_release(&w);
	}
}

static void refuses_broken_json_after_the_body(void **state)
{
	struct world w;

	world_init(&w, NULL);
	struct conn *c = world_post(&w, "/v1/messages", STR("{\"model\":\"m\",}"));
	assert_int_equal(c->end, FAKE_ENDED);
	assert_int_equal(c->reply.status, 400);
	assert_null(world_transfer(&w));
	world_release(&w);
}

static void body_over_the_limit(void **state)
{
	static const char *const sets[] = { "limits.body_bytes=1024", NULL };
	char big[1025] = "{";
	struct world w;

	for (int told = 0; told < 2; told++) {
		world_init(&w, sets);
		struct conn *c = fake_conn_begin(w.server,
			told ? "POST /v1/messages\nHost: localhost\nContent-Length: 1025"
			     : "POST /v1/messages\nHost: localhost\nTransfer-Encoding: chunked");
		fake_loop_settle(w.loop);
		if (!told)
			fake_conn_body(c, (struct str){ big, sizeof(big) });
		assert_int_equal(c->end, FAKE_ENDED);
		assert_int_equal(c->reply.status, 413);
		assert_null(world_transfer(&w));
		world_release(&w);
	}
}

static void answer_local(struct exchange *x, struct local_reply *ret)
{
	ret->status = x->head->query.n > 0 ? 503 : 200;
	buf_add(ret->body, STR("mine"));
}

static const struct local_endpoint locals[] = {
	{ STR_INIT("/open"), true, answer_local },
	{ STR_INIT("/closed"), false, answer_local },
	{ STR_INIT("/v1/models"), true, answer_local },
};

static void answers_its_own_paths(void **state)
{
	static const char *const sets[] = { "auth.key=0123456789abcdef", "log.level=debug", NULL };
	static const struct {
		const char *request;
		unsigned status;
		const char *body;
	} rows[] = {
		{ "GET /open\nHost: localhost", 200, "mine" },
		{ "GET /open?x\nHost: localhost", 503, "mine" },
		{ "HEAD /open\nHost: localhost", 200, "" },
		{ "GET /closed\nHost: localhost\nx-sluice-key: 0123456789abcdef", 200, "mine" },
		/* Never forwarded, whatever its headers say. */
		{ "GET /v1/models\nHost: localhost\nanthropic-version: 1", 200, "mine" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, sets);
		w.svc.locals = locals;
		w.svc.nlocals = ARRAY_LEN(locals);
		struct conn *c = fake_conn_begin(w.server, rows[i].request);
		assert_int_equal(c->end, FAKE_ENDED);
		assert_int_equal(c->reply.status, rows[i].status);
		assert_int_equal(c->length, 4);
		assert_str(buf_str(&c->body), str_from(rows[i].body));
		assert_null(world_transfer(&w));
		world_release(&w);
	}
}

/* The snapshot that an exchange began with serves it to its end. */
static void reload_in_flight(void **state)
{
	static const char *const before[] = { "override.model=old", "limits.ping_s=2", NULL };
	static const char *const after[] = { "override.model=new", "limits.ping_s=0",
		"providers.anthropic.base_url=http://127.0.0.1:1", NULL };
	struct world w;

	world_init(&w, before);
	/* One waits for its body, one streams. */
	struct conn *late =
		fake_conn_begin(w.server, "POST /v1/messages\nHost: localhost\nContent-Length: 13");
	struct conn *streaming = stream_open(&w);
	struct transfer *t = world_transfer(&w);
	world_reload(&w, after);
	fake_loop_advance(w.loop, 2000);
	assert_bytes(buf_str(&streaming->body), DELTA PING);
	fake_conn_body(late, STR("{\"model\":\"m\"}"));
	fake_conn_end(late);
	assert_string_equal(world_transfer(&w)->rq.origin, "https://api.anthropic.com");
	assert_bytes(world_transfer(&w)->rq.body, "{\"model\":\"old\"}");
	world_answer(&w, JSON_HEAD, STR("{}"));
	world_post(&w, "/v1/messages", STR("{\"model\":\"m\"}"));
	assert_string_equal(world_transfer(&w)->rq.origin, "http://127.0.0.1:1");
	assert_bytes(world_transfer(&w)->rq.body, "{\"model\":\"new\"}");
	world_answer(&w, STREAM_HEAD, STR(DELTA));
	fake_transfer_done(t, UPSTREAM_OK, "");
	world_release(&w);
}

/* The memory of the body goes back as soon as the provider has all of it, and not sooner. */
static void body_is_freed_at_the_head(void **state)
{
	struct world w;

	for (int sent = 0; sent < 2; sent++) {
		world_init(&w, NULL);
		world_post(&w, "/v1/messages", STR(BODY));
		struct transfer *t = world_transfer(&w);
		fake_transfer_take(t, sent ? SIZE_MAX : 10);
		fake_transfer_head(t, JSON_HEAD);
		assert_int_equal(w.svc.spare_body.p != NULL, sent);
		if (!sent) {
			/* It is still borrowed: a sanitizer would see it gone. */
			fake_transfer_take(t, SIZE_MAX);
			assert_bytes(buf_str(&t->body), BODY);
		}
		fake_transfer_body(t, STR("{}"));
		fake_transfer_done(t, UPSTREAM_OK, "");
		assert_non_null(w.svc.spare_body.p);
		world_release(&w);
	}
}

/* A spare block is not used for what may not become as large as it is. */
static void spare_body_keeps_the_limit(void **state)
{
	static const char *const small[] = { "limits.body_bytes=1024", NULL };
	static char big[100000];
	struct world w;

	memset(big, ' ', sizeof(big));
	big[0] = '{';
	big[sizeof(big) - 1] = '}';
	world_init(&w, NULL);
	world_post(&w, "/v1/messages", (struct str){ big, sizeof(big) });
	world_answer(&w, JSON_HEAD, STR("{}"));
	assert_true(w.svc.spare_body.cap >= sizeof(big));
	world_reload(&w, small);
	struct conn *c = fake_conn_begin(
		w.server, "POST /v1/messages\nHost: localhost\nTransfer-Encoding: chunked");
	fake_conn_body(c, (struct str){ big, 2000 });
	assert_int_equal(c->reply.status, 413);
	world_release(&w);
}

/* There may be thousands of them. */
static void open_stream_holds_little(void **state)
{
	enum { BYTES = 3584 };
	struct world w;

	world_init(&w, NULL);
	struct conn *c = stream_open(&w);
	const struct exchange *x = c->ctx;
	if (arena_used(x->arena) > BYTES)
		fail_msg("an open stream holds %zu bytes", arena_used(x->arena));
	fake_transfer_done(world_transfer(&w), UPSTREAM_OK, "");
	world_release(&w);
}

static void further_headers(void **state)
{
	enum { SOME = 12 };
	struct world w;
	char names[SOME + 1][16];

	world_init(&w, NULL);
	struct conn *c = world_post(&w, "/v1/messages/batches", STR("{}"));
	for (unsigned i = 0; i <= SOME; i++) {
		snprintf(names[i], sizeof(names[i]), "x-further-%u", i);
		exchange_add_header(c->ctx, str_from(names[i]), str_from(names[i] + 10));
	}
	world_answer(&w, JSON_HEAD, STR("{}"));
	for (unsigned i = 0; i < SOME; i++)
		assert_header(c, names[i], names[i] + 10);
	assert_absent(fake_conn_header(c, names[SOME]));
	assert_header(c, "request-id", "req_1");
	assert_bytes(buf_str(&c->body), "{}");
	world_release(&w);
}

static void plan_takes_so_many(void **state)
{
	struct exchange x = { .arena = arena_new() };
	char names[PLAN_MAX + 1];

	for (unsigned i = 0; i <= PLAN_MAX; i++) {
		names[i] = (char)('a' + i);
		const struct candidate c = { .model = { names + i, 1 } };
		assert_int_equal(plan_add(&x, &c), i < PLAN_MAX);
	}
	assert_int_equal(x.plan.n, PLAN_MAX);
	for (unsigned i = 0; i < PLAN_MAX; i++)
		assert_ptr_equal(x.plan.c[i].model.p, names + i);
	arena_free(x.arena);
}

static void ids_differ(void **state)
{
	struct world w;
	char ids[3][EXCHANGE_ID_MAX];

	world_init(&w, NULL);
	for (int i = 0; i < 3; i++) {
		struct conn *c = fake_conn_begin(w.server, "GET /nothing\nHost: localhost");
		snprintf(ids[i], sizeof(ids[i]), "%.*s",
			STR_ARG(fake_conn_header(c, "x-sluice-id")));
	}
	assert_string_not_equal(ids[0], ids[1]);
	assert_string_not_equal(ids[1], ids[2]);
	assert_int_equal(w.svc.total, 3);
	world_release(&w);
}

/* What never became a request is answered in the shape of the API that its path belongs to. */
static void refused_before_it_was_one(void **state)
{
	static const char *const rows[][2] = {
		{ "/v1/chat/completions?x", "{\"error\":{\"message\":\"too many\"" },
		{ "/v1beta/models", "{\"error\":{\"code\":431" },
		{ "/v1/messages",
			"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\"" },
		{ "", "{\"type\":\"error\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		struct buf out;
		struct err e;
		world_init(&w, NULL);
		buf_init(&out, SIZE_MAX);
		err_set(&e, ERR_HEADERS, "too many");
		exchange_events.refused(&w.svc, &e, str_from(rows[i][0]), &out);
		struct str all = buf_str(&out);
		size_t body = str_find(all, STR("\r\n\r\n")) + 4;
		assert_true(
			str_starts(all, STR("HTTP/1.1 431 Request Header Fields Too Large\r\n")));
		assert_true(str_starts(str_from_offset(all, body), str_from(rows[i][1])));
		char length[40];
		snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n", all.n - body);
		assert_true(str_find(all, str_from(length)) < body);
		assert_bytes(world_log(&w), "12:43:05 refused | 431 | too many\n");
		buf_release(&out);
		world_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams),
		cmocka_unit_test(answers_json),
		cmocka_unit_test(answers_json_in_pieces),
		cmocka_unit_test(relays_upload_and_download),
		cmocka_unit_test(relays_chunked_upload),
		cmocka_unit_test(relays_without_body),
		cmocka_unit_test(replies_are_untouched),
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_broken_json_after_the_body),
		cmocka_unit_test(body_over_the_limit),
		cmocka_unit_test(answers_its_own_paths),
		cmocka_unit_test(reload_in_flight),
		cmocka_unit_test(body_is_freed_at_the_head),
		cmocka_unit_test(spare_body_keeps_the_limit),
		cmocka_unit_test(open_stream_holds_little),
		cmocka_unit_test(further_headers),
		cmocka_unit_test(plan_takes_so_many),
		cmocka_unit_test(ids_differ),
		cmocka_unit_test(refused_before_it_was_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
