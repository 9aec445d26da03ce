/* SPDX-License-Identifier: MIT */
/* What must hold of every reply that is printed for a client, whatever a provider has sent: the grammar of the client's dialect, a good
 * end only behind a good end, and the same texts, arguments and token counts as in the neutral events. Tells by ending the program. */
#ifndef UNIT_LLM_REPLY_SHAPE_H
#define UNIT_LLM_REPLY_SHAPE_H

#include "llm/dialect.h"
#include "unit/wire/check.h"
#include "wire/json_text.h"
#include "wire/sse.h"

#include <yyjson.h>

enum { TOLD_CALLS_MAX = 64 };

/* What a reply says, by its events or by what the client is sent. */
struct told {
	struct buf text, reasoning;
	struct buf names; /* ids and names of the calls, of events only */
	enum stop_reason stop;
	struct buf arguments[TOLD_CALLS_MAX];
	size_t calls;
	bool stopped, failed, plain; /* plain: no tool that takes text was called */
	bool counted;                /* the client was told token counts */
	uint64_t in, cached, out;
	struct arena *a;
};

static void told_init(struct told *t, struct arena *a)
{
	*t = (struct told){ .a = a, .plain = true };
	buf_init(&t->text, SIZE_MAX);
	buf_init(&t->reasoning, SIZE_MAX);
	buf_init(&t->names, SIZE_MAX);
	for (size_t i = 0; i < TOLD_CALLS_MAX; i++)
		buf_init(&t->arguments[i], SIZE_MAX);
}

static void told_release(struct told *t)
{
	buf_release(&t->text);
	buf_release(&t->reasoning);
	buf_release(&t->names);
	for (size_t i = 0; i < TOLD_CALLS_MAX; i++)
		buf_release(&t->arguments[i]);
}

static struct buf *told_call(struct told *t, size_t i)
{
	return &t->arguments[i < TOLD_CALLS_MAX ? i : TOLD_CALLS_MAX - 1];
}

/* ---- the neutral events ---- */

/* Between a decoder and an encoder: sees that the events are as llm/event.h says, and hands them on as the core does. */
struct trace {
	struct sink sink;
	struct encoder *e;
	struct told told;
	bool started, open, signed_;
	enum part_kind part;
	struct usage usage;
};

static uint64_t trace_count(int64_t n)
{
	return n > 0 ? (uint64_t)n : 0;
}

static void trace_usage(struct trace *t, const struct usage *u)
{
	const int64_t all[] = { u->in, u->cache_read, u->cache_write, u->cache_write_1h, u->out,
		u->reasoning };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		CHECK(all[i] >= -1);
	usage_merge(&t->usage, u);
	t->told.in = trace_count(t->usage.in) + trace_count(t->usage.cache_read) +
		     trace_count(t->usage.cache_write);
	t->told.cached = trace_count(t->usage.cache_read);
	t->told.out = trace_count(t->usage.out);
}

static void trace_open(struct trace *t, const struct event *ev)
{
	CHECK(!t->open);
	CHECK(ev->part == PART_TEXT || ev->part == PART_CALL || ev->part == PART_REASONING);
	t->open = true;
	t->signed_ = false;
	t->part = ev->part;
	t->told.calls += ev->part == PART_CALL;
	if (ev->part == PART_CALL) {
		buf_add(&t->told.names, ev->id);
		buf_add_char(&t->told.names, ' ');
		buf_add(&t->told.names, ev->name);
		buf_add_char(&t->told.names, ' ');
	}
	if (ev->part == PART_CALL)
		t->told.plain =
			t->told.plain && !ev->freeform && encoder_tool(t->e, ev->name) == NULL;
}

static void trace_text(struct trace *t, struct str escaped)
{
	struct str text = json_unescape(escaped, t->told.a);

	CHECK(t->open);
	buf_add(t->part == PART_TEXT   ? &t->told.text
		: t->part == PART_CALL ? told_call(&t->told, t->told.calls - 1)
				       : &t->told.reasoning,
		text);
}

