/* SPDX-License-Identifier: MIT */
/* The state of a running proxy as `sluice top` and `sluice statusline` read it (docs/api.md). Texts are views into the
 * document that was read. */
#ifndef APP_TOP_STATE_H
#define APP_TOP_STATE_H

#include "base/err.h"
#include "base/str.h"

/* -1: not known. */
struct top_open {
	struct str conversation, session, project, kind, model, provider, endpoint, stage;
	int64_t begin_ms, first_us, tokens, tokens_per_s, cost, reply_bytes;
	bool streamed;
};

struct top_ended {
	struct str project, kind, model, provider, error, cause;
	int64_t at_ms, status, in, read, out, cost, saved, lost, first_us, duration_us;
};

struct top_conversation {
	struct str id, session, project, model;
	int64_t last_ms, exchanges, cost, saved, lost;
	double hit_rate; /* -1: not known */
};

struct top_quota {
	struct str name;
	int64_t limit, remaining, reset_ms;
};

enum { TOP_QUOTAS = 12 };
struct top_provider {
	struct str name, health, key, last_error;
	int64_t requests, errors, first_us, last_ms;
	struct top_quota quota[TOP_QUOTAS];
	size_t nquotas;
};

struct top_sums {
	int64_t exchanges, failed, cost, saved, lost;
	double hit_rate;
};

struct top_state {
	void *doc; /* what the views point into */
	struct str version, ledger;
	int64_t at_ms, started_ms, connections, ledger_waiting, ledger_lost, open_count;
	bool draining, today_known;
	struct top_open *open;
	struct top_ended *ended;
	struct top_conversation *conversations;
	struct top_provider *providers;
	size_t nopen, nended, nconversations, nproviders;
	struct top_sums totals, recent, today;
	int64_t recent_minutes;
};

/* False when the text is no such state. top_state_release() in either case. */
bool top_state_read(struct top_state *ret, struct str json, struct err *e) MUSTCHECK;
/* NULL-safe for a state that is all zero. */
void top_state_release(struct top_state *s);
/* Per cent that is left of a quota; -1: not known. */
int top_quota_left(const struct top_quota *q);

#endif
