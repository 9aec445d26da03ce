/* SPDX-License-Identifier: MIT */
/* Measures what reading a request costs beside a plain scan of its body, for every dialect, and what telling its turn costs
 * behind that. Usage: bench_turn [rounds]. Bodies are like those of a coding agent. */
#include "llm/turn.h"
#include "llm/dialect.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TEXT_BYTES = 1400, ROUNDS = 200, ROUNDS_MAX = 1000 };

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

/* A step is a call, and the result of the one before; what stands around two texts. */
static const struct form {
	const struct dialect *dialect;
	const char *path, *begin, *call, *between, *result, *end, *list, *finish;
} forms[] = {
	{ &dialect_anthropic, "/v1/messages",
		"{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"do it\"}",
		",{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"Read\",\"input\":{\"text\":\"",
		"\"}}]}",
		",{\"role\":\"user\",\"content\":[{\"tool_use_id\":\"t\",\"type\":\"tool_result\",\"content\":\"",
		"\"}]}", "],\"system\":\"", "\"}" },
	{ &dialect_openai, "/v1/chat/completions",
		"{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"do it\"}",
		",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"t\",\"type\":\"function\",\"function\":{\"name\":\"read\",\"arguments\":\"",
		"\"}}]}", ",{\"role\":\"tool\",\"tool_call_id\":\"t\",\"content\":\"", "\"}",
		",{\"role\":\"user\",\"content\":\"", "\"}]}" },
	{ &dialect_responses, "/v1/responses",
		"{\"model\":\"m\",\"stream\":true,\"input\":[{\"role\":\"user\",\"content\":\"do it\"}",
		",{\"type\":\"function_call\",\"call_id\":\"t\",\"name\":\"exec_command\",\"arguments\":\"",
		"\"}", ",{\"type\":\"function_call_output\",\"call_id\":\"t\",\"output\":\"", "\"}",
		"],\"instructions\":\"", "\"}" },
	{ &dialect_gemini, "/v1beta/models/m:streamGenerateContent",
		"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"do it\"}]}",
		",{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"read_file\",\"args\":{\"text\":\"",
		"\"}}}]}",
		",{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"read_file\",\"response\":{\"output\":\"",
		"\"}}}]}", "],\"systemInstruction\":{\"parts\":[{\"text\":\"", "\"}]}}" },
};

static void make_body(struct buf *b, const struct form *f, size_t bytes)
{
	buf_add(b, str_from(f->begin));
	for (unsigned i = 0; b->n + TEXT_BYTES < bytes; i++) {
		buf_add(b, str_from(f->call));
		add_text(b, 200, i);
		buf_add(b, str_from(f->between));
		buf_add(b, str_from(f->result));
		add_text(b, 2 * TEXT_BYTES, i);
		buf_add(b, str_from(f->end));
	}
	buf_add(b, str_from(f->list));
	add_text(b, TEXT_BYTES, 1);
	buf_add(b, str_from(f->finish));
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

static void measure(const struct form *f, size_t bytes, size_t rounds)
{
	double scan[ROUNDS_MAX], parse[ROUNDS_MAX], tell[ROUNDS_MAX];
	struct http_head head = { .path = str_from(f->path) };
	struct buf b;

	buf_init(&b, SIZE_MAX);
	make_body(&b, f, bytes);
	for (size_t i = 0; i < rounds; i++) {
		struct arena *a = arena_new_small();
		struct chat c = { .path = head.path };
		struct turn_facts facts;
		struct err e = { 0 };

		scan[i] = scan_us(buf_str(&b));
		double t = now_us();
		if (!f->dialect->parse_request(&c, buf_str(&b), a, &e))
			abort();
		parse[i] = now_us() - t;
		t = now_us();
		turn_read(&head, &c, &facts);
		tell[i] = now_us() - t;
		arena_free(a);
	}
	printf("%-10s %8zu bytes: scan %6.1f us, request %6.1f us, turn %6.1f us\n",
		f->dialect->name, b.n, median(scan, rounds), median(parse, rounds),
		median(tell, rounds));
	buf_release(&b);
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;

	rounds = rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		measure(&forms[i], (size_t)100 * 1024, rounds);
		measure(&forms[i], (size_t)1024 * 1024, rounds);
	}
	return 0;
}
