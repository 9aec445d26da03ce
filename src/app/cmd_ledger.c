/* SPDX-License-Identifier: MIT */
/* `sluice ledger`: looks through the ledger for faults, writes it out, and removes what is old. */
#include "admin/rows.h"
#include "admin/span.h"
#include "app/cmd.h"
#include "app/csv.h"
#include "app/data.h"
#include "base/arena.h"
#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static int run(const struct cmd *c);

const struct command cmd_ledger = {
	.name = "ledger",
	.args = "verify | export | prune",
	.summary = "check, export or prune what is recorded",
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "period", "PERIOD",
				"export: today, 24h, week, 7d, month, 30d or all (all)", NULL },
			{ "format", "FORMAT", "export: jsonl or csv (jsonl)", NULL },
			{ "older-than", "DAYS", "prune: requests of days older than, as in 30d",
				NULL },
			{ "keep-bytes", "N", "prune: the oldest days, until N bytes are in use",
				NULL },
			{ "dry-run", NULL, "prune: only say how many would go", NULL },
			{ "vacuum", NULL, "prune: give free room back to the file system", NULL },
			{ NULL },
		},
	.details =
		"export writes requests to standard output, newest first. prune keeps sums: what was\n"
		"spent stays known by model and provider, and by kind, project and caller for each\n"
		"day. Days are of UTC and go as a whole, the present one never. A proxy may be running.\n",
	.flags = CMD_CONFIG,
	.args_max = 1,
};

enum { LINE_MAX_BYTES = 64 << 20, STEP_REST_MS = 5 };

/* ---- verify ---- */

static bool print_fault(void *ctx, const char *what)
{
	++*(unsigned *)ctx;
	printf("%s\n", what);
	return true;
}

static bool keep_totals(void *ctx, const struct query_row *row)
{
	*(struct ledger_totals *)ctx = *row->totals;
	return true;
}

static int verify(const struct cmd *c)
{
	const struct query_params all = {
		.what = QUERY_TOTALS, .from_ms = INT64_MIN, .to_ms = INT64_MAX
	};
	struct ledger_totals t = { .exchanges = 0 };
	unsigned faults = 0;
	struct err e;
	struct store *s = data_open_ledger(c, &e);

	if (s == NULL)
		return cmd_fail("%s", e.text);
	bool ok = s->driver->query(s, &all, keep_totals, &t, &e) &&
		  s->driver->check(s, print_fault, &faults, &e);
	s->driver->close(s);
	if (!ok)
		return cmd_fail("%s", e.text);
	if (faults > 0)
		return cmd_fail(
			"the ledger has %u faults%s", faults, faults % 20 == 0 ? ", or more" : "");
	printf("the ledger is whole and adds up: %lld requests, $%lld.%09lld\n",
		(long long)t.exchanges, (long long)(t.cost.total / 1000000000),
		(long long)(t.cost.total % 1000000000));
	return CMD_OK;
}

/* ---- export ---- */

static bool put_line(void *ctx, const struct query_row *row)
{
	struct buf *b = ctx;

	buf_clear(b);
	rows_exchange_whole(b, row->exchange);
	buf_add_char(b, '\n');
	return fwrite(b->p, 1, b->n, stdout) == b->n;
}

static int export(const struct cmd *c)
{
	const char *period = cmd_option(c, "period"), *format = cmd_option(c, "format");
	bool csv = format != NULL && strcmp(format, "csv") == 0;
	struct span span;
	struct err e;
	struct buf line;

	if (!span_find(str_from(period != NULL ? period : "all"), clock_wall_ms(), &span)) {
		cmd_note("ledger: \"%s\" is not %s", period, span_choice);
		return CMD_USAGE;
	}
	if (format != NULL && !csv && strcmp(format, "jsonl") != 0) {
		cmd_note("ledger: --format must be jsonl or csv");
		return CMD_USAGE;
	}
	struct store *s = data_open_ledger(c, &e);
	if (s == NULL)
		return cmd_fail("%s", e.text);
	if (csv)
		csv_exchange_head();
	const struct query_params p = { .what = QUERY_HISTORY,
		.from_ms = strcmp(span.name, "all") == 0 ? INT64_MIN : span.from_ms,
		.to_ms = span.to_ms,
		.text = STR(""),
		.limit = SIZE_MAX };
	buf_init(&line, LINE_MAX_BYTES);
	bool ok = s->driver->query(s, &p, csv ? csv_exchange : put_line, &line, &e);
	buf_release(&line);
	s->driver->close(s);
	if (!ok)
		return cmd_fail("%s", e.text);
	if (fflush(stdout) != 0 || ferror(stdout))
		return cmd_fail("cannot write the export: %s", strerror(errno));
	return CMD_OK;
}

