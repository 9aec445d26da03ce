/* SPDX-License-Identifier: MIT */
/* Thinking that comes back: what is accepted, what is refused, what is dropped, and what it costs in a prompt. */
#include "unit/sim/sim_check.h"

#include "sim/signature.h"

#define SCRIPT \
	"{'content':[{'type':'thinking','thinking':'@10'},{'type':'thinking','thinking':'@20'}," \
	"{'type':'tool_use','id':'t1','name':'a','input':{'n':1.0,'s':'\\u00e4'}}]}"
#define SHOW "'thinking':{'type':'adaptive','display':'summarized'},"
#define ASK  "'system':'@9','messages':[{'role':'user','content':'w'}"
#define RESULT \
	",{'role':'user','content':[{'type':'tool_result','tool_use_id':'t1','content':'w'}]}"

/* A conversation up to its first reply. */
struct talk {
	struct site site;
	struct buf content; /* of the reply, as JSON */
};

static void talk_open(struct talk *t, const char *model, const char *script)
{
	char body[400];
	unsigned status;

	site_open(&t->site);
	queue(&t->site.engine->script, script);
	snprintf(body, sizeof(body), "{'model':'%s','max_tokens':500," SHOW ASK "]}", model);
	yyjson_doc *doc = tell(&t->site, &(struct question){ .body = body }, &status);
	assert_int_equal(status, 200);
	size_t n;
	char *json = yyjson_val_write(yyjson_obj_get(yyjson_doc_get_root(doc), "content"), 0, &n);
	buf_init(&t->content, SIZE_MAX);
	buf_add(&t->content, (struct str){ json, n });
	free(json);
	yyjson_doc_free(doc);
}

static void talk_close(struct talk *t)
{
	buf_release(&t->content);
	site_close(&t->site);
}

/* Puts `by` in place of the first `what` in the reply that is to come back. */
static void edit(struct talk *t, const char *what, const char *by)
{
	struct str all = buf_str(&t->content);
	size_t at = str_find(all, str_from(what));
	struct buf b;

	assert_true(at < all.n);
	buf_init(&b, SIZE_MAX);
	buf_add(&b, (struct str){ all.p, at });
	buf_add(&b, str_from(by));
	buf_add(&b, str_from_offset(all, at + strlen(what)));
	buf_release(&t->content);
	t->content = b;
}

/* Sends the reply back within a body of two halves; the reply of the API, which the caller frees. */
static yyjson_doc *back(
	struct talk *t, const char *head, const char *tail, const char *beta, unsigned *ret_status)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_addf(&b, "{'max_tokens':500,%s,{'role':'assistant','content':", head);
	buf_add(&b, buf_str(&t->content));
	buf_addf(&b, "}%s]}", tail);
	buf_add_char(&b, '\0');
	yyjson_doc *doc =
		tell(&t->site, &(struct question){ .body = b.p, .beta = beta }, ret_status);
	buf_release(&b);
	return doc;
}

static void expect(struct talk *t, const char *head, unsigned status, const char *message)
{
	unsigned got;
	yyjson_doc *doc = back(t, head, RESULT, NULL, &got);
	struct str text = tree_get(yyjson_obj_get(yyjson_doc_get_root(doc), "error"), "message");

	if (got != status || (message != NULL && !str_starts(text, str_from(message))))
		fail_msg("%s\n  %u: %.*s", head, got, STR_ARG(text));
	yyjson_doc_free(doc);
}

#define BOUND "'model':'claude-opus-5-5'," SHOW
#define FREE  "'model':'claude-opus-4-6'," SHOW

static void test_comes_back(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, "claude-opus-5-5", SCRIPT);
	expect(&t, BOUND ASK, 200, NULL);
	/* However the prefix was written. */
	expect(&t,
		BOUND
		"'system':[{'type':'text','text':'@9'}],'messages':[{'role':'user','content':[{'type':'text','text':'w',"
		"'cache_control':{'type':'ephemeral'}}]}",
		200, NULL);
	/* However the client prints numbers and characters. */
	edit(&t, "\"n\":1,", "\"n\":1.0,");
	edit(&t, "ä", "\\u00e4");
	expect(&t, BOUND ASK, 200, NULL);
	/* Other parameters are no part of what was said. */
	expect(&t, BOUND "'output_config':{'effort':'low'}," ASK, 200, NULL);
	talk_close(&t);
}

