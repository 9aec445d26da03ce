/* SPDX-License-Identifier: MIT */
/* Buffers: content, ceiling, the overflow that sticks. */
#include "unit/base/check.h"

#include "base/buf.h"

static void starts_empty(void **state)
{
	struct buf b;

	buf_init(&b, 10);
	assert_int_equal(b.n, 0);
	assert_null(b.p);
	assert_false(b.overflow);
	assert_int_equal(buf_str(&b).n, 0);
	buf_add(&b, (struct str){ NULL, 0 });
	buf_drop(&b, 0);
	buf_release(&b);
	buf_release(&b);
}

static void adds(void **state)
{
	struct buf b;

	buf_init(&b, 100);
	buf_add(&b, STR("ab\0"));
	buf_add_char(&b, 'c');
	buf_addf(&b, "%d%s", 42, "x");
	assert_bytes(buf_str(&b), "ab\0c42x");
	assert_false(b.overflow);
	buf_release(&b);
	assert_int_equal(b.n, 0);
	assert_int_equal(b.max, 100);
	buf_add(&b, STR("again"));
	assert_bytes(buf_str(&b), "again");
	buf_release(&b);
}

static void grows_without_loss(void **state)
{
	enum { N = 3 << 20 };
	struct buf b;

	buf_init(&b, N);
	for (unsigned i = 0; i < N; i++)
		buf_add_char(&b, (char)(i * 7 % 253));
	assert_int_equal(b.n, N);
	assert_in_range(b.cap, N, N);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal((unsigned char)b.p[i], i * 7 % 253);
	buf_release(&b);
}

static void ceiling_is_exact(void **state)
{
	struct buf b;

	buf_init(&b, 5);
	buf_add(&b, STR("12345"));
	assert_false(b.overflow);
	buf_add(&b, (struct str){ NULL, 0 });
	assert_false(b.overflow);
	buf_add_char(&b, '6');
	assert_true(b.overflow);
	assert_bytes(buf_str(&b), "12345");
	assert_true(b.cap <= 5);
	buf_release(&b);
}

static void overflow_sticks(void **state)
{
	struct buf b;

	buf_init(&b, 5);
	buf_add(&b, STR("123"));
	buf_add(&b, STR("456"));
	assert_true(b.overflow);
	/* Would fit by itself; the text would have a hole. */
	buf_add_char(&b, '7');
	buf_addf(&b, "8");
	assert_false(buf_reserve(&b, 1));
	assert_bytes(buf_str(&b), "123");
	buf_drop(&b, 3);
	buf_add_char(&b, '9');
	assert_int_equal(b.n, 0);
	assert_true(b.overflow);
	char *memory = b.p;
	buf_clear(&b);
	assert_false(b.overflow);
	assert_ptr_equal(b.p, memory);
	buf_add(&b, STR("abcde"));
	assert_bytes(buf_str(&b), "abcde");
	buf_release(&b);
	assert_false(b.overflow);
}

static void ceiling_zero(void **state)
{
	struct buf b;

	buf_init(&b, 0);
	buf_addf(&b, "%s", "");
	assert_false(b.overflow);
	assert_true(buf_reserve(&b, 0));
	buf_addf(&b, "x");
	assert_true(b.overflow);
	assert_int_equal(b.n, 0);
	buf_release(&b);
}

static void reserve(void **state)
{
	struct buf b;

	buf_init(&b, 1000);
	assert_true(buf_reserve(&b, 1000));
	memset(b.p, 'x', 1000);
	b.n += 1000;
	assert_true(buf_reserve(&b, 0));
	assert_false(buf_reserve(&b, 1));
	assert_true(b.overflow);
	buf_clear(&b);
	/* A size that would wrap around. */
	buf_add(&b, STR("abc"));
	assert_false(buf_reserve(&b, SIZE_MAX - 1));
	assert_true(b.overflow);
	assert_int_equal(b.n, 3);
	buf_release(&b);
}

static void format_at_every_fill(void **state)
{
	/* The room left behind b->n is larger than, equal to and smaller than the text and its
	 * NUL. */
	for (size_t fill = 0; fill < 300; fill++) {
		struct buf b;
		buf_init(&b, 300);
		for (size_t i = 0; i < fill; i++)
			buf_add_char(&b, '.');
		buf_addf(&b, "%s", "0123456789");
		bool fits = fill + 10 <= 300;
		assert_int_equal(b.overflow, !fits);
		assert_int_equal(b.n, fits ? fill + 10 : fill);
		if (fits)
			assert_bytes(str_from_offset(buf_str(&b), fill), "0123456789");
		buf_release(&b);
	}
}

static void drops(void **state)
{
	struct buf b;

	buf_init(&b, 100);
	buf_add(&b, STR("abcdef"));
	buf_drop(&b, 0);
	buf_drop(&b, 2);
	assert_bytes(buf_str(&b), "cdef");
	buf_add(&b, STR("gh"));
	assert_bytes(buf_str(&b), "cdefgh");
	buf_drop(&b, 6);
	assert_int_equal(b.n, 0);
	/* What was dropped is room again. */
	for (unsigned i = 0; i < 100; i++)
		buf_add_char(&b, 'x');
	assert_false(b.overflow);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_empty),
		cmocka_unit_test(adds),
		cmocka_unit_test(grows_without_loss),
		cmocka_unit_test(ceiling_is_exact),
		cmocka_unit_test(overflow_sticks),
		cmocka_unit_test(ceiling_zero),
		cmocka_unit_test(reserve),
		cmocka_unit_test(format_at_every_fill),
		cmocka_unit_test(drops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
