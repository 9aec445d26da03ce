/* SPDX-License-Identifier: MIT */
/* The two clocks. Durations and timeouts use the monotonic one; everything that is written down
 * uses wall time, which is read anew each time and never cached. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/base.h"

uint64_t clock_mono_ns(void);
/* Milliseconds since 1970-01-01 UTC. */
int64_t clock_wall_ms(void);

/* Unit tests set these to a time of their own; NULL (always, in the program) means the real clock. */
extern const uint64_t *clock_fake_mono_ns;
extern const int64_t *clock_fake_wall_ms;

/* Writes "2026-11-21T12:43:05.123Z"; ret must hold 25 bytes. */
void clock_iso(int64_t wall_ms, char ret[25]);

#endif
