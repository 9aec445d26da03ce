/* SPDX-License-Identifier: MIT */
/* Decoding replies of the Responses API: what the frames (responses_decode.c) and the items (responses_parts.c) share. */
#ifndef LLM_RESPONSES_DECODE_H
#define LLM_RESPONSES_DECODE_H

#include "llm/responses.h"

enum {
	RESPONSES_INDEXES = 64, /* of items that are told apart; nobody sends as many */
	RESPONSES_REFUSAL_MAX = 4096,
};

enum item_kind { ITEM_OTHER, ITEM_MESSAGE, ITEM_REASONING, ITEM_CALL, ITEM_CUSTOM };

/* An item that was whole before it was its turn. */
struct held_item {
	struct held_item *next;
	uint64_t index;
	struct str item; /* raw */
};

struct decoding {
	bool started;
	/* The item that is being told, and its part. */
	bool live, open, told; /* told: some of its text is out */
	enum item_kind kind;
	uint64_t index, piece; /* of content or summary */
	bool raw_reasoning;    /* its text is the reasoning itself, not a summary */
	/* Others. */
	unsigned waiting; /* have been begun meanwhile, and are told when they are whole */
	uint64_t done; /* bits of those below RESPONSES_INDEXES that have been told, or are held */
	uint64_t last; /* the highest of those told */
	struct held_item *held, **held_end;
	size_t held_bytes;
	/* How it ends. */
	bool called, refused;
	size_t refusal_n;
	char refusal[RESPONSES_REFUSAL_MAX];
};

/* An item of a reply; raw. */
struct reply_item {
	struct str type, id, call_id, name, arguments, input, content, summary, encrypted, format;
};

/* What of an object is known here. */
struct reply_item responses_item_of(struct str object);
enum item_kind responses_kind_of(const struct reply_item *m);

/* The next item to be told, which is the live one from then on; a call is opened at once. */
void responses_begin_item(struct decoder *d, const struct reply_item *m, uint64_t index);
/* It is whole: what has not come in pieces is told, and the item ended. */
void responses_finish_item(struct decoder *d, const struct reply_item *m);
/* It ends as it is. */
void responses_end_item(struct decoder *d);
/* All of that at once. */
void responses_tell_whole(struct decoder *d, struct str object, uint64_t index);

/* A fragment of the live item: of arguments or input; of a piece of a message; of a piece of a reasoning, which is a summary or `raw`. */
void responses_tell(struct decoder *d, struct str text);
void responses_tell_text(struct decoder *d, uint64_t piece, struct str text);
void responses_tell_refusal(struct decoder *d, uint64_t piece, struct str text);
void responses_tell_reasoning(struct decoder *d, uint64_t piece, struct str text, bool raw);

#endif
