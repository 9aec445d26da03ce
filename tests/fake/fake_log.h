/* SPDX-License-Identifier: MIT */
/* A log that keeps its lines. Takes the place of io/log_writer at link time. */
#ifndef FAKE_FAKE_LOG_H
#define FAKE_FAKE_LOG_H

#include "io/log_writer.h"

/* Everything put since the start or the last fake_log_clear(). */
struct str fake_log_text(const struct log_writer *w);
size_t fake_log_lines(const struct log_writer *w);
void fake_log_clear(struct log_writer *w);

#endif
