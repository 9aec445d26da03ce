/* SPDX-License-Identifier: MIT */
/* io/loop.h with virtual time. */
#include "fake/fake_loop.h"

#include "base/clock.h"

#include <stdlib.h>

/* A pair of calls that defer each other would settle never. */
enum { HOOKS_MAX = 8, ROUNDS_MAX = 1000 };

struct hook {
	void (*fn)(void *ctx);
	void *ctx;
	int signum;
};

struct timer {
	struct list link;
	struct loop *loop;
	timer_fn *fn;
	void *ctx;
	uint64_t at_ms; /* 0: not set */
	uint64_t nth;   /* equal deadlines fire in the order in which they were set */
};

struct job {
	struct list link;
	void (*work)(void *ctx);
	void (*done)(void *ctx);
	void *ctx;
};

struct loop {
	uint64_t now_ms, nth;
	struct list timers, deferred, jobs;
	struct hook flush[HOOKS_MAX], signals[HOOKS_MAX], change;
	unsigned nflush, nsignals;
	bool jobs_held, stopped;
};

static uint64_t mono_ns;
static int64_t wall_ms;

static void set_now(struct loop *l, uint64_t ms)
{
	l->now_ms = ms;
	mono_ns = ms * 1000000;
	wall_ms = FAKE_START_WALL_MS + (int64_t)(ms - FAKE_START_MS);
}

struct loop *loop_new(void)
{
	struct loop *l = must_alloc(sizeof(*l));

	list_init(&l->timers);
	list_init(&l->deferred);
	list_init(&l->jobs);
	set_now(l, FAKE_START_MS);
	clock_fake_mono_ns = &mono_ns;
	clock_fake_wall_ms = &wall_ms;
	return l;
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	assert(list_empty(&l->timers) && list_empty(&l->deferred) && list_empty(&l->jobs));
	clock_fake_mono_ns = NULL;
	clock_fake_wall_ms = NULL;
	free(l);
}

/* Without an outside world nothing but timers can happen. */
void loop_run(struct loop *l)
{
	uint64_t at;

	l->stopped = false;
	fake_loop_settle(l);
	while (!l->stopped && (at = fake_loop_next_ms(l)) != 0)
		fake_loop_advance(l, at > l->now_ms ? at - l->now_ms : 0);
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}

bool fake_loop_stopped(const struct loop *l)
{
	return l->stopped;
}

uint64_t loop_now_ms(const struct loop *l)
{
	return l->now_ms;
}

void *loop_uv(struct loop *l)
{
	assert(!"only io asks for what is behind the loop");
	return l;
}

/* ---- timers ---- */

struct timer *timer_new(struct loop *l, timer_fn *fn, void *ctx)
{
	struct timer *t = must_alloc(sizeof(*t));

	t->loop = l;
	t->fn = fn;
	t->ctx = ctx;
	list_init(&t->link);
	list_push(&l->timers, &t->link);
	return t;
}

void timer_at(struct timer *t, uint64_t at_ms)
{
	t->at_ms = at_ms != 0 ? at_ms : 1;
	t->nth = ++t->loop->nth;
}

void timer_stop(struct timer *t)
{
	t->at_ms = 0;
}

void timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	list_remove(&t->link);
	free(t);
}

static struct timer *next_timer(const struct loop *l)
{
	struct timer *first = NULL;

	for (struct list *it = l->timers.next; it != &l->timers; it = it->next) {
		struct timer *t = container_of(it, struct timer, link);
		if (t->at_ms != 0 && (first == NULL || t->at_ms < first->at_ms ||
					     (t->at_ms == first->at_ms && t->nth < first->nth)))
			first = t;
	}
	return first;
}

uint64_t fake_loop_next_ms(const struct loop *l)
{
	const struct timer *t = next_timer(l);

	return t != NULL ? t->at_ms : 0;
}

size_t fake_loop_timers(const struct loop *l)
{
	size_t n = 0;

	for (struct list *it = l->timers.next; it != &l->timers; it = it->next)
		n++;
	return n;
}

