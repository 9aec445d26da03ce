/* SPDX-License-Identifier: MIT */
/* What sluice writes down for people and machines: one line an exchange, and its own messages. Lines are
 * formatted on the loop and written by a worker, so that a slow disk never stops the loop. Never holds bodies,
 * queries, keys or header values. */
#ifndef CORE_ACCESS_LOG_H
#define CORE_ACCESS_LOG_H

#include "core/exchange.h"
#include "io/log_writer.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct access_log {
	struct log_writer *writer;
	enum log_level level;
	bool json;
	struct buf line; /* scratch */
};

/* Takes format and level from the configuration. */
void access_log_configure(struct access_log *log, const struct config *c);
/* One line about a finished exchange. */
void access_log_exchange(struct access_log *log, const struct exchange *x);
/* One line about bytes that never became a request. */
void access_log_refused(struct access_log *log, const struct err *e, struct str path);
/* A message of sluice itself. NULL is accepted: it goes nowhere. */
void log_message(struct access_log *log, enum log_level level, const char *fmt, ...) PRINTF(3, 4);

#endif
