/* SPDX-License-Identifier: MIT */
/* From body bytes to a chat, on the paths that are interpreted. */
#include "core/names.h"
#include "core/router.h"
#include "stages/stages.h"

static bool parse(struct exchange *x)
{
	x->chat = (struct chat){ .path = x->head->path };
	/* The outline is for the prefix state, which does not look at counting. */
	x->chat.bare = (!x->config->prefix_enabled && !router_looks(x->config)) ||
		       x->endpoint != ENDPOINT_MESSAGES;
	return x->dialect->parse_request(&x->chat, buf_str(&x->body), x->scratch, &x->err);
}

enum step stage_decode(struct exchange *x)
{
	if (!exchange_is_read(x))
		return STEP_NEXT;
	x->scratch = arena_new_small();
	if (!parse(x))
		return STEP_FAIL;
	/* What is sent is without the tag, and so is all that follows from it. */
	if (x->chat.tagged && names_take_tag(x) && !parse(x))
		return STEP_FAIL;
	/* A count is no stream, whatever its body says. */
	if (x->endpoint == ENDPOINT_COUNT)
		x->chat.stream = false;
	x->chat.model = arena_dup(x->arena, x->chat.model); /* these outlive body and scratch */
	x->chat.session = arena_dup(x->arena, x->chat.session);
	return STEP_NEXT;
}
