/* SPDX-License-Identifier: MIT */
/* The runner and the life of an exchange: from a request head to the closing stages. */
#include "core/exchange.h"

#include "base/clock.h"
#include "core/access_log.h"
#include "core/attempt.h"
#include "core/decision.h"
#include "core/live.h"
#include "core/siblings.h"
#include "wire/encoding.h"

#include <stdio.h>
#include <string.h>

enum { SPARE_BODY_MAX = 4 * 1024 * 1024 };
/* So many bytes of what was freed make it worth to look for whole pages, a moment later. */
enum { UNTIDY_BYTES = 1 << 20, TIDY_MS = 1000 };

/* ---- the runner ---- */

static void exchange_free(struct exchange *x);

static enum step run_one(struct exchange *x)
{
	x->cancel = NULL;
	x->running = true;
	enum step how = x->at->run(x);
	x->running = false;
	assert(how != STEP_WAIT || x->cancel != NULL);
	return how;
}

/* Returns true when x has walked past the last stage. */
static bool walk(struct exchange *x, enum step how)
{
	for (;;) {
		if (how == STEP_WAIT)
			return false;
		if (how == STEP_FAIL && !x->closing)
			exchange_reply_error(x);
		if (how != STEP_NEXT)
			x->closing = true;
		x->at++;
		while (x->closing && x->at->name != NULL && !x->at->closing)
			x->at++;
		if (x->at->name == NULL)
			return true;
		how = run_one(x);
	}
}

void exchange_resume(struct exchange *x, enum step how)
{
	assert(!x->running); /* only the loop resumes, never a stage */
	x->cancel = NULL;
	if (walk(x, how))
		exchange_free(x);
}

void exchange_abandon(struct exchange *x)
{
	void (*cancel)(struct exchange *) = x->cancel;

	assert(x->err.kind != ERR_NONE);
	x->cancel = NULL;
	if (cancel != NULL)
		cancel(x);
	exchange_resume(x, STEP_FAIL);
}

/* ---- life ---- */

static const struct local_endpoint *find_local(const struct services *svc, struct str path)
{
	for (size_t i = 0; i < svc->nlocals; i++) {
		const struct local_endpoint *l = &svc->locals[i];
		if (str_eq(l->path, path))
			return l;
		if (l->below && str_starts(path, l->path) && path.p[l->path.n] == '/')
			return l;
	}
	return NULL;
}

static void make_id(struct services *svc, int64_t wall_ms, char ret[EXCHANGE_ID_MAX])
{
	uint32_t n = svc->id_seed + svc->id_count++ * 2654435761u; /* every value once in 2^32 */

	snprintf(ret, EXCHANGE_ID_MAX, "x%011llx%08x",
		(unsigned long long)wall_ms & 0xfffffffffffull, n);
}

static void take_spare_body(struct exchange *x)
{
	size_t max = x->config->limits_body_bytes;

	x->body = x->svc->spare_body;
	buf_init(&x->svc->spare_body, SIZE_MAX);
	x->body.max = max;
	if (x->body.cap > max)
		buf_release(&x->body);
}

struct exchange *exchange_begin(struct services *svc, struct conn *c, const struct http_head *head)
{
	struct arena *a = arena_new();
	struct exchange *x = arena_alloc(a, sizeof(*x));

	x->arena = a;
	x->svc = svc;
	x->config = config_ref(svc->config);
	x->at = stages;
	x->conn = c;
	x->head = http_head_dup(a, head);
	x->usage = USAGE_UNKNOWN;
	x->cost = COST_UNKNOWN;
	x->begin_ns = clock_mono_ns();
	x->begin_wall_ms = clock_wall_ms();
	x->local = find_local(svc, head->path);
	x->endpoint = endpoint_find(head, &x->dialect);
	if (x->local != NULL)
		x->endpoint = ENDPOINT_LOCAL;
	make_id(svc, x->begin_wall_ms, x->id);
	take_spare_body(x);
	svc->open++;
	svc->total++;
	live_enter(x);
	if (!walk(x, run_one(x)))
		return x;
	exchange_free(x);
	return NULL;
}

