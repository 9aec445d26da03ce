/* SPDX-License-Identifier: MIT */
/* Configuration of known clients beside the environment. */
#include "app/client_files.h"

#include "base/settings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

enum { FILE_MAX = 1 << 20 };

/* The text of a file, or the empty view. */
static struct str read_text(struct arena *a, const char *path)
{
	struct buf text;
	struct str copy = { "", 0 };
	ssize_t n = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return copy;
	buf_init(&text, FILE_MAX);
	while (n > 0 && buf_reserve(&text, 16384)) {
		n = read(fd, text.p + text.n, 16384);
		if (n > 0)
			text.n += (size_t)n;
	}
	close(fd);
	copy = arena_dup(a, buf_str(&text));
	buf_release(&text);
	return copy;
}

static const struct setting_value *find_member(const struct setting_value *v, struct str key)
{
	for (size_t i = 0; v && v->kind == VALUE_OBJECT && i < v->n; i++)
		if (str_eq(v->members[i].key, key))
			return &v->members[i].value;
	return NULL;
}

/* Whether the settings in this file send requests somewhere else. */
static bool redirects(struct client_setup *s, const char *path)
{
	struct setting_value root;
	struct err e;
	size_t pos;

	if (!setting_read_json(s->arena, read_text(s->arena, path), &root, &pos, &e))
		return false;
	const struct setting_value *url =
		find_member(find_member(&root, STR("env")), STR("ANTHROPIC_BASE_URL"));
	return url && url->kind == VALUE_STRING && url->text.n > 0 &&
	       !str_eq(url->text, str_from(s->url));
}

const char *client_claude_redirect(struct client_setup *s, const char *config_dir, const char *home)
{
	const char *path[3];
	size_t n = 0;

	if (s->cwd) {
		path[n++] = arena_printf(s->arena, "%s/.claude/settings.local.json", s->cwd).p;
		path[n++] = arena_printf(s->arena, "%s/.claude/settings.json", s->cwd).p;
	}
	if (config_dir && *config_dir)
		path[n++] = arena_printf(s->arena, "%s/settings.json", config_dir).p;
	else if (home)
		path[n++] = arena_printf(s->arena, "%s/.claude/settings.json", home).p;
	for (size_t i = 0; i < n; i++)
		if (redirects(s, path[i]))
			return path[i];
	return NULL;
}

/* What stands between the quotes of `key = "value"`; empty for any other line. */
static struct str quoted_value(struct str line, struct str key)
{
	size_t eq = str_find_char(line, '=');
	struct str name = str_trim((struct str){ line.p, eq });
	struct str value = str_trim(str_from_offset(line, eq < line.n ? eq + 1 : eq));

	if (!str_eq(name, key) || value.n < 2 || (value.p[0] != '"' && value.p[0] != '\''))
		return (struct str){ "", 0 };
	struct str inner = str_from_offset(value, 1);
	return (struct str){ inner.p, str_find_char(inner, value.p[0]) };
}

struct str client_codex_provider(struct client_setup *s, const char *codex_home, const char *home)
{
	struct str rest, line, value;
	const char *path;

	if (codex_home && *codex_home)
		path = arena_printf(s->arena, "%s/config.toml", codex_home).p;
	else
		path = arena_printf(s->arena, "%s/.codex/config.toml", home ? home : "").p;
	rest = read_text(s->arena, path);
	while (str_split(&rest, '\n', &line)) {
		line = str_trim(line);
		/* The first table ends the top level. */
		if (str_starts(line, STR("[")))
			break;
		value = quoted_value(line, STR("model_provider"));
		if (value.n)
			return value;
	}
	return (struct str){ "", 0 };
}

/* The object in the member of that name, which is made one when it is not. */
static yyjson_mut_val *need_object(yyjson_mut_doc *doc, yyjson_mut_val *parent, const char *name)
{
	yyjson_mut_val *v = yyjson_mut_obj_get(parent, name);

	if (v && yyjson_mut_is_obj(v))
		return v;
	v = yyjson_mut_obj(doc);
	yyjson_mut_obj_put(parent, yyjson_mut_str(doc, name), v);
	return v;
}

static void put_string(
	yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, const char *value)
{
	yyjson_mut_obj_put(object, yyjson_mut_str(doc, name), yyjson_mut_strcpy(doc, value));
}

/* A document with the user's configuration, or with an empty object. */
static yyjson_mut_doc *read_opencode(const char *own, const char **ret_note)
{
	const yyjson_read_flag lenient =
		YYJSON_READ_ALLOW_COMMENTS | YYJSON_READ_ALLOW_TRAILING_COMMAS;
	yyjson_doc *read = own && *own ? yyjson_read(own, strlen(own), lenient) : NULL;
	bool usable = read && yyjson_is_obj(yyjson_doc_get_root(read));
	yyjson_mut_doc *doc = usable ? yyjson_doc_mut_copy(read, NULL) : yyjson_mut_doc_new(NULL);

	if (!usable)
		yyjson_mut_doc_set_root(doc, yyjson_mut_obj(doc));
	yyjson_doc_free(read);
	if (own && *own && !usable)
		*ret_note =
			"OPENCODE_CONFIG_CONTENT is no JSON object and is replaced for this run";
	return doc;
}

static void set_base_url(
	yyjson_mut_doc *doc, yyjson_mut_val *options, const char *url, const char **ret_note)
{
	const char *before = yyjson_mut_get_str(yyjson_mut_obj_get(options, "baseURL"));

	if (before && strcmp(before, url) != 0)
		*ret_note = "a baseURL in OPENCODE_CONFIG_CONTENT is overridden for this run";
	put_string(doc, options, "baseURL", url);
}

struct str client_opencode_config(struct client_setup *s, const char *own, const char **ret_note)
{
	static const struct client_var providers[] = {
		{ "anthropic", "/v1" },
		{ "openai", "/v1" },
		{ "google", "/v1beta" },
	};
	yyjson_mut_doc *doc = read_opencode(own, ret_note);
	yyjson_mut_val *all = need_object(doc, yyjson_mut_doc_get_root(doc), "provider");

	for (size_t i = 0; i < ARRAY_LEN(providers); i++) {
		yyjson_mut_val *provider = need_object(doc, all, providers[i].name);
		yyjson_mut_val *options = need_object(doc, provider, "options");
		set_base_url(doc, options,
			arena_printf(s->arena, "%s%s", s->url, providers[i].value).p, ret_note);
		if (s->key)
			put_string(
				doc, need_object(doc, options, "headers"), "x-sluice-key", s->key);
	}
	size_t n;
	char *json = yyjson_mut_write(doc, 0, &n);
	struct str copy = arena_dup(s->arena, json ? (struct str){ json, n } : STR("{}"));
	free(json);
	yyjson_mut_doc_free(doc);
	return copy;
}
