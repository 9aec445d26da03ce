/* SPDX-License-Identifier: MIT */
/* A dialect: one wire format of an LLM API, for the client side and the provider side alike. */
#ifndef LLM_DIALECT_H
#define LLM_DIALECT_H

#include "llm/chat.h"
#include "llm/codec.h"
#include "wire/http.h"

/* Whose words an API uses for errors. */
enum api_family { API_ANTHROPIC, API_OPENAI, API_GOOGLE, API_FAMILIES };

/* A request as a provider wants it. */
struct wire_request {
	struct str path; /* with its query, below the provider's base URL: "/v1/messages" */
	struct buf body;
};

struct dialect {
	const char *name;
	const char *home; /* the provider that its clients mean when none is named */
	enum api_family family;
	/* How a provider wants its key: header, and what stands before the key in it. */
	struct str auth_header, auth_prefix;

	/* From a client, as much as relaying needs: model, stream, session, outline. NULL: bodies of this dialect are relayed without
	 * being read. ret->path is set by the caller. The views point into body or the arena. */
	bool (*parse_request)(struct chat *ret, struct str body, struct arena *a, struct err *e);
	/* All of it, for a provider of another dialect, into ret, which is initialised. What no other dialect could be told is warned of;
	 * what a user has said and nobody else could be told is refused. */
	bool (*read_content)(struct content *ret, const struct chat *c, struct err *e);
	/* For a provider, from what content_repair() has gone over. Keys come in a fixed order (parameters, tools, system, messages), and the
	 * same content gives the same bytes: providers cache by prefix. Warns of what is left out, fails on what must not be. The body is the
	 * caller's to release, also then. */
	bool (*print_content)(
		struct wire_request *ret, struct content *c, const struct target *t, struct err *e);
	/* Counting tokens: the provider's reply (false: it is none), and the client's. NULL: the provider cannot count. */
	bool (*parse_count)(struct str body, uint64_t *ret);
	void (*print_count)(struct buf *out, uint64_t tokens);

	/* From a provider, to be relayed: a whole frame of an event stream, looked at for its usage; ret->raw is the frame. */
	void (*parse_event)(
		struct str frame, struct buf *scratch, struct arena *a, struct event *ret);
	/* The same for a whole JSON reply. */
	void (*parse_reply)(struct str body, struct arena *a, struct event *ret);

	/* From a provider, to be translated; see codec.h, whose functions call these. */
	void (*decode_begin)(struct decoder *d);
	void (*decode_frame)(struct decoder *d, struct str frame);
	void (*decode_body)(struct decoder *d, struct str body);
	void (*decode_end)(struct decoder *d); /* of a stream; may find that it has ended well */

	/* To a client. encode_event() prints for a stream; e->usage and e->reply are up to date with the event. encode_reply() prints e->reply
	 * as one JSON body. */
	bool gathers; /* its streams need e->reply too */
	void (*encode_begin)(struct encoder *e);
	void (*encode_event)(struct encoder *e, const struct event *ev);
	void (*encode_reply)(struct encoder *e);
	void (*encode_ping)(struct encoder *e); /* NULL: `ping` does */

	/* To a client: the JSON body of an error reply. */
	void (*print_error)(struct buf *out, const struct err *e, struct str id);
	/* To a client: a failure within an event stream that is relayed; NULL: break the connection off. */
	void (*print_error_event)(struct buf *out, const struct err *e, struct str id);
	/* A frame that clients of event streams ignore; empty without one. */
	struct str ping;
};

/* openai: Chat Completions. */
extern const struct dialect dialect_anthropic, dialect_openai, dialect_responses, dialect_gemini;
/* By name; NULL when there is none. */
const struct dialect *dialect_by_name(struct str name);

/* HTTP status of an error, as that API has it. Source of the mapping: each API's documented error types. */
unsigned err_status(enum api_family family, enum err_kind kind);
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
	ENDPOINT_MODELS,   /* the list of models, or one of them */
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
