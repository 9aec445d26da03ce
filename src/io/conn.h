/* SPDX-License-Identifier: MIT */
/* The client side: listeners, connections, HTTP/1 requests in order, replies with framing and backpressure.
 * Knows nothing of LLMs. A connection serves one request at a time; what a client sends ahead waits. */
#ifndef IO_CONN_H
#define IO_CONN_H

#include "io/loop.h"
#include "wire/http1.h"

struct conn;
struct server;

/* What the server tells its user. None of these is ever called from inside a conn_* or server_* function. */
struct server_events {
	/* A request head is complete. Returns the context for the calls below. The head's views live until
	 * the reply has ended. The body is not read before conn_read_body() or conn_stream_body(). */
	void *(*begin)(void *user, struct conn *c, const struct http_head *head);
	/* A piece of the body, after conn_stream_body(). */
	void (*body)(void *ctx, struct str piece);
	/* The request is complete. */
	void (*end)(void *ctx);
	/* The request cannot be completed (malformed, too slow, too large): e says why. An error reply may be sent;
	 * the connection ends after it. */
	void (*broken)(void *ctx, const struct err *e);
	/* The client has gone; the connection must not be touched again. Last call. */
	void (*gone)(void *ctx);
	/* The reply queue fell below half of limits.queue_bytes, after conn_full() was true. */
	void (*drained)(void *ctx);
	/* A request that never became one (bad head, too large a head): the bytes of a whole HTTP error reply are
	 * wanted in out. target is what is known of the request's target, possibly empty. */
	void (*refused)(void *user, const struct err *e, struct str target, struct buf *out);
};

struct server_limits {
	struct http1_limits head;
	size_t body_bytes; /* for conn_read_body() */
	size_t connections;
	size_t queue_bytes;    /* conn_full() beyond */
	size_t pipeline_bytes; /* read ahead of the current request */
	size_t body_rate;      /* slowest body, bytes a second; 0: any */
	size_t discard_bytes;  /* largest body read to the end, unused, to keep a connection */
	uint64_t body_grace_ms;
	uint64_t header_ms, idle_ms, write_stall_ms, linger_ms;
};

struct server *server_new(struct loop *l, const struct server_events *ev, void *user) MUSTCHECK;
/* Limits hold for what begins after the call. */
void server_set_limits(struct server *s, const struct server_limits *limits);
/* Listens on an address ("127.0.0.1", "::1") and port (0: any). False, with e saying why. ret_port: the port. */
bool server_listen(
	struct server *s, const char *host, unsigned port, unsigned *ret_port, struct err *e);
/* Listens on an inherited socket that is bound already. */
bool server_listen_fd(struct server *s, int fd, struct err *e);
/* Stops listening, closes idle connections, and lets the others end with their current reply. */
void server_drain(struct server *s);
size_t server_connections(const struct server *s);
/* Closes everything at once; gone() is called for open requests. */
void server_free(struct server *s);

/* ---- one request and its reply ---- */

/* The body is to be collected in `into` (read there directly); body() is not called. The ceiling of
 * `into` is the limit: broken(ERR_TOO_LARGE) beyond. Answers "Expect: 100-continue". */
void conn_read_body(struct conn *c, struct buf *into);
/* The body is to be handed to body() piece by piece. Answers "Expect: 100-continue". */
void conn_stream_body(struct conn *c);
/* Stops and resumes reading the body, for backpressure. The client's leaving is noticed all the same. */
void conn_pause_body(struct conn *c, bool pause);
/* Everything of the request has arrived. */
bool conn_request_complete(const struct conn *c);

enum { CONN_LENGTH_UNKNOWN = -1, CONN_NO_BODY = -2 };
struct conn_reply {
	unsigned status;
	struct str reason;
	const struct http_header *h; /* without framing and Connection headers: those are added */
	size_t n;
	/* Body bytes to come, CONN_LENGTH_UNKNOWN (chunked, or until close for HTTP/1.0), or CONN_NO_BODY
	 * (204, 304, replies to HEAD: no framing header is added). */
	int64_t length;
};
/* Queues the reply's head. */
void conn_reply_head(struct conn *c, const struct conn_reply *r);
/* Queues body bytes; they are copied. */
void conn_reply_body(struct conn *c, struct str bytes);
/* The reply is complete; the request's context is forgotten by the connection. */
void conn_reply_end(struct conn *c);
/* Breaks the connection off, so that the client sees an unfinished reply. What is queued is sent first.
 * The request's context is forgotten. */
void conn_reply_abort(struct conn *c);
/* The same, with a reset of the connection whatever the framing. */
void conn_reply_reset(struct conn *c);
/* Closes the connection at once, with what is queued. The request's context is forgotten. */
void conn_reply_drop(struct conn *c);
/* More than limits.queue_bytes wait to be sent: stop producing until drained(). */
bool conn_full(const struct conn *c);
/* Bytes queued that the client's side has not taken yet. */
size_t conn_queued(const struct conn *c);
/* Bytes of reply queued so far, framing included. */
uint64_t conn_sent_bytes(const struct conn *c);
/* Whether a reply head was queued for the current request. */
bool conn_replied(const struct conn *c);
/* The peer's address as text, for the log. */
struct str conn_peer(const struct conn *c);

#endif
