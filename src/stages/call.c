/* SPDX-License-Identifier: MIT */
/* Asks the candidates of the plan, one after the other, until one has answered. */
#include "core/attempt.h"
#include "core/translation.h"
#include "stages/stages.h"

static void ended(struct exchange *x, enum step how)
{
	if (how == STEP_NEXT)
		how = attempt_start(x, ended) ? STEP_WAIT : STEP_FAIL;
	if (how == STEP_WAIT)
		x->cancel = attempt_cancel;
	else
		exchange_resume(x, how);
}

enum step stage_call(struct exchange *x)
{
	if (translation_answers(x, &x->plan.c[x->plan.at]))
		return STEP_REPLY;
	if (!attempt_start(x, ended))
		return STEP_FAIL;
	x->cancel = attempt_cancel;
	return STEP_WAIT;
}
