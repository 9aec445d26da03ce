/* SPDX-License-Identifier: MIT */
/* What recorded sessions would have cost under several policies: their requests go through the proxy's own stages to the simulated provider,
 * in memory, under the recorded times. Nothing is sent anywhere. The same input gives the same figures. */
#ifndef LAB_REPLAY_H
#define LAB_REPLAY_H

#include "lab/replay_policy.h"
#include "lab/replay_session.h"
#include "lab/transcripts.h"

enum { REPLAY_MODELS_MAX = 32, REPLAY_ERRORS_MAX = 5 };

struct replay_sum {
	int64_t requests, unpriced;
	struct usage tokens; /* cache_write: all writes */
	int64_t nano;
};

struct replay_model {
	char name[96]; /* "PROVIDER/MODEL" */
	struct replay_sum sum;
};

struct replay_bill {
	struct replay_sum total, kinds[3];             /* enum replay_kind */
	struct replay_model models[REPLAY_MODELS_MAX]; /* what has no place is in the last row */
	size_t nmodels;
	int64_t changes;        /* of the model that answers, within conversations */
	int64_t failed;         /* requests that got no answer */
	int64_t differs;        /* replies that did not come as they were recorded */
	int64_t retried;        /* without thinking, whose signatures were refused */
	int64_t predicted_read; /* by the proxy, of total.tokens.cache_read */
	char errors[REPLAY_ERRORS_MAX][160];
	size_t nerrors;
};

/* One policy: what it is, and its configuration. */
struct replay_way {
	const struct replay_policy *policy;
	struct config *config;
	const struct prices *prices;
	struct replay_bill bill;
	int64_t *
		sessions; /* nano-dollars, by session; filled in by replay_run(), freed by replay_release() */
};

struct replay {
	struct replay_way *ways;
	size_t nways, base; /* base: the way that the others compare with */
	struct replay_notes notes;
	char **names; /* of sessions with requests, in the order of their first */
	size_t nsessions;
	int64_t requests, from_ms, to_ms; /* -1: none */
	void (*progress)(
		void *ctx, uint64_t done, uint64_t all); /* bytes of transcripts; may be NULL */
	void *ctx;
};

/* False when a file cannot be read. ways, nways and progress are set by the caller. */
bool replay_run(struct replay *r, const struct transcripts *t, struct err *e) MUSTCHECK;
void replay_release(struct replay *r);

/* Adds what agents of the sessions among the files have written: SESSION/subagents of SESSION.jsonl. */
bool replay_add_agents(struct transcripts *t, struct err *e) MUSTCHECK;

/* One JSON object, and tables for people, 80 columns wide. */
void replay_json(const struct replay *r, struct buf *out);
void replay_text(const struct replay *r, struct buf *out);

#endif
