/* SPDX-License-Identifier: MIT */
/* Requests that begin alike, to one provider's model, at one time: what the first of them is just writing to the prompt cache can be read by
 * the others once its answer has begun, so they wait for that, a bounded time. A request that is on its way waits for nobody, so
 * there is no circle; when it fails, the one that has waited longest goes ahead, and the rest waits for that one. */
#ifndef CORE_SIBLINGS_H
#define CORE_SIBLINGS_H

#include "core/exchange.h"

/* At most so many are known to be on their way, and at most so many wait; further ones go on unknown, or without waiting. */
enum { SIBLINGS_WRITERS_MAX = 1024, SIBLINGS_WAITERS_MAX = 1024 };

struct siblings;

struct siblings *siblings_new(void) MUSTCHECK;
/* Nobody may be left. NULL is accepted. */
void siblings_free(struct siblings *s);

/* True: another request is writing `gather.min_tokens` or more that this one would write too, by x->prefix. Then `again` is called from the
 * loop when that one's answer has begun, or it has ended, or this one has waited for `gather.wait_s`; never when siblings_leave() comes
 * first. False: it goes on, and others may wait for it. */
bool siblings_wait(struct exchange *x, void (*again)(struct exchange *x)) MUSTCHECK;
/* It does not wait any more; or what it writes can be read, or will not be written. Harmless for one that does neither. */
void siblings_leave(struct exchange *x);

#endif
