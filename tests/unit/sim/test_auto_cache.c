/* SPDX-License-Identifier: MIT */
/* Caches that work by themselves, in tokens and in money, at every door. All figures were computed by hand: a text of N words is N
 * tokens and 4 for its block, 3 end the prompt. */
#include "unit/sim/sim_stream.h"

#include "sim/feed.h"

#define CHAT          "/v1/chat/completions"
#define RESPONSES     "/v1/responses"
#define GEMINI(model) "/v1beta/models/" model ":generateContent"

static int64_t total_nusd(struct site *s)
{
	struct buf b;
	yyjson_doc *doc;
	int64_t n;

	buf_init(&b, SIZE_MAX);
	bill_print(&b, s->engine->bill, false, 0);
	doc = yyjson_read(b.p, b.n, 0);
	n = number_at(doc, "/total/nano_usd/total");
	yyjson_doc_free(doc);
	buf_release(&b);
	return n;
}

struct want {
	struct question q;
	int64_t in, cached; /* all input, and what of it was read; at the paths of the dialect */
};

static void check(struct site *s, const struct want *w, const char *in, const char *cached)
{
	unsigned status;
	yyjson_doc *doc = tell(s, &w->q, &status);
	int64_t read = number_at(doc, cached);

	if (status != 200)
		fail_msg("%u %s", status, text_at(doc, "/error/message"));
	assert_int_equal(number_at(doc, in), w->in);
	assert_int_equal(read < 0 ? 0 : read, w->cached);
	yyjson_doc_free(doc);
}

/* Every 128 tokens from 1024 on; 1100 words are 1104 tokens of prefix, so 1024 of them are found again. */
static const struct want openai[] = {
	{ { .path = CHAT,
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'@1100'}]}" },
		1107, 0 },
	{ { .path = CHAT,
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'@1100'}]}" },
		1107, 1024 },
	/* Another key, another cache; another model too. */
	{ { .path = CHAT,
		  .key = "z",
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'@1100'}]}" },
		1107, 0 },
	{ { .path = CHAT,
		  .body = "{'model':'gpt-5.1','messages':[{'role':'user','content':'@1100'}]}" },
		1107, 0 },
	/* A conversation that goes on: 1104 + 4 + 50 + 4 + 20 = 1182, and 1152 are whole units. */
	{ { .path = CHAT,
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'@1100'},{'role':'assistant','content':'@50'},"
			  "{'role':'user','content':'@20'}]}" },
		1185, 1024 },
	{ { .path = CHAT,
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'@1100'},{'role':'assistant','content':'@50'},"
			  "{'role':'user','content':'@20'}]}" },
		1185, 1152 },
	/* Within a text: 4 + 1156 words are the same, then another word comes. 1152 = 9 * 128. */
	{ { .path = CHAT,
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'@1156 a a a'}]}" },
		1166, 1024 },
	{ { .path = CHAT,
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'@1156 b b'}]}" },
		1165, 1152 },
	/* Too short, though it is there. */
	{ { .path = CHAT,
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'@1000'}]}" },
		1007, 0 },
	/* To the token: 4 + 1020 are just enough, 4 + 1019 are not. */
	{ { .path = CHAT,
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'@1020'}]}" },
		1027, 1024 },
	{ { .path = CHAT,
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'@1019'}]}" },
		1026, 0 },
	/* A change at the beginning. */
	{ { .path = CHAT,
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'x @1100'}]}" },
		1108, 0 },
	/* Ten minutes later: gone. One millisecond before: there. */
	{ { .path = CHAT,
		  .at_ms = 599999,
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'@1100'}]}" },
		1107, 1024 },
	{ { .path = CHAT,
		  .at_ms = 1199999,
		  .body = "{'model':'gpt-5.2','messages':[{'role':'user','content':'@1100'}]}" },
		1107, 0 },
};

static void test_openai(void **state)
{
	struct site s;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(openai); i++)
		check(&s, &openai[i], "/usage/prompt_tokens",
			"/usage/prompt_tokens_details/cached_tokens");
	site_close(&s);
}

