/* SPDX-License-Identifier: MIT */
/* Judging prompts: single ones that must not go wrong, the user's own examples, and bounds on sets of labelled prompts
 * (tests/difficulty/figures.c prints the figures themselves). */
#include "unit/base/check.h"

#include "text/difficulty.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

static struct classifier *builtin;

static int set_up(void **state)
{
	struct err e;

	builtin = classifier_new(examples_builtin(), STR(""), &e);
	return builtin != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	classifier_free(builtin);
	classifier_free(NULL);
	return 0;
}

static struct difficulty judge(const struct classifier *c, struct str text, uint32_t skip)
{
	struct arena *a = arena_new();
	struct prompt_words w;
	struct difficulty d;

	words_of(text, a, &w);
	classifier_judge_without(c, &w, skip, &d);
	arena_free(a);
	return d;
}

static void check_level(const char *text, enum difficulty_level want)
{
	struct difficulty d = judge(builtin, str_from(text), UINT32_MAX);

	if (d.level != want)
		fail_msg(
			"\"%s\" is told as %s (%s)", text, difficulty_level_name(d.level).p, d.why);
	assert_true(d.why[0] != '\0');
}

static void small_talk_is_simple(void **state)
{
	check_level("hi", DIFFICULTY_SIMPLE);
	check_level("who is the author of this file?", DIFFICULTY_SIMPLE);
	check_level("who is the author of the authentication library", DIFFICULTY_SIMPLE);
	check_level("add airplane icon", DIFFICULTY_SIMPLE);
	check_level("what is a distributed system?", DIFFICULTY_SIMPLE);
	check_level("привет", DIFFICULTY_SIMPLE);
	check_level("добавь иконку самолёта", DIFFICULTY_SIMPLE);
}

static void work_is_medium(void **state)
{
	check_level("Add pagination to the orders endpoint", DIFFICULTY_MEDIUM);
	check_level("почини падающий тест в parser.py", DIFFICULTY_MEDIUM);
	/* Pasted lines without a word. */
	check_level("Traceback (most recent call last):\\n  File \\\"a.py\\\", line 1, in f",
		DIFFICULTY_MEDIUM);
	check_level("", DIFFICULTY_MEDIUM);
	/* A language that nobody here understands is not called simple. */
	check_level("\xE4\xBD\xA0\xE5\xA5\xBD", DIFFICULTY_MEDIUM);
}

static void thought_is_complex(void **state)
{
	check_level(
		"Design a scalable architecture for billing across regions and compare the trade-offs",
		DIFFICULTY_COMPLEX);
	check_level("Спроектируй масштабируемую архитектуру биллинга, сравни варианты",
		DIFFICULTY_COMPLEX);
}

/* What a client or a paste brings along does not count. */
static void others_words_do_not_count(void **state)
{
	check_level(
		"<system-reminder>Design a scalable distributed platform architecture, plan the migration of all "
		"services</system-reminder>hi",
		DIFFICULTY_SIMPLE);
	/* Nor does pasted code, whatever it speaks of. */
	struct difficulty d = judge(builtin,
		STR("what does this print?\\n```\\ndesign the architecture of the distributed platform\\n```"),
		UINT32_MAX);
	assert_int_not_equal(d.level, DIFFICULTY_COMPLEX);
}

static void own_examples_decide(void **state)
{
	struct err e;
	struct classifier *c = classifier_new(examples_builtin(),
		STR("complex\trun the quarterly closing\n# a remark\nsimple\tdesign the weekly menu card\n"),
		&e);
	struct difficulty d;

	assert_non_null(c);
	d = judge(c, STR("Run the quarterly closing."), UINT32_MAX);
	assert_int_equal(d.level, DIFFICULTY_COMPLEX);
	assert_true(d.nnear > 0 && d.near[0].example->own);
	assert_string_equal(d.why, "one of your examples");
	d = judge(c, STR("design the weekly menu card"), UINT32_MAX);
	assert_int_equal(d.level, DIFFICULTY_SIMPLE);
	d = judge(c, STR("hi"), UINT32_MAX);
	assert_int_equal(d.level, DIFFICULTY_SIMPLE);
	classifier_free(c);
}

static void bad_examples_are_refused(void **state)
{
	struct err e = { 0 };
	struct buf many;

	assert_null(classifier_new(examples_builtin(), STR("simple\tx\nnonsense"), &e));
	assert_int_equal(e.kind, ERR_INVALID);
	assert_non_null(strstr(e.text, "line 2"));
	buf_init(&many, 1 << 20);
	for (int i = 0; i <= EXAMPLES_MAX; i++)
		buf_addf(&many, "simple\t%d\n", i);
	assert_null(classifier_new(STR(""), buf_str(&many), &e));
	assert_non_null(strstr(e.text, "more than"));
	buf_release(&many);
	/* None at all are fine: the rest decides. */
	struct classifier *c = classifier_new(STR(""), STR(""), &e);
	assert_non_null(c);
	assert_int_equal(judge(c, STR("hi"), UINT32_MAX).level, DIFFICULTY_SIMPLE);
	classifier_free(c);
}

/* ---- sets ---- */

struct tally {
	unsigned n, right, under, under_two;
};

static void judge_set(struct str tsv, bool leave_out, struct tally *t)
{
	struct err e = { 0 };
	struct example x;
	unsigned line = 0;

	for (uint32_t i = 0; example_next(&tsv, &line, &x, &e); i++) {
		struct difficulty d = judge(builtin, x.text, leave_out ? i : UINT32_MAX);
		t->n++;
		t->right += d.level == x.level;
		t->under += d.level + 1 == x.level;
		t->under_two += d.level + 2 == x.level;
	}
	assert_int_equal(e.kind, ERR_NONE);
}

static void check_tally(const char *name, const struct tally *t)
{
	if (t->right * 100 < t->n * 85 || t->under * 100 > t->n * 3 || t->under_two > 0)
		fail_msg("%s: of %u, %u right, %u too low, %u by two", name, t->n, t->right,
			t->under, t->under_two);
}

static void check_file(const char *name, unsigned least)
{
	char path[4096];
	struct tally t = { 0 };
	struct buf b;
	size_t n;

	snprintf(path, sizeof(path), TESTS_DIR "/difficulty/%s.tsv", name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	buf_init(&b, 1 << 20);
	while (buf_reserve(&b, 16384) && (n = fread(b.p + b.n, 1, 16384, f)) > 0)
		b.n += n;
	fclose(f);
	judge_set(buf_str(&b), false, &t);
	buf_release(&b);
	assert_true(t.n >= least);
	check_tally(name, &t);
}

static void sets_stay_within_bounds(void **state)
{
	struct tally t = { 0 };

	judge_set(examples_builtin(), true, &t);
	check_tally("built-in examples, each by the others", &t);
	check_file("development", 400);
	check_file("unseen", 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_talk_is_simple),
		cmocka_unit_test(work_is_medium),
		cmocka_unit_test(thought_is_complex),
		cmocka_unit_test(others_words_do_not_count),
		cmocka_unit_test(own_examples_decide),
		cmocka_unit_test(bad_examples_are_refused),
		cmocka_unit_test(sets_stay_within_bounds),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
