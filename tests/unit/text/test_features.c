/* SPDX-License-Identifier: MIT */
/* What is found in prompts, by table. */
#include "unit/base/check.h"

#include "text/features.h"

#include "base/arena.h"

static struct patterns *patterns;
static float value[PROMPT_FEATURES];

static int set_up(void **state)
{
	patterns = patterns_new();
	return 0;
}

static int tear_down(void **state)
{
	patterns_free(patterns);
	patterns_free(NULL);
	return 0;
}

static void find(const char *text)
{
	static struct fold f;
	struct arena *a = arena_new();
	struct prompt_words w;

	words_of(str_from(text), a, &w);
	fold_text(w.text, &f);
	features_find(patterns, &w, &f, value);
	arena_free(a);
}

static void what_sentences_do(void **state)
{
	static const struct {
		const char *text;
		enum prompt_feature found;
	} rows[] = {
		{ "hi", FEATURE_GREETING },
		{ "hello", FEATURE_GREETING },
		{ "ок", FEATURE_GREETING },
		{ "What is a closure?", FEATURE_FACT },
		{ "кто автор", FEATURE_FACT },
		{ "how do I exit vim", FEATURE_HOW_TO },
		{ "как выйти из vim", FEATURE_HOW_TO },
		{ "why is it slow", FEATURE_WHY },
		{ "please rename foo", FEATURE_CHORE },
		{ "could you please just run the tests", FEATURE_CHORE },
		{ "переименуй переменную", FEATURE_CHORE },
		{ "Implement binary search", FEATURE_MAKE },
		{ "нужно написать парсер", FEATURE_MAKE },
		{ "fix the login", FEATURE_REPAIR },
		{ "почини сборку", FEATURE_REPAIR },
		{ "Refactor this", FEATURE_CHANGE },
		{ "review my pull request", FEATURE_REVIEW },
		{ "Design a chat", FEATURE_DESIGN },
		{ "Спроектируй чат", FEATURE_DESIGN },
		{ "write an rfc for it", FEATURE_DESIGN },
		{ "prove that it ends", FEATURE_ANALYSE },
		{ "докажи, что он конечен", FEATURE_ANALYSE },
		{ "should we use grpc", FEATURE_DECIDE },
		{ "Hi! Can you explain this", FEATURE_EXPLAIN },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		find(rows[i].text);
		if (value[rows[i].found] == 0)
			fail_msg("\"%s\": no %s", rows[i].text, feature_name(rows[i].found).p);
	}
}

/* A pattern is found as a word of its own, never inside of another. */
static void words_have_boundaries(void **state)
{
	find("who is the author");
	assert_true(value[FEATURE_SECURITY] == 0);
	find("add airplane icon");
	assert_true(value[FEATURE_PLANNING] == 0 && value[FEATURE_DESIGN] == 0);
	find("history of ships");
	assert_true(value[FEATURE_GREETING] == 0);
	find("designate an owner");
	assert_true(value[FEATURE_DESIGN] == 0);
	find("the explanation for planets");
	assert_true(value[FEATURE_PLANNING] == 0);
	find("прикрепи файл, правда");
	assert_true(value[FEATURE_SECURITY] == 0);
	/* Names of files say nothing of what is to be done. */
	find("rename docs/architecture.md");
	assert_true(value[FEATURE_SYSTEM] == 0);
	find("the architecture is old");
	assert_true(value[FEATURE_SYSTEM] > 0);
}

static void phrases_are_found(void **state)
{
	find("move it with zero downtime, 5 TB of data");
	assert_true(value[FEATURE_SCALE] > 0);
	find("write a database from scratch");
	assert_true(value[FEATURE_SCRATCH] > 0);
	find("напиши базу с нуля");
	assert_true(value[FEATURE_SCRATCH] > 0);
	find("change it across all services");
	assert_true(value[FEATURE_WIDE] > 0);
	find("scratch my back");
	assert_true(value[FEATURE_SCRATCH] == 0);
}

static void shape_is_counted(void **state)
{
	find("compare src/a.c and src/b.h, then README.md");
	assert_true(value[FEATURE_FILES] > 0 && value[FEATURE_MORE_FILES] > 0);
	find("open a.c, then a.c, again");
	assert_true(value[FEATURE_FILES] > 0 && value[FEATURE_MORE_FILES] == 0);
	find("version 1.2.3 i.e. this. Then");
	assert_true(value[FEATURE_FILES] == 0);
	find("why?\\n```\\nx\\n```");
	assert_true(value[FEATURE_CODE] > 0 && value[FEATURE_QUESTION] > 0);
	find("\xE8\xAF\xB7\xE4\xBF\xAE\xE5\xA4\x8D");
	assert_true(value[FEATURE_FOREIGN] > 0);
	find("");
	assert_true(value[FEATURE_NO_ACT] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_sentences_do),
		cmocka_unit_test(words_have_boundaries),
		cmocka_unit_test(phrases_are_found),
		cmocka_unit_test(shape_is_counted),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
