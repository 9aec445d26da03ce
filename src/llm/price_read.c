/* SPDX-License-Identifier: MIT */
/* Price tables from JSON: this project's own, and LiteLLM's, whose prices are dollars a token. Numbers are read as
 * decimal text, so that no price passes through binary floating point. */
#include "llm/price.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

enum { PER_MILLION = 6, PER_TOKEN = 12, DIGITS_MAX = 17, TIERS_MAX = 8 };

struct reader {
	struct arena *arena;
	int scale; /* decimal places from a number of the table to pico-dollars a token */
};

/* ---- numbers ---- */

static const int64_t powers[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000,
	1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000,
	1000000000000000, 10000000000000000, 100000000000000000 };

/* digits × 10^exponent, half to even; -1 when it does not fit. */
static int64_t scaled(int64_t digits, long exponent)
{
	int64_t ret;

	if (digits == 0 || exponent < -DIGITS_MAX)
		return 0;
	if (exponent >= 0)
		return exponent > DIGITS_MAX ||
				       __builtin_mul_overflow(digits, powers[exponent], &ret)
			       ? -1
			       : ret;
	int64_t unit = powers[-exponent], rest = digits % unit;
	ret = digits / unit;
	return ret + (rest > unit - rest || (rest == unit - rest && ret % 2 != 0));
}

static bool is_digit(struct str s, size_t i)
{
	return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

/* What stands behind the digits, from the "e" on; *ret is 0 without it. */
static bool read_exponent(struct str s, long *ret)
{
	uint64_t n;

	*ret = 0;
	if (s.n == 0)
		return true;
	if (s.p[0] != 'e' && s.p[0] != 'E')
		return false;
	bool minus = s.n > 1 && s.p[1] == '-', plus = s.n > 1 && s.p[1] == '+';
	if (!str_to_u64(str_from_offset(s, minus || plus ? 2 : 1), &n) || n > 1000)
		return false;
	*ret = minus ? -(long)n : (long)n;
	return true;
}

/* A decimal number that is not negative, times 10^scale; -1 when it is none. */
static int64_t read_decimal(struct str s, int scale)
{
	int64_t digits = 0;
	long exponent = scale, tens;
	size_t i = 0, point = SIZE_MAX, n = 0;

	for (; is_digit(s, i) || (i < s.n && s.p[i] == '.' && point == SIZE_MAX); i++) {
		if (s.p[i] == '.') {
			point = i;
			continue;
		}
		n++;
		if (digits < powers[DIGITS_MAX - 1]) {
			digits = digits * 10 + (s.p[i] - '0');
			exponent -= point != SIZE_MAX;
		} else {
			exponent += point == SIZE_MAX;
		}
	}
	if (n == 0 || !read_exponent(str_from_offset(s, i), &tens))
		return -1;
	return scaled(digits, exponent + tens);
}

static int64_t number(yyjson_val *row, const char *key, int scale)
{
	yyjson_val *v = yyjson_obj_get(row, key);

	if (!yyjson_is_raw(v))
		return -1;
	return read_decimal((struct str){ yyjson_get_raw(v), yyjson_get_len(v) }, scale);
}

static struct str text(struct reader *r, yyjson_val *row, const char *key)
{
	yyjson_val *v = yyjson_obj_get(row, key);

	if (!yyjson_is_str(v))
		return STR("");
	return arena_dup(r->arena, (struct str){ yyjson_get_str(v), yyjson_get_len(v) });
}

/* ---- this project's rows ---- */

static struct rates read_rates(struct reader *r, yyjson_val *row)
{
	struct rates ret = {
		.in = number(row, "input", r->scale),
		.cache_read = number(row, "cache_read", r->scale),
		.cache_write_5m = number(row, "cache_write_5m", r->scale),
		.cache_write_1h = number(row, "cache_write_1h", r->scale),
		.out = number(row, "output", r->scale),
	};
	int64_t any_write = number(row, "cache_write", r->scale);

	if (ret.cache_write_5m < 0)
		ret.cache_write_5m = any_write;
	if (ret.cache_write_1h < 0)
		ret.cache_write_1h = any_write;
	return ret;
}

static void read_tiers(struct reader *r, yyjson_val *list, struct price *p)
{
	p->tiers = arena_alloc(r->arena, (yyjson_arr_size(list) + 1) * sizeof(*p->tiers));
	yyjson_arr_iter it = yyjson_arr_iter_with(list);
	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL;) {
		int64_t above = number(v, "above_input_tokens", 0);
		size_t at = p->ntiers;
		if (above < 0)
			continue;
		for (; at > 0 && p->tiers[at - 1].above > above; at--)
			p->tiers[at] = p->tiers[at - 1];
		p->tiers[at] = (struct price_tier){ above, read_rates(r, v) };
		p->ntiers++;
	}
}

