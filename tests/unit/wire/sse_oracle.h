/* SPDX-License-Identifier: MIT */
/* What must hold for wire/sse on any bytes: every split gives the same frames, every byte belongs
 * to one, and the frames say what a byte-by-byte reading of the standard dispatches. Unit tests
 * call it on the corpus with all splits, the fuzz target on anything with some. */
#ifndef UNIT_WIRE_SSE_ORACLE_H
#define UNIT_WIRE_SSE_ORACLE_H

#include "unit/wire/check.h"
#include "wire/sse.h"

/* A stream cut into frames. */
struct frames {
	size_t *end; /* behind each frame */
	size_t n;
	struct sse_scanner s; /* as it was left */
};

/* Feeds the scanner one piece, which stands at `from` in the stream. */
static inline void feed_piece(struct frames *f, struct str piece, size_t from)
{
	for (size_t at = 0; at < piece.n;) {
		size_t used = sse_scan(&f->s, str_from_offset(piece, at));
		CHECK(used <= piece.n - at);
		if (used == 0)
			break;
		at += used;
		/* Doubled whenever the number of frames is a power of two. */
		if ((f->n & (f->n - 1)) == 0)
			f->end = must_realloc(f->end, (2 * f->n + 1) * sizeof(*f->end));
		f->end[f->n++] = from + at;
		CHECK(sse_at_boundary(&f->s));
	}
}

/* Feeds bytes [from, to) as one piece in a block of its own. */
static inline void feed(struct frames *f, struct str stream, size_t from, size_t to)
{
	char *piece = exact_copy((struct str){ stream.p + from, to - from });

	feed_piece(f, (struct str){ piece, to - from }, from);
	CHECK(sse_scan(&f->s, (struct str){ NULL, 0 }) == 0);
	free(piece);
}

static inline void check_same_frames(const struct frames *a, const struct frames *b)
{
	CHECK(a->n == b->n);
	for (size_t i = 0; i < a->n; i++)
		CHECK(a->end[i] == b->end[i]);
	CHECK(a->s.started == b->s.started && a->s.line_empty == b->s.line_empty);
	CHECK(a->s.after_cr == b->s.after_cr);
}

/* The pieces up to a, up to b and the rest give the frames of the whole. */
static inline void check_split(const struct frames *whole, struct str stream, size_t a, size_t b)
{
	struct frames f = { .n = 0 };

	feed(&f, stream, 0, a);
	feed(&f, stream, a, b);
	feed(&f, stream, b, stream.n);
	check_same_frames(&f, whole);
	free(f.end);
}

static inline void check_bytewise(const struct frames *whole, struct str stream)
{
	struct frames f = { .n = 0 };
	char *byte = must_alloc(1);

	for (size_t i = 0; i < stream.n; i++) {
		*byte = stream.p[i];
		feed_piece(&f, (struct str){ byte, 1 }, i);
	}
	check_same_frames(&f, whole);
	free(byte);
	free(f.end);
}

static inline bool is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* A frame holds something, ends with the line end of a blank line, and none ends sooner. */
static inline void check_frame_shape(struct str frame)
{
	size_t first = 0, blank = 0;

	while (first < frame.n && is_line_end(frame.p[first]))
		first++;
	CHECK(first < frame.n && is_line_end(frame.p[frame.n - 1]));
	for (size_t i = first; i < frame.n; i++) {
		bool crlf = frame.p[i] == '\n' && frame.p[i - 1] == '\r';
		blank = !is_line_end(frame.p[i]) ? 0 : blank + !crlf;
		CHECK((blank == 2) == (i == frame.n - 1));
	}
}

/* What a reader of the stream dispatches, or what the frames say: lengths and bytes. */
static inline void log_event(struct buf *log, struct str event, struct str data)
{
	buf_add(log, (struct str){ (const char *)&event.n, sizeof(event.n) });
	buf_add(log, (struct str){ (const char *)&data.n, sizeof(data.n) });
	buf_add(log, event);
	buf_add(log, data);
}

