/* SPDX-License-Identifier: MIT */
/* What the latest steps of a conversation came to, in every dialect, and what of it is told from words. */
#include "unit/base/check.h"

#include "llm/dialect.h"
#include "llm/turn.h"
#include "llm/wording.h"

#include <stdlib.h>

static struct arena *arena;

static int begin(void **state)
{
	arena = arena_new();
	return 0;
}

static int end(void **state)
{
	arena_free(arena);
	return 0;
}

static struct turn_facts read_as(const struct dialect *d, const char *body)
{
	struct http_head head = { .path = STR("/v1beta/models/m:generateContent") };
	struct chat c = { .path = head.path };
	struct turn_facts f;
	struct err e = { 0 };

	assert_true(d->parse_request(&c, str_from(body), arena, &e));
	turn_read(&head, &c, &f);
	return f;
}

static struct turn_facts read_messages(const char *messages)
{
	return read_as(&dialect_anthropic,
		arena_printf(arena, "{\"tools\":[{\"name\":\"Read\"}],\"messages\":[%s]}", messages)
			.p);
}

#define SAYS(text) "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"" text "\"}]}"
#define MODEL(text) \
	"{\"content\":[{\"type\":\"text\",\"text\":\"" text "\"}],\"role\":\"assistant\"}"
#define CALLS(calls) "{\"role\":\"assistant\",\"content\":[" calls "]}"
#define CALL(name, input) \
	"{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"" name "\",\"input\":" input "}"
