/* SPDX-License-Identifier: MIT */
/* What the one walk over a request's body notes of it for llm/turn.h, alike for all dialects: how much there is of what, and the latest
 * scraps of its messages. Texts are views of the body, as JSON has them. */
#ifndef LLM_SKETCH_H
#define LLM_SKETCH_H

#include "wire/json.h"

enum scrap_kind { SCRAP_TEXT, SCRAP_CALL, SCRAP_RESULT, SCRAP_OTHER };
enum scrap_role { SCRAP_SYSTEM, SCRAP_USER, SCRAP_ASSISTANT };

/* A text, a call of a tool, or the result of one. */
struct scrap {
	uint8_t kind, role;
	bool failed, well; /* a result that says so itself */
	bool own;          /* of a message of the user that brings no results */
	uint32_t message;
	struct str name;  /* of the tool, quotes included */
	struct str value; /* the text; the input; the result */
};

enum { SCRAPS_KEPT = 64 };

/* The latest ones, in a ring. */
struct scraps {
	struct scrap v[SCRAPS_KEPT];
	size_t n;    /* noted so far; the last is at (n - 1) % SCRAPS_KEPT */
	size_t high; /* the most there have been: some were taken back */
};

/* What a message turned out to be. */
enum message_kind { MESSAGE_SYSTEM, MESSAGE_USER, MESSAGE_ASSISTANT, MESSAGE_RESULTS };

struct sketch {
	struct scraps *scraps; /* NULL: no sketch was made */
	size_t messages, tools;
	size_t assistants; /* turns of it: messages in a row are one */
	uint8_t last;      /* enum message_kind, of the last one that is not the system's */
	bool tools_given;  /* the member is there, maybe empty */
	bool web_search;   /* among the tools */
	bool web_search_only;
	bool images;                 /* anywhere in the messages */
	bool continues;              /* what came before is with the provider */
	bool begins_plan, ends_plan; /* Gemini CLI has one of these tools at a time */
	bool plan_mode;         /* the client says that it has its user agree to a plan first */
	uint64_t max_tokens;    /* 0: not said */
	uint64_t budget;        /* of thinking; 0: not said */
	bool thinks;            /* thinking is asked for, by whatever name */
	struct str effort;      /* "low", "high" and so on, without quotes; empty: not said */
	struct str format;      /* what the reply has to look like; empty: plain text */
	struct str system;      /* the first 300 bytes or so of the system prompt tell what it is */
	struct str openings[2]; /* its first texts: Claude Code's billing line, and who it is */
	struct str first_text;  /* of the first message of the user, the first that is his own */
	struct str last_text;   /* of the last message of the user, the last */
	struct str asked;       /* the user's last own words, as far as can be told */
};

/* Without an arena there is to be none. */
void sketch_begin(struct sketch *s, struct arena *a);
/* Does it want to walk over that member, a list of messages or tools? */
bool sketch_wants(struct str key);
/* Takes the value before which `it` stands, and moves behind it; what has another shape than expected is passed over. False for
 * broken JSON only. */
bool sketch_part(struct sketch *s, struct json_iter *it, struct str key, struct err *e) MUSTCHECK;
/* Any other member of the top level. */
void sketch_member(struct sketch *s, struct str key, struct str value);

/* For whoever walks by himself: a list begins, of duplicates the last one counts; */
void sketch_begin_messages(struct sketch *s);
void sketch_begin_tools(struct sketch *s);
void sketch_add_tool(struct sketch *s, struct str type, struct str name);
/* a scrap of the message that is being read, */
struct scrap *scraps_add(struct scraps *p, enum scrap_kind kind, struct str value);
/* and the end of a message, whose scraps are those from `from` on. */
void sketch_end_message(struct sketch *s, enum message_kind kind, size_t from);
/* The i-th scrap of all; NULL when it is not kept any more. */
const struct scrap *scraps_at(const struct scraps *p, size_t i);

#endif
