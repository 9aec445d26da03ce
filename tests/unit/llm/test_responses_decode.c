/* SPDX-License-Identifier: MIT */
/* Replies of the Responses API as neutral events, as providers send them and as none should. */
#include "unit/llm/responses_trace.h"

#include <stdlib.h>

#define E(type, rest)    "data: {\"type\":\"" type "\"" rest "}\n\n"
#define RESP(type, rest) E(type, ",\"response\":{\"id\":\"resp_1\",\"model\":\"g\"" rest "}")
#define CREATED          RESP("response.created", ",\"output\":[],\"usage\":null")
#define ADDED(i, item) \
	E("response.output_item.added", ",\"output_index\":" #i ",\"item\":{" item "}")
#define DONE(i, item) E("response.output_item.done", ",\"output_index\":" #i ",\"item\":{" item "}")
#define DELTA(what, i, t) \
	E("response." what ".delta", ",\"output_index\":" #i ",\"delta\":\"" t "\"")
#define TEXT(i, t) DELTA("output_text", i, t)
#define ARGS(i, t) DELTA("function_call_arguments", i, t)
#define COMPLETED  RESP("response.completed", ",\"output\":[]")
#define MSG        "\"type\":\"message\",\"role\":\"assistant\",\"content\":[]"
#define CALL(n) \
	"\"type\":\"function_call\",\"call_id\":\"c" #n "\",\"name\":\"f\",\"arguments\":\"\""
#define STARTED "start resp_1 g\n"

struct row {
	const char *stream, *want, *warnings;
};

static void check_warnings(const struct warnings *w, const char *want)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < w->n; i++)
		buf_addf(&b, "%s%.*s", i > 0 ? "," : "", STR_ARG(w->v[i]));
	assert_str(buf_str(&b), str_from(want));
	buf_release(&b);
}

