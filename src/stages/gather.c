/* SPDX-License-Identifier: MIT */
/* Waits while another request writes to the prompt cache what this one could read there a moment later. */
#include "core/prefix.h"
#include "core/siblings.h"
#include "stages/stages.h"

static void again(struct exchange *x)
{
	prefix_foresee_again(x);
	if (!siblings_wait(x, again))
		exchange_resume(x, STEP_NEXT);
}

enum step stage_gather(struct exchange *x)
{
	if (!siblings_wait(x, again))
		return STEP_NEXT;
	x->cancel = siblings_leave;
	return STEP_WAIT;
}
