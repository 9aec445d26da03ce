/* SPDX-License-Identifier: MIT */
/* A provider for benchmarks and load checks: one thread, epoll, HTTP/1.1 keep-alive on loopback,
 * Anthropic Messages and OpenAI Chat Completions. What it does is chosen by the request, so that
 * the choice survives any proxy:
 *
 *	"stream": true                an event stream, chunked
 *	"max_tokens": D * 100000 + N  N delta events (200 if N is 0), D ms apart;
 *	                              not streaming: D ms before the answer
 *	x-mock: status=529            an error of that status instead
 *	x-mock: cut=3                 the connection is closed after three delta events,
 *	                              or amid a plain answer
 *
 * The text of each delta carries `t=` and 16 digits, CLOCK_MONOTONIC in nanoseconds just before it
 * is written. GET /stats tells what has happened so far. Pipelining is not understood.
 * Usage: mock [-p PAD_BYTES] PORT */
#include "mock_reply.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HEAD_MAX = 16384,     /* a longer request head is dropped */
	OVERLAP = 48,         /* bytes of a body kept from one read to the next */
	READ_MAX = 262144,    /* bytes of one read */
	READS_IN_A_ROW = 8,   /* before others get their turn */
	WHEEL_SLOTS = 131072, /* milliseconds that the timer wheel spans */
	TOKENS_STEP = 100000, /* see max_tokens above */
	EVENTS_DEFAULT = 200,
};

enum state { READ_HEAD, READ_BODY, STREAMING, WAITING };

/* What one request asks for. */
struct wish {
	bool openai, stream, stream_known, tokens_known;
	long tokens;
	int status; /* 0: 200 */
	long cut;   /* delta events before the cut; -1: none */
};

struct conn {
	int fd;
	enum state state;
	bool dead, ready, want_out, chunked, started;
	char head[HEAD_MAX + 1];
	size_t head_len;
	int64_t body_left;
	char overlap[OVERLAP];
	size_t overlap_len;
	struct wish wish;
	long event, events, delay_ms;
	char *out; /* what the socket did not take yet */
	size_t out_len, out_off, out_cap;
	uint64_t due_ms;
	bool in_wheel;
	struct conn *wheel_prev, *wheel_next, *ready_next;
};

static int epoll_fd;
static struct {
	unsigned long long requests, completed, aborted, active, open;
	uint64_t last_abort_ns;
} counts;

static struct conn *wheel[WHEEL_SLOTS];
static uint64_t wheel_ms;
static unsigned wheel_count;
static struct conn *ready_head, *ready_tail;
static unsigned ready_count;

static char pad[PAD_MAX + 1];
static char answers[2][REPLY_MAX]; /* Anthropic's and OpenAI's */
static size_t answers_len[2];

/* Timers of a millisecond's grain: a wheel of lists. */
static void wheel_add(struct conn *c, uint64_t due_ms)
{
	if (due_ms <= wheel_ms)
		due_ms = wheel_ms + 1;
	struct conn **slot = &wheel[due_ms % WHEEL_SLOTS];
	c->due_ms = due_ms;
	c->wheel_prev = NULL;
	c->wheel_next = *slot;
	if (*slot)
		(*slot)->wheel_prev = c;
	*slot = c;
	c->in_wheel = true;
	wheel_count++;
}

static void wheel_remove(struct conn *c)
{
	if (!c->in_wheel)
		return;
	if (c->wheel_prev)
		c->wheel_prev->wheel_next = c->wheel_next;
	else
		wheel[c->due_ms % WHEEL_SLOTS] = c->wheel_next;
	if (c->wheel_next)
		c->wheel_next->wheel_prev = c->wheel_prev;
	c->in_wheel = false;
	wheel_count--;
}

static void wheel_after_delay(struct conn *c)
{
	wheel_add(c, (now_ns() + 999999) / 1000000 + (uint64_t)c->delay_ms);
}

/* Streams without a delay take turns, one event each. */
static void ready_add(struct conn *c)
{
	if (c->ready)
		return;
	c->ready = true;
	c->ready_next = NULL;
	if (ready_tail)
		ready_tail->ready_next = c;
	else
		ready_head = c;
	ready_tail = c;
	ready_count++;
}

