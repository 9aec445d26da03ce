/* SPDX-License-Identifier: MIT */
/* Replies of providers that speak Chat Completions, with all that vendors do to them, as the events that they become. */
#include "unit/base/check.h"

#include "llm/dialect.h"
#include "wire/sse.h"

#include <stdio.h>
#include <stdlib.h>

struct log {
	struct sink sink;
	struct buf text;
	bool ended;
};

static const char *part_name(enum part_kind k)
{
	return k == PART_TEXT ? "text" : k == PART_CALL ? "call" : "reasoning";
}

static const char *const stops[] = { "none", "end", "max", "sequence", "tool", "refusal" };

static void put_usage(struct buf *b, const struct usage *u)
{
	buf_addf(b, "usage %lld %lld %lld %lld %lld\n", (long long)u->in, (long long)u->cache_read,
		(long long)u->cache_write, (long long)u->out, (long long)u->reasoning);
}

/* One line an event. */
static void put(struct sink *self, const struct event *ev)
{
	struct log *l = container_of(self, struct log, sink);
	struct buf *b = &l->text;

	assert_false(l->ended);
	if (ev->type == EV_START)
		buf_addf(b, "start %.*s %.*s\n", STR_ARG(ev->id), STR_ARG(ev->model));
	else if (ev->type == EV_USAGE)
		put_usage(b, &ev->usage);
	else if (ev->type == EV_OPEN && ev->part == PART_CALL)
		buf_addf(b, "call %.*s %.*s\n", STR_ARG(ev->id), STR_ARG(ev->name));
	else if (ev->type == EV_OPEN)
		buf_addf(b, "%s\n", part_name(ev->part));
	else if (ev->type == EV_TEXT)
		buf_addf(b, "+%.*s\n", STR_ARG(ev->text));
	else if (ev->type == EV_SIGN)
		buf_addf(b, "sign %.*s %.*s\n", STR_ARG(ev->native.code),
			STR_ARG(ev->native.payload));
	else if (ev->type == EV_CLOSE)
		buf_addf(b, "close\n");
	else if (ev->type == EV_STOP)
		buf_addf(b, "stop %s %.*s\n", stops[ev->stop], STR_ARG(ev->detail));
	else if (ev->type == EV_ERROR)
		buf_addf(b, "error %s %.*s\n", err_anthropic_type(ev->error), STR_ARG(ev->detail));
	l->ended = ev->type == EV_STOP || ev->type == EV_ERROR;
}

/* Chunks: "{…}" stands for a choice of that delta, "!x" for one with that finish_reason, "$…" for members of a chunk without
 * choices, "=" for [DONE], all else for itself. One a line. */
static void add_frame(struct buf *out, struct str line)
{
	struct str rest = str_from_offset(line, line.n > 0 ? 1 : 0);
	const char *head = "data: {\"id\":\"chatcmpl-1\",\"model\":\"m\",\"choices\":[";

	if (str_starts(line, STR("{")))
		buf_addf(out, "%s{\"index\":0,\"delta\":%.*s,\"finish_reason\":null}]}\n\n", head,
			STR_ARG(line));
	else if (str_starts(line, STR("!")))
		buf_addf(out, "%s{\"index\":0,\"delta\":{},\"finish_reason\":\"%.*s\"}]}\n\n", head,
			STR_ARG(rest));
	else if (str_starts(line, STR("$")))
		buf_addf(out, "%s],%.*s}\n\n", head, STR_ARG(rest));
	else if (str_eq(line, STR("=")))
		buf_addf(out, "data: [DONE]\n\n");
	else
		buf_addf(out, "%.*s\n\n", STR_ARG(line));
}

struct row {
	const char *name, *flavor, *frames, *want;
};

#define START "start chatcmpl-1 m\n"

