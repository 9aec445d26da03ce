/* SPDX-License-Identifier: MIT */
/* The user's own examples of difficulty: read with the configuration, so that a bad line is found when it is loaded. */
#include "core/config_load.h"
#include "text/difficulty.h"

void config_check_examples(struct config_loading *l)
{
	struct config *c = l->config;
	struct config_origin at = { .layer = l->report->origins[CONFIG_ROW_route_examples].layer };
	struct example ignored;
	struct err e = { 0 };
	struct str rest;

	if (c->route_examples.n == 0)
		return;
	rest = config_read_text(l, CONFIG_ROW_route_examples, "route.examples", c->route_examples);
	if (rest.p == NULL)
		return;
	c->examples = arena_dup(c->arena, rest);
	while (example_next(&rest, &at.line, &ignored, &e))
		;
	if (e.kind == ERR_NONE)
		return;
	at.file = arena_dup(l->report->arena, c->route_examples);
	config_complain(l, CONFIG_ERROR, &at, "%s", e.text);
}

/* Made when it is first asked: most uses of a configuration have no need of one. */
const struct classifier *config_classifier(struct config *c)
{
	struct err e = { 0 };

	if (c->classifier == NULL)
		c->classifier = classifier_new(examples_builtin(), c->examples, &e);
	return c->classifier;
}
