/* SPDX-License-Identifier: MIT */
/* Values on their way from one document into another, and what counts as a value. */
#include "unit/base/check.h"

#include "wire/json_text.h"

#include <stdlib.h>

static struct buf out;

static int set_up(void **state)
{
	*state = arena_new();
	buf_init(&out, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	buf_release(&out);
	return 0;
}

/* A copy of exactly those bytes, so that the sanitizer sees a read beyond them. */
static struct str exact(struct str s, void **state)
{
	char *p = arena_alloc(*state, s.n);

	memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

static void inner_of_strings_only(void **state)
{
	assert_bytes(json_inner(STR("\"a\\n\"")), "a\\n");
	assert_bytes(json_inner(STR("\"\"")), "");
	assert_non_null(json_inner(STR("\"\"")).p);
	assert_absent(json_inner(STR("12")));
	assert_absent(json_inner(STR("\"")));
	assert_absent(json_inner(STR("")));
	assert_true(json_is_null(STR("null")));
	assert_false(json_is_null(STR("\"null\"")));
}

static void escaping_and_back(void **state)
{
	static const char text[] = "a \"b\"\\\n\x01\xC3\xA9";
	struct str plain = STR("nothing to do \xC3\xA9");
	struct str escaped = json_escape(STR(text), *state);

	assert_bytes(escaped, "a \\\"b\\\"\\\\\\n\\u0001\xC3\xA9");
	assert_bytes(json_unescape(escaped, *state), text);
	assert_ptr_equal(json_escape(plain, *state).p, plain.p);
	assert_ptr_equal(json_unescape(plain, *state).p, plain.p);
	assert_bytes(
		json_unescape(STR("\\ud83d\\ude00 \\q \\"), *state), "\xF0\x9F\x98\x80 \\q \\");
}

/* A line feed in a string, which JSON forbids, must not end a line of an event stream. */
static void quoted_has_no_control_characters(void **state)
{
	json_add_quoted(&out, STR("a\\n\\\"b"));
	assert_bytes(buf_str(&out), "\"a\\n\\\"b\"");
	buf_clear(&out);
	json_add_quoted(&out, STR("0123456789\n\ndata: x\r\x1F"));
	assert_bytes(buf_str(&out), "\"0123456789\\u000a\\u000adata: x\\u000d\\u001f\"");
	buf_clear(&out);
	json_add_quoted(&out, STR(""));
	assert_bytes(buf_str(&out), "\"\"");
}

/* Nor a backslash that begins no escape. */
static void quoted_has_no_broken_escapes(void **state)
{
	static const char *const rows[][2] = {
		{ "\\u00e9 \\ud83d \\/ \\\\", "\\u00e9 \\ud83d \\/ \\\\" },
		{ "\\uDr", "\\\\uDr" },
		{ "0123456\\q\\n", "0123456\\\\q\\n" },
		{ "\\u12", "\\\\u12" },
		{ "\\\\\\", "\\\\\\\\" },
		{ "\\\n", "\\\\\\u000a" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&out);
		json_add_inner(&out, str_from(rows[i][0]));
		assert_str(buf_str(&out), str_from(rows[i][1]));
	}
}

static const struct {
	struct str raw, compact, escaped;
} compacts[] = {
#define ROW(a, b, c) \
	{ \
		STR_INIT(a), STR_INIT(b), STR_INIT(c) \
	}
	ROW("{}", "{}", "{}"),
	ROW(" 1.50 ", "1.50", "1.50"),
	ROW("{ \"a\" : [ 1 , 1e400,\n\t\"x y\" ] }\r\n", "{\"a\":[1,1e400,\"x y\"]}",
		"{\\\"a\\\":[1,1e400,\\\"x y\\\"]}"),
	ROW("[\"a\\\"b\\\\\", \"\\\\\\\" \" ]", "[\"a\\\"b\\\\\",\"\\\\\\\" \"]",
		"[\\\"a\\\\\\\"b\\\\\\\\\\\",\\\"\\\\\\\\\\\\\\\" \\\"]"),
	ROW("[\"a\nb\"]", "[\"a\\u000ab\"]", "[\\\"a\\\\u000ab\\\"]"),
	ROW("\"\\ud83d\"", "\"\\ud83d\"", "\\\"\\\\ud83d\\\""),
	ROW("\"\xC3\xA9\xF0\x9F\x98\x80\"", "\"\xC3\xA9\xF0\x9F\x98\x80\"",
		"\\\"\xC3\xA9\xF0\x9F\x98\x80\\\""),
	ROW("", "", ""),
};

static void compact_both_ways(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(compacts); i++) {
		struct str raw = exact(compacts[i].raw, state);
		buf_clear(&out);
		json_add_compact(&out, raw);
		assert_str(buf_str(&out), compacts[i].compact);
		buf_clear(&out);
		json_add_compact_escaped(&out, raw);
		assert_str(buf_str(&out), compacts[i].escaped);
		/* What stands in the string is the compact value. */
		assert_str(json_unescape(buf_str(&out), *state), compacts[i].compact);
	}
}

/* Broken input may come out broken, but is not read beyond its end. */
static void unterminated_strings_end(void **state)
{
	static const struct str broken[] = { STR_INIT("{\"a"), STR_INIT("\""), STR_INIT("{\"a\\"),
		STR_INIT("[\"\\\"") };

	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		json_add_compact(&out, exact(broken[i], state));
		json_add_compact_escaped(&out, exact(broken[i], state));
	}
	assert_false(out.overflow);
}

