/* SPDX-License-Identifier: MIT */
/* OpenAI Responses: what the files of the dialect share. Sources: the OpenAI API reference, and what Codex makes of it.
 *
 * Choices that the API leaves to a translator:
 * - Instructions (system and developer messages) before the first other item are the system prompt; later ones stay where they are,
 *   as turns with ROLE_SYSTEM, so that the prefix which a provider has cached remains the same.
 * - Server tools and items of such tools in the history are dropped or told as text, with a warning, for Codex always lists
 *   web_search; client tools whose declaration the API implies (local_shell, shell, apply_patch, computer) are refused.
 * - Of unknown members one is warned; unknown items and unknown content are refused, as they may be what the user has said.
 * - A summary of several parts is one text with blank lines in it; the blank line comes with the first fragment of the next part.
 * - Items of a reply that come at once are told one after the other: what is not the first open one is held until it is whole.
 * - Parts of a reply without text (and, of reasoning, without anything that is to come back) become no items.
 * - `reasoning` is echoed in whole replies only, `parallel_tool_calls`, `tool_choice`, `text` and the like never. */
#ifndef LLM_RESPONSES_H
#define LLM_RESPONSES_H

#include "llm/dialect.h"
#include "wire/json_text.h"

/* What read_content() is at. */
struct responses_reader {
	struct content *c;
	struct err *e;
	/* Members that are read in an order of their own; raw. */
	struct str instructions, input, tools, choice;
	size_t item;       /* which of `input` is being read, for what is said of it */
	unsigned searches; /* for tools by names without their namespaces */
};

/* For an object, by the first row whose name is the key of a member, in the order of the members; `null` counts as absent. */
struct responses_member {
	struct str name;
	size_t at; /* of a struct str */
};
/* False: it is no object, or broken. */
bool responses_members(
	struct str object, const struct responses_member *rows, size_t n, void *ret) MUSTCHECK;
/* "ns__name", or the name alone; both escaped. */
struct str responses_wire_name(struct content *c, struct str space, struct str name);

/* responses_read.c: one tool of a list, or all; also those that an item of the history brings. */
bool responses_read_tools(struct responses_reader *r, struct str list) MUSTCHECK;
/* responses_items.c: `input`. */
bool responses_read_input(struct responses_reader *r) MUSTCHECK;

bool responses_read_content(struct content *ret, const struct chat *c, struct err *e) MUSTCHECK;
bool responses_print_content(struct wire_request *ret, struct content *c, const struct target *t,
	struct err *e) MUSTCHECK;

/* The member `usage` of a response; unknown where it says nothing. */
struct usage responses_usage(struct str object);

void responses_decode_begin(struct decoder *d);
void responses_decode_frame(struct decoder *d, struct str frame);
void responses_decode_body(struct decoder *d, struct str body);

void responses_encode_begin(struct encoder *e);
void responses_encode_event(struct encoder *e, const struct event *ev);
void responses_encode_reply(struct encoder *e);
void responses_encode_ping(struct encoder *e);
/* A frame of its own, for a stream that is relayed and breaks: response.failed. id names the response. */
void responses_add_failure(struct buf *out, const struct err *e, struct str id);

#endif
