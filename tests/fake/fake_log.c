/* SPDX-License-Identifier: MIT */
/* io/log_writer.h without a descriptor. */
#include "fake/fake_log.h"

#include "base/buf.h"

#include <stdlib.h>

struct log_writer {
	struct buf text;
	size_t lines;
	int fd;
};

struct log_writer *log_writer_new(struct loop *l, int fd, size_t queue_bytes)
{
	struct log_writer *w = must_alloc(sizeof(*w));

	(void)l, (void)queue_bytes;
	w->fd = fd;
	buf_init(&w->text, SIZE_MAX);
	return w;
}

void log_writer_put(struct log_writer *w, struct str line)
{
	/* A whole line, and only one: nothing that came from outside may begin another. */
	assert(line.n > 0 && str_find_char(line, '\n') == line.n - 1);
	buf_add(&w->text, line);
	w->lines++;
}

void log_writer_set_fd(struct log_writer *w, int fd)
{
	w->fd = fd;
}

void log_writer_free(struct log_writer *w)
{
	if (w == NULL)
		return;
	buf_release(&w->text);
	free(w);
}

struct str fake_log_text(const struct log_writer *w)
{
	return buf_str(&w->text);
}

size_t fake_log_lines(const struct log_writer *w)
{
	return w->lines;
}

void fake_log_clear(struct log_writer *w)
{
	buf_clear(&w->text);
	w->lines = 0;
}
