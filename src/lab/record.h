/* SPDX-License-Identifier: MIT */
/* What one line of a transcript tells of requests, whichever client wrote it: Claude Code's projects, and Codex's rollouts.
 * Members that do not matter are passed over without being looked into or copied. */
#ifndef LAB_RECORD_H
#define LAB_RECORD_H

#include "base/err.h"
#include "llm/event.h"

/* A request of more tokens is none: so that sums cannot overflow. */
enum { RECORD_TOKENS_MAX = 1000000000 };

enum record_type {
	RECORD_FOREIGN, /* a line that neither client writes */
	RECORD_OTHER,   /* one without meaning here */
	RECORD_LOCAL,   /* a reply that the client made up itself: errors, notices */
	RECORD_SENT,    /* from the user or a tool: goes up with the next request */
	RECORD_SEAM,    /* the history before was replaced by a summary, or thinned out */
	RECORD_REPLY,   /* a part of a reply, with the usage so far */
	/* Codex only */
	RECORD_META,    /* the head of a rollout */
	RECORD_CONTEXT, /* settings of the turns that follow */
	RECORD_COUNT,   /* a reply's usage, and the sums so far */
};

/* Texts are views of the line, as they stand between their quotes; p == NULL: absent. */
struct record {
	enum record_type type;
	int64_t at_ms; /* -1: unknown */
	bool sidechain;
	struct str session, agent, cwd, version, model;
	struct str uuid, parent;           /* of the line, and of the one that it follows */
	struct str message_id, request_id; /* of RECORD_REPLY */
	struct usage usage;                /* of RECORD_REPLY and RECORD_COUNT; all members known */
	bool batch, fast;                  /* how it was served */
	int64_t searches;                  /* on the web, by the provider, billed besides */
	/* RECORD_META: the rollout's own start, and the thread whose history it begins with */
	int64_t start_ms;
	struct str forked_from;
	bool subagent, review, compaction;
	/* RECORD_COUNT: the sums of the thread; -1 where they are not told. last: usage is that of one reply. */
	struct usage total;
	bool last;
};

/* Reads a line. False when it is no JSON object, or its numbers are none. */
bool record_read(struct record *ret, struct str line, struct err *e) MUSTCHECK;

#endif
