/* SPDX-License-Identifier: MIT */
/* Asking a running proxy how it is. */
#include "app/probe.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct address {
	char host[256];
	char port[8];
	char authority[300]; /* as in the URL, for the Host header */
};

/* Takes "http://127.0.0.1:7780" or "http://[::1]:7780" apart. */
static bool parse_url(const char *url, struct address *ret)
{
	struct str rest = str_from(url);

	if (!str_starts(rest, STR("http://")))
		return false;
	rest = str_from_offset(rest, 7);
	rest.n = str_find_char(rest, '/');
	snprintf(ret->authority, sizeof(ret->authority), "%.*s", STR_ARG(rest));
	size_t bracket = str_find_char(rest, ']');
	bool v6 = str_starts(rest, STR("[")) && bracket < rest.n;
	struct str host = v6 ? (struct str){ rest.p + 1, bracket - 1 }
			     : (struct str){ rest.p, str_find_char(rest, ':') };
	struct str port = str_from_offset(rest, v6 ? bracket + 1 : host.n);
	if (port.n < 2 || port.n > 6 || host.n == 0 || host.n >= sizeof(ret->host))
		return false;
	snprintf(ret->host, sizeof(ret->host), "%.*s", STR_ARG(host));
	snprintf(ret->port, sizeof(ret->port), "%.*s", STR_ARG(str_from_offset(port, 1)));
	return true;
}

static int connect_one(const struct addrinfo *a, unsigned timeout_ms)
{
	struct timeval limit = { timeout_ms / 1000, (timeout_ms % 1000) * 1000 };
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);

	if (fd < 0)
		return -1;
	/* On Linux the send limit holds for connect() as well (socket(7)). */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return fd;
	close(fd);
	return -1;
}

static int connect_to(const struct address *address, unsigned timeout_ms)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	int fd = -1;

	if (getaddrinfo(address->host, address->port, &hints, &list) != 0)
		return -1;
	for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		fd = connect_one(a, timeout_ms);
	freeaddrinfo(list);
	return fd;
}

static void read_reply(int fd, struct buf *reply)
{
	ssize_t n = 1;

	while (n > 0 && buf_reserve(reply, 4096)) {
		n = recv(fd, reply->p + reply->n, 4096, 0);
		if (n > 0)
			reply->n += (size_t)n;
	}
}

/* Status of "HTTP/1.1 200 …", and what follows the head. The request asks for HTTP/1.0, so the body ends
 * with the connection and has no framing. */
static unsigned parse_reply(struct str reply, struct buf *ret_body)
{
	uint64_t status;
	size_t head = str_find(reply, STR("\r\n\r\n"));

	if (!str_starts(reply, STR("HTTP/1.")) || head == reply.n || head < 12 ||
		!str_to_u64((struct str){ reply.p + 9, 3 }, &status))
		return 0;
	buf_add(ret_body, str_from_offset(reply, head + 4));
	return (unsigned)status;
}

static bool send_request(int fd, const struct address *address, const char *path, const char *key)
{
	struct buf request;

	buf_init(&request, 8192);
	buf_addf(&request, "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: sluice/%s\r\n", path,
		address->authority, SLUICE_VERSION);
	if (*key != '\0')
		buf_addf(&request, "x-sluice-key: %s\r\n", key);
	buf_add(&request, STR("\r\n"));
	bool sent = !request.overflow &&
		    send(fd, request.p, request.n, MSG_NOSIGNAL) == (ssize_t)request.n;
	buf_release(&request);
	return sent;
}

int probe_open(const char *url, const char *path, const char *key, unsigned timeout_ms)
{
	static const struct timeval forever = { 0 };
	struct address address;
	int fd = parse_url(url, &address) ? connect_to(&address, timeout_ms) : -1;

	if (fd < 0)
		return -1;
	if (send_request(fd, &address, path, key)) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
		return fd;
	}
	close(fd);
	return -1;
}

unsigned probe_get(const char *url, const char *path, unsigned timeout_ms, struct buf *ret_body)
{
	struct address address;
	struct buf reply;
	unsigned status = 0;

	if (!parse_url(url, &address))
		return 0;
	int fd = connect_to(&address, timeout_ms);
	if (fd < 0)
		return 0;
	buf_init(&reply, 1 << 20);
	if (send_request(fd, &address, path, "")) {
		read_reply(fd, &reply);
		status = parse_reply(buf_str(&reply), ret_body);
	}
	close(fd);
	buf_release(&reply);
	return status;
}
