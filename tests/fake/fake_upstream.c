/* SPDX-License-Identifier: MIT */
/* io/upstream.h without sockets. */
#include "fake/fake_upstream.h"

#include <stdlib.h>
#include <string.h>

enum { SEND_HIGH = 256 * 1024 }; /* as in io/upstream.c */

struct upstream *upstream_new(struct loop *l)
{
	struct upstream *u = must_alloc(sizeof(*u));

	u->loop = l;
	list_init(&u->transfers);
	return u;
}

static bool is_over(const struct transfer *t)
{
	return t->state == FAKE_DONE || t->state == FAKE_CANCELLED;
}

void fake_upstream_forget(struct upstream *u)
{
	list_each (it, &u->transfers) {
		struct transfer *t = container_of(it, struct transfer, link);
		if (!is_over(t))
			continue;
		list_remove(&t->link);
		u->n--;
		buf_release(&t->body);
		buf_release(&t->waiting);
		arena_free(t->memory);
		free(t);
	}
}

void upstream_free(struct upstream *u)
{
	if (u == NULL)
		return;
	fake_upstream_forget(u);
	assert(u->n == 0);
	free(u);
}

/* ---- what the test sees ---- */

struct transfer *fake_upstream_nth(const struct upstream *u, size_t n)
{
	for (struct list *it = u->transfers.next; it != &u->transfers; it = it->next)
		if (n-- == 0)
			return container_of(it, struct transfer, link);
	return NULL;
}

struct transfer *fake_upstream_last(const struct upstream *u)
{
	return u->n > 0 ? fake_upstream_nth(u, u->n - 1) : NULL;
}

size_t fake_upstream_open(const struct upstream *u)
{
	size_t n = 0;

	for (struct list *it = u->transfers.next; it != &u->transfers; it = it->next)
		n += !is_over(container_of(it, struct transfer, link));
	return n;
}

struct str fake_transfer_header(const struct transfer *t, const char *name)
{
	const struct http_head head = { .h = (struct http_header *)(uintptr_t)t->rq.h,
		.n = t->rq.n };

	return http_get(&head, str_from(name));
}

/* ---- what the provider does ---- */

void fake_transfer_take(struct transfer *t, size_t n)
{
	assert(!is_over(t));
	if (!t->rq.streamed) {
		struct str rest = str_from_offset(t->rq.body, t->body.n);
		buf_add(&t->body, (struct str){ rest.p, n < rest.n ? n : rest.n });
		return;
	}
	n = n < t->waiting.n ? n : t->waiting.n;
	buf_add(&t->body, (struct str){ t->waiting.p, n });
	buf_drop(&t->waiting, n);
	if (t->send_was_full && t->waiting.n <= SEND_HIGH / 2) {
		t->send_was_full = false;
		t->ev->writable(t->ctx);
	}
}

static struct str own(char **p, struct str s)
{
	*p = must_realloc(NULL, s.n + 1);
	memcpy(*p, s.p, s.n);
	return (struct str){ *p, s.n };
}

void fake_transfer_head(struct transfer *t, const char *head)
{
	char *copy;
	struct str status, line, rest = own(&copy, str_from(head));
	struct upstream_reply r = { .length = -1 };
	struct http_header *h = must_alloc((rest.n + 1) * sizeof(*h));
	uint64_t n;

	assert(t->state == FAKE_WAITING);
	t->state = FAKE_REPLYING;
	t->last_ms = loop_now_ms(t->up->loop);
	rest = str_trim(rest);
	bool ok = str_split(&rest, '\n', &r.reason) && str_split(&r.reason, ' ', &status) &&
		  str_to_u64(status, &n);
	assert(ok);
	r.status = (unsigned)n;
	r.reason = r.reason.p != NULL ? r.reason : STR("");
	while (str_split(&rest, '\n', &line)) {
		ok = http_header_line(line, &h[r.n]);
		assert(ok);
		if (!str_eq_nocase(h[r.n].name, STR("content-length")))
			r.n++;
		else if (str_to_u64(h[r.n].value, &n))
			r.length = (int64_t)n;
	}
	r.h = h;
	t->inside = true;
	t->ev->head(t->ctx, &r);
	t->inside = false;
	free(h);
	free(copy);
}

