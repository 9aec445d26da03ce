/* SPDX-License-Identifier: MIT */
/* What a request says, in the terms of no dialect: read from a client's body when a provider of another dialect is to
 * answer it, and printed for that provider.
 *
 * Text that comes from JSON stays as it stands between its quotes, escapes and all ("escaped"), for it leaves between quotes
 * again: it is neither unescaped nor escaped on its way, and joined by joining. Text made here is written in that form. "Raw" is a
 * JSON value from its first to its last byte: numbers, schemas and arguments are never rebuilt, only their white space goes
 * (wire/json_text.h). All of it are views of the body, or lives in the arena. A str with n == 0 is absent. */
#ifndef LLM_CONTENT_H
#define LLM_CONTENT_H

#include "llm/native.h"
#include "llm/outline.h"
#include "llm/warning.h"

enum part_kind {
	PART_TEXT,
	PART_IMAGE,
	PART_DOCUMENT, /* PDF; documents of text are text */
	PART_AUDIO,
	PART_CALL, /* of a tool, by the model */
	PART_RESULT,
	PART_REASONING,
};

/* A run of content. Which members count is said by the kinds in front of them. */
struct part {
	struct part *next;
	enum part_kind kind;
	bool is_error; /* RESULT */
	bool freeform; /* CALL, RESULT: of a tool that takes text, not JSON */
	struct str
		text; /* TEXT, REASONING: escaped. CALL: the arguments, raw, one JSON object; freeform: escaped text */
	struct str id; /* CALL, RESULT: escaped */
	struct str
		name; /* CALL: as the provider is to know it (struct tool.wire_name); RESULT: the same, set by content_repair(). DOCUMENT: file name. Escaped */
	struct str media_type; /* IMAGE, DOCUMENT, AUDIO: of data, escaped */
	struct str data;       /* base64, escaped */
	struct str url;        /* instead of data, escaped */
	struct part *parts;    /* RESULT: text, images, documents */
	struct native
		native;  /* REASONING: what its provider wants back. CALL: its signature (Gemini) */
	struct str mark; /* cache_control of the Anthropic API, raw */
};

/* A list of parts with its end. All zero: empty. */
struct parts {
	struct part *first, *last;
};

struct turn {
	struct turn *next;
	enum message_role role; /* ROLE_SYSTEM: instructions in the middle of a conversation */
	struct parts parts;
};

enum tool_kind {
	TOOL_FUNCTION,
	TOOL_FREEFORM, /* takes text: OpenAI's custom tools */
	TOOL_SERVER,   /* run by the provider */
};

struct tool {
	struct tool *next;
	enum tool_kind kind;
	struct str name;        /* as the client knows it; escaped */
	struct str space;       /* OpenAI's namespace around it */
	struct str wire_name;   /* as the provider is told: "space__name", or the name */
	struct str description; /* escaped */
	struct str schema;      /* of its arguments, raw */
	struct str grammar;     /* FREEFORM: the member `format`, raw */
	struct str
		type; /* SERVER: as the client calls it ("web_search_20250305", "web_search"); escaped */
	int strict;      /* -1: not said */
	struct str mark; /* cache_control, raw */
};

enum tool_choice {
	CHOICE_UNSET,
	CHOICE_AUTO,
	CHOICE_ANY,
	CHOICE_NONE,
	CHOICE_NAMED,      /* the one of choice_names */
	CHOICE_AUTO_AMONG, /* those of choice_names */
	CHOICE_ANY_AMONG,
};

enum reasoning_mode {
	REASONING_UNSET,
	REASONING_OFF,
	REASONING_BETWEEN_TOOLS,
	REASONING_ADAPTIVE, /* the model decides */
	REASONING_BUDGET,   /* up to so many tokens */
};

/* In their order. */
enum effort {
	EFFORT_UNSET,
	EFFORT_NONE,
	EFFORT_MINIMAL,
	EFFORT_LOW,
	EFFORT_MEDIUM,
	EFFORT_HIGH,
	EFFORT_XHIGH,
	EFFORT_MAX,
	EFFORTS
};

enum reasoning_show { SHOW_UNSET, SHOW_SUMMARY, SHOW_NOTHING };

struct reasoning_wish {
	enum reasoning_mode mode;
	uint64_t budget_tokens;
	enum effort effort;
	enum reasoning_show show;
	struct str
		summary; /* how its client puts the wish to be shown one (Responses: "auto", "detailed"), for the echo; escaped */
};

