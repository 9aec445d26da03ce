/* SPDX-License-Identifier: MIT */
/* Values of settings: what is accepted from text and from JSON, what is said of the rest, and how it is
 * all printed again. */
#include "unit/base/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/settings.h"

struct object {
	bool flag;
	int64_t count;
	size_t size;
	uint64_t wait_ms;
	struct str text, filled, secret, word, url;
	struct str_list list;
	struct str_map map, hidden;
};

#define ROW(field_, type_, path_, fallback_) \
	.path = path_, .type = SETTING_##type_, .offset = offsetof(struct object, field_), \
	.fallback = fallback_, .text = "what it does"

enum { FLAG, COUNT, SIZE, WAIT, TEXT, FILLED, SECRET, WORD, URL, LIST, MAP, HIDDEN };
static const struct setting rows[] = {
	[FLAG] = { ROW(flag, BOOL, "flag", "false") },
	[COUNT] = { ROW(count, INT, "group.count", "7"), .min = -5, .max = 1000000 },
	[SIZE] = { ROW(size, BYTES, "group.size", "64KiB"), .min = 0, .max = 1099511627776 },
	[WAIT] = { ROW(wait_ms, SECONDS, "group.wait_s", "1.5"), .min = 0, .max = 3600 },
	[TEXT] = { ROW(text, STRING, "text", "") },
	[FILLED] = { ROW(filled, STRING, "filled", ""), .flags = SETTING_FILLED },
	[SECRET] = { ROW(secret, SECRET, "secret", "") },
	[WORD] = { ROW(word, ENUM, "word", "red"), .choices = "red|green" },
	[URL] = { ROW(url, STRING, "url", ""), .flags = SETTING_MASKED },
	[LIST] = { ROW(list, STRINGS, "list", "a,b") },
	[MAP] = { ROW(map, STRING_MAP, "map", "") },
	[HIDDEN] = { ROW(hidden, STRING_MAP, "hidden", ""), .flags = SETTING_MASKED },
};
static const struct settings table = { rows, ARRAY_LEN(rows) };

static struct arena *arena;
static struct object object;
static struct buf out;

