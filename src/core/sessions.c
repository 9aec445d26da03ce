/* SPDX-License-Identifier: MIT */
/* Totals of sessions in a table of fixed size: a session that is new takes the place of whoever has the same one. */
#include "core/sessions.h"

#include "wire/hash.h"

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

int64_t sessions_add(struct sessions *s, struct str session, int64_t nano)
{
	uint64_t h = hash_fast(session, 0);
	struct place *p = &s->place[h % PLACES];

	if (p->hash != h)
		*p = (struct place){ .hash = h };
	p->nano += nano;
	return p->nano;
}

struct str exchange_session(const struct exchange *x)
{
	static const char *const headers[] = { "x-claude-code-session-id", "x-session-id",
		"session-id" };

	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		struct str named = http_get(x->head, str_from(headers[i]));
		if (named.n > 0)
			return named;
	}
	return x->chat.session;
}
