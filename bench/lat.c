/* SPDX-License-Identifier: MIT */
/* A client for benchmarks and load checks: sends one request again and again over keep-alive
 * connections on loopback (one thread, epoll) and measures latency, time to the first byte and,
 * from the times that the mock puts into its events, the delay of each event. Prints one JSON
 * object; times are microseconds.
 *
 *	-p PORT -b BODY_FILE [-u PATH] [-H 'name: value']...
 *	-c connections  -n requests  -w requests more, not measured, at the beginning
 *	-i microseconds from one request of a connection to its next  -g microseconds between the
 *	   first requests of connections  -T seconds until it gives up
 *	-a percent of the requests to abandon: amid the request, after it, or amid the reply */
#include <errno.h>
#include <fcntl.h>
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
#include <time.h>
#include <unistd.h>

enum {
	HEAD_MAX = 8191,   /* of a reply; what is longer is not understood */
	STAMP_LEN = 18,    /* "t=" and 16 digits */
	READ_MAX = 262144, /* bytes of one read */
	HEADERS_MAX = 4096,
	RETRY_NS = 10000000,
};

enum chunk_part { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER };
enum abandon { STAY, LEAVE_IN_REQUEST, LEAVE_AFTER_REQUEST, LEAVE_IN_REPLY };

struct samples {
	uint64_t *v;
	size_t n, cap;
};

struct conn {
	int fd;
	bool busy, head_done, chunked, close_after, got_body;
	enum abandon abandon;
	uint64_t begun_ns, next_ns;
	size_t sent;
	char head[HEAD_MAX + 1];
	size_t head_len;
	int status;
	int64_t left; /* of the body or of the chunk; -1: until the end of the connection */
	enum chunk_part part;
	char size[32]; /* a chunk's size line */
	size_t size_len;
	char tail[STAMP_LEN + 2]; /* last bytes of the body, as a stamp may be cut */
	size_t tail_len;
	long events;
};

static struct {
	long port, connections, requests, warm_up, interval_us, stagger_us, limit_s,
		abandon_percent;
	const char *body_file, *path;
	char headers[HEADERS_MAX]; /* further ones */
} options = {
	.port = 9000, .connections = 1, .requests = 100, .limit_s = 60, .path = "/v1/messages"
};

static struct samples latency, first_byte, event_delay, upward;
static struct {
	unsigned long long done, errors, bad_status, cut_off, abandoned, events, bytes;
	long started, open, open_max;
	char first_error[512];
} counts;

static int epoll_fd;
static char *request;
static size_t request_len;

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void sample(struct samples *s, uint64_t ns)
{
	if (counts.started <= options.warm_up)
		return;
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 4096;
		s->v = realloc(s->v, s->cap * sizeof(*s->v));
	}
	s->v[s->n++] = ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static double quantile_us(const struct samples *s, double q)
{
	if (!s->n)
		return -1;
	return (double)s->v[(size_t)(q * (double)(s->n - 1) + .5)] / 1000;
}

static void failed(const struct conn *c, const char *why)
{
	counts.errors++;
	if (*counts.first_error)
		return;
	snprintf(counts.first_error, sizeof(counts.first_error), "%s, status %d: %.200s", why,
		c->status, c->head);
	for (char *p = counts.first_error; *p; p++)
		if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ')
			*p = '.';
}

static void conn_hang_up(struct conn *c)
{
	close(c->fd);
	c->fd = -1;
}

/* The request is over, well or not. */
static void conn_idle(struct conn *c)
{
	c->busy = false;
	counts.open--;
}

static void conn_watch(struct conn *c, int operation, bool out)
{
	struct epoll_event e = { .events = EPOLLIN | (out ? (uint32_t)EPOLLOUT : 0),
		.data.ptr = c };
	epoll_ctl(epoll_fd, operation, c->fd, &e);
}

static bool conn_dial(struct conn *c)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)options.port) };
	int one = 1;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof(a))) {
		failed(c, "connect");
		conn_hang_up(c);
		return false;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	conn_watch(c, EPOLL_CTL_ADD, false);
	return true;
}

static void conn_abandon(struct conn *c)
{
	counts.abandoned++;
	counts.done++;
	conn_idle(c);
	conn_hang_up(c);
	c->next_ns = c->begun_ns + (uint64_t)options.interval_us * 1000;
}

