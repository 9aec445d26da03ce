/* SPDX-License-Identifier: MIT */
/* Clients without sockets: the test says what arrives and when, and sees the reply as it was queued. Takes the place of
 * io/conn and io/server at link time, and asserts what io/conn.h asks of its user. One request a connection. */
#ifndef FAKE_FAKE_CONN_H
#define FAKE_FAKE_CONN_H

#include "fake/fake_loop.h"
#include "io/conn.h"

enum fake_body { FAKE_BODY_UNWANTED, FAKE_BODY_INTO, FAKE_BODY_STREAM };
enum fake_end {
	FAKE_OPEN,
	FAKE_ENDED,   /* a whole reply */
	FAKE_ABORTED, /* broken off by the program */
	FAKE_GONE,    /* broken off by the client */
};

struct server {
	struct loop *loop;
	const struct server_events *ev;
	void *user;
	struct server_limits limits;
	struct list conns;
	bool draining;
};

struct conn {
	struct list link;
	struct server *server;
	void *ctx; /* what begin() gave; NULL when the request is no longer open */

	/* request */
	struct arena *head_memory; /* freed with the end of the reply, as io/conn.h allows */
	struct http_head *head;
	enum fake_body mode;
	struct buf *into;
	bool complete, body_paused;
	unsigned body_pauses; /* how often it was paused */
	struct err pending;
	struct deferred report;

	/* reply */
	struct arena *memory;
	struct http_head reply; /* status, reason and headers */
	bool replied;
	int64_t length;
	struct buf body;
	unsigned writes; /* calls of conn_reply_body() with bytes */
	enum fake_end end;

	/* A client that is stuck reads nothing until fake_conn_drain(). */
	bool stuck, was_full;
	size_t queued;
};

/* A client that sends this head: "POST /v1/messages\nName: value\n…", HTTP/1.1 unless " HTTP/1.0" ends the first line.
 * The rest follows by fake_conn_body() and fake_conn_end(); without a body the request is complete. */
struct conn *fake_conn_begin(struct server *s, const char *head);
/* A piece of the body, which must be wanted and not paused. */
void fake_conn_body(struct conn *c, struct str piece);
void fake_conn_end(struct conn *c);
void fake_conn_broken(struct conn *c, enum err_kind kind, const char *text);
void fake_conn_gone(struct conn *c);
/* A stuck client reads all there is. */
void fake_conn_drain(struct conn *c);
/* The value of a header of the reply; p == NULL without it. */
struct str fake_conn_header(const struct conn *c, const char *name);
/* The last connection that began. */
struct conn *fake_server_last(struct server *s);
/* Frees the connections whose request has ended. */
void fake_server_forget(struct server *s);

#endif
