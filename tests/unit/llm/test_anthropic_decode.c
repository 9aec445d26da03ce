/* SPDX-License-Identifier: MIT */
/* Replies of providers of the Anthropic API as neutral events: in streams and whole, of any shape. */
#include "unit/base/check.h"

#include "llm/anthropic.h"

#include <stdio.h>
#include <stdlib.h>

struct run {
	struct sink sink;
	struct arena *a;
	struct decoder d;
	struct buf out; /* what came, one word an event */
	bool open;
	unsigned ends;
};

static void put_usage(struct buf *out, const struct usage *u)
{
	buf_addf(out, "%d/%d/%d/%d", (int)u->in, (int)u->cache_read, (int)u->cache_write,
		(int)u->out);
	if (u->reasoning >= 0)
		buf_addf(out, "(%d)", (int)u->reasoning);
}

static void put(struct sink *self, const struct event *ev)
{
	struct run *r = container_of(self, struct run, sink);
	static const char *const parts[] = { "T", "?", "?", "?", "C", "?", "R" };
	struct buf *b = &r->out;

	assert_int_equal(r->ends, 0);
	assert_true(ev->type == EV_OPEN                                                  ? !r->open
		    : ev->type == EV_TEXT || ev->type == EV_SIGN || ev->type == EV_CLOSE ? r->open
											 : true);
	switch (ev->type) {
	case EV_BEGIN:
		break;
	case EV_START:
		buf_addf(b, "start:%.*s,%.*s,", STR_ARG(ev->id), STR_ARG(ev->model));
		put_usage(b, &ev->usage);
		break;
	case EV_OPEN:
		r->open = true;
		buf_addf(b, "%s%s{%.*s%s%.*s%s", parts[ev->part], ev->native.code.n > 0 ? "~" : "",
			STR_ARG(ev->id), ev->id.n > 0 ? "," : "", STR_ARG(ev->name),
			ev->id.n > 0 ? ":" : "");
		break;
	case EV_TEXT:
		buf_addf(b, "[%.*s]", STR_ARG(ev->text));
		break;
	case EV_SIGN:
		buf_addf(b, "<%.*s %.*s>", STR_ARG(ev->native.code), STR_ARG(ev->native.payload));
		break;
	case EV_CLOSE:
		r->open = false;
		buf_addf(b, "}");
		break;
	case EV_USAGE:
		put_usage(b, &ev->usage);
		break;
	case EV_STOP:
		assert_false(r->open);
		r->ends++;
		buf_addf(b, "stop:%s %.*s", anthropic_stop_name(ev->stop), STR_ARG(ev->detail));
		break;
	case EV_ERROR:
		r->ends++;
		buf_addf(b, "error:%d %.*s", (int)ev->error, STR_ARG(ev->detail));
		break;
	case EV_RAW:
		break;
	}
	if (ev->type != EV_OPEN && ev->type != EV_TEXT && ev->type != EV_SIGN)
		buf_addf(b, " ");
}

static void begin(struct run *r)
{
	struct target t = { .flavor = flavor_by_name(STR("anthropic")), .model = STR("m") };

	*r = (struct run){ .sink = { .put = put }, .a = arena_new() };
	buf_init(&r->out, SIZE_MAX);
	decoder_init(&r->d, &dialect_anthropic, &t, r->a, &r->sink);
}

static void end(struct run *r)
{
	decoder_release(&r->d);
	buf_release(&r->out);
	arena_free(r->a);
}