static const struct row rows[] = {
	{ "text", "openai",
		"{\"role\":\"assistant\",\"content\":\"\"}\n{\"content\":\"a\\u00e9\"}\n{\"content\":\"b\"}\n!stop\n=",
		START "text\n+a\\u00e9\n+b\nclose\nstop end \n" },
	{ "cut off", "openai", "{\"content\":\"a\"}",
		START "text\n+a\nerror api_error upstream stream ended without a finish reason\n" },
	{ "no [DONE]", "openai", "{\"content\":\"a\"}\n!length",
		START "text\n+a\nclose\nstop max \n" },
	{ "no finish_reason but [DONE]", "openai",
		"{\"content\":\"a\"}\n=", START "text\n+a\nclose\nstop end \n" },
	{ "[DONE] alone", "openai", "=",
		"error api_error upstream stream ended without a finish reason\n" },
	{ "nothing at all", "openai",
		": ping\n\n:", "error api_error upstream stream ended without a finish reason\n" },
	{ "nothing behind the end", "openai",
		"!stop\n=\n{\"content\":\"a\"}\n=", START "stop end \n" },
	{ "usage behind the finish", "openai",
		"{\"content\":\"a\"}\n!stop\n$\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}\n=",
		START "text\n+a\nusage 5 -1 -1 2 -1\nclose\nstop end \n" },
	{ "Groq's usage", "groq",
		"!stop\n$\"x_groq\":{\"id\":\"r\",\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n=",
		START "usage 5 -1 -1 2 -1\nstop end \n" },
	{ "Azure's first chunk", "openai",
		"data: {\"id\":\"\",\"model\":\"\",\"choices\":[],\"prompt_filter_results\":[]}\n{\"content\":\"a\"}\n!stop\n=",
		START "text\n+a\nclose\nstop end \n" },
	{ "comments, names of events, several lines", "openai",
		": x\nevent: chunk\ndata: {\"id\":\"chatcmpl-1\",\"model\":\"m\",\ndata: \"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n!stop\n=",
		NULL },
	{ "other choices are not ours", "openai",
		"data: {\"id\":\"chatcmpl-1\",\"model\":\"m\",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}},{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n!stop\n=",
		START "text\n+a\nclose\nstop end \n" },
	/* Reasoning. */
	{ "reasoning_content", "deepseek",
		"{\"content\":null,\"reasoning_content\":\"r\"}\n{\"content\":\"a\",\"reasoning_content\":null}\n!stop\n=",
		START
		"reasoning\n+r\nsign ds {\"m\":\"x/\\\"y\"}\nclose\ntext\n+a\nclose\nstop end \n" },
	{ "in one chunk with the text, in another order", "vllm",
		"{\"content\":\"a\",\"reasoning\":\"r\"}\n!stop\n=",
		START
		"reasoning\n+r\nsign vl {\"m\":\"x/\\\"y\"}\nclose\ntext\n+a\nclose\nstop end \n" },
	{ "again behind the text", "ollama",
		"{\"thinking\":\"r\"}\n{\"content\":\"a\"}\n{\"thinking\":\"s\"}\n!stop\n=",
		START
		"reasoning\n+r\nsign ol {\"m\":\"x/\\\"y\"}\nclose\ntext\n+a\nclose\nreasoning\n+s\nsign ol {\"m\":\"x/\\\"y\"}\nclose\nstop end \n" },
	{ "the code of more than text is not taken", "openai",
		"{\"reasoning_content\":\"r\"}\n!stop\n=",
		START "reasoning\n+r\nsign txt {\"m\":\"x/\\\"y\"}\nclose\nstop end \n" },
	{ "details in pieces", "openrouter",
		"{\"reasoning\":\"a\",\"reasoning_details\":[{\"type\":\"reasoning.summary\",\"summary\":\"a\",\"id\":null,\"index\":0}]}\n"
		"{\"reasoning\":\"b\",\"reasoning_details\":[{\"type\":\"reasoning.summary\",\"summary\":\"b\",\"index\":0,\"id\":\"i\"}]}\n"
		"{\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"E\",\"index\":0},{\"type\":\"reasoning.encrypted\",\"data\":\"F\",\"index\":0}]}\n"
		"!stop\n=",
		START
		"reasoning\n+a\n+b\nsign or {\"d\":[{\"type\":\"reasoning.summary\",\"summary\":\"ab\",\"id\":\"i\",\"index\":0},"
		"{\"type\":\"reasoning.encrypted\",\"data\":\"EF\",\"index\":0}]}\nclose\nstop end \n" },
	{ "details without text", "openrouter",
		"{\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"E\"}]}\n{\"content\":\"a\"}\n!stop\n=",
		START
		"reasoning\nsign or {\"d\":[{\"type\":\"reasoning.encrypted\",\"data\":\"E\"}]}\nclose\ntext\n+a\nclose\nstop end \n" },
	{ "content in parts", "mistral",
		"{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"r\"}]},{\"type\":\"text\",\"text\":\"a\"}]}\n!stop\n=",
		START
		"reasoning\n+r\nsign mi {\"m\":\"x/\\\"y\"}\nclose\ntext\n+a\nclose\nstop end \n" },
	/* Calls. */
	{ "one after the other", "openai",
		"{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}\n"
		"{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\"}}]}\n{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}}]}\n"
		"{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}\n!tool_calls\n=",
		START "call a f\n+{\n+}\nclose\ncall b g\n+{}\nclose\nstop tool \n" },
	{ "names in pieces, and repeated", "openai",
		"{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"get_\"}}]}\n"
		"{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"weather\"}}]}\n"
		"{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"get_weather\",\"arguments\":\"{\"}}]}\n"
		"{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"get_weather\",\"arguments\":\"}\"}}]}\n!tool_calls\n=",
		START "call a get_weather\n+{\n+}\nclose\nstop tool \n" },
	{ "no arguments", "openai",
		"{\"content\":\"x\"}\n{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}]}\n"
		"{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"\"}}]}\n!stop\n=",
		START "text\n+x\nclose\ncall a f\nclose\ncall b g\nclose\nstop tool \n" },
	{ "mixed, where that happens", "generic",
		"{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"1\"}},{\"index\":3,\"id\":\"d\",\"function\":{\"name\":\"i\",\"arguments\":\"3\"}}]}\n"
		"{\"tool_calls\":[{\"index\":2,\"id\":\"c\",\"function\":{\"name\":\"h\",\"arguments\":\"2\"}},{\"index\":1,\"function\":{\"arguments\":\"1\"}}]}\n"
		"{\"tool_calls\":[{\"index\":3,\"function\":{\"arguments\":\"3\"}},{\"index\":2,\"function\":{\"arguments\":\"2\"}}]}\n!tool_calls\n=",
		START
		"call b g\n+1\n+1\nclose\ncall c h\n+22\nclose\ncall d i\n+33\nclose\nstop tool \n" },
	{ "mixed, where it does not", "openai",
		"{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}\n"
		"{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{\"}}]}\n"
		"{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}}]}",
		START
		"call a f\n+{\nclose\ncall b g\n+{\nerror api_error upstream reply goes on with a tool call that had ended\n" },
	{ "whole, without anything", "ollama",
		"{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}\n!stop\n=",
		START "call  f\n+{}\nclose\ncall  f\n+{}\nclose\nstop tool \n" },
	{ "always the same index", "generic",
		"{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}\n"
		"{\"tool_calls\":[{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}\n!tool_calls\n=",
		START "call a f\n+{}\nclose\ncall b g\n+{}\nclose\nstop tool \n" },
	{ "ids without index", "mistral",
		"{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}\n{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"arguments\":\"\"}}]}\n"
		"{\"tool_calls\":[{\"function\":{\"arguments\":\"}\"}}]}\n{\"tool_calls\":[{\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}\n!tool_calls\n=",
		START "call a f\n+{\n+}\nclose\ncall b g\n+{}\nclose\nstop tool \n" },
	{ "the deprecated call", "openai",
		"{\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}}\n{\"function_call\":{\"arguments\":\"{}\"}}\n!function_call\n=",
		START "call  f\n+{}\nclose\nstop tool \n" },
	{ "text behind calls", "generic",
		"{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}\n"
		"{\"content\":\"x\"}\n!stop\n=",
		START "call a f\n+{}\nclose\ncall b g\n+{}\nclose\ntext\n+x\nclose\nstop tool \n" },
	{ "cut by the limit within a call", "openai",
		"{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}\n!length\n=",
		START "call a f\n+{\nclose\nstop max \n" },
	/* Ends. */
	{ "a refusal", "openai", "{\"refusal\":\"I \"}\n{\"refusal\":\"won't.\"}\n!stop\n=",
		START "text\n+I \n+won't.\nclose\nstop refusal I won't.\n" },
	{ "the filter", "openai", "{\"content\":\"a\"}\n!content_filter\n=",
		START "text\n+a\nclose\nstop refusal \n" },
	{ "a stop sequence", "vllm",
		"data: {\"id\":\"chatcmpl-1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\",\"stop_reason\":\"END\"}]}\n=",
		START "text\n+a\nclose\nstop sequence END\n" },
	{ "no resources", "deepseek", "{\"content\":\"a\"}\n!insufficient_system_resource\n=",
		START
		"text\n+a\nerror overloaded_error the provider has interrupted the reply for lack of resources\n" },
	{ "OpenRouter's way to fail", "openrouter",
		"data: {\"id\":\"chatcmpl-1\",\"model\":\"m\",\"error\":{\"code\":502,\"message\":\"gone\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}",
		"error api_error gone\n" },
	{ "the name of an event", "generic",
		"{\"content\":\"a\"}\nevent: error\ndata: {\"message\":\"gone\",\"type\":\"server_error\"}",
		NULL },
	{ "no JSON", "generic", "{\"content\":\"a\"}\ndata: <html>",
		START "text\n+a\nerror api_error upstream reply is no chat completion\n" },
	{ "JSON that is broken", "generic", "{\"content\":\"a\"}\ndata: {\"id\":\"chatcmpl-1\",",
		START "text\n+a\nerror api_error upstream reply is no chat completion\n" },
	{ "JSON of another kind", "generic", "data: {\"type\":\"message_start\"}",
		"error api_error upstream reply is no chat completion\n" },
};

