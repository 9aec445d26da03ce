/* SPDX-License-Identifier: MIT */
/* What Gemini is sent: read from requests of its own clients, of which most must come out as it went in, and from content that only
 * other clients have. */
#include "unit/base/check.h"

#include "llm/gemini.h"

struct fixture {
	struct arena *a;
	struct chat chat;
	struct content c;
	struct target target;
	struct wire_request w;
	struct err e;
};

static void begin(struct fixture *f, const char *model)
{
	*f = (struct fixture){ .a = arena_new() };
	f->target.flavor = flavor_by_name(STR("gemini"));
	f->target.model = str_from(model);
	caps_of_model(&f->target.caps, f->target.flavor, f->target.model);
	content_init(&f->c, f->a);
	buf_init(&f->w.body, SIZE_MAX);
}

static void read_body(struct fixture *f, const char *body)
{
	f->chat.path = STR("/v1beta/models/x:generateContent");
	if (!dialect_gemini.parse_request(&f->chat, str_from(body), f->a, &f->e) ||
		!dialect_gemini.read_content(&f->c, &f->chat, &f->e))
		fail_msg("%s: %s", body, f->e.text);
}

static struct str print(struct fixture *f)
{
	content_repair(&f->c);
	if (!dialect_gemini.print_content(&f->w, &f->c, &f->target, &f->e))
		fail_msg("%s", f->e.text);
	return buf_str(&f->w.body);
}

static void done(struct fixture *f)
{
	buf_release(&f->w.body);
	arena_free(f->a);
}

/* Codes, joined by commas. */
static void check_warnings(const struct fixture *f, const char *want)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < f->c.warnings.n; i++)
		buf_addf(&b, "%s%.*s", i > 0 ? "," : "", STR_ARG(f->c.warnings.v[i]));
	assert_str(buf_str(&b), str_from(want));
	buf_release(&b);
}

static void check(const char *model, const char *body, const char *want, const char *warnings)
{
	struct fixture f;

	begin(&f, model);
	read_body(&f, body);
	assert_str(print(&f), str_from(want));
	check_warnings(&f, warnings);
	done(&f);
}

#define USER_A   "{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]}"
#define CONTENTS "\"contents\":[" USER_A "]"

/* Printing undoes reading. */
static void identity(void **state)
{
	static const char *const bodies[] = {
		"{" CONTENTS "}",
		"{\"generationConfig\":{\"maxOutputTokens\":5,\"temperature\":1.50,\"topP\":0.1,\"topK\":3,"
		"\"seed\":-7,\"presencePenalty\":0.1,\"frequencyPenalty\":0.2,\"stopSequences\":[\"\\n\","
		"\"b\"],\"responseMimeType\":\"application/json\",\"responseJsonSchema\":{\"type\":"
		"\"object\"},\"thinkingConfig\":{\"includeThoughts\":true,\"thinkingLevel\":\"HIGH\"}},"
		"\"serviceTier\":\"priority\",\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\","
		"\"description\":\"d \\\"q\\\"\",\"parametersJsonSchema\":{\"properties\":{\"a\":{}}}},"
		"{\"name\":\"g\"}]}],\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\","
		"\"allowedFunctionNames\":[\"f\",\"g\"]}},\"systemInstruction\":{\"parts\":[{\"text\":"
		"\"S\"},{\"text\":\"T\"}]}," CONTENTS "}",
		"{\"contents\":[" USER_A ",{\"role\":\"model\",\"parts\":[{\"text\":\"x\"},"
		"{\"functionCall\":{\"id\":\"1\",\"name\":\"f\",\"args\":{\"n\":12345678901234567890}},"
		"\"thoughtSignature\":\"c2ln\"},{\"functionCall\":{\"id\":\"2\",\"name\":\"f\",\"args\":"
		"{}}}]},{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"id\":\"1\",\"name\":\"f\","
		"\"response\":{\"output\":\"o\"},\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\","
		"\"data\":\"QQ==\"}}]}},{\"functionResponse\":{\"id\":\"2\",\"name\":\"f\",\"response\":"
		"{\"error\":\"e\"}}},{\"text\":\"b\"},{\"inlineData\":{\"mimeType\":\"audio/wav\","
		"\"data\":\"Qg==\"}}]}]}",
	};

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
		check("gemini-3.8-flash", bodies[i], bodies[i], "");
}

