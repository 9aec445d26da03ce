/* SPDX-License-Identifier: MIT */
/* Any bytes as a condition, or behind a first byte of "s" as a router. Whatever they do, loading and asking come to an end, a failure has
 * a text that can be shown and a place that exists, and one who has decided names targets that can be asked. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static int read_nothing(void *ctx, const char *path, struct config_file *ret)
{
	buf_add(&ret->text, STR("{\"route.script_instructions\": 5000, "
				"\"route.script_memory_bytes\": 262144}"));
	return 0;
}

static const struct config *configuration(void)
{
	static const struct config_input in = { .file = "/config.json", .read = read_nothing };
	static struct config *c;
	struct config_report report;

	if (c == NULL) {
		c = config_load(&in, &report);
		require(c != NULL);
		config_report_release(&report);
	}
	return c;
}

static void check_text(const char *text)
{
	require(text[0] != '\0');
	for (; *text != '\0'; text++)
		require((unsigned char)*text >= ' ' && *text != 0x7F);
}

static void check_fault(struct str text, const struct script_fault *f)
{
	struct setting_place end = { 0 };

	setting_locate(text, text.n, &end);
	require(f->line <= end.line && (f->line == 0) == (f->column == 0));
	require(f->at == SIZE_MAX || f->at <= text.n);
}

static void check_choice(const struct script_choice *c)
{
	struct err e;

	require(c->from == SCRIPT_FROM_NOBODY || c->why.n > 0);
	for (size_t i = 0; i < c->n; i++)
		require(c->targets[i].model.n > 0 &&
			config_provider(configuration(), c->targets[i].provider) != NULL &&
			setting_text_problem(c->targets[i].model) == NULL);
	require(c->why.n == 0 || setting_text_problem(c->why) == NULL);
	(void)e;
}

static void ask(struct script *s)
{
	static struct http_header header = { STR_INIT("x-team"), STR_INIT("blue") };
	static const struct http_head head = { .h = &header, .n = 1 };
	const struct script_facts f = { .kind = STR("subagent"),
		.model = STR("claude-opus-4-6"),
		.text = STR("fix the typo in the parser, please"),
		.tokens = 30000.5,
		.errors = 2,
		.stream = true,
		.head = &head };
	struct arena *a = arena_new();
	struct script_choice choice;
	struct err e = { 0 };

	for (int again = 0; again < 2; again++) {
		if (script_decide(s, &f, a, &choice, &e))
			check_choice(&choice);
		else
			check_text(e.text);
	}
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct model_entry target = { STR_INIT("openai"), STR_INIT("*"),
		STR_INIT("") };
	const struct script_choice then = { .targets = &target, .n = 1, .why = STR("rule") };
	const struct str text = { size > 0 ? (const char *)data : "", size };
	struct script *s = script_new(configuration());
	struct script_fault fault = { 0 };
	struct err e = { 0 };
	bool router = str_starts(text, STR("s"));
	/* The rules of a configuration are plain text, its script is any file. */
	bool plain = router || setting_text_problem(text) == NULL;
	const struct str code = router ? str_from_offset(text, 1) : text;

	if (plain && (router ? script_load(s, STR("route.lua"), code, &fault, &e)
			     : script_add_rule(s, code, &then, &fault, &e))) {
		ask(s);
	} else if (plain) {
		check_text(e.text);
		check_fault(code, &fault);
	}
	script_free(s);
	return 0;
}
