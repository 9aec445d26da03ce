/* SPDX-License-Identifier: MIT */
/* Requests that were written for one model and go to another: each parameter as that one takes it, and of what is said not a byte changed. */
#include "unit/base/check.h"

#include "llm/refit.h"
#include "unit/wire/check.h"
#include "wire/json_text.h"

#define FABLE     "claude-fable-5"
#define OPUS      "claude-opus-5-5"   /* thinks always; no sampling, no forced tools */
#define OPUS_48   "claude-opus-4-8"   /* adaptive; no sampling */
#define OPUS_46   "claude-opus-4-6"   /* adaptive, samples, no xhigh */
#define SONNET    "claude-sonnet-5-5" /* adaptive, between_tools */
#define SONNET_50 "claude-sonnet-5"   /* adaptive, disabled */
#define SONNET_45 "claude-sonnet-4-5" /* budget, no effort */
#define HAIKU     "claude-haiku-4-5"  /* budget, no effort */
#define OLD       "claude-3-5-haiku"  /* no thinking */

static void fit(struct str body, const char *model, bool lacks_thinking, struct buf *out, bool *ret)
{
	struct caps caps;
	const struct refit r = { .caps = &caps, .unasked = true, .lacks_thinking = lacks_thinking };

	caps_of_model(&caps, NULL, str_from(model));
	*ret = refit_request(body, &r, out);
}

