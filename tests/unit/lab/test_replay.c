/* SPDX-License-Identifier: MIT */
/* Transcripts to requests, requests to bodies, bodies to bills. The same on the sessions of tests/prove: tests/prove/run.py. */
#include "unit/lab/lab_folder.h"

#include "lab/replay.h"
#include "lab/replay_body.h"
#include "wire/json_text.h"

static struct replay_session session;
static struct replay_notes notes;

#define LINE(type, second, message) \
	"{\"type\":\"" type "\",\"sessionId\":\"s\",\"timestamp\":\"2026-01-01T00:00:" second \
	".000Z\",\"message\":{" message "}}\n"
#define USER(second, content) LINE("user", second, "\"role\":\"user\",\"content\":" content)
#define REPLY(second, id, model, content, usage) \
	LINE("assistant", second, \
		"\"role\":\"assistant\",\"id\":\"" id "\",\"model\":\"" model \
		"\",\"content\":[" content "],\"usage\":{" usage "}")
#define TEXT_A "{\"type\":\"text\",\"text\":\"a\"}"

static void load(const char *text)
{
	struct err e = { 0 };
	const struct replay_files files = { below("s.jsonl"), NULL, 0 };

	put("s.jsonl", str_from(text));
	notes = (struct replay_notes){ 0 };
	assert_true(replay_session_load(&session, STR("s"), &files, &notes, &e));
}

/* The blocks of a turn, one after the other. */
static void turn_is(const struct replay_request *r, size_t i, bool reply, const char *want)
{
	const struct replay_turn *t = &r->turns->v[i];
	struct buf b;

	buf_init(&b, SIZE_MAX);
	for (size_t j = 0; j < t->n; j++)
		buf_add(&b, t->b[j].json);
	buf_add_char(&b, '\0');
	assert_int_equal(t->reply, reply);
	assert_string_equal(b.p, want);
	buf_release(&b);
}

static void requests(void **state)
{
	load(USER("01", "\"go\"") REPLY("02", "m1", "x", TEXT_A, "\"output_tokens\":1") REPLY("03",
		"m1", "x", "{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"Read\",\"input\":{}}",
		"\"output_tokens\":1") USER("04",
		"[{\"type\":\"tool_result\",\"tool_use_id\":\"t1\",\"content\":[{\"type\":"
		"\"text\",\"text\":\" \"}]}]") REPLY("05", "m1", "x",
		"{\"type\":\"tool_use\",\"id\":\"t2\",\"name\":\"Read\",\"input\":{}}",
		"\"output_tokens\":9") REPLY("06", "e", "<synthetic>",
		"{\"type\":\"text\",\"text\":\"oops\"}", "") REPLY("07", "m2", "y",
		"{\"type\":\"text\",\"text\":\"\\n\"}," TEXT_A, "") "{\"type\":\"user\",\"mess");
	assert_int_equal(session.nrequests, 2);
	const struct replay_request *first = &session.requests[0], *second = &session.requests[1];
	assert_int_equal(first->before, 1);
	turn_is(first, 0, false, "{\"type\":\"text\",\"text\":\"go\"}");
	assert_int_equal(first->reply->n, 3);
	assert_int_equal(first->reply->usage.out, 9);
	assert_int_equal(second->before, 3);
	turn_is(second, 2, false,
		"{\"type\":\"tool_result\",\"tool_use_id\":\"t1\",\"content\":\"\"}"
		"{\"type\":\"tool_result\",\"tool_use_id\":\"t2\",\"content\":\"[no result was recorded]\"}");
	assert_int_equal(second->reply->n, 1);
	assert_int_equal(second->reply->at_ms - second->sent_ms, 3000);
	assert_int_equal(notes.damaged, 1);
	replay_session_release(&session);
}

static void compactions(void **state)
{
	load(USER("01", "\"go\"") REPLY("02", "m1", "x", TEXT_A,
		"") "{\"type\":\"system\",\"sessionId\":\"s\",\"subtype\":\"compact_boundary\",\"timestamp\":"
		    "\"2026-01-01T00:00:03.000Z\"}\n" USER("04", "\"summary\"")
			    REPLY("05", "m2", "x", TEXT_A, ""));
	assert_int_equal(session.nrequests, 2);
	assert_int_equal(session.requests[1].segment, 1);
	assert_int_equal(session.requests[1].before, 1);
	turn_is(&session.requests[1], 0, false, "{\"type\":\"text\",\"text\":\"summary\"}");
	replay_session_release(&session);
}

