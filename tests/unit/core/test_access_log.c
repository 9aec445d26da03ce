/* SPDX-License-Identifier: MIT */
/* The lines of the log, to the byte: text for people, JSON for machines. */
#include "unit/core/exchange_fake.h"

static const char *const text[] = { "log.level=debug", NULL };
static const char *const json[] = { "log.level=debug", "log.format=json", NULL };

/* An exchange as stages leave it: 20.3 s old, its head after 0.5 s and its first content after 0.8 s. */
static struct exchange finished(struct world *w)
{
	static struct http_head head;
	static struct outcome outcome;
	static struct candidate candidate;
	uint64_t now = loop_now_ms(w->loop) * UINT64_C(1000000);
	struct exchange x = {
		.id = "x1",
		.svc = &w->svc,
		.config = w->svc.config,
		.head = &head,
		.dialect = &dialect_anthropic,
		.endpoint = ENDPOINT_MESSAGES,
		.chat = { .model = STR("claude-opus-5-5") },
		.status = 200,
		.attempts = 1,
		.usage = USAGE_UNKNOWN,
		.request_bytes = 100,
		.reply_bytes = 2048,
		.begin_ns = now - UINT64_C(20300000000),
		.outcomes = &outcome,
		.last = &outcome,
		.plan = { .c = &candidate, .n = 1 },
	};

	outcome = (struct outcome){
		.head_ns = now - UINT64_C(19800000000),
		.first_ns = now - UINT64_C(19500000000),
	};
	head = (struct http_head){ .method = HTTP_POST,
		.path = STR("/v1/messages"),
		.target = STR("/v1/messages?secret=1") };
	candidate = (struct candidate){
		.provider = config_provider(w->svc.config, STR("anthropic")),
		.dialect = &dialect_anthropic,
	};
	return x;
}

static void check_line(const char *const *sets, void (*change)(struct exchange *), const char *want)
{
	struct world w;

	world_init(&w, sets);
	struct exchange x = finished(&w);
	change(&x);
	access_log_exchange(&w.log, &x);
	assert_str(world_log(&w), str_from(want));
	world_release(&w);
}

static struct http_head *head_of(struct exchange *x)
{
	return (struct http_head *)(uintptr_t)x->head;
}

static void as_it_is(struct exchange *x)
{
	(void)x;
}

static void streamed(struct exchange *x)
{
	x->streamed = true;
	x->last->answered_by = STR("claude-opus-5-5-20260901");
	x->usage = (struct usage){ 300, 5800, -1, -1, 795, -1 };
	x->cost.total = 30300000;
	x->session = STR("s\"1");
	x->session_nano = 134000000;
}

static void with_cache_write(struct exchange *x)
{
	x->usage = (struct usage){ 1, 0, 1999999, -1, 0, -1 };
	x->cost.total = 12410000000;
	x->estimated = true;
}

static void of_unknown_cost(struct exchange *x)
{
	x->cost = COST_UNKNOWN;
}

static void only_in(struct exchange *x)
{
	x->usage.in = 12;
	x->endpoint = ENDPOINT_COUNT;
}

static void only_out(struct exchange *x)
{
	x->usage.out = 999;
}

static void overridden(struct exchange *x)
{
	x->plan.c[0].model = STR("other");
}

static void relayed(struct exchange *x)
{
	x->endpoint = ENDPOINT_RELAY;
	x->chat.model = STR("");
	head_of(x)->path = STR("/v1/files\x1b[31m\x7f\xC3\xA9");
	x->status = 206;
	x->reply_bytes = 3 * 1024 * 1024 + 300000;
}

static void refused(struct exchange *x)
{
	x->plan.n = 0;
	x->outcomes = x->last = NULL;
	x->chat.model = STR("");
	x->status = 401;
	x->reply_bytes = 1023;
	err_set(&x->err, ERR_AUTH, "no key\nat all");
}

static void gone_early(struct exchange *x)
{
	x->status = 0;
	x->reply_bytes = 0;
	x->last->head_ns = x->last->first_ns = 0;
	x->streamed = true;
	err_set(&x->err, ERR_CLIENT_GONE, "the client has gone");
}

