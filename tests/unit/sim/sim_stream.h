/* SPDX-License-Identifier: MIT */
/* The streams of replies, taken apart: each event with its name and its data as JSON. */
#ifndef UNIT_SIM_SIM_STREAM_H
#define UNIT_SIM_SIM_STREAM_H

#include "unit/sim/sim_check.h"

enum { EVENTS_MAX = 600 };

struct event {
	char name[64];    /* "" without an event line */
	yyjson_doc *data; /* NULL: no JSON */
	bool done;        /* [DONE] */
};

struct events {
	struct event v[EVENTS_MAX];
	size_t n;
};

static inline void take_line(struct event *e, struct str line)
{
	if (str_starts(line, STR("event: "))) {
		str_put(e->name, sizeof(e->name), str_from_offset(line, 7));
		return;
	}
	assert_true(str_starts(line, STR("data: ")));
	struct str data = str_from_offset(line, 6);
	e->done = str_eq(data, STR("[DONE]"));
	if (e->done)
		return;
	e->data = yyjson_read(data.p, data.n, 0);
	if (e->data == NULL)
		fail_msg("no JSON: %.*s", STR_ARG(data));
}

/* end: "\n" or "\r\n"; anything else in the place of line ends is an error. */
static inline void take_events(struct events *e, struct str bytes, struct str end)
{
	char blank[5];
	struct str line;

	snprintf(blank, sizeof(blank), "%.*s%.*s", STR_ARG(end), STR_ARG(end));
	memset(e, 0, sizeof(*e));
	while (bytes.n > 0) {
		size_t n = str_find(bytes, str_from(blank));
		assert_true(n < bytes.n);
		assert_true(e->n < EVENTS_MAX);
		struct str block = { bytes.p, n };
		while (block.n > 0) {
			size_t k = str_find(block, end);
			line = (struct str){ block.p, k };
			take_line(&e->v[e->n], line);
			block = str_from_offset(block, k < block.n ? k + end.n : block.n);
		}
		e->n++;
		bytes = str_from_offset(bytes, n + strlen(blank));
	}
}

static inline void release_events(struct events *e)
{
	for (size_t i = 0; i < e->n; i++)
		yyjson_doc_free(e->v[i].data);
}

/* Asks for a stream and takes it apart. */
static inline void tell_stream(
	struct site *s, const struct question *q, struct str end, struct events *ret)
{
	struct engine_reply *r = ask(s, q);
	struct buf b = bytes_of(r);

	if (r->status != 200 || !r->streamed)
		fail_msg("no stream: %u %s", r->status, b.p);
	take_events(ret, buf_str(&b), end);
	engine_begun(s->engine, r, q->at_ms);
	engine_ended(s->engine, r, false);
	buf_release(&b);
}

#endif