static void run(const struct row *r, struct str stream, size_t step, struct log *l)
{
	struct arena *a = arena_new();
	struct sse_scanner s = { 0 };
	struct decoder d;
	size_t from = 0;
	struct target t = { .flavor = flavor_by_name(str_from(r->flavor)), .model = STR("x/\"y") };

	*l = (struct log){ .sink.put = put };
	buf_init(&l->text, SIZE_MAX);
	decoder_init(&d, &dialect_openai, &t, a, &l->sink);
	for (size_t at = 0; at < stream.n;) {
		size_t n = stream.n - at < step ? stream.n - at : step;
		size_t used = sse_scan(&s, (struct str){ stream.p + at, n });
		at += used > 0 ? used : n;
		if (used == 0)
			continue;
		/* A copy of its own, so that a step beyond its end is seen. */
		struct str frame = { stream.p + from, at - from };
		char *copy = malloc(frame.n);
		memcpy(copy, frame.p, frame.n);
		decoder_frame(&d, (struct str){ copy, frame.n });
		free(copy);
		from = at;
	}
	if (from < stream.n)
		decoder_frame(&d, str_from_offset(stream, from));
	decoder_end(&d);
	assert_true(d.ended);
	decoder_release(&d);
	arena_free(a);
}

static void make_stream(const struct row *r, struct buf *out)
{
	struct str rest = str_from(r->frames), line;

	buf_init(out, SIZE_MAX);
	/* Rows that are frames themselves, of several lines. */
	if (r->want == NULL) {
		buf_addf(out, "%s", "");
		while (str_split(&rest, '\n', &line))
			if (str_starts(line, STR(":")) || str_starts(line, STR("event")) ||
				str_starts(
					line, STR("data: {\"id\":\"chatcmpl-1\",\"model\":\"m\",")))
				buf_addf(out, "%.*s\n", STR_ARG(line));
			else
				add_frame(out, line);
		return;
	}
	while (str_split(&rest, '\n', &line))
		add_frame(out, line);
}

