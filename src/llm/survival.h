/* SPDX-License-Identifier: MIT */
/* How long conversations go on, as far as it was observed: how many of them have come to 1, 2, 4, 8 … requests. From it, how many more are to be
 * expected of one that has come so far. */
#ifndef LLM_SURVIVAL_H
#define LLM_SURVIVAL_H

#include <stdint.h>

enum { SURVIVAL_STEPS = 14 };

/* Plain bytes: it is stored as it is. */
struct survival {
	uint32_t reached[SURVIVAL_STEPS]; /* conversations that had a request of number 1 << i */
};

/* A conversation makes its request of that number, from 1. */
void survival_note(struct survival *s, uint32_t number);
/* Requests that are to be expected behind that one. `prior` is the mean length before anything was observed: it weighs as much as some
 * conversations. */
uint32_t survival_remaining(const struct survival *s, uint32_t number, uint32_t prior);

#endif
