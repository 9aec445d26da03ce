/* SPDX-License-Identifier: MIT */
/* JSON that moves between documents without being rebuilt: text between quotes stays escaped, values lose their white space,
 * values go into strings and come out of them. */
#ifndef WIRE_JSON_TEXT_H
#define WIRE_JSON_TEXT_H

#include "wire/json.h"

/* What stands between the quotes of a value of type string; p == NULL when it is none. */
struct str json_inner(struct str value);
/* Text as it stands between quotes, in the arena; a view when nothing is to be escaped. json_unescape() is the way back. */
struct str json_escape(struct str text, struct arena *a);

/* Appends "escaped" in quotes. What JSON forbids there is mended: control characters that stand there as they are (a line feed would end a
 * line of an event stream) are escaped, and so is a backslash that begins no escape. */
void json_add_quoted(struct buf *out, struct str escaped);
/* The same without the quotes. */
void json_add_inner(struct buf *out, struct str escaped);
/* Appends a raw value without the white space around its tokens. */
void json_add_compact(struct buf *out, struct str raw);
/* The same, escaped to stand within quotes: an object of arguments as a string of arguments. */
void json_add_compact_escaped(struct buf *out, struct str raw);

/* True for one whole JSON object and nothing else but white space around it, by RFC 8259: structure, literals, numbers, escapes (lone
 * surrogates pass); not nested deeper than JSON_DEPTH_MAX. */
bool json_is_object(struct str raw);
/* The same for any value. */
bool json_is_value(struct str raw);

/* What a value is. */
bool json_is_null(struct str value);
bool json_is_string(struct str value);

#endif