/* Agents within the main file are not the main loop's. */
static void sidechains(void **state)
{
	load(USER("01",
		"\"go\"") "{\"type\":\"user\",\"isSidechain\":true,\"sessionId\":\"s\",\"timestamp\":"
			  "\"2026-01-01T00:00:01.500Z\",\"message\":{\"content\":\"agent\"}}\n"
			  "{\"type\":\"session_meta\",\"timestamp\":\"2026-01-01T00:00:01.600Z\",\"payload\":{}}\n"
			  "[1]\n\n" REPLY("02", "m1", "x", TEXT_A, ""));
	assert_int_equal(session.nrequests, 1);
	assert_int_equal(notes.sidechains, 1);
	turn_is(&session.requests[0], 0, false, "{\"type\":\"text\",\"text\":\"go\"}");
	replay_session_release(&session);
}

#define BLOCKS_OF_NOTHING \
	"{\"type\":\"user\",\"timestamp\":\"2026-01-01T00:00:01.000Z\",\"message\":{\"content\":[7,[],{}," \
	"{\"type\":\"tool_result\"},{\"type\":\"tool_use\",\"input\":3},{\"type\":\"image\"},null]}}"

static void hostile(void **state)
{
	static const char *const texts[] = {
		"", "\n\n", "{", "nonsense", "\0\1\2", "[]\n{}\n\"x\"\n",
		"{\"type\":\"assistant\",\"timestamp\":\"2026-01-01T00:00:01.000Z\",\"message\":7}",
		"{\"type\":\"user\",\"timestamp\":\"never\",\"message\":{\"content\":\"x\"}}",
		BLOCKS_OF_NOTHING,
		"{\"type\":\"system\",\"subtype\":\"compact_boundary\",\"timestamp\":\"2026-01-01T00:00:01.000Z\"}"
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		load(texts[i]);
		assert_int_equal(session.nrequests, 0);
		replay_session_release(&session);
	}
	/* Replies without anything before them, calls without names, results of nothing. */
	load(REPLY("02", "m1", "x",
		"{\"type\":\"tool_use\"},{\"type\":\"thinking\"},{\"type\":\"what\"}", "")
			REPLY("03", "m2", "x", TEXT_A, ""));
	assert_int_equal(session.nrequests, 2);
	turn_is(&session.requests[0], 0, false, "{\"type\":\"text\",\"text\":\"Continue.\"}");
	replay_session_release(&session);
}

static void sizes(void **state)
{
	struct buf b;

	assert_int_equal(replay_chars(STR("a\\n\\u00e9\xc3\xa9\\ud83d\\ude00\\ud83d\\")), 7);
	assert_int_equal(replay_tokens(27), 10);
	assert_int_equal(replay_tokens(28), 11);
	/* As tests/prove/bodies.py has it. */
	buf_init(&b, SIZE_MAX);
	replay_filler(&b, STR("identity"), 60);
	buf_add_char(&b, '\0');
	assert_string_equal(b.p,
		"- Write search working before code project exact the test state path.\n"
		"- Must result without following string agent code only change always instead.\n- Output call");
	buf_clear(&b);
	replay_filler(&b, STR("x"), -5);
	assert_int_equal(b.n, 1);
	buf_release(&b);
}

/* What the client sends is JSON, marked where Claude Code marks it, without the thinking of another model. */
static void bodies(void **state)
{
	static const char thinking[] =
		"{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"s\"}";
	struct replay_client client;
	struct str blocks[] = { str_from(thinking), STR(TEXT_A) };
	bool kinds[] = { true, false };
	struct buf b;

	load(USER("01", "\"go\"") REPLY("02", "m1", "x",
		"{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"old\"}," TEXT_A,
		"\"input_tokens\":30000") USER("03", "\"on\"")
			REPLY("04", "m2", "x", TEXT_A, "\"input_tokens\":30000"));
	replay_client_init(&client, replay_frames(&session));
	buf_init(&b, SIZE_MAX);
	replay_body(&client, &session.requests[1], &b);
	assert_true(json_is_object(buf_str(&b)));
	assert_true(str_find(buf_str(&b), STR("hm")) == b.n);
	assert_true(
		str_find(buf_str(&b),
			STR("{\"type\":\"text\",\"text\":\"on\",\"cache_control\":{\"type\":\"ephemeral\"}}]}]")) <
		b.n);
	client.received[session.requests[0].reply->number] = (struct replay_received){
		.model = STR("x"), .blocks = blocks, .thinking = kinds, .n = 2
	};
	buf_clear(&b);
	replay_body(&client, &session.requests[1], &b);
	assert_true(str_find(buf_str(&b), str_from(thinking)) < b.n);
	replay_client_forget(&client, 0);
	buf_clear(&b);
	replay_body(&client, &session.requests[1], &b);
	assert_true(str_find(buf_str(&b), STR("hm")) == b.n);
	buf_release(&b);
	replay_client_release(&client);
	replay_session_release(&session);
}

