/* SPDX-License-Identifier: MIT */
/* A simulated reply on its way to a recorded client: by the proxy's own steps (sealing, translation), and put together as a client does.
 * Texts and calls are the recorded ones; of thinking, what has come counts, for it is signed. */
#ifndef LAB_REPLAY_REPLY_H
#define LAB_REPLAY_REPLY_H

#include "core/exchange.h"
#include "lab/replay_body.h"
#include "lab/replay_provider.h"

struct replay_reply {
	struct exchange *x;
	struct outcome *o;   /* usage and status are filled in */
	struct arena *arena; /* of the blocks that the client keeps */
	const struct replay_turn *recorded;
	struct replay_received *received; /* filled in when the reply is the recorded one */
	struct str error;                 /* p != NULL: it has failed */
	bool differs;                     /* it is not the recorded one */
};

/* Takes the whole of a reply; prefix_learn() is called where the proxy would. */
void replay_reply_take(struct replay_reply *r, const struct replay_answer *from);

#endif
