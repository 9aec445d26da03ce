/* SPDX-License-Identifier: MIT */
/* What the running proxy is doing, as JSON: the object of `GET /sluice/api/state` and of the events of `/sluice/api/live`
 * (docs/api.md), and the tables of models and settings. */
#ifndef ADMIN_STATE_H
#define ADMIN_STATE_H

#include "core/exchange.h"

/* Appends the state of this moment. */
void state_print(const struct services *svc, struct buf *out);
/* Appends one event with it. */
void state_event(struct services *svc, struct buf *event);

/* Endpoints. */
void admin_state(struct exchange *x, struct local_reply *ret);
void admin_models(struct exchange *x, struct local_reply *ret);
void admin_settings(struct exchange *x, struct local_reply *ret);
void admin_metrics(struct exchange *x, struct local_reply *ret);

#endif
