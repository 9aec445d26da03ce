/* SPDX-License-Identifier: MIT */
/* Keys: those that live in a variable or a file are fetched, and what is unwise about them is said. No
 * text that is made here holds one. */
#include <stdio.h>
#include <string.h>

#include "core/config_load.h"

enum { AUTH_KEY_SHORT = 16 };

/* A key and the places where it may be: three rows that follow one another. */
enum { KEY, KEY_ENV, KEY_FILE };
struct key {
	const char *path; /* of the key itself */
	const struct setting *rows;
	struct config_origin *origins;
	void *obj;
};

_Static_assert(CONFIG_ROW_auth_key_env == CONFIG_ROW_auth_key + KEY_ENV &&
		       CONFIG_ROW_auth_key_file == CONFIG_ROW_auth_key + KEY_FILE,
	"the rows of auth.key follow one another");
_Static_assert(CONFIG_PROVIDER_ROW_api_key_env == CONFIG_PROVIDER_ROW_api_key + KEY_ENV &&
		       CONFIG_PROVIDER_ROW_api_key_file == CONFIG_PROVIDER_ROW_api_key + KEY_FILE,
	"the rows of api_key follow one another");

static struct str text_of(const struct key *k, size_t row)
{
	return *(const struct str *)(void *)((char *)k->obj + k->rows[row].offset);
}

static bool is_variable(struct str name)
{
	bool ok = name.n > 0 && (name.p[0] < '0' || name.p[0] > '9');

	for (size_t i = 0; i < name.n && ok; i++)
		ok = (name.p[i] >= 'A' && name.p[i] <= 'Z') ||
		     (name.p[i] >= 'a' && name.p[i] <= 'z') ||
		     (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '_';
	return ok;
}

/* Where a variable's name belongs, people put the key itself by mistake; then it must not be repeated. */
static struct str variable_shown(struct config_loading *l, struct str name)
{
	struct buf out;
	bool upper = name.n <= 64;

	for (size_t i = 0; i < name.n && upper; i++)
		upper = name.p[i] < 'a' || name.p[i] > 'z';
	if (upper)
		return name;
	buf_init(&out, 64);
	setting_print_masked(name, &out);
	struct str shown = arena_dup(l->scratch, buf_str(&out));
	buf_release(&out);
	return shown;
}

static void take(struct config_loading *l, const struct key *k, struct str value,
	const struct config_origin *from)
{
	const struct setting_value v = { .kind = VALUE_TEXT, .text = value };
	struct err e;

	if (setting_assign(&k->rows[KEY], k->obj, &v, l->config->arena, &e))
		k->origins[KEY] = *from;
	else
		config_complain(l, CONFIG_ERROR, from, "the key for \"%s\" %s", k->path, e.text);
}

static void take_variable(struct config_loading *l, const struct key *k)
{
	const struct config_origin *at = &k->origins[KEY_ENV];
	struct str name = text_of(k, KEY_ENV);
	struct config_origin from = *at;

	if (!is_variable(name)) {
		config_complain(l, CONFIG_ERROR, at,
			"\"%s_env\" must be the name of a variable, such as DEEPSEEK_API_KEY",
			k->path);
		return;
	}
	struct str value = config_variable(l, name, &from);
	if (str_trim(value).n == 0)
		config_complain(l, CONFIG_ERROR, at,
			"\"%s_env\": the environment variable \"%.*s\" is not set", k->path,
			STR_ARG(variable_shown(l, name)));
	else
		take(l, k, value, &from);
}

static void take_file(struct config_loading *l, const struct key *k)
{
	const struct config_origin *at = &k->origins[KEY_FILE];
	struct config_reading r = { .file = text_of(k, KEY_FILE) };
	const struct config_origin from = { .layer = at->layer,
		.file = arena_dup(l->report->arena, r.file) };
	bool foreign;
	int error = config_read_file(l, &r, &foreign);
	struct str rest = r.text, line;

	config_add_source(l, CONFIG_FLAG, r.file, error == 0);
	str_split(&rest, '\n', &line);
	if (error != 0)
		config_complain(l, CONFIG_ERROR, at, "\"%s_file\": cannot read \"%s\": %s", k->path,
			setting_quote(r.file).s, strerror(error));
	else if (str_trim(line).n == 0)
		config_complain(l, CONFIG_ERROR, at,
			"\"%s_file\": no key on the first line of \"%s\"", k->path,
			setting_quote(r.file).s);
	else
		take(l, k, line, &from);
}

static void fetch(struct config_loading *l, const struct key *k)
{
	if (text_of(k, KEY_ENV).n > 0)
		take_variable(l, k);
	else if (text_of(k, KEY_FILE).n > 0)
		take_file(l, k);
}

static void check_auth(struct config_loading *l)
{
	const struct config *c = l->config;
	const struct config_origin *at = &l->report->origins[CONFIG_ROW_auth_key];

	if (c->auth_key.n == 0)
		return;
	if (c->auth_key.n < AUTH_KEY_SHORT)
		config_complain(l, CONFIG_WARNING, at,
			"\"auth.key\" is short and could be guessed: 16 characters or more are "
			"better");
	for (size_t i = 0; i < c->nproviders; i++)
		if (c->providers[i].api_key.n > 0)
			return;
	config_complain(l, CONFIG_WARNING, at,
		"\"auth.key\" is set and no provider has a key: clients can only send it as "
		"\"x-sluice-key\", because \"x-api-key\" and bearer are the provider's then");
}

/* A preset's key where people keep it. */
static void find_key(struct config_loading *l, struct config_provider *p)
{
	struct config_origin at;

	for (size_t i = 0; i < CONFIG_PRESETS; i++)
		if (str_eq(p->name, str_from(config_presets[i].name)))
			p->key_env = config_presets[i].key_env;
	if (p->key_env != NULL && p->api_key.n == 0)
		p->found_key =
			arena_dup(l->config->arena, config_variable(l, str_from(p->key_env), &at));
}

void config_read_keys(struct config_loading *l)
{
	for (size_t i = 0; i < l->config->nproviders; i++) {
		struct config_provider *p = &l->config->providers[i];
		const struct key k = {
			.path = arena_printf(l->scratch, "providers.%.*s.api_key", STR_ARG(p->name))
					.p,
			.rows = &config_provider_settings.rows[CONFIG_PROVIDER_ROW_api_key],
			.origins = &l->report->providers[i].v[CONFIG_PROVIDER_ROW_api_key],
			.obj = p,
		};
		fetch(l, &k);
		find_key(l, p);
	}
	const struct key auth = {
		.path = "auth.key",
		.rows = &config_settings.rows[CONFIG_ROW_auth_key],
		.origins = &l->report->origins[CONFIG_ROW_auth_key],
		.obj = l->config,
	};
	fetch(l, &auth);
	check_auth(l);
}
