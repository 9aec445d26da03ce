/* SPDX-License-Identifier: MIT */
/* What is read of Chat Completions requests. Each row is read, gone over and printed for a provider; what comes out says what went in. */
#include "unit/base/check.h"

#include "llm/dialect.h"

#include <stdio.h>
#include <yyjson.h>

/* Printed by the dialect itself, which keeps most, or for the Anthropic API, which has places for other things. */
struct row {
	const char *name;
	const struct dialect *to;
	const char *flavor, *model;
	const char *body;     /* without "model" */
	const char *want;     /* the same; NULL: refused */
	const char *warnings; /* or the words of the refusal */
};

#define C    &dialect_openai
#define A    &dialect_anthropic
#define USER "{\"role\":\"user\",\"content\":\"q\"}"

static const struct row rows[] = {
	{ "content that stays as it is", C, "openai", "gpt-4o",
		"\"temperature\":0.5,\"top_p\":0.90,\"seed\":7,\"frequency_penalty\":-1,\"logit_bias\":{ \"5\" : 1e400 },"
		"\"stop\":\"x\",\"messages\":[{\"role\":\"system\",\"content\":\"a\\u00e9\"},"
		"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\\ud83d\"}]}]",
		"\"temperature\":0.5,\"top_p\":0.90,\"frequency_penalty\":-1,\"logit_bias\":{\"5\":1e400},\"seed\":7,"
		"\"stop\":[\"x\"],\"messages\":[{\"role\":\"system\",\"content\":\"a\\u00e9\"},"
		"{\"role\":\"user\",\"content\":\"\\ud83d\"}]",
		"" },
	{ "the newer name of the limit wins", C, "openai", "gpt-4o",
		"\"max_completion_tokens\":5,\"max_tokens\":9,\"messages\":[" USER "]",
		"\"max_completion_tokens\":5,\"messages\":[" USER "]", "" },
	{ "nulls are absent", C, "openai", "gpt-4o",
		"\"temperature\":null,\"stop\":null,\"tools\":null,\"n\":null,\"audio\":null,\"zzz\":null,\"messages\":[" USER
		"]",
		"\"messages\":[" USER "]", "" },
	{ "of duplicates the last counts", C, "openai", "gpt-4o",
		"\"messages\":[{\"role\":\"user\",\"content\":\"old\"}],\"top_p\":1,\"top_p\":0.3,\"messages\":[" USER
		"]",
		"\"top_p\":0.3,\"messages\":[" USER "]", "" },
	{ "what is not known is told", C, "openai", "gpt-4o",
		"\"prediction\":{},\"web_search_options\":{},\"moderation\":1,\"logprobs\":true,\"top_logprobs\":2,\"store\":true,"
		"\"metadata\":{},\"messages\":[" USER "]",
		"\"messages\":[" USER "]",
		"field_dropped:prediction,field_dropped:web_search_options,field_dropped:moderation,logprobs_dropped" },
	{ "words that nobody knows", C, "openai", "gpt-4o",
		"\"max_tokens\":\"9\",\"max_completion_tokens\":1.5,\"reasoning_effort\":\"super\",\"response_format\":{\"type\":"
		"\"grammar\"},\"messages\":[{\"role\":\"user\",\"name\":\"bob\",\"content\":\"q\"}]",
		"\"messages\":[" USER "]",
		"field_dropped:max_tokens,field_dropped:max_completion_tokens,field_dropped:reasoning_effort,"
		"field_dropped:response_format,field_dropped:name" },
	{ "a schema that is not said to be strict", C, "openai", "gpt-4o",
		"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"a\":1}}},\"messages\":[" USER
		"]",
		"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"a\":1}}},\"messages\":[" USER
		"]",
		"" },
	{ "white space is no text", A, "anthropic", "claude-sonnet-4-6",
		"\"max_tokens\":9,\"messages\":[{\"role\":\"system\",\"content\":\" \"},{\"role\":\"user\",\"content\":\" \\n \"},"
		"{\"role\":\"assistant\",\"content\":\"\\n\\n\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":"
		"{\"name\":\"f\",\"arguments\":\"\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":[{\"type\":\"text\","
		"\"text\":\"r\",\"cache_control\":{\"type\":\"ephemeral\"}}]},{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
		"\"image_url\":{\"url\":\"data:image/jpg;base64,AA\"}},{\"type\":\"text\",\"text\":\"\\t\"}]},"
		"{\"role\":\"assistant\",\"content\":\" \"}," USER "]",
		"\"max_tokens\":9,\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\",\"properties\":{}}}],"
		"\"messages\":[{\"role\":\"user\",\"content\":\"(empty)\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
		"\"id\":\"c\",\"name\":\"f\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
		"\"c\",\"content\":\"r\",\"cache_control\":{\"type\":\"ephemeral\"}},{\"type\":\"image\",\"source\":{\"type\":\"base64\","
		"\"media_type\":\"image/jpeg\",\"data\":\"AA\"}},{\"type\":\"text\",\"text\":\"q\"}]}]",
		"tool_declaration_synthesised" },
	{ "several leading instructions, one later", C, "openai", "gpt-4o",
		"\"messages\":[{\"role\":\"system\",\"content\":\"a\"},{\"role\":\"developer\",\"content\":[{\"type\":\"text\",\"text\":\"b\"}]},"
		"" USER ",{\"role\":\"developer\",\"content\":\"c\"}]",
		"\"messages\":[{\"role\":\"system\",\"content\":\"a\\n\\nb\"}," USER
		",{\"role\":\"system\",\"content\":\"c\"}]",
		"" },
	{ "calls and results", C, "openai", "gpt-4o",
		"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"messages\":[" USER
		",{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
		"\" {\\\"a\\\" : \\\"\\\\u00e9\\\\\\\"\\\"}\"}},"
		"{\"id\":\"c2\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]},"
		"{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":[{\"type\":\"text\",\"text\":\"x\"},{\"type\":\"text\",\"text\":\"y\"}]},"
		"{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"content\":\"z\"}]",
		"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"messages\":[" USER
		",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\","
		"\"arguments\":\"{\\\"a\\\":\\\"\\\\u00e9\\\\\\\"\\\"}\"}},"
		"{\"id\":\"c2\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
		"{\"role\":\"tool\",\"content\":\"x\\n\\ny\",\"tool_call_id\":\"c1\"},"
		"{\"role\":\"tool\",\"content\":\"z\",\"tool_call_id\":\"c2\"}]",
		"" },
	{ "deprecated functions", C, "openai", "gpt-4o",
		"\"functions\":[{\"name\":\"f\",\"description\":\"d\",\"parameters\":{\"type\":\"object\"}}],\"function_call\":{\"name\":\"f\"},"
		"\"messages\":[" USER
		",{\"role\":\"assistant\",\"content\":null,\"function_call\":{\"name\":\"f\",\"arguments\":\"{}\"}},"
		"{\"role\":\"function\",\"name\":\"f\",\"content\":\"r\"}]",
		"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"d\",\"parameters\":{\"type\":\"object\",\"properties\":{}}}}],"
		"\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},"
		"\"messages\":[" USER
		",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_function_1\",\"type\":\"function\","
		"\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
		"{\"role\":\"tool\",\"content\":\"r\",\"tool_call_id\":\"call_function_1\"}]",
		"" },
	{ "custom tools", C, "openai", "gpt-4o",
		"\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"p\",\"description\":\"d\",\"format\":{\"type\":\"grammar\",\"grammar\":"
		"{\"syntax\":\"lark\",\"definition\":\"start: /.+/\"}}}},{\"type\":\"custom\",\"custom\":{\"name\":\"r\",\"format\":{\"type\":\"text\"}}}],"
		"\"tool_choice\":{\"type\":\"custom\",\"custom\":{\"name\":\"p\"}},"
		"\"messages\":[" USER
		",{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c1\",\"type\":\"custom\",\"custom\":"
		"{\"name\":\"p\",\"input\":\"a \\\"b\\\"\\n\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"ok\"}]",
		"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"p\",\"description\":"
		"\"d\\n\\nThe \\\"input\\\" string must match this lark grammar:\\nstart: /.+/\",\"parameters\":"
		"{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"]}}},"
		"{\"type\":\"function\",\"function\":{\"name\":\"r\",\"parameters\":"
		"{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"]}}}],"
		"\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"p\"}},"
		"\"messages\":[" USER
		",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":"
		"{\"name\":\"p\",\"arguments\":\"{\\\"input\\\":\\\"a \\\\\\\"b\\\\\\\"\\\\n\\\"}\"}}]},"
		"{\"role\":\"tool\",\"content\":\"ok\",\"tool_call_id\":\"c1\"}]",
		"custom_tool_wrapped" },
	{ "allowed tools", C, "openai", "gpt-4o",
		"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}},{\"type\":\"function\",\"function\":{\"name\":\"g\",\"strict\":true}}],"
		"\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\",\"tools\":"
		"[{\"type\":\"function\",\"function\":{\"name\":\"g\"}}]}},\"parallel_tool_calls\":true,\"messages\":[" USER
		"]",
		"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"g\",\"strict\":true}}],\"tool_choice\":\"required\","
		"\"parallel_tool_calls\":true,\"messages\":[" USER "]",
		"" },
	{ "a tool that the provider would run", C, "openai", "gpt-4o",
		"\"tools\":[{\"type\":\"web_search\"}],\"tool_choice\":\"required\",\"messages\":[" USER
		"]",
		"\"messages\":[" USER "]", "server_tool_dropped" },
	{ "media", C, "openai", "gpt-4o",
		"\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image\\/png;base64,AA\\/A\","
		"\"detail\":\"low\"}},{\"type\":\"image_url\",\"image_url\":\"https://e.x/a.png\"},{\"type\":\"file\",\"file\":{\"filename\":\"f.pdf\","
		"\"file_data\":\"data:application/pdf;base64,JVBE\"}},{\"type\":\"file\",\"file\":{\"file_data\":\"JVBE\"}},"
		"{\"type\":\"file\",\"file\":{\"file_data\":\"data:image/gif;base64,R0\"}}]}]",
		"\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AA\\/A\"}},"
		"{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://e.x/a.png\"}},{\"type\":\"file\",\"file\":{\"filename\":\"f.pdf\","
		"\"file_data\":\"data:application/pdf;base64,JVBE\"}},{\"type\":\"file\",\"file\":{\"filename\":\"document.pdf\","
		"\"file_data\":\"data:application/pdf;base64,JVBE\"}},{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/gif;base64,R0\"}}]}]",
		"" },
	{ "breakpoints", C, "openrouter", "anthropic/claude",
		"\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"s\",\"prompt_cache_breakpoint\":{\"mode\":\"explicit\"}}]},"
		"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}},"
		"{\"type\":\"text\",\"text\":\"b\"}]},{\"role\":\"assistant\",\"content\":\"c\"},"
		"{\"role\":\"user\",\"content\":\"d\",\"cache_control\":{\"type\":\"ephemeral\"}}]",
		"\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"s\",\"cache_control\":{\"type\":\"ephemeral\"}}]},"
		"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}},"
		"{\"type\":\"text\",\"text\":\"b\"}]},{\"role\":\"assistant\",\"content\":\"c\"},"
		"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"d\",\"cache_control\":{\"type\":\"ephemeral\"}}]}]",
		"" },
	{ "what the assistant refused", C, "openai", "gpt-4o",
		"\"messages\":[" USER
		",{\"role\":\"assistant\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"no\"}]}," USER
		",{\"role\":\"assistant\",\"content\":null,\"refusal\":\"never\"}," USER "]",
		"\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"no\"}," USER
		",{\"role\":\"assistant\",\"content\":\"never\"}," USER "]",
		"" },
	{ "how much to reason", C, "openrouter", "x",
		"\"reasoning\":{\"max_tokens\":20000},\"messages\":[" USER "]",
		"\"reasoning\":{\"effort\":\"high\"},\"messages\":[" USER "]", "" },
	{ "not to reason, in DeepSeek's words", C, "openrouter", "x",
		"\"thinking\":{\"type\":\"disabled\"},\"messages\":[" USER "]",
		"\"reasoning\":{\"effort\":\"none\"},\"messages\":[" USER "]", "" },
	{ "a format", C, "openai", "gpt-4o",
		"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{ },\"strict\":false}},\"messages\":[" USER
		"]",
		"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{},\"strict\":false}},\"messages\":[" USER
		"]",
		"" },
	/* For another API. */
	{ "pieces of Claude's reasoning", A, "anthropic", "claude-sonnet-4-6",
		"\"max_tokens\":5,\"messages\":[" USER
		",{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":["
		"{\"type\":\"reasoning.text\",\"text\":\"x\",\"format\":\"anthropic-claude-v1\",\"index\":0},"
		"{\"type\":\"reasoning.text\",\"text\":\"y\",\"format\":\"anthropic-claude-v1\",\"index\":0},"
		"{\"type\":\"reasoning.text\",\"signature\":\"S\",\"format\":\"anthropic-claude-v1\",\"index\":0},"
		"{\"type\":\"reasoning.encrypted\",\"data\":\"R\",\"format\":\"anthropic-claude-v1\",\"index\":1}]}," USER
		"]",
		"\"max_tokens\":5,\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":["
		"{\"type\":\"thinking\",\"thinking\":\"xy\",\"signature\":\"S\"},{\"type\":\"redacted_thinking\",\"data\":\"R\"},"
		"{\"type\":\"text\",\"text\":\"a\"}]}," USER "]",
		"" },
	{ "somebody else's reasoning", A, "anthropic", "claude-sonnet-4-6",
		"\"max_tokens\":5,\"messages\":[" USER
		",{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":["
		"{\"type\":\"reasoning.text\",\"text\":\"x\",\"format\":\"xai-responses-v1\",\"index\":0}]}," USER
		"]",
		"\"max_tokens\":5,\"messages\":[" USER
		",{\"role\":\"assistant\",\"content\":\"a\"}," USER "]",
		"reasoning_history_dropped" },
	{ "reasoning as text alone", A, "anthropic", "claude-sonnet-4-6",
		"\"max_tokens\":5,\"messages\":[" USER
		",{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_content\":\"x\"}," USER "]",
		"\"max_tokens\":5,\"messages\":[" USER
		",{\"role\":\"assistant\",\"content\":\"a\"}," USER "]",
		"reasoning_history_dropped" },
	{ "reasoning of the Responses API", A, "anthropic", "claude-sonnet-4-6",
		"\"max_tokens\":5,\"messages\":[" USER
		",{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":["
		"{\"type\":\"reasoning.encrypted\",\"id\":\"rs\",\"data\":\"E\",\"format\":\"openai-responses-v1\",\"index\":0}]}," USER
		"]",
		"\"max_tokens\":5,\"messages\":[" USER
		",{\"role\":\"assistant\",\"content\":\"a\"}," USER "]",
		"reasoning_history_dropped" },
	{ "the person", A, "anthropic", "claude-sonnet-4-6",
		"\"max_tokens\":5,\"safety_identifier\":\"s\",\"user\":\"u\",\"messages\":[" USER
		"]",
		"\"max_tokens\":5,\"metadata\":{\"user_id\":\"u\"},\"messages\":[" USER "]", "" },
	/* What nobody else could be told. */
	{ "several choices", A, "anthropic", "m", "\"n\":2,\"messages\":[" USER "]", NULL,
		"n must be 1 on this route" },
	{ "spoken replies", A, "anthropic", "m", "\"audio\":{},\"messages\":[" USER "]", NULL,
		"audio output is not available on this route" },
	{ "spoken replies too", A, "anthropic", "m",
		"\"modalities\":[\"text\",\"audio\"],\"messages\":[" USER "]", NULL,
		"modalities other than \"text\" are not available on this route" },
	{ "a file elsewhere", A, "anthropic", "m",
		"\"messages\":[" USER
		",{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\"},{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}]}]",
		NULL,
		"'messages[1].content[1].file.file_id' cannot be used on this route: send the file itself as 'file_data'" },
	{ "a file of another kind", A, "anthropic", "m",
		"\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_data\":\"data:text/csv;base64,QQ\"}}]}]",
		NULL, "'messages[0].content[0].file.file_data' is no PDF: send text as text" },
	{ "an unknown part", A, "anthropic", "m",
		"\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"video_url\"}]}]", NULL,
		"'messages[0].content[0].type' is no kind of content that can be translated" },
	{ "an unknown role", A, "anthropic", "m",
		"\"messages\":[{\"role\":\"bot\",\"content\":\"x\"}]", NULL,
		"'messages[0].role' is none that is known" },
	{ "what was spoken", A, "anthropic", "m",
		"\"messages\":[" USER ",{\"role\":\"assistant\",\"audio\":{\"id\":\"a\"}}]", NULL,
		"'messages[1].audio' cannot be used on this route" },
	{ "shapes", A, "anthropic", "m", "\"messages\":{}", NULL, "'messages' is no array" },
	{ "shapes", A, "anthropic", "m", "\"messages\":[1]", NULL, "'messages[0]' is no object" },
	{ "shapes", A, "anthropic", "m", "\"messages\":[{\"role\":\"user\",\"content\":1}]", NULL,
		"'messages[0].content' is neither a string nor an array" },
	{ "shapes", A, "anthropic", "m", "\"messages\":[{\"role\":\"user\",\"content\":[1]}]", NULL,
		"'messages[0].content[0]' is no object" },
	{ "shapes", A, "anthropic", "m", "\"tools\":[1]", NULL, "'tools[0]' is no object" },
	{ "shapes", A, "anthropic", "m", "\"functions\":1", NULL, "'functions' is no array" },
	{ "shapes", A, "anthropic", "m",
		"\"messages\":[{\"role\":\"assistant\",\"tool_calls\":{}}]", NULL,
		"'messages[0].tool_calls' is no array" },
};

static bool same(struct str got, struct str want)
{
	yyjson_doc *g = yyjson_read(
		got.p, got.n, YYJSON_READ_NUMBER_AS_RAW | YYJSON_READ_ALLOW_INVALID_UNICODE);
	yyjson_doc *w = yyjson_read(
		want.p, want.n, YYJSON_READ_NUMBER_AS_RAW | YYJSON_READ_ALLOW_INVALID_UNICODE);
	bool ok = g != NULL && w != NULL &&
		  yyjson_equals(yyjson_doc_get_root(g), yyjson_doc_get_root(w));

	/* Lone surrogates are none of that parser's: then to the byte. */
	ok = ok || str_eq(got, want);
	yyjson_doc_free(g);
	yyjson_doc_free(w);
	return ok;
}

static void check_row(const struct row *r)
{
	struct arena *a = arena_new();
	struct err e = { 0 };
	struct chat chat = { .model = STR("") };
	struct content c;
	struct target t = { .flavor = flavor_by_name(str_from(r->flavor)),
		.model = str_from(r->model) };
	struct wire_request w = { .path = STR("") };
	struct buf warned;

	chat.body = arena_printf(a, "{\"model\":\"m\",%s}", r->body);
	caps_of_model(&t.caps, t.flavor, t.model);
	content_init(&c, a);
	buf_init(&warned, SIZE_MAX);
	buf_init(&w.body, SIZE_MAX);
	bool ok = dialect_openai.read_content(&c, &chat, &e);
	if (ok) {
		content_repair(&c);
		ok = r->to->print_content(&w, &c, &t, &e);
	}
	for (size_t i = 0; i < c.warnings.n; i++)
		buf_addf(&warned, "%s%.*s", i > 0 ? "," : "", STR_ARG(c.warnings.v[i]));
	if (r->want == NULL) {
		assert_false(ok);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_string_equal(e.text, r->warnings);
	} else {
		struct str want = arena_printf(a, "{\"model\":\"%s\",%s}", r->model, r->want);
		if (!ok || !same(buf_str(&w.body), want))
			fail_msg("%s: %s\ngot  %.*s\nwant %.*s", r->name, e.text,
				STR_ARG(buf_str(&w.body)), STR_ARG(want));
		assert_str(buf_str(&warned), str_from(r->warnings));
	}
	buf_release(&warned);
	buf_release(&w.body);
	arena_free(a);
}

static void requests(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

/* What is refused is told with the member and the reason, as clients of this API look for them. */
static void refusals(void **state)
{
	struct arena *a = arena_new();
	struct err e = { 0 };
	struct chat chat = { .body = STR("{\"n\":3}") };
	struct content c;
	struct buf out;

	content_init(&c, a);
	assert_false(dialect_openai.read_content(&c, &chat, &e));
	buf_init(&out, SIZE_MAX);
	dialect_openai.print_error(&out, &e, STR("id"));
	assert_bytes(buf_str(&out),
		"{\"error\":{\"message\":\"n must be 1 on this route\",\"type\":\"invalid_request_error\","
		"\"param\":\"n\",\"code\":\"unsupported_value\"}}");
	buf_release(&out);
	arena_free(a);
}

/* Every body cut off anywhere, and with any byte changed, is read or refused, and nothing else happens. */
static void damage(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str whole = str_from(rows[i].body);
		for (size_t at = 0; at < whole.n; at++) {
			struct arena *a = arena_new();
			struct str text = arena_printf(a, "{%.*s}", STR_ARG(whole));
			struct chat chat = { .body = text };
			struct target t = { .flavor = flavor_by_name(STR("openrouter")) };
			struct wire_request w = { .path = STR("") };
			struct err e = { 0 };
			struct content c;
			((char *)(uintptr_t)text.p)[at + 1] = "\"{}[]\\,:0n"[at % 10];
			if (at % 3 == 0)
				chat.body.n = at;
			caps_of_model(&t.caps, t.flavor, STR("m"));
			content_init(&c, a);
			buf_init(&w.body, SIZE_MAX);
			if (dialect_openai.read_content(&c, &chat, &e)) {
				content_repair(&c);
				(void)!dialect_openai.print_content(&w, &c, &t, &e);
			}
			buf_release(&w.body);
			arena_free(a);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(refusals),
		cmocka_unit_test(damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
