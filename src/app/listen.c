/* SPDX-License-Identifier: MIT */
/* From `listen` to listening sockets. */
#include "app/listen.h"

#include "app/instance.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

static void add_url(struct buf *urls, const char *host, unsigned port)
{
	buf_addf(urls, strchr(host, ':') != NULL ? "http://[%s]:%u\n" : "http://%s:%u\n", host,
		port);
}

static bool listen_one(
	struct server *s, const char *host, unsigned port, struct buf *urls, struct err *e)
{
	char owner[128];
	unsigned got;

	if (server_listen(s, host, port, &got, e)) {
		add_url(urls, host, got);
		return true;
	}
	struct err why = *e;
	if (port != 0 && instance_port_owner(port, owner, sizeof(owner)))
		return err_set(e, ERR_INTERNAL,
			"cannot listen on %s port %u: it is taken by %s; choose another with --set listen=HOST:PORT",
			host, port, owner);
	return err_set(e, ERR_INTERNAL, "cannot listen on %s port %u: %s", host, port, why.text);
}

/* Both loopback addresses on one port; a machine without IPv6 has only the first. */
static bool listen_localhost(struct server *s, unsigned port, struct buf *urls, struct err *e)
{
	struct err ignored;
	unsigned got;

	if (!listen_one(s, "127.0.0.1", port, urls, e))
		return false;
	if (port != 0 && server_listen(s, "::1", port, &got, &ignored))
		add_url(urls, "::1", got);
	return true;
}

static bool listen_address(struct server *s, struct str address, struct buf *urls, struct err *e)
{
	char host[256];
	struct str h;
	unsigned port;

	if (!http_split_host(address, &h, &port) || h.n >= sizeof(host))
		return err_set(
			e, ERR_INVALID, "listen address '%.*s' is not HOST:PORT", STR_ARG(address));
	snprintf(host, sizeof(host), "%.*s", STR_ARG(h));
	if (strcmp(host, "localhost") == 0)
		return listen_localhost(s, port, urls, e);
	return listen_one(s, strcmp(host, "*") == 0 ? "0.0.0.0" : host, port, urls, e);
}

static void add_fd_url(struct buf *urls, int fd)
{
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof(a);
	char host[INET6_ADDRSTRLEN] = "";

	if (getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		return;
	if (a.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a;
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		add_url(urls, host, ntohs(in6->sin6_port));
	} else if (a.ss_family == AF_INET) {
		const struct sockaddr_in *in4 = (const struct sockaddr_in *)&a;
		inet_ntop(AF_INET, &in4->sin_addr, host, sizeof(host));
		add_url(urls, host, ntohs(in4->sin_port));
	}
}

/* A descriptor bound to an address that others can reach is as public as one that we bind. */
static bool fd_is_loopback(int fd)
{
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		return false;
	if (a.ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)&a)->sin_addr.s_addr) >> 24 == 127;
	return a.ss_family != AF_INET6 ||
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&a)->sin6_addr);
}

static unsigned inherited_sockets(void)
{
	uint64_t pid, n;

	if (!str_to_u64(str_from(getenv("LISTEN_PID")), &pid) || pid != (uint64_t)getpid() ||
		!str_to_u64(str_from(getenv("LISTEN_FDS")), &n))
		return 0;
	return (unsigned)n;
}

bool listen_all(struct server *s, const struct config *c, struct buf *urls, struct err *e)
{
	unsigned inherited = inherited_sockets();

	for (unsigned i = 0; i < inherited; i++) {
		int fd = FIRST_FD + (int)i;
		if (c->auth_key.n == 0 && !fd_is_loopback(fd))
			return err_set(e, ERR_INVALID,
				"inherited socket %d is not on a loopback address: set auth.key",
				fd);
		if (!server_listen_fd(s, fd, e))
			return false;
		add_fd_url(urls, fd);
	}
	for (size_t i = 0; inherited == 0 && i < c->listen.n; i++)
		if (!listen_address(s, c->listen.v[i], urls, e))
			return false;
	return true;
}
