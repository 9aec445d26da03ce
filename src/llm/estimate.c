/* SPDX-License-Identifier: MIT */
/* The weights, and how a figure moves them. */
#include "llm/estimate.h"

#include <string.h>

/* What is assumed of a model that nothing is known of, and how far off that may be (one standard deviation). */
static const struct {
	double weight, doubt;
} prior[FEATURES] = {
	[BLOCK_TOOL] = { 0.27, 0.08 },
	[BLOCK_SYSTEM] = { 0.26, 0.08 },
	[BLOCK_USER] = { 0.30, 0.10 },
	[BLOCK_ASSISTANT] = { 0.29, 0.10 },
	[BLOCK_CALL] = { 0.32, 0.10 },
	[BLOCK_RESULT] = { 0.33, 0.10 },
	[BLOCK_THINKING] = { 0.20, 0.15 },
	[BLOCK_OTHER] = { 0.10, 0.10 },
	[FEATURE_BLOCKS] = { 8, 8 },
	[FEATURE_IMAGES] = { 1300, 800 },
	[FEATURE_TOOLS] = { 300, 100 },
};

/* What a figure may be off beside the weights: a share of it, and some tokens. */
static const double NOISE_SHARE = 0.01, NOISE_TOKENS = 10;
/* The share of its first doubt that a weight regains with each figure: models' texts change with the work. */
static const double DRIFT = 0.0005;

void estimator_init(struct estimator *e, double density)
{
	*e = (struct estimator){ .learned = 0 };
	for (size_t i = 0; i < FEATURES; i++) {
		e->weight[i] = prior[i].weight * density;
		e->spread[i][i] = prior[i].doubt * prior[i].doubt;
	}
}

void features_add(struct features *f, const struct outline_block *b)
{
	f->v[b->kind] += b->bytes;
	f->v[FEATURE_BLOCKS] += 1;
	f->v[FEATURE_IMAGES] += b->images;
	if (b->kind == BLOCK_TOOL)
		f->v[FEATURE_TOOLS] = 1;
}

double estimator_block(const struct estimator *e, const struct outline_block *b)
{
	return e->weight[b->kind] * b->bytes + e->weight[FEATURE_BLOCKS] +
	       e->weight[FEATURE_IMAGES] * b->images;
}

double estimator_tokens(const struct estimator *e, const struct features *f)
{
	double sum = 0;

	for (size_t i = 0; i < FEATURES; i++)
		sum += e->weight[i] * f->v[i];
	return sum;
}

static void forget_a_little(struct estimator *e)
{
	for (size_t i = 0; i < FEATURES; i++) {
		double first = prior[i].doubt * prior[i].doubt;
		e->spread[i][i] += DRIFT * first;
		if (e->spread[i][i] > first)
			e->spread[i][i] = first;
	}
}

/* The gain of a Kalman filter whose state are the weights. */
void estimator_learn(struct estimator *e, const struct features *f, double tokens)
{
	double noise = NOISE_SHARE * tokens + NOISE_TOKENS, total = noise * noise;
	double along[FEATURES] = { 0 }, miss = tokens - estimator_tokens(e, f);

	for (size_t i = 0; i < FEATURES; i++)
		for (size_t k = 0; k < FEATURES; k++)
			along[i] += e->spread[i][k] * f->v[k];
	for (size_t i = 0; i < FEATURES; i++)
		total += f->v[i] * along[i];
	for (size_t i = 0; i < FEATURES; i++) {
		e->weight[i] += along[i] / total * miss;
		/* A kind of block that makes a prompt shorter is a figure misread. */
		if (e->weight[i] < prior[i].weight / 10)
			e->weight[i] = prior[i].weight / 10;
		for (size_t k = 0; k < FEATURES; k++)
			e->spread[i][k] -= along[i] * along[k] / total;
	}
	forget_a_little(e);
	e->learned++;
}
