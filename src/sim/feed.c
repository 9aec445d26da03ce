/* SPDX-License-Identifier: MIT */
/* Counts and digests in step: a boundary falls behind the token with which the count reaches it. */
#include "sim/feed.h"

#include "sim/canon.h"
#include "sim/image.h"

#include <string.h>

enum { UNREADABLE_PIXELS = 1024 };

void feed_begin(struct feed *f, struct prompt *to, const struct model *m, struct arena *a)
{
	const struct auto_cache *cache = m->family->cache;

	*to = (struct prompt){
		.unit = cache->unit, .life_ms = cache->life_ms, .writes = cache->writes
	};
	*f = (struct feed){ .to = to, .arena = a, .tokenizer = m->family->tokenizer };
	f->next = to->unit;
	buf_init(&f->pending, SIZE_MAX);
	feed_apart(f, m->canonical);
}

void feed_apart(struct feed *f, struct str what)
{
	hash_chain(&f->chain, what);
}

static void note_unit(struct feed *f)
{
	struct prompt *p = f->to;

	if (p->nunits == f->cap) {
		size_t cap = f->cap > 0 ? 2 * f->cap : 64;
		struct digest *more = arena_alloc(f->arena, cap * sizeof(*more));
		if (p->nunits > 0)
			memcpy(more, p->units, p->nunits * sizeof(*more));
		p->units = more;
		f->cap = cap;
	}
	hash_chain(&f->chain, buf_str(&f->pending));
	buf_clear(&f->pending);
	p->units[p->nunits++] = f->chain;
}

static void add(struct feed *f, struct str bytes, int64_t tokens)
{
	buf_add(&f->pending, bytes);
	f->to->tokens += tokens;
	for (; f->to->tokens >= f->next; f->next += f->to->unit)
		note_unit(f);
}

void feed_block(struct feed *f, char role, enum token_kind kind)
{
	char head[4] = { '\0', role, (char)('0' + kind), ':' };

	add(f, (struct str){ head, sizeof(head) }, tokens_of(f->tokenizer, kind, 0));
}

void feed_text(struct feed *f, struct str text)
{
	size_t end;

	for (size_t at = 0; at < text.n; at = end) {
		int64_t tokens = token_piece(text, at, &end);
		add(f, (struct str){ text.p + at, end - at }, tokens);
	}
	add(f, (struct str){ "\0", 1 }, 0);
}

void feed_json(struct feed *f, yyjson_val *v)
{
	struct buf b;

	if (v == NULL)
		return;
	buf_init(&b, SIZE_MAX);
	canon_json(&b, v);
	feed_text(f, buf_str(&b));
	buf_release(&b);
}

void feed_opaque(struct feed *f, struct str bytes, int64_t tokens)
{
	struct digest d = hash_of(bytes);

	add(f, (struct str){ (const char *)d.b, sizeof(d.b) }, tokens);
}

void feed_image(struct feed *f, struct str base64)
{
	int64_t w, h;

	if (!image_size(base64, &w, &h))
		w = h = UNREADABLE_PIXELS;
	feed_opaque(f, base64, tokens_of_image(f->tokenizer, w, h));
}

void feed_end(struct feed *f)
{
	f->to->tokens += tokens_of_tail(f->tokenizer);
	buf_release(&f->pending);
}
