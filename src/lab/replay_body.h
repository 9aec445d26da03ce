/* SPDX-License-Identifier: MIT */
/* Request bodies like Claude Code's around recorded messages. Tools, system blocks and the reminder before the first prompt are filler of the
 * size that the recorded usage implies, the same in every request of a segment; where a recording lost its cache without visible cause, the
 * reminder changes. Replies are those that the client has really received. tests/prove/bodies.py makes the same bytes. */
#ifndef LAB_REPLAY_BODY_H
#define LAB_REPLAY_BODY_H

#include "lab/replay_session.h"
#include "wire/http.h"

/* What is the same whoever answers: one for each conversation of a session. */
struct replay_frame {
	const struct replay_session *session;
	size_t conversation;
	bool hour;      /* caches are written for an hour */
	double fixed;   /* tokens of tools and system */
	double *hidden; /* by segment: tokens before the recorded messages; negative: not known */
	size_t nsegments;
	bool *losses;    /* by number of the reply: the recording lost its cache there */
	struct str tail; /* of the body: system, tools, and what follows */
	struct http_head head;
};

/* Makes those of all conversations, in the session's arena. */
struct replay_frame *replay_frames(const struct replay_session *s) MUSTCHECK;

/* A reply as the client holds it. */
struct replay_received {
	struct str model;   /* that it had asked for; p == NULL: it has received none */
	struct str *blocks; /* JSON */
	bool *thinking;     /* by block */
	size_t n, conversation;
	bool forgotten; /* its thinking */
};

/* The client of one session, as it is under one policy. */
struct replay_client {
	const struct replay_frame *frames;
	struct replay_received *received; /* by number of the reply */
	struct replay_reminder {
		unsigned epoch;
		size_t segment;
		struct buf note; /* as JSON; empty: not made yet */
	} * reminders;           /* by conversation */
};

void replay_client_init(struct replay_client *c, const struct replay_frame *frames);
void replay_client_release(struct replay_client *c);
/* The first time that a request is made: what the client changes before it. */
void replay_client_begin(struct replay_client *c, const struct replay_request *r);
/* Appends the body of a request. */
void replay_body(struct replay_client *c, const struct replay_request *r, struct buf *out);
/* All signatures of a conversation were refused: its thinking is not sent any more. */
void replay_client_forget(struct replay_client *c, size_t conversation);

/* Some English-looking lines, the same for the same seed. */
void replay_filler(struct buf *out, struct str seed, double tokens);

#endif