/* One that thinks by itself takes the place of one that does not: the client has left no room for that. */
static void unasked(void **state)
{
	static const struct {
		const char *model, *body, *want; /* NULL: stays as it is */
	} rows[] = {
		{ "claude-sonnet-5-5", "{\"max_tokens\":10}",
			"{\"max_tokens\":10,\"thinking\":{\"type\":\"between_tools\"}}" },
		{ "claude-sonnet-5-5", "{}", "{\"thinking\":{\"type\":\"between_tools\"}}" },
		{ "claude-sonnet-5-5", "{\"thinking\":{\"type\":\"adaptive\"}}", NULL },
		{ "claude-sonnet-4-6", "{\"max_tokens\":10}", NULL },
		{ "claude-opus-5-5", "{\"max_tokens\":10}", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct caps caps;
		const struct refit r = { .caps = &caps };
		struct buf out;
		caps_of_model(&caps, NULL, str_from(rows[i].model));
		buf_init(&out, SIZE_MAX);
		assert_int_equal(
			refit_request(str_from(rows[i].body), &r, &out), rows[i].want != NULL);
		assert_true(
			str_eq(buf_str(&out), str_from(rows[i].want != NULL ? rows[i].want : "")));
		buf_release(&out);
	}
}

struct row {
	const char *model, *body, *want; /* NULL: stays as it is */
};

static void check_rows(const struct row *rows, size_t n, bool lacks_thinking)
{
	struct buf once, twice;
	bool changed;

	buf_init(&once, SIZE_MAX);
	buf_init(&twice, SIZE_MAX);
	for (size_t i = 0; i < n; i++) {
		buf_clear(&once);
		buf_clear(&twice);
		fit(str_from(rows[i].body), rows[i].model, lacks_thinking, &once, &changed);
		assert_str(buf_str(&once), str_from(rows[i].want != NULL ? rows[i].want : ""));
		assert_int_equal(changed, rows[i].want != NULL);
		if (!changed)
			continue;
		assert_true(json_is_object(buf_str(&once)));
		fit(buf_str(&once), rows[i].model, lacks_thinking, &twice, &changed);
		assert_false(changed);
		assert_int_equal(twice.n, 0);
	}
	buf_release(&once);
	buf_release(&twice);
}

#define CHECK_ROWS(rows) check_rows(rows, ARRAY_LEN(rows), false)

/* ---- thinking ---- */

#define ENABLED       "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}"
#define ADAPTIVE      "\"thinking\":{\"type\":\"adaptive\"}"
#define DISABLED      "\"thinking\":{\"type\":\"disabled\"}"
#define BETWEEN_TOOLS "\"thinking\":{\"type\":\"between_tools\"}"
#define M             "{\"max_tokens\":4000,"

static void thinking(void **state)
{
	static const struct row rows[] = {
		{ OPUS, M ENABLED "}", M ADAPTIVE "}" },
		{ FABLE, M ENABLED "}", M ADAPTIVE "}" },
		{ OPUS_48, M ENABLED "}", M ADAPTIVE "}" },
		{ OPUS_46, M ENABLED "}", M ADAPTIVE "}" },
		{ SONNET, M ENABLED "}", M ADAPTIVE "}" },
		{ SONNET_50, M ENABLED "}", M ADAPTIVE "}" },
		{ SONNET_45, M ENABLED "}", NULL },
		{ HAIKU, M ENABLED "}", NULL },
		{ OLD, M ENABLED "}", "{\"max_tokens\":4000}" },
		{ OPUS, M ADAPTIVE "}", NULL },
		{ OPUS_46, M ADAPTIVE "}", NULL },
		{ SONNET, M ADAPTIVE "}", NULL },
		{ SONNET_45, M ADAPTIVE "}", "{\"max_tokens\":4000}" },
		{ HAIKU, M ADAPTIVE "}", "{\"max_tokens\":4000}" },
		{ OLD, M ADAPTIVE "}", "{\"max_tokens\":4000}" },
		{ OPUS, M DISABLED "}", "{\"max_tokens\":4000}" },
		{ OPUS_46, M DISABLED "}", NULL },
		{ SONNET, M DISABLED "}", M BETWEEN_TOOLS "}" },
		{ SONNET_50, M DISABLED "}", NULL },
		{ HAIKU, M DISABLED "}", NULL },
		{ OLD, M DISABLED "}", NULL },
		{ OPUS, M BETWEEN_TOOLS "}", "{\"max_tokens\":4000}" },
		{ OPUS_48, M BETWEEN_TOOLS "}", M DISABLED "}" },
		{ SONNET, M BETWEEN_TOOLS "}", NULL },
		{ SONNET_50, M BETWEEN_TOOLS "}", M DISABLED "}" },
		{ HAIKU, M BETWEEN_TOOLS "}", "{\"max_tokens\":4000}" },
		/* What we do not know, somebody else does. */
		{ HAIKU, "{\"thinking\":{\"type\":\"later\"}}", NULL },
		{ OPUS, "{\"thinking\":null}", NULL },
		{ OPUS, "{\"thinking\":{}}", NULL },
		{ OPUS, "{\"thinking\":[]}", NULL },
		{ OPUS, "{\"thinking\":\"enabled\"}", NULL },
		{ OPUS, "{\"thinking\":{\"type\":[\"enabled\"]}}", NULL },
	};

	CHECK_ROWS(rows);
}

static void budgets(void **state)
{
	static const struct row rows[] = {
		/* It must be less than max_tokens, also where these are cut. */
		{ HAIKU, "{\"max_tokens\":2001," ENABLED "}", NULL },
		{ HAIKU, "{\"max_tokens\":2000," ENABLED "}", "{\"max_tokens\":2000}" },
		{ HAIKU,
			"{\"max_tokens\":128000,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":64000}}",
			"{\"max_tokens\":64000}" },
		{ HAIKU,
			"{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":63999},\"max_tokens\":128000}",
			"{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":63999},\"max_tokens\":64000}" },
	};
	static const struct row lacking[] = {
		{ HAIKU, M ENABLED "}", "{\"max_tokens\":4000}" },
		{ SONNET_45, M ENABLED "}", "{\"max_tokens\":4000}" },
		{ SONNET, M ENABLED "}", M ADAPTIVE "}" },
		{ SONNET, M ADAPTIVE "}", NULL },
		{ HAIKU, M DISABLED "}", NULL },
	};

	CHECK_ROWS(rows);
	check_rows(lacking, ARRAY_LEN(lacking), true);
}

#define CLEAR_THINKING \
	"\"context_management\":{\"edits\":[{\"type\":\"clear_thinking_20251015\",\"keep\":\"all\"}]}"
#define CLEAR_CALLS "\"context_management\":{\"edits\":[{\"type\":\"clear_tool_uses_20250919\"}]}"

