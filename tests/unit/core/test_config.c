/* SPDX-License-Identifier: MIT */
/* Loading the configuration: layers, presets, keys, and that everything that is wrong is said, where it
 * stands, without a secret. */
#include "unit/core/config_fake.h"

static const struct config_provider *provider(const struct fake *f, const char *name)
{
	const struct config_provider *p = config_provider(f->config, str_from(name));

	assert_non_null(p);
	return p;
}

static void nothing_given(void **state)
{
	struct fake f = { 0 };

	fake_load(&f);
	assert_problems(&f, "");
	const struct config *c = f.config;
	assert_int_equal(c->listen.n, 1);
	assert_bytes(c->listen.v[0], "localhost:7780");
	assert_int_equal(c->limits_body_bytes, 32 << 20);
	assert_int_equal(c->limits_idle_ms, 300000);
	assert_bytes(c->log_level, "info");
	assert_int_equal(c->auth_key.n, 0);
	assert_int_equal(c->nproviders, 14);
	fake_release(&f);
}

static void presets(void **state)
{
	static const struct {
		const char *name, *dialect, *flavor, *base_url;
	} cases[] = {
		{ "anthropic", "anthropic", "anthropic", "https://api.anthropic.com" },
		{ "openai", "openai", "openai", "https://api.openai.com" },
		{ "gemini", "gemini", "gemini", "https://generativelanguage.googleapis.com" },
		{ "deepseek", "openai", "deepseek", "https://api.deepseek.com" },
		{ "deepseek-anthropic", "anthropic", "deepseek",
			"https://api.deepseek.com/anthropic" },
		{ "openrouter", "openai", "openrouter", "https://openrouter.ai/api" },
	};
	/* Variables that other programs use are no provider's key, but for those who mean another one. */
	struct fake f = { .env = { "ANTHROPIC_API_KEY=sk-not-for-us", "OPENAI_API_KEY=nor-this" } };

	fake_load(&f);
	assert_problems(&f, "");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct config_provider *p = &f.config->providers[i];
		assert_str(p->name, str_from(cases[i].name));
		assert_str(p->dialect, str_from(cases[i].dialect));
		assert_str(p->base_url, str_from(cases[i].base_url));
		assert_int_equal(p->api_key.n, 0);
		assert_str(p->flavor, str_from(cases[i].flavor));
		assert_int_equal(p->connect_ms, 10000);
		assert_false(p->http2);
	}
	assert_null(config_provider(f.config, STR("other")));
	assert_str(config_provider(f.config, STR("openai"))->found_key, STR("nor-this"));
	assert_int_equal(config_provider(f.config, STR("xai"))->found_key.n, 0);
	assert_null(config_provider(f.config, STR("ollama"))->key_env);
	fake_release(&f);
}

/* One setting, given by ever more layers: the strongest one counts, and its origin is told. */
static void precedence(void **state)
{
	static const char *const origins[] = { "default", USER_FILE ":2:11", PROJECT_FILE ":1:2",
		DOTENV_FILE ":2:8", "environment SLUICE_LIMITS_IDLE_S", "--set limits.idle_s" };
	struct fake all = {
		.files = { { USER_FILE, "{\n\"limits\":{\"idle_s\": 1}}" },
			{ PROJECT_FILE, "{\"limits.idle_s\": 2}" },
			{ DOTENV_FILE, "\nexport SLUICE_LIMITS_IDLE_S=3" } },
		.env = { "SLUICE_LIMITS_IDLE_S=4" },
		.sets = { "limits.idle_s=5" },
	};

	for (size_t layers = 0; layers <= 5; layers++) {
		struct fake f = all;
		struct buf origin;
		for (size_t i = layers; i < 3; i++)
			f.files[i].path = NULL;
		f.env[0] = layers < 4 ? NULL : f.env[0];
		f.sets[0] = layers < 5 ? NULL : f.sets[0];
		fake_load(&f);
		assert_problems(&f, "");
		assert_int_equal(f.config->limits_idle_ms, layers == 0 ? 300000 : layers * 1000);
		buf_init(&origin, 1000);
		config_origin_print(&f.report.origins[CONFIG_ROW_limits_idle_ms], &origin);
		assert_str(buf_str(&origin), str_from(origins[layers]));
		buf_release(&origin);
		fake_release(&f);
	}
}

