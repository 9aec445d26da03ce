/* SPDX-License-Identifier: MIT */
/* Appends lines to a descriptor from a worker thread, in order, with a bound on what waits. */
#ifndef IO_LOG_WRITER_H
#define IO_LOG_WRITER_H

#include "io/loop.h"

struct log_writer;

/* Writes to what fd is open on; fd itself stays the caller's. */
struct log_writer *log_writer_new(struct loop *l, int fd, size_t queue_bytes) MUSTCHECK;
/* Takes a whole line, its line end included. What does not fit is dropped and counted; the count is
 * written as a line of its own as soon as there is room. */
void log_writer_put(struct log_writer *w, struct str line);
/* Writes to what another descriptor is open on (a log that was rotated), as soon as the write under way is
 * over. It stays the caller's. */
void log_writer_set_fd(struct log_writer *w, int fd);
/* Writes what waits, and frees. The loop must not run meanwhile; a worker's batch is waited for. */
void log_writer_free(struct log_writer *w);

#endif
