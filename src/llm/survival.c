/* SPDX-License-Identifier: MIT */
/* Between two steps as many conversations end at each request as at any other. */
#include "llm/survival.h"

/* Conversations that the expectation before any observation counts for. */
static const double PRIOR_WEIGHT = 20;

void survival_note(struct survival *s, uint32_t number)
{
	for (unsigned i = 0; i < SURVIVAL_STEPS; i++)
		if (number == 1u << i && s->reached[i] < UINT32_MAX)
			s->reached[i]++;
}

/* Observed ones that came so far, and as many of the expected ones: the longer one has gone on, the longer it will, by a Pareto law of
 * that mean. */
static double reached(const struct survival *s, unsigned step, double mean)
{
	double part = 2 * mean / (2 * mean + (double)(1u << step));

	return s->reached[step] + PRIOR_WEIGHT * part * part * part;
}

uint32_t survival_remaining(const struct survival *s, uint32_t number, uint32_t prior)
{
	double mean = prior > 0 ? prior : 1, sum = 0, before = 0;
	unsigned from = 0;

	while (from + 1 < SURVIVAL_STEPS && 1u << (from + 1) <= number)
		from++;
	before = reached(s, from, mean);
	if (before <= 0)
		return prior;
	double all = before;
	for (unsigned i = from + 1; i < SURVIVAL_STEPS; i++) {
		double next = reached(s, i, mean), low = 1u << (i - 1), high = 1u << i;
		if (number > low)
			low = number;
		sum += (high - low) * (before + next) / 2;
		before = next;
	}
	sum /= all;
	return sum < 1 ? 1 : (uint32_t)sum;
}
