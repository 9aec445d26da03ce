/* SPDX-License-Identifier: MIT */
/* Reads transcripts and says what was spent, what of the cache was lost, and what other ways would have made of it.
 * Memory grows with the number of requests, files and names, by some bytes each, and not with the size of the files. */
#ifndef LAB_AUDIT_H
#define LAB_AUDIT_H

#include "lab/profile.h"
#include "lab/tally.h"
#include "lab/transcripts.h"

enum { AUDIT_LOSSES = 100, AUDIT_TROUBLES = 50 };

struct audit_progress {
	size_t files, files_done;
	uint64_t bytes, bytes_done;
};

struct audit_options {
	const struct prices *prices;
	int64_t since_ms, until_ms; /* requests in [since, until) count; 0 and INT64_MAX: all */
	size_t longest_line;        /* bytes; 0: the usual */
	void (*progress)(void *ctx, const struct audit_progress *p); /* may be NULL */
	void *ctx;
};

/* One request that lost a prefix. Rows are those of the tallies. */
struct audit_loss {
	int64_t at_ms, gap_ms, ttl_ms, tokens, nusd;
	enum cause cause;
	enum trace trace;
	enum call_kind kind;
	bool updated;
	size_t project, session, model;
};

struct audit_cause {
	int64_t times, tokens, nusd, unpriced;
};

/* What was wrong with a file. */
struct audit_trouble {
	char *path;
	uint64_t damaged, too_long; /* lines */
	bool unfinished, foreign;
	int error; /* errno; 0: it could be read */
};

struct audit_notes {
	uint64_t files, bytes, lines;
	uint64_t damaged, too_long, unfinished, foreign, unreadable; /* lines; the last two files */
	uint64_t copies;              /* requests that stand in another transcript as well */
	uint64_t local;               /* replies that the client made up itself */
	uint64_t fast, batch;         /* requests served so */
	uint64_t searches;            /* on the web, by the provider; not priced */
	uint64_t conversations, late; /* late: copies that could not be told from others any more */
	uint64_t
		automatic; /* requests whose output is no lower bound, and whose cache has no marks */
};

struct audit {
	struct audit_options options;
	struct arena *names;
	struct amounts total;
	int64_t from_ms, to_ms;
	struct tally days, projects, models, kinds, sessions;
	struct audit_cause causes[CAUSES];
	struct audit_cause first; /* requests that had nothing to lose yet, and what they wrote */
	struct audit_loss losses[AUDIT_LOSSES]; /* the dearest first */
	size_t nlosses;
	struct profile_bill bill;
	struct audit_notes notes;
	struct audit_trouble troubles[AUDIT_TROUBLES];
	size_t ntroubles;
	struct audit_reader *reader;
};

void audit_init(struct audit *a, const struct audit_options *o);
void audit_release(struct audit *a);
/* Reads them all. What is wrong with files is counted and named, and ends nothing. */
void audit_run(struct audit *a, const struct transcripts *t);

#endif
