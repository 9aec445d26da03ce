/* SPDX-License-Identifier: MIT */
/* Is anybody there (/health), may it be given work (/ready), and the probes of clients. */
#include "admin/admin.h"

#include "admin/dashboard.h"
#include "admin/lookup.h"
#include "admin/state.h"
#include "base/clock.h"
#include "core/breaker.h"
#include "core/ledger.h"

#include <unistd.h>

/* Models of providers that are passed by, because they have failed again and again. */
static unsigned count_open(const struct services *svc)
{
	const struct breaker *b;
	unsigned n = 0;

	for (size_t i = 0; (b = breaker_at(svc->breakers, i)) != NULL; i++)
		n += breaker_state_of(b, loop_now_ms(svc->loop)) != BREAKER_CLOSED;
	return n;
}

static void health(struct exchange *x, struct local_reply *ret)
{
	const struct services *svc = x->svc;

	buf_addf(ret->body,
		"{\"status\":\"%s\",\"version\":\"%s\",\"pid\":%d,\"uptime_s\":%lld,\"connections\":%zu,\"open_exchanges\":%zu,"
		"\"exchanges\":%llu,\"reloads\":%llu,\"reloads_refused\":%llu,\"breakers_open\":%u}\n",
		svc->draining ? "draining" : "ok", SLUICE_VERSION, (int)getpid(),
		(long long)((clock_wall_ms() - svc->started_wall_ms) / 1000),
		server_connections(svc->server), svc->open - 1, (unsigned long long)svc->total,
		(unsigned long long)svc->reloads, (unsigned long long)svc->reloads_refused,
		count_open(svc));
}

static void ready(struct exchange *x, struct local_reply *ret)
{
	struct writer_state s = { 0 };

	if (x->svc->draining)
		ret->status = 503;
	if (x->svc->ledger != NULL)
		ledger_state(x->svc->ledger, &s);
	/* Without a ledger requests are still served: that is a fault to be seen to, no reason to send them elsewhere. */
	buf_addf(ret->body, "{\"ready\":%s,\"ledger\":\"%s\",\"ledger_lost\":%llu}\n",
		x->svc->draining ? "false" : "true",
		x->svc->ledger == NULL ? "off"
		: s.failing            ? "failing"
				       : "ok",
		(unsigned long long)s.dropped);
}

static void hello(struct exchange *x, struct local_reply *ret)
{
	(void)x;
	buf_addf(ret->body, "{\"name\":\"sluice\",\"version\":\"%s\"}\n", SLUICE_VERSION);
}

const struct local_endpoint admin_endpoints[] = {
	{ STR_INIT("/health"), true, health, NULL },
	{ STR_INIT("/ready"), true, ready, NULL },
	{ STR_INIT("/"), true, hello, NULL },
	{ STR_INIT("/api/hello"), true, hello, NULL },
	{ STR_INIT("/stats"), false, NULL, lookup_stats },
	{ STR_INIT("/history"), false, NULL, lookup_history },
	{ STR_INIT("/sluice/api/overview"), false, NULL, lookup_overview },
	{ STR_INIT("/sluice/api/conversations"), false, NULL, lookup_conversations },
	{ STR_INIT("/sluice/api/conversation"), false, NULL, lookup_conversation },
	{ STR_INIT("/sluice/api/exchange"), false, NULL, lookup_exchange },
	{ STR_INIT("/sluice/api/alarms"), false, NULL, lookup_alarms },
	{ STR_INIT("/sluice/api/groups"), false, NULL, lookup_groups },
	{ STR_INIT("/dashboard"), true, admin_dashboard, NULL, .below = true },
	{ STR_INIT("/metrics"), false, admin_metrics, NULL },
	{ STR_INIT("/sluice/api/state"), false, admin_state, NULL },
	{ STR_INIT("/sluice/api/live"), false, NULL, NULL, state_event },
	{ STR_INIT("/sluice/api/models"), false, admin_models, NULL },
	{ STR_INIT("/sluice/api/settings"), false, admin_settings, NULL },
};
const size_t admin_nendpoints = ARRAY_LEN(admin_endpoints);
