/* SPDX-License-Identifier: MIT */
/* One connection for reading, kept open; whoever wants it waits for the other, which takes microseconds. */
#include "core/recall.h"

#include "base/clock.h"
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>

enum { VALUE_MAX = 64 << 20 };

/* Outlives its maker while jobs use it. */
struct recaller {
	struct loop *loop;
	pthread_mutex_t lock;
	struct store *store; /* under the lock; NULL: not open */
	unsigned users;      /* on the loop */
};

struct recall {
	struct recaller *from;
	struct recall_keys keys;
	struct buf conversation, model;
	void (*found)(void *ctx, struct str conversation, struct str model);
	void (*done)(struct exchange *x);
	struct exchange *x; /* NULL: forgotten */
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

static void get(struct store *s, uint64_t key, struct buf *to)
{
	const struct store_key k = { .space = STR("prefix"),
		.key = { (const char *)&key, sizeof(key) },
		.now_ms = clock_wall_ms() };
	struct err e = { 0 };
	int64_t version;

	if (!s->driver->get(s, &k, to, &version, &e))
		buf_clear(to); /* not there, or not to be had: we do without */
}

static void work(void *ctx)
{
	struct recall *r = ctx;
	struct recaller *from = r->from;
	struct err e = { 0 };

	pthread_mutex_lock(&from->lock);
	if (from->store == NULL)
		from->store = store_sqlite.open(r->keys.ledger, STORE_READ, &e);
	if (from->store != NULL) {
		get(from->store, r->keys.conversation, &r->conversation);
		get(from->store, r->keys.model, &r->model);
	}
	pthread_mutex_unlock(&from->lock);
}

static void worked(void *ctx)
{
	struct recall *r = ctx;
	struct exchange *x = r->x;
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

struct recall *recaller_ask(struct recaller *from, const struct recall_keys *keys,
	void (*found)(void *ctx, struct str conversation, struct str model),
	void (*done)(struct exchange *x), struct exchange *x)
{
	struct recall *r = must_alloc(sizeof(*r));

	*r = (struct recall){ .from = from, .keys = *keys, .found = found, .done = done, .x = x };
	buf_init(&r->conversation, VALUE_MAX);
	buf_init(&r->model, VALUE_MAX);
	from->users++;
	loop_job(from->loop, work, worked, r);
	return r;
}

void recall_forget(struct recall *r)
{
	if (r != NULL)
		r->x = NULL;
}
