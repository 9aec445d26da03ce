/* SPDX-License-Identifier: MIT */
/* Gemini: what is refused, what replies say, signatures there and back, and the grammar of the stream. */
#include "unit/sim/sim_stream.h"

#define ASK(model)   "/v1beta/models/" model ":generateContent"
#define NEW          ASK("gemini-3.8-flash")
#define OLD          ASK("gemini-2.5-pro")
#define HI           "{'role':'user','parts':[{'text':'hi'}]}"
#define WITH(more)   "{'contents':[" HI "]," more "}"
#define SAID(more)   "{'contents':[" HI "," more "]}"
#define MODEL(parts) "{'role':'model','parts':[" parts "]}"
#define USER(parts)  "{'role':'user','parts':[" parts "]}"
#define CALL(name)   "{'functionCall':{'name':'" name "','args':{}}}"
#define SIGNED(name) \
	"{'functionCall':{'name':'" name \
	"','args':{}},'thoughtSignature':'skip_thought_signature_validator'}"
#define ANSWER(name) "{'functionResponse':{'name':'" name "','response':{'output':'r'}}}"
#define TOOLS(more)  "'tools':[{'functionDeclarations':[" more "]}]"

struct row {
	const char *path;
	unsigned status;
	const char *body, *words;
};

static const struct row refused[] = {
	{ ASK("gemini-none"), 404, WITH("'tools':[]"),
		"models/gemini-none is not found for API version v1beta" },
	{ ASK("gpt-5.2"), 404, WITH("'tools':[]"), "is not found" },
	{ NEW, 400, "{}", "contents is not specified" },
	{ NEW, 400, "{'contents':[]}", "contents is not specified" },
	{ NEW, 400, WITH("'max_tokens':5"), "Unknown name \"max_tokens\": Cannot find field." },
	{ NEW, 400, WITH("'model_name':'x'"), "Unknown name \"model_name\"" },
	{ NEW, 400, WITH("'generationConfig':{'max_tokens':5}"),
		"Unknown name \"max_tokens\" at 'generationConfig'" },
	{ NEW, 400, SAID("{'role':'model','content':'x'}"),
		"Unknown name \"content\" at 'contents[1]'" },
	{ NEW, 400, SAID(MODEL("{'text':'x','cache_control':{}}")),
		"Unknown name \"cache_control\" at 'contents[1].parts[0]'" },
	{ NEW, 400, WITH(TOOLS("{'name':'f','input_schema':{}}")),
		"Unknown name \"input_schema\"" },
	{ NEW, 400,
		WITH(TOOLS(
			"{'name':'f','parameters':{'type':'OBJECT','properties':{'a':{'type':'STRING','additionalProperties':false}}}}")),
		"Unknown name \"additionalProperties\" at 'tools[0].functionDeclarations[0].parameters.properties.a'" },
	{ NEW, 400, WITH(TOOLS("{'name':'f','parameters':{'type':'OBJECT','properties':{}}}")),
		"should be non-empty for OBJECT type" },
	{ NEW, 400,
		WITH(TOOLS(
			"{'name':'f','parameters':{'type':'STRING'},'parametersJsonSchema':{}}")),
		"only one of parameters" },
	{ NEW, 400, WITH(TOOLS("{'name':'1f'}")), "Invalid function name." },
	{ NEW, 400, WITH(TOOLS("{'name':'f'},{'name':'f'}")),
		"Duplicate function declaration found: f" },
	{ NEW, 400, WITH("'toolConfig':{'functionCallingConfig':{'mode':'REQUIRED'}}"),
		"function_calling_config.mode" },
	{ NEW, 400, WITH("'toolConfig':{'functionCallingConfig':{'mode':'ANY'}}"),
		"without function_declarations" },
	{ NEW, 400,
		WITH(TOOLS(
			"{'name':'f'}") ",'toolConfig':{'functionCallingConfig':{'mode':'AUTO','allowedFunctionNames':['f']}}"),
		"may only be set with it" },
	{ NEW, 400,
		WITH(TOOLS(
			"{'name':'f'}") ",'toolConfig':{'functionCallingConfig':{'mode':'ANY','allowedFunctionNames':['g']}}"),
		"subset of the declared functions" },
	{ NEW, 400, WITH("'generationConfig':{'maxOutputTokens':65537}"),
		"from 1 (inclusive) to 65537 (exclusive)" },
	{ NEW, 400, WITH("'generationConfig':{'temperature':2.5}"), "[0.0, 2.0]" },
	{ NEW, 400, WITH("'generationConfig':{'stopSequences':['a','b','c','d','e','f']}"),
		"must not exceed 5" },
	{ NEW, 400, WITH("'generationConfig':{'candidateCount':2}"), "Multiple candidates" },
	{ NEW, 400, WITH("'generationConfig':{'responseJsonSchema':{}}"), "response_mime_type" },
	{ NEW, 400,
		WITH("'generationConfig':{'thinkingConfig':{'thinkingBudget':1,'thinkingLevel':'LOW'}}"),
		"only one of thinking budget" },
	{ OLD, 400, WITH("'generationConfig':{'thinkingConfig':{'thinkingLevel':'LOW'}}"),
		"Thinking level is not supported" },
	{ OLD, 400, WITH("'generationConfig':{'thinkingConfig':{'thinkingBudget':0}}"),
		"only works in thinking mode" },
	{ ASK("gemini-4-argon"), 400,
		WITH("'generationConfig':{'thinkingConfig':{'thinkingBudget':9}}"),
		"Thinking budget is not supported" },
	{ ASK("gemini-4-argon"), 400,
		WITH("'generationConfig':{'thinkingConfig':{'thinkingLevel':'MINIMAL'}}"),
		"MINIMAL is not supported" },
	{ NEW, 400, SAID("{'role':'assistant','parts':[{'text':'x'}]}"),
		"Please use a valid role: user, model." },
	{ NEW, 400, "{'contents':[" MODEL("{'text':'x'}") "]}", "begin with a user turn" },
	{ NEW, 400, SAID(HI), "alternate between user and model" },
	{ NEW, 400, SAID(MODEL("{'text':'x'}")), "end with a user role or a function response" },
	{ NEW, 400, SAID("{'role':'model','parts':[]}," HI), "contents.parts must not be empty" },
	{ NEW, 400, "{'contents':[{'role':'user','parts':[{'thought':true}]}]}",
		"required oneof field 'data'" },
	{ NEW, 400,
		"{'contents':[{'role':'user','parts':[{'text':'x','functionCall':{'name':'f'}}]}]}",
		"oneof field 'data' is already set" },
	{ NEW, 400, "{'contents':[{'role':'user','parts':[{'text':''}]}]}",
		"empty text parameter" },
	{ NEW, 400, "{'contents':[" USER(CALL("f")) "]}", "only in turns of the model" },
	{ NEW, 400, "{'contents':[" USER(ANSWER("f")) "]}",
		"comes immediately after a function call turn" },
	{ NEW, 400, SAID(MODEL(SIGNED("f"))), "followed immediately by a function response turn" },
	{ NEW, 400, SAID(MODEL(SIGNED("f")) "," HI),
		"followed immediately by a function response turn" },
	{ NEW, 400, SAID(MODEL(SIGNED("f") "," CALL("g")) "," USER(ANSWER("f"))),
		"the number of function response parts is equal" },
	{ NEW, 400, SAID(MODEL(SIGNED("f")) "," USER(ANSWER("g"))), "g has not" },
	{ NEW, 400,
		SAID(MODEL("{'functionCall':{'id':'1','name':'f'},'thoughtSignature':'skip_thought_signature_validator'}") "," USER(
			"{'functionResponse':{'id':'2','name':'f','response':{}}}")),
		"f has not" },
	{ NEW, 400, SAID(MODEL("{'functionCall':{'name':'f','args':'{}'}}")),
		"google.protobuf.Struct" },
	{ NEW, 400,
		SAID(MODEL(SIGNED("f")) "," USER(
			"{'functionResponse':{'name':'f','response':'r'}}")),
		"google.protobuf.Struct" },
	{ NEW, 400, SAID(MODEL("{'functionCall':{'args':{}}}")), "Name cannot be empty." },
	{ NEW, 400, SAID(MODEL(CALL("f")) "," USER(ANSWER("f"))),
		"Function call is missing a thought_signature in functionCall parts." },
	/* Each step of the turn; the first call of each. */
	{ NEW, 400,
		SAID(MODEL(SIGNED("f")) "," USER(ANSWER("f")) "," MODEL(
			CALL("g") "," SIGNED("f")) "," USER(ANSWER("g") "," ANSWER("f"))),
		"`default_api:g` , position 4" },
	{ NEW, 400,
		SAID(MODEL("{'functionCall':{'name':'f'},'thoughtSignature':'RXhhbXBsZQ=='}") "," USER(
			ANSWER("f"))),
		"Corrupted thought signature." },
	{ OLD, 400, SAID(MODEL("{'text':'x','thoughtSignature':'RXhhbXBsZQ=='}") "," HI),
		"Corrupted thought signature." },
	{ NEW, 400,
		SAID(MODEL("{'functionCall':{'name':'f'},'thoughtSignature':'slsig1.gem.e30'}") "," USER(
			ANSWER("f"))),
		"slsig1." },
	{ ASK("gemini-2.5-flash-lite"), 400, "{'contents':[{'parts':[{'text':'@1000000'}]}]}",
		"The input token count (1000007) exceeds the maximum number of tokens allowed (1000000)." },
};

