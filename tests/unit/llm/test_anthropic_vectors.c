/* SPDX-License-Identifier: MIT */
/* The vectors of tests/vectors in which one side speaks the Anthropic API. */
#include "unit/llm/vector.h"

static void anthropic_clients(void **state)
{
	assert_true(vector_run_all("a2") >= 42);
}

static void chat_clients(void **state)
{
	assert_true(vector_run_all("c2a_") >= 17);
}

static void responses_clients(void **state)
{
	assert_true(vector_run_all("r2a_") >= 7);
}

/* With the name of one, and no others. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anthropic_clients),
		cmocka_unit_test(chat_clients),
		cmocka_unit_test(responses_clients),
	};

	if (argc > 1) {
		vector_run(argv[1]);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
