/* SPDX-License-Identifier: MIT */
/* SHA-256 and HMAC against published vectors, and in every split. */
#include "unit/sim/sim_check.h"

#include "sim/sha256.h"

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
	struct digest d = sha256_of(STR("abc"));
	check(&d, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	d = sha256_of(STR(""));
	check(&d, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	d = sha256_of(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
	check(&d, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block). */
static void test_hmac(void **state)
{
	char key[131];

	(void)state;
	memset(key, 0x0b, 20);
	struct digest d = hmac_sha256((struct str){ key, 20 }, STR("Hi There"));
	check(&d, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	d = hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"));
	check(&d, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	d = hmac_sha256((struct str){ key, sizeof(key) },
		STR("Test Using Larger Than Block-Size Key - Hash Key First"));
	check(&d, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_splits(void **state)
{
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7);
	struct digest whole = sha256_of((struct str){ text, sizeof(text) });
	for (size_t at = 0; at <= sizeof(text); at++) {
		struct sha256 s;
		sha256_init(&s);
		sha256_add(&s, (struct str){ text, at });
		(void)sha256_digest(&s);
		sha256_add(&s, (struct str){ text + at, sizeof(text) - at });
		struct digest d = sha256_digest(&s);
		assert_memory_equal(d.b, whole.b, sizeof(d.b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_splits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
