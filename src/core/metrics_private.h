/* SPDX-License-Identifier: MIT */
/* What metrics.c counts and metrics_print.c prints. For these two files only. */
#ifndef CORE_METRICS_PRIVATE_H
#define CORE_METRICS_PRIVATE_H

#include "core/metrics.h"

enum {
	METRIC_NAME_MAX = 96,
	METRIC_PROVIDERS = 64, /* of the configuration; further ones are "other" */
	METRIC_CAUSES = 32,    /* ours; further ones are "other" */
	METRIC_BUCKETS = 14,
	METRIC_ENDPOINTS = ENDPOINT_UNKNOWN + 1,
	METRIC_TOKENS = 6,
	METRIC_COSTS = 5,
};

/* Classes of status as clients saw it. */
enum metric_status {
	METRIC_2XX,
	METRIC_3XX,
	METRIC_4XX,
	METRIC_5XX,
	METRIC_NO_REPLY,
	METRIC_STATUSES
};

/* Counts of a bucket do not include those of the one before. The last is what is above all bounds. */
struct histogram {
	uint64_t count[METRIC_BUCKETS + 1];
	double sum;
};
extern const double metric_seconds[METRIC_BUCKETS], metric_ratios[METRIC_BUCKETS];

struct metric_provider {
	char name[METRIC_NAME_MAX];
	uint64_t requests[METRIC_ENDPOINTS][METRIC_STATUSES];
	struct histogram first; /* seconds */
};

struct metric_model {
	char name[METRIC_NAME_MAX];
	uint64_t hash;
	int64_t tokens[METRIC_TOKENS]; /* in the order of metric_tokens */
	int64_t cost[METRIC_COSTS];    /* in the order of metric_costs */
	uint64_t unpriced, estimated;
};

struct metric_cause {
	char name[32];
	int64_t nano;
};

struct metrics {
	struct metric_provider *providers; /* the first has no name: no provider was asked */
	size_t nproviders;
	struct metric_model *models; /* the first is "other" */
	size_t nmodels;
	struct metric_cause saved[METRIC_CAUSES], lost[METRIC_CAUSES];
	size_t nsaved, nlost;
	struct histogram total[METRIC_ENDPOINTS]; /* seconds */
	struct histogram prediction;              /* |predicted - read| / read */
	int64_t read_tokens, input_tokens;
};

extern const char *const metric_tokens[METRIC_TOKENS], *const metric_costs[METRIC_COSTS];

#endif
