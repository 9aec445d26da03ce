/* SPDX-License-Identifier: MIT */
/* A dialect: one wire format of an LLM API, for the client side and the provider side alike. */
#ifndef LLM_DIALECT_H
#define LLM_DIALECT_H

#include "llm/chat.h"
#include "llm/event.h"
#include "wire/http.h"

struct dialect {
	const char *name;
	/* How a provider wants its key: header, and what stands before the key in it. */
	struct str auth_header, auth_prefix;
	/* From a client. NULL: bodies of this dialect are relayed without being read. The views point into body or
	 * the arena. */
	bool (*parse_request)(struct chat *ret, struct str body, struct arena *a, struct err *e);
	/* From a provider, a whole frame of an event stream: ret->raw is the frame. */
	void (*parse_event)(
		struct str frame, struct buf *scratch, struct arena *a, struct event *ret);
	/* From a provider, a whole JSON reply. */
	void (*parse_reply)(struct str body, struct arena *a, struct event *ret);
	/* To a client: the JSON body of an error reply. */
	void (*print_error)(struct buf *out, const struct err *e, struct str id);
	/* To a client: a failure within an event stream; NULL: break the connection off. */
	void (*print_error_event)(struct buf *out, const struct err *e, struct str id);
	/* A frame that clients of event streams ignore; empty without one. */
	struct str ping;
};

extern const struct dialect dialect_anthropic, dialect_openai, dialect_gemini;
/* By name; NULL when there is none. */
const struct dialect *dialect_by_name(struct str name);

/* HTTP status of an error made here. Source of the mapping: each API's documented error types. */
unsigned err_status(enum err_kind kind);
/* Its `error.type` in the Anthropic API. */
const char *err_anthropic_type(enum err_kind kind);
/* Its `error.type` and `error.code` (NULL: null) in the OpenAI API. */
const char *err_openai_type(enum err_kind kind);
const char *err_openai_code(enum err_kind kind);
/* Its canonical status in Google APIs. */
const char *err_gemini_status(enum err_kind kind);

/* What sluice does with a request, by its method and path. */
enum endpoint_kind {
	ENDPOINT_LOCAL,    /* answered by sluice itself */
	ENDPOINT_MESSAGES, /* a model turn that is interpreted */
	ENDPOINT_COUNT,    /* counting tokens of one */
	ENDPOINT_RELAY,    /* handed on unread */
	ENDPOINT_UNKNOWN,  /* no provider can be named */
};

/* "messages", "relay" and so on: for logs and the ledger. */
const char *endpoint_name(enum endpoint_kind kind);

/* Finds kind and dialect of a request. The dialect is never NULL: an error needs a shape even for
 * ENDPOINT_UNKNOWN. Local paths of sluice are the caller's to know and not recognised here.
 *
 * Relayed: anthropic-version or anthropic-beta, or a path below /v1/messages, means Anthropic; a path below /v1beta/ or
 * x-goog-api-key means Gemini; openai-* headers, a path of the OpenAI API, or a bearer without any of the others
 * means OpenAI. */
enum endpoint_kind endpoint_find(const struct http_head *head, const struct dialect **ret_dialect);

/* The short name of a model for people: "claude-opus-5-5-20260901" is "opus-5-5". A view into model. */
struct str model_short_name(struct str model);

#endif
