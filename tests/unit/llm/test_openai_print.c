/* SPDX-License-Identifier: MIT */
/* What providers of each flavor are sent, when clients of the Anthropic API ask. */
#include "unit/base/check.h"

#include "llm/dialect.h"

#include <yyjson.h>

struct row {
	const char *name, *flavor, *model;
	const char *caps[3];  /* name, value, NULL */
	const char *body;     /* without model */
	const char *want;     /* the same; NULL: refused */
	const char *warnings; /* or the words of the refusal */
};

#define Q   "{\"role\":\"user\",\"content\":\"q\"}"
#define ASK "\"messages\":[" Q "]"
#define TOOLS \
	"\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\",\"properties\":{}}}],"
#define F \
	"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\",\"properties\":{}}}}],"
/* 70 bytes, and what becomes of them. */
#define LONG      "mcp__0123456789012345678901234567890123456789012345678901234567__last1"
#define SHORT     "mcp__0123456789012345678901234567890123456789012345_" LONG_HASH
#define LONG_HASH "507e6deb4100"
#define CALLED(id, name, other, other_name) \
	"\"messages\":[" Q \
	",{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"" id \
	"\",\"name\":\"" name \
	"\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\"," \
	"\"tool_use_id\":\"" id "\",\"content\":\"t\"}]}]", \
		"\"messages\":[" Q \
		",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"" other \
		"\",\"type\":\"function\",\"function\":{\"name\":\"" other_name \
		"\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"" other \
		"\",\"content\":\"t\"}]"
#define CALL "{\"type\":\"tool_use\",\"id\":\"c1\",\"name\":\"f\",\"input\":{}}"
#define CALLS \
	"\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]"
#define PDF \
	"{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"media_type\":\"application/pdf\",\"data\":\"JVBE\"}}"
#define PNG \
	"{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"iVBO\"}}"

