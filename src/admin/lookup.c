/* SPDX-License-Identifier: MIT */
/* Queries of URLs, and the store opened for one answer. */
#include "admin/lookup.h"

#include "admin/report.h"
#include "base/clock.h"

#include <time.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 10000 };

/* The value of one name in a query, as it stands there; p == NULL without it. */
static struct str parameter(struct str query, struct str name)
{
	struct str rest = query, part, key;

	while (str_split(&rest, '&', &part)) {
		struct str value = part;
		str_split(&value, '=', &key);
		if (str_eq(key, name))
			return value.p != NULL ? value : STR("");
	}
	return (struct str){ NULL, 0 };
}

/* A ledger that nothing was written to yet is an empty one. */
static struct store *open_store(const char *ledger, struct err *e)
{
	struct store *s = store_sqlite.open(ledger, STORE_READ, e);

	if (s == NULL && e->kind == ERR_NOT_FOUND)
		err_set(e, ERR_NOT_FOUND, "nothing is recorded yet");
	return s;
}

bool lookup_stats(struct buf *body, const char *ledger, struct str query, struct err *e)
{
	struct str name = parameter(query, STR("span"));
	int64_t now = clock_wall_ms();
	struct span span;

	if (name.p != NULL && !span_find(name, now, &span))
		return err_set(e, ERR_INVALID, "'span' must be today, week, month or all");
	struct store *s = open_store(ledger, e);
	if (s == NULL)
		return false;
	bool ok = name.p != NULL ? report_span(body, s, &span, e) : report_stats(body, s, now, e);
	buf_add_char(body, '\n');
	s->driver->close(s);
	return ok;
}

/* Milliseconds, or a date: midnight in local time. */
static bool read_time(struct str text, int64_t *ret)
{
	struct tm t = { .tm_isdst = -1 };
	uint64_t ms, year, month, day;

	if (str_to_u64(text, &ms) && ms <= INT64_MAX) {
		*ret = (int64_t)ms;
		return true;
	}
	if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-')
		return false;
	if (!str_to_u64((struct str){ text.p, 4 }, &year) ||
		!str_to_u64((struct str){ text.p + 5, 2 }, &month) ||
		!str_to_u64((struct str){ text.p + 8, 2 }, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	t.tm_year = (int)year - 1900;
	t.tm_mon = (int)month - 1;
	t.tm_mday = (int)day;
	*ret = (int64_t)mktime(&t) * 1000;
	return true;
}

static bool read_history_query(struct query_params *p, struct str query, struct err *e)
{
	struct str limit = parameter(query, STR("limit")), from = parameter(query, STR("from")),
		   to = parameter(query, STR("to")), id = parameter(query, STR("id"));
	uint64_t n = LIMIT_DEFAULT;

	*p = (struct query_params){ .what = QUERY_HISTORY, .to_ms = INT64_MAX };
	if (limit.p != NULL && (!str_to_u64(limit, &n) || n < 1 || n > LIMIT_MAX))
		return err_set(e, ERR_INVALID, "'limit' must be 1 to %d", LIMIT_MAX);
	if ((from.p != NULL && !read_time(from, &p->from_ms)) ||
		(to.p != NULL && !read_time(to, &p->to_ms)))
		return err_set(e, ERR_INVALID,
			"'from' and 'to' must be dates like 2026-11-21, or milliseconds");
	p->limit = (size_t)n;
	p->text = parameter(query, STR("after"));
	if (id.p != NULL) {
		p->what = QUERY_EXCHANGE;
		p->text = id;
	}
	if (p->text.p == NULL)
		p->text = STR("");
	return true;
}

bool lookup_history(struct buf *body, const char *ledger, struct str query, struct err *e)
{
	struct query_params p;

	if (!read_history_query(&p, query, e))
		return false;
	struct store *s = open_store(ledger, e);
	if (s == NULL)
		return false;
	bool ok = report_history(body, s, &p, e);
	buf_add_char(body, '\n');
	s->driver->close(s);
	return ok;
}
