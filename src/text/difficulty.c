/* SPDX-License-Identifier: MIT */
/* A log-linear model over features, and a decision that weighs what each mistake would cost. */
#include "text/difficulty.h"

#include "text/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct classifier {
	struct patterns *patterns;
	struct embed_index *index;
	struct example *example;
	size_t n;
};

/* What it costs to tell one level [row] when another [column] is right. */
static const float mistake[DIFFICULTY_LEVELS][DIFFICULTY_LEVELS] = {
	[DIFFICULTY_SIMPLE] = { 0, 3, 25 },
	[DIFFICULTY_MEDIUM] = { 1, 0, 4 },
	[DIFFICULTY_COMPLEX] = { 2, 1, 0 },
};

/* From which cosine on an example speaks for itself. */
#define SAME_AS_OWN   0.80f
#define SAME_AS_OTHER 0.97f
/* Below, examples tell nothing. */
#define FAR 0.12f

/* ---- making one ---- */

static void fold_and_embed(const struct classifier *c, struct str escaped, struct embedding *ret)
{
	struct arena *a = arena_new();
	float value[PROMPT_FEATURES];
	struct prompt_words w;
	struct fold f;

	words_of(escaped, a, &w);
	fold_text(w.text, &f);
	features_find(c->patterns, &w, &f, value);
	embed_text(&f, ret);
	arena_free(a);
}

static bool add_examples(struct classifier *c, struct str tsv, bool own, struct err *e)
{
	struct embedding embedding;
	struct example x;
	unsigned line = 0;

	while (example_next(&tsv, &line, &x, e)) {
		if (c->n == EXAMPLES_MAX)
			return err_set(e, ERR_INVALID, "line %u: more than %d examples", line,
				EXAMPLES_MAX);
		x.own = own;
		c->example[c->n++] = x;
		fold_and_embed(c, x.text, &embedding);
		bool added = embed_index_add(c->index, &embedding);
		assert(added);
	}
	return e->kind == ERR_NONE;
}

struct classifier *classifier_new(struct str builtin_tsv, struct str user_tsv, struct err *e)
{
	struct classifier *c = must_alloc(sizeof(*c));

	e->kind = ERR_NONE;
	c->patterns = patterns_new();
	c->index = embed_index_new();
	c->example = must_alloc(EXAMPLES_MAX * sizeof(*c->example));
	if (!add_examples(c, builtin_tsv, false, e) || !add_examples(c, user_tsv, true, e)) {
		classifier_free(c);
		return NULL;
	}
	c->example = must_realloc(c->example, (c->n + 1) * sizeof(*c->example));
	embed_index_seal(c->index);
	return c;
}

void classifier_free(struct classifier *c)
{
	if (c == NULL)
		return;
	patterns_free(c->patterns);
	embed_index_free(c->index);
	free(c->example);
	free(c);
}

/* ---- judging ---- */

/* How near the examples of each level are, as features; the nearest are noted. */
static void find_near(
	const struct classifier *c, const struct fold *f, uint32_t skip, struct difficulty *ret)
{
	static const enum prompt_feature feature[DIFFICULTY_LEVELS] = { FEATURE_NEAR_SIMPLE,
		FEATURE_NEAR_MEDIUM, FEATURE_NEAR_COMPLEX };
	float score[EXAMPLES_MAX];
	struct embed_near near[EMBED_NEAREST];
	struct embedding e;

	embed_text(f, &e);
	size_t n = embed_index_find(c->index, &e, skip, score, near);
	ret->nnear = n < DIFFICULTY_NEAREST ? n : DIFFICULTY_NEAREST;
	for (size_t i = 0; i < n; i++) {
		const struct example *x = &c->example[near[i].id];
		float weight = near[i].cosine - FAR;
		if (i < DIFFICULTY_NEAREST) {
			ret->near[i].example = x;
			ret->near[i].cosine = near[i].cosine;
		}
		if (weight > 0)
			ret->value[feature[x->level]] += weight * (x->own ? 4 : 2);
	}
}

