/* SPDX-License-Identifier: MIT */
/* Thinking in a conversation that moves between providers of Anthropic's API: what another one has done carries an envelope of ours for
 * a signature, which nobody there could read; and DeepSeek refuses a turn that called tools and comes back without any. */
#ifndef LLM_STRIP_H
#define LLM_STRIP_H

#include "wire/json.h"

/* Appends a Messages body without the thinking blocks whose signature is an envelope; with `wanted`, messages of the assistant that call tools
 * without any thinking begin with an empty one. All other bytes stay, and a message that nothing is left of says "(no content)". False,
 * with nothing appended, when there is nothing to do, or the body has not that form. */
bool strip_envelopes(struct str body, bool wanted, struct buf *out);

#endif
