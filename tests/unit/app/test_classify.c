/* SPDX-License-Identifier: MIT */
/* `sluice classify`: what it prints, for people and as JSON. */
#include "unit/base/check.h"

#include "app/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* app/cmd.c wants a table of commands. */
const struct command *const commands[] = { NULL };

static char said[65536];

/* Runs it with standard output in a file; `said` is what it wrote. */
static int classify(int argc, const char *const *words)
{
	struct cmd c;
	struct err e;
	FILE *f = tmpfile();
	int old = dup(STDOUT_FILENO);

	assert_non_null(f);
	assert_true(old >= 0);
	assert_true(cmd_parse(&c, &cmd_classify, argc, (char **)(uintptr_t)words, &e));
	fflush(stdout);
	assert_true(dup2(fileno(f), STDOUT_FILENO) >= 0);
	int status = cmd_classify.run(&c);
	fflush(stdout);
	assert_true(dup2(old, STDOUT_FILENO) >= 0);
	close(old);
	rewind(f);
	said[fread(said, 1, sizeof(said) - 1, f)] = '\0';
	fclose(f);
	cmd_release(&c);
	return status;
}

#define CLASSIFY(...) \
	classify((int)ARRAY_LEN(((const char *const[]){ "classify", __VA_ARGS__ })), \
		(const char *const[]){ "classify", __VA_ARGS__, NULL })

static void people_are_told_why(void **state)
{
	assert_int_equal(CLASSIFY("add", "airplane", "icon"), CMD_OK);
	assert_true(strncmp(said, "simple: ", 8) == 0);
	assert_non_null(strstr(said, "nearest examples"));
	assert_int_equal(
		CLASSIFY("Design a scalable architecture for billing across all regions"), CMD_OK);
	assert_true(strncmp(said, "complex: ", 9) == 0);
}

static void machines_get_json(void **state)
{
	assert_int_equal(CLASSIFY("--json", "fix \"it\"\n```\nx\n```"), CMD_OK);
	assert_true(strncmp(said, "{\"level\":\"", 10) == 0);
	assert_non_null(strstr(said, "\"words\":\"fix \\\"it\\\"\\n\""));
	assert_non_null(strstr(said, "\"code_lines\":1,"));
}

static void without_a_text_it_says_what_to_write(void **state)
{
	assert_int_equal(classify(1, (const char *const[]){ "classify", NULL }), CMD_USAGE);
	assert_string_equal(said, "");
}

static int set_up(void **state)
{
	/* Nobody's configuration but the defaults. */
	setenv("HOME", "/nonexistent", 1);
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	return chdir("/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_are_told_why),
		cmocka_unit_test(machines_get_json),
		cmocka_unit_test(without_a_text_it_says_what_to_write),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
