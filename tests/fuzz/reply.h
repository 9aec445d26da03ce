/* SPDX-License-Identifier: MIT */
/* Any bytes as a provider's reply, for the clients of all other dialects, as a stream and as one body: what they are sent has the shape that
 * those want (unit/llm/reply_shape.h), and is the same however the bytes were cut. The first byte of the input chooses: bit 0 one body or
 * an event stream, the others the flavor, and what the client has asked for; the second one the client, and whether the bytes are cut.
 * A replayed corpus tries them all. */
#ifndef FUZZ_REPLY_H
#define FUZZ_REPLY_H

/* The fuzzer is to explore what is judged, not the judge. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif
#include "unit/llm/reply_shape.h"

enum { FUZZ_OTHERS = 3, FUZZ_HOWS = 2 * FUZZ_OTHERS };

struct fuzz_reply {
	const struct dialect *provider, *client;
	struct str input; /* behind the choice */
	unsigned char choice;
	bool stream; /* to the client */
	struct arena *a;
	struct trace trace;
	struct encoder encoder;
	struct buf out;
};

/* A request with tools that the provider knows by other names, or as functions. */
static const struct content *fuzz_content(struct arena *a, unsigned char choice)
{
	struct content *c = arena_alloc(a, sizeof(*c));
	struct tool *t;

	content_init(c, a);
	c->wants_usage = true;
	c->wants_signature = choice & 4;
	if (choice & 8)
		return c;
	t = content_add_tool(c, TOOL_FREEFORM);
	t->name = t->wire_name = STR("apply_patch");
	t = content_add_tool(c, TOOL_FUNCTION);
	t->name = STR("list");
	t->space = STR("files");
	t->wire_name = STR("files__list");
	return c;
}

static void fuzz_target(struct target *ret, unsigned char choice)
{
	static const char *const names[] = { "openai", "deepseek", "openrouter", "ollama", "vllm",
		"generic", "anthropic", "gemini" };

	*ret = (struct target){ .flavor = flavor_by_name(str_from(names[choice / 16 % 8])),
		.model = STR("some") };
	caps_of_model(&ret->caps, ret->flavor, ret->model);
}

static void fuzz_begin(struct fuzz_reply *r, struct decoder *d)
{
	struct target t;
	const struct encoder_wishes w = { .model = STR("asked\"for"),
		.random = STR("0123456789abcdefghijklmn"),
		.id = STR("req_test"),
		.created_s = 1700000000,
		.stream = r->stream,
		.max_bytes = r->choice >= 192 ? 600 : 1 << 24,
		.content = fuzz_content(r->a, r->choice) };

	fuzz_target(&t, r->choice);
	buf_init(&r->out, SIZE_MAX);
	encoder_init(&r->encoder, r->client, &w, r->a, &r->out);
	trace_init(&r->trace, &r->encoder, r->a);
	decoder_init(d, r->provider, &t, r->a, &r->trace.sink);
	d->call_prefix = r->client == &dialect_anthropic ? "toolu_" : "call_";
}

static void fuzz_end(struct fuzz_reply *r, struct decoder *d)
{
	decoder_release(d);
	encoder_release(&r->encoder);
	told_release(&r->trace.told);
	buf_release(&r->out);
}

/* Hands over each frame in a block of its own size. */
static void fuzz_frame(struct decoder *d, struct str frame)
{
	char *copy = exact_copy(frame);

	decoder_frame(d, (struct str){ copy, frame.n });
	free(copy);
}

/* In pieces of random sizes; seed 0: all at once. */
static void fuzz_feed(struct decoder *d, struct str text, uint64_t seed)
{
	struct sse_scanner s = { 0 };
	size_t from = 0, at = 0;

	while (at < text.n) {
		size_t n = seed == 0 ? text.n - at : 1 + random_below(&seed, text.n - at);
		struct str piece = { text.p + at, n };
		for (size_t used; (used = sse_scan(&s, piece)) > 0; from = at) {
			at += used;
			piece = str_from_offset(piece, used);
			fuzz_frame(d, (struct str){ text.p + from, at - from });
		}
		at += piece.n;
	}
	if (from < text.n)
		fuzz_frame(d, str_from_offset(text, from));
	decoder_end(d);
}

