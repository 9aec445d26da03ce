/* SPDX-License-Identifier: MIT */
/* Follows from the configuration and the tables of flavors and prices; nothing is asked. */
#include "core/provider.h"

#include "core/candidate.h"
#include "wire/http.h"

static struct str authority_of(struct str url)
{
	size_t scheme = str_find(url, STR("://"));
	struct str rest = str_from_offset(url, scheme < url.n ? scheme + 3 : 0);

	return (struct str){ rest.p, str_find_char(rest, '/') };
}

bool provider_is_local(const struct config_provider *p)
{
	struct str host;
	unsigned port;

	return http_split_host(authority_of(p->base_url), &host, &port) && http_is_loopback(host);
}

/* Whatever it speaks itself: its clients' keys go to it all the same. */
static bool is_home(const struct config_provider *p)
{
	static const struct dialect *const clients[] = { &dialect_anthropic, &dialect_openai,
		&dialect_responses, &dialect_gemini };

	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		if (str_eq(p->name, str_from(clients[i]->home)))
			return true;
	return false;
}

enum provider_key provider_key(const struct config_provider *p)
{
	if (p->api_key.n > 0)
		return PROVIDER_KEY_SET;
	if (p->found_key.n > 0)
		return PROVIDER_KEY_FOUND;
	if (p->headers.n > 0)
		return PROVIDER_KEY_HEADERS;
	if (provider_is_local(p))
		return PROVIDER_KEY_UNNEEDED;
	return is_home(p) ? PROVIDER_KEY_CLIENT : PROVIDER_KEY_MISSING;
}

const char *provider_key_name(enum provider_key k)
{
	static const char *const names[PROVIDER_KEYS] = {
		[PROVIDER_KEY_SET] = "configured",
		[PROVIDER_KEY_FOUND] = "found",
		[PROVIDER_KEY_HEADERS] = "headers",
		[PROVIDER_KEY_UNNEEDED] = "unneeded",
		[PROVIDER_KEY_CLIENT] = "client",
		[PROVIDER_KEY_MISSING] = "missing",
	};

	return names[k];
}

/* A row may stand for all names that begin so. */
static bool is_name(struct str model)
{
	return model.n > 0 && !str_ends(model, STR("-"));
}

const struct price *provider_next_model(
	const struct config_provider *p, const struct prices *t, size_t *at)
{
	const char *maker = candidate_flavor(p)->maker;

	for (; maker != NULL && *at < t->n; ++*at)
		if (str_eq(t->rows[*at].provider, str_from(maker)) && is_name(t->rows[*at].model))
			return &t->rows[(*at)++];
	return NULL;
}