static void add_up(struct difficulty *d)
{
	float sum[DIFFICULTY_LEVELS] = { 0 }, most, all = 0;

	for (int f = 0; f < PROMPT_FEATURES; f++)
		for (int l = 0; l < DIFFICULTY_LEVELS && d->value[f] != 0; l++)
			sum[l] += d->value[f] * weights[f][l] / 100.0f;
	most = fmaxf(sum[0], fmaxf(sum[1], sum[2]));
	for (int l = 0; l < DIFFICULTY_LEVELS; l++)
		all += d->score[l] = expf(sum[l] - most);
	for (int l = 0; l < DIFFICULTY_LEVELS; l++)
		d->score[l] /= all;
}

/* The level whose mistakes would cost the least. */
static enum difficulty_level choose(const float score[DIFFICULTY_LEVELS])
{
	enum difficulty_level best = DIFFICULTY_COMPLEX;
	float least = INFINITY;

	for (int l = DIFFICULTY_LEVELS - 1; l >= 0; l--) {
		float cost = 0;
		for (int k = 0; k < DIFFICULTY_LEVELS; k++)
			cost += mistake[l][k] * score[k];
		if (cost < least) {
			least = cost;
			best = (enum difficulty_level)l;
		}
	}
	return best;
}

static void find_effects(struct difficulty *d)
{
	for (int f = 0; f < PROMPT_FEATURES; f++) {
		float all = 0;
		for (int l = 0; l < DIFFICULTY_LEVELS; l++)
			all += weights[f][l];
		d->effect[f] = d->value[f] * (1.5f * weights[f][d->level] - 0.5f * all) / 100;
	}
}

/* The two features that did the most for the level. */
static void tell_why(struct difficulty *d)
{
	int best = FEATURE_BIAS, second = FEATURE_BIAS;
	enum difficulty_level likely = DIFFICULTY_SIMPLE;

	find_effects(d);
	for (int f = 0; f < PROMPT_FEATURES; f++) {
		if (f == FEATURE_BIAS || f == FEATURE_LENGTH || d->effect[f] <= 0)
			continue;
		if (best == FEATURE_BIAS || d->effect[f] > d->effect[best]) {
			second = best;
			best = f;
		} else if (second == FEATURE_BIAS || d->effect[f] > d->effect[second]) {
			second = f;
		}
	}
	for (int l = 0; l < DIFFICULTY_LEVELS; l++)
		likely = d->score[l] > d->score[likely] ? (enum difficulty_level)l : likely;
	snprintf(d->why, sizeof(d->why), "%s%.*s%s%.*s", likely < d->level ? "uncertain; " : "",
		STR_ARG(feature_name((enum prompt_feature)best)),
		second != FEATURE_BIAS ? ", " : "",
		second != FEATURE_BIAS ? (int)feature_name((enum prompt_feature)second).n : 0,
		feature_name((enum prompt_feature)second).p);
}

/* An example that is all but the same speaks for itself. */
static bool is_known(struct difficulty *d)
{
	if (d->nnear == 0)
		return false;
	const struct example *x = d->near[0].example;
	if (d->near[0].cosine < (x->own ? SAME_AS_OWN : SAME_AS_OTHER))
		return false;
	d->level = x->level;
	find_effects(d);
	snprintf(d->why, sizeof(d->why), "%s", x->own ? "one of your examples" : "known example");
	return true;
}

void classifier_judge_without(const struct classifier *c, const struct prompt_words *w,
	uint32_t skip, struct difficulty *ret)
{
	struct fold f;

	memset(ret, 0, sizeof(*ret));
	fold_text(w->text, &f);
	features_find(c->patterns, w, &f, ret->value);
	if (f.nwords > 0)
		find_near(c, &f, skip, ret);
	add_up(ret);
	if (is_known(ret))
		return;
	ret->level = choose(ret->score);
	/* Words that nobody here understands, and pasted lines without any, are not called simple. */
	if (ret->level == DIFFICULTY_SIMPLE && (ret->value[FEATURE_FOREIGN] > 0 || f.nwords == 0))
		ret->level = DIFFICULTY_MEDIUM;
	tell_why(ret);
}

void classifier_judge(
	const struct classifier *c, const struct prompt_words *w, struct difficulty *ret)
{
	classifier_judge_without(c, w, UINT32_MAX, ret);
}