static void conn_send(struct conn *c)
{
	size_t end = c->abandon == LEAVE_IN_REQUEST ? request_len / 2 : request_len;
	while (c->sent < end) {
		ssize_t n = send(c->fd, request + c->sent, end - c->sent, MSG_NOSIGNAL);
		if (n < 0) {
			/* Any other error is seen again when reading. */
			if (errno == EAGAIN)
				conn_watch(c, EPOLL_CTL_MOD, true);
			return;
		}
		c->sent += (size_t)n;
	}
	if (c->abandon == LEAVE_IN_REQUEST || c->abandon == LEAVE_AFTER_REQUEST)
		conn_abandon(c);
	else
		conn_watch(c, EPOLL_CTL_MOD, false);
}

static enum abandon choose_abandon(void)
{
	if (random() % 100 >= options.abandon_percent)
		return STAY;
	return LEAVE_IN_REQUEST + random() % 3;
}

static bool conn_begin(struct conn *c)
{
	if (c->fd < 0 && !conn_dial(c))
		return false;
	c->busy = true;
	c->head_done = c->chunked = c->close_after = c->got_body = false;
	c->head_len = c->size_len = c->tail_len = c->sent = 0;
	c->status = 0;
	c->events = 0;
	c->left = -1;
	c->part = CHUNK_SIZE;
	c->abandon = choose_abandon();
	counts.started++;
	counts.open++;
	if (counts.open > counts.open_max)
		counts.open_max = counts.open;
	c->begun_ns = now_ns();
	conn_send(c);
	return true;
}

static void conn_done(struct conn *c)
{
	sample(&latency, now_ns() - c->begun_ns);
	counts.done++;
	if (c->status != 200) {
		counts.bad_status++;
		failed(c, "status");
	}
	conn_idle(c);
	if (c->close_after)
		conn_hang_up(c);
	c->next_ns = c->begun_ns + (uint64_t)options.interval_us * 1000;
}

static void conn_ended(struct conn *c)
{
	conn_hang_up(c);
	if (!c->busy)
		return;
	if (c->head_done && !c->chunked && c->left < 0) {
		conn_done(c);
		return;
	}
	counts.cut_off++;
	failed(c, "cut off");
	conn_idle(c);
	c->next_ns = c->begun_ns + (uint64_t)options.interval_us * 1000;
}

/* The time in a stamp, or 0. */
static uint64_t stamp_ns(const char *p)
{
	char digits[STAMP_LEN - 1];
	for (int i = 0; i < STAMP_LEN - 2; i++) {
		if (p[i + 2] < '0' || p[i + 2] > '9')
			return 0;
		digits[i] = p[i + 2];
	}
	digits[STAMP_LEN - 2] = '\0';
	return strtoull(digits, NULL, 10);
}

/* Finds the stamps in a piece of the body, also one that begins in the piece before. */
static void take_body(struct conn *c, const char *p, size_t n, uint64_t read_ns)
{
	static char text[sizeof(c->tail) + READ_MAX];
	memcpy(text, c->tail, c->tail_len);
	memcpy(text + c->tail_len, p, n);
	n += c->tail_len;
	const char *at = text, *end = text + n, *stamp;
	while ((stamp = memmem(at, (size_t)(end - at), "t=", 2)) && end - stamp >= STAMP_LEN) {
		uint64_t ns = stamp_ns(stamp);
		at = stamp + (ns ? STAMP_LEN : 2);
		if (!ns)
			continue;
		sample(&event_delay, read_ns - ns);
		if (!c->events++)
			sample(&upward, ns - c->begun_ns);
		counts.events++;
	}
	c->tail_len = (size_t)(end - at) < STAMP_LEN ? (size_t)(end - at) : STAMP_LEN;
	memcpy(c->tail, end - c->tail_len, c->tail_len);
}

