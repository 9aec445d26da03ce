/* SPDX-License-Identifier: MIT */
/* What the prompt cache of the provider that is to be asked will do with the request. */
#include "core/prefix.h"
#include "stages/stages.h"

enum step stage_foresee(struct exchange *x)
{
	prefix_foresee(x);
	return STEP_NEXT;
}
