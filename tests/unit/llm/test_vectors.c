/* SPDX-License-Identifier: MIT */
/* The vectors of tests/vectors through the modules themselves: the request as it is printed, the reply as it is encoded,
 * however its bytes are cut. What a vector is about stands in its NOTE. */
#include "unit/base/check.h"

#include "llm/dialect.h"
#include "llm/failure.h"
#include "wire/sse.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <yyjson.h>

struct vector {
	const char *name;
	struct arena *a;
	const struct dialect *client, *provider;
	struct target target;
	struct str warnings; /* a JSON array */
	uint64_t upstream_status;
	struct chat chat;
	struct content content;
	struct sink sink;
	struct encoder encoder;
	struct buf out;
	struct err error; /* of a reply that never began */
};

/* ---- files ---- */

static bool vector_file(const struct vector *v, const char *file, struct str *ret)
{
	struct str path = arena_printf(v->a, "%s/vectors/%s/%s", TESTS_DIR, v->name, file);
	FILE *f = fopen(path.p, "rb");
	char piece[4096];
	struct buf b;

	if (f == NULL)
		return false;
	buf_init(&b, SIZE_MAX);
	for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
		buf_add(&b, (struct str){ piece, n });
	fclose(f);
	*ret = arena_dup(v->a, buf_str(&b));
	buf_release(&b);
	return true;
}

static struct str vector_need(const struct vector *v, const char *file)
{
	struct str s = { NULL, 0 };

	if (!vector_file(v, file, &s))
		fail_msg("%s: no %s", v->name, file);
	return s;
}

/* The JSON behind "key: " in the NOTE, up to "---". */
static struct str vector_note(const struct vector *v, const char *key)
{
	struct str rest = vector_need(v, "NOTE"), line;
	struct str want = arena_printf(v->a, "%s: ", key);

	while (str_split(&rest, '\n', &line) && !str_eq(line, STR("---")))
		if (str_starts(line, want))
			return str_from_offset(line, want.n);
	return STR("");
}

static void vector_caps(struct vector *v, struct str caps)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	caps_of_model(&v->target.caps, v->target.flavor, v->target.model);
	if (caps.n == 0 || !json_iter_init(&it, caps, &e))
		return;
	while (json_next(&it, &m, &e)) {
		struct str text = json_string(m.value, v->a);
		if (!caps_set(&v->target.caps, m.key, text.p != NULL ? text : m.value))
			fail_msg("%s: no capability %.*s", v->name, STR_ARG(m.key));
	}
}

static void vector_init(struct vector *v, const char *name)
{
	static const char *const codes = "acgr";
	static const struct dialect *const dialects[] = { &dialect_anthropic, &dialect_openai,
		&dialect_gemini, &dialect_responses };
	*v = (struct vector){ .name = name, .a = arena_new() };
	struct str route = vector_note(v, "route");

	/* "a2c_…" */
	v->client = dialects[strchr(codes, name[0]) - codes];
	v->provider = dialects[strchr(codes, name[2]) - codes];
	v->target.flavor = flavor_by_name(json_string(json_get(route, STR("flavor")), v->a));
	v->target.model = json_string(json_get(route, STR("model")), v->a);
	v->target.default_max_tokens = 32000;
	vector_caps(v, json_get(route, STR("caps")));
	v->warnings = vector_note(v, "warnings");
	assert_true(json_u64(vector_note(v, "upstream_status"), &v->upstream_status));
	buf_init(&v->out, SIZE_MAX);
}

/* ---- comparing ---- */

static void vector_same(const struct vector *v, struct str got, struct str want)
{
	yyjson_doc *g = yyjson_read(got.p, got.n, YYJSON_READ_NUMBER_AS_RAW);
	yyjson_doc *w = yyjson_read(want.p, want.n, YYJSON_READ_NUMBER_AS_RAW);

	if (g == NULL || !yyjson_equals(yyjson_doc_get_root(g), yyjson_doc_get_root(w)))
		fail_msg("%s:\ngot  %.*s\nwant %.*s", v->name, STR_ARG(got), STR_ARG(want));
	yyjson_doc_free(g);
	yyjson_doc_free(w);
}

/* The next frame that is neither a comment nor a ping. */
static bool vector_frame(struct str *rest, struct sse_frame *ret)
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

static void vector_same_stream(const struct vector *v, struct str got, struct str want)
{
	struct sse_frame g, w;

	while (vector_frame(&want, &w)) {
		if (!vector_frame(&got, &g))
			fail_msg("%s: nothing, but not %.*s", v->name, STR_ARG(w.data));
		if (!str_eq(g.event, w.event))
			fail_msg("%s: got event %.*s, want %.*s", v->name, STR_ARG(g.event),
				STR_ARG(w.event));
		if (!str_eq(g.data, w.data)) /* "[DONE]" */
			vector_same(v, g.data, w.data);
	}
	if (vector_frame(&got, &g))
		fail_msg("%s: too much, %.*s", v->name, STR_ARG(g.data));
}

/* The codes that the NOTE lists, in any order. */
static void vector_same_warnings(const struct vector *v)
{
	const struct warnings *w = &v->content.warnings;
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	size_t n = 0;

	assert_true(json_iter_init_array(&it, v->warnings, &e));
	for (; json_next(&it, &m, &e); n++) {
		bool found = false;
		for (size_t i = 0; i < w->n; i++)
			found = found || str_eq(w->v[i], json_string(m.value, v->a));
		if (!found)
			fail_msg("%s: no warning %.*s", v->name, STR_ARG(m.value));
	}
	if (n != w->n)
		fail_msg("%s: %zu warnings, the last is %.*s", v->name, w->n,
			STR_ARG(w->v[w->n - 1]));
}

