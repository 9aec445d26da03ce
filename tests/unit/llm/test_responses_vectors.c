/* SPDX-License-Identifier: MIT */
/* The vectors of tests/vectors in which one side speaks Responses, through the modules themselves: the request as it is printed, the
 * reply as it is encoded, however its bytes are cut. */
#include "unit/base/check.h"

#include "llm/dialect.h"
#include "wire/json_text.h"
#include "wire/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <yyjson.h>

struct vector {
	const char *name;
	const struct dialect *client, *provider;
	const char *flavor, *model;
	const char *caps[3]; /* name, value, NULL */
	const char *warnings;
};

#define A &dialect_anthropic
#define C &dialect_openai
#define G &dialect_gemini
#define R &dialect_responses
static const struct vector vectors[] = {
	{ "a2r_incomplete", A, R, "openai", "gpt-6.1-sol", { NULL }, "" },
	{ "a2r_mid_system_and_images", A, R, "openai", "gpt-6.1-sol", { NULL }, "" },
	{ "a2r_refusal_error_midstream", A, R, "openai", "gpt-6.1-sol", { NULL }, "" },
	{ "a2r_text_stream", A, R, "openai", "gpt-6.1-sol", { "sampling", "false", NULL },
		"max_tokens_raised,temperature_dropped" },
	{ "a2r_toolloop_history", A, R, "openai", "gpt-6.1-sol", { NULL }, "" },
	{ "r2a_codex_tools_stream", R, A, "anthropic", "claude-sonnet-4-6", { NULL },
		"server_tool_dropped,custom_tool_wrapped" },
	{ "r2a_error_midstream", R, A, "anthropic", "claude-sonnet-4-6", { NULL }, "" },
	{ "r2a_history", R, A, "anthropic", "claude-sonnet-4-6", { NULL }, "custom_tool_wrapped" },
	{ "r2a_namespace_tool", R, A, "anthropic", "claude-sonnet-4-6", { NULL }, "" },
	{ "r2a_previous_response_refused", R, A, "anthropic", "claude-sonnet-4-6", { NULL }, "" },
	{ "r2a_refusal_stream", R, A, "anthropic", "claude-sonnet-4-6", { NULL }, "" },
	{ "r2a_text_stream", R, A, "anthropic", "claude-sonnet-4-6", { NULL }, "" },
	{ "r2c_deepseek_reasoning_stream", R, C, "deepseek", "deepseek-v4-pro", { NULL }, "" },
	{ "r2c_history", R, C, "openai", "gpt-4o-mini", { NULL }, "reasoning_history_dropped" },
	{ "r2c_text_stream", R, C, "openai", "gpt-4o-mini", { NULL }, "verbosity_dropped" },
	{ "r2g_tool_stream", R, G, "gemini", "gemini-3.8-flash", { NULL }, "" },
};

struct run {
	const struct vector *v;
	struct arena *a;
	struct chat chat;
	struct content content;
	struct target target;
	struct sink sink;
	struct encoder encoder;
	struct buf out;
	struct err error; /* of a reply that never began */
};

/* ---- files ---- */

static bool read_file(const struct vector *v, const char *file, struct arena *a, struct str *ret)
{
	struct str path = arena_printf(a, "%s/vectors/%s/%s", TESTS_DIR, v->name, file);
	FILE *f = fopen(path.p, "rb");
	char piece[4096];
	struct buf b;

	if (f == NULL)
		return false;
	buf_init(&b, SIZE_MAX);
	for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
		buf_add(&b, (struct str){ piece, n });
	fclose(f);
	*ret = arena_dup(a, buf_str(&b));
	buf_release(&b);
	return true;
}

static struct str need_file(const struct vector *v, const char *file, struct arena *a)
{
	struct str s = { NULL, 0 };

	if (!read_file(v, file, a, &s))
		fail_msg("%s: no %s", v->name, file);
	return s;
}

/* ---- comparing ---- */

static void check_json(const struct vector *v, struct str got, struct str want)
{
	yyjson_doc *g = yyjson_read(got.p, got.n, YYJSON_READ_NUMBER_AS_RAW);
	yyjson_doc *w = yyjson_read(want.p, want.n, YYJSON_READ_NUMBER_AS_RAW);

	if (g == NULL || !yyjson_equals(yyjson_doc_get_root(g), yyjson_doc_get_root(w)))
		fail_msg("%s:\ngot  %.*s\nwant %.*s", v->name, STR_ARG(got), STR_ARG(want));
	yyjson_doc_free(g);
	yyjson_doc_free(w);
}

/* The next frame that is neither a comment nor a ping. */
static bool next_frame(struct str *rest, struct sse_frame *ret)
{
	struct sse_scanner s = { 0 };
	struct buf none;

	buf_init(&none, SIZE_MAX);
	while (rest->n > 0) {
		size_t n = sse_scan(&s, *rest);
		n = n > 0 ? n : rest->n;
		sse_parse((struct str){ rest->p, n }, &none, ret);
		*rest = str_from_offset(*rest, n);
		if (ret->has_data && !str_eq(ret->event, STR("ping")))
			return true;
	}
	return false;
}

static void check_stream(const struct vector *v, struct str got, struct str want)
{
	struct sse_frame g, w;

	while (next_frame(&want, &w)) {
		if (!next_frame(&got, &g))
			fail_msg("%s: nothing, but not %.*s", v->name, STR_ARG(w.data));
		if (!str_eq(g.event, w.event))
			fail_msg("%s: got event %.*s, want %.*s", v->name, STR_ARG(g.event),
				STR_ARG(w.event));
		if (!str_eq(g.data, w.data)) /* "[DONE]" */
			check_json(v, g.data, w.data);
	}
	if (next_frame(&got, &g))
		fail_msg("%s: too much, %.*s", v->name, STR_ARG(g.data));
}

