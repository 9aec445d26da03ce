/* SPDX-License-Identifier: MIT */
/* Views of bytes. */
#include "unit/base/check.h"

static const struct str none = { NULL, 0 };

static void from_c_string(void **state)
{
	assert_absent(str_from(NULL));
	assert_int_equal(str_from(NULL).n, 0);
	assert_bytes(str_from(""), "");
	assert_non_null(str_from("").p);
	assert_bytes(str_from("abc"), "abc");
}

static void equality(void **state)
{
	assert_true(str_eq(none, STR("")));
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_false(str_eq(STR("a"), STR("ab")));
	assert_false(str_eq(STR("a"), STR("A")));
}

static void equality_without_case(void **state)
{
	assert_true(str_eq_nocase(STR("Content-LENGTH"), STR("content-length")));
	assert_true(str_eq_nocase(none, STR("")));
	assert_false(str_eq_nocase(STR("a"), STR("ab")));
	/* Neighbours of the letters differ by the same bit and are no letters. */
	assert_false(str_eq_nocase(STR("@"), STR("`")));
	assert_false(str_eq_nocase(STR("["), STR("{")));
	assert_false(str_eq_nocase(STR("Z["), STR("z{")));
	/* Only ASCII folds: these are Latin-1 letters. */
	assert_false(str_eq_nocase(STR("\xC4"), STR("\xE4")));
}

static void starts_and_ends(void **state)
{
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR("abc"), STR("abc")));
	assert_true(str_starts(STR("abc"), STR("")));
	assert_true(str_starts(none, none));
	assert_false(str_starts(STR("ab"), STR("abc")));
	assert_false(str_starts(STR("abc"), STR("Ab")));
	assert_true(str_starts_nocase(STR("Bearer x"), STR("bEARER ")));
	assert_false(str_starts_nocase(STR("Bear"), STR("bearer")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_true(str_ends(STR("abc"), STR("")));
	assert_true(str_ends(none, none));
	assert_false(str_ends(STR("abc"), STR("ab")));
	assert_false(str_ends(STR("c"), STR("bc")));
}

static void find(void **state)
{
	assert_int_equal(str_find(STR("hello"), STR("l")), 2);
	assert_int_equal(str_find(STR("hello"), STR("lo")), 3);
	assert_int_equal(str_find(STR("hello"), STR("hello")), 0);
	assert_int_equal(str_find(STR("hello"), STR("hello!")), 5);
	assert_int_equal(str_find(STR("hello"), STR("x")), 5);
	assert_int_equal(str_find(STR("hello"), STR("")), 0);
	assert_int_equal(str_find(none, STR("x")), 0);
	assert_int_equal(str_find(none, none), 0);
	assert_int_equal(str_find(STR("a\0bc"), STR("\0b")), 1);
	assert_int_equal(str_find_char(STR("a,b,c"), ','), 1);
	assert_int_equal(str_find_char(STR("abc"), ','), 3);
	assert_int_equal(str_find_char(none, ','), 0);
	assert_int_equal(str_find_char(STR("a\0"), '\0'), 1);
	/* The view ends before the byte that follows it in memory. */
	assert_int_equal(str_find_char((struct str){ "ab,", 2 }, ','), 2);
	assert_int_equal(str_find((struct str){ "abc", 2 }, STR("bc")), 2);
}

static void trim(void **state)
{
	assert_bytes(str_trim(STR(" \t\r\na b\n ")), "a b");
	assert_bytes(str_trim(STR("a")), "a");
	assert_bytes(str_trim(STR(" \t\r\n")), "");
	assert_bytes(str_trim(STR("")), "");
	assert_int_equal(str_trim(none).n, 0);
	/* Only these four: form feed and NUL stay. */
	assert_bytes(str_trim(STR("\f\0")), "\f\0");
}

static void check_split(const char *text, const char *const *parts)
{
	struct str rest = str_from(text), part = none;

	for (; *parts != NULL; parts++) {
		assert_true(str_split(&rest, ',', &part));
		assert_str(part, str_from(*parts));
	}
	assert_false(str_split(&rest, ',', &part));
	assert_absent(rest);
	assert_false(str_split(&rest, ',', &part));
}

static void split(void **state)
{
	check_split("a,,b", (const char *[]){ "a", "", "b", NULL });
	check_split("", (const char *[]){ "", NULL });
	check_split(",", (const char *[]){ "", "", NULL });
	check_split("a,", (const char *[]){ "a", "", NULL });
	check_split(",a", (const char *[]){ "", "a", NULL });
	check_split("abc", (const char *[]){ "abc", NULL });
	struct str rest = none, part;
	assert_false(str_split(&rest, ',', &part));
}

static void from_offset(void **state)
{
	assert_bytes(str_from_offset(STR("abc"), 0), "abc");
	assert_bytes(str_from_offset(STR("abc"), 2), "c");
	assert_bytes(str_from_offset(STR("abc"), 3), "");
	assert_int_equal(str_from_offset(none, 0).n, 0);
	assert_absent(str_from_offset(none, 0));
}

static void to_u64(void **state)
{
	static const struct {
		const char *text;
		uint64_t want;
	} good[] = {
		{ "0", 0 },
		{ "7", 7 },
		{ "007", 7 },
		{ "18446744073709551615", UINT64_MAX },
		{ "00000000000000000000000018446744073709551615", UINT64_MAX },
	};
	static const char *const bad[] = { "", " 1", "1 ", "-1", "+1", "1.0", "1e3", "0x10", "a",
		"18446744073709551616", "18446744073709551620", "99999999999999999999", "1/",
		"1:" };
	uint64_t v = 42;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(str_to_u64(str_from(good[i].text), &v));
		assert_int_equal(v, good[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		v = 42;
		assert_false(str_to_u64(str_from(bad[i]), &v));
		assert_int_equal(v, 42);
	}
	assert_false(str_to_u64(STR("1\0"), &v));
	assert_false(str_to_u64(none, &v));
}

static void secrets(void **state)
{
	assert_true(str_eq_secret(STR("key"), STR("key")));
	assert_true(str_eq_secret(STR(""), none));
	assert_true(str_eq_secret(none, none));
	assert_false(str_eq_secret(STR("key"), STR("kez")));
	assert_false(str_eq_secret(STR("key"), STR("Key")));
	assert_false(str_eq_secret(STR("key"), STR("ke")));
	assert_false(str_eq_secret(STR("ke"), STR("key")));
	assert_false(str_eq_secret(STR("key"), none));
	assert_false(str_eq_secret(none, STR("key")));
	/* A repetition is not the same, though the walk meets equal bytes only. */
	assert_false(str_eq_secret(STR("abab"), STR("ab")));
	assert_false(str_eq_secret(STR("ab"), STR("abab")));
	assert_false(str_eq_secret(STR("\0\0"), none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_c_string),
		cmocka_unit_test(equality),
		cmocka_unit_test(equality_without_case),
		cmocka_unit_test(starts_and_ends),
		cmocka_unit_test(find),
		cmocka_unit_test(trim),
		cmocka_unit_test(split),
		cmocka_unit_test(from_offset),
		cmocka_unit_test(to_u64),
		cmocka_unit_test(secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
