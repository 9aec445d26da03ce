/* SPDX-License-Identifier: MIT */
/* `GET /metrics`, for Prometheus. */
#include "core/metrics.h"

#include "admin/state.h"

void admin_metrics(struct exchange *x, struct local_reply *ret)
{
	ret->type = STR("text/plain; version=0.0.4; charset=utf-8");
	metrics_print(x->svc, ret->body);
}
