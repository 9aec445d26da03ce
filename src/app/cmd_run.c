/* SPDX-License-Identifier: MIT */
/* `sluice run`: a client with the proxy before it. The client replaces this process, so that terminal,
 * signals and exit status are its own. All it inherits is a shared lock on paths.run_lock; a proxy that
 * was started here ends when nobody holds that lock any more. */
#include "app/clients.h"
#include "app/cmd.h"
#include "app/daemon.h"
#include "app/instance.h"
#include "app/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int run(const struct cmd *c);

const struct command cmd_run = {
	.name = "run",
	.args = "[--] PROGRAM [ARGUMENTS]",
	.summary = "run a client through the proxy, which is started if need be",
	.flags = CMD_CONFIG | CMD_WRAPS,
	.args_max = -1,
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "no-env", NULL, "set nothing for programs that sluice does not know" },
			{ NULL },
		},
	.details =
		"Known programs: claude, codex, gemini, opencode. Any other one gets ANTHROPIC_BASE_URL,\n"
		"OPENAI_BASE_URL and GOOGLE_GEMINI_BASE_URL, which the SDKs read. How a program\n"
		"authenticates with its provider is left alone.\n"
		"A proxy that `run` starts ends with the last `run`; one that `start` started stays.\n",
};

enum {
	START_MS = 15000,
	PROBE_MS = 3000,
	POLL_MS = 50,
	END_MS = 60000,
	/* Out of the way of scripts, which like the single digits for themselves. */
	LOCK_FD_MIN = 60,
};

/* Where execvp() would find the program. Returns 0, or why not as an exit status. */
static int find_program(const char *name)
{
	char path[4096];
	struct str rest = str_from(getenv("PATH")), folder;
	struct stat st;
	int status = CMD_NOT_FOUND;

	if (strchr(name, '/')) {
		if (access(name, X_OK) == 0)
			return 0;
		return access(name, F_OK) == 0 ? CMD_NOT_EXECUTABLE : CMD_NOT_FOUND;
	}
	while (str_split(&rest, ':', &folder)) {
		int n = snprintf(path, sizeof(path), "%.*s/%s", folder.n ? (int)folder.n : 1,
			folder.n ? folder.p : ".", name);
		if (n >= (int)sizeof(path) || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
			continue;
		if (access(path, X_OK) == 0)
			return 0;
		status = CMD_NOT_EXECUTABLE;
	}
	return status;
}

static int cannot_run(const char *name, int status)
{
	if (status == CMD_NOT_FOUND && !strchr(name, '/'))
		cmd_note("\"%s\" is not installed, or not in PATH", name);
	else if (status == CMD_NOT_FOUND)
		cmd_note("there is no program \"%s\"", name);
	else
		cmd_note("\"%s\" is not executable", name);
	return status;
}

/* Takes the shared lock before looking for a proxy: one that is just ending holds it exclusively until it
 * is gone, and any other sees from then on that it is needed. Inherited by the client. */
static int take_run_lock(const char *path, struct err *e)
{
	char reason[128];
	int got = -1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0) {
		got = fcntl(fd, F_DUPFD, LOCK_FD_MIN);
		if (got < 0)
			got = fcntl(fd, F_DUPFD, STDERR_FILENO + 1);
		close(fd);
	}
	if (got >= 0 && flock(got, LOCK_SH) == 0)
		return got;
	(void)err_set(e, ERR_INTERNAL, "cannot lock \"%s\": %s", path,
		strerror_r(errno, reason, sizeof(reason)));
	return -1;
}

/* Starts a proxy unless another `run` is just doing so. */
static bool start_proxy(
	const struct cmd *c, const struct paths *p, struct instance *i, struct err *e)
{
	struct serve_options o = {
		.input = &c->input, .lock_path = p->run_lock, .state_path = p->state_file
	};
	int lock_fd = instance_lock(p, e);

	if (lock_fd >= 0) {
		struct config *config = cmd_load_config(c, true);
		bool ok = false;
		if (config)
			ok = daemon_start(&o, lock_fd,
				config->log_file.n ? config->log_file.p : p->log_file, e);
		else
			(void)err_set(e, ERR_INVALID, "the configuration has mistakes");
		config_unref(config);
		close(lock_fd);
		if (!ok)
			return false;
	}
	if (instance_wait_running(p, START_MS, i))
		return true;
	return lock_fd < 0 ? false : err_set(e, ERR_INTERNAL, "the proxy ended again at once");
}

