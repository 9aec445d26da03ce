/* SPDX-License-Identifier: MIT */
/* An attempt: one candidate asked for the answer. Turns the exchange into a request to its provider, and the
 * provider's bytes into events that run down the sinks to the client. */
#ifndef CORE_ATTEMPT_H
#define CORE_ATTEMPT_H

#include "core/exchange.h"

/* Starts asking candidate plan.at; sets x->attempt. False, with x->err set: it cannot be asked that. The exchange is resumed when it has ended: with
 * STEP_REPLY when the client was answered in whatever way, STEP_FAIL when it still waits, STEP_NEXT when
 * plan.at is to be asked, tries.wait_ms from now. */
bool attempt_start(struct exchange *x, void (*done)(struct exchange *x, enum step how)) MUSTCHECK;
/* Ends it without resuming. NULL attempts are fine. */
void attempt_cancel(struct exchange *x);

/* A piece of a relayed request body, and its end. Harmless when no body is relayed. */
void attempt_send(struct exchange *x, struct str piece);
void attempt_send_end(struct exchange *x);
/* The client took what was queued for it. */
void attempt_drained(struct exchange *x);

#endif
