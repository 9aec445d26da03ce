/* SPDX-License-Identifier: MIT */
/* `sluice help`. */
#include "app/cmd.h"

static int run(const struct cmd *c)
{
	if (c->nargs == 0) {
		cmd_print_overview(stdout);
		return CMD_OK;
	}
	const struct command *command = cmd_find(c->args[0]);
	if (command) {
		cmd_print_help(stdout, command);
		return CMD_OK;
	}
	const struct command *nearest = cmd_nearest(c->args[0]);
	cmd_note("no command \"%s\"%s%s%s", c->args[0], nearest ? ", did you mean \"" : "",
		nearest ? nearest->name : "", nearest ? "\"?" : "");
	return CMD_USAGE;
}

const struct command cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.summary = "tell about all commands, or more about one",
	.args_max = 1,
	.run = run,
};