static const struct row stream_rows[] = {
	{ CREATED RESP("response.in_progress", "") ADDED(0, MSG) E(
		  "response.content_part.added", "") TEXT(0, "a\\n") TEXT(0, "") TEXT(0,
		  "b") E("response.output_text.done", "") DONE(0, MSG) RESP("response.completed",
		  ",\"status\":\"completed\",\"output\":[{" MSG
		  "}],\"usage\":{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":3,"
		  "\"cache_write_tokens\":2},\"output_tokens\":7,\"output_tokens_details\":"
		  "{\"reasoning_tokens\":4},\"total_tokens\":17}"),
		STARTED "open text  \n+a\\n\n+b\nclose\nusage 5 3 2 7 4\nstop end \n", "" },
	/* Parts of a summary, and what comes back. */
	{ CREATED ADDED(0, "\"type\":\"reasoning\"") E("response.reasoning_summary_text.delta",
		  ",\"output_index\":0,\"summary_index\":0,\"delta\":\"a\"")
			E("response.reasoning_summary_part.added", ",\"summary_index\":1") E(
				"response.reasoning_summary_text.delta",
				",\"output_index\":0,\"summary_index\":1,\"delta\":\"b\"")
				E("response.reasoning_summary_text.delta",
					",\"output_index\":0,\"summary_index\":1,\"delta\":\"c\"")
					DELTA("reasoning_text", 0, "raw") DONE(0,
						"\"id\":\"rs\",\"type\":\"reasoning\",\"encrypted_content\":\"E\"")
						COMPLETED,
		STARTED
		"open reasoning  \n+a\n+\\n\\nb\n+c\nsign oai {\"id\":\"rs\",\"e\":\"E\"}\nclose\nstop end \n",
		"" },
	{ CREATED ADDED(0, "\"type\":\"reasoning\"") DELTA("reasoning_text", 0, "raw")
			DONE(0, "\"type\":\"reasoning\",\"summary\":[{\"text\":\"s\"}]") COMPLETED,
		STARTED "open reasoning  \n+raw\nclose\nstop end \n", "" },
	{ CREATED DONE(0,
		  "\"type\":\"reasoning\",\"id\":\"r\",\"summary\":[{\"text\":\"s\"},{\"text\":\"t\"}],\"encrypted_content\":\"E\"")
			DONE(1, "\"type\":\"reasoning\",\"id\":\"r\",\"summary\":[],\"encrypted_content\":\"F\"")
				DONE(2, "\"type\":\"reasoning\",\"id\":\"r\",\"summary\":[]")
					COMPLETED,
		STARTED
		"open reasoning  \n+s\n+\\n\\nt\nsign oai {\"id\":\"r\",\"e\":\"E\"}\nclose\n"
		"open reasoning  \nsign oai {\"id\":\"r\",\"e\":\"F\"}\nclose\nstop end \n",
		"" },
	/* Calls, and one without a fragment. */
	{ CREATED ADDED(0, CALL(1)) ARGS(0, "{\\\"a\\\"") ARGS(0, ":1}") DONE(0, CALL(1)) ADDED(
		  1, CALL(2)) DONE(1, "\"type\":\"function_call\",\"arguments\":\"{\\\"b\\\":2}\"")
			ADDED(2, CALL(3)) DONE(2, CALL(3)) COMPLETED,
		STARTED
		"open call c1 f\n+{\\\"a\\\"\n+:1}\nclose\nopen call c2 f\n+{\\\"b\\\":2}\nclose\n"
		"open call c3 f\n+{}\nclose\nstop tool \n",
		"" },
	{ CREATED ADDED(0,
		  "\"type\":\"custom_tool_call\",\"call_id\":\"c\",\"name\":\"p\",\"input\":\"\"")
			DELTA("custom_tool_call_input", 0, "*\\n") DONE(
				0, "\"type\":\"custom_tool_call\",\"input\":\"*\\n\"") COMPLETED,
		STARTED "open call! c p\n+*\\n\nclose\nstop tool \n", "" },
	/* Two at once: the second waits until it is whole, and the third is told as it comes. */
	{ CREATED ADDED(0, CALL(1)) ADDED(1, CALL(2)) ARGS(1, "{") ARGS(0, "[") ARGS(1, "}") DONE(1,
		  "\"type\":\"function_call\",\"call_id\":\"c2\",\"name\":\"f\",\"arguments\":\"{}\"")
			ARGS(0, "]") DONE(0, CALL(1)) ADDED(2, MSG) TEXT(2, "x") DONE(2, MSG)
				COMPLETED,
		STARTED
		"open call c1 f\n+[\n+]\nclose\nopen call c2 f\n+{}\nclose\nopen text  \n+x\nclose\nstop tool \n",
		"" },
	{ CREATED ADDED(0, MSG) ADDED(1, CALL(2)) TEXT(0, "x") ARGS(1, "{") DONE(0, MSG) ARGS(
		  1, "}") DONE(1,
		  "\"type\":\"function_call\",\"call_id\":\"c2\",\"name\":\"f\",\"arguments\":\"{}\"")
			COMPLETED,
		STARTED "open text  \n+x\nclose\nopen call c2 f\n+{}\nclose\nstop tool \n", "" },
	/* What has missed its beginning is told when it is whole, and does not keep others from being told. */
	{ CREATED ADDED(0, MSG) ADDED(1, MSG) TEXT(0, "x") TEXT(1, "a") DONE(0, MSG) TEXT(1, "b")
			TEXT(0, "late")
				DONE(1, "\"type\":\"message\",\"content\":[{\"text\":\"ab\"}]")
					TEXT(2, "z") TEXT(1, "late") COMPLETED,
		STARTED
		"open text  \n+x\nclose\nopen text  \n+ab\nclose\nopen text  \n+z\nclose\nstop end \n",
		"" },
	{ CREATED ADDED(0, MSG) TEXT(0, "x") DONE(0, MSG) TEXT(0, "late") COMPLETED,
		STARTED "open text  \n+x\nclose\nstop end \n", "" },
	/* Nor does a server tool that is never done. */
	{ CREATED ADDED(0, "\"type\":\"web_search_call\"") ADDED(1, MSG) TEXT(1, "x") DONE(1, MSG)
			COMPLETED,
		STARTED "open text  \n+x\nclose\nstop end \n", "" },
	/* Servers that announce nothing, or tell only the whole. */
	{ TEXT(0, "a") TEXT(0, "b") COMPLETED, "start  \nopen text  \n+a\n+b\nclose\nstop end \n",
		"" },
	{ RESP("response.completed",
		  ",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"a\"},"
		  "{\"type\":\"output_text\",\"text\":\"b\",\"annotations\":[{}]}]},{" CALL(
			  1) "}]"),
		STARTED
		"open text  \n+a\nclose\nopen text  \n+b\nclose\nopen call c1 f\n+{}\nclose\nstop tool \n",
		"citations_lost" },
	{ CREATED ADDED(0, MSG) TEXT(0, "a") RESP("response.completed",
		  ",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"a\"}]},{" CALL(
			  1) "}]"),
		STARTED "open text  \n+a\nclose\nopen call c1 f\n+{}\nclose\nstop tool \n", "" },
	/* Parts of one message. */
	{ CREATED ADDED(0, MSG) TEXT(0, "a") E("response.output_text.delta",
		  ",\"output_index\":0,\"content_index\":1,\"delta\":\"b\"") DONE(0, MSG) COMPLETED,
		STARTED "open text  \n+a\nclose\nopen text  \n+b\nclose\nstop end \n", "" },
	{ CREATED ADDED(0, MSG) DELTA("refusal", 0, "I ") DELTA("refusal", 0, "won't") DONE(0, MSG)
			COMPLETED,
		STARTED "open text  \n+I \n+won't\nclose\nstop refusal I won't\n", "" },
	/* What only a provider can do. */
	{ CREATED ADDED(0, "\"type\":\"web_search_call\"") DONE(
		  0, "\"type\":\"web_search_call\"") DONE(1,
		  "\"type\":\"image_generation_call\",\"result\":\"AAAA\",\"output_format\":\"webp\"")
			E("response.output_text.annotation.added", "") COMPLETED,
		STARTED "open text  \n+[image omitted: image/webp]\nclose\nstop end \n",
		"server_tool_blocks_dropped,image_omitted,citations_lost" },
	/* Ends. */
	{ CREATED RESP("response.incomplete",
		  ",\"incomplete_details\":{\"reason\":\"max_output_tokens\"}"),
		STARTED "stop max \n", "" },
	{ CREATED RESP(
		  "response.incomplete", ",\"incomplete_details\":{\"reason\":\"max_messages\"}"),
		STARTED "stop max \n", "" },
	{ CREATED RESP(
		  "response.incomplete", ",\"incomplete_details\":{\"reason\":\"content_filter\"}"),
		STARTED "stop refusal \n", "" },
	{ CREATED RESP("response.incomplete", ",\"incomplete_details\":{\"reason\":\"steered\"}"),
		STARTED "stop end \n", "" },
	{ CREATED RESP("response.failed",
		  ",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"slow\"}"),
		STARTED "error rate slow\n", "" },
	{ CREATED ADDED(0, MSG) TEXT(0, "x") RESP(
		  "response.failed", ",\"error\":{\"code\":\"server_error\",\"message\":\"boom\"}"),
		STARTED "open text  \n+x\nerror api boom\n", "" },
	{ E("error", ",\"code\":\"context_length_exceeded\",\"message\":\"long\",\"param\":null"),
		"error context long\n", "" },
	{ E("error",
		  ",\"error\":{\"type\":\"x\",\"code\":\"insufficient_quota\",\"message\":\"no\"}"),
		"error billing no\n", "" },
	{ E("error", ",\"error\":{\"code\":\"content_filter\",\"message\":\"a\\\"b\"}"),
		"start  \nstop refusal a\\\"b\n", "" },
	{ CREATED ADDED(0, MSG) TEXT(0, "x")
			E("error", ",\"code\":\"content_policy_violation\",\"message\":\"m\""),
		STARTED "open text  \n+x\nclose\nstop refusal m\n", "" },
	{ CREATED, STARTED "error upstream upstream stream ended without a finish reason\n", "" },
	{ CREATED "data: <html>\n\n",
		STARTED "error upstream upstream sent an event that is no JSON\n", "" },
	/* Nothing follows the end; what is not known says nothing. */
	{ ": hello\n\n" E("codex.rate_limits", ",\"x\":[1]") E("responsesapi.x",
		  "") "data: [DONE]\n\n" CREATED COMPLETED TEXT(0, "late") E("error", ""),
		STARTED "stop end \n", "" },
	/* Several lines of data. */
	{ "data: {\"type\":\"response.output_item.done\",\ndata: \"output_index\":0,\"item\":{\"type\":\"reasoning\",\n"
	  "data: \"id\":\"r\",\"summary\":[{\"text\":\"s\"},{\"text\":\"t\"}],\"encrypted_content\":\"E\"}}\n\n" COMPLETED,
		"start  \nopen reasoning  \n+s\n+\\n\\nt\nsign oai {\"id\":\"r\",\"e\":\"E\"}\nclose\nstop end \n",
		"" },
};

