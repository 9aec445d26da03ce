/* SPDX-License-Identifier: MIT */
/* Neutral events as clients of Chat Completions are sent them. */
#include "unit/base/check.h"

#include "llm/dialect.h"

/* A client and what it is sent. Deltas stand in `out` one a line, without what is the same around each. */
struct client {
	struct arena *a;
	struct content content;
	struct encoder e;
	struct buf bytes;
};

static void begin(struct client *c, bool stream)
{
	struct tool *t;

	*c = (struct client){ .a = arena_new() };
	content_init(&c->content, c->a);
	t = content_add_tool(&c->content, TOOL_FREEFORM);
	t->name = t->wire_name = STR("patch");
	buf_init(&c->bytes, SIZE_MAX);
	struct encoder_wishes w = { .model = STR("m\"x"),
		.random = STR("0123456789abcdefghijklmn"),
		.id = STR("req_test"),
		.created_s = 1700000000,
		.stream = stream,
		.max_bytes = 1 << 20,
		.content = &c->content };
	encoder_init(&c->e, &dialect_openai, &w, c->a, &c->bytes);
}

static void end(struct client *c)
{
	encoder_release(&c->e);
	buf_release(&c->bytes);
	arena_free(c->a);
}

static void put(struct client *c, struct event ev)
{
	if (ev.type != EV_START && ev.type != EV_USAGE)
		ev.usage = USAGE_UNKNOWN;
	encoder_put(&c->e, &ev);
}

static void start(struct client *c)
{
	put(c, (struct event){ .type = EV_START, .id = STR("msg_1"), .usage = USAGE_UNKNOWN });
}

static void open_part(struct client *c, enum part_kind kind, const char *code)
{
	put(c, (struct event){ .type = EV_OPEN, .part = kind, .native.code = str_from(code) });
}

static void open_call(struct client *c, const char *id, const char *name, bool freeform)
{
	put(c, (struct event){ .type = EV_OPEN,
		       .part = PART_CALL,
		       .id = str_from(id),
		       .name = str_from(name),
		       .freeform = freeform });
}

static void text(struct client *c, const char *escaped)
{
	put(c, (struct event){ .type = EV_TEXT, .text = str_from(escaped) });
}

static void sign(struct client *c, const char *code, const char *payload)
{
	put(c, (struct event){ .type = EV_SIGN, .native = { str_from(code), str_from(payload) } });
}

static void close_part(struct client *c)
{
	put(c, (struct event){ .type = EV_CLOSE });
}

static void stop(struct client *c, enum stop_reason why, const char *detail)
{
	put(c, (struct event){ .type = EV_STOP, .stop = why, .detail = str_from(detail) });
}

#define HEAD \
	"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\\\"x\",\"choices\":["
#define CHUNK(delta) \
	"data: " HEAD "{\"index\":0,\"delta\":" delta \
	",\"logprobs\":null,\"finish_reason\":null}]}\n\n"
#define FINISH(reason) \
	"data: " HEAD "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"" reason \
	"\"}]}\n\ndata: [DONE]\n\n"
#define ROLE CHUNK("{\"role\":\"assistant\",\"content\":\"\"}")

/* Nothing goes out before there is something to say: until then all can still become an error. */
static void nothing_early(void **state)
{
	struct client c;

	begin(&c, true);
	start(&c);
	put(&c, (struct event){ .type = EV_USAGE, .usage = { 1, -1, -1, -1, 2, -1 } });
	encoder_ping(&c.e);
	assert_int_equal(c.bytes.n, 0);
	assert_false(c.e.begun);
	open_part(&c, PART_TEXT, "");
	encoder_ping(&c.e);
	text(&c, "a\\n");
	text(&c, "");
	close_part(&c);
	stop(&c, STOP_END, "");
	text(&c, "b");
	encoder_ping(&c.e);
	assert_bytes(buf_str(&c.bytes),
		ROLE ": ping\n\n" CHUNK("{\"content\":\"a\\n\"}") FINISH("stop"));
	end(&c);
}

