/* SPDX-License-Identifier: MIT */
/* Gemini's replies: as events of another dialect's reply, and looked at on their way to its own clients. */
#include "unit/base/check.h"

#include "llm/gemini.h"
#include "wire/sse.h"

#include <stdlib.h>

struct teller {
	struct arena *a;
	struct sink sink;
	struct decoder d;
	struct buf text;
	struct usage usage;
};

static void tell_native(struct buf *b, const struct native *n)
{
	if (n->code.n > 0)
		buf_addf(b, " %.*s%.*s", STR_ARG(n->code), STR_ARG(n->payload));
}

/* "start(id model) thought(text) call(id name {} gem…) stop(1)"; usage aside, which is merged. */
static void tell(struct sink *self, const struct event *ev)
{
	static const char *const kinds[] = {
		[PART_TEXT] = "text", [PART_CALL] = "call", [PART_REASONING] = "thought"
	};
	struct teller *t = container_of(self, struct teller, sink);
	struct buf *b = &t->text;

	usage_merge(&t->usage, &ev->usage);
	if (ev->type == EV_START)
		buf_addf(b, "start(%.*s %.*s)", STR_ARG(ev->id), STR_ARG(ev->model));
	if (ev->type == EV_OPEN)
		buf_addf(b, " %s(", kinds[ev->part]);
	if (ev->type == EV_OPEN && ev->part == PART_CALL)
		buf_addf(b, "%.*s %.*s ", STR_ARG(ev->id), STR_ARG(ev->name));
	if (ev->type == EV_TEXT)
		buf_addf(b, "%.*s", STR_ARG(ev->text));
	if (ev->type == EV_SIGN || ev->type == EV_OPEN)
		tell_native(b, &ev->native);
	if (ev->type == EV_CLOSE)
		buf_add_char(b, ')');
	if (ev->type == EV_STOP)
		buf_addf(b, " stop(%d %.*s)", (int)ev->stop, STR_ARG(ev->detail));
	if (ev->type == EV_ERROR)
		buf_addf(b, " error(%d %s%.*s)", (int)ev->error, ev->again ? "again " : "",
			STR_ARG(ev->detail));
}

static void begin(struct teller *t)
{
	const struct target target = { .flavor = flavor_by_name(STR("gemini")) };

	*t = (struct teller){ .a = arena_new(), .sink = { tell, NULL }, .usage = USAGE_UNKNOWN };
	buf_init(&t->text, SIZE_MAX);
	decoder_init(&t->d, &dialect_gemini, &target, t->a, &t->sink);
}

static void done(struct teller *t)
{
	decoder_release(&t->d);
	buf_release(&t->text);
	arena_free(t->a);
}

/* A frame of its own memory, so that nothing beyond it is read. */
static void feed(struct teller *t, struct str json)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_add(&b, STR("data: "));
	buf_add(&b, json);
	buf_add(&b, STR("\r\n\r\n"));
	char *copy = must_alloc(b.n);
	memcpy(copy, b.p, b.n);
	decoder_frame(&t->d, (struct str){ copy, b.n });
	free(copy);
	buf_release(&b);
}

/* The chunks of a stream; as an array they are the reply that streams are without alt=sse. */
static struct str stream(struct teller *t, struct str chunks)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	assert_true(json_iter_init_array(&it, chunks, &e));
	while (json_next(&it, &m, &e))
		feed(t, m.value);
	decoder_end(&t->d);
	return buf_str(&t->text);
}

#define IDS "\"modelVersion\":\"m\",\"responseId\":\"R\""
#define PARTS(parts) \
	"{\"candidates\":[{\"content\":{\"parts\":[" parts \
	"],\"role\":\"model\"},\"index\":0}]," IDS "}"
#define END(parts, f) \
	"{\"candidates\":[{\"content\":{\"parts\":[" parts "]},\"finishReason\":\"" f "\"}]," IDS \
	"}"
#define BARE(f) "{\"candidates\":[{\"finishReason\":\"" f "\",\"index\":0}]," IDS "}"

struct row {
	const char *chunks, *want;
};

