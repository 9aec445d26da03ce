/* SPDX-License-Identifier: MIT */
/* The vectors of tests/vectors in which one side speaks Chat Completions. */
#include "unit/llm/vector.h"

static void anthropic_clients(void **state)
{
	assert_true(vector_run_all("a2c_") >= 24);
}

static void responses_clients(void **state)
{
	assert_true(vector_run_all("r2c_") >= 3);
}

static void anthropic_providers(void **state)
{
	assert_true(vector_run_all("c2a_") >= 17);
}

static void gemini_providers(void **state)
{
	assert_true(vector_run_all("c2g_") >= 3);
}

/* With the name of one, and no others. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anthropic_clients),
		cmocka_unit_test(responses_clients),
		cmocka_unit_test(anthropic_providers),
		cmocka_unit_test(gemini_providers),
	};

	if (argc > 1) {
		vector_run(argv[1]);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
