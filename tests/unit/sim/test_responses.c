/* SPDX-License-Identifier: MIT */
/* Responses: what is refused, what replies say, and the grammar of the stream. */
#include "unit/sim/sim_stream.h"

#define RESPONSES    "/v1/responses"
#define ITEMS(items) "{'model':'gpt-5.6','input':[{'role':'user','content':'hi'}," items "]}"
#define WITH(more)   "{'model':'gpt-5.6','input':'hi'," more "}"
#define CALL(id)     "{'type':'function_call','call_id':'" id "','name':'f','arguments':'{}'}"
#define OUTPUT(id)   "{'type':'function_call_output','call_id':'" id "','output':'r'}"
#define TOOL \
	"{'type':'function','name':'f','strict':false,'parameters':{'type':'object','properties':{'a':{'type':'string'}}}}"

struct row {
	unsigned status;
	const char *body, *words;
};

static const struct row refused[] = {
	{ 400, "{'input':'hi'}", "Missing required parameter: 'model'." },
	{ 400, "{'model':'gpt-5.6'}", "Missing required parameter: 'input'." },
	{ 400, "{'model':'gpt-5.6','input':[]}", "empty array" },
	{ 400, "{'model':'gpt-5.6','messages':[]}", "has moved to 'input'" },
	{ 404, "{'model':'gpt-none','input':'x'}",
		"The requested model 'gpt-none' does not exist." },
	{ 400, WITH("'max_tokens':99"), "Unknown parameter: 'max_tokens'." },
	{ 400, WITH("'stop':['x']"), "Unknown parameter: 'stop'." },
	{ 400, WITH("'max_output_tokens':15"), "Expected a value >= 16, but got 15 instead." },
	{ 400, WITH("'max_output_tokens':128001"), "above maximum value" },
	{ 400, WITH("'temperature':0.3"), "'temperature' does not support 0.3" },
	{ 400, WITH("'top_p':0.3"), "'top_p' is not supported" },
	{ 400, WITH("'reasoning':{'effort':'minimal'}"),
		"'reasoning.effort' does not support 'minimal'" },
	{ 400, WITH("'reasoning':{'budget':5}"), "Unknown parameter: 'reasoning.budget'." },
	{ 400, WITH("'include':['everything']"), "Invalid value: 'everything'." },
	{ 400, WITH("'previous_response_id':'resp_1'"),
		"Previous response with id 'resp_1' not found." },
	{ 400, WITH("'text':{'format':{'type':'json_schema','schema':{}}}"),
		"Missing required parameter: 'text.format.name'." },
	{ 400, WITH("'tools':[{'type':'function','function':{'name':'f'}}]"),
		"Unknown parameter: 'tools[0].function'." },
	{ 400, WITH("'tools':[{'type':'function','name':'f','parameters':{'type':'object','properties':{'a':{'type':'string'}}}}]"),
		"'additionalProperties' is required" },
	{ 400, WITH("'tools':[{'name':'f','input_schema':{}}]"),
		"Missing required parameter: 'tools[0].type'." },
	{ 400, WITH("'tool_choice':'required'"), "must be specified with 'tools'" },
	{ 400, WITH("'tools':[" TOOL "],'tool_choice':{'type':'function','name':'g'}"),
		"not found in 'tools'" },
	{ 400, ITEMS("{'type':'tool_use','id':'x'}"), "Invalid value: 'tool_use'." },
	{ 400, ITEMS("{'role':'assistant','content':[{'type':'input_text','text':'x'}]}"),
		"Invalid value: 'input_text'." },
	{ 400, ITEMS("{'role':'user','content':[{'type':'output_text','text':'x'}]}"),
		"Invalid value: 'output_text'." },
	{ 400, ITEMS("{'role':'user','content':[{'type':'input_text','text':'x','cache_control':{}}]}"),
		"Unknown parameter: 'input[1].content[0].cache_control'." },
	{ 400, ITEMS("{'role':'tool','content':'x'}"), "Invalid value: 'tool'." },
	{ 400, ITEMS(CALL("a")), "No tool output found for function call a." },
	{ 400, ITEMS(OUTPUT("a")), "No tool call found for function call output with call_id a." },
	{ 400, ITEMS(CALL("a") "," OUTPUT("a") "," OUTPUT("a")), "Duplicate function call output" },
	{ 400, ITEMS(CALL("a") "," OUTPUT("a") "," CALL("a")), "must be unique" },
	{ 400, ITEMS(CALL("") "," OUTPUT("")), "length from 1 to 64" },
	{ 400, ITEMS("{'type':'function_call','call_id':'a','name':'f','arguments':'{x'}"),
		"a JSON object" },
	{ 400, ITEMS("{'type':'function_call','call_id':'a','arguments':'{}'}"),
		"Missing required parameter: 'input[1].name'." },
	{ 400, ITEMS("{'type':'function_call','id':'toolu_1','call_id':'a','name':'f','arguments':'{}'}"),
		"Expected an ID that begins with 'fc'." },
	{ 400, ITEMS("{'type':'function_call_output','call_id':'a'}"),
		"Missing required parameter: 'input[1].output'." },
	{ 404, ITEMS("{'type':'reasoning','id':'rs_1','summary':[]},{'role':'assistant','content':'x'}"),
		"Item with id 'rs_1' not found." },
	{ 400, ITEMS("{'type':'reasoning','id':'rs_1','encrypted_content':'x'},{'role':'assistant','content':'x'}"),
		"Missing required parameter: 'input[1].summary'." },
	{ 400, ITEMS("{'type':'reasoning','id':'rs_1','summary':[],'encrypted_content':'gAAAA'},{'role':'assistant','content':'x'}"),
		"The encrypted content for item rs_1 could not be verified." },
	{ 404, ITEMS("{'type':'item_reference','id':'msg_1'}"), "Item with id 'msg_1' not found." },
	{ 400, ITEMS("{'type':'reasoning','summary':[],'encrypted_content':'slsig1.oai.e30'}"),
		"slsig1." },
};

