/* SPDX-License-Identifier: MIT */
/* Appends lines to a descriptor from a worker thread, in order, with a bound on what waits. */
#ifndef IO_LOG_WRITER_H
#define IO_LOG_WRITER_H

#include "io/loop.h"

struct log_writer;

/* Writes to fd, which stays the caller's. */
struct log_writer *log_writer_new(struct loop *l, int fd, size_t queue_bytes) MUSTCHECK;
/* Takes a whole line, its line end included. What does not fit is dropped and counted; the count is
 * written as a line of its own as soon as there is room. */
void log_writer_put(struct log_writer *w, struct str line);
/* Writes to another descriptor from the next batch on (a log that was rotated). Returns the old one. */
int log_writer_set_fd(struct log_writer *w, int fd);
/* Writes what waits, and frees. The loop must not run meanwhile; a worker's batch is waited for. */
void log_writer_free(struct log_writer *w);

#endif
