/* SPDX-License-Identifier: MIT */
/* The stream of states of a running proxy: found like `sluice status` finds it, and found again after it has gone. */
#ifndef APP_TOP_FEED_H
#define APP_TOP_FEED_H

#include "app/cmd.h"
#include "app/paths.h"

enum top_feed_result {
	TOP_FEED_NOTHING, /* nothing new */
	TOP_FEED_STATE,   /* a state has come: top_feed_state() */
	TOP_FEED_LOST,    /* the connection has ended: top_feed_connect() again, after a while */
};

struct top_feed {
	const struct paths *paths;
	const char *key; /* the proxy's, or "" */
	int fd;          /* to be polled for reading; -1: not connected */
	struct buf in;
	bool in_body;
	size_t state_at, state_n; /* of the last whole state in `in` */
};

void top_feed_init(struct top_feed *f, const struct paths *p, const char *key);
void top_feed_release(struct top_feed *f);
/* Connects. False, with the reason, when there is no proxy or it refuses. */
bool top_feed_connect(struct top_feed *f, struct err *e) MUSTCHECK;
/* Takes what has come; blocks when nothing has. */
enum top_feed_result top_feed_read(struct top_feed *f, struct err *e);
/* The JSON of the last state, until the next read. */
struct str top_feed_state(const struct top_feed *f);

#endif
