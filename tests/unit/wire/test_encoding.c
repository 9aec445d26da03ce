/* SPDX-License-Identifier: MIT */
/* Content codings: what comes out is what went in, however the bytes are cut; damage, truncation and
 * surplus are refused; a bomb stops at the ceiling. */
#include "unit/base/check.h"

#include <brotli/encode.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <zlib.h>
#include <zstd.h>

#include "unit/wire/encoding_oracle.h"

enum { MIB = 1 << 20 };

/* The formats that are told apart; "deflate" comes in two. */
enum format { IDENTITY, GZIP, ZLIB, RAW, BR, ZSTD, FORMATS };

static const enum encoding kinds[FORMATS] = {
	[IDENTITY] = ENCODING_IDENTITY,
	[GZIP] = ENCODING_GZIP,
	[ZLIB] = ENCODING_DEFLATE,
	[RAW] = ENCODING_DEFLATE,
	[BR] = ENCODING_BR,
	[ZSTD] = ENCODING_ZSTD,
};

static const struct pieces whole;

static void add_deflated(struct buf *out, struct str plain, int window)
{
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_true(buf_reserve(out, deflateBound(&z, plain.n)));
	z.next_in = (Bytef *)(uintptr_t)plain.p;
	z.avail_in = (uInt)plain.n;
	z.next_out = (Bytef *)out->p + out->n;
	z.avail_out = (uInt)(out->cap - out->n);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->n += z.total_out;
	deflateEnd(&z);
}

static void add_brotli(struct buf *out, struct str plain)
{
	size_t n = BrotliEncoderMaxCompressedSize(plain.n) + 16;

	assert_true(buf_reserve(out, n));
	assert_true(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, plain.n,
		(const uint8_t *)plain.p, &n, (uint8_t *)out->p + out->n));
	out->n += n;
}

static void add_zstd(struct buf *out, struct str plain)
{
	size_t n = ZSTD_compressBound(plain.n);

	assert_true(buf_reserve(out, n));
	n = ZSTD_compress(out->p + out->n, n, plain.p, plain.n, 3);
	assert_false(ZSTD_isError(n));
	out->n += n;
}

/* Appends plain, encoded. */
static void add_encoded(struct buf *out, enum format format, struct str plain)
{
	switch (format) {
	case IDENTITY:
		buf_add(out, plain);
		break;
	case GZIP:
		add_deflated(out, plain, 15 + 16);
		break;
	case ZLIB:
		add_deflated(out, plain, 15);
		break;
	case RAW:
		add_deflated(out, plain, -15);
		break;
	case BR:
		add_brotli(out, plain);
		break;
	default:
		add_zstd(out, plain);
		break;
	}
}

static struct buf encoded(enum format format, struct str plain)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	add_encoded(&out, format, plain);
	return out;
}

/* Something between text and noise. */
static struct buf sample(uint64_t seed, size_t n)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	while (out.n < n)
		if (random_below(&seed, 3) > 0)
			buf_addf(&out, "{\"role\":\"user\",\"content\":\"%zu\"}",
				random_below(&seed, 100));
		else
			buf_add_char(&out, (char)random_below(&seed, 256));
	out.n = n;
	return out;
}

static void check_decodes(enum format format, struct str coded, struct pieces by, struct str plain)
{
	struct err e = { 0 };
	struct buf out;

	buf_init(&out, plain.n);
	if (!decode_pieces(kinds[format], coded, by, &out, &e))
		fail_msg("format %d in pieces of %zu: %s", format, by.every, e.text);
	assert_true(str_eq(buf_str(&out), plain));
	buf_release(&out);
}

/* The whole of coded, with a ceiling, must end in an error of that kind. */
static void check_fails(enum format format, struct str coded, size_t max, enum err_kind kind)
{
	struct err e = { 0 };
	struct buf out;

	for (size_t every = 0; every < 4; every++) {
		buf_init(&out, max);
		assert_false(decode_pieces(
			kinds[format], coded, (struct pieces){ .every = every }, &out, &e));
		assert_int_equal(e.kind, kind);
		buf_release(&out);
	}
}

