/* SPDX-License-Identifier: MIT */
/* The real loop: timers, deferred calls, hooks, signals, jobs, a watched file. */
#include "unit/io/io_check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

struct seen {
	struct loop *loop;
	char order[64];
	unsigned n;
	struct timer *timer;
	uint64_t at_ms;
	int left;
};

static void note(struct seen *s, char what)
{
	assert_true(s->n < sizeof(s->order) - 1);
	s->order[s->n++] = what;
	s->order[s->n] = '\0';
}

static void note_a(void *ctx)
{
	note(ctx, 'a');
}

static void note_b(void *ctx)
{
	note(ctx, 'b');
}

static void note_c(void *ctx)
{
	note(ctx, 'c');
}

static void note_time(void *ctx)
{
	struct seen *s = ctx;

	note(s, 't');
	s->at_ms = loop_now_ms(s->loop);
}

/* ---- timers ---- */

static void timers_fire_in_order(void **state)
{
	struct seen s = { .loop = loop_new() };
	struct timer *a = timer_new(s.loop, note_a, &s), *b = timer_new(s.loop, note_b, &s);
	struct timer *c = timer_new(s.loop, note_c, &s);
	uint64_t now = loop_now_ms(s.loop);

	timer_at(a, now + 30);
	timer_at(b, now + 20);
	timer_at(c, now + 10);
	until(s.loop, s.n == 3);
	assert_string_equal(s.order, "cba");
	calm(s.loop);
	assert_int_equal(s.n, 3); /* once */
	timer_free(a);
	timer_free(b);
	timer_free(c);
	timer_free(NULL);
	loop_free(s.loop);
}

/* A deadline may move either way, and none is early. */
static void deadlines_move(void **state)
{
	static const int moves[][2] = { { 10, 60 }, { 60000, 5 }, { 5, 20 }, { 0, 0 } };

	for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
		struct seen s = { .loop = loop_new() };
		struct timer *t = timer_new(s.loop, note_time, &s);
		uint64_t now = loop_now_ms(s.loop);
		timer_at(t, now + (uint64_t)moves[i][0]);
		timer_at(t, now + (uint64_t)moves[i][1]);
		until(s.loop, s.n == 1);
		assert_true(s.at_ms >= now + (uint64_t)moves[i][1]);
		calm(s.loop);
		assert_int_equal(s.n, 1);
		timer_free(t);
		loop_free(s.loop);
	}
}

static void past_deadlines_fire_at_once(void **state)
{
	struct seen s = { .loop = loop_new() };
	struct timer *a = timer_new(s.loop, note_a, &s), *b = timer_new(s.loop, note_b, &s);

	timer_at(a, 0);
	timer_at(b, 1);
	assert_int_equal(s.n, 0); /* not within the call */
	until(s.loop, s.n == 2);
	timer_free(a);
	timer_free(b);
	loop_free(s.loop);
}

static void stopped_timers_are_silent(void **state)
{
	struct seen s = { .loop = loop_new() };
	struct timer *t = timer_new(s.loop, note_a, &s), *end = timer_new(s.loop, note_b, &s);

	timer_at(t, loop_now_ms(s.loop) + 5);
	timer_stop(t);
	timer_at(end, loop_now_ms(s.loop) + 20);
	until(s.loop, s.n == 1);
	assert_string_equal(s.order, "b");
	/* It can be used again. */
	timer_at(t, loop_now_ms(s.loop) + 1);
	until(s.loop, s.n == 2);
	timer_stop(t);
	timer_stop(t);
	timer_free(t);
	timer_free(end);
	loop_free(s.loop);
}

static void set_again(void *ctx)
{
	struct seen *s = ctx;

	note(s, 'x');
	if (--s->left > 0)
		timer_at(s->timer, loop_now_ms(s->loop));
	else
		loop_stop(s->loop);
}

