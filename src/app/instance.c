/* SPDX-License-Identifier: MIT */
/* The one proxy of a state folder. */
#include "app/instance.h"

#include "app/port.h"
#include "base/clock.h"
#include "base/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MAX = 65536, POLL_MS = 20 };

/* Locks of the open file description: they survive fork(), and can be asked for without being taken. */
static bool lock_call(int fd, int what, struct flock *lock)
{
	*lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
	return fcntl(fd, what, lock) == 0;
}

static bool read_file(const char *path, struct buf *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool ok = buf_reserve(ret, FILE_MAX);
	ssize_t n = ok ? read(fd, ret->p, FILE_MAX) : -1;
	close(fd);
	if (n > 0)
		ret->n = (size_t)n;
	return n > 0;
}

/* "PID START_MS\n" */
static void read_signature(const char *lock_file, struct instance *ret)
{
	struct buf text;
	struct str rest, pid, since;
	uint64_t number;

	buf_init(&text, FILE_MAX);
	if (read_file(lock_file, &text)) {
		rest = str_trim(buf_str(&text));
		if (str_split(&rest, ' ', &pid) && str_to_u64(pid, &number))
			ret->pid = (pid_t)number;
		if (str_split(&rest, ' ', &since) && str_to_u64(since, &number))
			ret->since_ms = (int64_t)number;
	}
	buf_release(&text);
}

void instance_sign(int lock_fd)
{
	char text[64];
	int n = snprintf(
		text, sizeof(text), "%d %lld\n", (int)getpid(), (long long)clock_wall_ms());

	/* Only shown to people; a full disk must not keep the proxy from working. */
	if (ftruncate(lock_fd, 0) != 0 || pwrite(lock_fd, text, (size_t)n, 0) != n)
		return;
}

static bool lock_is_held(const char *lock_file)
{
	struct flock lock;
	int fd = open(lock_file, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool held = lock_call(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
	close(fd);
	return held;
}

static void take_url(struct instance *i, const struct setting_value *v)
{
	if (v->kind != VALUE_STRING || i->nurls >= INSTANCE_URLS_MAX ||
		v->text.n >= sizeof(i->urls[0]))
		return;
	snprintf(i->urls[i->nurls++], sizeof(i->urls[0]), "%.*s", STR_ARG(v->text));
}

static void take_member(struct instance *i, const struct setting_member *m)
{
	uint64_t pid;

	if (str_eq(m->key, STR("pid")) && str_to_u64(m->value.text, &pid))
		i->pid = (pid_t)pid;
	else if (str_eq(m->key, STR("version")))
		snprintf(i->version, sizeof(i->version), "%.*s", STR_ARG(m->value.text));
	else if (str_eq(m->key, STR("urls")))
		for (size_t k = 0; k < m->value.n; k++)
			take_url(i, &m->value.members[k].value);
}

/* An IPv4 address of this machine before all others; "any address" is reached through the loopback one. */
static void choose_client_url(struct instance *i)
{
	static const struct {
		struct str prefix, instead;
	} kinds[] = {
		{ STR_INIT("http://127."), STR_INIT("http://127.") },
		{ STR_INIT("http://0.0.0.0:"), STR_INIT("http://127.0.0.1:") },
		{ STR_INIT("http://[::]:"), STR_INIT("http://[::1]:") },
		{ STR_INIT(""), STR_INIT("") },
	};

	for (size_t k = 0; k < ARRAY_LEN(kinds) && !*i->client_url; k++) {
		for (size_t u = 0; u < i->nurls && !*i->client_url; u++) {
			struct str url = str_from(i->urls[u]);
			if (str_starts(url, kinds[k].prefix))
				snprintf(i->client_url, sizeof(i->client_url), "%.*s%.*s",
					STR_ARG(kinds[k].instead),
					STR_ARG(str_from_offset(url, kinds[k].prefix.n)));
		}
	}
}

bool instance_parse_state(struct str text, struct instance *ret)
{
	struct arena *a = arena_new();
	struct setting_value v;
	struct err e;
	size_t pos;
	bool ok = setting_read_json(a, text, &v, &pos, &e) && v.kind == VALUE_OBJECT;

	*ret = (struct instance){ 0 };
	for (size_t k = 0; ok && k < v.n; k++)
		take_member(ret, &v.members[k]);
	arena_free(a);
	choose_client_url(ret);
	return ok && ret->pid > 0 && ret->nurls > 0;
}

void instance_find(const struct paths *p, struct instance *ret)
{
	struct instance signer = { 0 };
	struct buf text;

	*ret = (struct instance){ 0 };
	if (!lock_is_held(p->lock_file))
		return;
	read_signature(p->lock_file, &signer);
	buf_init(&text, FILE_MAX);
	/* A state file of another pid is left over from a proxy that crashed. */
	bool ok = read_file(p->state_file, &text) && instance_parse_state(buf_str(&text), ret) &&
		  ret->pid == signer.pid;
	buf_release(&text);
	if (!ok)
		*ret = (struct instance){ .pid = signer.pid };
	ret->state = ok ? INSTANCE_RUNNING : INSTANCE_STARTING;
	ret->since_ms = signer.since_ms;
}

/* Says who has the lock. */
static int lock_is_taken(const struct paths *p, struct err *e)
{
	struct instance other;

	instance_find(p, &other);
	if (other.state == INSTANCE_RUNNING)
		(void)err_set(e, ERR_INTERNAL, "a proxy is running already at %s (pid %d)",
			other.client_url, (int)other.pid);
	else if (other.pid > 0)
		(void)err_set(e, ERR_INTERNAL, "a proxy is just starting or ending (pid %d)",
			(int)other.pid);
	else
		(void)err_set(e, ERR_INTERNAL, "another process has \"%s\" locked", p->lock_file);
	return -1;
}

int instance_lock(const struct paths *p, struct err *e)
{
	struct flock lock;
	char reason[128];
	int fd = open(p->lock_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && lock_call(fd, F_OFD_SETLK, &lock))
		return fd;
	int why = errno;
	if (fd >= 0)
		close(fd);
	if (why == EAGAIN || why == EACCES)
		return lock_is_taken(p, e);
	(void)err_set(e, ERR_INTERNAL, "cannot lock \"%s\": %s", p->lock_file,
		strerror_r(why, reason, sizeof(reason)));
	return -1;
}

bool instance_wait_running(const struct paths *p, unsigned timeout_ms, struct instance *ret)
{
	uint64_t end = clock_mono_ns() + (uint64_t)timeout_ms * 1000000;

	for (;;) {
		instance_find(p, ret);
		if (ret->state != INSTANCE_STARTING || clock_mono_ns() >= end)
			return ret->state == INSTANCE_RUNNING;
		(void)nanosleep(&(struct timespec){ .tv_nsec = POLL_MS * 1000000L }, NULL);
	}
}

bool instance_port_owner(unsigned port, char *ret, size_t n)
{
	struct port_owner owner;

	if (!port_find_owner(port, &owner))
		return false;
	if (owner.pid > 0) {
		bool ours = strcmp(owner.name, "sluice") == 0;
		snprintf(ret, n, "%s (pid %d)", ours ? "another sluice" : owner.name,
			(int)owner.pid);
		return true;
	}
	const struct passwd *user = getpwuid(owner.uid);
	if (user)
		snprintf(ret, n, "a program of user %s", user->pw_name);
	else
		snprintf(ret, n, "a program of user %u", (unsigned)owner.uid);
	return true;
}
