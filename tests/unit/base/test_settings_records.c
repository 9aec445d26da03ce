/* SPDX-License-Identifier: MIT */
/* Settings that are lists of objects: what is accepted, what is said of the rest and where it stands, and how they are printed. */
#include "unit/base/check.h"

#include <stdio.h>

#include "base/settings.h"

struct object {
	struct record_list rules, hidden;
};

static const struct setting_part parts[] = {
	{ "when", SETTING_PART_NEEDED, "a condition" },
	{ "use", SETTING_PART_NEEDED | SETTING_PART_LIST, "targets" },
	{ "why", 0, "a reason" },
};

#define ROW(field_) \
	.path = #field_, .type = SETTING_RECORDS, .offset = offsetof(struct object, field_), \
	.fallback = "", .text = "what it does", .parts = parts, .nparts = ARRAY_LEN(parts)

enum { RULES, HIDDEN };
static const struct setting rows[] = { { ROW(rules) }, { ROW(hidden), .flags = SETTING_MASKED } };

static struct arena *arena;
static struct object object;
static struct buf out;

static int set_up(void **state)
{
	arena = arena_new();
	object = (struct object){ 0 };
	setting_reset(&rows[RULES], &object, arena);
	setting_reset(&rows[HIDDEN], &object, arena);
	buf_init(&out, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(arena);
	buf_release(&out);
	return 0;
}

static struct setting_value from_json(struct str document)
{
	struct setting_value root;
	struct err e;
	size_t pos;

	if (!setting_read_json(arena, document, &root, &pos, &e))
		fail_msg("%s", e.text);
	return root.members[0].value;
}

static void assign(struct object *to, int row, const struct setting_value *v)
{
	struct err e;

	if (!setting_assign(&rows[row], to, v, arena, &e))
		fail_msg("%s", e.text);
}

static const char two[] =
	"{\"x\": [{\"when\": \"a == 'b'\", \"use\": \"p/m\"},\n"
	" {\"why\": \"it \\\"is\\\"\", \"use\": [\"p/\\u0434\", \"q/n\"], \"when\": \"c\"}]}";
static const char two_printed[] =
	"[{\"when\": \"a == 'b'\", \"use\": \"p/m\"}, "
	"{\"when\": \"c\", \"use\": [\"p/\xd0\xb4\", \"q/n\"], \"why\": \"it \\\"is\\\"\"}]";

static void empty(void **state)
{
	const struct setting_value blank = { .kind = VALUE_TEXT, .text = STR(" ") };

	assert_true(setting_empty(&rows[RULES], &object));
	setting_print(&rows[RULES], &object, &out);
	assert_bytes(buf_str(&out), "[]");
	assign(&object, RULES, &blank);
	assert_int_equal(object.rules.n, 0);
}

static void read_and_printed(void **state)
{
	const struct str document = STR(two);
	const struct setting_value v = from_json(document);

	assign(&object, RULES, &v);
	assert_int_equal(object.rules.n, 2);
	const struct record_part *use = &object.rules.v[1].parts[1];
	assert_int_equal(use->n, 2);
	assert_bytes(use->v[1].text, "q/n");
	assert_int_equal(document.p[use->v[1].pos], '"');
	assert_true(str_starts(str_from_offset(document, use->v[1].pos), STR("\"q/n\"")));
	assert_int_equal(object.rules.v[0].parts[2].n, 0);
	assert_false(setting_empty(&rows[RULES], &object));
	setting_print(&rows[RULES], &object, &out);
	assert_bytes(buf_str(&out), two_printed);
	buf_clear(&out);
	setting_print_json(&rows[RULES], &object, &out);
	assert_bytes(buf_str(&out), two_printed);
}

static void typed_as_text(void **state)
{
	const struct setting_value v = { .kind = VALUE_TEXT, .text = STR(two_printed) };
	const struct setting_value one =
		from_json(STR("{\"x\": [{\"when\": \"c\", \"use\": \"d\"}]}"));
	const struct setting_value json = from_json(STR(two));
	struct object other = { 0 };

	assign(&object, RULES, &v);
	assign(&other, RULES, &json);
	assert_true(setting_equal(&rows[RULES], &object, &other));
	assert_int_equal(object.rules.v[0].parts[0].v[0].pos, SIZE_MAX);
	assign(&other, RULES, &one);
	assert_false(setting_equal(&rows[RULES], &object, &other));
}

static void refused(void **state)
{
	static const struct {
		const char *json, *why,
			*at; /* the document from the place of the fault on; NULL: the whole */
	} cases[] = {
		{ "{}", "must be a list of objects of \"when\", \"use\" and \"why\", not an object",
			NULL },
		{ "\"a\"",
			"must be a list of objects of \"when\", \"use\" and \"why\", not a string",
			NULL },
		{ "[1]", "entry 1: must be an object, not a number", NULL },
		{ "[\"a\"]", "entry 1: must be an object, not a string", "\"a\"]}" },
		{ "[{}]", "entry 1: needs \"when\"", NULL },
		{ "[{\"when\": \"a\"}]", "entry 1: needs \"use\"", "\"when\": \"a\"}]}" },
		{ "[{\"when\": \"a\", \"use\": \"b\"}, {\"when\": \"a\", \"us\": \"b\"}]",
			"entry 2: unknown member \"us\", did you mean \"use\"?",
			"\"us\": \"b\"}]}" },
		{ "[{\"zzzzz\": 1}]", "entry 1: unknown member \"zzzzz\"", "\"zzzzz\": 1}]}" },
		{ "[{\"when\": 1}]", "entry 1: \"when\" must be a string, not a number",
			"\"when\": 1}]}" },
		{ "[{\"when\": [\"a\"]}]", "entry 1: \"when\" must be a string, not a list",
			"\"when\": [\"a\"]}]}" },
		{ "[{\"use\": {}}]",
			"entry 1: \"use\" must be a string or a list of strings, not an object",
			"\"use\": {}}]}" },
		{ "[{\"use\": []}]", "entry 1: \"use\" must not be empty", "\"use\": []}]}" },
		{ "[{\"use\": [\"a\", 1]}]",
			"entry 1: \"use\" must be a list of strings, and holds something else",
			"\"use\": [\"a\", 1]}]}" },
		{ "[{\"when\": \" \"}]", "entry 1: \"when\" must not be empty",
			"\"when\": \" \"}]}" },
		{ "[{\"when\": \"a\\n\"}]", "entry 1: \"when\" must not hold control characters",
			"\"when\": \"a\\n\"}]}" },
		{ "[{\"when\": \"a\", \"when\": \"a\"}]", "entry 1: \"when\" is given twice",
			"\"when\": \"a\"}]}" },
	};
	char document[512];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct object before = object;
		struct err e;
		snprintf(document, sizeof(document), "{\"x\": %s}", cases[i].json);
		const struct setting_value v = from_json(str_from(document));
		assert_false(setting_assign(&rows[RULES], &object, &v, arena, &e));
		assert_string_equal(e.text, cases[i].why);
		assert_memory_equal(&object, &before, sizeof(object));
		size_t at = setting_fault(&rows[RULES], &v);
		if (cases[i].at == NULL)
			assert_true(at == SIZE_MAX);
		else
			assert_string_equal(document + at, cases[i].at);
	}
}

