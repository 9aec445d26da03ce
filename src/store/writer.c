/* SPDX-License-Identifier: MIT */
/* The thread that writes the ledger. One lock guards the queue and the figures; it is never held while the store works. */
#include "store/writer.h"

#include "base/clock.h"
#include "store/row.h"
#include "store/values.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
	BATCH_ROWS = 512, /* a transaction of some milliseconds: other processes get their turn */
	PAUSE_FIRST_MS = 10,
	PAUSE_LAST_MS = 1000,
	VALUE_BYTES = 32 << 20,
	PRUNE_FIRST_MS = 5000,  /* after the start */
	PRUNE_NEXT_MS = 600000, /* after there was nothing more to do */
	PRUNE_STEP_MS = 20,     /* between two steps: other processes get their turn */
};

static const uint64_t NS_PER_MS = 1000000, NS_PER_S = 1000000000;

/* One allocation: the row's attempts and texts stand behind it. */
struct item {
	struct item *next;
	uint64_t since_ns; /* when it was submitted */
	struct ledger_exchange row;
};

struct writer {
	const struct store_driver *driver;
	char *path;
	uint64_t gather_ns;
	size_t max, max_value_bytes;
	uint64_t keep_days, keep_bytes;
	pthread_t thread;
	atomic_size_t waiting; /* for those who only ask whether there is room */

	/* The lock is for these. */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct item *first, **end; /* what the thread has not taken yet, `queued` of them */
	size_t queued;
	struct values *values;    /* what the thread has not taken yet */
	uint64_t values_since_ns; /* when the first of them came */
	size_t wake_at; /* the thread sleeps until so many are queued; SIZE_MAX: not for rows */
	bool stop;
	uint64_t stop_ns;          /* when to give up */
	uint64_t taken_ns;         /* when the first row that the thread took was submitted */
	struct writer_state state; /* but for what waits */

	/* These are the thread's own. */
	struct store *store;
	struct item *taken;          /* from the queue, but not into the batch yet */
	struct values *values_taken; /* to be written with the next rows, or without */
	struct item *batch[BATCH_ROWS];
	struct ledger_exchange rows[BATCH_ROWS];
	size_t nbatch, at; /* those before `at` are done with */
	size_t ntry; /* so many are tried at once: fewer than all when one of them is refused */
	uint64_t pause_ms;
	uint64_t prune_ns; /* when to look at what may stay; UINT64_MAX: never */
};

/* The clock that the condition variable sleeps by. */
static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* A time from now; what is too far is never. */
static uint64_t after_ms(uint64_t ms)
{
	uint64_t now = now_ns();

	return ms < (UINT64_MAX - now) / NS_PER_MS ? now + ms * NS_PER_MS : UINT64_MAX;
}

/* ---- on the thread, with the lock ---- */

/* Until somebody wakes the thread or that time has come; UINT64_MAX is never. */
static void sleep_until(struct writer *w, uint64_t at_ns)
{
	struct timespec at = { (time_t)(at_ns / NS_PER_S), (long)(at_ns % NS_PER_S) };

	if (at_ns == UINT64_MAX)
		pthread_cond_wait(&w->wake, &w->lock);
	else
		pthread_cond_timedwait(&w->wake, &w->lock, &at);
}

static void sleep_for_rows(struct writer *w, size_t rows, uint64_t until_ns)
{
	w->wake_at = rows;
	while (!w->stop && w->queued < rows && now_ns() < until_ns)
		sleep_until(w, until_ns);
	w->wake_at = SIZE_MAX;
}

/* Until there is anything at all, or it is time to prune. */
static void sleep_for_work(struct writer *w)
{
	w->wake_at = 1;
	while (!w->stop && w->queued == 0 && values_count(w->values) == 0 && now_ns() < w->prune_ns)
		sleep_until(w, w->prune_ns);
	w->wake_at = SIZE_MAX;
}

static void take_values(struct writer *w)
{
	struct values *empty = w->values_taken;

	if (values_count(empty) > 0)
		return;
	w->values_taken = w->values;
	w->values = empty;
}

/* Waits until there is something to write, then for more of it to write at once, and takes it. */
static void gather(struct writer *w)
{
	uint64_t since_ns = UINT64_MAX;

	sleep_for_work(w);
	if (w->queued > 0)
		since_ns = w->first->since_ns;
	if (values_count(w->values) > 0 && w->values_since_ns < since_ns)
		since_ns = w->values_since_ns;
	if (since_ns != UINT64_MAX)
		sleep_for_rows(w, BATCH_ROWS, since_ns + w->gather_ns);
	w->taken = w->first;
	w->taken_ns = w->first != NULL ? w->first->since_ns : 0;
	w->first = NULL;
	w->end = &w->first;
	w->queued = 0;
	take_values(w);
}

static bool time_is_up(const struct writer *w)
{
	return w->stop && now_ns() >= w->stop_ns;
}

