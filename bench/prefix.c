/* SPDX-License-Identifier: MIT */
/* Measures what the prefix state and routing cost a request: reading the outline beside a plain scan of the body, deciding who is to answer
 * (with what the caches of all candidates would do), and learning. Usage: bench_prefix [rounds]. Bodies are like those of a coding agent, one block longer with each turn of a conversation. */
#include "core/prefix.h"
#include "core/router.h"
#include "fake/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TEXT_BYTES = 1400, ROUNDS = 64, TURNS = 8 };

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void add_text(struct buf *b, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		buf_add(b, i % 61 == 60
				   ? STR("\\n")
				   : (struct str){ &"abcdefghijklmnop"[(i * 7 + seed) % 16], 1 });
}

/* A request of a conversation, with so many blocks in its messages. */
static void make_body(struct buf *b, size_t blocks, size_t conversation)
{
	buf_add(b, STR("{\"model\":\"claude-opus-4-6\",\"messages\":["));
	for (size_t i = 0; i < blocks; i++) {
		buf_addf(b, "%s{\"role\":\"%s\",\"content\":[", i > 0 ? "," : "",
			i % 2 == 0 ? "user" : "assistant");
		if (i % 2 == 0)
			buf_addf(b,
				"{\"tool_use_id\":\"t%zu\",\"type\":\"tool_result\",\"content\":\"",
				i);
		else
			buf_addf(b,
				"{\"type\":\"tool_use\",\"id\":\"t%zu\",\"name\":\"Edit\",\"input\":{\"new_string\":\"",
				i + 1);
		add_text(b, TEXT_BYTES, (unsigned)i);
		buf_add(b, str_from(i % 2 == 0 ? "\"" : "\"}"));
		if (i + 1 == blocks)
			buf_add(b, STR(",\"cache_control\":{\"type\":\"ephemeral\"}"));
		buf_add(b, STR("}]}"));
	}
	buf_add(b, STR("],\"system\":[{\"type\":\"text\",\"text\":\""));
	add_text(b, 7000, 1);
	buf_add(b, STR("\",\"cache_control\":{\"type\":\"ephemeral\"}}],\"tools\":["));
	for (unsigned i = 0; i < 12; i++) {
		buf_addf(b, "%s{\"name\":\"T%u\",\"description\":\"", i > 0 ? "," : "", i);
		add_text(b, 2000, i);
		buf_add(b,
			STR("\",\"input_schema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}}"));
	}
	buf_addf(b,
		"],\"max_tokens\":1000,\"metadata\":{\"user_id\":\"{\\\"session_id\\\":\\\"s%zu\\\"}\"}}",
		conversation);
}

static int by_size(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return d < 0 ? -1 : d > 0;
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_size);
	return v[n / 2];
}

static double scan_us(struct str body)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	double t = now_us();

	if (json_iter_init(&it, body, &e))
		while (json_next(&it, &m, &e))
			;
	return now_us() - t;
}

static size_t body_bytes(size_t blocks)
{
	struct buf b;
	size_t n;

	buf_init(&b, SIZE_MAX);
	make_body(&b, blocks, 0);
	n = b.n;
	buf_release(&b);
	return n;
}

/* Requests of about so many bytes. */
static void measure(struct world *w, size_t bytes, size_t rounds)
{
	double scan[256], parse[256], decide[256], learn[256], all[256];
	size_t none = body_bytes(0), blocks = (bytes - none) * 100 / (body_bytes(100) - none);

	for (size_t i = 0; i < rounds; i++) {
		struct arena *a = arena_new();
		struct http_head head = { .path = STR("/v1/messages") };
		struct arena *scratch = arena_new_small();
		struct exchange x = { .arena = a,
			.scratch = scratch,
			.svc = &w->svc,
			.config = w->svc.config,
			.head = &head,
			.dialect = &dialect_anthropic,
			.endpoint = ENDPOINT_MESSAGES };
		struct err e = { 0 };
		struct buf b;

		buf_init(&b, SIZE_MAX);
		make_body(&b, blocks + i % TURNS - TURNS / 2, bytes + i / TURNS);
		scan[i] = scan_us(buf_str(&b));
		double t = now_us();
		if (!x.dialect->parse_request(&x.chat, buf_str(&b), scratch, &e))
			abort();
		parse[i] = now_us() - t - scan[i];
		t = now_us();
		prefix_identify(&x);
		if (!router_decide(&x))
			abort();
		prefix_foresee(&x);
		decide[i] = now_us() - t;
		struct outcome o = { .candidate = x.plan.c[0],
			.usage = { .in = 5,
				.cache_read = x.prefix->forecast.read,
				.cache_write = x.prefix->forecast.write_5m,
				.cache_write_1h = 0,
				.out = 1 } };
		t = now_us();
		prefix_learn(&x, &o);
		learn[i] = now_us() - t;
		all[i] = parse[i] + decide[i] + learn[i];
		buf_release(&b);
		arena_free(a);
	}
	double together = median(all, rounds);
	printf("%8zu bytes %5zu blocks: scan %6.1f us; outline over it %6.1f, decide %6.1f, learn %6.1f: together %6.1f us, at least %6.1f; %zu bytes kept\n",
		body_bytes(blocks), blocks, median(scan, rounds), median(parse, rounds),
		median(decide, rounds), median(learn, rounds), together, all[0],
		prefixes_bytes(w->svc.prefixes));
}

static void measure_with(const char *what, const char *const *settings, size_t rounds)
{
	struct world w;

	world_init(&w, settings);
	printf("%s\n", what);
	measure(&w, 100 * 1024, rounds);
	measure(&w, 1024 * 1024, rounds);
	world_release(&w);
}

int main(int argc, char **argv)
{
	static const char *const observe[] = { "route.profile=observe", NULL }, *const all[] = {
		"route.profile=saver", "route.use=execute=anthropic/claude-sonnet-4-6",
		"route.rules=[{\"when\":\"kind == 'title'\",\"use\":\"anthropic/claude-haiku-4-5\"},"
		"{\"when\":\"kind == 'subagent' and tokens > 20000\",\"use\":\"anthropic/claude-sonnet-4-6\"},"
		"{\"when\":\"errors > 5 or images\",\"use\":\"anthropic/claude-opus-4-6\"},"
		"{\"when\":\"project == 'x' and hour < 6\",\"use\":\"anthropic/claude-haiku-4-5\"},"
		"{\"when\":\"model == 'none'\",\"use\":\"anthropic/claude-haiku-4-5\"}]",
		NULL
	};
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;

	rounds = rounds < 1 ? 1 : rounds > 256 ? 256 : rounds;
	measure_with("observe:", observe, rounds);
	measure_with("saver, five rules, the planner:", all, rounds);
	return 0;
}
