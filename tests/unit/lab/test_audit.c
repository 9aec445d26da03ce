/* SPDX-License-Identifier: MIT */
/* Whole transcripts: what counts once, where it belongs, and what is wrong with files. */
#include "unit/lab/lab_check.h"

#include "lab/report.h"

static struct buf text;

static int begin(void **state)
{
	buf_init(&text, 1 << 20);
	return make_root(state);
}

static int end(void **state)
{
	buf_release(&text);
	return remove_root(state);
}

/* ---- lines ---- */

static void user(const char *more, int minute)
{
	buf_addf(&text, "{\"type\":\"user\",\"timestamp\":\"2026-02-11T10:%02d:00.000Z\"%s}\n",
		minute, more);
}

/* A line of a reply of claude-opus-4-6. */
static void reply(const char *more, const char *id, int minute, int read, int write)
{
	buf_addf(&text,
		"{\"type\":\"assistant\",\"timestamp\":\"2026-02-11T10:%02d:02.000Z\"%s,\"message\":{\"id\":\"%s\","
		"\"model\":\"claude-opus-4-6\",\"usage\":{\"input_tokens\":1,\"cache_read_input_tokens\":%d,"
		"\"cache_creation_input_tokens\":%d,\"output_tokens\":10}}}\n",
		minute, more, id, read, write);
}

static void save(const char *name)
{
	put(name, buf_str(&text));
	buf_clear(&text);
}

static const struct amounts *row(const struct audit *a, enum audit_by by, const char *name)
{
	const struct tally *t = audit_tally(a, by);

	for (size_t i = 0; i < t->n; i++)
		if (str_eq(t->rows[i].name, str_from(name)))
			return &t->rows[i].sum;
	fail_msg("no row \"%s\" by %s", name, audit_by_name(by));
	return NULL;
}

/* ---- Claude Code ---- */

static void last_line_counts(void **state)
{
	user("", 0);
	reply("", "m1", 0, 0, 1000);
	reply("", "m2", 1, 1000, 0);
	/* A late line of the first one. */
	buf_add(&text,
		STR("{\"type\":\"assistant\",\"timestamp\":\"2026-02-11T10:02:00Z\",\"message\":{\"id\":"
		    "\"m1\",\"model\":\"claude-opus-4-6\",\"usage\":{\"input_tokens\":1,"
		    "\"cache_creation_input_tokens\":1000,\"output_tokens\":500}}}\n"));
	save("p/s.jsonl");
	struct audit *a = audit_root(NULL);
	assert_int_equal(a->total.requests, 2);
	assert_int_equal(a->total.tokens.out, 510);
	assert_int_equal(a->total.tokens.in, 2);
	/* 2 × 5 + 1000 × 0.5 + 1000 × 6.25 + 510 × 25, dollars a million */
	assert_int_equal(a->total.cost.total, 10000 + 500000 + 6250000 + 12750000);
	assert_int_equal(a->notes.conversations, 1);
	assert_int_equal(row(a, BY_DAY, "2026-02-11")->requests, 2);
	done(a);
}

static void copies_count_once(void **state)
{
	user("", 0);
	reply("", "m1", 0, 0, 1000);
	reply("", "m2", 1, 1000, 200);
	put("p/a.jsonl", buf_str(&text));
	/* The resumed session goes on from where the copied lines end. */
	user("", 20);
	reply("", "m3", 20, 0, 1300);
	save("p/b.jsonl");
	struct audit *a = audit_root(NULL);
	assert_int_equal(a->total.requests, 3);
	assert_int_equal(a->notes.copies, 2);
	assert_int_equal(row(a, BY_SESSION, "a")->requests, 2);
	assert_int_equal(row(a, BY_SESSION, "b")->requests, 1);
	assert_int_equal(a->causes[CAUSE_TTL].times, 1);
	assert_int_equal(a->causes[CAUSE_TTL].tokens, 1200);
	done(a);
}

/* One id with two request ids is two requests. */
static void request_ids(void **state)
{
	reply(",\"requestId\":\"r1\"", "m1", 0, 0, 10);
	reply(",\"requestId\":\"r2\"", "m1", 1, 10, 10);
	reply(",\"requestId\":\"r1\"", "m1", 2, 0, 10);
	save("p/s.jsonl");
	struct audit *a = audit_root(NULL);
	assert_int_equal(a->total.requests, 2);
	done(a);
}

