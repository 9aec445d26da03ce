/* SPDX-License-Identifier: MIT */
/* What one value alone cannot tell: addresses, URLs and headers, and settings that need one another.
 * Works on the values of all layers together. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/config_load.h"
#include "core/models.h"
#include "llm/target.h"
#include "wire/http.h"

static bool is_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

static bool is_port(struct str s, uint64_t lowest)
{
	uint64_t port;

	return is_digits(s) && s.n <= 5 && str_to_u64(s, &port) && port >= lowest && port <= 65535;
}

static bool is_hostname(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '-' && c != '.' && c != '_')
			return false;
	}
	return s.n > 0 && s.n <= 255;
}

/* Splits "host:port", "[::1]:port" or, when a port is not needed, "host". False when it is none. */
static bool split_host(struct str s, struct str *ret_host, struct str *ret_port)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;
	size_t at;

	if (s.n > 0 && s.p[0] == '[') {
		at = str_find_char(s, ']');
		if (at == s.n || at - 1 >= sizeof(text))
			return false;
		*ret_host = (struct str){ s.p + 1, at - 1 };
		snprintf(text, sizeof(text), "%.*s", STR_ARG(*ret_host));
		if (inet_pton(AF_INET6, text, &six) != 1)
			return false;
		s = str_from_offset(s, at + 1);
		*ret_port = s;
		if (s.n > 0 && s.p[0] != ':')
			return false;
	} else {
		at = str_find_char(s, ':');
		*ret_host = (struct str){ s.p, at };
		*ret_port = str_from_offset(s, at);
		if (!is_hostname(*ret_host))
			return false;
	}
	if (ret_port->n > 0)
		*ret_port = str_from_offset(*ret_port, 1);
	else
		*ret_port = (struct str){ NULL, 0 };
	return true;
}

static void check_listen(struct config_loading *l)
{
	const struct config *c = l->config;
	const struct config_origin *at = &l->report->origins[CONFIG_ROW_listen];
	bool keyed = c->auth_key.n > 0 || c->auth_key_env.n > 0 || c->auth_key_file.n > 0;
	struct str host, port;

	if (c->listen.n == 0)
		config_complain(l, CONFIG_ERROR, at, "\"listen\" needs at least one address");
	for (size_t i = 0; i < c->listen.n; i++) {
		struct setting_quote address = setting_quote(c->listen.v[i]);
		if (!split_host(c->listen.v[i], &host, &port) || !is_port(port, 0))
			config_complain(l, CONFIG_ERROR, at,
				"\"listen\" must hold addresses like localhost:7780 or "
				"[::1]:7780, not \"%s\"",
				address.s);
		else if (!http_is_loopback(host) && !keyed)
			config_complain(l, CONFIG_ERROR, at,
				"\"listen\": anybody who reaches \"%s\" could use your keys, so "
				"\"auth.key\" must be set",
				address.s);
	}
}

static void check_hosts(struct config_loading *l)
{
	const struct config *c = l->config;
	struct str host, port;

	for (size_t i = 0; i < c->auth_hosts.n; i++)
		if (!split_host(c->auth_hosts.v[i], &host, &port) ||
			(port.p != NULL && !is_port(port, 1)))
			config_complain(l, CONFIG_ERROR, &l->report->origins[CONFIG_ROW_auth_hosts],
				"\"auth.hosts\" must hold names like proxy.example.com, not \"%s\"",
				setting_quote(c->auth_hosts.v[i]).s);
	for (size_t i = 0; i < c->auth_origins.n; i++) {
		struct str origin = c->auth_origins.v[i];
		size_t at = str_find(origin, STR("://"));
		if (at == 0 || at == origin.n ||
			!split_host(str_from_offset(origin, at + 3), &host, &port) ||
			(port.p != NULL && !is_port(port, 1)))
			config_complain(l, CONFIG_ERROR,
				&l->report->origins[CONFIG_ROW_auth_origins],
				"\"auth.origins\" must hold origins like https://app.example.com, "
				"not \"%s\"",
				setting_quote(origin).s);
	}
}

/* What is wrong with a base URL; NULL: nothing. */
static const char *url_problem(struct str url)
{
	struct str host, port,
		scheme = str_starts_nocase(url, STR("http://")) ? STR("http://") : STR("https://");

	if (!str_starts_nocase(url, scheme))
		return "must begin with http:// or https://";
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || url.p[i] > '~' || strchr("\"<>\\^`{|}", url.p[i]) != NULL)
			return "holds a character that no URL has";
	if (str_find_char(url, '?') < url.n || str_find_char(url, '#') < url.n)
		return "must end with its path, without ? and #";
	url = str_from_offset(url, scheme.n);
	url.n = str_find_char(url, '/');
	if (str_find_char(url, '@') < url.n)
		return "must not hold a user or password: a key belongs into \"api_key\"";
	if (!split_host(url, &host, &port) || (port.p != NULL && !is_port(port, 1)))
		return "must name a host, and perhaps a port";
	return NULL;
}

