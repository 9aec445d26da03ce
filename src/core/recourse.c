/* SPDX-License-Identifier: MIT */
/* Puts together what a decision needs from plan, configuration, breakers, keys and prices, and does what was decided. */
#include "core/recourse.h"

#include "base/clock.h"
#include "core/breaker.h"
#include "core/candidate.h"
#include "core/decision.h"
#include "core/keyring.h"
#include "core/models.h"
#include "core/prefix.h"
#include "core/provider.h"
#include "wire/hash.h"

#include <string.h>

/* However they are made up, of one exchange. */
enum { ATTEMPTS_MAX = 24 };

static uint64_t now_ms(const struct exchange *x)
{
	return loop_now_ms(x->svc->loop);
}

static const struct candidate *present(const struct exchange *x)
{
	return &x->plan.c[x->plan.at];
}

static struct str model_of(const struct exchange *x, const struct candidate *c)
{
	return c->model.n > 0 ? c->model : x->chat.model;
}

static bool is_home(const struct exchange *x, const struct config_provider *p)
{
	return str_eq(p->name, str_from(x->dialect->home));
}

/* Whose limits they are: the client's, where it is asked with its key. */
static uint64_t account_of(const struct exchange *x, const struct candidate *c)
{
	static const struct str names[] = { STR_INIT("x-api-key"), STR_INIT("authorization"),
		STR_INIT("x-goog-api-key") };

	if (c->provider->api_key.n > 0 || !is_home(x, c->provider))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct str value = http_get(x->head, names[i]);
		if (value.n > 0)
			return hash_fast(value, 1);
	}
	return 0;
}

static struct breaker_name breaker_of(const struct exchange *x, const struct candidate *c)
{
	return (struct breaker_name){ c->provider->name, model_of(x, c), account_of(x, c) };
}

static struct keyring_time time_of(const struct exchange *x)
{
	return (struct keyring_time){ now_ms(x), clock_wall_ms() };
}

/* ---- the plan ---- */

/* Google's APIs take it in the query too. */
static bool shows_key(const struct exchange *x)
{
	static const struct str names[] = { STR_INIT("x-api-key"), STR_INIT("authorization"),
		STR_INIT("x-goog-api-key"), STR_INIT("api-key") };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (http_get(x->head, names[i]).n > 0)
			return true;
	return str_find(x->head->query, STR("key=")) < x->head->query.n ||
	       str_find(x->head->query, STR("access_token=")) < x->head->query.n;
}

/* A client's own key is there for the provider that it means, unless it is ours that it has shown. */
static bool has_key(const struct exchange *x, const struct config_provider *p)
{
	enum provider_key k = provider_key(p);

	if (is_home(x, p) && p->api_key.n == 0) {
		if (x->auth_header != NULL &&
			!str_eq(str_from(x->auth_header), STR("x-sluice-key")))
			return false;
		return k == PROVIDER_KEY_HEADERS || k == PROVIDER_KEY_UNNEEDED || shows_key(x);
	}
	return k != PROVIDER_KEY_CLIENT && k != PROVIDER_KEY_MISSING;
}

/* Other models of the one who was chosen are asked in the same way. */
static bool is_open_to_us(const struct exchange *x, const struct config_provider *p)
{
	return p == present(x)->provider || has_key(x, p);
}

/* Nobody is asked without a key but the one who was chosen: its refusal would be all that the client hears of the others' failures. */
static void drop_keyless(struct exchange *x)
{
	struct plan *p = &x->plan;
	unsigned n = p->at + 1;

	for (unsigned i = n; i < p->n; i++)
		if (is_open_to_us(x, p->c[i].provider))
			p->c[n++] = p->c[i];
	p->n = n;
}

static bool in_plan(const struct exchange *x, const struct candidate *c)
{
	for (unsigned i = 0; i < x->plan.n; i++)
		if (x->plan.c[i].provider == c->provider &&
			str_eq(model_of(x, &x->plan.c[i]), model_of(x, c)))
			return true;
	return false;
}

/* False when there is no room. */
static bool add_fallback(struct exchange *x, struct str value)
{
	struct model_entry entry;
	struct err e = { 0 };

	if (!models_parse(value, &entry, &e))
		return true; /* refused when the configuration was loaded */
	struct candidate c = { .provider = config_provider(x->config, entry.provider),
		.model = entry.model,
		.params = entry.params };
	if (c.provider == NULL || !is_open_to_us(x, c.provider))
		return true;
	if (str_eq(c.model, STR("*")))
		c.model = x->chat.model;
	c.dialect = candidate_dialect(c.provider, x->dialect, c.model);
	return in_plan(x, &c) || plan_add(x, &c);
}

