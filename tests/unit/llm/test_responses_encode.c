/* SPDX-License-Identifier: MIT */
/* Neutral events for clients of the Responses API: what is printed is read again, and the streams are held against the rules that the SDK
 * and Codex go by. */
#include "unit/llm/responses_trace.h"

static const struct dialect *const d = &dialect_responses;

struct shown {
	struct arena *a;
	struct encoder e;
	struct buf out;
	struct content c;
};

static void show_begin(struct shown *s, bool stream, size_t max_bytes)
{
	*s = (struct shown){ .a = arena_new() };
	content_init(&s->c, s->a);
	buf_init(&s->out, SIZE_MAX);
	struct tool *t = content_add_tool(&s->c, TOOL_FREEFORM);
	t->name = t->wire_name = STR("patch");
	t = content_add_tool(&s->c, TOOL_FUNCTION);
	t->name = STR("find");
	t->space = STR("crm");
	t->wire_name = STR("crm__find");
	s->c.wants_signature = true;
	s->c.reasoning.effort = EFFORT_LOW;
	const struct encoder_wishes w = { .model = STR("m"),
		.random = STR("rnd"),
		.created_s = 7,
		.stream = stream,
		.max_bytes = max_bytes,
		.content = &s->c };
	encoder_init(&s->e, d, &w, s->a, &s->out);
}

static void show_end(struct shown *s)
{
	encoder_release(&s->e);
	buf_release(&s->out);
	arena_free(s->a);
}

#define U .usage = { -1, -1, -1, -1, -1, -1 }
#define OPEN(k, ...) \
	{ \
		.type = EV_OPEN, .part = PART_##k, U, __VA_ARGS__ \
	}
#define MORE(t) \
	{ \
		.type = EV_TEXT, .text = STR_INIT(t), U \
	}
#define CLOSE \
	{ \
		.type = EV_CLOSE, U \
	}
#define SIGN(c, p) \
	{ \
		.type = EV_SIGN, .native = { STR_INIT(c), STR_INIT(p) }, U \
	}

/* All that a reply can hold. */
static const struct event whole[] = {
	{ .type = EV_START, .id = STR_INIT("msg_9"), .model = STR_INIT("x"), U },
	OPEN(REASONING, ),
	MORE("think"),
	MORE("ing\\n"),
	SIGN("ds", "{\"m\":\"x\"}"),
	CLOSE,
	OPEN(REASONING, ),
	SIGN("ant", "{\"b\":[1]}"),
	CLOSE,
	OPEN(REASONING, ), /* says nothing */
	CLOSE,
	OPEN(TEXT, ),
	MORE("Hel"),
	MORE(""),
	MORE("lo"),
	CLOSE,
	OPEN(TEXT, ),
	CLOSE,
	OPEN(CALL, .id = STR_INIT("c1"), .name = STR_INIT("patch")),
	MORE("{\\\"inp"),
	MORE("ut\\\":\\\"a\\\\nb\\\"}"),
	CLOSE,
	OPEN(CALL, .id = STR_INIT("c2"), .name = STR_INIT("patch")),
	MORE("{broken"),
	CLOSE,
	OPEN(CALL, .name = STR_INIT("crm__find")),
	CLOSE,
	OPEN(CALL, .id = STR_INIT("a b"), .name = STR_INIT("f")),
	MORE("{\\\"a\\\":1}"),
	CLOSE,
	OPEN(CALL, .id = STR_INIT("c3"), .name = STR_INIT("free"), .freeform = true),
	MORE("x"),
	MORE("y"),
	CLOSE,
	{ .type = EV_USAGE, .usage = { 5, 3, 2, -1, 7, 4 } },
	{ .type = EV_STOP, .stop = STOP_TOOL, U },
};

/* What a client of this dialect makes of it. */
static const char seen[] =
	"start resp_9 m\n"
	"open reasoning  \n+think\n+ing\\n\nsign oai {\"id\":\"rs_9_0\",\"e\":\"slsig1.ds.eyJtIjoieCIsInQiOiJ0aGlua2luZ1xuIn0\"}\nclose\n"
	"open reasoning  \nsign oai {\"id\":\"rs_9_1\",\"e\":\"slsig1.ant.eyJiIjpbMV19\"}\nclose\n"
	"open text  \n+Hel\n+lo\nclose\n"
	"open call! c1 patch\n+a\\nb\nclose\n"
	"open call! c2 patch\n+{broken\nclose\n"
	"open call call_9_2 find\n+{}\nclose\n"
	"open call call_xc8687a08aa5d6ed2044328fa f\n+{\\\"a\\\":1}\nclose\n"
	"open call! c3 free\n+x\n+y\nclose\n"
	"usage 5 3 2 7 4\nstop tool \n";

