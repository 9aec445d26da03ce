/* SPDX-License-Identifier: MIT */
/* Where the configuration may come from: which files are found, whom they may belong to, what a project
 * may set, where keys live, and that no key ever gets out again. */
#include "unit/core/config_fake.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void the_users_file(void **state)
{
	static const struct {
		const char *env, *file, *found; /* which file is read; NULL: none */
	} cases[] = {
		{ NULL, NULL, USER_FILE },
		{ "XDG_CONFIG_HOME=/xdg/", NULL, "/xdg/sluice/config.json" },
		{ "XDG_CONFIG_HOME=relative", NULL, USER_FILE },
		{ "XDG_CONFIG_HOME=", NULL, USER_FILE },
		{ "SLUICE_CONFIG=/etc/sluice.json", NULL, "/etc/sluice.json" },
		{ "SLUICE_CONFIG=", NULL, USER_FILE },
		{ "SLUICE_CONFIG=/etc/sluice.json", "/my.json", "/my.json" },
		{ "XDG_CONFIG_HOME=/xdg", "my.json", "/home/me/code/my.json" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake f = { .files = { { cases[i].found, "{\"limits.headers\": 77}" } },
			.env = { cases[i].env },
			.in.file = cases[i].file };
		fake_load(&f);
		assert_problems(&f, "");
		assert_int_equal(f.config->limits_headers, 77);
		assert_int_equal(f.report.sources[0].layer, CONFIG_USER);
		assert_str(f.report.sources[0].file, str_from(cases[i].found));
		assert_true(f.report.sources[0].found);
		fake_release(&f);
	}
}

static void files_that_cannot_be_read(void **state)
{
	struct fake named = { .in.file = "/none.json" };
	struct fake denied = { .files = { { USER_FILE, NULL, 0, EACCES, false },
				       { PROJECT_FILE, NULL, 0, EACCES, false },
				       { DOTENV_FILE, NULL, 0, EISDIR, false } } };
	struct fake nowhere = { .files = { { USER_FILE, "{}" } },
		.in = { .home = "/", .cwd = "/" } };

	fake_load(&named);
	assert_problems(&named, "/none.json: error: cannot be read: No such file or directory\n");
	assert_false(named.report.sources[0].found);
	fake_release(&named);
	fake_load(&denied);
	assert_problems(&denied, USER_FILE
		": error: cannot be read: Permission denied\n" PROJECT_FILE
		": warning: cannot be read, and is left out: Permission denied\n" DOTENV_FILE
		": warning: cannot be read, and is left out: Is a directory\n");
	fake_release(&denied);
	fake_load(&nowhere);
	assert_problems(&nowhere, "");
	assert_bytes(nowhere.report.sources[0].file, "/.config/sluice/config.json");
	assert_bytes(nowhere.report.sources[1].file, "/.sluice.json");
	assert_bytes(nowhere.report.sources[2].file, "/.env");
	fake_release(&nowhere);
}

/* The nearest file above the current folder, no higher than the repository or the home folder. */
static void the_projects_file(void **state)
{
	static const struct {
		const char *cwd, *file, *git;
		bool found;
	} cases[] = {
		{ "/home/me/a/b/c", "/home/me/a/b/c/.sluice.json", NULL, true },
		{ "/home/me/a/b/c/", "/home/me/a/.sluice.json", NULL, true },
		{ "/home/me/a/b/c", "/home/me/.sluice.json", NULL, true },
		{ "/home/me/a/b/c", "/home/.sluice.json", NULL, false },
		{ "/home/me/a/b/c", "/home/me/a/b/.sluice.json", "/home/me/a/b/.git", true },
		{ "/home/me/a/b/c", "/home/me/a/.sluice.json", "/home/me/a/b/.git", false },
		{ "/srv/x/y", "/srv/.sluice.json", NULL, true },
		{ "/srv/x/y", "/.sluice.json", NULL, true },
		{ "/", "/.sluice.json", NULL, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake f = { .files = { { cases[i].file, "{\"limits.headers\": 77}" },
					  { cases[i].git, NULL, 0, EISDIR, false } },
			.in.cwd = cases[i].cwd };
		fake_load(&f);
		assert_problems(&f, "");
		assert_int_equal(f.config->limits_headers, cases[i].found ? 77 : 256);
		fake_release(&f);
	}
}

static void files_of_others(void **state)
{
	struct fake f = { .files = { { PROJECT_FILE, "{\"limits.headers\": 77}", 0, 0, true },
				  { DOTENV_FILE, "SLUICE_LIMITS_HEADERS=78", 0, 0, true },
				  { "/home/me/.sluice.json", "{\"limits.headers\": 79}" } } };

	fake_load(&f);
	assert_problems(&f,
		PROJECT_FILE ": warning: belongs to another user, and is left out\n" DOTENV_FILE
			     ": warning: belongs to another user, and is left out\n");
	assert_int_equal(f.config->limits_headers, 256);
	fake_release(&f);
}

static void refused_in_a_project(void **state)
{
	static const char *const refused[] = { "listen", "models", "auth.key", "auth.key_env",
		"auth.key_file", "auth.hosts", "auth.origins", "store.path", "store.keep_days",
		"store.keep_bytes", "record.bodies", "prices.file", "log.file", "route.profile",
		"route.quality", "route.use", "route.provider", "route.fallbacks", "route.examples",
		"route.rules", "route.script", "route.script_instructions",
		"route.script_memory_bytes", "route.tag", "override.model", "prices.models",
		"providers.openai.dialect", "providers.openai.flavor", "providers.openai.base_url",
		"providers.openai.api_key", "providers.openai.api_key_env",
		"providers.openai.api_key_file", "providers.openai.keys",
		"providers.openai.headers", "providers.openai.ca_file", "providers.openai.proxy" };
	size_t trusted = 0;

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct fake f = { .env = { NULL } };
		char text[200], want[400];
		snprintf(text, sizeof(text), "{\n  \"%s\": %s}", refused[i],
			str_ends(str_from(refused[i]), STR("headers")) ||
					str_ends(str_from(refused[i]), STR(".keys"))
				? "{}"
			: str_ends(str_from(refused[i]), STR("models")) ? "{\"*\": \"deepseek/*\"}"
									: "\"some-value\"");
		snprintf(want, sizeof(want),
			"%s:2:3: error: \"%s\" is not allowed in a project file, which may come with "
			"a cloned repository: set it in your own configuration file or in the "
			"environment\n",
			PROJECT_FILE, refused[i]);
		f.files[0] = (struct fake_file){ PROJECT_FILE, text };
		fake_load(&f);
		assert_problems(&f, want);
		fake_release(&f);
	}
	for (size_t i = 0; i < config_settings.n; i++)
		trusted += (config_settings.rows[i].flags & SETTING_TRUSTED) != 0;
	for (size_t i = 0; i < config_provider_settings.n; i++)
		trusted += (config_provider_settings.rows[i].flags & SETTING_TRUSTED) != 0;
	assert_int_equal(trusted, ARRAY_LEN(refused));
}

static void allowed_in_a_project(void **state)
{
	struct fake f = {
		.files = { { PROJECT_FILE,
			"{\"list.models\": \"own\", \"limits.ping_s\": 0, \"log.level\": "
			"\"error\", \"providers.openai\": {\"http2\": true, \"timeouts\": "
			"{\"idle_s\": 1}}}" } }
	};

	fake_load(&f);
	assert_problems(&f, "");
	assert_bytes(f.config->list_models, "own");
	assert_int_equal(f.config->limits_ping_ms, 0);
	assert_true(f.config->providers[1].http2);
	fake_release(&f);
}

static void dotenv_spellings(void **state)
{
	struct fake f = { .files = { { DOTENV_FILE,
				  "# SLUICE_LIMITS_HEADERS=1\r\n"
				  "not an assignment = at all\n"
				  "export\tSLUICE_STORE_PATH = '/a # \"b\\' # comment\r\n"
				  "SLUICE_LOG_FILE=\"/x\\\"y\\\\\" #c\n"
				  "SLUICE_AUTH_HOSTS=a#b.example # comment\n"
				  "KEYS=\"-----BEGIN\n"
				  "SLUICE_FOO=inside somebody else's value\n"
				  "END\"\n"
				  "SLUICE_LOG_LEVEL=#nothing but a comment\n"
				  "SLUICE_LIMITS_HEADERS=99" } } };

	fake_load(&f);
	assert_problems(&f, DOTENV_FILE
		":9:1: error: \"log.level\" must be one of error, warn, info, "
		"debug, not \"\"\n" DOTENV_FILE ":5:1: error: \"auth.hosts\" must hold names like "
		"proxy.example.com, not \"a#b.example\"\n");
	fake_release(&f);
	f = (struct fake){ .files = { { DOTENV_FILE,
				   "export\tSLUICE_STORE_PATH = '/a # \"b\\' # comment\r\n"
				   "SLUICE_LOG_FILE=\"/x\\\"y\\\\\" #c\n"
				   "SLUICE_LIMITS_HEADERS=99" } } };
	fake_load(&f);
	assert_problems(&f, "");
	assert_bytes(f.config->store_path, "/a # \"b\\");
	assert_bytes(f.config->log_file, "/x\"y\\");
	assert_int_equal(f.config->limits_headers, 99);
	fake_release(&f);
}

static void dotenv_that_redirects(void **state)
{
	struct fake f = { .files = { { DOTENV_FILE, "SLUICE_PROVIDERS_OPENAI_BASE_URL=http://h\n"
						    "SLUICE_PROVIDERS_OPENAI_PROXY=http://p\n"
						    "SLUICE_PROVIDERS_OPENAI_HTTP2=1\n" } } };
	struct fake names = { .files = { { DOTENV_FILE,
				      "SLUICE_MODELS=*=deepseek/*\n"
				      "SLUICE_PROVIDERS_OPENAI_DIALECT=anthropic\n"
				      "SLUICE_PROVIDERS_OPENAI_FLAVOR=deepseek\n" } } };

	struct fake routes = { .files = { { DOTENV_FILE, "SLUICE_ROUTE_USE=default=deepseek/*\n"
							 "SLUICE_ROUTE_PROVIDER=deepseek\n"
							 "SLUICE_ROUTE_FALLBACKS=deepseek/*\n"
							 "SLUICE_ROUTE_RULES=[]\n"
							 "SLUICE_ROUTE_TAG=all\n"
							 "SLUICE_OVERRIDE_MODEL=deepseek,m\n"
							 "SLUICE_ROUTE_SCRIPT=/tmp/x.lua\n" } } };

	fake_load(&f);
	assert_problems(&f, DOTENV_FILE
		":1:1: error: \"providers.openai.base_url\" is not allowed in a .env file, "
		"which may come with a cloned repository: set it in your own "
		"configuration file or in the environment\n" DOTENV_FILE
		":2:1: error: \"providers.openai.proxy\" is not allowed in a .env file, "
		"which may come with a cloned repository: set it in your own "
		"configuration file or in the environment\n");
	assert_null(f.config);
	fake_release(&f);
	fake_load(&names);
	assert_int_equal(names.report.errors, 3);
	for (size_t i = 0; i < names.report.n; i++)
		assert_true(str_find(names.report.problems[i].text, STR("not allowed in a .env")) <
			    names.report.problems[i].text.n);
	assert_null(names.config);
	fake_release(&names);
	fake_load(&routes);
	assert_int_equal(routes.report.errors, 7);
	for (size_t i = 0; i < routes.report.n; i++)
		assert_true(str_find(routes.report.problems[i].text, STR("not allowed in a .env")) <
			    routes.report.problems[i].text.n);
	assert_null(routes.config);
	fake_release(&routes);
}

static void names_of_files(void **state)
{
	struct fake f = { .files = { { USER_FILE,
				  "{\"log.file\": \"logs/x\", \"providers.openai.ca_file\": "
				  "\"~/ca.pem\"}" } },
		.env = { "SLUICE_PROVIDERS_GEMINI_CA_FILE=../ca.pem" },
		.sets = { "providers.deepseek.ca_file=/abs.pem" } };

	fake_load(&f);
	assert_int_equal(f.report.errors, 0);
	assert_bytes(f.config->log_file, "/home/me/.config/sluice/logs/x");
	assert_string_equal(f.config->log_file.p, "/home/me/.config/sluice/logs/x");
	assert_bytes(f.config->providers[1].ca_file, "/home/me/ca.pem");
	assert_bytes(f.config->providers[2].ca_file, "/home/me/code/../ca.pem");
	assert_bytes(f.config->providers[3].ca_file, "/abs.pem");
	fake_release(&f);
}

static void assert_origin(const struct config_origin *o, const char *want)
{
	struct buf out;

	buf_init(&out, 1000);
	config_origin_print(o, &out);
	assert_str(buf_str(&out), str_from(want));
	buf_release(&out);
}

static void where_keys_live(void **state)
{
	struct fake f = {
		.files = { { USER_FILE, "{\"providers\": {"
					"\"anthropic\": {\"api_key_env\": \"MY_KEY\"},"
					"\"openai\": {\"api_key_env\": \"ENV_KEY\"},"
					"\"gemini\": {\"api_key_file\": \"gemini.key\"},"
					"\"deepseek\": {\"api_key\": \"literal\"}},"
					"\"auth\": {\"key_file\": \"~/proxy.key\"}}" },
			{ DOTENV_FILE, "ENV_KEY=from-dotenv\nMY_KEY=not-this-one" },
			{ "/home/me/.config/sluice/gemini.key", "  from-file \r\nsecond line\n",
				0444, 0, false },
			{ "/home/me/proxy.key", "0123456789abcdef-proxy" } },
		.env = { "MY_KEY= from-env\n", "ENV_KEY=" },
	};
	const struct config_provider_origins *o;

	fake_load(&f);
	assert_problems(&f, "");
	o = f.report.providers;
	assert_bytes(f.config->providers[0].api_key, "from-env");
	assert_origin(&o[0].v[CONFIG_PROVIDER_ROW_api_key], "environment MY_KEY");
	assert_bytes(f.config->providers[1].api_key, "from-dotenv");
	assert_origin(&o[1].v[CONFIG_PROVIDER_ROW_api_key], DOTENV_FILE ":1:1");
	assert_bytes(f.config->providers[2].api_key, "from-file");
	assert_origin(&o[2].v[CONFIG_PROVIDER_ROW_api_key], "/home/me/.config/sluice/gemini.key");
	assert_bytes(f.config->providers[3].api_key, "literal");
	assert_bytes(f.config->auth_key, "0123456789abcdef-proxy");
	/* Files of keys are among those to watch. */
	assert_int_equal(f.report.nsources, 5);
	assert_bytes(f.report.sources[3].file, "/home/me/.config/sluice/gemini.key");
	fake_release(&f);
}

/* A stronger source replaces the key of a weaker one, wherever either keeps it. */
static void keys_replace_each_other(void **state)
{
	struct fake f = { .files = { { USER_FILE, "{\"providers.openai.api_key_env\": \"NOT_SET\", "
						  "\"providers.gemini.api_key\": \"literal\"}" } },
		.env = { "SLUICE_PROVIDERS_OPENAI_API_KEY=mine",
			"SLUICE_PROVIDERS_GEMINI_API_KEY_ENV=G", "G=gee" } };

	fake_load(&f);
	assert_problems(&f, "");
	assert_bytes(f.config->providers[1].api_key, "mine");
	assert_int_equal(f.config->providers[1].api_key_env.n, 0);
	assert_bytes(f.config->providers[2].api_key, "gee");
	assert_origin(&f.report.providers[1].v[CONFIG_PROVIDER_ROW_api_key_env], "default");
	fake_release(&f);
	f = (struct fake){
		.files = { { USER_FILE, "{\"providers.openai.api_key_file\": \"/none\"}" } },
		.sets = { "providers.openai.api_key=" }
	};
	fake_load(&f);
	assert_problems(&f, "");
	assert_int_equal(f.config->providers[1].api_key.n, 0);
	fake_release(&f);
}

static void keys_that_cannot_be_had(void **state)
{
	struct fake f = {
		.files = { { USER_FILE,
				   "{\"providers\": {\n"
				   "\"anthropic\": {\"api_key_env\": \"MY_KEY\"},\n"
				   "\"openai\": {\"api_key_env\": \"sk-proj-0123456789abcdefgh\"},\n"
				   "\"gemini\": {\"api_key_env\": \"AIzaSyA0123456789abcdefghijk\"},\n"
				   "\"deepseek\": {\"api_key_file\": \"/empty\"},\n"
				   "\"openrouter\": {\"api_key_env\": \"SPACED\"}},\n"
				   "\"auth\": {\"key_file\": \"/none\"}}" },
			{ "/empty", "\nkey on the second line\n" } },
		.env = { "SPACED=very secret", "MY_KEY= \n" },
	};

	fake_load(&f);
	assert_problems(&f, USER_FILE
		":2:15: error: \"providers.anthropic.api_key_env\": the environment variable \"MY_KEY\" is "
		"not set\n" USER_FILE
		":3:12: error: \"providers.openai.api_key_env\" must be the name of a variable, such as "
		"DEEPSEEK_API_KEY\n" USER_FILE
		":4:12: error: \"providers.gemini.api_key_env\": the environment variable "
		"\"AIza*********hijk\" is not set\n" USER_FILE
		":5:14: error: \"providers.deepseek.api_key_file\": no key on the first line of "
		"\"/empty\"\n"
		"environment SPACED: error: the key for \"providers.openrouter.api_key\" must hold visible "
		"ASCII characters only, without spaces\n" USER_FILE
		":7:10: error: \"auth.key_file\": cannot read \"/none\": No such file or directory\n");
	fake_release(&f);
}

/* Several keys of one provider: each from where it says, the first of them standing for all. */
static void several_keys(void **state)
{
	struct fake f = {
		.files = { { USER_FILE,
				   "{\"providers\": {\"openai\": {\"keys\": {"
				   "\"home\": \"env:MY_KEY weight=3\", \"work\": \"file:~/work.key\","
				   "\"spare\": \"sk-literal\"}}}}" },
			{ "/home/me/work.key", "from-file\n" } },
		.env = { "MY_KEY=from-env" },
	};

	fake_load(&f);
	assert_problems(&f, "");
	const struct config_provider *p = &f.config->providers[1];
	assert_int_equal(p->nkeys, 3);
	assert_bytes(p->key_list[0].name, "home");
	assert_bytes(p->key_list[0].secret, "from-env");
	assert_int_equal(p->key_list[0].weight, 3);
	assert_bytes(p->key_list[1].secret, "from-file");
	assert_int_equal(p->key_list[1].weight, 1);
	assert_bytes(p->key_list[2].name, "spare");
	assert_bytes(p->key_list[2].secret, "sk-literal");
	assert_bytes(p->api_key, "from-env");
	fake_release(&f);
}

static void several_keys_that_are_wrong(void **state)
{
	struct fake f = {
		.files = { { USER_FILE,
			"{\"providers\": {\n"
			"\"openai\": {\"keys\": {\"a\": \"env:NOT_SET\", \"b\": \"sk-b weight=0\", \"c\": \"file:/none\","
			" \"d\": \"sk-d twice sk-e\", \"e\": \"\"}},\n"
			"\"gemini\": {\"api_key\": \"g\",\n\"keys\": {\"a\": \"g\"}}}}",
			0644 } },
	};

	fake_load(&f);
	assert_problems(&f, USER_FILE
		":2:12: warning: holds a key and is readable by others: chmod 600 " USER_FILE
		"\n" USER_FILE
		":4:1: error: \"providers.gemini.keys\" and \"providers.gemini.api_key\" exclude each other, give "
		"only one\n" USER_FILE
		":2:12: error: \"providers.openai.keys.a\": the environment variable \"NOT_SET\" is not set\n" USER_FILE
		":2:12: error: \"providers.openai.keys.b\": behind the key only weight=N may stand, from 1 to 1000\n" USER_FILE
		":2:12: error: \"providers.openai.keys.c\": cannot read \"/none\": No such file or directory\n" USER_FILE
		":2:12: error: \"providers.openai.keys.d\": behind the key only weight=N may stand, from 1 to 1000\n" USER_FILE
		":2:12: error: \"providers.openai.keys.e\" is empty\n");
	fake_release(&f);
}

static void files_that_others_can_read(void **state)
{
	static const struct {
		unsigned mode;
		const char *text, *env;
		bool user, dotenv;
	} cases[] = {
		{ 0600, "{\"providers.openai.api_key\": \"k\"}", "", false, false },
		{ 0640, "{\"providers.openai.api_key\": \"k\"}", "", true, false },
		{ 0604, "{\n\"providers.openai.api_key\": \"k\", \"providers.gemini.api_key\": \"k\"}",
			"", true, false },
		{ 0622, "{\"providers.openai.api_key\": \"k\"}", "", false, false },
		{ 0644, "{\"providers.openai.api_key\": \"\"}", "", false, false },
		{ 0644, "{}", "SLUICE_PROVIDERS_OPENAI_API_KEY=k", false, true },
		{ 0644, "{\"providers.openai.api_key_env\": \"K\"}", "K=k", false, true },
		{ 0644, "{}", "K=k", false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake f = {
			.files = { { USER_FILE, cases[i].text, cases[i].mode, 0, false },
				{ DOTENV_FILE, cases[i].env, cases[i].mode, 0, false } }
		};
		fake_load(&f);
		assert_non_null(f.config);
		assert_int_equal(f.report.n, cases[i].user + cases[i].dotenv);
		if (cases[i].user)
			assert_bytes(f.report.problems[0].text,
				"holds a key and is readable by others: chmod 600 " USER_FILE);
		if (cases[i].dotenv)
			assert_bytes(f.report.problems[0].text,
				"holds a key and is readable by others: chmod 600 " DOTENV_FILE);
		fake_release(&f);
	}
}

/* No part of a secret, other than what a mask leaves, in anything that can be printed. */
static void secrets_stay_secret(void **state)
{
	static const char *const texts[] = {
		"{\"auth.key\": \"TOPSECRET-0123456789\", \"providers\": {\"openai\": {\"api_key\": \"xxTOPSECRETxx\", \"proxy\": \"http://u:TOPSECRET@p\", \"headers\": {\"a\": \"0123TOPSECRET0123\"}}}}",
		"{\"auth.key\": \"TOP SECRET\", \"auth.key_env\": \"xxTOPSECRET-0123456789\"}",
		"{\"auth.key\": [\"TOPSECRET\"]}",
		"{\"auth.key\": {\"TOPSECRET\": 1}}",
		"{\"auth.key_env\": \"xxxxTOPSECRETxxxxxxxx\"}",
		"{\"providers.openai.api_key\": \"TOPSECRET\\nTOPSECRET\"}",
		"{\"providers.openai.api_key\": \"TOPSECRET\", \"providers.openai.api_key\": \"xTOPSECRET\"}",
		"{\"providers.openai.api_key\": \"TOPSECRET\" \"TOPSECRET\"}",
		"{\"providers.openai.headers\": \"TOPSECRET\"}",
		"{\"providers.openai.headers\": {\"a b\": \"TOPSECRET\"}}",
		"{\"providers.openai.headers\": [\"TOPSECRET\"]}",
		"{\"providers.openai.proxy\": \"http://u:TOPSECRET@:p\"}",
		"{\"providers.openai.base_url\": \"http://u:TOPSECRET@h\"}",
		"{\"providers.openai.base_url\": \"http://h?key=TOPSECRET\"}",
	};

	for (size_t i = 0; i < 3 * ARRAY_LEN(texts); i++) {
		/* The same as a file of the user's and of a project. */
		const char *file = i % 3 == 0 ? PROJECT_FILE : USER_FILE;
		struct fake f = { .files = { { file, texts[i / 3], 0644, 0, false } },
			.env = { "SLUICE_AUTH_KEY=" } };
		struct buf out;
		f.env[0] = i % 3 == 2 ? "SLUICE_AUTH_KEY=TOPSECRET\x01" : NULL;
		fake_load(&f);
		buf_init(&out, 1 << 20);
		buf_add(&out, buf_str(&f.problems));
		if (f.config != NULL) {
			config_show(f.config, &f.report, &out);
			config_show_json(f.config, &f.report, &out);
		}
		assert_int_equal(i == 1, f.config != NULL);
		if (str_find(buf_str(&out), STR("SECRET")) < out.n)
			fail_msg("%s: %.*s", texts[i / 3], STR_ARG(buf_str(&out)));
		buf_release(&out);
		fake_release(&f);
	}
}

/* One entry of a map on the command line leaves the others as they are. */
static void entries_of_maps(void **state)
{
	struct fake f = {
		.files = { { USER_FILE,
			"{\"route.use\": {\"execute\": \"openai/a\", \"image\": \"openai/b\"}}" } },
		.sets = { "route.use.execute=anthropic/c effort=low", "route.use.fast=openai/d",
			"models.gpt-5.6=openai/e" }
	};
	struct fake wrong = { .sets = { "route.use.=openai/a", "limits.x=1" } };

	fake_load(&f);
	assert_problems(&f, "");
	assert_int_equal(f.config->route_use.n, 3);
	assert_bytes(str_map_get(&f.config->route_use, STR("execute")), "anthropic/c effort=low");
	assert_bytes(str_map_get(&f.config->route_use, STR("image")), "openai/b");
	assert_bytes(str_map_get(&f.config->route_use, STR("fast")), "openai/d");
	assert_bytes(str_map_get(&f.config->models, STR("gpt-5.6")), "openai/e");
	fake_release(&f);
	fake_load(&wrong);
	assert_int_equal(wrong.report.errors, 2);
	fake_release(&wrong);
}

static void write_file(const char *path, const char *text, unsigned mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* The real file system, when the input does not replace it. */
static void real_files(void **state)
{
	char dir[] = "/tmp/sluice-test-XXXXXX", user[64], env[64], big[64];
	struct config_report report;

	assert_non_null(mkdtemp(dir));
	snprintf(user, sizeof(user), "%s/my.json", dir);
	snprintf(env, sizeof(env), "%s/.env", dir);
	snprintf(big, sizeof(big), "%s/big", dir);
	write_file(user, "{\"providers.openai.api_key\": \"k\"}", 0644);
	write_file(env, "SLUICE_LIMITS_HEADERS=77\n", 0600);
	write_file(big, "", 0600);
	assert_int_equal(truncate(big, 1 << 20), 0);
	struct config_input in = { .cwd = dir, .home = dir, .file = "my.json" };
	struct config *c = config_load(&in, &report);
	assert_non_null(c);
	assert_int_equal(c->limits_headers, 77);
	assert_bytes(c->providers[1].api_key, "k");
	assert_int_equal(report.n, 1);
	config_unref(c);
	config_report_release(&report);
	in.file = dir;
	assert_null(config_load(&in, &report));
	assert_bytes(report.problems[0].text, "cannot be read: Is a directory");
	config_report_release(&report);
	in.file = big;
	assert_null(config_load(&in, &report));
	assert_bytes(report.problems[0].text, "cannot be read: File too large");
	config_report_release(&report);
	unlink(user);
	unlink(env);
	unlink(big);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_users_file),
		cmocka_unit_test(files_that_cannot_be_read),
		cmocka_unit_test(the_projects_file),
		cmocka_unit_test(files_of_others),
		cmocka_unit_test(refused_in_a_project),
		cmocka_unit_test(allowed_in_a_project),
		cmocka_unit_test(dotenv_spellings),
		cmocka_unit_test(dotenv_that_redirects),
		cmocka_unit_test(names_of_files),
		cmocka_unit_test(where_keys_live),
		cmocka_unit_test(keys_replace_each_other),
		cmocka_unit_test(keys_that_cannot_be_had),
		cmocka_unit_test(several_keys),
		cmocka_unit_test(several_keys_that_are_wrong),
		cmocka_unit_test(files_that_others_can_read),
		cmocka_unit_test(secrets_stay_secret),
		cmocka_unit_test(entries_of_maps),
		cmocka_unit_test(real_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