static void check_streams(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct teller t;
		begin(&t);
		assert_str(stream(&t, str_from(rows[i].chunks)), str_from(rows[i].want));
		assert_true(t.d.ended);
		done(&t);
	}
}

static void streams(void **state)
{
	static const struct row rows[] = {
		{ "[" PARTS("{\"text\":\"a\\n\"}") "," END("{\"text\":\"b\"}", "STOP") "]",
			"start(R m) text(a\\nb) stop(1 )" },
		/* Each kind is a part of its own, empty ones are none. */
		{ "[" PARTS("{\"text\":\"h\",\"thought\":true},{\"text\":\"\",\"thought\":true}") "," END(
			  "{\"text\":\"m\",\"thought\":true},{\"text\":\"\"},{\"text\":\"x\"},"
			  "{\"thought\":true,\"text\":\"z\"}",
			  "MAX_TOKENS") "]",
			"start(R m) thought(hm) text(x) thought(z) stop(2 )" },
		/* A signature is the call's and the thought's in front of it. */
		{ "[" PARTS("{\"text\":\"h\",\"thought\":true}") "," END(
			  "{\"functionCall\":{\"id\":\"c1\",\"name\":\"f\",\"args\":{ \"a\": \"x\\\"\" }},"
			  "\"thoughtSignature\":\"c2ln\"},{\"functionCall\":{\"name\":\"g\"}}",
			  "STOP") "]",
			"start(R m) thought(h gem{\"p\":[[\"fc\",\"c1\",\"c2ln\"]]}) "
			"call(c1 f  gem\"c2ln\"{\\\"a\\\":\\\"x\\\\\\\"\\\"}) "
			"call(toolu_R_1 g {}) stop(4 )" },
		{ "[" END("{\"text\":\"x\"},{\"function_call\":{\"id\":\"not plain\",\"name\":\"f\"},"
			  "\"thought_signature\":\"c2ln\"}",
			  "STOP") "]",
			"start(R m) text(x) thought( gem{\"p\":[[\"fc\","
			"\"toolu_x42a36302e024a72f91e8341f\",\"c2ln\"]]}) "
			"call(toolu_x42a36302e024a72f91e8341f f  gem\"c2ln\"{}) stop(4 )" },
		{ "[" END("{\"functionCall\":{\"name\":\"f\",\"args\":[1, \"x\"]}}",
			  "MAX_TOKENS") "]",
			"start(R m) call(toolu_R_0 f "
			"{\\\"__raw_arguments\\\":\\\"[1, \\\\\\\"x\\\\\\\"]\\\"}) stop(2 )" },
		/* Without an id of the reply there is none to make one of. */
		{ "[{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\"},"
		  "\"thoughtSignature\":\"s\"}]},\"finishReason\":\"STOP\"}]}]",
			"start( ) thought( gem{\"p\":[[\"fc\",\"\",\"s\"]]}) call( f  gem\"s\"{}) stop(4 )" },
		{ "[" END("{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"QQ==\"}}",
			  "STOP") "]",
			"start(R m) text([image omitted: image/png]) stop(1 )" },
	};

	check_streams(rows, ARRAY_LEN(rows));
}

