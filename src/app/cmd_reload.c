/* SPDX-License-Identifier: MIT */
/* `sluice reload`. The configuration is looked at first, with the options, the environment and the working
 * folder of the running proxy, so that what is wrong with it is said here and not only in its log. */
#include "app/cmd.h"
#include "app/instance.h"
#include "app/probe.h"
#include "wire/json.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int run(const struct cmd *c);

const struct command cmd_reload = {
	.name = "reload",
	.args = "",
	.summary = "have the proxy take over a changed configuration",
	.run = run,
	.details =
		"A configuration with mistakes is not taken over: they are printed, and the one in force stays.\n"
		"What cannot change while the proxy runs (`listen`) is named in its log.\n",
};

enum {
	PROC_MAX = 4 << 20,
	PATH_BYTES = 4096,
	ANSWER_MS = 1000, /* of the proxy to a question */
	WAIT_MS = 5000,   /* for it to take over a configuration */
	LOOK_MS = 20,
};

/* Reads /proc/PID/NAME, strings that each end with a NUL, into an array that ends with NULL. */
static char **read_strings(struct arena *a, pid_t pid, const char *name, size_t *ret_n)
{
	struct buf text;
	struct str rest, part;
	ssize_t n = 1;
	int fd = open(arena_printf(a, "/proc/%d/%s", (int)pid, name).p, O_RDONLY | O_CLOEXEC);

	*ret_n = 0;
	if (fd < 0)
		return NULL;
	buf_init(&text, PROC_MAX);
	while (n > 0 && buf_reserve(&text, 16384)) {
		n = read(fd, text.p + text.n, 16384);
		if (n > 0)
			text.n += (size_t)n;
	}
	close(fd);
	char **strings = arena_alloc(a, (text.n + 2) * sizeof(*strings));
	rest = arena_dup(a, buf_str(&text));
	buf_release(&text);
	while (rest.n > 0 && str_split(&rest, '\0', &part))
		strings[(*ret_n)++] = (char *)(uintptr_t)part.p;
	return strings;
}

static const char *find_home(char *const *env)
{
	for (; *env; env++)
		if (strncmp(*env, "HOME=/", 6) == 0)
			return *env + 5;
	return NULL;
}

/* The command line that the proxy was started with; false when /proc does not tell. cmd_release() it. */
static bool read_command_line(struct arena *a, pid_t pid, struct cmd *ret)
{
	struct err e;
	size_t argc, nenv;
	char *cwd = arena_alloc(a, PATH_BYTES);
	char **argv = read_strings(a, pid, "cmdline", &argc);
	char **env = read_strings(a, pid, "environ", &nenv);
	ssize_t n = readlink(arena_printf(a, "/proc/%d/cwd", (int)pid).p, cwd, PATH_BYTES - 1);
	const char *name = argv && argc > 1 ? cmd_take_name((int)argc, argv) : NULL;
	const struct command *command = name ? cmd_find(name) : NULL;

	*ret = (struct cmd){ 0 };
	if (!command || !env || n <= 0 || !cmd_parse(ret, command, (int)argc - 1, argv + 1, &e))
		return false;
	ret->input.env = env;
	ret->input.cwd = cwd;
	ret->input.home = find_home(env);
	return true;
}

/* Whether the proxy would take the configuration as it is now. Prints what is wrong. */
static bool check(const struct cmd *own, pid_t pid)
{
	struct arena *a = arena_new();
	struct cmd theirs;
	bool known = read_command_line(a, pid, &theirs);
	struct config *config = cmd_load_config(known ? &theirs : own, true);
	bool ok = config != NULL;

	config_unref(config);
	cmd_release(&theirs);
	arena_free(a);
	return ok;
}

/* How often the proxy has taken over a configuration, and refused to. False when it does not tell. */
static bool count(const struct instance *i, uint64_t *ret_taken, uint64_t *ret_refused)
{
	struct buf body;

	buf_init(&body, 65536);
	bool ok = probe_get(i->client_url, "/health", ANSWER_MS, &body) == 200 &&
		  json_u64(json_get(buf_str(&body), STR("reloads")), ret_taken) &&
		  json_u64(json_get(buf_str(&body), STR("reloads_refused")), ret_refused);
	buf_release(&body);
	return ok;
}

/* Signals the proxy, and waits until it has done something about it. */
static int signal_and_wait(const struct instance *i)
{
	uint64_t taken, refused, now_taken, now_refused;
	bool counted = count(i, &taken, &refused);
	char reason[128];

	if (kill(i->pid, SIGHUP) != 0)
		return cmd_fail("cannot signal pid %d: %s", (int)i->pid,
			strerror_r(errno, reason, sizeof(reason)));
	for (int waited = 0; counted && waited < WAIT_MS; waited += LOOK_MS) {
		if (!count(i, &now_taken, &now_refused))
			break;
		if (now_refused > refused)
			return cmd_fail(
				"not reloaded: the configuration in force stays, its log says why (pid %d)",
				(int)i->pid);
		if (now_taken > taken) {
			printf("reloaded (pid %d)\n", (int)i->pid);
			return CMD_OK;
		}
		usleep(LOOK_MS * 1000);
	}
	return cmd_fail(
		"signalled, but pid %d does not say what became of it: see its log", (int)i->pid);
}

static int reload(const struct cmd *c, const struct paths *p)
{
	struct instance i;

	instance_find(p, &i);
	if (i.state != INSTANCE_RUNNING) {
		cmd_note("no proxy is running (see `sluice help start`)");
		return CMD_NOT_RUNNING;
	}
	if (!check(c, i.pid))
		return cmd_fail(
			"not reloaded: the configuration in force stays (pid %d)", (int)i.pid);
	return signal_and_wait(&i);
}

static int run(const struct cmd *c)
{
	struct paths p;
	struct err e;
	int status = paths_init(&p, &e) ? reload(c, &p) : cmd_fail("%s", e.text);

	paths_release(&p);
	return status;
}
