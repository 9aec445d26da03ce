/* SPDX-License-Identifier: MIT */
/* The log's worker when its reader is slow, hangs or has gone: every line once and in order, or counted as dropped where
 * it is missing; and a loop that never waits for it. Also run with the thread sanitizer. */
#include "unit/io/io_check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "io/log_writer.h"

enum { QUEUE_BYTES = 64 * 1024, PIPE_BYTES = 64 * 1024 };

struct log {
	struct loop *loop;
	struct log_writer *w;
	int in, out;   /* the pipe's ends: in is what the test reads */
	unsigned next; /* number of the next line */
	struct buf got;
};

static void log_open(struct log *l, int flags)
{
	int fd[2];

	*l = (struct log){ .loop = loop_new() };
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	l->in = fd[0];
	l->out = fd[1];
	set_nonblocking(l->in);
	if (flags & O_NONBLOCK)
		set_nonblocking(l->out);
	l->w = log_writer_new(l->loop, l->out, QUEUE_BYTES);
	buf_init(&l->got, SIZE_MAX);
}

static void log_close(struct log *l)
{
	loop_free(l->loop);
	close(l->in);
	close(l->out);
	buf_release(&l->got);
}

static void put_lines(struct log *l, unsigned n)
{
	char line[64];

	while (n-- > 0) {
		snprintf(line, sizeof(line), "line %u of the log\n", l->next++);
		log_writer_put(l->w, str_from(line));
	}
}

/* Puts lines until the pipe takes no more, so that the worker waits for its reader. */
static void block(struct log *l)
{
	int before = -1, held = 0;

	for (time_t start = time(NULL); before < held || held < PIPE_BYTES * 3 / 4;) {
		assert_true(time(NULL) < start + NEVER_S);
		put_lines(l, 1000);
		before = held;
		for (int i = 0; i < 10; i++) {
			nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
			turn(l->loop);
		}
		assert_int_equal(ioctl(l->in, FIONREAD, &held), 0);
	}
}

/* Reads what is there. */
static void log_read(struct log *l, int fd)
{
	char piece[4096];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0)
		buf_add(&l->got, (struct str){ piece, (size_t)n });
}

/* Goes through what was read: lines in order; what is missing was counted by a line at its place. Returns how many
 * lines are accounted for. */
static unsigned account(struct str got, unsigned *ret_dropped)
{
	unsigned next = 0;
	struct str line;

	*ret_dropped = 0;
	while (str_split(&got, '\n', &line) && line.n > 0) {
		unsigned n;
		char text[100];
		snprintf(text, sizeof(text), "%.*s", STR_ARG(line));
		if (sscanf(text, "line %u of the log", &n) == 1) {
			assert_int_equal(n, next);
			next++;
		} else {
			assert_int_equal(
				sscanf(text, "sluice: %u log lines dropped: writing is too slow",
					&n),
				1);
			*ret_dropped += n;
			next += n;
		}
	}
	return next;
}

static unsigned lines_read(const struct log *l)
{
	unsigned n = 0;

	for (size_t i = 0; i < l->got.n; i++)
		n += l->got.p[i] == '\n';
	return n;
}

static void every_line_in_order(void **state)
{
	static const int flags[] = { 0, O_NONBLOCK };

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		struct log l;
		unsigned dropped;
		log_open(&l, flags[i]);
		/* Less than the queue, so that none is dropped, however slow the reader. */
		for (int round = 0; round < 100; round++) {
			put_lines(&l, 100);
			until(l.loop, (log_read(&l, l.in), lines_read(&l) + 1000 > l.next));
		}
		until(l.loop, (log_read(&l, l.in), lines_read(&l) == l.next));
		assert_int_equal(account(buf_str(&l.got), &dropped), 10000);
		assert_int_equal(dropped, 0);
		log_writer_free(l.w);
		log_close(&l);
	}
}

/* Nobody reads: the loop goes on, memory has a bound, and what was dropped is counted where it is missing. */
static void blocked_pipe(void **state)
{
	static const int flags[] = { 0, O_NONBLOCK };

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		struct log l;
		unsigned dropped;
		log_open(&l, flags[i]);
		block(&l);
		put_lines(&l, 10000);
		/* Read at last; lines that come meanwhile take their turn. */
		for (int round = 0; round < 100; round++) {
			log_read(&l, l.in);
			turn(l.loop);
			put_lines(&l, 1);
			nap();
		}
		until(l.loop, (log_read(&l, l.in), account(buf_str(&l.got), &dropped) == l.next));
		assert_true(dropped > 5000);
		/* Two queues and a pipe, at 20 bytes a line and more. */
		assert_true(lines_read(&l) < 3 * (QUEUE_BYTES + PIPE_BYTES) / 20);
		log_writer_free(l.w);
		log_close(&l);
	}
}