void fake_transfer_body(struct transfer *t, struct str bytes)
{
	char *copy;
	struct str piece = own(&copy, bytes);

	assert(t->state == FAKE_REPLYING && !t->paused);
	t->last_ms = loop_now_ms(t->up->loop);
	t->inside = true;
	t->ev->body(t->ctx, piece);
	t->inside = false;
	free(copy);
}

void fake_transfer_done(struct transfer *t, enum upstream_failure why, const char *text)
{
	assert(!is_over(t));
	t->state = FAKE_DONE;
	t->ev->done(t->ctx, why, text);
}

/* ---- what the program asks for ---- */

static void check_header(struct http_header h)
{
	static const char *const ours[] = { "host", "connection", "content-length",
		"transfer-encoding", "keep-alive", "te", "trailer", "upgrade", "expect",
		"proxy-connection" };

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		assert(!str_eq_nocase(h.name, str_from(ours[i])));
}

static void copy_request(struct transfer *t, const struct upstream_request *rq)
{
	struct http_header *h = arena_alloc(t->memory, (rq->n + 1) * sizeof(*h));

	t->rq = *rq;
	for (size_t i = 0; i < rq->n; i++) {
		check_header(rq->h[i]);
		h[i] = (struct http_header){ arena_dup(t->memory, rq->h[i].name),
			arena_dup(t->memory, rq->h[i].value) };
	}
	t->rq.h = h;
	t->rq.origin = arena_dup(t->memory, str_from(rq->origin)).p;
	t->rq.target = arena_dup(t->memory, str_from(rq->target)).p;
	t->rq.proxy = arena_dup(t->memory, str_from(rq->proxy)).p;
	t->rq.no_proxy = arena_dup(t->memory, str_from(rq->no_proxy)).p;
	t->rq.ca_file = arena_dup(t->memory, str_from(rq->ca_file)).p;
}

struct transfer *upstream_start(struct upstream *u, const struct upstream_request *rq,
	const struct upstream_events *ev, void *ctx)
{
	struct transfer *t = must_alloc(sizeof(*t));

	assert(!(rq->streamed && rq->body.p != NULL));
	t->up = u;
	t->ev = ev;
	t->ctx = ctx;
	t->memory = arena_new();
	t->last_ms = loop_now_ms(u->loop);
	buf_init(&t->body, SIZE_MAX);
	buf_init(&t->waiting, SIZE_MAX);
	list_init(&t->link);
	list_push(&u->transfers, &t->link);
	u->n++;
	copy_request(t, rq);
	return t;
}

void transfer_cancel(struct transfer *t)
{
	assert(!is_over(t) && !t->inside);
	t->state = FAKE_CANCELLED;
}

void transfer_pause(struct transfer *t)
{
	assert(!is_over(t));
	t->pauses += !t->paused;
	t->paused = true;
}

void transfer_resume(struct transfer *t)
{
	assert(!is_over(t));
	t->resumes += t->paused;
	t->paused = false;
}

void transfer_send(struct transfer *t, struct str bytes)
{
	assert(!is_over(t) && t->rq.streamed && !t->send_ended);
	buf_add(&t->waiting, bytes);
	t->send_was_full |= transfer_send_full(t);
}

bool transfer_send_full(const struct transfer *t)
{
	assert(!is_over(t));
	return t->waiting.n >= SEND_HIGH;
}

void transfer_send_end(struct transfer *t)
{
	assert(!is_over(t) && !t->send_ended);
	t->send_ended = true;
}

bool transfer_body_sent(const struct transfer *t)
{
	assert(!is_over(t));
	return t->rq.streamed ? t->send_ended && t->waiting.n == 0 : t->body.n == t->rq.body.n;
}

uint64_t transfer_last_ms(const struct transfer *t)
{
	assert(!is_over(t));
	return t->last_ms;
}
