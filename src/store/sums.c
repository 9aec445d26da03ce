/* SPDX-License-Identifier: MIT */
/* A table of sums, found by their names through chains. */
#include "store/sums.h"

#include <stdlib.h>
#include <string.h>

enum { CHAINS = 1024, FIRST_CAP = 64 };

static const uint32_t NOBODY = UINT32_MAX;

struct sums {
	struct sum *v;
	size_t n, cap;
	uint32_t chains[CHAINS];
};

struct sums *sums_new(void)
{
	struct sums *s = must_alloc(sizeof(*s));

	sums_clear(s);
	return s;
}

void sums_free(struct sums *s)
{
	if (s != NULL)
		free(s->v);
	free(s);
}

void sums_clear(struct sums *s)
{
	s->n = 0;
	for (size_t i = 0; i < CHAINS; i++)
		s->chains[i] = NOBODY;
}

static uint64_t word_at(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* The length and both ends of a name: names that differ in the middle only share a chain. */
static uint64_t mix(uint64_t h, struct str s)
{
	static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ s.n) * odd;
	if (s.n >= sizeof(uint64_t))
		return ((h ^ word_at(s.p)) * odd) ^ word_at(s.p + s.n - sizeof(uint64_t));
	for (size_t i = 0; i < s.n; i++)
		h = (h << 8) + (h >> 56) + (unsigned char)s.p[i];
	return h;
}

static size_t chain_of(enum sum_kind kind, int64_t quarter_ms, const struct str *names)
{
	uint64_t h = (uint64_t)kind ^ (uint64_t)quarter_ms;

	for (size_t i = 0; i < SUM_NAMES_MAX; i++)
		h = mix(h, names[i]);
	return (h * UINT64_C(0x9e3779b97f4a7c15) >> 40) % CHAINS;
}

static bool same_names(const struct str *a, const struct str *b)
{
	for (size_t i = 0; i < SUM_NAMES_MAX; i++)
		if (!str_eq(a[i], b[i]))
			return false;
	return true;
}

static struct sum *find(struct sums *s, enum sum_kind kind, int64_t quarter_ms,
	const struct str names[SUM_NAMES_MAX])
{
	uint32_t *chain = &s->chains[chain_of(kind, quarter_ms, names)];

	for (uint32_t i = *chain; i != NOBODY; i = s->v[i].next)
		if (s->v[i].kind == kind && s->v[i].quarter_ms == quarter_ms &&
			same_names(s->v[i].names, names))
			return &s->v[i];
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? 2 * s->cap : FIRST_CAP;
		s->v = must_realloc(s->v, s->cap * sizeof(*s->v));
	}
	struct sum *fresh = &s->v[s->n];
	*fresh = (struct sum){ .kind = kind,
		.quarter_ms = quarter_ms,
		.first_ms = INT64_MAX,
		.last_ms = INT64_MIN,
		.next = *chain };
	memcpy(fresh->names, names, sizeof(fresh->names));
	*chain = (uint32_t)s->n++;
	return fresh;
}

/* What a row adds: the same to each of its sums. */
struct share {
	int64_t begin_ms, quarter_ms;
	struct ledger_totals totals;
};

static void add_part(
	struct sums *s, const struct share *share, struct str property, struct str value)
{
	const struct str names[SUM_NAMES_MAX] = { property, value, STR(""), STR("") };

	totals_sum(&find(s, SUM_PART, share->quarter_ms, names)->totals, &share->totals);
}

static void add_conversation(
	struct sums *s, const struct share *share, const struct ledger_exchange *row)
{
	const struct str names[SUM_NAMES_MAX] = { row->conversation, row->session, row->project,
		row->model };
	struct sum *sum = find(s, SUM_CONVERSATION, share->quarter_ms, names);

	totals_sum(&sum->totals, &share->totals);
	if (share->begin_ms < sum->first_ms)
		sum->first_ms = share->begin_ms;
	if (share->begin_ms > sum->last_ms)
		sum->last_ms = share->begin_ms;
}

static void add_cause(struct sums *s, const struct share *share, struct str which,
	const struct ledger_saving *figures)
{
	const struct str names[SUM_NAMES_MAX] = { which, figures->cause, STR(""), STR("") };
	struct sum *sum = find(s, SUM_CAUSE, share->quarter_ms, names);

	sum->count++;
	sum->tokens += counted_signed(figures->tokens);
	sum->nusd += counted_signed(figures->nusd);
}

void sums_add(struct sums *s, const struct ledger_exchange *row)
{
	const struct str model[SUM_NAMES_MAX] = { row->model, row->provider, STR(""), STR("") };
	struct share share = { .begin_ms = row->begin_ms, .quarter_ms = quarter_of(row->begin_ms) };

	totals_add(&share.totals, row);
	totals_sum(&find(s, SUM_QUARTER, share.quarter_ms, model)->totals, &share.totals);
	add_part(s, &share, STR("kind"), row->kind);
	add_part(s, &share, STR("project"), row->project);
	add_part(s, &share, STR("caller"), row->caller);
	add_conversation(s, &share, row);
	for (size_t i = 0; i < row->nsavings; i++)
		add_cause(s, &share, STR("saved"), &row->savings[i]);
	if (row->prefix.cause.n > 0)
		add_cause(s, &share, STR("lost"),
			&(struct ledger_saving){ row->prefix.cause,
				counted(row->prefix.lost_tokens), counted(row->prefix.lost_nusd) });
}

const struct sum *sums_list(const struct sums *s, size_t *ret_n)
{
	*ret_n = s->n;
	return s->v;
}
