/* SPDX-License-Identifier: MIT */
/* Decisions as JSON, by one table of members. Packing is done for every request that is routed, on the loop: it is short, and nothing
 * in it is formatted. */
#include "core/decision.h"

#include "wire/json.h"

#include <string.h>

enum { NAME_MAX_BYTES = 128, WHY_MAX_BYTES = 500 };

/* ---- making ---- */

struct decision *decision_new(struct arena *a, unsigned room)
{
	struct decision *d = arena_alloc(a, sizeof(*d));

	*d = (struct decision){ .by = "as asked",
		.why = STR(""),
		.profile = "",
		.kind = "",
		.level = "",
		.arena = a,
		.room = room < DECISION_MAX ? room : DECISION_MAX };
	if (d->room > 0)
		d->v = arena_alloc(a, d->room * sizeof(*d->v));
	return d;
}

static void make_room(struct decision *d)
{
	enum { STEP = 4 };
	struct considered *v = arena_alloc(d->arena, (d->room + STEP) * sizeof(*v));

	if (d->n > 0)
		memcpy(v, d->v, d->n * sizeof(*v));
	d->v = v;
	d->room += STEP;
}

struct considered *decision_add(struct decision *d)
{
	if (d->n == DECISION_MAX)
		return NULL;
	if (d->n == d->room)
		make_room(d);
	d->v[d->n] = (struct considered){ STR(""), STR(""), -1, -1, -1, -1, -1, -1, "" };
	return &d->v[d->n++];
}

bool decision_is_as_asked(const struct decision *d)
{
	return d == NULL || str_eq(str_from(d->by), STR("as asked"));
}

bool decision_is_empty(const struct decision *d)
{
	return decision_is_as_asked(d) && (d == NULL || d->n == 0);
}

/* ---- members ---- */

/* A member of a decision or of a candidate, and when there is something to tell of it. */
struct member {
	struct str name;
	enum { MEMBER_WORD, MEMBER_TEXT, MEMBER_NUMBER, MEMBER_PERCENT } type;
	size_t offset;
	size_t bytes_max;
	int64_t least;
};

static const struct member of_decision[] = {
	{ STR_INIT("by"), MEMBER_WORD, offsetof(struct decision, by), NAME_MAX_BYTES, 0 },
	{ STR_INIT("why"), MEMBER_TEXT, offsetof(struct decision, why), WHY_MAX_BYTES, 0 },
	{ STR_INIT("profile"), MEMBER_WORD, offsetof(struct decision, profile), NAME_MAX_BYTES, 0 },
	{ STR_INIT("kind"), MEMBER_WORD, offsetof(struct decision, kind), NAME_MAX_BYTES, 0 },
	{ STR_INIT("level"), MEMBER_WORD, offsetof(struct decision, level), NAME_MAX_BYTES, 0 },
	{ STR_INIT("bar"), MEMBER_PERCENT, offsetof(struct decision, bar), 0, 1 },
	{ STR_INIT("turns"), MEMBER_NUMBER, offsetof(struct decision, turns), 0, 1 },
};

/* In the order in which they are packed: it is that of ledgers, and never changes. */
static const struct member of_considered[] = {
	{ STR_INIT("provider"), MEMBER_TEXT, offsetof(struct considered, provider), NAME_MAX_BYTES,
		0 },
	{ STR_INIT("model"), MEMBER_TEXT, offsetof(struct considered, model), NAME_MAX_BYTES, 0 },
	{ STR_INIT("verdict"), MEMBER_WORD, offsetof(struct considered, verdict), NAME_MAX_BYTES,
		0 },
	{ STR_INIT("quality"), MEMBER_PERCENT, offsetof(struct considered, quality), 0, 0 },
	{ STR_INIT("read"), MEMBER_NUMBER, offsetof(struct considered, read), 0, 0 },
	{ STR_INIT("written"), MEMBER_NUMBER, offsetof(struct considered, written), 0, 0 },
	{ STR_INIT("input"), MEMBER_NUMBER, offsetof(struct considered, input), 0, 0 },
	{ STR_INIT("cost_nusd"), MEMBER_NUMBER, offsetof(struct considered, cost_nusd), 0, 0 },
	{ STR_INIT("horizon_nusd"), MEMBER_NUMBER, offsetof(struct considered, horizon_nusd), 0,
		0 },
};

static bool is_text(const struct member *m)
{
	return m->type == MEMBER_WORD || m->type == MEMBER_TEXT;
}

static struct str text_of(const struct member *m, const void *of)
{
	const void *at = (const char *)of + m->offset;

	return m->type == MEMBER_WORD ? str_from(*(const char *const *)at)
				      : *(const struct str *)at;
}

static int64_t figure_of(const struct member *m, const void *of)
{
	const void *at = (const char *)of + m->offset;

	return m->type == MEMBER_PERCENT ? *(const int *)at : *(const int64_t *)at;
}

static bool is_told(const struct member *m, const void *of)
{
	return is_text(m) ? text_of(m, of).n > 0 : figure_of(m, of) >= m->least;
}

/* ---- printing ---- */

static void add_text(struct buf *b, struct str v, size_t bytes_max)
{
	char cut[WHY_MAX_BYTES + 1];

	if (v.n > bytes_max) {
		str_put(cut, bytes_max + 1, v);
		v = (struct str){ cut, strlen(cut) };
	}
	json_add_string(b, v);
}