static void spellings(void **state)
{
	struct fake f = {
		.files = { { USER_FILE,
			"\xEF\xBB\xBF// mine\n"
			"{\n"
			"  \"$schema\": \"./config.schema.json\",\n"
			"  \"listen\": [\"127.0.0.1:1\", \"[::1]:2\",],\n"
			"  \"limits\": { \"header_bytes\": \"128 KiB\", \"header_s\": 0.25 },\n"
			"  \"limits.headers\": 16, /* dots */\n"
			"  \"providers\": {\n"
			"    \"deepseek\": { \"api_key\": \"deep-key\", \"timeouts.idle_s\": 7 },\n"
			"    \"my-llm\": { \"dialect\": \"openai\", \"base_url\": \"http://localhost:11434/\",\n"
			"      \"headers\": { \"X-A\": \"1, 2\" }, \"timeouts\": { \"total_s\": 0 }, },\n"
			"  },\n"
			"  \"providers.gemini\": { \"http2\": true },\n"
			"  \"providers.openai.proxy\": \"http://u:p@proxy:3128\",\n"
			"}\n" } },
		.env = { "SLUICE_PROVIDERS_MY_LLM_TIMEOUTS_CONNECT_S=2.5",
			"SLUICE_AUTH_HOSTS=a.example, b.example:80", "SLUICE_LOG_FORMAT=json",
			"SLUICE_PROVIDERS_NEW_BASE_URL=https://new.example/x",
			"SLUICE_PROVIDERS_NEW_DIALECT=gemini", "SLUICELISTEN=not ours",
			"SLUICE_PROVIDERS_NEW_HEADERS=a=b,c=d" },
		.sets = { "providers.other.dialect=anthropic",
			"providers.other.base_url=https://[::1]:8443", "log.level=warn",
			"log.level=debug" },
	};

	fake_load(&f);
	assert_problems(&f, "");
	const struct config *c = f.config;
	assert_int_equal(c->listen.n, 2);
	assert_bytes(c->listen.v[1], "[::1]:2");
	assert_int_equal(c->limits_header_bytes, 128 << 10);
	assert_int_equal(c->limits_header_ms, 250);
	assert_int_equal(c->limits_headers, 16);
	assert_int_equal(c->auth_hosts.n, 2);
	assert_bytes(c->log_format, "json");
	assert_bytes(c->log_level, "debug");
	assert_bytes(provider(&f, "deepseek")->api_key, "deep-key");
	assert_int_equal(provider(&f, "deepseek")->idle_ms, 7000);
	assert_bytes(provider(&f, "my-llm")->base_url, "http://localhost:11434");
	assert_bytes(provider(&f, "my-llm")->headers.v[0].value, "1, 2");
	assert_int_equal(provider(&f, "my-llm")->total_ms, 0);
	assert_int_equal(provider(&f, "my-llm")->connect_ms, 2500);
	assert_true(provider(&f, "gemini")->http2);
	assert_bytes(provider(&f, "openai")->proxy, "http://u:p@proxy:3128");
	assert_bytes(provider(&f, "new")->base_url, "https://new.example/x");
	assert_int_equal(provider(&f, "new")->headers.n, 2);
	assert_bytes(provider(&f, "other")->base_url, "https://[::1]:8443");
	assert_int_equal(c->nproviders, 17);
	fake_release(&f);
}

