/* SPDX-License-Identifier: MIT */
/* The tag that names a model: where it counts, what it says, and what is left of a body without it. */
#include "unit/base/check.h"

#include "llm/dialect.h"
#include "llm/tag.h"

#include <stdlib.h>
#include <string.h>

#define OPEN    "<CCR-SUBAGENT-MODEL>"
#define CLOSE   "</CCR-SUBAGENT-MODEL>"
#define TAG     OPEN "deepseek,deepseek-chat" CLOSE
#define NAME    "deepseek,deepseek-chat"
#define SAID    "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
#define T(text) "{\"type\":\"text\",\"text\":\"" text "\"}"

/* What dialect reads it, for the quick look. */
enum reader { ANTHROPIC, BARE, CHAT, GEMINI };

static bool looks_tagged(enum reader r, struct str body, struct arena *a)
{
	const struct dialect *const dialects[] = { &dialect_anthropic, &dialect_anthropic,
		&dialect_openai, &dialect_gemini };
	struct chat c = { .bare = r == BARE, .path = STR("/v1beta/models/m:generateContent") };
	struct err e = { 0 };

	assert_true(dialects[r]->parse_request(&c, body, a, &e));
	return c.tagged;
}

/* Checks both: that the quick look sees what there is, and what is found and left. want NULL: there is no tag that counts. */
static void check(enum reader r, struct str body, const char *want, const char *name, int line)
{
	struct arena *a = arena_new();
	struct tags t;
	struct buf left;

	buf_init(&left, SIZE_MAX);
	bool quick = looks_tagged(r, body, a), found = tags_find(&t, body);
	if (found != (want != NULL) || (found && !quick))
		print_error("line %d: %.*s\n", line, STR_ARG(body));
	assert_int_equal(found, want != NULL);
	assert_true(quick || !found);
	json_splice(&left, body, t.cuts, t.n);
	if (found) {
		check_bytes(buf_str(&left), str_from(want), __FILE__, line);
		check_bytes(json_unescape(t.name, a), str_from(name), __FILE__, line);
		assert_false(tags_find(&t, buf_str(&left)));
	}
	buf_release(&left);
	arena_free(a);
}

struct row {
	enum reader reader;
	const char *body, *want, *name;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(rows[i].reader, str_from(rows[i].body), rows[i].want, rows[i].name, (int)i);
}

