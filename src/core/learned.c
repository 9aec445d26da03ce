/* SPDX-License-Identifier: MIT */
/* One text with a line for each: provider, tab, model, tab, capability. It is small, and kept whole. */
#include "core/learned.h"

#include "base/clock.h"
#include "core/ledger.h"

#include <stdlib.h>

enum { LEARNED_BYTES_MAX = 64 << 10 };
static const int64_t keep_ms = 30 * INT64_C(86400000);

struct reading;

struct learned {
	struct services *svc;
	struct buf text;
	struct reading *reading; /* under way; NULL: done */
};

static const struct str space = STR_INIT("learned"), name = STR_INIT("capabilities");

/* ---- what was kept ---- */

static void keep(struct learned *l)
{
	int64_t now = clock_wall_ms();
	const struct store_value v = { .space = space,
		.key = name,
		.value = buf_str(&l->text),
		.version = now,
		.expires_ms = now + keep_ms };

	if (l->svc->ledger != NULL)
		ledger_keep(l->svc->ledger, &v);
}

/* On a worker; may outlive what it reads for. */
struct reading {
	struct learned *to; /* NULL: nobody waits any more */
	struct str ledger;
	struct arena *arena;
	struct buf text;
};

static void read_kept(void *ctx)
{
	struct reading *r = ctx;
	const struct store_key key = { space, name, clock_wall_ms() };
	struct err e = { 0 };
	int64_t version;
	struct store *s = store_sqlite.open(r->ledger.p, STORE_READ, &e);

	if (s == NULL)
		return;
	if (!store_sqlite.get(s, &key, &r->text, &version, &e))
		buf_clear(&r->text);
	store_sqlite.close(s);
}

static void have_read(void *ctx)
{
	struct reading *r = ctx;

	struct learned *l = r->to;

	if (l != NULL) {
		bool more = l->text.n > 0;
		buf_add(&l->text, buf_str(&r->text));
		l->text.overflow = false; /* what was learned meanwhile comes first */
		l->reading = NULL;
		if (more)
			keep(l);
	}
	buf_release(&r->text);
	arena_free(r->arena);
}

static void start_reading(struct learned *l)
{
	struct arena *a = arena_new_small();
	struct reading *r = arena_alloc(a, sizeof(*r));

	*r = (struct reading){
		.to = l, .ledger = arena_dup(a, str_from(ledger_path(l->svc->ledger))), .arena = a
	};
	buf_init(&r->text, LEARNED_BYTES_MAX);
	l->reading = r;
	loop_job(l->svc->loop, read_kept, have_read, r);
}

struct learned *learned_new(struct services *svc)
{
	struct learned *l = must_alloc(sizeof(*l));

	*l = (struct learned){ .svc = svc };
	buf_init(&l->text, LEARNED_BYTES_MAX);
	if (svc->ledger != NULL)
		start_reading(l);
	return l;
}

void learned_free(struct learned *l)
{
	if (l == NULL)
		return;
	if (l->reading != NULL)
		l->reading->to = NULL;
	buf_release(&l->text);
	free(l);
}

/* ---- looking ---- */

/* The next line of this model's; false behind the last. */
static bool next(struct str *rest, struct str provider, struct str model, struct str *ret)
{
	struct str line, p, m;

	while (str_split(rest, '\n', &line))
		if (str_split(&line, '\t', &p) && str_split(&line, '\t', &m) &&
			str_eq(p, provider) && str_eq(m, model)) {
			*ret = line;
			return true;
		}
	return false;
}

static bool is_plain(struct str s)
{
	return s.n > 0 && str_find_char(s, '\t') == s.n && str_find_char(s, '\n') == s.n;
}

bool learned_add(struct learned *l, struct str provider, struct str model, struct str capability)
{
	struct str rest, known;

	if (l == NULL)
		return false;
	rest = buf_str(&l->text);
	while (next(&rest, provider, model, &known))
		if (str_eq(known, capability))
			return false;
	if (!is_plain(provider) || !is_plain(model) ||
		!buf_reserve(&l->text, provider.n + model.n + capability.n + 3))
		return false;
	buf_addf(&l->text, "%.*s\t%.*s\t%.*s\n", STR_ARG(provider), STR_ARG(model),
		STR_ARG(capability));
	/* What is there already must not be lost. */
	if (l->reading == NULL)
		keep(l);
	return true;
}

size_t learned_end(const struct learned *l)
{
	return l != NULL ? l->text.n : 0;
}

bool learned_since(const struct learned *l, size_t end, struct str provider, struct str model,
	struct str capability)
{
	struct str rest, known;

	if (l == NULL)
		return false;
	rest = str_from_offset(buf_str(&l->text), end);
	while (next(&rest, provider, model, &known))
		if (str_eq(known, capability))
			return true;
	return false;
}

void learned_apply(
	const struct learned *l, struct str provider, struct str model, struct caps *caps)
{
	struct str rest, capability;

	if (l == NULL)
		return;
	rest = buf_str(&l->text);
	while (next(&rest, provider, model, &capability))
		/* A name that an earlier version knew is nothing any more. */
		(void)!caps_set(caps, capability, STR("false"));
}
