/* SPDX-License-Identifier: MIT */
/* A borrowed run of bytes, and what is asked of one everywhere. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/base.h"

/* Never owns its bytes, not NUL-terminated, may hold any byte. */
struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){ (lit), sizeof(lit) - 1 })
/* The same where C wants a constant: in the initialisers of static tables. */
#define STR_INIT(lit) \
	{ \
		(lit), sizeof(lit) - 1 \
	}
/* For "%.*s". */
#define STR_ARG(s) (int)(s).n, (s).p

/* A view of a C string; NULL gives the empty view. */
struct str str_from(const char *s);

bool str_eq(struct str a, struct str b);
/* ASCII letters compare without case, as HTTP header names do (RFC 9110 section 5.1). */
bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

/* Offset of the first occurrence of needle, or s.n when there is none. */
size_t str_find(struct str s, struct str needle);
size_t str_find_char(struct str s, char c);

/* Without leading and trailing spaces, tabs, CR and LF. */
struct str str_trim(struct str s);

/* Splits off the part of *rest before the next sep, and moves *rest behind it; rest->p is NULL after
 * the last part, and then false is returned. "a,,b" gives "a", "", "b"; "" gives one empty part. */
bool str_split(struct str *rest, char sep, struct str *ret_part);

/* The view from offset `from` (at most s.n) on. */
struct str str_from_offset(struct str s, size_t from);

/* The whole of s as decimal digits. False, and *ret untouched, on anything else or on overflow. */
bool str_to_u64(struct str s, uint64_t *ret) MUSTCHECK;

/* Copies as much of s as fits, up to a whole UTF-8 character, with a NUL behind it. */
void str_put(char *to, size_t size, struct str s);

/* Equality whose time depends on the lengths only: for secrets. */
bool str_eq_secret(struct str a, struct str b);

#endif
