/* SPDX-License-Identifier: MIT */
/* The simulator's server: reads requests, sends the frames of replies when their time has come. */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "io/conn.h"
#include "sim/control.h"

struct host;

struct host *host_new(struct loop *l, struct control *c) MUSTCHECK;
/* Closes everything at once. */
void host_free(struct host *h);
/* Listens on an address ("127.0.0.1") and port (0: any). False, with e saying why. ret_port: the port. */
bool host_listen(
	struct host *h, const char *address, unsigned port, unsigned *ret_port, struct err *e);

#endif
