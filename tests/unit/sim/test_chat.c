/* SPDX-License-Identifier: MIT */
/* Chat Completions: what is refused at OpenAI's and DeepSeek's, what replies say, and the grammar of the stream. */
#include "unit/sim/sim_stream.h"

#define CHAT "/v1/chat/completions"
#define HI   "'messages':[{'role':'user','content':'hi'}]"
#define TOOL \
	"{'type':'function','function':{'name':'f','parameters':{'type':'object','properties':{'a':{'type':'string'}}}}}"
#define CALL(id)     "{'id':'" id "','type':'function','function':{'name':'f','arguments':'{}'}}"
#define CALLS(calls) "{'role':'assistant','content':null,'tool_calls':[" calls "]}"
#define ANSWER(id)   "{'role':'tool','tool_call_id':'" id "','content':'r'}"
#define SAID(more)   "{'model':'gpt-5.2','messages':[{'role':'user','content':'hi'}," more "]}"
#define WITH(more)   "{'model':'gpt-5.2'," HI "," more "}"

struct row {
	unsigned status;
	const char *body, *words;
};

static const struct row refused[] = {
	{ 400, "{" HI "}", "Missing required parameter: 'model'." },
	{ 400, "{'model':'gpt-5.2'}", "Missing required parameter: 'messages'." },
	{ 400, "{'model':'gpt-5.2','messages':[]}", "empty array" },
	{ 404, "{'model':'gpt-none'," HI "}", "The model `gpt-none` does not exist" },
	{ 404, "{'model':'claude-opus-5-5'," HI "}", "does not exist" },
	{ 400, WITH("'top_k':1"), "Unknown parameter: 'top_k'." },
	{ 400, WITH("'thinking':{'type':'disabled'}"), "Unknown parameter: 'thinking'." },
	{ 400, WITH("'system':'x'"), "Unknown parameter: 'system'." },
	{ 400, WITH("'max_tokens':5"), "Use 'max_completion_tokens' instead." },
	{ 400, WITH("'max_completion_tokens':0"), "below minimum value" },
	{ 400, WITH("'max_completion_tokens':128001"), "at most 128000 completion tokens" },
	{ 400, WITH("'stop':'x'"), "'stop' is not supported with this model" },
	{ 400, "{'model':'gpt-4o-mini','stop':['a','b','c','d','e']," HI "}", "maximum length 4" },
	{ 400, WITH("'reasoning_effort':'low','temperature':0.5"),
		"'temperature' does not support 0.5" },
	{ 400, WITH("'reasoning_effort':'low','top_p':0.5"), "'top_p' is not supported" },
	{ 400, WITH("'reasoning_effort':'minimal'"), "does not support 'minimal'" },
	{ 400, "{'model':'gpt-4o-mini','reasoning_effort':'low'," HI "}",
		"not supported with this model" },
	{ 400, "{'model':'gpt-6.1-sol','reasoning_effort':'max'," HI "}",
		"does not support 'max'" },
	{ 400, WITH("'stream_options':{'include_usage':true}"),
		"only allowed when 'stream' is enabled" },
	{ 400, WITH("'response_format':{'type':'json_object'}"), "must contain the word 'json'" },
	{ 400, WITH("'response_format':{'type':'json_schema','json_schema':{'schema':{}}}"),
		"Missing required parameter: 'response_format.json_schema.name'." },
	{ 400, WITH("'tools':[]"), "length from 1 to 128" },
	{ 400, WITH("'tools':[{'name':'f','input_schema':{'type':'object'}}]"),
		"Missing required parameter: 'tools[0].type'." },
	{ 400, WITH("'tools':[{'type':'function','name':'f'}]"),
		"Unknown parameter: 'tools[0].name'." },
	{ 400, WITH("'tools':[{'type':'function','function':{'name':'a b'}}]"),
		"does not match pattern" },
	{ 400, WITH("'tools':[{'type':'function','function':{'name':'f','parameters':{'properties':{}}}}]"),
		"got 'type: \"None\"'" },
	{ 400,
		WITH("'tools':[{'type':'function','function':{'name':'f','strict':true,'parameters':{'type':'object','properties':"
		     "{'a':{'type':'string'}},'additionalProperties':false}}}]"),
		"additionalProperties" },
	{ 400, WITH("'tool_choice':'auto'"), "only allowed when 'tools' are specified" },
	{ 400, WITH("'parallel_tool_calls':true"), "only allowed when 'tools' are specified" },
	{ 400, WITH("'tools':[" TOOL "],'tool_choice':{'type':'function','function':{'name':'g'}}"),
		"no tool 'g'" },
	{ 400, WITH("'tools':[" TOOL "],'tool_choice':'any'"),
		"Supported values are: 'none', 'auto', 'required'." },
	{ 400, "{'model':'gpt-5.6','tools':[" TOOL "]," HI "}",
		"use /v1/responses or set reasoning_effort to 'none'" },
	{ 400, "{'model':'gpt-6-astra','reasoning_effort':'none','tools':[" TOOL "]," HI "}",
		"does not support 'none'" },
	{ 400, "{'model':'gpt-5.4','reasoning_effort':'low','tools':[" TOOL "]," HI "}",
		"Please use /v1/responses instead." },
	{ 400, SAID("{'role':'model','content':'x'}"), "Invalid value: 'model'." },
	{ 400, SAID("{'role':'assistant','content':null}"), "expected a string, got null" },
	{ 400, SAID("{'role':'user','content':[]}"), "empty array" },
	{ 400, SAID("{'role':'user','content':[{'type':'text','text':'x','cache_control':{'type':'ephemeral'}}]}"),
		"Unknown parameter: 'messages[1].content[0].cache_control'." },
	{ 400, SAID("{'role':'user','content':[{'type':'tool_result','content':'x'}]}"),
		"Invalid value: 'tool_result'." },
	{ 400, SAID("{'role':'assistant','content':'x','reasoning_content':'y'}"),
		"Unknown parameter: 'messages[1].reasoning_content'." },
	{ 400, SAID("{'role':'assistant','content':[{'type':'image_url','image_url':{'url':'x'}}]}"),
		"Invalid value: 'image_url'." },
	{ 400, SAID(CALLS("")), "empty array" },
	{ 400, SAID(CALLS(CALL("a"))), "did not have response messages: a" },
	{ 400,
		SAID(CALLS(CALL("a") "," CALL("b")) "," ANSWER(
			"b") ",{'role':'user','content':'x'}"),
		"did not have response messages: a" },
	{ 400, SAID(ANSWER("a")), "must be a response to a preceeding message with 'tool_calls'" },
	{ 400, SAID(CALLS(CALL("a")) "," ANSWER("b")), "'tool_call_id' of 'b' not found" },
	{ 400, SAID(CALLS(CALL("a")) "," ANSWER("a") "," ANSWER("a")),
		"Duplicate value for 'tool_call_id' of 'a'" },
	{ 400, SAID(CALLS(CALL("a")) "," ANSWER("a") "," CALLS(CALL("a")) "," ANSWER("a")),
		"must be unique" },
	{ 400, SAID(CALLS(CALL("a")) ",{'role':'tool','content':'r'}"),
		"Missing parameter 'tool_call_id'" },
	{ 400, SAID(CALLS("{'id':'a','type':'function','function':{'name':'f','arguments':'{'}}")),
		"a JSON object" },
	{ 400, SAID(CALLS("{'id':'a','type':'function','function':{'name':'f','arguments':{}}}")),
		"expected a string" },
	{ 400, SAID(CALLS("{'id':'a','type':'tool_use','function':{'name':'f','arguments':'{}'}}")),
		"Invalid value: 'tool_use'." },
	{ 400, SAID(CALLS(CALL("a2345678901234567890123456789012345678901"))), "from 1 to 40" },
	{ 400, WITH("'user':'slsig1.ds.e30'"), "slsig1." },
	{ 400, "{'model':'gpt-4o-mini','messages':[{'role':'user','content':'@130000'}]}",
		"maximum context length is 128000 tokens. However, your messages resulted in 130007 tokens" },
	/* DeepSeek. */
	{ 400, "{'model':'deepseek-none'," HI "}", "Model Not Exist" },
	{ 400, "{'model':'deepseek-flash','messages':[{'role':'developer','content':'x'}]}",
		"unknown variant `developer`" },
	{ 400,
		"{'model':'deepseek-flash','messages':[{'role':'user','content':'x'}," CALLS(
			CALL("a")) "," ANSWER("a") "]}",
		"The `reasoning_content` in the thinking mode must be passed back to the API." },
	{ 400, "{'model':'deepseek-flash','response_format':{'type':'json_schema'}," HI "}",
		"This response_format type is unavailable now" },
	{ 400, "{'model':'deepseek-flash','messages':[{'role':'user','content':[{'type':'image_url','image_url':{'url':'x'}}]}]}",
		"Invalid value: 'image_url'." },
};