/* Takes a part of a chunked body and returns how much; sets *ret_end at its end. */
static size_t take_chunked(struct conn *c, const char *p, size_t n, uint64_t read_ns, bool *ret_end)
{
	if (c->part == CHUNK_DATA) {
		size_t take = n < (size_t)c->left ? n : (size_t)c->left;
		take_body(c, p, take, read_ns);
		c->left -= (int64_t)take;
		if (!c->left)
			c->part = CHUNK_END;
		return take;
	}
	const char *newline = memchr(p, '\n', n);
	size_t take = newline ? (size_t)(newline - p) + 1 : n;
	if (c->part == CHUNK_SIZE && c->size_len + take < sizeof(c->size)) {
		memcpy(c->size + c->size_len, p, take);
		c->size_len += take;
	}
	if (!newline)
		return take;
	if (c->part == CHUNK_SIZE) {
		c->size[c->size_len] = '\0';
		c->size_len = 0;
		c->left = strtoll(c->size, NULL, 16);
		c->part = c->left ? CHUNK_DATA : CHUNK_TRAILER;
	} else {
		*ret_end = c->part == CHUNK_TRAILER;
		c->part = CHUNK_SIZE;
	}
	return take;
}

/* Takes from the head of the reply; returns how much of the bytes it was. */
static size_t take_head(struct conn *c, const char *p, size_t n)
{
	size_t before = c->head_len, room = HEAD_MAX - before;
	size_t take = n < room ? n : room;
	memcpy(c->head + before, p, take);
	c->head_len += take;
	c->head[c->head_len] = '\0';
	char *end = strstr(c->head, "\r\n\r\n");
	if (!end)
		return n;
	end[4] = '\0';
	c->head_done = true;
	c->status = atoi(c->head + 9);
	const char *length = strcasestr(c->head, "\ncontent-length:");
	if (length)
		c->left = atoll(length + 16);
	c->chunked = strcasestr(c->head, "\ntransfer-encoding: chunked");
	c->close_after = strcasestr(c->head, "\nconnection: close");
	return (size_t)(end + 4 - c->head) - before;
}

static void take_reply(struct conn *c, const char *p, size_t n, uint64_t read_ns)
{
	if (!c->head_done) {
		size_t used = take_head(c, p, n);
		p += used;
		n -= used;
		if (!c->head_done)
			return;
	}
	if (n && !c->got_body) {
		c->got_body = true;
		sample(&first_byte, read_ns - c->begun_ns);
	}
	bool end = !c->chunked && c->left == 0;
	if (c->chunked) {
		while (n && !end) {
			size_t used = take_chunked(c, p, n, read_ns, &end);
			p += used;
			n -= used;
		}
	} else if (n) {
		take_body(c, p, n, read_ns);
		if (c->left >= 0) {
			c->left -= (int64_t)n;
			end = c->left <= 0;
		}
	}
	if (end)
		conn_done(c);
}

static void conn_event(struct conn *c, uint32_t events)
{
	static char in[READ_MAX];
	if (events & EPOLLOUT)
		conn_send(c);
	if (c->fd < 0 || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	ssize_t n = recv(c->fd, in, sizeof(in), 0);
	uint64_t read_ns = now_ns();
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		conn_ended(c);
		return;
	}
	counts.bytes += (unsigned long long)n;
	if (c->busy && c->abandon == LEAVE_IN_REPLY)
		conn_abandon(c);
	else if (c->busy)
		take_reply(c, in, (size_t)n, read_ns);
}

/* Begins the requests that are due; returns the milliseconds until the next one is. */
static int begin_due(struct conn *conns, long total)
{
	uint64_t now = now_ns(), soonest = UINT64_MAX;
	for (int i = 0; i < options.connections && counts.started < total; i++) {
		struct conn *c = &conns[i];
		if (c->busy)
			continue;
		if (c->next_ns <= now && !conn_begin(c))
			c->next_ns = now + RETRY_NS;
		if (!c->busy && c->next_ns < soonest)
			soonest = c->next_ns;
	}
	now = now_ns();
	if (soonest <= now)
		return 0;
	uint64_t ms = (soonest - now) / 1000000;
	return ms < 100 ? (int)ms : 100;
}

/* Returns how many seconds the measured part took. */
static double run(struct conn *conns)
{
	struct epoll_event events[512];
	uint64_t begun = now_ns(), measured = 0;
	uint64_t limit = begun + (uint64_t)options.limit_s * 1000000000;
	long total = options.requests + options.warm_up;
	for (int i = 0; i < options.connections; i++) {
		conns[i].fd = -1;
		conns[i].next_ns = begun + (uint64_t)i * (uint64_t)options.stagger_us * 1000;
	}
	while (counts.done + counts.errors - counts.bad_status < (unsigned long long)total &&
		now_ns() < limit) {
		int wait_ms = begin_due(conns, total);
		if (!measured && counts.done >= (unsigned long long)options.warm_up)
			measured = now_ns();
		int n = epoll_wait(epoll_fd, events, 512, wait_ms);
		for (int i = 0; i < n; i++)
			conn_event(events[i].data.ptr, events[i].events);
	}
	return (double)(now_ns() - (measured ? measured : begun)) / 1e9;
}

