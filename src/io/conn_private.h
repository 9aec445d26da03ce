/* SPDX-License-Identifier: MIT */
/* What server.c and conn.c share. For these two files only. */
#ifndef IO_CONN_PRIVATE_H
#define IO_CONN_PRIVATE_H

#include "io/conn.h"

#include <uv.h>

enum { LISTEN_MAX = 8, READ_BYTES = 64 * 1024, DEAF_TICK_MS = 20, SPARES = 16 };

struct server {
	struct loop *loop;
	const struct server_events *ev;
	void *user;
	struct server_limits limits;
	uv_tcp_t *listeners[LISTEN_MAX];
	unsigned nlisteners;
	struct list conns;
	size_t nconns;
	struct list dirty; /* connections with output to flush */
	struct list deaf;  /* connections that do not read now: libuv would not report a hang-up */
	struct timer *deaf_timer;
	bool draining;
	char *read_buf;           /* one for all: a read is used up before the next */
	struct buf spare[SPARES]; /* memory for output, of connections that have sent theirs */
	unsigned nspare;
};

enum body_mode { BODY_UNWANTED, BODY_INTO, BODY_STREAM };
enum conn_end {
	CONN_OPEN,
	CONN_FLUSH_CLOSE, /* close when the output is gone */
	CONN_FLUSH_LINGER, /* the same, but the peer may still be sending: let it read our reply first */
	CONN_FLUSH_RESET, /* the same, but the end must not look like a regular one */
	CONN_LINGER,      /* reading and discarding until the peer closes */
	CONN_CLOSED,      /* uv_close() called */
};

struct conn {
	uv_tcp_t tcp;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct server *server;
	struct list link, dirty, deaf;
	struct deferred pump; /* parse what waits in `ahead`, deliver `pending` */
	struct timer *timer;
	struct http1 *http;

	/* request */
	void *ctx; /* the user's, while a request is open */
	const struct http_head *head;
	enum body_mode body_mode;
	struct buf *into;
	struct buf ahead;   /* read, not parsed yet */
	struct err pending; /* a failure to report from the loop */
	bool request_done;  /* all of the current request has been parsed */
	bool discarding; /* it was answered, and the rest of it is being read to keep the connection */
	bool failed;     /* it was reported as broken: nothing of it can be parsed any more */
	bool body_paused;
	bool reading;
	bool processing;   /* inside the parse loop: what it calls need not wake it */
	uint64_t since_ms; /* when the current phase (idle, head, body) began */
	uint64_t body_bytes;

	/* reply */
	struct buf out, sending;
	bool writing; /* libuv holds `sending` */
	bool replied, chunked, no_body;
	bool head_closes; /* the reply head said that the connection ends */
	bool was_full;
	uint64_t reply_bytes;
	uint64_t progress_ms; /* when the client last accepted bytes while some waited */
	size_t progress_left;
	enum conn_end end;
	char peer[64];
};

/* Takes over an accepted socket, or closes it when that fails. */
void conn_accept(struct server *s, uv_stream_t *listener);
/* Sends what is queued, as far as the socket takes it. */
void conn_flush(struct conn *c);
/* Polls a connection that does not read for a hang-up. */
void conn_check_deaf(struct conn *c);
/* Closes at once; tells the user when a request is open. */
void conn_lost(struct conn *c);
/* Ends as soon as there is no request in work. */
void conn_drain(struct conn *c);

#endif
