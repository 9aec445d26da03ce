/* SPDX-License-Identifier: MIT */
/* The addresses of the configuration, or sockets inherited from the service manager, as listeners. */
#ifndef APP_LISTEN_H
#define APP_LISTEN_H

#include "core/config.h"
#include "io/conn.h"

/* Listens on everything that `listen` names, or on the sockets of systemd's LISTEN_FDS protocol (sd_listen_fds(3)). Appends
 * the URLs, one a line, to urls. False, with e saying which address and who holds it. */
bool listen_all(struct server *s, const struct config *c, struct buf *urls, struct err *e);

#endif