static void clearing(void **state)
{
	static const struct row rows[] = {
		{ HAIKU, "{" ADAPTIVE "," CLEAR_THINKING "}", "{}" },
		{ HAIKU, "{" CLEAR_THINKING ",\"a\":1," ADAPTIVE "}", "{\"a\":1}" },
		{ HAIKU, "{" ADAPTIVE "," CLEAR_CALLS "}", "{" CLEAR_CALLS "}" },
		{ HAIKU, M ENABLED "," CLEAR_THINKING "}", NULL },
		/* Who asks for no thinking may still have some, but not from every model. */
		{ HAIKU, "{" CLEAR_THINKING "}", "{}" },
		{ OLD, "{" CLEAR_THINKING "}", "{}" },
		{ OPUS, "{" CLEAR_THINKING "}", NULL },
		{ SONNET, "{" CLEAR_THINKING "}", NULL },
		{ OPUS, "{" DISABLED "," CLEAR_THINKING "}", "{" CLEAR_THINKING "}" },
		{ SONNET, "{" ADAPTIVE "," CLEAR_THINKING "}", NULL },
		{ SONNET, M ENABLED "," CLEAR_THINKING "}", M ADAPTIVE "," CLEAR_THINKING "}" },
	};

	CHECK_ROWS(rows);
}

/* ---- the others ---- */

#define EFFORT(e) "{\"output_config\":{\"effort\":\"" e "\"}}"

static void effort(void **state)
{
	static const struct row rows[] = {
		{ OPUS, EFFORT("max"), NULL },
		{ OPUS_48, EFFORT("xhigh"), NULL },
		{ OPUS_46, EFFORT("xhigh"), EFFORT("high") },
		{ OPUS_46, EFFORT("max"), NULL },
		{ "claude-opus-4-5", EFFORT("max"), EFFORT("high") },
		{ "claude-opus-4-5", EFFORT("low"), NULL },
		{ HAIKU, EFFORT("low"), "{}" },
		{ SONNET_45, EFFORT("high"), "{}" },
		{ OLD, EFFORT("high"), "{}" },
		{ HAIKU,
			"{\"output_config\":{\"effort\":\"low\",\"format\":{\"type\":\"json\"}},\"a\":1}",
			"{\"output_config\":{\"format\":{\"type\":\"json\"}},\"a\":1}" },
		{ OPUS_46,
			"{\"output_config\":{\"format\":{\"t\": [1 , 2]} , \"effort\" : \"xhigh\" } }",
			"{\"output_config\":{\"format\":{\"t\": [1 , 2]},\"effort\":\"high\"}}" },
		{ HAIKU, "{\"output_config\":{\"format\":{\"effort\":\"low\"}}}", NULL },
		{ HAIKU, "{\"output_config\":{}}", NULL },
		{ HAIKU, "{\"output_config\":null}", NULL },
		{ HAIKU, "{\"output_config\":\"effort\"}", NULL },
		{ HAIKU, "{\"output_config\":{\"effort\":7}}", "{}" },
		{ HAIKU, "{\"effort\":\"low\"}", NULL },
	};

	CHECK_ROWS(rows);
}

static void sampling(void **state)
{
	static const struct row rows[] = {
		{ OPUS, "{\"temperature\":1,\"a\":1,\"top_p\":0.5,\"top_k\":4}", "{\"a\":1}" },
		{ OPUS_48, "{\"temperature\":0}", "{}" },
		{ SONNET, "{\"top_k\":4,\"max_tokens\":9}", "{\"max_tokens\":9}" },
		{ OPUS_46, "{\"temperature\":1,\"top_p\":0.5,\"top_k\":4}", NULL },
		{ HAIKU, "{\"temperature\":1}", NULL },
		{ OPUS, "{\"a\":{\"temperature\":1}}", NULL },
		{ OPUS, "{\"Temperature\":1,\"temperature \":2}", NULL },
		{ OPUS, "{\"stop_sequences\":[\"a\"]}", NULL },
		/* Served by the same API, but made by somebody else. */
		{ "o3", "{\"stop_sequences\":[\"a\"],\"top_p\":1,\"a\":1}", "{\"a\":1}" },
	};

	CHECK_ROWS(rows);
}

#define CHOICE(what) "{\"tool_choice\":{\"type\":\"" what "}}"

static void tool_choice(void **state)
{
	static const struct row rows[] = {
		{ OPUS, CHOICE("any\""), CHOICE("auto\"") },
		{ OPUS, CHOICE("tool\",\"name\":\"x\""), CHOICE("auto\"") },
		{ SONNET, CHOICE("any\""), CHOICE("auto\"") },
		{ FABLE, CHOICE("any\""), CHOICE("auto\"") },
		{ OPUS, CHOICE("any\",\"disable_parallel_tool_use\":true"),
			CHOICE("auto\",\"disable_parallel_tool_use\":true") },
		{ OPUS, CHOICE("any\",\"disable_parallel_tool_use\":false"), CHOICE("auto\"") },
		{ OPUS, CHOICE("auto\",\"disable_parallel_tool_use\":true"), NULL },
		{ OPUS, CHOICE("none\""), NULL },
		{ OPUS, "{\"tool_choice\":\"any\"}", NULL },
		{ OPUS, "{\"tool_choice\":null}", NULL },
		{ SONNET_50, CHOICE("any\""), NULL },
		{ HAIKU, CHOICE("tool\",\"name\":\"x\""), NULL },
	};

	CHECK_ROWS(rows);
}