/* The rules of the stream: names, numbers, ids, and that items are begun and ended one after the other. */
static void check_rules(struct str stream)
{
	struct sse_scanner s = { 0 };
	struct buf none;
	uint64_t number = 0, items = 0, n;
	bool open = false;

	buf_init(&none, SIZE_MAX);
	while (stream.n > 0) {
		struct sse_frame f;
		size_t size = sse_scan(&s, stream);
		assert_true(size > 0);
		sse_parse((struct str){ stream.p, size }, &none, &f);
		stream = str_from_offset(stream, size);
		assert_true(json_is_object(f.data));
		assert_str(json_inner(json_get(f.data, STR("type"))), f.event);
		assert_true(json_u64(json_get(f.data, STR("sequence_number")), &n));
		assert_int_equal(n, number++);
		if (str_eq(f.event, STR("response.output_item.added"))) {
			assert_false(open);
			open = true;
		}
		struct str index = json_get(f.data, STR("output_index"));
		if (index.p != NULL) {
			assert_true(open);
			assert_true(json_u64(index, &n));
			assert_int_equal(n, items);
		}
		if (str_eq(f.event, STR("response.output_item.done"))) {
			open = false;
			items++;
		}
	}
}

static size_t count(const struct buf *b, const char *text)
{
	struct str rest = buf_str(b);
	size_t n = 0;

	for (size_t at; (at = str_find(rest, str_from(text))) < rest.n; n++)
		rest = str_from_offset(rest, at + 1);
	return n;
}

