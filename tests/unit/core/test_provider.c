/* SPDX-License-Identifier: MIT */
/* What is known of providers: keys and where they are, addresses on this machine, models. */
#include "unit/core/exchange_fake.h"

#include "core/provider.h"

static const struct config_provider *get(const struct world *w, const char *name)
{
	const struct config_provider *p = config_provider(w->svc.config, str_from(name));

	assert_non_null(p);
	return p;
}

static void keys(void **state)
{
	static const char *const sets[] = { "providers.xai.api_key=k0123456789",
		"providers.ollama.base_url=http://ollama.example.com:11434",
		"providers.vllm.api_key=k0123456789",
		"providers.groq.base_url=https://127.0.0.1.example.com",
		"providers.gemini.dialect=chat", "providers.mine.dialect=anthropic",
		"providers.mine.base_url=https://x.example.com", "providers.here.dialect=responses",
		"providers.here.base_url=http://[::1]:9/p", NULL };
	static const struct {
		const char *provider;
		enum provider_key key;
		bool local;
	} rows[] = {
		{ "anthropic", PROVIDER_KEY_CLIENT, false },
		{ "openai", PROVIDER_KEY_CLIENT, false },
		{ "gemini", PROVIDER_KEY_CLIENT, false },
		{ "xai", PROVIDER_KEY_SET, false },
		{ "ollama", PROVIDER_KEY_MISSING, false },
		{ "vllm", PROVIDER_KEY_SET, true },
		{ "lmstudio", PROVIDER_KEY_UNNEEDED, true },
		{ "groq", PROVIDER_KEY_MISSING, false },
		{ "deepseek-anthropic", PROVIDER_KEY_MISSING, false },
		{ "mine", PROVIDER_KEY_MISSING, false },
		{ "here", PROVIDER_KEY_UNNEEDED, true },
	};
	struct world w;

	world_init(&w, sets);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct config_provider *p = get(&w, rows[i].provider);
		if (provider_key(p) != rows[i].key || provider_is_local(p) != rows[i].local)
			fail_msg("%s: %s", rows[i].provider, provider_key_name(provider_key(p)));
	}
	struct config_provider found = *get(&w, "groq"), headers = *get(&w, "groq");
	struct str_pair pair = { STR("authorization"), STR("Bearer x") };
	found.found_key = STR("k");
	headers.headers = (struct str_map){ &pair, 1 };
	assert_int_equal(provider_key(&found), PROVIDER_KEY_FOUND);
	assert_int_equal(provider_key(&headers), PROVIDER_KEY_HEADERS);
	world_release(&w);
}

static size_t count(const struct world *w, const char *name)
{
	const struct config_provider *p = get(w, name);
	size_t at = 0, n = 0;

	for (const struct price *m; (m = provider_next_model(p, &w->prices, &at)) != NULL; n++)
		assert_false(str_ends(m->model, STR("-")));
	assert_null(provider_next_model(p, &w->prices, &at));
	return n;
}

/* Every maker that the table of flavors names is one of the price table. */
static void models(void **state)
{
	static const char *const known[] = { "anthropic", "openai", "gemini", "deepseek",
		"deepseek-anthropic", "xai" };
	static const char *const unknown[] = { "openrouter", "groq", "mistral", "litellm", "ollama",
		"lmstudio", "vllm", "llamacpp" };
	static const char *const sets[] = { "providers.mine.dialect=openai",
		"providers.mine.base_url=https://x.example.com", "providers.mine.flavor=xai",
		NULL };
	struct world w;

	world_init(&w, sets);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (count(&w, known[i]) < 5)
			fail_msg("%s", known[i]);
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
		assert_int_equal(count(&w, unknown[i]), 0);
	assert_int_equal(count(&w, "deepseek"), count(&w, "deepseek-anthropic"));
	assert_int_equal(count(&w, "mine"), count(&w, "xai"));
	world_release(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(models),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
