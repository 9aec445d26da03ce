/* SPDX-License-Identifier: MIT */
/* The embedder, and an inverted index: for each dimension the examples that have it. */
#include "text/embed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRAM_MIN = 3, GRAM_MAX = 5, GRAM_WEIGHT = 1, WORD_WEIGHT = 4, MEANING_WEIGHT = 5 };
enum { WORDS_EMBEDDED = 64, BITS = 64 };

/* ---- embedding ---- */

struct embedder {
	struct embedding *e;
	uint64_t seen[EMBED_DIMENSIONS / BITS];
};

static uint32_t mix(uint32_t h, uint32_t v)
{
	h = (h ^ v) * 0x9E3779B1u;
	return h ^ h >> 15;
}

static void add(struct embedder *d, uint32_t hash, unsigned weight)
{
	unsigned dimension = (hash * 0x85EBCA6Bu) >> 18;
	uint64_t bit = UINT64_C(1) << (dimension % BITS);

	if ((d->seen[dimension / BITS] & bit) != 0 || d->e->n == EMBED_MAX)
		return;
	d->seen[dimension / BITS] |= bit;
	d->e->item[d->e->n].dimension = (uint16_t)dimension;
	d->e->item[d->e->n++].weight = (uint16_t)weight;
}

static void add_words(struct embedder *d, const struct fold *f)
{
	for (size_t i = 0; i < f->nwords && i < WORDS_EMBEDDED; i++) {
		const struct fold_word *w = &f->word[i];
		uint32_t h = 1;
		size_t stem = fold_stem(fold_word_str(f, i));
		for (size_t k = 0; k < stem; k++)
			h = mix(h, (unsigned char)f->text[w->at + k]);
		add(d, h, WORD_WEIGHT);
		for (uint32_t m = w->means; m != 0; m &= m - 1)
			add(d, mix(2, (uint32_t)__builtin_ctz(m)), MEANING_WEIGHT);
	}
}

/* Characters are taken as their first bytes' runs: where each begins is all that n-grams need. */
static size_t find_characters(const struct fold *f, uint32_t code[EMBED_CHARACTERS])
{
	size_t n = 0;

	for (size_t i = 0; i < f->n && n < EMBED_CHARACTERS;) {
		uint32_t c = (unsigned char)f->text[i++];
		while (i < f->n && ((unsigned char)f->text[i] & 0xC0) == 0x80)
			c = c << 8 | (unsigned char)f->text[i++];
		code[n++] = c;
	}
	return n;
}

static void add_grams(struct embedder *d, const struct fold *f)
{
	uint32_t code[EMBED_CHARACTERS];
	size_t n = find_characters(f, code);

	for (size_t i = 0; i < n; i++) {
		uint32_t h = 3;
		for (size_t k = 1; k <= GRAM_MAX && i + k <= n; k++) {
			h = mix(h, code[i + k - 1]);
			if (k >= GRAM_MIN)
				add(d, h, GRAM_WEIGHT);
		}
	}
}

void embed_text(const struct fold *f, struct embedding *ret)
{
	struct embedder d = { .e = ret };

	ret->n = 0;
	add_words(&d, f);
	add_grams(&d, f);
}

/* ---- the index ---- */

struct posting {
	uint16_t id, weight;
};

struct embed_index {
	struct embedding *own; /* until it is sealed */
	size_t n, cap;
	uint32_t begin[EMBED_DIMENSIONS + 1]; /* of a dimension's postings */
	struct posting *posting;
	float rarity[EMBED_DIMENSIONS];
	float *norm; /* of each example, inverse */
};

struct embed_index *embed_index_new(void)
{
	return must_alloc(sizeof(struct embed_index));
}

void embed_index_free(struct embed_index *x)
{
	if (x == NULL)
		return;
	free(x->own);
	free(x->posting);
	free(x->norm);
	free(x);
}

bool embed_index_add(struct embed_index *x, const struct embedding *e)
{
	if (x->n == UINT16_MAX)
		return false;
	if (x->n == x->cap) {
		x->cap = x->cap > 0 ? x->cap * 2 : 64;
		x->own = must_realloc(x->own, x->cap * sizeof(*x->own));
	}
	x->own[x->n].n = e->n;
	memcpy(x->own[x->n].item, e->item, e->n * sizeof(e->item[0]));
	x->n++;
	return true;
}

/* How many have each dimension, then where each dimension's postings begin. */
static void count_postings(struct embed_index *x)
{
	for (size_t i = 0; i < x->n; i++)
		for (size_t k = 0; k < x->own[i].n; k++)
			x->begin[x->own[i].item[k].dimension + 1]++;
	for (size_t d = 0; d < EMBED_DIMENSIONS; d++) {
		x->rarity[d] = logf(((float)x->n + 1) / ((float)x->begin[d + 1] + 1)) + 0.3f;
		x->begin[d + 1] += x->begin[d];
	}
}

static void fill_postings(struct embed_index *x)
{
	uint32_t *at = must_realloc(NULL, sizeof(x->begin));

	memcpy(at, x->begin, sizeof(x->begin));
	for (size_t i = 0; i < x->n; i++) {
		float sum = 0;
		for (size_t k = 0; k < x->own[i].n; k++) {
			unsigned d = x->own[i].item[k].dimension;
			float w = x->own[i].item[k].weight * x->rarity[d];
			x->posting[at[d]++] =
				(struct posting){ (uint16_t)i, x->own[i].item[k].weight };
			sum += w * w;
		}
		x->norm[i] = sum > 0 ? 1 / sqrtf(sum) : 0;
	}
	free(at);
}

void embed_index_seal(struct embed_index *x)
{
	count_postings(x);
	x->posting = must_alloc((x->begin[EMBED_DIMENSIONS] + 1) * sizeof(*x->posting));
	x->norm = must_alloc((x->n + 1) * sizeof(*x->norm));
	fill_postings(x);
	free(x->own);
	x->own = NULL;
}

size_t embed_index_count(const struct embed_index *x)
{
	return x->n;
}

static void keep_nearest(struct embed_near *ret, size_t *n, struct embed_near one)
{
	size_t at = *n < EMBED_NEAREST ? (*n)++ : EMBED_NEAREST - 1;

	for (; at > 0 && ret[at - 1].cosine < one.cosine; at--)
		ret[at] = ret[at - 1];
	ret[at] = one;
}

size_t embed_index_find(const struct embed_index *x, const struct embedding *e, uint32_t skip,
	float *score, struct embed_near ret[EMBED_NEAREST])
{
	float sum = 0;
	size_t n = 0;

	memset(score, 0, x->n * sizeof(*score));
	for (size_t k = 0; k < e->n; k++) {
		unsigned d = e->item[k].dimension;
		float w = e->item[k].weight * x->rarity[d], own = w * x->rarity[d];
		sum += w * w;
		for (uint32_t i = x->begin[d]; i < x->begin[d + 1]; i++)
			score[x->posting[i].id] += own * x->posting[i].weight;
	}
	float norm = sum > 0 ? 1 / sqrtf(sum) : 0;
	for (uint32_t i = 0; i < x->n; i++) {
		float cosine = score[i] * x->norm[i] * norm;
		if (cosine > 0 && i != skip &&
			(n < EMBED_NEAREST || cosine > ret[EMBED_NEAREST - 1].cosine))
			keep_nearest(ret, &n, (struct embed_near){ i, cosine });
	}
	return n;
}