static void whole_reply(void **state)
{
	struct shown s;
	struct trace t;

	(void)state;
	show_begin(&s, true, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		encoder_put(&s.e, &whole[i]);
	assert_true(s.e.ended);
	check_rules(buf_str(&s.out));
	assert_int_equal(count(&s.out, "event: response.output_text.delta\n"), 2);
	assert_int_equal(count(&s.out, "event: response.function_call_arguments.delta\n"), 2);
	assert_int_equal(count(&s.out, "event: response.custom_tool_call_input.delta\n"), 4);
	trace_begin(&t);
	trace_feed(&t, buf_str(&s.out), SIZE_MAX);
	assert_str(buf_str(&t.text), str_from(seen));
	trace_end(&t);
	/* What the last event repeats is what a client that does not stream is sent, but for the echo. */
	struct str last = buf_str(&s.out);
	last = str_from_offset(last, str_find(last, STR("event: response.completed")));
	last = str_from_offset(last, str_find(last, STR("\"output\":[")));
	last.n = str_find(last, STR(",\"parallel_tool_calls\""));
	assert_true(str_find(last,
			    STR("\"name\":\"find\",\"arguments\":\"{}\",\"namespace\":\"crm\"")) <
		    last.n);
	struct shown one;
	show_begin(&one, false, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		encoder_put(&one.e, &whole[i]);
	struct str body = buf_str(&one.out);
	assert_true(json_is_object(body));
	assert_true(str_find(body, last) < body.n);
	assert_true(str_find(body, STR("\"reasoning\":{\"effort\":\"low\",\"summary\":null}")) <
		    body.n);
	show_end(&one);
	show_end(&s);
}

static void without_signature(void **state)
{
	static const struct event events[] = { OPEN(REASONING, ), SIGN("ant", "{\"b\":[1]}"), CLOSE,
		OPEN(REASONING, ), MORE("t"), SIGN("ant", "{\"b\":[1]}"), CLOSE,
		{ .type = EV_STOP, .stop = STOP_END, U } };
	struct shown s;
	struct trace t;

	(void)state;
	show_begin(&s, true, 1 << 20);
	s.c.wants_signature = false;
	encoder_release(&s.e);
	const struct encoder_wishes w = {
		.random = STR("rnd"), .stream = true, .max_bytes = 1 << 20, .content = &s.c
	};
	encoder_init(&s.e, d, &w, s.a, &s.out);
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		encoder_put(&s.e, &events[i]);
	check_rules(buf_str(&s.out));
	assert_int_equal(str_find(buf_str(&s.out), STR("slsig1")), s.out.n);
	trace_begin(&t);
	trace_feed(&t, buf_str(&s.out), SIZE_MAX);
	assert_bytes(buf_str(&t.text), "start resp_rnd \nopen reasoning  \n+t\nclose\nstop end \n");
	trace_end(&t);
	show_end(&s);
}

static bool holds(const struct buf *b, const char *text)
{
	return str_find(buf_str(b), str_from(text)) < b->n;
}

static void ends(void **state)
{
	static const struct {
		enum stop_reason stop;
		const char *event, *status;
	} rows[] = {
		{ STOP_END, "event: response.completed\n", "\"status\":\"completed\"" },
		{ STOP_SEQUENCE, "event: response.completed\n", "\"status\":\"completed\"" },
		{ STOP_MAX, "event: response.incomplete\n",
			"\"incomplete_details\":{\"reason\":\"max_output_tokens\"}" },
		{ STOP_CONTEXT, "event: response.incomplete\n",
			"\"incomplete_details\":{\"reason\":\"max_output_tokens\"}" },
		{ STOP_REFUSAL, "event: response.incomplete\n",
			"\"incomplete_details\":{\"reason\":\"content_filter\"}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct event stop = { .type = EV_STOP, .stop = rows[i].stop, U };
		struct shown s;
		show_begin(&s, true, 1 << 20);
		encoder_put(&s.e, &stop);
		check_rules(buf_str(&s.out));
		assert_true(holds(&s.out, rows[i].event));
		assert_true(holds(&s.out, rows[i].status));
		assert_true(holds(&s.out, "\"output\":[]"));
		assert_true(holds(&s.out, "\"usage\":null"));
		show_end(&s);
	}
}

static void failures(void **state)
{
	static const struct {
		enum err_kind kind;
		const char *code;
	} rows[] = {
		{ ERR_RATE, "rate_limit_exceeded" },
		{ ERR_CONTEXT, "context_length_exceeded" },
		{ ERR_BILLING, "insufficient_quota" },
		{ ERR_INVALID, "invalid_prompt" },
		{ ERR_OVERLOADED, "server_error" },
		{ ERR_UPSTREAM, "server_error" },
	};
	static const struct event before[] = { OPEN(TEXT, ), MORE("one"), CLOSE, OPEN(TEXT, ),
		MORE("two") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct event error = {
			.type = EV_ERROR, .error = rows[i].kind, .detail = STR("a\"b"), U
		};
		struct shown s;
		char want[128];
		show_begin(&s, true, 1 << 20);
		for (size_t k = 0; k < ARRAY_LEN(before); k++)
			encoder_put(&s.e, &before[k]);
		encoder_put(&s.e, &error);
		check_rules(buf_str(&s.out));
		snprintf(want, sizeof(want),
			"\"status\":\"failed\",\"background\":false,\"error\":{\"code\":\"%s\","
			"\"message\":\"a\\\"b\"}",
			rows[i].code);
		assert_true(holds(&s.out, want));
		/* What is whole, and only that. */
		struct str last = str_from_offset(
			buf_str(&s.out), str_find(buf_str(&s.out), STR("event: response.failed")));
		assert_true(str_find(last, STR("one")) < last.n);
		assert_int_equal(str_find(last, STR("two")), last.n);
		size_t n = s.out.n;
		encoder_ping(&s.e);
		assert_int_equal(s.out.n, n);
		show_end(&s);
	}
}

static void pings(void **state)
{
	struct shown s;

	(void)state;
	show_begin(&s, true, 1 << 20);
	encoder_put(&s.e, &whole[0]);
	encoder_ping(&s.e);
	assert_int_equal(s.out.n, 0);
	encoder_put(&s.e, &whole[1]);
	encoder_ping(&s.e);
	check_rules(buf_str(&s.out));
	assert_true(holds(&s.out,
		"event: response.in_progress\ndata: {\"type\":\"response.in_progress\",\"sequence_number\":2,"));
	show_end(&s);
}

/* A reply that cannot be repeated whole fails, and nothing follows. */
static void too_long(void **state)
{
	static const struct event more = MORE("0123456789");
	struct shown s;

	(void)state;
	show_begin(&s, true, 2048);
	encoder_put(&s.e, &(struct event)OPEN(TEXT, ));
	for (unsigned i = 0; i < 1000; i++)
		encoder_put(&s.e, &more);
	size_t n = s.out.n;
	encoder_ping(&s.e);
	assert_int_equal(s.out.n, n);
	encoder_put(&s.e, &(struct event)CLOSE);
	encoder_put(&s.e, &(struct event){ .type = EV_STOP, .stop = STOP_END, U });
	check_rules(buf_str(&s.out));
	assert_true(holds(&s.out, "event: response.failed\n"));
	assert_false(holds(&s.out, "event: response.completed\n"));
	assert_true(str_ends(buf_str(&s.out), STR("\"usage\":null}}\n\n")));
	show_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_reply),
		cmocka_unit_test(without_signature),
		cmocka_unit_test(ends),
		cmocka_unit_test(failures),
		cmocka_unit_test(pings),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
