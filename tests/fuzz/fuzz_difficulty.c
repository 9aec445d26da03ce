/* SPDX-License-Identifier: MIT */
/* Any bytes as the text of a prompt: what is left of it is valid UTF-8 and no longer than what came, scores are probabilities, the same
 * input gives the same answer. The same bytes as labelled examples: taken, or refused with the line. */
#include "text/difficulty.h"

#include <math.h>
#include <string.h>

static struct classifier *classifier;

static bool is_utf8(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	for (size_t i = 0; i < s.n;) {
		size_t n = p[i] < 0x80   ? 1
			   : p[i] < 0xC2 ? 0
			   : p[i] < 0xE0 ? 2
			   : p[i] < 0xF0 ? 3
					 : 4;
		if (n == 0 || p[i] > 0xF4 || n > s.n - i)
			return false;
		for (size_t k = 1; k < n; k++)
			if ((p[i + k] & 0xC0) != 0x80)
				return false;
		i += n;
	}
	return true;
}

static void check_judgement(const struct prompt_words *w)
{
	struct difficulty d, again;
	float all = 0;

	classifier_judge(classifier, w, &d);
	classifier_judge(classifier, w, &again);
	assert(d.level == again.level && strcmp(d.why, again.why) == 0);
	assert(d.level >= DIFFICULTY_SIMPLE && d.level < DIFFICULTY_LEVELS);
	assert(strlen(d.why) < sizeof(d.why) && is_utf8(str_from(d.why)));
	for (int l = 0; l < DIFFICULTY_LEVELS; l++) {
		assert(d.score[l] >= 0 && d.score[l] <= 1);
		all += d.score[l];
	}
	assert(fabsf(all - 1) < 1e-3f);
	for (size_t i = 0; i < d.nnear; i++)
		assert(d.near[i].cosine > 0 && d.near[i].cosine < 1.001f);
}

static void check_examples(struct str s)
{
	struct example x;
	struct err e = { 0 };
	unsigned line = 0, n = 0;

	while (example_next(&s, &line, &x, &e))
		assert(++n <= line && x.level < DIFFICULTY_LEVELS && x.text.n > 0);
	assert(e.kind == ERR_NONE || (e.kind == ERR_INVALID && strncmp(e.text, "line ", 5) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };
	struct arena *a = arena_new();
	struct prompt_words w;
	struct err e;

	if (classifier == NULL)
		classifier = classifier_new(
			STR("simple\thi\nmedium\tfix the bug\ncomplex\tdesign a system\n"), STR(""),
			&e);
	words_of(s, a, &w);
	assert(w.text.n <= size + 2 && is_utf8(w.text));
	assert(w.text.n <= (size_t)2 * WORDS_PIECE_BYTES + 2);
	check_judgement(&w);
	check_examples(s);
	arena_free(a);
	return 0;
}
