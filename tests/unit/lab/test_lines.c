/* SPDX-License-Identifier: MIT */
/* Lines of files and of pipes, whatever the pieces in which they come. */
#include "unit/base/check.h"

#include "lab/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct lines lines;

static int release(void **state)
{
	lines_release(&lines);
	return 0;
}

/* A file that has no name any more. */
static int file_with(struct str bytes)
{
	char name[] = "/tmp/test_linesXXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void takes(enum line_status status, const char *text)
{
	struct str got;

	assert_int_equal(lines_next(&lines, &got), status);
	if (text != NULL)
		assert_str(got, str_from(text));
}

static void plain(void **state)
{
	int fd = file_with(STR("one\n\ntwo\r\nhalf"));

	lines_begin(&lines, fd, 0);
	takes(LINE_WHOLE, "one");
	takes(LINE_WHOLE, "");
	takes(LINE_WHOLE, "two\r");
	takes(LINE_UNFINISHED, "half");
	takes(LINE_END, NULL);
	takes(LINE_END, NULL);
	assert_int_equal(lines.bytes, 14);
	close(fd);
	fd = file_with(STR(""));
	lines_begin(&lines, fd, 0);
	takes(LINE_END, NULL);
	close(fd);
}

static void too_long(void **state)
{
	int fd =
		file_with(STR("short\n0123456789abcdefghij\nnext\n0123456789abcdefghij0123456789"));

	lines_begin(&lines, fd, 16);
	takes(LINE_WHOLE, "short");
	takes(LINE_TOO_LONG, NULL);
	takes(LINE_WHOLE, "next");
	takes(LINE_TOO_LONG, NULL);
	takes(LINE_END, NULL);
	close(fd);
}

/* Exactly as long as the buffer, with its newline and without. */
static void just_fits(void **state)
{
	int fd = file_with(STR("0123456789abcde\n0123456789abcde"));

	lines_begin(&lines, fd, 16);
	takes(LINE_WHOLE, "0123456789abcde");
	takes(LINE_UNFINISHED, "0123456789abcde");
	takes(LINE_END, NULL);
	close(fd);
}

static void grows(void **state)
{
	size_t n = 3 * LINES_BUFFER_BYTES + 17;
	char *p = must_alloc(n + 3);
	struct str got;

	memset(p, 'x', n);
	memcpy(p + n, "\ny\n", 3);
	int fd = file_with((struct str){ p, n + 3 });
	lines_begin(&lines, fd, 0);
	assert_int_equal(lines_next(&lines, &got), LINE_WHOLE);
	assert_int_equal(got.n, n);
	assert_int_equal(got.p[n - 1], 'x');
	takes(LINE_WHOLE, "y");
	takes(LINE_END, NULL);
	close(fd);
	free(p);
}

/* A pipe gives what is there: the lines are the same. */
static void in_pieces(void **state)
{
	const struct str text = STR("{\"a\":1}\nb\n\nccc\ndd");

	for (size_t cut = 1; cut < text.n; cut++) {
		int fds[2];
		struct str got;
		char all[64] = "";
		bool rest = false;
		enum line_status status = LINE_WHOLE;
		assert_int_equal(pipe(fds), 0);
		assert_int_equal(write(fds[1], text.p, cut), cut);
		lines_begin(&lines, fds[0], 0);
		while (status == LINE_WHOLE) {
			/* The rest comes when no whole line is left of the first piece. */
			if (!rest && memchr(text.p + lines.at, '\n', cut - lines.at) == NULL) {
				assert_int_equal(
					write(fds[1], text.p + cut, text.n - cut), text.n - cut);
				close(fds[1]);
				rest = true;
			}
			status = lines_next(&lines, &got);
			size_t n = strlen(all);
			snprintf(all + n, sizeof(all) - n, "%.*s|", STR_ARG(got));
		}
		assert_string_equal(all, "{\"a\":1}|b||ccc|dd|");
		assert_int_equal(status, LINE_UNFINISHED);
		close(fds[0]);
	}
}

static void not_readable(void **state)
{
	lines_begin(&lines, -1, 0);
	takes(LINE_ERROR, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(too_long),
		cmocka_unit_test(just_fits),
		cmocka_unit_test(grows),
		cmocka_unit_test(in_pieces),
		cmocka_unit_test(not_readable),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