/* What is said of one user file, each line without its name. */
static const struct {
	const char *text, *problems;
} in_a_file[] = {
	{ "[]", "1:1: error: a configuration must be an object: { … }\n" },
	{ "{\n  \"lisen\": \"localhost:1\"\n}",
		"2:3: error: unknown setting \"lisen\", did you mean \"listen\"?\n" },
	{ "{\"limits\": {\"é\": 0, \"idel_s\": 5}}",
		"1:13: error: unknown setting \"limits.é\"\n"
		"1:21: error: unknown setting \"limits.idel_s\", did you mean \"limits.idle_s\"?\n" },
	{ "{\"limit\": {\"idle_s\": 5}}",
		"1:2: error: unknown setting \"limit\", did you mean \"limits\"?\n" },
	{ "{\"api_key\": \"x\"}",
		"1:2: error: unknown setting \"api_key\", did you mean \"providers.NAME.api_key\"?\n" },
	{ "{\"providers\": {\"openai\": {\"base_uri\": \"x\"}}}",
		"1:27: error: unknown setting \"providers.openai.base_uri\", did you mean \"providers.openai.base_url\"?\n" },
	{ "{\"providers.\\u007fx.api_kye\": 1}",
		"1:2: error: unknown setting \"providers.?x.api_kye\", did you mean \"providers.?x.api_key\"?\n" },
	{ "{\"evil\\u001b[2J\\n\": 1}", "1:2: error: unknown setting \"evil?[2J?\"\n" },
	{ "{\"limits\": 5, \"providers\": [], \"providers.openai\": \"x\"}",
		"1:2: error: \"limits\" is a group of settings and must be an object\n"
		"1:15: error: \"providers\" is a group of settings and must be an object\n"
		"1:32: error: \"providers.openai\" is a group of settings and must be an object\n" },
	{ "{\"limits\": {\"idle_s\": \"5\",\n\"headers\": 15, \"connections\": 1.5}}",
		"1:13: error: \"limits.idle_s\" must be a number of seconds from 0.05 to 86400, not the string \"5\"\n"
		"2:1: error: \"limits.headers\" must be a whole number from 16 to 10000, not 15\n"
		"2:16: error: \"limits.connections\" must be a whole number from 1 to 1000000, not 1.5\n" },
	{ "{\"log\": {\"level\": \"loud\", \"file\": {}}}",
		"1:10: error: \"log.level\" must be one of error, warn, info, debug, not \"loud\"\n"
		"1:27: error: \"log.file\" must be a string, not an object\n" },
	{ "{\"limits\": {\"idle_s\": 5},\n\n \"limits.idle_s\": 6}",
		"3:2: error: \"limits.idle_s\" is given twice, first on line 1\n" },
	{ "{\"log\": {},\n\"log\": {}}", "2:1: error: \"log\" is given twice, first on line 1\n" },
	{ "{\"log\": {\"level\": \"info\",\n\"level\": \"warn\"}}",
		"2:1: error: \"log.level\" is given twice, first on line 1\n" },
	{ "{\"providers\": {\"Mine\": {\"api_key\": \"k\"}, \"\": {}, \"-\": {}}}",
		"1:16: error: provider \"Mine\" is not a name: lower-case letters, digits, - and _, at most 64 characters\n"
		"1:42: error: provider \"\" is not a name: lower-case letters, digits, - and _, at most 64 characters\n"
		"1:50: error: provider \"-\" is not a name: lower-case letters, digits, - and _, at most 64 characters\n" },
	{ "{\"providers\": {\"a_b\": {\"dialect\": \"openai\", \"base_url\": \"http://h\"}, \"a-b\": {}}}",
		"1:70: error: provider \"a-b\" differs from another provider in - and _ only\n" },
	{ "{\"providers\": {\"antropic\": {\"api_key\": \"k\"}}}",
		"1:16: error: provider \"antropic\" is not built in and needs \"dialect\" and \"base_url\", did you mean \"anthropic\"?\n" },
	{ "{\"providers\": {\"mine\": {\"dialect\": \"openai\"}}}",
		"1:16: error: provider \"mine\" is not built in and needs \"base_url\"\n" },
	{ "{\"providers\": {\"mine\": {\"base_url\": \"http://h\"}}}",
		"1:16: error: provider \"mine\" is not built in and needs \"dialect\"\n" },
	/* A value that was refused is not reported as missing as well. */
	{ "{\"providers\": {\"mine\": {\"dialect\": \"x\", \"base_url\": 1}}}",
		"1:25: error: \"providers.mine.dialect\" must be one of anthropic, openai, chat, responses, gemini, not \"x\"\n"
		"1:41: error: \"providers.mine.base_url\" must be a string, not 1\n" },
	{ "{\"providers\": {\"openai\": {\"api_key\": \"a\", \"api_key_env\": \"A\"}}}",
		"1:43: error: \"providers.openai.api_key_env\" and \"providers.openai.api_key\" exclude each other, give only one\n" },
	{ "{\"auth\": {\"key_file\": \"/k\", \"key\": \"0123456789abcdef\"}}",
		"1:29: error: \"auth.key\" and \"auth.key_file\" exclude each other, give only one\n"
		"1:11: error: \"auth.key_file\": cannot read \"/k\": No such file or directory\n" },
	{ "{\"listen\": []}", "1:2: error: \"listen\" needs at least one address\n" },
	{ "{\"listen\": [\"localhost\", \"1.2.3.4:80\"]}",
		"1:2: error: \"listen\" must hold addresses like localhost:7780 or [::1]:7780, not \"localhost\"\n"
		"1:2: error: \"listen\": anybody who reaches \"1.2.3.4:80\" could use your keys, so \"auth.key\" must be set\n" },
	{ "{\"auth\": {\"hosts\": \"http://x\", \"origins\": \"example.com\"}}",
		"1:11: error: \"auth.hosts\" must hold names like proxy.example.com, not \"http://x\"\n"
		"1:32: error: \"auth.origins\" must hold origins like https://app.example.com, not \"example.com\"\n" },
	{ "{\"providers\": {\"openai\": {\"proxy\": \"socks://x\", \"headers\": {\"a b\": \"\", \"Host\": \"h\"}}}}",
		"1:27: error: \"providers.openai.proxy\" must be like http://proxy.example.com:3128\n"
		"1:49: error: \"providers.openai.headers\": \"a b\" is not the name of a header\n"
		"1:49: error: \"providers.openai.headers\": \"Host\" is not for a configuration to set\n" },
};

