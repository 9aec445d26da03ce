/* SPDX-License-Identifier: MIT */
/* The entry of the program: the table of commands, and finding the one that is meant. */
#include "app/cmd.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const struct command *const commands[] = {
	&cmd_run,
	&cmd_start,
	&cmd_stop,
	&cmd_status,
	&cmd_top,
	&cmd_reload,
	&cmd_config,
	&cmd_audit,
	&cmd_replay,
	&cmd_stats,
	&cmd_history,
	&cmd_explain,
	&cmd_ledger,
	&cmd_models,
	&cmd_providers,
	&cmd_classify,
	&cmd_statusline,
	&cmd_version,
	&cmd_help,
	NULL,
};

/* A caller may leave 0, 1 or 2 closed; a socket must not get one of these numbers and be taken for
 * standard output. */
static void open_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static int unknown_command(const char *word)
{
	const struct command *nearest = cmd_nearest(word);

	if (nearest)
		cmd_note("unknown command \"%s\", did you mean \"%s\"?", word, nearest->name);
	else
		cmd_note("unknown command \"%s\" (see `sluice help`)", word);
	return CMD_USAGE;
}

/* A command line without a command. */
static int without_command(int argc, char **argv)
{
	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0))
		return cmd_version.run(&(struct cmd){ .command = &cmd_version });
	bool asked = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
	cmd_print_overview(asked ? stdout : stderr);
	return asked ? CMD_OK : CMD_USAGE;
}

int main(int argc, char **argv)
{
	struct cmd c;
	struct err e;
	int status = CMD_OK;

	open_standard_streams();
	const char *name = cmd_take_name(argc, argv);
	if (!name)
		return without_command(argc, argv);
	const struct command *command = cmd_find(name);
	if (!command)
		return unknown_command(name);
	if (!cmd_parse(&c, command, argc - 1, argv + 1, &e)) {
		cmd_note("%s", e.text);
		status = CMD_USAGE;
	} else if (c.help) {
		cmd_print_help(stdout, command);
	} else {
		status = command->run(&c);
	}
	cmd_release(&c);
	return status;
}