static void kinds_and_names(void **state)
{
	user(",\"cwd\":\"/home/ada/r\\u00e9f\",\"uuid\":\"1\"", 0);
	reply("", "m1", 0, 0, 10);
	/* Agents of older versions stand in the session's own file, and between each other. */
	user(",\"isSidechain\":true,\"uuid\":\"u1\",\"parentUuid\":null", 1);
	user(",\"isSidechain\":true,\"uuid\":\"u2\",\"parentUuid\":null", 1);
	reply(",\"isSidechain\":true,\"uuid\":\"u3\",\"parentUuid\":\"u1\"", "m2", 1, 0, 1000);
	reply(",\"isSidechain\":true,\"uuid\":\"u4\",\"parentUuid\":\"u2\"", "m3", 1, 0, 2000);
	reply(",\"isSidechain\":true,\"uuid\":\"u5\",\"parentUuid\":\"u3\"", "m4", 2, 1000, 0);
	reply(",\"isSidechain\":true,\"uuid\":\"u6\",\"parentUuid\":\"u4\"", "m5", 2, 2000, 0);
	save("-home-ada-r/s.jsonl");
	reply(",\"isSidechain\":true,\"agentId\":\"a12\",\"sessionId\":\"s\"", "m6", 3, 0, 1);
	save("-home-ada-r/s/subagents/agent-a12.jsonl");
	reply(",\"isSidechain\":true,\"agentId\":\"aprompt_suggestion-1\"", "m7", 3, 0, 1);
	save("-home-ada-r/s/subagents/agent-aprompt_suggestion-1.jsonl");
	struct audit *a = audit_root(NULL);
	assert_int_equal(row(a, BY_KIND, "main")->requests, 1);
	assert_int_equal(row(a, BY_KIND, "subagent")->requests, 5);
	assert_int_equal(row(a, BY_KIND, "background")->requests, 1);
	assert_int_equal(a->total.lost_tokens, 0);
	assert_int_equal(a->notes.conversations, 5);
	assert_int_equal(row(a, BY_PROJECT,
				 "/home/ada/r\xC3\xA9"
				 "f")
				 ->requests,
		5);
	assert_int_equal(row(a, BY_PROJECT, "-home-ada-r")->requests, 2);
	assert_int_equal(row(a, BY_SESSION, "s")->requests, 7);
	done(a);
}

/* The request for the summary lies in a file of its own, and goes on from the main conversation. */
static void compaction(void **state)
{
	user("", 0);
	reply("", "m1", 0, 0, 90000);
	buf_add(&text, STR("{\"type\":\"system\",\"subtype\":\"compact_boundary\",\"timestamp\":"
			   "\"2026-02-11T10:12:00Z\"}\n"));
	user(",\"isCompactSummary\":true", 12);
	user("", 13);
	reply("", "m2", 13, 1000, 4000);
	save("p/s.jsonl");
	user(",\"agentId\":\"acompact-1\",\"isSidechain\":true", 11);
	reply(",\"agentId\":\"acompact-1\",\"isSidechain\":true", "m3", 11, 1000, 90000);
	save("p/s/subagents/agent-acompact-1.jsonl");
	struct audit *a = audit_root(NULL);
	assert_int_equal(row(a, BY_KIND, "compaction")->requests, 1);
	assert_int_equal(a->causes[CAUSE_COMPACTION].times, 1);
	assert_int_equal(a->causes[CAUSE_COMPACTION].tokens, 4001);
	assert_int_equal(a->causes[CAUSE_TTL].times, 1);
	assert_int_equal(a->causes[CAUSE_TTL].tokens, 89000);
	assert_int_equal(a->first.times, 1);
	assert_int_equal(a->losses[0].kind, CALL_COMPACTION);
	assert_int_equal(a->losses[0].gap_ms, 11 * 60000);
	done(a);
}

static void unknown_models(void **state)
{
	reply("", "m1", 0, 0, 10);
	buf_add(&text,
		STR("{\"type\":\"assistant\",\"timestamp\":\"2026-02-11T10:02:00Z\",\"message\":{\"id\":"
		    "\"m2\",\"model\":\"nobody-knows-1\",\"usage\":{\"input_tokens\":700}}}\n"));
	save("p/s.jsonl");
	struct audit *a = audit_root(NULL);
	assert_int_equal(a->total.requests, 2);
	assert_int_equal(a->total.unpriced, 1);
	assert_int_equal(a->total.tokens.in, 701);
	assert_int_equal(row(a, BY_MODEL, "nobody-knows-1")->cost.total, 0);
	assert_int_equal(a->bill.requests, 1);
	audit_text(a, &(struct audit_view){ .by = BY_ALL }, &text);
	assert_true(str_find(buf_str(&text), STR("nobody-knows-1\n")) < text.n);
	done(a);
}

