/* SPDX-License-Identifier: MIT */
/* Each way of deciding is a function that has a say or has none; the table asks them in order. */
#include "core/router.h"

#include "core/access_log.h"
#include "core/candidate.h"
#include "core/names.h"
#include "core/prefix.h"
#include "core/provider.h"
#include "core/routing.h"
#include "core/script.h"
#include "llm/quality.h"
#include "llm/thinking.h"

/* ---- candidates ---- */

bool routing_candidate(const struct routing *r, const struct model_entry *e, struct candidate *ret)
{
	const struct config_provider *p = config_provider(r->x->config, e->provider);

	if (p == NULL)
		return false; /* refused when the configuration was loaded */
	*ret = (struct candidate){ .provider = p,
		.model = str_eq(e->model, STR("*")) ? r->asked.model : e->model,
		.params = e->params };
	ret->dialect = candidate_dialect(p, r->x->dialect, routing_model(r, ret));
	return true;
}

struct str routing_model(const struct routing *r, const struct candidate *c)
{
	return c->model.n > 0 ? c->model : r->x->chat.model;
}

bool routing_same(const struct routing *r, const struct candidate *a, const struct candidate *b)
{
	const struct prices *t = r->x->svc->prices;

	return a->provider == b->provider && str_eq(prices_canonical(t, routing_model(r, a)),
						     prices_canonical(t, routing_model(r, b)));
}

struct candidate routing_current(const struct routing *r)
{
	struct candidate c;
	struct model_entry e;
	struct err ignored = { 0 };

	if (r->course != NULL && r->course->target[0] != '\0' &&
		models_parse(str_from(r->course->target), &e, &ignored) &&
		routing_candidate(r, &e, &c)) {
		/* The course is about to change. */
		c.model = arena_dup(r->x->arena, c.model);
		c.params = arena_dup(r->x->arena, c.params);
		return c;
	}
	return r->asked;
}

/* Nobody but its own clients could bring one. */
static bool needs_key(const struct config_provider *p)
{
	enum provider_key k = provider_key(p);

	return k == PROVIDER_KEY_CLIENT || k == PROVIDER_KEY_MISSING;
}

static bool is_home(const struct exchange *x, const struct config_provider *p)
{
	return str_eq(p->name, str_from(x->dialect->home));
}

/* What the client has shown us as our own key is not there for the provider. */
static bool has_key(const struct exchange *x, const struct config_provider *p)
{
	if (!is_home(x, p))
		return !needs_key(p);
	return x->auth_header == NULL || str_eq(str_from(x->auth_header), STR("x-sluice-key")) ||
	       p->api_key.n > 0;
}

static bool check_key(struct exchange *x, const struct candidate *c)
{
	const struct config_provider *p = c->provider;

	if (has_key(x, p))
		return true;
	if (is_home(x, p))
		return err_set(&x->err, ERR_AUTH,
			"provider '%.*s' has no key here: configure one, or send the proxy's key as x-sluice-key",
			STR_ARG(p->name));
	return err_set(&x->err, ERR_AUTH,
		"provider '%.*s' has no key here: configure 'providers.%.*s.api_key'",
		STR_ARG(p->name), STR_ARG(p->name));
}

/* ---- ways of deciding ---- */

/* What one of them has found. */
struct verdict {
	struct candidate c;
	const char *by;
	struct str why;
	const struct model_entry *rest; /* who is asked when that one fails */
	size_t nrest;
};

static bool by_script(struct routing *r, struct verdict *v)
{
	struct exchange *x = r->x;
	struct script_choice choice;
	struct script_facts facts;
	struct err e = { 0 };

	if (x->config->script == NULL)
		return false;
	routing_facts(r, &facts);
	if (!script_decide(x->config->script, &facts, x->arena, &choice, &e)) {
		if (script_tells(x->config->script, &choice, loop_now_ms(x->svc->loop)))
			log_message(x->svc->log, LOG_WARN, "%s: %s", choice.why.p, e.text);
		return false;
	}
	if (choice.from == SCRIPT_FROM_NOBODY)
		return false;
	v->by = choice.from == SCRIPT_FROM_RULE ? "rule" : "script";
	v->why = choice.why;
	for (size_t i = 0; i < choice.n; i++) {
		v->rest = choice.targets + i + 1;
		v->nrest = choice.n - i - 1;
		/* Without a key only the last one is left to complain about. */
		if (routing_candidate(r, &choice.targets[i], &v->c) &&
			(!needs_key(v->c.provider) || v->c.provider == r->asked.provider))
			break;
	}
	return true;
}

/* Looks a class up. */
static bool use(struct routing *r, const char *class, struct verdict *v)
{
	struct str value = str_map_get(&r->x->config->route_use, str_from(class));
	struct model_entry e;
	struct err ignored = { 0 };

	if (value.p == NULL || !models_parse(value, &e, &ignored) ||
		!routing_candidate(r, &e, &v->c))
		return false;
	v->by = "use";
	v->why = str_from(class);
	return true;
}

