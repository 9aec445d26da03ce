/* SPDX-License-Identifier: MIT */
/* One connection for reading, kept open; whoever wants it waits for the other, which takes microseconds. Where it takes
 * longer, the exchange goes on without: a file that is locked, or a disk that hangs, holds up no request for long, and
 * after a failure the store is left alone for a while. */
#include "core/recall.h"

#include "base/clock.h"
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>

enum {
	VALUE_MAX = 64 << 20,
	PATIENCE_MS = 250, /* of an exchange */
	REST_MS = 5000,    /* after a failure */
	NS_PER_MS = 1000000,
};

/* Outlives its maker while jobs use it. */
struct recaller {
	struct loop *loop;
	pthread_mutex_t lock;
	struct store *store; /* under the lock; NULL: not open */
	uint64_t rest_ns;    /* under the lock: nobody asks before then */
	unsigned users;      /* on the loop */
};

struct recall {
	struct recaller *from;
	struct recall_keys keys;
	struct buf conversation, model;
	void (*found)(void *ctx, struct str conversation, struct str model);
	void (*done)(struct exchange *x);
	struct exchange *x;     /* NULL: forgotten */
	struct timer *patience; /* while the exchange waits */
};

struct recaller *recaller_new(struct loop *loop)
{
	struct recaller *r = must_alloc(sizeof(*r));

	r->loop = loop;
	r->users = 1;
	pthread_mutex_init(&r->lock, NULL);
	return r;
}

void recaller_free(struct recaller *r)
{
	if (r == NULL || --r->users > 0)
		return;
	if (r->store != NULL)
		r->store->driver->close(r->store);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* False when it could not be asked. */
static bool get(struct store *s, uint64_t key, struct buf *to)
{
	const struct store_key k = { .space = STR("prefix"),
		.key = { (const char *)&key, sizeof(key) },
		.now_ms = clock_wall_ms() };
	struct err e = { 0 };
	int64_t version;

	if (s->driver->get(s, &k, to, &version, &e))
		return true;
	buf_clear(to); /* not there, or not to be had: we do without */
	return e.kind == ERR_NOT_FOUND;
}

/* With the lock. False when the store could not be asked. */
static bool look_up(struct recaller *from, struct recall *r)
{
	struct err e = { 0 };

	if (from->store == NULL)
		from->store = store_sqlite.open(r->keys.ledger, STORE_READ, &e);
	if (from->store == NULL)
		return e.kind == ERR_NOT_FOUND;
	return get(from->store, r->keys.conversation, &r->conversation) &&
	       get(from->store, r->keys.model, &r->model);
}

static void work(void *ctx)
{
	struct recall *r = ctx;
	struct recaller *from = r->from;

	pthread_mutex_lock(&from->lock);
	if (clock_mono_ns() >= from->rest_ns && !look_up(from, r))
		from->rest_ns = clock_mono_ns() + (uint64_t)REST_MS * NS_PER_MS;
	pthread_mutex_unlock(&from->lock);
}

/* The exchange waits no longer. NULL: it did not wait. */
static struct exchange *let_go(struct recall *r)
{
	struct exchange *x = r->x;

	timer_free(r->patience);
	r->patience = NULL;
	r->x = NULL;
	return x;
}

static void worked(void *ctx)
{
	struct recall *r = ctx;
	struct exchange *x = let_go(r);
	void (*done)(struct exchange * x) = r->done;

	if (x != NULL)
		r->found(x, buf_str(&r->conversation), buf_str(&r->model));
	buf_release(&r->conversation);
	buf_release(&r->model);
	recaller_free(r->from);
	free(r);
	if (x != NULL)
		done(x);
}

/* The job is on its way still, and frees what it uses. */
static void go_without(void *ctx)
{
	struct recall *r = ctx;
	struct exchange *x = let_go(r);

	r->found(x, STR(""), STR(""));
	r->done(x);
}

struct recall *recaller_ask(struct recaller *from, const struct recall_keys *keys,
	void (*found)(void *ctx, struct str conversation, struct str model),
	void (*done)(struct exchange *x), struct exchange *x)
{
	struct recall *r = must_alloc(sizeof(*r));

	*r = (struct recall){ .from = from, .keys = *keys, .found = found, .done = done, .x = x };
	buf_init(&r->conversation, VALUE_MAX);
	buf_init(&r->model, VALUE_MAX);
	r->patience = timer_new(from->loop, go_without, r);
	timer_at(r->patience, loop_now_ms(from->loop) + PATIENCE_MS);
	from->users++;
	loop_job(from->loop, work, worked, r);
	return r;
}

void recall_forget(struct recall *r)
{
	if (r != NULL)
		let_go(r);
}