static void in_the_system_prompt(void **state)
{
	static const struct row rows[] = {
		{ ANTHROPIC, "{\"system\":\"" TAG "You help.\"," SAID "}",
			"{\"system\":\"You help.\"," SAID "}", NAME },
		/* Its place among the members does not matter, nor among the blocks. */
		{ ANTHROPIC,
			"{" SAID
			",\"system\":[" T("bill") "," T(TAG "\\nYou help.") "],\"model\":\"m\"}",
			"{" SAID
			",\"system\":[" T("bill") "," T("\\nYou help.") "],\"model\":\"m\"}",
			NAME },
		{ BARE,
			"{" SAID
			",\"system\":[" T("bill") "," T(TAG "\\nYou help.") "],\"model\":\"m\"}",
			"{" SAID
			",\"system\":[" T("bill") "," T("\\nYou help.") "],\"model\":\"m\"}",
			NAME },
		/* Where a word could stand. */
		{ ANTHROPIC, "{\"system\":\"You help. " TAG " Do.\"," SAID "}",
			"{\"system\":\"You help.  Do.\"," SAID "}", NAME },
		{ ANTHROPIC, "{\"system\":\"You help.\\t" TAG "\"," SAID "}",
			"{\"system\":\"You help.\\t\"," SAID "}", NAME },
		/* But not where somebody writes about it. */
		{ ANTHROPIC, "{\"system\":\"Begin with `" TAG "`.\"," SAID "}", NULL, NULL },
		{ ANTHROPIC, "{\"system\":\"Begin with \\\"" TAG "\\\".\"," SAID "}", NULL, NULL },
		{ ANTHROPIC, "{\"system\":\"a\\\\n" TAG "\"," SAID "}", NULL, NULL },
		/* Other dialects. */
		{ CHAT,
			"{\"messages\":[{\"role\":\"system\",\"content\":\"a " TAG
			"\"},{\"role\":\"user\",\"content\":\"b\"}]}",
			"{\"messages\":[{\"role\":\"system\",\"content\":\"a \"},{\"role\":\"user\",\"content\":\"b\"}]}",
			NAME },
		{ CHAT, "{\"messages\":[{\"role\":\"developer\",\"content\":[" T("a " TAG) "]}]}",
			"{\"messages\":[{\"role\":\"developer\",\"content\":[" T("a ") "]}]}",
			NAME },
		{ CHAT, "{\"instructions\":\"a " TAG "b\",\"input\":\"c\"}",
			"{\"instructions\":\"a b\",\"input\":\"c\"}", NAME },
		{ GEMINI,
			"{\"systemInstruction\":{\"parts\":[{\"text\":\"a " TAG
			"\"}]},\"contents\":[]}",
			"{\"systemInstruction\":{\"parts\":[{\"text\":\"a \"}]},\"contents\":[]}",
			NAME },
		{ GEMINI, "{\"system_instruction\":{\"parts\":[{\"text\":\"a " TAG "\"}]}}",
			"{\"system_instruction\":{\"parts\":[{\"text\":\"a \"}]}}", NAME },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

#define USER(content)      "{\"role\":\"user\",\"content\":" content "}"
#define ASSISTANT(content) "{\"role\":\"assistant\",\"content\":" content "}"
#define BODY(messages)     "{\"model\":\"m\",\"messages\":[" messages "],\"max_tokens\":9}"

static void before_the_first_answer(void **state)
{
	static const struct row rows[] = {
		{ ANTHROPIC, BODY(USER("\"" TAG "Go.\"")), BODY(USER("\"Go.\"")), NAME },
		{ ANTHROPIC, BODY(USER("\"Go.\\n\\n  " TAG "\\nOn.\"")),
			BODY(USER("\"Go.\\n\\n  \\nOn.\"")), NAME },
		{ ANTHROPIC, BODY(USER("[" T("a") "," T(TAG "Go.") "]") "," ASSISTANT("\"b\"")),
			BODY(USER("[" T("a") "," T("Go.") "]") "," ASSISTANT("\"b\"")), NAME },
		{ ANTHROPIC, BODY(USER("\"a\"") "," USER("\"" TAG "Go.\"")),
			BODY(USER("\"a\"") "," USER("\"Go.\"")), NAME },
		{ ANTHROPIC, "{\"messages\":[{\"content\":\"" TAG "Go.\",\"role\":\"user\"}]}",
			"{\"messages\":[{\"content\":\"Go.\",\"role\":\"user\"}]}", NAME },
		{ CHAT, "{\"input\":\"" TAG "Go.\"}", "{\"input\":\"Go.\"}", NAME },
		{ CHAT,
			"{\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"" TAG
			"a\"}]}]}",
			"{\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"a\"}]}]}",
			NAME },
		{ GEMINI,
			"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"" TAG
			"a\"}]},{\"role\":\"model\",\"parts\":[]}]}",
			"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]},{\"role\":\"model\",\"parts\":[]}]}",
			NAME },
		/* People write about it, and later it is too late. */
		{ ANTHROPIC, BODY(USER("\"What does " TAG " mean?\"")), NULL, NULL },
		{ ANTHROPIC, BODY(USER("\"a\"") "," ASSISTANT("\"b\"") "," USER("\"" TAG "c\"")),
			NULL, NULL },
		{ ANTHROPIC, BODY(USER("\"a\"") "," ASSISTANT("\"" TAG "b\"")), NULL, NULL },
		{ GEMINI,
			"{\"contents\":[{\"role\":\"model\",\"parts\":[{\"text\":\"" TAG "a\"}]}]}",
			NULL, NULL },
		{ CHAT,
			"{\"input\":[{\"type\":\"function_call\",\"name\":\"x\"},{\"role\":\"user\",\"content\":\"" TAG
			"\"}]}",
			NULL, NULL },
		/* Results of tools, and whatever else is no text, are not looked at. */
		{ ANTHROPIC,
			BODY(USER(
				"[{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":\"" TAG
				"\"}]")),
			NULL, NULL },
		{ ANTHROPIC,
			BODY(USER(
				"[{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":[" T(
					TAG) "]}]")),
			NULL, NULL },
		{ ANTHROPIC, "{\"metadata\":{\"user_id\":\"" TAG "\"}," SAID "}", NULL, NULL },
		{ ANTHROPIC, "{\"tools\":[{\"name\":\"a\",\"description\":\"" TAG "\"}]," SAID "}",
			NULL, NULL },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

/* These are made of files; what follows one is a text of its own. */
static void reminders(void **state)
{
#define REMIND(text) "<system-reminder>\\n" text "\\n</system-reminder>"
	static const struct row rows[] = {
		{ ANTHROPIC, BODY(USER("\"" REMIND("a\\n" TAG "\\nb") "\"")), NULL, NULL },
		{ ANTHROPIC, BODY(USER("[" T(REMIND(TAG)) "," T("Go.") "]")), NULL, NULL },
		{ ANTHROPIC, BODY(USER("\"" REMIND("a\\n" TAG) "\\n" OPEN "x,y" CLOSE "Go.\"")),
			BODY(USER("\"" REMIND("a\\n" TAG) "\\nGo.\"")), "x,y" },
		{ ANTHROPIC, BODY(USER("\"" REMIND("a") TAG "Go.\"")),
			BODY(USER("\"" REMIND("a") "Go.\"")), NAME },
		{ ANTHROPIC, "{\"system\":\"" REMIND("a " TAG) "\"," SAID "}", NULL, NULL },
		/* One that does not end. */
		{ ANTHROPIC, BODY(USER("\"<system-reminder>\\n" TAG "\"")), NULL, NULL },
		{ ANTHROPIC, BODY(USER("\"\\u003csystem-reminder\\u003e\\n" TAG "\"")), NULL,
			NULL },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

static void escapes(void **state)
{
#define U_OPEN  "\\u003cCCR-SUBAGENT-MODEL\\u003e"
#define U_CLOSE "\\u003c/CCR-SUBAGENT-MODEL\\u003E"
	static const struct row rows[] = {
		{ ANTHROPIC, "{\"system\":\"" U_OPEN "a,b" U_CLOSE "c\"," SAID "}",
			"{\"system\":\"c\"," SAID "}", "a,b" },
		{ ANTHROPIC, "{\"system\":\"" U_OPEN "a,b" CLOSE "c\"," SAID "}",
			"{\"system\":\"c\"," SAID "}", "a,b" },
		{ ANTHROPIC, "{\"system\":\"" OPEN "a\\/b<\\/CCR-SUBAGENT-MODEL>c\"," SAID "}",
			"{\"system\":\"c\"," SAID "}", "a/b" },
		{ ANTHROPIC, "{\"system\":\"" OPEN "\\u0061,\\u0062" CLOSE "c\"," SAID "}",
			"{\"system\":\"c\"," SAID "}", "a,b" },
		{ ANTHROPIC, "{\"system\":\"" OPEN "\\n a, b[1m]\\n" CLOSE "c\"," SAID "}",
			"{\"system\":\"c\"," SAID "}", "\n a, b[1m]\n" },
		{ ANTHROPIC, "{\"system\":\"x\\u000a" TAG "c\"," SAID "}",
			"{\"system\":\"x\\u000ac\"," SAID "}", NAME },
		/* A backslash that is one, and not the beginning of an escape. */
		{ ANTHROPIC,
			"{\"system\":\"\\\\u003cCCR-SUBAGENT-MODEL\\\\u003ea,b" CLOSE "\"," SAID
			"}",
			NULL, NULL },
		{ ANTHROPIC, "{\"system\":\"\\\\" TAG "\"," SAID "}", NULL, NULL },
		{ ANTHROPIC, "{\"\\u0073ystem\":\"" TAG "c\"," SAID "}",
			"{\"\\u0073ystem\":\"c\"," SAID "}", NAME },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

/* That of the system prompt says more than others, then the first one; all of them leave. */
static void several(void **state)
{
	static const struct row rows[] = {
		{ ANTHROPIC,
			"{\"messages\":[" USER("\"" OPEN "a,b" CLOSE "x\"") "],\"system\":\"" TAG
									    "y\"}",
			"{\"messages\":[" USER("\"x\"") "],\"system\":\"y\"}", NAME },
		{ ANTHROPIC,
			"{\"system\":\"" TAG OPEN "a,b" CLOSE " " OPEN "c,d" CLOSE "y\"," SAID "}",
			"{\"system\":\" y\"," SAID "}", NAME },
		{ ANTHROPIC, "{\"system\":\"" OPEN CLOSE TAG "y\"," SAID "}",
			"{\"system\":\"y\"," SAID "}", NAME },
		{ ANTHROPIC, "{\"system\":\"" OPEN CLOSE "y\"," SAID "}",
			"{\"system\":\"y\"," SAID "}", "" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

/* Empty text is refused by providers. */
static void blocks_that_hold_nothing_else(void **state)
{
#define SYSTEM(blocks) "{\"system\":[" blocks "]," SAID "}"
	static const struct row rows[] = {
		{ ANTHROPIC, SYSTEM(T(TAG) "," T("a")), SYSTEM(T("a")), NAME },
		{ ANTHROPIC, SYSTEM(T("a") " , " T(TAG)), SYSTEM(T("a")), NAME },
		{ ANTHROPIC, SYSTEM(T("a") "," T(" " TAG "\\n") "," T("b")),
			SYSTEM(T("a") "," T("b")), NAME },
		{ ANTHROPIC, SYSTEM(T(TAG) "," T(TAG) "," T("b")), SYSTEM(T("b")), NAME },
		{ ANTHROPIC, SYSTEM(T("a") "," T(TAG) "," T(TAG)), SYSTEM(T("a")), NAME },
		{ ANTHROPIC, SYSTEM(T(TAG) "," T("a") "," T(TAG)), SYSTEM(T("a")), NAME },
		{ ANTHROPIC, SYSTEM(T(TAG)), SYSTEM(""), NAME },
		{ ANTHROPIC, SYSTEM(T(TAG) ", " T(TAG)), SYSTEM(""), NAME },
		{ ANTHROPIC, BODY(USER("[" T(TAG) ",{\"type\":\"image\"}]")),
			BODY(USER("[{\"type\":\"image\"}]")), NAME },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

static void what_is_none(void **state)
{
	static const struct row rows[] = {
		{ ANTHROPIC, "{\"system\":\"" OPEN "a,b\"," SAID "}", NULL, NULL },
		{ ANTHROPIC, "{\"system\":\"a,b" CLOSE "\"," SAID "}", NULL, NULL },
		{ ANTHROPIC, "{\"system\":\"<CCR-SUBAGENT-MODEL a,b" CLOSE "\"," SAID "}", NULL,
			NULL },
		{ ANTHROPIC,
			"{\"system\":\"<ccr-subagent-model>a,b</ccr-subagent-model>\"," SAID "}",
			NULL, NULL },
		{ ANTHROPIC, "{\"system\":\"" OPEN "a,<b" CLOSE "\"," SAID "}", NULL, NULL },
		{ ANTHROPIC, "{\"system\":\"" OPEN "a,\\u0000b" CLOSE "\"," SAID "}", NULL, NULL },
		{ ANTHROPIC, "{\"system\":\"CCR-SUBAGENT-MODEL\\", NULL, NULL },
		{ ANTHROPIC, "{\"system\":{\"text\":\"" TAG "\"}," SAID "}", NULL, NULL },
		{ ANTHROPIC, "{\"system\":[\"" TAG "\"]," SAID "}", NULL, NULL },
		{ ANTHROPIC, "{\"messages\":{\"role\":\"user\",\"content\":\"" TAG "\"}}", NULL,
			NULL },
		{ ANTHROPIC, "{\"messages\":[\"" TAG "\"]}", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tags t;
		assert_false(tags_find(&t, str_from(rows[i].body)));
	}
	/* The first one has no end, and does not hide the second. */
	check(ANTHROPIC, STR("{\"system\":\"" OPEN " " TAG "\"," SAID "}"),
		"{\"system\":\"" OPEN " \"," SAID "}", NAME, __LINE__);
}

/* Far down in a text it is not looked for, whichever look it is; far down in a body it is. */
static void far_away(void **state)
{
	struct buf b;

	for (size_t n = TAG_NEAR_BYTES - 100; n < TAG_NEAR_BYTES + 100; n++) {
		struct tags t;
		struct arena *a = arena_new();
		buf_init(&b, SIZE_MAX);
		buf_add(&b, STR("{\"system\":\""));
		for (size_t i = 0; i < n; i++)
			buf_add_char(&b, '\'');
		buf_add(&b, STR(" " TAG "\"," SAID "}"));
		bool quick = looks_tagged(ANTHROPIC, buf_str(&b), a),
		     found = tags_find(&t, buf_str(&b));
		assert_true(quick || !found);
		assert_int_equal(found, n + 1 + strlen(TAG) <= TAG_NEAR_BYTES);
		buf_release(&b);
		arena_free(a);
	}
	buf_init(&b, SIZE_MAX);
	buf_add(&b, STR("{\"messages\":[{\"role\":\"user\",\"content\":[" T("a") "," T("")));
	b.n -= 2;
	for (size_t i = 0; i < 200000; i++)
		buf_add_char(&b, 'x');
	buf_add(&b, STR("\"}," T(TAG "b") "]}]}"));
	struct arena *a = arena_new();
	struct tags t;
	assert_true(looks_tagged(ANTHROPIC, buf_str(&b), a));
	assert_true(tags_find(&t, buf_str(&b)));
	assert_int_equal(t.n, 1);
	buf_release(&b);
	arena_free(a);
}

/* More than anybody would write: some stay, none is cut in two. */
static void very_many(void **state)
{
	struct buf b, left;
	struct tags t;

	buf_init(&b, SIZE_MAX);
	buf_init(&left, SIZE_MAX);
	buf_add(&b, STR("{\"system\":[" T(TAG)));
	for (int i = 0; i < 40; i++)
		buf_add(&b, STR("," T(TAG TAG "a")));
	buf_add(&b, STR("]}"));
	assert_true(tags_find(&t, buf_str(&b)));
	assert_int_equal(t.n, TAG_CUTS_MAX);
	json_splice(&left, buf_str(&b), t.cuts, t.n);
	assert_int_equal(left.n, b.n - strlen(T(TAG) ",") - (TAG_CUTS_MAX - 1) * strlen(TAG));
	buf_release(&b);
	buf_release(&left);
}

/* Any beginning, and any body with one byte changed: cuts are in order and within, and what is left is still JSON. */
static void hostile(void **state)
{
	static const char whole[] = "{\"system\":[" T("bill") "," T(TAG "x " OPEN "a" CLOSE) "," T(
		TAG) "],\"messages\":[" USER("[" T(TAG) "," T(U_OPEN
		"\\u0061,b" U_CLOSE) "]") "," USER("\"" REMIND(TAG) "\\n" TAG
								    "\"") "," ASSISTANT("\"" TAG
											"\"") "]}";
	static const char odd[] = "\"\\<>/u{}[],:\0 n\x80";
	char copy[sizeof(whole)];
	struct arena *a = arena_new();
	struct buf left;

	buf_init(&left, SIZE_MAX);
	for (size_t n = 0; n < sizeof(whole); n++)
		for (size_t k = 0; k < sizeof(odd); k++) {
			struct json_iter it;
			struct json_member m;
			struct err e = { 0 };
			struct tags t;
			memcpy(copy, whole, sizeof(whole));
			copy[n] = odd[k];
			const struct str body = { copy, k == 0 ? n : sizeof(whole) - 1 };
			char *exact = malloc(body.n + (body.n == 0)); /* for the sanitizer */
			assert_non_null(exact);
			memcpy(exact, body.p, body.n);
			if (tags_find(&t, (struct str){ exact, body.n })) {
				buf_clear(&left);
				json_splice(&left, (struct str){ exact, body.n }, t.cuts, t.n);
				assert_true(json_iter_init(&it, buf_str(&left), &e));
				while (json_next(&it, &m, &e))
					;
				assert_int_equal(e.kind, ERR_NONE);
				(void)json_unescape(t.name, a);
			}
			free(exact);
		}
	buf_release(&left);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_system_prompt),
		cmocka_unit_test(before_the_first_answer),
		cmocka_unit_test(reminders),
		cmocka_unit_test(escapes),
		cmocka_unit_test(several),
		cmocka_unit_test(blocks_that_hold_nothing_else),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(far_away),
		cmocka_unit_test(very_many),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
