/* SPDX-License-Identifier: MIT */
/* The store in memory, for tests. What was added under a name stays until the process ends. */
#include "store/row.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* All that stores of one name share. */
struct ledger {
	struct ledger *next;
	char *name;
	struct ledger_exchange **rows;
	size_t n, cap;
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
		if (str_eq(l->rows[i]->id, id))
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
		l->rows = must_realloc(l->rows, l->cap * sizeof(struct ledger_exchange *));
	}
	struct ledger_exchange *copy = must_alloc(row_bytes(row));
	row_copy(row, copy);
	settle(&exchange_columns, copy);
	for (size_t i = 0; i < copy->nattempts; i++)
		settle(&attempt_columns, (void *)&copy->attempts[i]);
	l->rows[l->n++] = copy;
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
			free(l->rows[--l->n]);
		return err_set(e, ERR_INVALID, "the ledger has an exchange '%.*s' already",
			rows[i].id.n < 64 ? (int)rows[i].id.n : 64, rows[i].id.p);
	}
	return true;
}

static bool memory_append(
	struct store *store, const struct ledger_exchange *rows, size_t n, struct err *e)
{
	struct memory_store *s = store_of(store);

	if (s->access != STORE_WRITE)
		return err_set(e, ERR_INTERNAL, "the ledger '%s' is open for reading only",
			s->ledger->name);
	pthread_mutex_lock(&lock);
	bool ok = add_rows(s->ledger, rows, n, e);
	pthread_mutex_unlock(&lock);
	return ok;
}

/* ---- questions ---- */

/* The rows as they are now, in the order in which they were added: rows are neither changed nor freed later. */
struct snapshot {
	struct ledger_exchange **rows;
	size_t n;
};

static struct snapshot take_snapshot(const struct ledger *l)
{
	struct snapshot s;

	pthread_mutex_lock(&lock);
	s.n = l->n;
	s.rows = must_alloc((l->n + 1) * sizeof(struct ledger_exchange *));
	if (l->n > 0)
		memcpy(s.rows, l->rows, l->n * sizeof(struct ledger_exchange *));
	pthread_mutex_unlock(&lock);
	return s;
}

/* Whether its quarter of an hour is one that the span touches. */
static bool in_quarters(const struct ledger_exchange *row, const struct query_params *p)
{
	int64_t quarter_ms = quarter_of(row->begin_ms);

	return p->from_ms < p->to_ms && quarter_ms >= quarter_of(p->from_ms) &&
	       quarter_ms < p->to_ms;
}

static void sum_up(
	const struct snapshot *s, const struct query_params *p, struct ledger_totals *ret)
{
	*ret = (struct ledger_totals){ .model = STR("") };
	for (size_t i = 0; i < s->n; i++)
		if (p->what == QUERY_TOTALS ? in_quarters(s->rows[i], p)
					    : p->text.n > 0 && str_eq(s->rows[i]->session, p->text))
			totals_add(ret, s->rows[i]);
}

static int compare_str(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_models(const void *a, const void *b)
{
	const struct ledger_totals *x = a, *y = b;
	int order = (x->cost.total < y->cost.total) - (x->cost.total > y->cost.total);

	if (order == 0)
		order = compare_str(x->model, y->model);
	return order != 0 ? order : compare_str(x->provider, y->provider);
}

static struct ledger_totals *find_model(
	struct ledger_totals *v, size_t *n, const struct ledger_exchange *row)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(v[i].model, row->model) && str_eq(v[i].provider, row->provider))
			return &v[i];
	v[*n] = (struct ledger_totals){ .model = row->model, .provider = row->provider };
	return &v[(*n)++];
}

static void tell_models(
	const struct snapshot *s, const struct query_params *p, row_fn *fn, void *ctx)
{
	struct ledger_totals *v = must_alloc((s->n + 1) * sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (in_quarters(s->rows[i], p))
			totals_add(find_model(v, &n, s->rows[i]), s->rows[i]);
	qsort(v, n, sizeof(*v), compare_models);
	for (size_t i = 0; i < n; i++)
		if (!fn(ctx, &(struct query_row){ .totals = &v[i] }))
			break;
	free(v);
}

struct place {
	const struct ledger_exchange *row;
	size_t at; /* when it was added */
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = (x->row->begin_ms < y->row->begin_ms) - (x->row->begin_ms > y->row->begin_ms);

	return order != 0 ? order : (x->at < y->at) - (x->at > y->at);
}

static bool tell_history(const struct snapshot *s, const struct query_params *p, row_fn *fn,
	void *ctx, struct err *e)
{
	struct place *v = must_alloc((s->n + 1) * sizeof(*v));
	size_t from = 0, left = p->limit;

	for (size_t i = 0; i < s->n; i++)
		v[i] = (struct place){ s->rows[i], i };
	qsort(v, s->n, sizeof(*v), compare_places);
	while (p->text.n > 0 && from < s->n && !str_eq(v[from].row->id, p->text))
		from++;
	bool found = p->text.n == 0 || from < s->n;
	if (found)
		from += p->text.n > 0;
	for (size_t i = from; left > 0 && i < s->n; i++) {
		int64_t at_ms = v[i].row->begin_ms;
		if (at_ms < p->from_ms || at_ms >= p->to_ms)
			continue;
		left--;
		if (!fn(ctx, &(struct query_row){ .exchange = v[i].row }))
			break;
	}
	free(v);
	return found || err_set(e, ERR_NOT_FOUND, "no exchange '%.*s'",
				p->text.n < 64 ? (int)p->text.n : 64, p->text.p);
}

static void tell_exchange(const struct snapshot *s, struct str id, row_fn *fn, void *ctx)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(s->rows[i]->id, id)) {
			fn(ctx, &(struct query_row){ .exchange = s->rows[i] });
			return;
		}
}

static bool memory_query(
	struct store *store, const struct query_params *p, row_fn *fn, void *ctx, struct err *e)
{
	struct snapshot s = take_snapshot(store_of(store)->ledger);
	struct ledger_totals totals;
	bool ok = true;

	switch (p->what) {
	case QUERY_TOTALS:
	case QUERY_SESSION:
		sum_up(&s, p, &totals);
		fn(ctx, &(struct query_row){ .totals = &totals });
		break;
	case QUERY_MODELS:
		tell_models(&s, p, fn, ctx);
		break;
	case QUERY_HISTORY:
		ok = tell_history(&s, p, fn, ctx, e);
		break;
	case QUERY_EXCHANGE:
		tell_exchange(&s, p->text, fn, ctx);
		break;
	}
	free(s.rows);
	return ok;
}

const struct store_driver store_memory = {
	.name = "memory",
	.open = memory_open,
	.append = memory_append,
	.query = memory_query,
	.close = memory_close,
};