static void add_value(struct buf *b, const struct member *m, const void *of)
{
	if (is_text(m))
		add_text(b, text_of(m, of), m->bytes_max);
	else if (figure_of(m, of) >= 0)
		buf_add_number(b, (uint64_t)figure_of(m, of), 10);
	else
		buf_add(b, STR("-1"));
}

static void begin_member(struct buf *b, struct str name)
{
	if (b->p[b->n - 1] != '{')
		buf_add_char(b, ',');
	buf_add_char(b, '"');
	buf_add(b, name);
	buf_add(b, STR("\":"));
}

static void add_members(struct buf *b, const struct member *v, size_t n, const void *of)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_told(&v[i], of))
			continue;
		begin_member(b, v[i].name);
		add_value(b, &v[i], of);
	}
}

static void print_considered(struct buf *b, const struct considered *c)
{
	buf_add_char(b, '{');
	add_members(b, of_considered, ARRAY_LEN(of_considered), c);
	buf_add_char(b, '}');
}

/* As a list; what nobody knows at its end is left out. */
static void pack_considered(struct buf *b, const struct considered *c)
{
	size_t n = ARRAY_LEN(of_considered);

	while (n > 0 && !is_told(&of_considered[n - 1], c))
		n--;
	buf_add_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(b, ',');
		add_value(b, &of_considered[i], c);
	}
	buf_add_char(b, ']');
}

static void add_candidates(struct buf *b, const struct decision *d,
	void (*add)(struct buf *b, const struct considered *c))
{
	if (d->n == 0)
		return;
	begin_member(b, STR("candidates"));
	for (unsigned i = 0; i < d->n; i++) {
		buf_add_char(b, i == 0 ? '[' : ',');
		add(b, &d->v[i]);
	}
	buf_add_char(b, ']');
}

void decision_print(const struct decision *d, struct buf *b)
{
	buf_add_char(b, '{');
	add_members(b, of_decision, ARRAY_LEN(of_decision), d);
	add_candidates(b, d, print_considered);
	buf_add_char(b, '}');
}

void decision_pack(const struct decision *d, struct buf *b)
{
	struct decision rest = *d;

	rest.why = STR("");
	buf_add_char(b, '{');
	add_members(b, of_decision, ARRAY_LEN(of_decision), &rest);
	add_candidates(b, d, pack_considered);
	buf_add_char(b, '}');
}

/* ---- reading ---- */

static void take_text(const struct member *m, void *at, struct str value, struct arena *a)
{
	struct str s = json_string(value, a);

	if (s.p == NULL)
		return;
	s = arena_dup(a, s);
	if (m->type == MEMBER_WORD)
		*(const char **)at = s.p;
	else
		*(struct str *)at = s;
}

static void take_figure(const struct member *m, void *at, struct str value)
{
	uint64_t n;

	if (!json_u64(value, &n) || n > (m->type == MEMBER_PERCENT ? 100 : INT64_MAX))
		return;
	if (m->type == MEMBER_PERCENT)
		*(int *)at = (int)n;
	else
		*(int64_t *)at = (int64_t)n;
}

/* What is of another type leaves the member as it is. */
static void take(const struct member *m, void *to, struct str value, struct arena *a)
{
	void *at = (char *)to + m->offset;

	if (is_text(m))
		take_text(m, at, value, a);
	else
		take_figure(m, at, value);
}

static bool unpack_considered(struct str json, struct considered *c, struct arena *a)
{
	struct err e = { .kind = ERR_NONE };
	struct json_member item;
	struct json_iter it;

	if (!json_iter_init_array(&it, json, &e))
		return false;
	for (size_t i = 0; json_next(&it, &item, &e); i++)
		if (i < ARRAY_LEN(of_considered))
			take(&of_considered[i], c, item.value, a);
	return e.kind == ERR_NONE;
}

static bool unpack_candidates(struct str json, struct decision *d, struct arena *a)
{
	struct err e = { .kind = ERR_NONE };
	struct json_member item;
	struct json_iter it;

	if (!json_iter_init_array(&it, json, &e))
		return false;
	while (d->n < DECISION_MAX && json_next(&it, &item, &e))
		if (!unpack_considered(item.value, decision_add(d), a))
			return false;
	return e.kind == ERR_NONE;
}

static const struct member *find_member(struct str key)
{
	for (size_t i = 0; i < ARRAY_LEN(of_decision); i++)
		if (json_key_is(key, of_decision[i].name))
			return &of_decision[i];
	return NULL;
}

struct decision *decision_unpack(struct str packed, struct arena *a)
{
	struct decision *d = decision_new(a, 0);
	struct err e = { .kind = ERR_NONE };
	struct json_member m;
	struct json_iter it;

	if (!json_iter_init(&it, packed, &e))
		return NULL;
	while (json_next(&it, &m, &e)) {
		const struct member *known = find_member(m.key);
		if (known != NULL)
			take(known, d, m.value, a);
		else if (json_key_is(m.key, STR("candidates")) && !unpack_candidates(m.value, d, a))
			return NULL;
	}
	return e.kind == ERR_NONE ? d : NULL;
}