/* A thousand requests that waited at once leave holes between what stays. */
static void note_untidy(struct services *svc, size_t bytes)
{
	bool armed = svc->untidy_bytes >= UNTIDY_BYTES;

	svc->untidy_bytes += bytes;
	if (!armed && svc->untidy_bytes >= UNTIDY_BYTES && svc->tidy != NULL)
		timer_at(svc->tidy, loop_now_ms(svc->loop) + TIDY_MS);
}

void exchange_free_body(struct exchange *x)
{
	struct services *svc = x->svc;

	if (svc->spare_body.p == NULL && x->body.p != NULL && x->body.cap <= SPARE_BODY_MAX) {
		svc->spare_body = x->body;
		buf_clear(&svc->spare_body);
		x->body = (struct buf){ .max = x->body.max };
	}
	if (x->content_arena != NULL)
		note_untidy(svc, arena_used(x->content_arena));
	arena_free(x->content_arena);
	x->content_arena = NULL;
	x->content = NULL;
	note_untidy(svc, x->body.cap);
	buf_release(&x->body);
	x->chat.body = (struct str){ 0 };
	x->chat.models = NULL;
	x->chat.nmodels = 0;
	if (x->prefix == NULL) /* nobody wants its outline any more */
		exchange_free_scratch(x);
}

void exchange_free_scratch(struct exchange *x)
{
	if (x->scratch != NULL)
		note_untidy(x->svc, arena_used(x->scratch));
	arena_free(x->scratch);
	x->scratch = NULL;
	x->chat.models = NULL;
	x->chat.nmodels = 0;
	x->chat.outline = (struct outline){ .n = 0 };
	x->turn = NULL;
}

static void exchange_free(struct exchange *x)
{
	assert(x->attempt == NULL);
	live_leave(x);
	siblings_leave(x);
	x->svc->open--;
	exchange_free_body(x);
	exchange_free_scratch(x);
	encoding_decoder_free(x->decoder);
	config_unref(x->config);
	arena_free(x->arena);
}

/* Room for one more than `n`, made for `step` at a time: most exchanges need no more than that. */
static void *make_room(struct arena *a, void *old, size_t n, size_t step, size_t size)
{
	void *p;

	if (n % step != 0)
		return old;
	p = arena_alloc(a, (n + step) * size);
	return n > 0 ? memcpy(p, old, n * size) : p;
}

enum { PLAN_STEP = 2 };

bool plan_add(struct exchange *x, const struct candidate *c)
{
	struct plan *p = &x->plan;

	if (p->n == PLAN_MAX)
		return false;
	p->c = make_room(x->arena, p->c, p->n, PLAN_STEP, sizeof(*c));
	p->c[p->n++] = *c;
	return true;
}

/* ---- replies made here ---- */

/* Some more than there ever are; who comes later is not heard. */
enum { REPLY_HEADERS_MAX = 12, REPLY_HEADERS_STEP = 4 };

void exchange_add_header(struct exchange *x, struct str name, struct str value)
{
	if (x->nreply_headers == REPLY_HEADERS_MAX)
		return;
	x->reply_headers = make_room(x->arena, x->reply_headers, x->nreply_headers,
		REPLY_HEADERS_STEP, sizeof(*x->reply_headers));
	x->reply_headers[x->nreply_headers++] = (struct http_header){ name, value };
}

enum { HEADER_NAME_MAX = 256, HEADER_WHY_MAX = 200 };

/* What a client calls a model may hold anything. */
static struct str as_header(struct exchange *x, struct str name)
{
	char copy[HEADER_NAME_MAX];
	size_t n = name.n < sizeof(copy) ? name.n : sizeof(copy);

	for (size_t i = 0; i < n; i++)
		copy[i] = name.p[i] > ' ' && name.p[i] <= '~' ? name.p[i] : '?';
	return arena_dup(x->arena, (struct str){ copy, n });
}

