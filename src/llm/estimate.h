/* SPDX-License-Identifier: MIT */
/* How many tokens a block is for one model: by its size and kind, with weights that begin from a guess and are corrected by
 * every figure that the provider tells (recursive least squares, so each weight moves as far as the figures say something
 * about it). */
#ifndef LLM_ESTIMATE_H
#define LLM_ESTIMATE_H

#include "llm/outline.h"

/* Bytes of each kind, the number of blocks, of images, and whether tools are declared at all. */
enum {
	FEATURE_BLOCKS = BLOCK_KINDS,
	FEATURE_IMAGES,
	FEATURE_TOOLS,
	FEATURES,
};

struct features {
	double v[FEATURES];
};

struct estimator {
	double weight[FEATURES];
	double spread[FEATURES][FEATURES]; /* covariance of the weights */
	uint64_t learned;
};

/* density: how many tokens the model makes of a text, beside others. */
void estimator_init(struct estimator *e, double density);
void features_add(struct features *f, const struct outline_block *b);
double estimator_block(const struct estimator *e, const struct outline_block *b);
double estimator_tokens(const struct estimator *e, const struct features *f);
/* Blocks of these features together were so many tokens. */
void estimator_learn(struct estimator *e, const struct features *f, double tokens);

#endif
