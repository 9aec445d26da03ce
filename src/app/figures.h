/* SPDX-License-Identifier: MIT */
/* Figures for people, and columns of them on a terminal. */
#ifndef APP_FIGURES_H
#define APP_FIGURES_H

#include "store/store.h"

/* "1.2M". */
void figures_count(struct buf *b, int64_t n);
/* "1,234,567". */
void figures_whole(struct buf *b, int64_t n);
/* "$1.23", "-$0.0100". */
void figures_cost(struct buf *b, int64_t nusd);
/* "1.2 s", "85 ms". */
void figures_time(struct buf *b, int64_t us);
/* "94.2 %"; nothing where there is no whole. */
void figures_share(struct buf *b, int64_t part, int64_t whole);

/* The beginning of a conversation's name; of a subagent's, which is SESSION/AGENT, that of both. */
void figures_conversation(struct buf *b, struct str id, size_t session, size_t agent);

/* All input tokens of totals. */
int64_t figures_input(const struct ledger_tokens *t);

/* Prints in so many columns of the terminal what a buffer holds, and clears it. What is too long loses its end, or its
 * beginning where that is said; control characters become '?'. */
void figures_left(struct buf *b, int width);
void figures_left_tail(struct buf *b, int width);
void figures_right(struct buf *b, int width);
/* Prints text of somebody else's making: control characters become '?'. */
void figures_text(struct str s);

#endif