static bool drop_end(struct str *url, struct str end)
{
	if (!str_ends(*url, end))
		return false;
	url->n -= end.n;
	return true;
}

static void check_base_url(
	struct config_loading *l, struct config_provider *p, const struct config_origin *at)
{
	const char *problem = url_problem(p->base_url);
	struct str url = p->base_url, path;

	if (problem != NULL) {
		config_complain(l, CONFIG_ERROR, at, "\"providers.%.*s.base_url\" %s",
			STR_ARG(p->name), problem);
		return;
	}
	/* A host may be called "v1". */
	size_t host = str_find(url, STR("://")) + 3;
	path = str_from_offset(url, host);
	path = str_from_offset(path, str_find_char(path, '/'));
	while (drop_end(&path, STR("/")))
		;
	if (drop_end(&path, STR("/v1")) || drop_end(&path, STR("/v1beta")))
		config_complain(l, CONFIG_NOTE, at,
			"\"providers.%.*s.base_url\" is used without its version, which is part of "
			"each request's path",
			STR_ARG(p->name));
	while (drop_end(&path, STR("/")))
		;
	url.n = (size_t)(path.p - url.p) + path.n;
	if (url.n < p->base_url.n)
		p->base_url = arena_dup(l->config->arena, url);
}

static void check_proxy(
	struct config_loading *l, const struct config_provider *p, const struct config_origin *at)
{
	struct str url = p->proxy, host, port;
	size_t end = str_find(url, STR("://"));
	bool ok = end == url.n || str_starts_nocase(url, STR("http://")) ||
		  str_starts_nocase(url, STR("https://"));

	if (end < url.n)
		url = str_from_offset(url, end + 3);
	drop_end(&url, STR("/"));
	for (size_t i = url.n; i > 0; i--) {
		if (url.p[i - 1] == '@') {
			url = str_from_offset(url, i);
			break;
		}
	}
	if (!ok || !split_host(url, &host, &port) || (port.p != NULL && !is_port(port, 1)))
		config_complain(l, CONFIG_ERROR, at,
			"\"providers.%.*s.proxy\" must be like http://proxy.example.com:3128",
			STR_ARG(p->name));
}

/* The token characters of RFC 9110 section 5.6.2. */
static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\"(),/:;<=>?@[\\]{}", s.p[i]) != NULL)
			return false;
	return s.n > 0;
}

static void check_headers(
	struct config_loading *l, const struct config_provider *p, const struct config_origin *at)
{
	static const char *const ours[] = { "host", "connection", "content-length",
		"transfer-encoding", "upgrade", "expect", "te", "trailer", "keep-alive" };

	for (size_t i = 0; i < p->headers.n; i++) {
		struct str name = p->headers.v[i].name;
		bool refused = false;
		for (size_t k = 0; k < ARRAY_LEN(ours); k++)
			refused = refused || str_eq_nocase(name, str_from(ours[k]));
		if (refused || !is_token(name))
			config_complain(l, CONFIG_ERROR, at,
				"\"providers.%.*s.headers\": \"%s\" %s", STR_ARG(p->name),
				setting_quote(name).s,
				refused ? "is not for a configuration to set"
					: "is not the name of a header");
	}
}

/* A provider that is not a preset says itself what it is. */
static void check_complete(struct config_loading *l, const struct config_provider *p,
	const struct config_provider_origins *origins)
{
	bool dialect = origins->v[CONFIG_PROVIDER_ROW_dialect].layer != CONFIG_DEFAULT;
	bool base_url = origins->v[CONFIG_PROVIDER_ROW_base_url].layer != CONFIG_DEFAULT;
	struct setting_guess g = { 0 };

	if (dialect && base_url)
		return;
	for (size_t i = 0; i < l->config->nproviders; i++)
		if (l->report->providers[i].first.layer == CONFIG_PRESET)
			setting_guess(&g, p->name, l->config->providers[i].name);
	config_complain(l, CONFIG_ERROR, &origins->first,
		"provider \"%.*s\" is not built in and needs %s%s%s%s%.*s%s", STR_ARG(p->name),
		dialect ? "" : "\"dialect\"", dialect || base_url ? "" : " and ",
		base_url ? "" : "\"base_url\"", g.word.n > 0 ? ", did you mean \"" : "",
		STR_ARG(g.word), g.word.n > 0 ? "\"?" : "");
}

