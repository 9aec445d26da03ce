/* SPDX-License-Identifier: MIT */
/* Asks the candidates of the plan, one after the other, until one has answered. */
#include "core/attempt.h"
#include "core/recourse.h"
#include "core/translation.h"
#include "stages/stages.h"

static void ended(struct exchange *x, enum step how);

/* Whoever cannot be asked that is passed by. */
static enum step ask(struct exchange *x)
{
	do {
		if (translation_answers(x, &x->plan.c[x->plan.at]))
			return STEP_REPLY;
		if (attempt_start(x, ended)) {
			x->cancel = attempt_cancel;
			return STEP_WAIT;
		}
	} while (recourse_skip(x));
	return STEP_FAIL;
}

static void stop_waiting(struct exchange *x)
{
	timer_free(x->tries.pause);
	x->tries.pause = NULL;
}

static void go_on(void *ctx)
{
	struct exchange *x = ctx;

	stop_waiting(x);
	x->cancel = NULL;
	enum step how = ask(x);
	if (how != STEP_WAIT)
		exchange_resume(x, how);
}

static void ended(struct exchange *x, enum step how)
{
	struct loop *loop = x->svc->loop;

	if (how == STEP_NEXT && x->tries.wait_ms > 0) {
		x->tries.pause = timer_new(loop, go_on, x);
		timer_at(x->tries.pause, loop_now_ms(loop) + x->tries.wait_ms);
		x->cancel = stop_waiting;
		return;
	}
	if (how == STEP_NEXT)
		how = ask(x);
	if (how != STEP_WAIT)
		exchange_resume(x, how);
}

enum step stage_call(struct exchange *x)
{
	x->tries.begin_ms = loop_now_ms(x->svc->loop);
	return ask(x);
}