static int64_t price_of_output(const struct routing *r, const struct candidate *c)
{
	const struct price *row = prices_find(r->x->svc->prices, routing_model(r, c));

	return row != NULL ? row->rates.out : -1;
}

/* How hard a fresh task is never leads to a dearer model. */
static bool by_size(struct routing *r, struct verdict *v)
{
	return r->plan.size != TASK_UNKNOWN && use(r, task_sizes[r->plan.size], v) &&
	       (price_of_output(r, &v->c) <= price_of_output(r, &r->asked) ||
		       price_of_output(r, &r->asked) < 0);
}

/* The rest of a loop goes on where it was begun. */
static bool by_course(struct routing *r, struct verdict *v)
{
	bool begun = r->turn->kind == TURN_TOOL_LOOP || r->turn->kind == TURN_CONTINUATION ||
		     r->turn->kind == TURN_EDIT || r->turn->kind == TURN_RECOVERY;

	if (!begun || r->course == NULL || r->course->turns == 0 || r->profile > ROUTE_BALANCED)
		return false;
	/* The model that was asked for may be what its task got; else that goes without saying. */
	if (r->course->target[0] == '\0' &&
		str_map_get(&r->x->config->route_use, STR("default")).p == NULL)
		return false;
	v->c = routing_current(r);
	v->by = "use";
	v->why = STR("the conversation keeps its model");
	return true;
}

/* Claude Code asks a model of that name for what runs in the background. */
static bool is_small_model(const struct routing *r)
{
	struct str name = r->x->chat.model;

	return r->plan.role == ROLE_MAIN_TURN && str_find(name, STR("haiku")) < name.n;
}

static bool by_class(struct routing *r, struct verdict *v)
{
	const struct config *c = r->x->config;
	bool aside = r->plan.role == ROLE_ASIDE || is_small_model(r);

	if (c->route_use.n == 0)
		return false;
	return (r->turn->images && use(r, "image", v)) ||
	       (r->turn->web_search && use(r, "web_search", v)) ||
	       (r->tokens >= c->route_long_context_tokens && use(r, "long_context", v)) ||
	       use(r, turn_kind_name(r->turn->kind), v) || (aside && use(r, "background", v)) ||
	       (r->turn->thinks && !aside && use(r, "think", v)) || by_size(r, v) ||
	       by_course(r, v) || use(r, "default", v);
}

/* ---- the plan ---- */

/* Whether it would be a change of the model that must not be made now. */
static bool must_stay(
	const struct routing *r, const struct candidate *to, struct candidate *current)
{
	*current = routing_current(r);
	/* Who has begun the loop is not known where no course is kept. */
	return r->course != NULL && !r->plan.switchable && !routing_same(r, current, to);
}

static void add(struct routing *r, const struct candidate *c)
{
	const struct plan *p = &r->x->plan;

	for (unsigned i = 0; i < p->n; i++)
		if (routing_same(r, &p->c[i], c))
			return;
	(void)!plan_add(r->x, c); /* a full plan has enough of them */
}

/* Behind the one chosen come those that were named with it, then the client's own choice. */
static void fill_plan(struct routing *r, const struct verdict *v)
{
	struct candidate c;

	add(r, &v->c);
	if (r->x->config->route_provider.n > 0 && exchange_is_read(r->x))
		return; /* forced: nobody else, come what may */
	for (size_t i = 0; i < v->nrest; i++)
		if (routing_candidate(r, &v->rest[i], &c) && has_key(r->x, c.provider))
			add(r, &c);
	if (!r->left_to_us && r->x->endpoint == ENDPOINT_MESSAGES &&
		!routing_same(r, &v->c, &r->asked) && has_key(r->x, r->asked.provider))
		add(r, &r->asked);
}

static bool force(struct routing *r, struct verdict *v)
{
	const struct config *c = r->x->config;
	const struct config_provider *p = config_provider(c, c->route_provider);

	if (c->route_provider.n == 0 || p == NULL || p == v->c.provider)
		return p != NULL;
	const struct flavor *f = candidate_flavor(p);
	const struct ladder *l = f->maker != NULL ? ladder_of(str_from(f->maker)) : NULL;
	const struct price *row = prices_find(r->x->svc->prices, routing_model(r, &v->c));
	/* A model that is made by somebody else is not there: the one of its rank takes its place. */
	bool has = f->maker == NULL || row == NULL || str_eq(row->provider, str_from(f->maker));
	struct model_entry e = { .provider = p->name,
		.model = has || l == NULL ? routing_model(r, &v->c)
					  : ladder_rung(l, quality_of(routing_model(r, &v->c))) };

	v->by = "forced";
	v->why = STR("route.provider");
	return routing_candidate(r, &e, &v->c);
}

