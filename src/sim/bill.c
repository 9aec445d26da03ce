/* SPDX-License-Identifier: MIT */
/* Rows in the order of requests; sums are made when they are asked for. */
#include "sim/bill.h"

#include "wire/json.h"

#include <stdlib.h>

struct bill {
	struct arena *arena;
	struct bill_row *rows;
	size_t n, cap;
};

struct sum {
	struct str model;
	int64_t requests, unpriced;
	struct usage usage;
	struct cost cost;
};

struct bill *bill_new(void)
{
	struct bill *b = must_alloc(sizeof(*b));

	b->arena = arena_new();
	return b;
}

void bill_free(struct bill *b)
{
	if (b == NULL)
		return;
	arena_free(b->arena);
	free(b->rows);
	free(b);
}

void bill_add(struct bill *b, const struct bill_row *row)
{
	if (b->n == b->cap) {
		b->cap = b->cap > 0 ? 2 * b->cap : 64;
		b->rows = must_realloc(b->rows, b->cap * sizeof(*b->rows));
	}
	struct bill_row *to = &b->rows[b->n++];
	*to = *row;
	to->model = arena_dup(b->arena, row->model);
	to->workspace = arena_dup(b->arena, row->workspace);
	to->script = arena_dup(b->arena, row->script);
	to->error = arena_dup(b->arena, row->error);
}

struct bill_row *bill_find(struct bill *b, uint64_t n)
{
	for (size_t i = b->n; i-- > 0 && b->rows[i].n >= n;)
		if (b->rows[i].n == n)
			return &b->rows[i];
	return NULL;
}

/* ---- as JSON ---- */

static void print_tokens(struct buf *out, const struct usage *u)
{
	buf_addf(out,
		"\"tokens\":{\"input\":%lld,\"cache_read\":%lld,\"cache_write_5m\":%lld,\"cache_write_1h\":%lld,"
		"\"output\":%lld,\"thinking\":%lld}",
		(long long)u->in, (long long)u->cache_read,
		(long long)(u->cache_write - u->cache_write_1h), (long long)u->cache_write_1h,
		(long long)u->out, (long long)u->reasoning);
}

static void print_cost(struct buf *out, const struct cost *c)
{
	if (c->total < 0) {
		buf_add(out, STR("\"nano_usd\":null"));
		return;
	}
	buf_addf(out,
		"\"nano_usd\":{\"input\":%lld,\"cache_read\":%lld,\"cache_write_5m\":%lld,\"cache_write_1h\":%lld,"
		"\"output\":%lld,\"total\":%lld}",
		(long long)c->in, (long long)c->cache_read, (long long)c->cache_write_5m,
		(long long)c->cache_write_1h, (long long)c->out, (long long)c->total);
}

static void print_row(struct buf *out, const struct bill_row *r)
{
	static const char *const outcomes[] = { "waiting", "begun", "whole", "cut", "gone",
		"refused" };

	buf_addf(out, "{\"n\":%llu,\"at_ms\":%lld,\"model\":", (unsigned long long)r->n,
		(long long)r->at_ms);
	json_add_string(out, r->model);
	buf_add(out, STR(",\"workspace\":"));
	json_add_string(out, r->workspace);
	buf_addf(out, ",\"status\":%u,\"stream\":%s,\"outcome\":\"%s\",\"charged\":%s,\"script\":",
		r->status, r->stream ? "true" : "false", outcomes[r->outcome],
		r->charged ? "true" : "false");
	json_add_string(out, r->script);
	buf_add(out, STR(",\"error\":"));
	json_add_string(out, r->error);
	if (r->charged) {
		buf_add_char(out, ',');
		print_tokens(out, &r->usage);
		buf_add_char(out, ',');
		print_cost(out, &r->cost);
	}
	buf_add_char(out, '}');
}

static void add_row(struct sum *s, const struct bill_row *r)
{
	s->requests++;
	s->usage.in += r->usage.in;
	s->usage.cache_read += r->usage.cache_read;
	s->usage.cache_write += r->usage.cache_write;
	s->usage.cache_write_1h += r->usage.cache_write_1h;
	s->usage.out += r->usage.out;
	s->usage.reasoning += r->usage.reasoning;
	if (r->cost.total < 0) {
		s->unpriced++;
		return;
	}
	s->cost.in += r->cost.in;
	s->cost.cache_read += r->cost.cache_read;
	s->cost.cache_write_5m += r->cost.cache_write_5m;
	s->cost.cache_write_1h += r->cost.cache_write_1h;
	s->cost.out += r->cost.out;
	s->cost.total += r->cost.total;
}

static void print_sum(struct buf *out, const struct sum *s)
{
	buf_addf(out, "{\"requests\":%lld,\"unpriced\":%lld,", (long long)s->requests,
		(long long)s->unpriced);
	print_tokens(out, &s->usage);
	buf_add_char(out, ',');
	print_cost(out, &s->cost);
	buf_add_char(out, '}');
}

static struct sum *sum_of(struct sum *sums, size_t *n, struct str model)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(sums[i].model, model))
			return &sums[i];
	sums[*n].model = model;
	return &sums[(*n)++];
}

void bill_print(struct buf *out, const struct bill *b, bool rows, uint64_t since)
{
	struct sum *sums = must_alloc((b->n + 1) * sizeof(*sums)), total = { .requests = 0 };
	const char *comma = "";
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->rows[i].charged && b->rows[i].n >= since) {
			add_row(sum_of(sums, &n, b->rows[i].model), &b->rows[i]);
			add_row(&total, &b->rows[i]);
		}
	buf_add_char(out, '{');
	if (rows) {
		buf_add(out, STR("\"requests\":["));
		for (size_t i = 0; i < b->n; i++) {
			if (b->rows[i].n < since)
				continue;
			buf_add(out, str_from(comma));
			print_row(out, &b->rows[i]);
			comma = ",\n";
		}
		buf_add(out, STR("],\n"));
	}
	buf_add(out, STR("\"models\":{"));
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add(out, STR(",\n"));
		json_add_string(out, sums[i].model);
		buf_add_char(out, ':');
		print_sum(out, &sums[i]);
	}
	buf_add(out, STR("},\n\"total\":"));
	print_sum(out, &total);
	buf_add(out, STR("}\n"));
	free(sums);
}
