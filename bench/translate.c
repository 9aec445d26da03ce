/* SPDX-License-Identifier: MIT */
/* Measures what translation costs: a request of a coding agent read, repaired and printed for each other dialect, and an event of a stream
 * decoded and encoded for each pair. Usage: bench_translate [FOLDER] [rounds]; FOLDER holds 100k.plain.json and 1m.plain.json as
 * bench/bodies.py writes them, without it bodies of the same kind are made here. */
#include "llm/dialect.h"
#include "wire/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 48, ROUNDS_MAX = 256, EVENTS = 4000 };

static const struct {
	const char *name;
	const struct dialect *dialect;
	const char *flavor, *model;
} sides[] = {
	{ "anthropic", &dialect_anthropic, "anthropic", "claude-sonnet-4-5" },
	{ "chat", &dialect_openai, "openai", "gpt-4.1" },
	{ "responses", &dialect_responses, "openai", "gpt-5.4" },
	{ "gemini", &dialect_gemini, "gemini", "gemini-3.8-flash" },
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
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

static void target_of(struct target *ret, size_t side)
{
	*ret = (struct target){ .flavor = flavor_by_name(str_from(sides[side].flavor)),
		.model = str_from(sides[side].model),
		.default_max_tokens = 32000 };
	caps_of_model(&ret->caps, ret->flavor, ret->model);
}

/* ---- requests ---- */

static bool read_file(struct buf *b, const char *folder, const char *name)
{
	char path[4096], piece[65536];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.plain.json", folder, name);
	f = fopen(path, "rb");
	if (f == NULL)
		return false;
	for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
		buf_add(b, (struct str){ piece, n });
	fclose(f);
	return true;
}

/* Lines of code, with their escapes. */
static void add_code(struct buf *b, size_t n, unsigned seed)
{
	for (size_t start = b->n; b->n - start < n; seed = seed * 31 + 7)
		buf_addf(b, "\\t    if (name%u->value != NULL && strcmp(line, \\\"%x\\\") == 0)\\n",
			seed % 97, seed);
}

static void make_body(struct buf *b, size_t bytes)
{
	buf_add(b, STR("{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":1000,\"system\":["
		       "{\"type\":\"text\",\"text\":\""));
	add_code(b, 12000, 1);
	buf_add(b, STR("\",\"cache_control\":{\"type\":\"ephemeral\"}}],\"tools\":["));
	for (unsigned i = 0; i < 20; i++) {
		buf_addf(b, "%s{\"name\":\"T%u\",\"description\":\"", i > 0 ? "," : "", i);
		add_code(b, 900, i);
		buf_add(b, STR("\",\"input_schema\":{\"type\":\"object\",\"properties\":{\"a\":"
			       "{\"type\":\"string\",\"description\":\"the file\"}},"
			       "\"required\":[],\"additionalProperties\":false}}"));
	}
	buf_add(b, STR("],\"messages\":[{\"role\":\"user\",\"content\":\"Fix it\"}"));
	for (unsigned i = 0; b->n < bytes; i++) {
		buf_addf(b,
			",{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"so\"},"
			"{\"type\":\"tool_use\",\"id\":\"toolu_%024u\",\"name\":\"T%u\",\"input\":"
			"{\"file_path\":\"/src/file%u.c\",\"limit\":200}}]},{\"role\":\"user\","
			"\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"toolu_%024u\","
			"\"content\":[{\"type\":\"text\",\"text\":\"",
			i, i % 20, i, i);
		add_code(b, i % 3 == 0 ? 300 : i % 3 == 1 ? 1500 : 6000, i);
		buf_add(b, STR("\"}]}]}"));
	}
	buf_add(b, STR("]}"));
}

/* CPU of one translation; *ret_read: of reading and repairing. */
static double translate_us(struct str body, size_t to, double *ret_read)
{
	struct arena *a = arena_new();
	struct chat chat = { .bare = true };
	struct wire_request w;
	struct content c;
	struct target t;
	struct err e = { 0 };

	target_of(&t, to);
	buf_init(&w.body, SIZE_MAX);
	double begin = now_us();
	if (!dialect_anthropic.parse_request(&chat, body, a, &e))
		abort();
	content_init(&c, a);
	if (!dialect_anthropic.read_content(&c, &chat, &e))
		abort();
	content_repair(&c);
	*ret_read = now_us() - begin;
	if (!sides[to].dialect->print_content(&w, &c, &t, &e))
		abort();
	double us = now_us() - begin;
	buf_release(&w.body);
	arena_free(a);
	return us;
}

static void measure_requests(const char *folder, const char *name, size_t bytes, size_t rounds)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	if (folder == NULL)
		make_body(&b, bytes);
	else if (!read_file(&b, folder, name))
		exit((fprintf(stderr, "bench_translate: no %s/%s.plain.json\n", folder, name), 1));
	for (size_t to = 1; to < ARRAY_LEN(sides); to++) {
		double read[ROUNDS_MAX], all[ROUNDS_MAX];
		for (size_t i = 0; i < rounds; i++)
			all[i] = translate_us(buf_str(&b), to, &read[i]);
		double middle = median(all, rounds);
		printf("request %8zu bytes anthropic -> %-9s %8.1f us (reading %7.1f), at least %8.1f\n",
			b.n, sides[to].name, middle, median(read, rounds), all[0]);
	}
	buf_release(&b);
}

