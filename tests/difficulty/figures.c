/* SPDX-License-Identifier: MIT */
/* How often the difficulty of prompts is judged right, on files of labelled prompts; prints, and asserts nothing.
 * Usage: difficulty_figures [--wrong|--features] [EXAMPLES.tsv ...], or --names; without files the built-in examples, each judged as if it were
 * not known, and by tenths. --features and --names are for tests/difficulty/fit.py. */
#include "base/buf.h"
#include "text/difficulty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDS = 10 };

static bool show_wrong, show_features;

static const char *const names[] = {
#define X(name, text) #name,
	FEATURES_OF_ACTS(X) FEATURES_OF_WORDS(X) FEATURES_OF_SHAPE(X)
#undef X
};

struct tally {
	unsigned n, cell[DIFFICULTY_LEVELS][DIFFICULTY_LEVELS]; /* right level, level told */
};

static void note(struct tally *t, const struct example *x, const struct difficulty *d)
{
	t->n++;
	t->cell[x->level][d->level]++;
	if (show_wrong && x->level != d->level)
		printf("%.*s -> %.*s  %.2f %.2f %.2f  %s | %.*s\n",
			STR_ARG(difficulty_level_name(x->level)),
			STR_ARG(difficulty_level_name(d->level)), (double)d->score[0],
			(double)d->score[1], (double)d->score[2], d->why,
			(int)(x->text.n < 150 ? x->text.n : 150), x->text.p);
	if (!show_features)
		return;
	printf("%.*s", STR_ARG(difficulty_level_name(x->level)));
	for (int f = 0; f < PROMPT_FEATURES; f++)
		if (d->value[f] != 0)
			printf(" %d:%.4g", f, (double)d->value[f]);
	printf("\n");
}

static void print(const char *name, const struct tally *t)
{
	unsigned right = 0, under = 0, under_two = t->cell[DIFFICULTY_COMPLEX][DIFFICULTY_SIMPLE];

	if (show_features || t->n == 0)
		return;
	for (int l = 0; l < DIFFICULTY_LEVELS; l++)
		right += t->cell[l][l];
	under = t->cell[DIFFICULTY_MEDIUM][DIFFICULTY_SIMPLE] +
		t->cell[DIFFICULTY_COMPLEX][DIFFICULTY_MEDIUM];
	printf("%s: %u prompts, right %.1f %%, too low by one %.1f %%, by two %.1f %%\n", name,
		t->n, 100.0 * right / t->n, 100.0 * under / t->n, 100.0 * under_two / t->n);
	for (int l = 0; l < DIFFICULTY_LEVELS; l++)
		printf("  %-8.*s told as simple %u, medium %u, complex %u\n",
			STR_ARG(difficulty_level_name((enum difficulty_level)l)), t->cell[l][0],
			t->cell[l][1], t->cell[l][2]);
}

static void judge(
	const struct classifier *c, const struct example *x, uint32_t skip, struct tally *t)
{
	struct arena *a = arena_new();
	struct difficulty d;
	struct prompt_words w;

	words_of(x->text, a, &w);
	classifier_judge_without(c, &w, skip, &d);
	note(t, x, &d);
	arena_free(a);
}

static bool judge_all(const struct classifier *c, struct str tsv, bool leave_out, struct tally *t)
{
	struct err e = { 0 };
	struct example x;
	unsigned line = 0;

	for (uint32_t i = 0; example_next(&tsv, &line, &x, &e); i++)
		judge(c, &x, leave_out ? i : UINT32_MAX, t);
	if (e.kind != ERR_NONE)
		fprintf(stderr, "%s\n", e.text);
	return e.kind == ERR_NONE;
}

/* Each tenth is judged by the other nine. */
static void judge_fold(struct str tsv, unsigned fold, struct tally *t)
{
	struct buf learn, test;
	struct str line, rest = tsv;
	struct err e;

	buf_init(&learn, 1 << 24);
	buf_init(&test, 1 << 24);
	for (unsigned i = 0; str_split(&rest, '\n', &line); i++) {
		struct buf *b = i % FOLDS == fold ? &test : &learn;
		buf_add(b, line);
		buf_add_char(b, '\n');
	}
	struct classifier *c = classifier_new(buf_str(&learn), STR(""), &e);
	if (c != NULL)
		(void)judge_all(c, buf_str(&test), false, t);
	classifier_free(c);
	buf_release(&learn);
	buf_release(&test);
}

static bool read_file(const char *path, struct buf *ret)
{
	char piece[16384];
	size_t n;
	FILE *f = fopen(path, "rb");

	buf_init(ret, 1 << 24);
	if (f == NULL)
		return false;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(ret, (struct str){ piece, n });
	fclose(f);
	return !ret->overflow;
}

static bool judge_file(const struct classifier *c, const char *path)
{
	struct tally t = { 0 };
	struct buf text;
	bool ok = read_file(path, &text) && judge_all(c, buf_str(&text), false, &t);

	print(path, &t);
	buf_release(&text);
	return ok;
}

static bool judge_builtin(const struct classifier *c)
{
	struct tally alone = { 0 }, tenths = { 0 };
	bool ok = judge_all(c, examples_builtin(), true, &alone);

	print("built-in examples, each by the others", &alone);
	for (unsigned i = 0; i < FOLDS && !show_features; i++)
		judge_fold(examples_builtin(), i, &tenths);
	print("built-in examples, tenth by tenth", &tenths);
	return ok;
}

static int print_names(void)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		printf("%s\n", names[i]);
	return 0;
}

int main(int argc, char **argv)
{
	struct err e;
	bool ok = true;
	int files = 0;

	if (argc == 2 && strcmp(argv[1], "--names") == 0)
		return print_names();
	struct classifier *c = classifier_new(examples_builtin(), STR(""), &e);

	if (c == NULL) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	for (int i = 1; i < argc; i++) {
		show_wrong |= strcmp(argv[i], "--wrong") == 0;
		show_features |= strcmp(argv[i], "--features") == 0;
	}
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-')
			continue;
		files++;
		ok = judge_file(c, argv[i]) && ok;
	}
	if (files == 0)
		ok = judge_builtin(c);
	classifier_free(c);
	return ok ? 0 : 1;
}
