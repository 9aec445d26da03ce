/* SPDX-License-Identifier: MIT */
/* The requests of one transcript, in the order in which they were answered, gathered from its lines: a reply's lines become
 * one request with the usage of the last of them. */
#ifndef LAB_TAPE_H
#define LAB_TAPE_H

#include "lab/call.h"
#include "lab/record.h"
#include "lab/seen.h"
#include "lab/tally.h"

/* So many requests wait for their last line; of a transcript with more of them, the first half is settled. */
enum { TAPE_CALLS_MAX = 1 << 16, TAPE_CONVERSATIONS_MAX = 4096, TAPE_RECENT = 512 };

struct tape_conversation {
	uint64_t key; /* of the agent, or of the line that it began with */
	int64_t sent_ms;
	bool seam; /* since the last request */
	enum call_kind kind;
};

/* What a rollout of Codex has told so far. */
struct tape_thread {
	uint64_t id, forked_from; /* fingerprints; 0: none */
	int64_t start_ms;
	bool begun, replays; /* the parent's history is being told again */
	struct usage total;
	uint64_t chain; /* of all counts from the first on */
};

struct tape {
	const char *path;
	bool agent_file;
	struct str session, project; /* in the arena; p == NULL: not known yet */
	struct arena *arena;         /* borrowed */
	struct tally *models;        /* borrowed: names the models */
	struct seen *seen;           /* borrowed: threads' counts, for copies of them */
	struct call *calls;
	size_t n, cap;
	uint32_t *slots; /* number of a call + 1, by its key */
	size_t nslots;
	struct tape_conversation *conversations;
	size_t nconversations;
	struct {
		uint64_t line;
		size_t conversation;
	} recent[TAPE_RECENT]; /* lines of agents without a name, to find where the next belongs */
	size_t nrecent, local;
	struct tape_thread thread;
	uint64_t version;
	size_t model; /* row; SIZE_MAX: not told yet */
	bool automatic, known;
};

/* Begins a transcript. The first time *t is zero but for what is borrowed; afterwards its memory is used again. */
void tape_begin(struct tape *t, const char *path);
void tape_release(struct tape *t);
/* Takes a line's record. False when the tape is full: tape_drop() first. */
bool tape_add(struct tape *t, const struct record *r) MUSTCHECK;
/* Forgets the first n calls. */
void tape_drop(struct tape *t, size_t n);
/* The session's name, and that of the project: from the lines, else from the path. */
struct str tape_session(const struct tape *t);
struct str tape_project(const struct tape *t);

#endif
