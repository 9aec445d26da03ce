/* SPDX-License-Identifier: MIT */
/* Any bytes as a client's request, read and printed for the providers of all other dialects: what is printed of JSON has the shape that
 * those want (unit/llm/request_shape.h; what is none within a value that is handed on as it is, the provider may judge), and the same
 * request gives the same bytes. The first byte of the input chooses flavors and
 * capabilities; the rest is the body. */
#ifndef FUZZ_REQUEST_H
#define FUZZ_REQUEST_H

/* The fuzzer is to explore what is judged, not the judge. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif
#include "unit/llm/request_shape.h"

/* For each dialect, whom a request may be printed for. */
static const struct {
	const struct dialect *dialect;
	const char *flavors[4], *models[4];
} fuzz_targets[] = {
	{ &dialect_anthropic, { "anthropic", "bedrock", "deepseek", "generic" },
		{ "claude-haiku-4-5", "claude-opus-5-5", "claude-sonnet-5", "claude-opus-4-6" } },
	{ &dialect_openai, { "openai", "deepseek", "openrouter", "vllm" },
		{ "gpt-5.4", "deepseek-chat", "anthropic/claude-sonnet-5", "qwen3" } },
	{ &dialect_responses, { "openai", "openai", "azure", "generic" },
		{ "gpt-6-sol", "gpt-5.4", "gpt-4.1", "o4-mini" } },
	{ &dialect_gemini, { "gemini", "gemini", "vertex", "generic" },
		{ "gemini-3.8-flash", "gemini-2.5-pro", "gemini-4-argon", "gemini-2.5-flash" } },
};

/* The same byte, the same target: every bit of its capabilities may be the other way round. */
static void fuzz_target(struct target *ret, size_t i, unsigned char choice)
{
	uint64_t seed = random_seed((struct str){ (const char *)&choice, 1 }) + i;
	struct caps *c = &ret->caps;
	bool *const bits[] = { &c->sampling, &c->stop, &c->reasons, &c->forced_tools, &c->prefill,
		&c->mid_system, &c->vision, &c->pdf, &c->json_schema, &c->between_tools,
		&c->stream_usage };

	*ret = (struct target){ .default_max_tokens = 32000 };
	random_next(&seed);
	ret->flavor = flavor_by_name(str_from(fuzz_targets[i].flavors[choice % 4]));
	ret->model = str_from(fuzz_targets[i].models[choice / 4 % 4]);
	caps_of_model(c, ret->flavor, ret->model);
	ret->count = choice % 32 == 31;
	for (size_t b = 0; b < ARRAY_LEN(bits) && choice >= 64; b++)
		*bits[b] ^= random_below(&seed, 4) == 0;
}
#ifdef __clang__
#pragma clang attribute pop
#endif

static bool fuzz_read(
	struct content *c, const struct dialect *client, struct str input, struct arena *a)
{
	struct chat chat = { .path = input.p[0] % 2 == 0
					     ? STR("/v1beta/models/some:streamGenerateContent")
					     : STR("/v1beta/models/some:generateContent"),
		.bare = true };
	struct err e = { 0 };

	content_init(c, a);
	if (!client->parse_request(&chat, str_from_offset(input, 1), a, &e)) {
		CHECK(e.kind != ERR_NONE);
		return false;
	}
	bool ok = client->read_content(c, &chat, &e);
	CHECK(ok == (e.kind == ERR_NONE));
	if (ok)
		content_repair(c);
	return ok;
}

/* Prints; what comes out is judged when it is not refused, and the client has sent JSON. */
static bool fuzz_print(struct wire_request *w, struct content *c, size_t i, struct str input)
{
	struct target t;
	struct err e = { 0 };

	fuzz_target(&t, i, (unsigned char)input.p[0]);
	buf_init(&w->body, SIZE_MAX);
	bool ok = fuzz_targets[i].dialect->print_content(w, c, &t, &e);
	CHECK(ok == (e.kind == ERR_NONE));
	if (ok && json_is_value(str_from_offset(input, 1)))
		request_shape_check(fuzz_targets[i].dialect, &t, buf_str(&w->body), c->arena);
	return ok;
}

/* A request of its own, printed twice: an attempt that failed is made again with the same content. */
static void fuzz_one(const struct dialect *client, struct str input, size_t i)
{
	struct arena *a = arena_new();
	struct wire_request first, second;
	struct content c;

	if (fuzz_read(&c, client, input, a)) {
		bool ok = fuzz_print(&first, &c, i, input);
		CHECK(fuzz_print(&second, &c, i, input) == ok);
		CHECK(!ok || str_eq(buf_str(&first.body), buf_str(&second.body)));
		buf_release(&first.body);
		buf_release(&second.body);
	}
	arena_free(a);
}

/* One content for all of them, as when one provider after the other fails. */
static void fuzz_all(const struct dialect *client, struct str input)
{
	struct arena *a = arena_new();
	struct wire_request w;
	struct content c;

	if (fuzz_read(&c, client, input, a))
		for (size_t n = 0; n < ARRAY_LEN(fuzz_targets); n++) {
			size_t i = (n + (unsigned char)input.p[0]) % ARRAY_LEN(fuzz_targets);
			if (fuzz_targets[i].dialect == client)
				continue;
			fuzz_print(&w, &c, i, input);
			buf_release(&w.body);
		}
	arena_free(a);
}

static int fuzz_request(const struct dialect *client, const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	char *copy = exact_copy((struct str){ (const char *)data, size });
	struct str input = { copy, size };

	for (size_t i = 0; i < ARRAY_LEN(fuzz_targets); i++)
		if (fuzz_targets[i].dialect != client)
			fuzz_one(client, input, i);
	fuzz_all(client, input);
	free(copy);
	return 0;
}

#endif
