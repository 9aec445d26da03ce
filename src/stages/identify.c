/* SPDX-License-Identifier: MIT */
/* What conversation this is part of, and what kind of turn. What another process, or this one before it was restarted, knew of the
 * conversation is asked for. */
#include "core/prefix.h"
#include "stages/stages.h"

static void recalled(struct exchange *x)
{
	exchange_resume(x, STEP_NEXT);
}

enum step stage_identify(struct exchange *x)
{
	if (!prefix_identify(x))
		return STEP_NEXT;
	prefix_recall(x, recalled);
	x->cancel = prefix_forget;
	return STEP_WAIT;
}
