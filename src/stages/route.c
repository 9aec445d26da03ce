/* SPDX-License-Identifier: MIT */
/* Who is to answer: core/router decides. */
#include "core/recourse.h"
#include "core/router.h"
#include "stages/stages.h"

enum step stage_route(struct exchange *x)
{
	if (x->endpoint == ENDPOINT_UNKNOWN) {
		err_set(&x->err, ERR_NOT_FOUND, "no provider can be named for '%.*s'",
			STR_ARG(x->head->path));
		return STEP_FAIL;
	}
	if (!router_decide(x))
		return STEP_FAIL;
	recourse_begin(x);
	return STEP_NEXT;
}