static bool answers(const struct instance *i)
{
	struct buf body;

	buf_init(&body, 65536);
	unsigned status = probe_get(i->client_url, "/health", PROBE_MS, &body);
	buf_release(&body);
	return status > 0;
}

/* A proxy that was told to stop takes nothing new while it finishes its open requests. */
static bool wait_for_end(const struct paths *p, struct instance *i)
{
	pid_t pid = i->pid;

	cmd_note("waiting for the end of the proxy with pid %d, which takes no more requests "
		 "(`sluice stop --now` hastens it)",
		(int)pid);
	for (int ms = 0; ms < END_MS; ms += POLL_MS) {
		(void)nanosleep(&(struct timespec){ .tv_nsec = POLL_MS * 1000000L }, NULL);
		instance_find(p, i);
		if (i->state == INSTANCE_NONE || i->pid != pid)
			return true;
	}
	return false;
}

/* Makes sure that a proxy runs. */
static bool need_proxy(
	const struct cmd *c, const struct paths *p, struct instance *i, struct err *e)
{
	(void)instance_wait_running(p, START_MS, i);
	if (i->state == INSTANCE_RUNNING && !answers(i) && !wait_for_end(p, i))
		return err_set(e, ERR_INTERNAL, "the proxy, pid %d, does not answer", (int)i->pid);
	if (i->state == INSTANCE_NONE)
		return start_proxy(c, p, i, e);
	if (i->state == INSTANCE_STARTING)
		return err_set(e, ERR_INTERNAL,
			"the proxy, pid %d, is neither ready nor gone (see %s)", (int)i->pid,
			p->log_file);
	if (c->input.nsets || c->input.file)
		cmd_note("a proxy runs already, pid %d: --config and --set change nothing",
			(int)i->pid);
	return true;
}

/* The proxy's own key, when the configuration names one. Copied into the arena. */
static const char *proxy_key(const struct cmd *c, struct arena *a)
{
	struct config *config = cmd_load_config(c, false);
	const char *key = config && config->auth_key.n ? arena_dup(a, config->auth_key).p : NULL;

	config_unref(config);
	return key;
}

/* Becomes the client; returns only when that fails. */
static int become_client(const struct cmd *c, const struct instance *i, struct arena *a)
{
	struct client_setup s = {
		.arena = a,
		.url = i->client_url,
		.key = proxy_key(c, a),
		.env = c->input.env,
		.words = c->args,
		.cwd = c->cwd,
	};
	size_t n = (size_t)c->nargs, at = 0;

	client_prepare(&s, !cmd_option(c, "no-env"));
	for (size_t k = 0; k < s.nnotes; k++)
		cmd_note("%s", s.notes[k]);
	char **words = arena_alloc(a, (n + s.nargs + 1) * sizeof(*words));
	words[at++] = c->args[0];
	for (size_t k = 0; k < s.nargs; k++)
		words[at++] = (char *)(uintptr_t)s.args[k];
	memcpy(words + at, c->args + 1, (n - 1) * sizeof(*words));
	execvpe(words[0], words, client_environment(&s));
	return cannot_run(words[0], errno == ENOENT ? CMD_NOT_FOUND : CMD_NOT_EXECUTABLE);
}

static int run(const struct cmd *c)
{
	struct paths p = { 0 };
	struct instance i;
	struct err e = { 0 };
	int run_fd = -1, status;

	if (c->nargs == 0) {
		cmd_note("which program? For example: sluice run claude");
		return CMD_USAGE;
	}
	if ((status = find_program(c->args[0])) != 0)
		return cannot_run(c->args[0], status);
	if (paths_init(&p, &e) && (run_fd = take_run_lock(p.run_lock, &e)) >= 0 &&
		need_proxy(c, &p, &i, &e))
		status = become_client(c, &i, p.arena);
	else
		status = cmd_fail("%s", e.text);
	if (run_fd >= 0)
		close(run_fd);
	paths_release(&p);
	return status;
}
