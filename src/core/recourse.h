/* SPDX-License-Identifier: MIT */
/* What else an exchange can do when an attempt has failed: who is asked next, with which key, and when. Keeps breakers and keys
 * up to date with what attempts come to. The decision itself is in core/failover. */
#ifndef CORE_RECOURSE_H
#define CORE_RECOURSE_H

#include "core/exchange.h"
#include "core/failover.h"

/* Before the first attempt: who is named in `route.fallbacks` joins the plan, and the first whose breaker lets requests through is asked. */
void recourse_begin(struct exchange *x);
/* Before each: which of its keys the candidate is asked with. */
void recourse_choose_key(struct exchange *x);
/* The candidate is being asked. */
void recourse_asked(struct exchange *x);

/* Whether something could be done if the present attempt failed now: nothing of its reply may be with the client then. */
bool recourse_has(const struct exchange *x);
/* How many others could be asked, if this one is silent. */
size_t recourse_others(const struct exchange *x);

/* The head of a reply: what it tells of the key. */
void recourse_head(
	struct exchange *x, const struct outcome *o, const struct http_header *h, size_t n);
/* The present attempt has begun to answer. */
void recourse_answers(struct exchange *x, const struct outcome *o);
/* It has ended: like that, or well (NULL), or nobody can say (o->what "cancelled"). Called once for each. */
void recourse_ended(struct exchange *x, const struct outcome *o, const struct failover_failure *f);

/* It has failed, and nothing is with the client. True: plan.at is to be asked, tries.wait_ms from now. */
bool recourse_take(struct exchange *x, const struct failover_failure *f) MUSTCHECK;
/* The candidate cannot be asked that at all. True: plan.at is somebody else. */
bool recourse_skip(struct exchange *x) MUSTCHECK;

#endif