static void test_refusals(void **state)
{
	struct site s;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		expect_refusal(&s, RESPONSES, refused[i].body, refused[i].status, refused[i].words);
	site_close(&s);
}

static void test_accepted(void **state)
{
	static const char *const rows[] = {
		WITH("'max_output_tokens':16"),
		WITH("'reasoning':{'effort':'none'},'temperature':0.3"),
		WITH("'tools':[" TOOL
		     ",{'type':'custom','name':'c'},{'type':'web_search'}],'tool_choice':'required'"),
		WITH("'tools':[{'type':'namespace','name':'n','tools':[" TOOL "]}]"),
		WITH("'store':false,'include':['reasoning.encrypted_content'],'prompt_cache_key':'k','parallel_tool_calls':true"),
		ITEMS(CALL("a") "," CALL("b") "," OUTPUT("a") "," OUTPUT("b")),
		ITEMS("{'type':'custom_tool_call','call_id':'a','name':'f','input':'{'},{'type':'custom_tool_call_output','call_id':'a','output':'r'}"),
		ITEMS("{'type':'message','role':'assistant','content':[{'type':'output_text','text':'x'}]},{'role':'developer','content':'x'}"),
		"{'model':'gpt-6.1-sol','input':'x','reasoning':{'effort':'max'}}",
		"{'model':'grok-4.6','input':'x','anything':1}",
	};
	struct site s;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_accepted(&s, RESPONSES, rows[i]);
	expect_accepted(&s, "/responses", rows[0]);
	site_close(&s);
}

static void test_context(void **state)
{
	struct site s;
	unsigned status;
	yyjson_doc *doc;

	(void)state;
	site_open(&s);
	doc = tell(&s,
		&(struct question){
			.path = RESPONSES, .body = "{'model':'gpt-5.2','input':'@400000'}" },
		&status);
	assert_int_equal(status, 400);
	assert_string_equal(text_at(doc, "/error/code"), "context_length_exceeded");
	assert_string_equal(text_at(doc, "/error/param"), "input");
	yyjson_doc_free(doc);
	doc = tell(&s,
		&(struct question){ .path = "/v1/responses/input_tokens",
			.body = "{'model':'gpt-5.2','input':'@40'}" },
		&status);
	assert_int_equal(number_at(doc, "/input_tokens"), 47);
	yyjson_doc_free(doc);
	site_close(&s);
}

#define SCRIPT \
	"[{'content':[{'type':'thinking','thinking':'because','tokens':5},{'type':'text','text':'abü'},{'type':'tool_use','id':'c1','name':" \
	"'f','input':{'a':'ü'}},{'type':'tool_use','name':'c','input':'raw {'}],'output_tokens':40}]"
#define ASKED \
	"'model':'gpt-5.6','store':false,'include':['reasoning.encrypted_content'],'reasoning':{'summary':'auto'},'tools':[" TOOL \
	",{'type':'custom','name':'c'}]"

