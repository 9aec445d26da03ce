/* SPDX-License-Identifier: MIT */
/* What each stage offers the table. */
#ifndef STAGES_STAGES_H
#define STAGES_STAGES_H

#include "core/exchange.h"

/* Host, Origin and the proxy's key, before any body is read. */
enum step stage_auth(struct exchange *x);
/* Requests that sluice answers itself. */
enum step stage_local(struct exchange *x);
/* Which models there are. */
enum step stage_models(struct exchange *x);
/* Waits while the ledger's queue is full. */
enum step stage_admit(struct exchange *x);
/* All of the body, where it is going to be read. */
enum step stage_receive(struct exchange *x);
/* What of it is understood. */
enum step stage_decode(struct exchange *x);
/* Which conversation it is part of. */
enum step stage_identify(struct exchange *x);
/* Who is to answer. */
enum step stage_route(struct exchange *x);
/* What the prompt cache of the one asked will do. */
enum step stage_foresee(struct exchange *x);
/* Waits for those that begin alike. */
enum step stage_gather(struct exchange *x);
/* Asks them. */
enum step stage_call(struct exchange *x);
/* What it cost. */
enum step stage_account(struct exchange *x);
/* Writes down what happened. */
enum step stage_record(struct exchange *x);

#endif
