/* SPDX-License-Identifier: MIT */
/* The profile's choice: gathers who could have the turn, asks what their caches would do with it, and lets the planner weigh them. */
#include "core/candidate.h"
#include "core/prefix.h"
#include "core/provider.h"
#include "core/routing.h"
#include "llm/quality.h"

struct gathering {
	struct routing *r;
	struct planner_choice *choice;
	struct candidate c[PLANNER_MAX]; /* of each, how it would be asked */
};

static int quality(const struct config *c, struct str model)
{
	struct str value = str_map_get(&c->route_quality, model);
	uint64_t given;

	return value.p != NULL && str_to_u64(value, &given) && given <= 100 ? (int)given
									    : quality_of(model);
}

/* A request that stands for itself can be reckoned without knowing any cache: nobody has its prefix. */
static bool is_alone(const struct routing *r)
{
	return r->tokens > 0 &&
	       (r->plan.role == ROLE_ASIDE || (r->plan.role == ROLE_SUBAGENT && r->plan.fresh));
}

static bool takes_images(const struct candidate *c, struct str model)
{
	struct caps caps;

	caps_of_model(&caps, candidate_flavor(c->provider), model);
	return caps.vision || str_eq(c->provider->unsupported, STR("placeholder"));
}

static void describe(
	const struct routing *r, const struct candidate *c, struct planner_candidate *ret)
{
	struct exchange *x = r->x;
	struct str model = routing_model(r, c);
	const struct price *row = prices_find(x->svc->prices, model);
	const struct foresight *f = prefix_look(x, c);

	*ret = (struct planner_candidate){ .provider = c->provider->name,
		.model = model,
		.params = c->params,
		.quality = quality(x->config, model),
		.window = row != NULL ? row->context_tokens : -1,
		.now_nano = -1,
		.then_nano = -1 };
	if (r->turn->images && !takes_images(c, model))
		ret->objection = "takes no images";
	if (f != NULL)
		ret->cache = f->forecast;
	else if (is_alone(r))
		ret->cache.in = r->tokens;
	ret->priced = row != NULL && (f != NULL || is_alone(r));
	if (ret->priced)
		ret->rates = price_rates(row, r->tokens, x->begin_wall_ms, false);
}

/* The one that is there already, or a new one; NULL: there is no more room. */
static struct planner_candidate *gather(struct gathering *g, const struct candidate *c)
{
	struct planner_choice *to = g->choice;

	for (size_t i = 0; i < to->n; i++)
		if (routing_same(g->r, &g->c[i], c)) {
			if (c->params.n > 0)
				g->c[i].params = c->params;
			return &to->v[i];
		}
	if (to->n == PLANNER_MAX)
		return NULL;
	g->c[to->n] = *c;
	describe(g->r, c, &to->v[to->n]);
	return &to->v[to->n++];
}

static struct planner_candidate *gather_entry(struct gathering *g, const struct model_entry *e)
{
	struct candidate c;

	return routing_candidate(g->r, e, &c) ? gather(g, &c) : NULL;
}

static void gather_ladder(struct gathering *g, const struct config_provider *p)
{
	const char *maker = candidate_flavor(p)->maker;
	const struct ladder *l = maker != NULL ? ladder_of(str_from(maker)) : NULL;
	enum provider_key key = provider_key(p);
	bool home = p == g->r->asked.provider;

	if (l == NULL || (!home && (key == PROVIDER_KEY_CLIENT || key == PROVIDER_KEY_MISSING)))
		return;
	const struct model_entry fast = { .provider = p->name, .model = str_from(l->fast) },
				 middle = { .provider = p->name, .model = str_from(l->middle) };
	(void)!gather_entry(g, &fast);
	(void)!gather_entry(g, &middle);
}

/* Who carries a conversation out that the client has its own name for: the model that it named before. */
static void gather_named(struct gathering *g)
{
	const struct course *course = g->r->course;
	struct planner_candidate *c;

	if (course == NULL || course->named[0] == '\0')
		return;
	const struct model_entry e = { .provider = g->r->asked.provider->name,
		.model = arena_dup(g->r->x->arena, str_from(course->named)) };
	c = gather_entry(g, &e);
	if (c != NULL)
		c->wanted = true;
}

