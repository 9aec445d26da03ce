/* SPDX-License-Identifier: MIT */
/* Settings that are spelt as variables, in the environment or a .env file, and as `--set` flags; and the
 * variables that hold keys. */
#include <stdio.h>
#include <string.h>

#include "core/config_load.h"

static const struct str PREFIX = { "SLUICE_", 7 };
static const struct str PROVIDERS = { "PROVIDERS_", 10 };

struct str config_env(const struct config_input *in, struct str name)
{
	for (char *const *v = in->env; v != NULL && *v != NULL; v++) {
		struct str line = str_from(*v);
		if (line.n > name.n && line.p[name.n] == '=' && str_starts(line, name))
			return str_from_offset(line, name.n + 1);
	}
	return (struct str){ NULL, 0 };
}

/* The provider's setting whose name ends this one, with something before it. No setting's name ends
 * with another's. */
static const struct setting *find_provider_row(struct str name)
{
	for (size_t i = 0; i < config_provider_settings.n; i++) {
		struct str path = str_from(config_provider_settings.rows[i].path);
		if (path.n + 1 < name.n && name.p[name.n - path.n - 1] == '_' &&
			setting_env_is(path, str_from_offset(name, name.n - path.n)))
			return &config_provider_settings.rows[i];
	}
	return NULL;
}

/* The provider's name by its name in the environment: one that exists if it can be. */
static struct str provider_name(struct config_loading *l, struct str env)
{
	for (size_t i = 0; i < l->config->nproviders; i++)
		if (setting_env_is(l->config->providers[i].name, env))
			return l->config->providers[i].name;
	struct str name = arena_dup(l->scratch, env);
	char *letters = (char *)name.p;
	for (size_t i = 0; i < name.n; i++)
		if (letters[i] >= 'A' && letters[i] <= 'Z')
			letters[i] = (char)(letters[i] + ('a' - 'A'));
	return name;
}

/* The path of a setting by its name in the environment, without the prefix; empty without one. */
static struct str path_of(struct config_loading *l, struct str name)
{
	for (size_t i = 0; i < config_settings.n; i++)
		if (setting_env_is(str_from(config_settings.rows[i].path), name))
			return str_from(config_settings.rows[i].path);
	if (!str_starts(name, PROVIDERS))
		return (struct str){ NULL, 0 };
	name = str_from_offset(name, PROVIDERS.n);
	const struct setting *row = find_provider_row(name);
	if (row == NULL)
		return (struct str){ NULL, 0 };
	name.n -= strlen(row->path) + 1;
	return arena_printf(
		l->scratch, "providers.%.*s.%s", STR_ARG(provider_name(l, name)), row->path);
}

/* The path that a misspelt name, without the prefix, probably means; empty without one. */
static struct str guess(struct config_loading *l, struct str name)
{
	struct setting_guess g = { 0 };

	for (size_t i = 0; i < config_settings.n; i++)
		setting_guess(&g, name, str_from(config_settings.rows[i].path));
	for (size_t i = 0; i < l->config->nproviders; i++) {
		struct str prefix = arena_printf(
			l->scratch, "providers.%.*s.", STR_ARG(l->config->providers[i].name));
		if (name.n < prefix.n || !setting_env_is(prefix, (struct str){ name.p, prefix.n }))
			continue;
		for (size_t k = 0; k < config_provider_settings.n; k++)
			setting_guess(&g, name,
				arena_printf(l->scratch, "%s%s", prefix.p,
					config_provider_settings.rows[k].path));
	}
	return g.word;
}

/* Something that merely begins with our prefix may be nobody's mistake: next to a service named sluice,
 * Kubernetes sets SLUICE_PORT. So in the environment only a near miss is an error. */
static void complain_unknown(
	struct config_loading *l, const struct config_origin *at, struct str name)
{
	struct str path = guess(l, name);
	struct buf meant;

	if (path.n == 0) {
		config_complain(l, at->layer == CONFIG_ENV ? CONFIG_WARNING : CONFIG_ERROR, at,
			"unknown setting \"SLUICE_%s\"", setting_quote(name).s);
		return;
	}
	buf_init(&meant, 256);
	setting_env_name(PREFIX, path, &meant);
	config_complain(l, CONFIG_ERROR, at,
		"unknown setting \"SLUICE_%s\", did you mean \"%.*s\"?", setting_quote(name).s,
		STR_ARG(buf_str(&meant)));
	buf_release(&meant);
}

/* One variable that begins with our prefix. */
static void take(struct config_loading *l, struct config_reading *r, size_t pos, struct str name,
	struct str value)
{
	const struct setting_value v = { .kind = VALUE_TEXT, .text = value };
	const struct str rest = str_from_offset(name, PREFIX.n);
	struct str path = path_of(l, rest);

