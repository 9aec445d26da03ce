/* SPDX-License-Identifier: MIT */
/* A ring of what ended, a table of conversations, and the timer of those who watch. */
#include "core/live.h"

#include "base/clock.h"
#include "core/billing.h"
#include "core/ledger.h"
#include "core/prefix.h"
#include "wire/hash.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	TICK_MS = 500,
	MOVING_MS =
		2000, /* between states while streams are open: their rates fall when they stall */
	SILENCE_MS = 15000,
	EVENT_MAX = 8 << 20,
	NS_PER_US = 1000,
	MINUTE_MS = 60000,
};

struct live *live_new(struct services *svc)
{
	struct live *l = must_alloc(sizeof(*l));

	l->svc = svc;
	list_init(&l->open);
	list_init(&l->watchers);
	return l;
}

void live_free(struct live *l)
{
	free(l);
}

/* ---- in and out ---- */

void live_enter(struct exchange *x)
{
	struct live *l = x->svc->live;

	list_init(&x->live);
	if (x->endpoint == ENDPOINT_LOCAL)
		return;
	list_push(&l->open, &x->live);
	l->changes++;
}

void live_leave(struct exchange *x)
{
	list_remove(&x->live);
}

/* ---- what ended ---- */

static int64_t us_between(uint64_t from_ns, uint64_t to_ns)
{
	return from_ns != 0 && to_ns >= from_ns ? (int64_t)((to_ns - from_ns) / NS_PER_US) : -1;
}

static int64_t input_of(const struct usage *u)
{
	return known(u->in) + known(u->cache_read) + known(u->cache_write);
}

static struct str model_of(const struct exchange *x)
{
	return x->last != NULL ? billing_model(x, x->last) : x->chat.model;
}

static bool has_failed(const struct exchange *x)
{
	return x->err.kind != ERR_NONE || x->status == 0 || x->status >= 400 ||
	       (x->last != NULL && x->last->error.n > 0);
}

static void put_error(struct live_ended *e, const struct exchange *x)
{
	if (x->err.kind != ERR_NONE)
		str_put(e->error, sizeof(e->error),
			arena_printf(
				x->arena, "%s: %s", err_anthropic_type(x->err.kind), x->err.text));
	else if (x->last != NULL)
		str_put(e->error, sizeof(e->error), x->last->error);
}

static void add_ended(struct live *l, const struct exchange *x)
{
	struct live_ended *e = &l->ended[++l->seq % LIVE_ENDED];

	*e = (struct live_ended){ .seq = l->seq,
		.at_ms = clock_wall_ms(),
		.status = x->status,
		.usage = x->usage,
		.cost = x->outcomes != NULL ? x->cost.total : 0,
		.saved = x->saved_nano,
		.first_us = x->last != NULL ? us_between(x->begin_ns, x->last->first_ns) : -1,
		.duration_us = us_between(x->begin_ns, clock_mono_ns()) };
	memcpy(e->id, x->id, sizeof(e->id));
	str_put(e->conversation, sizeof(e->conversation), x->conversation);
	str_put(e->project, sizeof(e->project), x->project);
	str_put(e->kind, sizeof(e->kind), str_from(x->kind));
	str_put(e->model, sizeof(e->model), model_of(x));
	if (x->prefix != NULL && x->prefix->learned) {
		str_put(e->cause, sizeof(e->cause),
			str_from(loss_cause_name(x->prefix->loss.cause)));
		e->lost = x->prefix->loss.nano;
	}
	if (x->last != NULL)
		str_put(e->provider, sizeof(e->provider), x->last->candidate.provider->name);
	put_error(e, x);
}

/* ---- conversations ---- */

/* Its place, or that of the one that was silent for longest. */
static struct live_conversation *place_of(struct live *l, uint64_t hash)
{
	struct live_conversation *oldest = &l->conversations[0];

	for (size_t i = 0; i < LIVE_CONVERSATIONS; i++) {
		struct live_conversation *c = &l->conversations[i];
		if (c->hash == hash)
			return c;
		if (c->last_ms < oldest->last_ms)
			oldest = c;
	}
	*oldest = (struct live_conversation){ .hash = hash };
	return oldest;
}

static void add_to_conversation(
	struct live *l, const struct exchange *x, const struct live_ended *e)
{
	struct str id = x->conversation.n > 0 ? x->conversation : x->session;

	if (id.n == 0)
		return;
	struct live_conversation *c = place_of(l, hash_fast(id, 0) | 1);
	str_put(c->id, sizeof(c->id), id);
	str_put(c->session, sizeof(c->session), x->session);
	memcpy(c->project, e->project, sizeof(c->project));
	memcpy(c->model, e->model, sizeof(c->model));
	c->last_ms = e->at_ms;
	c->exchanges++;
	c->read_tokens += known(x->usage.cache_read);
	c->input_tokens += input_of(&x->usage);
	c->cost += known(e->cost);
	c->saved += e->saved;
	c->lost += e->lost;
}