/* False: it goes as asked, and nothing was weighed. */
static bool decide_freely(struct routing *r, struct verdict *v, struct decision *d)
{
	struct candidate current;

	d->profile = route_profiles[r->profile];
	d->kind = turn_kind_name(r->turn->kind);
	d->level = task_sizes[r->plan.size];
	if (by_script(r, v) || by_class(r, v)) {
		if (must_stay(r, &v->c, &current)) {
			v->c = current;
			v->nrest = 0;
			v->why = STR(PLANNER_HELD);
		}
		routing_note(r, &v->c);
		return true;
	}
	v->c = routing_by_profile(r, d);
	if (d->why.n == 0)
		return false;
	v->by = d->by;
	v->why = d->why;
	return true;
}

/* ---- whom the client means ---- */

/* The models that are ours to choose stand for the best there is, unless the configuration says otherwise. */
static bool resolve_own(struct routing *r, const struct name *name)
{
	struct exchange *x = r->x;
	struct model_entry e;

	if (!names_own_target(x, name->kind, &e))
		return err_set(&x->err, ERR_NOT_FOUND,
			"'%.*s' stands for no model: configure 'route.use.%s'",
			STR_ARG(x->chat.model), name->kind == NAME_FAST ? "fast" : "best");
	if (!routing_candidate(r, &e, &r->asked))
		return err_set(&x->err, ERR_NOT_FOUND, "no provider '%.*s' is configured",
			STR_ARG(e.provider));
	r->left_to_us = true;
	if (name->kind == NAME_AUTO && r->profile < ROUTE_SAVER)
		r->profile = ROUTE_SAVER;
	return true;
}

static bool find_home(struct routing *r, struct str model)
{
	struct exchange *x = r->x;
	struct candidate *c = &r->asked;

	*c = (struct candidate){ .dialect = x->dialect, .model = model };
	c->provider = config_provider(x->config, str_from(x->dialect->home));
	if (c->provider == NULL)
		return err_set(
			&x->err, ERR_NOT_FOUND, "no provider '%s' is configured", x->dialect->home);
	if (exchange_is_read(x))
		c->dialect = candidate_dialect(c->provider, x->dialect, routing_model(r, c));
	return true;
}

static void note_meant(struct routing *r)
{
	struct candidate *c = arena_alloc(r->x->arena, sizeof(*c));

	*c = r->asked;
	r->x->meant = c;
}

/* *ret_fixed: the name says who is to answer, and nothing else is looked at. */
static bool find_asked(struct routing *r, struct verdict *v, bool *ret_fixed)
{
	struct exchange *x = r->x;
	struct name name = { .kind = NAME_PLAIN };

	*ret_fixed = !exchange_is_read(x);
	if (*ret_fixed)
		return find_home(r, STR(""));
	if (!names_asked(x, &name))
		return false;
	if (!find_home(r, name.target.model))
		return false;
	v->by = name.why;
	v->why = str_from(name.why);
	*ret_fixed = name.fixed;
	if (name.kind == NAME_PLAIN)
		return true;
	*ret_fixed = name.kind != NAME_AUTO;
	if (name.kind != NAME_EXPLICIT)
		return resolve_own(r, &name);
	if (routing_candidate(r, &name.target, &r->asked)) {
		if (!str_eq(v->why, STR("models"))) /* an alias stands for what it is called */
			note_meant(r);
		return true;
	}
	return err_set(&x->err, ERR_NOT_FOUND, "no provider '%.*s' is configured",
		STR_ARG(name.target.provider));
}

/* ---- all of it ---- */

static enum route_profile profile_of(const struct config *c)
{
	for (unsigned i = 0; i < ROUTE_PROFILES; i++)
		if (str_eq(c->route_profile, str_from(route_profiles[i])))
			return (enum route_profile)i;
	return ROUTE_OBSERVE;
}

bool router_looks(const struct config *c)
{
	return profile_of(c) != ROUTE_OBSERVE || c->route_use.n > 0 || c->script != NULL;
}

bool router_decide(struct exchange *x)
{
	struct routing r = { .x = x, .profile = profile_of(x->config) };
	struct verdict v = { .by = "as asked", .why = STR("as asked") };
	struct decision *d = NULL;
	bool fixed;

	if (!find_asked(&r, &v, &fixed))
		return false;
	v.c = r.asked;
	if (!fixed && x->turn != NULL && (router_looks(x->config) || r.left_to_us)) {
		d = decision_new(x->arena, 0);
		routing_read(&r);
		if (!decide_freely(&r, &v, d))
			d = NULL; /* that sentence says it all */
	}
	if (x->config->route_provider.n > 0 && exchange_is_read(x) && !force(&r, &v))
		return false;
	x->plan.why = v.why.p; /* all of them end with a NUL */
	if (d != NULL) {
		d->by = v.by;
		d->why = v.why;
		x->decision = d;
	}
	if (!check_key(x, &v.c))
		return false;
	fill_plan(&r, &v);
	return true;
}
