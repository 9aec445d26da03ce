/* SPDX-License-Identifier: MIT */
/* Asks the candidates of the plan, one after the other, until one has answered. */
#include "core/attempt.h"
#include "stages/stages.h"

static void ended(struct exchange *x, enum step how)
{
	if (how == STEP_NEXT)
		attempt_start(x, ended);
	else
		exchange_resume(x, how);
}

enum step stage_call(struct exchange *x)
{
	x->cancel = attempt_cancel;
	attempt_start(x, ended);
	return STEP_WAIT;
}