static void problems_in_a_file(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(in_a_file); i++) {
		struct fake f = { .files = { { USER_FILE, in_a_file[i].text } } };
		fake_load(&f);
		struct str got = buf_str(&f.problems), want = str_from(in_a_file[i].problems), line;
		for (struct str g; str_split(&want, '\n', &line) && line.n > 0;) {
			assert_true(str_split(&got, '\n', &g) && str_starts(g, STR(USER_FILE ":")));
			assert_str(str_from_offset(g, strlen(USER_FILE ":")), line);
		}
		assert_int_equal(got.n, 0);
		fake_release(&f);
	}
}

static void not_json(void **state)
{
	struct fake f = { .files = { { USER_FILE, "{\n  \"limits\": 1\n  \"log\": 2\n}" } } };

	fake_load(&f);
	assert_int_equal(f.report.n, 1);
	assert_true(
		str_starts(buf_str(&f.problems), STR(USER_FILE ":3:3: error: not valid JSON: ")));
	fake_release(&f);
}

static void problems_in_variables_and_flags(void **state)
{
	struct fake f = {
		.files = { { DOTENV_FILE, "# comment\n"
					  "OTHER='unclosed\n"
					  "SLUICE_LISTEN\n"
					  "  SLUICE_LOG_LEVEL=loud # not \"loud\"\n"
					  "SLUICE_FOO=1\n"
					  "SLUICE_LOG_FORMAT=\"json\" x\n"
					  "SLUICE_LIMITS_PING_S=1\n"
					  "SLUICE_LIMITS_PING_S=2\n"
					  "SLUICE_LOG_FILE=\"x\n" } },
		.env = { "SLUICE_PORT=tcp://10.0.0.1:7780", "SLUICE_LITSEN=localhost:1",
			"SLUICE_PROVIDERS_OPENAI_BASE_URI=x", "SLUICE_LIMITS_IDLE_S=",
			"SLUICE_PROVIDERS__API_KEY=x", "SLUICE_PROVIDERS_OPENAIXHTTP2=1" },
		.sets = { "log.level", "log.file.x=1", "limits=1", "limits.idle_s=x" },
	};

	fake_load(&f);
	assert_problems(&f, DOTENV_FILE
		":3:1: error: \"SLUICE_LISTEN\" must be written NAME=value\n" DOTENV_FILE
		":4:3: error: \"log.level\" must be one of error, warn, info, debug, not "
		"\"loud\"\n" DOTENV_FILE ":5:1: error: unknown setting \"SLUICE_FOO\"\n" DOTENV_FILE
		":6:1: error: \"SLUICE_LOG_FORMAT\" has something behind its closing quote\n" DOTENV_FILE
		":8:1: error: \"limits.ping_s\" is given twice, first on line 7\n" DOTENV_FILE
		":9:1: error: \"SLUICE_LOG_FILE\" has a quote that is never closed\n"
		"environment SLUICE_PORT: warning: unknown setting \"SLUICE_PORT\"\n"
		"environment SLUICE_LITSEN: error: unknown setting \"SLUICE_LITSEN\", did you mean "
		"\"SLUICE_LISTEN\"?\n"
		"environment SLUICE_PROVIDERS_OPENAI_BASE_URI: error: unknown setting "
		"\"SLUICE_PROVIDERS_OPENAI_BASE_URI\", did you mean "
		"\"SLUICE_PROVIDERS_OPENAI_BASE_URL\"?\n"
		"environment SLUICE_LIMITS_IDLE_S: error: \"limits.idle_s\" must be a number of seconds "
		"from 0.05 to 86400, not \"\"\n"
		"environment SLUICE_PROVIDERS__API_KEY: warning: unknown setting "
		"\"SLUICE_PROVIDERS__API_KEY\"\n"
		"environment SLUICE_PROVIDERS_OPENAIXHTTP2: warning: unknown setting "
		"\"SLUICE_PROVIDERS_OPENAIXHTTP2\"\n"
		"--set log.level: error: must be written PATH=VALUE\n"
		"--set log.file.x: error: unknown setting \"log.file.x\", did you mean \"log.file\"?\n"
		"--set limits: error: \"limits\" is a group of settings and must be an object\n"
		"--set limits.idle_s: error: \"limits.idle_s\" must be a number of seconds from 0.05 to "
		"86400, not \"x\"\n");
	fake_release(&f);
}