static void ends(void **state)
{
	static const struct row rows[] = {
		{ "[" PARTS("{\"text\":\"a\"}") "," BARE("SAFETY") "]",
			"start(R m) text(a) stop(5 SAFETY)" },
		{ "[" BARE("IMAGE_RECITATION") "]", "start(R m) stop(5 IMAGE_RECITATION)" },
		{ "[" END("{\"text\":\"a\"}", "OTHER") "]", "start(R m) text(a) stop(1 )" },
		{ "[" END("{\"text\":\"a\"}", "NEW_ONE") "]", "start(R m) text(a) stop(1 )" },
		{ "[" END("{\"text\":\"a\"}", "CONTINUATION") "]", "start(R m) text(a) stop(2 )" },
		{ "[{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}," IDS "}]",
			"start(R m) stop(5 SAFETY)" },
		{ "[" BARE("OTHER") "]",
			"start(R m) error(14 upstream ended without content (OTHER))" },
		{ "[" PARTS("{\"text\":\"a\"}") "," BARE("MALFORMED_FUNCTION_CALL") "," BARE(
			  "STOP") "]",
			"start(R m) text(a error(14 again upstream produced an invalid tool call "
			"(MALFORMED_FUNCTION_CALL))" },
		{ "[" BARE("MALFORMED_RESPONSE") "]",
			"start(R m) error(14 again upstream produced an invalid reply (MALFORMED_RESPONSE))" },
		{ "[" PARTS("{\"text\":\"a\"}") "]",
			"start(R m) text(a error(14 upstream stream ended without a finish reason)" },
		{ "[" PARTS(
			  "{\"text\":\"a\"}") ",{\"error\":{\"code\":429,\"message\":\"slow\",\"status\":"
					      "\"RESOURCE_EXHAUSTED\"}}]",
			"start(R m) text(a error(11 slow)" },
		{ "[{\"candidates\":[]," IDS "}]",
			" error(14 upstream stream ended without a finish reason)" },
		{ "[{\"candidates\":7,\"usageMetadata\":[],\"error\":null,\"promptFeedback\":\"x\"}]",
			"start( ) error(14 upstream stream ended without a finish reason)" },
	};

	check_streams(rows, ARRAY_LEN(rows));
}

/* The same reply in one piece, and in the array of its pieces. */
static void bodies(void **state)
{
	static const struct row rows[] = {
		{ "[" PARTS("{\"text\":\"a\"}") ",\r\n" END("{\"text\":\"b\"}", "STOP") "]\n",
			"start(R m) text(ab) stop(1 )" },
		{ "\n" END("{\"text\":\"a\"},{\"text\":\"b\"}", "STOP") "\n",
			"start(R m) text(ab) stop(1 )" },
		{ "[{\"error\":{\"code\":503,\"message\":\"full\",\"status\":\"UNAVAILABLE\"}}]",
			" error(12 full)" },
		{ "<html>", " error(14 upstream sent a broken reply)" },
		{ "", " error(14 upstream sent a broken reply)" },
		{ "[", " error(14 upstream sent a broken reply)" },
		{ "{\"a\":1", " error(14 upstream sent a broken reply)" },
		{ "{}", " error(14 upstream reply has no end)" },
		{ "[]", " error(14 upstream reply has no end)" },
		{ PARTS("{\"text\":\"a\"}"),
			"start(R m) text(a error(14 upstream reply has no end)" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct teller t;
		begin(&t);
		decoder_body(&t.d, str_from(rows[i].chunks));
		assert_str(buf_str(&t.text), str_from(rows[i].want));
		done(&t);
	}
}

/* Ids that are made up are the client's. */
static void prefixes(void **state)
{
	struct teller t;

	begin(&t);
	t.d.call_prefix = "call_";
	decoder_body(&t.d,
		STR(END("{\"functionCall\":{\"name\":\"f\"},\"thoughtSignature\":\"s\"}", "STOP")));
	assert_str(buf_str(&t.text),
		STR("start(R m) thought( gem{\"p\":[[\"fc\",\"call_R_0\",\"s\"]]}) "
		    "call(call_R_0 f  gem\"s\"{}) stop(4 )"));
	done(&t);
}

/* However it is cut off, an end is come to, and nothing else is read. */
static void truncated(void **state)
{
	static const char whole[] =
		END("{\"text\":\"a\",\"thought\":true},{\"functionCall\":{\"id\":\"c\","
		    "\"name\":\"f\",\"args\":{\"x\":[1,{}]}},\"thoughtSignature\":\"s\"}",
			"STOP");

	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		struct teller t;
		char *copy = must_alloc(n + 1);
		memcpy(copy, whole, n);
		begin(&t);
		decoder_body(&t.d, (struct str){ copy, n });
		assert_true(t.d.ended);
		assert_true(str_find(buf_str(&t.text), STR("error(14")) < t.text.n);
		done(&t);
		begin(&t);
		feed(&t, (struct str){ copy, n });
		decoder_end(&t.d);
		assert_true(t.d.ended);
		done(&t);
		free(copy);
	}
}

/* ---- what is counted ---- */

#define USAGE(members) "{\"usageMetadata\":{" members "}}"

