/* SPDX-License-Identifier: MIT */
/* Watches descriptors that somebody else opens and closes, as libcurl does, mostly without having to know when.
 * A closed descriptor is forgotten by itself, and its number may come back as anything. */
#ifndef IO_WATCH_H
#define IO_WATCH_H

#include "io/loop.h"

enum { WATCH_IN = 1, WATCH_OUT = 2, WATCH_ERR = 4 };

struct watch;

/* ready: one descriptor is ready (level-triggered). end: a batch of ready() calls is over. */
struct watch *watch_new(struct loop *l, void (*ready)(void *ctx, int fd, unsigned events),
	void (*end)(void *ctx), void *ctx) MUSTCHECK;
void watch_free(struct watch *w);
/* Says which of WATCH_IN and WATCH_OUT are of interest from now on; 0: none. */
void watch_set(struct watch *w, int fd, unsigned events);
/* A connection of no interest now is to stay silent until the next watch_set(): whatever arrives is thrown away, and
 * the connection shut down, so that it is found dead instead of being taken for an answer to come. Before such a
 * descriptor is closed, watch_closed() is to be called. */
void watch_idle(struct watch *w, int fd);
void watch_closed(struct watch *w, int fd);

#endif
