/* SPDX-License-Identifier: MIT */
/* Running the proxy in the background, in a session of its own. */
#ifndef APP_DAEMON_H
#define APP_DAEMON_H

#include "app/serve.h"

/* Calls serve() in a new process (o->ready_fd is set here) and waits until it listens. The process keeps
 * nothing open but lock_fd and the log file, to which its standard error goes; it stays in the caller's
 * working folder, so that relative file names in the configuration mean the same. On failure false, and
 * what it said meanwhile is on the caller's standard error. lock_fd is the caller's to close. */
bool daemon_start(
	struct serve_options *o, int lock_fd, const char *log_file, struct err *e) MUSTCHECK;

#endif
