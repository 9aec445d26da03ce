/* SPDX-License-Identifier: MIT */
/* Who is to answer: the provider of the client's dialect, with the model that was asked for or the one that the
 * configuration puts in its place. */
#include "stages/stages.h"

enum step stage_route(struct exchange *x)
{
	struct candidate c = { .dialect = x->dialect };

	if (x->endpoint == ENDPOINT_UNKNOWN) {
		err_set(&x->err, ERR_NOT_FOUND, "no provider can be named for '%.*s'",
			STR_ARG(x->head->path));
		return STEP_FAIL;
	}
	c.provider = config_provider(x->config, str_from(x->dialect->name));
	if (c.provider == NULL) {
		err_set(&x->err, ERR_NOT_FOUND, "no provider '%s' is configured", x->dialect->name);
		return STEP_FAIL;
	}
	if (x->auth_header != NULL && !str_eq(str_from(x->auth_header), STR("x-sluice-key")) &&
		c.provider->api_key.n == 0) {
		err_set(&x->err, ERR_AUTH,
			"provider '%s' has no key here: configure one, or send the proxy's key as x-sluice-key",
			x->dialect->name);
		return STEP_FAIL;
	}
	if (x->endpoint == ENDPOINT_MESSAGES || x->endpoint == ENDPOINT_COUNT)
		c.model = x->config->override_model;
	x->plan.why = c.model.n > 0 ? "override.model" : "as asked";
	if (!plan_add(&x->plan, &c))
		assert(!"an empty plan takes a candidate");
	return STEP_NEXT;
}
