/* SPDX-License-Identifier: MIT */
/* Rows from exchanges, and a watch over the writer: it works on a thread of its own and has no voice. */
#include "core/ledger.h"

#include "base/clock.h"
#include "core/access_log.h"
#include "core/candidate.h"
#include "core/decision.h"
#include "core/prefix.h"

#include <stdlib.h>

enum {
	LOOK_MS = 500,     /* between looks at the writer while rows wait */
	TEXT_MAX = 200,    /* bytes of a name */
	REMIND_MS = 60000, /* between log lines about a failure that lasts */
	NS_PER_US = 1000,
};

struct ledger {
	struct services *svc;
	struct writer *writer;
	const char *path;
	struct timer *look;
	bool looking, failing;
	uint64_t dropped, said_ms;
};

/* ---- watching ---- */

static void say_failing(struct ledger *l, const struct writer_state *s, uint64_t now)
{
	if (l->failing && now < l->said_ms + REMIND_MS)
		return;
	l->said_ms = now;
	log_message(l->svc->log, LOG_ERROR,
		"the ledger '%s' cannot be written: %s; requests go on, %zu of them wait to be recorded",
		l->path, s->last.text, s->waiting);
}

static void look(void *ctx)
{
	struct ledger *l = ctx;
	struct writer_state s;
	uint64_t now = loop_now_ms(l->svc->loop);

	writer_state(l->writer, &s);
	if (s.failing)
		say_failing(l, &s, now);
	else if (l->failing)
		log_message(l->svc->log, LOG_WARN, "the ledger '%s' can be written again", l->path);
	l->failing = s.failing;
	if (s.dropped > l->dropped)
		log_message(l->svc->log, LOG_ERROR,
			"the ledger '%s' has lost %llu exchanges: its queue was full, or it refused them",
			l->path, (unsigned long long)(s.dropped - l->dropped));
	l->dropped = s.dropped;
	l->looking = s.waiting > 0 || s.failing;
	if (l->looking)
		timer_at(l->look, now + LOOK_MS);
}

/* ---- life ---- */

struct ledger *ledger_new(struct services *svc, const struct store_driver *driver, const char *path)
{
	struct ledger *l = must_alloc(sizeof(*l));
	const struct writer_options o = {
		.driver = driver,
		.path = path,
		.flush_ms = svc->config->store_flush_ms,
		.queue_rows = (size_t)svc->config->store_queue_rows,
		.keep_days = (uint64_t)svc->config->store_keep_days,
		.keep_bytes = (uint64_t)svc->config->store_keep_bytes,
	};

	*l = (struct ledger){ .svc = svc, .path = path, .writer = writer_new(&o) };
	l->look = timer_new(svc->loop, look, l);
	l->looking = true;
	timer_at(l->look, loop_now_ms(svc->loop) + LOOK_MS);
	return l;
}

void ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	timer_free(l->look);
	size_t lost = writer_free(l->writer, l->svc->config->store_end_ms);
	if (lost > 0)
		log_message(l->svc->log, LOG_ERROR,
			"the ledger '%s' could not be written: %zu exchanges are lost", l->path,
			lost);
	free(l);
}

bool ledger_has_room(const struct ledger *l)
{
	return writer_has_room(l->writer, l->svc->open);
}

void ledger_keep(struct ledger *l, const struct store_value *value)
{
	/* What finds no room is remembered again with the next change. */
	(void)!writer_put(l->writer, value);
}

void ledger_state(struct ledger *l, struct writer_state *ret)
{
	writer_state(l->writer, ret);
}

const char *ledger_path(const struct ledger *l)
{
	return l->path;
}

/* ---- rows ---- */

static int64_t us_between(uint64_t from_ns, uint64_t to_ns)
{
	return from_ns != 0 && to_ns >= from_ns ? (int64_t)((to_ns - from_ns) / NS_PER_US) : -1;
}

static struct ledger_tokens tokens_of(const struct usage *u)
{
	int64_t hour = u->cache_write_1h > 0 ? u->cache_write_1h : 0;

	return (struct ledger_tokens){
		.in = u->in,
		.cache_read = u->cache_read,
		.cache_write_5m = u->cache_write > hour ? u->cache_write - hour
				  : u->cache_write < 0  ? -1
							: 0,
		.cache_write_1h = u->cache_write_1h,
		.out = u->out,
		.reasoning = u->reasoning,
	};
}

static struct ledger_cost cost_row(const struct cost *c)
{
	return (struct ledger_cost){ c->in, c->cache_read, c->cache_write_5m, c->cache_write_1h,
		c->out, c->total };
}

/* A client may call a model or a session as it likes; the ledger keeps the beginning, up to a whole character. */
static struct str bounded(struct str s)
{
	if (s.n > TEXT_MAX)
		for (s.n = TEXT_MAX; s.n > 0 && ((unsigned char)s.p[s.n] & 0xC0) == 0x80;)
			s.n--;
	return s;
}

static struct str model_sent(const struct exchange *x, const struct candidate *c)
{
	return c->model.n > 0 ? c->model : x->chat.model;
}

