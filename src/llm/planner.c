/* SPDX-License-Identifier: MIT */
/* Costs are of what is still to come: the present request by the forecast of its prompt cache, the turns behind it by a context that
 * grows and is read again each time. */
#include "llm/planner.h"

#include "base/base.h"

const char *const route_profiles[ROUTE_PROFILES] = { "observe", "balanced", "saver", "max" };
const char *const task_sizes[TASK_SIZES] = { "", "simple", "medium", "complex" };
const char *const course_phases[COURSE_PHASES] = { "planning", "executing", "escalated" };

/* ---- what a turn needs ---- */

/* Quality, by profile. */
static const int bars[ROUTE_PROFILES][2] = {
	[ROUTE_OBSERVE] = { 100, 100 },
	[ROUTE_BALANCED] = { 60, 80 },
	[ROUTE_SAVER] = { 60, 80 },
	[ROUTE_MAX] = { 50, 70 },
};
enum { BAR_ASIDE, BAR_WORK };

static bool is_simple(enum route_profile profile, enum task_size d)
{
	return d == TASK_SIMPLE || (profile == ROUTE_MAX && d == TASK_MEDIUM);
}

/* Returns what has happened to the conversation with this turn; NULL: nothing. */
static const char *move_on(enum route_profile profile, const struct planner_turn *t,
	struct course *c, const struct planner_limits *limits)
{
	if (c->phase == COURSE_EXECUTING && t->trouble >= limits->trouble) {
		c->phase = COURSE_ESCALATED;
		return "results of tools keep failing";
	}
	if (c->phase != COURSE_PLANNING || t->plan_mode)
		return NULL;
	if (t->edited) {
		c->phase = COURSE_EXECUTING;
		return "planning has ended";
	}
	if (t->fresh && is_simple(profile, t->size)) {
		c->phase = COURSE_EXECUTING;
		return "the task is simple enough";
	}
	return NULL;
}

static struct planner_need need_of_main(enum route_profile profile, const struct planner_turn *t,
	struct course *c, const struct planner_limits *limits)
{
	static const char *const otherwise[COURSE_PHASES] = {
		[COURSE_PLANNING] = "planning",
		[COURSE_EXECUTING] = "executing what was planned",
		[COURSE_ESCALATED] = "there was trouble with a cheaper model",
	};
	struct planner_need n = { .reach = REACH_ASKED, .bar = 100 };

	n.why = move_on(profile, t, c, limits);
	if (n.why == NULL)
		n.why = otherwise[c->phase];
	if (c->phase != COURSE_EXECUTING)
		return n;
	n.reach = profile == ROUTE_MAX ? REACH_ALL : REACH_PROVIDER;
	n.bar = bars[profile][BAR_WORK];
	n.use = "execute";
	return n;
}

struct planner_need planner_need(enum route_profile profile, const struct planner_turn *t,
	struct course *c, const struct planner_limits *limits)
{
	struct planner_need n = { .reach = REACH_ASKED, .bar = 100, .why = "as asked" };

	if (profile == ROUTE_OBSERVE || t->role == ROLE_FIXED)
		return n;
	n.reach = profile == ROUTE_MAX ? REACH_ALL : REACH_PROVIDER;
	switch (t->role) {
	case ROLE_ASIDE:
		n.bar = bars[profile][BAR_ASIDE];
		n.use = "background";
		n.why = "a turn in the background";
		return n;
	case ROLE_SUBAGENT:
		n.bar = bars[profile][BAR_WORK];
		n.use = "subagent";
		n.why = "a subagent";
		return n;
	case ROLE_MAIN_TURN:
	case ROLE_COMPACTION:
	default:
		break;
	}
	if (t->role == ROLE_COMPACTION)
		return (struct planner_need){ .bar = 100,
			.why = "a summary, by one that has had the conversation" };
	if (profile == ROUTE_BALANCED)
		return (struct planner_need){ .bar = 100, .why = "the conversation itself" };
	return need_of_main(profile, t, c, limits);
}

/* ---- costs ---- */

/* Adds so many tokens at a rate, in pico-dollars; a rate that is not known is that of input. */
static void add(double *pico, int64_t tokens, int64_t rate, const struct rates *r)
{
	*pico += (double)tokens * (double)(rate >= 0 ? rate : r->in);
}

static int64_t nano(double pico)
{
	return pico < 1e21 ? (int64_t)(pico / 1000) : INT64_MAX;
}

static int64_t input_tokens(const struct forecast *f)
{
	return f->in + f->read + f->write_5m + f->write_1h;
}