void fake_loop_sleep(struct loop *l, uint64_t ms)
{
	set_now(l, l->now_ms + ms);
}

void fake_loop_advance(struct loop *l, uint64_t ms)
{
	uint64_t until = l->now_ms + ms, last_ms = 0;
	unsigned same = 0;

	fake_loop_settle(l);
	for (struct timer *t; (t = next_timer(l)) != NULL && t->at_ms <= until;) {
		uint64_t at = t->at_ms;
		/* A timer that always sets itself to now would keep a real loop busy. */
		same = at == last_ms ? same + 1 : 0;
		assert(same < ROUNDS_MAX);
		last_ms = at;
		if (at > l->now_ms)
			set_now(l, at);
		t->at_ms = 0;
		t->fn(t->ctx);
		fake_loop_settle(l);
	}
	set_now(l, until);
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
	if (list_empty(&d->link))
		list_push(&l->deferred, &d->link);
}

void deferred_cancel(struct deferred *d)
{
	list_remove(&d->link);
}

static void one_round(struct loop *l)
{
	struct list now;

	list_init(&now);
	for (struct list *it; (it = list_shift(&l->deferred)) != NULL;)
		list_push(&now, it);
	for (struct list *it; (it = list_shift(&now)) != NULL;) {
		struct deferred *d = container_of(it, struct deferred, link);
		d->fn(d->ctx);
	}
	if (!l->jobs_held)
		fake_loop_run_jobs(l);
	for (unsigned i = 0; i < l->nflush; i++)
		l->flush[i].fn(l->flush[i].ctx);
}

void fake_loop_settle(struct loop *l)
{
	unsigned rounds = 0;

	do {
		assert(rounds++ < ROUNDS_MAX);
		one_round(l);
	} while (!list_empty(&l->deferred));
}

void loop_on_flush(struct loop *l, void (*fn)(void *ctx), void *ctx)
{
	assert(l->nflush < HOOKS_MAX);
	l->flush[l->nflush++] = (struct hook){ fn, ctx, 0 };
}

void loop_off_flush(struct loop *l, const void *ctx)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->nflush; i++)
		if (l->flush[i].ctx != ctx)
			l->flush[n++] = l->flush[i];
	l->nflush = n;
}

void loop_on_signal(struct loop *l, int signum, void (*fn)(void *ctx), void *ctx)
{
	assert(l->nsignals < HOOKS_MAX);
	l->signals[l->nsignals++] = (struct hook){ fn, ctx, signum };
}

void fake_loop_signal(struct loop *l, int signum)
{
	for (unsigned i = 0; i < l->nsignals; i++)
		if (l->signals[i].signum == signum)
			l->signals[i].fn(l->signals[i].ctx);
	fake_loop_settle(l);
}

/* ---- jobs, files ---- */

void loop_job(struct loop *l, void (*work)(void *ctx), void (*done)(void *ctx), void *ctx)
{
	struct job *j = must_alloc(sizeof(*j));

	*j = (struct job){ .work = work, .done = done, .ctx = ctx };
	list_init(&j->link);
	list_push(&l->jobs, &j->link);
}

void fake_loop_hold_jobs(struct loop *l, bool hold)
{
	l->jobs_held = hold;
}

void fake_loop_run_jobs(struct loop *l)
{
	for (struct list *it; (it = list_shift(&l->jobs)) != NULL;) {
		struct job *j = container_of(it, struct job, link);
		j->work(j->ctx);
		j->done(j->ctx);
		free(j);
	}
}

bool loop_watch_file(struct loop *l, const char *path, void (*fn)(void *ctx), void *ctx)
{
	(void)path;
	assert(l->change.fn == NULL);
	l->change = (struct hook){ fn, ctx, 0 };
	return true;
}

void fake_loop_change_file(struct loop *l)
{
	assert(l->change.fn != NULL);
	l->change.fn(l->change.ctx);
	fake_loop_settle(l);
}
