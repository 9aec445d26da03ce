/* SPDX-License-Identifier: MIT */
/* Open addressing; fingerprints are hashes already, so that any of their bits will do as an address. */
#include "lab/seen.h"

#include "wire/hash.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 1 << 12 };

uint64_t fingerprint(struct str a, struct str b, struct str c)
{
	const struct str parts[] = { a, b, c };
	uint64_t ret = 0;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		ret = hash_fast_chain(ret, hash_fast(parts[i], 0));
	return ret != 0 ? ret : 1;
}

/* Where a fingerprint is, or could be put. */
static size_t find(const struct seen *s, uint64_t key)
{
	size_t i = key & (s->nslots - 1);

	while (s->slots[i] != 0 && s->slots[i] != key)
		i = (i + 1) & (s->nslots - 1);
	return i;
}

bool seen_has(const struct seen *s, uint64_t key)
{
	return s->nslots > 0 && s->slots[find(s, key)] == key;
}

static void grow(struct seen *s)
{
	struct seen old = *s;

	s->nslots = old.nslots > 0 ? old.nslots * 2 : FIRST_SLOTS;
	s->slots = must_alloc(s->nslots * sizeof(*s->slots));
	for (size_t i = 0; i < old.nslots; i++)
		if (old.slots[i] != 0)
			s->slots[find(s, old.slots[i])] = old.slots[i];
	free(old.slots);
}

bool seen_add(struct seen *s, uint64_t key)
{
	size_t max = s->max > 0 ? s->max : SEEN_SLOTS_MAX;

	if (s->n >= s->nslots / 4 * 3 && s->nslots < max)
		grow(s);
	size_t i = find(s, key);
	if (s->slots[i] == key)
		return false;
	if (s->n >= s->nslots / 4 * 3) {
		s->ignored++;
		return true;
	}
	s->slots[i] = key;
	s->n++;
	return true;
}

void seen_release(struct seen *s)
{
	free(s->slots);
	*s = (struct seen){ 0 };
}