static void check_flavor(
	struct config_loading *l, const struct config_provider *p, const struct config_origin *at)
{
	struct setting_guess g = { 0 };

	for (size_t i = 0; i < nflavors; i++) {
		if (str_eq(p->flavor, str_from(flavors[i].name)))
			return;
		setting_guess(&g, p->flavor, str_from(flavors[i].name));
	}
	config_complain(l, CONFIG_ERROR, at,
		"\"providers.%.*s.flavor\": there is no flavor \"%s\"%s%.*s%s", STR_ARG(p->name),
		setting_quote(p->flavor).s, g.word.n > 0 ? ", did you mean \"" : "",
		STR_ARG(g.word), g.word.n > 0 ? "\"?" : "");
}

static void check_provider(struct config_loading *l, size_t i)
{
	struct config_provider *p = &l->config->providers[i];
	struct config_provider_origins *origins = &l->report->providers[i];

	check_complete(l, p, origins);
	if (p->base_url.n > 0)
		check_base_url(l, p, &origins->v[CONFIG_PROVIDER_ROW_base_url]);
	if (p->proxy.n > 0)
		check_proxy(l, p, &origins->v[CONFIG_PROVIDER_ROW_proxy]);
	check_headers(l, p, &origins->v[CONFIG_PROVIDER_ROW_headers]);
	if (p->flavor.n > 0)
		check_flavor(l, p, &origins->v[CONFIG_PROVIDER_ROW_flavor]);
}

/* An entry that cannot be meant is better found now than by a request. */
static void check_target(struct config_loading *l, const struct config_origin *at, const char *path,
	struct str name, struct str value)
{
	struct setting_quote quoted = setting_quote(name);
	struct model_entry entry;
	struct err e = { 0 };

	if (!models_parse(value, &entry, &e))
		config_complain(l, CONFIG_ERROR, at, "\"%s%s\" %s", path, quoted.s, e.text);
	else if (config_provider(l->config, entry.provider) == NULL)
		config_complain(l, CONFIG_ERROR, at,
			"\"%s%s\" names the provider \"%s\", which is not configured", path,
			quoted.s, setting_quote(entry.provider).s);
}

static void check_models(struct config_loading *l)
{
	const struct config_origin *at = &l->report->origins[CONFIG_ROW_models];
	const struct str_map *models = &l->config->models;

	for (size_t i = 0; i < models->n; i++)
		check_target(l, at, "models.", models->v[i].name, models->v[i].value);
}

static void check_qualities(struct config_loading *l)
{
	const struct config_origin *at = &l->report->origins[CONFIG_ROW_route_quality];
	const struct str_map *map = &l->config->route_quality;
	uint64_t quality;

	for (size_t i = 0; i < map->n; i++)
		if (!str_to_u64(map->v[i].value, &quality) || quality > 100)
			config_complain(l, CONFIG_ERROR, at,
				"\"route.quality.%s\" must be a number from 0 to 100",
				setting_quote(map->v[i].name).s);
}

static void check_routes(struct config_loading *l)
{
	const struct config *c = l->config;
	const struct config_origin *use = &l->report->origins[CONFIG_ROW_route_use],
				   *list = &l->report->origins[CONFIG_ROW_route_fallbacks],
				   *forced = &l->report->origins[CONFIG_ROW_route_provider];

	for (size_t i = 0; i < c->route_use.n; i++) {
		const struct str_pair *one = &c->route_use.v[i];
		if (!models_is_class(one->name))
			config_complain(l, CONFIG_ERROR, use,
				"\"route.use.%s\": there is no such class of turns",
				setting_quote(one->name).s);
		else
			check_target(l, use, "route.use.", one->name, one->value);
	}
	for (size_t i = 0; i < c->route_fallbacks.n; i++)
		check_target(l, list, "route.fallbacks: ", c->route_fallbacks.v[i],
			c->route_fallbacks.v[i]);
	if (c->route_provider.n > 0 && config_provider(c, c->route_provider) == NULL)
		config_complain(l, CONFIG_ERROR, forced,
			"\"route.provider\" names the provider \"%s\", which is not configured",
			setting_quote(c->route_provider).s);
	check_qualities(l);
}

void config_check(struct config_loading *l)
{
	for (size_t i = 0; i < l->config->nproviders; i++)
		check_provider(l, i);
	config_read_keys(l);
	check_models(l);
	check_routes(l);
	config_check_rules(l);
	config_check_examples(l);
	check_listen(l);
	check_hosts(l);
}