static void streams(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(stream_rows); i++)
		for (size_t step = 1; step < 64; step += 31) {
			struct trace t;
			trace_begin(&t);
			trace_feed(&t, str_from(stream_rows[i].stream), step);
			assert_str(buf_str(&t.text), str_from(stream_rows[i].want));
			check_warnings(t.decoder.warnings, stream_rows[i].warnings);
			trace_end(&t);
		}
}

static void bodies(void **state)
{
	static const struct row rows[] = {
		{ "{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"completed\",\"error\":null,\"model\":\"g\",\"output\":["
		  "{\"type\":\"message\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"no\"}]}],\"usage\":{\"input_tokens\":1,"
		  "\"output_tokens\":2}}",
			STARTED "open text  \n+no\nclose\nusage 1 0 0 2 -1\nstop refusal no\n",
			"" },
		{ " \n{\"id\":\"resp_1\",\"model\":\"g\",\"output\":[],\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":"
		  "\"max_output_tokens\"}}",
			STARTED "stop max \n", "" },
		{ "{\"id\":\"resp_1\",\"status\":\"failed\",\"output\":[],\"error\":{\"code\":\"server_error\",\"message\":\"boom\"}}",
			"error api boom\n", "" },
		{ "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}",
			"error invalid m\n", "" },
		{ "{}", "error upstream upstream reply is no response\n", "" },
		{ "<html>", "error upstream upstream reply is no response\n", "" },
		{ "", "error upstream upstream reply is no response\n", "" },
		{ "{\"output\":[", "error upstream upstream reply is no response\n", "" },
		{ "{\"output\":[1,\"a\",{\"type\":7}]}", "start  \nstop end \n",
			"server_tool_blocks_dropped" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct trace t;
		trace_begin(&t);
		decoder_body(&t.decoder, str_from(rows[i].stream));
		assert_str(buf_str(&t.text), str_from(rows[i].want));
		check_warnings(t.decoder.warnings, rows[i].warnings);
		trace_end(&t);
	}
}

/* What is put behind lines that had to be joined does not move them. */
static void long_lines(void **state)
{
	struct trace t;
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX);
	trace_begin(&t);
	buf_add(&b,
		STR("data: {\"type\":\"response.output_item.done\",\"output_index\":0,\ndata: \"item\":{\"type\":"
		    "\"reasoning\",\"id\":\"r\",\"summary\":[{\"text\":\"a\"}"));
	for (unsigned i = 0; i < 200; i++)
		buf_add(&b,
			STR(",{\"text\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}"));
	buf_add(&b, STR("],\"encrypted_content\":\""));
	for (unsigned i = 0; i < 1000; i++)
		buf_add(&b, STR("0123456789"));
	buf_add(&b, STR("\"}}\n\n"));
	trace_feed(&t, buf_str(&b), SIZE_MAX);
	assert_true(str_find(buf_str(&t.text), STR("6789\"}\nclose\n")) < t.text.n);
	trace_end(&t);
	buf_release(&b);
}

