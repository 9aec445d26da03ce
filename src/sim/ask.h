/* SPDX-License-Identifier: MIT */
/* One request for a turn of a model, whatever the dialect: what a door reads from it, and all that the rest of the house needs to
 * know of it. */
#ifndef SIM_ASK_H
#define SIM_ASK_H

#include "sim/prompt.h"
#include "wire/http.h"

/* What the reply is to be like. */
struct wish {
	int64_t max_tokens;     /* -1: as many as the model gives; 0: nothing is to be said */
	yyjson_val *stop;       /* a text or a list of texts at which it ends; NULL: none */
	yyjson_val *schema;     /* of the JSON that it is to be; NULL: none */
	bool json;              /* any JSON */
	bool thinks;            /* before it speaks */
	bool shows_thinking;    /* with its text */
	struct str words;       /* the last text of the user */
	struct str forced;      /* the tool that it is to call; p == NULL: none */
	yyjson_val *parameters; /* of that tool */
	const char
		*call_id; /* what the ids of calls begin with; NULL: calls have none of their own */
};

struct ask {
	/* Given. */
	const struct http_head *head;
	yyjson_val *body;
	const struct prices *prices;
	struct str workspace;
	struct arena *arena;
	struct refusal *why;
	bool counting;    /* tokens are only counted */
	struct str named; /* the model, where the path names it; else p == NULL */
	/* Read. */
	struct model model;
	struct prompt prompt;
	struct wish wish;
	bool stream;
	bool stream_usage; /* Chat Completions: the stream tells what it cost */
	bool array;        /* Gemini: a list of one response, as a stream without alt=sse is */
	bool encrypted;    /* Responses: reasoning comes with its encrypted content */
	int64_t choices;   /* how many times the same is said; 1 */
};

#endif