static void dates(void **state)
{
	struct audit_options o = { .since_ms = 1770804060000, .until_ms = 1770804120000 };

	reply("", "m1", 0, 0, 10);
	reply("", "m2", 1, 0, 10);
	reply("", "m3", 2, 0, 10);
	save("p/s.jsonl");
	struct audit *a = audit_root(&o);
	/* From 10:01 to 10:02; what was before is known all the same. */
	assert_int_equal(a->total.requests, 1);
	assert_int_equal(a->first.times, 0);
	assert_int_equal(a->total.lost_tokens, 10);
	done(a);
}

static void troubles(void **state)
{
	struct audit_options o = { .until_ms = INT64_MAX, .longest_line = 4096 };

	reply("", "m1", 0, 0, 10);
	buf_add(&text, STR("nonsense\n\n{\"type\":\"user\"\n"));
	for (int i = 0; i < 500; i++)
		buf_add(&text, STR("0123456789"));
	buf_add(&text, STR("\n"));
	reply("", "m2", 1, 10, 10);
	buf_add(&text, STR("{\"type\":\"assist"));
	save("p/a.jsonl");
	put("p/b.jsonl", STR("{\"other\":1}\n"));
	put("p/c.jsonl", STR(""));
	put("p/d.jsonl", STR("binary \0\1\2\n\xFF\xFE\n"));
	put("p/e.jsonl", STR("{}\n"));
	struct audit *a = audit_root(&o);
	assert_int_equal(a->total.requests, 2);
	assert_int_equal(a->notes.files, 5);
	assert_int_equal(a->notes.damaged, 4);
	assert_int_equal(a->notes.too_long, 1);
	assert_int_equal(a->notes.unfinished, 1);
	assert_int_equal(a->notes.foreign, 3);
	assert_int_equal(a->ntroubles, 4);
	assert_int_equal(a->troubles[0].damaged, 2);
	assert_true(a->troubles[0].unfinished);
	done(a);
}

/* ---- Codex ---- */

static void meta(const char *id, const char *more, int minute)
{
	buf_addf(&text,
		"{\"timestamp\":\"2026-02-11T10:%02d:00.000Z\",\"type\":\"session_meta\",\"payload\":{\"id\":\"%s\","
		"\"timestamp\":\"2026-02-11T10:%02d:00.000Z\",\"cwd\":\"/p\"%s}}\n"
		"{\"timestamp\":\"2026-02-11T10:%02d:00.000Z\",\"type\":\"turn_context\",\"payload\":{\"model\":"
		"\"gpt-5-codex\"}}\n",
		minute, id, minute, more, minute);
}

static void tokens(int minute, int total, int last)
{
	buf_addf(&text,
		"{\"timestamp\":\"2026-02-11T10:%02d:30.000Z\",\"type\":\"event_msg\",\"payload\":{\"type\":"
		"\"token_count\",\"info\":{\"total_token_usage\":{\"input_tokens\":%d,\"output_tokens\":%d}",
		minute, total, total / 10);
	if (last > 0)
		buf_addf(&text, ",\"last_token_usage\":{\"input_tokens\":%d,\"output_tokens\":%d}",
			last, last / 10);
	buf_add(&text, STR("}}}\n"));
}

static void codex_sums(void **state)
{
	meta("t1", "", 0);
	tokens(1, 1000, 1000);
	/* The same sums again are no request. */
	tokens(2, 1000, 1000);
	tokens(3, 3000, 2000);
	/* Without the last reply's, what the sums have grown by; when they begin anew, the sums. */
	tokens(4, 3500, 0);
	tokens(5, 200, 0);
	save("rollout-1.jsonl");
	struct audit *a = audit_root(NULL);
	assert_int_equal(a->total.requests, 4);
	assert_int_equal(a->total.tokens.in, 3700);
	assert_int_equal(a->total.tokens.out, 370);
	/* 1.25 and 10 dollars a million */
	assert_int_equal(a->total.cost.total, 3700 * 1250 + 370 * 10000);
	assert_int_equal(row(a, BY_SESSION, "t1")->requests, 4);
	assert_int_equal(row(a, BY_PROJECT, "/p")->requests, 4);
	assert_int_equal(a->notes.automatic, 4);
	done(a);
}