/* More items than are told apart by bits: each is told once. */
static void many_items(void **state)
{
	struct trace t;
	struct buf b, want;

	(void)state;
	buf_init(&b, SIZE_MAX);
	buf_init(&want, SIZE_MAX);
	trace_begin(&t);
	buf_add(&want, STR("start  \n"));
	for (unsigned i = 0; i < 200; i++) {
		buf_addf(&b,
			"data: {\"type\":\"response.output_item.done\",\"output_index\":%u,\"item\":{\"type\":\"message\","
			"\"content\":[{\"text\":\"%u\"}]}}\n\n",
			i, i);
		buf_addf(&want, "open text  \n+%u\nclose\n", i);
	}
	buf_add(&b, STR("data: {\"type\":\"response.completed\",\"response\":{\"output\":["));
	for (unsigned i = 0; i < 201; i++)
		buf_addf(&b, "%s{\"type\":\"message\",\"content\":[{\"text\":\"%u\"}]}",
			i > 0 ? "," : "", i);
	buf_add(&b, STR("]}}\n\n"));
	buf_add(&want, STR("open text  \n+200\nclose\nstop end \n"));
	trace_feed(&t, buf_str(&b), SIZE_MAX);
	assert_str(buf_str(&t.text), buf_str(&want));
	trace_end(&t);
	buf_release(&b);
	buf_release(&want);
}

