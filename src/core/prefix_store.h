/* SPDX-License-Identifier: MIT */
/* The prefix state of a conversation as bytes, for the store: hashes and sizes, no text. Of this machine's byte order; whoever cannot
 * read them does without. */
#ifndef CORE_PREFIX_STORE_H
#define CORE_PREFIX_STORE_H

#include "core/conversation.h"
#include "llm/estimate.h"

void prefix_store_print(struct buf *out, const struct conversation *c);
/* Takes over what is newer than c, and puts what is still alive into the cache. False, with c as it was, for other bytes. */
bool prefix_store_read(struct conversations *cs, struct conversation *c, struct str bytes,
	struct prompt_cache *cache) MUSTCHECK;

#endif
