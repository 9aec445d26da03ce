/* SPDX-License-Identifier: MIT */
/* JSON as byte ranges, case by case. test_json_property.c has the generated ones. */
#include "unit/base/check.h"

#include "wire/json.h"

#include <stdio.h>

/* The members as "key=value;", then "!" when the walk ends with an error. */
static void list_members(struct buf *out, struct str text, bool array)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	buf_clear(out);
	if (!(array ? json_iter_init_array : json_iter_init)(&it, text, &e)) {
		buf_add(out, STR("none!"));
		assert_int_equal(e.kind, ERR_INVALID);
		return;
	}
	while (json_next(&it, &m, &e)) {
		buf_add(out, m.key);
		buf_add_char(out, '=');
		buf_add(out, m.value);
		buf_add_char(out, ';');
	}
	if (e.kind != ERR_NONE)
		buf_add_char(out, '!');
	assert_int_equal(e.kind == ERR_NONE, e.text[0] == '\0');
	struct err again = { 0 };
	assert_false(json_next(&it, &m, &again));
	assert_int_equal(again.kind, ERR_NONE);
}

struct row {
	struct str text, want;
};

static void check_rows_of(const struct row *rows, size_t n, bool array)
{
	struct buf out;

	buf_init(&out, 10000);
	for (size_t i = 0; i < n; i++) {
		list_members(&out, rows[i].text, array);
		if (!str_eq(buf_str(&out), rows[i].want))
			print_error("of %.*s\n", STR_ARG(rows[i].text));
		assert_str(buf_str(&out), rows[i].want);
	}
	buf_release(&out);
}

static void check_rows(const struct row *rows, size_t n)
{
	check_rows_of(rows, n, false);
}

#define ROW(text, want) \
	{ \
		{ text, sizeof(text) - 1 }, \
		{ \
			want, sizeof(want) - 1 \
		} \
	}

static void walks(void **state)
{
	static const struct row rows[] = {
		ROW("{}", ""),
		ROW(" \t\r\n{ \t\r\n} \t\r\n", ""),
		ROW("\xEF\xBB\xBF {\"a\":1}", "a=1;"),
		ROW("{\"a\":1}", "a=1;"),
		ROW("{ \"a\" : 1 , \"b\"\n:\r\"x\"\t}", "a=1;b=\"x\";"),
		ROW("{\"a\":1,\"a\":2}", "a=1;a=2;"),
		ROW("{\"\":\"\"}", "=\"\";"),
		ROW("{\"a\\\"b\":\"c\\\\\"}", "a\\\"b=\"c\\\\\";"),
		ROW("{\"a\":[1,{\"b\":\"]}\"},[]],\"c\":{}}", "a=[1,{\"b\":\"]}\"},[]];c={};"),
		ROW("{\"a\":-1.5e+10,\"b\":true,\"c\":null}", "a=-1.5e+10;b=true;c=null;"),
		/* Not judged: numbers, words, escapes, control characters, UTF-8, commas further
		 * down. */
		ROW("{\"a\":007,\"b\":nope,\"c\":\"\\q\x01\xFF\"}",
			"a=007;b=nope;c=\"\\q\x01\xFF\";"),
		ROW("{\"a\":[1 2,,:]}", "a=[1 2,,:];"),
		ROW("{\"a\0\":\"\0\"}", "a\0=\"\0\";"),
	};

	check_rows(rows, ARRAY_LEN(rows));
}

