/* SPDX-License-Identifier: MIT */
/* Server-sent events: frames of streams in pieces, fields of frames; every corpus file split
 * everywhere. */
#include "unit/base/check.h"

#include "unit/wire/sse_oracle.h"

#include <dirent.h>

/* Scans the stream in one piece and gives its frames as text, each in brackets, the rest behind
 * them. */
static void frames_as_text(struct buf *out, struct str stream)
{
	struct sse_scanner s = { 0 };
	size_t at = 0, used;

	buf_clear(out);
	while ((used = sse_scan(&s, str_from_offset(stream, at))) > 0) {
		buf_addf(out, "[%.*s]", (int)used, stream.p + at);
		at += used;
	}
	buf_add(out, str_from_offset(stream, at));
}

static void finds_frames(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "data: a\n\n", "[data: a\n\n]" },
		{ "data: a\r\n\r\n", "[data: a\r\n\r]\n" },
		{ "data: a\r\r", "[data: a\r\r]" },
		{ "data: a\n\ndata: b\n\n", "[data: a\n\n][data: b\n\n]" },
		{ "data: a\r\n\r\ndata: b\r\n\r\n", "[data: a\r\n\r][\ndata: b\r\n\r]\n" },
		{ "data: a\n", "data: a\n" },
		{ "data: a\r\n", "data: a\r\n" },
		{ "data: a\n\r\n", "[data: a\n\r]\n" },
		{ "data: a\r\n\n", "[data: a\r\n\n]" },
		{ "data: a\n\rb\n\n", "[data: a\n\r][b\n\n]" },
		/* Blank lines before a frame belong to it; alone they make none. */
		{ "\n\n\n", "\n\n\n" },
		{ "\r\n\r\r\n", "\r\n\r\r\n" },
		{ "\n\ndata: a\n\n\n\ndata: b\n\n", "[\n\ndata: a\n\n][\n\ndata: b\n\n]" },
		/* A comment is a line like any other. */
		{ ": ping\n\n:\n\n", "[: ping\n\n][:\n\n]" },
		{ " \n\n", "[ \n\n]" },
		{ "event: e\ndata: a\ndata: b\n\nid: 7\n",
			"[event: e\ndata: a\ndata: b\n\n]id: 7\n" },
	};
	struct buf out;

	buf_init(&out, 1000);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		frames_as_text(&out, str_from(rows[i][0]));
		assert_str(buf_str(&out), str_from(rows[i][1]));
	}
	buf_release(&out);
}

/* After each byte: may something else be written here? */
static void boundaries(void **state)
{
	static const struct {
		const char *stream, *at; /* a '+' for each byte behind which it may */
	} rows[] = {
		{ "a\n\nb\n\n", "--+--+" },
		{ "a\r\n\r\nb\r\r", "---++--+" },
		{ "\n\na\n\n\n", "++--++" },
		{ "\r\n:\n\r\nx", "++--++-" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sse_scanner s = { 0 };
		assert_true(sse_at_boundary(&s));
		for (size_t k = 0; rows[i].stream[k] != '\0'; k++) {
			sse_scan(&s, (struct str){ rows[i].stream + k, 1 });
			assert_int_equal(sse_at_boundary(&s), rows[i].at[k] == '+');
		}
	}
}

/* A frame ends with the byte that ends it, not with what follows. */
static void never_holds_back(void **state)
{
	static const char *const streams[] = { "data: a\n\n", "data: a\r\r", "data: a\r\n\r",
		"data: a\r\n\n", "data: a\n\r" };

	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct sse_scanner s = { 0 };
		size_t n = strlen(streams[i]);
		assert_int_equal(sse_scan(&s, (struct str){ streams[i], n - 1 }), 0);
		assert_int_equal(sse_scan(&s, (struct str){ streams[i] + n - 1, 1 }), 1);
	}
}

static void check_parse(struct str frame, const char *event, const char *data)
{
	struct sse_frame f;
	struct buf scratch;

	buf_init(&scratch, 1000);
	sse_parse(frame, &scratch, &f);
	assert_str(f.event, str_from(event));
	assert_int_equal(f.has_data, data != NULL);
	assert_str(f.data, str_from(data));
	buf_release(&scratch);
}

static void parses(void **state)
{
	check_parse(STR("event: ping\ndata: {}\n\n"), "ping", "{}");
	check_parse(STR("event:ping\r\ndata:{}\r\n\r\n"), "ping", "{}");
	check_parse(STR("event: ping\rdata: {}\r\r"), "ping", "{}");
	check_parse(STR("\n\r\n\rdata: x\n\n"), "", "x");
	check_parse(STR("\xEF\xBB\xBF"
			"data: x\n\n"),
		"", "x");
	check_parse(STR("data: [DONE]"), "", "[DONE]");
	/* One space belongs to the syntax, the others to the value; a tab does not. */
	check_parse(STR("data:  x \n\n"), "", " x ");
	check_parse(STR("data:\tx\n\n"), "", "\tx");
	check_parse(STR("data: a: b\n\n"), "", "a: b");
	/* Lines are joined, empty ones included. */
	check_parse(STR("data: a\ndata: b\n\n"), "", "a\nb");
	check_parse(STR("data: a\ndata\ndata:\ndata: \ndata: b\n\n"), "", "a\n\n\n\nb");
	check_parse(STR("data\n\n"), "", "");
	check_parse(STR("data:\ndata:\n\n"), "", "\n");
	/* The last name counts, also when it is empty. */
	check_parse(STR("event: a\nevent: b\ndata: x\n\n"), "b", "x");
	check_parse(STR("event: a\nevent\ndata: x\n\n"), "", "x");
	/* Names are compared as they are. */
	check_parse(STR("Data: x\n data: x\ndata : x\ndatas: x\nEVENT: x\n\n"), "", NULL);
	check_parse(STR(": data: x\n:\nid: 1\nretry: 10\nunknown\n\n"), "", NULL);
	check_parse(STR(""), "", NULL);
	check_parse((struct str){ NULL, 0 }, "", NULL);
	check_parse(STR("\n\n"), "", NULL);
}

