/* SPDX-License-Identifier: MIT */
/* What is understood of a request's blocks, and the kind of turn that follows from it. */
#include "unit/base/check.h"

#include "llm/dialect.h"
#include "llm/turn.h"

static struct arena *arena;

static struct chat parse(const char *body)
{
	struct chat c = { 0 };
	struct err e = { 0 };

	assert_true(dialect_anthropic.parse_request(&c, str_from(body), arena, &e));
	return c;
}

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

/* ---- blocks ---- */

static const char whole[] =
	"{\"model\":\"m\",\"messages\":["
	"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"one\"},{\"type\":\"image\",\"source\":{\"data\":\"AAAA\"}}]},"
	"{\"role\":\"system\",\"content\":\"two\"},"
	"{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"s\"},"
	"{\"type\":\"text\",\"text\":\"three\"},{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"Read\",\"input\":{\"a\":[1,2]}}]},"
	"{\"content\":[{\"tool_use_id\":\"t1\",\"type\":\"tool_result\",\"is_error\":true,\"content\":["
	"{\"type\":\"text\",\"text\":\"four\"},{\"type\":\"image\",\"source\":{}}],"
	"\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}}],\"role\":\"user\"}],"
	"\"system\":[{\"type\":\"text\",\"text\":\"bill\"},{\"type\":\"text\",\"text\":\"long text\",\"cache_control\":{\"type\":\"ephemeral\"}}],"
	"\"tools\":[{\"name\":\"Read\",\"input_schema\":{}},{\"name\":\"Later\",\"defer_loading\":true},"
	"{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]}";

static void blocks(void **state)
{
	static const struct {
		uint8_t level, kind, mark, images;
		const char *place;
	} want[] = {
		{ LEVEL_TOOLS, BLOCK_TOOL, BREAK_NONE, 0, "tools[0]" },
		{ LEVEL_SYSTEM, BLOCK_TOOL, BREAK_NONE, 0, "tools[2]" },
		{ LEVEL_SYSTEM, BLOCK_SYSTEM, BREAK_NONE, 0, "system[0]" },
		{ LEVEL_SYSTEM, BLOCK_SYSTEM, BREAK_5M, 0, "system[1]" },
		{ LEVEL_MESSAGES, BLOCK_USER, BREAK_NONE, 0, "messages[0].content[0]" },
		{ LEVEL_MESSAGES, BLOCK_OTHER, BREAK_NONE, 1, "messages[0].content[1]" },
		{ LEVEL_MESSAGES, BLOCK_SYSTEM, BREAK_NONE, 0, "messages[1].content[0]" },
		{ LEVEL_MESSAGES, BLOCK_THINKING, BREAK_NONE, 0, "messages[2].content[0]" },
		{ LEVEL_MESSAGES, BLOCK_ASSISTANT, BREAK_NONE, 0, "messages[2].content[1]" },
		{ LEVEL_MESSAGES, BLOCK_CALL, BREAK_NONE, 0, "messages[2].content[2]" },
		{ LEVEL_MESSAGES, BLOCK_RESULT, BREAK_1H, 1, "messages[3].content[0]" },
	};
	struct chat c = parse(whole);
	const struct outline *o = &c.outline;
	struct buf place;

	assert_true(o->whole);
	assert_int_equal(o->n, ARRAY_LEN(want));
	buf_init(&place, SIZE_MAX);
	for (size_t i = 0; i < o->n; i++) {
		assert_int_equal(o->blocks[i].level, want[i].level);
		assert_int_equal(o->blocks[i].kind, want[i].kind);
		assert_int_equal(o->blocks[i].mark, want[i].mark);
		assert_int_equal(o->blocks[i].images, want[i].images);
		buf_clear(&place);
		outline_place(&place, &o->blocks[i]);
		assert_str(buf_str(&place), str_from(want[i].place));
	}
	buf_release(&place);
	assert_true(o->parameters.images && o->facts.assistant && o->facts.answers_tools);
	assert_true(o->facts.error_results);
	assert_int_equal(o->facts.messages, 4);
	assert_int_equal(o->facts.tools, 3);
	assert_int_equal(o->turn_message, 0);
	assert_bytes(o->facts.system_text, "\"long text\"");
	assert_bytes(o->facts.system_message, "\"two\"");
}