static void codex_forks(void **state)
{
	meta("t1", "", 0);
	tokens(1, 1000, 1000);
	tokens(3, 3000, 2000);
	tokens(20, 9000, 6000);
	save("a/rollout-1.jsonl");
	/* The parent's history at its own times, then two requests of its own. */
	meta("t2", ",\"source\":{\"subagent\":{\"thread_spawn\":{\"parent_thread_id\":\"t1\"}}}",
		4);
	tokens(1, 1000, 1000);
	tokens(3, 3000, 2000);
	tokens(5, 3400, 400);
	tokens(6, 3500, 100);
	save("a/rollout-2.jsonl");
	/* The same with the time of the fork, and a head of the parent within. */
	meta("t3", ",\"forked_from_id\":\"t1\"", 7);
	meta("t1", "", 7);
	tokens(7, 1000, 1000);
	tokens(7, 3000, 2000);
	tokens(8, 3400, 400);
	save("a/rollout-3.jsonl");
	/* A parent that is not there: what is older than the thread is not its own. */
	meta("t4", ",\"forked_from_id\":\"t0\"", 30);
	tokens(29, 70000, 500);
	tokens(31, 71000, 1000);
	save("a/rollout-4.jsonl");
	/* A thread that lies in two places. */
	meta("t1", "", 0);
	tokens(1, 1000, 1000);
	tokens(3, 3000, 2000);
	save("b/rollout-1.jsonl");
	struct audit *a = audit_root(NULL);
	assert_int_equal(row(a, BY_SESSION, "t1")->tokens.in, 9000);
	assert_int_equal(row(a, BY_SESSION, "t2")->tokens.in, 500);
	assert_int_equal(row(a, BY_SESSION, "t3")->tokens.in, 400);
	assert_int_equal(row(a, BY_SESSION, "t4")->tokens.in, 1000);
	assert_int_equal(a->total.requests, 3 + 2 + 1 + 1);
	assert_int_equal(a->notes.copies, 2 + 2 + 1 + 2);
	assert_int_equal(row(a, BY_KIND, "subagent")->requests, 2);
	done(a);
}

/* ---- reports ---- */

static void control_characters(void **state)
{
	reply(",\"cwd\":\"/p/\\u001b[31mred\\u009b\\nx\"", "m1", 0, 0, 10);
	save("p/s.jsonl");
	struct audit *a = audit_root(NULL);
	audit_text(a, &(struct audit_view){ .by = BY_PROJECT }, &text);
	assert_int_equal(str_find_char(buf_str(&text), '\033'), text.n);
	assert_int_equal(str_find(buf_str(&text), STR("\xC2\x9B")), text.n);
	assert_true(str_find(buf_str(&text), STR("?[31mred")) < text.n);
	done(a);
}

/* Sessions are known by the beginnings of their names. */
static void session_names(void **state)
{
	reply("", "m1", 0, 0, 10);
	save("p/258c7280-ae70-4798-800f-63464d01a85d.jsonl");
	struct audit *a = audit_root(NULL);
	audit_text(a, &(struct audit_view){ .by = BY_SESSION }, &text);
	assert_true(str_find(buf_str(&text), STR("\n  258c7280-ae70-4798-")) < text.n);
	done(a);
}

static void nothing(void **state)
{
	put("p/s.jsonl", STR("{\"type\":\"user\",\"uuid\":\"1\"}\n"));
	struct audit *a = audit_root(NULL);
	assert_int_equal(a->total.requests, 0);
	audit_text(a, &(struct audit_view){ .by = BY_ALL }, &text);
	audit_json(a, &text);
	assert_false(text.overflow);
	done(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(last_line_counts, begin, end),
		cmocka_unit_test_setup_teardown(copies_count_once, begin, end),
		cmocka_unit_test_setup_teardown(request_ids, begin, end),
		cmocka_unit_test_setup_teardown(kinds_and_names, begin, end),
		cmocka_unit_test_setup_teardown(compaction, begin, end),
		cmocka_unit_test_setup_teardown(unknown_models, begin, end),
		cmocka_unit_test_setup_teardown(dates, begin, end),
		cmocka_unit_test_setup_teardown(troubles, begin, end),
		cmocka_unit_test_setup_teardown(codex_sums, begin, end),
		cmocka_unit_test_setup_teardown(codex_forks, begin, end),
		cmocka_unit_test_setup_teardown(control_characters, begin, end),
		cmocka_unit_test_setup_teardown(session_names, begin, end),
		cmocka_unit_test_setup_teardown(nothing, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
