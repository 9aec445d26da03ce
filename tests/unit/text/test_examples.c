/* SPDX-License-Identifier: MIT */
/* Files of labelled prompts. */
#include "unit/base/check.h"

#include "text/examples.h"

static bool next(struct str *rest, unsigned *line, struct example *x, struct err *e)
{
	*e = (struct err){ 0 };
	return example_next(rest, line, x, e);
}

static void lines_are_read(void **state)
{
	struct str rest =
		STR("simple\thi there\r\n\n# a remark\n complex \t design\\nit\nmedium\tx\ty");
	struct example x;
	struct err e;
	unsigned line = 0;

	assert_true(next(&rest, &line, &x, &e));
	assert_int_equal(x.level, DIFFICULTY_SIMPLE);
	assert_bytes(x.text, "hi there");
	assert_true(next(&rest, &line, &x, &e));
	assert_int_equal(x.level, DIFFICULTY_COMPLEX);
	assert_bytes(x.text, "design\\nit");
	assert_int_equal(line, 4);
	assert_true(next(&rest, &line, &x, &e));
	assert_bytes(x.text, "x\ty");
	assert_false(next(&rest, &line, &x, &e));
	assert_int_equal(e.kind, ERR_NONE);
}

static void mistakes_name_their_line(void **state)
{
	static const char *const rows[][2] = {
		{ "simple\tok\nmedium no tab", "line 2: no tab" },
		{ "\n\nhard\tx", "line 3: \"hard\" is none of simple, medium, complex" },
		{ "simple\t \n", "line 1: no tab" },
		{ "\tx", "line 1: no tab" },
		{ "simple\tok\nSimple\tx", "line 2: \"Simple\" is none" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str rest = str_from(rows[i][0]);
		struct example x;
		struct err e;
		unsigned line = 0;
		while (next(&rest, &line, &x, &e))
			;
		assert_int_equal(e.kind, ERR_INVALID);
		if (strncmp(e.text, rows[i][1], strlen(rows[i][1])) != 0)
			fail_msg("\"%s\" does not begin with \"%s\"", e.text, rows[i][1]);
	}
}

static void names_and_levels(void **state)
{
	enum difficulty_level level;

	for (int l = 0; l < DIFFICULTY_LEVELS; l++) {
		assert_true(difficulty_level_by_name(
			difficulty_level_name((enum difficulty_level)l), &level));
		assert_int_equal(level, l);
	}
	assert_false(difficulty_level_by_name(STR("complexx"), &level));
	assert_false(difficulty_level_by_name(STR(""), &level));
}

static void the_built_in_ones_are_whole(void **state)
{
	struct str rest = examples_builtin();
	unsigned n[DIFFICULTY_LEVELS] = { 0 }, line = 0;
	struct example x;
	struct err e;

	while (next(&rest, &line, &x, &e))
		n[x.level]++;
	assert_int_equal(e.kind, ERR_NONE);
	for (int l = 0; l < DIFFICULTY_LEVELS; l++)
		assert_true(n[l] >= 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read),
		cmocka_unit_test(mistakes_name_their_line),
		cmocka_unit_test(names_and_levels),
		cmocka_unit_test(the_built_in_ones_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
