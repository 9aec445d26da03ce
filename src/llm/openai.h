/* SPDX-License-Identifier: MIT */
/* Chat Completions: what the files of the dialect share. Responses speaks of errors in the same words.
 *
 * Where the API leaves a choice, or this program has one:
 * - Reasoning goes to clients as `reasoning_content`. Claude's goes as `reasoning_details` of the format
 *   "anthropic-claude-v1" as well, from which its blocks are restored; that of the Responses API as one detail of the format
 *   "openai-responses-v1". For the text of Claude's reasoning to go both ways while it streams, its EV_OPEN must carry the code "ant".
 *   One part of the reply is one thinking block, with redacted ones behind it at most.
 * - Gemini's signature of a call is `extra_content.google.thought_signature` of that call.
 * - A usage object has the details that the provider has told; a provider that tells of cache writes (also: 0) tells all
 *   there is, and what it has left out is 0.
 * - A call's arguments pass as the provider has sent them. Whoever puts them into JSON as an object checks that they are one.
 * - Clients that ask with the deprecated `functions` are answered with `tool_calls`. */
#ifndef LLM_OPENAI_H
#define LLM_OPENAI_H

#include "llm/dialect.h"

#define OPENAI_CLAUDE_FORMAT    "anthropic-claude-v1"
#define OPENAI_RESPONSES_FORMAT "openai-responses-v1"

/* {"error":{"message","type","param","code"}}; the parameter of a prompt that is too long is `prompt_param` ("messages", "input"). */
void openai_add_error(struct buf *out, const struct err *e, const char *prompt_param);

/* The object `usage` of any vendor of this family. */
struct usage openai_usage(struct str object);

/* The members of struct dialect. */
bool openai_read(struct content *ret, const struct chat *c, struct err *e);
bool openai_print(
	struct wire_request *ret, struct content *c, const struct target *t, struct err *e);
void openai_decode_begin(struct decoder *d);
void openai_decode_frame(struct decoder *d, struct str frame);
void openai_decode_body(struct decoder *d, struct str body);
void openai_decode_end(struct decoder *d);
void openai_encode_begin(struct encoder *e);
void openai_encode_event(struct encoder *e, const struct event *ev);
void openai_encode_reply(struct encoder *e);

/* ---- reading ---- */

/* The member `messages`, before whose value `it` stands, and then behind it: the turns, and the system prompt. */
bool openai_read_messages(struct content *ret, struct json_iter *it, struct err *e);
/* The members `tools`, and `functions` with `deprecated`. */
bool openai_read_tools(struct content *ret, struct str tools, bool deprecated, struct err *e);
/* The members `tool_choice` and `function_call`. */
void openai_read_choice(struct content *ret, struct str choice);

/* ---- printing, and what is to come back ---- */

/* Under which code reasoning that is nothing but text goes into an envelope: the flavor's, if that does not stand for more. */
struct str openai_text_code(const struct flavor *f);

/* What OpenAI takes less of than others do, also of its Responses API. Names of tools, everywhere: 64 of A-Z a-z 0-9 _ -; another
 * one gives way to one with a part of its hash in it. */
void openai_fit_names(struct content *c);
/* The id of a call: id_of_call(), and no longer than the flavor takes. */
struct str openai_call_id(struct str id, const struct flavor *f, struct arena *a);
/* Tools that their provider runs are left out, with a warning; those that an Anthropic client relies on are refused. */
bool openai_check_server_tools(struct content *c, struct err *e);
/* The schema of a function's arguments: an object must say which `properties` it has, if only that it has none. */
void openai_add_parameters(struct buf *out, struct str schema);

/* The member `messages`. extra: a sentence more for the system prompt, escaped, or empty. */
bool openai_print_messages(struct buf *out, struct content *c, const struct target *t,
	struct str extra, struct err *e);

/* ---- texts that grow in an arena, twice as large each time ---- */

struct stash {
	char *p;
	size_t n, cap;
};

void stash_add(struct stash *s, struct str more, struct arena *a);
static inline struct str stash_str(const struct stash *s)
{
	return (struct str){ s->p, s->n };
}

/* ---- reasoning_details ---- */

enum { DETAILS_MAX = 1024, DETAIL_MEMBERS_MAX = 16, DETAILS_BYTES_MAX = 8 << 20 };

struct detail_member {
	struct str key;   /* escaped */
	struct str value; /* raw, but of a text: see below */
	bool grows;       /* its value is `text`, what stands between the quotes */
	struct stash text;
};

/* One entry, of which the pieces have been put together: those of one index and type. */
struct detail {
	struct detail *next;
	struct str index, type; /* raw; empty without one */
	struct detail_member *members;
	size_t n;
};

struct details {
	struct arena *arena;
	struct detail *first, *last;
	size_t n, bytes;
	bool overflow; /* more than anybody needs: not to be used */
};

/* Takes in an array of entries or pieces of them. What is in no such shape is passed over. */
void details_add(struct details *list, struct str array);
/* [{…},…] */
void details_print(struct buf *out, const struct details *list);
/* What stands between the quotes of a member of type string; p == NULL without one. */
struct str detail_text(const struct detail *d, struct str key);

#endif
