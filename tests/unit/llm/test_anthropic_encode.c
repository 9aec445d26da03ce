/* SPDX-License-Identifier: MIT */
/* Neutral events as a client of the Anthropic API gets them: as events of a stream, and as one message. */
#include "unit/base/check.h"

#include "llm/anthropic.h"

#include <stdio.h>

struct run {
	struct arena *a;
	struct encoder e;
	struct buf out;
};

static void begin(struct run *r, bool stream, const struct content *c)
{
	struct encoder_wishes w = { .model = STR("claude \"x\""),
		.random = STR("RANDOM"),
		.id = STR("req_1"),
		.stream = stream,
		.max_bytes = 1 << 20,
		.content = c };

	*r = (struct run){ .a = arena_new() };
	buf_init(&r->out, SIZE_MAX);
	encoder_init(&r->e, &dialect_anthropic, &w, r->a, &r->out);
}

static void end(struct run *r)
{
	encoder_release(&r->e);
	buf_release(&r->out);
	arena_free(r->a);
}

/* With ' for ". */
static struct str quoted(const char *body, struct arena *a)
{
	struct str s = arena_dup(a, str_from(body));

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\'')
			((char *)(uintptr_t)s.p)[i] = '"';
	return s;
}

static void check(struct run *r, const char *want)
{
	assert_str(buf_str(&r->out), quoted(want, r->a));
	buf_clear(&r->out);
}

static void put(struct run *r, const struct event *ev)
{
	encoder_put(&r->e, ev);
}

static void start(struct run *r, const char *id)
{
	put(r, &(struct event){ .type = EV_START, .id = str_from(id), .usage = USAGE_UNKNOWN });
}

static void open_call(struct run *r, const char *id, const char *name, bool freeform)
{
	put(r, &(struct event){ .type = EV_OPEN,
		       .part = PART_CALL,
		       .id = str_from(id),
		       .name = str_from(name),
		       .freeform = freeform });
}

static void open_part(struct run *r, enum part_kind kind)
{
	put(r, &(struct event){ .type = EV_OPEN, .part = kind });
}

static void text(struct run *r, const char *escaped)
{
	put(r, &(struct event){ .type = EV_TEXT, .text = str_from(escaped) });
}

static void sign(struct run *r, const char *code, const char *payload)
{
	put(r, &(struct event){ .type = EV_SIGN, .native = { str_from(code), str_from(payload) } });
}

static void close_part(struct run *r)
{
	put(r, &(struct event){ .type = EV_CLOSE });
}

static void stop(struct run *r, enum stop_reason reason, const char *detail)
{
	put(r, &(struct event){ .type = EV_STOP, .stop = reason, .detail = str_from(detail) });
}

#define EVENT(type, rest) "event: " type "\ndata: {'type':'" type "'" rest "}\n\n"
#define BEGINNING(id) \
	EVENT("message_start", \
		",'message':{'id':'msg_" id \
		"','type':'message','role':'assistant','model':'claude \\'x\\'','content':[]," \
		"'stop_reason':null,'stop_sequence':null,'usage':{'input_tokens':0," \
		"'cache_creation_input_tokens':0,'cache_read_input_tokens':0,'output_tokens':0}}")
#define OPEN(i, block)  EVENT("content_block_start", ",'index':" #i ",'content_block':{" block "}")
#define DELTA(i, delta) EVENT("content_block_delta", ",'index':" #i ",'delta':{" delta "}")
#define CLOSE(i)        EVENT("content_block_stop", ",'index':" #i)
#define ENDING(delta, usage) \
	EVENT("message_delta", ",'delta':{" delta "},'usage':{" usage "}") EVENT("message_stop", "")
#define NO_USAGE \
	"'input_tokens':0,'cache_creation_input_tokens':0,'cache_read_input_tokens':0,'output_tokens':0"

