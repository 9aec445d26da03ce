/* SPDX-License-Identifier: MIT */
/* What must hold for wire/json on any bytes at all: both builds agree, spans are in order, splices
 * touch nothing else, and whatever yyjson takes for an object is walked to the same members. Unit
 * tests call json_check() on generated objects, the fuzz target on anything. */
#ifndef UNIT_WIRE_JSON_ORACLE_H
#define UNIT_WIRE_JSON_ORACLE_H

#include <yyjson.h>

#include "unit/wire/check.h"
#include "unit/wire/json_portable.h"
#include "wire/json.h"

/* All members that a walk gives, and how it ended. */
struct walk {
	struct json_member *m;
	size_t n;
	struct err e;
};

typedef bool init_fn(struct json_iter *, struct str, struct err *);
typedef bool next_fn(struct json_iter *, struct json_member *, struct err *);

static inline void walk_with(struct walk *w, struct str text, init_fn *init, next_fn *next)
{
	struct json_iter it;
	struct json_member m;
	size_t cap = 0;

	*w = (struct walk){ .m = NULL };
	if (!init(&it, text, &w->e))
		CHECK(w->e.kind == ERR_INVALID);
	while (next(&it, &m, &w->e)) {
		CHECK(w->e.kind == ERR_NONE);
		if (w->n == cap)
			w->m = must_realloc(w->m, (cap = cap * 2 + 8) * sizeof(m));
		w->m[w->n++] = m;
	}
	CHECK(w->e.kind == ERR_NONE || w->e.kind == ERR_INVALID);
	/* The end stays the end. */
	struct err again = { 0 };
	CHECK(!next(&it, &m, &again) && again.kind == ERR_NONE);
}

static inline void walk_init(struct walk *w, struct str text)
{
	walk_with(w, text, json_iter_init, json_next);
}

static inline void walk_release(struct walk *w)
{
	free(w->m);
}

static inline bool walk_accepts(struct str text)
{
	struct walk w;

	walk_init(&w, text);
	walk_release(&w);
	return w.e.kind == ERR_NONE;
}

static inline bool same_view(struct str a, struct str b)
{
	return a.p == b.p && a.n == b.n;
}

static inline void check_builds_agree(struct str text, const struct walk *w)
{
	struct walk portable;

	walk_with(&portable, text, portable_iter_init, portable_next);
	CHECK(portable.n == w->n && portable.e.kind == w->e.kind);
	CHECK(strcmp(portable.e.text, w->e.text) == 0);
	for (size_t i = 0; i < w->n; i++) {
		CHECK(same_view(portable.m[i].key, w->m[i].key));
		CHECK(same_view(portable.m[i].value, w->m[i].value));
	}
	walk_release(&portable);
}

/* Key, value, key, value…, each behind the one before, inside the text and with the right ends. */
static inline void check_spans(struct str text, const struct walk *w)
{
	const char *at = text.p;

	for (size_t i = 0; i < w->n; i++) {
		struct str key = w->m[i].key, value = w->m[i].value;
		CHECK(key.p > at && key.p[-1] == '"' && key.p[key.n] == '"');
		CHECK(value.p > key.p + key.n && value.n > 0);
		CHECK(value.p + value.n <= text.p + text.n);
		char first = value.p[0], last = value.p[value.n - 1];
		CHECK((first == '{') == (last == '}') && (first == '[') == (last == ']'));
		CHECK((first == '"') == (last == '"') && (first != '"' || value.n >= 2));
		CHECK(strchr(" \t\r\n,:", first) == NULL && strchr(" \t\r\n,:", last) == NULL);
		at = value.p + value.n;
	}
}

/* The text with every value replaced, put together byte by byte. */
static inline void replace_values(
	struct buf *out, struct str text, const struct walk *w, struct str by)
{
	size_t next = 0;

	CHECK(buf_reserve(out, text.n + w->n * by.n));
	for (size_t i = 0; i < text.n; i++) {
		if (next == w->n || text.p + i < w->m[next].value.p) {
			out->p[out->n++] = text.p[i];
			continue;
		}
		buf_add(out, by);
		i += w->m[next++].value.n - 1;
	}
}

static inline void splice_all(
	struct buf *out, struct str text, const struct walk *w, const struct str *by)
{
	struct json_splice *s = must_alloc(w->n * sizeof(*s));

	for (size_t i = 0; i < w->n; i++) {
		struct str value = w->m[i].value;
		s[i] = (struct json_splice){ (size_t)(value.p - text.p), value.n,
			by != NULL ? *by : value };
	}
	json_splice(out, text, s, w->n);
	free(s);
}

