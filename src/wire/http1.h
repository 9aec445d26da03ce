/* SPDX-License-Identifier: MIT */
/* HTTP/1 requests from bytes, with llhttp in strict mode, plus the refusals that llhttp leaves to its
 * user. Pure: give it bytes, pull events; any split of the bytes gives the same events. */
#ifndef WIRE_HTTP1_H
#define WIRE_HTTP1_H

#include "wire/http.h"

struct http1_limits {
	size_t header_bytes; /* request line and header block together */
	unsigned headers;    /* number of header fields */
};

enum http1_event {
	HTTP1_MORE, /* all input is used up; give more */
	HTTP1_HEAD, /* a request head is complete: http1_head() */
	HTTP1_BODY, /* ret_body is a piece of the body, a view into the input (chunk framing removed) */
	HTTP1_END,   /* the message is complete; the next call begins the next message */
	HTTP1_ERROR, /* refused: err says why; the connection must be closed after the answer */
};

struct http1;
struct http1 *http1_new(const struct http1_limits *limits) MUSTCHECK;
void http1_free(struct http1 *h);

/* Consumes from the front of *in and returns the next event. A body piece lies inside *in's bytes, so
 * that input read straight into a body buffer is never copied. After HTTP1_ERROR only http1_free().
 *
 * Refused with ERR_INVALID, besides all that llhttp's strict mode refuses: bare LF line ends, obs-fold,
 * missing, second or malformed Host (HTTP/1.1; RFC 9112 section 3.2), HTTP versions other than 1.0 and 1.1,
 * any Transfer-Encoding but exactly one "chunked", Transfer-Encoding in HTTP/1.0, Transfer-Encoding together
 * with Content-Length, duplicated Content-Length (also when equal), absolute-form and authority-form
 * targets, targets with a fragment or bytes outside ASCII, Upgrade (ERR_UPGRADE when to a WebSocket), any
 * Expect but 100-continue, NUL or other control characters in names, values and target, white space before
 * the colon, chunk size lines of more than 256 bytes, trailers that name framing, routing or auth fields
 * (others are dropped), bytes behind a message that keeps no connection.
 * ERR_METHOD: a method outside enum http_method. ERR_HEADERS: over a limit; trailers have the same ones. */
enum http1_event http1_next(struct http1 *h, struct str *in, struct str *ret_body, struct err *e);

/* The head of the current message: valid from HTTP1_HEAD until the call after HTTP1_END. */
const struct http_head *http1_head(const struct http1 *h);

/* As much as has arrived of the current message's target, also of one that was refused; empty when the
 * target itself is malformed. */
struct str http1_target(const struct http1 *h);

/* True when bytes of a message have arrived and its head is not complete: the header timeout runs. */
bool http1_in_head(const struct http1 *h);

#endif