struct reader {
	struct str event;
	struct buf data, *log;
};

/* One line, as "Interpreting an event stream" of the standard puts it. */
static inline void read_line(struct reader *r, struct str line)
{
	struct str value = { NULL, 0 };
	size_t colon = 0;

	if (line.n == 0) {
		if (r->data.n > 0)
			log_event(r->log, r->event, (struct str){ r->data.p, r->data.n - 1 });
		r->event = value;
		buf_clear(&r->data);
		return;
	}
	while (colon < line.n && line.p[colon] != ':')
		colon++;
	if (colon < line.n)
		value = (struct str){ line.p + colon + 1, line.n - colon - 1 };
	if (value.n > 0 && value.p[0] == ' ')
		value = (struct str){ value.p + 1, value.n - 1 };
	if (colon == 5 && memcmp(line.p, "event", 5) == 0) {
		r->event = value;
	} else if (colon == 4 && memcmp(line.p, "data", 4) == 0) {
		buf_add(&r->data, value);
		buf_add_char(&r->data, '\n');
	}
}

static inline void read_stream(struct buf *log, struct str s)
{
	struct reader r = { .log = log };
	size_t start = s.n >= 3 && memcmp(s.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

	buf_init(&r.data, SIZE_MAX / 2);
	for (size_t i = start; i < s.n; i++) {
		if (!is_line_end(s.p[i]))
			continue;
		read_line(&r, (struct str){ s.p + start, i - start });
		if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
			i++;
		start = i + 1;
	}
	buf_release(&r.data);
}

static inline bool lies_in(struct str s, struct str outer)
{
	return s.n == 0 || (outer.n > 0 && s.p >= outer.p && s.p + s.n <= outer.p + outer.n);
}

/* The fields of one frame, which lies in a block of its own. scratch holds anything. */
static inline void log_frame(struct buf *log, struct buf *scratch, struct str frame)
{
	char *copy = exact_copy(frame);
	struct str own = { copy, frame.n };
	struct sse_frame f;

	sse_parse(own, scratch, &f);
	CHECK(lies_in(f.event, own));
	CHECK(lies_in(f.data, own) || lies_in(f.data, buf_str(scratch)));
	CHECK(f.has_data || f.data.n == 0);
	if (f.has_data)
		log_event(log, f.event, f.data);
	free(copy);
}

/* A BOM counts at the start of the stream only; a frame by itself does not know where it stood. */
static inline bool has_late_bom(const struct frames *f, struct str stream)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_starts(str_from_offset(stream, f->end[i]), STR("\xEF\xBB\xBF")))
			return true;
	return false;
}

/* Frames of the whole stream, checked in themselves and against the slow reader. To be freed by
 * free(ret->end). */
static inline void check_stream(struct frames *ret, struct str stream)
{
	struct buf got, want, scratch;
	size_t from = 0;

	*ret = (struct frames){ .n = 0 };
	feed(ret, stream, 0, stream.n);
	buf_init(&got, SIZE_MAX / 2);
	buf_init(&want, SIZE_MAX / 2);
	buf_init(&scratch, SIZE_MAX / 2);
	for (size_t i = 0; i < ret->n; from = ret->end[i++]) {
		struct str frame = { stream.p + from, ret->end[i] - from };
		check_frame_shape(frame);
		log_frame(&got, &scratch, frame);
	}
	read_stream(&want, stream);
	CHECK(has_late_bom(ret, stream) || str_eq(buf_str(&got), buf_str(&want)));
	bool only_line_ends = true;
	for (size_t i = from; i < stream.n; i++)
		only_line_ends = only_line_ends && is_line_end(stream.p[i]);
	CHECK(sse_at_boundary(&ret->s) == only_line_ends);
	/* The rest, which has no blank line, can be read as well. */
	log_frame(&got, &scratch, str_from_offset(stream, from));
	buf_release(&got);
	buf_release(&want);
	buf_release(&scratch);
}

#endif
