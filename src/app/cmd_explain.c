/* SPDX-License-Identifier: MIT */
/* `sluice explain`: all that the ledger knows of one request, for people. */
#include "admin/views.h"
#include "app/cmd.h"
#include "app/data.h"
#include "app/explain.h"
#include "base/arena.h"
#include "base/clock.h"

#include <string.h>

static int run(const struct cmd *c);

const struct command cmd_explain = {
	.name = "explain",
	.args = "ID | last",
	.summary = "one request: the plan, its cache, its cost",
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "bodies", NULL, "also what was said, where record.bodies has kept it",
				NULL },
			{ "json", NULL, "as JSON; amounts in nano-dollars", NULL },
			{ NULL },
		},
	.details =
		"ID is the one of the log, of `sluice history` and of the header x-sluice-id; its\n"
		"beginning is enough where no other begins like it. `last` is the latest request.\n",
	.flags = CMD_CONFIG,
	.args_max = 1,
};

enum { OUTPUT_MAX = 4 << 20 };

/* Those that may be meant. */
struct found {
	struct arena *arena;
	struct str ids[2];
	size_t n;
	bool exact; /* the first is the one by its whole name */
	struct str wanted;
};

static bool keep_id(void *ctx, const struct query_row *row)
{
	struct found *f = ctx;

	f->exact = f->exact || str_eq(row->exchange->id, f->wanted);
	if (f->n < ARRAY_LEN(f->ids))
		f->ids[f->n++] = arena_dup(f->arena, row->exchange->id);
	return !f->exact && f->n < ARRAY_LEN(f->ids);
}

static bool find(struct store *s, struct found *f, struct err *e)
{
	bool last = str_eq(f->wanted, STR("last"));
	const struct query_params p = { .what = last ? QUERY_HISTORY : QUERY_FIND,
		.from_ms = INT64_MIN,
		.to_ms = INT64_MAX,
		.text = last ? STR("") : f->wanted,
		.limit = last ? 1 : 2 };

	if (!s->driver->query(s, &p, keep_id, f, e))
		return false;
	if (f->n == 0)
		return last ? err_set(e, ERR_NOT_FOUND, "nothing is recorded yet")
			    : err_set(e, ERR_NOT_FOUND, "there is no request '%.*s'",
				      STR_ARG(f->wanted));
	return f->n == 1 || f->exact ||
	       err_set(e, ERR_INVALID, "several requests begin with '%.*s': '%.*s', '%.*s', ...",
		       STR_ARG(f->wanted), STR_ARG(f->ids[0]), STR_ARG(f->ids[1]));
}

static bool print_exchange(void *ctx, const struct query_row *row)
{
	(void)ctx;
	explain_print(row->exchange);
	return true;
}

static bool print(struct store *s, struct str id, bool json, struct err *e)
{
	const struct query_params p = { .what = QUERY_EXCHANGE, .text = id };
	struct buf out;

	if (!json)
		return s->driver->query(s, &p, print_exchange, NULL, e);
	buf_init(&out, OUTPUT_MAX);
	bool ok = view_exchange(&out, s, id, e);
	if (ok)
		printf("%.*s\n", STR_ARG(buf_str(&out)));
	buf_release(&out);
	return ok;
}

/* What record.bodies has kept of it. */
static bool print_bodies(struct store *s, struct str id, struct err *e)
{
	static const char *const parts[] = { "request", "reply" };
	bool ok = true;

	for (size_t i = 0; ok && i < ARRAY_LEN(parts); i++) {
		struct buf key, body;
		int64_t version;

		buf_init(&key, SIZE_MAX);
		buf_init(&body, SIZE_MAX);
		buf_add(&key, id);
		buf_addf(&key, "/%s", parts[i]);
		const struct store_key wanted = { STR("body"), buf_str(&key), clock_wall_ms() };
		ok = s->driver->get(s, &wanted, &body, &version, e) || e->kind == ERR_NOT_FOUND;
		if (ok)
			explain_body(parts[i], buf_str(&body));
		buf_release(&body);
		buf_release(&key);
	}
	return ok;
}

static int run(const struct cmd *c)
{
	struct found f = { .n = 0 };
	struct err e;

	if (c->nargs == 0 || *c->args[0] == '\0') {
		cmd_note("explain: which request? (an id, or `last`)");
		return CMD_USAGE;
	}
	bool json = cmd_option(c, "json") != NULL, bodies = cmd_option(c, "bodies") != NULL;
	if (json && bodies) {
		cmd_note("explain: --json and --bodies exclude each other");
		return CMD_USAGE;
	}
	struct store *s = data_open_ledger(c, &e);
	if (s == NULL)
		return cmd_fail("%s", e.text);
	f.arena = arena_new();
	f.wanted = str_from(c->args[0]);
	bool ok = find(s, &f, &e) && print(s, f.ids[0], json, &e) &&
		  (!bodies || print_bodies(s, f.ids[0], &e));
	arena_free(f.arena);
	s->driver->close(s);
	return ok ? CMD_OK : cmd_fail("%s", e.text);
}
