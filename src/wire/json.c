/* SPDX-License-Identifier: MIT */
/* The span scanner (json_scan.h) looks at 64 bytes a step: which of them are quotes, backslashes, brackets, as
 * one bit each; all else is arithmetic on those bits. AVX2, where the machine has it, SSE2 and the portable form
 * differ in block_eq() only; for the tests JSON_NARROW leaves out the first, JSON_PORTABLE the first two. */
#include "wire/json.h"

#include <endian.h>
#include <string.h>

#if defined(__SSE2__) && !defined(JSON_PORTABLE)
#include <immintrin.h>
#ifndef JSON_NARROW
#define WIDE
#endif
#endif

enum { BLOCK = 64 };

static const uint64_t EVEN = UINT64_C(0x5555555555555555);

/* Bit i says whether p[i], with the bits of `fold` set in it, equals c. Reads BLOCK bytes. */
static inline uint64_t block_eq(const char *p, unsigned char fold, unsigned char c)
{
	uint64_t hits = 0;

#if defined(__SSE2__) && !defined(JSON_PORTABLE)
	const __m128i folds = _mm_set1_epi8((char)fold), want = _mm_set1_epi8((char)c);
	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		x = _mm_cmpeq_epi8(_mm_or_si128(x, folds), want);
		hits |= (uint64_t)(unsigned)_mm_movemask_epi8(x) << i;
	}
#else
	const uint64_t ones = UINT64_C(0x0101010101010101), low7 = ones * 0x7F;
	for (unsigned i = 0; i < BLOCK; i += 8) {
		uint64_t x;
		memcpy(&x, p + i, sizeof(x));
		x = (le64toh(x) | ones * fold) ^ ones * c;
		/* Bytes that are zero now become 0x80, all others 0; no carry leaves its byte. */
		x = ~(((x & low7) + low7) | x | low7);
		/* The product brings bit 7 of byte k to bit 56 + k. */
		hits |= ((x >> 7) * UINT64_C(0x0102040810204080) >> 56) << i;
	}
#endif
	return hits;
}

#ifdef WIDE
__attribute__((target("avx2"))) static inline uint64_t block_eq_wide(
	const char *p, unsigned char fold, unsigned char c)
{
	const __m256i folds = _mm256_set1_epi8((char)fold), want = _mm256_set1_epi8((char)c);
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p),
		high = _mm256_loadu_si256((const __m256i *)(const void *)(p + BLOCK / 2));

	low = _mm256_cmpeq_epi8(_mm256_or_si256(low, folds), want);
	high = _mm256_cmpeq_epi8(_mm256_or_si256(high, folds), want);
	return (uint64_t)(unsigned)_mm256_movemask_epi8(high) << BLOCK / 2 |
	       (unsigned)_mm256_movemask_epi8(low);
}
#endif

/* A whole block at text.p + at: there if it is there, else a copy padded with spaces. */
static inline const char *block_at(struct str text, size_t at, char pad[BLOCK])
{
	if (text.n - at >= BLOCK)
		return text.p + at;
	memset(pad, ' ', BLOCK);
	memcpy(pad, text.p + at, text.n - at);
	return pad;
}

/* Each bit becomes the parity of itself and all lower ones. */
static inline uint64_t parity_below(uint64_t x)
{
	for (unsigned shift = 1; shift < 64; shift *= 2)
		x ^= x << shift;
	return x;
}

/* Which brackets are open: one bit for each level, set for '{'. */
struct nest {
	uint64_t brace[JSON_DEPTH_MAX / 64];
	unsigned depth;
};

static bool nest_step(struct nest *n, char c)
{
	if (c == '{' || c == '[') {
		if (n->depth == JSON_DEPTH_MAX)
			return false;
		uint64_t bit = UINT64_C(1) << (n->depth % 64), *word = &n->brace[n->depth / 64];
		*word = c == '{' ? *word | bit : *word & ~bit;
		n->depth++;
		return true;
	}
	n->depth--;
	return (n->brace[n->depth / 64] >> (n->depth % 64) & 1) == (c == '}');
}

#define SCAN(name) name##_plain
#define SCAN_TARGET
#define SCAN_EQ block_eq
#include "wire/json_scan.h"
#ifdef WIDE
#define SCAN(name)  name##_wide
#define SCAN_TARGET __attribute__((target("avx2")))
#define SCAN_EQ     block_eq_wide
#include "wire/json_scan.h"
#endif

/* From a bracket at `at`, with so many open around it, to behind its partner; 0 and *ret_bad when there is none. */
static size_t nested_end(struct str text, size_t at, unsigned around, size_t *ret_bad)
{
#ifdef WIDE
	if (__builtin_cpu_supports("avx2"))
		return nested_end_wide(text, at, around, ret_bad);
#endif
	return nested_end_plain(text, at, around, ret_bad);
}