static void trace_event(struct trace *t, const struct event *ev)
{
	CHECK(!t->told.stopped && !t->told.failed);
	CHECK(t->started || ev->type == EV_START || ev->type == EV_ERROR || ev->type == EV_USAGE);
	switch (ev->type) {
	case EV_START:
		CHECK(!t->started);
		t->started = true;
		trace_usage(t, &ev->usage);
		break;
	case EV_USAGE:
		trace_usage(t, &ev->usage);
		break;
	case EV_OPEN:
		trace_open(t, ev);
		break;
	case EV_TEXT:
		trace_text(t, ev->text);
		break;
	case EV_SIGN:
		CHECK(t->open && t->part == PART_REASONING && !t->signed_);
		t->signed_ = true;
		break;
	case EV_CLOSE:
		CHECK(t->open);
		t->open = false;
		break;
	case EV_STOP:
		CHECK(!t->open && ev->stop != STOP_NONE);
		t->told.stopped = true;
		t->told.stop = ev->stop;
		break;
	case EV_ERROR:
		CHECK(ev->error != ERR_NONE);
		t->told.failed = true;
		break;
	default:
		CHECK(ev->type == EV_BEGIN);
	}
}

static void trace_put(struct sink *self, const struct event *ev)
{
	struct trace *t = container_of(self, struct trace, sink);

	trace_event(t, ev);
	if (ev->type != EV_ERROR || t->e->begun)
		encoder_put(t->e, ev);
}

static void trace_init(struct trace *t, struct encoder *e, struct arena *a)
{
	*t = (struct trace){ .sink = { .put = trace_put }, .e = e, .usage = USAGE_UNKNOWN };
	told_init(&t->told, a);
}

/* ---- JSON for clients ---- */

static yyjson_doc *told_read(struct str json, struct arena *a)
{
	struct str copy = arena_dup(a, json);

	CHECK(json_is_value(json));
	json_fix_surrogates((char *)(uintptr_t)copy.p, copy.n);
	yyjson_doc *doc = yyjson_read(
		copy.p, copy.n, YYJSON_READ_ALLOW_INVALID_UNICODE | YYJSON_READ_BIGNUM_AS_RAW);
	CHECK(doc != NULL);
	return doc;
}

static struct str told_str(yyjson_val *v)
{
	return (struct str){ yyjson_get_str(v), yyjson_get_len(v) };
}

static struct str told_member(yyjson_val *obj, const char *key)
{
	return told_str(yyjson_obj_get(obj, key));
}

static bool told_is(yyjson_val *obj, const char *key, const char *want)
{
	return str_eq(told_member(obj, key), str_from(want));
}

static uint64_t told_number(yyjson_val *obj, const char *key)
{
	yyjson_val *v = yyjson_obj_get(obj, key);

	CHECK(v == NULL || yyjson_is_uint(v));
	return yyjson_get_uint(v);
}

/* A value that must be one object, as arguments. */
static void told_object(struct told *t, struct buf *to, yyjson_val *v)
{
	size_t n = 0;
	char *text = yyjson_val_write(v, YYJSON_WRITE_ALLOW_INVALID_UNICODE, &n);

	CHECK(yyjson_is_obj(v) && text != NULL);
	buf_add(to, (struct str){ text, n });
	free(text);
}

/* ---- Anthropic ---- */

struct anthropic_judge {
	struct told *t;
	bool started, open, stopping;
	uint64_t index;
	char kind; /* of the open block: t, r, c */
};

static void anthropic_counts(struct told *t, yyjson_val *usage)
{
	t->counted = true;
	t->cached = told_number(usage, "cache_read_input_tokens");
	t->in = told_number(usage, "input_tokens") +
		told_number(usage, "cache_creation_input_tokens") + t->cached;
	t->out = told_number(usage, "output_tokens");
}

static char anthropic_kind(yyjson_val *block)
{
	CHECK(told_is(block, "type", "text") || told_is(block, "type", "thinking") ||
		told_is(block, "type", "tool_use"));
	return told_is(block, "type", "text")       ? 't'
	       : told_is(block, "type", "thinking") ? 'r'
						    : 'c';
}