static void test_cache_key(void **state)
{
	static const struct want rows[] = {
		{ { .path = CHAT,
			  .body = "{'model':'gpt-5.2','prompt_cache_key':'a','messages':[{'role':'user','content':'@1100'}]}" },
			1107, 0 },
		{ { .path = CHAT,
			  .body = "{'model':'gpt-5.2','prompt_cache_key':'b','messages':[{'role':'user','content':'@1100'}]}" },
			1107, 0 },
		{ { .path = CHAT,
			  .body = "{'model':'gpt-5.2','prompt_cache_key':'a','messages':[{'role':'user','content':'@1100'}]}" },
			1107, 1024 },
		{ { .path = CHAT,
			  .body = "{'model':'gpt-5.2','prompt_cache_key':'c','prompt_cache_retention':'24h','messages':[{'role':'user',"
				  "'content':'@1100'}]}" },
			1107, 0 },
		{ { .path = CHAT,
			  .at_ms = 86399999,
			  .body = "{'model':'gpt-5.2','prompt_cache_key':'c','messages':[{'role':'user','content':"
				  "'@1100'}]}" },
			1107, 1024 },
	};
	struct site s;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&s, &rows[i], "/usage/prompt_tokens",
			"/usage/prompt_tokens_details/cached_tokens");
	site_close(&s);
}

/* gpt-5.6 at $5, $0.50 read, $6.25 written, $30: what is new in whole units is written, the rest is plain input. */
static void test_written(void **state)
{
	static const char body[] = "{'model':'gpt-5.6','input':'@1100','max_output_tokens':16}";
	struct site s;
	unsigned status;
	yyjson_doc *doc;

	(void)state;
	site_open(&s);
	queue(&s.engine->script, "[{'text':'w','output_tokens':10,'times':3}]");
	doc = tell(&s, &(struct question){ .path = RESPONSES, .body = body }, &status);
	assert_int_equal(status, 200);
	assert_int_equal(number_at(doc, "/usage/input_tokens"), 1107);
	assert_int_equal(number_at(doc, "/usage/input_tokens_details/cache_write_tokens"), 1024);
	assert_int_equal(number_at(doc, "/usage/input_tokens_details/cached_tokens"), 0);
	yyjson_doc_free(doc);
	/* 1024 * 6250 + 83 * 5000 + 10 * 30000 */
	assert_int_equal(total_nusd(&s), 6400000 + 415000 + 300000);
	doc = tell(&s, &(struct question){ .path = RESPONSES, .body = body }, &status);
	assert_int_equal(number_at(doc, "/usage/input_tokens_details/cache_write_tokens"), 0);
	assert_int_equal(number_at(doc, "/usage/input_tokens_details/cached_tokens"), 1024);
	yyjson_doc_free(doc);
	/* and 1024 * 500 + 83 * 5000 + 300000 */
	assert_int_equal(total_nusd(&s), 7115000 + 512000 + 415000 + 300000);
	/* Half an hour after the last use it is over. */
	doc = tell(&s, &(struct question){ .path = RESPONSES, .body = body, .at_ms = 1800000 },
		&status);
	assert_int_equal(number_at(doc, "/usage/input_tokens_details/cache_write_tokens"), 1024);
	yyjson_doc_free(doc);
	site_close(&s);
}

/* Units of 64: 100 words are 104 tokens, one unit. */
static void test_deepseek(void **state)
{
	static const char body[] =
		"{'model':'deepseek-flash','messages':[{'role':'user','content':'@100'}]}";
	static const char other[] =
		"{'model':'deepseek-flash','max_tokens':9,'messages':[{'role':'user','content':[{'type':'text','text':"
		"'@100','cache_control':{'type':'ephemeral'}}]}]}";
	struct site s;
	unsigned status;
	yyjson_doc *doc;

	(void)state;
	site_open(&s);
	queue(&s.engine->script, "[{'text':'w','output_tokens':10,'times':4}]");
	doc = tell(&s, &(struct question){ .path = CHAT, .body = body }, &status);
	assert_int_equal(number_at(doc, "/usage/prompt_cache_hit_tokens"), 0);
	assert_int_equal(number_at(doc, "/usage/prompt_cache_miss_tokens"), 107);
	yyjson_doc_free(doc);
	doc = tell(&s, &(struct question){ .path = CHAT, .body = body }, &status);
	assert_int_equal(number_at(doc, "/usage/prompt_tokens"), 107);
	assert_int_equal(number_at(doc, "/usage/prompt_cache_hit_tokens"), 64);
	assert_int_equal(number_at(doc, "/usage/prompt_cache_miss_tokens"), 43);
	yyjson_doc_free(doc);
	/* $0.15 in, $0.003 read, $0.60 out, off-peak at the beginning of 1970: 107 * 150 + 43 * 150 + 64 * 3 + 20 * 600. */
	assert_int_equal(total_nusd(&s), 16050 + 6450 + 192 + 12000);
	/* Through the other door: marks mean nothing, nothing is written, the automatic cache counts. */
	doc = tell(&s,
		&(struct question){ .path = "/anthropic/v1/messages", .key = "z", .body = other },
		&status);
	assert_int_equal(number_at(doc, "/usage/input_tokens"), 107);
	assert_int_equal(number_at(doc, "/usage/cache_creation_input_tokens"), 0);
	yyjson_doc_free(doc);
	doc = tell(&s,
		&(struct question){ .path = "/anthropic/v1/messages", .key = "z", .body = other },
		&status);
	assert_int_equal(number_at(doc, "/usage/input_tokens"), 43);
	assert_int_equal(number_at(doc, "/usage/cache_read_input_tokens"), 64);
	yyjson_doc_free(doc);
	/* One cache behind both doors: who has asked at the one finds it at the other. */
	doc = tell(
		&s, &(struct question){ .path = "/anthropic/v1/messages", .body = other }, &status);
	assert_int_equal(number_at(doc, "/usage/cache_read_input_tokens"), 64);
	yyjson_doc_free(doc);
	site_close(&s);
}

