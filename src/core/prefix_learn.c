/* SPDX-License-Identifier: MIT */
/* What the provider's own figures teach: they put right the view, the model's estimator, the cache and the conversation, in this order. */
#include "core/prefix_private.h"

#include "base/clock.h"
#include "core/siblings.h"

#include <math.h>
#include <stdlib.h>

/* Makes the prefixes between two blocks, (from, to], fit a figure for the latter; from is a number of blocks. */
static void fit(struct prompt_view *v, size_t from, size_t to, double tokens)
{
	double base = from > 0 ? v->tokens[from - 1] : 0, span;

	if (to <= from)
		return;
	span = v->tokens[to - 1] - base;
	for (size_t i = from; i < to; i++)
		v->tokens[i] =
			span > 0 ? base + (v->tokens[i] - base) * (tokens - base) / span : tokens;
}

/* Moves the prefixes from a block on. */
static void shift(struct prompt_view *v, size_t from, double by)
{
	for (size_t i = from; i < v->outline->n; i++)
		v->tokens[i] += by;
}

/* The number of blocks whose tokens come nearest to a figure. */
static size_t nearest(const struct prompt_view *v, double tokens)
{
	size_t best = 0;
	double off = tokens;

	for (size_t i = 0; i < v->outline->n; i++)
		if (fabs(v->tokens[i] - tokens) < off) {
			off = fabs(v->tokens[i] - tokens);
			best = i + 1;
		}
	return best;
}

static size_t last_mark(const struct outline *o)
{
	for (size_t i = o->n; i > 0; i--)
		if (o->blocks[i - 1].mark != BREAK_NONE)
			return i;
	return 0;
}

/* Puts the view right by what the provider has counted, and says how much it read. */
static void correct(struct foresight *f, const struct usage *u)
{
	struct prompt_view *v = &f->view;
	double read = (double)known(u->cache_read), written = read + (double)known(u->cache_write);
	size_t at = f->forecast.read_blocks, mark = last_mark(v->outline);

	if (fabs(read - (double)f->forecast.read) > 0.02 * read + 64)
		at = read > 0 ? nearest(v, read) : 0;
	if (at > 0) {
		double off = read - v->tokens[at - 1];
		fit(v, 0, at, read);
		shift(v, at, off);
	}
	f->forecast.read_blocks = at;
	if (known(u->cache_write) > 0 && mark > at) {
		double off = written - v->tokens[mark - 1];
		fit(v, at, mark, written);
		shift(v, mark, off);
		f->forecast.write_blocks = mark;
	} else {
		f->forecast.write_blocks = at;
		mark = at;
	}
	fit(v, mark, v->outline->n, written + (double)known(u->in));
}

/* The new blocks were so many tokens. Without a figure of how much was read, all of them. */
static void teach(struct prefixes *p, const struct foresight *f, const struct usage *u,
	int64_t predicted_read)
{
	const struct prompt_view *v = &f->view;
	size_t from = f->forecast.read_blocks;
	struct features new = { { 0 } };
	double tokens = (double)(known(u->in) + known(u->cache_write));

	if (known(u->cache_read) > 0 && llabs(known(u->cache_read) - predicted_read) > 64)
		return;
	for (size_t i = from; i < v->outline->n; i++)
		if (v->chain[i] != 0)
			features_add(&new, &v->outline->blocks[i]);
	if (from > 0)
		new.v[FEATURE_TOOLS] = 0;
	struct model_state *m = prefix_model(p, f->who, f->view.rules.density);
	estimator_learn(&m->estimator, &new, tokens);
	m->unsaved = true;
}

/* A prefix that ought to have been written and was not is too short. */
static void learn_minimum(struct prefixes *p, const struct foresight *f, const struct usage *u)
{
	struct model_state *m = prefix_model(p, f->who, f->view.rules.density);
	size_t mark = last_mark(f->view.outline);

	if (mark > 0 && f->forecast.write_5m + f->forecast.write_1h > 0 &&
		known(u->cache_write) == 0 && u->cache_write == 0 && u->cache_read == 0 &&
		f->view.tokens[mark - 1] + 1 > (double)m->min_tokens)
		m->min_tokens = (int64_t)f->view.tokens[mark - 1] + 1;
}

