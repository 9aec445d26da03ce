/* SPDX-License-Identifier: MIT */
/* JSON seen as byte ranges: top-level scan, look-up by key, splices that leave every other byte
 * alone, and escaping for output (RFC 8259). Builds no tree: whoever needs one parses with
 * yyjson. */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { JSON_DEPTH_MAX = 128 };

struct json_member {
	struct str key;   /* between the quotes, escapes as they stand */
	struct str value; /* from its first to its last byte, quotes and brackets included */
};

/* Walks the members of one object, or the items of one array, without looking deeper than its nesting requires. */
struct json_iter {
	struct str text;
	size_t at;
	unsigned depth; /* objects and arrays around this one */
	bool first, done, array;
};

/* Starts at `text`, which must be one JSON object with nothing but white space (and a BOM in front)
 * around it. False (ERR_INVALID) when it does not begin like one. */
bool json_iter_init(struct json_iter *it, struct str text, struct err *e) MUSTCHECK;
/* The same for an array: its items are members whose key is empty. */
bool json_iter_init_array(struct json_iter *it, struct str text, struct err *e) MUSTCHECK;

/* The next member. False at the end with e->kind ERR_NONE, or with ERR_INVALID on broken structure
 * (unbalanced brackets, missing comma or colon, unterminated string, nesting beyond JSON_DEPTH_MAX
 * with the object itself as one, bytes after the object). Lenient in what structure does not need:
 * numbers, escapes, UTF-8, and commas and colons further down are not judged. Speed matters: a 1 MB
 * body costs at most 200 µs. e must be zeroed by the caller before the walk. */
bool json_next(struct json_iter *it, struct json_member *ret, struct err *e) MUSTCHECK;

/* json_next() in two steps, for a walk that goes inside a value without having looked for its end first: each byte is then
 * read once however deep the walk goes. After json_next_key() the iterator stands before the value, of which json_peek()
 * gives the first byte; either json_take() follows, or json_enter(), a walk over the child to its end, and json_leave().
 * Whoever gives up within a child can go back to a copy of the parent that was made before json_enter(). */
bool json_next_key(struct json_iter *it, struct str *ret_key, struct err *e) MUSTCHECK;
static inline char json_peek(const struct json_iter *it)
{
	return it->at < it->text.n ? it->text.p[it->at] : '\0';
}
bool json_take(struct json_iter *it, struct str *ret, struct err *e) MUSTCHECK;
/* False (ERR_INVALID) when the value is neither an object nor an array. */
bool json_enter(struct json_iter *it, struct json_iter *ret_child, struct err *e) MUSTCHECK;
static inline void json_leave(struct json_iter *it, const struct json_iter *child)
{
	it->at = child->at;
}

/* True when a key, with its escapes resolved, is `name` ("\u006dodel" is "model"). */
bool json_key_resolves_to(struct str key, struct str name);
/* The same; quick about keys that are not it: only escapes make a key longer than what it stands for. */
static inline bool json_key_is(struct str key, struct str name)
{
	size_t same = 0;

	if (key.n < name.n)
		return false;
	while (same < name.n && key.p[same] == name.p[same] && key.p[same] != '\\')
		same++;
	if (same == name.n)
		return key.n == name.n;
	return key.p[same] == '\\' && json_key_resolves_to(key, name);
}

/* The value of the last top-level member `name` of an object (last wins, as parsers do); p == NULL
 * when there is none or obj is no object, which a broken one is not either. */
struct str json_get(struct str obj, struct str name);

/* The string that a value of type string stands for, unescaped into the arena (a view of the value
 * itself when it has no escapes). p == NULL when value is no string. Lone surrogates become U+FFFD;
 * a backslash that begins no escape stands for itself. */
struct str json_string(struct str value, struct arena *a);
/* The same for what stands between the quotes. */
struct str json_unescape(struct str escaped, struct arena *a);

/* False when value is no non-negative integer, written as digits alone, that fits. */
bool json_u64(struct str value, uint64_t *ret) MUSTCHECK;
bool json_is_true(struct str value);

/* A replacement of text bytes [at, at + n) by `with`. */
struct json_splice {
	size_t at, n;
	struct str with;
};

/* Appends text with the splices applied; they must be in order and must not overlap (asserted). */
void json_splice(struct buf *out, struct str text, const struct json_splice *s, size_t n);

/* Appends s as a JSON string, quotes included. Escapes the quote, the backslash, control
 * characters; bytes that are not UTF-8 become U+FFFD. */
void json_add_string(struct buf *out, struct str s);
/* The same without the quotes. */
void json_add_escaped(struct buf *out, struct str s);

/* Overwrites each \uD800-\uDFFF escape that has no partner by \ufffd (same length, offsets stay
 * true), for a working copy that yyjson will read. Returns how many. */
size_t json_fix_surrogates(char *p, size_t n);

#endif
