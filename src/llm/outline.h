/* SPDX-License-Identifier: MIT */
/* The outline of a request: its blocks in the order in which a provider reads them (tools, system, messages), each with a hash of
 * its content, its size and the cache breakpoint on it, and the parameters on which a cached prefix depends. This is all that
 * predicting the prompt cache needs; no text is kept. What a block is follows the Anthropic Messages API. */
#ifndef LLM_OUTLINE_H
#define LLM_OUTLINE_H

#include "llm/sketch.h"

enum block_level { LEVEL_TOOLS, LEVEL_SYSTEM, LEVEL_MESSAGES, LEVELS };

enum block_kind {
	BLOCK_TOOL,      /* a definition */
	BLOCK_SYSTEM,    /* text of the system prompt, and of messages with that role */
	BLOCK_USER,      /* text */
	BLOCK_ASSISTANT, /* text */
	BLOCK_CALL,      /* tool_use */
	BLOCK_RESULT,    /* tool_result */
	BLOCK_THINKING,
	BLOCK_OTHER, /* documents, and what is not known; an image is one without bytes */
	BLOCK_KINDS,
};

enum breakpoint { BREAK_NONE, BREAK_5M, BREAK_1H };

/* A request with more of them is not whole. */
enum { OUTLINE_BLOCKS_MAX = 65536 };

enum message_role { ROLE_NONE, ROLE_USER, ROLE_ASSISTANT, ROLE_SYSTEM };

struct outline_block {
	uint64_t
		hash; /* of all members but cache_control, whatever their order; text as a plain string or as a block is the same */
	uint32_t bytes;         /* of the text as JSON has it; images not counted */
	uint32_t message, item; /* where it stands: of a tool or a system block only item */
	uint32_t
		origin; /* of thinking: see enum native_origin; hash and bytes are those of the signature that an envelope holds */
	uint8_t level, kind, role, mark;
	uint8_t images;
};

/* What is asked of the messages besides their blocks. Views of the body, as JSON has them. See also llm/sketch.h. */
struct outline_facts {
	size_t messages, tools;
	bool assistant;     /* any message has that role */
	bool answers_tools; /* the last message but system ones holds tool results */
	bool error_results; /* and some of them are errors */
	bool edited;        /* a tool that changes files was called */
	bool thinking;      /* any message holds some */
	bool sealed;        /* and some of it came in an envelope */
	bool thinking_last; /* the last message holds some, or that of the assistant whose calls it answers */
	bool thinking_loop;        /* some message of the assistant since the last prompt does */
	bool thinking_manual;      /* it has a budget of tokens */
	struct str system_text;    /* the longest text of the system prompt */
	struct str system_message; /* the first text of the first message with that role */
	bool tagged; /* the word of llm/tag.h stands in the system prompt, or before the first answer */
};

struct outline_list {
	struct outline_block *v;
	size_t n, cap;
};

/* What the cached prefixes of a level depend on besides its blocks: system those of speed and citations, messages all others. */
struct level_parameters {
	uint64_t system, tool_choice, thinking;
	bool images; /* any in the messages */
};

struct outline {
	struct outline_list tools, searches, system, messages; /* while it is being read */
	struct outline_block *blocks;
	size_t n;
	size_t level_at[LEVELS + 1]; /* where the blocks of each begin; the last: n */
	struct level_parameters parameters;
	bool keeps_thinking; /* context_management asks to keep all of it */
	size_t turn_message; /* the last message of the user that answers no tools: thinking before it is of earlier turns */
	struct outline_facts facts;
	struct sketch *sketch; /* while it is being read; noted on the same way */
	uint8_t mark; /* a breakpoint at the top level: it stands on the last block that can have one */
	bool whole; /* all of it was understood: predictions make sense */
};

/* The sketch, which has begun, gets its messages and tools. The request's members come in any order, so it is read part by part: each of these takes the value before which `it` stands and
 * moves behind it. An outline that is not wanted is empty, and not whole. A shape that is not understood is passed over, with o->whole false; an error is broken JSON only. */
void outline_begin(struct outline *o, struct sketch *s, bool wanted);
bool outline_part(struct outline *o, struct json_iter *it, struct str key, struct err *e) MUSTCHECK;
/* Is that a member that outline_part() wants? */
bool outline_wants(struct str key);
/* Gives up between beginning and end. */
void outline_drop(struct outline *o);
/* Puts the parts in order, into the arena. */
void outline_end(struct outline *o, struct arena *a);

/* What of it a model reads and how its prefixes hang together. */
struct chain_rules {
	uint64_t seed;        /* who is asked: provider, account, model */
	bool strips_thinking; /* that of earlier turns is left out */
	/* What thinking_fit() does, see llm/thinking.h: */
	uint32_t origin;     /* native_origin() of the model that is asked */
	bool rerouted;       /* another one than the client has asked for */
	bool drops_thinking; /* all of it */
	bool takes_unsigned; /* thinking without a signature, wherever it is from */
};

/* What is put into a message of which nothing is left. */
#define OUTLINE_NO_CONTENT "\"(no content)\""

/* For each block the hash of the prefix up to and with it; 0: it is not read. ret has room for o->n. */
void outline_chain(const struct outline *o, const struct chain_rules *r, uint64_t *ret);
/* What a chain goes through when it comes to a level. */
uint64_t outline_enter_level(const struct level_parameters *p, unsigned level, uint64_t chain);
/* And what one block adds to it. */
uint64_t outline_add_block(uint64_t chain, uint64_t hash);
/* What a member of a block adds to its hash. */
uint64_t outline_member_hash(struct str key, struct str value);
/* Of tools, system and the first message of the user, billing lines aside: names a conversation whose client does not. */
uint64_t outline_identity(const struct outline *o);
/* "tools[3]", "system[1]", "messages[12].content[0]". */
void outline_place(struct buf *out, const struct outline_block *b);

#endif