#define RESULTS(results) "{\"role\":\"user\",\"content\":[" results "]}"
#define RESULT(text)     "{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":\"" text "\"}"
#define FAILURE(text) \
	"{\"is_error\":true,\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":[{\"type\":\"text\",\"text\":\"" text \
	"\"}]}"
#define READ(path)  CALLS(CALL("Read", "{\"p\":\"" path "\"}"))
#define EDIT        CALLS(CALL("Edit", "{\"old\":\"a\"}"))
#define OK_STEP     READ("a") "," RESULTS(RESULT("ok"))
#define FAILED_STEP CALLS(CALL("Bash", "{}")) "," RESULTS(FAILURE("Exit code 1"))
#define MISSED_STEP \
	EDIT "," RESULTS(FAILURE("<tool_use_error>String to replace not found in file."))

static void counts(void **state)
{
	static const struct {
		const char *messages, *kind;
		unsigned errors, misses, repeats, calls, edits;
	} rows[] = {
		{ SAYS("do it"), "first", 0, 0, 0, 0, 0 },
		{ SAYS("do it") "," OK_STEP, "tool_loop", 0, 0, 0, 1, 0 },
		{ SAYS("do it") "," FAILED_STEP, "recovery", 1, 0, 0, 1, 0 },
		{ SAYS("do it") "," FAILED_STEP "," MISSED_STEP, "recovery", 2, 1, 0, 1, 1 },
		{ SAYS("do it") "," FAILED_STEP "," OK_STEP, "tool_loop", 0, 0, 0, 1, 0 },
		{ SAYS("do it") "," MISSED_STEP "," EDIT "," RESULTS(RESULT("updated")), "edit", 0,
			0, 1, 1, 1 },
		{ SAYS("do it") "," OK_STEP "," OK_STEP "," OK_STEP, "recovery", 0, 0, 2, 1, 0 },
		{ SAYS("do it") "," OK_STEP "," READ("b") "," RESULTS(RESULT("ok")), "tool_loop", 0,
			0, 0, 1, 0 },
		/* A step fails when any of its results does. */
		{ SAYS("do it") "," CALLS(CALL("Read", "{}") "," CALL("Bash", "{}")) "," RESULTS(
			  FAILURE("gone") "," RESULT("ok")),
			"recovery", 1, 0, 0, 2, 0 },
		{ SAYS("do it") "," CALLS(CALL("Edit", "{\"a\":1}") "," CALL(
			  "TodoWrite", "{}")) "," RESULTS(RESULT("ok") "," RESULT("ok")),
			"edit", 0, 0, 0, 1, 1 },
		{ SAYS("do it") "," CALLS(CALL("Edit", "{}") "," CALL("Bash", "{}")) "," RESULTS(
			  RESULT("ok") "," RESULT("ok")),
			"tool_loop", 0, 0, 0, 2, 1 },
		/* Only what has happened since the user spoke counts. */
		{ SAYS("do it") "," FAILED_STEP "," MODEL("hm") "," SAYS("go on"), "prompt", 0, 0,
			0, 0, 0 },
		{ SAYS("do it") "," FAILED_STEP "," MODEL("hm") "," SAYS("go on") "," OK_STEP,
			"tool_loop", 0, 0, 0, 1, 0 },
		/* A result that says that it is none. */
		{ SAYS("do it") "," READ("a") "," RESULTS(
			  "{\"is_error\":false,\"type\":\"tool_result\",\"content\":\"Error: 7 in the log\"}"),
			"tool_loop", 0, 0, 0, 1, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct turn_facts f = read_messages(rows[i].messages);
		print_message("%zu %s\n", i, turn_kind_name(f.kind));
		assert_string_equal(turn_kind_name(f.kind), rows[i].kind);
		assert_int_equal(f.trail.errors, rows[i].errors);
		assert_int_equal(f.trail.misses, rows[i].misses);
		assert_int_equal(f.trail.repeats, rows[i].repeats);
		assert_int_equal(f.trail.calls, rows[i].calls);
		assert_int_equal(f.trail.edits, rows[i].edits);
		assert_string_equal(arena_printf(arena, "%.*s", STR_ARG(f.trail.prompt)).p,
			strstr(rows[i].messages, "go on") != NULL ? "go on" : "do it");
	}
}

/* More than is kept: what is left is right, and the user's words are known still. */
static void long_loop(void **state)
{
	struct buf b;
	struct turn_facts f;

	buf_init(&b, SIZE_MAX);
	buf_add(&b, STR(SAYS("look at everything")));
	for (unsigned i = 0; i < 500; i++)
		buf_addf(&b,
			",{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"name\":\"Read\",\"input\":%u}]}," RESULTS(
				RESULT("x")),
			i);
	buf_add(&b, STR("," FAILED_STEP "," MISSED_STEP));
	buf_add_char(&b, '\0');
	f = read_messages(b.p);
	assert_int_equal(f.messages, 1005);
	assert_int_equal(f.assistants, 502);
	assert_int_equal(f.trail.errors, 2);
	assert_int_equal(f.trail.misses, 1);
	assert_bytes(f.trail.prompt, "look at everything");
	assert_true(f.trail.open_loop && f.trail.edited && f.kind == TURN_RECOVERY);
	/* A single message with more blocks than are kept. */
	buf_clear(&b);
	buf_add(&b, STR(SAYS("all at once") ","
					    "{\"role\":\"assistant\",\"content\":["));
	for (unsigned i = 0; i < 200; i++)
		buf_addf(&b, "%s{\"type\":\"tool_use\",\"name\":\"Read\",\"input\":%u}",
			i > 0 ? "," : "", i);
	buf_add(&b, STR("]},{\"role\":\"user\",\"content\":["));
	for (unsigned i = 0; i < 200; i++)
		buf_addf(&b, "%s%s", i > 0 ? "," : "", i == 199 ? FAILURE("no") : RESULT("ok"));
	buf_add(&b, STR("]}"));
	buf_add_char(&b, '\0');
	f = read_messages(b.p);
	assert_int_equal(f.messages, 3);
	assert_bytes(f.trail.prompt, "all at once");
	buf_release(&b);
}

/* The last of two counts, of messages as of tools. */
static void given_twice(void **state)
{
	struct turn_facts f = read_as(&dialect_openai,
		"{\"tools\":[{\"type\":\"web_search\"}],\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
		"{\"role\":\"assistant\",\"content\":\"b\"}],\"messages\":[{\"role\":\"user\",\"content\":\"c\"}],\"tools\":[]}");

	assert_int_equal(f.messages, 1);
	assert_int_equal(f.assistants + f.tools + f.web_search, 0);
	assert_int_equal(f.kind, TURN_FIRST);
	assert_bytes(f.trail.prompt, "c");
}

/* ---- other dialects ---- */

static void dialects(void **state)
{
	static const struct {
		const struct dialect *dialect;
		const char *body, *kind;
		size_t messages, assistants, tools;
		unsigned errors;
		bool images, web_search;
	} rows[] = {
		{ &dialect_openai,
			"{\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"run\"}}],\"messages\":["
			"{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"do it\"},"
			"{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"run\",\"arguments\":\"{}\"}}]},"
			"{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"Error: no\"}]}",
			"recovery", 4, 1, 1, 1, false, false },
		{ &dialect_openai,
			"{\"messages\":[{\"role\":\"user\",\"content\":[{\"image_url\":{\"url\":\"x\"},\"type\":\"image_url\"},"
			"{\"type\":\"text\",\"text\":\"do it\"}]}],\"web_search_options\":{}}",
			"first", 1, 0, 0, 0, true, true },
		{ &dialect_openai,
			"{\"messages\":[{\"role\":\"user\",\"content\":\"do it\"},{\"role\":\"assistant\",\"function_call\":{\"name\":\"edit_file\",\"arguments\":\"{}\"}},"
			"{\"role\":\"function\",\"name\":\"edit_file\",\"content\":\"done\"}]}",
			"edit", 3, 1, 0, 0, false, false },
		{ &dialect_openai,
			"{\"messages\":[{\"role\":\"user\",\"content\":\"do it\"},{\"role\":\"assistant\",\"content\":\"x\","
			"\"tool_calls\":[{\"function\":{\"name\":\"a\",\"arguments\":\"{}\"}}]},"
			"{\"role\":\"tool\",\"content\":[{\"type\":\"text\",\"text\":\"error: no\"}]}]}",
			"recovery", 3, 1, 0, 1, false, false },
		{ &dialect_responses,
			"{\"input\":[{\"role\":\"user\",\"content\":\"do it\"},{\"type\":\"reasoning\"},{\"type\":\"function_call\",\"name\":\"shell\",\"arguments\":\"{}\"},"
			"{\"type\":\"function_call_output\",\"output\":\"{\\\"output\\\":\\\"x\\\",\\\"metadata\\\":{\\\"exit_code\\\":2}}\"}],"
			"\"tools\":[{\"type\":\"web_search\"},{\"type\":\"function\",\"name\":\"a\"}]}",
			"recovery", 4, 1, 2, 1, false, true },
		{ &dialect_responses,
			"{\"input\":[{\"role\":\"user\",\"content\":\"do it\"},{\"type\":\"custom_tool_call\",\"name\":\"apply_patch\",\"input\":\"x\"},"
			"{\"type\":\"custom_tool_call_output\",\"output\":[{\"type\":\"input_text\",\"text\":\"Exit code: 0\"},{\"type\":\"input_image\",\"image_url\":\"x\"}]}]}",
			"edit", 3, 1, 0, 0, true, false },
		{ &dialect_responses, "{\"input\":\"do it\"}", "first", 1, 0, 0, 0, false, false },
		{ &dialect_gemini,
			"{\"contents\":[{\"parts\":[{\"text\":\"do it\"},{\"inline_data\":{}}]},{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"replace\",\"args\":{}}}]},"
			"{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"replace\",\"response\":{\"error\" : \"Failed to edit, 0 occurrences found\"}}}]}],"
			"\"tools\":[{\"functionDeclarations\":[{\"name\":\"a\"},{\"name\":\"b\"}]},{\"google_search\":{}}]}",
			"recovery", 3, 1, 3, 1, true, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct turn_facts f = read_as(rows[i].dialect, rows[i].body);
		print_message("%zu %s\n", i, turn_kind_name(f.kind));
		assert_string_equal(turn_kind_name(f.kind), rows[i].kind);
		assert_int_equal(f.messages, rows[i].messages);
		assert_int_equal(f.assistants, rows[i].assistants);
		assert_int_equal(f.tools, rows[i].tools);
		assert_int_equal(f.trail.errors, rows[i].errors);
		assert_int_equal(f.images, rows[i].images);
		assert_int_equal(f.web_search, rows[i].web_search);
		assert_bytes(f.trail.prompt, "do it");
	}
}

static void parameters(void **state)
{
	static const struct {
		const struct dialect *dialect;
		const char *body, *effort;
		bool thinks;
		uint64_t budget, max_tokens;
	} rows[] = {
		{ &dialect_anthropic,
			"{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":31999},\"max_tokens\":32000}",
			"", true, 31999, 32000 },
		{ &dialect_anthropic,
			"{\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"high\"}}",
			"high", true, 0, 0 },
		{ &dialect_anthropic, "{\"thinking\":{\"type\":\"disabled\"}}", "", false, 0, 0 },
		{ &dialect_openai, "{\"reasoning_effort\":\"low\",\"max_completion_tokens\":7}",
			"low", true, 0, 7 },
		{ &dialect_openai, "{\"reasoning_effort\":\"none\",\"max_tokens\":-1}", "none",
			false, 0, 0 },
		{ &dialect_responses,
			"{\"reasoning\":{\"effort\":\"medium\"},\"max_output_tokens\":9}", "medium",
			true, 0, 9 },
		{ &dialect_gemini,
			"{\"generationConfig\":{\"maxOutputTokens\":5,\"thinkingConfig\":{\"thinkingBudget\":8192}}}",
			"", true, 8192, 5 },
		{ &dialect_gemini,
			"{\"generationConfig\":{\"thinkingConfig\":{\"thinkingLevel\":\"high\"}}}",
			"high", true, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct turn_facts f = read_as(rows[i].dialect, rows[i].body);
		assert_true(str_eq(f.effort, str_from(rows[i].effort)));
		assert_int_equal(f.thinks, rows[i].thinks);
		assert_int_equal(f.budget_tokens, rows[i].budget);
		assert_int_equal(f.max_tokens, rows[i].max_tokens);
	}
}

/* ---- who asks ---- */

#define TITLED \
	"\"tools\":[],\"output_config\":{\"format\":{\"type\":\"json_schema\"}},\"messages\":[" SAYS( \
		"a") "]}"
#define SMALL_ONE(system) "{\"system\":" system ",\"messages\":[" SAYS("a") "]}"
#define IN_BLOCKS(text)   "[{\"type\":\"text\",\"text\":\"" text "\"}]"
#define COMPACTS \
	"\"messages\":[" SAYS("a") "," MODEL("b") "," SAYS( \
		"Your task is to create a detailed summary of the conversation so far") "]}"
#define OFFICIAL "You are Claude Code, Anthropic's official CLI for Claude."
#define BUILT    "You are a Claude agent, built on Anthropic's Claude Agent SDK."
#define BILLING  "x-anthropic-billing-header: cc_version=2; cc_is_subagent=true;"

/* What would be a small turn of a client that is known, of one that is not is its work. */
static void askers(void **state)
{
	static const struct {
		const char *kind, *body, *name, *value, *other, *other_value;
	} rows[] = {
		{ "first", "{" TITLED, "user-agent", "curl/8", "x", "" },
		{ "first", "{" TITLED, "x-session-id", "ses_1", "x", "" },
		{ "first", "{" TITLED, "x-session-id", "1", "x-session-affinity", "1" },
		{ "first", "{" TITLED, "x-session-id", "ses_1", "x-session-affinity", "ses_2" },
		{ "title", "{" TITLED, "x-session-id", "ses_1", "x-session-affinity", "ses_1" },
		{ "title", "{" TITLED, "x-app", "cli", "x", "" },
		{ "title", "{" TITLED, "x-claude-code-session-id", "1", "x", "" },
		{ "title", "{\"system\":\"" BUILT "\"," TITLED, "x", "", "x", "" },
		{ "title", "{\"system\":" IN_BLOCKS(OFFICIAL) "," TITLED, "x", "", "x", "" },
		{ "first", "{\"system\":\"You help. " OFFICIAL "\"," TITLED, "x", "", "x", "" },
		/* Of a member that is there twice the last one counts. */
		{ "first", "{\"system\":" IN_BLOCKS(OFFICIAL) ",\"system\":\"s\"," TITLED, "x", "",
			"x", "" },
		{ "first", SMALL_ONE("\"s\""), "user-agent", "claude-cli/2", "x-app", "cli" },
		{ "first", SMALL_ONE("\"" BUILT "\""), "user-agent", "claude-cli/2", "x", "" },
		{ "background", SMALL_ONE("\"" OFFICIAL "\""), "user-agent", "claude-cli/2", "x",
			"" },
		{ "subagent", SMALL_ONE(IN_BLOCKS(BILLING)), "x", "", "x", "" },
		{ "first", SMALL_ONE("\"cc_is_subagent=true\""), "x", "", "x", "" },
		{ "prompt", "{" COMPACTS, "x", "", "x", "" },
		{ "prompt", "{" COMPACTS, "x-session-id", "1", "x", "" },
		{ "compaction", "{" COMPACTS, "user-agent", "claude-cli/2", "x", "" },
		{ "compaction", "{" TITLED, "x-claude-code-request-class", "compaction", "x", "" },
		{ "background", "{" TITLED, "x-claude-code-request-class", "side_reply", "x", "" },
		{ "subagent", "{" TITLED, "x-session-id", "ses_1", "x-claude-code-agent-id", "a" },
		{ "first", "{" TITLED, "x-session-id", "ses_1", "x-parent-session-id", "ses_2" },
		{ "subagent", "{" TITLED, "user-agent", "opencode/1", "x-parent-session-id",
			"ses_2" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_header h[] = { { str_from(rows[i].name), str_from(rows[i].value) },
			{ str_from(rows[i].other), str_from(rows[i].other_value) } };
		struct http_head head = { .h = h, .n = 2, .path = STR("/v1/messages") };
		struct chat c = { .path = head.path };
		struct err e = { 0 };
		assert_true(dialect_anthropic.parse_request(&c, str_from(rows[i].body), arena, &e));
		print_message("%zu\n", i);
		assert_string_equal(turn_kind_name(turn_kind_of(&head, &c)), rows[i].kind);
	}
}

static void formats(void **state)
{
	static const struct {
		const struct dialect *dialect;
		const char *body, *format;
	} rows[] = {
		{ &dialect_responses, "{\"text\":{\"verbosity\":\"low\"}}", "" },
		{ &dialect_responses, "{\"text\":{\"format\":{\"type\":\"text\"}}}", "" },
		{ &dialect_responses, "{\"text\":{\"format\":null}}", "" },
		{ &dialect_responses, "{\"text\":\"format\"}", "" },
		{ &dialect_responses, "{\"text\":{\"format\":{\"type\":\"json_object\"}}}",
			"{\"type\":\"json_object\"}" },
		{ &dialect_openai, "{\"response_format\":{\"type\":\"text\"}}", "" },
		{ &dialect_openai, "{\"response_format\":{\"type\":\"json_object\"}}",
			"{\"type\":\"json_object\"}" },
		{ &dialect_anthropic, "{\"output_config\":{\"effort\":\"low\"}}", "" },
		{ &dialect_anthropic, "{\"output_config\":{\"format\":{\"type\":\"json_schema\"}}}",
			"{\"type\":\"json_schema\"}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct chat c = { .path = STR("") };
		struct err e = { 0 };
		print_message("%zu\n", i);
		assert_true(rows[i].dialect->parse_request(&c, str_from(rows[i].body), arena, &e));
		assert_true(str_eq(c.sketch.format, str_from(rows[i].format)));
	}
}

/* ---- words ---- */

static void outcomes(void **state)
{
	static const struct {
		const char *result;
		bool failed;
		enum outcome outcome;
	} rows[] = {
		{ "\"fine\"", false, OUTCOME_WELL },
		{ "\"fine\"", true, OUTCOME_FAILED },
		{ "\"\"", false, OUTCOME_WELL },
		{ "null", false, OUTCOME_WELL },
		{ "[]", true, OUTCOME_FAILED },
		{ "\"Exit code: 0\\nOutput:\\nError: in a log\"", false, OUTCOME_WELL },
		{ "\"Exit code 2\\nx\"", false, OUTCOME_FAILED },
		{ "\"Exit code: -1\"", false, OUTCOME_FAILED },
		{ "\"Chunk ID: 1\\nProcess exited with code 101\\nOutput:\"", false,
			OUTCOME_FAILED },
		{ "\"the Process exited with code 1 is told here\"", false, OUTCOME_WELL },
		{ "\"a\\nExit Code: 1\\nPGID: 3\"", false, OUTCOME_FAILED },
		{ "{\"output\":\"a\\nExit Code: 0\"}", false, OUTCOME_WELL },
		{ "{\"error\": \"no\"}", false, OUTCOME_FAILED },
		{ "{\"error\": null}", false, OUTCOME_WELL },
		{ "\"{\\\"error\\\": \\\"no\\\"}\"", false, OUTCOME_FAILED },
		{ "[{\"text\":\"Error: no\",\"type\":\"text\"}]", false, OUTCOME_FAILED },
		{ "\"apply_patch verification failed: Failed to find expected lines in x\"", false,
			OUTCOME_MISSED },
		{ "\"Errors: none\"", false, OUTCOME_WELL },
		{ "\"== 3 failed, 2 passed\"", false, OUTCOME_FAILED },
		{ "\"10 failed\"", false, OUTCOME_FAILED },
		{ "\"5 passed; 0 failed\"", false, OUTCOME_WELL },
		{ "\" failed\"", false, OUTCOME_WELL },
		{ "\"x: command not found\"", false, OUTCOME_FAILED },
		{ "\"make: *** [all] Error 2\"", false, OUTCOME_FAILED },
		{ "\"The user doesn't want to proceed with this tool use.\"", true,
			OUTCOME_REFUSED },
		{ "\"The user doesn't want to proceed. To tell you how to proceed, the user said:\\nno\"",
			true, OUTCOME_TOLD },
		{ "\"Entered plan mode. You should\"", false, OUTCOME_PLAN_BEGINS },
		{ "\"User has approved your plan.\"", false, OUTCOME_PLAN_ENDS },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].result);
		assert_int_equal(
			wording_outcome(str_from(rows[i].result), rows[i].failed), rows[i].outcome);
	}
}

static void corrections(void **state)
{
	static const char *const wrong[] = { "\"No, that's wrong\"", "\"  NOPE.\"",
		"\"it STILL fails\"", "\"ok, but revert that\"", "\"Don’t. It doesn’t work\"",
		"\"НЕТ, не так\"", "\"\\u043d\\u0435\\u0442, \\u043d\\u0435 \\u0442\\u043e\"",
		"\"Всё ещё падает\"", "\"<system-reminder>x</system-reminder>\\nwrong\"" };
	static const char *const right[] = { "\"\"", "\"\\\"", "\"Now add a test\"",
		"\"no problem, go on\"", "\"No, thanks. It is wrong elsewhere\"", "\"Nothing\"",
		"\"Нетипично\"", "\"thanks <system-reminder>wrong, revert it</system-reminder>\"",
		"\"\\u04\"", "\"<system-reminder>wrong\"" };

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_true(wording_corrects(str_from(wrong[i])));
	for (size_t i = 0; i < ARRAY_LEN(right); i++)
		assert_false(wording_corrects(str_from(right[i])));
	assert_true(wording_goes_on(STR("\"Continue.\"")) && wording_goes_on(STR("\"Продолжай\"")));
	assert_false(wording_goes_on(STR("\"continued fractions\"")));
}

static void plans(void **state)
{
	static const struct {
		const char *text;
		bool system;
		enum plan_word word;
	} rows[] = {
		{ "\"<system-reminder>\\nPlan mode is active. x</system-reminder>\"", false,
			PLAN_BEGINS },
		{ "\"do it\\n<system-reminder>\\nPlan mode still active\"", false, PLAN_BEGINS },
		{ "\"Plan mode is active\"", false, PLAN_NOTHING },
		{ "\"Plan mode is active\"", true, PLAN_BEGINS },
		{ "\"<system-reminder>## Exited Plan Mode\"", false, PLAN_ENDS },
		{ "\"<system-reminder>Plan mode is active</system-reminder><system-reminder>You have exited plan mode\"",
			false, PLAN_ENDS },
		{ "\"<collaboration_mode># Plan Mode\"", false, PLAN_BEGINS },
		{ "\"<collaboration_mode># Collaboration Mode: Default\\nPlan Mode is over\"", true,
			PLAN_ENDS },
		{ "\"Agents: Plan, EnterPlanMode\"", true, PLAN_NOTHING },
		{ "\"<system-reminder>\"", false, PLAN_NOTHING },
		{ "\"\"", true, PLAN_NOTHING },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].text);
		assert_int_equal(wording_of_plan(str_from(rows[i].text), rows[i].system, 4096),
			rows[i].word);
	}
}

/* No text is looked at beyond its end, wherever it is cut off. */
static void cut_anywhere(void **state)
{
	static const char text[] =
		"\"<system-reminder>\\nPlan mode is active</system-reminder>\\nExit code: 1 don\\u2019t Нет, {\\\"error\\\": \\\"x\\\"}\"";

	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = must_alloc(n + 1);
		memcpy(copy, text, n);
		char *exact = must_realloc(copy, n > 0 ? n : 1);
		struct str s = { exact, n };
		wording_corrects(s);
		wording_goes_on(s);
		wording_is_own(s);
		wording_of_plan(s, n % 2 == 0, 64);
		wording_outcome(s, false);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counts, begin, end),
		cmocka_unit_test_setup_teardown(long_loop, begin, end),
		cmocka_unit_test_setup_teardown(given_twice, begin, end),
		cmocka_unit_test_setup_teardown(dialects, begin, end),
		cmocka_unit_test_setup_teardown(parameters, begin, end),
		cmocka_unit_test_setup_teardown(askers, begin, end),
		cmocka_unit_test_setup_teardown(formats, begin, end),
		cmocka_unit_test_setup_teardown(outcomes, begin, end),
		cmocka_unit_test_setup_teardown(corrections, begin, end),
		cmocka_unit_test_setup_teardown(plans, begin, end),
		cmocka_unit_test_setup_teardown(cut_anywhere, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
