/* SPDX-License-Identifier: MIT */
/* What is read of Anthropic's requests, events and replies. */
#include "unit/base/check.h"

#include "llm/dialect.h"

#include <stdlib.h>

static const struct dialect *const d = &dialect_anthropic;

static void requests(void **state)
{
	static const struct {
		const char *body, *model;
		bool stream;
		size_t models;
	} rows[] = {
		{ "{}", "", false, 0 },
		{ " \xEF\xBB\xBF{}", NULL, false, 0 },
		{ "\xEF\xBB\xBF {\"model\":\"m\"}\n", "m", false, 1 },
		{ "{\"model\":\"claude\",\"stream\":true}", "claude", true, 1 },
		{ "{\"stream\":true,\"stream\":false}", "", false, 0 },
		{ "{\"stream\":\"true\"}", "", false, 0 },
		{ "{\"stream\":1,\"x\":{\"stream\":true,\"model\":\"n\"}}", "", false, 0 },
		/* Of duplicates the last, as JSON parsers have it. */
		{ "{\"model\":\"a\",\"\\u006dodel\":\"b\"}", "b", false, 2 },
		{ "{\"model\":\"a\",\"model\":\"b\",\"model\":\"c\"}", "c", false, 3 },
		{ "{\"model\":\"\\u0061\\ud83d\"}", "a\xEF\xBF\xBD", false, 1 },
		{ "{\"model\":7}", "", false, 1 },
		{ "{\"model\":null,\"n\":1e400}", "", false, 1 },
		{ "", NULL, false, 0 },
		{ "[]", NULL, false, 0 },
		{ "{\"model\":\"m\"} x", NULL, false, 0 },
		{ "{\"model\":\"m\"", NULL, false, 0 },
		{ "{\"model\" \"m\"}", NULL, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct chat c = { 0 };
		struct err e = { 0 };
		struct str body = str_from(rows[i].body);
		bool ok = d->parse_request(&c, body, a, &e);
		assert_int_equal(ok, rows[i].model != NULL);
		assert_int_equal(e.kind, ok ? ERR_NONE : ERR_INVALID);
		if (ok) {
			assert_str(c.model, str_from(rows[i].model));
			assert_int_equal(c.stream, rows[i].stream);
			assert_int_equal(c.nmodels, rows[i].models);
			assert_ptr_equal(c.body.p, body.p);
		}
		/* The values are where they stand in the body: splices rely on it. */
		for (size_t k = 0; ok && k < c.nmodels; k++)
			assert_true(c.models[k].p > body.p &&
				    c.models[k].p + c.models[k].n < body.p + body.n);
		arena_free(a);
	}
}

struct usage_row {
	const char *text;
	enum event_type type;
	struct usage usage;
	const char *model, *error;
};

static void check_event(const struct event *ev, const struct usage_row *row, struct str raw)
{
	assert_int_equal(ev->type, row->type);
	assert_int_equal(ev->usage.in, row->usage.in);
	assert_int_equal(ev->usage.cache_read, row->usage.cache_read);
	assert_int_equal(ev->usage.cache_write, row->usage.cache_write);
	assert_int_equal(ev->usage.cache_write_1h, row->usage.cache_write_1h);
	assert_int_equal(ev->usage.out, row->usage.out);
	assert_int_equal(ev->usage.reasoning, row->usage.reasoning);
	assert_str(ev->model, str_from(row->model));
	assert_str(ev->text, str_from(row->error));
	assert_ptr_equal(ev->raw.p, raw.p);
	assert_int_equal(ev->raw.n, raw.n);
}

#define UNKNOWN \
	{ \
		-1, -1, -1, -1, -1, -1 \
	}

static const struct usage_row event_rows[] = {
	{ "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m\","
	  "\"usage\":{\"input_tokens\":1,\"cache_creation_input_tokens\":2,"
	  "\"cache_read_input_tokens\":3,\"output_tokens\":4,\"service_tier\":\"x\"}}}\n\n",
		EV_START, { 1, 3, 2, -1, 4, -1 }, "m", "" },
	/* Other line ends, spaces, order; a comment and an id before it. */
	{ "\n: c\r\nid: 1\r\ndata:{\"message\":{\"usage\":{\"output_tokens\":0}}}\r\n"
	  "event:message_start\r\n\r",
		EV_START, { -1, -1, -1, -1, 0, -1 }, "", "" },
	{ "event: message_delta\rdata: {\"usage\":{\"output_tokens\":9}}\r\r", EV_USAGE,
		{ -1, -1, -1, -1, 9, -1 }, "", "" },
	{ "event: message_delta\ndata: {\"usage\":\ndata: {\"input_tokens\":9}}\n\n", EV_USAGE,
		{ 9, -1, -1, -1, -1, -1 }, "", "" },
	/* Only the usage that belongs to it counts, of duplicates the last. */
	{ "event: message_delta\ndata: {\"delta\":{\"usage\":{\"output_tokens\":1}}}\n\n", EV_USAGE,
		UNKNOWN, "", "" },
	{ "event: message_delta\ndata: {\"usage\":{\"output_tokens\":1,\"output_tokens\":2}}\n\n",
		EV_USAGE, { -1, -1, -1, -1, 2, -1 }, "", "" },
	/* Counts that are none. */
	{ "event: message_delta\ndata: {\"usage\":{\"input_tokens\":-1,\"output_tokens\":1.5,"
	  "\"cache_read_input_tokens\":\"7\",\"cache_creation_input_tokens\":null}}\n\n",
		EV_USAGE, UNKNOWN, "", "" },
	{ "event: message_delta\ndata: {\"usage\":{\"input_tokens\":1e3,"
	  "\"output_tokens\":9223372036854775808}}\n\n",
		EV_USAGE, UNKNOWN, "", "" },
	/* Counts that nobody can have had: sums and products of others stay far from the end of 64 bits. */
	{ "event: message_delta\ndata: {\"usage\":{\"input_tokens\":1000000000,"
	  "\"output_tokens\":1000000001,\"cache_read_input_tokens\":9223372036854775807}}\n\n",
		EV_USAGE, { 1000000000, -1, -1, -1, -1, -1 }, "", "" },
	{ "event: message_delta\ndata: {\"usage\":{\"input_tokens\":1,\"output_tokens\":1,"
	  "\"iterations\":[{\"type\":\"compaction\",\"input_tokens\":1000000000}]}}\n\n",
		EV_USAGE, { 1000000000, -1, -1, -1, 1, -1 }, "", "" },
	/* Writes that last an hour, thinking, and a compaction that the totals leave out. */
	{ "event: message_delta\ndata: {\"usage\":{\"input_tokens\":1,"
	  "\"cache_creation_input_tokens\":30,\"cache_creation\":{"
	  "\"ephemeral_5m_input_tokens\":10,\"ephemeral_1h_input_tokens\":20},"
	  "\"output_tokens\":9,\"output_tokens_details\":{\"thinking_tokens\":4},"
	  "\"iterations\":[{\"type\":\"message\",\"input_tokens\":1},"
	  "{\"type\":\"compaction\",\"input_tokens\":100,\"output_tokens\":7,"
	  "\"cache_read_input_tokens\":50}]}}\n\n",
		EV_USAGE, { 101, 50, 30, 20, 16, 4 }, "", "" },
	{ "event: message_delta\ndata: not JSON\n\n", EV_USAGE, UNKNOWN, "", "" },
	{ "event: message_start\n\n", EV_START, UNKNOWN, "", "" },
	{ "event: message_stop\ndata: {}\n\n", EV_STOP, UNKNOWN, "", "" },
	{ "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n",
		EV_ERROR, UNKNOWN, "", "overloaded_error" },
	{ "event: error\ndata: {\"error\":{}}\n\n", EV_ERROR, UNKNOWN, "", "" },
	{ "event: content_block_delta\ndata: {\"usage\":{\"output_tokens\":1}}\n\n", EV_RAW,
		UNKNOWN, "", "" },
	{ "event: ping\ndata: {}\n\n", EV_RAW, UNKNOWN, "", "" },
	{ "data: {\"type\":\"message_stop\"}\n\n", EV_RAW, UNKNOWN, "", "" },
	{ ": only a comment\n\n", EV_RAW, UNKNOWN, "", "" },
	{ "\n", EV_RAW, UNKNOWN, "", "" },
};

static void events(void **state)
{
	struct buf scratch;

	buf_init(&scratch, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(event_rows); i++) {
		struct arena *a = arena_new();
		struct event ev;
		struct str frame = str_from(event_rows[i].text);
		d->parse_event(frame, &scratch, a, &ev);
		check_event(&ev, &event_rows[i], frame);
		arena_free(a);
	}
	buf_release(&scratch);
}

static void replies(void **state)
{
	static const struct usage_row rows[] = {
		{ "{\"id\":\"msg\",\"model\":\"m\\u0021\",\"content\":[{\"usage\":{\"input_tokens\":9}}],"
		  "\"usage\":{\"input_tokens\":1,\"cache_creation_input_tokens\":2,"
		  "\"cache_read_input_tokens\":3,\"output_tokens\":4}}",
			EV_STOP, { 1, 3, 2, -1, 4, -1 }, "m!", "" },
		{ "{\"input_tokens\":12}", EV_STOP, UNKNOWN, "", "" },
		{ "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"x\"}}",
			EV_ERROR, UNKNOWN, "", "not_found_error" },
		{ "<html>", EV_STOP, UNKNOWN, "", "" },
		{ "", EV_STOP, UNKNOWN, "", "" },
		/* Cut: what was read before counts. */
		{ "{\"model\":\"m\",\"usage\":{\"input_tokens\":1},", EV_STOP,
			{ 1, -1, -1, -1, -1, -1 }, "m", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct event ev;
		struct str body = str_from(rows[i].text);
		d->parse_reply(body, a, &ev);
		check_event(&ev, &rows[i], body);
		arena_free(a);
	}
	struct event ev;
	d->parse_reply((struct str){ NULL, 0 }, NULL, &ev);
	assert_int_equal(ev.usage.in, -1);
}

static void usage_merges(void **state)
{
	struct usage u = USAGE_UNKNOWN;

	usage_merge(&u, &(struct usage){ 10, 0, -1, -1, 1, -1 });
	usage_merge(&u, &(struct usage){ -1, -1, -1, -1, 50, -1 });
	usage_merge(&u, &USAGE_UNKNOWN);
	assert_int_equal(u.in, 10);
	assert_int_equal(u.cache_read, 0);
	assert_int_equal(u.cache_write, -1);
	assert_int_equal(u.out, 50);
}

/* Some providers end a stream with zeros where its beginning told the prompt. */
static void zeros_erase_no_prompt(void **state)
{
	struct usage u = USAGE_UNKNOWN;

	usage_merge(&u, &(struct usage){ 0, 0, -1, -1, 0, -1 });
	assert_int_equal(u.in, 0);
	usage_merge(&u, &(struct usage){ 10, 2000, 300, 0, 1, -1 });
	usage_merge(&u, &(struct usage){ 0, 0, 0, 0, 50, -1 });
	assert_int_equal(u.in, 10);
	assert_int_equal(u.cache_read, 2000);
	assert_int_equal(u.cache_write, 300);
	assert_int_equal(u.out, 50);
	/* A later word on the prompt counts, with its zeros; and output may turn out to be none. */
	usage_merge(&u, &(struct usage){ 0, 2310, 0, 0, 0, -1 });
	assert_int_equal(u.in, 0);
	assert_int_equal(u.cache_read, 2310);
	assert_int_equal(u.cache_write, 0);
	assert_int_equal(u.out, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(events),
		cmocka_unit_test(replies),
		cmocka_unit_test(usage_merges),
		cmocka_unit_test(zeros_erase_no_prompt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
