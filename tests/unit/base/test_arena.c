/* SPDX-License-Identifier: MIT */
/* Arenas: zeroed, aligned, apart from each other, counted. */
#include "unit/base/check.h"

#include "base/arena.h"

static void free_accepts_null(void **state)
{
	arena_free(NULL);
	arena_free(arena_new());
}

static void zeroed_and_aligned(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 8, 15, 16, 17, 100, 1000, 4000, 4032, 4033,
		5000, 100000 };
	struct arena *a = arena_new();

	for (unsigned round = 0; round < 20; round++) {
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			unsigned char *p = arena_alloc(a, sizes[i]);
			assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(p[k], 0);
			memset(p, 0xAA, sizes[i]);
		}
	}
	arena_free(a);
}

static void allocations_stay_apart(void **state)
{
	enum { N = 1000 };
	struct arena *a = arena_new();
	unsigned char *p[N];
	size_t size[N];

	for (size_t i = 0; i < N; i++) {
		size[i] = 1 + i * 37 % 500;
		p[i] = arena_alloc(a, size[i]);
		memset(p[i], (int)(i % 251), size[i]);
	}
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < size[i]; k++)
			assert_int_equal(p[i][k], i % 251);
	arena_free(a);
}

/* A large one in between must not lose what is left of the block before it to wrong bookkeeping. */
static void large_between_small(void **state)
{
	struct arena *a = arena_new();
	char *first = arena_alloc(a, 10), *large = arena_alloc(a, 1 << 20),
	     *last = arena_alloc(a, 10);

	memset(first, 1, 10);
	memset(large, 2, 1 << 20);
	memset(last, 3, 10);
	assert_int_equal(first[9], 1);
	assert_int_equal(large[0], 2);
	assert_int_equal(large[(1 << 20) - 1], 2);
	arena_free(a);
}

static void nothing_is_something(void **state)
{
	struct arena *a = arena_new();

	assert_non_null(arena_alloc(a, 0));
	assert_non_null(arena_alloc(a, 0));
	arena_free(a);
}

static void duplicates(void **state)
{
	struct arena *a = arena_new();
	char text[] = "ab\0c";
	struct str copy = arena_dup(a, (struct str){ text, 4 });

	memset(text, 'x', sizeof(text));
	assert_bytes(copy, "ab\0c");
	assert_int_equal(copy.p[4], 0);
	struct str empty = arena_dup(a, (struct str){ NULL, 0 });
	assert_int_equal(empty.n, 0);
	assert_non_null(empty.p);
	assert_int_equal(empty.p[0], 0);
	arena_free(a);
}

static void formats(void **state)
{
	struct arena *a = arena_new();
	struct str s = arena_printf(a, "%d-%s", 42, "x");

	assert_bytes(s, "42-x");
	assert_int_equal(s.p[4], 0);
	s = arena_printf(a, "%s", "");
	assert_int_equal(s.n, 0);
	s = arena_printf(a, "%*d", 10000, 7);
	assert_int_equal(s.n, 10000);
	assert_int_equal(s.p[0], ' ');
	assert_int_equal(s.p[9999], '7');
	arena_free(a);
}

static void counts(void **state)
{
	struct arena *a = arena_new();

	assert_int_equal(arena_used(a), 0);
	char *p = arena_alloc(a, 100);
	p[0] = 1;
	size_t used = arena_used(a);
	assert_in_range(used, 100, 100 + _Alignof(max_align_t));
	p = arena_alloc(a, 1000000);
	p[0] = 1;
	assert_in_range(arena_used(a), used + 1000000, used + 1000000 + _Alignof(max_align_t));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(free_accepts_null),
		cmocka_unit_test(zeroed_and_aligned),
		cmocka_unit_test(allocations_stay_apart),
		cmocka_unit_test(large_between_small),
		cmocka_unit_test(nothing_is_something),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(formats),
		cmocka_unit_test(counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
