/* SPDX-License-Identifier: MIT */
/* Classes of failures are rows: what may help against each, in the order in which it is tried. */
#include "core/failover.h"

enum { BACKOFF_MS = 500, BACKOFF_MAX_MS = 8000 };

/* What may help. */
enum remedy {
	R_KEY = 1 << 0,       /* another account */
	R_AGAIN = 1 << 1,     /* a moment later */
	R_NEXT = 1 << 2,      /* anybody else */
	R_LARGER = 1 << 3,    /* a model with a larger window */
	R_ELSEWHERE = 1 << 4, /* another provider */
	R_ASKED = 1 << 5,     /* whom the client asked for */
};

static const unsigned remedies[ERR_KINDS] = {
	[ERR_RATE] = R_KEY | R_AGAIN | R_NEXT,
	[ERR_OVERLOADED] = R_AGAIN | R_NEXT,
	[ERR_API] = R_AGAIN | R_NEXT,
	[ERR_UPSTREAM] = R_AGAIN | R_NEXT,
	[ERR_TIMEOUT] = R_AGAIN | R_NEXT,
	[ERR_CONFLICT] = R_AGAIN | R_NEXT,
	[ERR_AUTH] = R_KEY | R_NEXT,
	[ERR_PERMISSION] = R_KEY | R_NEXT,
	[ERR_BILLING] = R_KEY | R_NEXT,
	[ERR_NOT_FOUND] = R_NEXT,
	[ERR_CONTEXT] = R_LARGER,
	[ERR_TOO_LARGE] = R_ELSEWHERE,
	/* Wrong everywhere, unless it is our choice of the model that made it so. */
	[ERR_INVALID] = R_ASKED,
	/* Others stay what they are. */
};

static unsigned remedies_of(const struct failover_failure *f)
{
	if (f->kind == ERR_INVALID && f->capability)
		return R_ELSEWHERE | R_ASKED;
	return remedies[f->kind];
}

uint64_t failover_backoff_ms(unsigned n, uint32_t random)
{
	uint64_t ms = BACKOFF_MS;

	while (n-- > 0 && ms < BACKOFF_MAX_MS)
		ms *= 2;
	return ms / 2 + random % (ms / 2 + 1);
}

/* Whether asking this one may help against that failure. */
static bool may_help(const struct failover_option *o, unsigned remedy, int64_t context_tokens)
{
	if (o->done)
		return false;
	if (remedy & R_LARGER)
		return o->context_tokens > 0 && o->context_tokens > context_tokens;
	return (remedy & R_NEXT) || ((remedy & R_ELSEWHERE) && o->elsewhere) ||
	       ((remedy & R_ASKED) && o->asked);
}

/* The first that may help, those whose breaker is open last. n: nobody. */
static size_t find_option(
	const struct failover_option *o, size_t n, unsigned remedy, int64_t context_tokens)
{
	size_t shut = n;

	for (size_t i = 0; i < n; i++) {
		if (!may_help(&o[i], remedy, context_tokens))
			continue;
		if (!o[i].shut)
			return i;
		if (shut == n)
			shut = i;
	}
	return shut;
}

size_t failover_first(const struct failover_option *options, size_t n)
{
	return find_option(options, n, R_NEXT, -1);
}

/* Waiting for the same candidate: whether, and for how long. */
static bool wait_for_it(const struct failover_failure *f, const struct failover_left *left,
	const struct failover_limits *limits, uint64_t *ret_ms)
{
	*ret_ms = failover_backoff_ms(left->retries, left->random);
	if (f->final || f->silent || left->retries >= limits->retries)
		return false;
	if (f->retry_after_ms > 0) {
		if ((uint64_t)f->retry_after_ms > limits->retry_after_ms)
			return false;
		/* Not before the time that it has named, and not all at that very moment. */
		*ret_ms = (uint64_t)f->retry_after_ms + *ret_ms / 4;
	}
	return left->used_ms + *ret_ms <= limits->deadline_ms;
}

struct failover_decision failover_decide(const struct failover_failure *f,
	const struct failover_left *left, const struct failover_limits *limits)
{
	struct failover_decision d = { .what = FAILOVER_GIVE_UP };
	unsigned remedy = remedies_of(f);
	size_t next = find_option(left->options, left->noptions, remedy, left->context_tokens);
	bool others = next < left->noptions;
	bool healthy = others && !left->options[next].shut;
	uint64_t wait_ms;

	if (remedy == 0 || left->used_ms > limits->deadline_ms)
		return d;
	if ((remedy & R_KEY) && left->other_key) {
		d.what = FAILOVER_KEY;
	} else if ((remedy & R_AGAIN) && (others || limits->alone) && !(left->shut && healthy) &&
		   wait_for_it(f, left, limits, &wait_ms)) {
		d.what = FAILOVER_AGAIN;
		d.wait_ms = wait_ms;
	} else if (others) {
		d.what = FAILOVER_NEXT;
		d.option = next;
	}
	return d;
}
