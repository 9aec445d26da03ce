/* SPDX-License-Identifier: MIT */
/* Which rates apply to a request, and what they make of its tokens. */
#include "llm/price.h"

#include <stdlib.h>
#include <string.h>

enum { PICO_PER_NANO = 1000, MINUTES_A_DAY = 1440, MS_PER_MINUTE = 60000 };

/* ---- finding a model ---- */

static int compare(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0; /* an empty view may have no bytes at all */

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static const struct price *find_exactly(const struct prices *t, struct str model)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = compare(model, t->rows[mid].model);
		if (c == 0)
			return &t->rows[mid];
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/* Whether s ends in a form, in which '0' stands for any digit. */
static bool ends_like(struct str s, struct str form)
{
	if (s.n <= form.n)
		return false;
	for (size_t i = 0; i < form.n; i++) {
		char c = s.p[s.n - form.n + i];
		if (form.p[i] == '0' ? c < '0' || c > '9' : c != form.p[i])
			return false;
	}
	return true;
}

static struct str without_date(struct str model)
{
	static const struct str forms[] = { STR_INIT("-00000000"), STR_INIT("@00000000"),
		STR_INIT("-0000-00-00"), STR_INIT("-latest") };

	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (ends_like(model, forms[i]))
			return (struct str){ model.p, model.n - forms[i].n };
	return model;
}

static const struct price *find_undated(const struct prices *t, struct str model)
{
	const struct price *p = find_exactly(t, model);
	struct str bare = without_date(model);

	return p != NULL || bare.n == model.n ? p : find_exactly(t, bare);
}

const struct price *prices_find(const struct prices *t, struct str model)
{
	const struct str wide = STR("[1m]");

	if (str_ends(model, wide))
		model.n -= wide.n;
	const struct price *p = find_undated(t, model);
	for (size_t i = model.n; p == NULL && i > 0; i--)
		if (model.p[i - 1] == '/')
			return find_undated(t, str_from_offset(model, i));
	return p;
}

struct str prices_canonical(const struct prices *t, struct str model)
{
	const struct price *p = model.n > 0 ? prices_find(t, model) : NULL;
	const struct str wide = STR("[1m]");

	if (p != NULL)
		return p->model;
	if (str_ends(model, wide))
		model.n -= wide.n;
	for (size_t i = model.n; i > 0; i--)
		if (model.p[i - 1] == '/') {
			model = str_from_offset(model, i);
			break;
		}
	return without_date(model);
}

/* ---- rates ---- */

static void replace(int64_t *rate, int64_t by)
{
	if (by >= 0)
		*rate = by;
}

static void merge(struct rates *r, const struct rates *by)
{
	replace(&r->in, by->in);
	replace(&r->cache_read, by->cache_read);
	replace(&r->cache_write_5m, by->cache_write_5m);
	replace(&r->cache_write_1h, by->cache_write_1h);
	replace(&r->out, by->out);
}

/* 1970-01-01 was a Thursday. */
static bool in_window(const struct price_window *w, int64_t at_ms)
{
	int64_t minutes = at_ms / MS_PER_MINUTE;
	unsigned minute = (unsigned)(minutes % MINUTES_A_DAY);
	unsigned day = (unsigned)((minutes / MINUTES_A_DAY + 4) % 7);

	return minute >= w->from_min && minute < w->to_min && (w->days >> day & 1) != 0;
}

struct rates price_rates(const struct price *p, int64_t tokens_in, int64_t at_ms, bool batch)
{
	struct rates r = p->rates;

	for (size_t i = 0; i < p->nchanges; i++)
		if (at_ms >= p->changes[i].from_ms)
			merge(&r, &p->changes[i].rates);
	for (size_t i = 0; i < p->nwindows; i++)
		if (in_window(&p->windows[i], at_ms))
			merge(&r, &p->windows[i].rates);
	for (size_t i = 0; i < p->ntiers; i++)
		if (tokens_in > p->tiers[i].above)
			merge(&r, &p->tiers[i].rates);
	if (batch)
		merge(&r, &p->batch);
	return r;
}

/* ---- cost ---- */

/* tokens × pico-dollars in nano-dollars, half to even; -1 when that is not known or does not fit. */
static int64_t component(int64_t tokens, int64_t rate)
{
	int64_t pico;

	if (tokens <= 0)
		return 0;
	if (rate < 0 || __builtin_mul_overflow(tokens, rate, &pico))
		return -1;
	int64_t nano = pico / PICO_PER_NANO, rest = pico % PICO_PER_NANO;
	bool up = rest > PICO_PER_NANO / 2 || (rest == PICO_PER_NANO / 2 && nano % 2 != 0);
	return nano + up;
}

bool cost_of(const struct rates *r, const struct usage *u, struct cost *ret)
{
	int64_t hour = u->cache_write_1h > 0 ? u->cache_write_1h : 0;
	int64_t written = u->cache_write > hour ? u->cache_write - hour : 0;
	const int64_t parts[] = {
		ret->in = component(u->in, r->in),
		ret->cache_read = component(u->cache_read, r->cache_read),
		ret->cache_write_5m = component(written, r->cache_write_5m),
		ret->cache_write_1h = component(hour, r->cache_write_1h),
		ret->out = component(u->out, r->out),
	};

	ret->total = 0;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i] < 0 || __builtin_add_overflow(ret->total, parts[i], &ret->total)) {
			*ret = COST_UNKNOWN;
			return false;
		}
	}
	if (u->in >= 0 && u->out >= 0)
		return true;
	*ret = COST_UNKNOWN;
	return false;
}

void cost_print(struct buf *out, int64_t nano)
{
	uint64_t left = nano < 0 ? 0 - (uint64_t)nano : (uint64_t)nano;
	uint64_t dollars = left / 1000000000, unit = 10000000;
	unsigned places = 2;

	if (nano < 0)
		buf_add_char(out, '-');
	/* Cents from a dollar on; below, three digits from the first that is not 0. */
	for (uint64_t third = left; dollars == 0 && left != 0 && third < 100000000 && places < 9;
		third *= 10)
		places++;
	if (dollars == 0 && left != 0 && places < 9)
		places++;
	for (unsigned i = 2; i < places; i++)
		unit /= 10;
	uint64_t shown = left / unit + (left % unit * 2 >= unit && unit > 1);
	uint64_t per_dollar = 1000000000 / unit;
	buf_addf(out, "$%llu.%0*llu", (unsigned long long)(shown / per_dollar), (int)places,
		(unsigned long long)(shown % per_dollar));
}
