/* SPDX-License-Identifier: MIT */
/* Who is to answer: what the name table says of the model that is asked for, else the provider that the client means. The model is
 * the client's, or the one that the configuration puts in its place. */
#include "core/candidate.h"
#include "core/models.h"
#include "core/provider.h"
#include "stages/stages.h"

/* Nobody but its own clients could bring one. */
static bool needs_key(const struct config_provider *p)
{
	enum provider_key k = provider_key(p);

	return k == PROVIDER_KEY_CLIENT || k == PROVIDER_KEY_MISSING;
}

/* By the name table; false: it does not know this model. */
static bool find_entry(struct exchange *x, struct candidate *c)
{
	struct model_entry entry;

	if (!exchange_is_read(x) || x->config->models.n == 0 ||
		!models_find(x->config, c->model.n > 0 ? c->model : x->chat.model, &entry))
		return false;
	c->provider = config_provider(x->config, entry.provider);
	if (c->provider == NULL)
		return false; /* refused when the configuration was loaded */
	c->model = entry.model;
	c->params = entry.params;
	c->dialect = candidate_dialect(c->provider, x->dialect, entry.model);
	x->plan.why = "models";
	return true;
}

static bool find_home(struct exchange *x, struct candidate *c)
{
	c->dialect = x->dialect;
	c->provider = config_provider(x->config, str_from(x->dialect->home));
	if (c->provider == NULL)
		return err_set(
			&x->err, ERR_NOT_FOUND, "no provider '%s' is configured", x->dialect->home);
	if (exchange_is_read(x))
		c->dialect = candidate_dialect(
			c->provider, x->dialect, c->model.n > 0 ? c->model : x->chat.model);
	return true;
}

/* What the client has shown us as our own key is not there for the provider. */
static bool check_key(struct exchange *x, const struct candidate *c)
{
	const struct config_provider *p = c->provider;
	bool home = str_eq(p->name, str_from(x->dialect->home));

	if (home && x->auth_header != NULL &&
		!str_eq(str_from(x->auth_header), STR("x-sluice-key")) && p->api_key.n == 0)
		return err_set(&x->err, ERR_AUTH,
			"provider '%.*s' has no key here: configure one, or send the proxy's key as x-sluice-key",
			STR_ARG(p->name));
	if (!home && needs_key(p))
		return err_set(&x->err, ERR_AUTH,
			"provider '%.*s' has no key here: configure 'providers.%.*s.api_key'",
			STR_ARG(p->name), STR_ARG(p->name));
	return true;
}

enum step stage_route(struct exchange *x)
{
	struct candidate c = { .dialect = x->dialect };

	if (x->endpoint == ENDPOINT_UNKNOWN) {
		err_set(&x->err, ERR_NOT_FOUND, "no provider can be named for '%.*s'",
			STR_ARG(x->head->path));
		return STEP_FAIL;
	}
	if (exchange_is_read(x))
		c.model = x->config->override_model;
	x->plan.why = c.model.n > 0 ? "override.model" : "as asked";
	if ((!find_entry(x, &c) && !find_home(x, &c)) || !check_key(x, &c))
		return STEP_FAIL;
	if (!plan_add(&x->plan, &c))
		assert(!"an empty plan takes a candidate");
	return STEP_NEXT;
}