static void test_refusals(void **state)
{
	struct site s;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		expect_refusal(&s, CHAT, refused[i].body, refused[i].status, refused[i].words);
	site_close(&s);
}

static void test_accepted(void **state)
{
	static const char *const rows[] = {
		WITH("'n':3"),
		WITH("'temperature':0.2"), /* effort none by default */
		WITH("'tools':[" TOOL "],'tool_choice':'required','parallel_tool_calls':false"),
		"{'model':'gpt-5.4','tools':[" TOOL "]," HI "}",
		"{'model':'gpt-5.6','reasoning_effort':'none','tools':[" TOOL "]," HI "}",
		"{'model':'gpt-4o-mini','max_tokens':5,'stop':['x'],'top_p':0.5," HI "}",
		SAID(CALLS(CALL("a") "," CALL("b")) "," ANSWER("b") "," ANSWER(
			"a") ",{'role':'user','content':'x'}"),
		SAID("{'role':'assistant','content':[{'type':'text','text':'x'}]}"),
		"{'model':'deepseek-flash','anything':1,'temperature':0.1,'stop':['x'],'max_tokens':9," HI
		"}",
		"{'model':'deepseek-flash','messages':[{'role':'user','content':'x'},{'role':'assistant','content':null,'reasoning_content':'',"
		"'tool_calls':[" CALL("a") "]}," ANSWER("a") "]}",
		"{'model':'deepseek-flash','thinking':{'type':'disabled'},'messages':[{'role':'user','content':'x'}," CALLS(
			CALL("a")) "," ANSWER("a") "]}",
		"{'model':'grok-4.6','messages':[{'role':'user','content':'says slsig1. somewhere'}]}",
	};
	struct site s;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_accepted(&s, CHAT, rows[i]);
	expect_accepted(&s, "/chat/completions", rows[0]);
	site_close(&s);
}