static void refuses(void **state)
{
	static const struct row rows[] = {
		ROW("", "none!"),
		ROW(" ", "none!"),
		ROW("[]", "none!"),
		ROW("\"a\"", "none!"),
		ROW("1", "none!"),
		ROW("\0{}", "none!"),
		ROW("\xEF\xBB{}", "none!"),
		ROW(" \xEF\xBB\xBF{}", "none!"),
		ROW("\xEF\xBB\xBF\xEF\xBB\xBF{}", "none!"),
		ROW("{", "!"),
		ROW("{\"", "!"),
		ROW("{\"a\\\"", "!"),
		ROW("{\"a\"", "!"),
		ROW("{\"a\":", "!"),
		ROW("{\"a\":1", "a=1;!"),
		ROW("{\"a\":}", "!"),
		ROW("{\"a\" 1}", "!"),
		ROW("{\"a\"=1}", "!"),
		ROW("{\"a\":1,}", "a=1;!"),
		ROW("{,}", "!"),
		ROW("{,\"a\":1}", "!"),
		ROW("{\"a\":1 \"b\":2}", "a=1;!"),
		ROW("{\"a\":1,,\"b\":2}", "a=1;!"),
		ROW("{a:1}", "!"),
		ROW("{'a':1}", "!"),
		ROW("{\"a\":1]", "a=1;!"),
		ROW("{\"a\":[}", "!"),
		ROW("{\"a\":[}]}", "!"),
		ROW("{\"a\":{\"b\":[1}]}", "!"),
		ROW("{\"a\":\"x}", "!"),
		ROW("{\"a\":\"x\\\"}", "!"),
		ROW("{\"a\":[\"x]}", "!"),
		ROW("{\"a\":1}}", "a=1;!"),
		ROW("{\"a\":1}{}", "a=1;!"),
		ROW("{\"a\":1},", "a=1;!"),
		ROW("{} \0", "!"),
		ROW("{}\xEF\xBB\xBF", "!"),
		ROW("{\"a\":1}//", "a=1;!"),
		ROW("{/**/\"a\":1}", "!"),
		ROW("{\"a\":1\"b\":2}", "a=1;!"),
		ROW("{\"a\":1\"\"b\":2}", "a=1;!"),
		ROW("{\"a\":1[]}", "a=1;!"),
		ROW("{\"a\":tru\0e}", "a=tru;!"),
		ROW("{\"a\":\"x\"\"y\"}", "a=\"x\";!"),
	};

	check_rows(rows, ARRAY_LEN(rows));
}

static void says_where(void **state)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	assert_false(json_iter_init(&it, STR("  x"), &e));
	assert_string_equal(e.text, "json: no object at byte 2");
	e = (struct err){ 0 };
	assert_true(json_iter_init(&it, STR("{\"a\":[1,{]]}"), &e));
	assert_false(json_next(&it, &m, &e));
	assert_string_equal(e.text, "json: unbalanced or too deep brackets at byte 9");
	e = (struct err){ 0 };
	assert_true(json_iter_init(&it, STR("{} x"), &e));
	assert_false(json_next(&it, &m, &e));
	assert_string_equal(e.text, "json: something behind the object at byte 3");
}

/* {"a":[[…]]} with `depth` brackets in all. */
static void nested(struct buf *out, unsigned depth, char open, char close)
{
	buf_clear(out);
	buf_add(out, STR("{\"a\":"));
	for (unsigned i = 1; i < depth; i++)
		buf_add_char(out, open);
	for (unsigned i = 1; i < depth; i++)
		buf_add_char(out, close);
	buf_add_char(out, '}');
}

static void depth(void **state)
{
	struct buf text, out;

	buf_init(&text, 10000);
	buf_init(&out, 10000);
	for (unsigned d = 2; d < 300; d++) {
		nested(&text, d, '[', ']');
		list_members(&out, buf_str(&text), false);
		assert_int_equal(str_ends(buf_str(&out), STR("!")), d > JSON_DEPTH_MAX);
		nested(&text, d, '{', '}');
		list_members(&out, buf_str(&text), false);
		assert_int_equal(str_ends(buf_str(&out), STR("!")), d > JSON_DEPTH_MAX);
		nested(&text, d, '[', '}');
		list_members(&out, buf_str(&text), false);
		assert_bytes(buf_str(&out), "!");
	}
	buf_release(&text);
	buf_release(&out);
}

/* The kind of each open bracket is remembered, at every depth. */
static void bracket_kinds(void **state)
{
	struct buf text, out;

	buf_init(&text, 1000);
	buf_init(&out, 1000);
	for (unsigned wrong = 0; wrong < JSON_DEPTH_MAX; wrong++) {
		buf_clear(&text);
		buf_add(&text, STR("{\"a\":"));
		for (unsigned i = 1; i < JSON_DEPTH_MAX; i++)
			buf_add_char(&text, i % 3 != 0 ? '[' : '{');
		for (unsigned i = JSON_DEPTH_MAX; --i > 0;)
			buf_add_char(&text, (i % 3 != 0) != (i == wrong) ? ']' : '}');
		buf_add_char(&text, '}');
		list_members(&out, buf_str(&text), false);
		assert_int_equal(str_ends(buf_str(&out), STR("!")), wrong != 0);
	}
	buf_release(&text);
	buf_release(&out);
}