static struct str key_name(const struct exchange *x, const struct candidate *c)
{
	if (c->key != NULL)
		return c->key->name;
	return str_from(candidate_key(x, c).n > 0 ? "api_key" : "client");
}

static struct ledger_attempt attempt_row(const struct exchange *x, const struct outcome *o)
{
	return (struct ledger_attempt){
		.provider = o->candidate.provider->name,
		.model = bounded(
			o->answered_by.n > 0 ? o->answered_by : model_sent(x, &o->candidate)),
		.key = key_name(x, &o->candidate),
		.outcome = o->error.n > 0 ? bounded(o->error) : str_from(o->what),
		.status = o->status,
		.estimated = o->estimated,
		.tokens = tokens_of(&o->usage),
		.cost = cost_row(&o->cost),
		.begin_ms = o->begin_wall_ms,
		.first_us = us_between(o->begin_ns, o->first_ns),
		.duration_us = us_between(o->begin_ns, o->end_ns),
	};
}

static struct str error_of(const struct exchange *x)
{
	if (x->err.kind != ERR_NONE)
		return arena_printf(
			x->arena, "%s: %s", err_anthropic_type(x->err.kind), x->err.text);
	if (x->last == NULL || x->last->error_text.n == 0)
		return x->last != NULL ? bounded(x->last->error) : STR("");
	return bounded(arena_printf(
		x->arena, "%.*s: %.*s", STR_ARG(x->last->error), STR_ARG(x->last->error_text)));
}

static struct ledger_prefix prefix_row(const struct exchange *x)
{
	const struct foresight *f = x->prefix;

	if (f == NULL)
		return (struct ledger_prefix){ .read_predicted = -1, .write_predicted = -1 };
	return (struct ledger_prefix){
		.read_predicted = f->automatic ? -1 : f->forecast.read,
		.write_predicted = f->automatic ? -1 : f->forecast.write_5m + f->forecast.write_1h,
		.cause = str_from(f->learned ? loss_cause_name(f->loss.cause) : ""),
		.at = f->at,
		.lost_tokens = f->loss.tokens,
		.lost_nusd = f->loss.nano,
		.alarm = f->alarm,
	};
}

static struct ledger_saving *savings_rows(const struct exchange *x)
{
	struct ledger_saving *rows = arena_alloc(x->arena, (x->nsavings + 1) * sizeof(*rows));

	for (unsigned i = 0; i < x->nsavings; i++)
		rows[i] = (struct ledger_saving){ str_from(x->savings[i].cause),
			x->savings[i].tokens, x->savings[i].nano };
	return rows;
}

static struct str why_of(const struct exchange *x)
{
	const struct decision *d = x->decision;

	return d != NULL && d->why.n > 0 ? bounded(d->why) : str_from(x->plan.why);
}

/* What people are told of it stands in a column of its own. */
static void pack_decision(const struct exchange *x, struct buf *b)
{
	buf_init(b, SIZE_MAX);
	if (!decision_is_empty(x->decision))
		decision_pack(x->decision, b);
}

void ledger_record(struct ledger *l, const struct exchange *x)
{
	struct ledger_attempt *attempts =
		arena_alloc(x->arena, (x->attempts + 1) * sizeof(*attempts));
	const struct outcome *last = x->last;
	uint64_t now = clock_mono_ns();
	struct buf decision;
	size_t n = 0;

	pack_decision(x, &decision);
	for (const struct outcome *o = x->outcomes; o != NULL; o = o->next)
		attempts[n++] = attempt_row(x, o);
	const struct ledger_exchange row = {
		.id = str_from(x->id),
		.session = bounded(x->session),
		.conversation = bounded(x->conversation),
		.parent = bounded(x->parent),
		.project = bounded(x->project),
		.kind = str_from(x->kind != NULL ? x->kind : ""),
		.dialect = str_from(x->dialect->name),
		.endpoint = str_from(endpoint_name(x->endpoint)),
		.model_asked = bounded(x->chat.model),
		.model = n > 0 ? attempts[n - 1].model : STR(""),
		.provider = n > 0 ? attempts[n - 1].provider : STR(""),
		.plan = why_of(x),
		.decision = buf_str(&decision),
		.error = error_of(x),
		.status = x->status,
		.streamed = x->streamed,
		.estimated = x->estimated,
		.tokens = tokens_of(&x->usage),
		.cost = cost_row(&x->cost),
		.prefix = prefix_row(x),
		.saved = x->saved_nano,
		.savings = savings_rows(x),
		.nsavings = x->nsavings,
		.request_bytes = (int64_t)x->request_bytes,
		.reply_bytes = (int64_t)x->reply_bytes,
		.begin_ms = x->begin_wall_ms,
		.first_us = last != NULL ? us_between(x->begin_ns, last->first_ns) : -1,
		.duration_us = us_between(x->begin_ns, now),
		.attempts = attempts,
		.nattempts = n,
	};
	writer_submit(l->writer, &row);
	buf_release(&decision);
	if (!l->looking) {
		l->looking = true;
		timer_at(l->look, loop_now_ms(l->svc->loop) + LOOK_MS);
	}
}
