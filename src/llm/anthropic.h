/* SPDX-License-Identifier: MIT */
/* Anthropic Messages, in both directions: what the files of the dialect share. Where the contract of the neutral content leaves a
 * choice, this dialect has made it as follows.
 *
 * - Reasoning: a signature of Anthropic's own is native code "ant" without a payload, one that is an envelope is opened, and a
 *   damaged or absent one is no native at all; the text is kept in each case. A printer drops what it has no use for.
 * - What is to be shown of reasoning is asked for with SHOW_SUMMARY only ("display":"summarized"): a reader whose dialect shows it
 *   by default has to say so.
 * - Ids of calls stay as the client had them when they are read, and become such as the API takes ("toolu_x…") when they are printed.
 * - A decoder ends a call without arguments with "{}", so that encoders need not care.
 * - Per-message `output_config.effort` (Claude Code) counts when the request itself names no effort; the last one does.
 * - `cache_control` of the top level stands on the last part of the conversation that has none.
 */
#ifndef LLM_ANTHROPIC_H
#define LLM_ANTHROPIC_H

#include "llm/dialect.h"

/* The members of struct dialect of these names. */
bool anthropic_read_content(struct content *ret, const struct chat *c, struct err *e) MUSTCHECK;
bool anthropic_print_content(struct wire_request *ret, struct content *c, const struct target *t,
	struct err *e) MUSTCHECK;
void anthropic_decode_begin(struct decoder *d);
void anthropic_decode_frame(struct decoder *d, struct str frame);
void anthropic_decode_body(struct decoder *d, struct str body);
void anthropic_decode_end(struct decoder *d);
void anthropic_encode_begin(struct encoder *e);
void anthropic_encode_event(struct encoder *e, const struct event *ev);
void anthropic_encode_reply(struct encoder *e);

/* A member `usage`; USAGE_UNKNOWN for what is none. */
struct usage anthropic_usage(struct str object);

/* How `stop_reason` names it. */
const char *anthropic_stop_name(enum stop_reason stop);
/* The other way; STOP_END for names that are not known. */
enum stop_reason anthropic_stop_of(struct str name);

/* ---- reading requests: anthropic_read.c has the members, anthropic_blocks.c what stands in messages ---- */

/* Where blocks stand; bits of a set. */
enum anthropic_place {
	PLACE_SYSTEM = 1,
	PLACE_MIDDLE = 2, /* a message with role system */
	PLACE_USER = 4,
	PLACE_ASSISTANT = 8,
	PLACE_RESULT = 16,
	PLACE_DOCUMENT = 32,
};

struct anthropic_reader {
	struct content *c;
	struct err *e;
	struct arena *arena;
	enum anthropic_place place;
	struct parts
		*to;    /* NULL: a turn of the assistant is begun when there is something for it */
	size_t message; /* number of it; of a system prompt none */
	size_t block, inner;     /* number of the block, and of the one within it */
	unsigned depth;          /* blocks around this one */
	enum effort turn_effort; /* that the last message with an effort has named */
	struct str mark;         /* cache_control of the top level */
};

/* Reads a string or an array of blocks into r->to. */
bool anthropic_read_blocks(struct anthropic_reader *r, struct str content) MUSTCHECK;
/* Sets ERR_INVALID: "'messages[3].content[0]WHERE' WHAT". Returns false. */
bool anthropic_refuse(struct anthropic_reader *r, const char *where, const char *what) MUSTCHECK;

/* Names of members; a list of them that is a static table. */
struct anthropic_names {
	const struct str *v;
	size_t n;
};
#define ANTHROPIC_NAMES(table) (&(const struct anthropic_names){ (table), ARRAY_LEN(table) })

/* The values of an object's members by their names, in one walk: of duplicates the last, null like absent. *ret_other is the key of
 * a member that has none of the names, else empty. ret_other may be NULL. False (ERR_INVALID) when it is no object. */
bool anthropic_members(struct str object, const struct anthropic_names *names,
	struct str *ret_values, struct str *ret_other, struct err *e) MUSTCHECK;
/* The same from a cursor that stands before the object. */
bool anthropic_take_members(struct json_iter *it, const struct anthropic_names *names,
	struct str *ret_values, struct str *ret_other, struct err *e) MUSTCHECK;

/* One text of several, in the arena. */
struct str anthropic_join(struct arena *a, const struct str *v, size_t n);

/* ---- printing requests: anthropic_print.c has the members, anthropic_messages.c the conversation ---- */

/* A name of a tool as the API takes it: itself when it is 1 to 128 of A-Z a-z 0-9 _ -, else made of it and of its hash. */
struct str anthropic_tool_name(struct str escaped, struct arena *a);

struct anthropic_printer {
	struct buf *out;
	struct content *c;
	const struct target *t;
	struct err *e;
	struct arena *arena;
	bool prefill; /* a last message of the assistant may stay the last */
};

/* Appends the schema of a reply: objects are closed, and bounds that the API refuses go; true when something was left out that the client
 * has said. What is no object becomes an empty schema. */
bool anthropic_add_schema(struct buf *out, struct str schema);
/* The same of a tool's arguments, of which only alternatives at the top are refused. {"type":"object"} is the least that the API takes. */
bool anthropic_add_parameters(struct buf *out, struct str schema);
/* Text of nothing but white space, which the API refuses. */
bool anthropic_is_blank(const struct part *part);
/* The array `messages`. */
bool anthropic_print_messages(struct anthropic_printer *p) MUSTCHECK;
/* A block of text, with its mark. */
void anthropic_print_text(struct buf *out, struct str escaped, struct str mark);
/* True when a call of the tool loop that the conversation ends in has no reasoning of this API before it: models that think by
 * budget refuse to think then. */
bool anthropic_lacks_thinking(const struct content *c);

#endif
