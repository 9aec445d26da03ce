/* SPDX-License-Identifier: MIT */
/* A reply is scripted, asked for, and begins at the same moment: what it writes to the cache is there for the next request. */
#include "lab/replay_provider.h"

#include "sim/control.h"

#include <stdlib.h>

struct replay_provider {
	struct engine_options options;
	struct engine *engine;
	struct control control;
};

struct replay_provider *replay_provider_new(const struct prices *prices)
{
	struct replay_provider *p = must_alloc(sizeof(*p));

	p->options =
		(struct engine_options){ .prices = prices, .pace = { .piece_bytes = 1 << 20 } };
	p->engine = engine_new(&p->options);
	p->control.engine = p->engine;
	return p;
}

void replay_provider_free(struct replay_provider *p)
{
	if (p == NULL)
		return;
	engine_free(p->engine);
	free(p);
}

/* One that a request has not taken is replaced. */
static void script(struct replay_provider *p, struct str blocks)
{
	static const struct http_head head = { .method = HTTP_POST,
		.target = STR_INIT("/sim/script"),
		.path = STR_INIT("/sim/script") };
	struct control_reply ignored = { .status = 0 };
	struct buf b;

	script_clear(&p->engine->script);
	buf_init(&b, SIZE_MAX);
	buf_add(&b, STR("{\"content\":"));
	buf_add(&b, blocks);
	buf_add_char(&b, '}');
	control_answer(&p->control, &head, buf_str(&b), &ignored);
	buf_release(&ignored.body);
	buf_release(&b);
}

static void take(struct replay_answer *ret, const struct engine_reply *reply, struct arena *a)
{
	ret->status = reply->status;
	ret->n = reply->frames.n;
	ret->pieces = arena_alloc(a, (ret->n + 1) * sizeof(*ret->pieces));
	for (size_t i = 0; i < ret->n; i++)
		ret->pieces[i] = arena_dup(a, reply->frames.v[i].bytes);
}

void replay_provider_ask(struct replay_provider *p, const struct replay_question *q,
	struct arena *a, struct replay_answer *ret)
{
	struct engine_reply *reply;
	const struct bill_row *row;

	script(p, q->blocks);
	reply = engine_answer(p->engine, &q->head, q->body, q->now_ms);
	engine_begun(p->engine, reply, q->now_ms);
	*ret = (struct replay_answer){ .usage = USAGE_UNKNOWN, .cost = COST_UNKNOWN };
	take(ret, reply, a);
	row = bill_find(p->engine->bill, reply->serial);
	ret->charged = row != NULL && row->charged;
	if (ret->charged) {
		ret->usage = row->usage;
		ret->cost = row->cost;
	}
	engine_ended(p->engine, reply, false);
}