static void reckon(struct planner_candidate *c, const struct planner_turn *t)
{
	const struct rates *r = &c->rates;
	const struct forecast *f = &c->cache;
	int64_t turns = t->remaining, context = input_tokens(f) + t->growth * (turns + 1) / 2;
	double pico = 0;

	c->now_nano = c->then_nano = -1;
	if (!c->priced)
		return;
	add(&pico, f->in, r->in, r);
	add(&pico, f->read, r->cache_read, r);
	add(&pico, f->write_5m, r->cache_write_5m, r);
	add(&pico, f->write_1h, r->cache_write_1h, r);
	add(&pico, t->out_tokens, r->out, r);
	c->now_nano = nano(pico);
	add(&pico, context * turns, r->cache_read, r);
	add(&pico, t->growth * turns, f->write_1h > 0 ? r->cache_write_1h : r->cache_write_5m, r);
	add(&pico, t->out_tokens * turns, r->out, r);
	c->then_nano = nano(pico);
}

/* ---- the choice ---- */

static size_t find_asked(const struct planner_choice *c)
{
	size_t i = 0;

	while (i < c->n && !c->v[i].asked)
		i++;
	assert(i < c->n);
	return i;
}

static size_t find_current(const struct planner_choice *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].current)
			return i;
	return find_asked(c);
}

/* Why one cannot be taken; NULL: it can. */
static const char *objection(const struct planner_candidate *c,
	const struct planner_candidate *asked, const struct planner_turn *t, int bar)
{
	int64_t reply = t->max_tokens < PLANNER_REPLY_TOKENS ? t->max_tokens : PLANNER_REPLY_TOKENS;

	if (c->asked)
		return NULL;
	if (c->objection != NULL)
		return c->objection;
	if (c->window >= 0 && input_tokens(&c->cache) + reply > c->window)
		return "window too small";
	if (!c->wanted && c->quality < bar)
		return "not good enough";
	if (!c->priced)
		return "price not known";
	if (asked->priced && c->then_nano >= asked->then_nano)
		return "not cheaper";
	return NULL;
}

/* Why going from one to another is not worth what its cold cache costs, or more than may be spent so; NULL: it is. */
static const char *weigh(const struct planner_choice *from, size_t to, const struct course *c,
	const struct planner_limits *limits)
{
	const struct planner_candidate *now = &from->v[find_current(from)], *then = &from->v[to];
	double price = (double)then->now_nano - (double)now->now_nano,
	       saved = (double)now->then_nano - (double)then->then_nano,
	       whole = (double)c->baseline_nano + (double)from->v[find_asked(from)].then_nano;

	if (!now->priced || price <= 0)
		return NULL;
	if (saved * 100 < price * limits->margin_percent)
		return "would not repay";
	if (((double)c->spent_nano + price) * 100 > whole * limits->switch_percent)
		return "changes have cost enough";
	return NULL;
}

static size_t find_cheapest(struct planner_choice *c, const struct planner_turn *t, int bar)
{
	size_t asked = find_asked(c), best = asked;

	for (size_t i = 0; i < c->n; i++) {
		struct planner_candidate *one = &c->v[i];
		one->verdict = objection(one, &c->v[asked], t, bar);
		if (one->verdict == NULL && one->priced && c->v[best].priced &&
			one->then_nano < c->v[best].then_nano)
			best = i;
	}
	return best;
}

void planner_choose(struct planner_choice *from, const struct planner_turn *t,
	const struct planner_need *need, const struct course *c,
	const struct planner_limits *limits)
{
	size_t current = find_current(from), asked = find_asked(from), best;
	const char *why_not = NULL;

	for (size_t i = 0; i < from->n; i++)
		reckon(&from->v[i], t);
	best = find_cheapest(from, t, need->bar);
	if (best != current && !t->switchable)
		why_not = PLANNER_HELD;
	else if (best != current && best != asked && from->v[current].verdict == NULL)
		why_not = weigh(from, best, c, limits);
	if (why_not != NULL) {
		from->v[best].verdict = why_not;
		best = current;
	}
	for (size_t i = 0; i < from->n; i++)
		if (from->v[i].verdict == NULL)
			from->v[i].verdict = "dearer";
	from->v[best].verdict = "chosen";
	from->chosen = best;
}

/* ---- afterwards ---- */

static void put_target(struct course *c, const struct planner_candidate *to)
{
	struct buf b;

	c->target[0] = '\0';
	if (to->asked)
		return;
	buf_init(&b, sizeof(c->target) - 1);
	buf_addf(&b, "%.*s/%.*s%.*s", STR_ARG(to->provider), STR_ARG(to->model),
		STR_ARG(to->params));
	if (!b.overflow)
		str_put(c->target, sizeof(c->target), buf_str(&b));
	buf_release(&b);
}

void planner_settle(struct course *c, const struct planner_choice *made)
{
	const struct planner_candidate *to = &made->v[made->chosen],
				       *from = &made->v[find_current(made)],
				       *asked = &made->v[find_asked(made)];

	c->turns++;
	if (asked->now_nano > 0)
		c->baseline_nano += asked->now_nano;
	if (c->turns > 1 && from->now_nano >= 0 && to->now_nano > from->now_nano)
		c->spent_nano += to->now_nano - from->now_nano;
	put_target(c, to);
}
