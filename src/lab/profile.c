/* SPDX-License-Identifier: MIT */
/* The table of ways, and the functions behind its rows. */
#include "lab/profile.h"

#include "lab/tally.h"

/* Every write lives as long as ttl_ms, whatever it did live. */
static void with_ttl(const struct step *s, int64_t ttl_ms, struct usage *ret)
{
	const struct usage *u = &s->call->usage;
	int64_t cached = u->cache_read + u->cache_write, read = u->cache_read;

	*ret = *u;
	if (s->call->automatic)
		return;
	if (!s->first && s->gap_ms > ttl_ms) {
		/* What other conversations keep warm stays. */
		if (read > s->first_read)
			read = s->first_read;
	} else if (s->cause == CAUSE_TTL) {
		read = s->readable < cached ? s->readable : cached;
	}
	ret->cache_read = read;
	ret->cache_write = cached - read;
	ret->cache_write_1h = ttl_ms == TTL_HOUR_MS ? ret->cache_write : 0;
}

static void as_it_was(const struct step *s, struct usage *ret)
{
	*ret = s->call->usage;
}

static void with_5m(const struct step *s, struct usage *ret)
{
	with_ttl(s, TTL_MINUTES_MS, ret);
}

static void with_1h(const struct step *s, struct usage *ret)
{
	with_ttl(s, TTL_HOUR_MS, ret);
}

const struct profile profiles[PROFILES] = {
	[PROFILE_OBSERVE] = {
		.name = "observe",
		.title = "sluice, profile observe",
		.assumes = "all is relayed byte for byte, so that the bill is the same",
		.usage = as_it_was,
	},
	[PROFILE_5M] = {
		.name = "ttl_5m",
		.title = "all writes for 5 minutes",
		.assumes = "after a pause of more than 5 minutes a conversation reads no more than its first "
			   "request did; other losses stay",
		.what_if = true,
		.usage = with_5m,
	},
	[PROFILE_1H] = {
		.name = "ttl_1h",
		.title = "all writes for 1 hour",
		.assumes = "what lapsed within an hour is read instead; after longer pauses a conversation reads "
			   "no more than its first request did; other losses stay",
		.what_if = true,
		.usage = with_1h,
	},
	[PROFILE_CHEAPER_TTL] = {
		.name = "ttl_cheaper",
		.title = "the cheaper of both for each",
		.assumes = "for each conversation the cheaper of the two, chosen with hindsight: a bound",
		.what_if = true,
		.cheapest_of = 1U << PROFILE_5M | 1U << PROFILE_1H,
	},
};

bool profile_add(struct profile_bill *b, const struct step *s, const struct cost *cost)
{
	int64_t nusd[PROFILES] = { 0 };
	struct usage u;
	struct cost c;

	if (s->rates == NULL || cost->total < 0)
		return false;
	for (size_t i = 0; i < PROFILES; i++) {
		if (profiles[i].usage == NULL)
			continue;
		profiles[i].usage(s, &u);
		if (!cost_of(s->rates, &u, &c))
			return false;
		nusd[i] = c.total;
	}
	for (size_t i = 0; i < PROFILES; i++)
		tally_sum(&b->nusd[i], nusd[i]);
	b->requests++;
	return true;
}

void profile_settle(struct profile_bill *b, struct profile_bill *sum)
{
	for (size_t i = 0; i < PROFILES; i++) {
		const struct profile *p = &profiles[i];
		if (p->usage == NULL)
			b->nusd[i] = INT64_MAX;
		for (size_t of = 0; p->usage == NULL && of < i; of++)
			if ((p->cheapest_of >> of & 1) != 0 && b->nusd[of] < b->nusd[i])
				b->nusd[i] = b->nusd[of];
		tally_sum(&sum->nusd[i], b->nusd[i]);
	}
	tally_sum(&sum->requests, b->requests);
	*b = (struct profile_bill){ 0 };
}