static void check_warnings(const struct run *r, const char *want)
{
	const struct warnings *w = r->d.warnings;

	assert_str(w->n > 0 ? w->v[0] : STR(""), str_from(want));
	assert_true(w->n <= 1);
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

/* One event from its data, whose type its name repeats; a copy of its own, so that nothing of it may be kept. */
static void feed(struct run *r, const char *data, bool named)
{
	struct str d = quoted(data, r->a), type = json_string(json_get(d, STR("type")), r->a);
	struct buf b;
	char *copy;
	size_t n;

	buf_init(&b, SIZE_MAX);
	if (named)
		buf_addf(&b, "event: %.*s\n", STR_ARG(type));
	buf_addf(&b, "data: %.*s\n\n", STR_ARG(d));
	n = b.n;
	copy = must_alloc(n);
	memcpy(copy, b.p, n);
	buf_release(&b);
	decoder_frame(&r->d, (struct str){ copy, n });
	memset(copy, 'x', n);
	free(copy);
}

#define START \
	"{'type':'message_start','message':{'id':'msg_1','model':'c','usage':{'input_tokens':3,'output_tokens':1}}}"
#define OPEN(i, block)  "{'type':'content_block_start','index':" #i ",'content_block':{" block "}}"
#define DELTA(i, delta) "{'type':'content_block_delta','index':" #i ",'delta':{" delta "}}"
#define TEXT(i, text)   DELTA(i, "'type':'text_delta','text':'" text "'")
#define CLOSE(i)        "{'type':'content_block_stop','index':" #i "}"
#define END(reason) \
	"{'type':'message_delta','delta':{'stop_reason':'" reason \
	"','stop_sequence':null},'usage':{'output_tokens':9,'output_tokens_details':{'thinking_tokens':2}}}"
#define STOP     "{'type':'message_stop'}"
#define STARTED  "start:msg_1,c,3/-1/-1/1 "
#define FINISHED "-1/-1/-1/9(2) stop:"

enum { EVENTS_MAX = 12 };

struct row {
	const char *events[EVENTS_MAX];
	const char *want, *warnings;
};

static void check_stream(const struct row *row, bool named)
{
	struct run r;

	begin(&r);
	for (size_t i = 0; i < EVENTS_MAX && row->events[i] != NULL; i++)
		feed(&r, row->events[i], named);
	decoder_end(&r.d);
	assert_str(str_trim(buf_str(&r.out)), quoted(row->want, r.a));
	assert_int_equal(r.ends, 1);
	check_warnings(&r, row->warnings);
	end(&r);
}

static void check_streams(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check_stream(&rows[i], true);
		check_stream(&rows[i], false);
	}
}