static void keys(void **state)
{
	assert_true(json_key_is(STR("model"), STR("model")));
	assert_true(json_key_is(STR("\\u006dodel"), STR("model")));
	assert_true(json_key_is(STR("mode\\u006C"), STR("model")));
	assert_true(json_key_is(STR("a\\/\\\"\\\\\\b\\f\\n\\r\\t"), STR("a/\"\\\b\f\n\r\t")));
	assert_true(json_key_is(STR("\\u20ac\\ud83d\\ude00"), STR("\xE2\x82\xAC\xF0\x9F\x98\x80")));
	assert_true(json_key_is(STR("\\ud83dx"), STR("\xEF\xBF\xBDx")));
	assert_true(json_key_is(STR("\\ude00"), STR("\xEF\xBF\xBD")));
	assert_true(json_key_is(STR("\\u0000"), STR("\0")));
	assert_true(json_key_is(STR(""), STR("")));
	assert_true(json_key_is(STR(""), (struct str){ NULL, 0 }));
	assert_false(json_key_is(STR("model"), STR("Model")));
	assert_false(json_key_is(STR("model"), STR("mode")));
	assert_false(json_key_is(STR("mode"), STR("model")));
	assert_false(json_key_is(STR("mode\\u006c"), STR("mode")));
	assert_false(json_key_is(STR("mode\\u006c"), STR("models")));
	assert_false(json_key_is(STR(""), STR("a")));
	assert_false(json_key_is(STR("a"), STR("")));
	assert_false(json_key_is(STR("\\u0061"), STR("\\u0061")));
	/* What is no escape stands for itself. */
	assert_true(json_key_is(STR("\\u00zz"), STR("\\u00zz")));
	assert_true(json_key_is(STR("\\q"), STR("\\q")));
	assert_true(json_key_is(STR("a\\"), STR("a\\")));
}

static void gets(void **state)
{
	const struct str obj = STR("{\"model\":\"a\",\"n\":{\"model\":\"x\"},\"\\u006dodel\":\"b\","
				   "\"s\":null}");

	assert_bytes(json_get(obj, STR("model")), "\"b\"");
	assert_bytes(json_get(obj, STR("n")), "{\"model\":\"x\"}");
	assert_bytes(json_get(json_get(obj, STR("n")), STR("model")), "\"x\"");
	assert_bytes(json_get(obj, STR("s")), "null");
	assert_absent(json_get(obj, STR("x")));
	assert_absent(json_get(obj, STR("")));
	assert_absent(json_get(STR("[1]"), STR("model")));
	assert_absent(json_get((struct str){ NULL, 0 }, STR("model")));
	assert_absent(json_get(STR("null"), STR("model")));
	/* Broken behind what was asked for: no object at all. */
	assert_absent(json_get(STR("{\"model\":\"a\""), STR("model")));
	assert_absent(json_get(STR("{\"model\":\"a\"}x"), STR("model")));
}

static void strings(void **state)
{
	struct arena *a = arena_new();
	const struct str plain = STR("\"a b\xC3\xA9\"");

	assert_ptr_equal(json_string(plain, a).p, plain.p + 1);
	assert_bytes(json_string(plain, a), "a b\xC3\xA9");
	assert_bytes(json_string(STR("\"\""), a), "");
	assert_non_null(json_string(STR("\"\""), a).p);
	assert_bytes(json_string(STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), a), "\"\\/\b\f\n\r\t");
	assert_bytes(json_string(STR("\"x\\u0041\\u00e9\\u20AC\\uFFFFy\""), a),
		"xA\xC3\xA9\xE2\x82\xAC\xEF\xBF\xBFy");
	assert_bytes(json_string(STR("\"\\u0000\\u007f\\u0080\\u07ff\\u0800\""), a),
		"\0\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80");
	assert_bytes(json_string(STR("\"\\ud83d\\ude00\\uD800\\uDC00\\uDBFF\\uDFFF\""), a),
		"\xF0\x9F\x98\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
	assert_bytes(json_string(STR("\"\\ud83d\\ud83d\\ude00\\ude00.\""), a),
		"\xEF\xBF\xBD\xF0\x9F\x98\x80\xEF\xBF\xBD.");
	assert_bytes(json_string(STR("\"\\ud83d\\u0041\""), a), "\xEF\xBF\xBD"
								"A");
	assert_bytes(json_string(STR("\"\\ud83d\""), a), "\xEF\xBF\xBD");
	/* What is no escape stands for itself. */
	assert_bytes(json_string(STR("\"\\q\\u12\\u12g4\\U0041\""), a), "\\q\\u12\\u12g4\\U0041");
	assert_absent(json_string(STR("1"), a));
	assert_absent(json_string(STR("null"), a));
	assert_absent(json_string(STR("[\"a\"]"), a));
	assert_absent(json_string(STR("\""), a));
	assert_absent(json_string(STR(""), a));
	assert_absent(json_string((struct str){ NULL, 0 }, a));
	arena_free(a);
}

