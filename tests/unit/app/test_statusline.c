/* SPDX-License-Identifier: MIT */
/* Somebody else's settings file: what is put in comes out again, and nothing else is touched. */
#include "unit/app/folder.h"

#include "app/cmd.h"
#include "app/statusline_install.h"

#include <fcntl.h>

const struct command *const commands[] = { NULL };

#define OURS "{\"type\": \"command\", \"command\": \"/opt/sluice statusline\"}"

static void put_into(const char *text, struct buf *ret, struct buf *ret_former)
{
	struct err e = { 0 };
	struct str former;

	buf_init(ret, SIZE_MAX);
	buf_init(ret_former, SIZE_MAX);
	assert_true(
		statusline_put(str_from(text), STR("/opt/sluice statusline"), ret, &former, &e));
	buf_add(ret_former, former);
}

static void there_and_back(void **state)
{
	static const struct {
		const char *before, *with, *former;
	} rows[] = {
		{ "{}", "{\n  \"statusLine\": " OURS "\n}", "" },
		{ "{\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\n  \"statusLine\": " OURS "\n}\n", "" },
		{ "{\"a\":[1,{\"statusLine\":0}]}",
			"{\"a\":[1,{\"statusLine\":0}],\"statusLine\": " OURS "}", "" },
		{ "{\"statusLine\":{\"type\":\"command\",\"command\":\"x\"}}",
			"{\"statusLine\":" OURS "}", "{\"type\":\"command\",\"command\":\"x\"}" },
		{ "{ \"a\" : 1.0e5 , \"statusLine\" : null , \"b\":\"\\u00e9\" }",
			"{ \"a\" : 1.0e5 , \"statusLine\" : " OURS " , \"b\":\"\\u00e9\" }",
			"null" },
		{ "{\"statusL\\u0069ne\":\"sluice\",\"z\":{}}",
			"{\"statusL\\u0069ne\":" OURS ",\"z\":{}}", "\"sluice\"" },
	};
	struct buf with, former, back;
	enum statusline_change change;
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put_into(rows[i].before, &with, &former);
		assert_str(buf_str(&with), str_from(rows[i].with));
		assert_str(buf_str(&former), str_from(rows[i].former));
		buf_init(&back, SIZE_MAX);
		assert_true(statusline_take(buf_str(&with), buf_str(&former), &back, &change, &e));
		assert_int_equal(change, former.n > 0 ? STATUSLINE_RESTORED : STATUSLINE_REMOVED);
		if (i > 0) /* what was an empty object has a line end in it */
			assert_str(buf_str(&back), str_from(rows[i].before));
		else
			assert_bytes(buf_str(&back), "{\n}");
		buf_release(&with);
		buf_release(&former);
		buf_release(&back);
	}
}

/* The first of several members goes with its comma. */
static void first_member(void **state)
{
	enum statusline_change change;
	struct err e = { 0 };
	struct buf back;

	buf_init(&back, SIZE_MAX);
	assert_true(statusline_take(
		STR("{ \"statusLine\": " OURS ",\n  \"a\": 1 }"), STR(""), &back, &change, &e));
	assert_bytes(buf_str(&back), "{ \"a\": 1 }");
	buf_release(&back);
}

/* What was put there before is not taken for the user's own. */
static void twice(void **state)
{
	struct buf once, again, former;

	put_into("{\"a\":1}", &once, &former);
	buf_add_char(&once, '\0');
	put_into(once.p, &again, &former);
	assert_int_equal(former.n, 0);
	assert_str(buf_str(&again), str_from(once.p));
	buf_release(&once);
	buf_release(&again);
	buf_release(&former);
}

static void not_ours(void **state)
{
	static const char *const texts[] = { "{\"statusLine\":{\"command\":\"~/my.sh\"}}",
		"{\"statusLine\":{\"command\":\"sluice status\"}}",
		"{\"statusLine\":{\"command\":7}}", "{\"statusLine\":\"sluice statusline\"}" };
	enum statusline_change change;
	struct err e = { 0 };
	struct buf back;

	buf_init(&back, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_true(statusline_take(str_from(texts[i]), STR(""), &back, &change, &e));
		assert_int_equal(change, STATUSLINE_NOT_OURS);
	}
	assert_true(statusline_take(STR("{\"x\":1}"), STR(""), &back, &change, &e));
	assert_int_equal(change, STATUSLINE_NONE);
	assert_int_equal(back.n, 0);
	buf_release(&back);
}

static void refused(void **state)
{
	static const char *const texts[] = { "", "[]", "{", "{\"a\":1,}", "{\"a\":1} {}",
		"// x\n{}", "{\"a\":01}", "\"statusLine\"" };
	struct err e = { 0 };
	struct str former;
	struct buf out;

	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_false(statusline_put(str_from(texts[i]), STR("x"), &out, &former, &e));
	assert_int_equal(out.n, 0);
	buf_release(&out);
}

/* Who took away the right to write it meant it, even where the folder would let us replace it. */
static void read_only_stays(void **state)
{
	const char *folder = *state;
	char path[600];
	enum statusline_change change;
	struct stat before, after;
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/settings.json", folder);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "{}", 2), 2);
	assert_int_equal(fchmod(fd, 0440), 0);
	close(fd);
	assert_int_equal(stat(path, &before), 0);
	assert_false(statusline_install(folder, STR("/opt/sluice statusline"), &change, &e));
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(after.st_size, 2);
	assert_int_equal(chmod(path, 0640), 0);
	assert_true(statusline_install(folder, STR("/opt/sluice statusline"), &change, &e));
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_mode & 0777, 0640);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(first_member),
		cmocka_unit_test(twice),
		cmocka_unit_test(not_ours),
		cmocka_unit_test(refused),
		cmocka_unit_test_setup_teardown(read_only_stays, folder_setup, folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
