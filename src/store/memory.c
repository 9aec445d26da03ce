/* SPDX-License-Identifier: MIT */
/* The store in memory, for tests. What was added under a name stays until the process ends. */
#include "base/clock.h"
#include "store/memory_private.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* One allocation: the bytes stand behind it. */
struct kept_value {
	struct kept_value *next;
	struct store_value v;
};

/* All that stores of one name share. */
struct ledger {
	struct ledger *next;
	char *name;
	struct memory_row *rows;
	size_t n, cap;
	struct kept_value *values;
};

struct memory_store {
	struct store store;
	struct ledger *ledger;
	enum store_access access;
};

/* Guards all ledgers. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ledger *ledgers;

static struct memory_store *store_of(struct store *s)
{
	return container_of(s, struct memory_store, store);
}

static struct ledger *find_ledger(const char *name, bool create)
{
	for (struct ledger *l = ledgers; l != NULL; l = l->next)
		if (str_eq(str_from(l->name), str_from(name)))
			return l;
	if (!create)
		return NULL;
	struct ledger *l = must_alloc(sizeof(*l));
	l->name = must_strdup(name);
	l->next = ledgers;
	return ledgers = l;
}

static struct store *memory_open(const char *name, enum store_access access, struct err *e)
{
	pthread_mutex_lock(&lock);
	struct ledger *l = find_ledger(name, access == STORE_WRITE);
	pthread_mutex_unlock(&lock);
	if (l == NULL) {
		err_set(e, ERR_NOT_FOUND, "there is no ledger '%s'", name);
		return NULL;
	}
	struct memory_store *s = must_alloc(sizeof(*s));
	s->store.driver = &store_memory;
	s->ledger = l;
	s->access = access;
	return &s->store;
}

static void memory_close(struct store *store)
{
	if (store != NULL)
		free(store_of(store));
}

/* ---- adding rows ---- */

static size_t find_id(const struct ledger *l, struct str id)
{
	for (size_t i = 0; i < l->n; i++)
		if (!l->rows[i].pruned && str_eq(l->rows[i].x->id, id))
			return i;
	return l->n;
}

/* What is unknown is -1, however it was said. */
static void settle(const struct columns *columns, void *row)
{
	for (size_t i = 0; i < columns->n; i++) {
		int64_t *v = (int64_t *)(void *)((char *)row + columns->v[i].offset);
		if (columns->v[i].type == COLUMN_COUNT && *v < 0)
			*v = -1;
	}
}

static void add_row(struct ledger *l, const struct ledger_exchange *row)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 64;
		l->rows = must_realloc(l->rows, l->cap * sizeof(*l->rows));
	}
	struct ledger_exchange *copy = must_alloc(row_bytes(row));
	row_copy(row, copy);
	settle(&exchange_columns, copy);
	for (size_t i = 0; i < copy->nattempts; i++)
		settle(&attempt_columns, (void *)(uintptr_t)&copy->attempts[i]);
	l->rows[l->n++] = (struct memory_row){ copy, false };
}

static bool add_rows(struct ledger *l, const struct ledger_exchange *rows, size_t n, struct err *e)
{
	size_t before = l->n;

	for (size_t i = 0; i < n; i++) {
		if (find_id(l, rows[i].id) == l->n) {
			add_row(l, &rows[i]);
			continue;
		}
		while (l->n > before)
			free(l->rows[--l->n].x);
		return err_set(e, ERR_INVALID, "the ledger has an exchange '%.*s' already",
			rows[i].id.n < 64 ? (int)rows[i].id.n : 64, rows[i].id.p);
	}
	return true;
}

/* ---- values ---- */

static struct kept_value **find_value(struct ledger *l, struct str space, struct str key)
{
	struct kept_value **at = &l->values;

	while (*at != NULL && !(str_eq((*at)->v.space, space) && str_eq((*at)->v.key, key)))
		at = &(*at)->next;
	return at;
}

static bool has_expired(const struct store_value *v, int64_t now_ms)
{
	return v->expires_ms > 0 && v->expires_ms <= now_ms;
}

static struct str put_bytes(char **to, struct str s)
{
	struct str copy = { *to, s.n };

	if (s.n > 0)
		memcpy(*to, s.p, s.n);
	*to += s.n;
	return copy;
}

static void put_value(struct ledger *l, const struct store_value *v)
{
	struct kept_value **at = find_value(l, v->space, v->key), *old = *at;

	if (old != NULL && old->v.version > v->version && !has_expired(&old->v, clock_wall_ms()))
		return;
	struct kept_value *fresh = must_alloc(sizeof(*fresh) + v->space.n + v->key.n + v->value.n);
	char *bytes = (char *)(fresh + 1);
	fresh->next = old != NULL ? old->next : NULL;
	fresh->v = *v;
	fresh->v.space = put_bytes(&bytes, v->space);
	fresh->v.key = put_bytes(&bytes, v->key);
	fresh->v.value = put_bytes(&bytes, v->value);
	*at = fresh;
	free(old);
}

