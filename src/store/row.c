/* SPDX-License-Identifier: MIT */
/* The columns of a row, its copy and its part in sums. */
#include "store/row.h"

#include <stdlib.h>
#include <string.h>

/* A provider's figures are not to be trusted: no sum over a ledger's life overflows by what counts at most this much. */
static const int64_t COUNTS_AT_MOST = 1000000000000000;

#define COLUMN(row, name, type, member) \
	{ \
		name, type, offsetof(struct row, member) \
	}
#define TOKEN_COLUMNS(row, type) \
	COLUMN(row, "in_tokens", type, tokens.in), \
		COLUMN(row, "cache_read_tokens", type, tokens.cache_read), \
		COLUMN(row, "cache_write_5m_tokens", type, tokens.cache_write_5m), \
		COLUMN(row, "cache_write_1h_tokens", type, tokens.cache_write_1h), \
		COLUMN(row, "out_tokens", type, tokens.out), \
		COLUMN(row, "reasoning_tokens", type, tokens.reasoning)
#define COST_COLUMNS(row, type) \
	COLUMN(row, "in_nusd", type, cost.in), \
		COLUMN(row, "cache_read_nusd", type, cost.cache_read), \
		COLUMN(row, "cache_write_5m_nusd", type, cost.cache_write_5m), \
		COLUMN(row, "cache_write_1h_nusd", type, cost.cache_write_1h), \
		COLUMN(row, "out_nusd", type, cost.out), \
		COLUMN(row, "total_nusd", type, cost.total)

static const struct column of_exchange[] = {
	COLUMN(ledger_exchange, "id", COLUMN_TEXT, id),
	COLUMN(ledger_exchange, "session", COLUMN_TEXT, session),
	COLUMN(ledger_exchange, "conversation", COLUMN_TEXT, conversation),
	COLUMN(ledger_exchange, "parent", COLUMN_TEXT, parent),
	COLUMN(ledger_exchange, "caller", COLUMN_TEXT, caller),
	COLUMN(ledger_exchange, "dialect", COLUMN_TEXT, dialect),
	COLUMN(ledger_exchange, "endpoint", COLUMN_TEXT, endpoint),
	COLUMN(ledger_exchange, "kind", COLUMN_TEXT, kind),
	COLUMN(ledger_exchange, "model_asked", COLUMN_TEXT, model_asked),
	COLUMN(ledger_exchange, "model", COLUMN_TEXT, model),
	COLUMN(ledger_exchange, "provider", COLUMN_TEXT, provider),
	COLUMN(ledger_exchange, "plan", COLUMN_TEXT, plan),
	COLUMN(ledger_exchange, "error", COLUMN_TEXT, error),
	COLUMN(ledger_exchange, "status", COLUMN_STATUS, status),
	COLUMN(ledger_exchange, "streamed", COLUMN_FLAG, streamed),
	COLUMN(ledger_exchange, "estimated", COLUMN_FLAG, estimated),
	TOKEN_COLUMNS(ledger_exchange, COLUMN_COUNT),
	COST_COLUMNS(ledger_exchange, COLUMN_COUNT),
	COLUMN(ledger_exchange, "saved_nusd", COLUMN_NUMBER, saved),
	COLUMN(ledger_exchange, "request_bytes", COLUMN_COUNT, request_bytes),
	COLUMN(ledger_exchange, "reply_bytes", COLUMN_COUNT, reply_bytes),
	COLUMN(ledger_exchange, "begin_ms", COLUMN_NUMBER, begin_ms),
	COLUMN(ledger_exchange, "first_us", COLUMN_COUNT, first_us),
	COLUMN(ledger_exchange, "duration_us", COLUMN_COUNT, duration_us),
	COLUMN(ledger_exchange, "project", COLUMN_TEXT, project),
	COLUMN(ledger_exchange, "read_predicted_tokens", COLUMN_COUNT, prefix.read_predicted),
	COLUMN(ledger_exchange, "write_predicted_tokens", COLUMN_COUNT, prefix.write_predicted),
	COLUMN(ledger_exchange, "cause", COLUMN_TEXT, prefix.cause),
	COLUMN(ledger_exchange, "differs_at", COLUMN_TEXT, prefix.at),
	COLUMN(ledger_exchange, "lost_tokens", COLUMN_NUMBER, prefix.lost_tokens),
	COLUMN(ledger_exchange, "lost_nusd", COLUMN_NUMBER, prefix.lost_nusd),
	COLUMN(ledger_exchange, "alarm", COLUMN_NUMBER, prefix.alarm),
	COLUMN(ledger_exchange, "decision", COLUMN_TEXT, decision),
};

