/* SPDX-License-Identifier: MIT */
/* Asking a running proxy how it is: one small blocking HTTP request. */
#ifndef APP_PROBE_H
#define APP_PROBE_H

#include "base/buf.h"

/* Sends `GET path` to "http://host:port" and reads the reply's body (up to the ceiling of ret_body, which
 * is initialised). Returns the HTTP status; 0 when nothing answers within timeout_ms for each step. */
unsigned probe_get(const char *url, const char *path, unsigned timeout_ms, struct buf *ret_body);

#endif
