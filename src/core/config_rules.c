/* SPDX-License-Identifier: MIT */
/* Rules and script of the configuration: made ready to run, with the place of whatever is wrong in them. */
#include <stdio.h>
#include <string.h>

#include "core/config_load.h"
#include "core/script.h"

/* The place of a byte of one of a rule's strings. */
static struct config_origin place_in(
	struct config_loading *l, const struct record_text *t, size_t at)
{
	struct config_origin rules = l->report->origins[CONFIG_ROW_route_rules];

	if (t->pos == SIZE_MAX || l->rules.text.p == NULL)
		return rules;
	return config_place(&l->rules, setting_text_pos(l->rules.text, t->pos, at));
}

static struct str why_of(struct config_loading *l, size_t i)
{
	const struct record *r = &l->config->route_rules.v[i];
	const struct record_part *why = &r->parts[CONFIG_RULE_WHY];
	const struct record_part *shown = why->n > 0 ? why : &r->parts[CONFIG_RULE_WHEN];

	return arena_printf(l->config->arena, "rule %zu: %.*s", i + 1, STR_ARG(shown->v[0].text));
}

static void read_targets(struct config_loading *l, size_t i, struct script_choice *ret)
{
	const struct record_part *use = &l->config->route_rules.v[i].parts[CONFIG_RULE_USE];
	struct model_entry *targets = arena_alloc(l->config->arena, use->n * sizeof(*targets));
	struct err e = { 0 };

	ret->targets = targets;
	ret->n = use->n;
	if (use->n == 1 && str_eq(use->v[0].text, STR(SCRIPT_AS_ASKED))) {
		ret->n = 0;
		return;
	}
	for (size_t k = 0; k < use->n; k++) {
		if (script_parse_target(l->config, use->v[k].text, &targets[k], &e))
			continue;
		const struct config_origin at = place_in(l, &use->v[k], 0);
		config_complain(l, CONFIG_ERROR, &at, "rule %zu of \"route.rules\": \"%s\" %s",
			i + 1, setting_quote(use->v[k].text).s, e.text);
	}
}

static void add_rule(struct config_loading *l, size_t i)
{
	const struct record_text *when = &l->config->route_rules.v[i].parts[CONFIG_RULE_WHEN].v[0];
	struct script_choice then = { .why = why_of(l, i) };
	struct script_fault fault;
	struct err e = { 0 };

	/* Mistakes in both are told at once. */
	read_targets(l, i, &then);
	if (script_add_rule(l->config->script, when->text, &then, &fault, &e))
		return;
	const struct config_origin at = place_in(l, when, fault.at != SIZE_MAX ? fault.at : 0);
	if (at.line > 0)
		config_complain(
			l, CONFIG_ERROR, &at, "rule %zu of \"route.rules\": %s", i + 1, e.text);
	else
		config_complain(l, CONFIG_ERROR, &at,
			"rule %zu of \"route.rules\", character %u of \"when\": %s", i + 1,
			fault.column, e.text);
}

static struct str base_name(struct str path)
{
	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/')
			return str_from_offset(path, i);
	return path;
}

static void load_script(struct config_loading *l)
{
	struct str file = l->config->route_script,
		   text = config_read_text(l, CONFIG_ROW_route_script, "route.script", file);
	struct config_origin at = { .layer = l->report->origins[CONFIG_ROW_route_script].layer };
	struct script_fault fault;
	struct err e = { 0 };

	if (text.p == NULL || script_load(l->config->script, base_name(file), text, &fault, &e))
		return;
	at.file = arena_dup(l->report->arena, file);
	at.line = fault.line;
	at.column = fault.column;
	config_complain(l, CONFIG_ERROR, &at, "%s", e.text);
}

void config_check_rules(struct config_loading *l)
{
	struct config *c = l->config;

	if (c->route_rules.n == 0 && c->route_script.n == 0)
		return;
	c->script = script_new(c);
	for (size_t i = 0; i < c->route_rules.n && !config_complaints_full(l); i++)
		add_rule(l, i);
	if (c->route_script.n > 0)
		load_script(l);
}
