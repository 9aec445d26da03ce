/* SPDX-License-Identifier: MIT */
/* Two buffers: the loop fills one while a worker writes the other. At most one worker job is under way, which
 * keeps the order without a lock: job start and end are the only hand-overs. */
#include "io/log_writer.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

enum {
	BATCH_MS = 20,
	DROP_LINE_BYTES = 128,
	GIVE_UP_MS = 1000,
	STOP_CHECK_MS = 100,
	PAGE_BYTES = 4096
};

struct log_writer {
	struct loop *loop;
	struct timer *timer;
	struct buf filling, writing;
	size_t max;
	uint64_t dropped;
	int fd; /* our own, and always the same: a worker may be using it */
	int batch_fd; /* of the batch under way: the log may be moved meanwhile, a batch stays in one file */
	bool busy;
	atomic_bool stop; /* do not wait for a reader any longer */
};

/* Never blocks for good: what poll() calls writable takes a page, whoever else writes there. */
static void write_all(struct log_writer *w, int fd, struct str s)
{
	while (s.n > 0) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		int ready = poll(&p, 1, STOP_CHECK_MS);
		if (ready == 0 && atomic_load(&w->stop))
			return;
		if (ready <= 0)
			continue;
		ssize_t n = write(fd, s.p, s.n < PAGE_BYTES ? s.n : PAGE_BYTES);
		if (n > 0)
			s = str_from_offset(s, (size_t)n);
		else if (errno != EINTR && errno != EAGAIN)
			return; /* given up, batch by batch: there is nowhere to say so */
	}
}

static void work(void *ctx)
{
	struct log_writer *w = ctx;

	write_all(w, w->batch_fd, buf_str(&w->writing));
}

static void start(struct log_writer *w);

static void done(void *ctx)
{
	struct log_writer *w = ctx;

	w->busy = false;
	close(w->batch_fd);
	buf_clear(&w->writing);
	if (w->filling.n > 0)
		start(w);
}

static void note_dropped(struct log_writer *w)
{
	if (w->dropped == 0)
		return;
	buf_addf(&w->filling, "sluice: %llu log lines dropped: writing is too slow\n",
		(unsigned long long)w->dropped);
	w->dropped = 0;
}

static void start(struct log_writer *w)
{
	struct buf full = w->filling;

	if (w->busy)
		return;
	w->filling = w->writing;
	w->writing = full;
	w->busy = true;
	w->batch_fd = fcntl(w->fd, F_DUPFD_CLOEXEC, 0);
	note_dropped(w);
	loop_job(w->loop, work, done, w);
}

static void on_timer(void *ctx)
{
	start(ctx);
}

struct log_writer *log_writer_new(struct loop *l, int fd, size_t queue_bytes)
{
	struct log_writer *w = must_alloc(sizeof(*w));

	w->loop = l;
	w->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	w->max = queue_bytes;
	w->timer = timer_new(l, on_timer, w);
	buf_init(&w->filling, SIZE_MAX);
	buf_init(&w->writing, SIZE_MAX);
	return w;
}

void log_writer_put(struct log_writer *w, struct str line)
{
	if (w->filling.n + line.n + DROP_LINE_BYTES > w->max) {
		w->dropped++;
		return;
	}
	/* A batch a while: waking a worker for each line would cost more than the line. */
	if (w->filling.n == 0)
		timer_at(w->timer, loop_now_ms(w->loop) + BATCH_MS);
	buf_add(&w->filling, line);
}

void log_writer_set_fd(struct log_writer *w, int fd)
{
	dup3(fd, w->fd, O_CLOEXEC);
}

void log_writer_free(struct log_writer *w)
{
	if (w == NULL)
		return;
	for (unsigned ms = 0; w->busy; ms++) {
		if (ms == GIVE_UP_MS) /* nobody reads it: the program must be able to end */
			atomic_store(&w->stop, true);
		uv_run(loop_uv(w->loop), UV_RUN_NOWAIT);
		if (w->busy)
			usleep(1000);
	}
	timer_free(w->timer);
	atomic_store(&w->stop, true);
	note_dropped(w);
	write_all(w, w->fd, buf_str(&w->filling));
	buf_release(&w->filling);
	buf_release(&w->writing);
	close(w->fd);
	free(w);
}
