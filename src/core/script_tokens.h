/* SPDX-License-Identifier: MIT */
/* Lua as a row of tokens: enough to know where something stands and which names are used. What is no token is left for Lua to
 * refuse. */
#ifndef CORE_SCRIPT_TOKENS_H
#define CORE_SCRIPT_TOKENS_H

#include "base/str.h"

enum script_token_kind {
	SCRIPT_NAME,
	SCRIPT_KEYWORD,
	SCRIPT_NUMBER,
	SCRIPT_STRING, /* with its quotes or brackets, which may lack the closing one */
	SCRIPT_SIGN,   /* one of Lua's operators, or any other character */
};

struct script_token {
	enum script_token_kind kind;
	struct str text; /* a view */
	size_t at;       /* its offset */
};

/* The next token at or behind *at, which moves behind it; comments are passed over. False at the end. */
bool script_token_next(struct str text, size_t *at, struct script_token *ret) MUSTCHECK;

#endif