static void thinking(void **state)
{
	static const struct {
		const char *model, *asked, *want, *warnings;
	} rows[] = {
		{ "gemini-3.8-flash", "\"thinkingBudget\":0", "\"thinkingLevel\":\"MINIMAL\"",
			"thinking_not_disabled" },
		{ "gemini-4-argon", "\"thinkingBudget\":0", "\"thinkingLevel\":\"LOW\"",
			"thinking_not_disabled" },
		{ "gemini-3.8-flash", "\"thinkingBudget\":5000", "\"thinkingLevel\":\"MEDIUM\"",
			"" },
		{ "gemini-3.8-flash", "\"thinkingBudget\":99999", "\"thinkingLevel\":\"HIGH\"",
			"" },
		{ "gemini-3.8-flash", "\"includeThoughts\":true", "\"includeThoughts\":true", "" },
		{ "gemini-3.8-flash", "\"thinkingBudget\":-1", NULL, "" },
		{ "gemini-2.5-flash", "\"thinkingBudget\":0", "\"thinkingBudget\":0", "" },
		{ "gemini-2.5-pro", "\"thinkingBudget\":0", "\"thinkingBudget\":128",
			"thinking_not_disabled" },
		{ "gemini-2.5-flash", "\"thinkingBudget\":-1", "\"thinkingBudget\":-1", "" },
		{ "gemini-2.5-flash", "\"thinkingBudget\":1000,\"includeThoughts\":true",
			"\"includeThoughts\":true,\"thinkingBudget\":1000", "" },
		{ "gemini-2.5-flash", "\"thinkingBudget\":30000", "\"thinkingBudget\":24576", "" },
		{ "gemini-2.5-pro", "\"thinkingBudget\":30000", "\"thinkingBudget\":30000", "" },
		{ "gemini-2.5-flash", "\"thinkingLevel\":\"LOW\"", "\"thinkingBudget\":4096", "" },
		{ "gemini-2.0-flash", "\"thinkingBudget\":1000", NULL, "" },
		{ "gemini-9-unheard-of", "\"thinkingLevel\":\"LOW\"", "\"thinkingLevel\":\"LOW\"",
			"" },
		{ "something-else", "\"thinkingLevel\":\"LOW\"", "\"thinkingLevel\":\"LOW\"", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct str body = arena_printf(a,
			"{\"generationConfig\":{\"thinkingConfig\":{%s}}," CONTENTS "}",
			rows[i].asked);
		struct str want =
			rows[i].want == NULL
				? STR("{" CONTENTS "}")
				: arena_printf(a,
					  "{\"generationConfig\":{\"thinkingConfig\":{%s}}," CONTENTS
					  "}",
					  rows[i].want);
		check(rows[i].model, body.p, want.p, rows[i].warnings);
		arena_free(a);
	}
}

/* Which generation of models wants what. */
static void generations(void **state)
{
	static const char call[] =
		"{\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"parameters\":{\"type\":"
		"\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\"}}}}]}],\"contents\":[" USER_A
		",{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"id\":\"1\",\"name\":\"f\"}}]},"
		"{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"id\":\"1\",\"name\":\"f\","
		"\"response\":{\"output\":\"o\"},\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\","
		"\"data\":\"QQ==\"}}]}}]}]}";

	check("gemini-3-pro-preview", call,
		"{\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"parametersJsonSchema\":"
		"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}}]}],\"contents\":[" USER_A
		",{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"id\":\"1\",\"name\":\"f\","
		"\"args\":{}},\"thoughtSignature\":\"skip_thought_signature_validator\"}]},{\"role\":"
		"\"user\",\"parts\":[{\"functionResponse\":{\"id\":\"1\",\"name\":\"f\",\"response\":"
		"{\"output\":\"o\"},\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":"
		"\"QQ==\"}}]}}]}]}",
		"thought_signature_missing");
	check("gemini-2.5-pro", call,
		"{\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"parametersJsonSchema\":"
		"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}}]}],\"contents\":[" USER_A
		",{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"id\":\"1\",\"name\":\"f\","
		"\"args\":{}}}]},{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"id\":\"1\","
		"\"name\":\"f\",\"response\":{\"output\":\"o\"}}},{\"inlineData\":{\"mimeType\":"
		"\"image/png\",\"data\":\"QQ==\"}}]}]}",
		"");
	check("gemini-2.0-flash",
		"{\"generationConfig\":{\"responseJsonSchema\":{\"type\":\"object\"}},"
		"\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"parameters\":{\"type\":\"OBJECT\","
		"\"properties\":{\"a\":{\"type\":\"STRING\"}}}}]}]," CONTENTS "}",
		"{\"generationConfig\":{\"responseMimeType\":\"application/json\",\"responseSchema\":"
		"{\"type\":\"OBJECT\"}},\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\","
		"\"parameters\":{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\"}}}}]}]," CONTENTS
		"}",
		"");
}

static void limits(void **state)
{
	check("gemini-2.5-flash",
		"{\"generationConfig\":{\"maxOutputTokens\":999999,\"stopSequences\":[\"1\",\"2\",\"3\","
		"\"4\",\"5\",\"6\"],\"responseLogprobs\":true,\"logprobs\":3}," CONTENTS "}",
		"{\"generationConfig\":{\"maxOutputTokens\":65536,\"stopSequences\":[\"1\",\"2\",\"3\","
		"\"4\",\"5\"]}," CONTENTS "}",
		"logprobs_dropped,stop_truncated");
	check("gemini-2.5-flash", "{\"serviceTier\":\"standard\"," CONTENTS "}", "{" CONTENTS "}",
		"");
	check("gemini-2.5-flash", "{\"serviceTier\":\"warp\"," CONTENTS "}", "{" CONTENTS "}",
		"field_dropped:service_tier");
	/* A choice without tools is none. */
	check("gemini-2.5-flash",
		"{\"tools\":[{\"urlContext\":{}}],\"toolConfig\":{\"functionCallingConfig\":{\"mode\":"
		"\"ANY\"}}," CONTENTS "}",
		"{" CONTENTS "}", "server_tool_dropped");
}

/* ---- what other clients have ---- */

static struct part *add_part(struct fixture *f, enum message_role role, enum part_kind kind)
{
	struct turn *t = f->c.last_turn;

	if (t == NULL || t->role != role)
		t = content_add_turn(&f->c, role);
	return parts_add(&t->parts, kind, f->a);
}

static void add_text(struct fixture *f, enum message_role role, const char *text)
{
	add_part(f, role, PART_TEXT)->text = str_from(text);
}

static struct part *add_call(struct fixture *f, const char *id)
{
	struct part *p = add_part(f, ROLE_ASSISTANT, PART_CALL);

	p->id = str_from(id);
	p->name = STR("f");
	p->text = STR("{ }");
	return p;
}

static void add_thought(struct fixture *f, const char *code, const char *payload)
{
	struct part *p = add_part(f, ROLE_ASSISTANT, PART_REASONING);

	p->text = STR("hm");
	p->native = (struct native){ str_from(code), str_from(payload) };
}

#define RESULT(id) \
	"{\"functionResponse\":{\"id\":\"" id "\",\"name\":\"f\",\"response\":{\"error\":\"[no " \
	"result provided]\"}}}"
#define CALL(id)      "{\"functionCall\":{\"id\":\"" id "\",\"name\":\"f\",\"args\":{}}"
#define SIGNED(id, s) CALL(id) ",\"thoughtSignature\":\"" s "\"}"

/* Each call gets its own back, wherever it was kept. */
static void signatures(void **state)
{
	struct fixture f;

	begin(&f, "gemini-3.8-flash");
	add_text(&f, ROLE_USER, "a");
	add_thought(&f, "gem",
		"{\"p\":[[\"fc\",\"2\",\"s2\"],[\"fc\",\"1\",\"s1\"],[7],\"x\",[\"fc\",1,2]]}");
	add_call(&f, "1");
	add_call(&f, "2");
	add_call(&f, "3")->native = (struct native){ STR("gem"), STR("\"s3\"") };
	add_thought(&f, "gem", "{\"p\":[[\"fc\",\"\",\"s4\"]]}");
	add_call(&f, "4");
	add_call(&f, "5");
	assert_str(print(&f),
		STR("{\"contents\":[" USER_A ",{\"role\":\"model\",\"parts\":[" SIGNED(
			"1", "s1") "," SIGNED("2", "s2") "," SIGNED("3", "s3") "," SIGNED("4",
			"s4") "," CALL("5") "}]},"
					    "{\"role\":\"user\",\"parts\":[" RESULT("1") "," RESULT("2") "," RESULT(
						    "3") "," RESULT("4") "," RESULT("5") "]}]}"));
	check_warnings(&f, "tool_result_synthesised");
	done(&f);
}

/* Of other turns and other providers: not taken for the call's. */
static void foreign_signatures(void **state)
{
	struct fixture f;

	begin(&f, "gemini-3.8-flash");
	add_thought(&f, "gem", "{\"p\":[[\"fc\",\"2\",\"s2\"]]}");
	add_call(&f, "1");
	add_text(&f, ROLE_USER, "a");
	add_thought(&f, "ant", "{\"b\":[]}");
	add_call(&f, "2")->native = (struct native){ STR("gem"), STR("7") };
	assert_str(print(&f),
		STR("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"(continued)\"}]},"
		    "{\"role\":\"model\",\"parts\":[" SIGNED("1",
			    "skip_thought_signature_validator") "]},"
								"{\"role\":\"user\",\"parts\":[" RESULT(
									"1") ",{\"text\":\"a\"}]},"
									     "{\"role\":\"model\",\"parts\":[" SIGNED(
										     "2",
										     "skip_thought_signature_validator") "]},"
															 "{\"role\":\"user\",\"parts\":[" RESULT(
																 "2") "]}]}"));
	check_warnings(
		&f, "tool_result_synthesised,thought_signature_missing,thinking_history_dropped");
	done(&f);
}

/* A turn of nothing but reasoning leaves nothing behind. */
static void turns(void **state)
{
	struct fixture f;

	begin(&f, "gemini-3.8-flash");
	add_text(&f, ROLE_USER, "a");
	add_thought(&f, "gem", "{}");
	add_text(&f, ROLE_USER, "b");
	add_text(&f, ROLE_SYSTEM, "s");
	assert_str(print(&f),
		STR("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"},{\"text\":"
		    "\"b\"},{\"text\":\"<system-reminder>\\ns\\n</system-reminder>\"}]}]}"));
	check_warnings(&f, "mid_system_downgraded");
	done(&f);
}

static void prefill(void **state)
{
	for (int answers = 0; answers < 2; answers++) {
		struct fixture f;
		begin(&f, "gemini-3.8-flash");
		f.c.answers_prefill = answers;
		add_text(&f, ROLE_USER, "a");
		add_text(&f, ROLE_ASSISTANT, "b");
		struct str got = print(&f);
		if (answers)
			assert_str(got,
				STR("{\"contents\":[" USER_A ",{\"role\":\"model\",\"parts\":"
				    "[{\"text\":\"b\"}]},{\"role\":\"user\",\"parts\":[{\"text\":"
				    "\"(continue)\"}]}]}"));
		else
			assert_str(
				got, STR("{\"contents\":[" USER_A ",{\"role\":\"model\",\"parts\":"
					 "[{\"text\":\"b\"}]}]}"));
		check_warnings(&f, "prefill_not_continued");
		done(&f);
	}
}

static void freeform_tools(void **state)
{
	struct fixture f;
	struct tool *t;
	struct part *p;

	begin(&f, "gemini-2.5-flash");
	t = content_add_tool(&f.c, TOOL_FREEFORM);
	t->name = t->wire_name = STR("f");
	t->description = STR("d");
	t->grammar =
		STR("{\"type\":\"grammar\",\"syntax\":\"lark\",\"definition\":\"start: /.+/\"}");
	f.c.parallel_calls = 0;
	f.c.choice = CHOICE_NAMED;
	words_add(&f.c.choice_names, STR("f"), f.a);
	add_text(&f, ROLE_USER, "a");
	p = add_call(&f, "1");
	p->freeform = true;
	p->text = STR("x\\ny");
	assert_str(print(&f),
		STR("{\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"description\":\"d\\n\\nThe "
		    "\\\"input\\\" string must match this lark grammar:\\nstart: /.+/\","
		    "\"parametersJsonSchema\":{\"type\":\"object\",\"properties\":{\"input\":{\"type\":"
		    "\"string\"}},\"required\":[\"input\"]}}]}],\"toolConfig\":{\"functionCallingConfig\":"
		    "{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"f\"]}},\"contents\":[" USER_A
		    ",{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"id\":\"1\",\"name\":\"f\","
		    "\"args\":{\"input\":\"x\\ny\"}}}]},{\"role\":\"user\",\"parts\":[" RESULT(
			    "1") "]}]}"));
	check_warnings(&f, "tool_result_synthesised,custom_tool_wrapped,parallel_flag_dropped");
	done(&f);
}

/* AUTO takes no list of names; a picture's type must be one that is registered. */
static void some_of_the_tools(void **state)
{
	struct fixture f;
	struct part *p;

	begin(&f, "gemini-2.5-flash");
	content_add_tool(&f.c, TOOL_FUNCTION)->wire_name = STR("f");
	f.c.choice = CHOICE_AUTO_AMONG;
	words_add(&f.c.choice_names, STR("f"), f.a);
	p = parts_add(&content_add_turn(&f.c, ROLE_USER)->parts, PART_IMAGE, f.a);
	p->media_type = STR("image/jpg");
	p->data = STR("AA");
	assert_str(print(&f),
		STR("{\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\"}]}],\"toolConfig\":{"
		    "\"functionCallingConfig\":{\"mode\":\"VALIDATED\",\"allowedFunctionNames\":[\"f\"]}},"
		    "\"contents\":[{\"role\":\"user\",\"parts\":[{\"inlineData\":{\"mimeType\":\"image/jpeg\","
		    "\"data\":\"AA\"}}]}]}"));
	check_warnings(&f, "");
	done(&f);
}

/* Names that the API would not take are changed everywhere, and always to the same. */
static void names(void **state)
{
	struct fixture f;
	struct tool *t;
	char name[200];

	memset(name, 'n', sizeof(name));
	begin(&f, "gemini-2.5-flash");
	t = content_add_tool(&f.c, TOOL_FUNCTION);
	t->name = t->wire_name = STR("9 a");
	t = content_add_tool(&f.c, TOOL_FUNCTION);
	t->name = t->wire_name = (struct str){ name, sizeof(name) };
	t = content_add_tool(&f.c, TOOL_FUNCTION);
	t->name = t->wire_name = STR("mcp__a.b:c-d_9");
	add_text(&f, ROLE_USER, "a");
	add_call(&f, "1")->name = STR("9 a");
	print(&f);
	assert_bytes(f.c.tools->wire_name, "_9_a");
	assert_bytes(f.c.tools->name, "9 a");
	assert_int_equal(f.c.tools->next->wire_name.n, 128);
	assert_bytes(t->wire_name, "mcp__a.b:c-d_9");
	assert_true(str_find(buf_str(&f.w.body),
			    STR("\"functionCall\":{\"id\":\"1\",\"name\":\"_9_a\"")) < f.w.body.n);
	assert_true(
		str_find(buf_str(&f.w.body),
			STR("\"functionResponse\":{\"id\":\"1\",\"name\":\"_9_a\"")) < f.w.body.n);
	done(&f);
}

static void paths(void **state)
{
	static const struct {
		const char *model;
		bool stream, count;
		const char *want;
	} rows[] = {
		{ "gemini-3-pro", false, false, "/v1beta/models/gemini-3-pro:generateContent" },
		{ "models/g", true, false, "/v1beta/models/g:streamGenerateContent?alt=sse" },
		{ "g", true, true, "/v1beta/models/g:countTokens" },
		{ "a/b?c%d e", false, false, "/v1beta/models/a%2Fb%3Fc%25d%20e:generateContent" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		begin(&f, rows[i].model);
		f.c.stream = rows[i].stream;
		f.target.count = rows[i].count;
		add_text(&f, ROLE_USER, "a");
		struct str got = print(&f);
		assert_str(f.w.path, str_from(rows[i].want));
		assert_str(got,
			rows[i].count
				? STR("{\"generateContentRequest\":{\"model\":\"models/g\"," CONTENTS
				      "}}")
				: STR("{" CONTENTS "}"));
		done(&f);
	}
}

static void refusals(void **state)
{
	for (int within = 0; within < 2; within++) {
		struct fixture f;
		struct parts inner = { NULL, NULL };
		begin(&f, "gemini-3-pro");
		if (within) {
			parts_add(&inner, PART_IMAGE, f.a)->url = STR("https://x/y.png");
			add_call(&f, "1");
			struct part *p = add_part(&f, ROLE_USER, PART_RESULT);
			p->id = STR("1");
			p->parts = inner.first;
		} else {
			add_part(&f, ROLE_USER, PART_IMAGE)->url = STR("https://x/y.png");
		}
		content_repair(&f.c);
		assert_false(dialect_gemini.print_content(&f.w, &f.c, &f.target, &f.e));
		assert_int_equal(f.e.kind, ERR_INVALID);
		done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity),
		cmocka_unit_test(thinking),
		cmocka_unit_test(generations),
		cmocka_unit_test(limits),
		cmocka_unit_test(signatures),
		cmocka_unit_test(foreign_signatures),
		cmocka_unit_test(turns),
		cmocka_unit_test(prefill),
		cmocka_unit_test(freeform_tools),
		cmocka_unit_test(some_of_the_tools),
		cmocka_unit_test(names),
		cmocka_unit_test(paths),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