/* Everything of a reply goes back as the next request, as a client would send it; then with something wrong about it. */
static void go_on(
	struct site *s, yyjson_doc *reply, const char *spoil, const char *with, const char *words)
{
	char *output = yyjson_val_write(yyjson_doc_ptr_get(reply, "/output"), 0, NULL);
	struct str o = str_from(output), bare = { o.p + 1, o.n - 2 };
	size_t at = str_find(bare, str_from(spoil));
	struct buf b;

	assert_true(spoil[0] == '\0' || at < bare.n);
	buf_init(&b, SIZE_MAX);
	buf_add(&b, STR("{" ASKED ",'input':[{'role':'user','content':'hi'},"));
	buf_add(&b, (struct str){ bare.p, at });
	buf_add(&b, str_from(with));
	buf_add(&b, str_from_offset(bare, spoil[0] == '\0' ? at : at + strlen(spoil)));
	buf_add(&b, STR("," OUTPUT("c1") ",{'type':'custom_tool_call_output','call_id':'"));
	buf_add(&b, str_from(text_at(reply, "/output/3/call_id")));
	buf_add(&b, STR("','output':'r'}]}"));
	buf_add_char(&b, '\0');
	if (words == NULL)
		expect_accepted(s, RESPONSES, b.p);
	else
		expect_refusal(s, RESPONSES, b.p, 400, words);
	buf_release(&b);
	free(output);
}

static void test_whole(void **state)
{
	struct site s;
	unsigned status;
	yyjson_doc *doc;

	(void)state;
	site_open(&s);
	queue(&s.engine->script, SCRIPT);
	doc = tell(&s, &(struct question){ .path = RESPONSES, .body = "{" ASKED ",'input':'hi'}" },
		&status);
	assert_string_equal(text_at(doc, "/status"), "completed");
	assert_string_equal(text_at(doc, "/output/0/summary/0/text"), "because");
	assert_true(text_at(doc, "/output/0/encrypted_content")[0] != '\0');
	assert_string_equal(text_at(doc, "/output/1/content/0/text"), "abü");
	assert_string_equal(text_at(doc, "/output/2/arguments"), "{\"a\":\"ü\"}");
	assert_string_equal(text_at(doc, "/output/2/call_id"), "c1");
	assert_string_equal(text_at(doc, "/output/3/type"), "custom_tool_call");
	assert_string_equal(text_at(doc, "/output/3/input"), "raw {");
	assert_int_equal(number_at(doc, "/usage/output_tokens"), 40);
	assert_int_equal(number_at(doc, "/usage/output_tokens_details/reasoning_tokens"), 5);
	go_on(&s, doc, "", "", NULL);
	go_on(&s, doc, "\"encrypted_content\":\"E", "\"encrypted_content\":\"F",
		"could not be verified");
	go_on(&s, doc, "\"type\":\"reasoning\"", "\"type\":\"reasoning\",\"x\":1",
		"Unknown parameter: 'input[1].x'.");
	yyjson_doc_free(doc);
	/* Reasoning whose result was left out. */
	queue(&s.engine->script, "[{'content':[{'type':'thinking','thinking':'because'}]}]");
	doc = tell(&s, &(struct question){ .path = RESPONSES, .body = "{" ASKED ",'input':'hi'}" },
		&status);
	char *item = yyjson_val_write(yyjson_doc_ptr_get(doc, "/output/0"), 0, NULL);
	struct str body = arena_printf(
		s.arena, "{" ASKED ",'input':[%s,{'role':'user','content':'x'}]}", item);
	expect_refusal(
		&s, RESPONSES, body.p, 400, "was provided without its required following item.");
	free(item);
	yyjson_doc_free(doc);
	queue(&s.engine->script,
		"[{'text':'abcdef abcdef abcdef abcdef abcdef abcdef abcdef abcdef abcdef'},{'text':'x','stop_reason':'refusal'}]");
	doc = tell(&s,
		&(struct question){ .path = RESPONSES,
			.body = WITH("'max_output_tokens':16,'reasoning':{'effort':'none'}") },
		&status);
	assert_string_equal(text_at(doc, "/status"), "completed");
	yyjson_doc_free(doc);
	doc = tell(&s, &(struct question){ .path = RESPONSES, .body = WITH("'store':false") },
		&status);
	assert_string_equal(text_at(doc, "/status"), "incomplete");
	assert_string_equal(text_at(doc, "/incomplete_details/reason"), "content_filter");
	yyjson_doc_free(doc);
	site_close(&s);
}

