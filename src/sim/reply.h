/* SPDX-License-Identifier: MIT */
/* A message of the assistant, the frames in which it leaves, and the pace of a stream. How a dialect writes it is the business of its
 * printer (print_*.c). */
#ifndef SIM_REPLY_H
#define SIM_REPLY_H

#include "llm/usage.h"
#include "sim/ask.h"

enum part_kind { PART_TEXT, PART_CALL, PART_THINKING, PART_REDACTED };

struct part {
	enum part_kind kind;
	struct str text;      /* what is shown: the text, a call's input, redacted data */
	struct str id, name;  /* of a call; an id may be missing: n == 0 */
	bool custom;          /* of a call: its input is a text, otherwise JSON */
	struct str signature; /* of thinking */
	int64_t tokens;
};

/* Reasons of its stop are those of the Messages API: end_turn, max_tokens, tool_use, stop_sequence, refusal; what is none of them
 * was scripted, and is a dialect's own word. */
struct message {
	struct str id; /* what all ids that belong to it end in */
	struct str model;
	struct part *parts;
	size_t n;
	struct str stop_reason, stop_sequence; /* sequence p == NULL: none */
	struct usage usage;
	const struct dropped *dropped;
	struct str
		seal; /* a signature for a call that thinking led to, where dialects have them there */
};

/* One write to the client: so many milliseconds after the request came. */
struct frame {
	int64_t at_ms;
	struct str bytes;
};

struct frames {
	struct arena *arena;
	struct frame *v;
	size_t n, cap;
};

/* How fast a model is: the first token, and each one after. */
struct pace {
	int64_t first_ms, per_token_us;
	size_t piece_bytes; /* of a delta */
};

void reply_add_frame(struct frames *f, int64_t at_ms, struct str bytes);

/* An error in the middle of a stream. */
struct breaking {
	struct str type; /* as ordered */
	struct str id;   /* of the message */
	size_t events;   /* before it */
};

/* What a printer is given. */
struct printing {
	struct frames *to;
	const struct message *m;
	const struct pace *pace;
	const struct ask *ask;
	int64_t now_ms;
};

/* A stream in the making: events are written into b, and leave when they are flushed. */
struct writer {
	const struct printing *p;
	struct buf b;
	int64_t at_us;
};

void writer_open(struct writer *w, const struct printing *p);
/* All events so far leave together. */
void writer_flush(struct writer *w);
/* The same, unless everything leaves at once anyway. */
void writer_pause(struct writer *w);
/* Flushes and frees. */
void writer_close(struct writer *w);

/* A part's text, piece by piece, each at the moment when the model has come so far. */
struct pieces {
	const struct part *part;
	size_t at;
	int64_t start_us;
};

struct pieces pieces_of(const struct writer *w, const struct part *part);
/* The next one; false at the end. No piece ends inside a character. */
bool pieces_next(struct pieces *it, struct writer *w, struct str *ret);

/* A whole reply as one frame, when all of it is there. */
void reply_add_whole(const struct printing *p, struct str bytes);

/* Shorthands for printing JSON: a text in front, then the value; a string with p == NULL is null. */
void add_member(struct buf *b, const char *before, struct str s);
void add_count(struct buf *b, const char *before, int64_t n);

/* One block as it stands in the Messages API's `content`. */
void reply_print_part(struct buf *out, const struct part *p);

#endif