static const struct {
	const char *json;
	struct usage want;
} counts[] = {
	{ USAGE("\"promptTokenCount\":100,\"cachedContentTokenCount\":60,\"candidatesTokenCount\":7,"
		"\"thoughtsTokenCount\":5,\"toolUsePromptTokenCount\":3,\"totalTokenCount\":115"),
		{ 43, 60, -1, -1, 12, 5 } },
	{ USAGE("\"promptTokenCount\":9"), { 9, -1, -1, -1, 0, -1 } },
	{ USAGE("\"prompt_token_count\":9,\"thoughts_token_count\":4"), { 9, -1, -1, -1, 4, 4 } },
	{ USAGE("\"promptTokenCount\":1,\"cachedContentTokenCount\":2"), { 0, 2, -1, -1, 0, -1 } },
	{ USAGE("\"promptTokenCount\":-1,\"candidatesTokenCount\":99999999999,"
		"\"thoughtsTokenCount\":\"1\""),
		{ 0, -1, -1, -1, 0, -1 } },
	{ "{}", { -1, -1, -1, -1, -1, -1 } },
};

static void check_usage(const struct usage *got, const struct usage *want)
{
	assert_int_equal(got->in, want->in);
	assert_int_equal(got->cache_read, want->cache_read);
	assert_int_equal(got->cache_write, want->cache_write);
	assert_int_equal(got->out, want->out);
	assert_int_equal(got->reasoning, want->reasoning);
}

static void usage(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct teller t;
		struct arena *a = arena_new();
		struct event ev;
		begin(&t);
		feed(&t, str_from(counts[i].json));
		check_usage(&t.usage, &counts[i].want);
		dialect_gemini.parse_reply(str_from(counts[i].json), a, &ev);
		check_usage(&ev.usage, &counts[i].want);
		done(&t);
		arena_free(a);
	}
}

/* Chunks tell what there has been so far. */
static void cumulative_usage(void **state)
{
	struct teller t;

	begin(&t);
	feed(&t, STR(USAGE("\"promptTokenCount\":9,\"thoughtsTokenCount\":4")));
	feed(&t,
		STR(USAGE(
			"\"promptTokenCount\":9,\"candidatesTokenCount\":2,\"thoughtsTokenCount\":4")));
	check_usage(&t.usage, &(struct usage){ 9, -1, -1, -1, 6, 4 });
	done(&t);
}

/* ---- relayed ---- */

