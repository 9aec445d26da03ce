/* SPDX-License-Identifier: MIT */
/* Writes down what happened to the exchange, however it ended. */
#include "core/access_log.h"
#include "core/bodies.h"
#include "core/ledger.h"
#include "core/live.h"
#include "core/metrics.h"
#include "core/provider_health.h"
#include "stages/stages.h"

enum step stage_record(struct exchange *x)
{
	if (x->svc->ledger != NULL && x->endpoint != ENDPOINT_LOCAL)
		ledger_record(x->svc->ledger, x);
	bodies_end(x);
	live_record(x->svc->live, x);
	metrics_record(x->svc->metrics, x);
	health_record(x->svc->health, x);
	access_log_exchange(x->svc->log, x);
	return STEP_NEXT;
}
