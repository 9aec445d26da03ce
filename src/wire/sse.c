/* SPDX-License-Identifier: MIT */
/* Frames of server-sent events: finding their ends, reading their fields. */
#include "wire/sse.h"

#include <string.h>

/* Searching for one kind of line end looks this far at most before it looks for the other, so that
 * a stream that uses only one of them costs no more than its length. */
enum { WINDOW_BYTES = 256 };

/* Offset of the first CR or LF at or after `at`, or s.n. */
static size_t line_end(struct str s, size_t at)
{
	while (at < s.n) {
		size_t n = s.n - at < WINDOW_BYTES ? s.n - at : WINDOW_BYTES;
		struct str line = { s.p + at, n };
		line.n = str_find_char(line, '\n');
		line.n = str_find_char(line, '\r');
		at += line.n;
		if (line.n < n)
			break;
	}
	return at;
}

size_t sse_scan(struct sse_scanner *s, struct str bytes)
{
	for (size_t at = 0; at < bytes.n;) {
		bool rest_of_crlf = s->after_cr && bytes.p[at] == '\n';
		s->after_cr = false;
		if (rest_of_crlf) {
			at++;
			continue;
		}
		size_t end = line_end(bytes, at);
		if (end > at) {
			s->started = true;
			s->line_empty = false;
		}
		if (end == bytes.n)
			return 0;
		s->after_cr = bytes.p[end] == '\r';
		at = end + 1;
		if (s->started && s->line_empty) {
			s->started = s->line_empty = false;
			return at;
		}
		s->line_empty = s->started;
	}
	return 0;
}

bool sse_at_boundary(const struct sse_scanner *s)
{
	return !s->started;
}

/* Splits a line into field name and value; one space behind the colon does not count. */
static struct str field_split(struct str line, struct str *ret_value)
{
	size_t colon = str_find_char(line, ':');
	struct str value = str_from_offset(line, colon < line.n ? colon + 1 : colon);

	*ret_value = str_starts(value, STR(" ")) ? str_from_offset(value, 1) : value;
	return (struct str){ line.p, colon };
}

void sse_parse(struct str frame, struct buf *scratch, struct sse_frame *ret)
{
	size_t at = str_starts(frame, STR("\xEF\xBB\xBF")) ? 3 : 0;
	bool joined = false;

	*ret = (struct sse_frame){ .event = { frame.p, 0 }, .data = { frame.p, 0 } };
	while (at < frame.n) {
		size_t end = line_end(frame, at);
		struct str value, line = { frame.p + at, end - at };
		struct str name = field_split(line, &value);
		at = end + 1;
		if (str_eq(name, STR("event")))
			ret->event = value;
		if (!str_eq(name, STR("data")))
			continue;
		if (ret->has_data && !joined) {
			joined = true;
			buf_clear(scratch);
			buf_add(scratch, ret->data);
		}
		if (joined) {
			buf_add_char(scratch, '\n');
			buf_add(scratch, value);
			ret->data = buf_str(scratch);
		} else {
			ret->data = value;
		}
		ret->has_data = true;
	}
}

size_t sse_data_place(struct str frame, size_t at)
{
	size_t from = str_starts(frame, STR("\xEF\xBB\xBF")) ? 3 : 0;

	while (from < frame.n) {
		size_t end = line_end(frame, from);
		struct str value, name;
		name = field_split((struct str){ frame.p + from, end - from }, &value);
		from = end + 1;
		if (!str_eq(name, STR("data")))
			continue;
		if (at < value.n)
			return (size_t)(value.p - frame.p) + at;
		if (at == value.n)
			break;
		at -= value.n + 1;
	}
	return frame.n;
}
