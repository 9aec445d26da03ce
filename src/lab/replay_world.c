/* SPDX-License-Identifier: MIT */
/* An exchange is made here in the place of a connection; then the stages have it, and what they have made of it is answered by the
 * simulator. */
#include "lab/replay_world.h"

#include "base/clock.h"
#include "core/candidate.h"
#include "core/learned.h"
#include "core/prefix.h"
#include "core/request.h"
#include "lab/replay_reply.h"
#include "stages/stages.h"
#include "wire/hash.h"
#include "wire/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replay_world {
	struct replay_way *way;
	struct services svc;
	struct replay_provider *provider;
	uint64_t number; /* of requests so far */
};

struct replay_world *replay_world_new(struct replay_way *way, struct loop *loop)
{
	struct replay_world *w = must_alloc(sizeof(*w));

	w->way = way;
	w->svc = (struct services){
		.loop = loop, .config = way->config, .prices = way->prices, .proxy = { "", "", "" }
	};
	buf_init(&w->svc.spare_body, SIZE_MAX);
	w->svc.prefixes = prefixes_new(&w->svc);
	w->provider = replay_provider_new(way->prices);
	return w;
}

void replay_world_free(struct replay_world *w)
{
	if (w == NULL)
		return;
	prefixes_free(w->svc.prefixes);
	replay_provider_free(w->provider);
	buf_release(&w->svc.spare_body);
	free(w);
}

void replay_visit_begin(struct replay_visit *v, const struct replay_frame *frames)
{
	replay_client_init(&v->client, frames);
	v->arena = arena_new();
	v->nano = 0;
	v->answered = must_alloc(frames->session->nconversations * sizeof(*v->answered));
}

void replay_visit_end(struct replay_visit *v)
{
	replay_client_release(&v->client);
	arena_free(v->arena);
	free(v->answered);
}

/* ---- the exchange ---- */

static struct exchange *begin(
	struct replay_world *w, struct replay_visit *v, const struct replay_request *r)
{
	struct arena *a = arena_new();
	struct exchange *x = arena_alloc(a, sizeof(*x));

	x->arena = a;
	x->svc = &w->svc;
	x->config = config_ref(w->way->config);
	x->head = &v->client.frames[r->conversation].head;
	x->usage = USAGE_UNKNOWN;
	x->cost = COST_UNKNOWN;
	x->begin_ns = clock_mono_ns();
	x->begin_wall_ms = clock_wall_ms();
	x->endpoint = endpoint_find(x->head, &x->dialect);
	buf_init(&x->body, SIZE_MAX);
	replay_body(&v->client, r, &x->body);
	return x;
}

static void end(struct exchange *x)
{
	exchange_free_body(x);
	exchange_free_scratch(x);
	config_unref(x->config);
	arena_free(x->arena);
}

/* What the proxy does before it asks anybody. */
static bool prepare(struct replay_world *w, struct exchange *x)
{
	if (stage_decode(x) != STEP_NEXT || stage_identify(x) != STEP_NEXT)
		return false;
	if (w->way->policy->kind != POLICY_PROFILE) {
		if (!replay_policy_route(w->way->policy, x, w->number))
			return false;
	} else if (stage_route(x) != STEP_NEXT) {
		return false;
	}
	return stage_foresee(x) == STEP_NEXT;
}

/* ---- the provider ---- */

/* The blocks of a reply as one array. */
static void add_blocks(const struct replay_turn *reply, struct buf *b)
{
	buf_add_char(b, '[');
	for (size_t i = 0; i < reply->n; i++) {
		if (i > 0)
			buf_add_char(b, ',');
		buf_add(b, reply->b[i].json);
	}
	buf_add_char(b, ']');
}

/* The request that was built, as the provider sees it. */
static struct http_head head_of(const struct upstream_request *rq)
{
	struct str target = str_from(rq->target);
	size_t query = str_find_char(target, '?');

	return (struct http_head){ .method = rq->method,
		.target = target,
		.path = { target.p, query },
		.query = str_from_offset(target, query + (query < target.n)),
		.minor = 1,
		.h = (struct http_header *)(uintptr_t)rq->h,
		.n = rq->n };
}

struct asking {
	struct replay_world *w;
	struct replay_visit *v;
	const struct replay_request *r;
	struct exchange *x;
	struct outcome o;
	struct replay_answer answer;
	struct str error;
};

static void receive(struct asking *q)
{
	struct replay_reply reply = { .x = q->x,
		.o = &q->o,
		.arena = q->v->arena,
		.recorded = q->r->reply,
		.received = &q->v->client.received[q->r->reply->number] };

	reply.received->conversation = q->r->conversation;
	reply.received->forgotten = false;
	replay_reply_take(&reply, &q->answer);
	q->error = reply.error;
	q->w->way->bill.differs += reply.differs;
}