static void parses_names(void **state)
{
	static const struct {
		const char *value;
		enum encoding kind;
	} good[] = {
		{ "", ENCODING_IDENTITY },
		{ "identity", ENCODING_IDENTITY },
		{ " Identity ", ENCODING_IDENTITY },
		{ "gzip", ENCODING_GZIP },
		{ "GZIP", ENCODING_GZIP },
		{ "x-gzip", ENCODING_GZIP },
		{ "deflate", ENCODING_DEFLATE },
		{ "br", ENCODING_BR },
		{ "zstd\t", ENCODING_ZSTD },
	};
	static const char *bad[] = { "gzip, br", "gzip,gzip", "identity, gzip", "gzip,", ",",
		"compress", "gzip2", "gzi", "b r", "*" };
	struct err e = { 0 };
	enum encoding kind;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(encoding_parse(str_from(good[i].value), &kind, &e));
		assert_int_equal(kind, good[i].kind);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(encoding_parse(str_from(bad[i]), &kind, &e));
		assert_int_equal(e.kind, ERR_MEDIA_TYPE);
		assert_non_null(strstr(e.text, bad[i]));
	}
	assert_true(encoding_parse((struct str){ NULL, 0 }, &kind, &e));
	assert_int_equal(kind, ENCODING_IDENTITY);
}

static void decodes_what_was_encoded(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 100, 1023, 1024, 1025, 65535, 65536, 65537,
		300000 };

	for (enum format f = 0; f < FORMATS; f++)
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			struct buf plain = sample(i + 1, sizes[i]);
			struct buf coded = encoded(f, buf_str(&plain));
			check_decodes(f, buf_str(&coded), whole, buf_str(&plain));
			check_decodes(f, buf_str(&coded), (struct pieces){ .every = 1000 },
				buf_str(&plain));
			check_decodes(f, buf_str(&coded), (struct pieces){ .seed = i + 7 },
				buf_str(&plain));
			buf_release(&plain);
			buf_release(&coded);
		}
}

static void cuts_make_no_difference(void **state)
{
	for (enum format f = 0; f < FORMATS; f++) {
		struct buf plain = sample(f + 1, 700);
		struct buf coded = encoded(f, buf_str(&plain));
		/* The first piece ends at every byte. */
		for (size_t every = 1; every <= coded.n; every++)
			check_decodes(f, buf_str(&coded), (struct pieces){ .every = every },
				buf_str(&plain));
		for (uint64_t seed = 1; seed < 50; seed++)
			check_decodes(f, buf_str(&coded), (struct pieces){ .seed = seed * 77 },
				buf_str(&plain));
		buf_release(&plain);
		buf_release(&coded);
	}
}

/* Cut short anywhere, also in the checksum behind the last byte. */
static void refuses_truncation(void **state)
{
	for (enum format f = GZIP; f < FORMATS; f++) {
		struct buf plain = sample(f + 1, 300);
		struct buf coded = encoded(f, buf_str(&plain));
		for (size_t n = 0; n < coded.n; n++)
			check_fails(f, (struct str){ coded.p, n }, MIB, ERR_INVALID);
		buf_release(&plain);
		buf_release(&coded);
	}
}

static void refuses_what_follows(void **state)
{
	for (enum format f = GZIP; f < FORMATS; f++) {
		struct buf plain = sample(f + 1, 300);
		struct buf coded = encoded(f, buf_str(&plain));
		buf_add_char(&coded, 'x');
		check_fails(f, buf_str(&coded), MIB, ERR_INVALID);
		check_fails(f, buf_str(&coded), plain.n, ERR_INVALID);
		coded.p[coded.n - 1] = '\0';
		check_fails(f, buf_str(&coded), MIB, ERR_INVALID);
		buf_release(&plain);
		buf_release(&coded);
	}
}

/* Every single bit flipped: refused, or (where nothing is checked) at least harmless. gzip, zlib have
 * checksums over all of their output. */
static void notices_damage(void **state)
{
	for (enum format f = GZIP; f < FORMATS; f++) {
		struct buf plain = sample(f + 1, 200);
		struct buf coded = encoded(f, buf_str(&plain));
		for (size_t bit = 0; bit < coded.n * 8; bit++) {
			struct err e = { 0 };
			struct buf out;
			coded.p[bit / 8] ^= (char)(1 << bit % 8);
			buf_init(&out, 4096);
			bool good = decode_pieces(kinds[f], buf_str(&coded), whole, &out, &e);
			if (good && (f == GZIP || f == ZLIB))
				assert_true(str_eq(buf_str(&out), buf_str(&plain)));
			encoding_check_pieces(kinds[f], buf_str(&coded),
				(struct pieces){ .every = 1 }, good, &out);
			buf_release(&out);
			coded.p[bit / 8] ^= (char)(1 << bit % 8);
		}
		buf_release(&plain);
		buf_release(&coded);
	}
}

static void check_refused_at_once(enum format format, struct str coded)
{
	struct encoding_decoder *d = encoding_decoder_new(kinds[format]);
	struct err e = { 0 };
	struct buf out;

	buf_init(&out, MIB);
	assert_false(encoding_decode(d, coded, &out, &e));
	assert_int_equal(e.kind, ERR_INVALID);
	buf_release(&out);
	encoding_decoder_free(d);
}

