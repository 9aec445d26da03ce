/* SPDX-License-Identifier: MIT */
/* What is read of requests of Anthropic's clients for providers of other dialects: content, warnings, refusals. */
#include "unit/base/check.h"

#include "llm/anthropic.h"

#include <stdio.h>
#include <stdlib.h>

struct request {
	struct arena *a;
	struct chat chat;
	struct content c;
	struct err e;
	bool ok;
};

static void read_request(struct request *r, struct str body)
{
	*r = (struct request){ .a = arena_new() };
	r->chat.body = body;
	content_init(&r->c, r->a);
	r->ok = dialect_anthropic.read_content(&r->c, &r->chat, &r->e);
}

static void dump_native(struct buf *out, const struct native *n)
{
	if (n->code.n > 0)
		buf_addf(out, "<%.*s %.*s>", STR_ARG(n->code), STR_ARG(n->payload));
}

static void dump_parts(struct buf *out, const struct part *p)
{
	static const char *const kinds[] = { "text", "image", "document", "audio", "call", "result",
		"reasoning" };

	for (; p != NULL; p = p->next) {
		buf_addf(out, " %s", kinds[p->kind]);
		if (p->id.n > 0)
			buf_addf(out, " #%.*s", STR_ARG(p->id));
		if (p->name.n > 0)
			buf_addf(out, " @%.*s", STR_ARG(p->name));
		buf_addf(out, "(%.*s%.*s%.*s%.*s%s", STR_ARG(p->text), STR_ARG(p->media_type),
			STR_ARG(p->data), STR_ARG(p->url), p->is_error ? "!" : "");
		dump_parts(out, p->parts);
		buf_add_char(out, ')');
		dump_native(out, &p->native);
		if (p->mark.n > 0)
			buf_addf(out, "*");
	}
}

static void dump_content(struct buf *out, const struct content *c)
{
	static const char *const roles[] = { "?", "U", "A", "S" };

	if (c->system.first != NULL) {
		buf_addf(out, "system:");
		dump_parts(out, c->system.first);
		buf_addf(out, "; ");
	}
	for (const struct turn *t = c->turns; t != NULL; t = t->next) {
		buf_addf(out, "%s:", roles[t->role]);
		dump_parts(out, t->parts.first);
		buf_addf(out, "; ");
	}
}

static void dump_warnings(struct buf *out, const struct warnings *w)
{
	for (size_t i = 0; i < w->n; i++)
		buf_addf(out, "%s%.*s", i > 0 ? "," : "", STR_ARG(w->v[i]));
}

/* `body` is what stands in a request, with ' for ". */
static struct str quoted(const char *body, struct arena *a)
{
	struct str s = arena_dup(a, str_from(body));

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\'')
			((char *)(uintptr_t)s.p)[i] = '"';
	return s;
}

struct row {
	const char *body, *content, *warnings;
};

static void check_row(const struct row *row)
{
	struct arena *a = arena_new();
	struct request r;
	struct buf out;

	read_request(&r, quoted(row->body, a));
	buf_init(&out, SIZE_MAX);
	if (!r.ok)
		buf_addf(&out, "REFUSED %s", r.e.text);
	else
		dump_content(&out, &r.c);
	buf_add_char(&out, '\0');
	assert_str(quoted(out.p, a), quoted(row->content, a));
	buf_clear(&out);
	dump_warnings(&out, &r.c.warnings);
	assert_str(buf_str(&out), str_from(row->warnings));
	assert_int_equal(r.e.kind, r.ok ? ERR_NONE : ERR_INVALID);
	buf_release(&out);
	arena_free(r.a);
	arena_free(a);
}

#define M(content)         "{'messages':[{'role':'user','content':" content "}]}"
#define ASSISTANT(content) "{'messages':[{'role':'assistant','content':" content "}]}"

