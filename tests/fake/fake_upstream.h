/* SPDX-License-Identifier: MIT */
/* A provider without sockets: the test sees each request and says what comes back, when, and how it ends. Takes the place
 * of io/upstream at link time, and asserts what io/upstream.h asks of its user. */
#ifndef FAKE_FAKE_UPSTREAM_H
#define FAKE_FAKE_UPSTREAM_H

#include "base/arena.h"
#include "base/buf.h"
#include "fake/fake_loop.h"
#include "io/upstream.h"

enum fake_transfer_state {
	FAKE_WAITING,   /* no reply head yet */
	FAKE_REPLYING,  /* between head and end */
	FAKE_DONE,      /* done() was called */
	FAKE_CANCELLED, /* by transfer_cancel() */
};

struct upstream {
	struct loop *loop;
	struct list transfers; /* also those that have ended */
	size_t n;              /* of them */
};

struct transfer {
	struct list link;
	struct upstream *up;
	struct arena *memory;
	const struct upstream_events *ev;
	void *ctx;
	enum fake_transfer_state state;
	struct upstream_request
		rq;         /* strings are copies; the body is borrowed, as it is by libcurl */
	struct buf body;    /* what was taken of it so far */
	struct buf waiting; /* streamed, not taken yet */
	bool send_ended, send_was_full;
	bool paused;
	unsigned pauses, resumes;
	bool inside; /* head() or body() is being called */
	uint64_t last_ms;
};

/* The n-th transfer that was started, from 0, and the last one. NULL without it. */
struct transfer *fake_upstream_nth(const struct upstream *u, size_t n);
struct transfer *fake_upstream_last(const struct upstream *u);
/* Transfers that are neither done nor cancelled. */
size_t fake_upstream_open(const struct upstream *u);
/* Frees the transfers that have ended. */
void fake_upstream_forget(struct upstream *u);
/* The value of a header of the request; p == NULL without it. */
struct str fake_transfer_header(const struct transfer *t, const char *name);

/* Takes up to n bytes of the request's body, as libcurl does when the socket has room. */
void fake_transfer_take(struct transfer *t, size_t n);
/* The reply's head: "200 OK\nName: value\n…". Content-Length is told as the length, and not among the headers. */
void fake_transfer_head(struct transfer *t, const char *head);
/* Bytes of the reply's body; the transfer must not be paused. */
void fake_transfer_body(struct transfer *t, struct str bytes);
/* The end. */
void fake_transfer_done(struct transfer *t, enum upstream_failure why, const char *text);

#endif
