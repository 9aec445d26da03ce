/* SPDX-License-Identifier: MIT */
/* Requests as they are printed for providers of the Anthropic API: what its own reader has read, with wishes of other clients. */
#include "unit/base/check.h"

#include "llm/anthropic.h"

#include <stdio.h>

struct row {
	const char *body;                /* as a client of the API would send it, with ' for " */
	void (*wish)(struct content *c); /* what such a client could not ask for */
	const char *model;               /* NULL: claude-sonnet-4-6 */
	const char *caps;                /* "name=value" */
	const char *want;                /* behind the model; with ' for " */
	const char *warnings;
};

/* With ' for ". */
static struct str quoted(const char *body, struct arena *a)
{
	struct str s = arena_dup(a, str_from(body));

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\'')
			((char *)(uintptr_t)s.p)[i] = '"';
	return s;
}

static void target_of(struct target *t, const struct row *row)
{
	struct str name, value = str_from(row->caps);

	*t = (struct target){ .flavor = flavor_by_name(STR("anthropic")),
		.model = row->model != NULL ? str_from(row->model) : STR("claude-sonnet-4-6") };
	if (str_starts(t->model, STR("deepseek")))
		t->flavor = flavor_by_name(STR("deepseek"));
	caps_of_model(&t->caps, t->flavor, t->model);
	if (value.n > 0 && str_split(&value, '=', &name))
		assert_true(caps_set(&t->caps, name, value));
}

static void warnings_of(struct buf *out, const struct warnings *w)
{
	for (size_t i = 0; i < w->n; i++)
		buf_addf(out, "%s%.*s", i > 0 ? "," : "", STR_ARG(w->v[i]));
}

static void check_row(const struct row *row)
{
	struct arena *a = arena_new();
	struct chat chat = { .body = quoted(row->body, a) };
	struct content c;
	struct target t;
	struct wire_request w = { 0 };
	struct err e = { 0 };
	struct buf b;

	content_init(&c, a);
	assert_true(dialect_anthropic.read_content(&c, &chat, &e));
	if (row->wish != NULL)
		row->wish(&c);
	content_repair(&c);
	target_of(&t, row);
	buf_init(&w.body, SIZE_MAX);
	buf_init(&b, SIZE_MAX);
	if (dialect_anthropic.print_content(&w, &c, &t, &e)) {
		buf_addf(&b, "{\"model\":\"%.*s\"", STR_ARG(t.model));
		buf_add(&b, quoted(row->want, a));
		assert_str(buf_str(&w.body), buf_str(&b));
		assert_bytes(w.path, "/v1/messages");
	} else {
		assert_str(str_from(e.text), str_from(row->want));
	}
	buf_clear(&b);
	warnings_of(&b, &c.warnings);
	assert_str(buf_str(&b), str_from(row->warnings));
	buf_release(&b);
	buf_release(&w.body);
	arena_free(a);
}

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_row(&rows[i]);
}

#define Q     "'messages':[{'role':'user','content':'q'}]"
#define ASKED ",'messages':[{'role':'user','content':'q'}]}"
#define F     "'tools':[{'name':'f','input_schema':{'type':'object'}}],"
#define F_OUT ",'tools':[{'name':'f','input_schema':{'type':'object'}}]"

