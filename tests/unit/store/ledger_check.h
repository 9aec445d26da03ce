/* SPDX-License-Identifier: MIT */
/* Ledger rows for tests: rows made by hand and at random, answers kept to be looked at, and checks that look at every member. */
#ifndef UNIT_STORE_LEDGER_CHECK_H
#define UNIT_STORE_LEDGER_CHECK_H

#include "unit/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "store/row.h"
#include "store/store.h"

static const int64_t ANY_TIME_MS = 1767225600000; /* the beginning of a quarter of an hour */
static const int64_t EVER_MS = INT64_MAX;

#define assert_ok(ok, e) \
	do { \
		if (!(ok)) { \
			print_error("failed: %s\n", (e).text); \
			fail(); \
		} \
	} while (0)

/* ---- folders ---- */

struct folder {
	char path[64], file[96];
};

/* In memory where that can be had: no test is about the disk. */
static inline void folder_make(struct folder *f)
{
	bool memory = access("/dev/shm", W_OK | X_OK) == 0;

	snprintf(f->path, sizeof(f->path), "%s/ledger-XXXXXX", memory ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->file, sizeof(f->file), "%s/ledger.db", f->path);
}

static inline void folder_remove(struct folder *f)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	char name[128];

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", f->file, ends[i]);
		unlink(name);
	}
	assert_int_equal(rmdir(f->path), 0);
}

/* ---- calls ---- */

static inline struct store *must_open(
	const struct store_driver *d, const char *path, enum store_access access)
{
	struct err e = { .kind = ERR_NONE };
	struct store *s = d->open(path, access, &e);

	assert_ok(s != NULL, e);
	return s;
}

static inline void must_append(struct store *s, const struct ledger_exchange *rows, size_t n)
{
	struct err e = { .kind = ERR_NONE };

	assert_ok(s->driver->append(s, rows, n, &e), e);
}

/* What a query gave. */
struct answer {
	struct ledger_exchange **exchanges;
	struct ledger_totals *totals;
	size_t n;
	size_t stop_at; /* 0: all */
	struct arena *arena;
};

static inline bool keep_row(void *ctx, const struct query_row *row)
{
	struct answer *a = ctx;

	assert_int_equal((row->totals != NULL) + (row->exchange != NULL), 1);
	if (row->exchange != NULL) {
		a->exchanges = must_realloc(a->exchanges, (a->n + 1) * sizeof(void *));
		a->exchanges[a->n] = arena_alloc(a->arena, row_bytes(row->exchange));
		row_copy(row->exchange, a->exchanges[a->n]);
	} else {
		a->totals = must_realloc(a->totals, (a->n + 1) * sizeof(*a->totals));
		a->totals[a->n] = *row->totals;
		a->totals[a->n].model = arena_dup(a->arena, row->totals->model);
		a->totals[a->n].provider = arena_dup(a->arena, row->totals->provider);
		a->totals[a->n].name = arena_dup(a->arena, row->totals->name);
	}
	return ++a->n != a->stop_at;
}

static inline void answer_release(struct answer *a)
{
	free(a->exchanges);
	free(a->totals);
	arena_free(a->arena);
	*a = (struct answer){ .n = 0 };
}

static inline bool ask_for(
	struct store *s, const struct query_params *p, struct answer *a, struct err *e)
{
	a->arena = arena_new();
	return s->driver->query(s, p, keep_row, a, e);
}

/* Replaces what the answer was before. */
static inline void ask(struct store *s, const struct query_params *p, struct answer *a)
{
	struct err e = { .kind = ERR_NONE };

	answer_release(a);
	assert_ok(ask_for(s, p, a, &e), e);
}

static inline void ask_history(struct store *s, struct answer *a)
{
	ask(s, &(struct query_params){ QUERY_HISTORY, INT64_MIN, EVER_MS, STR(""), SIZE_MAX }, a);
}

static inline struct ledger_totals totals_of(struct store *s, int64_t from_ms, int64_t to_ms)
{
	struct answer a = { .n = 0 };

	ask(s, &(struct query_params){ QUERY_TOTALS, from_ms, to_ms }, &a);
	assert_int_equal(a.n, 1);
	struct ledger_totals t = a.totals[0];
	answer_release(&a);
	t.model = t.provider = STR("");
	return t;
}