static const struct column of_attempt[] = {
	COLUMN(ledger_attempt, "provider", COLUMN_TEXT, provider),
	COLUMN(ledger_attempt, "model", COLUMN_TEXT, model),
	COLUMN(ledger_attempt, "key", COLUMN_TEXT, key),
	COLUMN(ledger_attempt, "outcome", COLUMN_TEXT, outcome),
	COLUMN(ledger_attempt, "status", COLUMN_STATUS, status),
	COLUMN(ledger_attempt, "estimated", COLUMN_FLAG, estimated),
	TOKEN_COLUMNS(ledger_attempt, COLUMN_COUNT),
	COST_COLUMNS(ledger_attempt, COLUMN_COUNT),
	COLUMN(ledger_attempt, "begin_ms", COLUMN_NUMBER, begin_ms),
	COLUMN(ledger_attempt, "first_us", COLUMN_COUNT, first_us),
	COLUMN(ledger_attempt, "duration_us", COLUMN_COUNT, duration_us),
};

static const struct column of_saving[] = {
	COLUMN(ledger_saving, "cause", COLUMN_TEXT, cause),
	COLUMN(ledger_saving, "tokens", COLUMN_NUMBER, tokens),
	COLUMN(ledger_saving, "nusd", COLUMN_NUMBER, nusd),
};

static const struct column of_totals[] = {
	COLUMN(ledger_totals, "exchanges", COLUMN_NUMBER, exchanges),
	COLUMN(ledger_totals, "failed", COLUMN_NUMBER, failed),
	COLUMN(ledger_totals, "unpriced", COLUMN_NUMBER, unpriced),
	COLUMN(ledger_totals, "estimated", COLUMN_NUMBER, estimated),
	TOKEN_COLUMNS(ledger_totals, COLUMN_NUMBER),
	COST_COLUMNS(ledger_totals, COLUMN_NUMBER),
	COLUMN(ledger_totals, "saved_nusd", COLUMN_NUMBER, saved),
	COLUMN(ledger_totals, "duration_us", COLUMN_NUMBER, duration_us),
	COLUMN(ledger_totals, "lost_nusd", COLUMN_NUMBER, lost),
	COLUMN(ledger_totals, "alarms", COLUMN_NUMBER, alarms),
	COLUMN(ledger_totals, "predicted", COLUMN_NUMBER, predicted),
	COLUMN(ledger_totals, "read_predicted_tokens", COLUMN_NUMBER, read_predicted),
	COLUMN(ledger_totals, "read_found_tokens", COLUMN_NUMBER, read_found),
	COLUMN(ledger_totals, "read_off_tokens", COLUMN_NUMBER, read_off),
};

const struct columns exchange_columns = { of_exchange, ARRAY_LEN(of_exchange) };
const struct columns attempt_columns = { of_attempt, ARRAY_LEN(of_attempt) };
const struct columns saving_columns = { of_saving, ARRAY_LEN(of_saving) };
const struct columns totals_columns = { of_totals, ARRAY_LEN(of_totals) };

static struct str *text_at(const struct column *c, const void *row)
{
	return (struct str *)(void *)((char *)row + c->offset);
}

static size_t text_bytes(const struct columns *columns, const void *row)
{
	size_t n = 0;

	for (size_t i = 0; i < columns->n; i++)
		if (columns->v[i].type == COLUMN_TEXT)
			n += text_at(&columns->v[i], row)->n;
	return n;
}

/* Moves the texts of a row to *to, and *to behind them. */
static void move_texts(const struct columns *columns, void *row, char **to)
{
	for (size_t i = 0; i < columns->n; i++) {
		if (columns->v[i].type != COLUMN_TEXT)
			continue;
		struct str *s = text_at(&columns->v[i], row);
		if (s->n > 0)
			memcpy(*to, s->p, s->n);
		s->p = *to;
		*to += s->n;
	}
}

size_t row_bytes(const struct ledger_exchange *row)
{
	size_t bytes = sizeof(*row) + row->nattempts * sizeof(*row->attempts) +
		       row->nsavings * sizeof(*row->savings) + text_bytes(&exchange_columns, row);

	for (size_t i = 0; i < row->nattempts; i++)
		bytes += text_bytes(&attempt_columns, &row->attempts[i]);
	for (size_t i = 0; i < row->nsavings; i++)
		bytes += text_bytes(&saving_columns, &row->savings[i]);
	return bytes;
}

