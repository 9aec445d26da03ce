/* SPDX-License-Identifier: MIT */
/* The times that transcripts hold, and days as their user lived them. */
#ifndef LAB_WHEN_H
#define LAB_WHEN_H

#include "base/str.h"

/* Milliseconds since 1970 of "2026-02-11T20:36:47.925Z", with any number of digits behind the point, or none, and with
 * an offset like +02:00 in place of the Z. -1 when it is no such time. */
int64_t when_parse(struct str s);
/* Midnight, local time, of "2026-02-11" and of the day behind it. False when there is no such day. */
bool when_day_span(struct str s, int64_t *ret_from_ms, int64_t *ret_to_ms) MUSTCHECK;
/* The local day of a moment, "2026-02-11"; "unknown" when it is negative. ret must hold 16 bytes. */
struct str when_day(int64_t at_ms, char ret[16]);

#endif