static void gather_all(struct gathering *g, const struct planner_need *need)
{
	const struct config *config = g->r->x->config;
	struct candidate current = routing_current(g->r);
	struct str named = need->use != NULL ? str_map_get(&config->route_use, str_from(need->use))
					     : (struct str){ NULL, 0 };
	struct planner_candidate *c = gather(g, &g->r->asked);
	struct model_entry entry;
	struct err e = { 0 };

	c->asked = true;
	c = gather(g, &current);
	c->current = true;
	if (g->r->profile == ROUTE_OBSERVE)
		return;
	if (g->r->plan.role == ROLE_COMPACTION) {
		c->wanted = true;
		gather_named(g);
	} else if (named.p != NULL && models_parse(named, &entry, &e)) {
		c = gather_entry(g, &entry);
		if (c != NULL)
			c->wanted = true;
	} else if (need->reach == REACH_PROVIDER) {
		gather_ladder(g, g->r->asked.provider);
	} else if (need->reach == REACH_ALL) {
		for (size_t i = 0; i < config->nproviders; i++)
			gather_ladder(g, &config->providers[i]);
	}
}

static void tell(struct decision *d, const struct planner_choice *choice)
{
	for (size_t i = 0; i < choice->n; i++) {
		const struct planner_candidate *c = &choice->v[i];
		struct considered *to = decision_add(d);
		if (to == NULL)
			return;
		to->provider = c->provider;
		to->model = c->model;
		to->quality = c->quality;
		to->read = c->priced ? c->cache.read : -1;
		to->written = c->priced ? c->cache.write_5m + c->cache.write_1h : -1;
		to->input = c->priced ? c->cache.in : -1;
		to->cost_nusd = c->now_nano;
		to->horizon_nusd = c->then_nano;
		to->verdict = c->verdict;
	}
}

/* Somebody else than the client's own choice has it; or had it, and has it no more. */
static bool is_change(const struct planner_choice *c)
{
	const struct planner_candidate *chosen = &c->v[c->chosen];

	return !chosen->asked || !chosen->current;
}

/* A change was due, and had to wait. */
static bool is_held(const struct planner_choice *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(str_from(c->v[i].verdict), str_from(PLANNER_HELD)))
			return true;
	return false;
}

struct candidate routing_by_profile(struct routing *r, struct decision *d)
{
	const struct config *config = r->x->config;
	const struct planner_limits limits = { .margin_percent = (unsigned)config->route_margin,
		.switch_percent = (unsigned)config->route_switch_percent,
		.trouble = (unsigned)config->route_trouble };
	struct course nothing = { .phase = COURSE_PLANNING };
	struct course *course = r->course != NULL ? r->course : &nothing;
	struct planner_choice choice = { .n = 0 };
	struct gathering g = { .r = r, .choice = &choice };
	struct planner_need need = planner_need(r->profile, &r->plan, course, &limits);

	gather_all(&g, &need);
	planner_choose(&choice, &r->plan, &need, course, &limits);
	planner_settle(course, &choice);
	if (r->plan.role == ROLE_MAIN_TURN)
		str_put(course->named, sizeof(course->named), r->x->chat.model);
	if (choice.n == 1)
		return g.c[choice.chosen]; /* there was nothing to choose */
	d->by = is_change(&choice) || r->left_to_us ? "profile" : "as asked";
	d->why = str_from(is_held(&choice) ? PLANNER_HELD : need.why);
	d->bar = need.bar;
	d->turns = r->plan.remaining + 1;
	tell(d, &choice);
	return g.c[choice.chosen];
}

void routing_note(struct routing *r, const struct candidate *chosen)
{
	struct course *c = r->course;
	struct str model = routing_model(r, chosen);
	struct buf b;

	if (c == NULL)
		return;
	c->turns++;
	c->target[0] = '\0';
	buf_init(&b, sizeof(c->target) - 1);
	if (!routing_same(r, chosen, &r->asked)) {
		buf_addf(&b, "%.*s/%.*s%s%.*s", STR_ARG(chosen->provider->name), STR_ARG(model),
			chosen->params.n > 0 ? " " : "", STR_ARG(chosen->params));
		if (!b.overflow)
			str_put(c->target, sizeof(c->target), buf_str(&b));
	}
	buf_release(&b);
}
