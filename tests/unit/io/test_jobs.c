/* SPDX-License-Identifier: MIT */
/* Jobs on worker threads under load: what crosses threads does so at a job's start and end only. Run with the thread
 * sanitizer too. */
#include "unit/io/io_check.h"

#include <pthread.h>

enum { JOBS = 3000, WORDS = 64, AT_ONCE = 200 };

/* Belongs to the loop, but while its job runs. No lock: the sanitizer sees whether the hand-over is one. */
struct task {
	struct load *load;
	uint64_t words[WORDS];
	uint64_t sum;
	unsigned times;
};

struct load {
	struct loop *loop;
	struct timer *timer;
	struct deferred deferred;
	pthread_t thread;
	unsigned started, ended, ticks, calls;
};

static void work(void *ctx)
{
	struct task *t = ctx;

	t->sum = 0;
	for (int k = 0; k < 50; k++)
		for (size_t i = 0; i < WORDS; i++)
			t->sum += t->words[i] = t->words[i] * 2654435761u + i;
}

static void done(void *ctx);

static void start(struct task *t)
{
	struct load *l = t->load;

	for (size_t i = 0; i < WORDS; i++)
		t->words[i] = l->started + i;
	l->started++;
	loop_job(l->loop, work, done, t);
}

static void done(void *ctx)
{
	struct task *t = ctx;
	struct load *l = t->load;
	uint64_t sum = t->sum, again;

	assert_true(pthread_equal(pthread_self(), l->thread));
	l->ended++;
	t->times++;
	/* The same by hand, now and then. */
	if (t->times % 16 == 0) {
		for (size_t i = 0; i < WORDS; i++)
			t->words[i] = 0;
		work(t);
		again = t->sum;
		work(t);
		assert_true(sum != 0 && again != t->sum);
	}
	if (l->started < JOBS) {
		deferred_call(l->loop, &l->deferred);
		start(t);
	}
}

static void tick(void *ctx)
{
	struct load *l = ctx;

	l->ticks++;
	timer_at(l->timer, loop_now_ms(l->loop) + 1);
}

static void called(void *ctx)
{
	struct load *l = ctx;

	l->calls++;
}

static void jobs_under_load(void **state)
{
	static struct task tasks[AT_ONCE];
	struct load l = { .loop = loop_new(), .thread = pthread_self() };

	l.timer = timer_new(l.loop, tick, &l);
	timer_at(l.timer, 1);
	deferred_init(&l.deferred, called, &l);
	for (size_t i = 0; i < AT_ONCE; i++) {
		tasks[i] = (struct task){ .load = &l };
		start(&tasks[i]);
	}
	until(l.loop, l.ended == JOBS);
	until(l.loop, l.ticks > 0 && l.calls > 0);
	assert_int_equal(l.started, JOBS);
	deferred_cancel(&l.deferred);
	timer_free(l.timer);
	loop_free(l.loop);
}

/* The end of the loop waits for jobs and tells of them. */
static void loop_ends_behind_its_jobs(void **state)
{
	static struct task tasks[AT_ONCE];
	struct load l = { .loop = loop_new(), .thread = pthread_self(), .started = JOBS };

	for (size_t i = 0; i < AT_ONCE; i++) {
		tasks[i] = (struct task){ .load = &l };
		start(&tasks[i]);
	}
	loop_free(l.loop);
	assert_int_equal(l.ended, AT_ONCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_under_load),
		cmocka_unit_test(loop_ends_behind_its_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
