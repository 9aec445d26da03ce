/* SPDX-License-Identifier: MIT */
/* Two lists, looked through from the front: they are short. */
#include "core/siblings.h"

#include "core/prefix.h"

#include <stdlib.h>

struct sibling {
	struct list link; /* among the writers, or among those that wait */
	struct exchange *x;
	bool waits;
	/* What it writes: prefixes that end at a breakpoint, the longest first. */
	uint64_t chain[CACHE_BREAKPOINTS];
	double tokens[CACHE_BREAKPOINTS];
	unsigned n;
	/* while it waits */
	const struct sibling *first; /* for this one; NULL: no more */
	struct timer *timer;
	uint64_t since_ms, until_ms; /* 0: it has not waited */
	void (*again)(struct exchange *x);
};

struct siblings {
	struct list writers, waiters; /* in the order in which they came */
	size_t nwriters, nwaiters;
};

struct siblings *siblings_new(void)
{
	struct siblings *s = must_alloc(sizeof(*s));

	list_init(&s->writers);
	list_init(&s->waiters);
	return s;
}

void siblings_free(struct siblings *s)
{
	if (s == NULL)
		return;
	assert(list_empty(&s->writers) && list_empty(&s->waiters));
	free(s);
}

/* Where there are no breakpoints, nobody can tell what would be written. */
static bool writes_enough(const struct exchange *x)
{
	const struct foresight *f = x->prefix;

	return x->svc->siblings != NULL && x->config->gather_wait_ms > 0 && f != NULL &&
	       !f->automatic && !f->learned &&
	       f->forecast.write_5m + f->forecast.write_1h >= x->config->gather_min_tokens;
}

static void note_writes(struct sibling *s)
{
	const struct foresight *f = s->x->prefix;
	const struct prompt_view *v = &f->view;

	s->n = 0;
	for (size_t i = v->outline->n; i-- > f->forecast.read_blocks && s->n < CACHE_BREAKPOINTS;) {
		if (v->outline->blocks[i].mark == BREAK_NONE || v->chain[i] == 0 ||
			v->tokens[i] < (double)v->rules.min_tokens)
			continue;
		s->chain[s->n] = v->chain[i];
		s->tokens[s->n++] = v->tokens[i];
	}
}

/* How much of what one is to write another one writes already, in tokens of the whole prefix. */
static double shared(const struct sibling *s, const struct sibling *writer)
{
	for (unsigned i = 0; i < s->n; i++)
		for (unsigned k = 0; k < writer->n; k++)
			if (s->chain[i] == writer->chain[k])
				return s->tokens[i];
	return 0;
}

/* The one that writes most of it; of equals the one that came first. */
static const struct sibling *find_writer(const struct siblings *all, const struct sibling *s)
{
	const struct sibling *best = NULL;
	double most = (double)(s->x->prefix->forecast.read + s->x->config->gather_min_tokens);

	for (struct list *it = all->writers.next; it != &all->writers; it = it->next) {
		const struct sibling *writer = container_of(it, struct sibling, link);
		double tokens = shared(s, writer);
		if (best == NULL ? tokens >= most : tokens > most) {
			best = writer;
			most = tokens;
		}
	}
	return best;
}

static void stop(struct sibling *s)
{
	struct siblings *all = s->x->svc->siblings;
	uint64_t now = loop_now_ms(s->x->svc->loop);

	list_remove(&s->link);
	all->nwaiters--;
	timer_free(s->timer);
	s->timer = NULL;
	s->waits = false;
	s->x->gathered_ms = now - s->since_ms;
}

/* The one that it has waited for is there, or is gone, or it was long enough. */
static void go_on(void *ctx)
{
	struct sibling *s = ctx;

	stop(s);
	s->again(s->x);
}

static void wait_for(struct siblings *all, struct sibling *s, const struct sibling *writer)
{
	struct exchange *x = s->x;

	if (s->until_ms == 0) {
		s->since_ms = loop_now_ms(x->svc->loop);
		s->until_ms = s->since_ms + x->config->gather_wait_ms;
	}
	s->waits = true;
	s->first = writer;
	list_push(&all->waiters, &s->link);
	all->nwaiters++;
	s->timer = timer_new(x->svc->loop, go_on, s);
	timer_at(s->timer, s->until_ms);
}

static struct sibling *make(struct exchange *x, void (*again)(struct exchange *x))
{
	struct sibling *s = arena_alloc(x->arena, sizeof(*s));

	*s = (struct sibling){ .x = x, .again = again };
	list_init(&s->link);
	return s;
}

bool siblings_wait(struct exchange *x, void (*again)(struct exchange *x))
{
	struct siblings *all = x->svc->siblings;
	struct sibling *s = x->sibling;

	if (!writes_enough(x))
		return false;
	if (s == NULL)
		s = x->sibling = make(x, again);
	note_writes(s);
	const struct sibling *writer = find_writer(all, s);
	bool late = s->until_ms != 0 && loop_now_ms(x->svc->loop) >= s->until_ms;
	if (writer != NULL && !late && all->nwaiters < SIBLINGS_WAITERS_MAX) {
		wait_for(all, s, writer);
		return true;
	}
	if (s->n > 0 && all->nwriters < SIBLINGS_WRITERS_MAX) {
		list_push(&all->writers, &s->link);
		all->nwriters++;
	}
	return false;
}

/* In the order in which they came, in the next round of the loop. */
static void wake(struct siblings *all, const struct sibling *writer, uint64_t now)
{
	for (struct list *it = all->waiters.next; it != &all->waiters; it = it->next) {
		struct sibling *s = container_of(it, struct sibling, link);
		if (s->first != writer)
			continue;
		s->first = NULL;
		timer_at(s->timer, now);
	}
}

void siblings_leave(struct exchange *x)
{
	struct sibling *s = x->sibling;

	if (s == NULL || list_empty(&s->link))
		return;
	if (s->waits) {
		stop(s);
		return;
	}
	list_remove(&s->link);
	x->svc->siblings->nwriters--;
	wake(x->svc->siblings, s, loop_now_ms(x->svc->loop));
}
