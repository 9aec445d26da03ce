/* SPDX-License-Identifier: MIT */
/* Envelopes: what is sealed comes out again, and nothing else does. */
#include "unit/base/check.h"

#include "llm/native.h"

#include <stdlib.h>

static struct buf out;

static int set_up(void **state)
{
	*state = arena_new();
	buf_init(&out, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	buf_release(&out);
	return 0;
}

/* Figures by base64 -w0, less the padding. */
static void as_it_is_written(void **state)
{
	struct native n;

	native_seal(&out, &(struct native){ STR("ds"), STR("{\"m\":\"deepseek-v4-pro\"}") });
	assert_bytes(buf_str(&out), "slsig1.ds.eyJtIjoiZGVlcHNlZWstdjQtcHJvIn0");
	assert_true(native_open(buf_str(&out), *state, &n));
	assert_bytes(n.code, "ds");
	assert_bytes(n.payload, "{\"m\":\"deepseek-v4-pro\"}");
	buf_clear(&out);
	native_seal(&out, &(struct native){ STR("oai"), STR("{\"a\":\"\xC3\xBF\xC3\xBE?>\"}") });
	assert_bytes(buf_str(&out), "slsig1.oai.eyJhIjoiw7_Dvj8-In0");
}

static void every_length(void **state)
{
	char payload[80] = "{\"a\":\"";

	srand(3);
	for (size_t n = 0; n < 64; n++) {
		for (size_t i = 0; i < n; i++)
			payload[6 + i] = (char)(0x80 | rand());
		memcpy(payload + 6 + n, "\"}", 2);
		struct native in = { STR("gem"), { payload, n + 8 } }, back;
		buf_clear(&out);
		native_seal(&out, &in);
		assert_true(native_open(buf_str(&out), *state, &back));
		assert_str(back.code, in.code);
		assert_str(back.payload, in.payload);
	}
}

static void nothing_else_opens(void **state)
{
	static const char *const damaged[] = {
		"", "EqQBCkYIBxgC", /* a signature of Anthropic's */
		"slsig1.", "slsig1.ds", "slsig1.ds.", "slsig1..e30", "slsig1.DS.e30",
		"slsig1.d s.e30", "slsig1.abcdefghijklmnopq.e30", "slsig2.ds.e30",
		"slsig1.ds.e30=", "slsig1.ds.e30\\n", "slsig1.ds.e3", /* "{" */
		"slsig1.ds.W10",                                      /* "[]" */
		"slsig1.ds.e30.e30",                                  /* twice */
		"slsig1.ds.e30e30",                                   /* "{}{}" */
		"slsig1.ds.e", "slsig1.ds.e30gA",                     /* "{} " and six bits */
	};
	struct native n;

	assert_true(native_open(STR("slsig1.ds.e30"), *state, &n));
	for (size_t i = 0; i < ARRAY_LEN(damaged); i++)
		if (native_open(str_from(damaged[i]), *state, &n))
			fail_msg("opened: %s", damaged[i]);
	assert_true(native_is_envelope(STR("slsig1.")));
	assert_false(native_is_envelope(STR("slsig1")));
	assert_false(native_is_envelope(STR("xslsig1.")));
}

/* Of every length, so that the beginning ends at any place of a group of digits; and for any name. */
static void signatures(void **state)
{
	static const char *const models[] = { "m", "claude-sonnet-4-6", "a \"b\\", "" };
	char value[300], name[200];

	memset(value, 'x', sizeof(value));
	memset(name, 'n', sizeof(name));
	for (size_t i = 0; i < 400; i++) {
		struct str model = i < 200 ? (struct str){ name, i } : str_from(models[i % 4]);
		struct native_signature s = { model, UINT64_C(0x0123456789abcdef) << i % 8,
			{ value, 2 + i % 200 } };
		struct native_issuer by;
		struct native plain;
		struct str back;
		value[0] = value[s.value.n - 1] = '"';
		buf_clear(&out);
		native_seal_signature(&out, &s);
		assert_true(native_issuer(buf_str(&out), &by));
		assert_int_equal(by.origin, native_origin(model));
		assert_true(by.origin >= NATIVE_MODELS);
		assert_true(by.hash == s.hash && by.bytes == s.value.n);
		assert_true(native_open_signature(buf_str(&out), *state, &back));
		assert_str(back, s.value);
		assert_true(native_open(buf_str(&out), *state, &plain));
		assert_bytes(plain.code, "ant");
		value[s.value.n - 1] = 'x';
	}
	assert_int_not_equal(native_origin(STR("a")), native_origin(STR("b")));
}

#define HASH "\"h\":\"0123456789abcdef\""

static void no_signatures(void **state)
{
	static const char *const payloads[] = { "{}", "{\"b\":[]}", "{\"m\":\"m\"}",
		"{\"m\":\"m\"," HASH "}", "{\"m\":\"m\",\"s\":\"x\"}",
		"{\"m\":\"m\"," HASH ",\"s\":7}", "{\"m\":\"m\"," HASH ",\"s\":\"x\",\"t\":1}",
		"{\"m\":\"m\"," HASH ",\"s\":\"x\",\"s\":\"y\"}",
		"{\"m\":\"m\"," HASH ",\"s\":\"x\" }", "{\"m\":\"a b\"," HASH ",\"s\":\"x\"}",
		"{\"m\":\"m\",\"h\":\"012345678\",\"s\":\"x\"}",
		"{\"m\":\"m\",\"h\":\"0123456789abcdeF\",\"s\":\"x\"}",
		"{ \"m\":\"m\"," HASH ",\"s\":\"x\"}" };
	struct native_issuer by;
	struct str back;

	for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
		buf_clear(&out);
		native_seal(&out, &(struct native){ STR("ant"), str_from(payloads[i]) });
		if (native_open_signature(buf_str(&out), *state, &back))
			fail_msg("opened: %s", payloads[i]);
		assert_true(native_issuer(buf_str(&out), &by));
	}
	buf_clear(&out);
	native_seal(
		&out, &(struct native){ STR("oai"), STR("{\"m\":\"m\"," HASH ",\"s\":\"x\"}") });
	assert_false(native_open_signature(buf_str(&out), *state, &back));
	assert_true(native_issuer(buf_str(&out), &by) && by.origin == NATIVE_FOREIGN);
	assert_true(native_issuer(STR("slsig1."), &by) && by.origin == NATIVE_FOREIGN);
	assert_true(native_issuer(STR("slsig1.ant.!"), &by) && by.origin == NATIVE_FOREIGN);
	assert_false(native_issuer(STR("Er=="), &by));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(as_it_is_written),
		TEST(every_length),
		TEST(nothing_else_opens),
		TEST(signatures),
		TEST(no_signatures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
