/* SPDX-License-Identifier: MIT */
/* Values of the store, in a space of their own, that end by themselves. */
#include "core/bodies.h"

#include "base/clock.h"
#include "base/redact.h"
#include "core/ledger.h"
#include "core/secrets.h"

/* So much more than is kept is looked through: a secret that the end cuts in two would not be known by its beginning. */
enum { SECRET_BYTES = 8192 };

struct bodies {
	struct sink sink;
	struct buf request, reply;
	size_t max;
};

static void keep_some(struct buf *b, struct str bytes, size_t max)
{
	size_t room = max + SECRET_BYTES > b->n ? max + SECRET_BYTES - b->n : 0;

	buf_add(b, (struct str){ bytes.p, bytes.n < room ? bytes.n : room });
}

static void put(struct sink *self, const struct event *ev)
{
	struct bodies *b = container_of(self, struct bodies, sink);

	keep_some(&b->reply, ev->raw, b->max);
	sink_pass(self, ev);
}

struct bodies *bodies_begin(struct exchange *x)
{
	struct bodies *b = x->bodies;

	if (!x->config->record_bodies || x->svc->ledger == NULL || x->endpoint != ENDPOINT_MESSAGES)
		return NULL;
	if (b != NULL) { /* another attempt: its reply is the one that counts */
		buf_clear(&b->reply);
		return b;
	}
	b = arena_alloc(x->arena, sizeof(*b));
	b->max = (size_t)x->config->record_body_bytes;
	buf_init(&b->request, SIZE_MAX);
	buf_init(&b->reply, SIZE_MAX);
	keep_some(&b->request, buf_str(&x->body), b->max);
	return x->bodies = b;
}

struct sink *bodies_sink(struct bodies *b, struct sink *next)
{
	if (b == NULL)
		return next;
	b->sink = (struct sink){ put, next };
	return &b->sink;
}

/* What stands within the last bytes that were looked at may be half a secret. */
static void cut(struct buf *clean, bool whole, size_t max)
{
	if (!whole)
		clean->n -= clean->n < SECRET_BYTES ? clean->n : SECRET_BYTES;
	if (clean->n > max)
		clean->n = max;
}

static void hand_over(struct exchange *x, const char *part, struct buf *body)
{
	size_t n, max = x->bodies->max;
	const struct str *secrets = secrets_of(x, &n);
	struct buf clean;

	buf_init(&clean, SIZE_MAX);
	redact(&clean, buf_str(body), secrets, n);
	cut(&clean, body->n < max + SECRET_BYTES, max);
	const struct store_value v = { .space = STR("body"),
		.key = arena_printf(x->arena, "%s/%s", x->id, part),
		.value = buf_str(&clean),
		.version = clock_wall_ms(),
		.expires_ms = clock_wall_ms() + (int64_t)x->config->record_keep_ms };
	if (clean.n > 0)
		ledger_keep(x->svc->ledger, &v);
	buf_release(&clean);
	buf_release(body);
}

void bodies_end(struct exchange *x)
{
	if (x->bodies == NULL)
		return;
	hand_over(x, "request", &x->bodies->request);
	hand_over(x, "reply", &x->bodies->reply);
}
