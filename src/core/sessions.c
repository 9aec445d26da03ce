/* SPDX-License-Identifier: MIT */
/* Totals of sessions in a table of fixed size: a session that is new takes the place of whoever has the same one. */
#include "core/sessions.h"

#include <stdlib.h>

enum { PLACES = 4096 };

struct place {
	uint64_t hash;
	int64_t nano;
};

struct sessions {
	struct place place[PLACES];
};

struct sessions *sessions_new(void)
{
	return must_alloc(sizeof(struct sessions));
}

void sessions_free(struct sessions *s)
{
	free(s);
}

/* FNV-1a: names are ids that clients draw at random, and only a log line depends on them. */
static uint64_t hash_of(struct str s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
	return h;
}

int64_t sessions_add(struct sessions *s, struct str session, int64_t nano)
{
	uint64_t h = hash_of(session);
	struct place *p = &s->place[h % PLACES];

	if (p->hash != h)
		*p = (struct place){ .hash = h };
	p->nano += nano;
	return p->nano;
}
