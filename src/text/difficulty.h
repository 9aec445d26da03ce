/* SPDX-License-Identifier: MIT */
/* How difficult a fresh prompt is: by what its sentences do, what they speak of, how it is built, and which labelled examples
 * it is near to. Where that is uncertain the more difficult level is told: a model that is too strong costs a little, one that is too
 * weak costs the work. English and Russian; other languages are not called simple for their words. */
#ifndef TEXT_DIFFICULTY_H
#define TEXT_DIFFICULTY_H

#include "text/embed.h"
#include "text/examples.h"
#include "text/features.h"
#include "text/words.h"

enum { DIFFICULTY_NEAREST = 3, DIFFICULTY_WHY_BYTES = 128 };

struct difficulty {
	enum difficulty_level level;
	float score[DIFFICULTY_LEVELS]; /* how probable each is; they add up to 1 */
	float value[PROMPT_FEATURES];   /* what was found */
	float effect[PROMPT_FEATURES];  /* what it did for the level, against the others */
	struct {
		const struct example *example; /* lives as long as the classifier */
		float cosine;
	} near[DIFFICULTY_NEAREST]; /* best first */
	size_t nnear;
	char why[DIFFICULTY_WHY_BYTES]; /* in a few words: what decided */
};

struct classifier;

/* Reads examples, those of the user behind those built in; both texts must live as long as it does. Afterwards it never changes, and
 * may be asked by several threads. NULL with ERR_INVALID when a line of either is no example, or there are more than EXAMPLES_MAX. */
struct classifier *classifier_new(
	struct str builtin_tsv, struct str user_tsv, struct err *e) MUSTCHECK;
/* NULL is accepted. */
void classifier_free(struct classifier *c);
/* Judges a prompt. Takes no memory but the stack's; about 10 µs for a sentence, 50 µs for the most that is looked at. */
void classifier_judge(
	const struct classifier *c, const struct prompt_words *w, struct difficulty *ret);
/* The same as if the example of that number (from 0 on, UINT32_MAX: none) were not known: for measuring. */
void classifier_judge_without(const struct classifier *c, const struct prompt_words *w,
	uint32_t skip, struct difficulty *ret);

#endif
