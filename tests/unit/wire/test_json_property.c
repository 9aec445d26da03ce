/* SPDX-License-Identifier: MIT */
/* wire/json over generated objects, with yyjson as the judge. */
#include "unit/base/check.h"

#include "unit/wire/json_gen.h"
#include "unit/wire/json_oracle.h"

enum { OBJECTS = 3000 };

static void generate(struct buf *out, uint64_t seed)
{
	struct json_gen g = { .state = seed * UINT64_C(0x9E3779B97F4A7C15) | 1, .out = out };

	for (unsigned i = 0; i < 4; i++)
		random_next(&g.state);
	buf_clear(out);
	gen_space(&g);
	gen_object(&g, 5);
	gen_space(&g);
}

static void generated_objects(void **state)
{
	struct buf b;
	size_t members = 0, lone = 0, largest = 0;

	buf_init(&b, SIZE_MAX / 2);
	for (unsigned i = 0; i < OBJECTS; i++) {
		generate(&b, i);
		assert_true(json_check(buf_str(&b)));
		struct walk w;
		walk_init(&w, buf_str(&b));
		members += w.n;
		walk_release(&w);
		lone += json_fix_surrogates(b.p, b.n) > 0;
		largest = b.n > largest ? b.n : largest;
	}
	/* The generator does what it is there for. */
	assert_true(members > 2 * OBJECTS && lone > OBJECTS / 10 && largest > 10000);
	buf_release(&b);
}

static void truncated_anywhere(void **state)
{
	struct buf b;
	size_t cuts = 0;

	buf_init(&b, SIZE_MAX / 2);
	for (unsigned i = 0; i < OBJECTS; i++) {
		generate(&b, i);
		if (b.n > 3000)
			continue;
		struct str text = str_trim(buf_str(&b));
		for (size_t n = 0; n < text.n; n++, cuts++)
			assert_false(walk_accepts((struct str){ text.p, n }));
		assert_true(walk_accepts(text));
	}
	assert_true(cuts > 100 * OBJECTS);
	buf_release(&b);
}

/* One byte replaced, dropped or doubled: whatever comes out, all that must hold for any bytes
 * holds. */
static void damaged_anywhere(void **state)
{
	static const char bytes[] = "\"\\{}[]:, u\n\0d0";
	struct buf b;
	uint64_t random = 42;

	buf_init(&b, SIZE_MAX / 2);
	for (unsigned i = 0; i < OBJECTS; i++) {
		generate(&b, i);
		if (b.n > 3000)
			continue;
		size_t at = random_below(&random, b.n);
		switch (random_below(&random, 3)) {
		case 0:
			b.p[at] = bytes[random_below(&random, sizeof(bytes) - 1)];
			break;
		case 1:
			b.n--;
			memmove(b.p + at, b.p + at + 1, b.n - at);
			break;
		default:
			buf_add_char(&b, ' ');
			memmove(b.p + at + 1, b.p + at, b.n - 1 - at);
		}
		json_check(buf_str(&b));
	}
	buf_release(&b);
}

/* A megabyte as coding tools send it: large strings full of escapes, many of them. */
static void a_large_body(void **state)
{
	struct buf b;
	struct json_gen g = { .state = 7, .out = &b };

	buf_init(&b, SIZE_MAX / 2);
	buf_add(&b, STR("{\"model\":\"a\",\"messages\":["));
	while (b.n < 1 << 20) {
		buf_add(&b, STR("{\"role\":\"user\",\"content\":\""));
		for (size_t n = gen_below(&g, 3000); n > 0; n--)
			gen_piece(&g);
		buf_add(&b, STR("\"},"));
	}
	buf_add(&b, STR("null],\"model\":\"b\"}"));
	assert_true(json_check(buf_str(&b)));
	assert_bytes(json_get(buf_str(&b), STR("model")), "\"b\"");
	buf_release(&b);
}

/* Each place in a block, each length of a run of backslashes, with and without a quote behind
 * it. */
static void backslashes_at_every_offset(void **state)
{
	struct buf b;

	buf_init(&b, 1000);
	for (unsigned before = 0; before < 130; before++) {
		for (unsigned run = 0; run < 70; run++) {
			buf_clear(&b);
			buf_add(&b, STR("{\"k\":["));
			buf_addf(&b, "%*s\"", before, "");
			for (unsigned i = 0; i < run; i++)
				buf_add_char(&b, '\\');
			buf_add(&b, run % 2 != 0 ? STR("\"]}\"]}") : STR("\"]}"));
			assert_true(json_check(buf_str(&b)));
			buf_add(&b, STR("\"]}"));
			assert_false(json_check(buf_str(&b)));
		}
	}
	buf_release(&b);
}