/* A sentence, as far as its beginning goes. It is copied only when a header could not hold it as it is. */
static struct str sentence_as_header(struct exchange *x, struct str text)
{
	char copy[HEADER_WHY_MAX];
	size_t n = 0;
	bool same = true;

	for (size_t i = 0; i < text.n && n < sizeof(copy); i++) {
		bool continues = ((unsigned char)text.p[i] & 0xC0) == 0x80;
		bool plain = text.p[i] >= ' ' && text.p[i] <= '~';
		same = same && plain;
		if (!continues || n == 0) /* one mark for a whole character */
			copy[n++] = plain ? text.p[i] : '?';
	}
	return str_trim(
		same ? (struct str){ text.p, n } : arena_dup(x->arena, (struct str){ copy, n }));
}

/* Empty: the client gets what it asked for. */
static struct str why_of(const struct exchange *x)
{
	const struct decision *d = x->decision;
	struct str plan = str_from(x->plan.why);

	if (d == NULL)
		return str_eq(plan, STR("as asked")) ? STR("") : plan;
	if (decision_is_as_asked(d))
		return STR("");
	return d->why.n > 0 ? d->why : str_from(d->by);
}

void exchange_add_answerer(struct exchange *x, const struct candidate *c)
{
	struct str model = c->model.n > 0 ? c->model : x->chat.model;
	struct str why = sentence_as_header(x, why_of(x));

	exchange_add_header(x, STR("x-sluice-provider"), c->provider->name);
	if (model.n > 0)
		exchange_add_header(x, STR("x-sluice-model"), as_header(x, model));
	if (why.n > 0)
		exchange_add_header(x, STR("x-sluice-why"), why);
}

/* The headers of every reply, in the first places; returns their number. */
static size_t put_headers(const struct exchange *x, struct str type, struct http_header *ret)
{
	bool openai = x->dialect->family == API_OPENAI;
	size_t n = 0;

	ret[n++] = (struct http_header){ STR("Content-Type"), type };
	ret[n++] = (struct http_header){ openai ? STR("x-request-id") : STR("request-id"),
		str_from(x->id) };
	ret[n++] = (struct http_header){ STR("x-sluice-id"), str_from(x->id) };
	for (size_t i = 0; i < x->nreply_headers; i++)
		ret[n++] = x->reply_headers[i];
	return n;
}

static void send_whole(struct exchange *x, const struct conn_reply *r, struct str body)
{
	if (x->conn == NULL)
		return;
	x->status = r->status;
	conn_reply_head(x->conn, r);
	if (r->length != CONN_NO_BODY)
		conn_reply_body(x->conn, body);
	x->reply_bytes = conn_sent_bytes(x->conn);
	conn_reply_end(x->conn);
	x->conn = NULL;
}

void exchange_reply(struct exchange *x, unsigned status, struct str type, struct str body,
	const struct http_header *more)
{
	struct http_header h[4 + REPLY_HEADERS_MAX];
	size_t n = put_headers(x, type, h);

	if (more != NULL)
		h[n++] = *more;
	send_whole(x, &(struct conn_reply){ status, http_reason(status), h, n, (int64_t)body.n },
		body);
}

void exchange_reply_head(struct exchange *x, unsigned status, struct str type, int64_t length)
{
	struct http_header h[3 + REPLY_HEADERS_MAX];
	size_t n = put_headers(x, type, h);

	x->status = status;
	conn_reply_head(x->conn, &(struct conn_reply){ status, http_reason(status), h, n, length });
}

void exchange_reply_local(struct exchange *x, const struct local_reply *r)
{
	struct http_header h[3 + REPLY_HEADERS_MAX + LOCAL_HEADERS_MAX];
	size_t n = put_headers(x, r->type, h);
	int64_t length = r->status == 304 ? CONN_NO_BODY : (int64_t)r->body->n;

	for (size_t i = 0; i < r->nmore; i++)
		h[n++] = r->more[i];
	send_whole(x, &(struct conn_reply){ r->status, http_reason(r->status), h, n, length },
		buf_str(r->body));
}