/* After a failure. The order to end cuts the pause short, and makes the next ones short again. */
static void pause_trying(struct writer *w)
{
	uint64_t until_ns = after_ms(w->pause_ms);
	bool ending = w->stop;

	if (ending && w->stop_ns < until_ns)
		until_ns = w->stop_ns;
	while (w->stop == ending && now_ns() < until_ns)
		sleep_until(w, until_ns);
	w->pause_ms = 2 * w->pause_ms < PAUSE_LAST_MS ? 2 * w->pause_ms : PAUSE_LAST_MS;
	if (w->stop != ending)
		w->pause_ms = PAUSE_FIRST_MS;
}

static void note_failure(struct writer *w, const struct err *e)
{
	w->state.failures++;
	w->state.last = *e;
}

/* The next n rows of the batch are done with, one way or the other. */
static void move_on(struct writer *w, size_t n, uint64_t *counter)
{
	*counter += n;
	w->at += n;
	w->ntry = w->nbatch - w->at;
	atomic_fetch_sub(&w->waiting, n);
	w->state.failing = false;
	w->pause_ms = PAUSE_FIRST_MS;
}

/* ---- on the thread ---- */

/* Judges a try to write. A row that the store refuses is looked for by halves. */
static void judge(struct writer *w, bool ok, const struct err *e)
{
	if (ok) {
		move_on(w, w->ntry, &w->state.written);
	} else if (e->kind != ERR_INVALID) {
		note_failure(w, e);
		w->state.failing = true;
		pause_trying(w);
	} else if (w->ntry > 1) {
		w->ntry /= 2;
	} else if (w->ntry == 0) {
		/* No value is refused for itself by any store; never for ever, if one is. */
		note_failure(w, e);
		w->state.values_dropped += values_count(w->values_taken);
		values_clear(w->values_taken);
	} else {
		note_failure(w, e);
		move_on(w, 1, &w->state.dropped);
	}
}

static void fill_batch(struct writer *w)
{
	for (w->nbatch = w->at = 0; w->nbatch < BATCH_ROWS && w->taken != NULL; w->nbatch++) {
		struct item *item = w->taken;
		w->taken = item->next;
		w->batch[w->nbatch] = item;
		w->rows[w->nbatch] = item->row;
	}
	w->ntry = w->nbatch;
}

static void free_tried(struct writer *w)
{
	for (size_t i = w->at; i < w->at + w->ntry; i++)
		free(w->batch[i]);
}

static void try_to_write(struct writer *w)
{
	struct err e = { .kind = ERR_NONE };

	pthread_mutex_unlock(&w->lock);
	if (w->at == w->nbatch)
		fill_batch(w);
	struct store_batch batch = { .rows = w->rows + w->at, .nrows = w->ntry };
	batch.values = values_list(w->values_taken, &batch.nvalues);
	bool ok = w->store->driver->write(w->store, &batch, &e);
	if (ok || (e.kind == ERR_INVALID && w->ntry == 1))
		free_tried(w);
	if (ok)
		values_clear(w->values_taken);
	pthread_mutex_lock(&w->lock);
	judge(w, ok, &e);
}

static void try_to_open(struct writer *w)
{
	struct err e = { .kind = ERR_NONE };

	pthread_mutex_unlock(&w->lock);
	w->store = w->driver->open(w->path, STORE_WRITE, &e);
	pthread_mutex_lock(&w->lock);
	if (w->store != NULL) {
		w->state.failing = false;
		w->pause_ms = PAUSE_FIRST_MS;
		return;
	}
	note_failure(w, &e);
	w->state.failing = true;
	pause_trying(w);
}

static bool has_work(const struct writer *w)
{
	return w->at < w->nbatch || w->taken != NULL || values_count(w->values_taken) > 0;
}

/* With the lock. */
static bool all_is_written(const struct writer *w)
{
	return atomic_load(&w->waiting) == 0 && values_count(w->values) == 0 &&
	       values_count(w->values_taken) == 0;
}

/* One step of removing what need not stay. A failure is told, and the next try is as far away as if all was done. */
static void prune(struct writer *w)
{
	int64_t now_ms = clock_wall_ms();
	struct store_limits limits = { .before_ms = INT64_MIN,
		.keep_bytes = w->keep_bytes < INT64_MAX ? (int64_t)w->keep_bytes : INT64_MAX,
		.now_ms = now_ms };
	struct store_pruned step = { .more = false };
	struct err e = { .kind = ERR_NONE };

	if (w->keep_days > 0)
		limits.before_ms = now_ms - (int64_t)w->keep_days * DAY_MS;
	pthread_mutex_unlock(&w->lock);
	bool ok = w->store->driver->prune(w->store, &limits, &step, &e);
	pthread_mutex_lock(&w->lock);
	if (!ok)
		note_failure(w, &e);
	w->state.pruned += ok ? (uint64_t)step.exchanges : 0;
	w->prune_ns = after_ms(ok && step.more ? PRUNE_STEP_MS : PRUNE_NEXT_MS);
}