/* What a client says itself comes out as it was, less its white space. */
static void identity(void **state)
{
	static const struct row rows[] = {
		{ "{" Q "}", NULL, NULL, NULL, ",'max_tokens':32000" ASKED, "" },
		{ "{'max_tokens':7,'temperature':0.50,'top_k':1e1,'stop_sequences':['a'],'metadata':{'user_id':"
		  "'u'}," Q "}",
			NULL, NULL, NULL,
			",'max_tokens':7,'temperature':0.50,'top_k':1e1,'stop_sequences':['a'],'metadata':{'user_id':"
			"'u'}" ASKED,
			"" },
		{ "{'system':[{'type':'text','text':'a'},{'type':'text','text':'b'}]," Q "}", NULL,
			NULL, NULL, ",'max_tokens':32000,'system':'a\\n\\nb'" ASKED, "" },
		{ "{'system':[{'type':'text','text':'a','cache_control':{'type': 'ephemeral'}}]," Q
		  "}",
			NULL, NULL, NULL,
			",'max_tokens':32000,'system':[{'type':'text','text':'a','cache_control':{'type':"
			"'ephemeral'}}]" ASKED,
			"" },
		{ "{'messages':[{'role':'user','content':[{'type':'image','source':{'type':'url','url':'u'}},"
		  "{'type':'document','title':'t','source':{'type':'base64','media_type':'application/pdf',"
		  "'data':'AA'}}]}]}",
			NULL, NULL, NULL,
			",'max_tokens':32000,'messages':[{'role':'user','content':[{'type':'image','source':{'type':"
			"'url','url':'u'}},{'type':'document','source':{'type':'base64','media_type':"
			"'application/pdf','data':'AA'},'title':'t'}]}]}",
			"" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

static void freeform(struct content *c)
{
	struct tool *t = content_add_tool(c, TOOL_FREEFORM);

	t->name = t->wire_name = STR("p");
	t->grammar = STR(
		"{\"type\":\"grammar\",\"grammar\":{\"syntax\":\"regex\",\"definition\":\"a+\"}}");
	t = content_add_tool(c, TOOL_SERVER);
	t->type = STR("web_search");
}

static void strange_names(struct content *c)
{
	c->tools->name = c->tools->wire_name = STR("a.b");
	words_add(&c->choice_names, STR("a.b"), c->arena);
	c->choice = CHOICE_ANY_AMONG;
	content_add_tool(c, TOOL_FUNCTION)->wire_name = STR("other");
}

static void all_dropped(struct content *c)
{
	c->tools->kind = TOOL_SERVER;
	c->parallel_calls = 0;
}

static void tools(void **state)
{
	static const struct row rows[] = {
		{ "{'tools':[{'name':'f'},{'name':'g','input_schema':{}},{'name':'h','input_schema':{ 'properties'"
		  ":{}},'description':'d','strict':true,'cache_control':{'a':1}}]," Q "}",
			NULL, NULL, NULL,
			",'max_tokens':32000,'tools':[{'name':'f','input_schema':{'type':'object','properties':{}}},"
			"{'name':'g','input_schema':{'type':'object','properties':{}}},{'name':'h','description':'d',"
			"'input_schema':{'type':'object','properties':{}},'strict':true,'cache_control':{'a':1}}]" ASKED,
			"" },
		{ "{" Q "}", freeform, NULL, NULL,
			",'max_tokens':32000,'tools':[{'name':'p','description':'The \\'input\\' string must match "
			"this regex grammar:\\na+','input_schema':{'type':'object','properties':{'input':{'type':"
			"'string'}},'required':['input']}}]" ASKED,
			"server_tool_dropped,custom_tool_wrapped" },
		{ "{" F "'tool_choice':{'type':'any','disable_parallel_tool_use':true}," Q "}",
			NULL, NULL, NULL,
			",'max_tokens':32000" F_OUT
			",'tool_choice':{'type':'any','disable_parallel_tool_use':true}" ASKED,
			"" },
		{ "{" F "'tool_choice':{'type':'any'},'system':'s'," Q "}", NULL, NULL,
			"forced_tool_choice=false",
			",'max_tokens':32000" F_OUT
			",'tool_choice':{'type':'auto'},'system':'s\\n\\nYou must "
			"answer by calling one of the tools.'" ASKED,
			"forced_tool_choice_downgraded" },
		/* No forced use while the model thinks by a budget. */
		{ "{" F
		  "'tool_choice':{'type':'tool','name':'f'},'thinking':{'type':'enabled','budget_tokens':"
		  "2000}," Q "}",
			NULL, "claude-haiku-4-5", NULL,
			",'max_tokens':32000,'thinking':{'type':'enabled','budget_tokens':2000}" F_OUT
			",'tool_choice':{'type':'auto'},'system':'You must answer by calling the tool \\'f\\'.'" ASKED,
			"forced_tool_choice_downgraded" },
		{ "{" F Q "}", strange_names, NULL, NULL,
			",'max_tokens':32000,'tools':[{'name':'a_b_2e7336dc8eba','input_schema':{'type':'object'}}],"
			"'tool_choice':{'type':'any'}" ASKED,
			"" },
		{ "{" F Q "}", all_dropped, NULL, NULL, ",'max_tokens':32000" ASKED,
			"server_tool_dropped" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

static void no_effort(struct content *c)
{
	c->reasoning.effort = EFFORT_NONE;
}

static void minimal(struct content *c)
{
	c->reasoning.effort = EFFORT_MINIMAL;
	c->reasoning.show = SHOW_SUMMARY;
}

static void shown(struct content *c)
{
	c->reasoning.show = SHOW_SUMMARY;
}

static void high(struct content *c)
{
	c->reasoning.effort = EFFORT_HIGH;
}

static void thinking(void **state)
{
	static const struct row rows[] = {
		{ "{'temperature':0.1," Q "}", minimal, NULL, NULL,
			",'max_tokens':32000,'thinking':{'type':'adaptive','display':'summarized'},'output_config':"
			"{'effort':'low'}" ASKED,
			"temperature_dropped" },
		{ "{" Q "}", no_effort, NULL, NULL,
			",'max_tokens':32000,'thinking':{'type':'disabled'}" ASKED, "" },
		{ "{" Q "}", no_effort, "claude-opus-5-5", NULL,
			",'max_tokens':32000,'output_config':{'effort':'low'}" ASKED,
			"thinking_not_disabled" },
		{ "{" Q "}", no_effort, "claude-sonnet-5-5", NULL,
			",'max_tokens':32000,'thinking':{'type':'between_tools'}" ASKED, "" },
		{ "{'thinking':{'type':'enabled','budget_tokens':5000}," Q "}", NULL, NULL, NULL,
			",'max_tokens':32000,'thinking':{'type':'adaptive'},'output_config':{'effort':'medium'}" ASKED,
			"" },
		/* Nobody is made to think by wanting to see it. */
		{ "{" Q "}", shown, "claude-sonnet-5-5", NULL,
			",'max_tokens':32000,'thinking':{'type':'adaptive','display':'summarized'}" ASKED,
			"" },
		{ "{" Q "}", shown, NULL, NULL, ",'max_tokens':32000" ASKED, "" },
		/* By budget: at most four fifths of what may be said, at least 1024. */
		{ "{'max_tokens':32000," Q "}", high, "claude-haiku-4-5", NULL,
			",'max_tokens':32000,'thinking':{'type':'enabled','budget_tokens':16384}" ASKED,
			"" },
		{ "{'max_tokens':2000,'temperature':0," Q "}", high, "claude-haiku-4-5", NULL,
			",'max_tokens':2000,'thinking':{'type':'enabled','budget_tokens':1600}" ASKED,
			"temperature_dropped" },
		{ "{'max_tokens':1000,'temperature':0," Q "}", high, "claude-haiku-4-5", NULL,
			",'max_tokens':1000,'temperature':0" ASKED,
			"field_dropped:reasoning_effort" },
		{ "{" Q "}", high, NULL, "thinking=none", ",'max_tokens':32000" ASKED,
			"field_dropped:reasoning_effort" },
		/* In a loop of tools whose thinking is lost there is none to go on with. */
		{ "{" F
		  "'messages':[{'role':'user','content':'q'},{'role':'assistant','content':[{'type':"
		  "'tool_use','id':'t','name':'f','input':{}}]},{'role':'user','content':[{'type':'tool_result',"
		  "'tool_use_id':'t','content':'r'}]}]}",
			high, "claude-haiku-4-5", NULL,
			",'max_tokens':32000" F_OUT
			",'messages':[{'role':'user','content':'q'},{'role':'assistant','content':[{'type':"
			"'tool_use','id':'t','name':'f','input':{}}]},{'role':'user','content':[{'type':'tool_result',"
			"'tool_use_id':'t','content':'r'}]}]}",
			"field_dropped:reasoning_effort" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

static void odd_wishes(struct content *c)
{
	c->frequency_penalty = STR("0");
	c->presence_penalty = STR("0.1");
	c->logprobs = STR("false");
	c->logit_bias = STR("{\"1\":2}");
	c->verbosity = STR("low");
	c->service_tier = STR("default");
}

static void flex(struct content *c)
{
	c->service_tier = STR("flex");
}

static void json(struct content *c)
{
	c->format.kind = FORMAT_JSON;
}

static void schemas(void **state)
{
	static const struct row rows[] = {
		/* Objects are closed, also those within; nothing is done to what only looks like a keyword. */
		{ "{'output_config':{'format':{'type':'json_schema','schema':{'type':'object','properties':{'minimum':"
		  "{'type':['object','null'],'properties':{}},'b':{'type':'array','minItems':1,'items':{'oneOf':[{'properties':{}},true]}}},"
		  "'required':['b']}}}," Q "}",
			NULL, NULL, NULL,
			",'max_tokens':32000,'output_config':{'format':{'type':'json_schema','schema':{'type':'object','properties':{'minimum':"
			"{'type':['object','null'],'properties':{},'additionalProperties':false},'b':{'type':'array','minItems':1,"
			"'items':{'anyOf':[{'properties':{},'additionalProperties':false},true]}}},'required':['b'],"
			"'additionalProperties':false}}}" ASKED,
			"" },
		{ "{'output_config':{'format':{'type':'json_schema','schema':{'type':'object','additionalProperties':{'type':'string'},"
		  "'properties':{'a':{'type':'integer','minimum':1,'description':'d','maximum':1e400}}}}}," Q
		  "}",
			NULL, NULL, NULL,
			",'max_tokens':32000,'output_config':{'format':{'type':'json_schema','schema':{'type':'object','properties':{'a':"
			"{'type':'integer','description':'d'}},'additionalProperties':false}}}" ASKED,
			"schema_keyword_dropped" },
		/* What no tool may have at its top. */
		{ "{'tools':[{'name':'f','input_schema':{'type':'object','properties':{'a':{'anyOf':[{}]}},'anyOf':[{'required':['a']}],"
		  "'allOf':[],'x':1}}]," Q "}",
			NULL, NULL, NULL,
			",'max_tokens':32000,'tools':[{'name':'f','input_schema':{'type':'object','properties':{'a':{'anyOf':[{}]}},"
			"'x':1}}]" ASKED,
			"schema_keyword_dropped" },
		{ "{'tools':[{'name':'f','input_schema':{'oneOf':[{}],'x':1}}]," Q "}", NULL, NULL,
			NULL,
			",'max_tokens':32000,'tools':[{'name':'f','input_schema':{'type':'object','x':1}}]" ASKED,
			"schema_keyword_dropped" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

static void parameters(void **state)
{
#define HOT(t, out, w) \
	{ \
		"{'temperature':" t "," Q "}", NULL, NULL, NULL, \
			",'max_tokens':32000,'temperature':" out ASKED, w \
	}
	static const struct row rows[] = {
		HOT("1", "1", ""),
		HOT("1.0", "1.0", ""),
		HOT("10e-1", "10e-1", ""),
		HOT("0.1e1", "0.1e1", ""),
		HOT("0", "0", ""),
		HOT("0.0", "0.0", ""),
		HOT("0.999", "0.999", ""),
		HOT("1e-400", "1e-400", ""),
		HOT("-1", "-1", ""),
		HOT("1.01", "1", "temperature_clamped"),
		HOT("2", "1", "temperature_clamped"),
		HOT("0.02e2", "1", "temperature_clamped"),
		HOT("1e400", "1", "temperature_clamped"),
		HOT("1e99999999999999999999", "1", "temperature_clamped"),
		HOT("1e-99999999999999999999", "1e-99999999999999999999", ""),
		{ "{'temperature':1,'top_p':1," Q "}", NULL, NULL, "sampling=false",
			",'max_tokens':32000" ASKED, "" },
		{ "{'temperature':0.3,'top_p':0.5,'top_k':3," Q "}", NULL, NULL, "sampling=false",
			",'max_tokens':32000" ASKED,
			"temperature_dropped,top_p_dropped,top_k_dropped" },
		{ "{'top_p':0.5," Q "}", NULL, NULL, NULL, ",'max_tokens':32000,'top_p':0.5" ASKED,
			"" },
		{ "{'stop_sequences':['\\n','\\u0020\\t',''],'max_tokens':9," Q "}", NULL, NULL,
			NULL, ",'max_tokens':9" ASKED, "stop_whitespace_dropped" },
		{ "{" Q "}", odd_wishes, NULL, NULL,
			",'max_tokens':32000,'service_tier':'standard_only'" ASKED,
			"presence_penalty_dropped,logit_bias_dropped,verbosity_dropped" },
		{ "{" Q "}", flex, NULL, NULL, ",'max_tokens':32000" ASKED,
			"field_dropped:service_tier" },
		{ "{" Q "}", json, NULL, NULL,
			",'max_tokens':32000,'system':'Answer with one JSON object and nothing else.'" ASKED,
			"json_object_emulated" },
		{ "{'output_config':{'format':{'type':'json_schema','schema':{'a': 1}}}," Q "}",
			NULL, NULL, NULL,
			",'max_tokens':32000,'output_config':{'format':{'type':'json_schema','schema':{'a':1}}}" ASKED,
			"" },
		{ "{'output_config':{'format':{'type':'json_schema','schema':{'a': 1}}}," Q "}",
			NULL, NULL, "json_schema=false",
			",'max_tokens':32000,'system':'Answer with one JSON object that matches this JSON schema, "
			"and nothing else:\\n{\\'a\\':1}'" ASKED,
			"schema_downgraded" },
	};
#undef HOT

	check_rows(rows, ARRAY_LEN(rows));
}

static void verbatim(struct content *c)
{
	struct part *p = c->turns->next->parts.first;

	p->native = (struct native){ STR("ant"),
		STR("{\"b\":[{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"S\"},{\"type\":"
		    "\"redacted_thinking\",\"data\":\"D\"}]}") };
}

static void forged(struct content *c)
{
	verbatim(c);
	c->turns->next->parts.first->native.payload =
		STR("{\"b\":[{\"type\":\"tool_use\",\"id\":\"x\",\"name\":\"f\",\"input\":{}}]}");
}

static void nested(struct content *c)
{
	verbatim(c);
	c->turns->next->parts.first->native.payload = STR(
		"{\"b\":[{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"slsig1.ds.e30\"}]}");
}

static void audio(struct content *c)
{
	parts_add(&c->turns->parts, PART_AUDIO, c->arena)->data = STR("AA");
}

#define THOUGHT \
	"{'messages':[{'role':'user','content':'q'},{'role':'assistant','content':[{'type':'thinking'," \
	"'thinking':'a','signature':'slsig1.ds.eyJtIjoiZCJ9'},{'type':'text','text':'b'}]},{'role':'user'," \
	"'content':'c'}]}"
#define DROPPED \
	",'max_tokens':32000,'messages':[{'role':'user','content':'q'},{'role':'assistant','content':'b'}," \
	"{'role':'user','content':'c'}]}"

static void conversation(void **state)
{
	static const struct row rows[] = {
		{ THOUGHT, verbatim, NULL, NULL,
			",'max_tokens':32000,'messages':[{'role':'user','content':'q'},{'role':'assistant','content':"
			"[{'type':'thinking','thinking':'a','signature':'S'},{'type':'redacted_thinking','data':'D'},"
			"{'type':'text','text':'b'}]},{'role':'user','content':'c'}]}",
			"" },
		{ THOUGHT, NULL, NULL, NULL, DROPPED, "thinking_history_dropped" },
		/* Envelopes have been in a client's hands. */
		{ THOUGHT, forged, NULL, NULL, DROPPED, "thinking_history_dropped" },
		{ THOUGHT, nested, NULL, NULL, DROPPED, "thinking_history_dropped" },
		/* Where nothing but reasoning was, nothing is left, and roles still alternate. */
		{ "{'messages':[{'role':'user','content':'q'},{'role':'assistant','content':[{'type':'thinking',"
		  "'thinking':'a','signature':'x'}]},{'role':'user','content':'c'}]}",
			NULL, NULL, NULL,
			",'max_tokens':32000,'messages':[{'role':'user','content':[{'type':'text','text':'q'},{'type':"
			"'text','text':'c'}]}]}",
			"thinking_history_dropped" },
		{ "{" Q "}", audio, NULL, NULL, "audio cannot be sent to this provider", "" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

#define LAST(text) \
	"{'messages':[{'role':'user','content':'q'},{'role':'assistant','content':" text "}]}"

#define CALL \
	"{'type':'tool_use','id':'t','name':'f','input':{}}]},{'role':'user','content':[{'type':'tool_result'," \
	"'tool_use_id':'t','content':'r'}]},{'role':'assistant','content':'a'},{'role':'user','content':'q'}]}"
#define CALLED_BY "'messages':[{'role':'user','content':'q'},{'role':'assistant','content':["

static void calls_without_thinking(void **state)
{
	static const struct row rows[] = {
		{ "{" F CALLED_BY CALL, NULL, "deepseek-v4-pro", NULL,
			",'max_tokens':32000" F_OUT "," CALLED_BY
			"{'type':'thinking','thinking':'','signature':''}," CALL,
			"" },
		{ "{" F CALLED_BY CALL, NULL, NULL, NULL,
			",'max_tokens':32000" F_OUT "," CALLED_BY CALL, "" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

static void last_words(void **state)
{
	static const struct row rows[] = {
		{ LAST("'a \\n'"), NULL, NULL, "prefill=true",
			",'max_tokens':32000,'messages':[{'role':'user','content':'q'},{'role':'assistant','content':"
			"'a'}]}",
			"" },
		{ LAST("'a\\\\n '"), NULL, NULL, "prefill=false",
			",'max_tokens':32000,'messages':[{'role':'user','content':'q'},{'role':'assistant','content':"
			"'a\\\\n'},{'role':'user','content':'(continue)'}]}",
			"prefill_not_continued" },
		{ LAST("[{'type':'text','text':'a\\t\\r'},{'type':'text','text':' \\n'}]"), NULL,
			NULL, "prefill=true",
			",'max_tokens':32000,'messages':[{'role':'user','content':'q'},{'role':'assistant','content':"
			"'a'}]}",
			"" },
		{ LAST("' '"), NULL, NULL, "prefill=false", ",'max_tokens':32000" ASKED, "" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

#define MIDDLE \
	"{'messages':[{'role':'user','content':'a'},{'role':'assistant','content':'b'},{'role':'system'," \
	"'content':'s'},{'role':'user','content':'c'},{'role':'assistant','content':'d'},{'role':'user'," \
	"'content':'e'},{'role':'system','content':'t'}]}"

static void system_messages(void **state)
{
	static const struct row rows[] = {
		{ MIDDLE, NULL, NULL, "mid_system=false",
			",'max_tokens':32000,'messages':[{'role':'user','content':'a'},{'role':'assistant','content':"
			"'b'},{'role':'user','content':[{'type':'text','text':'<system-reminder>\\ns\\n"
			"</system-reminder>'},{'type':'text','text':'c'}]},{'role':'assistant','content':'d'},{'role':"
			"'user','content':[{'type':'text','text':'e'},{'type':'text','text':'<system-reminder>\\nt\\n"
			"</system-reminder>'}]}]}",
			"mid_system_downgraded" },
		/* Behind the user's only. */
		{ MIDDLE, NULL, NULL, "mid_system=true",
			",'max_tokens':32000,'messages':[{'role':'user','content':'a'},{'role':'assistant','content':"
			"'b'},{'role':'user','content':'c'},{'role':'system','content':'s'},{'role':'assistant',"
			"'content':'d'},{'role':'user','content':'e'},{'role':'system','content':'t'}]}",
			"" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

/* What only counts has nothing but the prompt; the same content is printed the same way again. */
static void counting(void **state)
{
	struct arena *a = arena_new();
	struct chat chat = { .body = quoted(
				     "{'max_tokens':5,'temperature':2,'metadata':{'user_id':'u'},"
				     "'system':'s'," F Q "}",
				     a) };
	struct target t = { .flavor = flavor_by_name(STR("anthropic")), .model = STR("m\"") };
	struct content c;
	struct err e = { 0 };

	t.count = true;
	content_init(&c, a);
	assert_true(dialect_anthropic.read_content(&c, &chat, &e));
	content_repair(&c);
	for (unsigned i = 0; i < 2; i++) {
		struct wire_request w = { 0 };
		buf_init(&w.body, SIZE_MAX);
		assert_true(dialect_anthropic.print_content(&w, &c, &t, &e));
		assert_bytes(w.path, "/v1/messages/count_tokens");
		assert_str(
			buf_str(&w.body), quoted("{'model':'m\\''" F_OUT ",'system':'s'" ASKED, a));
		buf_release(&w.body);
	}
	arena_free(a);
}

static void counts(void **state)
{
	uint64_t n = 0;
	struct buf b;

	buf_init(&b, SIZE_MAX);
	dialect_anthropic.print_count(&b, 2095);
	assert_bytes(buf_str(&b), "{\"input_tokens\":2095}");
	assert_true(dialect_anthropic.parse_count(buf_str(&b), &n));
	assert_int_equal(n, 2095);
	assert_false(dialect_anthropic.parse_count(STR("{\"input_tokens\":-1}"), &n));
	assert_false(dialect_anthropic.parse_count(STR("<html>"), &n));
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity),
		cmocka_unit_test(tools),
		cmocka_unit_test(thinking),
		cmocka_unit_test(schemas),
		cmocka_unit_test(parameters),
		cmocka_unit_test(conversation),
		cmocka_unit_test(calls_without_thinking),
		cmocka_unit_test(last_words),
		cmocka_unit_test(system_messages),
		cmocka_unit_test(counting),
		cmocka_unit_test(counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