/* "01:00-04:00" */
static bool read_window(struct str s, struct price_window *ret)
{
	uint64_t part[4];
	const char ends[] = { ':', '-', ':', '\0' };
	struct str rest = s, word;

	for (size_t i = 0; i < 4; i++)
		if (!str_split(&rest, ends[i], &word) || !str_to_u64(word, &part[i]) ||
			part[i] > 60)
			return false;
	ret->from_min = (unsigned)(part[0] * 60 + part[1]);
	ret->to_min = (unsigned)(part[2] * 60 + part[3]);
	return ret->from_min < ret->to_min;
}

enum { EVERY_DAY = 0x7F, MONDAY_TO_FRIDAY = 0x3E };

static void read_peak(struct reader *r, yyjson_val *peak, struct price *p)
{
	yyjson_val *hours = yyjson_obj_get(peak, "peak_hours_utc");
	struct str days = text(r, peak, "peak_days");
	struct price_window w = { .rates = read_rates(r, peak) };

	w.days = str_starts(days, STR("Mon-Fri")) ? MONDAY_TO_FRIDAY : EVERY_DAY;
	p->windows = arena_alloc(r->arena, (yyjson_arr_size(hours) + 1) * sizeof(*p->windows));
	yyjson_arr_iter it = yyjson_arr_iter_with(hours);
	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL;)
		if (yyjson_is_str(v) &&
			read_window((struct str){ yyjson_get_str(v), yyjson_get_len(v) }, &w))
			p->windows[p->nwindows++] = w;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar (the year begins in March, so that the leap day is its last). */
static int64_t days_to(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t day_of_year = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

/* "2026-12-01", midnight UTC */
static bool read_date(struct str s, int64_t *ret_ms)
{
	uint64_t part[3];
	struct str rest = s, word;

	for (size_t i = 0; i < 3; i++)
		if (!str_split(&rest, i < 2 ? '-' : '\0', &word) || !str_to_u64(word, &part[i]) ||
			part[i] > 9999)
			return false;
	if (part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31)
		return false;
	*ret_ms = days_to((int64_t)part[0], (int64_t)part[1], (int64_t)part[2]) * 86400000;
	return true;
}

static void read_changes(struct reader *r, yyjson_val *list, struct price *p)
{
	p->changes = arena_alloc(r->arena, (yyjson_arr_size(list) + 1) * sizeof(*p->changes));
	yyjson_arr_iter it = yyjson_arr_iter_with(list);
	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL;) {
		struct price_change c = { .rates = read_rates(r, v) };
		size_t at = p->nchanges;
		if (!read_date(text(r, v, "from"), &c.from_ms))
			continue;
		for (; at > 0 && p->changes[at - 1].from_ms > c.from_ms; at--)
			p->changes[at] = p->changes[at - 1];
		p->changes[at] = c;
		p->nchanges++;
	}
}

static const struct rates no_rates = { -1, -1, -1, -1, -1 };

static void read_own(struct reader *r, yyjson_val *row, struct price *p)
{
	p->provider = text(r, row, "provider");
	p->rates = read_rates(r, row);
	p->batch = no_rates;
	p->batch.in = number(row, "batch_input", r->scale);
	p->batch.out = number(row, "batch_output", r->scale);
	read_tiers(r, yyjson_obj_get(row, "tiers"), p);
	read_peak(r, yyjson_obj_get(row, "peak"), p);
	read_changes(r, yyjson_obj_get(row, "scheduled"), p);
	p->context_tokens = number(row, "context_window", 0);
	p->output_tokens = number(row, "max_output", 0);
	p->source = text(r, row, "source");
	p->as_of = text(r, row, "as_of");
	p->confidence = text(r, row, "confidence");
	p->note = text(r, row, "note");
}

