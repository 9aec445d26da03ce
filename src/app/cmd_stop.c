/* SPDX-License-Identifier: MIT */
/* `sluice stop`. */
#include "app/cmd.h"
#include "app/instance.h"
#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int run(const struct cmd *c);

const struct command cmd_stop = {
	.name = "stop",
	.args = "",
	.summary = "stop the proxy; open requests may finish",
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "now", NULL, "end open requests as well" },
			{ NULL },
		},
	.details = "Waits until the proxy is gone, for limits.drain_s at the longest.\n",
};

enum {
	POLL_MS = 50,
	AGAIN_MS = 200, /* signals that arrive together count as one */
	NOW_MS = 5000,
	MARGIN_MS = 3000,
	DRAIN_MS = 30000, /* when the configuration cannot be read */
};

static uint64_t drain_ms(const struct cmd *c)
{
	struct config_report report = { 0 };
	struct config *config = config_load(&c->input, &report);
	uint64_t ms = config ? config->limits_drain_ms : DRAIN_MS;

	config_unref(config);
	config_report_release(&report);
	return ms;
}

/* Waits until the proxy is gone; with a dot a second, and with `now` told again and again. */
static bool wait_gone(const struct paths *p, pid_t pid, uint64_t limit_ms, bool now)
{
	struct instance i;
	bool terminal = isatty(STDERR_FILENO), dots = false, gone = false;

	for (uint64_t ms = 0; !gone && ms < limit_ms; ms += POLL_MS) {
		(void)nanosleep(&(struct timespec){ .tv_nsec = POLL_MS * 1000000L }, NULL);
		instance_find(p, &i);
		gone = i.state == INSTANCE_NONE || i.pid != pid;
		if (!gone && now && ms % AGAIN_MS == 0)
			(void)kill(pid, SIGTERM);
		if (!gone && terminal && ms % 1000 == 950) {
			fputc('.', stderr);
			dots = true;
		}
	}
	if (dots)
		fputc('\n', stderr);
	return gone;
}

static int stop(const struct cmd *c, const struct paths *p)
{
	struct instance i;
	char reason[128];
	bool now = cmd_option(c, "now") != NULL;

	instance_find(p, &i);
	if (i.state == INSTANCE_NONE) {
		puts("no proxy is running");
		return CMD_OK;
	}
	if (i.pid <= 0)
		return cmd_fail("another process has \"%s\" locked", p->lock_file);
	if (kill(i.pid, SIGTERM) != 0)
		return cmd_fail("cannot stop pid %d: %s", (int)i.pid,
			strerror_r(errno, reason, sizeof(reason)));
	if (wait_gone(p, i.pid, now ? NOW_MS : drain_ms(c) + MARGIN_MS, now)) {
		printf("stopped (pid %d)\n", (int)i.pid);
		return CMD_OK;
	}
	if (now)
		return cmd_fail("pid %d does not end", (int)i.pid);
	return cmd_fail(
		"pid %d still finishes open requests: `sluice stop --now` ends them", (int)i.pid);
}

static int run(const struct cmd *c)
{
	struct paths p;
	struct err e;
	int status = paths_init(&p, &e) ? stop(c, &p) : cmd_fail("%s", e.text);

	paths_release(&p);
	return status;
}