/* The shape of errors, with all four members, and who must say who he is. */
static void test_errors(void **state)
{
	struct site s;
	unsigned status;
	yyjson_doc *doc;

	(void)state;
	site_open(&s);
	doc = tell(&s, &(struct question){ .path = CHAT, .body = WITH("'x':1") }, &status);
	assert_string_equal(text_at(doc, "/error/type"), "invalid_request_error");
	assert_string_equal(text_at(doc, "/error/param"), "x");
	assert_string_equal(text_at(doc, "/error/code"), "unknown_parameter");
	yyjson_doc_free(doc);
	doc = tell(
		&s, &(struct question){ .path = CHAT, .key = "", .body = WITH("'n':1") }, &status);
	assert_int_equal(status, 401);
	assert_true(yyjson_is_null(yyjson_doc_ptr_get(doc, "/error/code")));
	yyjson_doc_free(doc);
	s.options.key = STR("right");
	doc = tell(&s, &(struct question){ .path = CHAT, .body = WITH("'n':1") }, &status);
	assert_int_equal(status, 401);
	assert_string_equal(text_at(doc, "/error/code"), "invalid_api_key");
	yyjson_doc_free(doc);
	doc = tell(&s,
		&(struct question){ .path = CHAT,
			.key = "right",
			.fault = "{\"status\":429}",
			.body = WITH("'n':1") },
		&status);
	assert_int_equal(status, 429);
	assert_string_equal(text_at(doc, "/error/type"), "rate_limit_error");
	assert_string_equal(text_at(doc, "/error/code"), "rate_limit_exceeded");
	yyjson_doc_free(doc);
	site_close(&s);
}

#define SCRIPT \
	"[{'content':[{'type':'thinking','thinking':'because','tokens':5},{'type':'text','text':'ab'},{'type':'tool_use','id':'c1','name':'f'," \
	"'input':{'a':'ü'}},{'type':'tool_use','name':'f','input':{}}],'output_tokens':40}]"