static void joins_up_to_the_ceiling(void **state)
{
	struct sse_frame f;
	struct buf scratch;

	buf_init(&scratch, 5);
	sse_parse(STR("data: abc\ndata: def\n\n"), &scratch, &f);
	assert_true(scratch.overflow);
	assert_true(f.has_data);
	/* The next frame is not affected, and one line needs no scratch. */
	sse_parse(STR("data: ab\ndata: cd\n\n"), &scratch, &f);
	assert_false(scratch.overflow);
	assert_bytes(f.data, "ab\ncd");
	sse_parse(STR("data: longer than that\n\n"), &scratch, &f);
	assert_bytes(f.data, "longer than that");
	buf_release(&scratch);
}

/* Both kinds of line end, near to and far from each other. */
static void long_lines(void **state)
{
	static const char *const ends[] = { "\n\n", "\r\r", "\r\n\r\n" };
	struct buf b;
	struct frames f;

	buf_init(&b, 100000);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		for (size_t n = 250; n < 1030; n += n == 262 ? 240 : 1) {
			buf_clear(&b);
			for (unsigned times = 0; times < 2; times++) {
				buf_addf(&b, "data: %*s%s", (int)n, "x", ends[i]);
				buf_addf(&b, "data: y%s", ends[2 - i]);
			}
			check_stream(&f, buf_str(&b));
			assert_int_equal(f.n, 4);
			check_bytewise(&f, buf_str(&b));
			free(f.end);
		}
	}
	buf_release(&b);
}

/* All streams of eight bytes over an alphabet in which everything happens. */
static void all_short_streams(void **state)
{
	static const char alphabet[] = "\r\n:d ";
	char bytes[8];

	for (unsigned code = 0; code < 5 * 5 * 5 * 5 * 5 * 5 * 5 * 5; code++) {
		struct frames f;
		unsigned c = code;
		for (size_t i = 0; i < sizeof(bytes); i++, c /= 5)
			bytes[i] = alphabet[c % 5];
		struct str stream = { bytes, sizeof(bytes) };
		check_stream(&f, stream);
		check_bytewise(&f, stream);
		free(f.end);
	}
}

/* Random lines, so that fields, names and joins meet all line ends. */
static void random_streams(void **state)
{
	static const char *const words[] = { "data", "event",
		"data:", "event:", "data: ", "event: ", ":", " ", "x", "id: 1", "\n", "\n", "\n\n",
		"\r", "\r\n", "\r\n\r\n", "\xEF\xBB\xBF", "", "data: {\"a\":1}" };
	uint64_t random = 11;
	struct buf b;

	buf_init(&b, 100000);
	for (unsigned round = 0; round < 20000; round++) {
		struct frames f;
		buf_clear(&b);
		for (size_t n = random_below(&random, 30); n > 0; n--)
			buf_add(&b, str_from(words[random_below(&random, ARRAY_LEN(words))]));
		check_stream(&f, str_from_offset(buf_str(&b), 0));
		check_bytewise(&f, buf_str(&b));
		free(f.end);
	}
	buf_release(&b);
}

static struct str read_file(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	char *p = must_alloc(1 << 20);
	size_t n = fread(p, 1, 1 << 20, file);
	assert_true(n < 1 << 20);
	fclose(file);
	return (struct str){ p, n };
}

/* Every split in two, 2,000 random ones in three, and every byte by itself. */
static void check_splits(struct str stream, uint64_t *random)
{
	struct frames whole;

	check_stream(&whole, stream);
	for (size_t a = 0; a <= stream.n; a++)
		check_split(&whole, stream, a, stream.n);
	for (unsigned i = 0; i < 2000; i++) {
		size_t b = random_below(random, stream.n + 1);
		check_split(&whole, stream, random_below(random, b + 1), b);
	}
	check_bytewise(&whole, stream);
	free(whole.end);
}

static void corpus_split_everywhere(void **state)
{
	const char *path = TESTS_DIR "/fuzz/corpus/sse";
	DIR *dir = opendir(path);
	uint64_t random = 5;
	unsigned files = 0;

	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		if (d->d_name[0] == '.')
			continue;
		struct str stream = read_file(path, d->d_name);
		check_splits(stream, &random);
		free((void *)(uintptr_t)stream.p);
		files++;
	}
	closedir(dir);
	assert_true(files >= 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_frames),
		cmocka_unit_test(boundaries),
		cmocka_unit_test(never_holds_back),
		cmocka_unit_test(parses),
		cmocka_unit_test(joins_up_to_the_ceiling),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(all_short_streams),
		cmocka_unit_test(random_streams),
		cmocka_unit_test(corpus_split_everywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
