/* SPDX-License-Identifier: MIT */
/* The state of decoding a Chat Completions reply, shared by what reads chunks and what puts tool calls in order. */
#ifndef LLM_OPENAI_DECODE_H
#define LLM_OPENAI_DECODE_H

#include "llm/openai.h"

enum openai_open { OPEN_NONE, OPEN_REASONING, OPEN_TEXT };

/* A tool call as its pieces come in. */
struct openai_call {
	struct openai_call *next;
	bool has_index;
	uint64_t index;
	struct stash id, name, arguments; /* what is held back of them */
	bool freeform;
	bool open, closed; /* its EV_OPEN, its EV_CLOSE are out */
};

struct openai_decoding {
	bool started;
	bool parts; /* there was at least one */
	enum openai_open open;
	struct details details; /* of the open reasoning */
	size_t reasonings;
	struct stash refusal;
	bool refused;
	enum stop_reason stop; /* NONE: not told yet */
	struct str sequence;   /* that it stopped at */
	struct openai_call *calls, *last_call;
	struct openai_call *live; /* the one whose pieces go out as they come */
	size_t ncalls, held;      /* bytes of what is held back */
};

/* Ends the open text or reasoning. */
void openai_close_part(struct decoder *d);

/* Takes in the array `tool_calls`, or the object `function_call`. */
void openai_put_calls(struct decoder *d, struct str calls);
void openai_put_function(struct decoder *d, struct str function);
/* Puts out whatever is held, and ends all calls: nothing can come to them any more. */
void openai_end_calls(struct decoder *d);

#endif
