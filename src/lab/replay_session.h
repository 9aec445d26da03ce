/* SPDX-License-Identifier: MIT */
/* What a recorded session of Claude Code sent, request by request, rebuilt from its transcripts. A transcript holds what the user's side added,
 * and the blocks of each reply with the usage that was reported; the request that led to a reply is everything before it since the last
 * compaction. Blocks are made valid content of the API: pieces of one reply are folded together although a tool may have answered in
 * between, each tool_use has its tool_result at the head of the next user message, blank texts are left out. */
#ifndef LAB_REPLAY_SESSION_H
#define LAB_REPLAY_SESSION_H

#include "base/arena.h"
#include "base/err.h"
#include "llm/usage.h"

enum replay_block_kind {
	REPLAY_TEXT,
	REPLAY_THINKING,
	REPLAY_CALL,
	REPLAY_RESULT,
	REPLAY_OTHER, /* an image, or the text in the place of one */
};

/* Texts are as they stand between quotes. */
struct replay_block {
	enum replay_block_kind kind;
	struct str json;     /* with the members that the API knows, without white space */
	struct str id, name; /* of a CALL; RESULT: id of the call */
	int64_t tokens;      /* an estimate, to size filler by */
};

/* A message of a conversation; of a reply, what the recording says about the request that led to it. */
struct replay_turn {
	bool reply;
	struct replay_block *b;
	size_t n;
	int64_t at_ms;   /* of its first line */
	int64_t sent_ms; /* of a reply: when the line before it was written */
	struct str id, model;
	struct usage usage;
	size_t number; /* of a reply, within the session */
};

/* What stands between two compactions, alternating, a user's turn first. */
struct replay_segment {
	struct replay_turn *v;
	size_t n;
};

enum replay_kind { REPLAY_MAIN, REPLAY_SUBAGENT, REPLAY_COMPACTION };

struct replay_request {
	enum replay_kind kind;
	size_t conversation; /* within the session: 0 is the main loop */
	size_t segment;      /* counts compactions */
	const struct replay_segment *turns;
	size_t before;                   /* so many of them were sent */
	const struct replay_turn *reply; /* the recorded one */
	int64_t sent_ms;
};

struct replay_conversation {
	struct str agent; /* empty: the main loop */
	size_t nreplies;
};

struct replay_notes {
	uint64_t lines, damaged, too_long;
	uint64_t
		sidechains; /* lines of agents within the main file, as old versions wrote them: left out */
	uint64_t foreign; /* files of another form, Codex's rollouts among them */
};

struct replay_session {
	struct arena *arena; /* holds all of it */
	struct str name;
	struct replay_conversation *conversations;
	size_t nconversations;
	struct replay_request *requests; /* in the order sent */
	size_t nrequests;
	size_t nreplies; /* their numbers are smaller */
};

/* The files of one session: its own, "" where it is missing, and those of its agents. */
struct replay_files {
	const char *main;
	const char *const *agents;
	size_t nagents;
};

/* Reads them into *ret, to be released in any case. False when a file cannot be read. What is wrong within files is counted. */
bool replay_session_load(struct replay_session *ret, struct str name, const struct replay_files *f,
	struct replay_notes *notes, struct err *e) MUSTCHECK;
void replay_session_release(struct replay_session *s);

/* Characters of a text as it stands between quotes, its escapes resolved. */
size_t replay_chars(struct str escaped);
/* Tokens of so many characters, roughly. */
int64_t replay_tokens(size_t chars);

#endif