static void streams(void **state)
{
	struct run r;

	begin(&r, true, NULL);
	start(&r, "chatcmpl-x1");
	put(&r, &(struct event){ .type = EV_USAGE, .usage = { 1, 2, 3, -1, 4, 0 } });
	encoder_ping(&r.e);
	check(&r, "");
	open_part(&r, PART_REASONING);
	check(&r, BEGINNING("x1") OPEN(0, "'type':'thinking','thinking':'','signature':''"));
	text(&r, "why\\n");
	text(&r, "");
	sign(&r, "ds", "{\"m\":\"deepseek-v4-pro\"}");
	close_part(&r);
	check(&r,
		DELTA(0, "'type':'thinking_delta','thinking':'why\\n'") DELTA(0,
			"'type':'signature_delta','signature':'slsig1.ds.eyJtIjoiZGVlcHNlZWstdjQtcHJvIn0'")
			CLOSE(0));
	open_part(&r, PART_TEXT);
	text(&r, "\\ud83d");
	close_part(&r);
	check(&r, OPEN(1, "'type':'text','text':''")
			  DELTA(1, "'type':'text_delta','text':'\\ud83d'") CLOSE(1));
	encoder_ping(&r.e);
	check(&r, "event: ping\ndata: {'type': 'ping'}\n\n");
	open_call(&r, "call_1", "f", false);
	/* Cut within an escape of the arguments, which is none of the event. */
	text(&r, "{\\\"a\\\":\\\"\\\\");
	text(&r, "u0041\\\"}");
	close_part(&r);
	check(&r, OPEN(2, "'type':'tool_use','id':'call_1','name':'f','input':{}")
			  DELTA(2, "'type':'input_json_delta','partial_json':'{\\'a\\':\\'\\\\'")
				  DELTA(2, "'type':'input_json_delta','partial_json':'u0041\\'}'")
					  CLOSE(2));
	open_call(&r, "", "f", false);
	close_part(&r);
	check(&r, OPEN(3, "'type':'tool_use','id':'toolu_x1_1','name':'f','input':{}") CLOSE(3));
	stop(&r, STOP_TOOL, "");
	check(&r,
		ENDING("'stop_reason':'tool_use','stop_sequence':null",
			"'input_tokens':1,'cache_creation_input_tokens':3,'cache_read_input_tokens':2,"
			"'output_tokens':4,'output_tokens_details':{'thinking_tokens':0}"));
	encoder_ping(&r.e);
	stop(&r, STOP_TOOL, "");
	check(&r, "");
	end(&r);
}