static struct conn *ready_take(void)
{
	struct conn *c = ready_head;
	ready_head = c->ready_next;
	if (!ready_head)
		ready_tail = NULL;
	c->ready = false;
	ready_count--;
	return c;
}

static void conn_free(struct conn *c)
{
	free(c->out);
	free(c);
}

static void conn_close(struct conn *c)
{
	if (c->state == STREAMING || c->state == WAITING)
		counts.active--;
	wheel_remove(c);
	close(c->fd);
	counts.open--;
	c->dead = true;
	if (!c->ready)
		conn_free(c);
}

/* The other side went away; a reply that was under way counts as aborted. */
static void conn_lost(struct conn *c)
{
	if (c->state == STREAMING || c->state == WAITING) {
		counts.aborted++;
		counts.last_abort_ns = now_ns();
	}
	conn_close(c);
}

static void conn_want_out(struct conn *c, bool want)
{
	if (c->want_out == want)
		return;
	c->want_out = want;
	uint32_t events = EPOLLIN | EPOLLRDHUP | (want ? (uint32_t)EPOLLOUT : 0);
	struct epoll_event e = { .events = events, .data.ptr = c };
	epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

static bool conn_blocked(const struct conn *c)
{
	return c->out_len > c->out_off;
}

/* Writes, and keeps what the socket does not take. False: the connection is gone. */
static bool conn_put(struct conn *c, const char *p, size_t n)
{
	if (!conn_blocked(c)) {
		c->out_len = c->out_off = 0;
		ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN) {
			conn_lost(c);
			return false;
		}
		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		}
		if (!n)
			return true;
	}
	if (c->out_len + n > c->out_cap) {
		c->out_cap = (c->out_len + n) * 2;
		c->out = realloc(c->out, c->out_cap);
	}
	memcpy(c->out + c->out_len, p, n);
	c->out_len += n;
	conn_want_out(c, true);
	return true;
}

/* False: the connection is gone. */
static bool conn_flush(struct conn *c)
{
	ssize_t sent = send(c->fd, c->out + c->out_off, c->out_len - c->out_off, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN) {
		conn_lost(c);
		return false;
	}
	if (sent > 0)
		c->out_off += (size_t)sent;
	if (!conn_blocked(c)) {
		c->out_len = c->out_off = 0;
		conn_want_out(c, false);
		if (c->state == STREAMING && !c->delay_ms)
			ready_add(c);
	}
	return true;
}

static void reply_done(struct conn *c)
{
	counts.completed++;
	counts.active--;
	c->state = READ_HEAD;
	c->head_len = 0;
}

/* Writes the next piece of a stream. True while there is more to come; else the connection may be
 * gone. */
static bool stream_step(struct conn *c)
{
	char out[REPLY_MAX];
	if (!c->started) {
		c->started = true;
		return conn_put(c, out, reply_start(out, c->wish.openai));
	}
	if (c->event == c->wish.cut) {
		conn_close(c);
		return false;
	}
	if (c->event < c->events)
		return conn_put(c, out, reply_delta(out, c->wish.openai, ++c->event, pad));
	size_t n = reply_end(out, c->wish.openai, c->events);
	reply_done(c);
	conn_put(c, out, n);
	return false;
}

static bool answer_plain(struct conn *c)
{
	const char *p = answers[c->wish.openai];
	size_t n = answers_len[c->wish.openai];
	reply_done(c);
	if (c->wish.cut < 0)
		return conn_put(c, p, n);
	if (conn_put(c, p, n / 2))
		conn_close(c);
	return false;
}

static bool answer_error(struct conn *c)
{
	char out[REPLY_MAX];
	reply_done(c);
	return conn_put(c, out, reply_error(out, c->wish.status));
}

static bool answer_stats(struct conn *c)
{
	char json[512], out[REPLY_MAX];
	sprintf(json,
		"{\"active\":%llu,\"open\":%llu,\"requests\":%llu,\"completed\":%llu,"
		"\"aborted\":%llu,\"last_abort_ns\":%llu}",
		counts.active, counts.open, counts.requests, counts.completed, counts.aborted,
		(unsigned long long)counts.last_abort_ns);
	c->state = READ_HEAD;
	c->head_len = 0;
	return conn_put(c, out, reply_json(out, json));
}

