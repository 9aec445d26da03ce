/* SPDX-License-Identifier: MIT */
/* Conversations: the list of them from the sums, one of them from its exchanges. */
#include "store/sqlite_private.h"

#include <stdlib.h>

struct list {
	struct ledger_conversation *v;
	size_t n, cap;
	struct arena *arena;
};

static struct ledger_conversation *more(struct list *l)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 64;
		l->v = must_realloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n] = (struct ledger_conversation){ .id = STR("") };
	return &l->v[l->n++];
}

/* Sorted, each once. */
static struct str join_names(struct arena *a, struct str *names, size_t n)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	assert(names != NULL || n == 0);
	n = n > 0 ? names_sort(names, n) : 0;
	for (size_t i = 0; i < n; i++) {
		buf_add(&b, str_from(i > 0 ? "\n" : ""));
		buf_add(&b, names[i]);
	}
	struct str joined = arena_dup(a, buf_str(&b));
	buf_release(&b);
	return joined;
}

static struct str sorted_lines(struct arena *a, struct str lines)
{
	struct str rest = lines, line, *names = must_alloc((lines.n + 1) * sizeof(*names));
	size_t n = 0;

	while (str_split(&rest, '\n', &line))
		names[n++] = line;
	struct str joined = join_names(a, names, n);
	free(names);
	return joined;
}

/* ---- the list ---- */

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] - 'A' + 'a') : s.p[i];
	return (struct str){ p, s.n };
}

static bool read_list(
	struct sqlite_store *s, const struct query_params *p, struct list *l, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_CONVERSATIONS, e);
	int at = (int)totals_columns.n, rc;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, quarter_of(p->from_ms));
	sqlite3_bind_int64(statement, 2, p->from_ms < p->to_ms ? p->to_ms : INT64_MIN);
	sqlite_bind_text(statement, 3, lower(l->arena, p->text));
	sqlite3_bind_int64(statement, 4, p->conversation.n > 0 ? p->behind_ms : INT64_MAX);
	sqlite_bind_text(statement, 5, p->conversation.n > 0 ? p->conversation : STR("\xff"));
	sqlite3_bind_int64(statement, 6, p->limit < INT64_MAX ? (int64_t)p->limit : -1);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		struct ledger_conversation *c = more(l);
		sqlite_read_row(statement, &totals_columns, &c->totals, NULL);
		c->id = arena_dup(l->arena, sqlite_read_text(statement, at));
		c->first_ms = sqlite3_column_int64(statement, at + 1);
		c->last_ms = sqlite3_column_int64(statement, at + 2);
		c->models = sorted_lines(l->arena, sqlite_read_text(statement, at + 3));
	}
	return sqlite_end_rows(s, statement, rc, e);
}

static bool read_names(
	struct sqlite_store *s, struct ledger_conversation *c, struct arena *a, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_LATEST_OF, e);
	struct str *const names[] = { &c->session, &c->parent, &c->project, &c->caller, &c->kind };

	if (statement == NULL)
		return false;
	sqlite_bind_text(statement, 1, c->id);
	int rc = sqlite3_step(statement);
	for (size_t i = 0; rc == SQLITE_ROW && i < ARRAY_LEN(names); i++)
		*names[i] = arena_dup(a, sqlite_read_text(statement, (int)i));
	return sqlite_end_rows(s, statement, rc, e);
}

bool sqlite_query_conversations(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	struct list l = { .arena = arena_new() };
	bool ok = read_list(s, p, &l, e);

	for (size_t i = 0; ok && i < l.n; i++)
		ok = read_names(s, &l.v[i], l.arena, e);
	for (size_t i = 0; ok && i < l.n; i++)
		if (!r->fn(r->ctx, &(struct query_row){ .conversation = &l.v[i] }))
			break;
	free(l.v);
	arena_free(l.arena);
	return ok;
}

/* ---- one ---- */

struct names {
	struct str *v;
	size_t n, cap;
};

/* Neighbours mostly have the same. */
static void add_name(struct names *names, struct str name, struct arena *a)
{
	if (names->n > 0 && str_eq(names->v[names->n - 1], name))
		return;
	if (names->n == names->cap) {
		names->cap = names->cap > 0 ? 2 * names->cap : 16;
		names->v = must_realloc(names->v, names->cap * sizeof(*names->v));
	}
	names->v[names->n++] = arena_dup(a, name);
	if (names->n == names->cap)
		names->n = names_sort(names->v, names->n);
}

static void add_exchange(struct ledger_conversation *c, const struct ledger_exchange *row)
{
	totals_add(&c->totals, row);
	if (c->totals.exchanges == 1 || row->begin_ms < c->first_ms)
		c->first_ms = row->begin_ms;
	if (c->totals.exchanges == 1 || row->begin_ms > c->last_ms)
		c->last_ms = row->begin_ms;
}

bool sqlite_query_conversation(struct sqlite_store *s, const struct query_params *p,
	const struct receiver *r, struct err *e)
{
	sqlite3_stmt *statement = sqlite_statement(s, SQL_CONVERSATION, e);
	struct ledger_conversation c = { .id = p->text };
	struct names models = { .n = 0 };
	struct ledger_exchange row;
	int rc;

	if (statement == NULL)
		return false;
	struct arena *a = arena_new();
	sqlite_bind_text(statement, 1, p->text);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		sqlite_read_row(statement, &exchange_columns, &row, NULL);
		add_exchange(&c, &row);
		add_name(&models, row.model, a);
	}
	bool ok = sqlite_end_rows(s, statement, rc, e) && read_names(s, &c, a, e);
	c.models = join_names(a, models.v, models.n);
	free(models.v);
	if (ok && c.totals.exchanges > 0)
		r->fn(r->ctx, &(struct query_row){ .conversation = &c });
	arena_free(a);
	return ok;
}