/* From behind an opening quote to behind the closing one; 0 when there is none. Not inlined: few strings come here,
 * and its room on the stack would be a burden on those that do not. */
static __attribute__((noinline)) size_t string_end(struct str text, size_t at)
{
#ifdef WIDE
	if (__builtin_cpu_supports("avx2"))
		return string_end_wide(text, at);
#endif
	return string_end_plain(text, at);
}

/* The same; most keys, and many values, are a few plain bytes. */
static inline size_t quick_string_end(struct str text, size_t at)
{
#if defined(__SSE2__) && !defined(JSON_PORTABLE)
	if (text.n - at < 16)
		return string_end(text, at);
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(text.p + at));
	unsigned quotes = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
	unsigned slashes = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
	/* The lowest quote, if no backslash stands before it. */
	if (quotes != 0 && ((quotes - 1) & ~quotes & slashes) == 0)
		return at + (unsigned)__builtin_ctz(quotes) + 1;
#endif
	return string_end(text, at);
}

static bool is_scalar(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
	       c == '+' || c == '.';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static size_t skip_space(struct str text, size_t at)
{
	while (at < text.n && is_space(text.p[at]))
		at++;
	return at;
}

/* The byte there, NUL at the end; a NUL in the text is as wrong as the end. */
static char peek(struct str text, size_t at)
{
	return at < text.n ? text.p[at] : '\0';
}

static bool broken(struct json_iter *it, struct err *e, const char *what, size_t at)
{
	it->done = true;
	return err_set(e, ERR_INVALID, "json: %s at byte %zu", what, at);
}

static bool begin(struct json_iter *it, struct str text, bool array, struct err *e)
{
	*it = (struct json_iter){ .text = text, .first = true, .array = array };
	if (str_starts(text, STR("\xEF\xBB\xBF")))
		it->at = 3;
	it->at = skip_space(text, it->at);
	if (peek(text, it->at) != (array ? '[' : '{'))
		return broken(it, e, array ? "no array" : "no object", it->at);
	it->at++;
	return true;
}

bool json_iter_init(struct json_iter *it, struct str text, struct err *e)
{
	return begin(it, text, false, e);
}

bool json_iter_init_array(struct json_iter *it, struct str text, struct err *e)
{
	return begin(it, text, true, e);
}

/* Takes the value that begins at it->at, which is no white space. */
static bool take_value(struct json_iter *it, struct str *ret, struct err *e)
{
	size_t start = it->at, end = start, bad = 0;
	char c = peek(it->text, start);

	if (c == '"') {
		end = quick_string_end(it->text, start + 1);
		if (end == 0)
			return broken(it, e, "unterminated string", start);
	} else if (c == '{' || c == '[') {
		end = nested_end(it->text, start, it->depth + 1, &bad);
		if (end == 0)
			return broken(it, e, "unbalanced or too deep brackets", bad);
	} else {
		while (end < it->text.n && is_scalar(it->text.p[end]))
			end++;
		if (end == start)
			return broken(it, e, "no value", start);
	}
	*ret = (struct str){ it->text.p + start, end - start };
	it->at = end;
	return true;
}

/* Behind the closing bracket; nothing may follow that of the whole text. */
static bool finish(struct json_iter *it, struct err *e)
{
	it->done = true;
	it->at++;
	if (it->depth > 0)
		return false;
	it->at = skip_space(it->text, it->at);
	if (it->at != it->text.n)
		return broken(it, e, "something behind the object", it->at);
	return false;
}

/* Takes the key that begins at `at`, and the colon behind it. */
static bool take_key(struct json_iter *it, size_t at, struct str *ret, struct err *e)
{
	const struct str text = it->text;
	size_t end;

	if (peek(text, at) != '"')
		return broken(it, e, "no key", at);
	end = quick_string_end(text, at + 1);
	if (end == 0)
		return broken(it, e, "unterminated string", at);
	*ret = (struct str){ text.p + at + 1, end - at - 2 };
	at = skip_space(text, end);
	if (peek(text, at) != ':')
		return broken(it, e, "no colon", at);
	it->at = skip_space(text, at + 1);
	return true;
}

bool json_next_key(struct json_iter *it, struct str *ret_key, struct err *e)
{
	const struct str text = it->text;
	size_t at = skip_space(text, it->at);

	if (it->done)
		return false;
	it->at = at;
	if (peek(text, at) == (it->array ? ']' : '}'))
		return finish(it, e);
	if (!it->first) {
		if (peek(text, at) != ',')
			return broken(it, e,
				it->array ? "no comma or closing bracket"
					  : "no comma or closing brace",
				at);
		at = skip_space(text, at + 1);
	}
	it->first = false;
	if (!it->array)
		return take_key(it, at, ret_key, e);
	it->at = at;
	*ret_key = STR("");
	return true;
}

bool json_take(struct json_iter *it, struct str *ret, struct err *e)
{
	return take_value(it, ret, e);
}

bool json_next(struct json_iter *it, struct json_member *ret, struct err *e)
{
	return json_next_key(it, &ret->key, e) && take_value(it, &ret->value, e);
}

bool json_enter(struct json_iter *it, struct json_iter *ret_child, struct err *e)
{
	char c = peek(it->text, it->at);

	if (c != '{' && c != '[')
		return broken(it, e, "no object or array", it->at);
	if (it->depth + 2 > JSON_DEPTH_MAX)
		return broken(it, e, "unbalanced or too deep brackets", it->at);
	*ret_child = (struct json_iter){ .text = it->text,
		.at = it->at + 1,
		.depth = it->depth + 1,
		.first = true,
		.array = c == '[' };
	return true;
}

/* The four hex digits at s.p[at], or -1. */
static int hex4(struct str s, size_t at)
{
	int v = 0;

	if (at > s.n || s.n - at < 4)
		return -1;
	for (size_t i = at; i < at + 4; i++) {
		char c = s.p[i], low = (char)(c | 0x20);
		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if (low >= 'a' && low <= 'f')
			v = v * 16 + (low - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* The code unit of the \u escape at s.p[at], or -1. */
static int unit_at(struct str s, size_t at)
{
	return at + 6 <= s.n && s.p[at] == '\\' && s.p[at + 1] == 'u' ? hex4(s, at + 2) : -1;
}

static bool is_high(int unit)
{
	return (unit & ~0x3FF) == 0xD800;
}

static bool is_low(int unit)
{
	return (unit & ~0x3FF) == 0xDC00;
}

static size_t put_utf8(uint32_t c, char ret[4])
{
	if (c < 0x80) {
		ret[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		ret[i] = (char)(0x80 | (c & 0x3F));
	ret[0] = (char)(0xF00 >> n | c);
	return n;
}

/* Resolves the escape that the backslash at s.p[at] begins into *ret_n bytes, never more than it
 * has itself. Returns its length. A backslash that begins no escape stands for itself. */
static size_t unescape(struct str s, size_t at, char ret[4], size_t *ret_n)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int unit = unit_at(s, at), low = unit_at(s, at + 6);

	if (is_high(unit) && is_low(low)) {
		*ret_n = put_utf8(
			(uint32_t)(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), ret);
		return 12;
	}
	if (unit >= 0) {
		*ret_n = put_utf8(is_high(unit) || is_low(unit) ? 0xFFFD : (uint32_t)unit, ret);
		return 6;
	}
	const char *hit = at + 1 < s.n ? memchr(from, s.p[at + 1], sizeof(from) - 1) : NULL;
	*ret_n = 1;
	ret[0] = hit != NULL ? to[hit - from] : '\\';
	return hit != NULL ? 2 : 1;
}

bool json_key_resolves_to(struct str key, struct str name)
{
	while (key.n > 0) {
		char bytes[4];
		size_t n, plain = str_find_char(key, '\\');
		if (!str_starts(name, (struct str){ key.p, plain }))
			return false;
		key = str_from_offset(key, plain);
		name = str_from_offset(name, plain);
		if (key.n == 0)
			break;
		key = str_from_offset(key, unescape(key, 0, bytes, &n));
		if (!str_starts(name, (struct str){ bytes, n }))
			return false;
		name = str_from_offset(name, n);
	}
	return name.n == 0;
}

struct str json_get(struct str obj, struct str name)
{
	const struct str none = { NULL, 0 };
	struct str found = none;
	struct err e = { 0 };
	struct json_iter it;
	struct json_member m = { .key = none };

	if (!json_iter_init(&it, obj, &e))
		return none;
	while (json_next(&it, &m, &e))
		if (json_key_is(m.key, name))
			found = m.value;
	return e.kind == ERR_NONE ? found : none;
}

struct str json_string(struct str value, struct arena *a)
{
	if (value.n < 2 || value.p[0] != '"' || value.p[value.n - 1] != '"')
		return (struct str){ NULL, 0 };
	return json_unescape((struct str){ value.p + 1, value.n - 2 }, a);
}

struct str json_unescape(struct str s, struct arena *a)
{
	size_t at = str_find_char(s, '\\');
	if (at == s.n)
		return s;
	char *p = arena_alloc(a, s.n), bytes[4];
	size_t n = 0;
	for (size_t from = 0;;) {
		memcpy(p + n, s.p + from, at - from);
		n += at - from;
		if (at == s.n)
			return (struct str){ p, n };
		size_t got, used = unescape(s, at, bytes, &got);
		memcpy(p + n, bytes, got);
		n += got;
		from = at + used;
		at = from + str_find_char(str_from_offset(s, from), '\\');
	}
}

bool json_u64(struct str value, uint64_t *ret)
{
	if (value.n > 1 && value.p[0] == '0')
		return false;
	return str_to_u64(value, ret);
}

bool json_is_true(struct str value)
{
	return str_eq(value, STR("true"));
}

void json_splice(struct buf *out, struct str text, const struct json_splice *s, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		assert(s[i].at >= at && s[i].at <= text.n && s[i].n <= text.n - s[i].at);
		buf_add(out, (struct str){ text.p + at, s[i].at - at });
		buf_add(out, s[i].with);
		at = s[i].at + s[i].n;
	}
	buf_add(out, str_from_offset(text, at));
}

/* The length of the UTF-8 character at s.p[at] (RFC 3629), or minus the number of bytes that one
 * U+FFFD stands for: as many as could have begun a character. */
static int utf8_step(struct str s, size_t at)
{
	const unsigned char *p = (const unsigned char *)s.p + at;
	unsigned char lo = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
	unsigned char hi = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return -1;
	int len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	for (int i = 1; i < len; i++) {
		if ((size_t)i >= s.n - at || p[i] < lo || p[i] > hi)
			return -i;
		lo = 0x80;
		hi = 0xBF;
	}
	return len;
}

static bool must_escape(char c)
{
	return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

/* Whether one of the eight bytes at p must be escaped or is not ASCII. */
static bool eight_special(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x, quote, slash;

	memcpy(&x, p, sizeof(x));
	quote = x ^ ones * '"';
	slash = x ^ ones * '\\';
	/* A byte below k borrows in x - k: its top bit tells, at least for the lowest such byte. */
	return ((x | ((x - ones * 0x20) & ~x) | ((quote - ones) & ~quote) |
			((slash - ones) & ~slash)) &
		       ones * 0x80) != 0;
}

/* Offset of the first byte at or after `at` that must be escaped or is not UTF-8. */
static size_t plain_end(struct str s, size_t at)
{
	while (at < s.n) {
		if (s.n - at >= 8 && !eight_special(s.p + at)) {
			at += 8;
			continue;
		}
		if (must_escape(s.p[at]))
			break;
		int step = utf8_step(s, at);
		if (step < 0)
			break;
		at += (size_t)step;
	}
	return at;
}

static void add_escape(struct buf *out, char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *hit = memchr(from, c, sizeof(from) - 1);

	if (hit != NULL)
		buf_add(out, (struct str){ (const char[]){ '\\', to[hit - from] }, 2 });
	else
		buf_addf(out, "\\u%04x", (unsigned char)c);
}

void json_add_string(struct buf *out, struct str s)
{
	buf_add_char(out, '"');
	json_add_escaped(out, s);
	buf_add_char(out, '"');
}

void json_add_escaped(struct buf *out, struct str s)
{
	for (size_t at = 0; at < s.n;) {
		size_t end = plain_end(s, at);
		buf_add(out, (struct str){ s.p + at, end - at });
		at = end;
		if (at < s.n && must_escape(s.p[at])) {
			add_escape(out, s.p[at]);
			at++;
		} else if (at < s.n) {
			buf_add(out, STR("\xEF\xBF\xBD"));
			at += (size_t)-utf8_step(s, at);
		}
	}
}

/* True when the backslash at p[at] is not itself escaped. */
static bool begins_escape(const char *p, size_t at)
{
	size_t before = 0;

	while (before < at && p[at - 1 - before] == '\\')
		before++;
	return before % 2 == 0;
}

size_t json_fix_surrogates(char *p, size_t n)
{
	const struct str text = { p, n };
	uint64_t slashes = 0, us = 0;
	size_t fixed = 0, next = 0;
	char pad[BLOCK];

	for (size_t block = 0; block < n; block += BLOCK) {
		const char *b = block_at(text, block, pad);
		/* Where the d of a "\ud" stands, also when that began in the block before. */
		uint64_t before_us = us >> 63, before_slashes = slashes >> 62;
		slashes = block_eq(b, 0, '\\');
		us = block_eq(b, 0, 'u');
		uint64_t hits = block_eq(b, 0x20, 'd') & (us << 1 | before_us) &
				(slashes << 2 | before_slashes);
		for (; hits != 0; hits &= hits - 1) {
			size_t at = block + (unsigned)__builtin_ctzll(hits) - 2;
			int unit = unit_at(text, at);
			if (at < next || !begins_escape(p, at) || (!is_high(unit) && !is_low(unit)))
				continue;
			if (is_high(unit) && is_low(unit_at(text, at + 6))) {
				next = at + 12;
				continue;
			}
			memcpy(p + at, "\\ufffd", 6);
			fixed++;
		}
	}
	return fixed;
}