static void with_error_event(struct exchange *x)
{
	x->streamed = true;
	x->last->error = STR("overloaded_error");
}

static void local(struct exchange *x)
{
	x->endpoint = ENDPOINT_LOCAL;
	x->plan.n = 0;
	x->outcomes = x->last = NULL;
	x->chat.model = STR("");
	head_of(x)->method = HTTP_GET;
	head_of(x)->path = STR("/health");
}

static void for_people(void **state)
{
	static const struct {
		void (*change)(struct exchange *);
		const char *line;
	} rows[] = {
		{ as_it_is, "12:43:05 opus-5-5 | 2.0 KB | 20.3 s\n" },
		{ streamed,
			"12:43:05 opus-5-5 | 6.1K in (5.8K cached) / 795 out | 20.3 s, first token"
			" 0.8 s | $0.0303 | session $0.134\n" },
		{ with_cache_write,
			"12:43:05 opus-5-5 | 2.0M in / 0 out | 20.3 s | about $12.41\n" },
		{ of_unknown_cost, "12:43:05 opus-5-5 | 2.0 KB | 20.3 s | $?\n" },
		{ only_in, "12:43:05 opus-5-5 count_tokens | 12 in | 20.3 s\n" },
		{ only_out, "12:43:05 opus-5-5 | ? in / 999 out | 20.3 s\n" },
		{ overridden, "12:43:05 other | 2.0 KB | 20.3 s\n" },
		{ relayed,
			"12:43:05 anthropic POST /v1/files?[31m?\xC3\xA9 | 3.3 MB | 20.3 s | 206\n" },
		{ refused, "12:43:05 POST /v1/messages | 1023 B | 20.3 s | 401 | no key?at all\n" },
		{ gone_early, "12:43:05 opus-5-5 | 0 B | 20.3 s | the client has gone\n" },
		{ with_error_event,
			"12:43:05 opus-5-5 | 2.0 KB | 20.3 s, first token 0.8 s | error "
			"event: overloaded_error\n" },
		{ local, "12:43:05 GET /health | 2.0 KB | 20.3 s\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_line(text, rows[i].change, rows[i].line);
}

#define BEGIN "{\"time\":\"2026-11-21T12:43:05.123Z\",\"level\":"
#define TIMES ",\"ms\":20300.000,\"head_ms\":500.000,\"first_token_ms\":800.000"

static void for_machines(void **state)
{
	static const struct {
		void (*change)(struct exchange *);
		const char *line;
	} rows[] = {
		{ streamed, BEGIN
			"\"info\",\"id\":\"x1\",\"method\":\"POST\",\"path\":\"/v1/messages\",\"endpoint\":"
			"\"messages\",\"dialect\":\"anthropic\",\"provider\":\"anthropic\",\"model\":"
			"\"claude-opus-5-5\",\"answered_by\":\"claude-opus-5-5-20260901\","
			"\"session\":\"s\\\"1\",\"status\":200,"
			"\"stream\":true,\"request_bytes\":100,\"reply_bytes\":2048,\"input_tokens\":300,"
			"\"cache_read_tokens\":5800,\"output_tokens\":795,\"cost_nano_usd\":30300000,"
			"\"estimated\":false,\"attempts\":1" TIMES "}\n" },
		{ refused, BEGIN
			"\"info\",\"id\":\"x1\",\"method\":\"POST\",\"path\":\"/v1/messages\",\"endpoint\":"
			"\"messages\",\"dialect\":\"anthropic\",\"status\":401,\"stream\":false,"
			"\"request_bytes\":100,\"reply_bytes\":1023,\"attempts\":1,\"ms\":20300.000"
			",\"error\":\"authentication_error\",\"error_text\":\"no key\\nat all\"}\n" },
		{ gone_early, BEGIN
			"\"info\",\"id\":\"x1\",\"method\":\"POST\",\"path\":\"/v1/messages\",\"endpoint\":"
			"\"messages\",\"dialect\":\"anthropic\",\"provider\":\"anthropic\",\"model\":"
			"\"claude-opus-5-5\",\"status\":0,\"stream\":true,\"request_bytes\":100,"
			"\"reply_bytes\":0,\"cost_nano_usd\":0,\"estimated\":false,"
			"\"attempts\":1,\"ms\":20300.000,\"error\":\"api_error\","
			"\"error_text\":\"the client has gone\"}\n" },
		{ relayed, BEGIN
			"\"info\",\"id\":\"x1\",\"method\":\"POST\",\"path\":\"/v1/files\\u001b[31m\x7f\xC3\xA9\","
			"\"endpoint\":\"relay\",\"dialect\":\"anthropic\",\"provider\":\"anthropic\","
			"\"status\":206,\"stream\":false,\"request_bytes\":100,\"reply_bytes\":3445728,"
			"\"cost_nano_usd\":0,\"estimated\":false,\"attempts\":1" TIMES "}\n" },
		{ local, BEGIN
			"\"debug\",\"id\":\"x1\",\"method\":\"GET\",\"path\":\"/health\",\"endpoint\":"
			"\"local\",\"dialect\":\"anthropic\",\"status\":200,\"stream\":false,"
			"\"request_bytes\":100,\"reply_bytes\":2048,\"attempts\":1,"
			"\"ms\":20300.000}\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_line(json, rows[i].change, rows[i].line);
}

static void levels(void **state)
{
	static const struct {
		const char *set;
		int lines; /* of an exchange, a local one, a refusal, and a message of each level */
	} rows[] = {
		{ "log.level=error", 1 },
		{ "log.level=warn", 2 },
		{ "log.level=info", 5 },
		{ "log.level=debug", 7 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const sets[] = { rows[i].set, NULL };
		struct world w;
		struct err e;
		world_init(&w, sets);
		struct exchange x = finished(&w);
		access_log_exchange(&w.log, &x);
		local(&x);
		access_log_exchange(&w.log, &x);
		err_set(&e, ERR_INVALID, "bad");
		access_log_refused(&w.log, &e, STR("/"));
		for (int level = LOG_ERROR; level <= LOG_DEBUG; level++)
			log_message(&w.log, (enum log_level)level, "m");
		assert_int_equal(fake_log_lines(w.log.writer), rows[i].lines);
		world_release(&w);
	}
}

static void refusals_and_messages(void **state)
{
	struct world w;
	struct err e;

	err_set(&e, ERR_HEADERS, "too \"many\"\t");
	world_init(&w, text);
	access_log_refused(&w.log, &e, STR("/v1/x"));
	log_message(&w.log, LOG_WARN, "%d\n%s", 7, "b");
	log_message(&w.log, LOG_INFO, "plain");
	assert_bytes(world_log(&w), "12:43:05 refused | 431 | too \"many\"?\n12:43:05 warn: 7?b\n"
				    "12:43:05 plain\n");
	world_release(&w);
	world_init(&w, json);
	access_log_refused(&w.log, &e, STR("/v1/x"));
	log_message(&w.log, LOG_ERROR, "%d\n%s", 7, "b");
	assert_bytes(world_log(&w), BEGIN
		"\"info\",\"path\":\"/v1/x\",\"status\":431,\"error\":\"invalid_request_error\","
		"\"error_text\":\"too \\\"many\\\"\\t\"}\n" BEGIN
		"\"error\",\"message\":\"7\\nb\"}\n");
	world_release(&w);
}

/* A long message is cut, not overrun, and stays one line. */
static void long_messages(void **state)
{
	static char long_text[5000];
	struct world w;

	memset(long_text, 'x', sizeof(long_text) - 1);
	world_init(&w, text);
	log_message(&w.log, LOG_INFO, "%s", long_text);
	assert_int_equal(fake_log_lines(w.log.writer), 1);
	assert_true(world_log(&w).n > 500);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_people),
		cmocka_unit_test(for_machines),
		cmocka_unit_test(levels),
		cmocka_unit_test(refusals_and_messages),
		cmocka_unit_test(long_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
