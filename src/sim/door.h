/* SPDX-License-Identifier: MIT */
/* The doors of the house: one a dialect. Behind a door a request is an `ask`, its answer a `message`; the door reads the one from a
 * body, with all objections that the real API has, and prints the other, its usage and its errors. Everything between, from the
 * cache to the bill, is the same for all (engine.c). */
#ifndef SIM_DOOR_H
#define SIM_DOOR_H

#include "sim/ask.h"
#include "sim/reply.h"

/* How lists of models look. */
enum listing_shape { LISTING_ANTHROPIC, LISTING_OPENAI, LISTING_GOOGLE };

struct door {
	const char *key; /* the header that may hold the key, beside `authorization: Bearer` */
	const char *request_id;     /* the header that tells the request's number */
	unsigned no_key, wrong_key; /* statuses, and what is said with them */
	const char *no_key_text, *wrong_key_text, *wrong_key_code;
	unsigned vendors; /* whose models it serves */
	enum listing_shape listing;
	/* Checks the body and reads everything that `struct ask` lists under "Read". */
	bool (*read)(struct ask *q);
	void (*print_whole)(const struct printing *p);
	void (*print_stream)(const struct printing *p);
	/* The answer to a request that only counts. */
	void (*print_count)(struct buf *out, int64_t tokens);
	void (*print_error)(struct buf *out, const struct refusal *why, struct str request_id);
	void (*print_break)(struct buf *out, const struct breaking *b);
};

extern const struct door door_messages;          /* Anthropic Messages */
extern const struct door door_deepseek_messages; /* the same, as DeepSeek has it */
extern const struct door door_chat;      /* OpenAI Chat Completions: OpenAI, DeepSeek, xAI */
extern const struct door door_responses; /* OpenAI Responses */
extern const struct door door_gemini;    /* Google Gemini */

#endif
