/* SPDX-License-Identifier: MIT */
/* What single lines say. */
#include "unit/base/check.h"

#include "lab/record.h"

static struct record record;
static struct err e;

static bool read_line(const char *line)
{
	e = (struct err){ 0 };
	return record_read(&record, str_from(line), &e);
}

static enum record_type type_of(const char *line)
{
	if (!read_line(line))
		fail_msg("%s: %s", e.text, line);
	return record.type;
}

#define REPLY(usage) \
	"{\"type\":\"assistant\",\"timestamp\":\"2026-02-11T20:36:47.925Z\",\"requestId\":\"req_1\"," \
	"\"message\":{\"id\":\"msg_1\",\"content\":[{\"usage\":{\"input_tokens\":99}}]," \
	"\"model\":\"claude-x\",\"usage\":" usage "}}"

static void reply(void **state)
{
	assert_int_equal(
		type_of(REPLY(
			"{\"input_tokens\":3,\"cache_creation_input_tokens\":1000,"
			"\"cache_read_input_tokens\":17842,\"cache_creation\":{"
			"\"ephemeral_5m_input_tokens\":600,\"ephemeral_1h_input_tokens\":400},"
			"\"output_tokens\":441,\"service_tier\":\"batch\",\"speed\":\"fast\","
			"\"server_tool_use\":{\"web_search_requests\":2}}")),
		RECORD_REPLY);
	assert_int_equal(record.at_ms, 1770842207925);
	assert_bytes(record.model, "claude-x");
	assert_bytes(record.message_id, "msg_1");
	assert_bytes(record.request_id, "req_1");
	assert_int_equal(record.usage.in, 3);
	assert_int_equal(record.usage.cache_read, 17842);
	assert_int_equal(record.usage.cache_write, 1000);
	assert_int_equal(record.usage.cache_write_1h, 400);
	assert_int_equal(record.usage.out, 441);
	assert_int_equal(record.searches, 2);
	assert_true(record.batch);
	assert_true(record.fast);
}

static void writes(void **state)
{
	/* Without its parts a write was for five minutes; the larger of sum and parts counts. */
	assert_int_equal(type_of(REPLY("{\"cache_creation_input_tokens\":1000}")), RECORD_REPLY);
	assert_int_equal(record.usage.cache_write, 1000);
	assert_int_equal(record.usage.cache_write_1h, 0);
	assert_int_equal(record.usage.in, 0);
	assert_int_equal(type_of(REPLY("{\"cache_creation_input_tokens\":null,\"cache_creation\":{"
				       "\"ephemeral_1h_input_tokens\":7}}")),
		RECORD_REPLY);
	assert_int_equal(record.usage.cache_write, 7);
	assert_int_equal(record.usage.cache_write_1h, 7);
	assert_int_equal(
		type_of(REPLY("{\"cache_creation\":null,\"server_tool_use\":null}")), RECORD_REPLY);
}

static void not_counts(void **state)
{
	assert_false(read_line(REPLY("{\"input_tokens\":-1}")));
	assert_false(read_line(REPLY("{\"input_tokens\":1.5}")));
	assert_false(read_line(REPLY("{\"output_tokens\":\"3\"}")));
	assert_false(read_line(REPLY("{\"output_tokens\":1000000001}")));
	assert_true(read_line(REPLY("{\"output_tokens\":1000000000}")));
}

static void kinds_of_lines(void **state)
{
	assert_int_equal(type_of("{\"type\":\"user\",\"uuid\":\"1\"}"), RECORD_SENT);
	assert_int_equal(type_of("{\"type\":\"user\",\"uuid\":\"1\",\"isCompactSummary\":true}"),
		RECORD_SEAM);
	assert_int_equal(
		type_of("{\"type\":\"system\",\"subtype\":\"compact_boundary\",\"uuid\":\"1\"}"),
		RECORD_SEAM);
	assert_int_equal(
		type_of("{\"type\":\"system\",\"subtype\":\"microcompact_boundary\",\"uuid\":\"1\"}"),
		RECORD_SEAM);
	assert_int_equal(
		type_of("{\"type\":\"system\",\"subtype\":\"turn_duration\",\"uuid\":\"1\"}"),
		RECORD_OTHER);
	assert_int_equal(
		type_of("{\"type\":\"progress\",\"uuid\":\"1\",\"data\":{\"message\":{\"usage\":"
			"{\"input_tokens\":5}}}}"),
		RECORD_OTHER);
	assert_int_equal(type_of("{\"type\":\"summary\",\"leafUuid\":\"1\"}"), RECORD_OTHER);
	assert_int_equal(type_of("{\"type\":\"assistant\",\"uuid\":\"1\",\"message\":\"gone\"}"),
		RECORD_OTHER);
	assert_int_equal(
		type_of("{\"type\":\"assistant\",\"uuid\":\"1\",\"isApiErrorMessage\":true,"
			"\"message\":{\"model\":\"m\",\"usage\":{}}}"),
		RECORD_LOCAL);
	assert_int_equal(type_of("{\"type\":\"assistant\",\"uuid\":\"1\","
				 "\"message\":{\"model\":\"<synthetic>\",\"usage\":{}}}"),
		RECORD_LOCAL);
	assert_int_equal(type_of("{}"), RECORD_FOREIGN);
	assert_int_equal(type_of("{\"type\":\"thing\"}"), RECORD_FOREIGN);
	assert_int_equal(type_of("{\"type\":7,\"uuid\":\"1\"}"), RECORD_FOREIGN);
	assert_false(read_line(""));
	assert_false(read_line("[1]"));
	assert_false(read_line("{\"type\":\"user\""));
	assert_false(read_line("{\"type\":\"user\"}}"));
}