static const char *want_of(const struct row *r)
{
	if (r->want != NULL)
		return r->want;
	return strstr(r->frames, "gone") != NULL ? START "text\n+a\nerror api_error gone\n"
						 : START "text\n+a\nclose\nstop end \n";
}

static void streams(void **state)
{
	static const size_t steps[] = { SIZE_MAX, 1, 2, 13, 100 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf stream;
		make_stream(&rows[i], &stream);
		for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
			struct log l;
			run(&rows[i], buf_str(&stream), steps[k], &l);
			if (!str_eq(buf_str(&l.text), str_from(want_of(&rows[i]))))
				fail_msg("%s:\ngot\n%.*s\nwant\n%s", rows[i].name,
					STR_ARG(buf_str(&l.text)), want_of(&rows[i]));
			buf_release(&l.text);
		}
		buf_release(&stream);
	}
}

/* Whole replies go the same way. */
static void bodies(void **state)
{
	static const struct row bodies[] = {
		{ "all at once", "openai",
			"{\"id\":\"chatcmpl-1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"finish_reason\":\"tool_calls\",\"message\":{\"role\":\"assistant\","
			"\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"arguments\":\"{}\",\"name\":\"f\"}}],\"content\":\"x\","
			"\"reasoning\":\"r\"}}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}",
			START
			"reasoning\n+r\nsign txt {\"m\":\"x/\\\"y\"}\nclose\ntext\n+x\nclose\ncall a f\n+{}\nusage 3 -1 -1 1 -1\nclose\nstop tool \n" },
		{ "an error with 200", "openai",
			"{\"error\":{\"message\":\"no\",\"code\":\"rate_limit_exceeded\"}}",
			"error rate_limit_error no\n" },
		{ "no choices", "openai", "{\"id\":\"chatcmpl-1\",\"model\":\"m\",\"choices\":[]}",
			START "error api_error upstream reply has no end\n" },
		{ "a page", "openai", "<html>",
			"error api_error upstream reply is no chat completion\n" },
		{ "nothing", "openai", "",
			"error api_error upstream reply is no chat completion\n" },
		{ "more than one", "openai", "{\"id\":\"chatcmpl-1\",\"choices\":[]}{}",
			"error api_error upstream reply is no chat completion\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct arena *a = arena_new();
		struct log l = { .sink.put = put };
		struct target t = { .flavor = flavor_by_name(str_from(bodies[i].flavor)),
			.model = STR("x/\"y") };
		struct decoder d;
		buf_init(&l.text, SIZE_MAX);
		decoder_init(&d, &dialect_openai, &t, a, &l.sink);
		decoder_body(&d, str_from(bodies[i].frames));
		assert_str(buf_str(&l.text), str_from(bodies[i].want));
		buf_release(&l.text);
		decoder_release(&d);
		arena_free(a);
	}
}

/* The vendors' ways to count. */
static void usages(void **state)
{
	static const struct {
		const char *usage, *want;
	} counts[] = {
		{ "{}", "-1 -1 -1 -1 -1" },
		{ "{\"prompt_tokens\":10,\"completion_tokens\":4,\"total_tokens\":14}",
			"10 -1 -1 4 -1" },
		{ "{\"prompt_tokens\":10,\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\":3,\"cache_write_tokens\":2},"
		  "\"completion_tokens_details\":{\"reasoning_tokens\":1}}",
			"5 3 2 4 1" },
		{ "{\"prompt_tokens\":10,\"completion_tokens\":4,\"prompt_tokens_details\":null,\"completion_tokens_details\":null}",
			"10 -1 -1 4 -1" },
		{ "{\"prompt_tokens\":10,\"prompt_cache_hit_tokens\":8,\"prompt_cache_miss_tokens\":2,\"completion_tokens\":1}",
			"2 8 -1 1 -1" },
		{ "{\"prompt_cache_hit_tokens\":8,\"prompt_cache_miss_tokens\":2,\"completion_tokens\":1}",
			"2 8 -1 1 -1" },
		{ "{\"prompt_tokens\":10,\"cached_tokens\":4,\"completion_tokens\":1}",
			"6 4 -1 1 -1" },
		{ "{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":45,\"completion_tokens_details\":{\"reasoning_tokens\":30}}",
			"10 -1 -1 35 30" },
		{ "{\"prompt_tokens\":10,\"completion_tokens\":35,\"total_tokens\":45,\"completion_tokens_details\":{\"reasoning_tokens\":30}}",
			"10 -1 -1 35 30" },
		/* Figures that cannot be. */
		{ "{\"prompt_tokens\":10,\"prompt_tokens_details\":{\"cached_tokens\":30,\"cache_write_tokens\":7},\"completion_tokens\":1}",
			"0 10 0 1 -1" },
		{ "{\"prompt_tokens\":-1,\"completion_tokens\":1e9,\"total_tokens\":\"5\"}",
			"-1 -1 -1 -1 -1" },
		{ "{\"prompt_tokens\":99999999999,\"completion_tokens\":2,\"completion_tokens_details\":{\"reasoning_tokens\":9}}",
			"-1 -1 -1 2 2" },
		{ "{\"prompt_tokens\":1,\"prompt_tokens_details\":{\"prompt_tokens_details\":{\"cached_tokens\":1}},\"completion_tokens\":0}",
			"0 1 -1 0 -1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct arena *a = arena_new();
		struct str body =
			arena_printf(a, "{\"model\":\"m\",\"usage\":%s}", counts[i].usage);
		struct event ev;
		struct buf got, want;
		buf_init(&got, SIZE_MAX);
		buf_init(&want, SIZE_MAX);
		dialect_openai.parse_reply(body, a, &ev);
		put_usage(&got, &ev.usage);
		buf_addf(&want, "usage %s\n", counts[i].want);
		assert_str(buf_str(&got), buf_str(&want));
		buf_release(&got);
		buf_release(&want);
		arena_free(a);
	}
}

/* Streams with bytes changed end, and only once, whatever they say. */
static void damage(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf stream;
		make_stream(&rows[i], &stream);
		for (size_t at = 0; at < stream.n; at++) {
			struct log l;
			char was = stream.p[at];
			stream.p[at] = "\"{}[]\\,:0\n"[at % 10];
			run(&rows[i], buf_str(&stream), SIZE_MAX, &l);
			assert_true(l.ended);
			buf_release(&l.text);
			stream.p[at] = was;
		}
		buf_release(&stream);
	}
}

/* What a provider makes us keep has an end. */
static void floods(void **state)
{
	struct arena *a = arena_new();
	struct target t = { .flavor = flavor_by_name(STR("openrouter")), .model = STR("m") };
	struct log l = { .sink.put = put };
	struct decoder d;

	buf_init(&l.text, SIZE_MAX);
	decoder_init(&d, &dialect_openai, &t, a, &l.sink);
	for (unsigned i = 0; i < 20000 && !d.ended; i++) {
		char frame[256];
		snprintf(frame, sizeof(frame),
			"data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":%u,\"function\":{\"name\":\"f\"}}]}}]}\n\n",
			i);
		decoder_frame(&d, str_from(frame));
	}
	assert_true(l.ended);
	assert_true(arena_used(a) < 1 << 20);
	decoder_release(&d);
	buf_release(&l.text);
	arena_free(a);

	a = arena_new();
	l = (struct log){ .sink.put = put };
	buf_init(&l.text, SIZE_MAX);
	decoder_init(&d, &dialect_openai, &t, a, &l.sink);
	for (unsigned i = 0; i < 20000 && !d.ended; i++) {
		char frame[512];
		snprintf(frame, sizeof(frame),
			"data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"reasoning_details\":[{\"type\":\"%u\",\"k%u\":1}],\"content\":\"a\"}}]}\n\n",
			i, i);
		decoder_frame(&d, str_from(frame));
	}
	assert_true(l.ended);
	assert_true(arena_used(a) < 32 << 20);
	decoder_release(&d);
	buf_release(&l.text);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams),
		cmocka_unit_test(bodies),
		cmocka_unit_test(usages),
		cmocka_unit_test(damage),
		cmocka_unit_test(floods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
