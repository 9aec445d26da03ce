/* SPDX-License-Identifier: MIT */
/* How replies are written: the grammar of streams, faults, scripts, structured output, images. */
#include "unit/sim/sim_check.h"

#include "sim/image.h"
#include "sim/sample.h"
#include "sim/tokens.h"
#include "wire/sse.h"

#define ASK "'model':'claude-opus-4-6','max_tokens':900,'messages':[{'role':'user','content':'w'}]"
#define SCRIPT \
	"{'content':[{'type':'thinking','thinking':'grün, 🙂 and more than one piece of it'},{'type':'text','text':'@400'}," \
	"{'type':'tool_use','id':'t1','name':'a','input':{'s':'\\u00e4 \\\" \\\\','n':[1,2.5,null]}}]}"

/* ---- streams ---- */

struct reading {
	unsigned starts, stops, deltas, ends;
	int64_t open, next; /* index of the open block, -1; of the next one */
	struct buf text[8];
	bool done;
};

static void read_event(struct reading *r, struct str name, yyjson_val *v)
{
	int64_t index = yyjson_get_sint(yyjson_obj_get(v, "index"));
	yyjson_val *delta = yyjson_obj_get(v, "delta");

	assert_false(r->done);
	assert_true(str_eq(name, tree_get(v, "type")));
	if (str_eq(name, STR("message_start"))) {
		r->starts++;
	} else if (str_eq(name, STR("content_block_start"))) {
		assert_int_equal(r->open, -1);
		assert_int_equal(index, r->next);
		r->open = r->next++;
	} else if (str_eq(name, STR("content_block_delta"))) {
		assert_int_equal(index, r->open);
		r->deltas++;
		buf_add(&r->text[index], tree_get(delta, "text"));
		buf_add(&r->text[index], tree_get(delta, "thinking"));
		buf_add(&r->text[index], tree_get(delta, "partial_json"));
	} else if (str_eq(name, STR("content_block_stop"))) {
		assert_int_equal(index, r->open);
		r->open = -1;
	} else if (str_eq(name, STR("message_delta"))) {
		assert_int_equal(r->open, -1);
		assert_true(tree_is(delta, "stop_reason", "tool_use"));
		r->ends++;
	} else if (str_eq(name, STR("message_stop"))) {
		r->done = true;
	} else {
		assert_true(str_eq(name, STR("ping")));
	}
}

static void read_stream(struct reading *r, struct str bytes)
{
	struct sse_scanner scanner = { 0 };
	struct sse_frame frame;
	struct buf scratch;
	size_t n;

	*r = (struct reading){ .open = -1 };
	for (unsigned i = 0; i < 8; i++)
		buf_init(&r->text[i], SIZE_MAX);
	buf_init(&scratch, SIZE_MAX);
	while ((n = sse_scan(&scanner, bytes)) > 0) {
		sse_parse((struct str){ bytes.p, n }, &scratch, &frame);
		yyjson_doc *doc = yyjson_read(frame.data.p, frame.data.n, 0);
		assert_non_null(doc);
		read_event(r, frame.event, yyjson_doc_get_root(doc));
		yyjson_doc_free(doc);
		bytes = str_from_offset(bytes, n);
	}
	assert_int_equal(bytes.n, 0);
	buf_release(&scratch);
}

static void check_text(struct buf *b, struct str want)
{
	assert_true(str_eq(buf_str(b), want));
}

/* The same reply in pieces of every size; each frame is whole events, or none. */
static void test_stream(void **state)
{
	struct reading r;
	struct site s;

	(void)state;
	for (size_t piece = 1; piece < 40; piece++) {
		site_open(&s);
		s.options.pace = (struct pace){ 300, 8000, piece };
		queue(&s.engine->script, SCRIPT);
		struct engine_reply *reply =
			ask(&s, &(struct question){ .body = "{'stream':true," ASK "}" });
		struct buf b = bytes_of(reply), words = expand("@400");
		read_stream(&r, buf_str(&b));
		assert_int_equal(r.starts, 1);
		assert_int_equal(r.ends, 1);
		assert_true(r.done);
		check_text(&r.text[0], STR("grün, 🙂 and more than one piece of it"));
		check_text(&r.text[1], buf_str(&words));
		check_text(&r.text[2], STR("{\"s\":\"ä \\\" \\\\\",\"n\":[1,2.5,null]}"));
		for (size_t i = 1; i < reply->frames.n; i++)
			assert_true(reply->frames.v[i].at_ms >= reply->frames.v[i - 1].at_ms);
		assert_int_equal(reply->frames.v[0].at_ms, 300);
		assert_true(reply->frames.v[reply->frames.n - 1].at_ms > 300 + 400 * 8);
		for (unsigned i = 0; i < 8; i++)
			buf_release(&r.text[i]);
		buf_release(&b);
		buf_release(&words);
		engine_ended(s.engine, reply, true);
		site_close(&s);
	}
}