static void anthropic_delta(struct anthropic_judge *j, yyjson_val *d)
{
	struct told *t = j->t;

	if (told_is(d, "type", "text_delta")) {
		CHECK(j->kind == 't');
		buf_add(&t->text, told_member(d, "text"));
	} else if (told_is(d, "type", "thinking_delta")) {
		CHECK(j->kind == 'r');
		buf_add(&t->reasoning, told_member(d, "thinking"));
	} else if (told_is(d, "type", "input_json_delta")) {
		CHECK(j->kind == 'c');
		buf_add(told_call(t, t->calls - 1), told_member(d, "partial_json"));
	} else {
		CHECK(told_is(d, "type", "signature_delta") && j->kind == 'r');
		CHECK(str_starts(told_member(d, "signature"), STR(NATIVE_PREFIX)));
	}
}

static void anthropic_frame(struct anthropic_judge *j, const struct sse_frame *f, yyjson_val *root)
{
	struct told *t = j->t;

	CHECK(str_eq(f->event, told_member(root, "type")));
	CHECK(!t->stopped && !t->failed);
	CHECK(j->started != str_eq(f->event, STR("message_start")));
	j->started = true;
	if (str_eq(f->event, STR("error"))) {
		t->failed = true;
	} else if (str_eq(f->event, STR("content_block_start"))) {
		CHECK(!j->open && !j->stopping && told_number(root, "index") == j->index);
		j->open = true;
		j->kind = anthropic_kind(yyjson_obj_get(root, "content_block"));
		t->calls += j->kind == 'c';
	} else if (str_eq(f->event, STR("content_block_delta"))) {
		CHECK(j->open && told_number(root, "index") == j->index);
		anthropic_delta(j, yyjson_obj_get(root, "delta"));
	} else if (str_eq(f->event, STR("content_block_stop"))) {
		CHECK(j->open && told_number(root, "index") == j->index++);
		j->open = false;
	} else if (str_eq(f->event, STR("message_delta"))) {
		CHECK(!j->open && !j->stopping);
		j->stopping = true;
		anthropic_counts(t, yyjson_obj_get(root, "usage"));
	} else if (str_eq(f->event, STR("message_stop"))) {
		CHECK(j->stopping);
		t->stopped = true;
	} else {
		CHECK(str_eq(f->event, STR("message_start")));
	}
}

static void anthropic_whole(struct told *t, yyjson_val *root)
{
	yyjson_val *b;
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(root, "content"));

	while ((b = yyjson_arr_iter_next(&it)) != NULL) {
		char kind = anthropic_kind(b);
		if (kind == 't')
			buf_add(&t->text, told_member(b, "text"));
		else if (kind == 'r')
			buf_add(&t->reasoning, told_member(b, "thinking"));
		else
			told_object(t, told_call(t, t->calls++), yyjson_obj_get(b, "input"));
	}
	anthropic_counts(t, yyjson_obj_get(root, "usage"));
	t->stopped = yyjson_is_str(yyjson_obj_get(root, "stop_reason"));
}

/* ---- Chat Completions ---- */

struct openai_judge {
	struct told *t;
	struct str id, model;
	bool finished;
};

static void openai_counts(struct told *t, yyjson_val *usage)
{
	if (!yyjson_is_obj(usage))
		return;
	t->counted = true;
	t->in = told_number(usage, "prompt_tokens");
	t->out = told_number(usage, "completion_tokens");
	t->cached = told_number(yyjson_obj_get(usage, "prompt_tokens_details"), "cached_tokens");
	CHECK(told_number(usage, "total_tokens") == t->in + t->out);
}

static void openai_message(struct told *t, yyjson_val *m, bool whole)
{
	yyjson_val *call;
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(m, "tool_calls"));

	buf_add(&t->text, told_member(m, "content"));
	buf_add(&t->reasoning, told_member(m, "reasoning_content"));
	while ((call = yyjson_arr_iter_next(&it)) != NULL) {
		yyjson_val *function = yyjson_obj_get(call, "function");
		CHECK(whole ||
			told_number(call, "index") == t->calls - (told_member(call, "id").n == 0));
		t->calls += told_member(call, "id").n > 0;
		buf_add(told_call(t, t->calls - 1), told_member(function, "arguments"));
	}
}

