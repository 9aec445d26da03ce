/* SPDX-License-Identifier: MIT */
/* Reading command lines. */
#include "unit/base/check.h"

#include "app/cmd.h"

static int nothing(const struct cmd *c)
{
	return 0;
}

static const struct command plain = {
	.name = "plain",
	.args = "[WORD]",
	.summary = "does nothing",
	.args_max = 1,
	.run = nothing,
	.options =
		(const struct cmd_option[]){
			{ "fast", NULL, "does it fast", NULL },
			{ "color", "NAME", "does it in that color", NULL },
			{ NULL },
		},
};
static const struct command wraps = {
	.name = "wraps",
	.args = "PROGRAM",
	.summary = "is in front of a program",
	.flags = CMD_CONFIG | CMD_WRAPS,
	.args_max = -1,
	.run = nothing,
	.options =
		(const struct cmd_option[]){
			{ "log-level", "LEVEL", "short", "log.level" },
			{ NULL },
		},
};
const struct command *const commands[] = { &plain, &wraps, NULL };

/* The words of a command line, with the NULL behind them. */
#define WORDS(...) ((char **)(uintptr_t)(const char *[]){ __VA_ARGS__, NULL })

static bool parse(struct cmd *c, const struct command *command, char **words, struct err *e)
{
	int n = 0;

	while (words[n])
		n++;
	return cmd_parse(c, command, n, words, e);
}

static void options_and_words(void **state)
{
	struct cmd c;
	struct err e;

	assert_true(parse(&c, &plain, WORDS("plain", "--fast", "word", "--color", "red"), &e));
	assert_string_equal(cmd_option(&c, "fast"), "");
	assert_string_equal(cmd_option(&c, "color"), "red");
	assert_int_equal(c.nargs, 1);
	assert_string_equal(c.args[0], "word");
	assert_false(c.help);
	cmd_release(&c);

	assert_true(parse(&c, &plain, WORDS("plain", "--color=a=b"), &e));
	assert_string_equal(cmd_option(&c, "color"), "a=b");
	assert_null(cmd_option(&c, "fast"));
	cmd_release(&c);

	assert_true(parse(&c, &plain, WORDS("plain", "-h"), &e));
	assert_true(c.help);
	cmd_release(&c);
	assert_true(parse(&c, &plain, WORDS("plain", "--", "--fast"), &e));
	assert_null(cmd_option(&c, "fast"));
	assert_string_equal(c.args[0], "--fast");
	cmd_release(&c);
}

static void sets_in_order(void **state)
{
	struct cmd c;
	struct err e;

	assert_true(parse(&c, &wraps,
		WORDS("wraps", "--set", "a=1", "--log-level", "debug", "--set=b=", "--config", "f"),
		&e));
	assert_int_equal(c.input.nsets, 3);
	assert_string_equal(c.input.sets[0], "a=1");
	assert_string_equal(c.input.sets[1], "log.level=debug");
	assert_string_equal(c.input.sets[2], "b=");
	assert_string_equal(c.input.file, "f");
	assert_int_equal(c.nargs, 0);
	cmd_release(&c);
}

static void other_programs_keep_their_options(void **state)
{
	struct cmd c;
	struct err e;

	assert_true(parse(
		&c, &wraps, WORDS("wraps", "--set", "a=1", "prog", "--set", "--help", "--"), &e));
	assert_int_equal(c.input.nsets, 1);
	assert_int_equal(c.nargs, 4);
	assert_string_equal(c.args[0], "prog");
	assert_string_equal(c.args[3], "--");
	assert_false(c.help);
	cmd_release(&c);

	assert_true(parse(&c, &wraps, WORDS("wraps", "--", "-prog", "x"), &e));
	assert_int_equal(c.nargs, 2);
	assert_string_equal(c.args[0], "-prog");
	cmd_release(&c);
}

static void check_refused(const struct command *command, char **words, const char *why)
{
	struct cmd c;
	struct err e = { 0 };

	assert_false(parse(&c, command, words, &e));
	if (!strstr(e.text, why))
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
	cmd_release(&c);
}

static void mistakes_are_named(void **state)
{
	check_refused(&plain, WORDS("plain", "--fats"), "did you mean \"--fast\"");
	check_refused(&plain, WORDS("plain", "--xyzzy"), "unknown option \"--xyzzy\"");
	check_refused(&plain, WORDS("plain", "-x"), "unknown option \"-x\"");
	check_refused(&plain, WORDS("plain", "--fast=1"), "takes no value");
	check_refused(&plain, WORDS("plain", "--color"), "wants a value: NAME");
	check_refused(&plain, WORDS("plain", "a", "b"), "\"b\" is one word too many");
	/* Only commands that load the configuration take it. */
	check_refused(&plain, WORDS("plain", "--set", "a=1"), "unknown option \"--set\"");
	check_refused(&wraps, WORDS("wraps", "--set", "a"), "PATH=VALUE");
	check_refused(&wraps, WORDS("wraps", "--confg", "f"), "did you mean \"--config\"");
}

static void options_may_precede_the_name(void **state)
{
	char **words = WORDS("sluice", "--config", "f", "--fast", "plain", "x");

	assert_string_equal(cmd_take_name(6, words), "plain");
	assert_string_equal(words[1], "plain");
	assert_string_equal(words[2], "--config");
	assert_string_equal(words[3], "f");
	assert_string_equal(words[4], "--fast");
	assert_string_equal(words[5], "x");

	words = WORDS("sluice", "plain", "--fast");
	assert_string_equal(cmd_take_name(3, words), "plain");
	assert_string_equal(words[2], "--fast");
	assert_null(cmd_take_name(1, WORDS("sluice")));
	assert_null(cmd_take_name(2, WORDS("sluice", "--help")));
	assert_null(cmd_take_name(2, WORDS("sluice", "--config")));
}

static void commands_are_found(void **state)
{
	assert_ptr_equal(cmd_find("wraps"), &wraps);
	assert_null(cmd_find("wrap"));
	assert_ptr_equal(cmd_nearest("warps"), &wraps);
	assert_ptr_equal(cmd_nearest("plan"), &plain);
	assert_null(cmd_nearest("frobnicate"));
	assert_null(cmd_nearest(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_words),
		cmocka_unit_test(sets_in_order),
		cmocka_unit_test(other_programs_keep_their_options),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(options_may_precede_the_name),
		cmocka_unit_test(commands_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