static inline struct ledger_totals all_totals(struct store *s)
{
	return totals_of(s, INT64_MIN, EVER_MS);
}

static inline struct ledger_totals session_totals(struct store *s, struct str session)
{
	struct answer a = { .n = 0 };

	ask(s, &(struct query_params){ .what = QUERY_SESSION, .text = session }, &a);
	assert_int_equal(a.n, 1);
	struct ledger_totals t = a.totals[0];
	answer_release(&a);
	return t;
}

/* ---- equality ---- */

static inline void assert_tokens(const struct ledger_tokens *got, const struct ledger_tokens *want)
{
	assert_int_equal(got->in, want->in);
	assert_int_equal(got->cache_read, want->cache_read);
	assert_int_equal(got->cache_write_5m, want->cache_write_5m);
	assert_int_equal(got->cache_write_1h, want->cache_write_1h);
	assert_int_equal(got->out, want->out);
	assert_int_equal(got->reasoning, want->reasoning);
}

static inline void assert_cost(const struct ledger_cost *got, const struct ledger_cost *want)
{
	assert_int_equal(got->in, want->in);
	assert_int_equal(got->cache_read, want->cache_read);
	assert_int_equal(got->cache_write_5m, want->cache_write_5m);
	assert_int_equal(got->cache_write_1h, want->cache_write_1h);
	assert_int_equal(got->out, want->out);
	assert_int_equal(got->total, want->total);
}

static inline void assert_attempt(
	const struct ledger_attempt *got, const struct ledger_attempt *want)
{
	assert_str(got->provider, want->provider);
	assert_str(got->model, want->model);
	assert_str(got->key, want->key);
	assert_str(got->outcome, want->outcome);
	assert_int_equal(got->status, want->status);
	assert_int_equal(got->estimated, want->estimated);
	assert_tokens(&got->tokens, &want->tokens);
	assert_cost(&got->cost, &want->cost);
	assert_int_equal(got->begin_ms, want->begin_ms);
	assert_int_equal(got->first_us, want->first_us);
	assert_int_equal(got->duration_us, want->duration_us);
}

static inline void assert_texts(
	const struct ledger_exchange *got, const struct ledger_exchange *want)
{
	assert_str(got->id, want->id);
	assert_str(got->session, want->session);
	assert_str(got->conversation, want->conversation);
	assert_str(got->parent, want->parent);
	assert_str(got->caller, want->caller);
	assert_str(got->dialect, want->dialect);
	assert_str(got->endpoint, want->endpoint);
	assert_str(got->kind, want->kind);
	assert_str(got->model_asked, want->model_asked);
	assert_str(got->model, want->model);
	assert_str(got->provider, want->provider);
	assert_str(got->plan, want->plan);
	assert_str(got->decision, want->decision);
	assert_str(got->error, want->error);
	assert_str(got->project, want->project);
}

static inline void assert_prefix(const struct ledger_prefix *got, const struct ledger_prefix *want)
{
	assert_int_equal(got->read_predicted, want->read_predicted);
	assert_int_equal(got->write_predicted, want->write_predicted);
	assert_str(got->cause, want->cause);
	assert_str(got->at, want->at);
	assert_int_equal(got->lost_tokens, want->lost_tokens);
	assert_int_equal(got->lost_nusd, want->lost_nusd);
	assert_int_equal(got->alarm, want->alarm);
}

static inline void assert_saving(const struct ledger_saving *got, const struct ledger_saving *want)
{
	assert_str(got->cause, want->cause);
	assert_int_equal(got->tokens, want->tokens);
	assert_int_equal(got->nusd, want->nusd);
}

