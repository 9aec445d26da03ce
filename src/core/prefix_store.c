/* SPDX-License-Identifier: MIT */
/* A head, then each lane with its blocks behind it. The chain is not kept: it follows from the seed, the parameters and the blocks. */
#include "core/prefix_store.h"

#include <string.h>

enum { FORMAT = 3, PROJECT_BYTES = 256, LANES_READ_MAX = 64, BLOCKS_MAX = 1 << 20 };

struct head {
	uint32_t format, lanes;
	int64_t version;
	struct hits hits;
	struct course course;
	char project[PROJECT_BYTES];
};

struct lane_head {
	uint64_t who, provider, seed;
	int64_t at_ms, end_ms;
	uint64_t system_parameters, tool_choice, thinking;
	uint64_t messages, last_mark, entry, n;
	uint8_t images, last;
};

/* ---- writing ---- */

static void add(struct buf *out, const void *p, size_t n)
{
	buf_add(out, (struct str){ p, n });
}

static void print_lane(struct buf *out, const struct lane *l, bool last)
{
	const struct sent *s = &l->sent;
	struct lane_head h;

	memset(&h, 0, sizeof(h)); /* padding as well */
	h.who = l->who;
	h.provider = l->provider;
	h.seed = l->seed;
	h.at_ms = l->at_ms;
	h.end_ms = s->end_ms;
	h.system_parameters = s->parameters.system;
	h.tool_choice = s->parameters.tool_choice;
	h.thinking = s->parameters.thinking;
	h.images = s->parameters.images;
	h.messages = s->messages;
	h.last_mark = s->last_mark;
	h.entry = s->entry;
	h.n = s->n;
	h.last = last;
	add(out, &h, sizeof(h));
	add(out, s->blocks, s->n * sizeof(*s->blocks));
}

void prefix_store_print(struct buf *out, const struct conversation *c)
{
	struct head h;

	memset(&h, 0, sizeof(h));
	h.format = FORMAT;
	h.version = c->version;
	h.hits = c->hits;
	h.course = c->course;
	if (c->project != NULL && strlen(c->project) < sizeof(h.project))
		memcpy(h.project, c->project, strlen(c->project));
	for (const struct lane *l = c->lanes; l != NULL; l = l->next)
		h.lanes++;
	add(out, &h, sizeof(h));
	for (const struct lane *l = c->lanes; l != NULL; l = l->next)
		print_lane(out, l, l == c->last);
}

/* ---- reading ---- */

static bool take(struct str *from, void *to, size_t n)
{
	if (from->n < n)
		return false;
	if (n > 0)
		memcpy(to, from->p, n);
	*from = str_from_offset(*from, n);
	return true;
}

static bool is_sound(const struct lane_head *h, struct str rest)
{
	return h->n <= BLOCKS_MAX && rest.n >= h->n * sizeof(struct sent_block) &&
	       h->last_mark <= h->n && h->entry <= h->n;
}

/* All of it, before anything is taken over. */
static bool check(struct str bytes, struct head *ret)
{
	struct lane_head lane;

	if (!take(&bytes, ret, sizeof(*ret)) || ret->format != FORMAT ||
		ret->lanes > LANES_READ_MAX || ret->hits.n > HIT_WINDOW)
		return false;
	ret->project[sizeof(ret->project) - 1] = '\0';
	ret->course.target[sizeof(ret->course.target) - 1] = '\0';
	ret->course.named[sizeof(ret->course.named) - 1] = '\0';
	if (ret->course.phase >= COURSE_PHASES)
		return false;
	for (uint32_t i = 0; i < ret->lanes; i++) {
		if (!take(&bytes, &lane, sizeof(lane)) || !is_sound(&lane, bytes))
			return false;
		bytes = str_from_offset(bytes, lane.n * sizeof(struct sent_block));
	}
	return bytes.n == 0;
}

/* The entries at the breakpoints, as far as the last one goes. */
static void revive(const struct lane *l, struct prompt_cache *cache)
{
	const struct sent *s = &l->sent;
	uint64_t chain = l->seed;
	size_t i = 0;

	for (unsigned level = 0; level < LEVELS; level++) {
		chain = outline_enter_level(&s->parameters, level, chain);
		for (; i < s->entry && s->blocks[i].level == level; i++) {
			const struct sent_block *b = &s->blocks[i];
			if (!b->read)
				continue;
			chain = outline_add_block(chain, b->hash);
			if (b->mark == BREAK_NONE && i + 1 != s->entry)
				continue;
			const struct cache_entry e = { .chain = chain,
				.end_ms = s->end_ms,
				.tokens = (uint32_t)b->tokens,
				.life_ms =
					b->mark == BREAK_1H ? CACHE_LIFE_1H_MS : CACHE_LIFE_5M_MS };
			prompt_cache_put(cache, &e);
		}
	}
}

static void read_lane(struct conversations *cs, struct conversation *c, const struct lane_head *h,
	struct str *bytes)
{
	struct lane *l = conversations_send(cs, c, h->who, h->n);
	struct sent *s = &l->sent;

	l->provider = h->provider;
	l->seed = h->seed;
	l->at_ms = h->at_ms;
	s->end_ms = h->end_ms;
	s->parameters = (struct level_parameters){ h->system_parameters, h->tool_choice,
		h->thinking, h->images != 0 };
	s->messages = h->messages;
	s->last_mark = h->last_mark;
	s->entry = h->entry;
	if (!take(bytes, s->blocks, h->n * sizeof(*s->blocks)))
		assert(!"the length was checked");
}

bool prefix_store_read(struct conversations *cs, struct conversation *c, struct str bytes,
	struct prompt_cache *cache)
{
	uint64_t last = 0;
	struct head head;
	struct lane_head h;

	if (!check(bytes, &head))
		return false;
	if (head.version <= c->version)
		return true;
	bytes = str_from_offset(bytes, sizeof(head));
	for (uint32_t i = 0; i < head.lanes && take(&bytes, &h, sizeof(h)); i++) {
		read_lane(cs, c, &h, &bytes);
		revive(c->last, cache);
		last = h.last ? h.who : last;
	}
	/* Looked for by its name: it may have had to make room for one behind it. */
	if (conversation_lane(c, last) != NULL)
		c->last = conversation_lane(c, last);
	c->hits = head.hits;
	c->course = head.course;
	c->version = head.version;
	if (c->project == NULL)
		conversations_name_project(cs, c, str_from(head.project));
	return true;
}
