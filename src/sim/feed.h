/* SPDX-License-Identifier: MIT */
/* A prompt as one row of tokens, for models whose cache finds the longest prefix by itself. Whoever reads a body feeds its blocks in
 * the order in which the model sees them; at each multiple of the cache's unit the digest of everything so far is noted. */
#ifndef SIM_FEED_H
#define SIM_FEED_H

#include "sim/prompt.h"
#include "sim/tokens.h"

struct feed {
	struct prompt *to;
	struct arena *arena;
	enum tokenizer tokenizer;
	struct digest chain;
	struct buf pending; /* since the last digest */
	int64_t next;       /* tokens at which the next one is due */
	size_t cap;
};

/* Empties the prompt. What two requests must have in common beside their tokens goes in with feed_apart(), first. */
void feed_begin(struct feed *f, struct prompt *to, const struct model *m, struct arena *a);
void feed_apart(struct feed *f, struct str what);
/* A block begins: what it costs itself, and who says it. */
void feed_block(struct feed *f, char role, enum token_kind kind);
/* Its texts, one after the other. */
void feed_text(struct feed *f, struct str text);
void feed_json(struct feed *f, yyjson_val *v);
/* Something that is no text, known by its bytes, and so many tokens long. */
void feed_opaque(struct feed *f, struct str bytes, int64_t tokens);
/* An image by its data in Base64; one whose size cannot be seen counts as a thousand pixels square. */
void feed_image(struct feed *f, struct str base64);
/* Adds what ends a prompt. */
void feed_end(struct feed *f);

#endif