/* The whole request is here. False: the connection is gone. */
static bool respond(struct conn *c)
{
	if (!strncmp(c->head, "GET /stats", 10))
		return answer_stats(c);
	counts.requests++;
	counts.active++;
	c->events = c->wish.tokens % TOKENS_STEP;
	c->delay_ms = c->wish.tokens / TOKENS_STEP;
	if (!c->events)
		c->events = EVENTS_DEFAULT;
	c->event = 0;
	c->started = false;
	c->state = WAITING;
	if (c->wish.status)
		return answer_error(c);
	if (c->wish.stream) {
		c->state = STREAMING;
		if (!stream_step(c))
			return false;
		if (c->delay_ms)
			wheel_after_delay(c);
		else
			ready_add(c);
		return true;
	}
	if (!c->delay_ms)
		return answer_plain(c);
	wheel_after_delay(c);
	return true;
}

/* The number behind `key`, if it is whole within the NUL-terminated text. */
static bool find_number(const char *text, size_t n, const char *key, long *ret_number)
{
	const char *p = memmem(text, n, key, strlen(key));
	if (!p)
		return false;
	char *end;
	*ret_number = strtol(p + strlen(key), &end, 10);
	return *end != '\0';
}

static bool contains(const char *text, size_t n, const char *what)
{
	return memmem(text, n, what, strlen(what)) != NULL;
}

static void scan_body(struct wish *w, const char *text, size_t n)
{
	if (!w->tokens_known)
		w->tokens_known = find_number(text, n, "\"max_tokens\":", &w->tokens) ||
				  find_number(text, n, "\"max_completion_tokens\":", &w->tokens);
	if (!w->stream_known) {
		w->stream = contains(text, n, "\"stream\":true") ||
			    contains(text, n, "\"stream\": true");
		w->stream_known = w->stream || contains(text, n, "\"stream\":false");
	}
}

/* A chunked body is not decoded, its end is enough. */
static bool chunked_ends(const char *text, size_t n)
{
	return n >= 5 && !memcmp(text + n - 5, "0\r\n\r\n", 5) && (n == 5 || text[n - 6] == '\n');
}

/* Keys, and the end of a chunked body, may be cut by any read: the last bytes are kept and put
 * before the next ones. False: the connection is gone. */
static bool take_body(struct conn *c, const char *p, size_t n)
{
	static char text[OVERLAP + READ_MAX + 1];
	c->body_left -= (int64_t)n;
	bool known = c->wish.tokens_known && c->wish.stream_known, ended = c->body_left <= 0;
	if (!known || c->chunked) {
		memcpy(text, c->overlap, c->overlap_len);
		memcpy(text + c->overlap_len, p, n);
		n += c->overlap_len;
		text[n] = '\0';
		scan_body(&c->wish, text, n);
		c->overlap_len = n < OVERLAP ? n : OVERLAP;
		memcpy(c->overlap, text + n - c->overlap_len, c->overlap_len);
		if (c->chunked)
			ended = chunked_ends(text, n);
	}
	return ended ? respond(c) : true;
}

/* Takes one header line; true if the client waits for 100 Continue. */
static bool take_header(struct conn *c, const char *line)
{
	if (!strncasecmp(line, "content-length:", 15))
		c->body_left = atoll(line + 15);
	else if (!strncasecmp(line, "transfer-encoding: chunked", 26))
		c->chunked = true;
	else if (!strncasecmp(line, "x-mock: status=", 15))
		c->wish.status = atoi(line + 15);
	else if (!strncasecmp(line, "x-mock: cut=", 12))
		c->wish.cut = atol(line + 12);
	else
		return !strncasecmp(line, "expect:", 7);
	return false;
}

/* Looks whether the head is whole, and begins the body. False: the connection is gone. */
static bool take_head(struct conn *c)
{
	char *end = memmem(c->head, c->head_len, "\r\n\r\n", 4);
	if (!end) {
		if (c->head_len < HEAD_MAX)
			return true;
		conn_close(c);
		return false;
	}
	size_t head_len = (size_t)(end + 4 - c->head), rest = c->head_len - head_len;
	char *first_end = memmem(c->head, head_len, "\r\n", 2);
	c->wish = (struct wish){ .cut = -1 };
	c->wish.openai = !memmem(c->head, (size_t)(first_end - c->head), "/messages", 9);
	c->body_left = 0;
	c->chunked = false;
	c->overlap_len = 0;
	bool expect = false;
	for (char *line = first_end; line < end; line = strstr(line, "\r\n")) {
		line += 2;
		expect |= take_header(c, line);
	}
	if (expect && !conn_put(c, "HTTP/1.1 100 Continue\r\n\r\n", 25))
		return false;
	if (!c->body_left && !c->chunked)
		return respond(c);
	c->state = READ_BODY;
	return rest ? take_body(c, c->head + head_len, rest) : true;
}

