/* SPDX-License-Identifier: MIT */
/* Requests of the Responses API, read and printed: what a client says goes through the neutral content and comes out as this dialect has
 * it, so that either side shows what the other has lost. */
#include "unit/base/check.h"

#include "llm/responses.h"

#include <stdlib.h>

static const struct dialect *const d = &dialect_responses;

struct run {
	struct arena *a;
	struct chat chat;
	struct content c;
	struct target t;
	struct wire_request w;
	struct err e;
};

static void begin(struct run *r, const char *body)
{
	*r = (struct run){ .a = arena_new() };
	r->chat.body = str_from(body);
	content_init(&r->c, r->a);
	r->t = (struct target){ .flavor = flavor_by_name(STR("openai")),
		.model = STR("gpt-6.1-sol") };
	caps_of_model(&r->t.caps, r->t.flavor, r->t.model);
	buf_init(&r->w.body, SIZE_MAX);
}

static void end(struct run *r)
{
	buf_release(&r->w.body);
	arena_free(r->a);
}

static bool read_and_print(struct run *r)
{
	if (!d->read_content(&r->c, &r->chat, &r->e))
		return false;
	content_repair(&r->c);
	return d->print_content(&r->w, &r->c, &r->t, &r->e);
}

static void check_warnings(const struct warnings *w, const char *want)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < w->n; i++)
		buf_addf(&b, "%s%.*s", i > 0 ? "," : "", STR_ARG(w->v[i]));
	assert_str(buf_str(&b), str_from(want));
	buf_release(&b);
}

#define ALWAYS "\"store\":false,\"include\":[\"reasoning.encrypted_content\"]"
#define HEAD   "{\"model\":\"gpt-6.1-sol\"," ALWAYS
#define USER(t) \
	"{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"" t \
	"\"}]}"
#define Q ",\"input\":[" USER("q") "]}"

struct row {
	const char *body, *want, *warnings;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct run r;
		begin(&r, rows[i].body);
		if (!read_and_print(&r))
			fail_msg("%s: %s", rows[i].body, r.e.text);
		assert_str(buf_str(&r.w.body), str_from(rows[i].want));
		assert_str(r.w.path, STR("/v1/responses"));
		check_warnings(&r.c.warnings, rows[i].warnings);
		end(&r);
	}
}

