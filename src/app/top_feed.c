/* SPDX-License-Identifier: MIT */
/* An event stream over a plain socket: HTTP/1.0, so that the body is what comes until the end. */
#include "app/top_feed.h"

#include "app/instance.h"
#include "app/probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FEED_MAX = 32 << 20, CONNECT_MS = 2000, READ_BYTES = 64 * 1024 };

void top_feed_init(struct top_feed *f, const struct paths *p, const char *key)
{
	*f = (struct top_feed){ .paths = p, .key = key, .fd = -1 };
	buf_init(&f->in, FEED_MAX);
}

static void disconnect(struct top_feed *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

void top_feed_release(struct top_feed *f)
{
	disconnect(f);
	buf_release(&f->in);
}

bool top_feed_connect(struct top_feed *f, struct err *e)
{
	struct instance i;

	disconnect(f);
	buf_clear(&f->in);
	f->in_body = false;
	f->state_n = 0;
	instance_find(f->paths, &i);
	if (i.state != INSTANCE_RUNNING)
		return err_set(e, ERR_NOT_FOUND, "no proxy is running (see `sluice help start`)");
	f->fd = probe_open(i.client_url, "/sluice/api/live", f->key, CONNECT_MS);
	return f->fd >= 0 ||
	       err_set(e, ERR_UPSTREAM, "the proxy at %s does not answer", i.client_url);
}

static bool judge_status(unsigned status, struct err *e)
{
	if (status == 200)
		return true;
	if (status == 401 || status == 403)
		return err_set(
			e, ERR_AUTH, "the proxy wants another key than 'auth.key' says here");
	if (status == 404)
		return err_set(e, ERR_NOT_FOUND, "the proxy that runs is older than this program");
	return err_set(e, ERR_UPSTREAM, "the proxy answers with status %u", status);
}

/* Takes the head off what has come, once it is complete. */
static bool take_head(struct top_feed *f, struct err *e)
{
	size_t end = str_find(buf_str(&f->in), STR("\r\n\r\n"));
	uint64_t status = 0;

	if (end == f->in.n)
		return true;
	if (end < 12 || !str_to_u64((struct str){ f->in.p + 9, 3 }, &status))
		status = 0;
	buf_drop(&f->in, end + 4);
	f->in_body = true;
	return judge_status((unsigned)status, e);
}

/* Finds the last event that is complete; forgets what is before it. */
static bool find_state(struct top_feed *f)
{
	static const struct str data = STR_INIT("\ndata: "), end = STR_INIT("\n\n");
	struct str in = buf_str(&f->in);
	size_t at = 0, n;

	f->state_n = 0;
	while ((n = str_find(str_from_offset(in, at), end)) < in.n - at) {
		struct str event = { in.p + at, n };
		size_t from = str_find(event, data);
		if (from < event.n) {
			f->state_at = at + from + data.n;
			f->state_n = event.n - from - data.n;
		}
		at += n + end.n;
	}
	if (f->state_n > 0) {
		buf_drop(&f->in, f->state_at);
		f->state_at = 0;
	}
	return f->state_n > 0;
}

enum top_feed_result top_feed_read(struct top_feed *f, struct err *e)
{
	/* The state that was given out is over. */
	if (f->state_n > 0)
		buf_drop(&f->in, f->state_n);
	f->state_n = 0;
	ssize_t n =
		buf_reserve(&f->in, READ_BYTES) ? recv(f->fd, f->in.p + f->in.n, READ_BYTES, 0) : 0;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return TOP_FEED_NOTHING;
	f->in.n += n > 0 ? (size_t)n : 0;
	if (n <= 0) {
		err_set(e, ERR_UPSTREAM, "the proxy has gone");
		disconnect(f);
		return TOP_FEED_LOST;
	}
	if (!f->in_body && !take_head(f, e)) {
		disconnect(f);
		return TOP_FEED_LOST;
	}
	return f->in_body && find_state(f) ? TOP_FEED_STATE : TOP_FEED_NOTHING;
}

struct str top_feed_state(const struct top_feed *f)
{
	return (struct str){ f->in.p + f->state_at, f->state_n };
}
