/* SPDX-License-Identifier: MIT */
/* One request to a model as a transcript knows it: what its reply's last line says. */
#ifndef LAB_CALL_H
#define LAB_CALL_H

#include "llm/event.h"

enum call_kind {
	CALL_MAIN,
	CALL_SUBAGENT,
	CALL_COMPACTION, /* asked for the summary that takes the place of the history */
	CALL_BACKGROUND, /* what the client asks beside the conversation: suggestions, notes, reviews */
	CALL_KINDS,
};

struct call {
	uint64_t key; /* fingerprint of what it is: copies of it elsewhere have the same */
	int64_t sent_ms,
		at_ms; /* its last line from user or tools; the first line of its reply; -1: unknown */
	struct usage usage;  /* all members known */
	int64_t searches;    /* on the web, by the provider */
	size_t model;        /* row of a tally */
	size_t conversation; /* number within its file */
	enum call_kind kind;
	uint64_t version; /* hash of the client's version */
	bool seam;        /* history was replaced or thinned out before it */
	bool automatic; /* the provider caches by itself, without marks and for a time of its own */
	bool batch, fast;
	bool copy; /* is known to stand in another transcript already */
};

/* "main", "subagent", "compaction", "background" */
const char *call_kind_name(enum call_kind kind);

#endif
