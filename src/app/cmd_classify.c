/* SPDX-License-Identifier: MIT */
/* `sluice classify`: how difficult a prompt is, and what says so. Asks nobody, sends nothing. */
#include "app/cmd.h"
#include "base/arena.h"
#include "text/difficulty.h"
#include "wire/json_text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int run(const struct cmd *c);

const struct command cmd_classify = {
	.name = "classify",
	.args = "TEXT | -",
	.summary = "how difficult a prompt is, and why",
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "json", NULL, "as JSON", NULL },
			{ NULL },
		},
	.details =
		"Prints the level (simple, medium or complex) by which a fresh prompt is routed, how probable each\n"
		"level is, what was found in the prompt, and the nearest labelled examples. With - the prompt is read\n"
		"from standard input. What is uncertain counts as the more difficult level.\n"
		"\n"
		"Own examples, in the file that route.examples names, join those built in: a line each, the level, a\n"
		"tab, the text (\\n for a line feed).\n",
	.flags = CMD_CONFIG,
	.args_max = -1,
};

enum { PROMPT_MAX = 4 << 20, OUTPUT_MAX = 8 << 20 };
enum { FOUND_SHOWN = 8, EXAMPLE_SHOWN = 90 };

/* ---- the prompt ---- */

static bool read_input(struct buf *ret, struct err *e)
{
	while (buf_reserve(ret, 65536)) {
		ssize_t n = read(STDIN_FILENO, ret->p + ret->n, 65536);
		if (n == 0)
			return true;
		if (n < 0)
			return err_set(e, ERR_INVALID, "cannot read standard input");
		ret->n += (size_t)n;
	}
	return err_set(e, ERR_TOO_LARGE, "standard input is longer than %d bytes", PROMPT_MAX);
}

static bool take_prompt(const struct cmd *c, struct buf *ret, struct err *e)
{
	if (c->nargs == 1 && strcmp(c->args[0], "-") == 0)
		return read_input(ret, e);
	for (int i = 0; i < c->nargs; i++) {
		if (i > 0)
			buf_add_char(ret, ' ');
		buf_add(ret, str_from(c->args[i]));
	}
	return !ret->overflow || err_set(e, ERR_TOO_LARGE, "the text is too long");
}

/* ---- for people ---- */

/* Features by what they did, the strongest first; returns how many did anything. */
static size_t sort_found(const struct difficulty *d, enum prompt_feature ret[PROMPT_FEATURES])
{
	size_t n = 0;

	for (int f = 0; f < PROMPT_FEATURES; f++) {
		size_t at = n;
		if (d->value[f] == 0 || f == FEATURE_BIAS)
			continue;
		for (; at > 0 && d->effect[ret[at - 1]] < d->effect[f]; at--)
			ret[at] = ret[at - 1];
		ret[at] = (enum prompt_feature)f;
		n++;
	}
	return n;
}

static void print_found(const struct difficulty *d)
{
	enum prompt_feature found[PROMPT_FEATURES];
	size_t n = sort_found(d, found);

	printf("\nfound, and how much it speaks for \"%.*s\"\n",
		STR_ARG(difficulty_level_name(d->level)));
	for (size_t i = 0; i < n; i++) {
		struct str name = feature_name(found[i]);
		/* The strongest on either side. */
		if (i >= FOUND_SHOWN && i + FOUND_SHOWN / 2 < n)
			continue;
		printf("  %+6.2f  %.*s\n", (double)d->effect[found[i]], STR_ARG(name));
	}
}

/* A line of an example, without what a terminal would obey. */
static void print_line(struct str s)
{
	char line[EXAMPLE_SHOWN + 1];

	str_put(line, sizeof(line), s);
	for (char *c = line; *c != '\0'; c++)
		*c = (unsigned char)*c < ' ' || *c == 0x7F ? ' ' : *c;
	printf("%s%s\n", line, s.n > EXAMPLE_SHOWN ? "..." : "");
}

static void print_near(const struct difficulty *d)
{
	printf("\nnearest examples\n");
	for (size_t i = 0; i < d->nnear; i++) {
		const struct example *x = d->near[i].example;
		printf("  %6.2f  %-8.*s %s", (double)d->near[i].cosine,
			STR_ARG(difficulty_level_name(x->level)), x->own ? "(yours) " : "");
		print_line(x->text);
	}
}

static void print_left_out(const struct prompt_words *w)
{
	if (w->injected + w->code_lines + w->trace_lines + w->log_lines + w->diff_lines == 0)
		return;
	printf("\nnot counted as your words: %u lines of code, %u of traces, %u of logs, %u of diffs, %u elements of a client\n",
		w->code_lines, w->trace_lines, w->log_lines, w->diff_lines, w->injected);
}