/* Damage is found when its bytes come, not only when the body ends. */
static void refuses_damage_at_once(void **state)
{
	for (enum format f = GZIP; f < FORMATS; f++) {
		struct buf coded = encoded(f, STR("some words"));
		/* The last byte of a length or checksum. */
		coded.p[coded.n - 1] ^= 1;
		if (f == GZIP || f == ZLIB)
			check_refused_at_once(f, buf_str(&coded));
		/* What no format begins with. */
		memset(coded.p, 0xff, coded.n);
		check_refused_at_once(f, buf_str(&coded));
		buf_release(&coded);
	}
}

/* Bare deflate streams whose first bytes are nearly a zlib header: stored blocks, with bits set that the
 * format leaves open, and a length of 1 or 28. */
static void tells_bare_streams_from_zlib(void **state)
{
	struct str one = STR("\x08\x01\x00\xfe\xff\x61\x03\x00");
	char windows[] = "\x88\x1c\x00\xe3\xff\x61zyxwvutsrqponmlkjihgfedcbaz\x03";

	check_decodes(RAW, one, whole, STR("a"));
	check_decodes(RAW, (struct str){ windows, sizeof(windows) }, whole,
		STR("azyxwvutsrqponmlkjihgfedcbaz"));
	check_decodes(RAW, (struct str){ windows, sizeof(windows) }, (struct pieces){ .every = 1 },
		STR("azyxwvutsrqponmlkjihgfedcbaz"));
}

/* gzip members and zstd frames may follow each other; the other formats end once. */
static void joins_members(void **state)
{
	struct str first = STR("one "), second = STR("two");

	for (enum format f = GZIP; f < FORMATS; f++) {
		struct buf coded = encoded(f, first);
		add_encoded(&coded, f, (struct str){ NULL, 0 });
		add_encoded(&coded, f, second);
		if (f == GZIP || f == ZSTD)
			for (size_t every = 0; every <= coded.n; every++)
				check_decodes(f, buf_str(&coded), (struct pieces){ .every = every },
					STR("one two"));
		else
			check_fails(f, buf_str(&coded), MIB, ERR_INVALID);
		buf_release(&coded);
	}
}

static void skips_zstd_frames_to_be_skipped(void **state)
{
	struct buf coded;

	buf_init(&coded, SIZE_MAX);
	buf_add(&coded, STR("\x50\x2a\x4d\x18\x03\0\0\0abc"));
	add_encoded(&coded, ZSTD, STR("one"));
	for (size_t every = 0; every <= coded.n; every++)
		check_decodes(ZSTD, buf_str(&coded), (struct pieces){ .every = every }, STR("one"));
	buf_release(&coded);
}

/* Frames are refused by the window that they ask for, before any of it is allocated. */
static void bounds_the_zstd_window(void **state)
{
	for (int log = 20; log <= 27; log++) {
		struct buf plain = sample(5, 1000), coded;
		ZSTD_CCtx *c = ZSTD_createCCtx();
		buf_init(&coded, SIZE_MAX);
		ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, log);
		ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
		assert_true(buf_reserve(&coded, 4096));
		/* In two steps, since the window shrinks to an input whose size is known. */
		ZSTD_inBuffer in = { plain.p, 500, 0 };
		ZSTD_outBuffer out = { coded.p, coded.cap, 0 };
		assert_false(ZSTD_isError(ZSTD_compressStream2(c, &out, &in, ZSTD_e_flush)));
		in.size = plain.n;
		assert_int_equal(ZSTD_compressStream2(c, &out, &in, ZSTD_e_end), 0);
		coded.n = out.pos;
		if (log <= 23)
			check_decodes(ZSTD, buf_str(&coded), whole, buf_str(&plain));
		else
			check_fails(ZSTD, buf_str(&coded), MIB, ERR_INVALID);
		ZSTD_freeCCtx(c);
		buf_release(&plain);
		buf_release(&coded);
	}
}

static void stops_at_the_ceiling(void **state)
{
	for (enum format f = 0; f < FORMATS; f++)
		for (size_t n = 1; n < 200000; n = n * 3 + 1) {
			struct buf plain = sample(n, n);
			struct buf coded = encoded(f, buf_str(&plain));
			check_decodes(f, buf_str(&coded), whole, buf_str(&plain));
			check_fails(f, buf_str(&coded), n - 1, ERR_TOO_LARGE);
			buf_release(&plain);
			buf_release(&coded);
		}
}

/* 1 GiB of zeros, as 1024 members or frames, for brotli as one stream. */
static struct buf bomb(enum format format)
{
	struct str zeros = { calloc(1, MIB), MIB };
	struct buf out;