static void usage_when_asked(void **state)
{
	struct client c;

	begin(&c, true);
	encoder_release(&c.e);
	c.content.wants_usage = true;
	struct encoder_wishes w = c.e.wishes;
	w.content = &c.content;
	encoder_init(&c.e, &dialect_openai, &w, c.a, &c.bytes);
	start(&c);
	put(&c, (struct event){ .type = EV_USAGE, .usage = { 5, 3, 2, -1, 7, -1 } });
	stop(&c, STOP_MAX, "");
	assert_bytes(buf_str(&c.bytes),
		"data: " HEAD
		"{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,"
		"\"finish_reason\":null}],\"usage\":null}\n\n"
		"data: " HEAD
		"{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"length\"}],\"usage\":null}\n\n"
		"data: " HEAD
		"],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":7,\"total_tokens\":17,"
		"\"prompt_tokens_details\":{\"cached_tokens\":3,\"cache_write_tokens\":2},"
		"\"completion_tokens_details\":{\"reasoning_tokens\":0}}}\n\ndata: [DONE]\n\n");
	end(&c);
}

static void reasoning(struct client *c)
{
	start(c);
	open_part(c, PART_REASONING, "ant");
	text(c, "x");
	sign(c, "ant",
		"{\"b\":[{\"type\":\"thinking\",\"thinking\":\"x\",\"signature\":\"S\"},"
		"{\"type\":\"redacted_thinking\",\"data\":\"R\"}]}");
	close_part(c);
	/* Its text is left out. */
	open_part(c, PART_REASONING, "ant");
	sign(c, "ant", "{\"b\":[{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"T\"}]}");
	close_part(c);
	/* Others'. */
	open_part(c, PART_REASONING, "oai");
	text(c, "y");
	sign(c, "oai", "{\"id\":\"rs\",\"e\":\"E\"}");
	close_part(c);
	open_part(c, PART_REASONING, "gem");
	text(c, "z");
	sign(c, "gem", "{\"p\":[]}");
	close_part(c);
	stop(c, STOP_END, "");
}

#define DETAIL(members, index) \
	"{" members ",\"format\":\"anthropic-claude-v1\",\"index\":" index "}"
#define OPENAI(index) \
	"{\"type\":\"reasoning.encrypted\",\"data\":\"E\",\"id\":\"rs\",\"format\":\"openai-responses-v1\",\"index\":" index \
	"}"

static void reasoning_goes_twice(void **state)
{
	struct client c;

	begin(&c, true);
	reasoning(&c);
	assert_bytes(buf_str(&c.bytes),
		ROLE CHUNK("{\"reasoning_content\":\"x\",\"reasoning_details\":[" DETAIL(
			"\"type\":\"reasoning.text\",\"text\":\"x\"", "0") "]}")
			CHUNK("{\"reasoning_details\":[" DETAIL(
				"\"type\":\"reasoning.text\",\"signature\":\"S\"", "0") "]}")
				CHUNK("{\"reasoning_details\":[" DETAIL(
					"\"type\":\"reasoning.encrypted\",\"data\":\"R\"",
					"1") "]}")
					CHUNK("{\"reasoning_details\":[" DETAIL(
						"\"type\":\"reasoning.text\",\"signature\":\"T\"",
						"2") "]}") CHUNK("{\"reasoning_content\":\"y\"}")
						CHUNK("{\"reasoning_details\":[" OPENAI("3") "]}")
							CHUNK("{\"reasoning_content\":\"z\"}")
								FINISH("stop"));
	end(&c);
	begin(&c, false);
	reasoning(&c);
	assert_bytes(buf_str(&c.bytes),
		"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"m\\\"x\",\"choices\":[{\"index\":0,"
		"\"message\":{\"role\":\"assistant\",\"content\":null,\"refusal\":null,\"reasoning_content\":\"xyz\",\"reasoning_details\":[" DETAIL(
			"\"type\":\"reasoning.text\",\"text\":\"x\",\"signature\":\"S\"",
			"0") "," DETAIL("\"type\":\"reasoning.encrypted\",\"data\":\"R\"",
			"1") "," DETAIL("\"type\":\"reasoning.text\",\"text\":\"\",\"signature\":\"T\"",
			"2") "," OPENAI("3") "]},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
					     "\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}}");
	end(&c);
}