static int later_first(const void *a, const void *b)
{
	const struct live_conversation *x = *(const struct live_conversation *const *)a;
	const struct live_conversation *y = *(const struct live_conversation *const *)b;

	return (x->last_ms < y->last_ms) - (x->last_ms > y->last_ms);
}

size_t live_active(
	const struct live *l, int64_t now_ms, const struct live_conversation **ret, size_t max)
{
	const struct live_conversation *found[LIVE_CONVERSATIONS] = { NULL };
	size_t n = 0;

	for (size_t i = 0; i < LIVE_CONVERSATIONS; i++)
		if (l->conversations[i].hash != 0 &&
			l->conversations[i].last_ms + LIVE_ACTIVE_MS >= now_ms)
			found[n++] = &l->conversations[i];
	qsort(found, n, sizeof(const struct live_conversation *), later_first);
	n = n < max ? n : max;
	for (size_t i = 0; i < n; i++)
		ret[i] = found[i];
	return n;
}

/* ---- sums ---- */

static void add_to_totals(
	struct live_totals *t, const struct exchange *x, const struct live_ended *e)
{
	t->exchanges++;
	t->failed += has_failed(x);
	t->cost += known(e->cost);
	t->saved += e->saved;
	t->lost += e->lost;
	t->read_tokens += known(x->usage.cache_read);
	t->input_tokens += input_of(&x->usage);
}

/* Minutes in which nothing ended are emptied when the clock passes them. */
static void enter_minute(struct live *l, int64_t minute)
{
	int64_t from = minute - LIVE_MINUTES > l->minute ? minute - LIVE_MINUTES : l->minute;

	for (int64_t m = from + 1; m <= minute; m++)
		l->minutes[m % LIVE_MINUTES] = (struct live_totals){ 0 };
	l->minute = minute > l->minute ? minute : l->minute;
}

struct live_totals live_recent(const struct live *l, int64_t now_ms)
{
	struct live_totals sum = { 0 };
	int64_t now = now_ms / MINUTE_MS; /* the clock may have been set back */

	for (int64_t m = (now > l->minute ? now : l->minute) - LIVE_MINUTES + 1; m <= l->minute;
		m++) {
		const struct live_totals *t = &l->minutes[m % LIVE_MINUTES];
		sum.exchanges += t->exchanges;
		sum.failed += t->failed;
		sum.cost += t->cost;
		sum.saved += t->saved;
		sum.lost += t->lost;
		sum.read_tokens += t->read_tokens;
		sum.input_tokens += t->input_tokens;
	}
	return sum;
}

void live_record(struct live *l, const struct exchange *x)
{
	if (x->endpoint == ENDPOINT_LOCAL)
		return;
	add_ended(l, x);
	const struct live_ended *e = &l->ended[l->seq % LIVE_ENDED];
	enter_minute(l, e->at_ms / MINUTE_MS);
	add_to_totals(&l->totals, x, e);
	add_to_totals(&l->minutes[l->minute % LIVE_MINUTES], x, e);
	add_to_conversation(l, x, e);
	l->changes++;
}

/* ---- streams that go on ---- */

struct live_progress live_progress(const struct exchange *x, uint64_t now_ns)
{
	const struct outcome *o = x->last;
	struct live_progress p = { .cost = -1 };
	struct cost cost;

	if (o == NULL || x->endpoint != ENDPOINT_MESSAGES || o->status >= 400)
		return p;
	p.tokens = x->streamed ? known(billing_output(o)) : 0;
	if (o->first_ns != 0 && now_ns > o->first_ns)
		p.tokens_per_s = (int64_t)((double)p.tokens * 1e9 / (double)(now_ns - o->first_ns));
	if (o->usage.in < 0)
		return p;
	struct usage u = o->usage;
	u.out = p.tokens;
	billing_price(x, o, &u, &cost);
	p.cost = cost.total;
	return p;
}

/* ---- today ---- */

struct question {
	struct live *live;
	char *ledger;
	int64_t from_ms; /* midnight */
	uint64_t seq;
	struct live_totals answer;
	bool ok;
};

static bool put_today(void *ctx, const struct query_row *row)
{
	struct live_totals *t = ctx;

	t->exchanges = (uint64_t)row->totals->exchanges;
	t->failed = (uint64_t)row->totals->failed;
	t->cost = row->totals->cost.total;
	t->saved = row->totals->saved;
	return true;
}

