/* SPDX-License-Identifier: MIT */
/* Ids on their way between dialects. */
#include "unit/base/check.h"

#include "llm/ids.h"

static int set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static void base_of_replies(void **state)
{
	static const char *const rows[][2] = {
		{ "chatcmpl-03A", "03A" },
		{ "resp_06", "06" },
		{ "msg_01P", "01P" },
		{ "gen-1", "1" },
		{ "msg_resp_1", "resp_1" }, /* one prefix only */
		{ "a.b/c d\\u00e9-_Z9", "abcdu00e9-_Z9" },
		{ "chatcmpl-", "" },
		{ "...", "" },
		{ "", "" },
		{ "xmsg_1", "xmsg_1" },
	};
	char longest[1000];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_str(id_base(str_from(rows[i][0]), *state), str_from(rows[i][1]));
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(id_base((struct str){ longest, sizeof(longest) }, *state).n, 128);
}

static void plain_ids_of_calls_stay(void **state)
{
	char id[65];

	assert_bytes(id_of_call(STR("toolu_01-aZ"), "call_", *state), "toolu_01-aZ");
	memset(id, 'y', sizeof(id));
	assert_int_equal(id_of_call((struct str){ id, 64 }, "call_", *state).n, 64);
	assert_int_equal(id_of_call((struct str){ id, 65 }, "call_", *state).n, 5 + 1 + 24);
}

/* Figures by sha256sum. */
static void others_are_digests(void **state)
{
	assert_bytes(id_of_call(STR("a b"), "toolu_", *state), "toolu_xc8687a08aa5d6ed2044328fa");
	/* However the text is escaped. */
	assert_bytes(
		id_of_call(STR("a\\u0020b"), "call_", *state), "call_xc8687a08aa5d6ed2044328fa");
	assert_bytes(id_of_call(STR(""), "call_", *state), "call_xe3b0c44298fc1c149afbf4c8");
}

static void made_up(void **state)
{
	assert_bytes(id_made_up("toolu_", STR("o1"), 0, *state), "toolu_o1_0");
	assert_bytes(id_made_up("call_", STR("gR1"), 12, *state), "call_gR1_12");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(base_of_replies),
		TEST(plain_ids_of_calls_stay),
		TEST(others_are_digests),
		TEST(made_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