static void policies(void **state)
{
	static const char *const wrong[] = { "", "hop:", "hop:x:101", "turns:", "thrifty",
		"saver x", "saver caps.x=1" };
	struct arena *a = arena_new();
	struct replay_policy p;
	struct err e = { 0 };

	assert_true(replay_policy_read(&p, STR(" never "), a, &e));
	assert_int_equal(p.nsettings, 1);
	assert_string_equal(p.settings[0], "route.profile=observe");
	assert_true(replay_policy_read(&p,
		STR("saver route.use.execute=openai/gpt-6 caps.stop=false effort=low  route.turns=5"),
		a, &e));
	assert_int_equal(p.nsettings, 3);
	assert_string_equal(
		p.settings[1], "route.use.execute=openai/gpt-6 caps.stop=false effort=low");
	assert_string_equal(p.settings[2], "route.turns=5");
	assert_true(replay_policy_read(&p, STR("hop:ollama/qwen:7b:10"), a, &e));
	assert_int_equal(p.percent, 10);
	assert_int_equal(p.model.n, strlen("ollama/qwen:7b"));
	assert_true(replay_policy_read(&p, STR("turns:m"), a, &e));
	assert_int_equal(p.tokens, 60000);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(replay_policy_read(&p, str_from(wrong[i]), a, &e));
	arena_free(a);
}

/* ---- the whole ---- */

static struct config *config_of(const struct replay_policy *p)
{
	struct config_report report = { 0 };
	const struct config_input in = { .sets = p->settings, .nsets = p->nsettings };
	struct config *ret = config_load(&in, &report);

	assert_non_null(ret);
	config_report_release(&report);
	return ret;
}

/* Replays a folder under two policies; the report as JSON. buf_release() afterwards. */
static struct buf report_of(const char *folder, const char *one, const char *other)
{
	const char *const names[] = { one, other };
	struct replay_policy policy[2];
	struct replay_way ways[2] = { { .policy = NULL } };
	struct replay r = { .ways = ways, .nways = 2 };
	struct transcripts t = { 0 };
	struct arena *a = arena_new();
	struct err e = { 0 };
	struct buf out;

	for (size_t i = 0; i < 2; i++) {
		assert_true(replay_policy_read(&policy[i], str_from(names[i]), a, &e));
		ways[i] = (struct replay_way){ .policy = &policy[i],
			.config = config_of(&policy[i]),
			.prices = &price_table };
	}
	assert_true(transcripts_add(&t, folder, &e));
	assert_true(replay_run(&r, &t, &e));
	buf_init(&out, SIZE_MAX);
	replay_json(&r, &out);
	replay_text(&r, &out);
	replay_release(&r);
	for (size_t i = 0; i < 2; i++)
		config_unref(ways[i].config);
	transcripts_release(&t);
	arena_free(a);
	return out;
}

static void same_again(void **state)
{
	struct buf first = report_of(
			   TESTS_DIR "/prove/sessions", "observe", "hop:claude-haiku-4-5"),
		   second = report_of(
			   TESTS_DIR "/prove/sessions", "observe", "hop:claude-haiku-4-5");

	assert_true(first.n > 1000 && str_eq(buf_str(&first), buf_str(&second)));
	assert_true(str_find(buf_str(&first), STR("\"failed\":0,\"differs\":0,\"retried\":0")) <
		    first.n);
	buf_release(&first);
	buf_release(&second);
}

/* A provider that is not simulated, or has no such model, fails requests, and that is told. */
static void failures(void **state)
{
	struct buf out;

	put("p/s.jsonl",
		STR(USER("01", "\"go\"") REPLY("02", "m1", "claude-opus-4-6", TEXT_A, "")));
	out = report_of(below("p"), "observe", "hop:claude-unheard-of:100");
	assert_true(str_find(buf_str(&out), STR("\"failed\":1")) < out.n);
	assert_true(str_find(buf_str(&out), STR("1 requests failed")) < out.n);
	buf_release(&out);
}

static void no_requests(void **state)
{
	struct buf out;

	put("p/s.jsonl", STR("{\"type\":\"session_meta\",\"payload\":{}}\n"));
	out = report_of(below("p"), "observe", "never");
	assert_true(str_starts(buf_str(&out), STR("{\"requests\":0,")));
	buf_release(&out);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(requests),
		IN_FOLDER(compactions),
		IN_FOLDER(sidechains),
		IN_FOLDER(hostile),
		cmocka_unit_test(sizes),
		IN_FOLDER(bodies),
		cmocka_unit_test(policies),
		IN_FOLDER(same_again),
		IN_FOLDER(failures),
		IN_FOLDER(no_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
