/* SPDX-License-Identifier: MIT */
/* An epoll set of its own inside libuv's. A uv_poll_t for each descriptor would have to be closed before libcurl
 * closes the descriptor, of which libcurl does not always tell; the kernel takes closed ones out of an epoll set. */
#include "io/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { BATCH = 128 };

/* What was last said about a descriptor's number. Unless it is IDLE, the descriptor may have been closed since, and the
 * number have come back: the kernel knows whether it is in the set, a wrong guess costs a second call. */
enum state {
	OUT,       /* not in the set */
	WANTED,    /* in the set, of interest */
	WANTED_IN, /* the same, for input only */
	LEFT,      /* in the set, of no interest: taken out if it becomes ready */
	LEFT_IN,   /* the same, was of interest for input only */
	IDLE,      /* in the set for input, to stay silent */
};

struct watch {
	uv_poll_t poll;
	int set;
	void (*ready)(void *ctx, int fd, unsigned events);
	void (*end)(void *ctx);
	void *ctx;
	unsigned char *state; /* by descriptor */
	size_t nstate;
};

static enum state state_of(const struct watch *w, int fd)
{
	return (size_t)fd < w->nstate ? w->state[fd] : OUT;
}

static void set_state(struct watch *w, int fd, enum state state)
{
	if ((size_t)fd >= w->nstate) {
		size_t n = (size_t)fd + 64;
		w->state = must_realloc(w->state, n);
		memset(w->state + w->nstate, OUT, n - w->nstate);
		w->nstate = n;
	}
	w->state[fd] = (unsigned char)state;
}

static void silence(int fd)
{
	char waste[4096];

	while (recv(fd, waste, sizeof(waste), MSG_DONTWAIT) > 0)
		;
	shutdown(fd, SHUT_RDWR);
}

static void one_ready(struct watch *w, int fd, uint32_t events)
{
	enum state state = state_of(w, fd);

	if (state == WANTED || state == WANTED_IN) {
		w->ready(w->ctx, fd,
			((events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) != 0 ? WATCH_IN : 0) |
				((events & EPOLLOUT) != 0 ? WATCH_OUT : 0) |
				((events & EPOLLERR) != 0 ? WATCH_ERR : 0));
		return;
	}
	if (state == IDLE)
		silence(fd);
	set_state(w, fd, OUT);
	epoll_ctl(w->set, EPOLL_CTL_DEL, fd, NULL);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
	struct watch *w = h->data;
	struct epoll_event ev[BATCH];
	int n = epoll_wait(w->set, ev, BATCH, 0);

	(void)status;
	(void)events;
	for (int i = 0; i < n; i++)
		one_ready(w, ev[i].data.fd, ev[i].events);
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
	free(w->state);
	free(w);
}

void watch_free(struct watch *w)
{
	if (w != NULL)
		uv_close((uv_handle_t *)&w->poll, on_closed);
}

void watch_set(struct watch *w, int fd, unsigned events)
{
	struct epoll_event ev = {
		.events = ((events & WATCH_IN) != 0 ? EPOLLIN : 0) |
			  ((events & WATCH_OUT) != 0 ? EPOLLOUT : 0),
		.data.fd = fd,
	};
	enum state was = state_of(w, fd);

	if (events == 0) {
		if (was != OUT)
			set_state(w, fd, was == WANTED_IN ? LEFT_IN : LEFT);
		return;
	}
	set_state(w, fd, events == WATCH_IN ? WANTED_IN : WANTED);
	if (was == IDLE && events == WATCH_IN)
		return;
	if (epoll_ctl(w->set, was != OUT ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) != 0)
		epoll_ctl(w->set, was != OUT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &ev);
}

void watch_idle(struct watch *w, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };
	enum state was = state_of(w, fd);

	if (was == LEFT_IN || (was == LEFT && epoll_ctl(w->set, EPOLL_CTL_MOD, fd, &ev) == 0))
		set_state(w, fd, IDLE);
}

void watch_closed(struct watch *w, int fd)
{
	set_state(w, fd, OUT);
}