/* Made-up ids, ids of another shape, no arguments, signatures, and tools that take text. */
static void calls(struct client *c)
{
	start(c);
	open_part(c, PART_TEXT, "");
	text(c, "t");
	close_part(c);
	put(c, (struct event){ .type = EV_OPEN,
		       .part = PART_CALL,
		       .name = STR("f"),
		       .native = { STR("gem"), STR("\"Sg==\"") } });
	text(c, "{\\\"a\\\":");
	text(c, "1}");
	close_part(c);
	open_call(c, "c2", "g", false);
	close_part(c);
	open_call(c, "c3", "patch", false);
	text(c, "{\\\"input\\\":\\\"x \\\\\\\"y");
	text(c, "\\\\\\\"\\\"}");
	close_part(c);
	open_call(c, "c4", "patch", false);
	text(c, "{oops");
	close_part(c);
	open_call(c, "c5", "patch", true);
	text(c, "z");
	close_part(c);
	stop(c, STOP_TOOL, "");
}

#define FN(id, name) \
	"\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name \
	"\",\"arguments\":\""
#define CU(id)        "\"id\":\"" id "\",\"type\":\"custom\",\"custom\":{\"name\":\"patch\",\"input\":\""
#define CALL(n, more) CHUNK("{\"tool_calls\":[{\"index\":" n "," more "}]}")
#define SIGNED        ",\"extra_content\":{\"google\":{\"thought_signature\":\"Sg==\"}}"

static void tools(void **state)
{
	struct client c;

	begin(&c, true);
	calls(&c);
	assert_bytes(buf_str(&c.bytes),
		ROLE CHUNK("{\"content\":\"t\"}") CALL("0", FN("call_1_0", "f") "\"}" SIGNED) CALL(
			"0", "\"function\":{\"arguments\":\"{\\\"a\\\":\"}") CALL("0",
			"\"function\":{\"arguments\":\"1}\"}") CALL("1",
			FN("c2", "g") "\"}") CALL("1",
			"\"function\":{\"arguments\":\"{}\"}") CALL("2", CU("c3") "\"}") CALL("2",
			"\"custom\":{\"input\":\"x \\\"y\\\"\"}") CALL("3", CU("c4") "\"}")
			CALL("3", "\"custom\":{\"input\":\"{oops\"}") CALL("4", CU("c5") "\"}")
				CALL("4", "\"custom\":{\"input\":\"z\"}") FINISH("tool_calls"));
	end(&c);
	begin(&c, false);
	calls(&c);
	assert_bytes(buf_str(&c.bytes),
		"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"m\\\"x\",\"choices\":[{\"index\":0,"
		"\"message\":{\"role\":\"assistant\",\"content\":\"t\",\"refusal\":null,\"tool_calls\":[{" FN(
			"call_1_0",
			"f") "{\\\"a\\\":1}\"}" SIGNED
			     "},{" FN("c2", "g") "{}\"}},{" CU("c3") "x \\\"y\\\"\"}},{" CU("c4") "{oops\"}},{" CU(
				     "c5") "z\"}}]},\"logprobs\":null,\"finish_reason\":\"tool_calls\"}],"
					   "\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}}");
	end(&c);
}

static void refusals(void **state)
{
	struct client c;

	begin(&c, true);
	start(&c);
	stop(&c, STOP_REFUSAL, "no \\\"way\\\"");
	assert_bytes(buf_str(&c.bytes),
		ROLE CHUNK("{\"refusal\":\"no \\\"way\\\"\"}") FINISH("content_filter"));
	end(&c);
}

/* No end follows an error. */
static void errors(void **state)
{
	struct client c;

	begin(&c, true);
	start(&c);
	open_part(&c, PART_TEXT, "");
	put(&c, (struct event){
			.type = EV_ERROR, .error = ERR_OVERLOADED, .detail = STR("a \"b\"") });
	stop(&c, STOP_END, "");
	assert_bytes(buf_str(&c.bytes), ROLE
		"data: {\"error\":{\"message\":\"a \\\"b\\\"\",\"type\":\"server_error\",\"param\":null,\"code\":\"overloaded\"}}\n\n");
	end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_early),
		cmocka_unit_test(usage_when_asked),
		cmocka_unit_test(reasoning_goes_twice),
		cmocka_unit_test(tools),
		cmocka_unit_test(refusals),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
