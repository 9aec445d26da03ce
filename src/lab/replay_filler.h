/* SPDX-License-Identifier: MIT */
/* What stands in for what transcripts do not hold. */
#ifndef LAB_REPLAY_FILLER_H
#define LAB_REPLAY_FILLER_H

#include "base/buf.h"
#include "lab/replay_session.h"

/* Appends definitions of Claude Code's tools, and of all that a conversation calls, divided by commas, to fill their part of so many tokens.
 * Returns how many tokens they are. */
double replay_tools(
	const struct replay_session *s, size_t conversation, double fixed, struct buf *out);

#endif
