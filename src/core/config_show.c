/* SPDX-License-Identifier: MIT */
/* A loaded configuration as text for people and as JSON, and the report's lines. */
#include <stdio.h>
#include <string.h>

#include "core/config_load.h"

void config_problem_print(const struct config_problem *p, struct buf *out)
{
	static const char *const words[] = {
		[CONFIG_NOTE] = "note", [CONFIG_WARNING] = "warning", [CONFIG_ERROR] = "error"
	};

	if (p->file.n > 0)
		buf_addf(out, "%.*s:", STR_ARG(p->file));
	if (p->line > 0)
		buf_addf(out, "%u:%u:", p->line, p->column);
	buf_addf(out, "%s%s: %.*s\n", p->file.n > 0 ? " " : "", words[p->severity],
		STR_ARG(p->text));
}

void config_origin_print(const struct config_origin *o, struct buf *out)
{
	buf_add(out, o->file);
	if (o->line > 0)
		buf_addf(out, ":%u:%u", o->line, o->column);
}

enum { NAME_WIDTH = 46, VALUE_WIDTH = 28 };

static void pad(struct buf *out, size_t from, size_t width)
{
	size_t n = out->n - from;

	buf_addf(out, "%*s", n < width ? (int)(width - n) : 1, "");
}

static void show_table(const struct settings *t, const void *obj,
	const struct config_origin *origins, struct str prefix, struct buf *out)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t from = out->n;
		buf_addf(out, "%.*s%s", STR_ARG(prefix), t->rows[i].path);
		pad(out, from, NAME_WIDTH);
		from = out->n;
		if (setting_empty(&t->rows[i], obj))
			buf_add(out, STR("\"\""));
		else
			setting_print(&t->rows[i], obj, out);
		pad(out, from, VALUE_WIDTH);
		config_origin_print(&origins[i], out);
		buf_add_char(out, '\n');
	}
}

/* "providers.NAME." in a buffer that the caller releases. */
static void provider_prefix(const struct config_provider *p, struct buf *out)
{
	buf_init(out, 128);
	buf_addf(out, "providers.%.*s.", STR_ARG(p->name));
}

void config_show(const struct config *c, const struct config_report *report, struct buf *out)
{
	struct buf prefix;

	show_table(&config_settings, c, report->origins, STR(""), out);
	for (size_t i = 0; i < c->nproviders; i++) {
		provider_prefix(&c->providers[i], &prefix);
		show_table(&config_provider_settings, &c->providers[i], report->providers[i].v,
			buf_str(&prefix), out);
		buf_release(&prefix);
	}
}

/* Of settings that exclude each other only the one that was given can be given again. */
static bool can_be_loaded(const struct settings *t, size_t row, const void *obj)
{
	const struct setting *s = &t->rows[row];
	bool can = !setting_empty(s, obj);

	if ((s->flags & SETTING_EITHER) == 0)
		return true;
	for (size_t i = 0; i < t->n && s->type == SETTING_SECRET; i++)
		if (i != row && (t->rows[i].flags & SETTING_EITHER) != 0)
			can = can && setting_empty(&t->rows[i], obj);
	return can;
}

/* The path's part before its dot; empty without one. */
static struct str group_of(const struct setting *s)
{
	struct str path = str_from(s->path);
	size_t n = str_find_char(path, '.');

	return (struct str){ path.p, n < path.n ? n : 0 };
}

void config_print_tree(const struct config_tree *tree, const struct settings *t, const void *obj,
	const char *indent, struct buf *out)
{
	struct str group = STR("");
	bool first = true; /* in the object that is open */

	for (size_t i = 0; i < t->n; i++) {
		const struct setting *s = &t->rows[i];
		const struct str next = group_of(s);
		if (obj != NULL && !can_be_loaded(t, i, obj))
			continue;
		if (!str_eq(next, group) && group.n > 0) {
			buf_addf(out, "\n%s%s", indent, tree->close);
			first = false;
		}
		if (!str_eq(next, group) && next.n > 0) {
			buf_addf(out, "%s\n%s\"%.*s\": %s", first ? "" : ",", indent, STR_ARG(next),
				tree->open);
			first = true;
		}
		group = next;
		buf_addf(out, "%s\n%s%s\"%s\": ", first ? "" : ",", indent, next.n > 0 ? "  " : "",
			s->path + next.n + (next.n > 0));
		tree->print(s, obj, out);
		first = false;
	}
	if (group.n > 0)
		buf_addf(out, "\n%s%s", indent, tree->close);
}

static void print_settings(const struct config *c, struct buf *out)
{
	const struct config_tree tree = { "{", "}", setting_print_json };

	buf_add_char(out, '{');
	config_print_tree(&tree, &config_settings, c, "    ", out);
	buf_add(out, STR(",\n    \"providers\": {"));
	for (size_t i = 0; i < c->nproviders; i++) {
		buf_addf(out, "%s\n      \"%.*s\": {", i > 0 ? "," : "",
			STR_ARG(c->providers[i].name));
		config_print_tree(
			&tree, &config_provider_settings, &c->providers[i], "        ", out);
		buf_add(out, STR("\n      }"));
	}
	buf_add(out, STR("\n    }\n  }"));
}

void config_show_settings(const struct config *c, struct buf *out)
{
	buf_add(out, STR("  "));
	print_settings(c, out);
	buf_add_char(out, '\n');
}

static void print_origins(const struct settings *t, const struct config_origin *origins,
	struct str prefix, struct buf *out)
{
	struct buf text;

	buf_init(&text, out->max);
	for (size_t i = 0; i < t->n; i++) {
		buf_clear(&text);
		config_origin_print(&origins[i], &text);
		buf_addf(out, "%s\n    \"%.*s%s\": ", i > 0 || prefix.n > 0 ? "," : "",
			STR_ARG(prefix), t->rows[i].path);
		setting_print_quoted(buf_str(&text), out);
	}
	buf_release(&text);
}

void config_show_json(const struct config *c, const struct config_report *report, struct buf *out)
{
	struct buf prefix;

	buf_add(out, STR("{\n  \"settings\": "));
	print_settings(c, out);
	buf_add(out, STR(",\n  \"origins\": {"));
	print_origins(&config_settings, report->origins, STR(""), out);
	for (size_t i = 0; i < c->nproviders; i++) {
		provider_prefix(&c->providers[i], &prefix);
		print_origins(
			&config_provider_settings, report->providers[i].v, buf_str(&prefix), out);
		buf_release(&prefix);
	}
	buf_add(out, STR("\n  }\n}\n"));
}