/* ---- LiteLLM's rows ---- */

static void read_litellm_tier(struct reader *r, yyjson_val *row, struct price *p, int thousand)
{
	const char *const names[] = { "input_cost_per_token", "cache_read_input_token_cost",
		"cache_creation_input_token_cost", "output_cost_per_token" };
	int64_t v[ARRAY_LEN(names)];
	bool any = false;
	char key[80];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(key, sizeof(key), "%s_above_%dk_tokens", names[i], thousand);
		v[i] = number(row, key, r->scale);
		any |= v[i] >= 0;
	}
	if (any)
		p->tiers[p->ntiers++] = (struct price_tier){ (int64_t)thousand * 1000,
			{ v[0], v[1], v[2], -1, v[3] } };
}

static void read_litellm(struct reader *r, yyjson_val *row, struct price *p)
{
	static const int sizes[] = { 100, 128, 200, 256, 272 };

	p->provider = text(r, row, "litellm_provider");
	p->rates = (struct rates){
		.in = number(row, "input_cost_per_token", r->scale),
		.cache_read = number(row, "cache_read_input_token_cost", r->scale),
		.cache_write_5m = number(row, "cache_creation_input_token_cost", r->scale),
		.cache_write_1h =
			number(row, "cache_creation_input_token_cost_above_1hr", r->scale),
		.out = number(row, "output_cost_per_token", r->scale),
	};
	p->batch = no_rates;
	p->batch.in = number(row, "input_cost_per_token_batches", r->scale);
	p->batch.out = number(row, "output_cost_per_token_batches", r->scale);
	p->tiers = arena_alloc(r->arena, ARRAY_LEN(sizes) * sizeof(*p->tiers));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		read_litellm_tier(r, row, p, sizes[i]);
	p->context_tokens = number(row, "max_input_tokens", 0);
	p->output_tokens = number(row, "max_output_tokens", 0);
	p->source = text(r, row, "source");
	p->confidence = STR("table");
}

/* ---- tables ---- */

static int compare(const struct price *x, const struct price *y)
{
	size_t n = x->model.n < y->model.n ? x->model.n : y->model.n;
	int c = memcmp(x->model.p, y->model.p, n);

	return c != 0 ? c : (x->model.n > y->model.n) - (x->model.n < y->model.n);
}

/* Of rows of one model, those added later come last. */
static int by_model(const void *a, const void *b)
{
	const struct price *x = *(const struct price *const *)a,
			   *y = *(const struct price *const *)b;
	int c = compare(x, y);

	return c != 0 ? c : (x > y) - (x < y);
}

/* Makes a table of n rows: sorts them, and of one model's keeps the last. */
static void settle(struct prices *t, struct price *rows, size_t n, struct arena *a)
{
	struct price **sorted = arena_alloc(a, (n + 1) * sizeof(struct price *));

	for (size_t i = 0; i < n; i++)
		sorted[i] = &rows[i];
	qsort(sorted, n, sizeof(struct price *), by_model);
	t->rows = arena_alloc(a, (n + 1) * sizeof(*t->rows));
	t->n = 0;
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || compare(sorted[i], sorted[i + 1]) != 0)
			t->rows[t->n++] = *sorted[i];
}

static void read_rows(
	struct prices *t, struct reader *r, yyjson_val *models, bool own, size_t *skipped)
{
	size_t n = t->n;
	struct price *rows =
		arena_alloc(r->arena, (t->n + yyjson_obj_size(models) + 1) * sizeof(*rows));
	yyjson_obj_iter it = yyjson_obj_iter_with(models);

	if (t->n > 0)
		memcpy(rows, t->rows, t->n * sizeof(*rows));
	for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)) != NULL;) {
		struct price p = { .context_tokens = -1, .output_tokens = -1 };
		(own ? read_own : read_litellm)(r, yyjson_obj_iter_get_val(key), &p);
		p.model = arena_dup(
			r->arena, (struct str){ yyjson_get_str(key), yyjson_get_len(key) });
		if (p.rates.in >= 0 && p.rates.out >= 0)
			rows[n++] = p;
		else
			(*skipped)++;
	}
	settle(t, rows, n, r->arena);
}

