/* SPDX-License-Identifier: MIT */
/* Thinking blocks in a conversation that several models answer, all of them by Anthropic's API: each signature is for the model that has
 * issued it, and for no other. What comes from a model that the client has not asked for goes to it in an envelope that names the model
 * (llm/native.h), so that it can be told from what the client's own model thought; on the way back it is opened or left out. Models
 * go by their canonical names, see prices_canonical(). */
#ifndef LLM_THINKING_H
#define LLM_THINKING_H

#include "llm/outline.h"

/* ---- down ---- */

/* Appends one frame of an event stream with the signatures and redacted data in it sealed for that model; every other byte stays. False, with
 * nothing appended, when there are none. */
bool thinking_seal_frame(struct str frame, struct str model, struct buf *out) MUSTCHECK;
/* The same for a whole reply as JSON. */
bool thinking_seal_reply(struct str body, struct str model, struct buf *out) MUSTCHECK;

/* ---- up ---- */

struct thinking_rules {
	struct str model; /* that is asked */
	bool rerouted; /* another one than the client has asked for, whose own signatures stand there as they are */
	bool drop_all; /* the model does without any, and its prompts are steadier so */
	bool wanted; /* DeepSeek: signatures do not matter, but a turn that called tools needs some thinking */
};

/* Appends a Messages body with the thinking that is for this model, and no other: envelopes of its own are opened, those of others left
 * out, and when rerouted what has no envelope as well. With `wanted`, thinking without a signature stays, and messages that call tools without
 * any begin with an empty one. Of all else every byte stays but white space between the blocks of a message that loses some; one that
 * nothing is left of says "(no content)". What becomes of a message depends on it alone: a body that goes on with further messages stays a
 * continuation. False, with nothing appended, when there is nothing to do, or the body has not that form; ret_dropped: how many blocks
 * were left out. */
bool thinking_fit(struct str body, const struct thinking_rules *r, struct buf *out,
	size_t *ret_dropped) MUSTCHECK;
/* The same rules for outline_chain(), which needs seed and strips_thinking besides. */
void thinking_chain_rules(struct chain_rules *to, const struct thinking_rules *r);

/* Whether another model must not take over now: results of tools go back, and the API wants the thinking along that led to the calls. Source:
 * the vendor's page on extended thinking, "preserving thinking blocks". */
bool thinking_blocks_switch(const struct outline_facts *f);

#endif
