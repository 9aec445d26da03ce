/* SPDX-License-Identifier: MIT */
/* Fills a ledger for the tests of the dashboard: fill_ledger PATH ROWS NOW_MS. The rows end at NOW_MS and go back over thirty
 * days; conversations of sixty requests, some losses, some failures. Every run gives the same. */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 500, TALK = 60 };
static const int64_t SPAN_MS = 30 * 86400000LL;

struct row {
	struct ledger_exchange x;
	struct ledger_attempt attempt;
	char id[40], session[40], conversation[40];
};

/* Nano-dollars for so many tokens at a price in nano-dollars. */
static struct ledger_cost bill(const struct ledger_tokens *t, int64_t price)
{
	struct ledger_cost c = {
		.in = t->in * price,
		.cache_read = t->cache_read * price / 10,
		.cache_write_5m = t->cache_write_5m * price * 5 / 4,
		.cache_write_1h = t->cache_write_1h * price * 2,
		.out = t->out * price * 5,
	};

	c.total = c.in + c.cache_read + c.cache_write_5m + c.cache_write_1h + c.out;
	return c;
}

static void put_prefix(struct ledger_exchange *x, unsigned i, int64_t prompt)
{
	static const char *const causes[] = { "ttl", "tools_added", "history_edited",
		"model_switched", "compaction" };

	x->prefix = (struct ledger_prefix){ .read_predicted = x->tokens.cache_read,
		.write_predicted = x->tokens.cache_write_5m };
	if (x->tokens.cache_read > 0)
		return;
	x->prefix.read_predicted = prompt;
	x->prefix.cause = str_from(causes[i % ARRAY_LEN(causes)]);
	x->prefix.at = STR("messages[12].content[0]");
	x->prefix.lost_tokens = prompt;
	x->prefix.lost_nusd = x->cost.cache_write_5m * 23 / 25;
	x->prefix.alarm = i % 3 == 0 ? 60 : 0;
}

static void put_attempt(struct row *r, unsigned i, const struct ledger_tokens *tokens)
{
	static const char *const models[] = { "claude-opus-5-5", "claude-sonnet-5-5",
		"claude-haiku-5-5", "deepseek-chat" };
	static const int64_t prices[] = { 5000, 3000, 1000, 270 };
	unsigned kind = i / TALK % 4;
	bool failed = tokens->out == 0;

	r->attempt = (struct ledger_attempt){
		.provider = str_from(kind == 3 ? "deepseek" : "anthropic"),
		.model = str_from(models[kind]),
		.key = STR("default"),
		.outcome = str_from(failed ? "overloaded" : "ok"),
		.status = failed ? 529 : 200,
		.tokens = *tokens,
		.cost = bill(tokens, prices[kind]),
		.first_us = failed ? -1 : 600000 + (int64_t)i * 7919 % 1400000,
		.duration_us = 2000000 + tokens->out * 9000,
	};
}

/* Of core/decision.h. */
static const char decision[] =
	"{\"by\":\"profile\",\"profile\":\"balanced\",\"kind\":\"subagent\",\"bar\":60,\"turns\":9,\"candidates\":["
	"[\"anthropic\",\"claude-opus-5-5\",\"asked\",95,0,19000,12,128000000,415000000],"
	"[\"anthropic\",\"claude-haiku-5-5\",\"chosen\",68,0,19000,12,26000000,83000000]]}";

static void put_exchange(struct row *r, unsigned i)
{
	static const char *const projects[] = { "tidemark", "website", "notes", "compiler",
		"lighthouse" };
	unsigned talk = i / TALK;
	const struct ledger_attempt *a = &r->attempt;

	r->x = (struct ledger_exchange){
		.id = str_from(r->id),
		.session = str_from(r->session),
		.conversation = str_from(r->conversation),
		.project = str_from(projects[talk % ARRAY_LEN(projects)]),
		.caller = STR("local"),
		.dialect = STR("anthropic"),
		.endpoint = STR("/v1/messages"),
		.kind = str_from(talk % 5 == 0 ? "subagent"
				 : i % 4 == 0  ? "prompt"
					       : "tool_loop"),
		.model_asked = a->model,
		.model = a->model,
		.provider = a->provider,
		.plan = talk % 5 == 0 ? STR("subagents need less quality, and this costs a third")
				      : STR("as asked"),
		.decision = str_from(talk % 5 == 0 ? decision : ""),
		.error = str_from(a->status == 200 ? "" : "overloaded_error: it is overloaded"),
		.status = a->status,
		.streamed = true,
		.tokens = a->tokens,
		.cost = a->cost,
		.reply_bytes = a->tokens.out * 90,
		.begin_ms = a->begin_ms,
		.first_us = a->first_us,
		.duration_us = a->duration_us,
		.attempts = a,
		.nattempts = 1,
	};
}

static void make_row(struct row *r, unsigned i, int64_t begin_ms)
{
	unsigned talk = i / TALK;
	int64_t prompt = 18000 + i % TALK * 1700 + talk % 977;
	bool lost = (i * 2654435761u) >> 27 == 0;
	struct ledger_tokens tokens = { .in = 12,
		.cache_read = lost ? 0 : prompt - 1500,
		.cache_write_5m = lost ? prompt : 1500,
		.out = 40 + i * 7919 % 1900 };

	if (i % 97 == 0)
		tokens = (struct ledger_tokens){ 0 };
	snprintf(r->id, sizeof(r->id), "x%011llx%08x", (unsigned long long)begin_ms, i);
	snprintf(r->session, sizeof(r->session), "%08x-5b21-4c7e-9d10-1f2e3d4c5b6a",
		talk * 2654435761u);
	snprintf(r->conversation, sizeof(r->conversation), "c%08x%08x", talk, talk * 40503u);
	put_attempt(r, i, &tokens);
	r->attempt.begin_ms = begin_ms;
	put_exchange(r, i);
	r->x.request_bytes = prompt * 4;
	if (tokens.out > 0)
		put_prefix(&r->x, i, prompt);
}

static int fail(const struct err *e)
{
	fprintf(stderr, "fill_ledger: %s\n", e->text);
	return 1;
}

int main(int argc, char **argv)
{
	static struct row r[BATCH];
	static struct ledger_exchange x[BATCH];
	struct err e;

	if (argc != 4) {
		fprintf(stderr, "usage: fill_ledger PATH ROWS NOW_MS\n");
		return 2;
	}
	unsigned rows = (unsigned)strtoul(argv[2], NULL, 10);
	int64_t now_ms = strtoll(argv[3], NULL, 10);
	struct store *s = store_sqlite.open(argv[1], STORE_WRITE, &e);
	if (s == NULL)
		return fail(&e);
	for (unsigned i = 0; i < rows;) {
		size_t n = 0;
		for (; n < BATCH && i < rows; i++, n++) {
			make_row(&r[n], i, now_ms - SPAN_MS + SPAN_MS / rows * (i + 1));
			x[n] = r[n].x;
		}
		if (!s->driver->append(s, x, n, &e))
			return fail(&e);
	}
	s->driver->close(s);
	return 0;
}