static int set_up(void **state)
{
	arena = arena_new();
	object = (struct object){ 0 };
	settings_reset(&table, &object, arena);
	buf_init(&out, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(arena);
	buf_release(&out);
	return 0;
}

static void assert_printed(int row, const char *text, const char *json)
{
	buf_clear(&out);
	setting_print(&rows[row], &object, &out);
	assert_str(buf_str(&out), str_from(text));
	buf_clear(&out);
	setting_print_json(&rows[row], &object, &out);
	assert_str(buf_str(&out), str_from(json));
}

static struct setting_value from_text(const char *text)
{
	return (struct setting_value){ .kind = VALUE_TEXT, .text = str_from(text) };
}

static struct setting_value from_json(const char *json)
{
	struct setting_value root;
	struct err e;
	size_t pos;
	char document[8192];

	snprintf(document, sizeof(document), "{\"x\": %s}", json);
	assert_true(setting_read_json(arena, str_from(document), &root, &pos, &e));
	assert_int_equal(root.n, 1);
	return root.members[0].value;
}

static void defaults(void **state)
{
	assert_printed(FLAG, "false", "false");
	assert_printed(COUNT, "7", "7");
	assert_printed(SIZE, "64KiB", "\"64KiB\"");
	assert_printed(WAIT, "1.5", "1.5");
	assert_printed(TEXT, "", "\"\"");
	assert_printed(FILLED, "", "\"\"");
	assert_printed(SECRET, "", "\"\"");
	assert_printed(WORD, "red", "\"red\"");
	assert_printed(LIST, "a,b", "[\"a\", \"b\"]");
	assert_printed(MAP, "", "{}");
	/* Strings end with a NUL, empty ones too. */
	assert_string_equal(object.text.p, "");
	assert_string_equal(object.word.p, "red");
}

static void accepted_texts(void **state)
{
	static const struct {
		int row;
		const char *text, *printed, *json;
	} cases[] = {
		{ FLAG, "true", "true", "true" },
		{ FLAG, " ON ", "true", "true" },
		{ FLAG, "1", "true", "true" },
		{ FLAG, "no", "false", "false" },
		{ COUNT, "-5", "-5", "-5" },
		{ COUNT, " 12 ", "12", "12" },
		{ COUNT, "1e3", "1000", "1000" },
		{ COUNT, "2.50e2", "250", "250" },
		{ SIZE, "0", "0", "0" },
		{ SIZE, "1", "1", "1" },
		{ SIZE, "1000", "1000", "1000" },
		{ SIZE, "1KB", "1000", "1000" },
		{ SIZE, "1kib", "1KiB", "\"1KiB\"" },
		{ SIZE, "1.5 MiB", "1536KiB", "\"1536KiB\"" },
		{ SIZE, "2g", "2GiB", "\"2GiB\"" },
		{ SIZE, "3MB", "3000000", "3000000" },
		{ SIZE, "12B", "12", "12" },
		{ WAIT, "0", "0", "0" },
		{ WAIT, "0.001", "0.001", "0.001" },
		{ WAIT, "0.25", "0.25", "0.25" },
		{ WAIT, "3600", "3600", "3600" },
		{ WAIT, "1.9996", "2", "2" },
		{ WAIT, "0.0001", "0.001", "0.001" }, /* what is not never must not become it */
		{ TEXT, " x y ", "x y", "\"x y\"" },
		{ TEXT, "\"\\\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
			"\"\\\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
			"\"\\\"\\\\\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ WORD, "green", "green", "\"green\"" },
		{ LIST, " a , ,b,", "a,b", "[\"a\", \"b\"]" },
		{ LIST, "", "", "[]" },
		{ MAP, "a=1, b = x=y ,", "a=1,b=x=y", "{\"a\": \"1\", \"b\": \"x=y\"}" },
		{ MAP, "a=", "a=", "{\"a\": \"\"}" },
		{ MAP, "", "", "{}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct setting_value v = from_text(cases[i].text);
		struct err e;
		if (!setting_assign(&rows[cases[i].row], &object, &v, arena, &e))
			fail_msg("%s refused: %s", cases[i].text, e.text);
		assert_printed(cases[i].row, cases[i].printed, cases[i].json);
	}
}

static void accepted_json(void **state)
{
	static const struct {
		int row;
		const char *json, *printed;
	} cases[] = {
		{ FLAG, "true", "true" },
		{ COUNT, "12", "12" },
		{ COUNT, "1000000.0", "1000000" },
		{ SIZE, "4096", "4KiB" },
		{ SIZE, "\"4 KiB\"", "4KiB" },
		{ WAIT, "0.05", "0.05" },
		{ TEXT, "\"a\\u00e9\\/\"", "a\xc3\xa9/" },
		{ SECRET, "\"abc\"", "****" },
		{ LIST, "[\"a\", \"b , c\", \"\"]", "a,b,c" },
		{ LIST, "\"a,b\"", "a,b" },
		{ LIST, "[]", "" },
		{ MAP, "{\"a\": \"1,2\"}", "a=1,2" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct setting_value v = from_json(cases[i].json);
		struct err e;
		if (!setting_assign(&rows[cases[i].row], &object, &v, arena, &e))
			fail_msg("%s refused: %s", cases[i].json, e.text);
		buf_clear(&out);
		setting_print(&rows[cases[i].row], &object, &out);
		assert_str(buf_str(&out), str_from(cases[i].printed));
	}
}

static void assert_refused(int row, const struct setting_value *v, const char *why)
{
	struct object before = object;
	struct err e;

	assert_false(setting_assign(&rows[row], &object, v, arena, &e));
	assert_string_equal(e.text, why);
	assert_memory_equal(&object, &before, sizeof(object));
}

static void refused_texts(void **state)
{
	static const struct {
		int row;
		const char *text, *why;
	} cases[] = {
		{ FLAG, "maybe", "must be true or false, not \"maybe\"" },
		{ COUNT, "-6", "must be a whole number from -5 to 1000000, not \"-6\"" },
		{ COUNT, "1000001", "must be a whole number from -5 to 1000000, not \"1000001\"" },
		{ COUNT, "1.5", "must be a whole number from -5 to 1000000, not \"1.5\"" },
		{ COUNT, "7x", "must be a whole number from -5 to 1000000, not \"7x\"" },
		{ COUNT, "", "must be a whole number from -5 to 1000000, not \"\"" },
		{ COUNT, "1e400", "must be a whole number from -5 to 1000000, not \"1e400\"" },
		{ COUNT, "nan", "must be a whole number from -5 to 1000000, not \"nan\"" },
		{ COUNT, "0x10", "must be a whole number from -5 to 1000000, not \"0x10\"" },
		{ SIZE, "-1", "must be a number of bytes from 0 to 1024GiB, not \"-1\"" },
		{ SIZE, "2TB", "must be a number of bytes from 0 to 1024GiB, not \"2TB\"" },
		{ SIZE, "0.5", "must be a number of bytes from 0 to 1024GiB, not \"0.5\"" },
		{ SIZE, "KiB", "must be a number of bytes from 0 to 1024GiB, not \"KiB\"" },
		{ WAIT, "5s", "must be a number of seconds from 0 to 3600, not \"5s\"" },
		{ WAIT, "3600.01", "must be a number of seconds from 0 to 3600, not \"3600.01\"" },
		{ TEXT, "a\nb", "must not hold control characters" },
		{ TEXT, "a\x7f", "must not hold control characters" },
		{ TEXT, "\xff", "must be valid UTF-8" },
		{ TEXT, "\xc0\x80", "must be valid UTF-8" },
		{ TEXT, "\xe0\x80\x80", "must be valid UTF-8" },
		{ TEXT, "\xed\xa0\x80", "must be valid UTF-8" },
		{ TEXT, "\xf4\x90\x80\x80", "must be valid UTF-8" },
		{ TEXT, "\xe2\x82", "must be valid UTF-8" },
		{ FILLED, " ", "must not be empty" },
		{ SECRET, "top secret", "must hold visible ASCII characters only, without spaces" },
		{ SECRET, "\xc3\xa9", "must hold visible ASCII characters only, without spaces" },
		{ WORD, "blue", "must be one of red, green, not \"blue\"" },
		{ WORD, "re", "must be one of red, green, not \"re\"" },
		{ WORD, "", "must be one of red, green, not \"\"" },
		{ LIST, "a,\x01", "must not hold control characters" },
		{ MAP, "a", "must be written name=value,name=value" },
		{ MAP, "=1", "must hold names that are not empty" },
		{ MAP, "a=1,A=2", "must hold each name once, whatever its case" },
		{ MAP, "a=\t\x02", "must not hold control characters" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct setting_value v = from_text(cases[i].text);
		assert_refused(cases[i].row, &v, cases[i].why);
	}
}

static void refused_json(void **state)
{
	static const struct {
		int row;
		const char *json, *why;
	} cases[] = {
		{ FLAG, "1", "must be true or false, not 1" },
		{ FLAG, "\"true\"", "must be true or false, not the string \"true\"" },
		{ FLAG, "null", "must be true or false, not null" },
		{ COUNT, "\"5\"",
			"must be a whole number from -5 to 1000000, not the string \"5\"" },
		{ COUNT, "true", "must be a whole number from -5 to 1000000, not true or false" },
		{ COUNT, "[5]", "must be a whole number from -5 to 1000000, not a list" },
		{ COUNT, "123456789012345678901234567890",
			"must be a whole number from -5 to 1000000, not 123456789012345678901234567890" },
		{ WAIT, "\"5\"",
			"must be a number of seconds from 0 to 3600, not the string \"5\"" },
		{ SIZE, "{}", "must be a number of bytes from 0 to 1024GiB, not an object" },
		{ TEXT, "5", "must be a string, not 5" },
		{ TEXT, "\"a\\u0000b\"", "must not hold control characters" },
		{ SECRET, "12345", "must be a string, not a number" },
		{ URL, "12345", "must be a string, not a number" },
		{ WORD, "null", "must be one of red, green, not null" },
		{ LIST, "5", "must be a list of strings, not 5" },
		{ LIST, "[5]", "must be a list of strings, and holds something else" },
		{ MAP, "\"a=1\"", "must be an object of strings, not \"a=1\"" },
		{ MAP, "{\"a\": 1}", "must be an object of strings, and holds something else" },
		{ MAP, "{\"\": \"1\"}", "must hold names that are not empty" },
		{ MAP, "{\"a\": \"1\", \"a\": \"2\"}",
			"must hold each name once, whatever its case" },
		{ HIDDEN, "\"a=1\"", "must be an object of strings, not a string" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct setting_value v = from_json(cases[i].json);
		assert_refused(cases[i].row, &v, cases[i].why);
	}
}

static void entries_are_bounded(void **state)
{
	char text[1024];

	for (int i = 0; i < 101; i++)
		snprintf(text + 2 * i, 3, "x,");
	struct setting_value v = from_text(text);
	assert_refused(LIST, &v, "must hold no more than 100 entries");
	text[200] = '\0';
	v = from_text(text);
	struct err e;
	assert_true(setting_assign(&rows[LIST], &object, &v, arena, &e));
	assert_int_equal(object.list.n, 100);
	for (int i = 0; i < 101; i++)
		snprintf(text + 6 * i, 7, "n%03d=,", i);
	v = from_text(text);
	assert_refused(MAP, &v, "must hold no more than 100 entries");
}

static void masks(void **state)
{
	static const struct {
		int row;
		const char *text, *printed;
	} cases[] = {
		{ SECRET, "short", "****" },
		{ SECRET, "0123456789abcdef", "****" },
		{ SECRET, "0123456789abcdefg", "0123*********defg" },
		{ SECRET, "sk-ant-api03-0123456789", "sk-a*********6789" },
		{ URL, "http://me:pw@proxy:3128", "http://****@proxy:3128" },
		{ URL, "me:p@w@proxy:3128/x@y", "****@proxy:3128/x@y" },
		{ URL, "http://proxy/@", "http://proxy/@" },
		{ URL, "", "" },
		{ HIDDEN, "a=short,b=0123456789abcdefg,c=", "a=****,b=0123*********defg,c=" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct setting_value v = from_text(cases[i].text);
		struct err e;
		assert_true(setting_assign(&rows[cases[i].row], &object, &v, arena, &e));
		buf_clear(&out);
		setting_print(&rows[cases[i].row], &object, &out);
		assert_str(buf_str(&out), str_from(cases[i].printed));
		/* Masking what is masked changes nothing. */
		v = from_text(cases[i].printed);
		assert_true(setting_assign(&rows[cases[i].row], &object, &v, arena, &e));
		buf_clear(&out);
		setting_print(&rows[cases[i].row], &object, &out);
		assert_str(buf_str(&out), str_from(cases[i].printed));
	}
}

static void equality_and_emptiness(void **state)
{
	static const char *const other[] = { [FLAG] = "true",
		[COUNT] = "8",
		[SIZE] = "1",
		[WAIT] = "2",
		[TEXT] = "x",
		[FILLED] = "x",
		[SECRET] = "x",
		[WORD] = "green",
		[URL] = "x",
		[LIST] = "a,c",
		[MAP] = "a=1",
		[HIDDEN] = "a=1" };
	struct object same = { 0 };
	struct err e;

	settings_reset(&table, &same, arena);
	for (size_t i = 0; i < table.n; i++) {
		const struct setting_value v = from_text(other[i]);
		bool empty = rows[i].fallback[0] == '\0';
		assert_true(setting_equal(&rows[i], &object, &same));
		assert_int_equal(setting_empty(&rows[i], &object), empty);
		assert_true(setting_assign(&rows[i], &same, &v, arena, &e));
		assert_false(setting_equal(&rows[i], &object, &same));
		assert_false(setting_empty(&rows[i], &same));
		setting_reset(&rows[i], &same, arena);
		assert_true(setting_equal(&rows[i], &object, &same));
	}
}

static void names(void **state)
{
	assert_ptr_equal(settings_find(&table, STR("group.wait_s")), &rows[WAIT]);
	assert_null(settings_find(&table, STR("group.wait")));
	assert_null(settings_find(&table, STR("group")));
	assert_true(settings_is_group(&table, STR("group")));
	assert_false(settings_is_group(&table, STR("grou")));
	assert_false(settings_is_group(&table, STR("group.")));
	assert_false(settings_is_group(&table, STR("")));
	assert_false(settings_is_group(&table, STR("text")));
	setting_env_name(STR("X_"), STR("group.my-size"), &out);
	assert_bytes(buf_str(&out), "X_GROUP_MY_SIZE");
	assert_true(setting_env_is(STR("group.my-size"), STR("GROUP_MY_SIZE")));
	assert_false(setting_env_is(STR("group.my-size"), STR("group_my_size")));
	assert_false(setting_env_is(STR("group.my-size"), STR("GROUP_MY")));
}

static void guesses(void **state)
{
	static const struct {
		const char *word, *meant;
	} cases[] = {
		{ "limits.idel_s", "limits.idle_s" },
		{ "limits.idle", "limits.idle_s" },
		{ "Listen", "listen" },
		{ "listne", "listen" },
		{ "idle_s", "limits.idle_s" },
		{ "lsiten", "listen" },
		{ "lgo", "log" },
		{ "port", "" },
		{ "x", "" },
		{ "", "" },
	};
	static const char *const words[] = { "listen", "limits.idle_s", "limits.drain_s", "log" };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct setting_guess g = { 0 };
		for (size_t k = 0; k < ARRAY_LEN(words); k++)
			setting_guess(&g, str_from(cases[i].word), str_from(words[k]));
		assert_str(g.word, str_from(cases[i].meant));
	}
}

static void quotes(void **state)
{
	char text[100];

	assert_string_equal(setting_quote(STR("abc")).s, "abc");
	assert_string_equal(setting_quote(STR("a\nb\x1b[1m\x7f")).s, "a?b?[1m?");
	memset(text, 'x', sizeof(text));
	/* Cut before a character, not within: the last one that would fit has lost its tail. */
	memcpy(text + 67, "\xe2\x82\xac", 3);
	struct setting_quote q = setting_quote((struct str){ text, sizeof(text) });
	assert_int_equal(strlen(q.s), 67 + 3);
	assert_string_equal(q.s + 67, "...");
}

static void json_positions(void **state)
{
	const struct str text = STR("\xEF\xBB\xBF// comment\n{ \"\xc3\xa9\\u0041\": 1, /* \" */\n"
				    "\t\"b\": {\"c\": [true, {\"d\": null}], },\n}\n");
	struct setting_value root;
	struct setting_place at = { 0 };
	struct err e;
	size_t pos;

	assert_true(setting_read_json(arena, text, &root, &pos, &e));
	assert_int_equal(root.n, 2);
	assert_bytes(root.members[0].key, "\xc3\xa9"
					  "A");
	setting_locate(text, root.members[0].pos, &at);
	assert_int_equal(at.line, 2);
	assert_int_equal(at.column, 3);
	assert_int_equal(text.p[root.members[1].pos], '"');
	setting_locate(text, root.members[1].value.members[0].pos, &at);
	assert_int_equal(at.line, 3);
	assert_int_equal(at.column, 8);
}

static void positions_behind_a_mark(void **state)
{
	const struct str text = STR("\xEF\xBB\xBF{\"a\": 1, 2}");
	struct setting_value root;
	struct setting_place at = { 0 };
	struct err e;
	size_t pos;

	assert_false(setting_read_json(arena, text, &root, &pos, &e));
	setting_locate(text, pos, &at);
	assert_int_equal(at.line, 1);
	assert_int_equal(at.column, 10);
	/* Back, and forth again. */
	setting_locate(text, 3, &at);
	assert_int_equal(at.column, 1);
	setting_locate(text, 1000, &at);
	assert_int_equal(at.column, 12);
}

static void json_mistakes(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
	} cases[] = {
		{ "{\n  \"a\": 1\n  \"b\": 2\n}", 3, 3 },
		{ "{\n  \"a\" 1\n}", 2, 7 },
		{ "{", 1, 2 },
		{ "\n[1,\n", 3, 1 },
		{ "x", 1, 1 },
		{ "{} {}", 1, 4 },
		{ "{\"\xff\": 1}", 1, 3 },
		{ "{\"a\": [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}", 1, 2 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct str text = str_from(cases[i].text);
		struct setting_value root;
		struct setting_place at = { 0 };
		struct err e;
		size_t pos;
		assert_false(setting_read_json(arena, text, &root, &pos, &e));
		setting_locate(text, pos, &at);
		if (at.line != cases[i].line || at.column != cases[i].column)
			fail_msg("%s: %u:%u %s", cases[i].text, at.line, at.column, e.text);
	}
}

static void blank_documents(void **state)
{
	static const char *const texts[] = { "", " \n", "\xEF\xBB\xBF", "{}", "// nothing\n{}" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct setting_value root;
		struct err e;
		size_t pos;
		assert_true(setting_read_json(arena, str_from(texts[i]), &root, &pos, &e));
		assert_int_equal(root.kind, VALUE_OBJECT);
		assert_int_equal(root.n, 0);
	}
}

static void descriptions(void **state)
{
	setting_print_schema(&rows[WAIT], &out);
	assert_bytes(buf_str(&out),
		"{\"description\": \"what it does\", \"type\": \"number\", \"minimum\": 0, "
		"\"maximum\": 3600, \"default\": 1.5}");
	buf_clear(&out);
	setting_print_schema(&rows[WORD], &out);
	assert_bytes(buf_str(&out), "{\"description\": \"what it does\", \"enum\": [\"red\", "
				    "\"green\"], \"default\": \"red\"}");
	buf_clear(&out);
	setting_print_reference(&rows[SIZE], STR("x."), &out);
	assert_bytes(buf_str(&out), "| `x.group.size` | a number of bytes from 0 to 1024GiB "
				    "| `64KiB` | what it does |\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults),
		TEST(accepted_texts),
		TEST(accepted_json),
		TEST(refused_texts),
		TEST(refused_json),
		TEST(entries_are_bounded),
		TEST(masks),
		TEST(equality_and_emptiness),
		TEST(names),
		TEST(guesses),
		TEST(quotes),
		TEST(json_positions),
		TEST(positions_behind_a_mark),
		TEST(json_mistakes),
		TEST(blank_documents),
		TEST(descriptions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
