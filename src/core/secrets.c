/* SPDX-License-Identifier: MIT */
/* Lists are made when they are needed, which is seldom. */
#include "core/secrets.h"

#include "base/redact.h"

static void add(struct str *list, size_t *n, struct str secret)
{
	if (secret.n > 0)
		list[(*n)++] = secret;
}

const struct str *secrets_of(const struct exchange *x, size_t *ret_n)
{
	const struct config *c = x->config;
	size_t keys = 0;

	for (size_t i = 0; i < c->nproviders; i++)
		keys += c->providers[i].nkeys;
	struct str *list = arena_alloc(x->arena, (2 * c->nproviders + keys + 1) * sizeof(*list));
	*ret_n = 0;
	add(list, ret_n, c->auth_key);
	for (size_t i = 0; i < c->nproviders; i++) {
		add(list, ret_n, c->providers[i].api_key);
		add(list, ret_n, c->providers[i].found_key);
		for (size_t k = 0; k < c->providers[i].nkeys; k++)
			add(list, ret_n, c->providers[i].key_list[k].secret);
	}
	return list;
}

struct str secrets_masked(const struct exchange *x, struct str text)
{
	struct buf clean;
	size_t n;

	if (text.n == 0)
		return text;
	const struct str *list = secrets_of(x, &n);
	buf_init(&clean, SIZE_MAX);
	redact(&clean, text, list, n);
	text = arena_dup(x->arena, buf_str(&clean));
	buf_release(&clean);
	return text;
}

bool secrets_names_one(struct str header)
{
	static const char *const parts[] = { "auth", "key", "token", "secret", "cookie",
		"password" };
	char lower[128];

	if (header.n >= sizeof(lower))
		return true;
	for (size_t i = 0; i < header.n; i++)
		lower[i] = header.p[i] >= 'A' && header.p[i] <= 'Z' ? (char)(header.p[i] | 0x20)
								    : header.p[i];
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (str_find((struct str){ lower, header.n }, str_from(parts[i])) < header.n)
			return true;
	return false;
}
