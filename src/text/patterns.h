/* SPDX-License-Identifier: MIT */
/* What English and Russian prompts say, as tables: how sentences begin, phrases, and words. All of it folded, as text/fold.h does it. */
#ifndef TEXT_PATTERNS_H
#define TEXT_PATTERNS_H

#include "text/features.h"

struct phrase {
	enum prompt_feature feature;
	const char *text;
};

/* PCRE2; `~` stands for a space between words. The first that fits counts. */
extern const struct phrase patterns_of_acts[], patterns_of_phrases[];
extern const size_t patterns_nacts, patterns_nphrases;
/* What may stand in front of an act and means nothing. */
extern const char patterns_polite[];
/* Words with spaces between them; with a `*` behind it, the beginning of words. */
extern const struct phrase patterns_of_words[];
extern const size_t patterns_nwords;

#endif
