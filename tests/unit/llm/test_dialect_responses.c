/* SPDX-License-Identifier: MIT */
/* What relaying needs of the Responses API: a request's top level, usage and ends of replies, and what a client is told when a stream
 * that is relayed breaks. */
#include "unit/base/check.h"

#include "llm/dialect.h"
#include "wire/json_text.h"
#include "wire/sse.h"

static const struct dialect *const d = &dialect_responses;

static void requests(void **state)
{
	static const struct {
		const char *body, *model, *session;
		bool stream;
		size_t models;
	} rows[] = {
		{ "{}", "", "", false, 0 },
		{ "{\"model\":\"m\",\"stream\":true,\"input\":[{\"model\":\"n\"}],\"prompt_cache_key\":\"k\\u0041\"}",
			"m", "kA", true, 1 },
		{ "{\"model\":\"a\",\"\\u006dodel\":\"b\",\"stream\":true,\"stream\":false}", "b",
			"", false, 2 },
		{ "{\"model\":7,\"prompt_cache_key\":7}", "", "", false, 1 },
		{ "", NULL, NULL, false, 0 },
		{ "[]", NULL, NULL, false, 0 },
		{ "{\"model\":\"m\"", NULL, NULL, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct chat c = { .body = { NULL, 0 } };
		struct err e = { 0 };
		struct str body = str_from(rows[i].body);
		bool ok = d->parse_request(&c, body, a, &e);
		assert_int_equal(ok, rows[i].model != NULL);
		assert_int_equal(e.kind, ok ? ERR_NONE : ERR_INVALID);
		if (ok) {
			assert_str(c.model, str_from(rows[i].model));
			assert_str(c.session, str_from(rows[i].session));
			assert_int_equal(c.stream, rows[i].stream);
			assert_int_equal(c.nmodels, rows[i].models);
			assert_ptr_equal(c.body.p, body.p);
		}
		/* The values are where they stand in the body: splices rely on it. */
		for (size_t k = 0; ok && k < c.nmodels; k++)
			assert_true(c.models[k].p > body.p &&
				    c.models[k].p + c.models[k].n < body.p + body.n);
		arena_free(a);
	}
}

static void too_many_models(void **state)
{
	struct arena *a = arena_new();
	struct chat c = { .body = { NULL, 0 } };
	struct err e = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX);
	buf_add(&b, STR("{\"a\":0"));
	for (unsigned i = 0; i < 17; i++)
		buf_add(&b, STR(",\"model\":\"m\""));
	buf_add(&b, STR("}"));
	assert_false(d->parse_request(&c, buf_str(&b), a, &e));
	assert_int_equal(e.kind, ERR_INVALID);
	buf_release(&b);
	arena_free(a);
}

struct row {
	const char *text;
	enum event_type type;
	struct usage usage;
	const char *model, *error, *detail;
};

static void check(const struct event *ev, const struct row *row, struct str raw)
{
	assert_int_equal(ev->type, row->type);
	assert_int_equal(ev->usage.in, row->usage.in);
	assert_int_equal(ev->usage.cache_read, row->usage.cache_read);
	assert_int_equal(ev->usage.cache_write, row->usage.cache_write);
	assert_int_equal(ev->usage.out, row->usage.out);
	assert_int_equal(ev->usage.reasoning, row->usage.reasoning);
	assert_str(ev->model, str_from(row->model));
	assert_str(ev->text, str_from(row->error));
	assert_str(ev->detail, str_from(row->detail));
	assert_ptr_equal(ev->raw.p, raw.p);
	assert_int_equal(ev->raw.n, raw.n);
}

#define NONE \
	{ \
		-1, -1, -1, -1, -1, -1 \
	}
#define EVENT(type, rest) "event: " type "\ndata: {\"type\":\"" type "\"" rest "}\n\n"
#define RESPONSE(type, rest) \
	EVENT(type, ",\"response\":{\"id\":\"resp_1\",\"model\":\"g\"" rest "}")
#define USAGE \
	",\"usage\":{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":3,\"cache_write_tokens\":2}," \
	"\"output_tokens\":7,\"output_tokens_details\":{\"reasoning_tokens\":4},\"total_tokens\":17}"

