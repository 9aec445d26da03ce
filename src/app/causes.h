/* SPDX-License-Identifier: MIT */
/* Causes of the ledger in words. */
#ifndef APP_CAUSES_H
#define APP_CAUSES_H

#include "base/str.h"

/* A few words for a table and a sentence that explains it; the cause itself where none are known. */
struct cause_words {
	struct str name, sentence;
};
struct cause_words cause_words(struct str cause);

#endif