static void max_tokens(void **state)
{
	static const struct row rows[] = {
		{ HAIKU, "{\"max_tokens\":64000}", NULL },
		{ HAIKU, "{\"max_tokens\":64001}", "{\"max_tokens\":64000}" },
		{ OLD, "{\"max_tokens\" : 32000 , \"a\":1}", "{\"max_tokens\":8192,\"a\":1}" },
		{ OPUS, "{\"max_tokens\":128000}", NULL },
		{ OPUS, "{\"max_tokens\":18446744073709551615}", "{\"max_tokens\":128000}" },
		{ OPUS, "{\"max_tokens\":-1}", NULL },
		{ OPUS, "{\"max_tokens\":1e9}", NULL },
		{ OPUS, "{\"max_tokens\":\"999999\"}", NULL },
		{ "nobody-knows", "{\"max_tokens\":99999999}", NULL },
	};

	CHECK_ROWS(rows);
}

/* ---- how it is written ---- */

static void spelling(void **state)
{
	static const struct row rows[] = {
		/* Keys and words with escapes are the same keys and words. */
		{ OPUS, "{\"temp\\u0065rature\":1}", "{}" },
		{ OPUS, "{\"think\\u0069ng\":{\"t\\u0079pe\":\"en\\u0061bled\"}}",
			"{\"think\\u0069ng\":{\"type\":\"adaptive\"}}" },
		{ HAIKU, "{\"max\\u005ftokens\":99999}", "{\"max\\u005ftokens\":64000}" },
		{ OPUS, "{\"tool_choice\":{\"type\":\"\\u0061ny\"}}", CHOICE("auto\"") },
		/* Of members that come twice the last counts, and all of them are made to fit. */
		{ OPUS, "{" DISABLED "," ENABLED "}", "{" ADAPTIVE "," ADAPTIVE "}" },
		{ OPUS, "{\"temperature\":1,\"a\":2,\"temperature\":0}", "{\"a\":2}" },
		{ HAIKU, "{\"max_tokens\":9,\"max_tokens\":99999}",
			"{\"max_tokens\":64000,\"max_tokens\":64000}" },
		{ OPUS_46, "{\"output_config\":{\"effort\":\"low\",\"effort\":\"xhigh\"}}",
			"{\"output_config\":{\"effort\":\"high\",\"effort\":\"high\"}}" },
		/* White space between members is nobody's. */
		{ OPUS, " \r\n\t{ \"temperature\" : 1 ,\n\"a\" :\t[ 1, 2 ] } \n",
			"{\"a\":[ 1, 2 ]}" },
		{ OPUS, "\xef\xbb\xbf{\"top_k\":1,\"a\":1}", "{\"a\":1}" },
		{ OPUS, "{\"temperature\":1}", "{}" },
		{ OPUS, "{\"a\":\"{\",\"temperature\":1,\"b\":2}", "{\"a\":\"{\",\"b\":2}" },
		{ OPUS, "{}", NULL },
		{ OPUS, "", NULL },
		{ OPUS, "[{\"temperature\":1}]", NULL },
		{ OPUS, "\"temperature\"", NULL },
		{ OPUS, "{\"temperature\":1", NULL },
		{ OPUS, "{\"temperature\":1}}", NULL },
		{ OPUS, "{\"temperature\":1}{}", NULL },
		{ OPUS, "{\"temperature\":1,\"a\":[}", NULL },
		{ OPUS, "{\"temperature\":1 \"a\":1}", NULL },
		{ OPUS, "{\"temperature\" 1}", NULL },
	};

	CHECK_ROWS(rows);
}