/* Whoever cannot be asked that is passed by, as in the proxy. */
static bool build(struct asking *q, struct buf *spliced, struct upstream_request *rq)
{
	struct exchange *x = q->x;

	for (;; x->plan.at++) {
		x->err = (struct err){ 0 };
		q->o.candidate = x->plan.c[x->plan.at];
		prefix_foresee(x);
		if (request_build(x, &q->o.candidate, spliced, rq))
			return true;
		buf_release(spliced);
		if (x->plan.at + 1 >= x->plan.n)
			return false;
	}
}

static void ask(struct asking *q)
{
	struct upstream_request rq;
	struct buf spliced, blocks;

	buf_init(&spliced, SIZE_MAX);
	buf_init(&blocks, SIZE_MAX);
	if (!build(q, &spliced, &rq)) {
		q->error = str_from(err_message(&q->x->err));
	} else {
		add_blocks(q->r->reply, &blocks);
		const struct replay_question question = { .head = head_of(&rq),
			.body = rq.body,
			.blocks = buf_str(&blocks),
			.now_ms = clock_wall_ms() };
		replay_provider_ask(q->w->provider, &question, q->x->arena, &q->answer);
		receive(q);
	}
	buf_release(&spliced);
	buf_release(&blocks);
}

/* ---- the bill ---- */

static void add_usage(struct replay_sum *s, const struct replay_answer *row)
{
	s->requests++;
	s->tokens.in += row->usage.in;
	s->tokens.cache_read += row->usage.cache_read;
	s->tokens.cache_write += row->usage.cache_write;
	s->tokens.cache_write_1h += row->usage.cache_write_1h;
	s->tokens.out += row->usage.out;
	s->unpriced += row->cost.total < 0;
	s->nano += known(row->cost.total);
}

static struct replay_model *model_row(struct replay_bill *b, const char *name)
{
	for (size_t i = 0; i < b->nmodels; i++)
		if (strcmp(b->models[i].name, name) == 0)
			return &b->models[i];
	if (b->nmodels == REPLAY_MODELS_MAX)
		return &b->models[b->nmodels - 1];
	str_put(b->models[b->nmodels].name, sizeof(b->models->name),
		b->nmodels + 1 == REPLAY_MODELS_MAX ? STR("others") : str_from(name));
	return &b->models[b->nmodels++];
}

static void count_change(struct asking *q, const char *name)
{
	uint64_t *last = &q->v->answered[q->r->conversation], hash = hash_fast(str_from(name), 0);

	q->w->way->bill.changes += *last != 0 && *last != hash;
	*last = hash;
}

static void charge(struct asking *q)
{
	struct replay_bill *b = &q->w->way->bill;
	const struct replay_answer *row = &q->answer;
	char name[sizeof(b->models->name)];

	if (!row->charged)
		return;
	snprintf(name, sizeof(name), "%.*s/%.*s", STR_ARG(q->o.candidate.provider->name),
		STR_ARG(candidate_model(q->x, &q->o.candidate)));
	add_usage(&b->total, row);
	add_usage(&b->kinds[q->r->kind], row);
	add_usage(&model_row(b, name)->sum, row);
	q->v->nano += known(row->cost.total);
	if (q->x->prefix != NULL)
		b->predicted_read += q->x->prefix->forecast.read;
	count_change(q, name);
}

static void note_error(struct replay_bill *b, struct str why)
{
	b->failed++;
	if (b->nerrors == REPLAY_ERRORS_MAX)
		return;
	str_put(b->errors[b->nerrors], sizeof(b->errors[0]), why);
	for (char *p = b->errors[b->nerrors]; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	b->nerrors++;
}

/* One try. Returns false when it is to be made again, without thinking. */
static bool try(
	struct replay_world *w, struct replay_visit *v, const struct replay_request *r, bool last)
{
	struct asking q = { .w = w, .v = v, .r = r, .x = begin(w, v, r) };
	bool again = false;

	if (!prepare(w, q.x)) {
		q.error = q.x->err.kind != ERR_NONE ? str_from(err_message(&q.x->err))
						    : STR("it could not be prepared");
	} else {
		q.o = (struct outcome){ .usage = USAGE_UNKNOWN,
			.cost = COST_UNKNOWN,
			.begin_wall_ms = clock_wall_ms() };
		ask(&q);
		charge(&q);
		again = !last && q.o.status == 400 &&
			str_find(q.error, STR("thinking")) < q.error.n;
	}
	if (again)
		replay_client_forget(&v->client, r->conversation);
	else if (q.error.p != NULL)
		note_error(&w->way->bill, q.error);
	w->way->bill.retried += again;
	end(q.x);
	return !again;
}

void replay_world_ask(
	struct replay_world *w, struct replay_visit *v, const struct replay_request *r)
{
	replay_client_begin(&v->client, r);
	if (!try(w, v, r, false))
		(void)!try(w, v, r, true);
	w->number++;
}
