/* SPDX-License-Identifier: MIT */
/* An epoll set of its own inside libuv's. A uv_poll_t for each descriptor would have to be closed before libcurl closes
 * the descriptor, of which libcurl does not always tell; the kernel takes closed ones out of an epoll set. */
#include "io/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <uv.h>

enum { BATCH = 128 };

struct watch {
	uv_poll_t poll;
	int set;
	void (*ready)(void *ctx, int fd, unsigned events);
	void (*end)(void *ctx);
	void *ctx;
	unsigned char *guess; /* by descriptor: in the set when we last said something about it */
	size_t nguess;
};

static void on_poll(uv_poll_t *h, int status, int events)
{
	struct watch *w = h->data;
	struct epoll_event ev[BATCH];
	int n = epoll_wait(w->set, ev, BATCH, 0);

	(void)status;
	(void)events;
	for (int i = 0; i < n; i++) {
		unsigned what =
			((ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) != 0 ? WATCH_IN : 0) |
			((ev[i].events & EPOLLOUT) != 0 ? WATCH_OUT : 0) |
			((ev[i].events & EPOLLERR) != 0 ? WATCH_ERR : 0);
		w->ready(w->ctx, ev[i].data.fd, what);
	}
	w->end(w->ctx);
}

struct watch *watch_new(struct loop *l, void (*ready)(void *ctx, int fd, unsigned events),
	void (*end)(void *ctx), void *ctx)
{
	struct watch *w = must_alloc(sizeof(*w));

	*w = (struct watch){
		.ready = ready, .end = end, .ctx = ctx, .set = epoll_create1(EPOLL_CLOEXEC)
	};
	w->poll.data = w;
	assert(w->set >= 0);
	int rc = uv_poll_init(loop_uv(l), &w->poll, w->set);
	assert(rc == 0);
	uv_poll_start(&w->poll, UV_READABLE, on_poll);
	return w;
}

static void on_closed(uv_handle_t *h)
{
	struct watch *w = h->data;

	close(w->set);
	free(w->guess);
	free(w);
}

void watch_free(struct watch *w)
{
	if (w != NULL)
		uv_close((uv_handle_t *)&w->poll, on_closed);
}

static void note(struct watch *w, int fd, bool in)
{
	if ((size_t)fd >= w->nguess) {
		size_t n = (size_t)fd + 64;
		w->guess = must_realloc(w->guess, n);
		memset(w->guess + w->nguess, 0, n - w->nguess);
		w->nguess = n;
	}
	w->guess[fd] = in;
}

void watch_set(struct watch *w, int fd, unsigned events)
{
	struct epoll_event ev = {
		.events = ((events & WATCH_IN) != 0 ? EPOLLIN : 0) |
			  ((events & WATCH_OUT) != 0 ? EPOLLOUT : 0),
		.data.fd = fd,
	};

	/* Whether the set holds it is only guessed from the last call: the descriptor may have been closed since, and
	 * the number have come back. The kernel knows; a wrong guess costs a second call. */
	bool was_in = (size_t)fd < w->nguess && w->guess[fd];
	note(w, fd, events != 0);
	if (events == 0)
		epoll_ctl(w->set, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(w->set, was_in ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) != 0)
		epoll_ctl(w->set, was_in ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &ev);
}