static void test_refusals(void **state)
{
	struct site s;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		expect_refusal(
			&s, refused[i].path, refused[i].body, refused[i].status, refused[i].words);
	site_close(&s);
}

static void test_accepted(void **state)
{
	static const struct row rows[] = {
		{ NEW, 200,
			WITH("'system_instruction':{'parts':[{'text':'x'}]},'generation_config':{'max_output_tokens':5}"),
			NULL },
		{ NEW, 200,
			WITH(TOOLS(
				"{'name':'f.a:b-c','parametersJsonSchema':{'type':'object','additionalProperties':false}}")),
			NULL },
		{ NEW, 200,
			SAID(MODEL(SIGNED("f") "," CALL("g")) "," USER(
				ANSWER("f") "," ANSWER("g"))),
			NULL },
		/* Unsigned calls of an earlier turn. */
		{ NEW, 200,
			SAID(MODEL(CALL("f")) "," USER(ANSWER("f")) "," MODEL(
				"{'text':'x'}") "," HI),
			NULL },
		{ OLD, 200, SAID(MODEL(CALL("f")) "," USER(ANSWER("f"))), NULL },
		{ OLD, 200, WITH("'generationConfig':{'thinkingConfig':{'thinkingBudget':-1}}"),
			NULL },
	};
	struct site s;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_accepted(&s, rows[i].path, rows[i].body);
	site_close(&s);
}