/* What could have been read, in tokens of the model that was asked now. */
static int64_t expected(const struct foresight *f, const struct lane *before, const struct usage *u)
{
	int64_t total = known(u->in) + known(u->cache_read) + known(u->cache_write);
	size_t mark = before->sent.last_mark, common;
	double tokens;

	if (mark == 0)
		return 0;
	if (before->who == f->who) {
		tokens = (double)before->sent.blocks[mark - 1].tokens;
	} else {
		common = loss_common(&before->sent, &f->view);
		common = common < mark ? common : mark;
		tokens = common > 0 ? f->view.tokens[common - 1] : 0;
	}
	return tokens < (double)total ? (int64_t)(tokens + 0.5) : total;
}

/* Two users may share the name of a session, but no cache. */
static bool other_account(const struct foresight *f, const struct lane *before)
{
	return before != NULL && before->who == f->who && before->seed != f->seed;
}

static void find_loss(struct exchange *x, const struct lane *before, const struct usage *u)
{
	struct foresight *f = x->prefix;
	struct loss_case c = {
		.before = before != NULL ? &before->sent : NULL,
		.view = &f->view,
		.compacted = f->compacted,
		.at_ms = x->begin_wall_ms,
		.read = known(u->cache_read),
	};

	if (other_account(f, before)) {
		f->loss = (struct loss){ .cause = c.read > 0 ? LOSS_NONE : LOSS_FIRST };
		return;
	}
	if (before != NULL) {
		c.provider_switched = before->provider != f->provider;
		c.model_switched = before->who != f->who;
		c.expected = expected(f, before, u);
	}
	loss_find(&f->loss, &c);
}

/* What the model that was named would have counted: what the other one has counted, block by block in the proportion of what
 * is known of both; a model of which little is known by what is said of its kind. */
static void count_asked(struct prefixes *p, struct foresight *f)
{
	const struct outline *o = f->view.outline;
	const struct estimator asked = prefix_model(p, f->asked_who, f->asked_view.rules.density)
					       ->estimator,
			       answered = prefix_model(p, f->who, f->view.rules.density)->estimator;
	/* The one that answered has just told what this very request was. */
	bool known_both = asked.learned >= LEARNED_ENOUGH && answered.learned > 0;
	double sum = 0, before = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct outline_block *b = &o->blocks[i];
		double ratio = known_both
				       ? estimator_block(&asked, b) / estimator_block(&answered, b)
				       : f->asked_view.rules.density / f->view.rules.density;
		sum += (f->view.tokens[i] - before) * ratio;
		before = f->view.tokens[i];
		f->asked_view.tokens[i] = f->asked_real.tokens[i] = sum;
	}
}

/* What the other model would have read and written, by the figures that this one has told. What ends a prompt belongs to no block. */
static void imagine_asked(
	struct prefixes *p, struct foresight *f, const struct usage *u, int64_t now)
{
	int64_t total = known(u->in) + known(u->cache_read) + known(u->cache_write);
	int64_t rest = total - (int64_t)(f->view.tokens[f->view.outline->n - 1] + 0.5);
	struct forecast real;

	count_asked(p, f);
	forecast_make(&f->asked, &f->asked_view, p->cache, now);
	forecast_make(&real, &f->asked_real, p->cache, now);
	if (real.read > f->asked.read)
		f->asked = real;
	f->asked.in += known(rest);
	forecast_commit(&f->asked, &f->asked_view, p->cache, now);
}

/* The lane becomes what has just been sent. */
static void remember(
	struct prefixes *p, struct conversation *c, const struct foresight *f, int64_t now)
{
	const struct outline *o = f->view.outline;
	struct lane *l = conversations_send(p->conversations, c, f->who, o->n);
	struct sent *s = &l->sent;
	const struct cache_entry *e = NULL;