	buf_init(&out, SIZE_MAX);
	if (format == GZIP || format == ZSTD) {
		struct buf one = encoded(format, zeros);
		for (unsigned i = 0; i < 1024; i++)
			buf_add(&out, buf_str(&one));
		buf_release(&one);
	} else {
		BrotliEncoderState *s = BrotliEncoderCreateInstance(NULL, NULL, NULL);
		BrotliEncoderSetParameter(s, BROTLI_PARAM_QUALITY, 1);
		assert_true(buf_reserve(&out, MIB));
		size_t left = out.cap;
		uint8_t *next_out = (uint8_t *)out.p;
		for (unsigned i = 0; i < 1024; i++) {
			size_t n = zeros.n;
			const uint8_t *next_in = (const uint8_t *)zeros.p;
			assert_true(BrotliEncoderCompressStream(s,
				i < 1023 ? BROTLI_OPERATION_PROCESS : BROTLI_OPERATION_FINISH, &n,
				&next_in, &left, &next_out, NULL));
			assert_int_equal(n, 0);
		}
		assert_true(BrotliEncoderIsFinished(s));
		out.n = out.cap - left;
		BrotliEncoderDestroyInstance(s);
	}
	free((char *)(uintptr_t)zeros.p);
	return out;
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void defuses_bombs(void **state)
{
	static const enum format formats[] = { GZIP, BR, ZSTD };

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		struct buf coded = bomb(formats[i]);
		struct err e = { 0 };
		struct buf out;
		long before = peak_kib();
		assert_in_range(coded.n, 1, 4 * MIB);
		buf_init(&out, 4 * MIB);
		assert_false(decode_pieces(kinds[formats[i]], buf_str(&coded), whole, &out, &e));
		assert_int_equal(e.kind, ERR_TOO_LARGE);
		/* The ceiling, the buffer that it grew out of, a window, and what a sanitizer keeps. */
		assert_in_range(peak_kib() - before, 0, 64 * 1024);
		buf_release(&out);
		buf_release(&coded);
	}
}

/* What the caller has in the buffer already counts against its ceiling and stays. */
static void appends(void **state)
{
	struct encoding_decoder *d = encoding_decoder_new(ENCODING_GZIP);
	struct buf coded = encoded(GZIP, STR("world")), out;
	struct err e = { 0 };

	buf_init(&out, 12);
	buf_add(&out, STR("hello, "));
	assert_true(encoding_decode(d, (struct str){ NULL, 0 }, &out, &e));
	assert_true(encoding_decode(d, buf_str(&coded), &out, &e));
	assert_true(encoding_decode_end(d, &e));
	assert_bytes(buf_str(&out), "hello, world");
	assert_true(encoding_decode(d, (struct str){ NULL, 0 }, &out, &e));
	assert_true(encoding_decode_end(d, &e));
	buf_release(&out);
	buf_release(&coded);
	encoding_decoder_free(d);
	encoding_decoder_free(NULL);
}

static void identity_may_be_empty(void **state)
{
	struct encoding_decoder *d = encoding_decoder_new(ENCODING_IDENTITY);
	struct err e = { 0 };

	assert_true(encoding_decode_end(d, &e));
	encoding_decoder_free(d);
}

/* Never used, or in the middle of a stream. */
static void frees_at_any_time(void **state)
{
	for (enum format f = 0; f < FORMATS; f++) {
		struct buf coded = encoded(f, STR("something")), out;
		for (size_t n = 0; n <= coded.n; n++) {
			struct encoding_decoder *d = encoding_decoder_new(kinds[f]);
			struct err e = { 0 };
			buf_init(&out, 100);
			assert_true(encoding_decode(d, (struct str){ coded.p, n }, &out, &e));
			encoding_decoder_free(d);
			buf_release(&out);
		}
		buf_release(&coded);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_names),
		cmocka_unit_test(decodes_what_was_encoded),
		cmocka_unit_test(cuts_make_no_difference),
		cmocka_unit_test(refuses_truncation),
		cmocka_unit_test(refuses_what_follows),
		cmocka_unit_test(notices_damage),
		cmocka_unit_test(refuses_damage_at_once),
		cmocka_unit_test(tells_bare_streams_from_zlib),
		cmocka_unit_test(joins_members),
		cmocka_unit_test(skips_zstd_frames_to_be_skipped),
		cmocka_unit_test(bounds_the_zstd_window),
		cmocka_unit_test(stops_at_the_ceiling),
		cmocka_unit_test(defuses_bombs),
		cmocka_unit_test(appends),
		cmocka_unit_test(identity_may_be_empty),
		cmocka_unit_test(frees_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