static void numbers(void **state)
{
	static const char *const bad[] = { "", "-1", "-0", "01", "00", "1.0", "1e3", "\"1\"",
		"null", "18446744073709551616", "1e400", " 1", "+1" };
	uint64_t v;

	assert_true(json_u64(STR("0"), &v));
	assert_int_equal(v, 0);
	assert_true(json_u64(STR("18446744073709551615"), &v));
	assert_true(v == UINT64_MAX);
	assert_true(json_u64(STR("100"), &v));
	assert_int_equal(v, 100);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(json_u64(str_from(bad[i]), &v));
	assert_int_equal(v, 100);
	assert_true(json_is_true(STR("true")));
	assert_false(json_is_true(STR("false")));
	assert_false(json_is_true(STR("\"true\"")));
	assert_false(json_is_true(STR("True")));
	assert_false(json_is_true((struct str){ NULL, 0 }));
}

static void splices(void **state)
{
	const struct str text = STR("0123456789");
	const struct json_splice s[] = {
		{ 0, 0, { "<", 1 } }, /* insertion at the start */
		{ 0, 2, { "ab", 2 } },
		{ 2, 1, { NULL, 0 } }, /* deletion, right behind */
		{ 5, 0, { "+", 1 } },
		{ 5, 0, { "+", 1 } },
		{ 9, 1, { "long text", 9 } },
		{ 10, 0, { ">", 1 } },
	};
	struct buf out;

	buf_init(&out, 1000);
	json_splice(&out, text, NULL, 0);
	assert_str(buf_str(&out), text);
	json_splice(&out, (struct str){ NULL, 0 }, NULL, 0);
	assert_str(buf_str(&out), text);
	buf_clear(&out);
	json_splice(&out, text, s, ARRAY_LEN(s));
	assert_bytes(buf_str(&out), "<ab34++5678long text>");
	buf_release(&out);
	/* Over the ceiling the buffer says so. */
	buf_init(&out, 12);
	json_splice(&out, text, s, ARRAY_LEN(s));
	assert_true(out.overflow);
	buf_release(&out);
}

static void check_added(struct str s, struct str want)
{
	struct buf out;

	buf_init(&out, 1000);
	json_add_string(&out, s);
	assert_str(buf_str(&out), want);
	buf_release(&out);
}