static void what_is_said_stays(void **state)
{
	static const char body[] =
		"{ \"model\":\"claude-opus-5-5\",\"max_tokens\":32000, \"temperature\" : 1,\n"
		"\"system\" : [ { \"type\":\"text\",\"text\":\"temperature \\u00e9\", \"cache_control\" : {\"type\":\"ephemeral\"} } ],\n"
		"\"tools\":[{\"name\":\"thinking\" , \"input_schema\":{\"max_tokens\": 1.0E5}}],"
		"\"messages\" : [ {\"role\":\"user\",\"content\":\"\xe2\x82\xac \\\"thinking\\\":{}\"} ,"
		" {\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"x\",\"signature\":\"s\"}]} ],"
		"\"metadata\":{\"user_id\":\"u\"},\"stream\":true," ENABLED "}";
	static const char *const members[] = { "system", "tools", "messages", "metadata", "model",
		"stream" };
	static const char *const models[] = { OPUS, OPUS_48, SONNET, OLD };
	struct buf out;
	bool changed;

	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(models); i++) {
		buf_clear(&out);
		fit(STR(body), models[i], false, &out, &changed);
		assert_true(changed);
		for (size_t k = 0; k < ARRAY_LEN(members); k++)
			assert_str(json_get(buf_str(&out), str_from(members[k])),
				json_get(STR(body), str_from(members[k])));
	}
	buf_release(&out);
}

static void it_is_appended(void **state)
{
	struct buf out;
	bool changed;

	buf_init(&out, SIZE_MAX);
	buf_add(&out, STR("before"));
	fit(STR("{\"temperature\":1}"), HAIKU, false, &out, &changed);
	assert_bytes(buf_str(&out), "before");
	fit(STR("{\"temperature\":1,\"a\":1}"), OPUS, false, &out, &changed);
	assert_bytes(buf_str(&out), "before{\"a\":1}");
	buf_release(&out);
}

/* ---- whatever comes ---- */

static void add_any(struct buf *b, uint64_t *seed)
{
	static const char *const pieces[] = { ENABLED, ADAPTIVE, DISABLED, BETWEEN_TOOLS,
		CLEAR_THINKING, CLEAR_CALLS, "\"temperature\":1", "\"top_p\":{}",
		"\"max_tokens\":99999", "\"max_tokens\":1500", "\"tool_choice\":{\"type\":\"any\"}",
		"\"output_config\":{\"effort\":\"xhigh\",\"format\":{}}",
		"\"output_config\":{\"effort\":\"minimal\"}", "\"messages\":[{\"content\":\"{\"}]",
		"\"a\" : 1", "\"thinking\":{\"type\":\"disabled\",\"type\":\"enabled\"}",
		"\"output_config\":[]" };
	unsigned n = (unsigned)(random_next(seed) >> 20) % 7;

	buf_add_char(b, '{');
	for (unsigned i = 0; i < n; i++)
		buf_addf(b, "%s%s", i > 0 ? " ," : "",
			pieces[(random_next(seed) >> 20) % ARRAY_LEN(pieces)]);
	buf_add_char(b, '}');
}

static void whatever_comes(void **state)
{
	static const char *const models[] = { FABLE, OPUS, OPUS_48, OPUS_46, SONNET, SONNET_50,
		SONNET_45, HAIKU, OLD, "nobody-knows", "claude-opus-4-5" };
	struct buf body, once, twice;
	uint64_t seed = 0x9E3779B97F4A7C15;
	bool changed;

	buf_init(&body, SIZE_MAX);
	buf_init(&once, SIZE_MAX);
	buf_init(&twice, SIZE_MAX);
	for (unsigned i = 0; i < 30000; i++) {
		const char *model = models[i % ARRAY_LEN(models)];
		bool lacks = i % 3 == 0;
		buf_clear(&body);
		buf_clear(&once);
		add_any(&body, &seed);
		fit(buf_str(&body), model, lacks, &once, &changed);
		assert_int_equal(changed, once.n > 0);
		if (!changed)
			continue;
		assert_true(json_is_object(buf_str(&once)));
		assert_str(json_get(buf_str(&once), STR("messages")),
			json_get(buf_str(&body), STR("messages")));
		fit(buf_str(&once), model, lacks, &twice, &changed);
		assert_false(changed);
	}
	buf_release(&body);
	buf_release(&once);
	buf_release(&twice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unasked),
		cmocka_unit_test(thinking),
		cmocka_unit_test(budgets),
		cmocka_unit_test(clearing),
		cmocka_unit_test(effort),
		cmocka_unit_test(sampling),
		cmocka_unit_test(tool_choice),
		cmocka_unit_test(max_tokens),
		cmocka_unit_test(spelling),
		cmocka_unit_test(what_is_said_stays),
		cmocka_unit_test(it_is_appended),
		cmocka_unit_test(whatever_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
