/* SPDX-License-Identifier: MIT */
/* Who is to answer: the name table, else the provider that the client means; and no request without a key, nor with somebody else's. */
#include "unit/core/exchange_fake.h"

#include <stdio.h>

#define OURS "sk-ours-0123456789"

#define TABLE \
	"models=mapped=openai/gpt-4.1,far=far/m,near=near/m,set=headed/m,same=anthropic/claude-x"
#define PROVIDERS \
	"providers.far.dialect=openai", "providers.far.base_url=https://far.example", \
		"providers.near.dialect=openai", "providers.near.base_url=http://127.0.0.1:9", \
		"providers.headed.dialect=chat", \
		"providers.headed.base_url=https://headed.example", \
		"providers.headed.headers=x-pass=12345678"

#define ASK(model) \
	"{\"model\":\"" model \
	"\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"

static const char *const sets[] = { TABLE, PROVIDERS, "providers.openai.api_key=" OURS, NULL };

struct row {
	const char *target, *headers, *body;
	const char *origin,
		*auth;    /* where it goes, with which Authorization or x-api-key; NULL: none */
	const char *said; /* origin NULL: why not */
};

static struct str header_of(const struct transfer *t, const char *name)
{
	for (size_t i = 0; i < t->rq.n; i++)
		if (str_eq_nocase(t->rq.h[i].name, str_from(name)))
			return t->rq.h[i].value;
	return (struct str){ NULL, 0 };
}

static void check_row(const char *const *with, const struct row *r)
{
	char headers[100];
	struct world w;

	world_init(&w, with);
	snprintf(headers, sizeof(headers), "%s\n", r->headers);
	struct conn *c = world_post_with(&w, r->target, headers, str_from(r->body));
	struct transfer *t = world_transfer(&w);
	if ((t != NULL) != (r->origin != NULL))
		print_error("%s %s\n", r->target, r->body);
	assert_int_equal(t != NULL, r->origin != NULL);
	if (t != NULL) {
		assert_string_equal(t->rq.origin, r->origin);
		struct str bearer = header_of(t, "authorization"), key = header_of(t, "x-api-key");
		struct str auth = bearer.n > 0 ? bearer : key;
		check_bytes(auth, str_from(r->auth != NULL ? r->auth : ""), __FILE__, __LINE__);
		world_answer(&w, JSON_HEAD, STR("{}"));
	} else {
		assert_true(str_find(buf_str(&c->body), str_from(r->said)) < c->body.n);
		assert_int_equal(c->reply.status, 401);
	}
	world_release(&w);
}

static void rows(void **state)
{
	static const struct row rows[] = {
		/* As asked, with the client's own key. */
		{ "/v1/messages", "x-api-key: sk-client", ASK("claude-x"),
			"https://api.anthropic.com", "sk-client", NULL },
		{ "/v1/messages", "x-api-key: sk-client", ASK("same"), "https://api.anthropic.com",
			"sk-client", NULL },
		{ "/v1/chat/completions", "authorization: Bearer sk-client", ASK("gpt-9"),
			"https://api.openai.com", "Bearer " OURS, NULL },
		/* By the table: the client's key goes nowhere. */
		{ "/v1/messages", "x-api-key: sk-client", ASK("mapped"), "https://api.openai.com",
			"Bearer " OURS, NULL },
		{ "/v1/messages", "authorization: Bearer sk-client", ASK("near"),
			"http://127.0.0.1:9", NULL, NULL },
		{ "/v1/messages", "x-api-key: sk-client", ASK("set"), "https://headed.example",
			NULL, NULL },
		{ "/v1/chat/completions", "authorization: Bearer sk-client", ASK("near"),
			"http://127.0.0.1:9", NULL, NULL },
		{ "/v1/messages", "x-api-key: sk-client", ASK("far"), NULL, NULL,
			"provider 'far' has no key here: configure 'providers.far.api_key'" },
		/* The same dialect is no reason to hand the key over. */
		{ "/v1/chat/completions", "authorization: Bearer sk-client", ASK("far"), NULL, NULL,
			"provider 'far' has no key here" },
		{ "/v1/chat/completions", "authorization: Bearer sk-client", ASK("same"), NULL,
			NULL, "provider 'anthropic' has no key here" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(sets, &rows[i]);
}

/* Hosts that only begin like this machine are others. */
static void names_like_this_machine(void **state)
{
	static const char *const hosts[] = { "https://localhost.example.com",
		"http://127.example.com", "http://127.0.0.1.example.com",
		"https://localhosting.example" };

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		char base[100];
		const char *const with[] = { "models=*=other/m", "providers.other.dialect=chat",
			base, NULL };
		const struct row row = { "/v1/messages", "x-api-key: sk-client", ASK("x"), NULL,
			NULL, "provider 'other' has no key here" };
		snprintf(base, sizeof(base), "providers.other.base_url=%s", hosts[i]);
		check_row(with, &row);
	}
}

/* The name that the configuration puts in the place of every other is looked up too. */
static void override_before_the_table(void **state)
{
	static const char *const with[] = { TABLE, PROVIDERS, "providers.openai.api_key=" OURS,
		"override.model=mapped", NULL };
	const struct row row = { "/v1/messages", "x-api-key: sk-client", ASK("far"),
		"https://api.openai.com", "Bearer " OURS, NULL };

	check_row(with, &row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(names_like_this_machine),
		cmocka_unit_test(override_before_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