static void test_whole(void **state)
{
	struct site s;
	unsigned status;
	yyjson_doc *doc;

	(void)state;
	site_open(&s);
	queue(&s.engine->script, SCRIPT);
	doc = tell(&s,
		&(struct question){ .path = CHAT, .body = "{'model':'deepseek-flash'," HI "}" },
		&status);
	assert_string_equal(text_at(doc, "/object"), "chat.completion");
	assert_string_equal(text_at(doc, "/choices/0/message/reasoning_content"), "because");
	assert_string_equal(text_at(doc, "/choices/0/message/content"), "ab");
	assert_string_equal(text_at(doc, "/choices/0/message/tool_calls/0/id"), "c1");
	assert_string_equal(text_at(doc, "/choices/0/message/tool_calls/0/function/arguments"),
		"{\"a\":\"ü\"}");
	assert_string_equal(
		text_at(doc, "/choices/0/message/tool_calls/1/function/arguments"), "{}");
	assert_string_equal(text_at(doc, "/choices/0/finish_reason"), "tool_calls");
	assert_int_equal(number_at(doc, "/usage/completion_tokens"), 40);
	assert_int_equal(number_at(doc, "/usage/completion_tokens_details/reasoning_tokens"), 5);
	assert_int_equal(number_at(doc, "/usage/total_tokens"), 48);
	yyjson_doc_free(doc);
	/* OpenAI hides what was thought, and counts it. */
	queue(&s.engine->script, SCRIPT);
	doc = tell(&s,
		&(struct question){ .path = CHAT, .body = "{'model':'gpt-5.2','n':2," HI "}" },
		&status);
	assert_null(yyjson_doc_ptr_get(doc, "/choices/0/message/reasoning_content"));
	assert_int_equal(number_at(doc, "/choices/1/index"), 1);
	assert_int_equal(number_at(doc, "/usage/completion_tokens"), 80);
	yyjson_doc_free(doc);
	queue(&s.engine->script,
		"[{'text':'abcdef abcdef abcdef'},{'text':'x','stop_reason':'refusal'},{'text':'x','stop_reason':"
		"'insufficient_system_resource'}]");
	doc = tell(&s,
		&(struct question){
			.path = CHAT, .body = "{'model':'gpt-4o-mini','max_tokens':6," HI "}" },
		&status);
	assert_string_equal(text_at(doc, "/choices/0/finish_reason"), "length");
	assert_int_equal(number_at(doc, "/usage/completion_tokens"), 6);
	yyjson_doc_free(doc);
	doc = tell(&s, &(struct question){ .path = CHAT, .body = WITH("'n':1") }, &status);
	assert_string_equal(text_at(doc, "/choices/0/finish_reason"), "content_filter");
	yyjson_doc_free(doc);
	doc = tell(&s, &(struct question){ .path = CHAT, .body = WITH("'n':1") }, &status);
	assert_string_equal(
		text_at(doc, "/choices/0/finish_reason"), "insufficient_system_resource");
	yyjson_doc_free(doc);
	site_close(&s);
}

/* What a stream adds up to. */
struct heard {
	struct buf content, reasoning, arguments[2];
	char id[80], finish[40];
	unsigned finishes, usages;
	int64_t tokens;
};

static void hear_call(struct heard *h, yyjson_val *call)
{
	size_t index = (size_t)yyjson_get_uint(yyjson_obj_get(call, "index"));
	yyjson_val *f = yyjson_obj_get(call, "function");

	assert_in_range(index, 0, 1);
	/* Name, type and id come once, in the first piece. */
	assert_int_equal(yyjson_obj_get(call, "id") != NULL,
		h->arguments[index].n == 0 && yyjson_get_len(yyjson_obj_get(f, "arguments")) == 0);
	assert_int_equal(yyjson_obj_get(call, "id") != NULL, yyjson_obj_get(f, "name") != NULL);
	buf_add(&h->arguments[index], tree_get(f, "arguments"));
}

static void hear(struct heard *h, yyjson_doc *doc)
{
	yyjson_val *choice = yyjson_doc_ptr_get(doc, "/choices/0");
	yyjson_val *delta = yyjson_obj_get(choice, "delta");
	yyjson_val *call = yyjson_arr_get_first(yyjson_obj_get(delta, "tool_calls"));

	if (h->id[0] == '\0')
		str_put(h->id, sizeof(h->id), str_from(text_at(doc, "/id")));
	assert_string_equal(text_at(doc, "/id"), h->id);
	assert_string_equal(text_at(doc, "/object"), "chat.completion.chunk");
	if (yyjson_is_obj(yyjson_doc_ptr_get(doc, "/usage"))) {
		h->usages++;
		h->tokens = number_at(doc, "/usage/total_tokens");
		assert_null(choice);
	}
	buf_add(&h->content, tree_get(delta, "content"));
	buf_add(&h->reasoning, tree_get(delta, "reasoning_content"));
	if (call != NULL)
		hear_call(h, call);
	if (yyjson_is_str(yyjson_obj_get(choice, "finish_reason"))) {
		h->finishes++;
		str_put(h->finish, sizeof(h->finish), tree_get(choice, "finish_reason"));
	}
}