static const struct row rows[] = {
	/* The limit, and how it is called. */
	{ "limit", "openai", "m", { NULL }, "\"max_tokens\":9," ASK,
		"\"max_completion_tokens\":9," ASK, "" },
	{ "limit", "vllm", "m", { NULL }, "\"max_tokens\":9," ASK, "\"max_tokens\":9," ASK, "" },
	{ "limit of the model", "generic", "m", { "max_output", "5" }, "\"max_tokens\":9," ASK,
		"\"max_tokens\":5," ASK, "" },
	/* Sampling. */
	{ "top_k", "vllm", "m", { NULL }, "\"top_k\":4," ASK, "\"top_k\":4," ASK, "" },
	{ "top_k", "groq", "m", { NULL }, "\"top_k\":4," ASK, ASK, "top_k_dropped" },
	{ "no sampling", "vllm", "m", { "sampling", "false" },
		"\"temperature\":1,\"top_p\":0.5,\"top_k\":4," ASK, ASK,
		"top_p_dropped,top_k_dropped" },
	{ "stops", "openai", "gpt-4o", { NULL }, "\"stop_sequences\":[\"a\",\"b\"]," ASK,
		"\"stop\":[\"a\",\"b\"]," ASK, "" },
	/* Reasoning. */
	{ "off", "deepseek", "m", { NULL }, "\"thinking\":{\"type\":\"disabled\"}," ASK,
		"\"thinking\":{\"type\":\"disabled\"}," ASK, "" },
	{ "adaptive", "deepseek", "m", { NULL },
		"\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"medium\"}," ASK,
		"\"thinking\":{\"type\":\"enabled\"},\"reasoning_effort\":\"high\"," ASK, "" },
	{ "effort", "deepseek", "m", { NULL }, "\"output_config\":{\"effort\":\"max\"}," ASK,
		"\"reasoning_effort\":\"max\"," ASK, "" },
	{ "adaptive", "openrouter", "m", { NULL }, "\"thinking\":{\"type\":\"adaptive\"}," ASK, ASK,
		"" },
	{ "effort", "openrouter", "m", { NULL }, "\"output_config\":{\"effort\":\"high\"}," ASK,
		"\"reasoning\":{\"effort\":\"high\"}," ASK, "" },
	{ "off", "vllm", "m", { NULL }, "\"thinking\":{\"type\":\"disabled\"}," ASK,
		"\"chat_template_kwargs\":{\"enable_thinking\":false}," ASK, "" },
	{ "on", "vllm", "m", { NULL }, "\"output_config\":{\"effort\":\"low\"}," ASK,
		"\"chat_template_kwargs\":{\"enable_thinking\":true}," ASK, "" },
	{ "none", "generic", "m", { NULL }, "\"output_config\":{\"effort\":\"low\"}," ASK, ASK,
		"" },
	{ "clamped", "openai", "m", { "efforts", "low,high" },
		"\"output_config\":{\"effort\":\"max\"}," ASK, "\"reasoning_effort\":\"high\"," ASK,
		"" },
	{ "not to be switched off", "openai", "m", { "efforts", "low,high" },
		"\"thinking\":{\"type\":\"disabled\"}," ASK, "\"reasoning_effort\":\"low\"," ASK,
		"thinking_not_disabled" },
	{ "to be switched off", "openai", "m", { "efforts", "none,low" },
		"\"thinking\":{\"type\":\"disabled\"}," ASK, "\"reasoning_effort\":\"none\"," ASK,
		"" },
	{ "a model that does not reason", "openai", "gpt-4o", { NULL },
		"\"thinking\":{\"type\":\"disabled\"}," ASK, ASK, "" },
	/* The form of the reply. */
	{ "schema", "deepseek", "m", { NULL },
		"\"system\":\"s\",\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"a\": \"\\\"\"}}}," ASK,
		"\"response_format\":{\"type\":\"json_object\"},\"messages\":[{\"role\":\"system\",\"content\":"
		"\"s\\n\\nAnswer with a JSON object that matches this JSON schema:\\n{\\\"a\\\":\\\"\\\\\\\"\\\"}\"}," Q
		"]",
		"schema_downgraded" },
	/* Tools. */
	{ "any", "openai", "m", { NULL },
		TOOLS "\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":true}," ASK,
		F "\"tool_choice\":\"required\",\"parallel_tool_calls\":false," ASK, "" },
	{ "one", "openai", "m", { NULL },
		TOOLS "\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\"}," ASK,
		F "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}," ASK,
		"" },
	{ "one, of a model that is only asked", "openai", "m", { "forced_tool_choice", "false" },
		TOOLS "\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\"}," ASK,
		F
		"\"tool_choice\":\"auto\",\"messages\":[{\"role\":\"system\",\"content\":\"You must answer by calling the tool \\\"f\\\".\"}," Q
		"]",
		"forced_tool_choice_downgraded" },
	{ "names that are too long", "openai", "m", { NULL },
		"\"tools\":[{\"name\":\"" LONG "\",\"input_schema\":{\"type\":\"object\"}}],"
		"\"tool_choice\":{\"type\":\"tool\",\"name\":\"" LONG "\"}," ASK,
		"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"" SHORT
		"\",\"parameters\":{\"type\":\"object\",\"properties\":{}}}}],"
		"\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"" SHORT
		"\"}}," ASK,
		"" },
	{ "names that are too long", "generic", "m", { NULL }, CALLED("c1", LONG, "c1", SHORT),
		"" },
	{ "names with dots", "openai", "m", { NULL },
		CALLED("c1", "a.b:c", "c1", "a_b_c_b2a25f70f5cf"), "" },
	{ "an object without members", "generic", "m", { NULL },
		"\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}]," ASK,
		"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}}]," ASK,
		"" },
	/* Ids of calls. */
	{ "40 bytes", "openai", "m", { NULL },
		CALLED("t123456789012345678901234567890123456789", "f",
			"t123456789012345678901234567890123456789", "f"),
		"" },
	{ "41 bytes", "openai", "m", { NULL },
		CALLED("t1234567890123456789012345678901234567890", "f",
			"call_x43c461c6cd8d5f509cb99708", "f"),
		"" },
	{ "41 bytes, to others", "generic", "m", { NULL },
		CALLED("t1234567890123456789012345678901234567890", "f",
			"t1234567890123456789012345678901234567890", "f"),
		"" },
	{ "with a dot", "generic", "m", { NULL },
		CALLED("a.b", "f", "call_x2e7336dc8eba87ef472df568", "f"), "" },
	{ "nine letters", "mistral", "m", { NULL }, CALLED("abcDEF123", "f", "abcDEF123", "f"),
		"" },
	{ "not nine letters", "mistral", "m", { NULL }, CALLED("toolu_01A", "f", "5abc8d7f9", "f"),
		"" },
	/* OpenAI's highest effort is one of Responses. */
	{ "max", "openai", "gpt-6.1-sol", { NULL }, "\"output_config\":{\"effort\":\"max\"}," ASK,
		"\"reasoning_effort\":\"xhigh\"," ASK, "" },
	{ "max", "openrouter", "openai/gpt-6.1-sol", { NULL },
		"\"output_config\":{\"effort\":\"max\"}," ASK,
		"\"reasoning\":{\"effort\":\"max\"}," ASK, "" },
	/* Instructions. */
	{ "marks that are kept", "openrouter", "m", { NULL },
		"\"system\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\",\"cache_control\":{\"type\":\"ephemeral\"}}]," ASK,
		"\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
		"{\"type\":\"text\",\"text\":\"b\",\"cache_control\":{\"type\":\"ephemeral\"}}]}," Q
		"]",
		"" },
	{ "marks that are not", "deepseek", "m", { NULL },
		"\"system\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\",\"cache_control\":{\"type\":\"ephemeral\"}}]," ASK,
		"\"messages\":[{\"role\":\"system\",\"content\":\"a\\n\\nb\"}," Q "]", "" },
	{ "in the middle", "openai", "m", { NULL },
		"\"messages\":[" Q ",{\"role\":\"system\",\"content\":\"s\"}]",
		"\"messages\":[" Q ",{\"role\":\"system\",\"content\":\"s\"}]", "" },
	{ "a beginning of the answer", "openai", "m", { NULL },
		"\"messages\":[" Q ",{\"role\":\"assistant\",\"content\":\"{\"}]",
		"\"messages\":[" Q ",{\"role\":\"assistant\",\"content\":\"{\"}]",
		"prefill_not_continued" },
	{ "that is gone on with", "vllm", "m", { NULL },
		"\"messages\":[" Q ",{\"role\":\"assistant\",\"content\":\"{\"}]",
		"\"continue_final_message\":true,\"add_generation_prompt\":false,\"messages\":[" Q
		",{\"role\":\"assistant\",\"content\":\"{\"}]",
		"" },
	/* Media. */
	{ "a document", "openai", "m", { NULL },
		"\"messages\":[{\"role\":\"user\",\"content\":[" PDF "]}]",
		"\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"filename\":\"document.pdf\","
		"\"file_data\":\"data:application/pdf;base64,JVBE\"}}]}]",
		"" },
	{ "a document for whom it is none", "deepseek", "m", { NULL },
		"\"messages\":[{\"role\":\"user\",\"content\":[" PDF "]}]", NULL,
		"'messages' hold a PDF document, which is not supported on this route" },
	{ "pictures that tools make", "openai", "m", { NULL },
		TOOLS
		"\"messages\":[" Q ",{\"role\":\"assistant\",\"content\":[" CALL
		"]},{\"role\":\"user\",\"content\":["
		"{\"type\":\"tool_result\",\"tool_use_id\":\"c1\",\"is_error\":true,\"content\":[{\"type\":\"text\",\"text\":\"t\"}," PNG
		"]},"
		"{\"type\":\"text\",\"text\":\"u\"}]}]",
		F
		"\"messages\":[" Q ",{\"role\":\"assistant\",\"content\":null," CALLS "},"
		"{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"[tool_error] t\\n\\n[see the content in the next user message]\"},"
		"{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,iVBO\"}},"
		"{\"type\":\"text\",\"text\":\"u\"}]}]",
		"tool_result_image_moved" },
	/* Reasoning of earlier turns. slsig1.or.{"d":[{"type":"x"}]}, slsig1.ds.{"m":"m"} */
	{ "details go back", "openrouter", "m", { NULL },
		"\"messages\":[" Q
		",{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"r\",\"signature\":"
		"\"slsig1.or.eyJkIjpbeyJ0eXBlIjoieCJ9XX0\"},{\"type\":\"text\",\"text\":\"a\"}]}," Q
		"]",
		"\"messages\":[" Q
		",{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":[{\"type\":\"x\"}]}," Q
		"]",
		"" },
	{ "to nobody else", "xai", "m", { NULL },
		"\"messages\":[" Q
		",{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"r\",\"signature\":"
		"\"slsig1.or.eyJkIjpbeyJ0eXBlIjoieCJ9XX0\"},{\"type\":\"text\",\"text\":\"a\"}]}," Q
		"]",
		"\"messages\":[" Q ",{\"role\":\"assistant\",\"content\":\"a\"}," Q "]",
		"thinking_history_dropped" },
	{ "anybody's text", "deepseek", "m", { NULL },
		"\"messages\":[" Q
		",{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"r\",\"signature\":\"Eq\"},"
		"{\"type\":\"text\",\"text\":\"a\"}]}," Q "]",
		"\"messages\":[" Q
		",{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_content\":\"r\"}," Q "]",
		"" },
	{ "with every call, for whom wants it", "deepseek", "m", { NULL },
		TOOLS
		"\"messages\":[" Q ",{\"role\":\"assistant\",\"content\":[" CALL "]},"
		"{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"c1\",\"content\":\"t\"}]}]",
		F "\"messages\":[" Q
		  ",{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"\"," CALLS "},"
		  "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"t\"}]",
		"" },
	/* A stream. */
	{ "a stream", "openai", "m", { NULL }, "\"stream\":true," ASK,
		"\"stream\":true,\"stream_options\":{\"include_usage\":true}," ASK, "" },
	{ "a stream without figures", "generic", "m", { "stream_options", "false" },
		"\"stream\":true," ASK, "\"stream\":true," ASK, "" },
};

static bool same(struct str got, struct str want)
{
	yyjson_doc *g = yyjson_read(got.p, got.n, YYJSON_READ_NUMBER_AS_RAW);
	yyjson_doc *w = yyjson_read(want.p, want.n, YYJSON_READ_NUMBER_AS_RAW);
	bool ok = g != NULL && w != NULL &&
		  yyjson_equals(yyjson_doc_get_root(g), yyjson_doc_get_root(w));

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

	struct str body = arena_printf(a, "{\"model\":\"m\",%s}", r->body);
	caps_of_model(&t.caps, t.flavor, t.model);
	if (r->caps[0] != NULL)
		if (!caps_set(&t.caps, str_from(r->caps[0]), str_from(r->caps[1])))
			fail_msg("no capability %s", r->caps[0]);
	content_init(&c, a);
	buf_init(&warned, SIZE_MAX);
	assert_true(dialect_anthropic.parse_request(&chat, body, a, &e));
	assert_true(dialect_anthropic.read_content(&c, &chat, &e));
	content_repair(&c);
	bool ok = dialect_openai.print_content(&w, &c, &t, &e);
	for (size_t i = 0; i < c.warnings.n; i++)
		buf_addf(&warned, "%s%.*s", i > 0 ? "," : "", STR_ARG(c.warnings.v[i]));
	if (r->want == NULL) {
		assert_false(ok);
		assert_string_equal(e.text, r->warnings);
	} else {
		struct str want = arena_printf(a, "{\"model\":\"%s\",%s}", r->model, r->want);
		assert_bytes(w.path, "/v1/chat/completions");
		if (!ok || !same(buf_str(&w.body), want))
			fail_msg("%s, %s: %s\ngot  %.*s\nwant %.*s", r->flavor, r->name, e.text,
				STR_ARG(buf_str(&w.body)), STR_ARG(want));
		if (!str_eq(buf_str(&warned), str_from(r->warnings)))
			fail_msg("%s, %s: warned of %.*s", r->flavor, r->name,
				STR_ARG(buf_str(&warned)));
	}
	buf_release(&warned);
	buf_release(&w.body);
	arena_free(a);
}

static void flavors_differ(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flavors_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
