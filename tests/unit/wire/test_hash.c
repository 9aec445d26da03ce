/* SPDX-License-Identifier: MIT */
/* Digests against published vectors, and chains of them. */
#include "unit/base/check.h"

#include "wire/hash.h"

static void check(const struct digest *d, const char *hex)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	digest_print(&b, d, sizeof(d->b));
	assert_int_equal(b.n, strlen(hex));
	assert_memory_equal(b.p, hex, b.n);
	buf_release(&b);
}

/* FIPS 180-4 examples. */
static void test_vectors(void **state)
{
	(void)state;
	struct digest d = hash_of(STR("abc"));
	check(&d, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	d = hash_of(STR(""));
	check(&d, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	d = hash_of(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
	check(&d, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block). */
static void test_hmac(void **state)
{
	char key[131];

	(void)state;
	memset(key, 0x0b, 20);
	struct digest d = hash_hmac((struct str){ key, 20 }, STR("Hi There"));
	check(&d, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	d = hash_hmac(STR("Jefe"), STR("what do ya want for nothing?"));
	check(&d, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	d = hash_hmac((struct str){ key, sizeof(key) },
		STR("Test Using Larger Than Block-Size Key - Hash Key First"));
	check(&d, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* A chain depends on every part, on their order, and on where one ends and the next begins. */
static void test_chains(void **state)
{
	struct digest one = { 0 }, other = { 0 }, joined = { 0 }, first = { 0 };

	(void)state;
	hash_chain(&first, STR("ab"));
	hash_chain(&one, STR("ab"));
	assert_memory_equal(one.b, first.b, sizeof(one.b));
	hash_chain(&one, STR("c"));
	hash_chain(&other, STR("c"));
	hash_chain(&other, STR("ab"));
	hash_chain(&joined, STR("abc"));
	assert_memory_not_equal(one.b, first.b, sizeof(one.b));
	assert_memory_not_equal(one.b, other.b, sizeof(one.b));
	assert_memory_not_equal(one.b, joined.b, sizeof(one.b));
	/* sha256 of 32 zeros and "ab" */
	check(&first, "4ee2c00037b5d8162566cf6400b7f9e987248dc95534ba10ddaf4f02f06cc92d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_chains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