static void openai_frame(struct openai_judge *j, const struct sse_frame *f, yyjson_val *root)
{
	struct told *t = j->t;
	yyjson_val *choice = yyjson_arr_get_first(yyjson_obj_get(root, "choices"));

	CHECK(f->event.n == 0 && !t->stopped && !t->failed);
	if (yyjson_is_obj(yyjson_obj_get(root, "error"))) {
		t->failed = true;
		return;
	}
	CHECK(j->id.n == 0 || (str_eq(j->id, told_member(root, "id")) &&
				      str_eq(j->model, told_member(root, "model"))));
	j->id = arena_dup(t->a, told_member(root, "id"));
	j->model = arena_dup(t->a, told_member(root, "model"));
	CHECK(choice == NULL || !j->finished);
	j->finished = j->finished || yyjson_is_str(yyjson_obj_get(choice, "finish_reason"));
	openai_message(t, yyjson_obj_get(choice, "delta"), false);
	openai_counts(t, yyjson_obj_get(root, "usage"));
}

static void openai_whole(struct told *t, yyjson_val *root)
{
	yyjson_val *choice = yyjson_arr_get_first(yyjson_obj_get(root, "choices"));

	openai_message(t, yyjson_obj_get(choice, "message"), true);
	openai_counts(t, yyjson_obj_get(root, "usage"));
	t->stopped = yyjson_is_str(yyjson_obj_get(choice, "finish_reason"));
}

/* ---- Responses ---- */

struct responses_judge {
	struct told *t;
	uint64_t sequence, index;
	bool open;
	struct buf delta; /* of the open item */
	yyjson_mut_doc *done;
	yyjson_mut_val *items;
};

static void responses_counts(struct told *t, yyjson_val *usage)
{
	if (!yyjson_is_obj(usage))
		return;
	t->counted = true;
	t->in = told_number(usage, "input_tokens");
	t->out = told_number(usage, "output_tokens");
	t->cached = told_number(yyjson_obj_get(usage, "input_tokens_details"), "cached_tokens");
	CHECK(told_number(usage, "total_tokens") == t->in + t->out);
}

static void responses_item(struct told *t, yyjson_val *item)
{
	yyjson_val *piece;
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(item, "content"));

	while ((piece = yyjson_arr_iter_next(&it)) != NULL)
		buf_add(&t->text, told_member(piece, "text"));
	it = yyjson_arr_iter_with(yyjson_obj_get(item, "summary"));
	while ((piece = yyjson_arr_iter_next(&it)) != NULL)
		buf_add(&t->reasoning, told_member(piece, "text"));
	if (told_is(item, "type", "function_call") || told_is(item, "type", "custom_tool_call"))
		buf_add(told_call(t, t->calls++), told_member(item, "arguments"));
}

static bool told_ends(struct str text, const char *end)
{
	struct str e = str_from(end);

	return text.n >= e.n && str_eq(str_from_offset(text, text.n - e.n), e);
}