/* ---- events ---- */

/* A delta of each dialect, and what stands around them. */
static const struct {
	const char *before, *delta, *after;
} streams
	[] = {
		{ "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n"
		  "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
			"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" some words\"}}\n\n",
			"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
			"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":15}}\n\n"
			"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n" },
		{ "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1741569952,\"model\":\"gpt-4.1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n",
			"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1741569952,\"model\":\"gpt-4.1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" some words\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n",
			"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1741569952,\"model\":\"gpt-4.1\",\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":25,\"completion_tokens\":15,\"total_tokens\":40}}\n\ndata: [DONE]\n\n" },
		{ "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"in_progress\",\"output\":[]}}\n\n"
		  "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}}\n\n"
		  "event: response.content_part.added\ndata: {\"type\":\"response.content_part.added\",\"sequence_number\":2,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}}\n\n",
			"event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":3,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\" some words\",\"logprobs\":[]}\n\n",
			"event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"sequence_number\":4,\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[]}}\n\n"
			"event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":5,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"completed\",\"output\":[],\"usage\":{\"input_tokens\":25,\"output_tokens\":15,\"total_tokens\":40}}}\n\n" },
		{ "", "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\" some words\"}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":25,\"candidatesTokenCount\":1,\"totalTokenCount\":26},\"modelVersion\":\"gemini-3.8-flash\",\"responseId\":\"r1\"}\r\n\r\n", "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":25,\"candidatesTokenCount\":15,\"totalTokenCount\":40},\"modelVersion\":\"gemini-3.8-flash\",\"responseId\":\"r1\"}\r\n\r\n" },
	};

struct relay {
	struct sink sink;
	struct encoder e;
	size_t bytes;
};

static void put(struct sink *self, const struct event *ev)
{
	struct relay *r = container_of(self, struct relay, sink);

	encoder_put(&r->e, ev);
	r->bytes += r->e.out->n;
	buf_clear(r->e.out);
}

/* A whole stream; CPU of an event. Frames are found as the core does it. */
static double stream_us(size_t from, size_t to, struct str text)
{
	struct arena *a = arena_new();
	struct relay r = { .sink = { .put = put } };
	struct sse_scanner scanner = { 0 };
	struct decoder d;
	struct target t;
	struct buf out;
	const struct encoder_wishes w = { .model = STR("asked"),
		.random = STR("0123456789abcdefghijklmn"),
		.created_s = 1700000000,
		.stream = true,
		.max_bytes = 1 << 24 };

	target_of(&t, from);
	buf_init(&out, SIZE_MAX);
	encoder_init(&r.e, sides[to].dialect, &w, a, &out);
	decoder_init(&d, sides[from].dialect, &t, a, &r.sink);
	double begin = now_us();
	for (size_t n; (n = sse_scan(&scanner, text)) > 0; text = str_from_offset(text, n))
		decoder_frame(&d, (struct str){ text.p, n });
	decoder_end(&d);
	double us = (now_us() - begin) / EVENTS;
	if (!r.e.ended || r.bytes == 0)
		abort();
	decoder_release(&d);
	encoder_release(&r.e);
	buf_release(&out);
	arena_free(a);
	return us;
}

static void measure_streams(size_t rounds)
{
	for (size_t from = 0; from < ARRAY_LEN(sides); from++) {
		struct buf text;
		buf_init(&text, SIZE_MAX);
		buf_add(&text, str_from(streams[from].before));
		for (size_t i = 0; i < EVENTS; i++)
			buf_add(&text, str_from(streams[from].delta));
		buf_add(&text, str_from(streams[from].after));
		for (size_t to = 0; to < ARRAY_LEN(sides); to++) {
			double us[ROUNDS_MAX];
			if (to == from)
				continue;
			for (size_t i = 0; i < rounds; i++)
				us[i] = stream_us(from, to, buf_str(&text));
			double middle = median(us, rounds);
			printf("event %-9s -> %-9s %6.3f us, at least %6.3f\n", sides[from].name,
				sides[to].name, middle, us[0]);
		}
		buf_release(&text);
	}
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 && strcmp(argv[1], "-") != 0 ? argv[1] : NULL;
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : ROUNDS;

	rounds = rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
	measure_requests(folder, "100k", 100 * 1024, rounds);
	measure_requests(folder, "1m", 1024 * 1024, rounds);
	measure_streams(rounds / 2 + 1);
	return 0;
}