static inline void assert_exchange(
	const struct ledger_exchange *got, const struct ledger_exchange *want)
{
	assert_texts(got, want);
	assert_int_equal(got->status, want->status);
	assert_int_equal(got->streamed, want->streamed);
	assert_int_equal(got->estimated, want->estimated);
	assert_tokens(&got->tokens, &want->tokens);
	assert_cost(&got->cost, &want->cost);
	assert_prefix(&got->prefix, &want->prefix);
	assert_int_equal(got->saved, want->saved);
	assert_int_equal(got->nsavings, want->nsavings);
	for (size_t i = 0; i < want->nsavings; i++)
		assert_saving(&got->savings[i], &want->savings[i]);
	assert_int_equal(got->request_bytes, want->request_bytes);
	assert_int_equal(got->reply_bytes, want->reply_bytes);
	assert_int_equal(got->begin_ms, want->begin_ms);
	assert_int_equal(got->first_us, want->first_us);
	assert_int_equal(got->duration_us, want->duration_us);
	assert_int_equal(got->nattempts, want->nattempts);
	for (size_t i = 0; i < want->nattempts; i++)
		assert_attempt(&got->attempts[i], &want->attempts[i]);
}

static inline void assert_totals(const struct ledger_totals *got, const struct ledger_totals *want)
{
	assert_int_equal(got->exchanges, want->exchanges);
	assert_int_equal(got->failed, want->failed);
	assert_int_equal(got->unpriced, want->unpriced);
	assert_int_equal(got->estimated, want->estimated);
	assert_tokens(&got->tokens, &want->tokens);
	assert_cost(&got->cost, &want->cost);
	assert_int_equal(got->saved, want->saved);
	assert_int_equal(got->lost, want->lost);
	assert_int_equal(got->duration_us, want->duration_us);
	assert_int_equal(got->alarms, want->alarms);
	assert_int_equal(got->predicted, want->predicted);
	assert_int_equal(got->read_predicted, want->read_predicted);
	assert_int_equal(got->read_found, want->read_found);
	assert_int_equal(got->read_off, want->read_off);
}

/* ---- rows ---- */

/* A plain one. The id must outlive it. */
static inline struct ledger_exchange a_row(const char *id)
{
	return (struct ledger_exchange){
		.id = str_from(id),
		.session = STR("s"),
		.model = STR("m"),
		.provider = STR("p"),
		.status = 200,
		.tokens = { 1, 2, 3, 4, 5, 6 },
		.cost = { 10, 20, 30, 40, 50, 150 },
		.begin_ms = ANY_TIME_MS,
		.first_us = 7,
		.duration_us = 8,
	};
}

/* splitmix64: the same rows from the same seed. */
struct dice {
	uint64_t seed;
	struct arena *arena; /* of the texts */
};

static inline uint64_t throw_dice(struct dice *d, uint64_t sides)
{
	uint64_t z = d->seed += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % sides;
}

/* A figure, or now and then that it is unknown. */
static inline int64_t some_count(struct dice *d, uint64_t below)
{
	return throw_dice(d, 12) == 0 ? -1 : (int64_t)throw_dice(d, below);
}

static inline struct str some_word(struct dice *d, const char *stem, uint64_t different)
{
	return arena_printf(d->arena, "%s%llu", stem, (unsigned long long)throw_dice(d, different));
}

static inline struct str some_bytes(struct dice *d)
{
	size_t n = throw_dice(d, 8) == 0 ? throw_dice(d, 6000) : throw_dice(d, 20);
	char *p = arena_alloc(d->arena, n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)throw_dice(d, 256);
	return (struct str){ p, n };
}

static inline struct ledger_attempt some_attempt(struct dice *d, int64_t begin_ms)
{
	struct ledger_attempt a = {
		.provider = some_word(d, "provider", 2),
		.model = some_word(d, "model", 4),
		.key = some_bytes(d),
		.outcome = throw_dice(d, 2) ? STR("ok") : STR("cut"),
		.status = (unsigned)throw_dice(d, 600),
		.estimated = throw_dice(d, 5) == 0,
		.begin_ms = begin_ms + (int64_t)throw_dice(d, 1000),
		.first_us = some_count(d, 1000000),
		.duration_us = some_count(d, 10000000),
	};
	int64_t *count = &a.tokens.in, *cost = &a.cost.in;

	for (size_t i = 0; i < sizeof(a.tokens) / sizeof(*count); i++)
		count[i] = (int64_t)throw_dice(d, 200000);
	for (size_t i = 0; i < 5; i++)
		a.cost.total += cost[i] = (int64_t)throw_dice(d, 3000000000);
	return a;
}

