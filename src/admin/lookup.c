/* SPDX-License-Identifier: MIT */
/* Queries of URLs, and the store opened for one answer. */
#include "admin/lookup.h"

#include "admin/report.h"
#include "admin/views.h"
#include "base/arena.h"
#include "base/clock.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 10000 };

/* What is being answered. */
struct lookup {
	struct buf *body;
	struct str query;
	struct arena *arena; /* of decoded values */
	struct store *store; /* NULL until the question is understood */
	struct err *e;
};

/* ---- values ---- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes the escapes of a query (application/x-www-form-urlencoded). False: one is broken, or stands for a NUL. */
static bool decode(struct arena *a, struct str s, struct str *ret)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		p[n++] = s.p[i] == '+' ? ' ' : s.p[i];
		if (s.p[i] != '%')
			continue;
		int high = i + 2 < s.n ? digit(s.p[i + 1]) : -1;
		int low = high >= 0 ? digit(s.p[i + 2]) : -1;
		if (low < 0 || high * 16 + low == 0)
			return false;
		p[n - 1] = (char)(high * 16 + low);
		i += 2;
	}
	*ret = (struct str){ p, n };
	return true;
}

/* The value of one name; p == NULL without it. */
static bool parameter(struct lookup *l, const char *name, struct str *ret)
{
	struct str rest = l->query, part, key;

	*ret = (struct str){ NULL, 0 };
	while (str_split(&rest, '&', &part)) {
		struct str value = part;
		str_split(&value, '=', &key);
		if (!str_eq(key, str_from(name)))
			continue;
		return decode(l->arena, value.p != NULL ? value : STR(""), ret) ||
		       err_set(l->e, ERR_INVALID, "'%s' has a broken escape", name);
	}
	return true;
}

static bool limit_of(struct lookup *l, size_t fallback, size_t max, size_t *ret)
{
	struct str text;
	uint64_t n = fallback;

	if (!parameter(l, "limit", &text))
		return false;
	if (text.p != NULL && (!str_to_u64(text, &n) || n < 1 || n > max))
		return err_set(l->e, ERR_INVALID, "'limit' must be 1 to %zu", max);
	*ret = (size_t)n;
	return true;
}

static bool time_of(struct lookup *l, const char *name, int64_t *ret)
{
	struct str text;

	if (!parameter(l, name, &text))
		return false;
	return text.p == NULL || span_read_time(text, ret) ||
	       err_set(l->e, ERR_INVALID,
		       "'%s' must be a date like 2026-11-21, or milliseconds since 1970", name);
}

/* What period=, from_ms= and to_ms= say; without them the last 24 hours. */
static bool span_of(struct lookup *l, int64_t now_ms, struct span *ret)
{
	struct str period, from, to;

	if (!parameter(l, "period", &period) || !parameter(l, "from_ms", &from) ||
		!parameter(l, "to_ms", &to))
		return false;
	if (!span_find(period.p != NULL ? period : STR("24h"), now_ms, ret))
		return err_set(l->e, ERR_INVALID, "'period' must be %s", span_choice);
	if (period.p == NULL && (from.p != NULL || to.p != NULL))
		*ret = (struct span){ "", 0, INT64_MAX };
	if (!time_of(l, "from_ms", &ret->from_ms) || !time_of(l, "to_ms", &ret->to_ms))
		return false;
	return ret->from_ms < ret->to_ms ||
	       err_set(l->e, ERR_INVALID, "'from_ms' must be before 'to_ms'");
}

/* A value that must be there. */
static bool wanted(struct lookup *l, const char *name, struct str *ret)
{
	return parameter(l, name, ret) &&
	       (ret->n > 0 || err_set(l->e, ERR_INVALID, "'%s' is missing", name));
}

/* ---- the store ---- */

/* A ledger that nothing was written to yet is an empty one. */
static bool open_store(struct lookup *l, const char *ledger)
{
	l->store = store_sqlite.open(ledger, STORE_READ, l->e);
	if (l->store == NULL && l->e->kind == ERR_NOT_FOUND)
		err_set(l->e, ERR_NOT_FOUND, "nothing is recorded yet");
	return l->store != NULL;
}

/* Understands a question into *ctx, and answers it when it is called again with the store open. */
typedef bool lookup_fn(struct lookup *l, void *ctx);

static bool look_up(
	struct lookup *l, const char *ledger, lookup_fn *understand, lookup_fn *answer, void *ctx)
{
	l->arena = arena_new();
	bool ok = understand(l, ctx) && open_store(l, ledger) && answer(l, ctx);
	if (l->store != NULL)
		l->store->driver->close(l->store);
	arena_free(l->arena);
	buf_add_char(l->body, '\n');
	return ok;
}