/* ---- the stream ---- */

struct item {
	struct buf deltas;
	bool open;
};

static bool ends(const char *type, const char *end)
{
	return str_ends(str_from(type), str_from(end));
}

/* The value that a part's deltas add up to, where an event says that it is done. */
static const char *done_text(yyjson_doc *doc, const char *type)
{
	if (ends(type, "arguments.done"))
		return text_at(doc, "/arguments");
	return ends(type, "input.done") ? text_at(doc, "/input") : text_at(doc, "/text");
}

static void hear(struct item *items, size_t *n, const struct event *e, size_t i)
{
	const char *type = text_at(e->data, "/type");
	size_t index = (size_t)number_at(e->data, "/output_index");

	assert_string_equal(type, e->name);
	assert_int_equal(number_at(e->data, "/sequence_number"), (int64_t)i);
	if (ends(type, "output_item.added")) {
		assert_int_equal(index, *n);
		assert_true(*n == 0 || !items[*n - 1].open);
		buf_init(&items[*n].deltas, 10000);
		items[(*n)++].open = true;
	} else if (index != SIZE_MAX) {
		assert_int_equal(index, *n - 1);
		assert_true(items[index].open);
	}
	if (ends(type, ".delta"))
		buf_add(&items[index].deltas, str_from(text_at(e->data, "/delta")));
	else if (ends(type, "text.done") || ends(type, "arguments.done") ||
		 ends(type, "input.done"))
		assert_true(
			str_eq(buf_str(&items[index].deltas), str_from(done_text(e->data, type))));
	if (ends(type, "output_item.done"))
		items[index].open = false;
}

static void test_stream(void **state)
{
	struct item items[8] = { { .open = false } };
	struct events e;
	struct site s;
	size_t n = 0;

	(void)state;
	site_open(&s);
	s.options.pace = (struct pace){ 0, 0, 2 };
	queue(&s.engine->script, SCRIPT);
	tell_stream(&s,
		&(struct question){
			.path = RESPONSES, .body = "{" ASKED ",'stream':true,'input':'hi'}" },
		STR("\n"), &e);
	assert_string_equal(e.v[0].name, "response.created");
	assert_string_equal(e.v[1].name, "response.in_progress");
	assert_string_equal(e.v[e.n - 1].name, "response.completed");
	for (size_t i = 0; i < e.n; i++)
		hear(items, &n, &e.v[i], i);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		assert_false(items[i].open);
		buf_release(&items[i].deltas);
	}
	assert_int_equal(number_at(e.v[e.n - 1].data, "/response/usage/total_tokens"),
		number_at(e.v[e.n - 1].data, "/response/usage/input_tokens") + 40);
	/* What is said at last is what was said item by item. */
	yyjson_val *output = yyjson_doc_ptr_get(e.v[e.n - 1].data, "/response/output");
	for (size_t i = 0; i < e.n; i++)
		if (strcmp(e.v[i].name, "response.output_item.done") == 0)
			assert_true(yyjson_equals(yyjson_doc_ptr_get(e.v[i].data, "/item"),
				yyjson_arr_get(
					output, (size_t)number_at(e.v[i].data, "/output_index"))));
	assert_int_equal(yyjson_arr_size(output), 4);
	release_events(&e);
	site_close(&s);
}

/* The number of the event goes on, and the response is the same. */
static void test_broken_stream(void **state)
{
	static const char *const faults[] = {
		"{\"error\":\"rate_limit_exceeded\",\"error_after\":1500}",
		"{\"error\":\"error\",\"error_after\":1500}"
	};
	struct site s;
	struct events e;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		tell_stream(&s,
			&(struct question){ .path = RESPONSES,
				.fault = faults[i],
				.body = WITH("'stream':true") },
			STR("\n"), &e);
		const struct event *last = &e.v[e.n - 1];
		assert_string_equal(last->name, i == 0 ? "response.failed" : "error");
		assert_int_equal(number_at(last->data, "/sequence_number"), (int64_t)e.n - 1);
		if (i == 0) {
			assert_string_equal(
				text_at(last->data, "/response/error/code"), "rate_limit_exceeded");
			assert_string_equal(text_at(last->data, "/response/id"),
				text_at(e.v[0].data, "/response/id"));
		}
		release_events(&e);
	}
	site_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_broken_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