/* Its tokens and cost become the sum over its attempts. */
static inline void sum_attempts(struct ledger_exchange *x)
{
	int64_t *to = &x->tokens.in, *cost_to = &x->cost.in;

	for (size_t i = 0; i < x->nattempts; i++) {
		const int64_t *from = &x->attempts[i].tokens.in, *cost = &x->attempts[i].cost.in;
		for (size_t k = 0; k < 6; k++) {
			to[k] += from[k];
			cost_to[k] += cost[k];
		}
	}
}

static inline struct ledger_prefix some_prefix(struct dice *d)
{
	struct ledger_prefix p = {
		.read_predicted = some_count(d, 200000),
		.write_predicted = some_count(d, 200000),
	};

	if (throw_dice(d, 3) > 0)
		return p;
	p.cause = some_word(d, "cause", 5);
	p.at = some_bytes(d);
	p.lost_tokens = (int64_t)throw_dice(d, 100000);
	p.lost_nusd = (int64_t)throw_dice(d, 100000000);
	p.alarm = throw_dice(d, 2) ? 20 * (int64_t)(2 + throw_dice(d, 3)) : 0;
	return p;
}

static inline void save_something(struct dice *d, struct ledger_exchange *x)
{
	struct ledger_saving *v = arena_alloc(d->arena, 3 * sizeof(*v));

	x->savings = v;
	x->nsavings = throw_dice(d, 3);
	for (size_t i = 0; i < x->nsavings; i++) {
		v[i] = (struct ledger_saving){ some_word(d, i ? "other" : "saving", 3),
			(int64_t)throw_dice(d, 100000), (int64_t)throw_dice(d, 2000000) - 1000000 };
		x->saved += v[i].nusd;
	}
}

/* Ids are the stem and a number. Texts hold any byte; times spread over some hours, also before 1970. */
static inline struct ledger_exchange some_exchange(
	struct dice *d, const char *stem, unsigned number)
{
	struct ledger_exchange x = {
		.id = arena_printf(d->arena, "%s%u", stem, number),
		.session = throw_dice(d, 3) ? some_word(d, "session", 7) : STR(""),
		.conversation = throw_dice(d, 3) ? some_word(d, "conversation", 40) : STR(""),
		.parent = some_bytes(d),
		.caller = some_word(d, "caller", 3),
		.dialect = STR("anthropic"),
		.endpoint = some_bytes(d),
		.kind = throw_dice(d, 9) ? some_word(d, "kind", 4) : some_bytes(d),
		.project = some_word(d, "project", 3),
		.model_asked = some_bytes(d),
		.model = some_word(d, "model", 4),
		.provider = some_word(d, "provider", 2),
		.plan = some_bytes(d),
		.decision = throw_dice(d, 3) ? STR("") : some_word(d, "\xff\"{}", 1000),
		.error = throw_dice(d, 4) == 0 ? some_bytes(d) : STR(""),
		.status = throw_dice(d, 3) ? 200 : (unsigned)throw_dice(d, 600),
		.streamed = throw_dice(d, 2),
		.estimated = throw_dice(d, 5) == 0,
		.prefix = some_prefix(d),
		.request_bytes = some_count(d, 1 << 20),
		.reply_bytes = some_count(d, 1 << 20),
		.begin_ms = (throw_dice(d, 20) ? ANY_TIME_MS : -20000000) +
			    (int64_t)throw_dice(d, 4 * QUARTER_MS),
		.first_us = some_count(d, 1000000),
		.duration_us = some_count(d, 10000000),
		.nattempts = throw_dice(d, 4),
	};
	struct ledger_attempt *v = arena_alloc(d->arena, (x.nattempts + 1) * sizeof(*v));

	for (size_t i = 0; i < x.nattempts; i++)
		v[i] = some_attempt(d, x.begin_ms);
	x.attempts = v;
	sum_attempts(&x);
	save_something(d, &x);
	if (throw_dice(d, 10) > 0)
		return x;
	x.cost = (struct ledger_cost){ -1, -1, -1, -1, -1, -1 };
	if (x.nattempts > 0)
		v[0].cost = x.cost;
	return x;
}

#endif