static void test_stream(void **state)
{
	struct events e;
	struct heard h = { .id = "" };
	struct site s;

	(void)state;
	site_open(&s);
	s.options.pace = (struct pace){ 0, 0, 3 };
	buf_init(&h.content, 1000);
	buf_init(&h.reasoning, 1000);
	buf_init(&h.arguments[0], 1000);
	buf_init(&h.arguments[1], 1000);
	queue(&s.engine->script, SCRIPT);
	tell_stream(&s,
		&(struct question){ .path = CHAT,
			.body = "{'model':'deepseek-flash','stream':true,'stream_options':{'include_usage':true}," HI
				"}" },
		STR("\n"), &e);
	assert_string_equal(text_at(e.v[0].data, "/choices/0/delta/role"), "assistant");
	for (size_t i = 0; i + 1 < e.n; i++) {
		assert_string_equal(e.v[i].name, "");
		assert_non_null(e.v[i].data);
		hear(&h, e.v[i].data);
	}
	assert_true(e.v[e.n - 1].done);
	assert_int_equal(h.finishes, 1);
	assert_int_equal(h.usages, 1);
	assert_int_equal(h.tokens, 48);
	assert_string_equal(h.finish, "tool_calls");
	assert_true(str_eq(buf_str(&h.content), STR("ab")));
	assert_true(str_eq(buf_str(&h.reasoning), STR("because")));
	assert_true(str_eq(buf_str(&h.arguments[0]), STR("{\"a\":\"ü\"}")));
	assert_true(str_eq(buf_str(&h.arguments[1]), STR("{}")));
	release_events(&e);
	buf_release(&h.content);
	buf_release(&h.reasoning);
	buf_release(&h.arguments[0]);
	buf_release(&h.arguments[1]);
	site_close(&s);
}

/* An error in the middle is a line of data, and nothing comes behind it; the other failures are those of the Messages API. */
static void test_broken_stream(void **state)
{
	struct site s;
	struct events e;
	unsigned status;
	yyjson_doc *doc;

	(void)state;
	site_open(&s);
	tell_stream(&s,
		&(struct question){ .path = CHAT,
			.fault = "{\"error\":\"server_error\",\"error_after\":10}",
			.body = "{'model':'gpt-5.2','stream':true," HI "}" },
		STR("\n"), &e);
	assert_int_equal(e.n, 2);
	assert_string_equal(text_at(e.v[1].data, "/error/type"), "server_error");
	release_events(&e);
	/* JSON in the place of a stream. */
	doc = tell(&s,
		&(struct question){ .path = CHAT,
			.fault = "{\"unstreamed\":true}",
			.body = WITH("'stream':true") },
		&status);
	assert_int_equal(status, 200);
	assert_string_equal(text_at(doc, "/object"), "chat.completion");
	yyjson_doc_free(doc);
	/* An error inside of 200. */
	doc = tell(&s,
		&(struct question){
			.path = CHAT, .fault = "{\"status\":200}", .body = WITH("'stream':true") },
		&status);
	assert_int_equal(status, 200);
	assert_string_equal(text_at(doc, "/error/type"), "server_error");
	yyjson_doc_free(doc);
	site_close(&s);
}

/* DeepSeek's errors at its Anthropic door have OpenAI's shape, and thinking must come back there too. */
static void test_deepseek_messages(void **state)
{
	static const char path[] = "/anthropic/v1/messages";
	struct site s;
	unsigned status;
	yyjson_doc *doc;

	(void)state;
	site_open(&s);
	doc = tell(&s,
		&(struct question){ .path = path,
			.body = "{'model':'deepseek-flash','max_tokens':9,'messages':[{'role':'user','content':'x'},{'role':'assistant',"
				"'content':[{'type':'tool_use','id':'a','name':'f','input':{}}]},{'role':'user','content':[{'type':"
				"'tool_result','tool_use_id':'a','content':'r'}]}]}" },
		&status);
	assert_int_equal(status, 400);
	assert_string_equal(text_at(doc, "/error/message"),
		"The `content[].thinking` in the thinking mode must be passed back to the API.");
	assert_string_equal(text_at(doc, "/error/code"), "invalid_request_error");
	yyjson_doc_free(doc);
	expect_accepted(&s, path,
		"{'model':'deepseek-flash','max_tokens':9,'temperature':0.3,'thinking':{'type':'enabled','budget_tokens':1},'messages':[{'role':"
		"'user','content':'x'},{'role':'assistant','content':[{'type':'thinking','thinking':'t','signature':'whatever'},{'type':"
		"'tool_use','id':'a','name':'f','input':{}}]},{'role':'user','content':[{'type':'tool_result','tool_use_id':'a','content':"
		"'r','cache_control':{'type':'ephemeral','ttl':'1h'}}]}]}");
	expect_refusal(&s, path,
		"{'model':'deepseek-flash','max_tokens':9,'messages':[{'role':'assistant','content':'slsig1.ant.x'}]}",
		400, "slsig1.");
	site_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_broken_stream),
		cmocka_unit_test(test_deepseek_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
