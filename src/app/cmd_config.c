/* SPDX-License-Identifier: MIT */
/* `sluice config`: what is configured, what is wrong with it, and where it comes from. */
#include "app/cmd.h"
#include "app/data.h"
#include "core/config.h"
#include "core/metrics.h"

#include <string.h>

static int run(const struct cmd *c);

const struct command cmd_config = {
	.name = "config",
	.args = "show|check|path|schema",
	.summary = "show, check and locate the configuration",
	.options =
		(const struct cmd_option[]){
			{ "json", NULL, "show: as JSON", NULL },
			{ "all", NULL, "path: also the files of the project and of keys", NULL },
			{ NULL },
		},
	.details = "  show    every setting, its value and where it comes from; keys are masked\n"
		   "  check   what is wrong, with file, line and column; exit status 1 on errors\n"
		   "  path    the configuration file, whether it exists or not\n"
		   "  schema  the JSON Schema of configuration files, for editors\n",
	.flags = CMD_CONFIG,
	.args_max = 1,
	.run = run,
};

enum { OUTPUT_MAX = 16 << 20 };

/* What a subcommand works with. The configuration is NULL when it has errors. */
struct loaded {
	const struct cmd *cmd;
	struct config *config;
	struct config_report report;
	struct buf out;
};

static void print_problems(const struct config_report *report)
{
	struct buf text;

	buf_init(&text, OUTPUT_MAX);
	for (size_t i = 0; i < report->n; i++)
		config_problem_print(&report->problems[i], &text);
	if (text.n > 0)
		fwrite(text.p, 1, text.n, stderr);
	buf_release(&text);
}

static int show(struct loaded *l)
{
	print_problems(&l->report);
	if (l->config == NULL)
		return CMD_FAILED;
	if (cmd_option(l->cmd, "json") != NULL)
		config_show_json(l->config, &l->report, &l->out);
	else
		config_show(l->config, &l->report, &l->out);
	return CMD_OK;
}

static int check(struct loaded *l)
{
	struct price_book prices;
	struct err e;

	print_problems(&l->report);
	if (l->config == NULL)
		return CMD_FAILED;
	bool priced = price_book_load(&prices, l->config, &e);
	price_book_release(&prices);
	if (!priced)
		return cmd_fail("%s", e.text);
	buf_add(&l->out, STR("ok\n"));
	return CMD_OK;
}

static int path(struct loaded *l)
{
	static const char *const what[] = { [CONFIG_USER] = "user",
		[CONFIG_PROJECT] = "project",
		[CONFIG_DOTENV] = ".env",
		[CONFIG_FLAG] = "key" };
	bool all = cmd_option(l->cmd, "all") != NULL;

	for (size_t i = 0; i < l->report.nsources; i++) {
		const struct config_source *s = &l->report.sources[i];
		if (all)
			buf_addf(&l->out, "%-8s %.*s%s\n", what[s->layer], STR_ARG(s->file),
				s->found ? "" : " (not there)");
		else if (s->layer == CONFIG_USER)
			buf_addf(&l->out, "%.*s\n", STR_ARG(s->file));
	}
	return l->out.n > 0 ? CMD_OK
			    : cmd_fail("no home folder is known, so there is no such file");
}

static int schema(struct loaded *l)
{
	config_schema(&l->out);
	return CMD_OK;
}

/* Not in the help: makes docs/metrics.md. */
static int metrics(struct loaded *l)
{
	metrics_reference(&l->out);
	return CMD_OK;
}

/* Not in the help: makes docs/config.md. */
static int reference(struct loaded *l)
{
	config_reference(&l->out);
	return CMD_OK;
}

static const struct verb {
	const char *name;
	int (*run)(struct loaded *l);
} verbs[] = {
	{ "show", show },
	{ "check", check },
	{ "path", path },
	{ "schema", schema },
	{ "reference", reference },
	{ "metrics", metrics },
};

static const struct verb *find_verb(const char *word)
{
	struct setting_guess guess = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i].name, word) == 0)
			return &verbs[i];
		setting_guess(&guess, str_from(word), str_from(verbs[i].name));
	}
	if (guess.word.n > 0)
		cmd_note("unknown command \"config %s\", did you mean \"config %.*s\"?", word,
			STR_ARG(guess.word));
	else
		cmd_note("unknown command \"config %s\" (see `sluice help config`)", word);
	return NULL;
}

static int run(const struct cmd *c)
{
	struct loaded l = { .cmd = c };

	if (c->nargs == 0) {
		cmd_print_help(stderr, c->command);
		return CMD_USAGE;
	}
	const struct verb *verb = find_verb(c->args[0]);
	if (verb == NULL)
		return CMD_USAGE;
	buf_init(&l.out, OUTPUT_MAX);
	l.config = config_load(&c->input, &l.report);
	int status = verb->run(&l);
	bool written = l.out.n == 0 || fwrite(l.out.p, 1, l.out.n, stdout) == l.out.n;
	written = fflush(stdout) == 0 && written;
	config_unref(l.config);
	config_report_release(&l.report);
	buf_release(&l.out);
	return written ? status : cmd_fail("cannot write the output");
}