/* The prefix of the whole request, which is all that counts. */
static uint64_t chain_of(const char *body)
{
	struct chat c = parse(body);
	uint64_t chain[64] = { 0 };

	assert_true(c.outline.n > 0 && c.outline.n < ARRAY_LEN(chain));
	outline_chain(&c.outline, &(struct chain_rules){ .seed = 7 }, chain);
	return chain[c.outline.n - 1];
}

static const char plain[] =
	"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":\"s\"}";

static void same_prefix(void **state)
{
	static const char marked[] =
		"{\"system\":[{\"type\":\"text\",\"text\":\"s\",\"cache_control\":{\"type\":\"ephemeral\"}}],\"messages\":[{\"role\":\"user\","
		"\"content\":[{\"type\":\"text\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"},\"text\":\"hi\"}]}]}";
	static const char *const same[] = {
		"{ \"system\" : \"s\", \"messages\" : [ { \"content\" : \"hi\" , \"role\" : \"user\" } ] }",
		"{\"system\":[{\"text\":\"s\",\"type\":\"text\"}],\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}]}",
		marked,
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":\"s\",\"tools\":[],\"max_tokens\":9,\"tool_choice\":{\"type\":\"auto\"}}",
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":\"s\",\"tools\":[{\"name\":\"x\",\"defer_loading\":true}]}",
		"{\"messages\":[],\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":\"s\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		assert_int_equal(chain_of(same[i]), chain_of(plain));
}

static void other_prefix(void **state)
{
	static const char *const other[] = {
		"{\"messages\":[{\"role\":\"user\",\"content\":\"ho\"}],\"system\":\"s\"}",
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":\"S\"}",
		"{\"messages\":[{\"role\":\"assistant\",\"content\":\"hi\"}],\"system\":\"s\"}",
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":\"s\",\"tools\":[{\"name\":\"x\"}]}",
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":\"s\",\"thinking\":{\"type\":\"adaptive\"}}",
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":\"s\",\"output_config\":{\"effort\":\"low\"}}",
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":\"s\",\"tool_choice\":{\"type\":\"any\"}}",
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":\"s\",\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}}",
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":\"s\",\"speed\":\"fast\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(other); i++) {
		assert_int_not_equal(chain_of(other[i]), chain_of(plain));
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(chain_of(other[i]), chain_of(other[k]));
	}
}

/* Odd shapes are passed over: what a provider does with them is not ours to judge. */
static void odd_shapes(void **state)
{
	static const char *const odd[] = { "{\"messages\":\"x\"}", "{\"messages\":[1]}",
		"{\"messages\":[{\"role\":\"user\",\"content\":7}]}",
		"{\"messages\":[{\"role\":\"user\",\"content\":[1]}]}", "{\"system\":{}}",
		"{\"tools\":{\"a\":[]}}", "{\"tools\":[[]]}",
		"{\"messages\":[{\"role\":\"user\" \"content\":\"x\"}]}" };

	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		assert_false(parse(odd[i]).outline.whole);
	assert_int_equal(parse("{\"messages\":[{}]}").outline.n, 0);
	assert_int_equal(
		parse("{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}").outline.n, 0);
}

