/* SPDX-License-Identifier: MIT */
/* Taking over one value of one layer: which setting a path means, who may set it, and what it replaces. */
#include <stdio.h>
#include <string.h>

#include "core/config_load.h"

static const struct setting *resolve_provider(struct str rest, enum config_path *ret)
{
	const struct setting *row = settings_find(&config_provider_settings, rest);

	*ret = CONFIG_PATH_UNKNOWN;
	if (row != NULL)
		*ret = CONFIG_PATH_SETTING;
	else if (settings_is_group(&config_provider_settings, rest))
		*ret = CONFIG_PATH_GROUP;
	return row;
}

enum config_path config_resolve(struct config_loading *l, struct str path,
	const struct config_origin *at, struct config_target *ret)
{
	const struct setting *row = settings_find(&config_settings, path);
	const struct str top = STR("providers.");
	enum config_path kind;

	if (row != NULL) {
		*ret = (struct config_target){ path, &config_settings, row, l->config,
			l->report->origins };
		return CONFIG_PATH_SETTING;
	}
	if (str_eq(path, STR("providers")) || settings_is_group(&config_settings, path))
		return CONFIG_PATH_GROUP;
	if (!str_starts(path, top))
		return CONFIG_PATH_UNKNOWN;
	struct str rest = str_from_offset(path, top.n), name;
	str_split(&rest, '.', &name);
	if (rest.p == NULL)
		return config_provider_add(l, name, at) ? CONFIG_PATH_GROUP : CONFIG_PATH_REFUSED;
	row = resolve_provider(rest, &kind);
	if (kind != CONFIG_PATH_SETTING)
		return kind;
	struct config_provider *p = config_provider_add(l, name, at);
	if (p == NULL)
		return CONFIG_PATH_REFUSED;
	*ret = config_provider_target(l, p, row);
	ret->path = path;
	return CONFIG_PATH_SETTING;
}

/* Offers every row of a table, and every group of rows, as what was meant. */
static void guess_row(struct config_loading *l, struct setting_guess *g, struct str path,
	const struct settings *t, struct str prefix)
{
	for (size_t i = 0; i < t->n; i++) {
		struct str row = str_from(t->rows[i].path);
		if (prefix.n > 0)
			row = arena_printf(l->scratch, "%.*s%s", STR_ARG(prefix), row.p);
		setting_guess(g, path, row);
		for (size_t n = prefix.n; n < row.n; n++) {
			const struct str group = { row.p, n };
			bool within = path.n > n && path.p[n] == '.' && str_starts(path, group);
			if (row.p[n] == '.' && !within)
				setting_guess(g, path, group);
		}
	}
}

void config_complain_unknown(
	struct config_loading *l, const struct config_origin *at, struct str path)
{
	const struct str top = STR("providers.");
	struct setting_guess g = { 0 };

	if (config_complaints_full(l))
		return;
	if (str_starts(path, top)) {
		size_t n = str_find_char(str_from_offset(path, top.n), '.');
		guess_row(l, &g, path, &config_provider_settings,
			(struct str){ path.p, top.n + n + (top.n + n < path.n) });
	} else {
		guess_row(l, &g, path, &config_settings, STR(""));
		setting_guess(&g, path, STR("providers"));
		guess_row(l, &g, path, &config_provider_settings, STR("providers.NAME."));
	}
	if (g.word.n > 0)
		config_complain(l, CONFIG_ERROR, at, "unknown setting \"%s\", did you mean \"%s\"?",
			setting_quote(path).s, setting_quote(g.word).s);
	else
		config_complain(
			l, CONFIG_ERROR, at, "unknown setting \"%s\"", setting_quote(path).s);
}

/* A project's file, and a .env file in the current folder, come with whatever repository was cloned. The first must
 * not send requests and keys elsewhere, open the proxy to others or write files; the second is where users keep
 * their keys, and must not send them elsewhere. */
static bool allowed(
	struct config_loading *l, const struct config_origin *at, const struct config_target *t)
{
	const bool project = at->layer == CONFIG_PROJECT;
	const unsigned refused = project                      ? SETTING_TRUSTED
				 : at->layer == CONFIG_DOTENV ? SETTING_REDIRECTS
							      : 0;

	if ((t->row->flags & refused) == 0)
		return true;
	config_complain(l, CONFIG_ERROR, at,
		"\"%.*s\" is not allowed in a %s file, which may come with a cloned "
		"repository: set it in your own configuration file or in the environment",
		STR_ARG(t->path), project ? "project" : ".env");
	return false;
}

/* Of settings that exclude each other, one source may give only one; it replaces what weaker sources
 * say of any of them. */
static bool replace_others(
	struct config_loading *l, const struct config_origin *at, const struct config_target *t)
{
	const size_t prefix = t->path.n - strlen(t->row->path);
	bool ok = true;