/* Every value at once by itself, by nothing, and by a value that the walk then finds in each
 * place. */
static inline void check_splices(struct str text, const struct walk *w)
{
	static const struct str with[] = { { "", 0 }, { "0", 1 },
		{ "[\"}\\\"\", {\"a\": [1]}]", 19 } };
	struct buf out, want;

	buf_init(&out, SIZE_MAX / 2);
	buf_init(&want, SIZE_MAX / 2);
	splice_all(&out, text, w, NULL);
	CHECK(str_eq(buf_str(&out), text));
	for (size_t k = 0; k < ARRAY_LEN(with); k++) {
		buf_clear(&out);
		buf_clear(&want);
		splice_all(&out, text, w, &with[k]);
		replace_values(&want, text, w, with[k]);
		CHECK(str_eq(buf_str(&out), buf_str(&want)));
		struct walk again;
		walk_init(&again, buf_str(&out));
		CHECK((again.e.kind == ERR_NONE) == (with[k].n > 0 || w->n == 0));
		for (size_t i = 0; with[k].n > 0 && i < w->n; i++) {
			CHECK(again.n == w->n && str_eq(again.m[i].key, w->m[i].key));
			CHECK(str_eq(again.m[i].value, with[k]));
		}
		walk_release(&again);
	}
	buf_release(&out);
	buf_release(&want);
}

static inline struct str key_text(struct str key, struct arena *a)
{
	return json_string((struct str){ key.p - 1, key.n + 2 }, a);
}

/* Look-up by each key's plain text gives the last member of that name, whatever its escapes. */
static inline void check_get(struct str text, const struct walk *w, struct arena *a)
{
	/* All of them where they are few. */
	for (size_t i = 0; i < w->n; i += 1 + w->n / 10) {
		struct str name = key_text(w->m[i].key, a), last = w->m[i].value;
		CHECK(json_key_is(w->m[i].key, name));
		for (size_t k = 0; k < w->n; k++) {
			bool same = str_eq(key_text(w->m[k].key, a), name);
			CHECK(json_key_is(w->m[k].key, name) == same);
			if (same)
				last = w->m[k].value;
		}
		CHECK(same_view(json_get(text, name), last));
		CHECK(same_view(portable_get(text, name), last));
	}
}

static inline unsigned yy_depth(yyjson_val *v)
{
	unsigned most = 0, d;
	size_t i, n;
	yyjson_val *key, *item;

	yyjson_arr_foreach(v, i, n, item) if ((d = yy_depth(item)) > most) most = d;
	yyjson_obj_foreach(v, i, n, key, item) if ((d = yy_depth(item)) > most) most = d;
	return yyjson_is_ctn(v) ? most + 1 : 0;
}

#define YY_READ (YYJSON_READ_NUMBER_AS_RAW | YYJSON_READ_ALLOW_INVALID_UNICODE)

/* True when the span, parsed by itself, prints like the value that yyjson found there. */
static inline bool prints_like(struct str span, yyjson_val *v)
{
	yyjson_doc *doc = yyjson_read(span.p, span.n, YY_READ);
	size_t n = 0, want_n = 0;
	char *text =
		yyjson_val_write(yyjson_doc_get_root(doc), YYJSON_WRITE_ALLOW_INVALID_UNICODE, &n);
	char *want = yyjson_val_write(v, YYJSON_WRITE_ALLOW_INVALID_UNICODE, &want_n);
	bool same = want != NULL && str_eq((struct str){ text, n }, (struct str){ want, want_n });

	free(text);
	free(want);
	yyjson_doc_free(doc);
	return same;
}

static inline void check_number(struct str span, yyjson_val *v)
{
	uint64_t got = 0;
	yyjson_doc *doc = yyjson_read(span.p, span.n, YYJSON_READ_BIGNUM_AS_RAW);
	yyjson_val *plain = yyjson_doc_get_root(doc);

	CHECK(str_eq(span, (struct str){ yyjson_get_raw(v), yyjson_get_len(v) }));
	CHECK(plain != NULL);
	bool is_u64 = yyjson_is_uint(plain) && span.p[0] != '-';
	CHECK(json_u64(span, &got) == is_u64);
	CHECK(!is_u64 || got == yyjson_get_uint(plain));
	yyjson_doc_free(doc);
}

static inline struct str yy_str(yyjson_val *v)
{
	return (struct str){ yyjson_get_str(v), yyjson_get_len(v) };
}

static inline void check_members(struct str text, yyjson_val *obj, struct arena *a);

