/* SPDX-License-Identifier: MIT */
/* The neutral reply: a run of events down a chain of sinks. An event's bytes live until put() returns.
 *
 * A reply that is relayed consists of frames: each is one event of the first kinds, with its own bytes. A reply that is translated
 * is EV_START, maybe EV_BEGIN, then parts one after the other and never overlapping (EV_OPEN, EV_TEXT…, EV_SIGN, EV_CLOSE), EV_USAGE at any time, and
 * EV_STOP or EV_ERROR as the last. */
#ifndef LLM_EVENT_H
#define LLM_EVENT_H

#include "base/err.h"
#include "llm/content.h"
#include "llm/usage.h"

enum event_type {
	EV_RAW,   /* only relayed: nothing in it needs to be understood */
	EV_START, /* the reply begins; usage so far; id and model as the provider has them */
	EV_BEGIN, /* content is about to come, and may take its time: the client can be told that the reply begins */
	EV_USAGE, /* cumulative counts: known members replace earlier ones */
	EV_STOP,  /* the reply is complete */
	EV_ERROR, /* the provider reports a failure within the reply; text is its type */
	EV_OPEN,  /* of a part: TEXT, REASONING, or CALL with id and name */
	EV_TEXT, /* more of the open part: its text; of a CALL its arguments, which are JSON in an escaped string */
	EV_SIGN,  /* of the open REASONING: native, whole; at most once, before its end */
	EV_CLOSE, /* of the open part */
};

/* Why a reply ended. */
enum stop_reason {
	STOP_NONE,
	STOP_END,
	STOP_MAX,      /* of the tokens asked for */
	STOP_SEQUENCE, /* detail: which, escaped */
	STOP_TOOL,
	STOP_REFUSAL, /* detail: the explanation, escaped; may be empty */
	STOP_PAUSE,   /* of a loop of server tools */
	STOP_CONTEXT, /* the model's window is full */
	STOP_COMPACTION,
};

struct event {
	enum event_type type;
	struct str raw;    /* the bytes for the client; empty in a reply that is being translated */
	struct str text;   /* TEXT: escaped. ERROR: its type, for the log */
	struct str detail; /* of EV_ERROR: the message, for people, not escaped. STOP: see above */
	struct str model;  /* of EV_START: the model that answers */
	struct usage usage;
	/* Of translated replies only. */
	enum part_kind part; /* OPEN */
	enum stop_reason stop;
	enum err_kind error; /* ERROR */
	bool again; /* ERROR: the same request may well succeed; nothing of the reply was of use */
	bool freeform; /* OPEN of a CALL: EV_TEXT brings text, not arguments (custom tools of Responses) */
	struct str id,
		name; /* START: the reply's id. OPEN: the call's, as the provider has them; id may be empty. Escaped */
	struct native
		native; /* SIGN. OPEN of a CALL: its own signature. OPEN of a REASONING: only the code, where it will be signed:
	                       * clients of Chat Completions are shown Claude's in a form of its own from the first word on */
};

struct sink {
	void (*put)(struct sink *self, const struct event *ev);
	struct sink *next;
};

static inline void sink_pass(struct sink *s, const struct event *ev)
{
	s->next->put(s->next, ev);
}

#endif