/* Without anything scripted: the same request, the same words. */
static void test_deterministic(void **state)
{
	struct buf said[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct site s;
		site_open(&s);
		struct engine_reply *r = ask(&s, &(struct question){ .body = "{" ASK "}" });
		said[i] = bytes_of(r);
		engine_ended(s.engine, r, true);
		site_close(&s);
	}
	assert_true(str_eq(buf_str(&said[0]), buf_str(&said[1])));
	buf_release(&said[0]);
	buf_release(&said[1]);
}

/* ---- scripts ---- */

static void expect_text(struct site *s, const char *script, const char *want)
{
	unsigned status;
	yyjson_doc *doc =
		tell(s, &(struct question){ .body = "{" ASK "}", .script = script }, &status);
	struct str text = tree_get(yyjson_ptr_get(yyjson_doc_get_root(doc), "/content/0"), "text");

	if (!str_starts(text, str_from(want)))
		fail_msg("wanted %s, got %.*s", want, STR_ARG(text));
	yyjson_doc_free(doc);
}

static void test_queues(void **state)
{
	struct site s;

	(void)state;
	site_open(&s);
	queue(&s.engine->script,
		"[{'text':'one'},{'id':'x','text':'x one'},{'text':'two','times':2},{'id':'x','text':'x two'}]");
	assert_int_equal(s.engine->script.n, 5);
	expect_text(&s, NULL, "one");
	expect_text(&s, "x", "x one");
	expect_text(&s, NULL, "two");
	expect_text(&s, "x", "x two");
	expect_text(&s, "x", "This is a simulated");
	expect_text(&s, NULL, "two");
	expect_text(&s, NULL, "This is a simulated");
	assert_int_equal(s.engine->script.n, 0);
	site_close(&s);
}

/* ---- faults ---- */

struct fault_row {
	const char *fault;
	unsigned status;
	enum reply_end end;
	bool headless;
	int64_t first_ms, last_ms; /* -1: any */
	size_t bytes;              /* 0: any */
	const char *ends;          /* with these bytes */
};

static const struct fault_row fault_rows[] = {
	{ "{'delay_ms':700}", 200, END_WHOLE, false, 700, 700, 0, "message_stop\"}\n\n" },
	{ "{'stall_after':10,'stall_ms':5000}", 200, END_WHOLE, false, 0, 5000, 0,
		"message_stop\"}\n\n" },
	{ "{'stall_after':10}", 200, END_NEVER, false, 0, 0, 10, "" },
	{ "{'cut_after':50}", 200, END_CUT, false, 0, 0, 50, "" },
	{ "{'cut_after':0,'delay_ms':30}", 200, END_CUT, true, 30, 30, 0, "" },
	{ "{'reset_after':7}", 200, END_RESET, false, 0, 0, 7, "" },
	{ "{'reset_after':0}", 200, END_RESET, true, 0, 0, 0, "" },
	{ "{'garbage_after':20}", 200, END_WHOLE, false, 0, 0, 0, "[[[\r\n\r\n" },
	{ "{'error':'overloaded_error','error_after':100}", 200, END_WHOLE, false, 0, 0, 0,
		"simulated failure\"}}\n\n" },
	{ "{'error':'api_error'}", 200, END_WHOLE, false, 0, 0, 96, "simulated failure\"}}\n\n" },
	{ "{'slow_bytes':100,'slow_ms':20}", 200, END_WHOLE, false, 0, -1, 0,
		"message_stop\"}\n\n" },
	{ "{'status':529}", 529, END_WHOLE, false, 0, 0, 0, "" },
	{ "{'status':500,'body':'<html>'}", 500, END_WHOLE, false, 0, 0, 6, "<html>" },
	{ "{'status':429,'body':{'a':1},'headers':{'retry-after':'7'},'cut_after':3}", 429, END_CUT,
		false, 0, 0, 3, "{\"a" },
};

