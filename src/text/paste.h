/* SPDX-License-Identifier: MIT */
/* What was pasted into a prompt and is nobody's sentence: code, stack traces, logs, diffs. Told by how lines look. */
#ifndef TEXT_PASTE_H
#define TEXT_PASTE_H

#include "text/words.h"

/* Takes pasted lines out of the n bytes at p, in place, and counts them. Returns how many bytes are left. */
size_t paste_strip(char *p, size_t n, struct prompt_words *counts);

#endif
