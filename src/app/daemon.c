/* SPDX-License-Identifier: MIT */
/* Running the proxy in the background. */
#include "app/daemon.h"

#include "app/instance.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a failed start wrote is repeated up to this length. */
enum { TAIL_MAX = 4096 };

/* Descriptors that the caller happened to have must not live as long as the proxy: the lock of a
 * `sluice run` would never be free again. */
static void close_all_but(int keep1, int keep2)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t fd;

	if (!dir)
		return;
	for (struct dirent *d; (d = readdir(dir));) {
		if (!str_to_u64(str_from(d->d_name), &fd) || fd <= STDERR_FILENO)
			continue;
		if ((int)fd != keep1 && (int)fd != keep2 && (int)fd != dirfd(dir))
			close((int)fd);
	}
	closedir(dir);
}

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
}

/* The new process; does not return. */
static void run_daemon(struct serve_options *o, int lock_fd, int log_fd)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null_fd >= 0)
		(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(log_fd, STDOUT_FILENO);
	(void)dup2(log_fd, STDERR_FILENO);
	close_all_but(lock_fd, o->ready_fd);
	reset_signals();
	(void)umask(077);
	instance_sign(lock_fd);
	exit(serve(o));
}

/* Two forks: the first child leads the new session and ends at once, the second is nobody's child, so
 * that a program which replaces the caller never has to wait for it. */
static bool fork_daemon(struct serve_options *o, int lock_fd, int log_fd)
{
	int status;

	fflush(NULL);
	pid_t child = fork();
	if (child < 0)
		return false;
	if (child == 0) {
		(void)setsid();
		pid_t daemon = fork();
		if (daemon == 0)
			run_daemon(o, lock_fd, log_fd);
		_exit(daemon < 0);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return status == 0;
}

/* True when the byte arrives, false when the other end is closed without it. */
static bool wait_ready(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

/* Copies what was written to the log behind offset to standard error. */
static void repeat_log(int log_fd, off_t offset)
{
	char text[TAIL_MAX];
	off_t end = lseek(log_fd, 0, SEEK_END);

	if (end - offset > TAIL_MAX)
		offset = end - TAIL_MAX;
	ssize_t n = pread(log_fd, text, sizeof(text), offset);
	if (n > 0)
		fwrite(text, 1, (size_t)n, stderr);
}

static bool fail(struct err *e, const char *what)
{
	char reason[128];

	return err_set(e, ERR_INTERNAL, "%s: %s", what, strerror_r(errno, reason, sizeof(reason)));
}

bool daemon_start(struct serve_options *o, int lock_fd, const char *log_file, struct err *e)
{
	int ready[2];
	bool ok = false;
	int log_fd = open(log_file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (log_fd < 0)
		return err_set(e, ERR_INTERNAL, "cannot open the log file \"%s\"", log_file);
	off_t offset = lseek(log_fd, 0, SEEK_END);
	if (pipe2(ready, O_CLOEXEC) != 0) {
		fail(e, "cannot create a pipe");
		goto out;
	}
	o->ready_fd = ready[1];
	bool forked = fork_daemon(o, lock_fd, log_fd);
	if (!forked)
		fail(e, "cannot start a process");
	close(ready[1]);
	ok = forked && wait_ready(ready[0]);
	close(ready[0]);
	if (forked && !ok) {
		repeat_log(log_fd, offset);
		err_set(e, ERR_INTERNAL, "the proxy did not start (its log: %s)", log_file);
	}
out:
	close(log_fd);
	return ok;
}