static void test_errors(void **state)
{
	struct site s;
	unsigned status;
	yyjson_doc *doc;

	(void)state;
	site_open(&s);
	doc = tell(&s, &(struct question){ .path = NEW, .body = WITH("'x':1") }, &status);
	assert_int_equal(number_at(doc, "/error/code"), 400);
	assert_string_equal(text_at(doc, "/error/status"), "INVALID_ARGUMENT");
	yyjson_doc_free(doc);
	doc = tell(&s, &(struct question){ .path = NEW, .key = "", .body = WITH("'tools':[]") },
		&status);
	assert_int_equal(status, 403);
	assert_string_equal(text_at(doc, "/error/status"), "PERMISSION_DENIED");
	yyjson_doc_free(doc);
	s.options.key = STR("right");
	doc = tell(&s, &(struct question){ .path = NEW, .body = WITH("'tools':[]") }, &status);
	assert_int_equal(status, 400);
	assert_string_equal(text_at(doc, "/error/details/0/reason"), "API_KEY_INVALID");
	yyjson_doc_free(doc);
	doc = tell(&s,
		&(struct question){ .path = NEW,
			.key = "right",
			.fault = "{\"status\":503}",
			.body = WITH("'tools':[]") },
		&status);
	assert_string_equal(text_at(doc, "/error/status"), "UNAVAILABLE");
	yyjson_doc_free(doc);
	site_close(&s);
}