static void ask(void *ctx)
{
	struct question *q = ctx;
	struct err e = { 0 };
	const struct query_params p = {
		.what = QUERY_TOTALS, .from_ms = q->from_ms, .to_ms = INT64_MAX
	};
	struct store *s = store_sqlite.open(q->ledger, STORE_READ, &e);

	q->ok = s == NULL && e.kind == ERR_NOT_FOUND; /* nothing was written yet */
	if (s == NULL)
		return;
	q->ok = s->driver->query(s, &p, put_today, &q->answer, &e);
	s->driver->close(s);
}

static void asked(void *ctx)
{
	struct question *q = ctx;
	struct live *l = q->live;

	l->today_asked = false;
	if (q->ok) {
		l->today = q->answer;
		l->today_known = true;
		l->today_seq = q->seq;
		l->today_from_ms = q->from_ms;
		l->changes++;
	}
	free(q->ledger);
	free(q);
}

static int64_t midnight_ms(void)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm t;

	localtime_r(&now, &t);
	t.tm_hour = t.tm_min = t.tm_sec = 0;
	t.tm_isdst = -1;
	return (int64_t)mktime(&t) * 1000;
}

void live_refresh_today(struct live *l)
{
	struct writer_state writer;
	int64_t from_ms = midnight_ms();
	bool fresh = l->today_known && l->today_seq == l->seq && l->today_from_ms == from_ms;

	if (l->svc->ledger == NULL || l->today_asked || fresh)
		return;
	/* What is still on its way to the ledger would be missed for good if nothing ended after it. */
	ledger_state(l->svc->ledger, &writer);
	struct question *q = must_alloc(sizeof(*q));
	*q = (struct question){ .live = l,
		.ledger = must_strdup(ledger_path(l->svc->ledger)),
		.from_ms = from_ms,
		.seq = writer.waiting > 0 ? UINT64_MAX : l->seq };
	l->today_asked = true;
	loop_job(l->svc->loop, ask, asked, q);
}

/* ---- those who watch ---- */

static void send_state(struct exchange *x, struct str event)
{
	if (conn_queued(x->conn) > 0)
		x->svc->live->behind = true;
	else
		conn_reply_body(x->conn, event);
}

static void print_state(struct live *l, const struct exchange *x, struct buf *event)
{
	buf_init(event, EVENT_MAX);
	x->local->stream(l->svc, event);
	if (event->overflow)
		buf_clear(event);
}

static void send_to_all(struct live *l)
{
	struct buf event = { 0 };

	l->behind = false;
	print_state(l, container_of(l->watchers.next, struct exchange, live), &event);
	list_each (it, &l->watchers)
		send_state(container_of(it, struct exchange, live), buf_str(&event));
	buf_release(&event);
	l->sent_changes = l->changes;
	l->sent_moved = l->moved;
	l->sent_ms = loop_now_ms(l->svc->loop);
}

static void measure(struct live *l)
{
	l->moved = 0;
	list_each (it, &l->open) {
		const struct exchange *x = container_of(it, struct exchange, live);
		l->moved += x->last != NULL ? x->last->content_bytes + (x->last->head_ns != 0) : 0;
	}
}

static void tick(void *ctx)
{
	struct live *l = ctx;
	uint64_t now = loop_now_ms(l->svc->loop), silent = now - l->sent_ms;

	measure(l);
	live_refresh_today(l);
	if (l->changes != l->sent_changes || l->moved != l->sent_moved || l->behind ||
		silent >= SILENCE_MS || (silent >= MOVING_MS && !list_empty(&l->open)))
		send_to_all(l);
	timer_at(l->timer, now + TICK_MS);
}

void live_watch(struct exchange *x)
{
	struct live *l = x->svc->live;
	struct buf event;

	live_refresh_today(l);
	print_state(l, x, &event);
	conn_reply_body(x->conn, buf_str(&event));
	buf_release(&event);
	if (l->timer == NULL) {
		l->timer = timer_new(l->svc->loop, tick, l);
		l->sent_ms = loop_now_ms(l->svc->loop);
		timer_at(l->timer, l->sent_ms + TICK_MS);
	}
	list_push(&l->watchers, &x->live);
	x->svc->open--;
}

void live_unwatch(struct exchange *x)
{
	struct live *l = x->svc->live;

	list_remove(&x->live);
	x->svc->open++;
	if (list_empty(&l->watchers)) {
		timer_free(l->timer);
		l->timer = NULL;
	}
}

void live_end_watches(struct live *l)
{
	while (!list_empty(&l->watchers)) {
		struct exchange *x = container_of(l->watchers.next, struct exchange, live);
		struct conn *c = x->conn;
		live_unwatch(x);
		x->reply_bytes = conn_sent_bytes(c);
		x->conn = NULL;
		/* Who does not read is not waited for. */
		if (conn_queued(c) > 0)
			conn_reply_drop(c);
		else
			conn_reply_end(c);
		exchange_resume(x, STEP_REPLY);
	}
}
