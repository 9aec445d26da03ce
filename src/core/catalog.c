/* SPDX-License-Identifier: MIT */
/* Made anew for each question: clients ask once, at their start. */
#include "core/catalog.h"

#include "core/names.h"
#include "core/provider.h"

#include <string.h>

bool catalog_is_told(const struct config *c)
{
	bool routes = c->models.n > 0 || c->route_use.n > 0 || c->route_rules.n > 0 ||
		      c->route_script.n > 0;

	return str_eq(c->list_models, STR("own")) ||
	       (str_eq(c->list_models, STR("auto")) && routes);
}

static bool is_pattern(struct str name)
{
	return str_find_char(name, '*') < name.n || str_find_char(name, '?') < name.n;
}

/* Whether the client has shown a key that is not ours: it is the provider's then. */
static bool brings_key(const struct exchange *x)
{
	static const char *const headers[] = { "authorization", "x-api-key", "x-goog-api-key" };

	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		bool ours = x->auth_header != NULL && strcmp(x->auth_header, headers[i]) == 0;
		if (!ours && http_get(x->head, str_from(headers[i])).n > 0)
			return true;
	}
	return false;
}

/* Whether a request of this client for that provider would not be refused for want of a key. */
static bool lets_in(const struct exchange *x, const struct config_provider *p)
{
	bool home = str_eq(p->name, str_from(x->dialect->home));

	switch (provider_key(p)) {
	case PROVIDER_KEY_FOUND: /* for other providers' clients */
		return !home || brings_key(x);
	case PROVIDER_KEY_CLIENT:
	case PROVIDER_KEY_MISSING:
		return home && brings_key(x);
	default:
		return true;
	}
}

/* Whom a name leads to: by what it means, else, if it is known to be one of its models, the provider that the client means. */
static bool find_target(const struct exchange *x, struct str name, const struct price *known,
	struct model_entry *ret)
{
	struct name n;

	names_find(x, name, &n);
	if (n.kind == NAME_PLAIN) {
		n.target.provider = str_from(x->dialect->home);
		n.target.model = name;
	}
	*ret = n.target;
	return n.kind == NAME_EXPLICIT || (n.kind == NAME_PLAIN && known != NULL) ||
	       (n.kind != NAME_PLAIN && names_own_target(x, n.kind, ret));
}

/* False: nobody would answer. */
static bool find_answerer(const struct exchange *x, struct str name, const struct price *known,
	struct listed_model *ret)
{
	struct model_entry target;

	if (!find_target(x, name, known, &target))
		return false;
	const struct config_provider *p = config_provider(x->config, target.provider);
	const struct price *price = prices_find(x->svc->prices, target.model);
	*ret = (struct listed_model){ .id = name,
		.owner = target.provider,
		.context_tokens = price != NULL ? price->context_tokens : -1,
		.output_tokens = price != NULL ? price->output_tokens : -1 };
	return p != NULL && lets_in(x, p);
}

/* The next known model of the provider that the client means; NULL behind the last. */
static const struct price *next_known(const struct exchange *x, size_t *at)
{
	const struct config_provider *p = config_provider(x->config, str_from(x->dialect->home));

	return p != NULL ? provider_next_model(p, x->svc->prices, at) : NULL;
}

static void add(const struct exchange *x, struct model_list *list, struct str name,
	const struct price *known)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i].id, name))
			return;
	list->n += find_answerer(x, name, known, &list->v[list->n]);
}

struct model_list catalog_list(struct exchange *x)
{
	const struct str_map *table = &x->config->models;
	static const enum name_kind own[] = { NAME_AUTO, NAME_FAST, NAME_BEST };
	const size_t room = table->n + ARRAY_LEN(own) + x->svc->prices->n + 1;
	struct model_list list = { .v = arena_alloc(x->arena, room * sizeof(*list.v)) };
	const struct price *known;

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		add(x, &list, names_own(x, own[i]), NULL);
	for (size_t i = 0; i < table->n; i++)
		if (!is_pattern(table->v[i].name))
			add(x, &list, table->v[i].name, NULL);
	for (size_t at = 0; (known = next_known(x, &at)) != NULL;)
		add(x, &list, known->model, known);
	return list;
}

bool catalog_find(struct exchange *x, struct str name, struct listed_model *ret)
{
	const struct price *known;
	size_t at = 0;

	do
		known = next_known(x, &at);
	while (known != NULL && !str_eq(known->model, name));
	return find_answerer(x, name, known, ret);
}
