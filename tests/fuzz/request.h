/* SPDX-License-Identifier: MIT */
/* Any bytes as a client's request, read and printed for the providers of all other dialects: what is printed of JSON has the shape that
 * those want (unit/llm/request_shape.h; what is none within a value that is handed on as it is, the provider may judge), and the same
 * request gives the same bytes. The first byte of the input chooses flavors and capabilities, the second one which provider is printed for,
 * and for which before; the rest is the body. A replayed corpus tries them all. */
#ifndef FUZZ_REQUEST_H
#define FUZZ_REQUEST_H

/* The fuzzer is to explore what is judged, not the judge. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif
#include "llm/turn.h"
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

enum { FUZZ_OTHERS = ARRAY_LEN(fuzz_targets) - 1 }; /* for each client */

struct fuzz_request {
	const struct dialect *client;
	struct str body;
	unsigned char choice;
	struct content c;
};

/* What is told of the turn refuses nothing, and hangs together. */
static void fuzz_turn(const struct fuzz_request *r, struct str path, bool taken)
{
	static const char *const agents[] = { "claude-cli/2.1", "opencode/1", "GeminiCLI-tui/0.6",
		"x" };
	struct http_header h[] = { { STR("user-agent"), str_from(agents[r->choice % 4]) },
		{ STR("originator"), STR("codex_exec") } };
	struct http_head head = { .path = path, .h = h, .n = 1 + r->choice % 3 % 2 };
	struct arena *a = arena_new_small();
	struct chat chat = { .path = path };
	struct turn_facts f;
	struct err e = { 0 };

	CHECK(r->client->parse_request(&chat, r->body, a, &e) == taken);
	if (taken) {
		turn_read(&head, &chat, &f);
		CHECK(f.kind != TURN_UNKNOWN && *turn_kind_name(f.kind) != '\0');
		CHECK(f.assistants <= f.messages && f.trail.edits <= f.trail.calls);
		CHECK(f.trail.misses <= f.trail.errors);
		CHECK(f.trail.prompt.n == 0 ||
			(f.trail.prompt.p > r->body.p && f.trail.prompt.n < r->body.n));
	}
	arena_free(a);
}

static bool fuzz_read(struct fuzz_request *r, struct arena *a)
{
	struct chat chat = { .path = r->choice % 2 == 0
					     ? STR("/v1beta/models/some:streamGenerateContent")
					     : STR("/v1beta/models/some:generateContent"),
		.bare = true };
	struct err e = { 0 };

	content_init(&r->c, a);
	bool taken = r->client->parse_request(&chat, r->body, a, &e);
	CHECK(taken == (e.kind == ERR_NONE));
	fuzz_turn(r, chat.path, taken);
	if (!taken)
		return false;
	bool ok = r->client->read_content(&r->c, &chat, &e);
	CHECK(ok == (e.kind == ERR_NONE));
	if (ok)
		content_repair(&r->c);
	return ok;
}

static bool fuzz_print(struct wire_request *w, struct fuzz_request *r, size_t i)
{
	struct target t;
	struct err e = { 0 };

	fuzz_target(&t, i, r->choice);
	buf_init(&w->body, SIZE_MAX);
	bool ok = fuzz_targets[i].dialect->print_content(w, &r->c, &t, &e);
	CHECK(ok == (e.kind == ERR_NONE));
	return ok;
}

/* The n-th that is not of the client's dialect. */
static size_t fuzz_other(const struct fuzz_request *r, size_t n)
{
	size_t i = 0;

	while (fuzz_targets[i].dialect != r->client)
		i++;
	return n < i ? n : n + 1;
}

/* The content is printed once before: when an attempt has failed, it is made again with the same content, for the same provider or for
 * another one. What comes out is judged when it is not refused, and the client has sent JSON. */
static void fuzz_twice(struct fuzz_request *r, size_t before, size_t i)
{
	struct wire_request first, second;
	struct target t;
	bool first_ok = fuzz_print(&first, r, before), ok = fuzz_print(&second, r, i);

	if (before == i)
		CHECK(ok == first_ok &&
			(!ok || str_eq(buf_str(&first.body), buf_str(&second.body))));
	fuzz_target(&t, i, r->choice);
	if (ok && json_is_value(r->body))
		request_shape_check(fuzz_targets[i].dialect, &t, buf_str(&second.body), r->c.arena);
	buf_release(&first.body);
	buf_release(&second.body);
}

static void fuzz_one(struct fuzz_request *r, size_t how)
{
	struct arena *a = arena_new();

	if (fuzz_read(r, a))
		fuzz_twice(r, fuzz_other(r, how / FUZZ_OTHERS % FUZZ_OTHERS),
			fuzz_other(r, how % FUZZ_OTHERS));
	arena_free(a);
}

static int fuzz_request(const struct dialect *client, const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	char *copy = exact_copy((struct str){ (const char *)data + 2, size - 2 });
	struct fuzz_request r = { .client = client, .body = { copy, size - 2 }, .choice = data[0] };

#ifdef FUZZ_ONE
	fuzz_one(&r, data[1]);
#else
	for (size_t how = 0; how < FUZZ_OTHERS * FUZZ_OTHERS; how++)
		fuzz_one(&r, how);
#endif
	free(copy);
	return 0;
}

#ifdef __clang__
#pragma clang attribute pop
#endif

#endif
