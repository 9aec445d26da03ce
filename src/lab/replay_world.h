/* SPDX-License-Identifier: MIT */
/* One policy at work: the proxy's stages without connections, and a simulated provider of its own. */
#ifndef LAB_REPLAY_WORLD_H
#define LAB_REPLAY_WORLD_H

#include "lab/replay.h"
#include "lab/replay_body.h"

struct replay_world;

struct replay_world *replay_world_new(struct replay_way *way, struct loop *loop) MUSTCHECK;
void replay_world_free(struct replay_world *w);

/* What a policy's world knows of a session that is being replayed. */
struct replay_visit {
	struct replay_client client;
	struct arena *arena; /* of the replies */
	uint64_t *answered;  /* by conversation: hash of the model that answered last */
	int64_t nano;
};
void replay_visit_begin(struct replay_visit *v, const struct replay_frame *frames);
void replay_visit_end(struct replay_visit *v);

/* Sends one request at its time; the wall clock must have been set. Adds to the way's bill and to the visit's. */
void replay_world_ask(
	struct replay_world *w, struct replay_visit *v, const struct replay_request *r);

#endif