static bool memory_get(struct store *store, const struct store_key *key, struct buf *value,
	int64_t *version, struct err *e)
{
	struct ledger *l = store_of(store)->ledger;

	pthread_mutex_lock(&lock);
	const struct kept_value *found = *find_value(l, key->space, key->key);
	if (found != NULL && has_expired(&found->v, key->now_ms))
		found = NULL;
	if (found != NULL) {
		buf_add(value, found->v.value);
		*version = found->v.version;
	}
	pthread_mutex_unlock(&lock);
	return found != NULL || err_set(e, ERR_NOT_FOUND, "no value of that name in '%.*s'",
					key->space.n < 64 ? (int)key->space.n : 64, key->space.p);
}

/* ---- verbs ---- */

static bool memory_write(struct store *store, const struct store_batch *b, struct err *e)
{
	struct memory_store *s = store_of(store);

	if (s->access != STORE_WRITE)
		return err_set(e, ERR_INTERNAL, "the ledger '%s' is open for reading only",
			s->ledger->name);
	pthread_mutex_lock(&lock);
	bool ok = add_rows(s->ledger, b->rows, b->nrows, e);
	for (size_t i = 0; ok && i < b->nvalues; i++)
		put_value(s->ledger, &b->values[i]);
	pthread_mutex_unlock(&lock);
	return ok;
}

static bool memory_append(
	struct store *store, const struct ledger_exchange *rows, size_t n, struct err *e)
{
	return memory_write(store, &(struct store_batch){ .rows = rows, .nrows = n }, e);
}

static bool memory_put(
	struct store *store, const struct store_value *values, size_t n, struct err *e)
{
	return memory_write(store, &(struct store_batch){ .values = values, .nvalues = n }, e);
}

/* ---- pruning ---- */

/* The oldest day that has exchanges; false: there is none. */
static bool oldest_day(const struct ledger *l, int64_t *ret)
{
	bool any = false;

	for (size_t i = 0; i < l->n; i++) {
		int64_t day_ms = day_of(l->rows[i].x->begin_ms);
		if (l->rows[i].pruned || (any && day_ms >= *ret))
			continue;
		*ret = day_ms;
		any = true;
	}
	return any;
}

static int64_t bytes_of(const struct ledger *l)
{
	int64_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (!l->rows[i].pruned)
			n += (int64_t)row_bytes(l->rows[i].x);
	return n;
}

static void prune_day(struct ledger *l, int64_t day_ms, struct store_pruned *ret)
{
	for (size_t i = 0; i < l->n; i++)
		if (!l->rows[i].pruned && day_of(l->rows[i].x->begin_ms) == day_ms) {
			l->rows[i].pruned = true;
			ret->exchanges++;
		}
}

/* One day a step. */
static bool memory_prune(struct store *store, const struct store_limits *limits,
	struct store_pruned *ret, struct err *e)
{
	struct memory_store *s = store_of(store);
	int64_t day_ms = 0;

	*ret = (struct store_pruned){ .exchanges = 0 };
	if (s->access != STORE_WRITE || limits->dry_run)
		return err_set(
			e, ERR_INTERNAL, "the ledger '%s' is not open for that", s->ledger->name);
	pthread_mutex_lock(&lock);
	if (oldest_day(s->ledger, &day_ms) && day_ms < day_of(limits->now_ms) &&
		(day_ms + DAY_MS <= limits->before_ms ||
			(limits->keep_bytes > 0 && bytes_of(s->ledger) > limits->keep_bytes))) {
		prune_day(s->ledger, day_ms, ret);
		ret->more = true;
	}
	pthread_mutex_unlock(&lock);
	return true;
}

/* Memory is not given back. */
static bool memory_compact(struct store *store, struct err *e)
{
	(void)store;
	(void)e;
	return true;
}

/* There is nothing that could contradict the rows. */
static bool memory_check(struct store *store, fault_fn *fn, void *ctx, struct err *e)
{
	(void)store;
	(void)fn;
	(void)ctx;
	(void)e;
	return true;
}

/* ---- questions ---- */

static struct snapshot take_snapshot(const struct ledger *l)
{
	struct snapshot s;

	pthread_mutex_lock(&lock);
	s.n = l->n;
	s.rows = must_alloc((l->n + 1) * sizeof(*l->rows));
	if (l->n > 0)
		memcpy(s.rows, l->rows, l->n * sizeof(*l->rows));
	pthread_mutex_unlock(&lock);
	return s;
}

static bool memory_query(
	struct store *store, const struct query_params *p, row_fn *fn, void *ctx, struct err *e)
{
	struct snapshot s = take_snapshot(store_of(store)->ledger);
	bool ok = memory_ask(&s, p, fn, ctx, e);

	free(s.rows);
	return ok;
}

const struct store_driver store_memory = {
	.name = "memory",
	.open = memory_open,
	.append = memory_append,
	.put = memory_put,
	.write = memory_write,
	.get = memory_get,
	.query = memory_query,
	.prune = memory_prune,
	.compact = memory_compact,
	.check = memory_check,
	.close = memory_close,
};
