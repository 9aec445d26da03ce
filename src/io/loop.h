/* SPDX-License-Identifier: MIT */
/* The event loop: timers, deferred calls, signals, jobs on worker threads, descriptors to read. One thread
 * runs it and everything that this header names, jobs' work functions excepted. */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/list.h"
#include "base/str.h"

struct loop;

struct loop *loop_new(void) MUSTCHECK;
/* Runs until loop_stop(); returns after the callback that called it. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* Ends what is still open (closing callbacks run) and frees the loop. */
void loop_free(struct loop *l);
/* Monotonic milliseconds, read once for each round of callbacks. */
uint64_t loop_now_ms(const struct loop *l);

/* A timer that fires once at a deadline. Moving the deadline further away costs nothing. */
struct timer;
typedef void timer_fn(void *ctx);
struct timer *timer_new(struct loop *l, timer_fn *fn, void *ctx) MUSTCHECK;
/* Sets or moves the deadline, in loop_now_ms() time; one that has passed fires in the next round. */
void timer_at(struct timer *t, uint64_t at_ms);
void timer_stop(struct timer *t);
/* Stops and frees; NULL is accepted. */
void timer_free(struct timer *t);

/* A call made once this round's callbacks have returned: for what must not happen inside one of them. */
struct deferred {
	struct list link;
	void (*fn)(void *ctx);
	void *ctx;
};
void deferred_init(struct deferred *d, void (*fn)(void *), void *ctx);
/* Does nothing when it is waiting already. */
void deferred_call(struct loop *l, struct deferred *d);
/* Takes it back; harmless when it is not waiting. */
void deferred_cancel(struct deferred *d);

/* A call before the loop next sleeps, in every round: output gathered in a round leaves here. */
void loop_on_flush(struct loop *l, void (*fn)(void *ctx), void *ctx);
/* Takes back all such calls with this ctx. */
void loop_off_flush(struct loop *l, const void *ctx);

/* Calls fn on the loop whenever the signal arrives. */
void loop_on_signal(struct loop *l, int signum, void (*fn)(void *ctx), void *ctx);

/* Runs work on a worker thread, then done on the loop. work must touch nothing that the loop touches. */
void loop_job(struct loop *l, void (*work)(void *ctx), void (*done)(void *ctx), void *ctx);

/* Calls fn on the loop when the file at path changes (or appears, or is replaced). Returns false when it
 * cannot be watched. At most one file a loop. */
bool loop_watch_file(struct loop *l, const char *path, void (*fn)(void *ctx), void *ctx);

/* For the other files of io: the uv_loop_t behind it. */
void *loop_uv(struct loop *l);

#endif