/* ---- running ---- */

static void put(struct sink *self, const struct event *ev)
{
	struct run *r = container_of(self, struct run, sink);

	if (ev->type == EV_ERROR && !r->encoder.begun) {
		err_set(&r->error, ev->error, "%.*s", STR_ARG(ev->detail));
		return;
	}
	encoder_put(&r->encoder, ev);
}

static void check_warnings(const struct run *r)
{
	const struct warnings *w = &r->content.warnings;
	struct buf b;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < w->n; i++)
		buf_addf(&b, "%s%.*s", i > 0 ? "," : "", STR_ARG(w->v[i]));
	if (!str_eq(buf_str(&b), str_from(r->v->warnings)))
		fail_msg("%s: warnings got %.*s, want %s", r->v->name, STR_ARG(buf_str(&b)),
			r->v->warnings);
	buf_release(&b);
}

static void set_target(struct run *r)
{
	const struct vector *v = r->v;

	r->target = (struct target){ .flavor = flavor_by_name(str_from(v->flavor)),
		.model = str_from(v->model),
		.default_max_tokens = 32000 };
	caps_of_model(&r->target.caps, r->target.flavor, r->target.model);
	for (size_t i = 0; v->caps[i] != NULL; i += 2)
		assert_true(
			caps_set(&r->target.caps, str_from(v->caps[i]), str_from(v->caps[i + 1])));
}

static void check_refusal(struct run *r, const struct err *e)
{
	buf_clear(&r->out);
	r->v->client->print_error(&r->out, e, STR("req_test"));
	check_json(r->v, buf_str(&r->out), need_file(r->v, "client_expected.json", r->a));
}

/* False when it is refused, as it should be. */
static bool run_request(struct run *r)
{
	struct wire_request w = { .path = { NULL, 0 } };
	struct err e = { 0 };
	struct str want;

	assert_true(r->v->client->parse_request(
		&r->chat, need_file(r->v, "client.json", r->a), r->a, &e));
	content_init(&r->content, r->a);
	set_target(r);
	buf_init(&w.body, SIZE_MAX);
	bool ok = r->v->client->read_content(&r->content, &r->chat, &e);
	if (ok) {
		content_repair(&r->content);
		ok = r->v->provider->print_content(&w, &r->content, &r->target, &e);
	}
	if (!read_file(r->v, "upstream_expected.json", r->a, &want)) {
		assert_false(ok);
		check_refusal(r, &e);
	} else if (!ok) {
		fail_msg("%s: %s", r->v->name, e.text);
	} else {
		check_json(r->v, buf_str(&w.body), want);
		check_warnings(r);
	}
	buf_release(&w.body);
	return ok;
}

/* Frames as they would be found with so many bytes at a time. */
static void feed(struct decoder *d, struct str text, size_t step)
{
	struct sse_scanner s = { 0 };
	size_t from = 0;

	for (size_t at = 0; at < text.n;) {
		size_t n = text.n - at < step ? text.n - at : step;
		size_t used = sse_scan(&s, (struct str){ text.p + at, n });
		at += used > 0 ? used : n;
		if (used > 0) {
			decoder_frame(d, (struct str){ text.p + from, at - from });
			from = at;
		}
	}
	if (from < text.n)
		decoder_frame(d, str_from_offset(text, from));
	decoder_end(d);
}

static void run_reply(struct run *r, size_t step)
{
	struct decoder d;
	struct str reply, want;
	const struct encoder_wishes w = { .model = r->chat.model,
		.random = STR("0123456789abcdefghijklmn"),
		.id = STR("req_test"),
		.created_s = 1700000000,
		.stream = r->chat.stream,
		.max_bytes = 1 << 24,
		.content = &r->content };

	buf_clear(&r->out);
	r->sink.put = put;
	encoder_init(&r->encoder, r->v->client, &w, r->a, &r->out);
	decoder_init(&d, r->v->provider, &r->target, r->a, &r->sink);
	if (read_file(r->v, "upstream_reply.sse", r->a, &reply))
		feed(&d, reply, step);
	else
		decoder_body(&d, need_file(r->v, "upstream_reply.json", r->a));
	assert_true(d.ended);
	if (r->error.kind != ERR_NONE)
		check_refusal(r, &r->error);
	else if (read_file(r->v, "client_expected.sse", r->a, &want))
		check_stream(r->v, buf_str(&r->out), want);
	else
		check_json(r->v, buf_str(&r->out), need_file(r->v, "client_expected.json", r->a));
	decoder_release(&d);
	encoder_release(&r->encoder);
}

static void run(const struct vector *v)
{
	static const size_t steps[] = { SIZE_MAX, 1, 7, 64 };
	struct run r = { .v = v, .a = arena_new() };

	buf_init(&r.out, SIZE_MAX);
	if (run_request(&r))
		for (size_t i = 0; i < ARRAY_LEN(steps); i++)
			run_reply(&r, steps[i]);
	buf_release(&r.out);
	arena_free(r.a);
}

static void all(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
		run(&vectors[i]);
}

/* With the name of one, and no others. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all),
	};

	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(vectors); i++)
		if (strcmp(argv[1], vectors[i].name) == 0) {
			run(&vectors[i]);
			return 0;
		}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