static void free_itself(void *ctx)
{
	struct seen *s = ctx;

	note(s, 'f');
	timer_free(s->timer);
	loop_stop(s->loop);
}

static void timers_in_their_own_call(void **state)
{
	struct seen s = { .loop = loop_new(), .left = 5 };

	s.timer = timer_new(s.loop, set_again, &s);
	timer_at(s.timer, 1);
	loop_run(s.loop);
	assert_string_equal(s.order, "xxxxx");
	timer_free(s.timer);
	s.timer = timer_new(s.loop, free_itself, &s);
	timer_at(s.timer, 1);
	loop_run(s.loop);
	assert_string_equal(s.order, "xxxxxf");
	loop_free(s.loop);
}

/* ---- deferred calls and hooks ---- */

struct chain {
	struct seen *seen;
	struct deferred d, *other;
	int left;
};

static void defer_other(void *ctx)
{
	struct chain *c = ctx;

	note(c->seen, c->other == &c->d ? 's' : 'p');
	if (c->left-- > 0)
		deferred_call(c->seen->loop, c->other);
}

static void deferred_calls(void **state)
{
	struct seen s = { .loop = loop_new() };
	struct deferred a, b, c;

	deferred_init(&a, note_a, &s);
	deferred_init(&b, note_b, &s);
	deferred_init(&c, note_c, &s);
	deferred_cancel(&a);
	deferred_call(s.loop, &a);
	deferred_call(s.loop, &b);
	deferred_call(s.loop, &a); /* waits already */
	deferred_call(s.loop, &c);
	deferred_cancel(&b);
	deferred_cancel(&b);
	assert_int_equal(s.n, 0);
	turn(s.loop);
	assert_string_equal(s.order, "ac");
	calm(s.loop);
	assert_string_equal(s.order, "ac");
	deferred_call(s.loop, &b);
	turn(s.loop);
	assert_string_equal(s.order, "acb");
	loop_free(s.loop);
}

/* A pair that defers each other leaves the loop to others in between; the loop does not sleep over them. */
static void pairs_do_not_keep_the_loop(void **state)
{
	struct seen s = { .loop = loop_new() };
	struct chain a = { .seen = &s, .left = 10 }, b = { .seen = &s, .left = 10 };
	struct timer *t = timer_new(s.loop, note_a, &s);

	deferred_init(&a.d, defer_other, &a);
	deferred_init(&b.d, defer_other, &b);
	a.other = &b.d;
	b.other = &a.d;
	deferred_call(s.loop, &a.d);
	timer_at(t, 1);
	until(s.loop, s.n == 22);
	assert_true(str_find_char(str_from(s.order), 'a') < 10);
	timer_free(t);
	loop_free(s.loop);
}

struct pair {
	struct seen *seen;
	struct deferred *victim;
};

static void cancel_victim(void *ctx)
{
	struct pair *p = ctx;

	note(p->seen, 'k');
	deferred_cancel(p->victim);
}

/* Also when both are due in the same round. */
static void cancelled_by_the_one_before(void **state)
{
	struct seen s = { .loop = loop_new() };
	struct deferred killer, victim, last;
	struct pair p = { &s, &victim };

	deferred_init(&killer, cancel_victim, &p);
	deferred_init(&victim, note_a, &s);
	deferred_init(&last, note_b, &s);
	deferred_call(s.loop, &killer);
	deferred_call(s.loop, &victim);
	deferred_call(s.loop, &last);
	calm(s.loop);
	assert_string_equal(s.order, "kb");
	loop_free(s.loop);
}

static void hooks_run_before_sleeping(void **state)
{
	struct seen s = { .loop = loop_new() }, other = { .loop = s.loop };
	struct deferred d;

	loop_on_flush(s.loop, note_b, &s);
	loop_on_flush(s.loop, note_b, &other);
	deferred_init(&d, note_a, &s);
	deferred_call(s.loop, &d);
	turn(s.loop);
	assert_true(s.n >= 2);
	assert_true(str_starts(str_from(s.order), STR("ab")));
	loop_off_flush(s.loop, &s);
	unsigned before = s.n, before_other = other.n;
	turn(s.loop);
	assert_int_equal(s.n, before);
	assert_true(other.n > before_other);
	loop_off_flush(s.loop, &other);
	loop_free(s.loop);
}