/* False: the connection is gone, or nothing is left to read. */
static bool conn_read_once(struct conn *c)
{
	static char in[READ_MAX];
	bool head = c->state == READ_HEAD;
	char *p = head ? c->head + c->head_len : in;
	ssize_t n = recv(c->fd, p, head ? HEAD_MAX - c->head_len : sizeof(in), 0);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		conn_lost(c);
		return false;
	}
	if (!head)
		return take_body(c, in, (size_t)n);
	c->head_len += (size_t)n;
	c->head[c->head_len] = '\0';
	return take_head(c);
}

/* While a reply is under way only the end of the connection is of interest. */
static void conn_check(struct conn *c, uint32_t events)
{
	char byte;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		conn_lost(c);
	} else if (events & EPOLLIN) {
		ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			conn_lost(c);
	}
}

static void conn_event(struct conn *c, uint32_t events)
{
	if ((events & EPOLLOUT) && conn_blocked(c) && !conn_flush(c))
		return;
	if (c->state == STREAMING || c->state == WAITING) {
		conn_check(c, events);
		return;
	}
	if (c->state == READ_HEAD) {
		conn_read_once(c);
		return;
	}
	for (int i = 0; i < READS_IN_A_ROW; i++)
		if (!conn_read_once(c) || c->state != READ_BODY)
			return;
}

static void accept_clients(int listener)
{
	int one = 1, fd;
	for (int i = 0; i < 64 && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0; i++) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		struct conn *c = calloc(1, sizeof(*c));
		c->fd = fd;
		counts.open++;
		struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = c };
		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e);
	}
}

/* A paced stream keeps its rhythm however late the timer was; one whose client does not read loses
 * its turn. */
static void timer_fired(struct conn *c)
{
	uint64_t due_ms = c->due_ms;
	wheel_remove(c);
	if (c->state == WAITING)
		answer_plain(c);
	else if (conn_blocked(c))
		wheel_after_delay(c);
	else if (stream_step(c))
		wheel_add(c, due_ms + (uint64_t)c->delay_ms);
}

static void run_timers(void)
{
	uint64_t ms = now_ns() / 1000000;
	if (!wheel_count)
		wheel_ms = ms;
	while (wheel_ms < ms) {
		wheel_ms++;
		for (struct conn *c = wheel[wheel_ms % WHEEL_SLOTS], *next; c; c = next) {
			next = c->wheel_next;
			if (c->due_ms <= wheel_ms)
				timer_fired(c);
		}
	}
}

static void run_ready(void)
{
	for (unsigned n = ready_count; n; n--) {
		struct conn *c = ready_take();
		if (c->dead)
			conn_free(c);
		else if (c->state == STREAMING && !conn_blocked(c) && stream_step(c))
			ready_add(c);
	}
}

static int listen_on(int port)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 4096)) {
		perror("mock: listen");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	int option;
	while ((option = getopt(argc, argv, "p:")) == 'p') {
		int n = atoi(optarg);
		memset(pad, 'x', (size_t)(n < 0 ? 0 : n > PAD_MAX ? PAD_MAX : n));
	}
	if (option != -1 || optind != argc - 1) {
		fprintf(stderr, "usage: mock [-p PAD_BYTES] PORT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	for (int openai = 0; openai < 2; openai++)
		answers_len[openai] = reply_answer(answers[openai], openai);
	int listener = listen_on(atoi(argv[optind]));
	epoll_fd = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL }, events[512];
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &e);
	wheel_ms = now_ns() / 1000000;
	for (;;) {
		int timeout_ms = ready_count ? 0 : wheel_count ? 1 : -1;
		int n = epoll_wait(epoll_fd, events, 512, timeout_ms);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				conn_event(events[i].data.ptr, events[i].events);
			else
				accept_clients(listener);
		}
		run_timers();
		run_ready();
	}
}
