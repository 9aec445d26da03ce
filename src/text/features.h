/* SPDX-License-Identifier: MIT */
/* What is looked for in a prompt, and the names under which it is told. Values are small numbers; 0: not there. */
#ifndef TEXT_FEATURES_H
#define TEXT_FEATURES_H

#include "text/fold.h"
#include "text/words.h"

/* Members are X(NAME, "name for people"). The first group is what sentences do; each is found where a sentence begins. */
#define FEATURES_OF_ACTS(X) \
	X(GREETING, "greeting or answer") \
	X(FACT, "asks for a fact") \
	X(HOW_TO, "asks how to") \
	X(EXPLAIN, "asks for an explanation") \
	X(WHY, "asks why") \
	X(CHORE, "a chore") \
	X(MAKE, "make something") \
	X(REPAIR, "repair something") \
	X(CHANGE, "change something") \
	X(REVIEW, "review something") \
	X(DESIGN, "design something") \
	X(ANALYSE, "analyse something") \
	X(DECIDE, "asks what to choose")

/* Found anywhere, by phrases or by words. */
#define FEATURES_OF_WORDS(X) \
	X(SMALL, "small thing") \
	X(UNIT, "piece of code") \
	X(SYSTEM, "whole system") \
	X(WIDE, "wide scope") \
	X(DISTRIBUTED, "distributed") \
	X(CONCURRENT, "concurrency") \
	X(SECURITY, "security") \
	X(THEORY, "theory or machinery") \
	X(SCALE, "scale") \
	X(TRADE_OFF, "trade-offs and strategy") \
	X(PLANNING, "a plan") \
	X(CONSTRAINT, "constraint") \
	X(TROUBLE, "an error") \
	X(TESTS, "tests") \
	X(MAKING, "verb of making") \
	X(DESIGNING, "verb of designing") \
	X(MOVE, "migration") \
	X(STEPS, "steps in order") \
	X(TECHNOLOGY, "named technology") \
	X(SCRATCH, "from scratch or all of it") \
	X(FEATURE, "feature of an application") \
	X(ORGANISATION, "organisation and time") \
	X(MACHINERY, "machinery to be built") \
	X(SHARED, "shared state")

/* Counted. */
#define FEATURES_OF_SHAPE(X) \
	X(BIAS, "any prompt") \
	X(LENGTH, "length") \
	X(TINY, "three words or fewer") \
	X(SHORT, "eight words or fewer") \
	X(LONG, "more than 40 words") \
	X(COMMAS, "enumeration") \
	X(SENTENCES, "several sentences") \
	X(ITEMS, "list") \
	X(QUESTION, "question") \
	X(QUESTIONS, "several questions") \
	X(FILES, "file named") \
	X(MORE_FILES, "several files") \
	X(CODE, "code pasted") \
	X(MUCH_CODE, "much code pasted") \
	X(TRACE, "trace, log or diff pasted") \
	X(NO_ACT, "no verb that is known") \
	X(FOREIGN, "another language") \
	X(SHORT_QUESTION, "short question") \
	X(SHORT_FACT, "short question for a fact") \
	X(HARD_FACT, "question of a hard field") \
	X(MAKE_SMALL, "make something small") \
	X(MAKE_UNIT, "make a piece of code") \
	X(MAKE_SYSTEM, "make a system") \
	X(MAKE_HARD, "make something hard") \
	X(DESIGN_HARD, "design something hard") \
	X(BARE, "few words and no verb") \
	X(SMALL_EDIT, "short, of a small thing") \
	X(HARD, "hard fields") \
	X(NEAR_SIMPLE, "near simple examples") \
	X(NEAR_MEDIUM, "near medium examples") \
	X(NEAR_COMPLEX, "near complex examples")

enum prompt_feature {
#define X(name, text) FEATURE_##name,
	FEATURES_OF_ACTS(X) FEATURES_OF_WORDS(X) FEATURES_OF_SHAPE(X)
#undef X
		PROMPT_FEATURES,
	FEATURE_ACTS = FEATURE_SMALL, /* how many acts there are */
	FEATURE_MEANINGS = FEATURE_BIAS - FEATURE_SMALL,
};

struct patterns;

/* Compiles the table of patterns. Freed by patterns_free(). */
struct patterns *patterns_new(void) MUSTCHECK;
void patterns_free(struct patterns *p);

/* Notes what each word means and fills `value` (of PROMPT_FEATURES numbers): all but the nearest examples. */
void features_find(const struct patterns *p, const struct prompt_words *w, struct fold *f,
	float value[PROMPT_FEATURES]);
/* The name for people. */
struct str feature_name(enum prompt_feature f);

#endif