static void contents(void **state)
{
	static const struct row rows[] = {
		{ "{}", "", "" },
		{ M("'hi \\n\\u0041'"), "U: text(hi \\n\\u0041); ", "" },
		{ M("[]"), "U:; ", "" },
		{ M("''"), "U:; ", "" },
		{ M("[{'text':'a','type':'text'},{'type':'text','text':''},{'type':'text','text':'b',"
		    "'cache_control':{'type':'ephemeral'}}]"),
			"U: text(a) text(b)*; ", "" },
		{ "{'messages':[{'content':'late role','role':'user'},{'role':'assistant','content':'x'},"
		  "{'role':'system','content':[{'type':'text','text':'y'}],'output_config':{'effort':'low'}}]}",
			"U: text(late role); A: text(x); S: text(y); ", "" },
		/* Of duplicates the last counts. */
		{ "{'messages':[{'role':'user','content':'a'}],'messages':[{'role':'user','content':'b'}]}",
			"U: text(b); ", "" },
		/* The billing line. */
		{ "{'system':'Be terse.'}", "system: text(Be terse.); ", "" },
		{ "{'system':'x-anthropic-billing-header: a; b\\nBe terse.'}",
			"system: text(Be terse.); ", "" },
		{ "{'system':'x-anthropic-billing-header: a; b'}", "", "" },
		{ "{'system':[{'type':'text','text':'x-anthropic-billing-header: cc_version=2;'},"
		  "{'type':'text','text':'A','cache_control':{'type':'ephemeral'}},{'type':'text','text':'B'},"
		  "{'type':'text','text':'x-anthropic-billing-header:'}]}",
			"system: text(A)* text(B); ", "" },
		/* The automatic breakpoint. */
		{ "{'cache_control':{'type':'ephemeral'},'messages':[{'role':'user','content':'a'},"
		  "{'role':'assistant','content':'b'}]}",
			"U: text(a); A: text(b)*; ", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void media(void **state)
{
	static const struct row rows[] = {
		{ M("[{'type':'image','source':{'type':'base64','media_type':'image/png','data':'AA'}},"
		    "{'type':'image','source':{'type':'url','url':'https://e.com/a.png'}}]"),
			"U: image(image/pngAA) image(https://e.com/a.png); ", "" },
		{ M("[{'type':'document','title':'s.pdf','source':{'type':'base64','media_type':"
		    "'application/pdf','data':'AA'}}]"),
			"U: document @s.pdf(application/pdfAA); ", "" },
		{ M("[{'type':'document','title':'n','source':{'type':'text','media_type':'text/plain',"
		    "'data':'a b'},'citations':{'enabled':true}}]"),
			"U: text(<document title=\\'n\\'>\\na b\\n</document>); ",
			"citations_lost" },
		{ M("[{'type':'document','context':'c','source':{'type':'content','content':[{'type':'text',"
		    "'text':'a'},{'type':'text','text':'b'}]}}]"),
			"U: text(<document context=\\'c\\'>\\na\\n\\nb\\n</document>); ", "" },
		{ M("[{'type':'document','source':{'type':'content','content':[{'type':'text','text':'a'},"
		    "{'type':'image','source':{'type':'url','url':'u'}}]}}]"),
			"U: text(<document>) text(a) image(u) text(</document>); ", "" },
		{ M("[{'type':'document','context':'c','title':'t','source':{'type':'url','url':'u'}}]"),
			"U: text(<document title=\\'t\\' context=\\'c\\'/>) document @t(u); ", "" },
		{ M("[{'type':'search_result','source':'https://e.com','title':'T','content':[{'type':'text',"
		    "'text':'one'},{'type':'text','text':'two'}],'citations':{'enabled':true}}]"),
			"U: text([search_result] T \xE2\x80\x94 https://e.com\\none\\n\\ntwo); ",
			"citations_lost" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void tools(void **state)
{
	static const struct row rows[] = {
		{ ASSISTANT(
			  "[{'type':'tool_use','id':'toolu_1','name':'f','input':{ 'a': 1.50 }},"
			  "{'type':'tool_use','id':'toolu_2','name':'g','caller':{'type':'direct'}}]"),
			"A: call #toolu_1 @f({ 'a': 1.50 }) call #toolu_2 @g({}); ", "" },
		{ ASSISTANT("[{'type':'tool_use','id':'t','name':'f','input':[1, 2]}]"),
			"A: call #t @f({'__raw_arguments':[1,2]}); ", "tool_arguments_invalid" },
		{ M("[{'type':'tool_result','tool_use_id':'a b'},{'tool_use_id':'t2','type':'tool_result',"
		    "'content':'no','is_error':true},{'type':'tool_result','tool_use_id':'t3','content':[{'type':"
		    "'text','text':'x'},{'type':'image','source':{'type':'url','url':'u'}},{'type':"
		    "'tool_reference','tool_name':'Cron'}]},{'type':'text','text':'go'}]"),
			"U: result #a b() result #t2(! text(no)) result #t3( text(x) image(u) text([tool_reference] "
			"Cron)) text(go); ",
			"" },
		{ ASSISTANT(
			  "[{'type':'text','text':'s'},{'type':'server_tool_use','id':'srvtoolu_1','name':"
			  "'web_search','input':{'query':'q'}},{'type':'web_search_tool_result','tool_use_id':"
			  "'srvtoolu_1','content':[{'type':'web_search_result','title':'T','url':'U',"
			  "'encrypted_content':'xxx','page_age':null}]}]"),
			"A: text(s) text(\\n[web_search]\\nquery: q\\n) "
			"text(\\n[web_search_tool_result]\\ntitle: T\\nurl: U\\n); ",
			"server_tool_history_flattened" },
		/* What is not known may be what was said. */
		{ ASSISTANT("[{'type':'mystery','text':'m','foo':'x'}]"),
			"A: text(\\n[mystery]\\nm\\n); ", "server_tool_history_flattened" },
		{ "{'messages':[{'role':'system','content':[{'type':'tool_addition','tool_name':'X'}]}]}",
			"S: text([tool_addition] X); ", "" },
		/* A summary is the user's; what stands behind it is the assistant's again. */
		{ ASSISTANT(
			  "[{'type':'compaction','content':'all of it'},{'type':'text','text':'b'}]"),
			"U: text([conversation summary]\\nall of it); A: text(b); ",
			"field_dropped:compaction" },
		{ ASSISTANT("[{'type':'text','text':'a'},{'type':'compaction','content':'s'}]"),
			"A: text(a); U: text([conversation summary]\\ns); ",
			"field_dropped:compaction" },
		{ ASSISTANT("[{'type':'compaction','content':null}]"), "A:; ", "" },
		/* Unknown members of what is known. */
		{ M("[{'type':'text','text':'a','shiny':1}]"), "U: text(a); ",
			"field_dropped:shiny" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void reasoning(void **state)
{
	static const struct row rows[] = {
		{ ASSISTANT(
			  "[{'type':'thinking','thinking':'t','signature':'EqQB'},{'type':'redacted_thinking',"
			  "'data':'Emw=='}]"),
			"A: reasoning(t)<ant > reasoning()<ant >; ", "" },
		{ ASSISTANT(
			  "[{'type':'thinking','thinking':'t','signature':'slsig1.ds.eyJtIjoiZCJ9'}]"),
			"A: reasoning(t)<ds {'m':'d'}>; ", "" },
		/* Damaged, or none: the text is kept, for those who take any. */
		{ ASSISTANT("[{'type':'thinking','thinking':'t','signature':'slsig1.ds.eyJ'}]"),
			"A: reasoning(t); ", "" },
		{ ASSISTANT("[{'type':'thinking','thinking':'t','signature':''}]"),
			"A: reasoning(t); ", "" },
		{ ASSISTANT("[{'type':'thinking','thinking':'t'}]"), "A: reasoning(t); ", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void refusals(void **state)
{
	static const struct row rows[] = {
		{ M("[{'type':'text','text':'a'},{'type':'image','source':{'type':'file','file_id':'f'}}]"),
			"REFUSED 'messages[0].content[1].source.file_id' is a file that only its own provider has",
			"" },
		{ M("[{'type':'tool_result','tool_use_id':'t','content':[{'type':'text','text':'a'},"
		    "{'type':'document','source':{'type':'file','file_id':'f'}}]}]"),
			"REFUSED 'messages[0].content[0].content[1].source.file_id' is a file that only its own "
			"provider has",
			"" },
		{ M("[{'type':'container_upload','file_id':'f'}]"),
			"REFUSED 'messages[0].content[0].file_id' is a file that only its own provider has",
			"" },
		{ M("[{'type':'hologram'}]"),
			"REFUSED 'messages[0].content[0].type' is of no kind that this route can translate",
			"" },
		{ M("[{'type':'tool_use','id':'a','name':'b','input':{}}]"),
			"REFUSED 'messages[0].content[0].type' is of a kind that cannot stand here",
			"" },
		{ M("5"), "REFUSED 'messages[0].content' must be a string or an array of blocks",
			"" },
		{ M("[5]"), "REFUSED 'messages[0].content[0]' must be an object", "" },
		{ M("[{'type':'text','text':5}]"),
			"REFUSED 'messages[0].content[0].text' must be a string", "" },
		{ "{'messages':[{'role':'tool','content':'x'}]}",
			"REFUSED 'messages[0].role' must be user, assistant or system", "" },
		{ "{'messages':{}}", "REFUSED 'messages' must be an array", "" },
		{ "{'messages':['a']}", "REFUSED 'messages[0]' must be an object", "" },
		{ "{'system':5}", "REFUSED 'system' must be a string or an array of blocks", "" },
		{ "{'system':[{'type':'image','source':{}}]}",
			"REFUSED 'system[0].type' is of a kind that cannot stand here", "" },
		{ "{'tools':[{'type':'custom','name':'f','input_schema':{}},{'type':'web_search_20260318',"
		  "'name':'web_search'}]}",
			"REFUSED tools.1: server tool 'web_search_20260318' is not available on this route",
			"" },
		{ "{'tools':[{'type':'bash_20250124','name':'bash'}]}",
			"REFUSED tools.0: client tool 'bash_20250124' is not available on this route",
			"" },
		{ "{'thread':{'type':'continue','id':'thr_1'}}",
			"REFUSED 'thread' needs server-side state, which this route does not keep; send all messages",
			"" },
		{ "{'compaction':{'type':'summarize'}}",
			"REFUSED 'compaction' is not available on this route", "" },
		{ "{'container':'c_1'}", "REFUSED 'container' is not available on this route", "" },
		{ "{'mcp_servers':[{'type':'url'}]}",
			"REFUSED 'mcp_servers' is not available on this route", "" },
		{ "{'max_tokens':1.5}", "REFUSED 'max_tokens' must be a whole number", "" },
		{ "{'tool_choice':{'type':'some'}}",
			"REFUSED 'tool_choice.type' must be auto, any, tool or none", "" },
		{ "{'stop_sequences':['a',5]}", "REFUSED 'stop_sequences[1]' must be a string",
			"" },
		{ "{'output_config':{'format':{'type':'json'}}}",
			"REFUSED 'output_config.format' must be a json_schema", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void dropped(void **state)
{
	static const struct row rows[] = {
		/* What Claude Code sends beside its request must go to nobody. */
		{ "{'safeguards':[{'type':'dangerous_tool_use','classifier_context':{}}]}", "",
			"field_dropped:safeguards" },
		{ "{'context_management':{'edits':[]}}", "", "context_management_ignored" },
		{ "{'thread':{'type':'create'}}", "", "field_dropped:thread" },
		{ "{'fallbacks':[],'fallback_credit_token':'x','billing_policy':{},'diagnostics':{},"
		  "'inference_geo':'eu','speed':'fast'}",
			"",
			"field_dropped:fallbacks,field_dropped:fallback_credit_token,field_dropped:billing_policy,"
			"field_dropped:diagnostics,field_dropped:inference_geo,field_dropped:speed" },
		{ "{'speed':'standard','service_tier':'auto','mcp_servers':[],'container':null,'fallbacks':null}",
			"", "" },
		{ "{'service_tier':'standard_only'}", "", "field_dropped:service_tier" },
		{ "{'output_config':{'task_budget':{},'effort':'immense'}}", "",
			"field_dropped:task_budget,field_dropped:effort" },
		{ "{'tools':[{'name':'f','input_schema':{},'defer_loading':true,'input_examples':[{}],"
		  "'eager_input_streaming':true,'allowed_callers':['direct']}]}",
			"", "field_dropped:input_examples" },
		{ "{'tools':[{'type':'tool_search_tool_bm25_20251119','name':'t'}]}", "",
			"server_tool_dropped" },
		{ "{'we\\u0069rd \\n':1}", "", "field_dropped:?" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void parameters(void **state)
{
	static const char body[] =
		"{'model':'m','max_tokens':128000,'temperature':1.50,'top_p':0.9,'top_k':40,'stop_sequences':"
		"['A','\\n'],'thinking':{'type':'enabled','budget_tokens':31999,'display':'omitted'},"
		"'output_config':{'format':{'type':'json_schema','schema':{'type':'object'}}},'metadata':"
		"{'user_id':'{\\\"a\\\":1}'},'tools':[{'name':'f','description':'d','input_schema':{'type': "
		"'object'},'strict':true,'cache_control':{'type':'ephemeral'}}],'tool_choice':{'type':'tool',"
		"'name':'f','disable_parallel_tool_use':true},'messages':[{'role':'user','content':'a',"
		"'output_config':{'effort':'low'}},{'role':'system','content':'b','output_config':{'effort':"
		"'max'}}]}";
	struct arena *a = arena_new();
	struct request r;

	read_request(&r, quoted(body, a));
	assert_true(r.ok);
	assert_true(r.c.has_max_tokens);
	assert_int_equal(r.c.max_tokens, 128000);
	assert_bytes(r.c.temperature, "1.50");
	assert_bytes(r.c.top_p, "0.9");
	assert_bytes(r.c.top_k, "40");
	assert_int_equal(r.c.stops.n, 2);
	assert_bytes(r.c.stops.v[1], "\\n");
	assert_int_equal(r.c.reasoning.mode, REASONING_BUDGET);
	assert_int_equal(r.c.reasoning.budget_tokens, 31999);
	assert_int_equal(r.c.reasoning.show, SHOW_NOTHING);
	assert_int_equal(r.c.reasoning.effort, EFFORT_MAX);
	assert_int_equal(r.c.format.kind, FORMAT_SCHEMA);
	assert_bytes(r.c.format.schema, "{\"type\":\"object\"}");
	assert_bytes(r.c.user, "{\\\"a\\\":1}");
	assert_int_equal(r.c.choice, CHOICE_NAMED);
	assert_bytes(r.c.choice_names.v[0], "f");
	assert_int_equal(r.c.parallel_calls, 0);
	assert_bytes(r.c.tools->wire_name, "f");
	assert_bytes(r.c.tools->schema, "{\"type\": \"object\"}");
	assert_int_equal(r.c.tools->strict, 1);
	assert_true(r.c.tools->mark.n > 0);
	assert_int_equal(r.c.warnings.n, 0);
	arena_free(r.a);
	arena_free(a);
}

/* Whatever comes: no more than a refusal. Each prefix of a request, and each with a byte that is wrong. */
static void damaged(void **state)
{
	static const char body[] =
		"{'system':[{'type':'text','text':'s'}],'tools':[{'name':'f','input_schema':{}}],'messages':["
		"{'role':'user','content':[{'type':'document','source':{'type':'content','content':[{'type':'text',"
		"'text':'a'}]}},{'type':'search_result','source':'s','title':'t','content':[]}]},{'role':"
		"'assistant','content':[{'type':'thinking','thinking':'t','signature':'slsig1.ds.eyJtIjoiZCJ9'},"
		"{'type':'web_x','content':[{'a':[[1]]}]},{'type':'tool_use','id':'i','name':'f','input':{}}]},"
		"{'role':'user','content':[{'type':'tool_result','tool_use_id':'i','content':[{'type':'text','text':"
		"'x'}]}]}],'thinking':{'type':'adaptive'},'max_tokens':5}";
	struct arena *a = arena_new();
	struct str whole = quoted(body, a);

	for (size_t n = 0; n < whole.n; n++) {
		/* Copies of their own, so that reading beyond them shows. */
		char *head = must_alloc(n + 1), *copy = must_alloc(whole.n);
		struct request r;
		memcpy(head + 1, whole.p, n);
		read_request(&r, (struct str){ head + 1, n });
		assert_false(r.ok);
		arena_free(r.a);
		for (const char *c = "\"{}[],:0n\\"; *c != '\0'; c++) {
			memcpy(copy, whole.p, whole.n);
			copy[n] = *c;
			read_request(&r, (struct str){ copy, whole.n });
			if (r.ok)
				content_repair(&r.c);
			arena_free(r.a);
		}
		free(head);
		free(copy);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contents),
		cmocka_unit_test(media),
		cmocka_unit_test(tools),
		cmocka_unit_test(reasoning),
		cmocka_unit_test(refusals),
		cmocka_unit_test(dropped),
		cmocka_unit_test(parameters),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
