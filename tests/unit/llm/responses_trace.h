/* SPDX-License-Identifier: MIT */
/* Replies of the Responses API, decoded and written down: one line an event. */
#ifndef UNIT_LLM_RESPONSES_TRACE_H
#define UNIT_LLM_RESPONSES_TRACE_H

#include "unit/base/check.h"

#include "llm/responses.h"
#include "wire/sse.h"

#include <stdio.h>

struct trace {
	struct sink sink;
	struct arena *a;
	struct decoder decoder;
	struct buf text;
};

static const char *const trace_stops[] = { [STOP_NONE] = "none",
	[STOP_END] = "end",
	[STOP_MAX] = "max",
	[STOP_TOOL] = "tool",
	[STOP_REFUSAL] = "refusal" };

static inline const char *trace_name_of(enum err_kind kind)
{
	static const struct {
		enum err_kind kind;
		const char *name;
	} names[] = { { ERR_INVALID, "invalid" }, { ERR_RATE, "rate" }, { ERR_CONTEXT, "context" },
		{ ERR_BILLING, "billing" }, { ERR_API, "api" }, { ERR_UPSTREAM, "upstream" } };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].kind == kind)
			return names[i].name;
	return "?";
}

/* One line an event; of texts, as they stand. */
static inline void trace_put(struct sink *self, const struct event *ev)
{
	static const char *const parts[] = {
		[PART_TEXT] = "text", [PART_CALL] = "call", [PART_REASONING] = "reasoning"
	};
	struct trace *t = container_of(self, struct trace, sink);
	const struct usage *u = &ev->usage;

	switch (ev->type) {
	case EV_BEGIN:
		break;
	case EV_START:
		buf_addf(&t->text, "start %.*s %.*s\n", STR_ARG(ev->id), STR_ARG(ev->model));
		break;
	case EV_OPEN:
		buf_addf(&t->text, "open %s%s %.*s %.*s\n", parts[ev->part],
			ev->freeform ? "!" : "", STR_ARG(ev->id), STR_ARG(ev->name));
		break;
	case EV_TEXT:
		buf_addf(&t->text, "+%.*s\n", STR_ARG(ev->text));
		break;
	case EV_SIGN:
		buf_addf(&t->text, "sign %.*s %.*s\n", STR_ARG(ev->native.code),
			STR_ARG(ev->native.payload));
		break;
	case EV_CLOSE:
		buf_add(&t->text, STR("close\n"));
		break;
	case EV_USAGE:
		if (u->in >= 0 || u->out >= 0)
			buf_addf(&t->text, "usage %d %d %d %d %d\n", (int)u->in, (int)u->cache_read,
				(int)u->cache_write, (int)u->out, (int)u->reasoning);
		break;
	case EV_STOP:
		buf_addf(&t->text, "stop %s %.*s\n", trace_stops[ev->stop], STR_ARG(ev->detail));
		break;
	case EV_ERROR:
		buf_addf(
			&t->text, "error %s %.*s\n", trace_name_of(ev->error), STR_ARG(ev->detail));
		break;
	case EV_RAW:
		fail();
	}
}

static inline void trace_begin(struct trace *t)
{
	static const struct target target = { .model = STR_INIT("gpt-6.1-sol") };

	*t = (struct trace){ .sink.put = trace_put, .a = arena_new() };
	buf_init(&t->text, SIZE_MAX);
	decoder_init(&t->decoder, &dialect_responses, &target, t->a, &t->sink);
}

static inline void trace_end(struct trace *t)
{
	decoder_release(&t->decoder);
	buf_release(&t->text);
	arena_free(t->a);
}

/* Frames as they would be found with so many bytes at a time. */
static inline void trace_feed(struct trace *t, struct str text, size_t step)
{
	struct sse_scanner s = { 0 };
	size_t from = 0;

	for (size_t at = 0; at < text.n;) {
		size_t n = text.n - at < step ? text.n - at : step;
		size_t used = sse_scan(&s, (struct str){ text.p + at, n });
		at += used > 0 ? used : n;
		if (used > 0) {
			decoder_frame(&t->decoder, (struct str){ text.p + from, at - from });
			from = at;
		}
	}
	if (from < text.n)
		decoder_frame(&t->decoder, str_from_offset(text, from));
	decoder_end(&t->decoder);
}

#endif