static void base_urls(void **state)
{
	static const struct {
		const char *url, *used, *problem;
	} cases[] = {
		{ "https://h.example", "https://h.example", "" },
		{ "HTTP://H.example:8080/a/b//", "HTTP://H.example:8080/a/b", "" },
		{ "https://h/v1", "https://h", "note" },
		{ "https://h/a/v1/", "https://h/a", "note" },
		{ "https://h/v1beta", "https://h", "note" },
		{ "https://h/v10", "https://h/v10", "" },
		{ "http://[::1]:1/x", "http://[::1]:1/x", "" },
		{ "", NULL, "must not be empty" },
		{ "h.example", NULL, "must begin with http:// or https://" },
		{ "ftp://h", NULL, "must begin with http:// or https://" },
		{ "https://", NULL, "must name a host, and perhaps a port" },
		{ "https:///path", NULL, "must name a host, and perhaps a port" },
		{ "https://h:0", NULL, "must name a host, and perhaps a port" },
		{ "https://h:65536", NULL, "must name a host, and perhaps a port" },
		{ "https://h:", NULL, "must name a host, and perhaps a port" },
		{ "https://[::1", NULL, "must name a host, and perhaps a port" },
		{ "https://[::g]", NULL, "must name a host, and perhaps a port" },
		{ "https://h_\xc3\xa9", NULL, "holds a character that no URL has" },
		{ "https://h/a b", NULL, "holds a character that no URL has" },
		{ "https://h/a?b", NULL, "must end with its path, without ? and #" },
		{ "https://h/#", NULL, "must end with its path, without ? and #" },
		{ "https://u:topsecret@h", NULL,
			"must not hold a user or password: a key belongs into \"api_key\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake f = { .env = { NULL } };
		char set[200];
		snprintf(set, sizeof(set), "providers.openai.base_url=%s", cases[i].url);
		f.sets[0] = set;
		fake_load(&f);
		if (cases[i].used != NULL)
			assert_str(provider(&f, "openai")->base_url, str_from(cases[i].used));
		if (f.report.n == 0)
			assert_string_equal(cases[i].problem, "");
		else if (strcmp(cases[i].problem, "note") == 0)
			assert_int_equal(f.report.problems[0].severity, CONFIG_NOTE);
		else
			assert_str(str_from_offset(f.report.problems[0].text,
					   strlen("\"providers.openai.base_url\" ")),
				str_from(cases[i].problem));
		assert_int_equal(f.report.n, cases[i].problem[0] != '\0');
		fake_release(&f);
	}
}

static void listening_in_public(void **state)
{
	static const struct {
		const char *address;
		bool valid, loopback;
	} cases[] = {
		{ "localhost:7780", true, true },
		{ "LOCALHOST:0", true, true },
		{ "127.0.0.1:1", true, true },
		{ "127.8.9.10:1", true, true },
		{ "[::1]:65535", true, true },
		{ "[0:0::1]:1", true, true },
		{ "0.0.0.0:1", true, false },
		{ "[::]:1", true, false },
		{ "128.0.0.1:1", true, false },
		{ "[::ffff:127.0.0.1]:1", true, false },
		{ "example.com:1", true, false },
		{ "127.0.0.1.example.com:1", true, false },
		{ "localhost", false, false },
		{ "localhost:", false, false },
		{ "localhost:65536", false, false },
		{ "localhost:+1", false, false },
		{ ":7780", false, false },
		{ "::1:7780", false, false },
		{ "*:7780", false, false },
		{ "[::1]7780", false, false },
		{ "[localhost]:1", false, false },
		{ "http://localhost:1", false, false },
	};

	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		bool valid = cases[i / 2].valid, loopback = cases[i / 2].loopback,
		     keyed = i % 2 != 0;
		struct fake f = { .env = { NULL } };
		char set[200];
		snprintf(set, sizeof(set), "listen=%s", cases[i / 2].address);
		f.sets[0] = set;
		f.sets[1] = keyed ? "auth.key=0123456789abcdef" : NULL;
		f.sets[2] = keyed ? "providers.openai.api_key=k" : NULL;
		fake_load(&f);
		if ((f.config != NULL) != (valid && (loopback || keyed)))
			fail_msg("%s%s: %.*s", set, keyed ? " with a key" : "",
				STR_ARG(buf_str(&f.problems)));
		fake_release(&f);
	}
}

