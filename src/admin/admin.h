/* SPDX-License-Identifier: MIT */
/* The endpoints that sluice answers itself. */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "core/exchange.h"

extern const struct local_endpoint admin_endpoints[];
extern const size_t admin_nendpoints;

#endif