	if (path.n > 0) {
		config_take(l, r, pos, path, &v);
	} else {
		const struct config_origin at = config_place(r, pos);
		complain_unknown(l, &at, rest);
	}
}

void config_read_dotenv(struct config_loading *l)
{
	struct config_reading *r = &l->dotenv;
	struct config_dotenv line;
	size_t at = 0;

	while (!config_complaints_full(l) && config_dotenv_next(r->text, &at, l->scratch, &line)) {
		if (!str_starts(line.name, PREFIX))
			continue;
		const struct config_origin place = config_place(r, line.pos);
		if (line.problem != NULL)
			config_complain(l, CONFIG_ERROR, &place, "\"%s\" %s",
				setting_quote(line.name).s, line.problem);
		else
			take(l, r, line.pos, line.name, line.value);
	}
}

void config_read_env(struct config_loading *l)
{
	for (char *const *v = l->in->env; v != NULL && *v != NULL; v++) {
		struct str value = str_from(*v), name;
		if (!str_starts(value, PREFIX) || !str_split(&value, '=', &name) ||
			value.p == NULL || str_eq(name, STR("SLUICE_CONFIG")))
			continue;
		struct config_reading r = { .layer = CONFIG_ENV, .dir = str_from(l->in->cwd) };
		r.file = arena_printf(l->report->arena, "environment %s", setting_quote(name).s);
		take(l, &r, SIZE_MAX, name, value);
	}
}

/* The map that a path names an entry of, as in `route.use.execute`; NULL without one. */
static const struct setting *find_map(struct str path, struct str *ret_name)
{
	for (size_t i = 0; i < config_settings.n; i++) {
		const struct setting *row = &config_settings.rows[i];
		struct str map = str_from(row->path);
		if (row->type != SETTING_STRING_MAP || path.n <= map.n + 1 ||
			!str_starts(path, map) || path.p[map.n] != '.')
			continue;
		*ret_name = str_from_offset(path, map.n + 1);
		return row;
	}
	return NULL;
}

/* Sets one entry of a map; the others stay as they are. */
static void take_entry(struct config_loading *l, struct config_reading *r,
	const struct setting *row, const struct setting_member *entry)
{
	const struct str_map *map =
		(const struct str_map *)(const void *)((const char *)l->config + row->offset);
	struct setting_value v = { .kind = VALUE_OBJECT };

	v.members = arena_alloc(l->scratch, (map->n + 1) * sizeof(*v.members));
	for (size_t i = 0; i < map->n; i++)
		if (!str_eq_nocase(map->v[i].name, entry->key))
			v.members[v.n++] = (struct setting_member){ .key = map->v[i].name,
				.value = { .kind = VALUE_STRING, .text = map->v[i].value } };
	v.members[v.n++] = *entry;
	config_take(l, r, SIZE_MAX, str_from(row->path), &v);
}

void config_read_sets(struct config_loading *l)
{
	for (size_t i = 0; i < l->in->nsets; i++) {
		struct config_reading r = { .layer = CONFIG_FLAG, .dir = str_from(l->in->cwd) };
		struct str text = str_from(l->in->sets[i]), path;
		str_split(&text, '=', &path);
		path = str_trim(path);
		r.file = arena_printf(l->report->arena, "--set %s", setting_quote(path).s);
		const struct setting_value v = { .kind = VALUE_TEXT, .text = text };
		const struct config_origin at = config_place(&r, SIZE_MAX);
		struct setting_member entry = { .value = { .kind = VALUE_STRING, .text = text } };
		const struct setting *map = find_map(path, &entry.key);
		if (text.p == NULL)
			config_complain(l, CONFIG_ERROR, &at, "must be written PATH=VALUE");
		else if (map != NULL)
			take_entry(l, &r, map, &entry);
		else
			config_take(l, &r, SIZE_MAX, path, &v);
	}
}

static struct str dotenv_variable(
	struct config_loading *l, struct str name, struct config_origin *ret_at)
{
	struct str value = { NULL, 0 };
	struct config_dotenv line;
	size_t at = 0;

	while (l->dotenv.text.p != NULL &&
		config_dotenv_next(l->dotenv.text, &at, l->scratch, &line)) {
		if (!str_eq(line.name, name) || line.problem != NULL)
			continue;
		value = line.value;
		*ret_at = config_place(&l->dotenv, line.pos);
		if (value.n > 0)
			config_check_exposure(l, &l->dotenv, line.pos);
	}
	return value;
}

struct str config_variable(struct config_loading *l, struct str name, struct config_origin *ret_at)
{
	struct str value = config_env(l->in, name);

	if (value.n == 0)
		return dotenv_variable(l, name, ret_at);
	*ret_at = (struct config_origin){ .layer = CONFIG_ENV,
		.file = arena_printf(l->report->arena, "environment %.*s", STR_ARG(name)) };
	return value;
}
