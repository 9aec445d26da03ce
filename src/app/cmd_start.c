/* SPDX-License-Identifier: MIT */
/* `sluice start`: the proxy in the foreground, or in the background. */
#include "app/cmd.h"
#include "app/daemon.h"
#include "app/instance.h"

#include <unistd.h>

static int run(const struct cmd *c);

const struct command cmd_start = {
	.name = "start",
	.args = "",
	.summary = "start the proxy",
	.flags = CMD_CONFIG,
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "daemon", NULL, "in the background; returns once it listens" },
			{ "log-format", "text|json", "short for --set log.format=…", "log.format" },
			{ "log-level", "LEVEL", "short for --set log.level=…", "log.level" },
			{ NULL },
		},
	.details =
		"In the foreground it logs to standard error and ends with ctrl-c: open requests may finish\n"
		"(limits.drain_s), a second ctrl-c ends them. In the background it logs to log.file, else to\n"
		"sluice.log in the state folder ($XDG_STATE_HOME/sluice, ~/.local/state/sluice).\n"
		"Each state folder has one proxy; for a second one set XDG_STATE_HOME and another `listen`.\n",
};

static int start_daemon(const struct cmd *c, const struct paths *p, int lock_fd)
{
	struct serve_options o = { .input = &c->input, .state_path = p->state_file };
	struct instance i;
	struct err e;
	struct config *config = cmd_load_config(c, true);

	if (!config)
		return CMD_FAILED;
	const char *log_file = config->log_file.n ? config->log_file.p : p->log_file;
	bool ok = daemon_start(&o, lock_fd, log_file, &e);
	config_unref(config);
	if (!ok)
		return cmd_fail("%s", e.text);
	instance_find(p, &i);
	printf("sluice runs at %s (pid %d)\n", i.client_url, (int)i.pid);
	return CMD_OK;
}

static int run(const struct cmd *c)
{
	struct paths p;
	struct err e;
	int lock_fd = -1, status;

	if (!paths_init(&p, &e) || (lock_fd = instance_lock(&p, &e)) < 0) {
		status = cmd_fail("%s", e.text);
		goto out;
	}
	if (cmd_option(c, "daemon")) {
		status = start_daemon(c, &p, lock_fd);
	} else {
		struct serve_options o = {
			.input = &c->input, .state_path = p.state_file, .ready_fd = -1
		};
		instance_sign(lock_fd);
		status = serve(&o);
	}
	close(lock_fd);
out:
	paths_release(&p);
	return status;
}
