/* SPDX-License-Identifier: MIT */
/* What a command of the command line is, and the command line once it has been read. Each command is one
 * file, cmd_NAME.c, with its `const struct command` at the top; main.c holds the one table of them. */
#ifndef APP_CMD_H
#define APP_CMD_H

#include "base/err.h"
#include "core/config.h"

#include <stdio.h>

enum cmd_status {
	CMD_OK = 0,
	CMD_FAILED = 1,
	CMD_USAGE = 2,
	CMD_NOT_RUNNING = 3, /* as `systemctl status` says it */
	CMD_NOT_EXECUTABLE = 126,
	CMD_NOT_FOUND = 127,
};

enum cmd_flags {
	CMD_CONFIG = 1 << 0, /* also takes --config FILE and --set PATH=VALUE */
	CMD_WRAPS = 1 << 1,  /* what follows the first plain word belongs to another program */
};

struct cmd_option {
	const char *name; /* without the dashes */
	const char *arg;  /* what the help calls its value; NULL: it has none */
	const char *help;
	const char *set; /* the option is short for `--set THIS=value`; NULL: it is not */
};

struct cmd;

struct command {
	const char *name;
	const char *args;                 /* the plain words of the usage line; "" for none */
	const char *summary;              /* one line: what it does */
	const struct cmd_option *options; /* its own; ends with an empty row; NULL: none */
	const char *details;              /* further paragraphs of its help; NULL: none */
	unsigned flags;                   /* of enum cmd_flags */
	int args_max;                     /* plain words accepted; -1: any number */
	/* Does it, and returns the exit status. */
	int (*run)(const struct cmd *c);
};

enum { CMD_OPTIONS_MAX = 8 };

/* An option of the command's own table, as often as it was given. */
struct cmd_given {
	int row;
	const char *value;
};

/* A command line that was read. Words point into argv. */
struct cmd {
	const struct command *command;
	const char *option[CMD_OPTIONS_MAX]; /* by row of command->options; NULL: not given */
	struct cmd_given *given; /* those of its own table, in order: for what may be repeated */
	int ngiven;
	char **args; /* the plain words */
	int nargs;
	bool help;                 /* --help was among the options */
	struct config_input input; /* with --config, and each --set in order */
	const char **sets;         /* behind input.sets */
	char *cwd;
};

/* All commands in the order of the help; ends with NULL. */
extern const struct command *const commands[];

extern const struct command cmd_start, cmd_stop, cmd_status, cmd_reload, cmd_run, cmd_config;
extern const struct command cmd_classify, cmd_audit, cmd_replay, cmd_stats, cmd_history,
	cmd_explain, cmd_ledger, cmd_models, cmd_providers, cmd_top, cmd_statusline, cmd_version,
	cmd_help;

/* Finds the command's name, which options may precede, and moves it to argv[1]. NULL without one. */
const char *cmd_take_name(int argc, char **argv);

/* Reads the words behind the command's name (argv[0]). An option's shorthand `--set` (see
 * cmd_option.set) is added to the others. False when they are not understood. cmd_release() in either case. */
bool cmd_parse(struct cmd *c, const struct command *command, int argc, char **argv,
	struct err *e) MUSTCHECK;
void cmd_release(struct cmd *c);

/* The value given to an option of the command's own table: NULL when it was not given, "" for one that
 * takes none. */
const char *cmd_option(const struct cmd *c, const char *name);

/* Loads the configuration of this command line. What is wrong with it goes to standard error: all of it,
 * or errors only. NULL when there are errors. */
struct config *cmd_load_config(const struct cmd *c, bool warnings) MUSTCHECK;

/* The command of that name; NULL without one. */
const struct command *cmd_find(const char *name);

/* The command that a mistyped word probably meant; NULL when none is near. */
const struct command *cmd_nearest(const char *word);

/* The list of commands. */
void cmd_print_overview(FILE *f);
/* One command's usage, options and details. */
void cmd_print_help(FILE *f, const struct command *command);

/* One line on standard error: "sluice: …". Returns CMD_FAILED. */
int cmd_fail(const char *fmt, ...) PRINTF(1, 2);
/* The same as a remark. */
void cmd_note(const char *fmt, ...) PRINTF(1, 2);

#endif