static void extend(struct exchange *x)
{
	const struct str_list *list = &x->config->route_fallbacks;

	if (x->endpoint != ENDPOINT_MESSAGES || x->config->route_provider.n > 0)
		return;
	for (size_t i = 0; i < list->n; i++)
		if (!add_fallback(x, list->v[i]))
			return;
}

static int64_t window_of(const struct exchange *x, const struct candidate *c)
{
	const struct price *p = prices_find(x->svc->prices, model_of(x, c));

	return p != NULL ? p->context_tokens : -1;
}

/* Whether that is what the client named, and not what was chosen in its place. */
static bool is_asked(const struct exchange *x, const struct candidate *c)
{
	if (x->meant != NULL)
		return c->provider == x->meant->provider &&
		       str_eq(candidate_model(x, c), candidate_model(x, x->meant));
	return is_home(x, c->provider) && !candidate_rerouted(x, c);
}

/* All of the plan, as the decision sees it. */
static size_t list_options(const struct exchange *x, struct failover_option ret[PLAN_MAX])
{
	for (unsigned i = 0; i < x->plan.n; i++) {
		const struct candidate *c = &x->plan.c[i];
		const struct breaker_name name = breaker_of(x, c);
		ret[i] = (struct failover_option){
			.done = i == x->plan.at || (x->tries.done >> i & 1) != 0,
			.shut = !breaker_lets(x->svc->breakers, &name, now_ms(x)),
			.elsewhere = c->provider != present(x)->provider,
			.asked = is_asked(x, c),
			.context_tokens = window_of(x, c),
		};
	}
	return x->plan.n;
}

/* Why it is not answered by whom it was meant for. */
static void explain(struct exchange *x, const char *what)
{
	const struct candidate *c = present(x);

	if (x->decision == NULL)
		x->decision = decision_new(x->arena, 0);
	x->decision->by = x->plan.why = "failover";
	x->decision->why = arena_printf(x->arena, "%.*s/%.*s %s", STR_ARG(c->provider->name),
		STR_ARG(model_of(x, c)), what);
}

void recourse_begin(struct exchange *x)
{
	struct failover_option options[PLAN_MAX];

	if (!exchange_is_read(x))
		return;
	drop_keyless(x);
	extend(x);
	if (x->plan.n < 2)
		return;
	size_t n = list_options(x, options);
	options[x->plan.at].done = false;
	size_t first = failover_first(options, n);
	if (first != x->plan.at) {
		explain(x, "has failed again and again, and is left alone for a while");
		x->plan.at = (unsigned)first;
		prefix_foresee(x);
	}
}

/* ---- attempts ---- */

static struct keyring_ask key_wanted(const struct exchange *x, const struct candidate *c)
{
	return (struct keyring_ask){ c->provider, x->conversation, x->tries.keys };
}

void recourse_choose_key(struct exchange *x)
{
	struct candidate *c = &x->plan.c[x->plan.at];
	const struct keyring_ask ask = key_wanted(x, c);
	const struct keyring_time now = time_of(x);

	if (c->provider->nkeys > 0)
		c->key = keyring_choose(x->svc->keyring, &ask, &now);
}

void recourse_asked(struct exchange *x)
{
	const struct breaker_name name = breaker_of(x, present(x));

	if (exchange_is_read(x))
		(void)breaker_ask(x->svc->breakers, &name, now_ms(x));
}

static bool may_go_on(const struct exchange *x)
{
	return exchange_is_read(x) && x->attempts < ATTEMPTS_MAX &&
	       now_ms(x) - x->tries.begin_ms <= x->config->failover_deadline_ms;
}

size_t recourse_others(const struct exchange *x)
{
	size_t n = 0;

	if (!may_go_on(x))
		return 0;
	for (unsigned i = 0; i < x->plan.n; i++)
		n += i != x->plan.at && (x->tries.done >> i & 1) == 0;
	return n;
}

/* With others in the plan, or when it is wanted so, failures are ours to get over; else clients do that by themselves. */
static bool is_ours(const struct exchange *x)
{
	return x->plan.n > 1 || x->config->failover_alone;
}

/* A key that is neither the one in use nor has failed. */
static bool has_other_key(const struct exchange *x)
{
	const struct candidate *c = present(x);
	struct keyring_ask ask = key_wanted(x, c);

	if (c->key == NULL)
		return false;
	ask.failed |= UINT64_C(1) << (c->key - c->provider->key_list);
	return keyring_has_other(x->svc->keyring, &ask, now_ms(x));
}

bool recourse_has(const struct exchange *x)
{
	if (!may_go_on(x))
		return false;
	return recourse_others(x) > 0 || has_other_key(x) ||
	       (is_ours(x) && x->tries.retries < (unsigned)x->config->failover_retries);
}

void recourse_head(
	struct exchange *x, const struct outcome *o, const struct http_header *h, size_t n)
{
	const struct keyring_key k = { o->candidate.provider, o->candidate.key };
	const struct keyring_time now = time_of(x);

