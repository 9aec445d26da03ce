/* SPDX-License-Identifier: MIT */
/* Measures what rules and a script cost a request. Usage: bench_script [rounds]. None of the rules applies, so that all are asked. */
#include "core/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 20000, TEXT_BYTES = 4096, SAMPLES_MAX = 1000000 };

static const char simple[] =
	"[{\"when\": \"kind == 'title'\", \"use\": \"openai/a\"},"
	"{\"when\": \"kind == 'subagent' and tokens > 200000\", \"use\": \"openai/a\"},"
	"{\"when\": \"class == 'background' and not images\", \"use\": \"openai/a\"},"
	"{\"when\": \"errors >= 3 or repeats >= 3\", \"use\": \"openai/a\"},"
	"{\"when\": \"difficulty == 'complex'\", \"use\": \"openai/a\"},"
	"{\"when\": \"plan_mode and turns < 3\", \"use\": \"openai/a\"},"
	"{\"when\": \"client == 'codex' and stream\", \"use\": \"openai/a\"},"
	"{\"when\": \"hour >= 22 or hour < 6\", \"use\": \"openai/a\"},"
	"{\"when\": \"web_search\", \"use\": \"openai/a\"},"
	"{\"when\": \"tokens > 100000 and warm == 0\", \"use\": \"openai/a\"}]";

static const char texts[] =
	"[{\"when\": \"has(text, 'refactor', 'rewrite', 'redesign')\", \"use\": \"openai/a\"},"
	"{\"when\": \"text:find('fix.*typo')\", \"use\": \"openai/a\"},"
	"{\"when\": \"model:find('^gpt')\", \"use\": \"openai/a\"},"
	"{\"when\": \"header('x-team') == 'red'\", \"use\": \"openai/a\"}]";

static const char script[] =
	"local cheap = {title = true, recap = true, compaction = true}\n"
	"function route(request)\n"
	"  if cheap[request.kind] then return 'openai/a' end\n"
	"  if request.class == 'subagent' and request.tokens > 200000 then return 'openai/b' end\n"
	"  if request.errors >= 3 then return {use = 'openai/c', why = 'in trouble'} end\n"
	"  for _, word in ipairs{'refactor', 'rewrite'} do\n"
	"    if request.text:find(word, 1, true) then return 'openai/d' end\n"
	"  end\n"
	"end\n";

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return d < 0 ? -1 : d > 0;
}

static int read_script(void *ctx, const char *path, struct config_file *ret)
{
	buf_add(&ret->text, str_from(strcmp(path, "/route.lua") == 0 ? script : "{}"));
	return 0;
}

static void measure(const char *what, const char *set, size_t rounds)
{
	static double us[SAMPLES_MAX];
	char text[TEXT_BYTES + 1];
	const char *const sets[] = { set };
	const struct config_input in = {
		.file = "/none", .sets = sets, .nsets = 1, .read = read_script
	};
	struct config_report report;
	struct config *c = config_load(&in, &report);
	struct arena *a = arena_new();
	struct script_choice choice;
	struct err e = { 0 };

	if (c == NULL) {
		fprintf(stderr, "%.*s\n", STR_ARG(report.problems[0].text));
		exit(1);
	}
	memset(text, 'x', TEXT_BYTES);
	text[TEXT_BYTES] = '\0';
	const struct script_facts f = { .kind = STR("tool_loop"),
		.class = STR("main"),
		.client = STR("claude-code"),
		.model = STR("claude-opus-4-6"),
		.text = { text, TEXT_BYTES },
		.tokens = 50000,
		.warm = 48000,
		.turns = 12,
		.hour = 12 };
	for (size_t i = 0; i < rounds; i++) {
		double t = now_us();
		if (!script_decide(c->script, &f, a, &choice, &e) ||
			choice.from != SCRIPT_FROM_NOBODY)
			abort();
		us[i] = now_us() - t;
	}
	qsort(us, rounds, sizeof(*us), by_size);
	printf("%-44s p50 %6.2f us  p99 %6.2f us\n", what, us[rounds / 2], us[rounds * 99 / 100]);
	arena_free(a);
	config_unref(c);
	config_report_release(&report);
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;
	char set[4096];

	rounds = rounds < 1 ? 1 : rounds > SAMPLES_MAX ? SAMPLES_MAX : rounds;
	snprintf(set, sizeof(set), "route.rules=%s", simple);
	measure("10 simple rules", set, rounds);
	snprintf(set, sizeof(set), "route.rules=%s", texts);
	measure("4 rules that search 4 KiB of text", set, rounds);
	measure("a script", "route.script=/route.lua", rounds);
	return 0;
}
