/* SPDX-License-Identifier: MIT */
/* Text in the form in which it is compared: small letters, single spaces, words with their stems. English and Russian; others pass. */
#ifndef TEXT_FOLD_H
#define TEXT_FOLD_H

#include "base/str.h"

/* What is looked at: the beginning, and when there is more, the end. */
enum { FOLD_HEAD_BYTES = 768, FOLD_TAIL_BYTES = 256, FOLD_WORDS = 256 };
enum { FOLD_BYTES = FOLD_HEAD_BYTES + FOLD_TAIL_BYTES + 32 };

struct fold_word {
	uint16_t at, n; /* in the folded text */
	bool begins;    /* a sentence */
	uint32_t
		means; /* what it says, a bit for each feature of words (text/features.h); filled there */
};

struct fold {
	size_t nwords, n;
	unsigned sentences, questions, commas, items; /* items: of lists */
	unsigned letters, foreign;                    /* foreign: of other scripts */
	char text[FOLD_BYTES];                        /* begins and ends with a space */
	struct fold_word word[FOLD_WORDS];
};

/* Folds valid UTF-8. */
void fold_text(struct str text, struct fold *ret);

static inline struct str fold_word_str(const struct fold *f, size_t i)
{
	return (struct str){ f->text + f->word[i].at, f->word[i].n };
}

/* Bytes of a folded word that are its stem: endings of inflection are left out. */
size_t fold_stem(struct str word);

#endif