/* At least 2048 tokens on 2.5, 4096 on 3.x. */
static void test_gemini(void **state)
{
	static const struct want rows[] = {
		{ { .path = GEMINI("gemini-2.5-flash"),
			  .body = "{'contents':[{'parts':[{'text':'@2100'}]}]}" },
			2107, 0 },
		{ { .path = GEMINI("gemini-2.5-flash"),
			  .body = "{'contents':[{'parts':[{'text':'@2100'}]}]}" },
			2107, 2048 },
		{ { .path = GEMINI("gemini-2.5-flash"),
			  .body = "{'contents':[{'parts':[{'text':'@2040'}]}]}" },
			2047, 0 },
		{ { .path = GEMINI("gemini-3.8-flash"),
			  .body = "{'contents':[{'parts':[{'text':'@2100'}]}]}" },
			2107, 0 },
		{ { .path = GEMINI("gemini-3.8-flash"),
			  .body = "{'contents':[{'parts':[{'text':'@2100'}]}]}" },
			2107, 0 },
		{ { .path = GEMINI("gemini-3.8-flash"),
			  .body = "{'contents':[{'parts':[{'text':'@4100'}]}]}" },
			4107, 0 },
		{ { .path = GEMINI("gemini-3.8-flash"),
			  .body = "{'contents':[{'parts':[{'text':'@4100'}]}]}" },
			4107, 4096 },
	};
	struct site s;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&s, &rows[i], "/usageMetadata/promptTokenCount",
			"/usageMetadata/cachedContentTokenCount");
	site_close(&s);
}

/* A request above the tier is billed whole at its rates: gpt-5.4 above 271999 tokens at $5 instead of $2.50. */
static void test_tier(void **state)
{
	struct site s;

	(void)state;
	site_open(&s);
	queue(&s.engine->script, "[{'text':'w','output_tokens':0,'times':2}]");
	expect_accepted(
		&s, CHAT, "{'model':'gpt-5.4','messages':[{'role':'user','content':'@271992'}]}");
	assert_int_equal(total_nusd(&s), 271999LL * 2500);
	expect_accepted(
		&s, CHAT, "{'model':'gpt-5.4','messages':[{'role':'user','content':'x @271992'}]}");
	assert_int_equal(total_nusd(&s), 271999LL * 2500 + 272000LL * 5000);
	site_close(&s);
}

/* A piece at a time, or all at once: the same sum. */
static void test_pieces(void **state)
{
	static const char *const rows[] = { "a bc  defghij 1234 ====", "\n\n  \t x",
		"äöü é 終 🙂🙂", "{\"a\":[1,2.50]}", "\xff\xfe\x80", "" };
	static const int64_t sums[] = { 8, 3, 8, 13, 4, 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str s = str_from(rows[i]);
		int64_t sum = 0;
		size_t end;
		for (size_t at = 0; at < s.n; at = end) {
			sum += token_piece(s, at, &end);
			assert_true(end > at && end <= s.n);
		}
		assert_int_equal(sum, token_pieces(s));
		if (sum != sums[i])
			fail_msg("%s: %lld", rows[i], (long long)sum);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openai),
		cmocka_unit_test(test_cache_key),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_deepseek),
		cmocka_unit_test(test_gemini),
		cmocka_unit_test(test_tier),
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
