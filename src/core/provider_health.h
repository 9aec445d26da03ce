/* SPDX-License-Identifier: MIT */
/* What is known of each provider since the start: whether it answers, what went wrong by class, how soon it begins to
 * answer, and what its rate-limit headers say is left. Bounded: providers by name, a small window of times. */
#ifndef CORE_PROVIDER_HEALTH_H
#define CORE_PROVIDER_HEALTH_H

#include "core/exchange.h"
#include "core/rate_limits.h"

enum health_state { HEALTH_UNKNOWN, HEALTH_OK, HEALTH_FAILING };

/* Ways in which an attempt goes wrong. */
#define HEALTH_ERRORS(X) \
	X(429, "429") \
	X(529, "529") \
	X(5XX, "5xx") \
	X(4XX, "4xx") \
	X(CONNECT, "connect") \
	X(TIMEOUT, "timeout") \
	X(CUT, "cut") \
	X(BROKEN, "broken") \
	X(BAD_REPLY, "bad_reply") \
	X(STREAM, "stream_error")
#define HEALTH_ERROR(id, name) HEALTH_ERROR_##id,
enum health_error { HEALTH_ERRORS(HEALTH_ERROR) HEALTH_ERROR_CLASSES };
#undef HEALTH_ERROR
extern const char *const health_error_names[HEALTH_ERROR_CLASSES];

enum { HEALTH_PROVIDERS = 64, HEALTH_WINDOW = 64, HEALTH_NAME_MAX = 64 };

struct provider_health {
	char name[HEALTH_NAME_MAX];
	uint64_t requests; /* attempts */
	uint64_t errors[HEALTH_ERROR_CLASSES];
	unsigned failures;              /* in a row */
	bool answered;                  /* ever */
	int64_t last_ms, last_error_ms; /* wall clock; 0: never */
	char last_error[160];
	int64_t retry_ms; /* it asked not to be asked before; 0: it did not */
	struct rate_limits limits;
	uint32_t first_us[HEALTH_WINDOW]; /* of the latest streams */
	uint64_t nfirst;
};

struct health;
struct health *health_new(void) MUSTCHECK;
void health_free(struct health *h);

/* Takes what the head of a provider's reply tells about its limits. */
void health_head(
	struct health *h, struct str provider, const struct http_header *headers, size_t n);
/* Counts the attempts of an exchange that has ended. */
void health_record(struct health *h, const struct exchange *x);

/* By name; NULL when it was never asked. */
const struct provider_health *health_of(const struct health *h, struct str provider);
/* The i-th, in the order in which they were first asked; NULL behind the last. */
const struct provider_health *health_at(const struct health *h, size_t i);
/* Failing: its last three attempts failed, or all so far. */
enum health_state health_state(const struct provider_health *p);
/* The median time to the first token, over the window; -1 without any. */
int64_t health_first_us(const struct provider_health *p);

#endif