void exchange_reply_error(struct exchange *x)
{
	/* Clients retry a plain 401 for minutes; what was refused here stays refused. */
	static const struct http_header no_retry = { STR_INIT("x-should-retry"),
		STR_INIT("false") };
	static const struct http_header allow = { STR_INIT("Allow"),
		STR_INIT("GET, HEAD, OPTIONS") };
	enum err_kind kind = x->err.kind;
	const struct http_header *more =
		kind == ERR_AUTH || kind == ERR_PERMISSION || kind == ERR_BILLING ? &no_retry
		: kind == ERR_METHOD                                              ? &allow
										  : NULL;
	struct buf body;

	if (x->conn == NULL)
		return;
	if (conn_replied(x->conn)) {
		conn_reply_abort(x->conn);
		x->conn = NULL;
		return;
	}
	buf_init(&body, SIZE_MAX);
	x->dialect->print_error(&body, &x->err, str_from(x->id));
	exchange_reply(x, err_status(x->dialect->family, kind), STR("application/json"),
		buf_str(&body), more);
	buf_release(&body);
}

/* ---- what connections report ---- */

static void *on_begin(void *user, struct conn *c, const struct http_head *head)
{
	return exchange_begin(user, c, head);
}

static void fail(struct exchange *x, const struct err *e)
{
	x->err = *e;
	exchange_abandon(x);
}

static void on_body(void *ctx, struct str piece)
{
	struct exchange *x = ctx;
	struct err e = { 0 };

	if (x->decoder != NULL) {
		if (!encoding_decode(x->decoder, piece, &x->body, &e))
			fail(x, &e);
		return;
	}
	attempt_send(x, piece);
}

static void on_end(void *ctx)
{
	struct exchange *x = ctx;
	struct err e = { 0 };

	if (!x->body_wanted) {
		attempt_send_end(x);
		return;
	}
	x->body_wanted = false;
	if (x->decoder != NULL && !encoding_decode_end(x->decoder, &e))
		fail(x, &e);
	else
		exchange_resume(x, STEP_NEXT);
}

static void on_broken(void *ctx, const struct err *e)
{
	fail(ctx, e);
}

static void on_gone(void *ctx)
{
	struct exchange *x = ctx;
	struct err e = { 0 };

	x->reply_bytes = conn_sent_bytes(x->conn);
	x->conn = NULL;
	err_set(&e, ERR_CLIENT_GONE,
		x->svc->ending ? "sluice ended before the reply did" : "the client has gone");
	fail(x, &e);
}

static void on_drained(void *ctx)
{
	attempt_drained(ctx);
}

/* A request that was refused before it was one. It has no exchange, but its refusal is logged. */
static void on_refused(void *user, const struct err *why, struct str target, struct buf *out)
{
	struct services *svc = user;
	struct err refusal = *why, *e = &refusal;
	struct http_head head = { .target = target,
		.path = { target.p, str_find_char(target, '?') } };
	const struct dialect *d;
	char id[EXCHANGE_ID_MAX];
	struct buf body;

	make_id(svc, clock_wall_ms(), id);
	if (e->kind ==
		ERR_METHOD) /* not a method of HTTP as it is spoken here, whatever the path */
		e->kind = ERR_INVALID;
	endpoint_find(&head, &d);
	unsigned status = err_status(d->family, e->kind);
	buf_init(&body, SIZE_MAX);
	d->print_error(&body, e, str_from(id));
	buf_addf(out,
		"HTTP/1.1 %u %.*s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		status, STR_ARG(http_reason(status)), body.n);
	buf_add(out, buf_str(&body));
	buf_release(&body);
	access_log_refused(svc->log, e, head.path);
}

const struct server_events exchange_events = {
	.begin = on_begin,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
	.gone = on_gone,
	.drained = on_drained,
	.refused = on_refused,
};