static inline void check_value(struct str span, yyjson_val *v, struct arena *a)
{
	CHECK(json_is_true(span) == yyjson_is_true(v));
	if (yyjson_is_raw(v))
		check_number(span, v);
	else if (yyjson_is_str(v))
		CHECK(str_eq(json_string(span, a), yy_str(v)));
	else if (yyjson_is_obj(v))
		check_members(span, v, a);
	else
		CHECK(prints_like(span, v));
	if (!yyjson_is_str(v))
		CHECK(json_string(span, a).p == NULL);
}

/* The same keys and values in the same order as yyjson found. */
static inline void check_members(struct str text, yyjson_val *obj, struct arena *a)
{
	yyjson_val *key, *v;
	size_t i, n;
	struct walk w;

	walk_init(&w, text);
	CHECK(w.e.kind == ERR_NONE && w.n == yyjson_obj_size(obj));
	yyjson_obj_foreach(obj, i, n, key, v)
	{
		struct str name = yy_str(key);
		CHECK(json_key_is(w.m[i].key, name));
		CHECK(str_eq(key_text(w.m[i].key, a), name));
		CHECK(name.n == 0 || !json_key_is(w.m[i].key, str_from_offset(name, 1)));
		CHECK(name.n == 0 || !json_key_is(w.m[i].key, (struct str){ name.p, name.n - 1 }));
		check_value(w.m[i].value, v, a);
	}
	walk_release(&w);
}

/* True when yyjson takes the text for an object, and then it has been compared. */
static inline bool check_yyjson(struct str text, const struct walk *w, struct arena *a)
{
	yyjson_doc *doc = yyjson_read(text.p, text.n, YY_READ);
	yyjson_val *root = yyjson_doc_get_root(doc);
	bool is_object = yyjson_is_obj(root);

	if (is_object && yy_depth(root) > JSON_DEPTH_MAX) {
		CHECK(w->e.kind == ERR_INVALID);
		is_object = false;
	}
	if (is_object)
		check_members(text, root, a);
	yyjson_doc_free(doc);
	return is_object;
}

/* The code unit of a \u escape at p, or 0. */
static inline unsigned unit_of(const char *p, const char *end)
{
	unsigned unit = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return 0;
	for (int i = 2; i < 6; i++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF";
		const char *d = p[i] != '\0' ? strchr(digits, p[i]) : NULL;
		if (d == NULL)
			return 0;
		unit = unit * 16 + (unsigned)(d - digits) % 16;
	}
	return unit;
}

/* json_fix_surrogates() again, walking from escape to escape. */
static inline size_t slow_fix(char *p, size_t n)
{
	const char *end = p + n;
	size_t fixed = 0;

	for (char *c = p; c < end;) {
		unsigned unit = unit_of(c, end), next = unit != 0 ? unit_of(c + 6, end) : 0;
		if (*c != '\\') {
			c++;
		} else if (unit < 0xD800 || unit > 0xDFFF) {
			c += 2;
		} else if (unit < 0xDC00 && next >= 0xDC00 && next <= 0xDFFF) {
			c += 12;
		} else {
			memcpy(c, "\\ufffd", 6);
			fixed++;
			c += 6;
		}
	}
	return fixed;
}

/* Fixes `copy`, an exact copy of some text, and compares with the two other ways to do it. */
static inline size_t check_fix(char *copy, size_t n)
{
	char *slow = exact_copy((struct str){ copy, n });
	char *portable = exact_copy((struct str){ copy, n });
	size_t fixed = json_fix_surrogates(copy, n);

	CHECK(slow_fix(slow, n) == fixed && memcmp(slow, copy, n) == 0);
	CHECK(portable_fix_surrogates(portable, n) == fixed && memcmp(portable, copy, n) == 0);
	CHECK(json_fix_surrogates(copy, n) == 0 && memcmp(slow, copy, n) == 0);
	free(slow);
	free(portable);
	return fixed;
}

/* Code points that the first k of a character's len bytes leave possible: none when low > high. */
static inline bool could_begin(const unsigned char *p, unsigned k, unsigned len)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned low = len == 1 ? p[0] : p[0] & (0x7Fu >> len), high;

	for (unsigned i = 1; i < k; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return false;
		low = low << 6 | (p[i] & 0x3F);
	}
	low <<= 6 * (len - k);
	high = low | ((1u << 6 * (len - k)) - 1);
	bool only_surrogates = low >= 0xD800 && high <= 0xDFFF;
	return high >= least[len] && low <= 0x10FFFF && !only_surrogates;
}

/* What json_add_string() makes of bytes that are not UTF-8: U+FFFD for each longest piece that
 * could begin a character, or for a byte that cannot (Unicode 15, section 3.9, "maximal
 * subparts"). */