static void events(void **state)
{
	static const struct row rows[] = {
		{ RESPONSE("response.created", ",\"error\":null,\"usage\":null"), EV_START, NONE,
			"g", "", "" },
		{ RESPONSE("response.in_progress", USAGE), EV_RAW, NONE, "", "", "" },
		{ EVENT("response.output_text.delta", ",\"delta\":\"x\""), EV_RAW, NONE, "", "",
			"" },
		{ EVENT("codex.rate_limits", ",\"response\":{\"model\":\"g\"}"), EV_RAW, NONE, "",
			"", "" },
		{ RESPONSE("response.completed", USAGE), EV_STOP, { 5, 3, 2, -1, 7, 4 }, "g", "",
			"" },
		{ RESPONSE("response.incomplete", USAGE), EV_STOP, { 5, 3, 2, -1, 7, 4 }, "g", "",
			"" },
		/* Codex goes by the data alone. */
		{ "data: {\"response\":{\"usage\":{\"input_tokens\":4}},\"type\":\"response.completed\"}\r\n\r\n",
			EV_STOP, { 4, 0, 0, -1, -1, -1 }, "", "", "" },
		{ "event:response.completed\r\ndata:{\"type\":\"response.completed\",\"response\":{\"usage\":{\"output_tokens\":4}}}\r\n\r\n",
			EV_STOP, { -1, -1, -1, -1, 4, -1 }, "", "", "" },
		{ RESPONSE("response.failed",
			  ",\"error\":{\"code\":\"server_error\",\"message\":\"boom\"}"),
			EV_ERROR, NONE, "g", "server_error", "boom" },
		{ EVENT("error",
			  ",\"code\":\"rate_limit_exceeded\",\"message\":\"slow\",\"param\":null"),
			EV_ERROR, NONE, "", "rate_limit_exceeded", "slow" },
		{ EVENT("error",
			  ",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"slow\"}"),
			EV_ERROR, NONE, "", "rate_limit_exceeded", "slow" },
		{ "event: response.completed\ndata: {\"type\":\"response.output_text.delta\"}\n\n",
			EV_RAW, NONE, "", "", "" },
		/* More cached than there was, and figures that are none. */
		{ RESPONSE("response.completed",
			  ",\"usage\":{\"input_tokens\":1,\"input_tokens_details\":{\"cached_tokens\":3}}"),
			EV_STOP, { 0, 3, 0, -1, -1, -1 }, "g", "", "" },
		{ RESPONSE("response.completed",
			  ",\"usage\":{\"input_tokens\":-1,\"output_tokens\":99999999999}"),
			EV_STOP, NONE, "g", "", "" },
		{ ": ping\n\n", EV_RAW, NONE, "", "", "" },
		{ "data: [DONE]\n\n", EV_RAW, NONE, "", "", "" },
		{ "event: response.completed\ndata: <html>\n\n", EV_RAW, NONE, "", "", "" },
		{ "", EV_RAW, NONE, "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct event ev;
		struct buf scratch;
		struct str frame = str_from(rows[i].text);
		buf_init(&scratch, SIZE_MAX);
		d->parse_event(frame, &scratch, a, &ev);
		check(&ev, &rows[i], frame);
		buf_release(&scratch);
		arena_free(a);
	}
}

static void replies(void **state)
{
	static const struct row rows[] = {
		{ "{\"id\":\"r\",\"model\":\"g\",\"status\":\"completed\",\"error\":null" USAGE "}",
			EV_STOP, { 5, 3, 2, -1, 7, 4 }, "g", "", "" },
		{ "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"context_length_exceeded\"}}",
			EV_ERROR, NONE, "", "context_length_exceeded", "m" },
		{ "<html>", EV_STOP, NONE, "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct event ev;
		struct str body = str_from(rows[i].text);
		d->parse_reply(body, a, &ev);
		check(&ev, &rows[i], body);
		arena_free(a);
	}
}

static void broken_stream(void **state)
{
	struct err e = { 0 };
	struct buf b, none;
	struct sse_frame f;

	(void)state;
	buf_init(&b, SIZE_MAX);
	buf_init(&none, SIZE_MAX);
	err_set(&e, ERR_RATE, "try again in 2s");
	d->print_error_event(&b, &e, STR("req_1"));
	sse_parse(buf_str(&b), &none, &f);
	assert_bytes(f.event, "response.failed");
	assert_true(json_is_object(f.data));
	assert_bytes(json_get(f.data, STR("type")), "\"response.failed\"");
	assert_true(json_get(f.data, STR("sequence_number")).n > 0);
	struct str response = json_get(f.data, STR("response"));
	assert_bytes(json_get(response, STR("status")), "\"failed\"");
	assert_bytes(json_get(response, STR("error")),
		"{\"code\":\"rate_limit_exceeded\",\"message\":\"try again in 2s\"}");
	assert_bytes(json_get(response, STR("output")), "[]");
	assert_true(str_ends(buf_str(&b), STR("\n\n")));
	buf_release(&b);
}

static void errors(void **state)
{
	struct err e = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX);
	err_set(&e, ERR_CONTEXT, "too \"long\"");
	d->print_error(&b, &e, STR("req_1"));
	assert_bytes(buf_str(&b),
		"{\"error\":{\"message\":\"too \\\"long\\\"\",\"type\":\"invalid_request_error\",\"param\":"
		"\"input\",\"code\":\"context_length_exceeded\"}}");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(too_many_models),
		cmocka_unit_test(events),
		cmocka_unit_test(replies),
		cmocka_unit_test(broken_stream),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
