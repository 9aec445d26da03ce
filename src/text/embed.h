/* SPDX-License-Identifier: MIT */
/* Text as a sparse vector, without weights that would have to be downloaded: hashed n-grams of 3 to 5 characters, stemmed words, and
 * what words mean (English and Russian ones alike). And an index of such vectors that finds the nearest by cosine. */
#ifndef TEXT_EMBED_H
#define TEXT_EMBED_H

#include "text/fold.h"

enum { EMBED_DIMENSIONS = 1 << 14, EMBED_MAX = 1536, EMBED_CHARACTERS = 320 };

struct embedding {
	size_t n;
	struct {
		uint16_t dimension;
		uint16_t weight; /* before rarity is considered */
	} item[EMBED_MAX];
};

/* Embeds the beginning of a text whose words have their meanings. */
void embed_text(const struct fold *f, struct embedding *ret);

struct embed_index;

struct embed_near {
	uint32_t id;
	float cosine;
};

enum { EMBED_NEAREST = 5 };

struct embed_index *embed_index_new(void) MUSTCHECK;
void embed_index_free(struct embed_index *x);
/* Adds one; ids count from 0. At most UINT16_MAX are taken, false beyond. Not after embed_index_seal(). */
bool embed_index_add(struct embed_index *x, const struct embedding *e) MUSTCHECK;
/* Weighs dimensions by how rare they are. Once, then it is read only and may be asked by several threads. */
void embed_index_seal(struct embed_index *x);
size_t embed_index_count(const struct embed_index *x);
/* The nearest, best first, without the one of id `skip` (UINT32_MAX: none). `score` is room for one number each. Returns how many. */
size_t embed_index_find(const struct embed_index *x, const struct embedding *e, uint32_t skip,
	float *score, struct embed_near ret[EMBED_NEAREST]);

#endif
