/* SPDX-License-Identifier: MIT */
/* What was decided about an exchange, in words and figures that can be shown: why it goes where it goes, what else was considered,
 * and what that would have cost. Decides nothing. */
#ifndef CORE_DECISION_H
#define CORE_DECISION_H

#include "base/arena.h"
#include "base/buf.h"

enum { DECISION_MAX = 16 }; /* candidates that are told of */

/* Figures are -1 where nobody knows. */
struct considered {
	struct str provider, model;
	int quality; /* 0 to 100 */
	int64_t read, written,
		input; /* tokens of this request, as predicted: cached, newly cached, and neither */
	int64_t cost_nusd;    /* of this request, as predicted */
	int64_t horizon_nusd; /* of it and the turns that are expected behind it */
	const char *
		verdict; /* "chosen", "asked", "fallback", or why it was not taken: "no key", "quality below the bar", … */
};

/* Texts that do not apply are empty, figures 0. */
struct decision {
	const char *
		by; /* who decided: "as asked", "profile", "rule", "script", "use", "name", "tag", "forced", "failover" */
	struct str why; /* one sentence for people; lives as long as the decision */
	const char *profile, *kind;
	const char *level; /* how hard the task was judged to be */
	int bar;           /* quality that is needed, 1 to 100 */
	int64_t turns;     /* expected, this one included: what horizon_nusd is about */
	struct considered *v;
	unsigned n, room;
	struct arena *arena; /* of v, when it grows */
};

/* One that says "as asked", in an arena, with room for so many candidates to begin with; it is made as it is needed. */
struct decision *decision_new(struct arena *a, unsigned room) MUSTCHECK;
/* The next candidate, of which nothing is known, to be filled in; those before it may move. NULL: there are DECISION_MAX. */
struct considered *decision_add(struct decision *d) MUSTCHECK;

/* Whether the client gets what it asked for, because it did; NULL: it does. */
bool decision_is_as_asked(const struct decision *d);
/* Whether there is nothing more to tell than that: such a one is not kept. */
bool decision_is_empty(const struct decision *d);

/* Appends it as a JSON object, its members always in the same order; what is empty or unknown is left out. Names of any length
 * and content are bounded: 48 KB is the most that it can come to. */
void decision_print(const struct decision *d, struct buf *b);
/* The same for the ledger, in less than half as much: candidates are lists, and `why` is not there, which has a column of its own. */
void decision_pack(const struct decision *d, struct buf *b);
/* Reads what was packed; the texts are copied into the arena. NULL for anything else. Members that are not known are passed over. */
struct decision *decision_unpack(struct str packed, struct arena *a) MUSTCHECK;

#endif
