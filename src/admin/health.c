/* SPDX-License-Identifier: MIT */
/* Is anybody there (/health), may it be given work (/ready), and the probes of clients. */
#include "admin/admin.h"

#include "base/clock.h"

#include <unistd.h>

static void health(struct exchange *x, struct local_reply *ret)
{
	const struct services *svc = x->svc;

	buf_addf(ret->body,
		"{\"status\":\"%s\",\"version\":\"%s\",\"pid\":%d,\"uptime_s\":%lld,\"connections\":%zu,\"open_exchanges\":%zu,"
		"\"exchanges\":%llu}\n",
		svc->draining ? "draining" : "ok", SLUICE_VERSION, (int)getpid(),
		(long long)((clock_wall_ms() - svc->started_wall_ms) / 1000),
		server_connections(svc->server), svc->open - 1, (unsigned long long)svc->total);
}

static void ready(struct exchange *x, struct local_reply *ret)
{
	if (x->svc->draining)
		ret->status = 503;
	buf_addf(ret->body, "{\"ready\":%s}\n", x->svc->draining ? "false" : "true");
}

static void hello(struct exchange *x, struct local_reply *ret)
{
	(void)x;
	buf_addf(ret->body, "{\"name\":\"sluice\",\"version\":\"%s\"}\n", SLUICE_VERSION);
}

const struct local_endpoint admin_endpoints[] = {
	{ STR_INIT("/health"), true, health },
	{ STR_INIT("/ready"), true, ready },
	{ STR_INIT("/"), true, hello },
	{ STR_INIT("/api/hello"), true, hello },
};
const size_t admin_nendpoints = ARRAY_LEN(admin_endpoints);
