/* SPDX-License-Identifier: MIT */
/* What clients are started with. */
#include "unit/app/folder.h"

#include "app/clients.h"

#define URL "http://127.0.0.1:7780"

/* Words and environments, with the NULL behind them. */
#define LIST(...) ((char **)(uintptr_t)(const char *[]){ __VA_ARGS__, NULL })
#define NONE      ((char *[]){ NULL })

static struct client_setup prepare(const char *key, char **env, char **words)
{
	struct client_setup s = {
		.arena = arena_new(), .url = URL, .key = key, .env = env, .words = words
	};

	client_prepare(&s, true);
	return s;
}

static void release(struct client_setup *s)
{
	arena_free(s->arena);
}

static const char *var(const struct client_setup *s, const char *name)
{
	for (size_t i = 0; i < s->nvars; i++)
		if (strcmp(s->vars[i].name, name) == 0)
			return s->vars[i].value;
	return NULL;
}

static void check_var(const struct client_setup *s, const char *name, const char *want)
{
	const char *got = var(s, name);

	if (!got)
		fail_msg("%s is not set", name);
	assert_string_equal(got, want);
}

static bool noted(const struct client_setup *s, const char *what)
{
	for (size_t i = 0; i < s->nnotes; i++)
		if (strstr(s->notes[i], what))
			return true;
	return false;
}

static void claude(void **state)
{
	struct client_setup s = prepare(NULL, NONE, LIST("claude", "-p"));

	check_var(&s, "ANTHROPIC_BASE_URL", URL);
	check_var(&s, "CLAUDE_CODE_GATEWAY_HINT_HEADERS", "1");
	assert_int_equal(s.nvars, 2);
	assert_int_equal(s.nargs, 0);
	assert_int_equal(s.nnotes, 0);
	release(&s);
	/* A path in front of the name changes nothing. */
	s = prepare(NULL, NONE, LIST("/opt/bin/claude"));
	assert_int_equal(s.nvars, 2);
	release(&s);
}

static void gemini(void **state)
{
	struct client_setup s =
		prepare("k", LIST("GEMINI_CLI_CUSTOM_HEADERS=a: b"), LIST("gemini"));

	check_var(&s, "GOOGLE_GEMINI_BASE_URL", URL);
	check_var(&s, "GEMINI_CLI_CUSTOM_HEADERS", "a: b,x-sluice-key: k");
	assert_int_equal(s.nvars, 2);
	release(&s);
}

static void others_get_what_the_sdks_read(void **state)
{
	struct client_setup s = prepare(NULL, NONE, LIST("python3", "claude"));

	check_var(&s, "ANTHROPIC_BASE_URL", URL);
	check_var(&s, "OPENAI_BASE_URL", URL "/v1");
	check_var(&s, "GOOGLE_GEMINI_BASE_URL", URL);
	release(&s);

	s = (struct client_setup){
		.arena = arena_new(), .url = URL, .env = NONE, .words = LIST("python3")
	};
	client_prepare(&s, false);
	assert_int_equal(s.nvars, 0);
	release(&s);
}

static void another_address_is_overridden_and_said(void **state)
{
	struct client_setup s =
		prepare(NULL, LIST("ANTHROPIC_BASE_URL=http://other.example/x"), LIST("claude"));

	check_var(&s, "ANTHROPIC_BASE_URL", URL);
	assert_int_equal(s.nnotes, 1);
	assert_true(noted(&s, "ANTHROPIC_BASE_URL pointed elsewhere"));
	/* What it was may hold a password. */
	assert_false(noted(&s, "other.example"));
	release(&s);
	s = prepare(NULL, LIST("ANTHROPIC_BASE_URL=" URL), LIST("claude"));
	assert_int_equal(s.nnotes, 0);
	release(&s);
}

