/* SPDX-License-Identifier: MIT */
/* From body bytes to a chat, on the paths that are interpreted. */
#include "stages/stages.h"

enum step stage_decode(struct exchange *x)
{
	if (!exchange_is_read(x))
		return STEP_NEXT;
	x->scratch = arena_new_small();
	x->chat.path = x->head->path;
	/* The outline is for the prefix state, which does not look at counting. */
	x->chat.bare = !x->config->prefix_enabled || x->endpoint != ENDPOINT_MESSAGES;
	if (!x->dialect->parse_request(&x->chat, buf_str(&x->body), x->scratch, &x->err))
		return STEP_FAIL;
	/* A count is no stream, whatever its body says. */
	if (x->endpoint == ENDPOINT_COUNT)
		x->chat.stream = false;
	x->chat.model = arena_dup(x->arena, x->chat.model); /* these outlive body and scratch */
	x->chat.session = arena_dup(x->arena, x->chat.session);
	return STEP_NEXT;
}
