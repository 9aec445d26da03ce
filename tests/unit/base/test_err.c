/* SPDX-License-Identifier: MIT */
/* Error values, and texts that are too long for them. */
#include "unit/base/check.h"

#include "base/err.h"

enum { ROOM = sizeof(((struct err *)NULL)->text) - 1 };

static void sets(void **state)
{
	struct err e = { 0 };

	assert_int_equal(e.kind, ERR_NONE);
	assert_false(err_set(&e, ERR_AUTH, "no key for '%s'", "x"));
	assert_int_equal(e.kind, ERR_AUTH);
	assert_string_equal(e.text, "no key for 'x'");
	assert_false(err_set(&e, ERR_INVALID, "%s", ""));
	assert_int_equal(e.kind, ERR_INVALID);
	assert_string_equal(e.text, "");
}

static void cuts_ascii(void **state)
{
	struct err e;
	char text[ROOM + 10];

	memset(text, 'a', sizeof(text));
	for (int n = ROOM - 1; n < ROOM + 9; n++) {
		assert_false(err_set(&e, ERR_INTERNAL, "%.*s", n, text));
		assert_int_equal(strlen(e.text), n < ROOM ? n : ROOM);
	}
}

/* Decodes strictly as far as a cut could break it: lead bytes have all their continuation bytes. */
static bool whole_characters(const char *s)
{
	for (size_t i = 0; s[i] != '\0';) {
		unsigned char c = (unsigned char)s[i++];
		size_t more = c < 0x80 ? 0 : c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 9;
		for (; more > 0; more--, i++)
			if (((unsigned char)s[i] & 0xC0) != 0x80)
				return false;
	}
	return true;
}

static void never_cuts_a_character(void **state)
{
	static const char *const chars[] = { "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80" };
	struct err e;

	for (size_t c = 0; c < ARRAY_LEN(chars); c++) {
		for (int before = ROOM - 8; before <= ROOM + 2; before++) {
			assert_false(err_set(&e, ERR_INVALID, "%*s%s%s%s", before, "", chars[c],
				chars[c], chars[c]));
			assert_true(whole_characters(e.text));
			size_t len = strlen(chars[c]), all = (size_t)before + 3 * len;
			/* Nothing is cut without need, and never more than a character too much. */
			if (all <= ROOM)
				assert_int_equal(strlen(e.text), all);
			else
				assert_in_range(strlen(e.text), ROOM - len, ROOM);
		}
	}
}

static void cuts_what_is_no_utf8(void **state)
{
	struct err e;
	char text[ROOM + 10];

	memset(text, 0x80, sizeof(text));
	assert_false(err_set(&e, ERR_INVALID, "key '%.*s'", (int)sizeof(text), text));
	assert_memory_equal(e.text, "key '", 5);
	assert_true(strlen(e.text) <= ROOM);
	memset(text, 0xFF, sizeof(text));
	assert_false(err_set(&e, ERR_INVALID, "key '%.*s'", (int)sizeof(text), text));
	assert_memory_equal(e.text, "key '", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets),
		cmocka_unit_test(cuts_ascii),
		cmocka_unit_test(never_cuts_a_character),
		cmocka_unit_test(cuts_what_is_no_utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