static void vector_same_error(struct vector *v, const struct err *e)
{
	buf_clear(&v->out);
	v->client->print_error(&v->out, e, STR("req_test"));
	vector_same(v, buf_str(&v->out), vector_need(v, "client_expected.json"));
}

/* ---- running ---- */

static void vector_put(struct sink *self, const struct event *ev)
{
	struct vector *v = container_of(self, struct vector, sink);

	if (ev->type == EV_ERROR && !v->encoder.begun)
		err_set(&v->error, ev->error, "%.*s", STR_ARG(ev->detail));
	else
		encoder_put(&v->encoder, ev);
}

/* False when it is refused, as it should be. */
static bool vector_request(struct vector *v)
{
	struct wire_request w = { .path = { NULL, 0 } };
	struct err e = { 0 };
	struct str want;
	struct str body = vector_need(v, "client.json");

	assert_true(v->client->parse_request(&v->chat, body, v->a, &e));
	content_init(&v->content, v->a);
	buf_init(&w.body, SIZE_MAX);
	bool ok = v->client->read_content(&v->content, &v->chat, &e);
	if (ok) {
		content_repair(&v->content);
		ok = v->provider->print_content(&w, &v->content, &v->target, &e);
	}
	if (!vector_file(v, "upstream_expected.json", &want)) {
		assert_false(ok);
		vector_same_error(v, &e);
	} else if (!ok) {
		fail_msg("%s: %s", v->name, e.text);
	} else {
		vector_same(v, buf_str(&w.body), want);
		vector_same_warnings(v);
	}
	buf_release(&w.body);
	return ok;
}

/* Frames as they would be found with so many bytes at a time. */
static void vector_feed(struct decoder *d, struct str text, size_t step)
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

static void vector_reply(struct vector *v, size_t step)
{
	struct decoder d;
	struct str reply, want;
	const struct encoder_wishes w = { .model = v->chat.model,
		.random = STR("0123456789abcdefghijklmn"),
		.id = STR("req_test"),
		.created_s = 1700000000,
		.stream = v->chat.stream,
		.max_bytes = 1 << 24,
		.content = &v->content };

	buf_clear(&v->out);
	v->sink.put = vector_put;
	encoder_init(&v->encoder, v->client, &w, v->a, &v->out);
	decoder_init(&d, v->provider, &v->target, v->a, &v->sink);
	d.call_prefix = v->client == &dialect_anthropic ? "toolu_" : "call_";
	if (vector_file(v, "upstream_reply.sse", &reply))
		vector_feed(&d, reply, step);
	else
		decoder_body(&d, vector_need(v, "upstream_reply.json"));
	assert_true(d.ended);
	if (v->error.kind != ERR_NONE)
		vector_same_error(v, &v->error);
	else if (vector_file(v, "client_expected.sse", &want))
		vector_same_stream(v, buf_str(&v->out), want);
	else
		vector_same(v, buf_str(&v->out), vector_need(v, "client_expected.json"));
	decoder_release(&d);
	encoder_release(&v->encoder);
}

/* The provider has refused. */
static void vector_failure(struct vector *v)
{
	struct failure f;
	struct err e;

	failure_read(&f, (unsigned)v->upstream_status, vector_need(v, "upstream_reply.json"), v->a);
	err_set(&e, f.kind, "%.*s", STR_ARG(f.message));
	vector_same_error(v, &e);
}

static void vector_run(const char *name)
{
	static const size_t steps[] = { SIZE_MAX, 1, 7, 64 };
	struct vector v;

	vector_init(&v, name);
	/* What is answered without a provider is not the dialects' business. */
	if (str_find(v.warnings, STR("prewarm_local")) < v.warnings.n) {
		arena_free(v.a);
		return;
	}
	if (vector_request(&v)) {
		if (v.upstream_status >= 400)
			vector_failure(&v);
		for (size_t i = 0; v.upstream_status < 400 && i < ARRAY_LEN(steps); i++)
			vector_reply(&v, steps[i]);
	}
	buf_release(&v.out);
	arena_free(v.a);
}

/* All whose names begin like that. Returns how many. */
static size_t vector_run_all(const char *prefix)
{
	DIR *dir = opendir(TESTS_DIR "/vectors");
	const struct dirent *entry;
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		vector_run(entry->d_name);
		n++;
	}
	closedir(dir);
	return n;
}

#define GROUP(name, prefix, least) \
	static void name(void **state) \
	{ \
		assert_true(vector_run_all(prefix) >= (least)); \
	}
GROUP(anthropic_to_chat, "a2c_", 24)
GROUP(anthropic_to_gemini, "a2g_", 13)
GROUP(anthropic_to_responses, "a2r_", 5)
GROUP(chat_to_anthropic, "c2a_", 17)
GROUP(chat_to_gemini, "c2g_", 3)
GROUP(responses_to_anthropic, "r2a_", 7)
GROUP(responses_to_chat, "r2c_", 3)
GROUP(responses_to_gemini, "r2g_", 1)

/* With the name of one, and no others. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anthropic_to_chat),
		cmocka_unit_test(anthropic_to_gemini),
		cmocka_unit_test(anthropic_to_responses),
		cmocka_unit_test(chat_to_anthropic),
		cmocka_unit_test(chat_to_gemini),
		cmocka_unit_test(responses_to_anthropic),
		cmocka_unit_test(responses_to_chat),
		cmocka_unit_test(responses_to_gemini),
	};

	if (argc > 1) {
		vector_run(argv[1]);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