static inline void slow_utf8(struct buf *out, struct str s)
{
	CHECK(buf_reserve(out, 3 * s.n));
	for (size_t at = 0; at < s.n;) {
		const unsigned char *p = (const unsigned char *)s.p + at;
		unsigned len = *p < 0x80 ? 1 : *p < 0xC0 ? 0 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
		unsigned k = s.n - at < len ? (unsigned)(s.n - at) : len;
		if (*p >= 0xF8)
			k = 0;
		while (k > 0 && !could_begin(p, k, len))
			k--;
		bool whole = k > 0 && k == len;
		at += k > 0 ? k : 1;
		for (unsigned i = 0; i < (whole ? k : 3); i++)
			out->p[out->n++] = whole ? (char)p[i] : "\xEF\xBF\xBD"[i];
	}
}

/* Any bytes become a string that yyjson reads back as the same text. */
static inline void check_add_string(struct str s, struct arena *a)
{
	struct buf out, want;

	buf_init(&out, SIZE_MAX / 2);
	buf_init(&want, SIZE_MAX / 2);
	json_add_string(&out, s);
	slow_utf8(&want, s);
	yyjson_doc *doc = yyjson_read(out.p, out.n, 0);
	yyjson_val *root = yyjson_doc_get_root(doc);
	CHECK(yyjson_is_str(root) && str_eq(yy_str(root), buf_str(&want)));
	CHECK(str_eq(json_string(buf_str(&out), a), buf_str(&want)));
	yyjson_doc_free(doc);
	buf_release(&out);
	buf_release(&want);
}

/* All of it. Returns whether yyjson takes the text, its surrogates fixed, for an object. */
/* Walks a value from inside, down to the scalars. Where that succeeds it ends where json_take() does. */
static inline bool walk_inside(struct json_iter *it)
{
	const struct json_iter before = *it;
	struct json_iter taken = *it, child;
	struct err e = { 0 }, taking = { 0 };
	struct str key, value = { NULL, 0 };
	bool ok = json_take(&taken, &value, &taking);

	if (json_peek(it) != '{' && json_peek(it) != '[') {
		CHECK(!json_enter(it, &child, &e) && e.kind == ERR_INVALID);
		*it = ok ? taken : before;
		return ok;
	}
	if (!json_enter(it, &child, &e)) {
		CHECK(e.kind == ERR_INVALID && it->depth + 2 > JSON_DEPTH_MAX);
		return false;
	}
	while (json_next_key(&child, &key, &e))
		if (!walk_inside(&child))
			return false;
	if (e.kind != ERR_NONE)
		return false;
	CHECK(child.done && ok);
	json_leave(it, &child);
	CHECK(it->at == taken.at);
	return true;
}

/* What a JSON parser accepts can be walked from inside. */
static inline void check_inside(struct str text, bool is_object)
{
	struct json_iter it;
	struct err e = { 0 };
	struct str key;
	bool ok = json_iter_init(&it, text, &e);

	while (ok && json_next_key(&it, &key, &e))
		ok = walk_inside(&it);
	CHECK(!is_object || (ok && e.kind == ERR_NONE));
}

static inline bool json_check(struct str bytes)
{
	char *original = exact_copy(bytes), *copy = exact_copy(bytes);
	struct str text = { original, bytes.n };
	struct arena *a = arena_new();
	struct walk w, fixed;

	check_fix(copy, bytes.n);
	walk_init(&w, text);
	check_builds_agree(text, &w);
	check_spans(text, &w);
	/* The fixed copy has the same spans. */
	walk_init(&fixed, (struct str){ copy, bytes.n });
	CHECK(fixed.n == w.n && strcmp(fixed.e.text, w.e.text) == 0);
	for (size_t i = 0; i < w.n; i++) {
		CHECK(fixed.m[i].value.p - copy == w.m[i].value.p - original);
		CHECK(fixed.m[i].value.n == w.m[i].value.n);
		CHECK(str_eq(key_text(fixed.m[i].key, a), key_text(w.m[i].key, a)));
	}
	if (w.e.kind == ERR_NONE) {
		check_splices(text, &w);
		check_get(text, &w, a);
	} else {
		CHECK(json_get(text, STR("model")).p == NULL);
	}
	bool is_object = check_yyjson((struct str){ copy, bytes.n }, &fixed, a);
	check_inside(text, is_object);
	check_add_string(text, a);
	walk_release(&w);
	walk_release(&fixed);
	arena_free(a);
	free(original);
	free(copy);
	return is_object;
}

#endif