static void refused_texts(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "[{", "not valid JSON: unexpected end of data" },
		{ "when=a", "not valid JSON: unexpected character" },
		{ "{}", "must be a list of objects of \"when\", \"use\" and \"why\", not an object" },
		{ "[{\"x\": 1}]", "entry 1: unknown member \"x\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct setting_value v = { .kind = VALUE_TEXT,
			.text = str_from(cases[i].text) };
		struct err e;
		assert_false(setting_assign(&rows[RULES], &object, &v, arena, &e));
		/* What the parser says of broken text differs between its versions. */
		if (!str_starts(str_from(cases[i].why), STR("not valid JSON")))
			assert_string_equal(e.text, cases[i].why);
		assert_true(setting_fault(&rows[RULES], &v) == SIZE_MAX);
	}
}

static void bounded(void **state)
{
	struct err e;

	buf_add(&out, STR("["));
	for (int i = 0; i < 101; i++)
		buf_addf(&out, "%s{\"when\": \"a\", \"use\": \"b\"}", i > 0 ? "," : "");
	buf_add(&out, STR("]"));
	const struct setting_value many = { .kind = VALUE_TEXT, .text = buf_str(&out) };
	assert_false(setting_assign(&rows[RULES], &object, &many, arena, &e));
	assert_string_equal(e.text, "must hold no more than 100 entries");
}

static void masked(void **state)
{
	const struct setting_value v =
		from_json(STR("{\"x\": [{\"when\": \"0123456789abcdefghij\", \"use\": \"b\"}]}"));

	assign(&object, HIDDEN, &v);
	setting_print(&rows[HIDDEN], &object, &out);
	assert_bytes(buf_str(&out), "[{\"when\": \"0123*********ghij\", \"use\": \"****\"}]");
}

/* Each byte of a string leads back to where it was written. */
static void places_in_texts(void **state)
{
	const struct str document = STR("[\"a\\n\\u0041\\u0434\\ud83d\\ude00\xd0\xb4z\"]");
	static const struct {
		size_t n, pos;
	} cases[] = { { 0, 2 }, { 1, 3 }, { 2, 5 }, { 3, 11 }, { 4, 11 }, { 5, 17 }, { 8, 17 },
		{ 9, 29 }, { 10, 30 }, { 11, 31 }, { 12, 32 }, { 99, 32 } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(setting_text_pos(document, 1, cases[i].n), cases[i].pos);
	assert_int_equal(setting_text_pos(STR("\"ab"), 0, 9), 3);
}

static void descriptions(void **state)
{
	setting_print_schema(&rows[RULES], &out);
	assert_bytes(buf_str(&out),
		"{\"description\": \"what it does\", \"type\": \"array\", \"items\": {\"type\": "
		"\"object\", \"additionalProperties\": false, \"required\": [\"when\", \"use\"], "
		"\"properties\": {\"when\": {\"description\": \"a condition\", \"type\": "
		"\"string\"}, \"use\": {\"description\": \"targets\", \"type\": [\"string\", "
		"\"array\"], \"items\": {\"type\": \"string\"}}, \"why\": {\"description\": \"a "
		"reason\", \"type\": \"string\"}}}}");
	buf_clear(&out);
	setting_print_reference(&rows[RULES], STR("x."), &out);
	assert_bytes(buf_str(&out),
		"| `x.rules` | a list of objects of \"when\", \"use\" and \"why\" |  | what it "
		"does; `when`: a condition; `use`: targets; `why`: a reason |\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(empty),
		TEST(read_and_printed),
		TEST(typed_as_text),
		TEST(refused),
		TEST(refused_texts),
		TEST(bounded),
		TEST(masked),
		TEST(places_in_texts),
		TEST(descriptions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