#define SCRIPT \
	"[{'content':[{'type':'thinking','thinking':'because','tokens':5},{'type':'text','text':'abü'},{'type':'tool_use','name':'f','input':" \
	"{'a':'ü'}},{'type':'tool_use','id':'x2','name':'f','input':{}}],'output_tokens':40}]"
#define THOUGHTS WITH("'generationConfig':{'thinkingConfig':{'includeThoughts':true}}")

/* The signature is at the first call only, and good when it comes back. */
static void test_whole(void **state)
{
	struct site s;
	unsigned status;
	yyjson_doc *doc;

	(void)state;
	site_open(&s);
	queue(&s.engine->script, SCRIPT);
	doc = tell(&s, &(struct question){ .path = NEW, .body = THOUGHTS }, &status);
	assert_true(
		yyjson_is_true(yyjson_doc_ptr_get(doc, "/candidates/0/content/parts/0/thought")));
	assert_string_equal(text_at(doc, "/candidates/0/content/parts/1/text"), "abü");
	assert_string_equal(text_at(doc, "/candidates/0/content/parts/2/functionCall/args/a"), "ü");
	assert_true(text_at(doc, "/candidates/0/content/parts/2/functionCall/id")[0] != '\0');
	assert_true(text_at(doc, "/candidates/0/content/parts/2/thoughtSignature")[0] != '\0');
	assert_string_equal(text_at(doc, "/candidates/0/content/parts/3/functionCall/id"), "x2");
	assert_null(yyjson_doc_ptr_get(doc, "/candidates/0/content/parts/3/thoughtSignature"));
	assert_string_equal(text_at(doc, "/candidates/0/finishReason"), "STOP");
	assert_int_equal(number_at(doc, "/usageMetadata/candidatesTokenCount"), 35);
	assert_int_equal(number_at(doc, "/usageMetadata/thoughtsTokenCount"), 5);
	assert_int_equal(number_at(doc, "/usageMetadata/totalTokenCount"), 48);
	char *content = yyjson_val_write(yyjson_doc_ptr_get(doc, "/candidates/0/content"), 0, NULL);
	struct str next = arena_printf(
		s.arena, "{'contents':[" HI ",%s," USER(ANSWER("f") "," ANSWER("f")) "]}", content);
	expect_accepted(&s, NEW, next.p);
	free(content);
	yyjson_doc_free(doc);
	/* Older models: no ids, no signatures; thoughts only when asked for. */
	queue(&s.engine->script, SCRIPT);
	doc = tell(&s, &(struct question){ .path = OLD, .body = WITH("'tools':[]") }, &status);
	assert_string_equal(text_at(doc, "/candidates/0/content/parts/0/text"), "abü");
	assert_null(yyjson_doc_ptr_get(doc, "/candidates/0/content/parts/1/functionCall/id"));
	assert_null(yyjson_doc_ptr_get(doc, "/candidates/0/content/parts/1/thoughtSignature"));
	yyjson_doc_free(doc);
	queue(&s.engine->script,
		"[{'text':'x','stop_reason':'refusal'},{'text':'x','stop_reason':'MALFORMED_FUNCTION_CALL'}]");
	doc = tell(&s, &(struct question){ .path = OLD, .body = WITH("'tools':[]") }, &status);
	assert_string_equal(text_at(doc, "/candidates/0/finishReason"), "SAFETY");
	yyjson_doc_free(doc);
	doc = tell(&s, &(struct question){ .path = OLD, .body = WITH("'tools':[]") }, &status);
	assert_string_equal(text_at(doc, "/candidates/0/finishReason"), "MALFORMED_FUNCTION_CALL");
	yyjson_doc_free(doc);
	site_close(&s);
}

