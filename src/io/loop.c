/* SPDX-License-Identifier: MIT */
/* The event loop on libuv. Holds no knowledge of connections or providers. */
#include "io/loop.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { FLUSH_MAX = 4, SIGNAL_MAX = 8 };

struct hook {
	void (*fn)(void *ctx);
	void *ctx;
};

struct loop {
	uv_loop_t uv;
	uv_prepare_t prepare; /* before sleeping: what timers and deferred calls produced */
	uv_check_t check;     /* after polling: what I/O callbacks produced */
	uv_idle_t awake;      /* active while deferred calls wait, so that polling does not sleep */
	struct list deferred;
	struct hook flush[FLUSH_MAX];
	unsigned nflush;
	uv_signal_t signals[SIGNAL_MAX];
	struct hook on_signal[SIGNAL_MAX];
	unsigned nsignals;
	uv_fs_event_t watch;
	bool watching;
	char *watch_name; /* last component of the watched path */
	struct hook on_change;
};

struct timer {
	uv_timer_t uv;
	timer_fn *fn;
	void *ctx;
	uint64_t at_ms;    /* when it is to fire */
	uint64_t armed_ms; /* when libuv will wake us, never later than at_ms; 0: not armed */
};

struct job {
	uv_work_t uv;
	void (*work)(void *ctx);
	void (*done)(void *ctx);
	void *ctx;
};

static void must(int rc)
{
	assert(rc == 0);
}

static void run_deferred(struct loop *l)
{
	struct list now;

	if (list_empty(&l->deferred))
		return;
	/* Calls deferred by these run in the next round, so that a pair cannot keep the loop. */
	list_init(&now);
	for (struct list *it; (it = list_shift(&l->deferred)) != NULL;)
		list_push(&now, it);
	uv_idle_stop(&l->awake);
	for (struct list *it; (it = list_shift(&now)) != NULL;) {
		struct deferred *d = container_of(it, struct deferred, link);
		d->fn(d->ctx);
	}
}

static void run_hooks(struct loop *l)
{
	run_deferred(l);
	for (unsigned i = 0; i < l->nflush; i++)
		l->flush[i].fn(l->flush[i].ctx);
}

static void on_prepare(uv_prepare_t *h)
{
	run_hooks(h->data);
}

static void on_check(uv_check_t *h)
{
	run_hooks(h->data);
}

static void on_awake(uv_idle_t *h)
{
	(void)h;
}

struct loop *loop_new(void)
{
	struct loop *l = must_alloc(sizeof(*l));

	list_init(&l->deferred);
	must(uv_loop_init(&l->uv));
	must(uv_prepare_init(&l->uv, &l->prepare));
	must(uv_check_init(&l->uv, &l->check));
	must(uv_idle_init(&l->uv, &l->awake));
	l->prepare.data = l->check.data = l;
	must(uv_prepare_start(&l->prepare, on_prepare));
	must(uv_check_start(&l->check, on_check));
	return l;
}

void loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

static void close_own(struct loop *l)
{
	uv_close((uv_handle_t *)&l->prepare, NULL);
	uv_close((uv_handle_t *)&l->check, NULL);
	uv_close((uv_handle_t *)&l->awake, NULL);
	for (unsigned i = 0; i < l->nsignals; i++)
		uv_close((uv_handle_t *)&l->signals[i], NULL);
	if (l->watching)
		uv_close((uv_handle_t *)&l->watch, NULL);
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	close_own(l);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	must(uv_loop_close(&l->uv));
	free(l->watch_name);
	free(l);
}

uint64_t loop_now_ms(const struct loop *l)
{
	return uv_now(&l->uv);
}

void *loop_uv(struct loop *l)
{
	return &l->uv;
}

/* ---- timers ---- */

static void on_timer(uv_timer_t *h)
{
	struct timer *t = h->data;
	uint64_t now = uv_now(h->loop);

	t->armed_ms = 0;
	if (t->at_ms == 0)
		return;
	if (now < t->at_ms) {
		timer_at(t, t->at_ms);
		return;
	}
	t->at_ms = 0;
	t->fn(t->ctx);
}

struct timer *timer_new(struct loop *l, timer_fn *fn, void *ctx)
{
	struct timer *t = must_alloc(sizeof(*t));