static void parameters(void **state)
{
	static const struct row rows[] = {
		{ "{\"model\":\"m\",\"input\":\"q\"}", HEAD Q, "" },
		{ "{\"stream\":true,\"store\":true,\"input\":\"q\"}",
			"{\"model\":\"gpt-6.1-sol\",\"stream\":true," ALWAYS Q, "" },
		/* null is as good as absent. */
		{ "{\"input\":\"q\",\"tools\":null,\"reasoning\":null,\"text\":null,\"previous_response_id\":null,"
		  "\"temperature\":null,\"foo\":null,\"background\":false,\"instructions\":null}",
			HEAD Q, "" },
		{ "{\"input\":\"q\",\"max_output_tokens\":3}", HEAD ",\"max_output_tokens\":16" Q,
			"max_tokens_raised" },
		{ "{\"input\":\"q\",\"max_output_tokens\":17}", HEAD ",\"max_output_tokens\":17" Q,
			"" },
		{ "{\"input\":\"q\",\"max_output_tokens\":999999}",
			HEAD ",\"max_output_tokens\":128000" Q, "" },
		{ "{\"input\":\"q\",\"temperature\":1,\"top_p\":1.0}", HEAD Q, "" },
		{ "{\"input\":\"q\",\"temperature\":1.50,\"top_p\":1e400}", HEAD Q,
			"temperature_dropped,top_p_dropped" },
		{ "{\"input\":\"q\",\"reasoning\":{\"effort\":\"max\",\"summary\":\"detailed\"}}",
			HEAD ",\"reasoning\":{\"effort\":\"max\",\"summary\":\"auto\"}" Q, "" },
		{ "{\"input\":\"q\",\"reasoning\":{\"summary\":\"auto\"}}",
			HEAD ",\"reasoning\":{\"summary\":\"auto\"}" Q, "" },
		/* This model cannot do without. */
		{ "{\"input\":\"q\",\"reasoning\":{\"effort\":\"none\"}}",
			HEAD ",\"reasoning\":{\"effort\":\"low\"}" Q, "thinking_not_disabled" },
		{ "{\"input\":\"q\",\"reasoning\":{\"effort\":\"huge\"}}", HEAD Q,
			"field_dropped:reasoning.effort" },
		{ "{\"input\":\"q\",\"text\":{\"verbosity\":\"low\",\"format\":{\"type\":\"text\"}}}",
			HEAD ",\"text\":{\"verbosity\":\"low\"}" Q, "" },
		{ "{\"input\":\"q\",\"text\":{\"format\":{\"type\":\"json_object\"}}}",
			HEAD ",\"text\":{\"format\":{\"type\":\"json_object\"}}" Q, "" },
		{ "{\"input\":\"q\",\"text\":{\"verbosity\":\"high\",\"format\":{\"type\":\"json_schema\",\"name\":\"n\","
		  "\"schema\":{ \"a\" : 1.0 },\"strict\":false}}}",
			HEAD
			",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{\"a\":1.0},"
			"\"strict\":false},\"verbosity\":\"high\"}" Q,
			"" },
		{ "{\"input\":\"q\",\"prompt_cache_key\":\"k\\u0041\",\"service_tier\":\"flex\"}",
			HEAD ",\"service_tier\":\"flex\",\"prompt_cache_key\":\"k\\u0041\"" Q, "" },
		{ "{\"input\":\"q\",\"metadata\":{\"a\":\"b\"},\"truncation\":\"auto\",\"client_metadata\":{},"
		  "\"top_logprobs\":0,\"safety_identifier\":\"u\"}",
			HEAD Q, "" },
		{ "{\"input\":\"q\",\"top_logprobs\":3,\"max_tool_calls\":2,\"context_management\":[],\"a b\":1}",
			HEAD Q,
			"logprobs_dropped,field_dropped:max_tool_calls,context_management_ignored,field_dropped:?" },
		{ "{\"input\":\"q\",\"instructions\":\"I\"}", HEAD ",\"instructions\":\"I\"" Q,
			"" },
		{ "{\"input\":\"q\",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{}}}}",
			HEAD
			",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{}}}" Q,
			"" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

#define FIND \
	"{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"type\":\"object\",\"properties\":{}}"
#define TOOL FIND ",\"strict\":false}"

static void tools(void **state)
{
	static const struct row rows[] = {
		{ "{\"input\":\"q\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}],\"parallel_tool_calls\":false}",
			HEAD ",\"tools\":[" TOOL "],\"parallel_tool_calls\":false" Q, "" },
		{ "{\"input\":\"q\",\"tools\":[{\"strict\":true,\"parameters\":{\"x\": [1, 2]},\"description\":\"d\","
		  "\"name\":\"f\",\"type\":\"function\"}],\"tool_choice\":\"required\"}",
			HEAD
			",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"description\":\"d\",\"parameters\":{\"x\":[1,2]},"
			"\"strict\":true}],\"tool_choice\":\"required\"" Q,
			"" },
		{ "{\"input\":\"q\",\"tools\":[{\"type\":\"custom\",\"name\":\"p\",\"format\":{\"type\": \"text\"}},"
		  "{\"type\":\"web_search\"}],\"tool_choice\":{\"type\":\"custom\",\"name\":\"p\"}}",
			HEAD
			",\"tools\":[{\"type\":\"custom\",\"name\":\"p\",\"format\":{\"type\":\"text\"}}],"
			"\"tool_choice\":{\"type\":\"custom\",\"name\":\"p\"}" Q,
			"server_tool_dropped" },
		{ "{\"input\":\"q\",\"tools\":[{\"type\":\"namespace\",\"name\":\"n\",\"description\":\"D\",\"tools\":["
		  "{\"type\":\"function\",\"name\":\"f\",\"description\":\"own\"},{\"type\":\"custom\",\"name\":\"g\"}]}],"
		  "\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"}}",
			HEAD
			",\"tools\":[{\"type\":\"function\",\"name\":\"n__f\",\"description\":\"own\",\"parameters\":"
			"{\"type\":\"object\",\"properties\":{}},\"strict\":false},"
			"{\"type\":\"custom\",\"name\":\"n__g\",\"description\":\"D\"}],"
			"\"tool_choice\":{\"type\":\"function\",\"name\":\"n__f\"}" Q,
			"" },
		{ "{\"input\":\"q\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}],\"tool_choice\":{\"type\":\"allowed_tools\","
		  "\"mode\":\"required\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"},{\"type\":\"web_search\"}]}}",
			HEAD ",\"tools\":[" TOOL
			     "],\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"required\","
			     "\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}" Q,
			"" },
		{ "{\"input\":\"q\",\"tools\":[{\"type\":\"web_search\"},{\"type\":\"mcp\"}],\"tool_choice\":{\"type\":\"web_search\"}}",
			HEAD Q, "server_tool_dropped,forced_tool_choice_downgraded" },
		/* Also when the tools come behind what names them. */
		{ "{\"tool_choice\":{\"type\":\"function\",\"namespace\":\"n\",\"name\":\"f\"},\"input\":\"q\","
		  "\"tools\":[{\"type\":\"namespace\",\"name\":\"n\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}]}",
			HEAD
			",\"tools\":[{\"type\":\"function\",\"name\":\"n__f\",\"parameters\":{\"type\":\"object\",\"properties\":{}},"
			"\"strict\":false}],\"tool_choice\":{\"type\":\"function\",\"name\":\"n__f\"}" Q,
			"" },
		/* Nothing is left to be called. */
		{ "{\"input\":\"q\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}],\"tool_choice\":{\"type\":\"allowed_tools\","
		  "\"mode\":\"auto\",\"tools\":[{\"type\":\"web_search\"}]}}",
			HEAD ",\"tools\":[" TOOL "],\"tool_choice\":\"none\"" Q, "" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

#define CALL(id, name, args) \
	"{\"type\":\"function_call\",\"call_id\":\"" id "\",\"name\":\"" name \
	"\",\"arguments\":\"" args "\"}"
#define OUT(id, text) \
	"{\"type\":\"function_call_output\",\"call_id\":\"" id "\",\"output\":\"" text "\"}"
#define SAID(text) "{\"type\":\"message\",\"role\":\"assistant\",\"content\":\"" text "\"}"
#define TOOLS      ",\"tools\":[" TOOL "]"
#define IN_TOOLS   "\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]"

static const struct row item_rows[] = {
	/* Easy messages, and instructions in front and in the middle. */
	{ "{\"instructions\":\"A\",\"input\":[{\"role\":\"developer\",\"content\":\"B\"},{\"role\":\"system\",\"content\":["
	  "{\"type\":\"input_text\",\"text\":\"C\"}]},{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"developer\",\"content\":\"D\"}]}",
		HEAD ",\"instructions\":\"A\\n\\nB\\n\\nC\",\"input\":[" USER(
			"q") ",{\"type\":\"message\",\"role\":\"developer\",\"content\":[{\"type\":\"input_text\",\"text\":\"D\"}]}]}",
		"" },
	/* Texts of one side are one message. */
	{ "{\"input\":[{\"role\":\"user\",\"content\":\"q\"},{\"type\":\"message\",\"role\":\"assistant\",\"content\":["
	  "{\"type\":\"output_text\",\"text\":\"a\\u00e9\",\"annotations\":[]},{\"type\":\"refusal\",\"refusal\":\"b\"}]},"
	  "{\"role\":\"assistant\",\"content\":\"c\"},{\"role\":\"user\",\"content\":\"q\"}]}",
		HEAD ",\"input\":[" USER("q") "," SAID("a\\u00e9bc") "," USER("q") "]}", "" },
	{ "{\"input\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"c\"}]}",
		HEAD ",\"input\":[" USER("q") "," SAID("c") "]}", "prefill_not_continued" },
	/* Calls: arguments are compacted, results come first, in the order in which they came. */
	{ "{" IN_TOOLS ",\"input\":[{\"role\":\"user\",\"content\":\"q\"},"
	  "{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":\"{ \\\"a\\\" : \\\"\\\\n\\\" }\"},"
	  "{\"type\":\"function_call\",\"call_id\":\"c2\",\"name\":\"f\",\"arguments\":\"\"},"
	  "{\"role\":\"user\",\"content\":\"q\"},"
	  "{\"type\":\"function_call_output\",\"call_id\":\"c2\",\"output\":[{\"type\":\"input_text\",\"text\":\"x\"},"
	  "{\"type\":\"input_text\",\"text\":\"y\"}]},"
	  "{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"z\"}]}",
		HEAD TOOLS ",\"input\":[" USER("q") "," CALL(
			"c1", "f", "{\\\"a\\\":\\\"\\\\n\\\"}") "," CALL("c2", "f",
			"{}") "," OUT("c2", "x\\n\\ny") "," OUT("c1", "z") "," USER("q") "]}",
		"" },
	{ "{\"tools\":[{\"type\":\"custom\",\"name\":\"p\"}],\"input\":["
	  "{\"role\":\"user\",\"content\":\"q\"},"
	  "{\"type\":\"custom_tool_call\",\"call_id\":\"c\",\"name\":\"p\",\"input\":\"*** \\\"x\"},"
	  "{\"type\":\"custom_tool_call_output\",\"call_id\":\"c\",\"output\":\"ok\"}]}",
		HEAD ",\"tools\":[{\"type\":\"custom\",\"name\":\"p\"}],\"input\":[" USER(
			"q") ",{\"type\":\"custom_tool_call\",\"call_id\":\"c\",\"name\":\"p\",\"input\":\"*** \\\"x\"},"
			     "{\"type\":\"custom_tool_call_output\",\"call_id\":\"c\",\"output\":\"ok\"}]}",
		"" },
	/* Media, also in a result. */
	{ "{" IN_TOOLS
	  ",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"image_url\":\"https://e/a.png\","
	  "\"detail\":\"low\"},{\"type\":\"input_file\",\"filename\":\"s.pdf\",\"file_data\":\"data:application\\/pdf;base64,JV\"},"
	  "{\"type\":\"input_file\",\"file_url\":\"https://e/s.pdf\"}]}," CALL("c", "f",
		  "{}") ","
			"{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":["
			"{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,iV\"}]}]}",
		HEAD TOOLS
		",\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"image_url\":"
		"\"https://e/a.png\",\"detail\":\"auto\"},{\"type\":\"input_file\",\"filename\":\"s.pdf\",\"file_data\":"
		"\"data:application\\/pdf;base64,JV\"},{\"type\":\"input_file\",\"file_url\":\"https://e/s.pdf\"}]}," CALL(
			"c", "f",
			"{}") ",{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":[{\"type\":\"input_image\","
			      "\"image_url\":\"data:image/png;base64,iV\",\"detail\":\"auto\"}]}]}",
		"" },
	/* Reasoning: what OpenAI has encrypted itself is sealed in no envelope, and nobody else's. */
	{ "{\"input\":[{\"role\":\"user\",\"content\":\"q\"},{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\","
	  "\"text\":\"a\"},{\"type\":\"summary_text\",\"text\":\"b\"}],\"encrypted_content\":"
	  "\"slsig1.oai.eyJpZCI6InJzX3UxIiwiZSI6IkVOQzEifQ\"},{\"role\":\"assistant\",\"content\":\"c\"},"
	  "{\"role\":\"user\",\"content\":\"q\"}]}",
		HEAD ",\"input\":[" USER(
			"q") ",{\"type\":\"reasoning\",\"id\":\"rs_u1\",\"summary\":[{\"type\":\"summary_text\","
			     "\"text\":\"a\\n\\nb\"}],\"encrypted_content\":\"ENC1\"}," SAID(
				     "c") "," USER("q") "]}",
		"" },
	{ "{\"input\":[{\"role\":\"user\",\"content\":\"q\"},{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"gAAA\"},"
	  "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"slsig1.ant.eyJiIjpbXX0\"},"
	  "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"slsig1.oai.%%\"},"
	  "{\"type\":\"reasoning\",\"summary\":[]},"
	  "{\"role\":\"assistant\",\"content\":\"c\"},{\"role\":\"user\",\"content\":\"q\"}]}",
		HEAD ",\"input\":[" USER("q") "," SAID("c") "," USER("q") "]}",
		"reasoning_history_dropped" },
	/* What a server has done is told, and what it may do more is declared. */
	{ "{\"input\":[{\"role\":\"user\",\"content\":\"q\"},{\"type\":\"web_search_call\",\"id\":\"ws\",\"status\":\"completed\","
	  "\"action\":{\"type\": \"search\",\"query\":\"x\"}},{\"type\":\"image_generation_call\",\"result\":\"AAAA\"},"
	  "{\"role\":\"user\",\"content\":\"q\"},{\"type\":\"additional_tools\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]},"
	  "{\"type\":\"configuration_update\"}]}",
		HEAD TOOLS ",\"input\":[" USER("q") "," SAID(
			"[web_search_call] {\\\"type\\\":\\\"search\\\",\\\"query\\\":\\\"x\\\"}") "," USER("q") "]}",
		"server_tool_history_flattened,field_dropped:configuration_update" },
};

static void items(void **state)
{
	(void)state;
	check_rows(item_rows, ARRAY_LEN(item_rows));
}

/* What this dialect's own printer has no need of. */
static void for_others(void **state)
{
	struct run r;

	(void)state;
	begin(&r,
		"{\"input\":[{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"gAAA\"},"
		"{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"slsig1.ds.eyJtIjoieCIsInQiOiJobSJ9\"},"
		"{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"A\",\"format\":\"wav\"}}]}],"
		"\"reasoning\":{\"effort\":\"none\",\"summary\":null},\"user\":\"u\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"},"
		"{\"type\":\"function\",\"name\":\"g\",\"strict\":false}],\"include\":[\"x\",\"reasoning.encrypted_content\"]}");
	assert_true(d->read_content(&r.c, &r.chat, &r.e));
	const struct part *p = r.c.turns->parts.first;
	assert_bytes(p->native.code, "oai");
	assert_int_equal(p->native.payload.n, 0);
	assert_int_equal(p->text.n, 0);
	p = p->next;
	assert_bytes(p->native.code, "ds");
	assert_bytes(p->text, "hm");
	p = r.c.turns->next->parts.first;
	assert_int_equal(p->kind, PART_AUDIO);
	assert_bytes(p->media_type, "audio/wav");
	assert_bytes(p->data, "A");
	assert_int_equal(r.c.reasoning.mode, REASONING_OFF);
	assert_int_equal(r.c.reasoning.show, SHOW_UNSET);
	assert_bytes(r.c.user, "u");
	assert_int_equal(r.c.tools->strict, -1);
	assert_int_equal(r.c.tools->next->strict, 0);
	assert_true(r.c.wants_signature);
	end(&r);
}

/* An id that no provider takes is made the same one in call and result; arguments that are none are kept. */
static void damaged_calls(void **state)
{
	struct run r;
	struct str call, result, args;

	(void)state;
	begin(&r, "{" IN_TOOLS ",\"input\":[{\"role\":\"user\",\"content\":\"q\"}," CALL(
			  "a b", "f", "{oops") "," OUT("a b", "z") "]}");
	assert_true(read_and_print(&r));
	check_warnings(&r.c.warnings, "tool_arguments_invalid");
	args = buf_str(&r.w.body);
	assert_true(
		str_find(args, STR("\"arguments\":\"{\\\"__raw_arguments\\\":\\\"{oops\\\"}\"")) <
		args.n);
	call = str_from_offset(args, str_find(args, STR("\"call_id\":\"")) + 11);
	result = str_from_offset(call, str_find(call, STR("\"call_id\":\"")) + 11);
	call.n = str_find_char(call, '"');
	result.n = str_find_char(result, '"');
	assert_str(call, result);
	assert_true(call.n > 0 && str_find_char(call, ' ') == call.n);
	end(&r);
}

static void refused(void **state)
{
	static const struct {
		const char *body, *text, *param, *code;
	} rows[] = {
		{ "{\"previous_response_id\":\"r\"}",
			"previous_response_id needs server-side state, which this route does not keep; resend the full input",
			"previous_response_id", "unsupported_parameter" },
		{ "{\"conversation\":{\"id\":\"c\"}}", NULL, "conversation",
			"unsupported_parameter" },
		{ "{\"background\":true}", NULL, "background", "unsupported_parameter" },
		{ "{\"prompt\":{\"id\":\"p\"}}", NULL, "prompt", "unsupported_parameter" },
		{ "{\"input\":[{\"type\":\"item_reference\",\"id\":\"i\"}]}",
			"item_reference needs server-side state, which this route does not keep; resend the full input",
			"input", "unsupported_parameter" },
		{ "{\"input\":[{\"type\":\"compaction\",\"encrypted_content\":\"x\"}]}", NULL,
			"input", "unsupported_parameter" },
		{ "{\"input\":[{\"type\":\"local_shell_call\"}]}",
			"'input[0].type' is not available on this route", "input",
			"unsupported_value" },
		{ "{\"input\":\"q\",\"tools\":[{\"type\":\"local_shell\"}]}",
			"tool type \"local_shell\" is not available on this route", "tools",
			"unsupported_value" },
		{ "{\"input\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"file_id\":\"f\"}]}]}",
			"'input[1].content' has a 'file_id', and files are not kept here", "input",
			"unsupported_value" },
		{ "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_file\",\"file_data\":\"data:text/plain;base64,QQ\"}]}]}",
			NULL, "input", "unsupported_value" },
		{ "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_video\"}]}]}",
			NULL, "input", "unsupported_value" },
		{ "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"A\",\"format\":\"wav\"}}]}]}",
			"audio is not available on this route", NULL, NULL },
		{ "{\"input\":[{\"role\":\"nobody\",\"content\":\"a\"}]}", NULL, "input",
			"unsupported_value" },
		{ "{\"input\":[7]}", NULL, "input", "unsupported_value" },
		{ "{\"input\":7}", NULL, NULL, NULL },
		{ "{\"input\":\"q\",\"tools\":{}}", NULL, NULL, NULL },
		{ "{\"input\":\"q\",\"tools\":[1]}", NULL, NULL, NULL },
		{ "{\"input\":\"q\",\"tool_choice\":[]}", NULL, NULL, NULL },
		{ "{\"input\":\"q\",\"reasoning\":\"x\"}", NULL, NULL, NULL },
		{ "{\"input\":\"q\",\"text\":\"x\"}", NULL, NULL, NULL },
		{ "{\"input\":\"q\",\"include\":\"x\"}", NULL, NULL, NULL },
		{ "[]", NULL, NULL, NULL },
		{ "{\"input\":", NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct run r;
		begin(&r, rows[i].body);
		assert_false(read_and_print(&r));
		assert_int_equal(r.e.kind, ERR_INVALID);
		if (rows[i].text != NULL)
			assert_string_equal(r.e.text, rows[i].text);
		assert_str(str_from(r.e.param), str_from(rows[i].param));
		assert_str(str_from(r.e.code), str_from(rows[i].code));
		end(&r);
	}
}

static void only_counting(void **state)
{
	uint64_t n = 0;
	struct buf b;
	struct run r;

	(void)state;
	begin(&r, "{\"stream\":true,\"max_output_tokens\":99,\"input\":\"q\"}");
	r.t.count = true;
	assert_true(read_and_print(&r));
	assert_str(r.w.path, STR("/v1/responses/input_tokens"));
	assert_bytes(buf_str(&r.w.body), "{\"model\":\"gpt-6.1-sol\"" Q);
	end(&r);
	buf_init(&b, SIZE_MAX);
	d->print_count(&b, 7);
	assert_true(d->parse_count(buf_str(&b), &n));
	assert_int_equal(n, 7);
	assert_false(d->parse_count(STR("{\"input_tokens\":-1}"), &n));
	assert_false(d->parse_count(STR("<html>"), &n));
	buf_release(&b);
}

/* ---- content of other clients ---- */

/* What no client of this dialect can say. */
static void others(void **state)
{
	struct run r;
	struct part *p;
	struct parts list = { NULL, NULL };

	(void)state;
	begin(&r, "{}");
	r.c.reasoning_lost = "thinking_history_dropped";
	r.c.top_k = STR("5");
	words_add(&r.c.stops, STR("x"), r.a);
	r.c.reasoning.mode = REASONING_BUDGET;
	r.c.reasoning.budget_tokens = 20000;
	r.c.format.kind = FORMAT_SCHEMA;
	r.c.format.schema = STR("{}");
	r.c.service_tier = STR("standard_only");
	struct turn *t = content_add_turn(&r.c, ROLE_USER);
	parts_add_text(&t->parts, STR("q"), r.a);
	t = content_add_turn(&r.c, ROLE_ASSISTANT);
	p = parts_add(&t->parts, PART_REASONING, r.a);
	p->text = STR("t");
	p->native = (struct native){ STR("ant"), STR("") };
	p = parts_add(&t->parts, PART_CALL, r.a);
	p->id = STR("a|b");
	p->name = STR("f");
	p->text = STR("{ }");
	t = content_add_turn(&r.c, ROLE_USER);
	p = parts_add(&t->parts, PART_RESULT, r.a);
	p->id = STR("a|b");
	p->is_error = true;
	parts_add(&list, PART_IMAGE, r.a)->url = STR("u");
	parts_add_text(&list, STR("x"), r.a);
	p->parts = list.first;
	assert_true(d->print_content(&r.w, &r.c, &r.t, &r.e));
	assert_bytes(buf_str(&r.w.body), HEAD
		",\"service_tier\":\"default\",\"reasoning\":{\"effort\":\"high\"},\"text\":{\"format\":{\"type\":\"json_schema\","
		"\"name\":\"output\",\"schema\":{},\"strict\":true}},\"input\":[" USER(
			"q") "," CALL("call_x0eab8a0a3380abf4c7d1fb0b", "f",
			"{}") ",{\"type\":\"function_call_output\",\"call_id\":\"call_x0eab8a0a3380abf4c7d1fb0b\",\"output\":["
			      "{\"type\":\"input_text\",\"text\":\"[tool_error]\"},{\"type\":\"input_image\",\"image_url\":\"u\","
			      "\"detail\":\"auto\"},{\"type\":\"input_text\",\"text\":\"x\"}]}]}");
	check_warnings(&r.c.warnings, "top_k_dropped,stop_dropped,thinking_history_dropped");
	end(&r);
}

static void server_tools(void **state)
{
	struct run r;

	(void)state;
	begin(&r, "{}");
	content_add_tool(&r.c, TOOL_SERVER)->type = STR("web_search_20260318");
	assert_false(d->print_content(&r.w, &r.c, &r.t, &r.e));
	assert_string_equal(r.e.text,
		"tools.0: server tool \"web_search_20260318\" is not available on this route");
	end(&r);
	/* Those that clients list as a matter of habit. */
	begin(&r, "{}");
	content_add_tool(&r.c, TOOL_SERVER)->type = STR("web_search");
	assert_true(d->print_content(&r.w, &r.c, &r.t, &r.e));
	assert_bytes(buf_str(&r.w.body), HEAD ",\"input\":[]}");
	check_warnings(&r.c.warnings, "server_tool_dropped");
	end(&r);
}

/* Names that OpenAI does not take are changed everywhere, and the client's remain known. */
static void strange_names(void **state)
{
	struct run r;

	(void)state;
	begin(&r,
		"{\"tools\":[{\"type\":\"function\",\"name\":\"a.b\",\"parameters\":{\"type\":\"object\"}}],\"tool_choice\":"
		"{\"type\":\"function\",\"name\":\"a.b\"},\"input\":[{\"role\":\"user\",\"content\":\"q\"},{\"type\":"
		"\"function_call\",\"call_id\":\"c\",\"name\":\"a.b\",\"arguments\":\"{}\"}]}");
	assert_true(read_and_print(&r));
	assert_bytes(buf_str(&r.w.body), HEAD
		",\"tools\":[{\"type\":\"function\",\"name\":\"a_b_2e7336dc8eba\",\"parameters\":{\"type\":\"object\",\"properties\":{}},"
		"\"strict\":false}],\"tool_choice\":{\"type\":\"function\",\"name\":\"a_b_2e7336dc8eba\"},\"input\":[" USER(
			"q") ",{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"a_b_2e7336dc8eba\",\"arguments\":\"{}\"},"
			     "{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"[tool_error] [no result provided]\"}]}");
	assert_bytes(r.c.tools->name, "a.b");
	assert_bytes(r.c.tools->wire_name, "a_b_2e7336dc8eba");
	end(&r);
}

/* Of a reply that was cut off in its reasoning nothing is left to be sent back; a model that does not reason is not asked for it. */
static void reasoning_alone(void **state)
{
	struct run r;

	(void)state;
	begin(&r,
		"{\"input\":[{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":"
		"\"slsig1.oai.eyJpZCI6InJzX3UxIiwiZSI6IkVOQzEifQ\"},{\"role\":\"user\",\"content\":\"q\"}]}");
	r.t.model = STR("gpt-4.1");
	caps_of_model(&r.t.caps, r.t.flavor, r.t.model);
	assert_true(read_and_print(&r));
	assert_bytes(buf_str(&r.w.body), "{\"model\":\"gpt-4.1\",\"store\":false" Q);
	check_warnings(&r.c.warnings, "reasoning_history_dropped");
	end(&r);
}

/* Damaged requests are refused or printed, never more: each byte of a request is left out, and turned into another. */
static void hostile(void **state)
{
	static const char body[] =
		"{\"model\":\"m\",\"instructions\":\"I\",\"tools\":[{\"type\":\"namespace\",\"name\":\"n\",\"tools\":[{\"type\":\"function\","
		"\"name\":\"f\"}]},{\"type\":\"custom\",\"name\":\"p\",\"format\":{}}],\"tool_choice\":{\"type\":\"allowed_tools\",\"tools\":["
		"{\"type\":\"custom\",\"name\":\"p\"}]},\"text\":{\"format\":{\"type\":\"json_schema\",\"schema\":{}}},\"input\":["
		"{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"\\ud83d\"},{\"type\":\"input_image\",\"image_url\":"
		"\"data:image/png;base64,iV\"}]},{\"type\":\"reasoning\",\"summary\":[{\"text\":\"a\"},{\"text\":\"b\"}],"
		"\"encrypted_content\":\"slsig1.oai.eyJpZCI6InJzX3UxIiwiZSI6IkVOQzEifQ\"},{\"type\":\"function_call\",\"call_id\":\"c\","
		"\"namespace\":\"n\",\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"},{\"type\":\"function_call_output\",\"call_id\":\"c\","
		"\"output\":\"x\"}]}";
	static const char with[] = "\"\\{}[],:0\n";

	(void)state;
	for (size_t at = 0; at < sizeof(body) - 1; at++)
		for (size_t k = 0; k <= sizeof(with) - 1; k++) {
			char *copy = strdup(body);
			struct run r;
			if (k == sizeof(with) - 1)
				memmove(copy + at, copy + at + 1, strlen(copy + at));
			else
				copy[at] = with[k];
			begin(&r, copy);
			bool ok = read_and_print(&r);
			assert_int_equal(r.e.kind, ok ? ERR_NONE : ERR_INVALID);
			end(&r);
			free(copy);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters),
		cmocka_unit_test(tools),
		cmocka_unit_test(items),
		cmocka_unit_test(for_others),
		cmocka_unit_test(damaged_calls),
		cmocka_unit_test(refused),
		cmocka_unit_test(only_counting),
		cmocka_unit_test(others),
		cmocka_unit_test(server_tools),
		cmocka_unit_test(strange_names),
		cmocka_unit_test(reasoning_alone),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