static void test_count(void **state)
{
	static const char path[] = "/v1beta/models/gemini-3.8-flash:countTokens";
	struct site s;
	unsigned status;
	yyjson_doc *doc;

	(void)state;
	site_open(&s);
	doc = tell(&s,
		&(struct question){
			.path = path, .body = "{'contents':[{'parts':[{'text':'@40'}]}]}" },
		&status);
	assert_int_equal(number_at(doc, "/totalTokens"), 47);
	yyjson_doc_free(doc);
	doc = tell(&s,
		&(struct question){ .path = path,
			.body = "{'generateContentRequest':{'model':'models/gemini-3.8-flash','systemInstruction':{'parts':[{'text':'@10'}]},"
				"'contents':[{'parts':[{'text':'@40'}]}]}}" },
		&status);
	/* 3 + 10 for the system text more. */
	assert_int_equal(number_at(doc, "/totalTokens"), 60);
	yyjson_doc_free(doc);
	expect_refusal(&s, path, "{'contents':[" HI "],'tools':[]}", 400, "Unknown name \"tools\"");
	site_close(&s);
}

static void expect_stream(struct site *s, const char *text, size_t calls, bool signed_text)
{
	struct events e;
	struct buf said;
	size_t n = 0, ended = 0, signatures = 0;

	buf_init(&said, 1000);
	tell_stream(s,
		&(struct question){
			.path = "/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse",
			.body = WITH("'tools':[]") },
		STR("\r\n"), &e);
	for (size_t i = 0; i < e.n; i++) {
		yyjson_val *part = yyjson_doc_ptr_get(e.v[i].data, "/candidates/0/content/parts/0");
		assert_string_equal(e.v[i].name, "");
		buf_add(&said, tree_get(part, "text"));
		n += yyjson_obj_get(part, "functionCall") != NULL;
		signatures += yyjson_obj_get(part, "thoughtSignature") != NULL;
		ended += yyjson_doc_ptr_get(e.v[i].data, "/candidates/0/finishReason") != NULL;
		assert_string_equal(
			text_at(e.v[i].data, "/responseId"), text_at(e.v[0].data, "/responseId"));
	}
	assert_int_equal(n, calls);
	assert_int_equal(ended, 1);
	assert_int_equal(signatures, calls > 0 || signed_text);
	assert_non_null(yyjson_doc_ptr_get(e.v[e.n - 1].data, "/candidates/0/finishReason"));
	assert_true(str_eq(buf_str(&said), str_from(text)));
	assert_int_equal(number_at(e.v[e.n - 1].data, "/usageMetadata/totalTokenCount"), 48);
	release_events(&e);
	buf_release(&said);
}

static void test_stream(void **state)
{
	struct site s;

	(void)state;
	site_open(&s);
	s.options.pace = (struct pace){ 0, 0, 2 };
	queue(&s.engine->script, SCRIPT);
	expect_stream(&s, "abü", 2, false);
	queue(&s.engine->script, "[{'text':'only text','output_tokens':40}]");
	expect_stream(&s, "only text", 0, true);
	/* Nothing at all is said. */
	queue(&s.engine->script, "[{'content':[],'output_tokens':40}]");
	expect_stream(&s, "", 0, false);
	site_close(&s);
}

/* Without alt=sse a stream is a list; an error in the middle is an event of its own. */
static void test_other_streams(void **state)
{
	static const char path[] = "/v1beta/models/gemini-3.8-flash:streamGenerateContent";
	struct site s;
	struct events e;
	unsigned status;
	yyjson_doc *doc;

	(void)state;
	site_open(&s);
	doc = tell(&s, &(struct question){ .path = path, .body = WITH("'tools':[]") }, &status);
	assert_true(yyjson_is_arr(yyjson_doc_get_root(doc)));
	yyjson_doc_free(doc);
	tell_stream(&s,
		&(struct question){
			.path = "/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse",
			.fault = "{\"error\":\"UNAVAILABLE\",\"error_after\":10}",
			.body = WITH("'tools':[]") },
		STR("\r\n"), &e);
	assert_int_equal(e.n, 2);
	assert_string_equal(text_at(e.v[1].data, "/error/status"), "UNAVAILABLE");
	release_events(&e);
	site_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_other_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
