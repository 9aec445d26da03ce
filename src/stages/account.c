/* SPDX-License-Identifier: MIT */
/* What the exchange cost: each attempt by the provider's own figures, or by an estimate that says so, and their sum. */
#include "core/sessions.h"
#include "stages/stages.h"

enum {
	FRAME_BYTES = 112, /* of a text delta around its text */
	TOKEN_BYTES = 3,   /* of text a token, on the short side: an estimate should not flatter */
};

static int64_t known(int64_t n)
{
	return n > 0 ? n : 0;
}

static int64_t sum(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a > b ? a : b;
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* A stream that broke off has told its input, and only the first few tokens of its output. */
static void estimate(struct outcome *o)
{
	int64_t bytes =
		o->content_bytes > FRAME_BYTES ? (int64_t)(o->content_bytes - FRAME_BYTES) : 0;

	o->estimated = true;
	if (o->usage.in >= 0 && o->usage.out < bytes / (FRAME_BYTES + TOKEN_BYTES))
		o->usage.out = bytes / (FRAME_BYTES + TOKEN_BYTES);
}

static struct str model_of(const struct exchange *x, const struct outcome *o)
{
	if (o->answered_by.n > 0)
		return o->answered_by;
	return o->candidate.model.n > 0 ? o->candidate.model : x->chat.model;
}

static void price(const struct exchange *x, struct outcome *o)
{
	const struct price *p = prices_find(x->svc->prices, model_of(x, o));
	int64_t in = known(o->usage.in) + known(o->usage.cache_read) + known(o->usage.cache_write);

	if (p == NULL)
		return;
	struct rates r = price_rates(p, in, o->begin_wall_ms, false);
	cost_of(&r, &o->usage, &o->cost);
}

/* Refusals, failures to connect, counting and looking things up are free; what was only relayed has told nothing. */
static bool is_free(const struct exchange *x, const struct outcome *o)
{
	if (!o->sent || o->status >= 400 || x->endpoint == ENDPOINT_COUNT)
		return true;
	return x->endpoint == ENDPOINT_RELAY && x->head->method != HTTP_POST;
}

static void account(const struct exchange *x, struct outcome *o)
{
	if (is_free(x, o)) {
		o->cost = (struct cost){ 0 };
		return;
	}
	if (x->endpoint != ENDPOINT_MESSAGES)
		return;
	if (!o->whole)
		estimate(o);
	price(x, o);
}

static void add_usage(struct usage *to, const struct usage *more)
{
	to->in = sum(to->in, more->in);
	to->cache_read = sum(to->cache_read, more->cache_read);
	to->cache_write = sum(to->cache_write, more->cache_write);
	to->cache_write_1h = sum(to->cache_write_1h, more->cache_write_1h);
	to->out = sum(to->out, more->out);
	to->reasoning = sum(to->reasoning, more->reasoning);
}

/* A sum with something unknown in it is unknown. */
static void add_cost(struct cost *to, const struct cost *more)
{
	if (to->total < 0 || more->total < 0) {
		*to = COST_UNKNOWN;
		return;
	}
	to->in += more->in;
	to->cache_read += more->cache_read;
	to->cache_write_5m += more->cache_write_5m;
	to->cache_write_1h += more->cache_write_1h;
	to->out += more->out;
	to->total += more->total;
}

static struct str session_of(const struct exchange *x)
{
	struct str named = http_get(x->head, STR("x-claude-code-session-id"));

	return named.n > 0 ? named : x->chat.session;
}

enum step stage_account(struct exchange *x)
{
	x->cost = (struct cost){ 0 };
	for (struct outcome *o = x->outcomes; o != NULL; o = o->next) {
		account(x, o);
		add_usage(&x->usage, &o->usage);
		add_cost(&x->cost, &o->cost);
		x->estimated |= o->estimated;
	}
	x->session = session_of(x);
	if (x->session.n > 0)
		x->session_nano = sessions_add(x->svc->sessions, x->session, known(x->cost.total));
	return STEP_NEXT;
}
