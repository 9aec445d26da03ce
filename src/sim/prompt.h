/* SPDX-License-Identifier: MIT */
/* The prompt that a request stands for. For models whose cache goes by breakpoints: its blocks in the order tools, system, messages,
 * each with its tokens, its cache mark, and the digest of everything up to and with it. For models whose cache works by itself (see
 * feed.h): the digests at multiples of a unit. And how the body of a Messages request becomes one. */
#ifndef SIM_PROMPT_H
#define SIM_PROMPT_H

#include "base/arena.h"
#include "sim/model.h"
#include "sim/refusal.h"
#include "sim/tree.h"
#include "wire/hash.h"

enum mark { MARK_NONE, MARK_5M, MARK_1H };

struct block {
	int64_t tokens;
	enum mark mark;
	bool thinking; /* cannot be marked */
	struct digest
		chain; /* what the cache knows it by: with model, workspace and what else a prefix depends on */
};

/* A thinking block that was taken out because its signature did not fit. */
struct dropped {
	size_t message, content;
	bool other_model;
	struct dropped *next;
};

struct prompt {
	struct block *blocks;
	size_t n;
	int64_t tokens; /* of all blocks, and of what ends the prompt */
	struct digest
		spoken; /* what was said, whoever is asked and however: what thinking is bound to */
	struct dropped *dropped;
	/* Where the cache works by itself: what is known after 1, 2, … times `unit` tokens. */
	int64_t unit; /* 0: it does not */
	struct digest *units;
	size_t nunits;
	int64_t life_ms;
	bool writes;
};

struct prompt_request {
	yyjson_val *body;
	const struct model *model;
	struct str workspace; /* caches of different ones are apart */
	bool drop_mismatched; /* thinking whose binding does not hold is dropped instead of refused */
};

/* Renders a body that was checked before. False, with why set, when the signature of a thinking block does not hold. */
bool prompt_render(struct prompt *ret, const struct prompt_request *rq, struct arena *a,
	struct refusal *why) MUSTCHECK;

/* Adds a block of a reply to what was said, as it would come back in the next request. */
void prompt_say(struct digest *spoken, struct str canonical);

/* The mark that a block or a body carries. */
enum mark mark_of(yyjson_val *object);

/* Tokens of one content block of a reply, thinking aside. */
int64_t reply_block_tokens(const struct model *m, yyjson_val *block);

#endif