/* ---- damage ---- */

/* Each byte of a stream is left out, or turned into another: events still come in order, and end. */
static void check_order(struct str trace)
{
	struct str line;
	bool open = false, ended = false;

	while (str_split(&trace, '\n', &line) && trace.p != NULL) {
		assert_false(ended);
		if (str_starts(line, STR("open"))) {
			assert_false(open);
			open = true;
		} else if (str_starts(line, STR("close"))) {
			assert_true(open);
			open = false;
		} else if (str_starts(line, STR("+")) || str_starts(line, STR("sign"))) {
			assert_true(open);
		} else if (str_starts(line, STR("stop"))) {
			assert_false(open);
			ended = true;
		} else if (str_starts(line, STR("error"))) {
			ended = true;
		}
	}
	assert_true(ended);
}

static void hostile(void **state)
{
	static const char stream[] = CREATED ADDED(0, MSG) TEXT(0, "a") ADDED(1, CALL(1))
		ARGS(1, "{") DONE(0, MSG) DONE(1, CALL(1)) ADDED(2, "\"type\":\"reasoning\"")
			DELTA("reasoning_summary_text", 2, "t")
				DONE(2, "\"type\":\"reasoning\",\"encrypted_content\":\"E\"")
					COMPLETED;
	static const char with[] = "\"\\{}[],:0\n\r1";

	(void)state;
	for (size_t at = 0; at < sizeof(stream) - 1; at++)
		for (size_t k = 0; k < sizeof(with); k++) {
			char *copy = strdup(stream);
			struct trace t;
			if (k == sizeof(with) - 1)
				memmove(copy + at, copy + at + 1, strlen(copy + at));
			else
				copy[at] = with[k];
			trace_begin(&t);
			trace_feed(&t, str_from(copy), SIZE_MAX);
			/* A line feed within a string is shown as one. */
			if (k < sizeof(with) - 4 || k == sizeof(with) - 1)
				check_order(buf_str(&t.text));
			assert_true(t.decoder.ended);
			trace_end(&t);
			free(copy);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams),
		cmocka_unit_test(bodies),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(many_items),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
