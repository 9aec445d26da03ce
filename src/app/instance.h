/* SPDX-License-Identifier: MIT */
/* The one proxy of a state folder: taking its place, finding the one that runs, telling who is in the way.
 * A proxy lives exactly as long as the lock on paths.lock_file is held, so a pid left over from a crash,
 * which may be anybody's by now, is never mistaken for one. */
#ifndef APP_INSTANCE_H
#define APP_INSTANCE_H

#include "app/paths.h"

#include <sys/types.h>

enum instance_state {
	INSTANCE_NONE,
	INSTANCE_STARTING, /* the lock is held, but nothing listens yet (or no longer) */
	INSTANCE_RUNNING,
};

enum { INSTANCE_URLS_MAX = 8 };

struct instance {
	enum instance_state state;
	pid_t pid;        /* 0: unknown */
	int64_t since_ms; /* wall time of its start; 0: unknown */
	char version[32];
	char urls[INSTANCE_URLS_MAX][128];
	size_t nurls;
	char client_url[128]; /* the one to give to clients */
};

/* Takes the place of the proxy. Returns a descriptor, closed on exec, that holds it until it and its
 * copies in forked processes are closed; -1 when another process has it. */
int instance_lock(const struct paths *p, struct err *e) MUSTCHECK;

/* Writes the caller's pid and the time into the lock file, for instance_find(). */
void instance_sign(int lock_fd);

/* What runs at the moment. Takes no lock, and so is in nobody's way. */
void instance_find(const struct paths *p, struct instance *ret);

/* Fills in version, URLs and pid from what serve() wrote into the state file. False on anything else. */
bool instance_parse_state(struct str text, struct instance *ret) MUSTCHECK;

/* As instance_find(), but waits for a proxy that is starting. False when none runs in the end, or after
 * timeout_ms. */
bool instance_wait_running(const struct paths *p, unsigned timeout_ms, struct instance *ret);

/* Who listens on a TCP port, in words that end "is taken by": "another sluice (pid 812)", "nginx (pid
 * 81)", "a program of user root". False when that cannot be found out; ret is untouched. */
bool instance_port_owner(unsigned port, char *ret, size_t n);

#endif
