/* SPDX-License-Identifier: MIT */
/* Writes down what happened to the exchange, however it ended. */
#include "core/access_log.h"
#include "core/ledger.h"
#include "stages/stages.h"

enum step stage_record(struct exchange *x)
{
	if (x->svc->ledger != NULL && x->endpoint != ENDPOINT_LOCAL)
		ledger_record(x->svc->ledger, x);
	access_log_exchange(x->svc->log, x);
	return STEP_NEXT;
}