static void print_text(const struct prompt_words *w, const struct difficulty *d)
{
	printf("%.*s: %s\n", STR_ARG(difficulty_level_name(d->level)), d->why);
	for (int l = 0; l < DIFFICULTY_LEVELS; l++)
		printf("  %3.0f %%  %.*s\n", 100 * (double)d->score[l],
			STR_ARG(difficulty_level_name((enum difficulty_level)l)));
	print_found(d);
	if (d->nnear > 0)
		print_near(d);
	print_left_out(w);
}

/* ---- for machines ---- */

static void json_found(struct buf *b, const struct difficulty *d)
{
	enum prompt_feature found[PROMPT_FEATURES];
	size_t n = sort_found(d, found);

	buf_addf(b, "\"found\":[");
	for (size_t i = 0; i < n; i++) {
		buf_addf(b, "%s{\"name\":", i > 0 ? "," : "");
		json_add_string(b, feature_name(found[i]));
		buf_addf(b, ",\"value\":%.3f,\"effect\":%.3f}", (double)d->value[found[i]],
			(double)d->effect[found[i]]);
	}
	buf_addf(b, "]");
}

static void json_near(struct buf *b, const struct difficulty *d)
{
	buf_addf(b, "\"nearest\":[");
	for (size_t i = 0; i < d->nnear; i++) {
		const struct example *x = d->near[i].example;
		buf_addf(b, "%s{\"level\":\"%.*s\",\"similarity\":%.3f,\"own\":%s,\"text\":",
			i > 0 ? "," : "", STR_ARG(difficulty_level_name(x->level)),
			(double)d->near[i].cosine, x->own ? "true" : "false");
		/* As it stands in the file, where only line feeds are escaped. */
		json_add_string(b, x->text);
		buf_add_char(b, '}');
	}
	buf_addf(b, "]");
}

static void print_json(const struct prompt_words *w, const struct difficulty *d)
{
	struct buf b;

	buf_init(&b, OUTPUT_MAX);
	buf_addf(&b, "{\"level\":\"%.*s\",\"scores\":{", STR_ARG(difficulty_level_name(d->level)));
	for (int l = 0; l < DIFFICULTY_LEVELS; l++)
		buf_addf(&b, "%s\"%.*s\":%.4f", l > 0 ? "," : "",
			STR_ARG(difficulty_level_name((enum difficulty_level)l)),
			(double)d->score[l]);
	buf_addf(&b, "},\"why\":");
	json_add_string(&b, str_from(d->why));
	buf_add_char(&b, ',');
	json_found(&b, d);
	buf_add_char(&b, ',');
	json_near(&b, d);
	buf_addf(&b, ",\"words\":");
	json_add_string(&b, w->text);
	buf_addf(&b,
		",\"left_out\":{\"code_lines\":%u,\"trace_lines\":%u,\"log_lines\":%u,\"diff_lines\":%u,\"elements\":%u}}\n",
		w->code_lines, w->trace_lines, w->log_lines, w->diff_lines, w->injected);
	fwrite(b.p, 1, b.n, stdout);
	buf_release(&b);
}

/* ---- the command ---- */

static int judge(const struct cmd *c, struct config *config, struct str prompt)
{
	const struct classifier *classifier = config_classifier(config);
	struct difficulty d;
	struct prompt_words w;

	if (classifier == NULL)
		return cmd_fail(
			"the examples of route.examples cannot be used: more than %d with those built in",
			EXAMPLES_MAX);
	struct arena *a = arena_new();
	words_of(json_escape(prompt, a), a, &w);
	classifier_judge(classifier, &w, &d);
	if (cmd_option(c, "json") != NULL)
		print_json(&w, &d);
	else
		print_text(&w, &d);
	arena_free(a);
	return CMD_OK;
}

static int run(const struct cmd *c)
{
	struct err e = { 0 };
	struct buf prompt;

	if (c->nargs == 0) {
		cmd_note(
			"classify: write `sluice classify \"TEXT\"`, or `sluice classify -` to read it");
		return CMD_USAGE;
	}
	struct config *config = cmd_load_config(c, false);
	if (config == NULL)
		return CMD_FAILED;
	buf_init(&prompt, PROMPT_MAX);
	int status = take_prompt(c, &prompt, &e) ? judge(c, config, buf_str(&prompt))
						 : cmd_fail("%s", e.text);
	buf_release(&prompt);
	config_unref(config);
	return status;
}
