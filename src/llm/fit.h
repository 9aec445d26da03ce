/* SPDX-License-Identifier: MIT */
/* What a model cannot take of a conversation, whatever the dialect. */
#ifndef LLM_FIT_H
#define LLM_FIT_H

#include "llm/target.h"

/* Goes over images and documents for a model that takes none: fails, or with target.placeholders puts a line of text in the place of each
 * and warns (image_omitted, document_omitted). */
bool content_fit(struct content *c, const struct target *t, struct err *e) MUSTCHECK;

#endif