static void the_key_joins_the_users_headers(void **state)
{
	static const struct {
		const char *before, *want;
	} rows[] = {
		{ "ANTHROPIC_CUSTOM_HEADERS=", "x-sluice-key: k" },
		{ "ANTHROPIC_CUSTOM_HEADERS=A: 1\nB: 2", "A: 1\nB: 2\nx-sluice-key: k" },
		{ "ANTHROPIC_CUSTOM_HEADERS=A: 1\r\n\n", "A: 1\nx-sluice-key: k" },
		{ "ANTHROPIC_CUSTOM_HEADERS=X-Sluice-Key: old\nB: x-sluice-key: y",
			"B: x-sluice-key: y\nx-sluice-key: k" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct client_setup s = prepare("k", LIST(rows[i].before), LIST("claude"));
		check_var(&s, "ANTHROPIC_CUSTOM_HEADERS", rows[i].want);
		release(&s);
	}
}

static void other_services_are_named(void **state)
{
	struct client_setup s = prepare(NULL, LIST("CLAUDE_CODE_USE_BEDROCK=1"), LIST("claude"));

	assert_true(noted(&s, "CLAUDE_CODE_USE_BEDROCK is set"));
	release(&s);
	s = prepare(NULL, LIST("CLAUDE_CODE_USE_BEDROCK=0"), LIST("claude"));
	assert_int_equal(s.nnotes, 0);
	release(&s);
}

static void loopback_is_not_asked_of_a_proxy(void **state)
{
	struct client_setup s = prepare(NULL, LIST("HTTPS_PROXY=http://p:1"), LIST("gemini"));

	check_var(&s, "no_proxy", "127.0.0.1");
	check_var(&s, "NO_PROXY", "127.0.0.1");
	release(&s);
	s = prepare(NULL, LIST("http_proxy=http://p:1", "NO_PROXY=a.b"), LIST("gemini"));
	check_var(&s, "no_proxy", "a.b,127.0.0.1");
	check_var(&s, "NO_PROXY", "a.b,127.0.0.1");
	release(&s);
	s = prepare(NULL, LIST("http_proxy=http://p:1", "NO_PROXY=*"), LIST("gemini"));
	assert_null(var(&s, "NO_PROXY"));
	release(&s);
	s = prepare(NULL, LIST("NO_PROXY=a.b"), LIST("gemini"));
	assert_null(var(&s, "NO_PROXY"));
	release(&s);
}

static void codex_is_told_by_arguments(void **state)
{
	struct client_setup s = prepare(NULL, NONE, LIST("codex", "exec"));

	assert_int_equal(s.nargs, 4);
	assert_string_equal(s.args[0], "-c");
	assert_string_equal(s.args[1], "model_provider=\"openai\"");
	assert_string_equal(s.args[2], "-c");
	assert_string_equal(s.args[3], "openai_base_url=\"" URL "/v1\"");
	assert_int_equal(s.nvars, 0);
	release(&s);

	/* The key is in the environment, never among the arguments, which everybody can see. */
	s = prepare("secret-key", NONE, LIST("codex"));
	check_var(&s, "SLUICE_AUTH_KEY", "secret-key");
	assert_int_equal(s.nargs, 4);
	assert_string_equal(s.args[1], "model_provider=\"sluice\"");
	assert_non_null(strstr(s.args[3], "base_url=\"" URL "/v1\""));
	assert_non_null(strstr(s.args[3], "\"x-sluice-key\"=\"SLUICE_AUTH_KEY\""));
	for (size_t i = 0; i < s.nargs; i++)
		assert_null(strstr(s.args[i], "secret-key"));
	release(&s);
}

static void check_codex_provider(const char *folder, const char *toml, const char *want)
{
	char env[1024];

	folder_write(folder, ".codex/config.toml", toml);
	snprintf(env, sizeof(env), "HOME=%s", folder);
	struct client_setup s = prepare(NULL, LIST(env), LIST("codex"));
	if (want)
		assert_true(noted(&s, want));
	else
		assert_int_equal(s.nnotes, 0);
	release(&s);
}

static void codex_with_another_provider(void **state)
{
	check_codex_provider(
		*state, "model = \"m\"\n model_provider = \"azure\" # x\n", "\"azure\"");
	check_codex_provider(*state, "model_provider='ollama'\n[x]\n", "\"ollama\"");
	check_codex_provider(*state, "model_provider = \"openai\"\n", NULL);
	check_codex_provider(
		*state, "# model_provider = \"azure\"\nmodel_provider_x = \"y\"\n", NULL);
	check_codex_provider(*state, "[profiles.p]\nmodel_provider = \"azure\"\n", NULL);
	check_codex_provider(*state, "model_provider = \"", NULL);
}

static struct client_setup prepare_claude_in(const char *folder, char **words)
{
	static char home[1024], cwd[1024];

	snprintf(home, sizeof(home), "HOME=%s/home", folder);
	snprintf(cwd, sizeof(cwd), "%s/project", folder);
	struct client_setup s = {
		.arena = arena_new(), .url = URL, .env = LIST(home), .words = words, .cwd = cwd
	};
	client_prepare(&s, true);
	return s;
}

static void claude_settings_lead_elsewhere(void **state)
{
	const char *elsewhere = "{ // mine\n\"env\": {\"ANTHROPIC_BASE_URL\": \"http://x:1\",},}";
	char **words = LIST("claude", "-p", "hi");
	struct client_setup s = prepare_claude_in(*state, words);

	assert_int_equal(s.nargs, 0);
	release(&s);
	folder_write(*state, "home/.claude/settings.json", elsewhere);
	s = prepare_claude_in(*state, words);
	assert_int_equal(s.nargs, 2);
	assert_string_equal(s.args[0], "--settings");
	assert_string_equal(s.args[1], "{\"env\":{\"ANTHROPIC_BASE_URL\":\"" URL "\"}}");
	assert_true(noted(&s, "home/.claude/settings.json is overridden"));
	release(&s);
	/* Only one --settings counts: the user's own stays, and what that means is said. */
	s = prepare_claude_in(*state, LIST("claude", "--settings=x.json"));
	assert_int_equal(s.nargs, 0);
	assert_true(noted(&s, "will not go through sluice"));
	release(&s);
	folder_write(*state, "home/.claude/settings.json",
		"{\"env\":{\"ANTHROPIC_BASE_URL\":\"" URL "\"}}");
	s = prepare_claude_in(*state, words);
	assert_int_equal(s.nargs, 0);
	release(&s);
	folder_write(*state, "project/.claude/settings.local.json", elsewhere);
	s = prepare_claude_in(*state, words);
	assert_true(noted(&s, "project/.claude/settings.local.json is overridden"));
	release(&s);
}

static void check_opencode(const char *key, const char *before, const char *want)
{
	char env[1024];

	snprintf(env, sizeof(env), "OPENCODE_CONFIG_CONTENT=%s", before ? before : "");
	struct client_setup s = prepare(key, before ? LIST(env) : NONE, LIST("opencode"));
	check_var(&s, "OPENCODE_CONFIG_CONTENT", want);
	release(&s);
}

#define PROVIDER(name, path) "\"" name "\":{\"options\":{\"baseURL\":\"" URL path "\"}}"
#define ALL_PROVIDERS \
	"\"provider\":{" PROVIDER("anthropic", "/v1") "," PROVIDER("openai", "/v1") "," PROVIDER( \
		"google", "/v1beta") "}"

static void opencode_settings_are_merged(void **state)
{
	check_opencode(NULL, NULL, "{" ALL_PROVIDERS "}");
	check_opencode(NULL, "", "{" ALL_PROVIDERS "}");
	check_opencode(NULL, "{/* mine */\"theme\":\"x\",}", "{\"theme\":\"x\"," ALL_PROVIDERS "}");
	check_opencode("k",
		"{\"provider\":{\"anthropic\":{\"name\":\"A\",\"options\":{\"timeout\":1,"
		"\"headers\":{\"a\":\"b\"}}},\"x\":1,\"openai\":{},\"google\":{}}}",
		"{\"provider\":{\"anthropic\":{\"name\":\"A\",\"options\":{\"timeout\":1,"
		"\"headers\":{\"a\":\"b\",\"x-sluice-key\":\"k\"},\"baseURL\":\"" URL
		"/v1\"}},\"x\":1,\"openai\":{\"options\":{\"baseURL\":\"" URL
		"/v1\",\"headers\":{\"x-sluice-key\":\"k\"}}},\"google\":{\"options\":{"
		"\"baseURL\":\"" URL "/v1beta\",\"headers\":{\"x-sluice-key\":\"k\"}}}}}");
}

static void opencode_settings_that_are_overridden(void **state)
{
	struct client_setup s =
		prepare(NULL, LIST("OPENCODE_CONFIG_CONTENT=no json"), LIST("opencode"));

	assert_true(noted(&s, "is no JSON object"));
	check_var(&s, "OPENCODE_CONFIG_CONTENT", "{" ALL_PROVIDERS "}");
	release(&s);
	s = prepare(NULL,
		LIST("OPENCODE_CONFIG_CONTENT={\"provider\":{\"openai\":{\"options\":{\"baseURL\":"
		     "\"http://x:1\"}}}}"),
		LIST("opencode"));
	assert_true(noted(&s, "baseURL in OPENCODE_CONFIG_CONTENT"));
	release(&s);
}

static void environment_is_complete(void **state)
{
	struct client_setup s =
		prepare(NULL, LIST("A=1", "ANTHROPIC_BASE_URL=x", "ANTHROPIC_BASE_URL_X=2", "B="),
			LIST("claude"));
	char **env = client_environment(&s);

	assert_string_equal(env[0], "A=1");
	assert_string_equal(env[1], "ANTHROPIC_BASE_URL_X=2");
	assert_string_equal(env[2], "B=");
	assert_string_equal(env[3], "ANTHROPIC_BASE_URL=" URL);
	assert_string_equal(env[4], "CLAUDE_CODE_GATEWAY_HINT_HEADERS=1");
	assert_null(env[5]);
	release(&s);
}

/* Whatever is set for whom, it is never a variable that a client authenticates with. */
static void credentials_are_left_alone(void **state)
{
	static const char *const secret[] = { "API_KEY", "TOKEN", "SECRET", "PASSWORD" };
	static const char *const programs[] = { "claude", "codex", "gemini", "opencode", "sh" };

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		struct client_setup s = prepare(
			"k", LIST("ANTHROPIC_API_KEY=a", "HTTP_PROXY=p"), LIST(programs[i]));
		for (size_t k = 0; k < s.nvars; k++)
			for (size_t n = 0; n < ARRAY_LEN(secret); n++)
				assert_null(strstr(s.vars[k].name, secret[n]));
		release(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claude),
		cmocka_unit_test(gemini),
		cmocka_unit_test(others_get_what_the_sdks_read),
		cmocka_unit_test(another_address_is_overridden_and_said),
		cmocka_unit_test(the_key_joins_the_users_headers),
		cmocka_unit_test(other_services_are_named),
		cmocka_unit_test(loopback_is_not_asked_of_a_proxy),
		cmocka_unit_test(codex_is_told_by_arguments),
		cmocka_unit_test_setup_teardown(
			codex_with_another_provider, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(
			claude_settings_lead_elsewhere, folder_setup, folder_teardown),
		cmocka_unit_test(opencode_settings_are_merged),
		cmocka_unit_test(opencode_settings_that_are_overridden),
		cmocka_unit_test(environment_is_complete),
		cmocka_unit_test(credentials_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