/* No escapes that may be cut in two, or joined: surrogates, and what is none. */
static bool has_plain_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\\')
			continue;
		if (i + 1 >= s.n || memchr("\"\\/bfnrt", s.p[i + 1], 8) == NULL)
			return false;
		i++;
	}
	return true;
}

static bool is_utf8(struct str s)
{
	struct buf b;
	size_t ascii = 0;

	while (ascii < s.n && (s.p[ascii] & 0x80) == 0)
		ascii++;
	s = str_from_offset(s, ascii);
	buf_init(&b, SIZE_MAX);
	json_add_string(&b, s); /* what is none is replaced */
	bool ret = str_find(buf_str(&b), STR("\xEF\xBF\xBD")) == b.n;
	buf_release(&b);
	return ret;
}

/* What the client was sent, against what the events said. */
static void fuzz_judge(struct fuzz_reply *r)
{
	const struct encoder *e = &r->encoder;
	struct told got;

	CHECK(e->begun == (r->out.n > 0));
	/* No character is cut in two. */
	CHECK(is_utf8(buf_str(&r->out)) || !is_utf8(r->input) || !has_plain_text(r->input));
	told_init(&got, r->a);
	if (r->stream)
		judge_stream(&got, r->client, buf_str(&r->out));
	else
		judge_whole(&got, r->client, buf_str(&r->out));
	if (!e->reply.overflow)
		judge_same(&r->trace.told, &got, r->client, has_plain_text(r->input));
	CHECK(!got.stopped || r->trace.told.stopped);
	/* Once it has begun, a stream is ended one way or the other. */
	CHECK(!r->stream || r->out.n == 0 || got.stopped || got.failed);
	told_release(&got);
}

/* The same once more, cut otherwise. */
static void fuzz_again(const struct fuzz_reply *first, uint64_t seed)
{
	struct fuzz_reply r = *first;
	struct decoder d;

	fuzz_begin(&r, &d);
	fuzz_feed(&d, r.input, seed);
	CHECK(str_eq(buf_str(&r.out), buf_str(&first->out)));
	fuzz_end(&r, &d);
}

/* how: which of the other dialects the client speaks; from there on also whether a stream is cut. */
static void fuzz_one(struct fuzz_reply *r, size_t how)
{
	static const struct dialect *const dialects[] = { &dialect_anthropic, &dialect_openai,
		&dialect_responses, &dialect_gemini };
	struct decoder d;
	size_t i = 0;

	while (dialects[i] != r->provider)
		i++;
	r->client = dialects[how % FUZZ_OTHERS + (how % FUZZ_OTHERS >= i)];
	r->a = arena_new();
	fuzz_begin(r, &d);
	if (r->choice & 1)
		decoder_body(&d, r->input);
	else
		fuzz_feed(&d, r->input, 0);
	CHECK(d.ended);
	fuzz_judge(r);
	if (!(r->choice & 1) && r->stream && how % FUZZ_HOWS >= FUZZ_OTHERS)
		fuzz_again(r, random_seed(r->input));
	fuzz_end(r, &d);
	arena_free(r->a);
}

static int fuzz_reply(const struct dialect *provider, const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	char *copy = exact_copy((struct str){ (const char *)data + 2, size - 2 });
	struct fuzz_reply r = { .provider = provider,
		.input = { copy, size - 2 },
		.choice = data[0],
		.stream = data[0] & 2 };

#ifdef FUZZ_ONE
	fuzz_one(&r, data[1]);
#else
	for (size_t how = FUZZ_OTHERS; how < FUZZ_HOWS; how++)
		fuzz_one(&r, how);
#endif
	free(copy);
	return 0;
}

#ifdef __clang__
#pragma clang attribute pop
#endif

#endif
