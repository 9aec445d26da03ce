/* SPDX-License-Identifier: MIT */
/* What printers share: frames, and the walk over a text in pieces. */
#include "sim/reply.h"

#include "wire/json.h"

#include <string.h>

void reply_add_frame(struct frames *f, int64_t at_ms, struct str bytes)
{
	if (f->n == f->cap) {
		size_t cap = f->cap > 0 ? 2 * f->cap : 16;
		struct frame *more = arena_alloc(f->arena, cap * sizeof(*more));
		if (f->n > 0)
			memcpy(more, f->v, f->n * sizeof(*more));
		f->v = more;
		f->cap = cap;
	}
	f->v[f->n++] = (struct frame){ at_ms, arena_dup(f->arena, bytes) };
}

void reply_add_whole(const struct printing *p, struct str bytes)
{
	reply_add_frame(
		p->to, p->pace->first_ms + p->m->usage.out * p->pace->per_token_us / 1000, bytes);
}

/* ---- the stream ---- */

void writer_open(struct writer *w, const struct printing *p)
{
	*w = (struct writer){ .p = p, .at_us = p->pace->first_ms * 1000 };
	buf_init(&w->b, SIZE_MAX);
}

void writer_flush(struct writer *w)
{
	if (w->b.n > 0)
		reply_add_frame(w->p->to, w->at_us / 1000, buf_str(&w->b));
	buf_clear(&w->b);
}

void writer_pause(struct writer *w)
{
	if (w->p->pace->per_token_us > 0)
		writer_flush(w);
}

void writer_close(struct writer *w)
{
	writer_flush(w);
	buf_release(&w->b);
}

/* Where the piece that begins at `at` ends: never inside a character. */
static size_t piece_end(struct str s, size_t at, size_t n)
{
	size_t end = at + n < s.n ? at + n : s.n;

	while (end < s.n && ((unsigned char)s.p[end] & 0xc0) == 0x80)
		end++;
	return end;
}

struct pieces pieces_of(const struct writer *w, const struct part *part)
{
	return (struct pieces){ .part = part, .start_us = w->at_us };
}

bool pieces_next(struct pieces *it, struct writer *w, struct str *ret)
{
	const struct part *p = it->part;
	size_t at = it->at;

	if (at >= p->text.n)
		return false;
	it->at = piece_end(p->text, at, w->p->pace->piece_bytes);
	*ret = (struct str){ p->text.p + at, it->at - at };
	w->at_us = it->start_us +
		   p->tokens * w->p->pace->per_token_us * (int64_t)it->at / (int64_t)p->text.n;
	return true;
}

/* ---- JSON ---- */

void add_member(struct buf *b, const char *before, struct str s)
{
	buf_add(b, str_from(before));
	if (s.p != NULL)
		json_add_string(b, s);
	else
		buf_add(b, STR("null"));
}

void add_count(struct buf *b, const char *before, int64_t n)
{
	buf_addf(b, "%s%lld", before, (long long)n);
}
