/* SPDX-License-Identifier: MIT */
/* The neutral reply: a run of events down a chain of sinks. An event's bytes live until put() returns. */
#ifndef LLM_EVENT_H
#define LLM_EVENT_H

#include "base/str.h"

/* Token counts of a reply, in the terms of the Anthropic API: input excludes what was read from or written to
 * the cache, writes are all writes and cache_write_1h those of them that are to last an hour, output is all output and
 * reasoning a part of it. A count that the provider has not told is -1. */
struct usage {
	int64_t in, cache_read, cache_write, cache_write_1h, out, reasoning;
};
#define USAGE_UNKNOWN ((struct usage){ -1, -1, -1, -1, -1, -1 })

enum event_type {
	EV_RAW,   /* only relayed: nothing in it needs to be understood */
	EV_START, /* the reply begins; usage so far */
	EV_USAGE, /* cumulative counts: known members replace earlier ones */
	EV_STOP,  /* the reply is complete */
	EV_ERROR, /* the provider reports a failure within the stream; text is its type */
};

struct event {
	enum event_type type;
	struct str raw; /* the provider's own bytes */
	struct str text;
	struct str detail; /* of EV_ERROR: the message, for people */
	struct str model;  /* of EV_START: the model that answers */
	struct usage usage;
};

struct sink {
	void (*put)(struct sink *self, const struct event *ev);
	struct sink *next;
};

static inline void sink_pass(struct sink *s, const struct event *ev)
{
	s->next->put(s->next, ev);
}

/* Takes over the members of `more` that are known. */
static inline void usage_merge(struct usage *u, const struct usage *more)
{
	u->in = more->in >= 0 ? more->in : u->in;
	u->cache_read = more->cache_read >= 0 ? more->cache_read : u->cache_read;
	u->cache_write = more->cache_write >= 0 ? more->cache_write : u->cache_write;
	u->cache_write_1h = more->cache_write_1h >= 0 ? more->cache_write_1h : u->cache_write_1h;
	u->out = more->out >= 0 ? more->out : u->out;
	u->reasoning = more->reasoning >= 0 ? more->reasoning : u->reasoning;
}

#endif