/* A body of nothing but tiny tools, blocks or messages does not take a multiple of its size. */
static void too_many_blocks(void **state)
{
	static const char *const shapes[][3] = {
		{ "{\"model\":\"m\",\"messages\":[],\"tools\":[{}", ",{}", "]}" },
		{ "{\"model\":\"m\",\"messages\":[{\"content\":[{}", ",{}", "]}]}" },
		{ "{\"model\":\"m\",\"messages\":[{\"content\":\"x\"}", ",{\"content\":\"x\"}",
			"]}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		for (size_t more = 0; more < 2; more++) {
			struct buf body;
			buf_init(&body, SIZE_MAX);
			buf_add(&body, str_from(shapes[i][0]));
			for (size_t k = 1; k < OUTLINE_BLOCKS_MAX + more; k++)
				buf_add(&body, str_from(shapes[i][1]));
			buf_add(&body, str_from(shapes[i][2]));
			buf_add_char(&body, '\0');
			struct chat c = parse(body.p);
			assert_int_equal(c.outline.n, OUTLINE_BLOCKS_MAX);
			assert_int_equal(c.outline.whole, more == 0);
			buf_release(&body);
		}
}

static void automatic_breakpoint(void **state)
{
	struct chat c = parse(
		"{\"cache_control\":{\"type\":\"ephemeral\"},\"messages\":["
		"{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":["
		"{\"type\":\"text\",\"text\":\"b\"},{\"type\":\"thinking\",\"thinking\":\"c\"}]}]}");

	assert_int_equal(c.outline.n, 3);
	assert_int_equal(c.outline.blocks[1].mark, BREAK_5M);
	assert_int_equal(c.outline.blocks[2].mark, BREAK_NONE);
}

/* Older models do not read what was thought in earlier turns. */
static void stripped_thinking(void **state)
{
	static const char body[] =
		"{%s\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":["
		"{\"type\":\"thinking\",\"thinking\":\"t\"},{\"type\":\"text\",\"text\":\"b\"}]},"
		"{\"role\":\"user\",\"content\":\"c\"}]}";
	const struct chain_rules strips = { .seed = 1, .strips_thinking = true };
	uint64_t chain[8];

	struct chat c = parse(arena_printf(arena, body, "").p);
	assert_int_equal(c.outline.turn_message, 2);
	outline_chain(&c.outline, &strips, chain);
	assert_true(chain[0] != 0 && chain[1] == 0 && chain[2] != 0 && chain[3] != 0);
	c = parse(arena_printf(arena, body,
		"\"context_management\":{\"edits\":[{\"type\":\"clear_thinking_20251015\",\"keep\":\"all\"}]},")
			  .p);
	outline_chain(&c.outline, &strips, chain);
	assert_true(chain[1] != 0);
}

static void identity(void **state)
{
	struct chat begun = parse(plain);
	uint64_t first = outline_identity(&begun.outline);
	struct chat later = parse(
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":\"x\"}],\"system\":\"s\"}");
	struct chat other =
		parse("{\"messages\":[{\"role\":\"user\",\"content\":\"hi!\"}],\"system\":\"s\"}");
	struct chat billed = parse(
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":[{\"type\":\"text\",\"text\":\"x-anthropic-billing-header: 1\"}]}");
	struct chat billed_again = parse(
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":[{\"type\":\"text\",\"text\":\"x-anthropic-billing-header: 2\"}]}");

	assert_int_equal(outline_identity(&later.outline), first);
	assert_int_not_equal(outline_identity(&other.outline), first);
	assert_int_equal(
		outline_identity(&billed.outline), outline_identity(&billed_again.outline));
}

/* ---- kinds of turn ---- */

static const char *kind(const char *body, const char *header, const char *value)
{
	struct http_header h = { str_from(header), str_from(value) };
	struct http_head head = { .h = &h, .n = 1 };
	struct chat c = parse(body);

	return turn_kind_name(turn_kind_of(&head, &c));
}

/* Without an outline only the client's own word counts. */
static void nothing_but_the_top(void **state)
{
	static const char body[] =
		"{\"system\":\"Working directory: /home/project\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"stream\":true,"
		"\"tools\":[],\"cache_control\":{\"type\":\"ephemeral\"},\"model\":\"m\",\"metadata\":{\"user_id\":\"{\\\"session_id\\\":\\\"s1\\\"}\"}}";
	struct http_header h = { STR("x-claude-code-request-class"), STR("subagent") };
	struct http_head head = { .h = &h };
	struct chat c = { .bare = true };
	struct err e = { 0 };

	assert_true(dialect_anthropic.parse_request(&c, str_from(body), arena, &e));
	assert_bytes(c.model, "m");
	assert_bytes(c.session, "s1");
	assert_true(c.stream && c.nmodels == 1);
	assert_true(!c.outline.whole && c.outline.n == 0 && c.outline.level_at[LEVELS] == 0);
	assert_true(c.outline.mark == BREAK_NONE && c.outline.facts.messages == 0);
	assert_true(c.outline.facts.system_text.n == 0 && !c.sketch.tools_given);
	assert_string_equal(turn_kind_name(turn_kind_of(&head, &c)), "");
	head.n = 1;
	assert_string_equal(turn_kind_name(turn_kind_of(&head, &c)), "subagent");
	/* What is wrong with the whole is seen all the same. */
	assert_false(dialect_anthropic.parse_request(
		&c, STR("{\"messages\":[{\"content\":[}]}"), arena, &e));
}

#define USER(text) "{\"role\":\"user\",\"content\":" text "}"
#define ASSISTANT  "{\"role\":\"assistant\",\"content\":\"x\"}"

static void kinds(void **state)
{
	static const struct {
		const char *kind, *body, *header, *value;
	} rows[] = {
		{ "first", "{\"messages\":[" USER("\"a\"") "]}", "x", "" },
		{ "first",
			"{\"messages\":[" USER(
				"\"a\"") ",{\"role\":\"system\",\"content\":\"env\"}]}",
			"x", "" },
		{ "prompt", "{\"messages\":[" USER("\"a\"") "," ASSISTANT "," USER("\"b\"") "]}",
			"x", "" },
		{ "tool_loop",
			"{\"messages\":[" USER("\"a\"") "," ASSISTANT "," USER(
				"[{\"type\":\"tool_result\",\"content\":\"r\"}]") ",{\"role\":\"system\",\"content\":\"more\"}]}",
			"x", "" },
		{ "continuation",
			"{\"messages\":[" USER("\"a\"") "," ASSISTANT "," USER(
				"\"Output token limit hit. Resume directly\"") "]}",
			"x", "" },
		{ "compaction",
			"{\"messages\":[" USER("\"a\"") "," ASSISTANT "," USER(
				"[{\"type\":\"text\",\"text\":\"CRITICAL: Respond with TEXT ONLY. Do NOT call any\"}]") "]}",
			"user-agent", "claude-cli/2.1.329 (external, cli)" },
		{ "compaction", "{\"messages\":[" USER("\"a\"") "]}", "x-claude-code-request-class",
			"compaction" },
		{ "recap",
			"{\"messages\":[" USER(
				"\"The user stepped away and is coming back. \"") "]}",
			"user-agent", "claude-cli/2.1.329 (external, cli)" },
		{ "title",
			"{\"tools\":[],\"output_config\":{\"format\":{\"type\":\"json_schema\"}},\"messages\":[" USER(
				"\"a\"") "]}",
			"user-agent", "claude-cli/2.1.329 (external, cli)" },
		{ "first",
			"{\"output_config\":{\"format\":{\"type\":\"json_schema\"}},\"messages\":[" USER(
				"\"a\"") "]}",
			"x", "" },
		{ "web_search",
			"{\"tools\":[{\"type\":\"web_search_20250305\"}],\"messages\":[" USER(
				"\"a\"") "]}",
			"x", "" },
		{ "first",
			"{\"tools\":[{\"type\":\"web_search_20250305\"},{\"name\":\"a\"}],\"messages\":[" USER(
				"\"a\"") "]}",
			"x", "" },
		{ "subagent", "{\"messages\":[" USER("\"a\"") "]}", "X-Claude-Code-Agent-Id",
			"a1" },
		{ "background", "{\"messages\":[" USER("\"a\"") "]}", "x-claude-code-request-class",
			"auxiliary" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(
			kind(rows[i].body, rows[i].header, rows[i].value), rows[i].kind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(blocks, begin, end),
		cmocka_unit_test_setup_teardown(same_prefix, begin, end),
		cmocka_unit_test_setup_teardown(other_prefix, begin, end),
		cmocka_unit_test_setup_teardown(odd_shapes, begin, end),
		cmocka_unit_test_setup_teardown(too_many_blocks, begin, end),
		cmocka_unit_test_setup_teardown(automatic_breakpoint, begin, end),
		cmocka_unit_test_setup_teardown(stripped_thinking, begin, end),
		cmocka_unit_test_setup_teardown(identity, begin, end),
		cmocka_unit_test_setup_teardown(kinds, begin, end),
		cmocka_unit_test_setup_teardown(nothing_but_the_top, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
