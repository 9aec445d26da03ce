/* SPDX-License-Identifier: MIT */
/* The log's writer with real descriptors and its real worker: order, bounds, rotation, the end. Also run with
 * the thread sanitizer. */
#include "unit/io/io_check.h"

#include <string.h>
#include <sys/mman.h>

#include "io/log_writer.h"

enum { QUEUE_BYTES = 1 << 20 };

struct site {
	struct loop *loop;
	struct log_writer *writer;
	int in, out; /* the two ends of a pipe */
	struct buf got;
};

static void open_pipe(int *ret_in, int *ret_out)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	*ret_in = ends[0];
	*ret_out = ends[1];
	set_nonblocking(*ret_in);
}

static void site_open(struct site *s, size_t queue_bytes)
{
	*s = (struct site){ .loop = loop_new() };
	open_pipe(&s->in, &s->out);
	s->writer = log_writer_new(s->loop, s->out, queue_bytes);
	buf_init(&s->got, SIZE_MAX);
}

/* Also frees the writer, unless the test has done so. */
static void site_close(struct site *s)
{
	log_writer_free(s->writer);
	loop_free(s->loop);
	close(s->in);
	close(s->out);
	buf_release(&s->got);
}

static void put_number(struct site *s, unsigned n)
{
	char line[32];
	int length = snprintf(line, sizeof(line), "line %u\n", n);

	log_writer_put(s->writer, (struct str){ line, (size_t)length });
}

/* Takes what is in the pipe now. */
static void take(int fd, struct buf *into)
{
	char piece[4096];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0)
		buf_add(into, (struct str){ piece, (size_t)n });
}

/* These must be the lines from *from on, one after the other; moves it behind the last. */
static void assert_lines(struct str text, unsigned *from)
{
	struct str line;
	char want[32];

	assert_true(text.n == 0 || str_ends(text, STR("\n")));
	text.n -= text.n > 0;
	while (text.n > 0 && str_split(&text, '\n', &line)) {
		snprintf(want, sizeof(want), "line %u", (*from)++);
		assert_str(line, str_from(want));
	}
}

static void lines_arrive_in_order(void **state)
{
	struct site s;
	unsigned n = 0;

	site_open(&s, QUEUE_BYTES);
	for (unsigned i = 0; i < 1000; i++) {
		put_number(&s, i);
		if (i % 100 == 0)
			calm(s.loop);
		take(s.in, &s.got);
	}
	until(s.loop, (take(s.in, &s.got), str_ends(buf_str(&s.got), STR("line 999\n"))));
	assert_lines(buf_str(&s.got), &n);
	assert_int_equal(n, 1000);
	site_close(&s);
}

/* Nobody reads: what is put returns at once, and what does not fit is counted. */
static void what_does_not_fit_is_counted(void **state)
{
	enum { LINES = 20000 };
	struct site s;
	unsigned long long dropped = 0;
	unsigned lines = 0;
	struct str rest, line;

	site_open(&s, 4096);
	for (unsigned i = 0; i < LINES; i++) {
		put_number(&s, i);
		if (i % 1000 == 0)
			calm(s.loop);
	}
	put_number(&s, LINES);
	until(s.loop, (take(s.in, &s.got), str_find(buf_str(&s.got), STR(" dropped")) < s.got.n));
	log_writer_free(s.writer);
	s.writer = NULL;
	take(s.in, &s.got);
	rest = buf_str(&s.got);
	while (str_split(&rest, '\n', &line) && line.n > 0) {
		uint64_t n;
		struct str count =
			str_from_offset(line, str_starts(line, STR("sluice: ")) ? 8 : line.n);
		count.n = str_find_char(count, ' ');
		if (str_to_u64(count, &n))
			dropped += n;
		else
			lines++;
	}
	assert_true(dropped > 0);
	assert_int_equal(lines + dropped, LINES + 1);
	site_close(&s);
}

static void take_file(int fd, struct buf *into)
{
	char piece[4096];
	off_t at = 0;
	ssize_t n;

	for (; (n = pread(fd, piece, sizeof(piece), at)) > 0; at += n)
		buf_add(into, (struct str){ piece, (size_t)n });
}

/* Files change while a worker writes: no line is lost, split or out of order, and the caller may close its
 * own descriptor at once. */
static void rotation_loses_nothing(void **state)
{
	enum { FILES = 300 };
	struct site s;
	unsigned lines = 0, n = 0;
	int files[FILES];

	site_open(&s, QUEUE_BYTES);
	for (unsigned i = 0; i < FILES; i++) {
		files[i] = memfd_create("log", MFD_CLOEXEC);
		int given = dup(files[i]);
		assert_true(given >= 0);
		log_writer_set_fd(s.writer, given);
		close(given);
		for (unsigned k = 0; k < 50; k++)
			put_number(&s, lines++);
		/* By turns: nothing has been written yet, a worker may be writing, all has been written. */
		if (i % 3 == 1)
			calm(s.loop);
		else if (i % 3 == 2)
			until(s.loop, lseek(files[i], 0, SEEK_END) > 0);
	}
	log_writer_free(s.writer);
	s.writer = NULL;
	for (unsigned i = 0; i < FILES; i++) {
		take_file(files[i], &s.got);
		close(files[i]);
	}
	assert_lines(buf_str(&s.got), &n);
	assert_int_equal(n, lines);
	site_close(&s);
}

static void the_end_writes_the_rest(void **state)
{
	struct site s;
	unsigned n = 0;

	site_open(&s, QUEUE_BYTES);
	put_number(&s, 0);
	put_number(&s, 1);
	log_writer_free(s.writer);
	s.writer = NULL;
	take(s.in, &s.got);
	assert_lines(buf_str(&s.got), &n);
	assert_int_equal(n, 2);
	/* The caller's own descriptor is open still. */
	assert_true(fcntl(s.out, F_GETFD) >= 0);
	site_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_arrive_in_order),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(rotation_loses_nothing),
		cmocka_unit_test(the_end_writes_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