static void test_bound(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, "claude-opus-5-5", SCRIPT);
	expect(&t, BOUND "'system':'@8','messages':[{'role':'user','content':'w'}", 400,
		"messages.1.content.0: Invalid `signature` in `thinking` block (prefix_binding_mismatch)");
	expect(&t, BOUND "'system':'@9','messages':[{'role':'user','content':'v'}", 400,
		"messages.1.content.0: Invalid `signature` in `thinking` block (prefix_binding_mismatch)");
	expect(&t, BOUND "'tools':[{'name':'a','input_schema':{'type':'object'}}]," ASK, 400,
		"messages.1.content.0: Invalid `signature` in `thinking` block (prefix_binding_mismatch)");
	expect(&t, "'model':'claude-sonnet-5-5'," SHOW ASK, 400,
		"messages.1.content.0: Invalid `signature` in `thinking` block (model_binding_mismatch)");
	/* The first block gone: the second stands at another place. */
	edit(&t, "{\"type\":\"thinking\"",
		"{\"type\":\"text\",\"text\":\"w\"},{\"type\":\"thinking\"");
	expect(&t, BOUND ASK, 400, "messages.1.content.1: Invalid `signature`");
	talk_close(&t);
}

static void test_not_bound(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, "claude-opus-4-6", SCRIPT);
	expect(&t, FREE ASK, 200, NULL);
	expect(&t, FREE "'system':'@8','messages':[{'role':'user','content':'v'}", 200, NULL);
	expect(&t, "'model':'claude-sonnet-4-6'," SHOW ASK, 200, NULL);
	/* Moved to a model that binds, it does not fit. */
	expect(&t, BOUND ASK, 400,
		"messages.1.content.0: Invalid `signature` in `thinking` block (model_binding_mismatch)");
	edit(&t, "w w w w w w w w w w", "w w w w w w w w w v");
	expect(&t, FREE ASK, 400, "messages.1.content.0: Invalid `signature` in `thinking` block");
	talk_close(&t);
}

static void test_every_character_counts(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, "claude-opus-4-6", SCRIPT);
	size_t at = str_find(buf_str(&t.content), STR("\"signature\":\"")) + 13;
	for (size_t i = 0; i < 60; i++) {
		char c = t.content.p[at + i];
		t.content.p[at + i] = c == 'A' ? 'B' : 'A';
		expect(&t, FREE ASK, 400, "messages.1.content.0: Invalid `signature`");
		t.content.p[at + i] = c;
	}
	expect(&t, FREE ASK, 200, NULL);
	talk_close(&t);
}

#define DROP \
	"'model':'claude-opus-5-5','thinking':{'type':'adaptive','display':'summarized'," \
	"'block_binding':{'prefix_mismatch_behavior':'drop_block'}},"
#define BETA "thinking-binding-controls-2026-08-01"

static void test_drop(void **state)
{
	struct talk t;
	unsigned status;

	(void)state;
	talk_open(&t, "claude-opus-5-5", SCRIPT);
	yyjson_doc *doc = back(&t, DROP "'system':'@9','messages':[{'role':'user','content':'v'}",
		RESULT, NULL, &status);
	assert_int_equal(status, 400); /* without the beta */
	yyjson_doc_free(doc);
	doc = back(&t, DROP "'system':'@9','messages':[{'role':'user','content':'v'}", RESULT, BETA,
		&status);
	assert_int_equal(status, 200);
	yyjson_val *first = yyjson_ptr_get(yyjson_doc_get_root(doc), "/input_transformations/0");
	assert_true(tree_is(first, "type", "thinking_dropped"));
	assert_true(tree_is(first, "path", "messages.1.content.0"));
	assert_true(tree_is(first, "reason", "prefix_binding_mismatch"));
	/* system 14 (1.2 of 9, and 3), text 7 (1.22 and 5), call: a, and {"n":1,"s":"ä"} of 15 pieces: 1.28 of 16, and 30: 51,
	 * result 26 (1.24 and 24), end 7. Both thinking blocks are gone. */
	assert_int_equal(
		yyjson_get_sint(yyjson_ptr_get(yyjson_doc_get_root(doc), "/usage/input_tokens")),
		105);
	yyjson_doc_free(doc);
	/* With what fits nothing is dropped: 1.1 of 10 and of 20, and 6 each. */
	doc = back(&t, DROP ASK, RESULT, BETA, &status);
	assert_int_equal(status, 200);
	assert_null(yyjson_obj_get(yyjson_doc_get_root(doc), "input_transformations"));
	assert_int_equal(
		yyjson_get_sint(yyjson_ptr_get(yyjson_doc_get_root(doc), "/usage/input_tokens")),
		150);
	yyjson_doc_free(doc);
	talk_close(&t);
}