#define LOOKUP(name, type) \
	bool lookup_##name(struct buf *body, const char *ledger, struct str query, struct err *e) \
	{ \
		struct lookup l = { .body = body, .query = query, .e = e }; \
		type ctx; \
		return look_up(&l, ledger, understand_##name, answer_##name, &ctx); \
	}

/* ---- /stats and /history ---- */

struct stats {
	int64_t now_ms;
	struct span span;
	bool all;
};

static bool understand_stats(struct lookup *l, void *ctx)
{
	struct stats *q = ctx;
	struct str name;

	q->now_ms = clock_wall_ms();
	if (!parameter(l, "span", &name))
		return false;
	q->all = name.p == NULL;
	return q->all || span_find(name, q->now_ms, &q->span) ||
	       err_set(l->e, ERR_INVALID, "'span' must be %s", span_choice);
}

static bool answer_stats(struct lookup *l, void *ctx)
{
	struct stats *q = ctx;

	return q->all ? report_stats(l->body, l->store, q->now_ms, l->e)
		      : report_span(l->body, l->store, &q->span, l->e);
}

LOOKUP(stats, struct stats)

static bool understand_history(struct lookup *l, void *ctx)
{
	struct query_params *p = ctx;
	struct str id;

	*p = (struct query_params){ .what = QUERY_HISTORY, .to_ms = INT64_MAX };
	if (!limit_of(l, LIMIT_DEFAULT, LIMIT_MAX, &p->limit) || !time_of(l, "from", &p->from_ms) ||
		!time_of(l, "to", &p->to_ms) || !parameter(l, "after", &p->text) ||
		!parameter(l, "id", &id))
		return false;
	if (id.p != NULL) {
		p->what = QUERY_EXCHANGE;
		p->text = id;
	}
	return true;
}

static bool answer_history(struct lookup *l, void *ctx)
{
	return report_history(l->body, l->store, ctx, l->e);
}

LOOKUP(history, struct query_params)

/* ---- views ---- */

static bool understand_overview(struct lookup *l, void *ctx)
{
	struct stats *q = ctx;

	q->now_ms = clock_wall_ms();
	return span_of(l, q->now_ms, &q->span);
}

static bool answer_overview(struct lookup *l, void *ctx)
{
	struct stats *q = ctx;

	return view_overview(l->body, l->store, &q->span, q->now_ms, l->e);
}

LOOKUP(overview, struct stats)

/* The period and the limit of a list. */
static bool understand_list(struct lookup *l, struct query_params *p, size_t fallback, size_t max)
{
	struct span span;

	*p = (struct query_params){ .text = STR(""), .conversation = STR("") };
	if (!span_of(l, clock_wall_ms(), &span) || !limit_of(l, fallback, max, &p->limit))
		return false;
	p->from_ms = span.from_ms;
	p->to_ms = span.to_ms;
	return true;
}

/* A cursor is the time of a conversation's last exchange, a dot, and its id. */
static bool understand_conversations(struct lookup *l, void *ctx)
{
	struct query_params *p = ctx;
	struct str after, ms;
	uint64_t at;

	if (!understand_list(l, p, 50, 1000) || !parameter(l, "q", &p->text) ||
		!parameter(l, "after", &after))
		return false;
	if (after.p == NULL)
		return true;
	if (!str_split(&after, '.', &ms) || after.n == 0 || !str_to_u64(ms, &at) || at > INT64_MAX)
		return err_set(l->e, ERR_INVALID, "'after' must be what 'next' of a page was");
	p->behind_ms = (int64_t)at;
	p->conversation = after;
	return true;
}

static bool answer_conversations(struct lookup *l, void *ctx)
{
	return view_conversations(l->body, l->store, ctx, l->e);
}

LOOKUP(conversations, struct query_params)

static bool understand_conversation(struct lookup *l, void *ctx)
{
	struct query_params *p = ctx;

	*p = (struct query_params){ .from_ms = INT64_MIN, .to_ms = INT64_MAX };
	return wanted(l, "id", &p->conversation) && limit_of(l, 200, LIMIT_MAX, &p->limit) &&
	       parameter(l, "after", &p->text);
}

static bool answer_conversation(struct lookup *l, void *ctx)
{
	return view_conversation(l->body, l->store, ctx, l->e);
}

LOOKUP(conversation, struct query_params)

static bool understand_exchange(struct lookup *l, void *ctx)
{
	return wanted(l, "id", ctx);
}

static bool answer_exchange(struct lookup *l, void *ctx)
{
	return view_exchange(l->body, l->store, *(struct str *)ctx, l->e);
}

LOOKUP(exchange, struct str)

static bool understand_alarms(struct lookup *l, void *ctx)
{
	return understand_list(l, ctx, 100, LIMIT_MAX);
}

static bool answer_alarms(struct lookup *l, void *ctx)
{
	return view_alarms(l->body, l->store, ctx, l->e);
}

LOOKUP(alarms, struct query_params)

struct groups {
	struct grouping by;
	struct query_params p;
};

static bool understand_groups(struct lookup *l, void *ctx)
{
	struct groups *q = ctx;
	struct str by;

	return wanted(l, "by", &by) &&
	       (grouping_find(by, &q->by) ||
		       err_set(l->e, ERR_INVALID, "'by' must be %s", grouping_choice)) &&
	       understand_list(l, &q->p, VIEW_GROUPS_MAX, VIEW_GROUPS_MAX);
}

static bool answer_groups(struct lookup *l, void *ctx)
{
	struct groups *q = ctx;

	return view_groups(l->body, l->store, &q->by, &q->p, l->e);
}

LOOKUP(groups, struct groups)
