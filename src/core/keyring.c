/* SPDX-License-Identifier: MIT */
/* What is known of a key is kept under a hash of it, so that a reloaded configuration finds it again and a changed key starts anew. */
#include "core/keyring.h"

#include "wire/hash.h"

#include <stdlib.h>

/* Without the provider's own word, and at most: after too many requests, which may be those of one model, and after a refusal of the key, which
 * may be lifted. */
enum { RATE_REST_MS = 10 * 1000, RATE_REST_MAX_MS = 60 * 1000 };
enum { REFUSED_REST_MS = 5 * 60 * 1000, REFUSED_REST_MAX_MS = 15 * 60 * 1000 };
/* Keys with less left than this, in per cent, are for conversations that have them. */
enum { SCARCE_PERCENT = 10 };

struct key_state {
	uint64_t id;
	uint64_t rest_until_ms;
	uint64_t used; /* when it was last chosen, by count */
	int64_t turn;  /* of the weighted choice: whose is the largest is next */
	struct rate_limits limits;
};

struct habit {
	uint64_t who; /* hash of provider and conversation; 0: nobody's */
	uint64_t key;
};

struct keyring {
	struct key_state keys[KEYRING_KEYS];
	size_t n;
	uint64_t count;
	struct habit habits[KEYRING_CONVERSATIONS];
};

struct keyring *keyring_new(void)
{
	return must_alloc(sizeof(struct keyring));
}

void keyring_free(struct keyring *r)
{
	free(r);
}

/* ---- what is known of keys ---- */

static uint64_t id_of(const struct keyring_key *k)
{
	assert(k->key != NULL);
	return hash_fast(k->key->secret, hash_fast(k->key->name, hash_fast(k->provider->name, 0)));
}

static struct key_state *find(const struct keyring *r, const struct keyring_key *k)
{
	bool known = r != NULL && k->key != NULL;
	uint64_t id = known ? id_of(k) : 0;

	for (size_t i = 0; known && i < r->n; i++)
		if (r->keys[i].id == id)
			return (struct key_state *)(uintptr_t)&r->keys[i];
	return NULL;
}

static struct key_state *need(struct keyring *r, const struct keyring_key *k)
{
	struct key_state *s = find(r, k);

	if (s != NULL)
		return s;
	s = &r->keys[0];
	for (size_t i = 1; r->n == KEYRING_KEYS && i < r->n; i++)
		if (r->keys[i].used < s->used)
			s = &r->keys[i];
	if (r->n < KEYRING_KEYS)
		s = &r->keys[r->n++];
	*s = (struct key_state){ .id = id_of(k), .used = r->count };
	return s;
}

uint64_t keyring_rest_ms(const struct keyring *r, const struct keyring_key *k, uint64_t mono_ms)
{
	const struct key_state *s = find(r, k);

	return s != NULL && s->rest_until_ms > mono_ms ? s->rest_until_ms - mono_ms : 0;
}

int keyring_left_percent(const struct keyring *r, const struct keyring_key *k, int64_t wall_ms)
{
	static const struct rate_limits nothing;
	const struct key_state *s = find(r, k);

	return rate_left_percent(s != NULL ? &s->limits : &nothing, wall_ms);
}

void keyring_limits(struct keyring *r, const struct keyring_key *k, const struct http_header *h,
	size_t n, int64_t wall_ms)
{
	if (r != NULL && k->key != NULL)
		rate_limits_read(&need(r, k)->limits, h, n, wall_ms);
}

void keyring_note(struct keyring *r, const struct keyring_key *k, unsigned status, int64_t retry_ms,
	const struct keyring_time *now)
{
	bool refused = status == 401 || status == 402; /* 403: it may be one model that it is */
	int64_t rest = refused ? REFUSED_REST_MS : RATE_REST_MS;
	int64_t most = refused ? REFUSED_REST_MAX_MS : RATE_REST_MAX_MS;

	if (r == NULL || k->key == NULL)
		return;
	struct key_state *s = need(r, k);
	if (!refused && status != 429) {
		if (status >= 200 && status < 300)
			s->rest_until_ms = 0;
		return;
	}
	if (retry_ms > rest || (retry_ms >= 0 && !refused))
		rest = retry_ms;
	if (rest > most)
		rest = most;
	if (s->rest_until_ms < now->mono_ms + (uint64_t)rest)
		s->rest_until_ms = now->mono_ms + (uint64_t)rest;
}

