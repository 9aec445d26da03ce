/* SPDX-License-Identifier: MIT */
/* A hash table with a list by use. */
#include "core/conversation.h"

#include "wire/hash.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096, LANES_MAX = 8, HITS_MIN = 3, REARM = 85 };

struct conversations {
	struct conversation *slots[SLOTS];
	struct list used; /* the least recently used first */
	struct list changed;
	size_t bytes, max_bytes, n;
};

struct conversations *conversations_new(size_t max_bytes)
{
	struct conversations *c = must_alloc(sizeof(*c));

	list_init(&c->used);
	list_init(&c->changed);
	c->max_bytes = max_bytes;
	return c;
}

static size_t lane_bytes(const struct lane *l)
{
	return sizeof(*l) + l->sent.n * sizeof(*l->sent.blocks);
}

static void lane_free(struct conversations *cs, struct lane *l)
{
	cs->bytes -= lane_bytes(l);
	free(l->sent.blocks);
	free(l);
}

static void drop(struct conversations *cs, struct conversation *c)
{
	struct conversation **at = &cs->slots[c->hash % SLOTS];

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	list_remove(&c->used);
	list_remove(&c->changed);
	for (struct lane *l = c->lanes, *next; l != NULL; l = next) {
		next = l->next;
		lane_free(cs, l);
	}
	cs->bytes -= sizeof(*c) + (c->project != NULL ? strlen(c->project) + 1 : 0);
	cs->n--;
	free(c->project);
	free(c);
}

static void make_room(struct conversations *cs, const struct conversation *but)
{
	list_each (l, &cs->used) {
		struct conversation *c = container_of(l, struct conversation, used);
		if (cs->bytes <= cs->max_bytes || c == but)
			return;
		drop(cs, c);
	}
}

void conversations_free(struct conversations *c)
{
	if (c == NULL)
		return;
	list_each (l, &c->used)
		drop(c, container_of(l, struct conversation, used));
	free(c);
}

struct conversation *conversations_find(struct conversations *cs, struct str id)
{
	uint64_t h = hash_fast(id, 0);
	struct conversation *c = cs->slots[h % SLOTS];

	while (c != NULL && c->hash != h)
		c = c->next;
	return c;
}

struct conversation *conversations_get(struct conversations *cs, struct str id)
{
	struct conversation *c = conversations_find(cs, id);

	if (c == NULL) {
		c = must_alloc(sizeof(*c));
		c->hash = hash_fast(id, 0);
		c->next = cs->slots[c->hash % SLOTS];
		cs->slots[c->hash % SLOTS] = c;
		list_init(&c->used);
		list_init(&c->changed);
		cs->bytes += sizeof(*c);
		cs->n++;
	}
	list_remove(&c->used);
	list_push(&cs->used, &c->used);
	make_room(cs, c);
	return c;
}

struct lane *conversation_lane(const struct conversation *c, uint64_t who)
{
	struct lane *l = c->lanes;

	while (l != NULL && l->who != who)
		l = l->next;
	return l;
}

/* A conversation with many models keeps the latest. */
static void drop_oldest_lane(struct conversations *cs, struct conversation *c)
{
	struct lane **oldest = NULL, *gone;
	size_t n = 0;

	for (struct lane **l = &c->lanes; *l != NULL; l = &(*l)->next, n++)
		if (oldest == NULL || (*l)->at_ms < (*oldest)->at_ms)
			oldest = l;
	if (n < LANES_MAX)
		return;
	gone = *oldest;
	*oldest = gone->next;
	if (c->last == gone)
		c->last = NULL;
	lane_free(cs, gone);
}

struct lane *conversations_send(
	struct conversations *cs, struct conversation *c, uint64_t who, size_t n)
{
	struct lane *l = conversation_lane(c, who);

	if (l == NULL) {
		drop_oldest_lane(cs, c);
		l = must_alloc(sizeof(*l));
		l->who = who;
		l->next = c->lanes;
		c->lanes = l;
		cs->bytes += sizeof(*l);
	}
	cs->bytes += n * sizeof(*l->sent.blocks) - l->sent.n * sizeof(*l->sent.blocks);
	l->sent.blocks = must_realloc(l->sent.blocks, (n + 1) * sizeof(*l->sent.blocks));
	l->sent.n = n;
	c->last = l;
	make_room(cs, c);
	return l;
}

void conversations_name_project(
	struct conversations *cs, struct conversation *c, struct str project)
{
	cs->bytes -= c->project != NULL ? strlen(c->project) + 1 : 0;
	free(c->project);
	c->project = must_alloc(project.n + 1);
	memcpy(c->project, project.p, project.n);
	cs->bytes += strlen(c->project) + 1;
}

struct conversation *conversations_take_changed(struct conversations *cs)
{
	struct list *l = list_shift(&cs->changed);

	return l != NULL ? container_of(l, struct conversation, changed) : NULL;
}

void conversations_changed(struct conversations *cs, struct conversation *c)
{
	if (list_empty(&c->changed))
		list_push(&cs->changed, &c->changed);
}

size_t conversations_bytes(const struct conversations *c)
{
	return c->bytes;
}

size_t conversations_count(const struct conversations *c)
{
	return c->n;
}

/* ---- hit rate ---- */

double hits_add(struct hits *h, int64_t read, int64_t total, unsigned *ret_alarm)
{
	static const unsigned levels[] = { 40, 60, 80 };
	int64_t reads = 0, totals = 0;

	*ret_alarm = 0;
	h->read[h->at % HIT_WINDOW] = read;
	h->total[h->at % HIT_WINDOW] = total;
	h->at++;
	h->n += h->n < HIT_WINDOW;
	if (h->n < HITS_MIN)
		return -1;
	for (unsigned i = 0; i < h->n; i++) {
		reads += h->read[i];
		totals += h->total[i];
	}
	double rate = totals > 0 ? (double)reads / (double)totals : 0;
	if (rate * 100 >= REARM)
		h->alarm = 0;
	/* A rate that rises does not fall below anything. */
	for (size_t i = 0; i < ARRAY_LEN(levels) && (double)read < rate * (double)total; i++) {
		if (rate * 100 >= levels[i])
			continue;
		if (h->alarm == 0 || levels[i] < h->alarm)
			*ret_alarm = h->alarm = levels[i];
		break;
	}
	return rate;
}