static void streams(void **state)
{
	static const struct row rows[] = {
		{ { START, "{'type':'ping'}", OPEN(0, "'type':'text','text':''"), TEXT(0, "a\\n"),
			  TEXT(0, ""), TEXT(0, "b"), CLOSE(0), END("end_turn"), STOP },
			STARTED "T{[a\\n][b]} " FINISHED "end_turn", "" },
		/* Calls: pieces as they come; "{}" where none did; arguments that came with the beginning. */
		{ { START, OPEN(0, "'type':'tool_use','id':'t1','name':'f','input':{}"),
			  DELTA(0, "'type':'input_json_delta','partial_json':''"),
			  DELTA(0, "'type':'input_json_delta','partial_json':'{\\'a'"),
			  DELTA(0, "'type':'input_json_delta','partial_json':'\\':1}'"), CLOSE(0),
			  OPEN(1, "'type':'tool_use','id':'t2','name':'g','input':{}"), CLOSE(1),
			  OPEN(2, "'type':'tool_use','id':'t3','name':'h','input':{'x': 'y'}"),
			  CLOSE(2), END("tool_use"), STOP },
			STARTED
			"C{t1,f:[{\\'a][\\':1}]} C{t2,g:[{}]} C{t3,h:[{\\'x\\':\\'y\\'}]} " FINISHED
			"tool_use",
			"" },
		/* Thinking and the redacted blocks behind it are one part. */
		{ { START, OPEN(0, "'type':'thinking','thinking':'','signature':''"),
			  DELTA(0, "'type':'thinking_delta','thinking':'a'"),
			  DELTA(0, "'type':'thinking_delta','thinking':'b\\n'"),
			  DELTA(0, "'type':'signature_delta','signature':'SIG'"), CLOSE(0),
			  OPEN(1, "'type':'redacted_thinking','data':'RED'"), CLOSE(1),
			  OPEN(2, "'type':'text','text':'x'"), CLOSE(2), END("end_turn"), STOP },
			STARTED
			"R~{[a][b\\n]<ant {'b':[{'type':'thinking','thinking':'ab\\n','signature':'SIG'},"
			"{'type':'redacted_thinking','data':'RED'}]}>} T{[x]} " FINISHED "end_turn",
			"" },
		{ { START, OPEN(0, "'type':'redacted_thinking','data':'RED'"), CLOSE(0),
			  OPEN(1, "'type':'thinking','thinking':'','signature':'S'"), CLOSE(1),
			  OPEN(2, "'type':'thinking','thinking':'t'"), CLOSE(2), END("end_turn"),
			  STOP },
			STARTED
			"R~{<ant {'b':[{'type':'redacted_thinking','data':'RED'}]}>} R~{<ant {'b':[{'type':"
			"'thinking','thinking':'','signature':'S'}]}>} R~{[t]<ant {'b':[]}>} " FINISHED
			"end_turn",
			"" },
		/* What the provider's own tools do. */
		{ { START,
			  OPEN(0, "'type':'server_tool_use','id':'s','name':'web_search','input':{}"),
			  DELTA(0, "'type':'input_json_delta','partial_json':'{}'"), CLOSE(0),
			  OPEN(1, "'type':'web_search_tool_result','content':[]"), CLOSE(1),
			  OPEN(2, "'type':'text','text':'x'"), CLOSE(2), END("pause_turn"), STOP },
			STARTED "T{[x]} " FINISHED "pause_turn", "server_tool_blocks_dropped" },
		{ { START, OPEN(0, "'type':'text','text':''"), TEXT(0, "x"),
			  DELTA(0, "'type':'citations_delta','citation':{'type':'char_location'}"),
			  CLOSE(0), END("end_turn"), STOP },
			STARTED "T{[x]} " FINISHED "end_turn", "citations_lost" },
	};

	check_streams(rows, ARRAY_LEN(rows));
}

static void ends(void **state)
{
	static const struct row rows[] = {
		{ { START, END("model_context_window_exceeded"), STOP },
			STARTED FINISHED "model_context_window_exceeded", "" },
		{ { START, END("max_tokens"), STOP }, STARTED FINISHED "max_tokens", "" },
		{ { START, END("news"), STOP }, STARTED FINISHED "end_turn", "" },
		{ { START,
			  "{'type':'message_delta','delta':{'stop_reason':'stop_sequence','stop_sequence':'E\\n'}}",
			  STOP },
			STARTED "-1/-1/-1/-1 stop:stop_sequence E\\n", "" },
		{ { START,
			  "{'type':'message_delta','delta':{'stop_reason':'refusal','stop_details':{'type':"
			  "'refusal','category':'bio','explanation':'no'}},'usage':null}",
			  STOP },
			STARTED "-1/-1/-1/-1 stop:refusal no", "" },
		/* Without its last event: all has been said. */
		{ { START, OPEN(0, "'type':'text','text':'x'"), CLOSE(0), END("end_turn") },
			STARTED "T{[x]} " FINISHED "end_turn", "" },
		/* Without a reason. */
		{ { START, OPEN(0, "'type':'tool_use','id':'t','name':'f','input':{}"), STOP },
			STARTED "C{t,f:[{}]} stop:tool_use", "" },
		/* Broken off. */
		{ { START, OPEN(0, "'type':'text','text':'x'") },
			STARTED "T{[x]error:14 upstream stream ended without a finish reason", "" },
		{ { NULL }, "error:14 upstream stream ended without a finish reason", "" },
		/* An error, before and behind the first word. */
		{ { "{'type':'error','error':{'type':'overloaded_error','message':'Overloaded'}}" },
			"error:12 Overloaded", "" },
		{ { START, OPEN(0, "'type':'text','text':'x'"),
			  "{'type':'error','error':{'type':'rate_limit_error','message':'Slow'}}",
			  STOP },
			STARTED "T{[x]error:11 Slow", "" },
		/* What is none of its events. */
		{ { START, "[]" }, STARTED "error:14 upstream sent an event that cannot be read",
			"" },
		{ { START, TEXT(0, "x") },
			STARTED "error:14 upstream sent an event that cannot be read", "" },
		{ { START, OPEN(0, "'type':'text','text':'x'"), TEXT(1, "x") },
			STARTED "T{[x]error:14 upstream sent an event that cannot be read", "" },
		/* A block that never ended ends with the next. */
		{ { START, OPEN(0, "'type':'text','text':'x'"), OPEN(1, "'type':'text','text':'y'"),
			  CLOSE(0), TEXT(1, "z"), END("end_turn"), STOP },
			STARTED "T{[x]} T{[y][z]} " FINISHED "end_turn", "" },
		/* Without a beginning. */
		{ { OPEN(0, "'type':'text','text':'x'"), CLOSE(0), STOP },
			"start:,,-1/-1/-1/-1 T{[x]} stop:end_turn", "" },
	};

	check_streams(rows, ARRAY_LEN(rows));
}

