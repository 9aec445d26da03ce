/* SPDX-License-Identifier: MIT */
/* Who listens on a TCP port of this machine, from /proc (proc(5)). */
#ifndef APP_PORT_H
#define APP_PORT_H

#include "base/str.h"

#include <sys/types.h>

struct port_socket {
	uint64_t inode;
	uid_t uid;
};

struct port_owner {
	pid_t pid;     /* 0: may not be known, the process belongs to somebody else */
	uid_t uid;     /* of the socket */
	char name[32]; /* of the program; empty without a pid */
};

/* The first listening socket with that local port in the text of /proc/net/tcp or tcp6. */
bool port_find_socket(struct str table, unsigned port, struct port_socket *ret) MUSTCHECK;

/* The process that listens on a port. False when there is none, or /proc does not tell. */
bool port_find_owner(unsigned port, struct port_owner *ret) MUSTCHECK;

#endif
