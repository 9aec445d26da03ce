/* SPDX-License-Identifier: MIT */
/* The proxy itself: listeners, signals, reload and draining around the loop. */
#ifndef APP_SERVE_H
#define APP_SERVE_H

#include "core/config.h"

struct serve_options {
	const struct config_input *input; /* how to load the configuration, and again at reload */
	/* When not NULL: ends when nobody holds a shared flock on this file (see `sluice run`). */
	const char *lock_path;
	/* Written once listening, removed at the end: JSON with pid, urls and version. */
	const char *state_path;
	/* -1, or written with one byte 'R' once listening (closed without it on failure). */
	int ready_fd;
};

/* Runs the proxy until it is told to end (SIGTERM and SIGINT drain, SIGHUP reloads). Returns the exit
 * status of the program. */
int serve(const struct serve_options *o);

#endif
