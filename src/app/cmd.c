/* SPDX-License-Identifier: MIT */
/* Reading a command line and printing help, both from the tables of the commands. */
#include "app/cmd.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cmd_option shared_options[] = {
	{ "config", "FILE", "read FILE instead of the user's configuration file" },
	{ "set", "PATH=VALUE", "override one setting, as in --set limits.drain_s=5; repeatable" },
	{ "help", NULL, "show this help" },
	{ NULL },
};
enum { SHARED_CONFIG, SHARED_SET, SHARED_HELP };

int cmd_fail(const char *fmt, ...)
{
	va_list ap;

	fputs("sluice: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return CMD_FAILED;
}

void cmd_note(const char *fmt, ...)
{
	va_list ap;

	fputs("sluice: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

const char *cmd_take_name(int argc, char **argv)
{
	int at = 1;

	while (at < argc && argv[at][0] == '-')
		at += strcmp(argv[at], "--config") == 0 || strcmp(argv[at], "--set") == 0 ? 2 : 1;
	if (at >= argc)
		return NULL;
	char *name = argv[at];
	memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof(*argv));
	argv[1] = name;
	return name;
}

const struct command *cmd_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

const struct command *cmd_nearest(const char *word)
{
	struct setting_guess guess = { 0 };
	const struct command *nearest = NULL;

	for (const struct command *const *c = commands; *c; c++) {
		setting_guess(&guess, str_from(word), str_from((*c)->name));
		if (guess.word.p == (*c)->name)
			nearest = *c;
	}
	return nearest;
}

/* Row of an option by its name as typed, which may go on with "=value"; -1 without one. */
static int find_row(const struct cmd_option *options, struct str name)
{
	for (int i = 0; options && options[i].name; i++)
		if (str_eq(str_from(options[i].name), name))
			return i;
	return -1;
}

static int find_shared(const struct command *command, struct str name)
{
	int row = find_row(shared_options, name);

	return row == SHARED_HELP || (command->flags & CMD_CONFIG) ? row : -1;
}

static bool unknown_option(const struct command *command, struct str name, struct err *e)
{
	struct setting_guess guess = { 0 };
	const struct cmd_option *o = command->options;

	for (; o && o->name; o++)
		setting_guess(&guess, name, str_from(o->name));
	for (o = shared_options; o->name; o++)
		if (find_shared(command, str_from(o->name)) >= 0)
			setting_guess(&guess, name, str_from(o->name));
	if (guess.word.n)
		return err_set(e, ERR_INVALID,
			"unknown option \"--%.*s\", did you mean \"--%.*s\"?", STR_ARG(name),
			STR_ARG(guess.word));
	return err_set(e, ERR_INVALID, "unknown option \"--%.*s\" (see `sluice help %s`)",
		STR_ARG(name), command->name);
}

static bool take_shared(struct cmd *c, int row, const char *value, struct err *e)
{
	if (row == SHARED_HELP)
		c->help = true;
	else if (row == SHARED_CONFIG)
		c->input.file = value;
	else if (!strchr(value, '='))
		return err_set(
			e, ERR_INVALID, "\"--set\" wants PATH=VALUE, as in --set log.level=debug");
	else
		c->sets[c->input.nsets++] = must_strdup(value);
	return true;
}

static void take_own(struct cmd *c, int row, const char *value)
{
	const struct cmd_option *o = &c->command->options[row];

	c->option[row] = value;
	c->given[c->ngiven].row = row;
	c->given[c->ngiven++].value = value;
	if (!o->set)
		return;
	size_t size = strlen(o->set) + 1 + strlen(value) + 1;
	char *set = must_alloc(size);
	snprintf(set, size, "%s=%s", o->set, value);
	c->sets[c->input.nsets++] = set;
}

/* Takes one word that begins with a dash, and its value. Moves *at to the last word taken. */
static bool take_option(struct cmd *c, int argc, char **argv, int *at, struct err *e)
{
	struct str word = str_from(argv[*at]);

	if (str_eq(word, STR("-h"))) {
		c->help = true;
		return true;
	}
	if (!str_starts(word, STR("--")))
		return err_set(e, ERR_INVALID, "unknown option \"%s\" (see `sluice help %s`)",
			argv[*at], c->command->name);
	size_t eq = str_find_char(word, '=');
	struct str name = { word.p + 2, eq - 2 };
	int own = find_row(c->command->options, name);
	int shared = own < 0 ? find_shared(c->command, name) : -1;
	if (own < 0 && shared < 0)
		return unknown_option(c->command, name, e);
	const struct cmd_option *o = own >= 0 ? &c->command->options[own] : &shared_options[shared];
	const char *value = eq < word.n ? word.p + eq + 1 : NULL;
	if (!o->arg && value)
		return err_set(e, ERR_INVALID, "option \"--%s\" takes no value", o->name);
	if (o->arg && !value) {
		if (*at + 1 >= argc)
			return err_set(e, ERR_INVALID, "option \"--%s\" wants a value: %s", o->name,
				o->arg);
		value = argv[++*at];
	}
	if (!value)
		value = "";
	if (own < 0)
		return take_shared(c, shared, value, e);
	take_own(c, own, value);
	return true;
}

static void input_init(struct cmd *c, int argc)
{
	const char *home = getenv("HOME");

	/* Each word is at most one --set. */
	c->sets = must_alloc(((size_t)argc + 1) * sizeof(*c->sets));
	c->cwd = getcwd(NULL, 0);
	c->input.env = environ;
	c->input.cwd = c->cwd && *c->cwd == '/' ? c->cwd : NULL;
	c->input.home = home && *home == '/' ? home : NULL;
	c->input.sets = c->sets;
}

bool cmd_parse(struct cmd *c, const struct command *command, int argc, char **argv, struct err *e)
{
	int i = 1;

	*c = (struct cmd){ .command = command };
	input_init(c, argc);
	c->args = must_alloc(((size_t)argc + 1) * sizeof(*c->args));
	c->given = must_alloc(((size_t)argc + 1) * sizeof(*c->given));
	for (; i < argc; i++) {
		bool dash = argv[i][0] == '-' && argv[i][1];
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (!dash && (command->flags & CMD_WRAPS))
			break;
		if (!dash)
			c->args[c->nargs++] = argv[i];
		else if (!take_option(c, argc, argv, &i, e))
			return false;
	}
	for (; i < argc; i++)
		c->args[c->nargs++] = argv[i];
	if (c->help || command->args_max < 0 || c->nargs <= command->args_max)
		return true;
	return err_set(e, ERR_INVALID, "\"%s\" is one word too many (see `sluice help %s`)",
		c->args[command->args_max], command->name);
}

void cmd_release(struct cmd *c)
{
	for (size_t i = 0; i < c->input.nsets; i++)
		free((char *)(uintptr_t)c->sets[i]);
	free(c->sets);
	free(c->args);
	free(c->given);
	free(c->cwd);
	*c = (struct cmd){ 0 };
}

const char *cmd_option(const struct cmd *c, const char *name)
{
	int row = find_row(c->command->options, str_from(name));

	assert(row >= 0);
	return c->option[row];
}

static void print_problems(const struct config_report *report, bool warnings)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < report->n; i++)
		if (warnings || report->problems[i].severity == CONFIG_ERROR)
			config_problem_print(&report->problems[i], &out);
	if (out.n > 0)
		fwrite(out.p, 1, out.n, stderr);
	buf_release(&out);
}