/* Tokens of thinking are those that it took, also when its text is not shown. */
static void test_omitted(void **state)
{
	struct talk t;
	unsigned status;

	(void)state;
	site_open(&t.site);
	queue(&t.site.engine->script, SCRIPT);
	yyjson_doc *doc = tell(&t.site,
		&(struct question){
			.body = "{'model':'claude-opus-5-5','max_tokens':500," ASK "]}" },
		&status);
	yyjson_val *content = yyjson_obj_get(yyjson_doc_get_root(doc), "content");
	assert_true(tree_is(yyjson_arr_get_first(content), "thinking", ""));
	char *json = yyjson_val_write(content, 0, NULL);
	buf_init(&t.content, SIZE_MAX);
	buf_add(&t.content, str_from(json));
	free(json);
	yyjson_doc_free(doc);
	doc = back(&t, "'model':'claude-opus-5-5'," ASK, RESULT, NULL, &status);
	assert_int_equal(status, 200);
	assert_int_equal(
		yyjson_get_sint(yyjson_ptr_get(yyjson_doc_get_root(doc), "/usage/input_tokens")),
		150);
	yyjson_doc_free(doc);
	talk_close(&t);
}

static void test_redacted(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, "claude-opus-5-5",
		"{'content':[{'type':'redacted_thinking','tokens':30},{'type':'tool_use','id':'t1','name':'a','input':{}}]}");
	expect(&t, BOUND ASK, 200, NULL);
	expect(&t, BOUND "'system':'@8','messages':[{'role':'user','content':'w'}", 400,
		"messages.1.content.0: Invalid `data` in `redacted_thinking` block (prefix_binding_mismatch)");
	talk_close(&t);
}

/* Older models leave the thinking of earlier turns out, unless they are asked to keep it. */
static void test_stripped(void **state)
{
	static const char later[] =
		RESULT ",{'role':'assistant','content':'w'},{'role':'user','content':'w'}";
	static const char keep[] =
		"'context_management':{'edits':[{'type':'clear_thinking_20251015','keep':'all'}]},";
	static const struct {
		const char *model, *more;
		const char *tail;
		int64_t in;
	} cases[] = {
		/* system 12, text 5, thinking 15 and 24, call (16 pieces) 46, result 23, end 5 */
		{ "claude-opus-4-6", "", RESULT, 130 },
		{ "claude-sonnet-4-5", "", RESULT, 130 },
		/* two texts more */
		{ "claude-opus-4-6", "", later, 140 },
		{ "claude-sonnet-4-5", "", later, 101 },
		{ "claude-sonnet-4-5", keep, later, 140 },
	};
	char head[300];
	unsigned status;
	struct talk t;

	(void)state;
	talk_open(&t, "claude-opus-4-6", SCRIPT);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(head, sizeof(head), "'model':'%s',%s" ASK, cases[i].model, cases[i].more);
		yyjson_doc *doc = back(&t, head, cases[i].tail, NULL, &status);
		int64_t in = yyjson_get_sint(
			yyjson_ptr_get(yyjson_doc_get_root(doc), "/usage/input_tokens"));
		if (status != 200 || in != cases[i].in)
			fail_msg("%zu: %u, %lld", i, status, (long long)in);
		yyjson_doc_free(doc);
	}
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_not_bound),
		cmocka_unit_test(test_every_character_counts),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_omitted),
		cmocka_unit_test(test_redacted),
		cmocka_unit_test(test_stripped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