static void stops(void **state)
{
	static const struct {
		enum stop_reason stop;
		const char *detail, *want;
	} rows[] = {
		{ STOP_END, "", "'stop_reason':'end_turn','stop_sequence':null" },
		{ STOP_MAX, "", "'stop_reason':'max_tokens','stop_sequence':null" },
		{ STOP_SEQUENCE, "E\\n", "'stop_reason':'stop_sequence','stop_sequence':'E\\n'" },
		{ STOP_SEQUENCE, "", "'stop_reason':'stop_sequence','stop_sequence':null" },
		{ STOP_PAUSE, "", "'stop_reason':'pause_turn','stop_sequence':null" },
		{ STOP_CONTEXT, "",
			"'stop_reason':'model_context_window_exceeded','stop_sequence':null" },
		{ STOP_COMPACTION, "", "'stop_reason':'compaction','stop_sequence':null" },
		{ STOP_REFUSAL, "",
			"'stop_reason':'refusal','stop_sequence':null,'stop_details':{'type':'refusal','category':"
			"null,'explanation':null}" },
		{ STOP_REFUSAL, "no",
			"'stop_reason':'refusal','stop_sequence':null,'stop_details':{'type':'refusal','category':"
			"null,'explanation':'no'}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct run r;
		struct buf want;
		begin(&r, true, NULL);
		stop(&r, rows[i].stop, rows[i].detail);
		buf_init(&want, SIZE_MAX);
		buf_addf(&want, BEGINNING("RANDOM") ENDING("%s", NO_USAGE) "%c", rows[i].want, 0);
		check(&r, want.p);
		buf_release(&want);
		end(&r);
	}
}

static void errors(void **state)
{
	struct run r;

	begin(&r, true, NULL);
	start(&r, "1");
	open_part(&r, PART_TEXT);
	buf_clear(&r.out);
	put(&r, &(struct event){
			.type = EV_ERROR, .error = ERR_OVERLOADED, .detail = STR("a \"b\"\n") });
	check(&r, EVENT("error", ",'error':{'type':'overloaded_error','message':'a \\'b\\'\\n'}"));
	close_part(&r);
	stop(&r, STOP_END, "");
	check(&r, "");
	end(&r);
}

/* What the client calls otherwise than the provider, and tools that take text. */
static void names(void **state)
{
	struct arena *a = arena_new();
	struct content c;
	struct tool *t;
	struct run r;

	content_init(&c, a);
	t = content_add_tool(&c, TOOL_FUNCTION);
	t->name = STR("9f");
	t->wire_name = STR("_9f");
	begin(&r, true, &c);
	start(&r, "1");
	open_call(&r, "a b", "_9f", false);
	close_part(&r);
	check(&r, BEGINNING("1") OPEN(0,
			  "'type':'tool_use','id':'toolu_xc8687a08aa5d6ed2044328fa','name':'9f',"
			  "'input':{}") CLOSE(0));
	open_call(&r, "c", "p", true);
	text(&r, "a\\n\\\"b");
	close_part(&r);
	check(&r, OPEN(1, "'type':'tool_use','id':'c','name':'p','input':{}") DELTA(
			  1, "'type':'input_json_delta','partial_json':'{\\'input\\':\\''") DELTA(1,
			  "'type':'input_json_delta','partial_json':'a\\\\n\\\\\\'b'")
			  DELTA(1, "'type':'input_json_delta','partial_json':'\\'}'") CLOSE(1));
	end(&r);
	arena_free(a);
}

static void messages(void **state)
{
	struct run r;

	begin(&r, false, NULL);
	start(&r, "resp_7");
	put(&r, &(struct event){ .type = EV_USAGE, .usage = { 5, -1, -1, -1, 9, 2 } });
	open_part(&r, PART_REASONING);
	text(&r, "t");
	sign(&r, "oai", "{\"id\":\"rs_7\",\"e\":\"E7\"}");
	close_part(&r);
	open_part(&r, PART_REASONING);
	close_part(&r);
	open_part(&r, PART_TEXT);
	text(&r, "a");
	text(&r, "\\u0000b");
	close_part(&r);
	open_call(&r, "", "f", false);
	text(&r, "{ \\\"a\\\": ");
	text(&r, "1e400 }");
	close_part(&r);
	open_call(&r, "i", "g", false);
	close_part(&r);
	open_call(&r, "j", "h", true);
	text(&r, "x\\n");
	close_part(&r);
	check(&r, "");
	assert_int_equal(r.e.warnings->n, 0);
	open_call(&r, "k", "f", false);
	text(&r, "{\\\"a\\\":");
	close_part(&r);
	stop(&r, STOP_TOOL, "");
	check(&r,
		"{'id':'msg_7','type':'message','role':'assistant','model':'claude \\'x\\'','content':["
		"{'type':'thinking','thinking':'t','signature':'slsig1.oai.eyJpZCI6InJzXzciLCJlIjoiRTcifQ'},"
		"{'type':'thinking','thinking':'','signature':''},{'type':'text','text':'a\\u0000b'},{'type':"
		"'tool_use','id':'toolu_7_0','name':'f','input':{'a':1e400}},{'type':'tool_use','id':'i','name':"
		"'g','input':{}},{'type':'tool_use','id':'j','name':'h','input':{'input':'x\\n'}},{'type':"
		"'tool_use','id':'k','name':'f','input':{'__raw_arguments':'{\\'a\\':'}}],'stop_reason':"
		"'tool_use','stop_sequence':null,'usage':{'input_tokens':5,'cache_creation_input_tokens':0,"
		"'cache_read_input_tokens':0,'output_tokens':9,'output_tokens_details':{'thinking_tokens':2}}}");
	assert_int_equal(r.e.warnings->n, 1);
	assert_bytes(r.e.warnings->v[0], "tool_arguments_invalid");
	end(&r);
}

static void refused_message(void **state)
{
	struct run r;

	begin(&r, false, NULL);
	stop(&r, STOP_REFUSAL, "SAFETY");
	check(&r,
		"{'id':'msg_RANDOM','type':'message','role':'assistant','model':'claude \\'x\\'','content':[],"
		"'stop_reason':'refusal','stop_sequence':null,'usage':{" NO_USAGE
		"},'stop_details':{'type':'refusal','category':null,'explanation':'SAFETY'}}");
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams),
		cmocka_unit_test(stops),
		cmocka_unit_test(errors),
		cmocka_unit_test(names),
		cmocka_unit_test(messages),
		cmocka_unit_test(refused_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
