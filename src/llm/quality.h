/* SPDX-License-Identifier: MIT */
/* How good models are at work with code, as a number that can be compared with what a turn needs. The figures are a judgement, from
 * vendors' own comparisons and public benchmarks of agents, autumn 2026; the configuration may say otherwise. */
#ifndef LLM_QUALITY_H
#define LLM_QUALITY_H

#include "base/str.h"

/* 0 to 100, by the name as clients and providers spell it; -1: not known. */
int quality_of(struct str model);

/* The current models of a maker, as the price table names it (see struct price), by what they are good for. */
struct ladder {
	const char *maker;
	const char *fast;   /* cheap, for what hardly matters */
	const char *middle; /* for carrying out what was planned */
	const char *best;
};
/* NULL: not known. */
const struct ladder *ladder_of(struct str maker);
/* The model of a ladder that is as good as one of that quality; the best for one that is not known. */
struct str ladder_rung(const struct ladder *l, int quality);

#endif
