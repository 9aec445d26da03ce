/* SPDX-License-Identifier: MIT */
/* The paths below /sim/: clock, script, faults, bill, received requests, reset. */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "sim/engine.h"

struct control {
	struct engine *engine;
	bool clock_is_set;
	int64_t clock_ms; /* when set: it stands still until it is moved */
};

/* The simulator's wall clock. */
int64_t control_now_ms(const struct control *c);

bool control_owns(struct str path);

struct control_reply {
	unsigned status;
	struct str content_type;
	struct buf body; /* the caller releases it */
};

void control_answer(struct control *c, const struct http_head *head, struct str body,
	struct control_reply *ret);

#endif
