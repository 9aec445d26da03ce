/* SPDX-License-Identifier: MIT */
/* The provider side: HTTP requests through libcurl's multi interface on the loop, with pooled connections,
 * timeouts, cancellation and backpressure. Knows nothing of LLMs. */
#ifndef IO_UPSTREAM_H
#define IO_UPSTREAM_H

#include "io/loop.h"
#include "wire/http.h"

struct upstream;
struct transfer;

struct upstream_limits {
	size_t connections;  /* idle ones kept for reuse */
	size_t header_bytes; /* of a reply's head */
	unsigned headers;    /* fields of it */
	size_t send_bytes;   /* of a streamed body, waiting: transfer_send_full() beyond */
};

struct upstream *upstream_new(struct loop *l) MUSTCHECK;
/* To be called before the first transfer; holds for those that begin after the call. */
void upstream_set_limits(struct upstream *u, const struct upstream_limits *limits);
/* All transfers must have ended or been cancelled. */
void upstream_free(struct upstream *u);

struct upstream_request {
	enum http_method method;
	const char *origin; /* "https://api.example.com" or with ":port"; NUL-terminated */
	const char *target; /* path and query exactly as they are to be sent; NUL-terminated */
	const struct http_header *h; /* in order; without Host, framing and hop-by-hop headers */
	size_t n;
	struct str body; /* p == NULL: none; borrowed until transfer_body_sent() or done() */
	bool streamed;   /* the body comes through transfer_send() instead */
	int64_t streamed_length; /* its length, or -1: chunked */
	bool decode; /* undo a Content-Encoding of the reply; the header is then left out of head() */
	bool http2;
	bool fresh;           /* not on a pooled connection */
	const char *proxy;    /* "http://host:port", or "" for none; NUL-terminated */
	const char *no_proxy; /* hosts reached directly, as in NO_PROXY */
	const char *ca_file;  /* "" for the system's */
	uint64_t connect_ms, first_byte_ms, idle_ms, total_ms; /* total 0: no limit */
};

struct upstream_reply {
	unsigned status;
	struct str reason;
	const struct http_header *h; /* end to end headers, in order; valid during the call */
	size_t n;
	int64_t length; /* of the body as it will be handed over; -1 when not known */
	bool decoded;   /* a coding is being undone */
};

enum upstream_failure {
	UPSTREAM_OK,
	UPSTREAM_CONNECT, /* no connection: name, refusal, TLS, proxy; nothing was sent */
	UPSTREAM_STALE, /* a pooled connection was dead or dirty before the request was sent whole: safe to repeat */
	UPSTREAM_BROKEN,    /* broke off, before or within the reply */
	UPSTREAM_TIMEOUT,   /* one of the four timeouts */
	UPSTREAM_BAD_REPLY, /* not HTTP, or a coding that cannot be undone */
};

/* None of these is called from inside an upstream_* or transfer_* function. */
struct upstream_events {
	/* The final reply head (1xx are skipped). */
	void (*head)(void *ctx, const struct upstream_reply *r);
	/* Body bytes, valid during the call. After transfer_pause() no more come. */
	void (*body)(void *ctx, struct str bytes);
	/* More of a streamed body can be taken. Must not cancel. */
	void (*writable)(void *ctx);
	/* The end; the transfer is gone after the call. text says what failed, for people. */
	void (*done)(void *ctx, enum upstream_failure why, const char *text);
};

/* Never fails at once: failures come through done(). */
struct transfer *upstream_start(struct upstream *u, const struct upstream_request *rq,
	const struct upstream_events *ev, void *ctx);

/* Ends it without done(); the connection is closed when the reply was not complete. Must not be called from
 * head() or body(). */
void transfer_cancel(struct transfer *t);

/* Backpressure: may be called from body(). */
void transfer_pause(struct transfer *t);
void transfer_resume(struct transfer *t);

/* Appends to a streamed body (copied). transfer_send_full() then says whether to wait for writable(). */
void transfer_send(struct transfer *t, struct str bytes);
bool transfer_send_full(const struct transfer *t);
/* The streamed body is complete. */
void transfer_send_end(struct transfer *t);

/* libcurl has taken all of rq->body: it may be freed. */
bool transfer_body_sent(const struct transfer *t);

/* When bytes last came from the provider, or the request was started, in loop_now_ms() time. */
uint64_t transfer_last_ms(const struct transfer *t);

#endif
