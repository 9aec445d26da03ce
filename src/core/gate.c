/* SPDX-License-Identifier: MIT */
/* Nothing is changed on the way: what is held back is what would have been sent. */
#include "core/gate.h"

#include "wire/json.h"
#include "wire/sse.h"

struct gate *gate_new(struct exchange *x, const struct upstream_reply *r, size_t max)
{
	const struct http_head head = { .h = (struct http_header *)(uintptr_t)r->h, .n = r->n };
	struct gate *g = arena_alloc(x->arena, sizeof(*g));

	*g = (struct gate){ .shut = true, .max = max, .head = *r };
	g->head.reason = arena_dup(x->arena, r->reason);
	g->head.h = http_head_dup(x->arena, &head)->h;
	buf_init(&g->kept, SIZE_MAX);
	return g;
}

void gate_release(struct gate *g)
{
	if (g != NULL)
		buf_release(&g->kept);
}

bool gate_keep(struct gate *g, struct str bytes)
{
	buf_add(&g->kept, bytes);
	return g->kept.n <= g->max;
}

void gate_relay_head(struct exchange *x, const struct candidate *c, const struct upstream_reply *r)
{
	struct http_header *h;
	size_t n = r->n;
	bool bodyless = r->status == 204 || r->status == 304 ||
			(x->head->method == HTTP_HEAD && r->length < 0);

	x->status = r->status;
	if (exchange_is_read(x))
		exchange_add_answerer(x, c);
	h = arena_alloc(x->arena, (n + x->nreply_headers + 1) * sizeof(*h));
	for (size_t i = 0; i < r->n; i++)
		h[i] = r->h[i];
	h[n++] = (struct http_header){ STR("x-sluice-id"), str_from(x->id) };
	for (size_t i = 0; i < x->nreply_headers; i++)
		h[n++] = x->reply_headers[i];
	conn_reply_head(x->conn, &(struct conn_reply){ r->status, r->reason, h, n,
					 bodyless ? CONN_NO_BODY : r->length });
}

void gate_open(struct gate *g, struct exchange *x, const struct candidate *c)
{
	g->shut = false;
	gate_relay_head(x, c, &g->head);
	if (g->kept.n > 0)
		conn_reply_body(x->conn, buf_str(&g->kept));
	buf_release(&g->kept);
}

/* One whole object or array. */
static bool is_json(struct str text)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_iter_init(&it, text, &e)) {
		e = (struct err){ 0 };
		if (!json_iter_init_array(&it, text, &e))
			return false;
	}
	while (json_next(&it, &m, &e))
		;
	return e.kind == ERR_NONE;
}

bool gate_keeps_reply(const struct gate *g)
{
	const struct http_head head = { .h = (struct http_header *)(uintptr_t)g->head.h,
		.n = g->head.n };

	return http_get(&head, STR("content-encoding")).n > 0 || is_json(buf_str(&g->kept));
}

/* Of a torn frame, or of none at all, a client can make nothing. */
static bool is_readable(struct str frame)
{
	struct sse_frame f;
	struct buf joined;
	bool readable;

	buf_init(&joined, SIZE_MAX);
	sse_parse(frame, &joined, &f);
	readable = f.has_data && is_json(f.data);
	buf_release(&joined);
	return readable;
}

/* Pings, comments, and what Responses says while a reply is in a queue. Inside of text quotes are escaped: these are none. */
static bool is_sign_of_life(struct str frame)
{
	static const struct str words[] = { STR_INIT("event: ping"), STR_INIT("\"ping\""),
		STR_INIT("\"response.in_progress\""), STR_INIT("\"response.queued\"") };
	enum { LONGEST = 16384 };

	if (frame.n == 0 || frame.p[0] == ':')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words) && frame.n <= LONGEST; i++)
		if (str_find(frame, words[i]) < frame.n)
			return true;
	return false;
}

bool gate_is_content(const struct event *ev)
{
	switch (ev->type) {
	case EV_START:
	case EV_ERROR:
		return false;
	case EV_RAW:
		return !is_sign_of_life(ev->raw) && is_readable(ev->raw);
	default:
		return true;
	}
}