static void check_fault(const struct fault_row *f, bool named)
{
	struct site s;
	struct question q = { .body = "{'stream':true," ASK "}" };
	struct buf fault = expand(f->fault);

	site_open(&s);
	buf_add_char(&fault, '\0');
	if (named)
		q.fault = fault.p;
	else
		queue(&s.engine->faults, f->fault);
	queue(&s.engine->script, "{'text':'@300'}");
	struct engine_reply *r = ask(&s, &q);
	struct buf b = bytes_of(r);
	bool ok = r->status == f->status && r->end == f->end && r->headless == f->headless &&
		  r->frames.n > 0 && r->frames.v[0].at_ms == f->first_ms &&
		  (f->last_ms < 0 || r->frames.v[r->frames.n - 1].at_ms == f->last_ms) &&
		  (f->bytes == 0 || b.n == f->bytes) && str_ends(buf_str(&b), str_from(f->ends));
	if (!ok)
		fail_msg("%s: %u, %d, %zu bytes, at %lld: %s", f->fault, r->status, (int)r->end,
			b.n, (long long)r->frames.v[0].at_ms, b.p);
	buf_release(&b);
	buf_release(&fault);
	engine_ended(s.engine, r, true);
	r = ask(&s, &(struct question){ .body = "{" ASK "}" });
	assert_int_equal(r->status, 200); /* once only */
	engine_ended(s.engine, r, true);
	site_close(&s);
}

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fault_rows); i++) {
		check_fault(&fault_rows[i], false);
		check_fault(&fault_rows[i], true);
	}
}

static void test_fault_descriptions(void **state)
{
	static const char *const wrong[] = { "7", "{'status':99}", "{'delay_ms':-1}", "{'delay':1}",
		"{'headers':[]}", "{'headers':{'a':'b\\n'}}" };
	struct arena *a = arena_new();
	struct refusal why;
	struct fault f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct buf b = expand(wrong[i]);
		yyjson_doc *doc = yyjson_read(b.p, b.n, 0);
		assert_non_null(doc);
		assert_false(fault_read(&f, yyjson_doc_get_root(doc), a, &why));
		yyjson_doc_free(doc);
		buf_release(&b);
	}
	arena_free(a);
}

/* ---- pieces ---- */

static const struct {
	const char *text;
	int64_t n;
} pieces[] = {
	{ "", 0 },
	{ "word", 1 },
	{ "sixsix", 1 },
	{ "seventh", 2 },
	{ "two words", 2 },
	{ "two  blanks", 3 },
	{ "\ttab", 1 },
	{ "line\n\n\nline", 3 },
	{ "\r\n", 1 },
	{ "123", 1 },
	{ "1234", 2 },
	{ "a1", 2 },
	{ "====", 1 },
	{ "=====", 2 },
	{ "=-", 2 },
	{ "f(x);", 5 },
	{ "ä", 1 },
	{ "äöü", 2 },
	{ "漢字", 2 },
	{ "🙂", 2 },
	{ "naïve", 3 },
};

static void test_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
		if (token_pieces(str_from(pieces[i].text)) != pieces[i].n)
			fail_msg("%s: %lld", pieces[i].text,
				(long long)token_pieces(str_from(pieces[i].text)));
}

/* The first bytes of images of 30 by 25 pixels, and of what is none. */
static void test_images(void **state)
{
	static const struct {
		const char *data;
		bool ok;
	} rows[] = {
		{ "iVBORw0KGgoAAAANSUhEUgAAAB4AAAAZCAIAAAA=", true },
		{ "R0lGODlhHgAZAAAA", true },
		{ "/9j/4AAEAAD/wAARCAAZAB4D", true },
		{ "UklGRgAAAABXRUJQVlA4WAoAAAAAAAAAHQAAGAAA", true },
		{ "AAAA", false },
		{ "iVBORw0K", false },
		{ "?", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t w = 0, h = 0;
		bool ok = image_size(str_from(rows[i].data), &w, &h);
		if (ok != rows[i].ok || (ok && (w != 30 || h != 25)))
			fail_msg("%s: %lld by %lld", rows[i].data, (long long)w, (long long)h);
	}
	assert_int_equal(tokens_of_image(TOKENIZER_CLASSIC, 1000, 1000), 1334);
	assert_int_equal(tokens_of_image(TOKENIZER_CLASSIC, 4000, 4000), 1600);
}

static void test_samples(void **state)
{
	static const struct {
		const char *schema, *sample;
	} rows[] = {
		{ "{'type':'object','properties':{'title':{'type':'string'},'n':{'type':'integer'}}}",
			"{'title':'simulated','n':0}" },
		{ "{'enum':['x','y']}", "'x'" },
		{ "{'type':'array','items':{'type':'boolean'},'minItems':1}", "[false]" },
		{ "{'type':'array'}", "[]" },
		{ "{'anyOf':[{'type':'null'},{'type':'string'}]}", "null" },
		{ "{'const':{'a':[1]}}", "{'a':[1]}" },
		{ "{'type':['number','null']}", "0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf schema = expand(rows[i].schema), want = expand(rows[i].sample), b;
		yyjson_doc *doc = yyjson_read(schema.p, schema.n, 0);
		buf_init(&b, SIZE_MAX);
		sample_print(&b, yyjson_doc_get_root(doc));
		assert_true(str_eq(buf_str(&b), buf_str(&want)));
		yyjson_doc_free(doc);
		buf_release(&schema);
		buf_release(&want);
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_fault_descriptions),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
