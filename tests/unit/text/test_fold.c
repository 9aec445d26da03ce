/* SPDX-License-Identifier: MIT */
/* Folding: letters, spaces, words, stems, and the counts that come with them. */
#include "unit/base/check.h"

#include "text/fold.h"

#include <stdlib.h>

static struct fold f;

static struct str folded(struct str text)
{
	fold_text(text, &f);
	return (struct str){ f.text, f.n };
}

static void letters_become_small(void **state)
{
	assert_bytes(folded(STR("  Add THIS\t\tnow  ")), " add this now ");
	assert_bytes(folded(STR("Ёлка ЭТО Äpfel")), " елка это äpfel ");
	assert_bytes(folded(STR("what\xE2\x80\x99s `x`")), " what's 'x' ");
	assert_bytes(folded(STR("a \xF0\x9F\x98\x80 b")), " a b ");
	assert_bytes(folded(STR("")), " ");
	assert_int_equal(f.nwords, 0);
}

static void words_and_sentences(void **state)
{
	fold_text(STR("Fix it. Why? what's multi-tenant, and so\n- one\n2. two"), &f);
	assert_int_equal(f.nwords, 10);
	assert_str(fold_word_str(&f, 3), STR("what's"));
	assert_str(fold_word_str(&f, 4), STR("multi-tenant"));
	assert_true(f.word[0].begins);
	assert_false(f.word[1].begins);
	assert_true(f.word[2].begins);
	assert_true(f.word[3].begins);
	assert_int_equal(f.questions, 1);
	assert_int_equal(f.commas, 1);
	assert_int_equal(f.items, 2);
	/* A dot within a name ends no sentence. */
	fold_text(STR("look at src/a.c now"), &f);
	assert_int_equal(f.sentences, 1);
}

static void other_scripts_are_counted(void **state)
{
	fold_text(STR("\xE8\xAF\xB7\xE4\xBF\xAE\xE5\xA4\x8D bug"), &f);
	assert_int_equal(f.foreign, 3);
	assert_int_equal(f.letters, 3);
	assert_int_equal(f.nwords, 2);
}

static void stems(void **state)
{
	static const char *const rows[][2] = { { "functions", "function" }, { "making", "mak" },
		{ "make", "mak" }, { "is", "is" }, { "функцию", "функц" }, { "функции", "функц" },
		{ "систему", "систем" }, { "тест", "тест" }, { "", "" } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str word = str_from(rows[i][0]);
		assert_str(((struct str){ word.p, fold_stem(word) }), str_from(rows[i][1]));
	}
}

static void long_texts_keep_both_ends(void **state)
{
	size_t n = 100000;
	char *p = malloc(n);

	assert_non_null(p);
	for (size_t i = 0; i < n; i += 2)
		memcpy(p + i, "\xD0\xB0", 2);
	memcpy(p, "head  ", 6);
	memcpy(p + n - 6, "  tail", 6);
	fold_text((struct str){ p, n }, &f);
	assert_true(f.n <= FOLD_BYTES);
	assert_true(str_starts((struct str){ f.text, f.n }, STR(" head ")));
	assert_true(str_ends((struct str){ f.text, f.n }, STR(" tail ")));
	for (size_t i = 0; i < n; i += 2)
		memcpy(p + i, "a ", 2);
	fold_text((struct str){ p, n }, &f);
	assert_true(f.nwords <= FOLD_WORDS);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_become_small),
		cmocka_unit_test(words_and_sentences),
		cmocka_unit_test(other_scripts_are_counted),
		cmocka_unit_test(stems),
		cmocka_unit_test(long_texts_keep_both_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
