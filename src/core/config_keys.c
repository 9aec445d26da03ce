/* SPDX-License-Identifier: MIT */
/* Keys: those that live in a variable or a file are fetched, and what is unwise about them is said. No
 * text that is made here holds one. */
#include <stdio.h>
#include <string.h>

#include "core/config_load.h"

enum { AUTH_KEY_SHORT = 16, KEY_WEIGHT_MAX = 1000, KEYS_MAX = 32 };

/* A key and the places where it may be: three rows that follow one another. */
enum { KEY, KEY_ENV, KEY_FILE };
struct key {
	const char *path; /* of the key itself */
	const struct setting *rows;
	struct config_origin *origins;
	void *obj;
	bool listed; /* one of several: a word before it says where it is, not another setting */
};

_Static_assert(CONFIG_ROW_auth_key_env == CONFIG_ROW_auth_key + KEY_ENV &&
		       CONFIG_ROW_auth_key_file == CONFIG_ROW_auth_key + KEY_FILE,
	"the rows of auth.key follow one another");
_Static_assert(CONFIG_PROVIDER_ROW_api_key_env == CONFIG_PROVIDER_ROW_api_key + KEY_ENV &&
		       CONFIG_PROVIDER_ROW_api_key_file == CONFIG_PROVIDER_ROW_api_key + KEY_FILE,
	"the rows of api_key follow one another");

static const char *env_suffix(const struct key *k)
{
	return k->listed ? "" : "_env";
}

static const char *file_suffix(const struct key *k)
{
	return k->listed ? "" : "_file";
}

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
			"\"%s%s\" must be the name of a variable, such as DEEPSEEK_API_KEY",
			k->path, env_suffix(k));
		return;
	}
	struct str value = config_variable(l, name, &from);
	if (str_trim(value).n == 0)
		config_complain(l, CONFIG_ERROR, at,
			"\"%s%s\": the environment variable \"%.*s\" is not set", k->path,
			env_suffix(k), STR_ARG(variable_shown(l, name)));
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
		config_complain(l, CONFIG_ERROR, at, "\"%s%s\": cannot read \"%s\": %s", k->path,
			file_suffix(k), setting_quote(r.file).s, strerror(error));
	else if (str_trim(line).n == 0)
		config_complain(l, CONFIG_ERROR, at, "\"%s%s\": no key on the first line of \"%s\"",
			k->path, file_suffix(k), setting_quote(r.file).s);
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

/* ---- several keys of one provider ---- */

/* Takes a word off the front of *rest. */
static struct str next_word(struct str *rest)
{
	struct str word;

	*rest = str_trim(*rest);
	word = (struct str){ rest->p, str_find_char(*rest, ' ') };
	*rest = str_from_offset(*rest, word.n);
	return word;
}

static bool read_weight(struct config_loading *l, const char *path, const struct config_origin *at,
	struct str words, unsigned *ret)
{
	struct str word = next_word(&words);
	uint64_t n = 1;

	if (word.n > 0 && (!str_starts(word, STR("weight=")) || str_trim(words).n > 0 ||
				  !str_to_u64(str_from_offset(word, sizeof("weight=") - 1), &n) ||
				  n == 0 || n > KEY_WEIGHT_MAX)) {
		config_complain(l, CONFIG_ERROR, at,
			"\"%s\": behind the key only weight=N may stand, from 1 to %d", path,
			KEY_WEIGHT_MAX);
		return false;
	}
	*ret = (unsigned)n;
	return true;
}

/* "env:NAME weight=2", "file:PATH", or the key itself. */
static void read_listed(struct config_loading *l, struct config_provider *p,
	const struct str_pair *pair, const struct config_origin *at)
{
	struct config_provider holder = l->unset;
	struct config_origin origins[KEY_FILE + 1] = { *at, *at, *at };
	struct config_key *ret = &p->key_list[p->nkeys];
	struct str rest = pair->value, word = next_word(&rest);
	const struct key k = {
		.path = arena_printf(l->scratch, "providers.%.*s.keys.%.*s", STR_ARG(p->name),
			STR_ARG(pair->name))
				.p,
		.rows = &config_provider_settings.rows[CONFIG_PROVIDER_ROW_api_key],
		.origins = origins,
		.obj = &holder,
		.listed = true,
	};

	if (!read_weight(l, k.path, at, rest, &ret->weight))
		return;
	word = arena_dup(l->config->arena, word);
	if (str_starts(word, STR("env:")))
		holder.api_key_env = str_from_offset(word, 4);
	else if (str_starts(word, STR("file:")))
		holder.api_key_file = config_file_name(l, STR(""), str_from_offset(word, 5));
	else if (word.n > 0)
		take(l, &k, word, at);
	else
		config_complain(l, CONFIG_ERROR, at, "\"%s\" is empty", k.path);
	fetch(l, &k);
	ret->name = pair->name;
	ret->secret = holder.api_key;
	p->nkeys += ret->secret.n > 0;
}

/* The first of them stands for all where only one can be told. */
static void read_list(
	struct config_loading *l, struct config_provider *p, const struct config_origin *at)
{
	p->key_list = arena_alloc(l->config->arena, (p->keys.n + 1) * sizeof(*p->key_list));
	if (p->keys.n > KEYS_MAX) {
		config_complain(l, CONFIG_ERROR, at,
			"\"providers.%.*s.keys\" has more than %d keys", STR_ARG(p->name),
			KEYS_MAX);
		return;
	}
	for (size_t i = 0; i < p->keys.n; i++)
		read_listed(l, p, &p->keys.v[i], at);
	if (p->nkeys > 0)
		p->api_key = p->key_list[0].secret;
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
		if (p->keys.n > 0)
			read_list(l, p, &l->report->providers[i].v[CONFIG_PROVIDER_ROW_keys]);
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