static void bodies(void **state)
{
	static const struct {
		const char *body, *want, *warnings;
	} rows[] = {
		{ "{'content':[{'type':'thinking','thinking':'t','signature':'S'},{'type':'redacted_thinking',"
		  "'data':'D'},{'type':'text','text':'a','citations':null},{'type':'tool_use','id':'i','name':'f',"
		  "'input':{ 'a': [1.0] }},{'type':'tool_use','id':'j','name':'f','input':{}},{'type':"
		  "'web_fetch_tool_result','content':{}}],'id':'msg_1','model':'c','stop_reason':'tool_use',"
		  "'usage':{'input_tokens':1,'cache_read_input_tokens':2,'cache_creation_input_tokens':3,"
		  "'output_tokens':4}}",
			"start:msg_1,c,1/2/3/4 R~{[t]<ant {'b':[{'type':'thinking','thinking':'t','signature':'S'},"
			"{'type':'redacted_thinking','data':'D'}]}>} T{[a]} C{i,f:[{\\'a\\':[1.0]}]} C{j,f:[{}]} 1/2/3/4 "
			"stop:tool_use",
			"server_tool_blocks_dropped" },
		{ "{'id':'m','content':[],'stop_reason':'refusal','stop_details':{'explanation':'e'}}",
			"start:m,,-1/-1/-1/-1 -1/-1/-1/-1 stop:refusal e", "" },
		{ "{'id':'m','content':[{'type':'text','text':'x','citations':[{'a':1}]}],'stop_reason':null}",
			"start:m,,-1/-1/-1/-1 T{[x]} -1/-1/-1/-1 stop:end_turn", "citations_lost" },
		{ "{'type':'error','error':{'type':'overloaded_error','message':'Over'}}",
			"error:12 Over", "" },
		{ "<html>", "error:14 upstream sent no JSON", "" },
		{ "", "error:14 upstream sent no JSON", "" },
		{ "{'object':'list'}", "start:,,-1/-1/-1/-1 error:14 upstream sent no message",
			"" },
		{ "{'content':[5]}", "start:,,-1/-1/-1/-1 error:14 upstream sent no message", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct run r;
		begin(&r);
		decoder_body(&r.d, quoted(rows[i].body, r.a));
		assert_str(str_trim(buf_str(&r.out)), quoted(rows[i].want, r.a));
		assert_int_equal(r.ends, 1);
		check_warnings(&r, rows[i].warnings);
		end(&r);
	}
}

/* However lines are put: names and data in any order, data in several lines. */
static void frames(void **state)
{
	static const char *const ways[] = {
		"data: {\"type\":\"content_block_start\",\"index\":0,\ndata: \"content_block\":{\"type\":\"text\","
		"\"text\":\"abc\"}}\nevent: content_block_start\n\n",
		"event:content_block_start\r\ndata:{\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
		"{\"text\":\"abc\",\"type\":\"text\"}}\r\n\r\n",
		": comment\nid: 5\ndata: {\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"abc\"},\"type\":"
		"\"content_block_start\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct run r;
		begin(&r);
		feed(&r, START, true);
		decoder_frame(&r.d, str_from(ways[i]));
		/* The call before is ended while its event stands in the scratch. */
		decoder_frame(&r.d,
			STR("data: {\"type\":\"content_block_start\",\"index\":1,\ndata: "
			    "\"content_block\":{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"f\","
			    "\"input\":{\"a\":1}}}\n\n"));
		decoder_frame(&r.d,
			STR("data: {\"type\":\"content_block_start\",\"index\":2,\ndata: "
			    "\"content_block\":{\"type\":\"tool_use\",\"id\":\"j\",\"name\":\"g\"}}\n\n"));
		decoder_frame(&r.d, STR(": ping\n\n"));
		feed(&r, END("end_turn"), true);
		feed(&r, STOP, true);
		assert_str(str_trim(buf_str(&r.out)),
			quoted(STARTED
				"T{[abc]} C{i,f:[{\\'a\\':1}]} C{j,g:[{}]} -1/-1/-1/9(2) stop:end_turn",
				r.a));
		end(&r);
	}
}

/* Each event with a byte that is wrong, or without its end: events in order, one end, no more. */
static void damaged(void **state)
{
	static const char *const events[] = { START, OPEN(0, "'type':'thinking','thinking':'a'"),
		DELTA(0, "'type':'signature_delta','signature':'S'"), CLOSE(0),
		OPEN(1, "'type':'tool_use','id':'t','name':'f','input':{'a':1}"), CLOSE(1),
		OPEN(2, "'type':'text','text':'x'"), TEXT(2, "y"), CLOSE(2), END("end_turn"),
		STOP };

	for (size_t which = 0; which < ARRAY_LEN(events); which++)
		for (size_t at = 0; events[which][at] != '\0'; at++)
			for (const char *c = "\"{}[],:0\\x\n"; *c != '\0'; c++) {
				struct run r;
				begin(&r);
				for (size_t i = 0; i < ARRAY_LEN(events); i++) {
					char *copy = must_strdup(events[i]);
					if (i == which)
						copy[at] = *c == 'x' ? '\0' : *c;
					feed(&r, copy, at % 2 == 0);
					free(copy);
				}
				decoder_end(&r.d);
				assert_int_equal(r.ends, 1);
				end(&r);
			}
}

/* A long stream costs the arena no more than what must be sent back. */
static void long_streams(void **state)
{
	struct run r;
	size_t before;

	begin(&r);
	feed(&r, START, true);
	before = arena_used(r.a);
	for (unsigned i = 0; i < 10000; i++) {
		decoder_frame(&r.d,
			STR("data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{"
			    "\"type\":\"thinking\",\"thinking\":\"abc\",\"signature\":\"d\"}}\n\n"));
		decoder_frame(&r.d, STR("data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"));
		decoder_frame(&r.d,
			STR("data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\","
			    "\"stop_details\":{\"explanation\":\"e\"}}}\n\n"));
		decoder_frame(&r.d,
			STR("data: {\"type\":\"message_start\",\"message\":{\"id\":\"\\u0061\",\"model\":"
			    "\"\\u0061\"}}\n\n"));
	}
	assert_true(arena_used(r.a) - before < 4096);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams),
		cmocka_unit_test(ends),
		cmocka_unit_test(bodies),
		cmocka_unit_test(frames),
		cmocka_unit_test(damaged),
		cmocka_unit_test(long_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
