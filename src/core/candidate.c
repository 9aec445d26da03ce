/* SPDX-License-Identifier: MIT */
/* All of it follows from configuration and tables anew each time: there is nothing to keep in step with them. */
#include "core/candidate.h"

#include "core/learned.h"
#include "core/models.h"
#include "llm/prompt_cache.h"
#include "wire/json_text.h"

/* ---- parameters ---- */

static bool is_cap(struct str name)
{
	return str_starts(name, STR(MODELS_CAPS));
}

static bool is_set(struct str params, struct str key)
{
	struct str name, value;

	while (models_next_param(&params, &name, &value))
		if (!is_cap(name) && json_key_is(key, name))
			return true;
	return false;
}

void candidate_set_params(struct buf *out, struct str body, struct str params)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	struct str name, value, rest = params;

	buf_add_char(out, '{');
	while (models_next_param(&rest, &name, &value)) {
		if (is_cap(name))
			continue;
		json_add_string(out, name);
		buf_add_char(out, ':');
		if (json_is_value(value))
			buf_add(out, value);
		else
			json_add_string(out, value);
		buf_add_char(out, ',');
	}
	if (json_iter_init(&it, body, &e))
		while (json_next(&it, &m, &e)) {
			if (is_set(params, m.key))
				continue;
			json_add_quoted(out, m.key);
			buf_add_char(out, ':');
			buf_add(out, m.value);
			buf_add_char(out, ',');
		}
	if (out->n > 0 && out->p[out->n - 1] == ',')
		out->n--;
	buf_add_char(out, '}');
}

/* ---- targets ---- */

struct str candidate_key(const struct exchange *x, const struct candidate *c)
{
	const struct config_provider *p = c->provider;
	bool home = str_eq(p->name, str_from(x->dialect->home));

	if (c->key != NULL)
		return c->key->secret;
	return p->api_key.n > 0 || home ? p->api_key : p->found_key;
}

const struct flavor *candidate_flavor(const struct config_provider *p)
{
	return flavor_by_name(p->flavor.n > 0 ? p->flavor : p->name);
}

/* A provider of OpenAI's dialect may serve Responses too: for those who speak it, and for models that do not do with less. */
const struct dialect *candidate_dialect(
	const struct config_provider *p, const struct dialect *client, struct str model)
{
	const struct dialect *own = dialect_by_name(p->dialect);
	const struct flavor *f = candidate_flavor(p);
	struct caps caps;

	if (own == NULL)
		return &dialect_openai; /* "chat", and nothing else */
	if (own != &dialect_openai || !f->responses || client == &dialect_openai)
		return own;
	if (client == &dialect_responses)
		return &dialect_responses;
	caps_of_model(&caps, f, model);
	return caps.tools_in_chat ? own : &dialect_responses;
}

void candidate_target(struct target *ret, const struct exchange *x, const struct candidate *c)
{
	struct str name, value, rest = c->params;

	*ret = (struct target){ .flavor = candidate_flavor(c->provider),
		.model = c->model.n > 0 ? c->model : x->chat.model,
		.default_max_tokens = (uint64_t)x->config->limits_output_tokens,
		.placeholders = str_eq(c->provider->unsupported, STR("placeholder")),
		.count = x->endpoint == ENDPOINT_COUNT };
	caps_of_model(&ret->caps, ret->flavor, ret->model);
	learned_apply(x->svc->learned, c->provider->name, ret->model, &ret->caps);
	while (models_next_param(&rest, &name, &value))
		if (is_cap(name))
			/* The configuration was checked when it was loaded. */
			(void)!caps_set(
				&ret->caps, str_from_offset(name, sizeof(MODELS_CAPS) - 1), value);
}

/* ---- thinking ---- */

/* With `override.model` the whole conversation is that model's, as if the client had named it. */
static struct str model_asked(const struct exchange *x)
{
	return x->config->override_model.n > 0 ? x->config->override_model : x->chat.model;
}

struct str candidate_model(const struct exchange *x, const struct candidate *c)
{
	return prices_canonical(x->svc->prices, c->model.n > 0 ? c->model : x->chat.model);
}

bool candidate_rerouted(const struct exchange *x, const struct candidate *c)
{
	return c->model.n > 0 && !str_eq(c->model, model_asked(x)) &&
	       !str_eq(candidate_model(x, c), prices_canonical(x->svc->prices, model_asked(x)));
}

bool candidate_asked_thinks(const struct exchange *x)
{
	struct caps caps;

	caps_of_model(&caps, flavor_by_name(str_from(x->dialect->home)), model_asked(x));
	return caps.thinking == THINKING_ALWAYS || caps.between_tools;
}

/* With a budget the thinking of an open loop must come back. */
static bool has_budget(const struct exchange *x, const struct candidate *c)
{
	struct str name, value, rest = c->params;
	bool manual = x->chat.outline.facts.thinking_manual;

	while (models_next_param(&rest, &name, &value))
		if (str_eq(name, STR("thinking")))
			manual = str_eq(json_get(value, STR("type")), STR("\"enabled\""));
	return manual;
}

void candidate_thinking(
	struct thinking_rules *ret, const struct exchange *x, const struct candidate *c)
{
	const struct outline *o = &x->chat.outline;

	*ret = (struct thinking_rules){ .model = candidate_model(x, c),
		.rerouted = candidate_rerouted(x, c),
		.wanted = candidate_flavor(c->provider)->echo == ECHO_TEXT };
	ret->drop_all = ret->rerouted && o->whole && !o->keeps_thinking && !has_budget(x, c) &&
			cache_rules_of(ret->model).may_strip;
}
