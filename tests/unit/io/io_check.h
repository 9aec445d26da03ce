/* SPDX-License-Identifier: MIT */
/* The real loop in tests: turned by hand, so that the test itself can be the other side of a socket. Nothing here says
 * how long a thing may take; what never happens fails the test after a minute. */
#ifndef UNIT_IO_IO_CHECK_H
#define UNIT_IO_IO_CHECK_H

#include "unit/base/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "io/loop.h"

enum { NEVER_S = 60 };

static inline void turn(struct loop *l)
{
	uv_run(loop_uv(l), UV_RUN_NOWAIT);
}

static inline void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
}

/* Turns the loop until the condition holds. */
#define until(l, condition) \
	do { \
		time_t until_start = time(NULL); \
		while (!(condition)) { \
			turn(l); \
			nap(); \
			if (time(NULL) > until_start + NEVER_S) { \
				print_error("never: %s\n", #condition); \
				fail(); \
			} \
		} \
	} while (0)

/* Lets pass what is under way: for what is not to happen. */
static inline void calm(struct loop *l)
{
	for (int i = 0; i < 20; i++) {
		turn(l);
		nap();
	}
}

/* ---- sockets ---- */

static inline void set_nonblocking(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

/* A connection to a port of the loopback. */
static inline int dial(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	set_nonblocking(fd);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	return fd;
}

/* Sends all of it, turning the loop meanwhile; false when the other side has closed. */
static inline bool say(struct loop *l, int fd, struct str s)
{
	while (s.n > 0) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return false;
		if (n > 0)
			s = str_from_offset(s, (size_t)n);
		turn(l);
	}
	return true;
}

enum heard { HEARD_NOTHING, HEARD_BYTES, HEARD_END, HEARD_RESET };

/* Reads what is there now, at most max bytes. */
static inline enum heard hear(int fd, struct buf *into, size_t max)
{
	char piece[65536];
	ssize_t n = recv(fd, piece, max < sizeof(piece) ? max : sizeof(piece), 0);

	if (n == 0)
		return HEARD_END;
	if (n < 0)
		return errno == EAGAIN ? HEARD_NOTHING : HEARD_RESET;
	buf_add(into, (struct str){ piece, (size_t)n });
	return HEARD_BYTES;
}

/* Reads until the other side ends the connection; says how. */
static inline enum heard hear_all(struct loop *l, int fd, struct buf *into)
{
	enum heard how = HEARD_NOTHING;

	until(l, (how = hear(fd, into, SIZE_MAX)) >= HEARD_END);
	return how;
}

/* Reads until `text` has been heard. */
static inline void hear_until(struct loop *l, int fd, struct buf *into, const char *text)
{
	until(l, (hear(fd, into, SIZE_MAX), str_find(buf_str(into), str_from(text)) < into->n));
}

/* Ends a connection with a reset. */
static inline void reset_socket(int fd)
{
	struct linger hard = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
}

#endif
