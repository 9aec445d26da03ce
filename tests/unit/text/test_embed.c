/* SPDX-License-Identifier: MIT */
/* Vectors of texts and the nearest of them. */
#include "unit/base/check.h"

#include "text/embed.h"

#include <stdlib.h>

static const char *const texts[] = { "write a function that parses csv", "design a chat system",
	"напиши функцию, которая парсит csv", "what is a mutex", "rename the variable",
	"run the tests", "fix the login bug" };

static void embed(struct str text, struct embedding *ret)
{
	static struct fold f;

	fold_text(text, &f);
	for (size_t i = 0; i < f.nwords; i++)
		f.word[i].means = 0;
	embed_text(&f, ret);
}

static struct embed_index *index_of_texts(void)
{
	static struct embedding e;
	struct embed_index *x = embed_index_new();

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		embed(str_from(texts[i]), &e);
		assert_true(embed_index_add(x, &e));
	}
	embed_index_seal(x);
	return x;
}

static size_t find(const struct embed_index *x, const char *text, uint32_t skip,
	struct embed_near near[EMBED_NEAREST])
{
	static struct embedding e;
	float score[ARRAY_LEN(texts)];

	embed(str_from(text), &e);
	return embed_index_find(x, &e, skip, score, near);
}

static void the_same_is_nearest(void **state)
{
	struct embed_index *x = index_of_texts();
	struct embed_near near[EMBED_NEAREST];

	assert_int_equal(embed_index_count(x), ARRAY_LEN(texts));
	for (uint32_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_true(find(x, texts[i], UINT32_MAX, near) > 0);
		assert_int_equal(near[0].id, i);
		assert_true(near[0].cosine > 0.999f && near[0].cosine < 1.001f);
	}
	assert_true(find(x, texts[3], 3, near) > 0);
	assert_int_not_equal(near[0].id, 3);
	embed_index_free(x);
}

static void forms_of_words_are_near(void **state)
{
	struct embed_index *x = index_of_texts();
	struct embed_near near[EMBED_NEAREST];

	assert_true(find(x, "Writing functions for parsing CSV", UINT32_MAX, near) > 1);
	assert_int_equal(near[0].id, 0);
	assert_true(near[0].cosine > near[1].cosine);
	assert_true(find(x, "функция, парсящая csv", UINT32_MAX, near) > 0);
	assert_int_equal(near[0].id, 2);
	assert_int_equal(find(x, "qqq", UINT32_MAX, near), 0);
	assert_int_equal(find(x, "", UINT32_MAX, near), 0);
	embed_index_free(x);
}

static void an_empty_index_finds_nothing(void **state)
{
	struct embed_index *x = embed_index_new();
	struct embed_near near[EMBED_NEAREST];

	embed_index_seal(x);
	assert_int_equal(find(x, "anything", UINT32_MAX, near), 0);
	embed_index_free(x);
	embed_index_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_nearest),
		cmocka_unit_test(forms_of_words_are_near),
		cmocka_unit_test(an_empty_index_finds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