static void keys_and_their_warnings(void **state)
{
	struct fake alone = { .env = { "SLUICE_AUTH_KEY=0123456789abcdef" } };
	struct fake weak = { .env = { "SLUICE_AUTH_KEY=0123456789abcde",
				     "SLUICE_PROVIDERS_OPENAI_API_KEY=k" } };
	struct fake typed = { .sets = { "providers.openai.api_key=k" } };

	fake_load(&alone);
	assert_problems(&alone,
		"environment SLUICE_AUTH_KEY: warning: \"auth.key\" is set and no provider has a key: "
		"clients can only send it as \"x-sluice-key\", because \"x-api-key\" and bearer are "
		"the provider's then\n");
	fake_release(&alone);
	fake_load(&weak);
	assert_problems(&weak,
		"environment SLUICE_AUTH_KEY: warning: \"auth.key\" is short and could "
		"be guessed: 16 characters or more are better\n");
	fake_release(&weak);
	fake_load(&typed);
	assert_problems(&typed,
		"--set providers.openai.api_key: warning: a key on the command line can "
		"be read by others: better name a variable or a file that holds it\n");
	fake_release(&typed);
}

static void number_of_problems_is_bounded(void **state)
{
	struct fake f = { .env = { NULL } };
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_add_char(&text, '{');
	for (int i = 0; i < 1000; i++)
		buf_addf(&text, "\n\"no such setting %d\": 1,", i);
	buf_add(&text, STR("}"));
	buf_add_char(&text, '\0');
	f.files[0] = (struct fake_file){ USER_FILE, text.p };
	fake_load(&f);
	assert_int_equal(f.report.n, 101);
	assert_int_equal(f.report.problems[99].line, 101);
	assert_bytes(f.report.problems[100].text, "there may be more, which are not looked for");
	fake_release(&f);
	buf_release(&text);
}

static void number_of_providers_is_bounded(void **state)
{
	struct fake f = { .env = { NULL } };
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_add(&text, STR("{\"providers\": {"));
	for (int i = 0; i < 51; i++)
		buf_addf(&text, "\n\"p%d\": {\"dialect\": \"openai\", \"base_url\": \"http://h\"},",
			i);
	buf_add(&text, STR("}}"));
	buf_add_char(&text, '\0');
	f.files[0] = (struct fake_file){ USER_FILE, text.p };
	fake_load(&f);
	assert_problems(&f, USER_FILE
		":52:1: error: provider \"p50\" is one provider too many: there may be 64\n");
	fake_release(&f);
	buf_release(&text);
}

/* A snapshot keeps nothing of what it was loaded from, and lives until its last reference goes. */
static void snapshots(void **state)
{
	char *text = must_strdup("{\"override\": {\"model\": \"m\"}, \"listen\": \"localhost:1\"}");
	struct fake f = { .files = { { USER_FILE, text } } };

	fake_load(&f);
	free(text);
	struct config *c = config_ref(f.config);
	fake_release(&f);
	assert_bytes(c->override_model, "m");
	assert_string_equal(c->override_model.p, "m");
	assert_bytes(c->listen.v[0], "localhost:1");
	assert_bytes(c->providers[0].base_url, "https://api.anthropic.com");
	config_unref(c);
	config_unref(NULL);
	config_report_release(&(struct config_report){ 0 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_given),
		cmocka_unit_test(presets),
		cmocka_unit_test(precedence),
		cmocka_unit_test(spellings),
		cmocka_unit_test(problems_in_a_file),
		cmocka_unit_test(not_json),
		cmocka_unit_test(problems_in_variables_and_flags),
		cmocka_unit_test(base_urls),
		cmocka_unit_test(listening_in_public),
		cmocka_unit_test(keys_and_their_warnings),
		cmocka_unit_test(number_of_problems_is_bounded),
		cmocka_unit_test(number_of_providers_is_bounded),
		cmocka_unit_test(snapshots),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