	l->provider = f->provider;
	l->seed = f->seed;
	l->at_ms = now;
	for (size_t i = 0; i < o->n; i++)
		s->blocks[i] = (struct sent_block){
			.hash = o->blocks[i].hash,
			.tokens = (float)f->view.tokens[i],
			.level = o->blocks[i].level,
			.mark = o->blocks[i].mark,
			.read = f->view.chain[i] != 0,
		};
	s->parameters = o->parameters;
	s->messages = o->facts.messages;
	s->last_mark = last_mark(o);
	s->entry = f->forecast.write_blocks;
	if (s->entry > 0)
		e = prompt_cache_find(p->cache, f->view.chain[s->entry - 1], now);
	s->end_ms = e != NULL ? e->end_ms : 0;
	c->version = now;
}

/* Where the difference stands that was the cause. */
static struct str name_place(struct exchange *x)
{
	const struct foresight *f = x->prefix;
	struct buf b;

	if (f->loss.cause < LOSS_TOOLS_ORDER || f->loss.cause > LOSS_HISTORY_EDITED ||
		f->loss.common >= f->view.outline->n)
		return STR("");
	buf_init(&b, SIZE_MAX);
	outline_place(&b, &f->view.outline->blocks[f->loss.common]);
	struct str at = arena_dup(x->arena, buf_str(&b));
	buf_release(&b);
	return at;
}

void prefix_learn(struct exchange *x, const struct outcome *o)
{
	struct prefixes *p = x->svc->prefixes;
	struct foresight *f = x->prefix;
	const struct usage *u = &o->usage;
	int64_t now = clock_wall_ms(), predicted;

	if (f == NULL || f->learned || u->in < 0 || o->status >= 400)
		return;
	f->learned = true;
	predicted = f->forecast.read;
	struct conversation *c = conversations_get(p->conversations, x->conversation);
	bool first = c->last == NULL;
	prefix_model(p, f->who, f->view.rules.density)->used_ms = now;
	if (!f->automatic)
		learn_minimum(p, f, u);
	correct(f, u);
	teach(p, f, u, predicted);
	if (!f->automatic)
		find_loss(x, c->last, u);
	forecast_commit(&f->forecast, &f->view, p->cache, now);
	if (f->rerouted)
		imagine_asked(p, f, u, now);
	remember(p, c, f, now);
	prefix_save_soon(p, c);
	if (!first && !f->automatic)
		f->hit_rate = hits_add(&c->hits, known(u->cache_read),
			known(u->in) + known(u->cache_read) + known(u->cache_write), &f->alarm);
	f->at = name_place(x);
	siblings_leave(x);
	f->view = f->asked_view = f->asked_real = (struct prompt_view){ .outline = NULL };
	exchange_free_scratch(x);
}

/* ---- money ---- */

/* Adds what so many tokens cost over reading them; what does not fit, or is not known, is left out. */
static void add_over(int64_t *pico, int64_t tokens, int64_t rate, int64_t read)
{
	int64_t more;

	if (rate >= 0 && read >= 0 && !__builtin_mul_overflow(tokens, rate - read, &more) &&
		__builtin_add_overflow(*pico, more, &more) == 0)
		*pico = more;
}

void prefix_price_loss(struct exchange *x, const struct outcome *o, const struct rates *r)
{
	struct loss *l = &x->prefix->loss;
	const struct usage *u = &o->usage;
	int64_t hour = known(u->cache_write_1h), five = known(u->cache_write) - hour,
		left = l->tokens, pico = 0;
	int64_t by_hour = left < hour ? left : hour, by_five;

	left -= by_hour;
	by_five = left < five ? left : five;
	left -= by_five;
	add_over(&pico, by_hour, r->cache_write_1h, r->cache_read);
	add_over(&pico, by_five, r->cache_write_5m, r->cache_read);
	add_over(&pico, left, r->in, r->cache_read);
	l->nano = pico / 1000 + (pico % 1000 >= 500);
}

bool prefix_counterfactual(const struct exchange *x, const struct outcome *o, struct usage *ret)
{
	const struct foresight *f = x->prefix;

	if (f == NULL || !f->rerouted || !f->learned)
		return false;
	*ret = (struct usage){ .in = f->asked.in,
		.cache_read = f->asked.read,
		.cache_write = f->asked.write_5m + f->asked.write_1h,
		.cache_write_1h = f->asked.write_1h,
		.out = o->usage.out,
		.reasoning = o->usage.reasoning };
	return true;
}