/* What waits behind a batch is written at the end. */
static void the_rest_behind_a_batch(void **state)
{
	struct log l;
	unsigned dropped;

	log_open(&l, 0);
	for (int i = 0; i < 50; i++) {
		put_lines(&l, 3);
		turn(l.loop);
		nap();
	}
	log_writer_free(l.w);
	log_read(&l, l.in);
	assert_int_equal(account(buf_str(&l.got), &dropped), 150);
	log_close(&l);
}

/* A log that was rotated: what comes after goes to the new one, nothing is lost, and the caller may close the old one at
 * once, also while a batch is being written. */
static void another_descriptor(void **state)
{
	struct log l;
	int fd[2];
	unsigned dropped;

	log_open(&l, 0);
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	set_nonblocking(fd[0]);
	block(&l);
	log_writer_set_fd(l.w, fd[1]);
	close(l.out);
	l.out = -1;
	close(fd[1]);
	put_lines(&l, 10);
	/* The old one ends with what was under way. */
	char byte;
	ssize_t n;
	until(l.loop, (n = read(l.in, &byte, 1)) >= 0 &&
			      (n == 0 || (buf_add_char(&l.got, byte), log_read(&l, l.in), false)));
	until(l.loop, (log_read(&l, fd[0]), account(buf_str(&l.got), &dropped) == l.next));
	put_lines(&l, 10);
	until(l.loop, (log_read(&l, fd[0]), account(buf_str(&l.got), &dropped) == l.next));
	log_writer_free(l.w);
	close(fd[0]);
	log_close(&l);
}

static void broken_pipe(void **state)
{
	struct log l;

	signal(SIGPIPE, SIG_IGN); /* as the program does it */
	log_open(&l, 0);
	close(l.in);
	for (int i = 0; i < 20; i++) {
		put_lines(&l, 1000);
		turn(l.loop);
		nap();
	}
	/* One that can be written to again. */
	int fd[2];
	unsigned n = 0;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	set_nonblocking(fd[0]);
	log_writer_set_fd(l.w, fd[1]);
	l.in = fd[0];
	until(l.loop, (put_lines(&l, 1), n++, log_read(&l, l.in), l.got.n > 0));
	log_writer_free(l.w);
	close(fd[1]);
	log_close(&l);
}

/* ---- the end, with a reader that hangs ---- */

struct watchdog {
	pthread_mutex_t lock;
	bool freed, bitten;
	int in;
};

/* Frees a program that hangs by reading after all, and remembers that it had to. */
static void *watch_out(void *ctx)
{
	struct watchdog *d = ctx;
	char piece[4096];
	bool freed = false;

	for (int tenths = 0; !freed; tenths++) {
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
		pthread_mutex_lock(&d->lock);
		freed = d->freed;
		d->bitten |= !freed && tenths >= 150;
		pthread_mutex_unlock(&d->lock);
		if (tenths >= 150)
			(void)!read(d->in, piece, sizeof(piece));
	}
	return NULL;
}

/* The program must be able to end although nobody reads its log. */
static void ends_with_a_blocked_pipe(void **state)
{
	struct log l;
	struct watchdog d = { .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t thread;

	log_open(&l, 0);
	block(&l);
	put_lines(&l, 1000);
	d.in = l.in;
	assert_int_equal(pthread_create(&thread, NULL, watch_out, &d), 0);
	log_writer_free(l.w);
	loop_free(l.loop);
	pthread_mutex_lock(&d.lock);
	d.freed = true;
	bool bitten = d.bitten;
	pthread_mutex_unlock(&d.lock);
	pthread_join(thread, NULL);
	/* Lets a worker go that still hangs on it. */
	log_read(&l, l.in);
	close(l.in);
	close(l.out);
	buf_release(&l.got);
	assert_false(bitten);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_in_order),
		cmocka_unit_test(blocked_pipe),
		cmocka_unit_test(the_rest_behind_a_batch),
		cmocka_unit_test(another_descriptor),
		cmocka_unit_test(broken_pipe),
		cmocka_unit_test(ends_with_a_blocked_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
