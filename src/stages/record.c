/* SPDX-License-Identifier: MIT */
/* Writes down what happened to the exchange, however it ended. */
#include "core/access_log.h"
#include "stages/stages.h"

enum step stage_record(struct exchange *x)
{
	access_log_exchange(x->svc->log, x);
	return STEP_NEXT;
}
