/* SPDX-License-Identifier: MIT */
/* A message of the assistant, and how it is written: as one JSON object, or as the events of a stream with the moment at which
 * each leaves. */
#ifndef SIM_REPLY_H
#define SIM_REPLY_H

#include "llm/event.h"
#include "sim/prompt.h"

enum part_kind { PART_TEXT, PART_CALL, PART_THINKING, PART_REDACTED };

struct part {
	enum part_kind kind;
	struct str text;      /* what is shown: the text, a call's input as JSON, redacted data */
	struct str id, name;  /* of a call */
	struct str signature; /* of thinking */
	int64_t tokens;
};

struct message {
	struct str id, model;
	struct part *parts;
	size_t n;
	struct str stop_reason, stop_sequence; /* sequence p == NULL: none */
	struct usage usage;
	const struct dropped *dropped;
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
/* The whole message as one frame, when all of it is there. */
void reply_print_whole(struct frames *f, const struct message *m, const struct pace *pace);
/* The events of a stream. */
void reply_print_stream(struct frames *f, const struct message *m, const struct pace *pace);
/* One block as it stands in `content`. */
void reply_print_part(struct buf *out, const struct part *p);

#endif
