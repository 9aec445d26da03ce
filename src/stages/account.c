/* SPDX-License-Identifier: MIT */
/* What the exchange cost: each attempt by the provider's own figures, or by an estimate that says so, and their sum. */
#include "core/billing.h"
#include "core/prefix.h"
#include "core/sessions.h"
#include "stages/stages.h"

static int64_t sum(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a > b ? a : b;
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* A stream that broke off has told its input, and only the first few tokens of its output. */
static void estimate(struct outcome *o)
{
	o->estimated = true;
	o->usage.out = billing_output(o);
}

/* Nothing has come of it, and somebody else was asked: providers bill for what they have answered. */
static bool came_to_nothing(const struct outcome *o)
{
	return o->next != NULL && o->usage.in < 0 && o->usage.out < 0 && o->content_bytes == 0;
}

static void account(const struct exchange *x, struct outcome *o)
{
	if (billing_is_free(x, o)) {
		o->cost = (struct cost){ 0 };
		return;
	}
	if (came_to_nothing(o)) {
		o->cost = (struct cost){ 0 };
		o->estimated = true;
		return;
	}
	if (x->endpoint != ENDPOINT_MESSAGES)
		return;
	if (!o->whole && !o->told)
		estimate(o);
	billing_price(x, o, &o->usage, &o->cost);
}

static void add_usage(struct usage *to, const struct usage *more)
{
	to->in = sum(to->in, more->in);
	to->cache_read = sum(to->cache_read, more->cache_read);
	to->cache_write = sum(to->cache_write, more->cache_write);
	to->cache_write_1h = sum(to->cache_write_1h, more->cache_write_1h);
	to->out = sum(to->out, more->out);
	to->reasoning = sum(to->reasoning, more->reasoning);
}

/* A sum with something unknown in it is unknown. */
static void add_cost(struct cost *to, const struct cost *more)
{
	if (to->total < 0 || more->total < 0) {
		*to = COST_UNKNOWN;
		return;
	}
	to->in += more->in;
	to->cache_read += more->cache_read;
	to->cache_write_5m += more->cache_write_5m;
	to->cache_write_1h += more->cache_write_1h;
	to->out += more->out;
	to->total += more->total;
}

static void add_saving(struct exchange *x, const char *cause, int64_t tokens, int64_t nano)
{
	assert(x->nsavings < SAVINGS_MAX);
	x->savings[x->nsavings++] = (struct saving){ cause, tokens, nano };
	x->saved_nano += nano;
}

/* Against what the client asked for; what failed attempts and retries cost is charged. */
static void count_saving(struct exchange *x, const struct outcome *o)
{
	struct usage u;
	struct cost instead;

	if (x->cost.total < 0 || !prefix_counterfactual(x, o, &u))
		return;
	billing_price_of(x, x->chat.model, o->begin_wall_ms, &u, &instead);
	if (instead.total >= 0)
		add_saving(x, "model", 0, instead.total - x->cost.total);
}

static void settle_prefix(struct exchange *x, struct outcome *o)
{
	struct rates r;

	prefix_learn(x, o);
	if (!x->prefix->learned)
		return;
	if (x->prefix->loss.tokens > 0 && billing_rates(x, o, &r))
		prefix_price_loss(x, o, &r);
	count_saving(x, o);
}

enum step stage_account(struct exchange *x)
{
	x->cost = (struct cost){ 0 };
	for (struct outcome *o = x->outcomes; o != NULL; o = o->next) {
		account(x, o);
		add_usage(&x->usage, &o->usage);
		add_cost(&x->cost, &o->cost);
		x->estimated |= o->estimated;
	}
	if (x->last != NULL && prefix_is_of(x, &x->last->candidate))
		settle_prefix(x, x->last);
	x->session = exchange_session(x);
	if (x->session.n > 0)
		x->session_nano = sessions_add(x->svc->sessions, x->session, known(x->cost.total));
	return STEP_NEXT;
}
