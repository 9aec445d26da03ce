/* SPDX-License-Identifier: MIT */
/* The programs that `sluice run` knows. The files that some of them read beside the environment are looked
 * at in client_files.c. */
#include "app/clients.h"

#include "app/client_files.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

enum { ROW_MAX = 4 };

struct client {
	const char *name;
	/* Variables that hold a base URL; the value here is what stands behind the proxy's URL. */
	struct client_var urls[ROW_MAX];
	struct client_var fixed[ROW_MAX];
	/* Variables that hold headers to send, "name: value"; the value here is what separates two. */
	struct client_var headers[ROW_MAX];
	/* Variables that, when set, make the client talk to a service that the URLs do not name. */
	const char *bypass[ROW_MAX];
	void (*more)(struct client_setup *s);
};

static void prepare_claude(struct client_setup *s);
static void prepare_codex(struct client_setup *s);
static void prepare_opencode(struct client_setup *s);

static const struct client clients[] = {
	{
		.name = "claude",
		.urls = { { "ANTHROPIC_BASE_URL", "" } },
		.fixed = { { "CLAUDE_CODE_GATEWAY_HINT_HEADERS", "1" } },
		.headers = { { "ANTHROPIC_CUSTOM_HEADERS", "\n" } },
		.bypass = { "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX",
			"CLAUDE_CODE_USE_FOUNDRY" },
		.more = prepare_claude,
	},
	{ .name = "codex", .more = prepare_codex },
	{
		.name = "gemini",
		.urls = { { "GOOGLE_GEMINI_BASE_URL", "" } },
		.headers = { { "GEMINI_CLI_CUSTOM_HEADERS", "," } },
		.bypass = { "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA" },
	},
	{ .name = "opencode", .more = prepare_opencode },
};

static const struct client any_client = {
	.name = "",
	.urls = { { "ANTHROPIC_BASE_URL", "" }, { "OPENAI_BASE_URL", "/v1" },
		{ "GOOGLE_GEMINI_BASE_URL", "" } },
	.fixed = { { "CLAUDE_CODE_GATEWAY_HINT_HEADERS", "1" } },
	.headers = { { "ANTHROPIC_CUSTOM_HEADERS", "\n" }, { "OPENAI_CUSTOM_HEADERS", "\n" },
		{ "GEMINI_CLI_CUSTOM_HEADERS", "," } },
};

/* The variable that a client's own configuration may name as the source of the header. */
#define KEY_VARIABLE "SLUICE_AUTH_KEY"
#define KEY_HEADER   "x-sluice-key"

