/* SPDX-License-Identifier: MIT */
/* Load that is more than can be borne is shed, not queued: clients come back. And backpressure from the ledger: while its queue is full, new requests wait, up to a limit, so that none goes unrecorded
 * because the store was slow for a moment. Whoever has waited long enough goes on: a store that fails stops nobody. */
#include "core/ledger.h"
#include "stages/stages.h"

enum { LOOK_MS = 10 };

static void stop(struct exchange *x)
{
	timer_free(x->admission);
	x->admission = NULL;
}

static void look(void *ctx)
{
	struct exchange *x = ctx;
	uint64_t now = loop_now_ms(x->svc->loop);

	if (!ledger_has_room(x->svc->ledger) && now < x->admit_at_ms) {
		timer_at(x->admission, now + LOOK_MS);
		return;
	}
	stop(x);
	exchange_resume(x, STEP_NEXT);
}

enum step stage_admit(struct exchange *x)
{
	uint64_t now = loop_now_ms(x->svc->loop);
	int64_t most = x->config->limits_exchanges;

	if (most > 0 && x->svc->open > (size_t)most) {
		exchange_add_header(x, STR("retry-after"), STR("1"));
		err_set(&x->err, ERR_OVERLOADED, "more than %lld requests are in work",
			(long long)most);
		return STEP_FAIL;
	}
	if (x->svc->ledger == NULL || x->config->store_wait_ms == 0 ||
		ledger_has_room(x->svc->ledger))
		return STEP_NEXT;
	x->admit_at_ms = now + x->config->store_wait_ms;
	x->admission = timer_new(x->svc->loop, look, x);
	timer_at(x->admission, now + LOOK_MS);
	x->cancel = stop;
	return STEP_WAIT;
}
