/* SPDX-License-Identifier: MIT */
/* Google Gemini: what the files of the dialect share, and what was chosen where the API or its clients leave a choice:
 *
 * - A call's signature comes back by the call's id, from the reasoning part in front of it or from the call itself. Where there is
 *   none, the first call of each model content gets the bypass literal, also in turns that are over: what was sent once must
 *   not change when the next turn begins, or the provider's cache of the prefix would be lost.
 * - Reasoning in the history is not sent as text: the API wants signatures only.
 * - Ids of calls that the provider has not given are made up by the decoder, for the signatures refer to them. Without
 *   a responseId they stay empty, as in the signature's envelope, which then means the next call.
 * - Clients of this dialect keep the envelope of another provider's reasoning in thoughtSignature: of the next call if one
 *   follows, for some of them drop their thoughts from the history, else of an empty thought.
 * - Clients' calls and responses without ids are paired by name, in order; made-up ids count the calls of the request.
 * - A last turn of the assistant stays the last, unless its client's dialect wants it answered (content.answers_prefill).
 * - Models of generation 2.5 are told an effort as the budget that it comes to: minimal 1024, low 4096, medium 8192, high 16384 tokens.
 * - Names of members are taken in camelCase and in snake_case, as the API does. */
#ifndef LLM_GEMINI_H
#define LLM_GEMINI_H

#include "llm/dialect.h"
#include "wire/json_text.h"

/* ---- schemas ---- */

/* Appends what the API takes of a JSON Schema; true when something had to be left out. Source: the documented
 * keywords of responseJsonSchema; with `open` the OpenAPI subset of `responseSchema`, which models before 2.5 take. What is no
 * object takes everything. */
bool gemini_add_schema(struct buf *out, struct str schema, bool open);
/* The same for a function's arguments, as a member with a comma in front: nothing at all for an object without members. */
bool gemini_add_parameters(struct buf *out, struct str schema, bool open);
/* The other way: the OpenAPI subset as a JSON Schema. */
void gemini_add_json_schema(struct buf *out, struct str open_schema);

/* ---- requests ---- */

bool gemini_read_content(struct content *ret, const struct chat *c, struct err *e);
bool gemini_print_content(
	struct wire_request *ret, struct content *c, const struct target *t, struct err *e);
/* The values of `contents` and `systemInstruction`. */
bool gemini_read_turns(struct content *c, struct str contents, struct err *e);
bool gemini_read_system(struct content *c, struct str instruction, struct err *e);
/* Which generation of models, for what changed between them. */
enum gemini_generation {
	GENERATION_OLD, /* before 2.5: no thinking, OpenAPI schemas */
	GENERATION_2,   /* 2.5: thinkingBudget */
	GENERATION_3,   /* thinkingLevel, signatures are wanted back, media in results */
};
enum gemini_generation gemini_generation_of(const struct target *t);
/* The members before the tools, each with a comma behind it. */
void gemini_add_config(struct buf *out, struct content *c, const struct target *t);
/* At most so many, as an array. */
void gemini_add_words(struct buf *out, const struct words *w, size_t max);
bool gemini_key_matches(struct str key, struct str camel);
/* True when a member's name is `camel`, in that form or in snake_case. Quick about those that are not it. */
static inline bool gemini_key_is(struct str key, struct str camel)
{
	return key.n >= camel.n && (key.p[0] == camel.p[0] || key.p[0] == '\\') &&
	       gemini_key_matches(key, camel);
}

/* ---- replies ---- */

/* A GenerateContentResponse, or an error in its place: raw values, p == NULL where there is none. */
struct gemini_chunk {
	struct str candidate; /* the first */
	struct str feedback, usage, model, id, error;
};
/* False when it is no JSON object. */
bool gemini_read_chunk(struct gemini_chunk *ret, struct str object) MUSTCHECK;
/* usageMetadata. Counts that are left out are 0, but those of cache and reasoning stay unknown. */
struct usage gemini_usage(struct str object);

void gemini_decode_begin(struct decoder *d);
void gemini_decode_frame(struct decoder *d, struct str frame);
void gemini_decode_body(struct decoder *d, struct str body);
void gemini_decode_end(struct decoder *d);

void gemini_encode_begin(struct encoder *e);
void gemini_encode_event(struct encoder *e, const struct event *ev);
void gemini_encode_reply(struct encoder *e);

#endif