static const char *user_var(const struct client_setup *s, const char *name)
{
	size_t n = strlen(name);

	for (char *const *e = s->env; *e; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}

static bool is_set(const struct client_setup *s, const char *name)
{
	const char *value = user_var(s, name);

	return value && *value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

static void set_var(struct client_setup *s, const char *name, const char *value)
{
	assert(s->nvars < CLIENT_VARS_MAX);
	s->vars[s->nvars++] = (struct client_var){ name, value };
}

static void add_arg(struct client_setup *s, const char *arg)
{
	assert(s->nargs < CLIENT_ARGS_MAX);
	s->args[s->nargs++] = arg;
}

static void add_note(struct client_setup *s, struct str note)
{
	if (s->nnotes < CLIENT_NOTES_MAX)
		s->notes[s->nnotes++] = note.p;
}

static void set_url(struct client_setup *s, const struct client_var *row)
{
	const char *value = arena_printf(s->arena, "%s%s", s->url, row->value).p;
	const char *before = user_var(s, row->name);

	if (before && *before && strcmp(before, value) != 0)
		add_note(s, arena_printf(s->arena,
				    "%s pointed elsewhere; this run uses %s (to keep the other as "
				    "upstream, set providers.NAME.base_url)",
				    row->name, value));
	set_var(s, row->name, value);
}

/* Adds the key to the user's own headers, in place of one that was there. */
static void set_header(struct client_setup *s, const struct client_var *row)
{
	struct str rest = str_from(user_var(s, row->name)), part;
	struct buf out;

	buf_init(&out, 1 << 20);
	while (rest.n > 0 && str_split(&rest, *row->value, &part)) {
		part = str_trim(part);
		if (part.n == 0 || str_starts_nocase(part, STR(KEY_HEADER ":")))
			continue;
		buf_add(&out, part);
		buf_add(&out, str_from(row->value));
	}
	buf_addf(&out, KEY_HEADER ": %s", s->key);
	set_var(s, row->name, arena_dup(s->arena, buf_str(&out)).p);
	buf_release(&out);
}

/* Where the host stands in "http://127.0.0.1:7780" and "http://[::1]:7780", without brackets. */
static struct str url_host(const char *url)
{
	struct str host = str_from_offset(str_from(url), strlen("http://"));

	if (str_starts(host, STR("[")))
		return (struct str){ host.p + 1, str_find_char(host, ']') - 1 };
	return (struct str){ host.p, str_find_char(host, ':') };
}

/* A client that goes through an HTTP proxy must not ask that one for an address of this machine. */
static void set_no_proxy(struct client_setup *s)
{
	static const char *const proxies[] = { "http_proxy", "HTTP_PROXY", "https_proxy",
		"HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
	static const char *const names[] = { "no_proxy", "NO_PROXY" };
	bool proxied = false;

	for (size_t i = 0; i < ARRAY_LEN(proxies); i++)
		proxied = proxied || is_set(s, proxies[i]);
	if (!proxied)
		return;
	struct str host = url_host(s->url);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = user_var(s, names[i]);
		if (!value)
			value = user_var(s, names[!i]);
		struct str list = str_trim(str_from(value));
		if (str_eq(list, STR("*")) || str_find(list, host) < list.n)
			continue;
		set_var(s, names[i],
			arena_printf(s->arena, "%.*s%s%.*s", STR_ARG(list), list.n ? "," : "",
				STR_ARG(host))
				.p);
	}
}

/* The environment that Claude Code's settings name wins over the one it is started with. */
static void prepare_claude(struct client_setup *s)
{
	const char *file =
		client_claude_redirect(s, user_var(s, "CLAUDE_CONFIG_DIR"), user_var(s, "HOME"));

	if (!file)
		return;
	for (char *const *w = s->words + 1; *w; w++) {
		if (strncmp(*w, "--settings", strlen("--settings")) != 0)
			continue;
		add_note(s, arena_printf(s->arena,
				    "%s sets ANTHROPIC_BASE_URL: claude will not go through sluice",
				    file));
		return;
	}
	add_arg(s, "--settings");
	add_arg(s, arena_printf(s->arena, "{\"env\":{\"ANTHROPIC_BASE_URL\":\"%s\"}}", s->url).p);
	add_note(s, arena_printf(
			    s->arena, "ANTHROPIC_BASE_URL in %s is overridden for this run", file));
}

/* Codex reads no variable for this, only its configuration. Its own provider, with another address, keeps
 * its list of sessions whole; but headers can be added to a provider of one's own only. */
static void prepare_codex(struct client_setup *s)
{
	struct str provider =
		client_codex_provider(s, user_var(s, "CODEX_HOME"), user_var(s, "HOME"));

	if (provider.n && !str_eq(provider, STR("openai")))
		add_note(s,
			arena_printf(s->arena,
				"codex is set to provider \"%.*s\"; this run uses OpenAI's API through sluice",
				STR_ARG(provider)));
	add_arg(s, "-c");
	if (!s->key) {
		add_arg(s, "model_provider=\"openai\"");
		add_arg(s, "-c");
		add_arg(s, arena_printf(s->arena, "openai_base_url=\"%s/v1\"", s->url).p);
		return;
	}
	add_arg(s, "model_provider=\"sluice\"");
	add_arg(s, "-c");
	add_arg(s, arena_printf(s->arena,
			   "model_providers.sluice={name=\"OpenAI\",base_url=\"%s/v1\","
			   "wire_api=\"responses\",requires_openai_auth=true,"
			   "env_http_headers={\"" KEY_HEADER "\"=\"" KEY_VARIABLE "\"}}",
			   s->url)
			   .p);
	set_var(s, KEY_VARIABLE, s->key);
}

static void prepare_opencode(struct client_setup *s)
{
	static const char name[] = "OPENCODE_CONFIG_CONTENT";
	const char *note = NULL;

	set_var(s, name, client_opencode_config(s, user_var(s, name), &note).p);
	if (note)
		add_note(s, str_from(note));
}

static void prepare_row(struct client_setup *s, const struct client *c)
{
	for (size_t i = 0; i < ROW_MAX && c->urls[i].name; i++)
		set_url(s, &c->urls[i]);
	for (size_t i = 0; i < ROW_MAX && c->fixed[i].name; i++)
		set_var(s, c->fixed[i].name, c->fixed[i].value);
	for (size_t i = 0; s->key && i < ROW_MAX && c->headers[i].name; i++)
		set_header(s, &c->headers[i]);
	for (size_t i = 0; i < ROW_MAX && c->bypass[i]; i++)
		if (is_set(s, c->bypass[i]))
			add_note(s,
				arena_printf(s->arena, "%s is set: %s will not go through sluice",
					c->bypass[i], c->name));
	if (c->more)
		c->more(s);
	set_no_proxy(s);
}

void client_prepare(struct client_setup *s, bool any)
{
	const char *slash = strrchr(s->words[0], '/');
	const char *name = slash ? slash + 1 : s->words[0];

	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		if (strcmp(clients[i].name, name) == 0) {
			prepare_row(s, &clients[i]);
			return;
		}
	}
	if (any)
		prepare_row(s, &any_client);
}

static bool replaced_by(const struct client_setup *s, const char *entry)
{
	for (size_t i = 0; i < s->nvars; i++) {
		size_t n = strlen(s->vars[i].name);
		if (strncmp(entry, s->vars[i].name, n) == 0 && entry[n] == '=')
			return true;
	}
	return false;
}

char **client_environment(const struct client_setup *s)
{
	size_t n = 0, at = 0;

	while (s->env[n])
		n++;
	char **env = arena_alloc(s->arena, (n + s->nvars + 1) * sizeof(*env));
	for (size_t i = 0; i < n; i++)
		if (!replaced_by(s, s->env[i]))
			env[at++] = s->env[i];
	for (size_t i = 0; i < s->nvars; i++) {
		struct str entry =
			arena_printf(s->arena, "%s=%s", s->vars[i].name, s->vars[i].value);
		env[at++] = (char *)(uintptr_t)entry.p;
	}
	return env;
}