static void adds_strings(void **state)
{
	check_added((struct str){ NULL, 0 }, STR("\"\""));
	check_added(STR("plain text, long enough for whole words"),
		STR("\"plain text, long enough for whole words\""));
	check_added(STR("\"\\/\b\f\n\r\t"), STR("\"\\\"\\\\/\\b\\f\\n\\r\\t\""));
	check_added(STR("\0\x01\x1F\x7F"), STR("\"\\u0000\\u0001\\u001f\x7F\""));
	check_added(STR("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBB\xBF\xE2\x80\xA8"),
		STR("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBB\xBF\xE2\x80\xA8\""));
	/* One U+FFFD for each piece that could have begun a character. */
	check_added(STR("\x80"), STR("\"\xEF\xBF\xBD\""));
	check_added(STR("a\xFFz"), STR("\"a\xEF\xBF\xBDz\""));
	check_added(STR("\xF0\x9F\x98"), STR("\"\xEF\xBF\xBD\""));
	check_added(STR("\xF0\x9F\x98\""), STR("\"\xEF\xBF\xBD\\\"\""));
	check_added(STR("\xC0\x80"), STR("\"\xEF\xBF\xBD\xEF\xBF\xBD\""));
	check_added(STR("\xE0\x9F"), STR("\"\xEF\xBF\xBD\xEF\xBF\xBD\""));
	check_added(STR("\xED\xA0\x80"), STR("\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""));
	check_added(STR("\xF4\x90"), STR("\"\xEF\xBF\xBD\xEF\xBF\xBD\""));
	check_added(STR("\xE2\x82\xC3\xA9"), STR("\"\xEF\xBF\xBD\xC3\xA9\""));
}

/* What one byte by itself becomes inside a string. */
static struct str escaped_byte(unsigned c, char room[8])
{
	static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	size_t i = str_find_char(STR(special), (char)c);

	if (i < ARRAY_LEN(special) - 1)
		return (struct str){ room, (size_t)snprintf(room, 8, "\\%c", letters[i]) };
	if (c < 0x20)
		return (struct str){ room, (size_t)snprintf(room, 8, "\\u%04x", c) };
	if (c >= 0x80)
		return STR("\xEF\xBF\xBD");
	room[0] = (char)c;
	return (struct str){ room, 1 };
}

/* Each byte at each place of two words of eight, among bytes that differ much from each other. */
static void adds_each_byte(void **state)
{
	static const char *const among[] = { "abcdefghijklmnop", "0123456789:;<=>?",
		"                " };
	struct buf want;

	buf_init(&want, 100);
	for (unsigned c = 0; c < 256; c++) {
		for (size_t i = 0; i < 16 * ARRAY_LEN(among); i++) {
			char text[16], room[8];
			size_t at = i % 16;
			memcpy(text, among[i / 16], 16);
			buf_clear(&want);
			buf_add_char(&want, '"');
			buf_add(&want, (struct str){ text, at });
			buf_add(&want, escaped_byte(c, room));
			buf_add(&want, (struct str){ text + at + 1, 15 - at });
			buf_add_char(&want, '"');
			text[at] = (char)c;
			check_added((struct str){ text, 16 }, buf_str(&want));
		}
	}
	buf_release(&want);
}

static void check_fixed(const char *text, const char *want, size_t count)
{
	char copy[100];

	snprintf(copy, sizeof(copy), "%s", text);
	assert_int_equal(json_fix_surrogates(copy, strlen(copy)), count);
	assert_string_equal(copy, want);
}

static void fixes_surrogates(void **state)
{
	check_fixed("", "", 0);
	check_fixed("{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"\\ud83d\\ude00\"}", 0);
	check_fixed("{\"a\":\"\\ud83d\"}", "{\"a\":\"\\ufffd\"}", 1);
	check_fixed("\\uD83D", "\\ufffd", 1);
	check_fixed("\\uDE00\\uD83D", "\\ufffd\\ufffd", 2);
	check_fixed("\\ud83d\\ud83d\\ude00\\ude00", "\\ufffd\\ud83d\\ude00\\ufffd", 2);
	check_fixed("\\ud83d \\ude00", "\\ufffd \\ufffd", 2);
	check_fixed("\\\\ud83d", "\\\\ud83d", 0);
	check_fixed("\\\\\\ud83d", "\\\\\\ufffd", 1);
	check_fixed("\\ud83d\\\\ude00", "\\ufffd\\\\ude00", 1);
	check_fixed("\\ud7ff\\ue000", "\\ud7ff\\ue000", 0);
	check_fixed("\\ud83", "\\ud83", 0);
	check_fixed("\\ud83g", "\\ud83g", 0);
	check_fixed("\\Ud83d", "\\Ud83d", 0);
}

static void arrays(void **state)
{
	static const struct row rows[] = {
		ROW("[]", ""),
		ROW("[ 1 , \"a]\" ,{\"b\":[2]},[ ] ]", "=1;=\"a]\";={\"b\":[2]};=[ ];"),
		ROW("[1 2]", "=1;!"),
		ROW("[1,]", "=1;!"),
		ROW("[1}", "=1;!"),
		ROW("[1] x", "=1;!"),
	};
	struct json_iter it;
	struct err e = { 0 };

	check_rows_of(rows, ARRAY_LEN(rows), true);
	assert_false(json_iter_init_array(&it, STR("{}"), &e));
	assert_string_equal(e.text, "json: no array at byte 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrays),
		cmocka_unit_test(walks),
		cmocka_unit_test(refuses),
		cmocka_unit_test(says_where),
		cmocka_unit_test(depth),
		cmocka_unit_test(bracket_kinds),
		cmocka_unit_test(keys),
		cmocka_unit_test(gets),
		cmocka_unit_test(strings),
		cmocka_unit_test(numbers),
		cmocka_unit_test(splices),
		cmocka_unit_test(adds_strings),
		cmocka_unit_test(adds_each_byte),
		cmocka_unit_test(fixes_surrogates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