enum reply_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SCHEMA };

struct format_wish {
	enum reply_format kind;
	struct str name;   /* escaped */
	struct str schema; /* raw */
	int strict;        /* -1: not said */
};

/* A list of strings. */
struct words {
	struct str *v;
	size_t n;
};

struct content {
	struct arena *arena; /* of everything below, and of what is added to it */
	struct parts system; /* text only */
	struct turn *turns, *last_turn;
	struct tool *tools, *last_tool;
	struct tool_index *index; /* of content_tool() */
	enum tool_choice choice;
	struct words choice_names; /* wire names, escaped */
	int parallel_calls;        /* -1: not said */
	struct reasoning_wish reasoning;
	struct format_wish format;
	bool stream;
	bool has_max_tokens;
	uint64_t max_tokens;
	/* As they came, raw numbers and values. */
	struct str temperature, top_p, top_k, seed, frequency_penalty, presence_penalty;
	struct str logprobs, top_logprobs, logit_bias;
	struct words stops; /* escaped */
	/* Escaped. */
	struct str user;         /* that the client speaks for */
	struct str cache_key;    /* OpenAI's prompt_cache_key */
	struct str service_tier; /* in the terms of the client's dialect */
	struct str verbosity;
	/* What the reply is to have. */
	bool answers_prefill; /* a last turn of the assistant is followed by "(continue)" where it cannot stay the last (Chat Completions) */
	bool wants_usage;     /* a chunk of its own at the end of a stream (Chat Completions) */
	bool wants_signature; /* reasoning in the form in which it can be sent back (Responses) */
	struct warnings warnings;
	/* What printers warn of when they leave reasoning of earlier turns out, by the words of the client's dialect:
	 * "reasoning_history_dropped" (OpenAI's), else "thinking_history_dropped". Never NULL after content_init(). */
	const char *reasoning_lost;
};

/* All zero but the members whose "not said" is -1. */
void content_init(struct content *c, struct arena *a);

/* At the end of their lists; what is returned is zero but for the kind or role. */
struct turn *content_add_turn(struct content *c, enum message_role role) MUSTCHECK;
struct tool *content_add_tool(struct content *c, enum tool_kind kind) MUSTCHECK; /* strict is -1 */
struct part *parts_add(struct parts *p, enum part_kind kind, struct arena *a) MUSTCHECK;
/* Text, if there is any. */
void parts_add_text(struct parts *p, struct str escaped, struct arena *a);
void words_add(struct words *w, struct str word, struct arena *a);

/* The tool that the provider knows by that name, the first of several; NULL without one. A tool's wire_name does not change once it has been
 * looked for. */
const struct tool *content_tool(const struct content *c, struct str wire_name);

/* Arguments that come as a string: the object in it, "{}" for an empty string. What is no object becomes
 * {"__raw_arguments":"…"}, with the warning tool_arguments_invalid. */
struct str content_arguments(struct content *c, struct str escaped);

/* The effort of that name, EFFORT_UNSET for another; "ultra" and the like are the parser's. */
enum effort effort_of(struct str name);
const char *effort_name(enum effort e); /* "low" */
/* The effort that a budget of tokens comes to: below 4096 low, 16384 medium, 32768 high, else xhigh. */
enum effort effort_of_budget(uint64_t tokens);

/* What every provider wants of a conversation, so that printers need not care: neighbouring turns of the user, or of the assistant, are
 * one; every call is answered right behind the turn that makes it, results first and in the order in which they came; what is missing is
 * made up, what answers nothing becomes text; ids are unique; empty texts go, empty turns say "(empty)". Results get the name of their
 * tool. Turns with ROLE_SYSTEM stay where they are, each of its own, but do not stand between a call and its results. Warns:
 * tool_result_synthesised, tool_result_orphan. In repair.c. */
void content_repair(struct content *c);
/* For printers behind content_repair(). Turns with ROLE_SYSTEM become text of the user, "<system-reminder>\n…\n</system-reminder>", in the turn
 * of the user before or behind them, with the warning mid_system_downgraded. */
void content_fold_system(struct content *c);
/* For printers whose provider wants a declaration of each tool that is called in the history (Anthropic): when the request declares none,
 * makes them up, of an empty object, with the warning tool_declaration_synthesised. */
void content_declare_tools(struct content *c);

#endif
