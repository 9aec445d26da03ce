/* SPDX-License-Identifier: MIT */
/* Who may come in. Host and Origin first: a browser can be made to send requests to loopback addresses by any page
 * that it shows (DNS rebinding, cross-site requests), with our keys at stake. */
#include "stages/stages.h"

/* An address as a number cannot be rebound by DNS. */
static bool is_ip_address(struct str host)
{
	bool digits = host.n > 0;

	for (size_t i = 0; i < host.n; i++)
		digits = digits && ((host.p[i] >= '0' && host.p[i] <= '9') || host.p[i] == '.');
	return digits || str_find_char(host, ':') < host.n;
}

static bool is_loopback(struct str host)
{
	return str_eq_nocase(host, STR("localhost")) || str_eq(host, STR("::1")) ||
	       (str_starts(host, STR("127.")) && is_ip_address(host));
}

static bool is_listed(const struct str_list *list, struct str value)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq_nocase(list->v[i], value))
			return true;
	return false;
}

static bool host_allowed(const struct exchange *x)
{
	struct str value = http_get(x->head, STR("host")), host;
	unsigned port;

	if (value.p == NULL) /* HTTP/1.0: no browser */
		return true;
	if (!http_split_host(value, &host, &port))
		return false;
	return x->config->auth_key.n > 0 || is_loopback(host) || is_ip_address(host) ||
	       is_listed(&x->config->auth_hosts, host) || is_listed(&x->config->auth_hosts, value);
}

static bool origin_allowed(const struct exchange *x)
{
	struct str value = http_get(x->head, STR("origin")), host;
	unsigned port;

	if (value.p == NULL || is_listed(&x->config->auth_origins, value))
		return true;
	size_t scheme = str_find(value, STR("://"));
	if (scheme == value.n)
		return false;
	return http_split_host(str_from_offset(value, scheme + 3), &host, &port) &&
	       is_loopback(host);
}

static struct str bearer(struct str value)
{
	return str_starts_nocase(value, STR("bearer ")) ? str_trim(str_from_offset(value, 7))
							: (struct str){ 0 };
}

/* Looks at every header that may hold the key, so that one with another key in it does no harm. */
static bool key_presented(struct exchange *x, struct str key)
{
	static const char *const headers[] = { "x-sluice-key", "x-api-key", "authorization" };

	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		struct str value = http_get(x->head, str_from(headers[i]));
		if (i == 2)
			value = bearer(value);
		if (value.n > 0 && str_eq_secret(key, value)) {
			x->auth_header = headers[i];
			return true;
		}
	}
	return false;
}

enum step stage_auth(struct exchange *x)
{
	if (!host_allowed(x)) {
		err_set(&x->err, ERR_PERMISSION,
			"host '%.*s' is not one of ours; allow it with auth.hosts",
			STR_ARG(http_get(x->head, STR("host"))));
		return STEP_FAIL;
	}
	if (!origin_allowed(x)) {
		err_set(&x->err, ERR_PERMISSION,
			"origin '%.*s' may not call; allow it with auth.origins",
			STR_ARG(http_get(x->head, STR("origin"))));
		return STEP_FAIL;
	}
	if (x->config->auth_key.n == 0 || (x->local != NULL && x->local->open))
		return STEP_NEXT;
	if (key_presented(x, x->config->auth_key))
		return STEP_NEXT;
	err_set(&x->err, ERR_AUTH,
		"this proxy wants its key in x-sluice-key, x-api-key or authorization: bearer");
	return STEP_FAIL;
}
