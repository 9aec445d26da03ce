/* SPDX-License-Identifier: MIT */
/* The texts of the mock provider, in the form that the real ones have. */
#include "mock_reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define SSE_HEAD \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n" \
	"Cache-Control: no-cache\r\nrequest-id: req_011CSHoEeqs5C35K2UUqR7Fy\r\n" \
	"Transfer-Encoding: chunked\r\n\r\n"
#define LAST_CHUNK "0\r\n\r\n"

#define ANTHROPIC_EVENT(type, fields) "event: " type "\ndata: {\"type\":\"" type "\"" fields "}\n\n"
#define OPENAI_EVENT(fields) \
	"data: {\"id\":\"chatcmpl-B9MBs8\",\"object\":\"chat.completion.chunk\"," \
	"\"created\":1741569952,\"model\":\"gpt-4.1\",\"choices\":[{\"index\":0," fields "}\n\n"

uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* One chunk of a chunked body. */
__attribute__((format(printf, 2, 3))) static size_t chunk(char *out, const char *format, ...)
{
	char text[REPLY_MAX / 2];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return (size_t)sprintf(out, "%x\r\n%s\r\n", (unsigned)n, text);
}

size_t reply_start(char *out, bool openai)
{
	size_t n = (size_t)sprintf(out, SSE_HEAD);
	if (openai)
		return n + chunk(out + n, OPENAI_EVENT("\"delta\":{\"role\":\"assistant\","
						       "\"content\":\"\"},\"logprobs\":null,"
						       "\"finish_reason\":null}]"));
	n += chunk(out + n,
		ANTHROPIC_EVENT("message_start",
			",\"message\":{\"id\":\"msg_t=%016llu\",\"type\":\"message\",\"role\":"
			"\"assistant\",\"model\":\"claude-sonnet-4-5-20250929\",\"content\":[],"
			"\"stop_reason\":null,\"stop_sequence\":null,"
			"\"usage\":{\"input_tokens\":25,\"cache_creation_input_tokens\":0,"
			"\"cache_read_input_tokens\":0,\"output_tokens\":1}}"),
		(unsigned long long)now_ns());
	/* clang-format off */
	return n + chunk(out + n,
		ANTHROPIC_EVENT("content_block_start",
			",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}")
		ANTHROPIC_EVENT("ping", ""));
	/* clang-format on */
}

size_t reply_delta(char *out, bool openai, long event, const char *pad)
{
	unsigned long long t = now_ns();
	if (openai)
		return chunk(out,
			OPENAI_EVENT("\"delta\":{\"content\":\" tok%ld t=%016llu%s\"},"
				     "\"logprobs\":null,\"finish_reason\":null}]"),
			event, t, pad);
	return chunk(out,
		ANTHROPIC_EVENT("content_block_delta",
			",\"index\":0,\"delta\":{\"type\":\"text_delta\","
			"\"text\":\" tok%ld t=%016llu%s\"}"),
		event, t, pad);
}

size_t reply_end(char *out, bool openai, long tokens)
{
	size_t n;
	/* clang-format off */
	if (openai)
		n = chunk(out,
			OPENAI_EVENT("\"delta\":{},\"logprobs\":null,"
				"\"finish_reason\":\"stop\"}],\"usage\":{"
				"\"prompt_tokens\":25,\"completion_tokens\":%ld,"
				"\"total_tokens\":%ld}")
			"data: [DONE]\n\n",
			tokens, tokens + 25);
	else
		n = chunk(out,
			ANTHROPIC_EVENT("content_block_stop", ",\"index\":0")
			ANTHROPIC_EVENT("message_delta",
				",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},"
				"\"usage\":{\"output_tokens\":%ld}")
			ANTHROPIC_EVENT("message_stop", ""),
			tokens);
	/* clang-format on */
	return n + (size_t)sprintf(out + n, LAST_CHUNK);
}

static size_t anthropic_body(char *out, const char *text)
{
	return (size_t)sprintf(out,
		"{\"id\":\"msg_01XFDUDYJgAACzvnptvVoYEL\",\"type\":\"message\","
		"\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5-20250929\","
		"\"content\":[{\"type\":\"text\",\"text\":\"%s\"},"
		"{\"type\":\"tool_use\",\"id\":\"toolu_01A09q90qw90lq917835lq9\","
		"\"name\":\"Read\",\"input\":{\"file_path\":\"/home/user/project/src/main.c\","
		"\"offset\":1,\"limit\":200}}],\"stop_reason\":\"tool_use\",\"stop_sequence\":null,"
		"\"usage\":{\"input_tokens\":2095,\"cache_creation_input_tokens\":0,"
		"\"cache_read_input_tokens\":1900,\"output_tokens\":503}}",
		text);
}

static size_t openai_body(char *out, const char *text)
{
	return (size_t)sprintf(out,
		"{\"id\":\"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT\",\"object\":\"chat.completion\","
		"\"created\":1741569952,\"model\":\"gpt-4.1\",\"choices\":[{\"index\":0,"
		"\"message\":{\"role\":\"assistant\",\"content\":\"%s\","
		"\"tool_calls\":[{\"id\":\"call_abc123\",\"type\":\"function\","
		"\"function\":{\"name\":\"Read\",\"arguments\":"
		"\"{\\\"file_path\\\":\\\"/home/user/project/src/main.c\\\","
		"\\\"offset\\\":1}\"}}]},\"logprobs\":null,"
		"\"finish_reason\":\"tool_calls\"}],"
		"\"usage\":{\"prompt_tokens\":2095,\"completion_tokens\":503,"
		"\"total_tokens\":2598}}",
		text);
}

static size_t reply(char *out, int status, const char *json, size_t n)
{
	return (size_t)sprintf(out,
		"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n"
		"request-id: req_011CSHoEeqs5C35K2UUqR7Fy\r\nContent-Length: %zu\r\n\r\n%.*s",
		status, status == 200 ? "OK" : "Error", n, (int)n, json);
}

size_t reply_answer(char *out, bool openai)
{
	static const char words[] = "The quick brown fox jumps over the lazy dog and reads. ";
	char text[1101], body[REPLY_MAX / 2];
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = words[i % (sizeof(words) - 1)];
	text[sizeof(text) - 1] = '\0';
	size_t n = openai ? openai_body(body, text) : anthropic_body(body, text);
	return reply(out, 200, body, n);
}

size_t reply_error(char *out, int status)
{
	static const char body[] = "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
				   "\"message\":\"Overloaded\"}}";
	return reply(out, status, body, sizeof(body) - 1);
}

size_t reply_json(char *out, const char *json)
{
	size_t n = 0;
	while (json[n])
		n++;
	return reply(out, 200, json, n);
}
