/* SPDX-License-Identifier: MIT */
/* What relaying reads of Chat Completions: requests, events, replies. */
#include "unit/base/check.h"

#include "llm/dialect.h"

static const struct dialect *const d = &dialect_openai;

static void requests(void **state)
{
	static const struct {
		const char *body, *model, *session;
		bool stream;
		size_t models;
	} rows[] = {
		{ "{}", "", "", false, 0 },
		{ "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"model\":\"x\"}]}", "m", "",
			true, 1 },
		{ "{\"model\":\"a\",\"\\u006dodel\":\"b\"}", "b", "", false, 2 },
		{ "{\"stream\":\"true\",\"prompt_cache_key\":\"k\\u00e9\"}", "", "k\xC3\xA9", false,
			0 },
		{ "{\"prompt_cache_key\":null,\"user\":\"u\"}", "", "", false, 0 },
		{ "[]", NULL, NULL, false, 0 },
		{ "{\"model\":\"m\"", NULL, NULL, false, 0 },
		{ "{\"model\":\"m\"} x", NULL, NULL, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct chat c = { 0 };
		struct err e = { 0 };
		bool ok = d->parse_request(&c, str_from(rows[i].body), a, &e);
		assert_int_equal(ok, rows[i].model != NULL);
		assert_int_equal(e.kind, ok ? ERR_NONE : ERR_INVALID);
		if (ok) {
			assert_str(c.model, str_from(rows[i].model));
			assert_str(c.session, str_from(rows[i].session));
			assert_int_equal(c.stream, rows[i].stream);
			assert_int_equal(c.nmodels, rows[i].models);
		}
		arena_free(a);
	}
}

static void many_models(void **state)
{
	struct arena *a = arena_new();
	struct chat c = { 0 };
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_addf(&b, "{\"model\":1");
	for (int i = 0; i < 16; i++)
		buf_addf(&b, ",\"model\":\"m\"");
	buf_addf(&b, "}");
	assert_false(d->parse_request(&c, buf_str(&b), a, &e));
	assert_int_equal(e.kind, ERR_INVALID);
	buf_release(&b);
	arena_free(a);
}

static void events(void **state)
{
	static const struct {
		const char *frame;
		enum event_type type;
		const char *model, *text, *detail;
		int64_t in, out;
	} rows[] = {
		{ "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
			EV_START, "m", "", "", -1, -1 },
		{ "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"x\"},\"finish_reason\":null}]}\n\n",
			EV_RAW, "", "", "", -1, -1 },
		{ "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"y\"},\"finish_reason\":null}],\"usage\":null}\n\n",
			EV_RAW, "", "", "", -1, -1 },
		{ "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
			EV_STOP, "m", "", "", -1, -1 },
		{ "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":2}}\n\n",
			EV_USAGE, "m", "", "", 4, 2 },
		{ "data: {\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":2}}\n\n",
			EV_USAGE, "", "", "", 4, 2 },
		{ "data: [DONE]\n\n", EV_STOP, "", "", "", -1, -1 },
		{ "data: {\"error\":{\"message\":\"no\",\"type\":\"server_error\",\"code\":null}}\n\n",
			EV_ERROR, "", "server_error", "no", -1, -1 },
		{ "data: {\"error\":{\"message\":\"no\",\"code\":\"c\"}}\n\n", EV_ERROR, "", "c",
			"no", -1, -1 },
		{ "data: {\"error\":\"gone\"}\n\n", EV_ERROR, "", "", "gone", -1, -1 },
		{ ": comment\n\n", EV_RAW, "", "", "", -1, -1 },
		{ "data: {\"choices\":1}\n\n", EV_RAW, "", "", "", -1, -1 },
		{ "data: {\"choices\":[1,{\"finish_reason\":null}]}\n\n", EV_RAW, "", "", "", -1,
			-1 },
		{ "data: {\n\n", EV_RAW, "", "", "", -1, -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct event ev;
		struct buf scratch;
		buf_init(&scratch, SIZE_MAX);
		d->parse_event(str_from(rows[i].frame), &scratch, a, &ev);
		assert_int_equal(ev.type, rows[i].type);
		assert_str(ev.raw, str_from(rows[i].frame));
		assert_str(ev.model, str_from(rows[i].model));
		assert_str(ev.text, str_from(rows[i].text));
		assert_str(ev.detail, str_from(rows[i].detail));
		assert_int_equal(ev.usage.in, rows[i].in);
		assert_int_equal(ev.usage.out, rows[i].out);
		buf_release(&scratch);
		arena_free(a);
	}
}

static void replies(void **state)
{
	struct arena *a = arena_new();
	struct event ev;

	d->parse_reply(
		STR("{\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":2,"
		    "\"prompt_tokens_details\":{\"cached_tokens\":3}}}"),
		a, &ev);
	assert_int_equal(ev.type, EV_STOP);
	assert_bytes(ev.model, "m");
	assert_int_equal(ev.usage.in, 1);
	assert_int_equal(ev.usage.cache_read, 3);
	d->parse_reply(STR("{\"error\":{\"message\":\"no\",\"type\":\"t\"}}"), a, &ev);
	assert_int_equal(ev.type, EV_ERROR);
	assert_bytes(ev.detail, "no");
	d->parse_reply(STR("<html>"), a, &ev);
	assert_int_equal(ev.type, EV_STOP);
	assert_int_equal(ev.usage.out, -1);
	arena_free(a);
}

static void errors(void **state)
{
	struct buf out;
	struct err e = { 0 };

	buf_init(&out, SIZE_MAX);
	err_set(&e, ERR_CONTEXT, "prompt is too long: 5");
	d->print_error_event(&out, &e, STR("id"));
	assert_bytes(buf_str(&out),
		"data: {\"error\":{\"message\":\"prompt is too long: 5\",\"type\":\"invalid_request_error\","
		"\"param\":\"messages\",\"code\":\"context_length_exceeded\"}}\n\n");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(many_models),
		cmocka_unit_test(events),
		cmocka_unit_test(replies),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