struct config *cmd_load_config(const struct cmd *c, bool warnings)
{
	struct config_report report = { 0 };
	struct config *config = config_load(&c->input, &report);

	print_problems(&report, warnings);
	config_report_release(&report);
	return config;
}

static void print_option(FILE *f, const struct cmd_option *o)
{
	char left[40];

	snprintf(left, sizeof(left), "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
	fprintf(f, "  %-24s  %s\n", left, o->help);
}

void cmd_print_overview(FILE *f)
{
	fputs("sluice, a routing proxy between LLM clients and providers\n\n"
	      "Usage: sluice COMMAND [OPTIONS]\n\n",
		f);
	for (const struct command *const *c = commands; *c; c++)
		fprintf(f, "  %-10s  %s\n", (*c)->name, (*c)->summary);
	fputs("\n`sluice help COMMAND` tells more about one of them.\n"
	      "First step: `sluice run claude` (or codex, gemini, opencode, any program).\n",
		f);
}

void cmd_print_help(FILE *f, const struct command *command)
{
	fprintf(f, "sluice %s: %s\n\nUsage: sluice %s [OPTIONS]%s%s\n\nOptions:\n", command->name,
		command->summary, command->name, *command->args ? " " : "", command->args);
	for (const struct cmd_option *o = command->options; o && o->name; o++)
		print_option(f, o);
	for (const struct cmd_option *o = shared_options; o->name; o++)
		if (find_shared(command, str_from(o->name)) >= 0)
			print_option(f, o);
	if (command->details)
		fprintf(f, "\n%s", command->details);
}
