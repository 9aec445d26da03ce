/* SPDX-License-Identifier: MIT */
/* An array by number, with a window of bodies at its end. */
#include "sim/journal.h"

#include "wire/hash.h"
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_OF_KEY = 4 };

struct received {
	uint64_t n;
	int64_t at_ms;
	unsigned status;
	size_t bytes;
	struct digest sha256;
	char *head;   /* members of the JSON: method, target, headers */
	char *answer; /* the same: model, script */
	char *body;   /* NULL: forgotten */
};

struct journal {
	struct received *v;
	size_t n, cap;
	size_t oldest; /* the first that may still have its body */
	size_t kept_bytes, keep_bytes;
};

struct journal *journal_new(size_t keep_bytes)
{
	struct journal *j = must_alloc(sizeof(*j));

	j->keep_bytes = keep_bytes;
	return j;
}

void journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	for (size_t i = 0; i < j->n; i++) {
		free(j->v[i].head);
		free(j->v[i].answer);
		free(j->v[i].body);
	}
	free(j->v);
	free(j);
}

static bool is_secret(struct str name)
{
	return str_eq_nocase(name, STR("x-api-key")) ||
	       str_eq_nocase(name, STR("x-goog-api-key")) ||
	       str_eq_nocase(name, STR("authorization"));
}

static void add_value(struct buf *b, const struct http_header *h)
{
	struct str v = h->value;
	char shown[SHOWN_OF_KEY + 8];

	if (!is_secret(h->name)) {
		json_add_string(b, v);
		return;
	}
	int n = snprintf(shown, sizeof(shown), "…%.*s",
		STR_ARG(str_from_offset(v, v.n > SHOWN_OF_KEY ? v.n - SHOWN_OF_KEY : v.n)));
	json_add_string(b, (struct str){ shown, (size_t)n });
}

static char *describe(const struct http_head *head)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_add(&b, STR("\"method\":"));
	json_add_string(&b, http_method_name(head->method));
	buf_add(&b, STR(",\"target\":"));
	json_add_string(&b, head->target);
	buf_add(&b, STR(",\"headers\":["));
	for (size_t i = 0; i < head->n; i++) {
		buf_add(&b, i > 0 ? STR(",[") : STR("["));
		json_add_string(&b, head->h[i].name);
		buf_add_char(&b, ',');
		add_value(&b, &head->h[i]);
		buf_add_char(&b, ']');
	}
	buf_add_char(&b, ']');
	buf_add_char(&b, '\0');
	return b.p;
}

static void forget_bodies(struct journal *j)
{
	for (; j->kept_bytes > j->keep_bytes && j->oldest < j->n; j->oldest++) {
		struct received *r = &j->v[j->oldest];
		if (r->body == NULL)
			continue;
		j->kept_bytes -= r->bytes;
		free(r->body);
		r->body = NULL;
	}
}

void journal_add(
	struct journal *j, uint64_t n, int64_t at_ms, const struct http_head *head, struct str body)
{
	if (j->n == j->cap) {
		j->cap = j->cap > 0 ? 2 * j->cap : 64;
		j->v = must_realloc(j->v, j->cap * sizeof(*j->v));
	}
	struct received *r = &j->v[j->n++];
	*r = (struct received){ .n = n, .at_ms = at_ms, .bytes = body.n };
	r->sha256 = hash_of(body);
	r->head = describe(head);
	r->body = must_alloc(body.n + 1);
	if (body.n > 0)
		memcpy(r->body, body.p, body.n);
	j->kept_bytes += body.n;
	forget_bodies(j);
}

static struct received *find(const struct journal *j, uint64_t n)
{
	if (j->n == 0 || n < j->v[0].n || n - j->v[0].n >= j->n)
		return NULL;
	return &j->v[n - j->v[0].n];
}

void journal_set_answer(
	struct journal *j, uint64_t n, unsigned status, struct str model, struct str script)
{
	struct received *r = find(j, n);
	struct buf b;

	if (r == NULL)
		return;
	r->status = status;
	buf_init(&b, SIZE_MAX);
	buf_add(&b, STR("\"model\":"));
	json_add_string(&b, model);
	buf_add(&b, STR(",\"script\":"));
	json_add_string(&b, script);
	buf_add_char(&b, '\0');
	free(r->answer);
	r->answer = b.p;
}

static void print_cost(struct buf *out, struct bill *bill, uint64_t n)
{
	const struct bill_row *row = bill_find(bill, n);

	if (row == NULL || !row->charged || row->cost.total < 0)
		buf_add(out, STR("null"));
	else
		buf_addf(out, "%lld", (long long)row->cost.total);
}

/* All but the closing brace. */
static void print_received(struct buf *out, const struct received *r, struct bill *bill)
{
	buf_addf(out, "{\"n\":%llu,\"at_ms\":%lld,\"status\":%u,\"bytes\":%zu,\"sha256\":\"",
		(unsigned long long)r->n, (long long)r->at_ms, r->status, r->bytes);
	digest_print(out, &r->sha256, sizeof(r->sha256.b));
	buf_add(out, STR("\",\"nano_usd\":"));
	print_cost(out, bill, r->n);
	buf_add_char(out, ',');
	if (r->answer != NULL) {
		buf_add(out, str_from(r->answer));
		buf_add_char(out, ',');
	}
	buf_add(out, str_from(r->head));
}

void journal_print(struct buf *out, const struct journal *j, struct bill *bill, uint64_t since)
{
	const char *comma = "";

	buf_add(out, STR("{\"requests\":["));
	for (size_t i = 0; i < j->n; i++) {
		if (j->v[i].n < since)
			continue;
		buf_add(out, str_from(comma));
		print_received(out, &j->v[i], bill);
		buf_add_char(out, '}');
		comma = ",\n";
	}
	buf_add(out, STR("]}\n"));
}

struct str journal_body(const struct journal *j, uint64_t n)
{
	const struct received *r = find(j, n);

	return r != NULL && r->body != NULL ? (struct str){ r->body, r->bytes }
					    : (struct str){ NULL, 0 };
}