/* ---- prune ---- */

/* "30d" or "30". */
static bool read_days(const char *text, uint64_t *ret)
{
	struct str s = str_from(text);

	if (s.n > 0 && s.p[s.n - 1] == 'd')
		s.n--;
	return str_to_u64(s, ret) && *ret <= 36500;
}

/* A number, with KiB, MiB, GiB behind it or not. */
static bool read_bytes(const char *text, uint64_t *ret)
{
	static const struct {
		struct str name;
		unsigned shift;
	} units[] = { { STR_INIT("KiB"), 10 }, { STR_INIT("MiB"), 20 }, { STR_INIT("GiB"), 30 } };
	struct str s = str_from(text);
	unsigned shift = 0;

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (str_ends(s, units[i].name)) {
			shift = units[i].shift;
			s.n -= units[i].name.n;
			break;
		}
	if (!str_to_u64(s, ret) || *ret == 0 || *ret > (uint64_t)INT64_MAX >> shift)
		return false;
	*ret <<= shift;
	return true;
}

static bool read_limits(const struct cmd *c, struct store_limits *ret)
{
	const char *days = cmd_option(c, "older-than"), *bytes = cmd_option(c, "keep-bytes");
	uint64_t n = 0;

	*ret = (struct store_limits){ .before_ms = INT64_MIN,
		.now_ms = clock_wall_ms(),
		.dry_run = cmd_option(c, "dry-run") != NULL };
	if (days != NULL && !read_days(days, &n)) {
		cmd_note("ledger: --older-than must be a number of days, as in 30d");
		return false;
	}
	if (days != NULL)
		ret->before_ms = ret->now_ms - (int64_t)n * 86400000;
	if (bytes != NULL && !read_bytes(bytes, &n)) {
		cmd_note("ledger: --keep-bytes must be a number of bytes, as in 500MiB");
		return false;
	}
	if (bytes != NULL)
		ret->keep_bytes = (int64_t)n;
	if (days == NULL && bytes == NULL && cmd_option(c, "vacuum") == NULL) {
		cmd_note("ledger: prune what? (--older-than, --keep-bytes, or --vacuum alone)");
		return false;
	}
	return true;
}

static bool prune_all(struct store *s, const struct store_limits *l, int64_t *ret_n, struct err *e)
{
	struct store_pruned step = { .more = true };

	while (step.more) {
		if (!s->driver->prune(s, l, &step, e))
			return false;
		*ret_n += step.exchanges;
		/* Whoever else writes gets a turn. */
		if (step.more)
			nanosleep(&(struct timespec){ .tv_nsec = STEP_REST_MS * 1000000L }, NULL);
	}
	return true;
}

static int prune(const struct cmd *c)
{
	struct store_limits l;
	struct err e;
	int64_t n = 0;

	if (!read_limits(c, &l))
		return CMD_USAGE;
	struct store *s = data_open_ledger_to(c, l.dry_run ? STORE_READ : STORE_WRITE, &e);
	if (s == NULL)
		return cmd_fail("%s", e.text);
	bool ok = prune_all(s, &l, &n, &e) &&
		  (l.dry_run || cmd_option(c, "vacuum") == NULL || s->driver->compact(s, &e));
	s->driver->close(s);
	if (n > 0 || ok)
		printf("%lld requests %s\n", (long long)n, l.dry_run ? "would go" : "are gone");
	return ok ? CMD_OK : cmd_fail("%s", e.text);
}

static int run(const struct cmd *c)
{
	static const struct {
		const char *name;
		int (*run)(const struct cmd *c);
	} verbs[] = { { "verify", verify }, { "export", export }, { "prune", prune } };

	for (size_t i = 0; c->nargs > 0 && i < ARRAY_LEN(verbs); i++)
		if (strcmp(c->args[0], verbs[i].name) == 0)
			return verbs[i].run(c);
	cmd_note("ledger: verify, export or prune?");
	return CMD_USAGE;
}
