/* SPDX-License-Identifier: MIT */
/* What remains of a prompt when what clients have put in and what was pasted has left. */
#include "unit/base/check.h"

#include "text/words.h"

#include <stdlib.h>

static int set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static struct prompt_words words(void **state, struct str escaped)
{
	struct prompt_words w;

	words_of(escaped, *state, &w);
	return w;
}

#define assert_words(escaped, want) assert_bytes(words(state, STR(escaped)).text, want)

static void escapes_are_undone(void **state)
{
	assert_words("a \\\"b\\\"\\tc\\/d\\\\", "a \"b\"\tc/d\\\n");
	assert_words("one\\ntwo", "one\ntwo\n");
	assert_words("\\u0434\\u0430 \\ud83d\\ude00", "да \xF0\x9F\x98\x80\n");
	/* What JSON or UTF-8 forbids becomes a space, or what it looks like. */
	assert_words("a\\ud83dx\\u12", "a x 12\n");
	assert_words("a\\qb\\", "aqb \n");
	assert_words("a\xFF\xC3(\xED\xA0\x80z\xF4\x90\x80\x80", "a  (   z    \n");
	assert_words("a\x01\\u0000b", "a  b\n");
	assert_int_equal(words(state, STR("")).text.n, 0);
}

static void elements_of_clients_leave(void **state)
{
	struct prompt_words w = words(state,
		STR("<system-reminder>\\nDesign a platform.\\n</system-reminder>\\nhi <ide_selection>x</ide_selection>"));

	assert_bytes(w.text, "\nhi \n");
	assert_int_equal(w.injected, 2);
	assert_words("<local-command-stdout>a</local-command-stdout>b", "b\n");
	assert_words("<environment_context x=\\\"1\\\">a</environment_context>b", "b\n");
	/* The user's own are kept, without their tags. */
	assert_words("<user_query>\\nfix it\\n</user_query>", "\nfix it\n\n");
	assert_words("<command-name>/review</command-name><command-args>the parser</command-args>",
		"the parser\n");
	/* Neither elements of HTML nor comparisons. */
	assert_words("make <b>this</b> bold if a < b", "make <b>this</b> bold if a < b\n");
	/* One that has no end is a word in a sentence. */
	assert_words("what does <system-reminder> mean", "what does  mean\n");
}

static void fences_leave(void **state)
{
	struct prompt_words w =
		words(state, STR("why?\\n```c\\nint design;\\nint b;\\n```\\nthanks\\n~~~\\nx"));

	assert_bytes(w.text, "why?\nthanks\n");
	assert_int_equal(w.code_blocks, 2);
	assert_int_equal(w.code_lines, 3);
	assert_words("say ```x``` here", "say ```x``` here\n");
	assert_words("```x``` is what?", "```x``` is what?\n");
}

static void code_without_fences_leaves(void **state)
{
	struct prompt_words w = words(state, STR("fix this\\nif (x) {\\n  y(1, 2);\\n}\\nplease"));

	assert_bytes(w.text, "fix this\nplease\n");
	assert_int_equal(w.code_lines, 3);
	assert_int_equal(w.code_blocks, 1);
	w = words(state, STR("see\\n    first thing\\n    second thing\\n    third thing\\nend"));
	assert_bytes(w.text, "see\nend\n");
	/* Lists may be indented, and a line or two may be. */
	assert_words("do\\n    - one\\n    - two\\n    - three",
		"do\n    - one\n    - two\n    - three\n");
	assert_words("do\\n    one\\nend", "do\n    one\nend\n");
	assert_words("Rename foo() to bar();", "Rename foo() to bar();\n");
}

static void traces_logs_and_diffs_leave(void **state)
{
	struct prompt_words w = words(state,
		STR("help\\nTraceback (most recent call last):\\n  File \\\"a.py\\\", line 1, in f\\n    g()\\nValueError: bad"));

	assert_bytes(w.text, "help\nValueError: bad\n");
	assert_int_equal(w.trace_lines, 3);
	w = words(state,
		STR("so\\n    at foo (a.js:3:5)\\n    at bar (b.js:9:1)\\nlook at least here: (now)"));
	assert_bytes(w.text, "so\nlook at least here: (now)\n");
	assert_int_equal(w.trace_lines, 2);
	w = words(state,
		STR("x\\n2026-03-02 10:11:12 ERROR design\\n[12:30:59] up\\nsrc/main.c:12:5: error: y\\n  12 | z\\n   |  ^"));
	assert_bytes(w.text, "x\n");
	assert_int_equal(w.log_lines, 5);
	w = words(state,
		STR("why\\ndiff --git a/x b/x\\n@@ -1,2 +1,2 @@\\n-old\\n+new\\n same\\nok"));
	assert_bytes(w.text, "why\nok\n");
	assert_int_equal(w.diff_lines, 5);
}

/* However long, only the beginning and the end are looked at. */
static void long_prompts_are_bounded(void **state)
{
	size_t n = 1 << 20;
	char *p = malloc(n);
	struct prompt_words w;

	assert_non_null(p);
	memset(p, 'x', n);
	memcpy(p, "begin ", 6);
	memcpy(p + n - 4, " end", 4);
	w = words(state, (struct str){ p, n });
	assert_int_equal(w.bytes, n);
	assert_true(w.text.n <= (size_t)2 * WORDS_PIECE_BYTES + 2);
	assert_true(str_starts(w.text, STR("begin ")));
	assert_true(str_ends(w.text, STR(" end\n")));
	/* An element that goes from one piece into the other leaves whole. */
	memcpy(p + 6, "<system-reminder> ", 18);
	memcpy(p + n - 26, " </system-reminder> go on ", 26);
	w = words(state, (struct str){ p, n });
	assert_bytes(w.text, "begin \n go on \n");
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(escapes_are_undone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(elements_of_clients_leave, set_up, tear_down),
		cmocka_unit_test_setup_teardown(fences_leave, set_up, tear_down),
		cmocka_unit_test_setup_teardown(code_without_fences_leaves, set_up, tear_down),
		cmocka_unit_test_setup_teardown(traces_logs_and_diffs_leave, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_prompts_are_bounded, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