static void relayed_events(void **state)
{
	static const struct {
		const char *frame;
		enum event_type type;
		const char *model, *text, *detail;
	} rows[] = {
		{ "data: " PARTS("{\"text\":\"a\"}") "\r\n\r\n", EV_RAW, "", "", "" },
		{ "data: " USAGE("\"promptTokenCount\":1") "\r\n\r\n", EV_USAGE, "", "", "" },
		{ "data: " BARE("STOP") "\r\n\r\n", EV_STOP, "m", "", "" },
		{ "data: {\"promptFeedback\":{\"blockReason\":\"OTHER\"}," IDS "}\n\n", EV_STOP,
			"m", "", "" },
		{ "data: {\"promptFeedback\":{}}\n\n", EV_RAW, "", "", "" },
		{ "data: {\"error\":{\"code\":503,\"message\":\"f\\nl\",\"status\":\"UNAVAILABLE\"}}\n\n",
			EV_ERROR, "", "UNAVAILABLE", "f\nl" },
		{ ": ping\n\n", EV_RAW, "", "", "" },
		{ "data: {\"candi", EV_RAW, "", "", "" },
		{ "\n\n", EV_RAW, "", "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct buf scratch;
		struct event ev;
		buf_init(&scratch, 4096);
		dialect_gemini.parse_event(str_from(rows[i].frame), &scratch, a, &ev);
		assert_int_equal(ev.type, rows[i].type);
		assert_str(ev.raw, str_from(rows[i].frame));
		assert_str(ev.model, str_from(rows[i].model));
		assert_str(ev.text, str_from(rows[i].text));
		assert_str(ev.detail, str_from(rows[i].detail));
		buf_release(&scratch);
		arena_free(a);
	}
}

static void relayed_replies(void **state)
{
	struct arena *a = arena_new();
	struct event ev;

	dialect_gemini.parse_reply(
		STR("[" USAGE("\"promptTokenCount\":5") "," BARE("STOP") "," USAGE(
			"\"promptTokenCount\":5,\"candidatesTokenCount\":2") "]"),
		a, &ev);
	assert_int_equal(ev.type, EV_STOP);
	assert_bytes(ev.model, "m");
	assert_int_equal(ev.usage.in, 5);
	assert_int_equal(ev.usage.out, 2);
	dialect_gemini.parse_reply(
		STR("[{\"error\":{\"status\":\"INTERNAL\",\"message\":\"x\"}}]"), a, &ev);
	assert_int_equal(ev.type, EV_ERROR);
	assert_bytes(ev.text, "INTERNAL");
	dialect_gemini.parse_reply(STR("<html>"), a, &ev);
	assert_int_equal(ev.type, EV_STOP);
	assert_int_equal(ev.usage.in, -1);
	arena_free(a);
}

static void requests(void **state)
{
	static const struct {
		const char *path, *body, *model;
		bool stream;
	} rows[] = {
		{ "/v1beta/models/gemini-3-pro:generateContent", "{}", "gemini-3-pro", false },
		{ "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse", "{}", "gemini-3-pro",
			true },
		{ "/v1/models/a:b:countTokens", " {\"model\":\"other\"}", "a:b", false },
		{ "/v1beta/models/a%2Fb%3a%zz:generateContent", "{}", "a/b:%zz", false },
		{ "/v1beta/models/:generateContent", "{}", NULL, false },
		{ "/v1beta/models/m", "{}", NULL, false },
		{ "/v1beta/", "{}", NULL, false },
		{ "/v1beta/models/m:generateContent", "[]", NULL, false },
		{ "/v1beta/models/m:generateContent", "{\"a\":1", NULL, false },
		{ "/v1beta/models/m:generateContent", "", NULL, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct chat c = { .path = str_from(rows[i].path) };
		struct err e = { 0 };
		bool ok = dialect_gemini.parse_request(&c, str_from(rows[i].body), a, &e);
		assert_int_equal(ok, rows[i].model != NULL);
		assert_int_equal(e.kind, ok ? ERR_NONE : ERR_INVALID);
		if (ok) {
			assert_str(c.model, str_from(rows[i].model));
			assert_int_equal(c.stream, rows[i].stream);
			assert_int_equal(c.nmodels, 0);
			assert_false(c.outline.whole);
		}
		arena_free(a);
	}
}

static void errors(void **state)
{
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, SIZE_MAX);
	err_set(&e, ERR_RATE, "so \"slow\"");
	dialect_gemini.print_error_event(&b, &e, STR("req"));
	assert_bytes(buf_str(&b),
		"data: {\"error\":{\"code\":429,\"message\":\"so \\\"slow\\\"\",\"status\":"
		"\"RESOURCE_EXHAUSTED\"}}\r\n\r\n");
	buf_release(&b);
}

static void member_names(void **state)
{
	static const struct {
		const char *key, *camel;
		bool same;
	} rows[] = {
		{ "functionCall", "functionCall", true },
		{ "function_call", "functionCall", true },
		{ "functioncall", "functionCall", false },
		{ "function_Call", "functionCall", false },
		{ "function_call_", "functionCall", false },
		{ "function_cal", "functionCall", false },
		{ "function_", "functionCall", false },
		{ "f\\u0075nctionCall", "functionCall", true },
		{ "top_p", "topP", true },
		{ "top_", "topP", false },
		{ "", "topP", false },
		{ "text", "text", true },
		{ "texts", "text", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(gemini_key_is(str_from(rows[i].key), str_from(rows[i].camel)),
			rows[i].same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams),
		cmocka_unit_test(ends),
		cmocka_unit_test(bodies),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(truncated),
		cmocka_unit_test(usage),
		cmocka_unit_test(cumulative_usage),
		cmocka_unit_test(relayed_events),
		cmocka_unit_test(relayed_replies),
		cmocka_unit_test(requests),
		cmocka_unit_test(errors),
		cmocka_unit_test(member_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