static bool may_prune(const struct writer *w)
{
	return w->store != NULL && !w->stop && !w->state.failing && now_ns() >= w->prune_ns;
}

static void *run(void *ctx)
{
	struct writer *w = ctx;

	pthread_mutex_lock(&w->lock);
	do {
		if (w->store != NULL && !has_work(w))
			gather(w);
		if (w->store == NULL)
			try_to_open(w);
		else if (has_work(w))
			try_to_write(w);
		/* Between two batches as well: who is never idle has the most to remove. */
		if (may_prune(w))
			prune(w);
	} while (!time_is_up(w) && !(w->stop && all_is_written(w)));
	pthread_mutex_unlock(&w->lock);
	if (w->store != NULL)
		w->driver->close(w->store);
	return NULL;
}

/* ---- for everybody ---- */

static void init_lock(struct writer *w)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
}

/* Signals are for the other threads. */
static void start_thread(struct writer *w)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert(failed == 0);
}

struct writer *writer_new(const struct writer_options *o)
{
	struct writer *w = must_alloc(sizeof(*w));

	w->driver = o->driver;
	w->path = must_strdup(o->path);
	/* The rest of the time is for the commit itself. */
	w->gather_ns = o->flush_ms * NS_PER_MS / 2;
	w->max = o->queue_rows;
	w->max_value_bytes = o->queue_bytes > 0 ? o->queue_bytes : VALUE_BYTES;
	w->keep_days = o->keep_days < 100000 ? o->keep_days : 100000;
	w->keep_bytes = o->keep_bytes;
	w->prune_ns = UINT64_MAX;
	if (w->keep_days > 0 || w->keep_bytes > 0)
		w->prune_ns = after_ms(o->prune_ms > 0 ? o->prune_ms : PRUNE_FIRST_MS);
	w->values = values_new();
	w->values_taken = values_new();
	w->end = &w->first;
	w->wake_at = SIZE_MAX;
	w->stop_ns = UINT64_MAX;
	w->pause_ms = PAUSE_FIRST_MS;
	init_lock(w);
	start_thread(w);
	return w;
}

/* With the lock. */
static void enqueue(struct writer *w, struct item *item)
{
	*w->end = item;
	w->end = &item->next;
	atomic_fetch_add(&w->waiting, 1);
	if (++w->queued >= w->wake_at) {
		w->wake_at = SIZE_MAX;
		pthread_cond_signal(&w->wake);
	}
}

bool writer_submit(struct writer *w, const struct ledger_exchange *row)
{
	struct item *item = must_realloc(NULL, offsetof(struct item, row) + row_bytes(row));

	row_copy(row, &item->row);
	item->next = NULL;
	item->since_ns = now_ns();
	pthread_mutex_lock(&w->lock);
	bool room = atomic_load(&w->waiting) < w->max;
	w->state.submitted++;
	if (room)
		enqueue(w, item);
	else
		w->state.dropped++;
	pthread_mutex_unlock(&w->lock);
	if (!room)
		free(item);
	return room;
}

bool writer_put(struct writer *w, const struct store_value *value)
{
	pthread_mutex_lock(&w->lock);
	bool first = values_count(w->values) == 0;
	bool taken = values_put(w->values, value, w->max_value_bytes);
	w->state.values_dropped += !taken;
	if (first && taken) {
		w->values_since_ns = now_ns();
		if (w->wake_at == 1) {
			w->wake_at = SIZE_MAX;
			pthread_cond_signal(&w->wake);
		}
	}
	pthread_mutex_unlock(&w->lock);
	return taken;
}

bool writer_has_room(const struct writer *w, size_t rows)
{
	size_t waiting = atomic_load(&w->waiting);

	return waiting <= w->max && rows <= w->max - waiting;
}

void writer_state(struct writer *w, struct writer_state *ret)
{
	pthread_mutex_lock(&w->lock);
	*ret = w->state;
	ret->waiting = atomic_load(&w->waiting);
	uint64_t since_ns = ret->waiting > w->queued ? w->taken_ns
			    : w->first != NULL       ? w->first->since_ns
						     : 0;
	ret->lag_ms = since_ns != 0 ? (now_ns() - since_ns) / NS_PER_MS : 0;
	ret->values_waiting = values_count(w->values);
	ret->value_bytes = values_bytes(w->values);
	pthread_mutex_unlock(&w->lock);
}

static void free_items(struct item *item)
{
	for (struct item *next; item != NULL; item = next) {
		next = item->next;
		free(item);
	}
}

size_t writer_free(struct writer *w, uint64_t timeout_ms)
{
	if (w == NULL)
		return 0;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	w->stop_ns = after_ms(timeout_ms);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	size_t lost = atomic_load(&w->waiting);
	w->ntry = w->nbatch - w->at;
	free_tried(w);
	free_items(w->taken);
	free_items(w->first);
	values_free(w->values);
	values_free(w->values_taken);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w->path);
	free(w);
	return lost;
}