/* ---- signals, jobs ---- */

static void signals(void **state)
{
	struct seen s = { .loop = loop_new() };

	loop_on_signal(s.loop, SIGUSR1, note_a, &s);
	loop_on_signal(s.loop, SIGUSR2, note_b, &s);
	raise(SIGUSR2);
	until(s.loop, s.n == 1);
	raise(SIGUSR1);
	until(s.loop, s.n == 2);
	assert_string_equal(s.order, "ba");
	loop_free(s.loop);
}

struct job {
	struct seen *seen;
	pthread_t worker;
	bool worked;
};

static void work(void *ctx)
{
	struct job *j = ctx;

	j->worker = pthread_self();
	j->worked = true;
}

static void done(void *ctx)
{
	struct job *j = ctx;

	assert_true(j->worked);
	note(j->seen, 'd');
}

static void jobs(void **state)
{
	struct seen s = { .loop = loop_new() };
	struct job j[20] = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(j); i++) {
		j[i].seen = &s;
		loop_job(s.loop, work, done, &j[i]);
	}
	assert_int_equal(s.n, 0);
	until(s.loop, s.n == ARRAY_LEN(j));
	for (size_t i = 0; i < ARRAY_LEN(j); i++)
		assert_false(pthread_equal(j[i].worker, pthread_self()));
	loop_free(s.loop);
}

/* ---- a watched file ---- */

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void watched_file(void **state)
{
	char dir[] = "/tmp/test_loop_XXXXXX", path[64], other[64];
	struct seen s = { .loop = loop_new() };

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/config.json", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	assert_true(loop_watch_file(s.loop, path, note_a, &s));
	/* Appears, */
	write_file(path, "1");
	until(s.loop, s.n > 0);
	calm(s.loop);
	unsigned n = s.n;
	/* a neighbour changes, */
	write_file(other, "x");
	calm(s.loop);
	assert_int_equal(s.n, n);
	/* is replaced, as editors do it, */
	assert_int_equal(rename(other, path), 0);
	until(s.loop, s.n > n);
	calm(s.loop);
	n = s.n;
	/* changes, and goes. */
	write_file(path, "2");
	until(s.loop, s.n > n);
	calm(s.loop);
	n = s.n;
	unlink(path);
	until(s.loop, s.n > n);
	loop_free(s.loop);
	rmdir(dir);
}

static void unwatchable_file(void **state)
{
	struct seen s = { .loop = loop_new() };

	assert_false(loop_watch_file(s.loop, "/nonexistent/folder/file", note_a, &s));
	loop_free(s.loop);
}

/* Whoever forgets something does not keep the loop from ending. */
static void ends_with_things_open(void **state)
{
	struct seen s = { .loop = loop_new() };

	loop_on_signal(s.loop, SIGUSR1, note_a, &s);
	loop_free(s.loop);
	loop_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_in_order),
		cmocka_unit_test(deadlines_move),
		cmocka_unit_test(past_deadlines_fire_at_once),
		cmocka_unit_test(stopped_timers_are_silent),
		cmocka_unit_test(timers_in_their_own_call),
		cmocka_unit_test(deferred_calls),
		cmocka_unit_test(pairs_do_not_keep_the_loop),
		cmocka_unit_test(cancelled_by_the_one_before),
		cmocka_unit_test(hooks_run_before_sleeping),
		cmocka_unit_test(signals),
		cmocka_unit_test(jobs),
		cmocka_unit_test(watched_file),
		cmocka_unit_test(unwatchable_file),
		cmocka_unit_test(ends_with_things_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
