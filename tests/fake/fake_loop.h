/* SPDX-License-Identifier: MIT */
/* The loop with a clock that stands still until the test moves it. base/clock follows it. Takes the place of io/loop
 * at link time; at most one loop at a time. */
#ifndef FAKE_FAKE_LOOP_H
#define FAKE_FAKE_LOOP_H

#include "io/loop.h"

/* loop_now_ms() of a new loop, and the wall clock at that time (2026-11-21T12:43:05.123Z). */
enum { FAKE_START_MS = 1000000 };
#define FAKE_START_WALL_MS INT64_C(1795264985123)

/* Runs deferred calls and flush hooks, round by round, until no call waits. */
void fake_loop_settle(struct loop *l);
/* Moves the clock on, firing what becomes due in the order of deadlines, and settles after each. */
void fake_loop_advance(struct loop *l, uint64_t ms);
/* Moves the clock without letting anything happen: time that passes within one callback. */
void fake_loop_sleep(struct loop *l, uint64_t ms);
/* The deadline of the next timer; 0 without one. */
uint64_t fake_loop_next_ms(const struct loop *l);
/* Timers that exist, armed or not. */
size_t fake_loop_timers(const struct loop *l);

/* Jobs run at the next settling unless they are held back; then only by fake_loop_run_jobs(). */
void fake_loop_hold_jobs(struct loop *l, bool hold);
void fake_loop_run_jobs(struct loop *l);
/* What the outside would do. */
void fake_loop_signal(struct loop *l, int signum);
void fake_loop_change_file(struct loop *l);
bool fake_loop_stopped(const struct loop *l);

#endif
