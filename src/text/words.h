/* SPDX-License-Identifier: MIT */
/* The user's own words in a prompt: what clients put in and what was pasted (code, traces, logs, diffs) is left out and counted.
 * Looks at a bounded part of the prompt only, whatever its size. */
#ifndef TEXT_WORDS_H
#define TEXT_WORDS_H

#include "base/arena.h"

enum { WORDS_PIECE_BYTES = 8192 }; /* of the beginning, and of the end */

struct prompt_words {
	struct str text;   /* plain and valid UTF-8, in the arena; lines end with '\n' */
	size_t bytes;      /* of the prompt as it came */
	unsigned injected; /* elements that a client has put in: <system-reminder> and the like */
	unsigned code_blocks; /* fenced or indented, or lines that look like code */
	unsigned code_lines;
	unsigned trace_lines; /* of stack traces */
	unsigned log_lines;   /* of logs and of compilers' messages */
	unsigned diff_lines;
};

/* Reads the text of a prompt as it stands between the quotes of JSON. Any bytes are taken: what is no UTF-8 becomes a space. */
void words_of(struct str escaped, struct arena *a, struct prompt_words *ret);

#endif