static void make_request(void)
{
	FILE *f = fopen(options.body_file, "rb");
	if (!f) {
		perror(options.body_file);
		exit(2);
	}
	fseek(f, 0, SEEK_END);
	size_t body_len = (size_t)ftell(f);
	rewind(f);
	request = malloc(body_len + HEADERS_MAX + 1024);
	size_t n = (size_t)sprintf(request,
		"POST %s HTTP/1.1\r\nHost: 127.0.0.1:%ld\r\nContent-Type: application/json\r\n"
		"x-api-key: sk-test\r\nanthropic-version: 2023-06-01\r\n%s"
		"Content-Length: %zu\r\n\r\n",
		options.path, options.port, options.headers, body_len);
	request_len = n + fread(request + n, 1, body_len, f);
	fclose(f);
}

static bool read_option(int letter, const char *value)
{
	const struct {
		int letter;
		long *number;
	} numbers[] = {
		{ 'p', &options.port },
		{ 'c', &options.connections },
		{ 'n', &options.requests },
		{ 'w', &options.warm_up },
		{ 'i', &options.interval_us },
		{ 'g', &options.stagger_us },
		{ 'T', &options.limit_s },
		{ 'a', &options.abandon_percent },
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (numbers[i].letter == letter) {
			*numbers[i].number = atol(value);
			return true;
		}
	}
	if (letter == 'b')
		options.body_file = value;
	else if (letter == 'u')
		options.path = value;
	else if (letter == 'H' && strlen(options.headers) + strlen(value) < HEADERS_MAX - 2)
		strcat(strcat(options.headers, value), "\r\n");
	else
		return false;
	return true;
}

static bool read_options(int argc, char **argv)
{
	for (int o; (o = getopt(argc, argv, "p:b:u:H:c:n:i:g:w:T:a:")) != -1;)
		if (!read_option(o, optarg))
			return false;
	return options.body_file && options.connections > 0;
}

static void print(double seconds)
{
	struct samples *all[] = { &latency, &first_byte, &event_delay, &upward };
	for (int i = 0; i < 4; i++)
		if (all[i]->n)
			qsort(all[i]->v, all[i]->n, sizeof(uint64_t), compare);
	printf("{\"done\":%llu,\"errors\":%llu,\"bad_status\":%llu,\"cut_off\":%llu,"
	       "\"abandoned\":%llu,",
		counts.done, counts.errors, counts.bad_status, counts.cut_off, counts.abandoned);
	printf("\"seconds\":%.3f,\"events\":%llu,\"bytes\":%llu,\"open_max\":%ld,", seconds,
		counts.events, counts.bytes, counts.open_max);
	printf("\"latency_p50\":%.1f,\"latency_p99\":%.1f,"
	       "\"first_byte_p50\":%.1f,\"first_byte_p99\":%.1f,",
		quantile_us(&latency, .5), quantile_us(&latency, .99), quantile_us(&first_byte, .5),
		quantile_us(&first_byte, .99));
	printf("\"event_p50\":%.1f,\"event_p90\":%.1f,\"event_p99\":%.1f,\"event_max\":%.1f,",
		quantile_us(&event_delay, .5), quantile_us(&event_delay, .9),
		quantile_us(&event_delay, .99), quantile_us(&event_delay, 1));
	printf("\"upward_p50\":%.1f,\"upward_p99\":%.1f,\"first_error\":\"%s\"}\n",
		quantile_us(&upward, .5), quantile_us(&upward, .99), counts.first_error);
}

int main(int argc, char **argv)
{
	if (!read_options(argc, argv)) {
		fprintf(stderr, "usage: lat -p PORT -b BODY_FILE ..., see the head of lat.c\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	make_request();
	epoll_fd = epoll_create1(0);
	struct conn *conns = calloc((size_t)options.connections, sizeof(*conns));
	print(run(conns));
	return 0;
}
