/* SPDX-License-Identifier: MIT */
/* The rules of lost prefixes. */
#include "lab/chain.h"

#include "lab/tally.h"

enum { PICO_PER_NANO = 1000 };

const char *cause_name(enum cause c)
{
	static const char *const names[CAUSES] = { "none", "ttl", "compaction", "model", "prefix" };

	return names[c];
}

const char *trace_name(enum trace t)
{
	static const char *const names[TRACES] = { "none", "all", "start", "shrunk", "part" };

	return names[t];
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Adds what `tokens` cost more at a rate than read, in pico-dollars. False when that is not known. */
static bool add_extra(int64_t *pico, int64_t tokens, int64_t rate, int64_t read)
{
	int64_t extra;

	if (tokens == 0)
		return true;
	return rate >= 0 && read >= 0 && !__builtin_mul_overflow(tokens, rate - read, &extra) &&
	       !__builtin_add_overflow(*pico, extra, pico);
}

int64_t chain_price(const struct rates *r, const struct usage *u, int64_t tokens)
{
	int64_t hour = least(tokens, u->cache_write_1h);
	int64_t minutes = least(tokens - hour, u->cache_write - u->cache_write_1h);
	int64_t plain = tokens - hour - minutes, pico = 0;

	if (!add_extra(&pico, hour, r->cache_write_1h, r->cache_read) ||
		!add_extra(&pico, minutes, r->cache_write_5m, r->cache_read) ||
		!add_extra(&pico, plain, r->in, r->cache_read) || pico < 0)
		return -1;
	int64_t nano = pico / PICO_PER_NANO, rest = pico % PICO_PER_NANO;
	return nano + (rest > PICO_PER_NANO / 2 || (rest == PICO_PER_NANO / 2 && nano % 2 != 0));
}

static int64_t readable_after(const struct call *call)
{
	const struct usage *u = &call->usage;

	if (call->automatic)
		return usage_input(u) / AUTOMATIC_UNIT_TOKENS * AUTOMATIC_UNIT_TOKENS;
	return u->cache_read + u->cache_write;
}

/* The tail of the prefix lapses first, and it is the tail that five minutes are for. */
static int64_t ttl_after(const struct chain *c, const struct call *call)
{
	const struct usage *u = &call->usage;

	if (call->automatic)
		return TTL_AUTOMATIC_MS;
	if (u->cache_write > u->cache_write_1h)
		return TTL_MINUTES_MS;
	if (u->cache_write_1h > 0)
		return TTL_HOUR_MS;
	return c->begun ? c->ttl_ms : TTL_MINUTES_MS;
}

static enum cause find_cause(const struct step *s, size_t model_before)
{
	if (s->call->seam)
		return CAUSE_COMPACTION;
	if (s->gap_ms > s->ttl_ms)
		return CAUSE_TTL;
	return s->call->model != model_before ? CAUSE_MODEL : CAUSE_PREFIX;
}

static enum trace find_trace(const struct step *s, const struct chain *c)
{
	const struct usage *u = &s->call->usage;

	if (u->cache_read == 0)
		return TRACE_ALL;
	if (u->cache_read < c->first_left)
		return TRACE_START;
	return usage_input(u) < c->input ? TRACE_SHRUNK : TRACE_PART;
}

static void compare(const struct chain *c, struct step *s)
{
	const struct usage *u = &s->call->usage;

	if (c->sent_ms >= 0 && s->call->sent_ms >= c->sent_ms)
		s->gap_ms = s->call->sent_ms - c->sent_ms;
	s->ttl_ms = c->ttl_ms;
	s->readable = c->readable;
	s->first_read = c->first_read;
	s->updated = c->version != s->call->version;
	s->lost_tokens = least(c->readable, usage_input(u)) - u->cache_read;
	if (s->lost_tokens <= 0) {
		s->lost_tokens = 0;
		return;
	}
	s->cause = find_cause(s, c->model);
	if (s->cause == CAUSE_PREFIX)
		s->trace = find_trace(s, c);
	s->lost_nusd = s->rates != NULL ? chain_price(s->rates, u, s->lost_tokens) : -1;
}

void chain_step(
	struct chain *c, const struct call *call, const struct rates *rates, struct step *ret)
{
	*ret = (struct step){ .call = call, .rates = rates, .first = !c->begun, .gap_ms = -1 };
	if (c->begun)
		compare(c, ret);
	*c = (struct chain){
		.begun = true,
		.sent_ms = call->sent_ms,
		.readable = readable_after(call),
		.first_read = c->begun ? c->first_read : call->usage.cache_read,
		.first_left = c->begun ? c->first_left : readable_after(call),
		.input = usage_input(&call->usage),
		.ttl_ms = ttl_after(c, call),
		.model = call->model,
		.version = call->version,
	};
}