	if (k.key == NULL)
		return;
	keyring_limits(x->svc->keyring, &k, h, n, now.wall_ms);
	keyring_note(x->svc->keyring, &k, o->status, rate_retry_after(h, n, now.wall_ms), &now);
}

void recourse_answers(struct exchange *x, const struct outcome *o)
{
	const struct breaker_name name = breaker_of(x, &o->candidate);

	if (exchange_is_read(x))
		breaker_good(x->svc->breakers, &name, now_ms(x));
}

/* What a failure tells of its provider: that it fails, that it is there, or nothing. */
enum verdict { V_FAILS, V_WORKS, V_OPEN };

static enum verdict verdict_of(const struct outcome *o, const struct failover_failure *f)
{
	/* A pooled connection that was dead tells nothing of who was behind it. */
	if (o->what != NULL && (strcmp(o->what, "cancelled") == 0 || strcmp(o->what, "stale") == 0))
		return V_OPEN;
	switch (f != NULL ? f->kind : ERR_NONE) {
	case ERR_RATE: /* of several keys one has had enough */
		return o->candidate.provider->nkeys > 1 ? V_OPEN : V_FAILS;
	case ERR_OVERLOADED:
	case ERR_API:
	case ERR_UPSTREAM:
	case ERR_TIMEOUT:
		return V_FAILS;
	case ERR_NONE:
	case ERR_INVALID:
	case ERR_CONTEXT:
	case ERR_TOO_LARGE:
		return V_WORKS;
	default:
		return V_OPEN;
	}
}

void recourse_ended(struct exchange *x, const struct outcome *o, const struct failover_failure *f)
{
	const struct config *c = x->config;
	const struct breaker_name name = breaker_of(x, &o->candidate);
	const struct breaker_limits limits = { (unsigned)c->failover_failures, c->failover_open_ms,
		c->failover_open_max_ms };

	if (!exchange_is_read(x))
		return;
	switch (verdict_of(o, f)) {
	case V_FAILS:
		breaker_bad(x->svc->breakers, &name, &limits, f->retry_after_ms, now_ms(x));
		break;
	case V_WORKS:
		breaker_good(x->svc->breakers, &name, now_ms(x));
		break;
	case V_OPEN:
		breaker_left(x->svc->breakers, &name);
		break;
	}
}

/* ---- the next ---- */

/* From the exchange's id, which differs for each. */
static uint32_t chance(const struct exchange *x)
{
	return (uint32_t)hash_fast(str_from(x->id), x->attempts);
}

static void go_to(struct exchange *x, size_t option, const char *why)
{
	explain(x, why);
	x->tries.done |= UINT32_C(1) << x->plan.at;
	x->tries.retries = 0;
	x->tries.keys = 0;
	x->stale = false;
	x->plan.at = (unsigned)option;
	prefix_foresee(x);
}

static void do_it(struct exchange *x, const struct failover_decision *d, const char *why)
{
	const struct candidate *c = present(x);

	x->tries.wait_ms = d->wait_ms;
	if (d->what == FAILOVER_AGAIN)
		x->tries.retries++;
	else if (d->what == FAILOVER_KEY)
		x->tries.keys |= UINT64_C(1) << (c->key - c->provider->key_list);
	else
		go_to(x, d->option, why);
}

static bool decide(struct exchange *x, const struct failover_failure *f, const char *why)
{
	const struct config *c = x->config;
	struct failover_option options[PLAN_MAX];
	const struct breaker_name name = breaker_of(x, present(x));
	const struct failover_limits limits = { (unsigned)c->failover_retries,
		c->failover_retry_after_ms, c->failover_deadline_ms, is_ours(x) };
	const struct failover_left left = {
		.used_ms = now_ms(x) - x->tries.begin_ms,
		.retries = x->tries.retries,
		.other_key = has_other_key(x),
		.shut = !breaker_lets(x->svc->breakers, &name, now_ms(x)),
		.context_tokens = window_of(x, present(x)),
		.options = options,
		.noptions = list_options(x, options),
		.random = chance(x),
	};

	const struct failover_decision d = failover_decide(f, &left, &limits);
	if (d.what == FAILOVER_GIVE_UP)
		return false;
	do_it(x, &d, why);
	return true;
}

bool recourse_take(struct exchange *x, const struct failover_failure *f)
{
	struct str why;

	if (!may_go_on(x))
		return false;
	why = arena_printf(x->arena, "has failed: %s",
		f->silent ? "no content for too long" : err_anthropic_type(f->kind));
	return decide(x, f, why.p);
}

bool recourse_skip(struct exchange *x)
{
	const struct failover_failure f = { .kind = ERR_NOT_FOUND, .retry_after_ms = -1 };

	return may_go_on(x) && decide(x, &f, "cannot be asked that");
}
