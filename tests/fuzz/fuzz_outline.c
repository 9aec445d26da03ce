/* SPDX-License-Identifier: MIT */
/* Any bytes as the body of a request: reading its outline refuses nothing that a plain walk takes, and what it says hangs
 * together. */
#include "llm/dialect.h"
#include "llm/estimate.h"
#include "llm/loss.h"
#include "llm/tag.h"
#include "llm/turn.h"
#include "unit/wire/check.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether the top level is an object without too many models: all that is asked of a body. */
static bool plain_walk(struct str body)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	size_t models = 0;

	if (!json_iter_init(&it, body, &e))
		return false;
	while (json_next(&it, &m, &e))
		models += json_key_is(m.key, STR("model"));
	return e.kind == ERR_NONE && models <= 16;
}

static void check_blocks(const struct outline *o, struct arena *a)
{
	uint64_t *chain = arena_alloc(a, (o->n + 1) * sizeof(*chain));
	struct estimator e;
	struct buf place;

	CHECK(o->level_at[0] == 0 && o->level_at[LEVELS] == o->n);
	buf_init(&place, SIZE_MAX);
	estimator_init(&e, 1);
	outline_chain(o, &(struct chain_rules){ .seed = 1 }, chain);
	for (size_t i = 0; i < o->n; i++) {
		const struct outline_block *b = &o->blocks[i];
		CHECK(chain[i] != 0);
		CHECK(i >= o->level_at[b->level] && i < o->level_at[b->level + 1]);
		CHECK(b->kind < BLOCK_KINDS && b->mark <= BREAK_1H);
		CHECK(estimator_block(&e, b) >= 0 && isfinite(estimator_block(&e, b)));
		outline_place(&place, b);
	}
	buf_release(&place);
}

/* A request that was just sent and comes again has lost nothing, and shares all blocks. */
static void check_again(const struct outline *o, struct arena *a)
{
	struct sent s = { .n = o->n, .parameters = o->parameters, .messages = o->facts.messages };
	uint64_t *chain = arena_alloc(a, (o->n + 1) * sizeof(*chain));
	double *tokens = arena_alloc(a, (o->n + 1) * sizeof(*tokens));
	struct prompt_view v = { o, chain, tokens, { 0, false, 1 } };
	struct prompt_cache *c = prompt_cache_new(1024);
	struct forecast first, second;

	s.blocks = arena_alloc(a, (o->n + 1) * sizeof(*s.blocks));
	outline_chain(o, &(struct chain_rules){ .seed = 1 }, chain);
	for (size_t i = 0; i < o->n; i++) {
		tokens[i] = (double)(i + 1);
		s.blocks[i] = (struct sent_block){
			.hash = o->blocks[i].hash, .level = o->blocks[i].level, .read = 1
		};
	}
	CHECK(loss_common(&s, &v) == o->n);
	forecast_make(&first, &v, c, 0);
	forecast_commit(&first, &v, c, 0);
	forecast_make(&second, &v, c, 1);
	CHECK(second.read_blocks == first.write_blocks && second.write_5m + second.write_1h == 0);
	CHECK(first.in + first.write_5m + first.write_1h + first.read == (int64_t)o->n);
	prompt_cache_free(c);
}

/* What is left without its tags is a request again. */
static void check_tags(struct str body, struct arena *a)
{
	struct chat c = { 0 };
	struct err e = { 0 };
	struct buf left;
	struct tags t;

	if (!tags_find(&t, body))
		return;
	buf_init(&left, SIZE_MAX);
	json_splice(&left, body, t.cuts, t.n); /* asserts that they are in order and within */
	CHECK(left.n < body.n);
	CHECK(dialect_anthropic.parse_request(&c, buf_str(&left), a, &e));
	buf_release(&left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	char *copy = must_alloc(size + 1);
	struct str body = { copy, size };
	const struct http_head head = { .n = 0 };
	struct chat c = { 0 };
	struct err e = { 0 };

	if (size > 0)
		memcpy(copy, data, size);
	bool ok = dialect_anthropic.parse_request(&c, body, a, &e);
	CHECK(ok == plain_walk(body));
	CHECK(ok == (e.kind == ERR_NONE));
	if (ok) {
		check_blocks(&c.outline, a);
		if (c.outline.n < 500) /* all of them find room in the cache */
			check_again(&c.outline, a);
		CHECK(turn_kind_name(turn_kind_of(&head, &c)) != NULL);
		turn_is_compacted(&head, &c);
		outline_identity(&c.outline);
		check_tags(body, a);
	}
	arena_free(a);
	free(copy);
	return 0;
}