void row_copy(const struct ledger_exchange *row, struct ledger_exchange *to)
{
	struct ledger_attempt *attempts = (struct ledger_attempt *)(to + 1);
	struct ledger_saving *savings = (struct ledger_saving *)(attempts + row->nattempts);
	char *texts = (char *)(savings + row->nsavings);

	*to = *row;
	to->attempts = attempts;
	to->savings = savings;
	move_texts(&exchange_columns, to, &texts);
	for (size_t i = 0; i < row->nattempts; i++) {
		attempts[i] = row->attempts[i];
		move_texts(&attempt_columns, &attempts[i], &texts);
	}
	for (size_t i = 0; i < row->nsavings; i++) {
		savings[i] = row->savings[i];
		move_texts(&saving_columns, &savings[i], &texts);
	}
}

int64_t counted(int64_t v)
{
	if (v < 0)
		return 0;
	return v < COUNTS_AT_MOST ? v : COUNTS_AT_MOST;
}

int64_t counted_signed(int64_t v)
{
	return v >= 0 ? counted(v) : v > -COUNTS_AT_MOST ? v : -COUNTS_AT_MOST;
}

static void add(int64_t *sum, int64_t v)
{
	*sum += counted(v);
}

static void add_cost(struct ledger_cost *sum, const struct ledger_cost *c)
{
	add(&sum->in, c->in);
	add(&sum->cache_read, c->cache_read);
	add(&sum->cache_write_5m, c->cache_write_5m);
	add(&sum->cache_write_1h, c->cache_write_1h);
	add(&sum->out, c->out);
	add(&sum->total, c->total);
}

static void add_prediction(struct ledger_totals *t, const struct ledger_exchange *row)
{
	int64_t predicted = counted(row->prefix.read_predicted),
		found = counted(row->tokens.cache_read);

	if (row->prefix.read_predicted < 0 || row->tokens.cache_read < 0)
		return;
	t->predicted++;
	t->read_predicted += predicted;
	t->read_found += found;
	t->read_off += predicted > found ? predicted - found : found - predicted;
}

void totals_add(struct ledger_totals *t, const struct ledger_exchange *row)
{
	t->exchanges++;
	t->failed += row->error.n > 0 || row->status == 0 || row->status >= 400;
	t->estimated += row->estimated;
	add(&t->tokens.in, row->tokens.in);
	add(&t->tokens.cache_read, row->tokens.cache_read);
	add(&t->tokens.cache_write_5m, row->tokens.cache_write_5m);
	add(&t->tokens.cache_write_1h, row->tokens.cache_write_1h);
	add(&t->tokens.out, row->tokens.out);
	add(&t->tokens.reasoning, row->tokens.reasoning);
	if (row->cost.total < 0)
		t->unpriced++;
	else
		add_cost(&t->cost, &row->cost);
	t->saved += counted_signed(row->saved);
	add(&t->lost, row->prefix.lost_nusd);
	add(&t->duration_us, row->duration_us);
	t->alarms += row->prefix.alarm > 0;
	add_prediction(t, row);
}

void totals_sum(struct ledger_totals *to, const struct ledger_totals *more)
{
	/* From the first of them on, all that is there are sums. */
	enum { FIRST = offsetof(struct ledger_totals, exchanges) };
	int64_t *sum = (void *)((char *)to + FIRST);
	const int64_t *v = (const void *)((const char *)more + FIRST);

	static_assert((sizeof(*to) - FIRST) / sizeof(*v) == ARRAY_LEN(of_totals),
		"every sum has its column");
	for (size_t i = 0; i < ARRAY_LEN(of_totals); i++)
		sum[i] += v[i];
}

static int64_t floor_to(int64_t ms, int64_t width)
{
	int64_t into = ms % width;

	if (into < 0)
		into += width;
	return ms >= INT64_MIN + into ? ms - into : INT64_MIN;
}

int64_t quarter_of(int64_t ms)
{
	return floor_to(ms, QUARTER_MS);
}

int64_t day_of(int64_t ms)
{
	return floor_to(ms, DAY_MS);
}

static int compare_numbers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The least of the sorted values that so many in a hundred do not pass. */
static int64_t percentile(const int64_t *v, size_t n, size_t percent)
{
	return v[(n * percent + 99) / 100 - 1];
}

struct ledger_percentiles percentiles_of(int64_t *v, size_t n)
{
	if (n == 0)
		return (struct ledger_percentiles){ -1, -1, -1 };
	qsort(v, n, sizeof(*v), compare_numbers);
	return (struct ledger_percentiles){ percentile(v, n, 50), percentile(v, n, 90),
		percentile(v, n, 99) };
}

static int compare_names(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int order = n > 0 ? memcmp(x->p, y->p, n) : 0;

	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

size_t names_sort(struct str *v, size_t n)
{
	size_t kept = 0;

	if (n > 1)
		qsort(v, n, sizeof(*v), compare_names);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !str_eq(v[kept - 1], v[i]))
			v[kept++] = v[i];
	return kept;
}
