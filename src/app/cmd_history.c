/* SPDX-License-Identifier: MIT */
/* `sluice history`: the latest requests, from the ledger. */
#include "admin/report.h"
#include "app/cmd.h"
#include "app/data.h"
#include "app/figures.h"
#include "llm/dialect.h"
#include "llm/price.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int run(const struct cmd *c);

const struct command cmd_history = {
	.name = "history",
	.args = "[ID]",
	.summary = "the latest requests and what each cost",
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "limit", "N", "so many (20)", NULL },
			{ "json", NULL, "as JSON, with their attempts", NULL },
			{ NULL },
		},
	.details =
		"With an ID, as the log and the header x-sluice-id tell it: that request, as JSON.\n",
	.flags = CMD_CONFIG,
	.args_max = 1,
};

enum { OUTPUT_MAX = 64 << 20, LIMIT_DEFAULT = 20, LIMIT_MAX = 100000 };

static void print_tokens(const struct ledger_tokens *t)
{
	const int64_t parts[] = { t->in, t->cache_read, t->cache_write_5m, t->cache_write_1h };
	int64_t in = 0;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		in += parts[i] > 0 ? parts[i] : 0;
	printf("%9lld %9lld %7lld", (long long)in,
		(long long)(t->cache_read > 0 ? t->cache_read : 0),
		(long long)(t->out > 0 ? t->out : 0));
}

static bool put_exchange(void *ctx, const struct query_row *row)
{
	const struct ledger_exchange *x = row->exchange;
	time_t at = (time_t)(x->begin_ms / 1000);
	struct str model = model_short_name(x->model.n > 0 ? x->model : x->endpoint);
	struct buf cost, name;
	struct tm t;
	char when[20];

	*(bool *)ctx = true;
	localtime_r(&at, &t);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &t);
	buf_init(&cost, 100);
	buf_init(&name, SIZE_MAX);
	if (x->estimated)
		buf_add(&cost, STR("~"));
	if (x->cost.total >= 0)
		cost_print(&cost, x->cost.total);
	else
		buf_add(&cost, STR("$?"));
	buf_add(&name, model);
	printf("%s  ", when);
	figures_left(&name, 24);
	putchar(' ');
	print_tokens(&x->tokens);
	printf(" %12.*s %7.1f s  %u  %.*s%s", STR_ARG(buf_str(&cost)), (double)x->duration_us / 1e6,
		x->status, STR_ARG(x->id), x->error.n > 0 ? "  " : "");
	figures_text(x->error);
	putchar('\n');
	buf_release(&cost);
	buf_release(&name);
	return true;
}

static bool print_json(struct store *s, const struct query_params *p, struct err *e)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	bool ok = report_history(&out, s, p, e);
	if (ok && out.n == 2 && p->what == QUERY_EXCHANGE)
		ok = err_set(e, ERR_NOT_FOUND, "there is no request '%.*s'", STR_ARG(p->text));
	if (ok)
		printf("%.*s\n", STR_ARG(buf_str(&out)));
	buf_release(&out);
	return ok;
}

static bool print_text(struct store *s, const struct query_params *p, struct err *e)
{
	bool any = false;

	printf("%-19s  %-24s %9s %9s %7s %12s %9s  %-3s  %s\n", "when", "model", "input", "cached",
		"output", "cost", "took", "", "id");
	if (!s->driver->query(s, p, put_exchange, &any, e))
		return false;
	if (!any)
		printf("(no requests)\n");
	return true;
}

static int run(const struct cmd *c)
{
	const char *limit = cmd_option(c, "limit");
	struct query_params p = { .what = QUERY_HISTORY, .to_ms = INT64_MAX, .text = STR("") };
	uint64_t n = LIMIT_DEFAULT;
	struct err e;

	if (limit != NULL && (!str_to_u64(str_from(limit), &n) || n < 1 || n > LIMIT_MAX)) {
		cmd_note("history: --limit must be 1 to %d", LIMIT_MAX);
		return CMD_USAGE;
	}
	p.limit = (size_t)n;
	if (c->nargs > 0) {
		p.what = QUERY_EXCHANGE;
		p.text = str_from(c->args[0]);
	}
	struct store *s = data_open_ledger(c, &e);
	if (s == NULL)
		return cmd_fail("%s", e.text);
	bool json = c->nargs > 0 || cmd_option(c, "json") != NULL;
	bool ok = (json ? print_json : print_text)(s, &p, &e);
	s->driver->close(s);
	return ok ? CMD_OK : cmd_fail("%s", e.text);
}