static void responses_text_done(struct responses_judge *j, yyjson_val *root)
{
	static const char *const names[] = { "text", "arguments", "input" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (yyjson_is_str(yyjson_obj_get(root, names[i])))
			CHECK(str_eq(told_member(root, names[i]), buf_str(&j->delta)));
}

static void responses_end(struct responses_judge *j, struct str type, yyjson_val *response)
{
	yyjson_val *output = yyjson_obj_get(response, "output"), *item;
	yyjson_arr_iter it = yyjson_arr_iter_with(output);
	yyjson_mut_arr_iter done = yyjson_mut_arr_iter_with(j->items);

	j->t->failed = str_eq(type, STR("response.failed"));
	j->t->stopped = !j->t->failed;
	CHECK(j->t->failed || !j->open);
	CHECK(yyjson_arr_size(output) == yyjson_mut_arr_size(j->items));
	while ((item = yyjson_arr_iter_next(&it)) != NULL) {
		yyjson_mut_val *copy = yyjson_val_mut_copy(j->done, item);
		CHECK(yyjson_mut_equals(yyjson_mut_arr_iter_next(&done), copy));
	}
	responses_counts(j->t, yyjson_obj_get(response, "usage"));
}

static void responses_frame(struct responses_judge *j, const struct sse_frame *f, yyjson_val *root)
{
	struct str type = told_member(root, "type");
	yyjson_val *item = yyjson_obj_get(root, "item");

	CHECK(str_eq(f->event, type) && told_number(root, "sequence_number") == j->sequence++);
	CHECK(!j->t->stopped && !j->t->failed);
	CHECK((j->sequence == 1) == str_eq(type, STR("response.created")));
	if (yyjson_obj_get(root, "output_index") != NULL)
		CHECK(told_number(root, "output_index") == j->index);
	if (str_eq(type, STR("response.output_item.added"))) {
		CHECK(!j->open);
		j->open = true;
		buf_clear(&j->delta);
	} else if (str_eq(type, STR("response.output_item.done"))) {
		CHECK(j->open);
		j->open = false;
		j->index++;
		responses_item(j->t, item);
		yyjson_mut_arr_append(j->items, yyjson_val_mut_copy(j->done, item));
	} else if (told_ends(type, ".delta")) {
		CHECK(j->open);
		buf_add(&j->delta, told_member(root, "delta"));
	} else if (told_ends(type, ".done")) {
		CHECK(j->open);
		responses_text_done(j, root);
	} else if (str_eq(type, STR("response.completed")) ||
		   str_eq(type, STR("response.failed")) ||
		   str_eq(type, STR("response.incomplete"))) {
		responses_end(j, type, yyjson_obj_get(root, "response"));
	}
}

static void responses_whole(struct told *t, yyjson_val *root)
{
	yyjson_val *item;
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(root, "output"));

	while ((item = yyjson_arr_iter_next(&it)) != NULL)
		responses_item(t, item);
	responses_counts(t, yyjson_obj_get(root, "usage"));
	t->stopped = told_is(root, "status", "completed") || told_is(root, "status", "incomplete");
}

/* ---- Gemini ---- */

static void gemini_parts(struct told *t, yyjson_val *parts)
{
	yyjson_val *p;
	yyjson_arr_iter it = yyjson_arr_iter_with(parts);

	while ((p = yyjson_arr_iter_next(&it)) != NULL) {
		yyjson_val *call = yyjson_obj_get(p, "functionCall");
		bool thought = yyjson_get_bool(yyjson_obj_get(p, "thought"));
		buf_add(thought ? &t->reasoning : &t->text, told_member(p, "text"));
		if (call != NULL)
			told_object(t, told_call(t, t->calls++), yyjson_obj_get(call, "args"));
	}
}

/* A chunk, or a whole reply. */
static void gemini_chunk(struct told *t, yyjson_val *root)
{
	yyjson_val *c = yyjson_arr_get_first(yyjson_obj_get(root, "candidates"));
	yyjson_val *usage = yyjson_obj_get(root, "usageMetadata");

	CHECK(!t->stopped && !t->failed);
	if (yyjson_is_obj(yyjson_obj_get(root, "error"))) {
		t->failed = true;
		return;
	}
	gemini_parts(t, yyjson_obj_get(yyjson_obj_get(c, "content"), "parts"));
	t->stopped = yyjson_is_str(yyjson_obj_get(c, "finishReason"));
	if (usage == NULL)
		return;
	t->counted = true;
	t->in = told_number(usage, "promptTokenCount");
	t->cached = told_number(usage, "cachedContentTokenCount");
	t->out = told_number(usage, "candidatesTokenCount") +
		 told_number(usage, "thoughtsTokenCount");
	CHECK(told_number(usage, "totalTokenCount") == t->in + t->out);
}

/* ---- all ---- */

struct judge {
	const struct dialect *d;
	struct anthropic_judge anthropic;
	struct openai_judge openai;
	struct responses_judge responses;
	struct told *t;
};

