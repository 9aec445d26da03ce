/* SPDX-License-Identifier: MIT */
/* How many tokens the simulated models see in a text: a walk over words, numbers, marks and blanks, weighted by tokenizer and
 * by what kind of block the text stands in. Deterministic, and additive over blocks. It shares nothing with the estimators of
 * other programs, so that agreement with one of them says something. */
#ifndef SIM_TOKENS_H
#define SIM_TOKENS_H

#include "sim/model.h"

enum token_kind {
	TOKENS_TOOL,     /* a tool's definition */
	TOKENS_SYSTEM,   /* a system text */
	TOKENS_TEXT,     /* a text of a message */
	TOKENS_CALL,     /* a tool call */
	TOKENS_RESULT,   /* a tool result */
	TOKENS_THINKING, /* thinking */
	TOKENS_DOCUMENT, /* documents and search results */
	TOKEN_KINDS,
};

/* Pieces of a text, before any weight: each run of up to six letters, of up to three digits, of up to four equal marks, each run
 * of line ends, each run of two or more blanks counts one; beyond ASCII, two characters of two bytes count one, a
 * character of three bytes one, of four bytes two. */
int64_t token_pieces(struct str text);
/* The piece that begins at `at`: where it ends, and how many tokens it is before any weight. Walking on from there gives the sum
 * that token_pieces() gives. */
int64_t token_piece(struct str text, size_t at, size_t *ret_end);

/* Tokens of one block with so many pieces in it: weighted and rounded up, with what the block itself costs. */
int64_t tokens_of(enum tokenizer t, enum token_kind kind, int64_t pieces);
/* What an image of so many pixels costs; at most what the largest that is not scaled down costs. */
int64_t tokens_of_image(enum tokenizer t, int64_t width, int64_t height);
/* What tools cost once, whatever they are, and what ends every prompt. */
int64_t tokens_of_tools(enum tokenizer t);
int64_t tokens_of_tail(enum tokenizer t);

#endif