	t->fn = fn;
	t->ctx = ctx;
	t->uv.data = t;
	must(uv_timer_init(&l->uv, &t->uv));
	return t;
}

void timer_at(struct timer *t, uint64_t at_ms)
{
	uint64_t now = uv_now(t->uv.loop);

	t->at_ms = at_ms != 0 ? at_ms : 1;
	if (t->armed_ms != 0 && t->armed_ms <= at_ms)
		return; /* wakes early enough; on_timer() looks again */
	t->armed_ms = at_ms > now ? at_ms : now;
	must(uv_timer_start(&t->uv, on_timer, at_ms > now ? at_ms - now : 0, 0));
}

void timer_stop(struct timer *t)
{
	t->at_ms = 0;
}

static void free_data(uv_handle_t *h)
{
	free(h->data);
}

void timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	t->at_ms = 0;
	uv_close((uv_handle_t *)&t->uv, free_data);
}

/* ---- deferred calls, hooks, signals ---- */

void deferred_init(struct deferred *d, void (*fn)(void *), void *ctx)
{
	list_init(&d->link);
	d->fn = fn;
	d->ctx = ctx;
}

void deferred_call(struct loop *l, struct deferred *d)
{
	if (!list_empty(&d->link))
		return;
	if (list_empty(&l->deferred))
		uv_idle_start(&l->awake, on_awake);
	list_push(&l->deferred, &d->link);
}

void deferred_cancel(struct deferred *d)
{
	list_remove(&d->link);
}

void loop_on_flush(struct loop *l, void (*fn)(void *ctx), void *ctx)
{
	assert(l->nflush < FLUSH_MAX);
	l->flush[l->nflush++] = (struct hook){ fn, ctx };
}

void loop_off_flush(struct loop *l, const void *ctx)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->nflush; i++)
		if (l->flush[i].ctx != ctx)
			l->flush[n++] = l->flush[i];
	l->nflush = n;
}

static void on_signal(uv_signal_t *h, int signum)
{
	const struct hook *hook = h->data;

	(void)signum;
	hook->fn(hook->ctx);
}

void loop_on_signal(struct loop *l, int signum, void (*fn)(void *ctx), void *ctx)
{
	assert(l->nsignals < SIGNAL_MAX);
	unsigned i = l->nsignals++;
	l->on_signal[i] = (struct hook){ fn, ctx };
	l->signals[i].data = &l->on_signal[i];
	must(uv_signal_init(&l->uv, &l->signals[i]));
	must(uv_signal_start(&l->signals[i], on_signal, signum));
}

/* ---- jobs ---- */

static void job_work(uv_work_t *w)
{
	struct job *j = w->data;

	j->work(j->ctx);
}

static void job_done(uv_work_t *w, int status)
{
	struct job *j = w->data;

	(void)status;
	j->done(j->ctx);
	free(j);
}

void loop_job(struct loop *l, void (*work)(void *ctx), void (*done)(void *ctx), void *ctx)
{
	struct job *j = must_alloc(sizeof(*j));

	*j = (struct job){ .work = work, .done = done, .ctx = ctx };
	j->uv.data = j;
	must(uv_queue_work(&l->uv, &j->uv, job_work, job_done));
}

/* ---- watching a file ---- */

static void on_change(uv_fs_event_t *h, const char *name, int events, int status)
{
	struct loop *l = h->data;

	(void)events;
	if (status == 0 && (name == NULL || strcmp(name, l->watch_name) == 0))
		l->on_change.fn(l->on_change.ctx);
}

bool loop_watch_file(struct loop *l, const char *path, void (*fn)(void *ctx), void *ctx)
{
	/* The folder is watched: editors replace a file rather than write into it. */
	char *dir = must_strdup(path), *base = must_strdup(path);

	assert(!l->watching);
	l->watching = true;
	l->watch.data = l;
	l->watch_name = must_strdup(basename(base));
	l->on_change = (struct hook){ fn, ctx };
	must(uv_fs_event_init(&l->uv, &l->watch));
	int rc = uv_fs_event_start(&l->watch, on_change, dirname(dir), 0);
	free(dir);
	free(base);
	return rc == 0;
}
