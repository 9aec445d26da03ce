/* SPDX-License-Identifier: MIT */
/* Encoding replies for clients of the Responses API: what the stream (responses_encode.c) and its objects (responses_object.c) share. */
#ifndef LLM_RESPONSES_ENCODE_H
#define LLM_RESPONSES_ENCODE_H

#include "llm/responses.h"

struct encoding {
	uint64_t sequence;
	unsigned index; /* of the item that is, or will be, added next */
	bool begun, added, failed;
	bool part_open; /* of the reply: the last of its parts has no end yet */
	bool wrapped;   /* it is a call of a tool that takes text, whose text comes as JSON */
	bool wants_signature;
	enum effort effort;
	struct str summary;
};

/* How a reply stands, for the object that tells it. */
struct standing {
	const char *status;
	const struct err *error;
	const char *incomplete; /* why; NULL: it is not */
	bool output, usage, echo;
};

/* ,"name":"escaped" */
void responses_add_text(struct buf *out, struct str name, struct str escaped);
void responses_add_output_text(struct buf *out, struct str text);
void responses_add_summary_text(struct buf *out, struct str text);

/* Whether the client knows the called tool as one that takes text. */
bool responses_is_custom(const struct encoder *e, const struct reply_part *p);
/* A call by the id that the client knows. `call` counts them. */
void responses_settle_call(struct encoder *e, struct reply_part *p, unsigned call);
/* The text out of {"input":…}; what is no JSON with such a member is the text itself. */
void responses_unwrap(struct encoder *e, struct reply_part *p);
/* Of a call, "{}" for none. */
struct str responses_arguments_of(const struct reply_part *p);

/* Parts that say nothing become no items. */
bool responses_is_item(const struct encoder *e, const struct reply_part *p);
/* "msg_<base>_<index>" */
void responses_add_item_id(struct encoder *e, const struct reply_part *p, unsigned index);
/* Whole, or as it is when nothing of it is known yet. */
void responses_add_item(struct encoder *e, const struct reply_part *p, unsigned index, bool whole);
/* The object `response`. */
void responses_add_response(struct encoder *e, const struct standing *how);

#endif