static void codex_counts(void **state)
{
	assert_int_equal(
		type_of("{\"timestamp\":\"2026-02-11T20:36:47Z\",\"type\":\"event_msg\",\"payload\":{\"type\":"
			"\"token_count\",\"info\":{\"total_token_usage\":{\"input_tokens\":100,"
			"\"cached_input_tokens\":60,\"output_tokens\":7,\"reasoning_output_tokens\":3},"
			"\"last_token_usage\":{\"input_tokens\":50,\"cached_input_tokens\":30,"
			"\"cache_write_input_tokens\":12,\"output_tokens\":5}}}}"),
		RECORD_COUNT);
	assert_true(record.last);
	assert_int_equal(record.total.in, 40);
	assert_int_equal(record.total.cache_read, 60);
	assert_int_equal(record.total.reasoning, 3);
	assert_int_equal(record.usage.in, 8);
	assert_int_equal(record.usage.cache_read, 30);
	assert_int_equal(record.usage.cache_write, 12);
	assert_int_equal(record.usage.out, 5);
	assert_int_equal(type_of("{\"timestamp\":\"\",\"type\":\"event_msg\",\"payload\":{\"type\":"
				 "\"token_count\",\"info\":null}}"),
		RECORD_OTHER);
	assert_false(
		read_line("{\"timestamp\":\"\",\"type\":\"event_msg\",\"payload\":{\"type\":"
			  "\"token_count\",\"info\":{\"total_token_usage\":{\"input_tokens\":1,"
			  "\"cached_input_tokens\":2}}}}"));
}

#define META(source) \
	"{\"timestamp\":\"\",\"type\":\"session_meta\",\"payload\":{\"id\":\"t1\",\"cwd\":\"/p\"," source \
	",\"timestamp\":\"1970-01-01T00:00:01Z\"}}"

static void codex_heads(void **state)
{
	assert_int_equal(type_of(META("\"source\":\"cli\"")), RECORD_META);
	assert_bytes(record.session, "t1");
	assert_bytes(record.cwd, "/p");
	assert_int_equal(record.start_ms, 1000);
	assert_int_equal(record.forked_from.n, 0);
	assert_false(record.subagent);
	type_of(META("\"source\":{\"subagent\":{\"thread_spawn\":{\"parent_thread_id\":\"t0\"}}}"));
	assert_bytes(record.forked_from, "t0");
	assert_true(record.subagent);
	type_of(META("\"source\":{\"subagent\":\"review\"}"));
	assert_true(record.subagent && record.review);
	type_of(META("\"source\":{\"subagent\":\"compact\"}"));
	assert_true(record.subagent && record.compaction);
	type_of(META("\"forked_from_id\":\"t2\",\"parent_thread_id\":\"t3\""));
	assert_bytes(record.forked_from, "t2");
	assert_int_equal(type_of("{\"type\":\"turn_context\",\"payload\":{\"model\":\"gpt-x\"}}"),
		RECORD_CONTEXT);
	assert_bytes(record.model, "gpt-x");
	assert_int_equal(type_of("{\"type\":\"compacted\",\"payload\":{}}"), RECORD_SEAM);
	assert_int_equal(
		type_of("{\"type\":\"response_item\",\"payload\":{\"type\":\"message\",\"role\":\"user\"}}"),
		RECORD_SENT);
	assert_int_equal(
		type_of("{\"type\":\"response_item\",\"payload\":{\"type\":\"custom_tool_call_output\"}}"),
		RECORD_SENT);
	assert_int_equal(
		type_of("{\"type\":\"response_item\",\"payload\":{\"type\":\"message\",\"role\":\"assistant\"}}"),
		RECORD_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply),
		cmocka_unit_test(writes),
		cmocka_unit_test(not_counts),
		cmocka_unit_test(kinds_of_lines),
		cmocka_unit_test(codex_counts),
		cmocka_unit_test(codex_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
