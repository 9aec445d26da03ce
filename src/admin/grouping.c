/* SPDX-License-Identifier: MIT */
/* Groups by what the store knows, and by days of local time, which are made from its quarters of an hour. */
#include "admin/views.h"
#include "store/row.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

const char grouping_choice[] =
	"model, kind, conversation, project, caller, provider, session or day";

bool grouping_find(struct str name, struct grouping *ret)
{
	static const struct grouping all[] = {
		{ "model", GROUP_MODEL, false },
		{ "kind", GROUP_KIND, false },
		{ "conversation", GROUP_CONVERSATION, false },
		{ "project", GROUP_PROJECT, false },
		{ "caller", GROUP_CALLER, false },
		{ "provider", GROUP_PROVIDER, false },
		{ "session", GROUP_SESSION, false },
		{ "day", GROUPS, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (str_eq(name, str_from(all[i].name))) {
			*ret = all[i];
			return true;
		}
	return false;
}

struct days {
	struct ledger_totals *v;
	size_t n, cap;
	int64_t until_ms; /* quarters before then are of the last day for sure */
};

static bool put_quarter(void *ctx, const struct query_row *row)
{
	struct days *d = ctx;
	const struct ledger_totals *t = row->totals;

	/* No day is shorter than this; only what comes close to its end is looked at more closely. */
	if (d->n == 0 || t->at_ms >= d->until_ms) {
		int64_t day_ms = span_day_of(t->at_ms);
		d->until_ms = day_ms + (int64_t)23 * 3600 * 1000;
		if (d->n == 0 || d->v[d->n - 1].at_ms != day_ms) {
			if (d->n == d->cap) {
				d->cap = d->cap > 0 ? 2 * d->cap : 32;
				d->v = must_realloc(d->v, d->cap * sizeof(*d->v));
			}
			d->v[d->n++] =
				(struct ledger_totals){ .provider = STR(""), .at_ms = day_ms };
		}
	}
	totals_sum(&d->v[d->n - 1], t);
	return true;
}

static void tell_days(struct days *d, size_t limit, const struct grouping_listener *to)
{
	char name[16];
	struct tm t;

	for (size_t i = d->n; i > 0 && limit > 0; i--, limit--) {
		time_t at = (time_t)(d->v[i - 1].at_ms / 1000);
		if (localtime_r(&at, &t) == NULL)
			continue;
		strftime(name, sizeof(name), "%Y-%m-%d", &t);
		d->v[i - 1].name = str_from(name);
		if (!to->fn(to->ctx, &(struct query_row){ .totals = &d->v[i - 1] }))
			break;
	}
}

bool grouping_ask(struct store *s, const struct grouping *g, const struct query_params *p,
	const struct grouping_listener *to, struct err *e)
{
	struct query_params q = *p;
	struct days days = { .n = 0 };

	q.what = g->days ? QUERY_SERIES : QUERY_GROUPS;
	q.by = g->by;
	if (!g->days)
		return s->driver->query(s, &q, to->fn, to->ctx, e);
	bool ok = s->driver->query(s, &q, put_quarter, &days, e);
	if (ok)
		tell_days(&days, p->limit > 0 ? p->limit : SIZE_MAX, to);
	free(days.v);
	return ok;
}