static void judge_frame(struct judge *j, const struct sse_frame *f)
{
	if (j->d == &dialect_openai && str_eq(f->data, STR("[DONE]"))) {
		CHECK(j->openai.finished && !j->t->failed && !j->t->stopped);
		j->t->stopped = true;
		return;
	}
	yyjson_doc *doc = told_read(f->data, j->t->a);
	yyjson_val *root = yyjson_doc_get_root(doc);
	if (j->d == &dialect_anthropic)
		anthropic_frame(&j->anthropic, f, root);
	else if (j->d == &dialect_openai)
		openai_frame(&j->openai, f, root);
	else if (j->d == &dialect_responses)
		responses_frame(&j->responses, f, root);
	else
		gemini_chunk(j->t, root);
	yyjson_doc_free(doc);
}

static void judge_stream(struct told *t, const struct dialect *d, struct str bytes)
{
	struct judge j = { .d = d, .anthropic = { .t = t }, .openai = { .t = t }, .t = t };
	struct sse_scanner s = { 0 };
	struct sse_frame f;
	struct buf none;

	buf_init(&none, SIZE_MAX);
	j.responses.t = t;
	j.responses.done = yyjson_mut_doc_new(NULL);
	j.responses.items = yyjson_mut_arr(j.responses.done);
	buf_init(&j.responses.delta, SIZE_MAX);
	while (bytes.n > 0) {
		size_t n = sse_scan(&s, bytes);
		if (n == 0)
			break;
		sse_parse((struct str){ bytes.p, n }, &none, &f);
		if (f.has_data)
			judge_frame(&j, &f);
		bytes = str_from_offset(bytes, n);
	}
	CHECK(sse_at_boundary(&s)); /* whole frames only */
	buf_release(&j.responses.delta);
	buf_release(&none);
	yyjson_mut_doc_free(j.responses.done);
}

static void judge_whole(struct told *t, const struct dialect *d, struct str body)
{
	yyjson_doc *doc;

	if (body.n == 0)
		return;
	doc = told_read(body, t->a);
	yyjson_val *root = yyjson_doc_get_root(doc);
	if (d == &dialect_anthropic)
		anthropic_whole(t, root);
	else if (d == &dialect_openai)
		openai_whole(t, root);
	else if (d == &dialect_responses)
		responses_whole(t, root);
	else
		gemini_chunk(t, root);
	yyjson_doc_free(doc);
}

/* Arguments as values: a client may be sent another way to write the same. What was no object is told in one. */
static void judge_arguments(struct str want, struct str got, bool whole, struct arena *a)
{
	want = str_trim(want);
	if (json_is_object(want)) {
		yyjson_doc *w = told_read(want, a), *g = told_read(got, a);
		CHECK(yyjson_equals(yyjson_doc_get_root(w), yyjson_doc_get_root(g)));
		yyjson_doc_free(w);
		yyjson_doc_free(g);
	} else if (want.n == 0) {
		CHECK(got.n == 0 || str_eq(got, STR("{}")) || !whole);
	}
}

/* `want` of the events, `got` of the client. exact: no surrogates are in it, which may be cut in two. */
static void judge_same(
	const struct told *want, const struct told *got, const struct dialect *d, bool exact)
{
	CHECK(want->stopped == got->stopped && (want->failed == got->failed || !got->failed));
	if (exact && want->stopped) {
		CHECK(str_eq(buf_str(&want->text), buf_str(&got->text)));
		CHECK(str_eq(buf_str(&want->reasoning), buf_str(&got->reasoning)));
	}
	if (!want->stopped)
		return;
	CHECK(want->calls == got->calls);
	for (size_t i = 0; exact && want->plain && i < want->calls && i < TOLD_CALLS_MAX - 1; i++)
		judge_arguments(buf_str(&want->arguments[i]), buf_str(&got->arguments[i]),
			d == &dialect_anthropic || d == &dialect_gemini, want->a);
	if (got->counted)
		CHECK(want->in == got->in && want->out == got->out && want->cached == got->cached &&
			got->cached <= got->in);
}

#endif
