/* SPDX-License-Identifier: MIT */
/* Asking a running proxy how it is: one small blocking HTTP request. */
#ifndef APP_PROBE_H
#define APP_PROBE_H

#include "base/buf.h"

/* Sends `GET path` to "http://host:port" and reads the reply's body (up to the ceiling of ret_body, which
 * is initialised). Returns the HTTP status; 0 when nothing answers within timeout_ms for each step. */
unsigned probe_get(const char *url, const char *path, unsigned timeout_ms, struct buf *ret_body);

/* Sends `GET path` with the proxy's key ("" for none), and returns the connection: an HTTP/1.0 reply will come, whose body
 * ends with it. Reading waits for as long as it takes. -1 when nobody accepts within timeout_ms. */
int probe_open(const char *url, const char *path, const char *key, unsigned timeout_ms);

#endif
