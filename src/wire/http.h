/* SPDX-License-Identifier: MIT */
/* HTTP messages as views: heads, header look-up, what is hop-by-hop, single lines of responses.
 * Rules: RFC 9110 (semantics), RFC 9112 (HTTP/1.1). No sockets. */
#ifndef WIRE_HTTP_H
#define WIRE_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_METHODS,
};
/* "GET" and so on. */
struct str http_method_name(enum http_method m);

struct http_header {
	struct str name, value; /* value without surrounding white space */
};

struct http_head {
	enum http_method method; /* of a request */
	struct str target;       /* as it came: path and query, or "*" */
	struct str path;         /* target up to the '?' */
	struct str query;        /* behind the '?', empty without one */
	unsigned minor;          /* HTTP/1.minor, 0 or 1 */
	unsigned status;         /* of a response, else 0 */
	struct str reason;       /* of a response, may be empty */
	struct http_header *h;   /* in the order they came */
	size_t n;
	uint64_t content_length; /* when has_length */
	bool has_length;
	bool chunked;
	bool keep_alive; /* the peer allows another message on this connection */
	bool expect_continue;
};

/* The value of the first header of that name; a view with p == NULL when there is none. */
struct str http_get(const struct http_head *head, struct str name);

/* True when some header `name` has `token` in its comma-separated list (compared without case). */
bool http_has_token(const struct http_head *head, struct str name, struct str token);

/* True for headers that belong to one connection only and are never forwarded: Connection, the names
 * that a Connection header lists, Keep-Alive, Proxy-Connection, Proxy-Authenticate,
 * Proxy-Authorization, TE, Trailer, Transfer-Encoding, Upgrade (RFC 9110 section 7.6.1). */
bool http_hop_by_hop(const struct http_head *head, struct str name);

/* A deep copy into the arena. */
struct http_head *http_head_dup(struct arena *a, const struct http_head *head);

/* The standard reason phrase of a status, "" for one that has none. */
struct str http_reason(unsigned status);

/* Parses one response header line as libcurl hands it over ("Name: value\r\n"). False when it is not a
 * header (status line, blank line). The views point into line. */
bool http_header_line(struct str line, struct http_header *ret);

/* Parses a status line ("HTTP/1.1 200 OK\r\n", "HTTP/2 200"). False when line is none. */
bool http_status_line(struct str line, unsigned *ret_status, struct str *ret_reason);

/* A Host header's value or an Origin's authority split into host (brackets of IPv6 kept off) and port
 * (0 when absent). False when it is malformed. */
bool http_split_host(struct str value, struct str *ret_host, unsigned *ret_port);
/* True for localhost, 127.0.0.0/8 and ::1 (without brackets): hosts that can be nobody but this machine. */
bool http_is_loopback(struct str host);

/* Part of a path or a query with its %XX resolved; the same view when there are none. What is no escape stands for itself. */
struct str http_unescape(struct str s, struct arena *a);

#endif