	for (size_t i = 0; i < t->table->n && (t->row->flags & SETTING_EITHER) != 0; i++) {
		const struct setting *other = &t->table->rows[i];
		if (other == t->row || (other->flags & SETTING_EITHER) == 0)
			continue;
		if (t->origins[i].layer == at->layer && !setting_empty(other, t->obj)) {
			config_complain(l, CONFIG_ERROR, at,
				"\"%.*s\" and \"%.*s%s\" exclude each other, give only one",
				STR_ARG(t->path), (int)prefix, t->path.p, other->path);
			ok = false;
		} else {
			setting_reset(other, t->obj, l->config->arena);
			t->origins[i] = config_by_default;
		}
	}
	return ok;
}

static bool given_twice(
	struct config_loading *l, const struct config_origin *at, const struct config_target *t)
{
	const struct config_origin *before = &t->origins[t->row - t->table->rows];

	/* Of several flags the last one counts, as everywhere. */
	if (before->layer != at->layer || at->layer == CONFIG_FLAG)
		return false;
	if (before->line != 0)
		config_complain(l, CONFIG_ERROR, at, "\"%.*s\" is given twice, first on line %u",
			STR_ARG(t->path), before->line);
	else
		config_complain(l, CONFIG_ERROR, at, "\"%.*s\" is given twice, first as %.*s",
			STR_ARG(t->path), STR_ARG(before->file));
	return true;
}

void config_check_exposure(struct config_loading *l, struct config_reading *r, size_t pos)
{
	const struct config_origin at = config_place(r, pos);
	bool in_file = r->text.p != NULL;

	if (r->exposed || (in_file ? (r->mode & 044) == 0 : r->layer != CONFIG_FLAG))
		return;
	r->exposed = true;
	if (in_file)
		config_complain(l, CONFIG_WARNING, &at,
			"holds a key and is readable by others: chmod 600 %.*s", STR_ARG(r->file));
	else
		config_complain(l, CONFIG_WARNING, &at,
			"a key on the command line can be read by others: better name a variable or a "
			"file that holds it");
}

/* Of several keys, whether one is not only named but written out. */
static bool holds_keys(const struct setting *row, const struct str_map *map)
{
	bool found = false;

	if (row->type != SETTING_STRING_MAP || (row->flags & SETTING_EITHER) == 0)
		return false;
	for (size_t i = 0; i < map->n && !found; i++)
		found = !str_starts(map->v[i].value, STR("env:")) &&
			!str_starts(map->v[i].value, STR("file:"));
	return found;
}

/* Lists of objects say which part of them is wrong, which has a place of its own. */
static struct config_origin place_of_fault(struct config_reading *r, size_t pos,
	const struct setting *row, const struct setting_value *v)
{
	const size_t fault = setting_fault(row, v);

	return config_place(r, fault != SIZE_MAX ? fault : pos);
}

static void store(struct config_loading *l, struct config_reading *r, size_t pos,
	const struct config_target *t, const struct setting_value *v)
{
	const struct setting *row = t->row;
	const struct config_origin at = config_place(r, pos);
	struct str *text = (void *)((char *)t->obj + row->offset);
	struct err e;

	/* Even a value that is refused has been given: nothing else complains that it is missing. */
	t->origins[row - t->table->rows] = at;
	if (row == &config_settings.rows[CONFIG_ROW_route_rules])
		l->rules = *r;
	if (!setting_assign(row, t->obj, v, l->config->arena, &e)) {
		const struct config_origin fault = place_of_fault(r, pos, row, v);
		config_complain(l, CONFIG_ERROR, &fault, "\"%.*s\" %s", STR_ARG(t->path), e.text);
		return;
	}
	if ((row->flags & SETTING_FILE) != 0 && text->n > 0)
		*text = config_file_name(l, r->dir, *text);
	else if ((row->type == SETTING_SECRET && text->n > 0) || holds_keys(row, (void *)text))
		config_check_exposure(l, r, pos);
}

void config_take(struct config_loading *l, struct config_reading *r, size_t pos, struct str path,
	const struct setting_value *v)
{
	const struct config_origin at = config_place(r, pos);
	struct config_target t;
	enum config_path kind = config_resolve(l, path, &at, &t);

	if (kind == CONFIG_PATH_UNKNOWN)
		config_complain_unknown(l, &at, path);
	if (kind == CONFIG_PATH_GROUP)
		config_complain(l, CONFIG_ERROR, &at,
			"\"%s\" is a group of settings and must be an object",
			setting_quote(path).s);
	if (kind == CONFIG_PATH_SETTING && allowed(l, &at, &t) && !given_twice(l, &at, &t) &&
		replace_others(l, &at, &t))
		store(l, r, pos, &t, v);
}