static const char *const values[] = { "{}", "[]", " { } ", "0", "-0", "-12.50e+7", "1E400", "true",
	"false", "null", "\"\"", "\"a\\u12Fe\\n\\/\"", "\"\\ud800\"",
	"{\"a\":{\"b\":[1,2,{}]},\"a\":null}", "[[],[[]]]", "\r\n\t [ 1 , \"x\" ]", "[\"\x7F\"]" };
static const char *const broken[] = { "", " ", "{", "}", "[", "]", "{]", "[}", "{\"a\"}",
	"{\"a\":}", "{\"a\" 1}", "{a:1}", "{1:1}", "{,}", "{\"a\":1,}", "[1,]", "[,1]", "[1 2]",
	"01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "tru", "truex", "nul", "NaN", "'a'", "\"",
	"\"\\\"", "\"\\x\"", "\"\\u12g4\"", "\"\\u12", "\"a\nb\"", "{} {}", "{}x", "1 2", "[1]]",
	"{\"a\":1}}", "\"\\", "{\"a", "{\"a\"", "{\"a\":", "[1", "\xEF\xBB\xBF{}" };

static void whole_values_only(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (!json_is_value(exact(str_from(values[i]), state)))
			fail_msg("refused: %s", values[i]);
	for (size_t i = 0; i < ARRAY_LEN(broken); i++)
		if (json_is_value(exact(str_from(broken[i]), state)))
			fail_msg("taken: %s", broken[i]);
	assert_false(json_is_value(STR("[\0]")));
	assert_false(json_is_value(STR("1\0")));
	assert_false(json_is_value(STR("\"\\\0\"")));
}

static void objects_only(void **state)
{
	assert_true(json_is_object(STR(" {\"a\":1}\n")));
	assert_false(json_is_object(STR("[1]")));
	assert_false(json_is_object(STR("null")));
	assert_false(json_is_object(STR("")));
	assert_false(json_is_object(STR("{\"a\":1")));
}

static void depth_has_a_bound(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 2];

	for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		text[depth - 1] = '{';
		text[depth] = '}';
		assert_true(json_is_value((struct str){ text, 2 * depth }) ==
			    (depth <= JSON_DEPTH_MAX));
	}
	memset(text, '[', sizeof(text));
	assert_false(json_is_value((struct str){ text, sizeof(text) }));
}

/* Any text that is one value is one still when it is compact, and says the same. */
static void random_values_stay_values(void **state)
{
	static const char bytes[] = "{}[]\",:\\ n0a\n";
	unsigned taken = 0;
	char text[9];

	srand(7);
	for (unsigned i = 0; i < 300000; i++) {
		size_t n = (size_t)rand() % sizeof(text);
		for (size_t k = 0; k < n; k++)
			text[k] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
		struct str raw = { text, n };
		if (!json_is_value(raw))
			continue;
		taken++;
		buf_clear(&out);
		json_add_compact(&out, raw);
		assert_true(json_is_value(buf_str(&out)));
		assert_true(str_find_char(buf_str(&out), '\n') == out.n);
	}
	assert_true(taken > 100);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(inner_of_strings_only),
		TEST(escaping_and_back),
		TEST(quoted_has_no_control_characters),
		TEST(quoted_has_no_broken_escapes),
		TEST(compact_both_ways),
		TEST(unterminated_strings_end),
		TEST(whole_values_only),
		TEST(objects_only),
		TEST(depth_has_a_bound),
		TEST(random_values_stay_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