bool prices_read(struct prices *t, struct str json, struct arena *a, size_t *skipped, struct err *e)
{
	struct reader r = { a, PER_MILLION };
	yyjson_read_err why;
	yyjson_doc *doc = yyjson_read_opts(
		(char *)(uintptr_t)json.p, json.n, YYJSON_READ_NUMBER_AS_RAW, NULL, &why);
	yyjson_val *root = yyjson_doc_get_root(doc);
	yyjson_val *models = yyjson_obj_get(root, "models");

	*skipped = 0;
	if (doc == NULL)
		return err_set(e, ERR_INVALID, "not valid JSON at byte %zu: %s", why.pos, why.msg);
	bool own = yyjson_is_obj(models);
	if (!own && yyjson_is_obj(root)) {
		models = root;
		r.scale = PER_TOKEN;
	}
	struct prices got = *t;
	read_rows(&got, &r, models, own, skipped);
	bool any = yyjson_obj_size(models) > *skipped;
	if (any) {
		got.as_of = own ? text(&r, root, "as_of") : STR("");
		*t = got;
	}
	yyjson_doc_free(doc);
	return any || err_set(e, ERR_INVALID,
			      "not a table of prices: no model has an input and an output price");
}

extern const char price_table[];
extern const size_t price_table_n;

struct str prices_builtin(void)
{
	return (struct str){ price_table, price_table_n };
}

/* ---- overriding ---- */

static bool set_rate(struct rates *r, struct str name, int64_t v)
{
	const struct {
		struct str name;
		int64_t *rate, *too;
	} rows[] = {
		{ STR("input"), &r->in, NULL },
		{ STR("output"), &r->out, NULL },
		{ STR("cache_read"), &r->cache_read, NULL },
		{ STR("cache_write_5m"), &r->cache_write_5m, NULL },
		{ STR("cache_write_1h"), &r->cache_write_1h, NULL },
		{ STR("cache_write"), &r->cache_write_5m, &r->cache_write_1h },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!str_eq(rows[i].name, name))
			continue;
		*rows[i].rate = v;
		if (rows[i].too != NULL)
			*rows[i].too = v;
		return true;
	}
	return false;
}

static bool set_rates(struct rates *r, struct str words, struct err *e)
{
	struct str rest = words, word, name;

	while (str_split(&rest, ' ', &word)) {
		struct str value = word;
		if (word.n == 0)
			continue;
		str_split(&value, '=', &name);
		int64_t v = value.p != NULL ? read_decimal(value, PER_MILLION) : -1;
		if (v < 0 || !set_rate(r, name, v))
			return err_set(e, ERR_INVALID,
				"\"%.*s\" is not a price: write input=3 output=15 cache_read=0.3 "
				"cache_write_5m=3.75 cache_write_1h=6, in dollars per million tokens",
				STR_ARG(word));
	}
	return true;
}

bool prices_override(
	struct prices *t, struct str model, struct str words, struct arena *a, struct err *e)
{
	const struct price *known = prices_find(t, model);
	struct price p = known != NULL ? *known
				       : (struct price){ .rates = no_rates,
						 .context_tokens = -1,
						 .output_tokens = -1 };

	if (!set_rates(&p.rates, words, e))
		return false;
	if (p.rates.in < 0 || p.rates.out < 0)
		return err_set(e, ERR_INVALID,
			"\"%.*s\" is not in the price table and needs input= and output=",
			STR_ARG(model));
	p.model = arena_dup(a, model);
	p.batch = no_rates;
	p.ntiers = p.nwindows = p.nchanges = 0;
	p.source = STR("configuration");
	p.confidence = STR("override");
	p.as_of = p.note = STR("");
	struct price *rows = arena_alloc(a, (t->n + 1) * sizeof(*rows));
	if (t->n > 0)
		memcpy(rows, t->rows, t->n * sizeof(*rows));
	rows[t->n] = p;
	settle(t, rows, t->n + 1, a);
	return true;
}