enum { PARTS = 11 };
static const struct {
	const char *text;
	int unit; /* 1 high, 2 low */
} parts[PARTS] = {
	{ "\\ud83d", 1 },
	{ "\\uDBFF", 1 },
	{ "\\uDC00", 2 },
	{ "\\ude00", 2 },
	{ "\\u0041", 0 },
	{ "\\ufffd", 0 },
	{ "\\\\", 0 },
	{ "\\\"", 0 },
	{ "ud83d", 0 },
	{ "u", 0 },
	{ "x", 0 },
};

/* The parts that the digits of `code` name, behind some spaces; with_fix: as they must be in the
 * end. */
static size_t combine(struct buf *b, unsigned code, unsigned spaces, bool with_fix)
{
	size_t lone = 0;
	int kinds[6] = { 0 }, n = 0;
	unsigned picks[6];

	for (unsigned c = code; c > 0; c /= PARTS + 1)
		if (c % (PARTS + 1) > 0)
			picks[n++] = c % (PARTS + 1) - 1;
	for (int i = 0; i < n; i++)
		kinds[i] = parts[picks[i]].unit;
	buf_clear(b);
	buf_addf(b, "{\"k\":\"%*s", spaces, "");
	for (int i = 0; i < n; i++) {
		bool paired = (kinds[i] == 1 && kinds[i + 1] == 2) ||
			      (kinds[i] == 2 && i > 0 && kinds[i - 1] == 1);
		bool bad = kinds[i] != 0 && !paired;
		lone += bad;
		buf_add(b, bad && with_fix ? STR("\\ufffd") : str_from(parts[picks[i]].text));
	}
	buf_add(b, STR("\"}"));
	return lone;
}

static void check_combination(struct buf *b, struct buf *want, unsigned code, unsigned spaces)
{
	size_t lone = combine(b, code, spaces, false);

	combine(want, code, spaces, true);
	char *copy = exact_copy(buf_str(b));
	assert_int_equal(check_fix(copy, b->n), lone);
	assert_str(((struct str){ copy, b->n }), buf_str(want));
	yyjson_doc *doc = yyjson_read(copy, b->n, 0);
	assert_non_null(doc);
	yyjson_doc_free(doc);
	free(copy);
}

static void surrogates_in_all_combinations(void **state)
{
	const unsigned codes = (PARTS + 1) * (PARTS + 1) * (PARTS + 1) * (PARTS + 1);
	struct buf b, want;

	buf_init(&b, 1000);
	buf_init(&want, 1000);
	/* All combinations of up to four parts; those of up to two at every offset in a block. */
	for (unsigned code = 0; code < codes; code++)
		check_combination(&b, &want, code, 40 + code % 24);
	for (unsigned spaces = 0; spaces < 140; spaces++)
		for (unsigned code = 0; code < (PARTS + 1) * (PARTS + 1); code++)
			check_combination(&b, &want, code, spaces);
	buf_release(&b);
	buf_release(&want);
}

static void every_surrogate(void **state)
{
	for (unsigned unit = 0; unit <= 0xFFFF; unit++) {
		char text[20], upper[20];
		bool lone = unit >= 0xD800 && unit <= 0xDFFF;
		snprintf(text, sizeof(text), "\"\\u%04x\"", unit);
		snprintf(upper, sizeof(upper), "\"\\u%04X\"", unit);
		size_t fixed = json_fix_surrogates(text, 8);
		assert_int_equal(json_fix_surrogates(upper, 8), fixed);
		assert_int_equal(fixed, lone);
		if (lone)
			assert_string_equal(text, "\"\\ufffd\"");
	}
}

static void random_bytes_as_strings(void **state)
{
	static const unsigned char often[] = { 0x00, 0x1F, 0x22, 0x5C, 0x7F, 0x80, 0x8F, 0x90, 0x9F,
		0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF };
	uint64_t random = 3;
	char bytes[64];

	for (unsigned round = 0; round < 200000; round++) {
		struct arena *a = arena_new();
		size_t n = random_below(&random, 20);
		for (size_t i = 0; i < n; i++)
			bytes[i] = (char)(random_below(&random, 4) == 0
						  ? random_below(&random, 256)
						  : often[random_below(&random, sizeof(often))]);
		char *exact = exact_copy((struct str){ bytes, n });
		check_add_string((struct str){ exact, n }, a);
		free(exact);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generated_objects),
		cmocka_unit_test(truncated_anywhere),
		cmocka_unit_test(damaged_anywhere),
		cmocka_unit_test(a_large_body),
		cmocka_unit_test(backslashes_at_every_offset),
		cmocka_unit_test(surrogates_in_all_combinations),
		cmocka_unit_test(every_surrogate),
		cmocka_unit_test(random_bytes_as_strings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