/* ---- the choice ---- */

static bool has_failed(const struct keyring_ask *ask, size_t i)
{
	return i < 64 && (ask->failed >> i & 1) != 0;
}

static struct keyring_key key_at(const struct keyring_ask *ask, size_t i)
{
	assert(ask->provider->key_list != NULL);
	return (struct keyring_key){ ask->provider, &ask->provider->key_list[i] };
}

bool keyring_has_other(const struct keyring *r, const struct keyring_ask *ask, uint64_t mono_ms)
{
	for (size_t i = 0; i < ask->provider->nkeys; i++) {
		const struct keyring_key k = key_at(ask, i);
		if (!has_failed(ask, i) && keyring_rest_ms(r, &k, mono_ms) == 0)
			return true;
	}
	return false;
}

static struct habit *habit_of(struct keyring *r, const struct keyring_ask *ask)
{
	uint64_t who = hash_fast(ask->conversation, hash_fast(ask->provider->name, 0));

	if (ask->conversation.n == 0)
		return NULL;
	struct habit *h = &r->habits[who % KEYRING_CONVERSATIONS];
	if (h->who != who)
		*h = (struct habit){ .who = who };
	return h;
}

/* Whether it may be asked, with so much left at least. */
static bool is_free(const struct keyring *r, const struct keyring_ask *ask, size_t i,
	int least_percent, const struct keyring_time *now)
{
	const struct keyring_key k = key_at(ask, i);

	return !has_failed(ask, i) && keyring_rest_ms(r, &k, now->mono_ms) == 0 &&
	       keyring_left_percent(r, &k, now->wall_ms) >= least_percent;
}

/* The key that the conversation has, if it still works. */
static const struct config_key *kept(struct keyring *r, const struct keyring_ask *ask,
	const struct habit *h, const struct keyring_time *now)
{
	for (size_t i = 0; h != NULL && h->key != 0 && i < ask->provider->nkeys; i++) {
		const struct keyring_key k = key_at(ask, i);
		if (id_of(&k) == h->key)
			return is_free(r, ask, i, 1, now) ? k.key : NULL;
	}
	return NULL;
}

/* Those with at least so much left take turns by weight, evenly spread: each gains its weight, the richest is taken and pays for all. */
static const struct config_key *by_weight(struct keyring *r, const struct keyring_ask *ask,
	int least_percent, const struct keyring_time *now)
{
	struct keyring_key best = { 0 };
	int64_t most = INT64_MIN, all = 0;

	for (size_t i = 0; i < ask->provider->nkeys; i++) {
		const struct keyring_key k = key_at(ask, i);
		if (!is_free(r, ask, i, least_percent, now))
			continue;
		struct key_state *s = need(r, &k);
		s->turn += k.key->weight;
		all += k.key->weight;
		if (s->turn > most) {
			most = s->turn;
			best = k;
		}
	}
	if (best.key != NULL)
		need(r, &best)->turn -= all;
	return best.key;
}

static const struct config_key *soonest(
	const struct keyring *r, const struct keyring_ask *ask, uint64_t mono_ms)
{
	const struct config_key *best = &ask->provider->key_list[0];
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < ask->provider->nkeys; i++) {
		const struct keyring_key k = key_at(ask, i);
		uint64_t rest = keyring_rest_ms(r, &k, mono_ms);
		if (!has_failed(ask, i) && rest < least) {
			least = rest;
			best = k.key;
		}
	}
	return best;
}

const struct config_key *keyring_choose(
	struct keyring *r, const struct keyring_ask *ask, const struct keyring_time *now)
{
	if (ask->provider->nkeys == 0)
		return NULL;
	if (r == NULL)
		return soonest(r, ask, now->mono_ms);
	struct habit *h = habit_of(r, ask);
	const struct config_key *k = kept(r, ask, h, now);
	if (k == NULL)
		k = by_weight(r, ask, SCARCE_PERCENT, now);
	if (k == NULL)
		k = by_weight(r, ask, 1, now);
	if (k == NULL)
		k = soonest(r, ask, now->mono_ms);
	const struct keyring_key chosen = { ask->provider, k };
	if (h != NULL)
		h->key = id_of(&chosen);
	need(r, &chosen)->used = ++r->count;
	return k;
}
