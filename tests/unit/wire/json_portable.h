/* SPDX-License-Identifier: MIT */
/* The portable build of wire/json.c under names of its own, beside the one that is linked. */
#ifndef UNIT_WIRE_JSON_PORTABLE_H
#define UNIT_WIRE_JSON_PORTABLE_H

#include "wire/json.h"

#define JSON_PORTABLE
#define json_iter_init       portable_iter_init
#define json_iter_init_array portable_iter_init_array
#define json_next            portable_next
#define json_next_key        portable_next_key
#define json_take            portable_take
#define json_enter           portable_enter
#define json_key_resolves_to portable_key_resolves_to
#define json_get             portable_get
#define json_string          portable_string
#define json_unescape        portable_unescape
#define json_u64             portable_u64
#define json_is_true         portable_is_true
#define json_splice          portable_splice
#define json_add_string      portable_add_string
#define json_add_escaped     portable_add_escaped
#define json_fix_surrogates  portable_fix_surrogates

/* The macro renames the struct as well. */
struct portable_splice {
	size_t at, n;
	struct str with;
};

bool json_iter_init(struct json_iter *it, struct str text, struct err *e) MUSTCHECK;
bool json_iter_init_array(struct json_iter *it, struct str text, struct err *e) MUSTCHECK;
bool json_next(struct json_iter *it, struct json_member *ret, struct err *e) MUSTCHECK;
bool json_next_key(struct json_iter *it, struct str *ret_key, struct err *e) MUSTCHECK;
bool json_take(struct json_iter *it, struct str *ret, struct err *e) MUSTCHECK;
bool json_enter(struct json_iter *it, struct json_iter *ret_child, struct err *e) MUSTCHECK;
bool json_key_resolves_to(struct str key, struct str name);
struct str json_get(struct str obj, struct str name);
struct str json_string(struct str value, struct arena *a);
struct str json_unescape(struct str escaped, struct arena *a);
bool json_u64(struct str value, uint64_t *ret) MUSTCHECK;
bool json_is_true(struct str value);
void json_splice(struct buf *out, struct str text, const struct json_splice *s, size_t n);
void json_add_string(struct buf *out, struct str s);
void json_add_escaped(struct buf *out, struct str s);
size_t json_fix_surrogates(char *p, size_t n);

#include "wire/json.c"

#undef JSON_PORTABLE
#undef json_iter_init
#undef json_iter_init_array
#undef json_next
#undef json_next_key
#undef json_take
#undef json_enter
#undef json_key_resolves_to
#undef json_get
#undef json_string
#undef json_unescape
#undef json_u64
#undef json_is_true
#undef json_splice
#undef json_add_string
#undef json_add_escaped
#undef json_fix_surrogates

#endif
