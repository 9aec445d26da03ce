/* SPDX-License-Identifier: MIT */
/* What conversation this is part of, and what the provider's prompt cache will do with it. What another process, or this one
 * before it was restarted, knew of the conversation is asked for first. */
#include "core/prefix.h"
#include "stages/stages.h"

static void recalled(struct exchange *x)
{
	prefix_foresee(x);
	exchange_resume(x, STEP_NEXT);
}

enum step stage_foresee(struct exchange *x)
{
	if (prefix_name(x)) {
		prefix_recall(x, recalled);
		x->cancel = prefix_forget;
		return STEP_WAIT;
	}
	prefix_foresee(x);
	return STEP_NEXT;
}
