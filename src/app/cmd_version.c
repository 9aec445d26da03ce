/* SPDX-License-Identifier: MIT */
/* `sluice version`. */
#include "app/cmd.h"

static int run(const struct cmd *c)
{
	puts("sluice " SLUICE_VERSION);
	return CMD_OK;
}

const struct command cmd_version = {
	.name = "version",
	.args = "",
	.summary = "print the version",
	.run = run,
};
