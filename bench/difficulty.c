/* SPDX-License-Identifier: MIT */
/* Measures what judging the difficulty of a prompt costs: CPU time per prompt, from its bytes in JSON to the level.
 * Usage: bench_difficulty [rounds]. */
#include "text/difficulty.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 200, LONG_BYTES = 16384, HUGE_BYTES = 1 << 20, HELD = 9 };

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static unsigned judge(const struct classifier *c, struct str text, struct difficulty *d)
{
	struct arena *a = arena_new();
	struct prompt_words w;

	words_of(text, a, &w);
	classifier_judge(c, &w, d);
	arena_free(a);
	return (unsigned)d->level;
}

/* The best of some runs: what others do on the machine only adds. */
static void measure(const struct classifier *c, const char *name, struct str text, unsigned rounds)
{
	struct difficulty d;
	double best = 1e9;

	for (int run = 0; run < HELD; run++) {
		double begun = now_us();
		for (unsigned i = 0; i < rounds; i++)
			judge(c, text, &d);
		double us = (now_us() - begun) / rounds;
		best = us < best ? us : best;
	}
	printf("%-28s %8zu bytes %8.1f us  %.*s\n", name, text.n, best,
		STR_ARG(difficulty_level_name(d.level)));
}

static void measure_examples(const struct classifier *c, unsigned rounds)
{
	struct difficulty d;
	double best = 1e9;
	unsigned n = 0;

	for (int run = 0; run < HELD; run++) {
		double begun = now_us();
		n = 0;
		for (unsigned r = 0; r < rounds / 10 + 1; r++) {
			struct str rest = examples_builtin();
			struct example x;
			struct err e = { 0 };
			unsigned line = 0;
			for (; example_next(&rest, &line, &x, &e); n++)
				judge(c, x.text, &d);
		}
		double us = (now_us() - begun) / n;
		best = us < best ? us : best;
	}
	printf("%-28s %23.1f us\n", "mean of built-in examples", best);
}

static void fill(struct buf *b, const char *line, size_t bytes)
{
	buf_clear(b);
	while (b->n < bytes)
		buf_add(b, str_from(line));
}

int main(int argc, char **argv)
{
	static const char prose[] =
		"We want to move the billing of our platform to another service without downtime, "
		"and each team has to know what changes for its customers. ";
	static const char code[] = "    if (x[i] == y->z(1, 2)) { return \\\"a\\\"; }\\n";
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : ROUNDS;
	struct err e;
	struct buf b;
	struct classifier *c = classifier_new(examples_builtin(), STR(""), &e);

	if (c == NULL || rounds == 0)
		return 1;
	buf_init(&b, (size_t)4 << 20);
	measure_examples(c, rounds);
	measure(c, "a greeting", STR("hi"), rounds);
	measure(c, "a sentence",
		STR("Add pagination to the users endpoint and cover the error paths with tests"),
		rounds);
	fill(&b, prose, 2048);
	measure(c, "prose, all of it looked at", buf_str(&b), rounds);
	fill(&b, prose, LONG_BYTES);
	measure(c, "prose", buf_str(&b), rounds);
	fill(&b, code, LONG_BYTES);
	measure(c, "code", buf_str(&b), rounds);
	fill(&b, "<a-b>", LONG_BYTES);
	measure(c, "elements without an end", buf_str(&b), rounds);
	fill(&b, "first please first ", LONG_BYTES);
	measure(c, "beginnings of patterns", buf_str(&b), rounds);
	fill(&b, prose, HUGE_BYTES);
	measure(c, "a megabyte", buf_str(&b), rounds);
	buf_release(&b);
	classifier_free(c);
	return 0;
}
