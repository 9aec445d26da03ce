/* SPDX-License-Identifier: MIT */
/* What conversations cost, computed by hand from the provider's published rules and the token table of docs/simulator.md.
 *
 * On models of the classic tokenizer a system text of n words has n + 3 tokens, a text of a message n + 4, what ends the
 * prompt 5; the first tool has 290 more. A tool named by one letter, with a description of n words and the schema
 * {"type":"object"} (9 pieces) has n + 22. */
#include "unit/sim/sim_check.h"

enum { STEPS = 4 };

struct step {
	int64_t at_s;
	const char *body;                     /* without the braces and max_tokens 0 */
	int64_t in, read, write_5m, write_1h; /* tokens */
	const char *key;
};

struct scenario {
	const char *name;
	struct step steps[STEPS];
};

#define SONNET            "'model':'claude-sonnet-4-6',"
#define MARK              ",'cache_control':{'type':'ephemeral'}"
#define HOUR              ",'cache_control':{'type':'ephemeral','ttl':'1h'}"
#define TEXT(words, mark) "{'type':'text','text':'@" words "'" mark "}"
/* 2003 tokens, and 100 */
#define SYSTEM(mark) "'system':[" TEXT("2000", mark) "],"
#define USER(mark)   "'messages':[{'role':'user','content':[" TEXT("96", mark) "]}]"
#define SAY(content) "'messages':[{'role':'user','content':" content "}]"
/* 1312 tokens as the first tool, 1022 as a later one */
#define TOOL(name, mark) \
	"{'name':'" name "','description':'@1000','input_schema':{'type':'object'}" mark "}"
#define PNG \
	"{'type':'image','source':{'type':'base64','media_type':'image/png','data':" \
	"'iVBORw0KGgoAAAANSUhEUgAAAB4AAAAZCAIAAAA='}}"

static const struct scenario scenarios[] = {
	/* ---- entries and reads ---- */
	{ "no mark, nothing cached", { { 0, SONNET SYSTEM("") USER(""), 2108, 0, 0, 0 },
					     { 1, SONNET SYSTEM("") USER(""), 2108, 0, 0, 0 } } },
	{ "a mark on system: written, then read",
		{ { 0, SONNET SYSTEM(MARK) USER(""), 105, 0, 2003, 0 },
			{ 1, SONNET SYSTEM(MARK) USER(""), 105, 2003, 0, 0 } } },
	{ "a mark on the last block: only what ends the prompt is paid in full",
		{ { 0, SONNET SYSTEM("") USER(MARK), 5, 0, 2103, 0 },
			{ 1, SONNET SYSTEM("") USER(MARK), 5, 2103, 0, 0 } } },
	{ "a mark at the top level stands on the last block",
		{ { 0, SONNET SYSTEM("") USER("") MARK, 5, 0, 2103, 0 },
			{ 1, SONNET SYSTEM("") USER(MARK), 5, 2103, 0, 0 } } },
	{ "a mark at the top level, for an hour",
		{ { 0, SONNET SYSTEM("") USER("") HOUR, 5, 0, 0, 2103 } } },
	{ "without a mark what is there is not read",
		{ { 0, SONNET SYSTEM(MARK) USER(""), 105, 0, 2003, 0 },
			{ 1, SONNET SYSTEM("") USER(""), 2108, 0, 0, 0 } } },
	{ "a mark finds an earlier entry before it",
		{ { 0, SONNET SYSTEM(MARK) USER(""), 105, 0, 2003, 0 },
			{ 1, SONNET SYSTEM("") USER(MARK), 5, 2003, 100, 0 } } },
	{ "an entry is at a mark only: a mark before it finds nothing",
		{ { 0, SONNET SYSTEM("") USER(MARK), 5, 0, 2103, 0 },
			{ 1, SONNET SYSTEM(MARK) USER(""), 105, 0, 2003, 0 } } },
	{ "two marks: the later one is found first",
		{ { 0, SONNET SYSTEM(MARK) USER(MARK), 5, 0, 2103, 0 },
			{ 1, SONNET SYSTEM(MARK) USER(MARK), 5, 2103, 0, 0 } } },
	{ "a growing conversation: read what was, write what is new",
		{ { 0, SONNET SAY("[" TEXT("2000", MARK) "]"), 5, 0, 2004, 0 },
			{ 9,
				SONNET
				"'messages':[{'role':'user','content':'@2000'},{'role':'assistant','content':'@50'},"
				"{'role':'user','content':[" TEXT("60", MARK) "]}]",
				5, 2004, 118, 0 },
			{ 18,
				SONNET
				"'messages':[{'role':'user','content':'@2000'},{'role':'assistant','content':'@50'},"
				"{'role':'user','content':'@60'},{'role':'assistant','content':'@10'},"
				"{'role':'user','content':[" TEXT("20", MARK) "]}]",
				5, 2122, 38, 0 } } },
	{ "a changed last message keeps what is before it",
		{ { 0, SONNET SYSTEM(MARK) USER(MARK), 5, 0, 2103, 0 },
			{ 1, SONNET SYSTEM(MARK) SAY("[" TEXT("46", MARK) "]"), 5, 2003, 50,
				0 } } },
	{ "a changed first message loses all messages",
		{ { 0, SONNET SAY("[" TEXT("1500", MARK) "," TEXT("500", MARK) "]"), 5, 0, 2008,
			  0 },
			{ 1, SONNET SAY("[" TEXT("1501", MARK) "," TEXT("500", MARK) "]"), 5, 0,
				2009, 0 } } },
	/* ---- the smallest prefix ---- */
	{ "one token below the smallest prefix: nothing, and no error",
		{ { 0, SONNET "'system':[" TEXT("1020", MARK) "]," USER(""), 1128, 0, 0, 0 },
			{ 1, SONNET "'system':[" TEXT("1020", MARK) "]," USER(""), 1128, 0, 0,
				0 } } },
	{ "exactly the smallest prefix",
		{ { 0, SONNET "'system':[" TEXT("1021", MARK) "]," USER(""), 105, 0, 1024, 0 } } },
	{ "an early mark too small, a late one large enough",
		{ { 0, SONNET "'system':[" TEXT("500", MARK) "]," SAY("[" TEXT("600", MARK) "]"), 5,
			0, 1107, 0 } } },
	/* ---- lives ---- */
	{ "five minutes less a second",
		{ { 0, SONNET SYSTEM(MARK) USER(""), 105, 0, 2003, 0 },
			{ 299, SONNET SYSTEM(MARK) USER(""), 105, 2003, 0, 0 } } },
	{ "five minutes", { { 0, SONNET SYSTEM(MARK) USER(""), 105, 0, 2003, 0 },
				  { 300, SONNET SYSTEM(MARK) USER(""), 105, 0, 2003, 0 } } },
	{ "a read gives five more minutes, free of charge",
		{ { 0, SONNET SYSTEM(MARK) USER(""), 105, 0, 2003, 0 },
			{ 200, SONNET SYSTEM(MARK) USER(""), 105, 2003, 0, 0 },
			{ 499, SONNET SYSTEM(MARK) USER(""), 105, 2003, 0, 0 },
			{ 799, SONNET SYSTEM(MARK) USER(""), 105, 0, 2003, 0 } } },
	{ "an hour less a second",
		{ { 0, SONNET SYSTEM(HOUR) USER(""), 105, 0, 0, 2003 },
			{ 3599, SONNET SYSTEM(HOUR) USER(""), 105, 2003, 0, 0 } } },
	{ "an hour", { { 0, SONNET SYSTEM(HOUR) USER(""), 105, 0, 0, 2003 },
			     { 3600, SONNET SYSTEM(HOUR) USER(""), 105, 0, 0, 2003 } } },
	{ "an hour's entry read by a mark of five minutes keeps its hour",
		{ { 0, SONNET SYSTEM(HOUR) USER(""), 105, 0, 0, 2003 },
			{ 1000, SONNET SYSTEM(MARK) USER(""), 105, 2003, 0, 0 },
			{ 4599, SONNET SYSTEM(MARK) USER(""), 105, 2003, 0, 0 } } },
	{ "an hour, then five minutes: each written at its own price",
		{ { 0, SONNET SYSTEM(HOUR) USER(MARK), 5, 0, 100, 2003 },
			{ 400, SONNET SYSTEM(HOUR) USER(MARK), 5, 2003, 100, 0 } } },
	{ "reading a longer prefix keeps the shorter ones alive",
		{ { 0, SONNET SYSTEM(MARK) USER(MARK), 5, 0, 2103, 0 },
			{ 200, SONNET SYSTEM(MARK) USER(MARK), 5, 2103, 0, 0 },
			{ 450, SONNET SYSTEM(MARK) SAY("[" TEXT("46", MARK) "]"), 5, 2003, 50,
				0 } } },
	/* ---- looking back ---- */
	{ "nineteen blocks before the mark are looked at",
		{ { 0, SONNET SAY("[" TEXT("2000", MARK) "]"), 5, 0, 2004, 0 },
			{ 1, SONNET SAY("[" TEXT("2000", "") ",%18," TEXT("6", MARK) "]"), 5, 2004,
				100, 0 } } },
	{ "the twentieth is not",
		{ { 0, SONNET SAY("[" TEXT("2000", MARK) "]"), 5, 0, 2004, 0 },
			{ 1, SONNET SAY("[" TEXT("2000", "") ",%19," TEXT("6", MARK) "]"), 5, 0,
				2109, 0 } } },
	{ "a mark in between finds it",
		{ { 0, SONNET SAY("[" TEXT("2000", MARK) "]"), 5, 0, 2004, 0 },
			{ 1,
				SONNET SAY("[" TEXT("2000", "") ",%10," TEXT("1", MARK) ",%8," TEXT(
					"6", MARK) "]"),
				5, 2004, 105, 0 } } },
	/* ---- what a change invalidates ---- */
	{ "tools, the first with what tools cost once",
		{ { 0, SONNET "'tools':[" TOOL("a", MARK) "]," USER(""), 105, 0, 1312, 0 },
			{ 1, SONNET "'tools':[" TOOL("a", MARK) "]," USER(""), 105, 1312, 0,
				0 } } },
	{ "a changed tool loses everything",
		{ { 0, SONNET "'tools':[" TOOL("a", MARK) "]," SYSTEM(MARK) USER(MARK), 5, 0, 3415,
			  0 },
			{ 1, SONNET "'tools':[" TOOL("b", MARK) "]," SYSTEM(MARK) USER(MARK), 5, 0,
				3415, 0 } } },
	{ "tools in another order lose everything",
		{ { 0, SONNET "'tools':[" TOOL("a", "") "," TOOL("b", MARK) "]," USER(""), 105, 0,
			  2334, 0 },
			{ 1, SONNET "'tools':[" TOOL("b", "") "," TOOL("a", MARK) "]," USER(""),
				105, 0, 2334, 0 } } },
	{ "a changed system text keeps the tools",
		{ { 0, SONNET "'tools':[" TOOL("a", MARK) "]," SYSTEM(MARK) USER(""), 105, 0, 3315,
			  0 },
			{ 1,
				SONNET "'tools':[" TOOL("a", MARK) "],'system':[" TEXT(
					"1900", MARK) "]," USER(""),
				105, 1312, 1903, 0 } } },
	{ "a deferred tool is no part of the prompt",
		{ { 0, SONNET "'tools':[" TOOL("a", MARK) "]," USER(""), 105, 0, 1312, 0 },
			{ 1,
				SONNET "'tools':[" TOOL("a", MARK) "," TOOL(
					"z", ",'defer_loading':true") "]," USER(""),
				105, 1312, 0, 0 } } },
	{ "tool_choice loses the messages only",
		{ { 0, SONNET "'tools':[" TOOL("a", "") "]," SYSTEM(MARK) USER(MARK), 5, 0, 3415,
			  0 },
			{ 1,
				SONNET "'tool_choice':{'type':'none'},'tools':[" TOOL(
					"a", "") "]," SYSTEM(MARK) USER(MARK),
				5, 3315, 100, 0 } } },
	{ "tool_choice auto is what there is without one",
		{ { 0, SONNET "'tools':[" TOOL("a", "") "]," SYSTEM(MARK) USER(MARK), 5, 0, 3415,
			  0 },
			{ 1,
				SONNET "'tool_choice':{'type':'auto'},'tools':[" TOOL(
					"a", "") "]," SYSTEM(MARK) USER(MARK),
				5, 3415, 0, 0 } } },
	{ "disable_parallel_tool_use loses the messages only",
		{ { 0, SONNET "'tools':[" TOOL("a", "") "]," SYSTEM(MARK) USER(MARK), 5, 0, 3415,
			  0 },
			{ 1,
				SONNET
				"'tool_choice':{'type':'auto','disable_parallel_tool_use':true},'tools':[" TOOL(
					"a", "") "]," SYSTEM(MARK) USER(MARK),
				5, 3315, 100, 0 } } },
	/* 30 by 25 pixels are one token of 750 */
	{ "an image added loses the messages only",
		{ { 0, SONNET SYSTEM(MARK) USER(MARK), 5, 0, 2103, 0 },
			{ 1, SONNET SYSTEM(MARK) SAY("[" TEXT("96", MARK) "," PNG "]"), 6, 2003,
				100, 0 } } },
	{ "thinking switched on loses the messages only",
		{ { 0, SONNET SYSTEM(MARK) USER(MARK), 5, 0, 2103, 0 },
			{ 1, SONNET "'thinking':{'type':'adaptive'}," SYSTEM(MARK) USER(MARK), 5,
				2003, 100, 0 } } },
	{ "thinking disabled is what there is without it",
		{ { 0, SONNET SYSTEM(MARK) USER(MARK), 5, 0, 2103, 0 },
			{ 1, SONNET "'thinking':{'type':'disabled'}," SYSTEM(MARK) USER(MARK), 5,
				2103, 0, 0 } } },
	{ "another effort loses the messages only",
		{ { 0, SONNET SYSTEM(MARK) USER(MARK), 5, 0, 2103, 0 },
			{ 1, SONNET "'output_config':{'effort':'low'}," SYSTEM(MARK) USER(MARK), 5,
				2003, 100, 0 },
			{ 2, SONNET "'output_config':{'effort':'high'}," SYSTEM(MARK) USER(MARK), 5,
				2103, 0, 0 } } },
	{ "speed keeps the tools only",
		{ { 0, SONNET "'tools':[" TOOL("a", MARK) "]," SYSTEM(MARK) USER(""), 105, 0, 3315,
			  0 },
			{ 1,
				SONNET "'speed':'fast','tools':[" TOOL("a", MARK) "]," SYSTEM(MARK)
					USER(""),
				105, 1312, 2003, 0 } } },
	/* the web search: the text web_search is 3 pieces, and 12 */
	{ "the web search keeps the other tools only",
		{ { 0, SONNET "'tools':[" TOOL("a", MARK) "]," SYSTEM(MARK) USER(""), 105, 0, 3315,
			  0 },
			{ 1,
				SONNET "'tools':[" TOOL("a",
					MARK) ",{'type':'web_search_20250305','name':'web_search'}]," SYSTEM(MARK)
					USER(""),
				105, 1312, 2018, 0 } } },
	{ "wherever the web search is declared",
		{ { 0, SONNET "'tools':[" TOOL("a", MARK) "]," SYSTEM(MARK) USER(""), 105, 0, 3315,
			  0 },
			{ 1,
				SONNET
				"'tools':[{'type':'web_search_20250305','name':'web_search'}," TOOL(
					"a", MARK) "]," SYSTEM(MARK) USER(""),
				105, 1312, 2018, 0 } } },
	/* a document of one word: 1.05 of a token, and 10 */
	{ "citations keep the tools only",
		{ { 0, SONNET "'tools':[" TOOL("a", MARK) "]," SYSTEM(MARK) USER(""), 105, 0, 3315,
			  0 },
			{ 1,
				SONNET "'tools':[" TOOL("a", MARK) "]," SYSTEM(MARK) SAY(
					"[{'type':'document','citations':{'enabled':true},'source':{'type':'text',"
					"'media_type':'text/plain','data':'w'}}]"),
				17, 1312, 2003, 0 } } },
	{ "another model loses everything",
		{ { 0, SONNET SYSTEM(MARK) USER(MARK), 5, 0, 2103, 0 },
			{ 1, "'model':'claude-sonnet-4-5'," SYSTEM(MARK) USER(MARK), 5, 0, 2103,
				0 },
			{ 2, SONNET SYSTEM(MARK) USER(MARK), 5, 2103, 0, 0 } } },
	{ "the dated name is the same model",
		{ { 0, "'model':'claude-sonnet-4-5'," SYSTEM(MARK) USER(""), 105, 0, 2003, 0 },
			{ 1, "'model':'claude-sonnet-4-5-20250929'," SYSTEM(MARK) USER(""), 105,
				2003, 0, 0 } } },
	{ "another key reads nothing",
		{ { 0, SONNET SYSTEM(MARK) USER(""), 105, 0, 2003, 0, "one" },
			{ 1, SONNET SYSTEM(MARK) USER(""), 105, 0, 2003, 0, "two" },
			{ 2, SONNET SYSTEM(MARK) USER(""), 105, 2003, 0, 0, "one" } } },
	/* ---- what is no change ---- */
	{ "a text and a list of one text are the same",
		{ { 0, SONNET "'system':'@2000'," USER(MARK), 5, 0, 2103, 0 },
			{ 1, SONNET SYSTEM("") SAY("'@96'") MARK, 5, 2103, 0, 0 } } },
	{ "the order of members of a block is no matter, nor is white space",
		{ { 0, SONNET SYSTEM("") USER(MARK), 5, 0, 2103, 0 },
			{ 1,
				SONNET SYSTEM("") SAY(
					"[ {'cache_control':{'type':'ephemeral'}, 'text':'@96','type' :'text'}]"),
				5, 2103, 0, 0 } } },
	{ "messages of one role side by side are one turn",
		{ { 0,
			  SONNET SYSTEM("") "'messages':[{'role':'user','content':[" TEXT(
				  "96", "") "," TEXT("46", MARK) "]}]",
			  5, 0, 2153, 0 },
			{ 1,
				SONNET SYSTEM("") "'messages':[{'role':'user','content':'@96'},{'role':'user','content':[" TEXT(
					"46", MARK) "]}]",
				5, 2153, 0, 0 } } },
	/* ---- tool turns: a call is 1.1 of its pieces and 28, a result 22; name a, input {} : 1 + 2 pieces ---- */
	{ "a tool turn: call and result",
		{ { 0, SONNET SAY("[" TEXT("2000", MARK) "]"), 5, 0, 2004, 0 },
			{ 1,
				SONNET
				"'messages':[{'role':'user','content':'@2000'},{'role':'assistant','content':[{'type':"
				"'tool_use','id':'t1','name':'a','input':{}}]},{'role':'user','content':[{'type':"
				"'tool_result','tool_use_id':'t1','content':'@100'" MARK "}]}]",
				5, 2004, 154, 0 } } },
	/* the input is 13 pieces: 2004, 44 and 122 */
	{ "the order of members in a tool's input matters",
		{ { 0,
			  SONNET
			  "'messages':[{'role':'user','content':'@2000'},{'role':'assistant','content':[{'type':"
			  "'tool_use','id':'t1','name':'a','input':{'x':1,'y':2}}]},{'role':'user','content':[{'type':"
			  "'tool_result','tool_use_id':'t1','content':[" TEXT("100", MARK) "]}]}]",
			  5, 0, 2170, 0 },
			{ 1,
				SONNET
				"'messages':[{'role':'user','content':'@2000'},{'role':'assistant','content':[{'type':"
				"'tool_use','id':'t1','name':'a','input':{'y':2,'x':1}}]},{'role':'user','content':[{'type':"
				"'tool_result','tool_use_id':'t1','content':[" TEXT(
					"100", MARK) "]}]}]",
				5, 0, 2170, 0 } } },
};

static void check_step(struct site *s, const struct scenario *c, const struct step *step)
{
	struct buf b;
	unsigned status;

	buf_init(&b, SIZE_MAX);
	buf_addf(&b, "{%s,'max_tokens':0}", step->body);
	buf_add_char(&b, '\0');
	struct question q = { .body = b.p, .key = step->key, .at_ms = step->at_s * 1000 };
	yyjson_doc *doc = tell(s, &q, &status);
	yyjson_val *root = yyjson_doc_get_root(doc), *u = yyjson_obj_get(root, "usage");
	yyjson_val *w = yyjson_obj_get(u, "cache_creation");
	if (status != 200)
		fail_msg("%s at %lld: status %u: %s", c->name, (long long)step->at_s, status,
			yyjson_get_str(yyjson_obj_get(yyjson_obj_get(root, "error"), "message")));
	int64_t got[4] = { yyjson_get_sint(yyjson_obj_get(u, "input_tokens")),
		yyjson_get_sint(yyjson_obj_get(u, "cache_read_input_tokens")),
		yyjson_get_sint(yyjson_obj_get(w, "ephemeral_5m_input_tokens")),
		yyjson_get_sint(yyjson_obj_get(w, "ephemeral_1h_input_tokens")) };
	int64_t want[4] = { step->in, step->read, step->write_5m, step->write_1h };
	if (memcmp(got, want, sizeof(got)) != 0)
		fail_msg("%s at %lld: in %lld, read %lld, written %lld and %lld", c->name,
			(long long)step->at_s, (long long)got[0], (long long)got[1],
			(long long)got[2], (long long)got[3]);
	assert_int_equal(
		yyjson_get_sint(yyjson_obj_get(u, "cache_creation_input_tokens")), got[2] + got[3]);
	assert_int_equal(yyjson_get_sint(yyjson_obj_get(u, "output_tokens")), 0);
	yyjson_doc_free(doc);
	buf_release(&b);
}

static void test_scenarios(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
		struct site s;
		site_open(&s);
		for (size_t k = 0; k < STEPS && scenarios[i].steps[k].body != NULL; k++)
			check_step(&s, &scenarios[i], &scenarios[i].steps[k]);
		site_close(&s);
	}
}

/* The smallest prefix of each family: a system text of so many words is just too small, of one more just large enough. A
 * system text has words + 3 tokens with the classic tokenizer, 1.2 words + 3 with the current one, 1.1 words + 4
 * with the small one, rounded up. */
static const struct {
	const char *model;
	int words;      /* too few */
	int64_t tokens; /* with one more */
} minima[] = {
	{ "claude-opus-5", 423, 512 },
	{ "claude-opus-5-5", 423, 512 },
	{ "claude-fable-5", 423, 512 },
	{ "claude-fable-5-1", 423, 512 },
	{ "claude-mythos-5", 423, 512 },
	{ "claude-haiku-5-5", 460, 512 },
	{ "claude-opus-4-8", 850, 1025 },
	{ "claude-sonnet-5", 850, 1025 },
	{ "claude-sonnet-5-5", 850, 1025 },
	{ "claude-sonnet-4-6", 1020, 1024 },
	{ "claude-sonnet-4-5", 1020, 1024 },
	{ "claude-opus-4-1", 1020, 1024 },
	{ "claude-sonnet-4-20250514", 1020, 1024 },
	{ "claude-4-opus-20250514", 1020, 1024 },
	{ "claude-opus-4-7", 1703, 2048 },
	{ "claude-opus-4-6", 4092, 4096 },
	{ "claude-opus-4-5", 4092, 4096 },
	{ "claude-haiku-4-5", 4092, 4096 },
	{ "claude-3-5-haiku-latest", 2044, 2048 },
	{ "claude-3-haiku-20240307", 2044, 2048 },
};

static int64_t written(struct site *s, const char *model, int words)
{
	char body[400];
	unsigned status;

	snprintf(body, sizeof(body),
		"{'model':'%s','max_tokens':0,'system':[{'type':'text','text':'@%d'" MARK
		"}]," USER("") "}",
		model, words);
	yyjson_doc *doc = tell(s, &(struct question){ .body = body }, &status);
	assert_int_equal(status, 200);
	int64_t n = yyjson_get_sint(yyjson_obj_get(
		yyjson_obj_get(yyjson_doc_get_root(doc), "usage"), "cache_creation_input_tokens"));
	yyjson_doc_free(doc);
	return n;
}

static void test_minima(void **state)
{
	struct site s;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(minima); i++) {
		int64_t below = written(&s, minima[i].model, minima[i].words);
		int64_t at = written(&s, minima[i].model, minima[i].words + 1);
		if (below != 0 || at != minima[i].tokens)
			fail_msg("%s: %lld, then %lld", minima[i].model, (long long)below,
				(long long)at);
	}
	site_close(&s);
}

/* ---- money ---- */

/* Usage as scripted, and what it costs in nano-dollars. */
static const struct {
	const char *model, *usage;
	int64_t total;
} costs[] = {
	/* 10 at $3, 50,000 at $0.30, 2,000 at $3.75, 500 at $15 a million: $0.03003 */
	{ "claude-sonnet-4-6",
		"'input_tokens':10,'cache_read_input_tokens':50000,'cache_creation_input_tokens':2000,"
		"'output_tokens':500",
		30030000 },
	/* 2,000 written for an hour at $6 */
	{ "claude-sonnet-4-6",
		"'input_tokens':0,'cache_creation_input_tokens':2000,'cache_creation':{"
		"'ephemeral_1h_input_tokens':2000},'output_tokens':0",
		12000000 },
	/* 500 for five minutes and 1,500 for an hour */
	{ "claude-sonnet-4-6",
		"'input_tokens':0,'cache_creation_input_tokens':2000,'cache_creation':{"
		"'ephemeral_1h_input_tokens':1500},'output_tokens':0",
		10875000 },
	/* a twentieth: 1,000,000 read at $0.20 */
	{ "claude-opus-5-5", "'input_tokens':0,'cache_read_input_tokens':1000000,'output_tokens':0",
		200000000 },
	/* a fortieth: $0.25 beside $10 */
	{ "claude-fable-5-1",
		"'input_tokens':1000,'cache_read_input_tokens':1000,'output_tokens':0", 10250000 },
	{ "claude-opus-4-6", "'input_tokens':1,'output_tokens':1", 30000 },
	{ "claude-haiku-4-5-20251001", "'input_tokens':7,'output_tokens':3", 22000 },
	/* at most 100,000 in: $0.10; above, the whole request at $0.50 and $2.50 */
	{ "claude-haiku-5-5", "'input_tokens':100000,'output_tokens':1000", 10500000 },
	{ "claude-haiku-5-5", "'input_tokens':100001,'output_tokens':1000", 52500500 },
	{ "claude-haiku-5-5",
		"'input_tokens':1,'cache_read_input_tokens':100000,'output_tokens':1000", 7500500 },
};

static void test_costs(void **state)
{
	char text[500];
	unsigned status;
	struct site s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(costs); i++) {
		site_open(&s);
		snprintf(text, sizeof(text), "{'text':'ok','usage':{%s}}", costs[i].usage);
		queue(&s.engine->script, text);
		snprintf(text, sizeof(text),
			"{'model':'%s','max_tokens':9,'messages':[{'role':'user','content':'w'}]}",
			costs[i].model);
		yyjson_doc_free(tell(&s, &(struct question){ .body = text }, &status));
		assert_int_equal(status, 200);
		const struct bill_row *row = bill_find(s.engine->bill, 1);
		assert_non_null(row);
		if (row->cost.total != costs[i].total)
			fail_msg("row %zu: %lld", i, (long long)row->cost.total);
		site_close(&s);
	}
}

static int64_t output_of(
	const char *script, const char *body, const char **ret_stop, int64_t *ret_thinking)
{
	static char stop[40];
	unsigned status;
	struct site s;

	site_open(&s);
	queue(&s.engine->script, script);
	yyjson_doc *doc = tell(&s, &(struct question){ .body = body }, &status);
	yyjson_val *root = yyjson_doc_get_root(doc), *u = yyjson_obj_get(root, "usage");
	assert_int_equal(status, 200);
	struct str reason = tree_get(root, "stop_reason");
	assert_true(reason.n > 0 && reason.n < sizeof(stop));
	memcpy(stop, reason.p, reason.n);
	stop[reason.n] = '\0';
	*ret_stop = stop;
	*ret_thinking = yyjson_get_sint(
		yyjson_obj_get(yyjson_obj_get(u, "output_tokens_details"), "thinking_tokens"));
	int64_t out = yyjson_get_sint(yyjson_obj_get(u, "output_tokens"));
	yyjson_doc_free(doc);
	site_close(&s);
	return out;
}

static const struct {
	const char *script, *max_tokens, *more;
	int64_t out, thinking;
	const char *stop;
} outputs[] = {
	/* a text of 100 words: 104 */
	{ "{'text':'@100'}", "200", "", 104, 0, "end_turn" },
	/* a call: 1.1 of (1 + 2) rounded up, and 28 */
	{ "{'content':[{'type':'tool_use','name':'a','input':{}}]}", "200", "", 32, 0, "tool_use" },
	/* thinking: 0.95 of 100, and 5 */
	{ "{'content':[{'type':'thinking','thinking':'@100'},{'type':'text','text':'@10'}]}", "200",
		"", 114, 100, "end_turn" },
	{ "{'content':[{'type':'thinking','thinking':'@100','tokens':50}],'text':'@10'}", "200", "",
		64, 50, "end_turn" },
	{ "{'text':'@100','output_tokens':77}", "200", "", 77, 0, "end_turn" },
	{ "{'text':'@100','output_tokens':77,'thinking_tokens':11}", "200", "", 77, 11,
		"end_turn" },
	{ "{'text':'@100'}", "104", "", 104, 0, "end_turn" },
	{ "{'text':'@100'}", "103", "", 103, 0, "max_tokens" },
	{ "{'text':'@100','stop_reason':'refusal'}", "200", "", 104, 0, "refusal" },
	/* two words are left before the stop sequence */
	{ "{'text':'a b. END c'}", "200", ",'stop_sequences':['. END']", 6, 0, "stop_sequence" },
};

static void test_outputs(void **state)
{
	char body[300];
	const char *stop;
	int64_t thinking;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
		snprintf(body, sizeof(body),
			"{'model':'claude-sonnet-4-6','max_tokens':%s,'messages':[{'role':'user','content':'w'}]%s}",
			outputs[i].max_tokens, outputs[i].more);
		int64_t out = output_of(outputs[i].script, body, &stop, &thinking);
		if (out != outputs[i].out || thinking != outputs[i].thinking ||
			strcmp(stop, outputs[i].stop) != 0)
			fail_msg("row %zu: %lld, %lld, %s", i, (long long)out, (long long)thinking,
				stop);
	}
}

/* ---- when things happen ---- */

#define FILL "{" SONNET "'max_tokens':0," SYSTEM(MARK) USER("") "}"

static void test_readable_once_begun(void **state)
{
	struct site s;
	struct question q = { .body = FILL };

	(void)state;
	site_open(&s);
	struct engine_reply *one = ask(&s, &q), *two = ask(&s, &q);
	assert_int_equal(one->plan.usage.cache_write, 2003);
	assert_int_equal(two->plan.usage.cache_write, 2003);
	engine_begun(s.engine, one, 0);
	struct engine_reply *three = ask(&s, &q);
	assert_int_equal(three->plan.usage.cache_read, 2003);
	/* Who leaves before the reply begins pays nothing, and leaves nothing. */
	assert_false(bill_find(s.engine->bill, 2)->charged);
	engine_ended(s.engine, two, true);
	assert_int_equal(bill_find(s.engine->bill, 2)->outcome, BILL_GONE);
	engine_begun(s.engine, three, 0);
	engine_ended(s.engine, one, false);
	engine_ended(s.engine, three, true);
	assert_true(bill_find(s.engine->bill, 1)->charged);
	assert_true(bill_find(s.engine->bill, 3)->charged);
	assert_int_equal(bill_find(s.engine->bill, 3)->outcome, BILL_GONE);
	site_close(&s);
}

static void test_errors_cost_nothing(void **state)
{
	struct site s;
	unsigned status;

	(void)state;
	site_open(&s);
	queue(&s.engine->faults, "{'status':529}");
	yyjson_doc_free(tell(&s, &(struct question){ .body = FILL }, &status));
	assert_int_equal(status, 529);
	assert_false(bill_find(s.engine->bill, 1)->charged);
	struct engine_reply *r = ask(&s, &(struct question){ .body = FILL });
	assert_int_equal(r->plan.usage.cache_read, 0);
	engine_ended(s.engine, r, true);
	site_close(&s);
}

static void test_sums(void **state)
{
	struct site s;
	struct buf b;
	unsigned status;

	(void)state;
	site_open(&s);
	for (unsigned i = 0; i < 3; i++)
		yyjson_doc_free(tell(&s, &(struct question){ .body = FILL }, &status));
	buf_init(&b, SIZE_MAX);
	bill_print(&b, s.engine->bill, true, 0);
	yyjson_doc *doc = yyjson_read(b.p, b.n, 0);
	yyjson_val *root = yyjson_doc_get_root(doc);
	yyjson_val *total = yyjson_obj_get(yyjson_obj_get(root, "total"), "nano_usd");
	yyjson_val *model = yyjson_ptr_get(root, "/models/claude-sonnet-4-6/nano_usd/total");
	/* 3 × 105 in at $3, 2 × 2003 read at $0.30, 2003 written at $3.75: 945,000 + 1,201,800 + 7,511,250 */
	assert_int_equal(yyjson_get_sint(yyjson_obj_get(total, "input")), 945000);
	assert_int_equal(yyjson_get_sint(yyjson_obj_get(total, "cache_read")), 1201800);
	assert_int_equal(yyjson_get_sint(yyjson_obj_get(total, "cache_write_5m")), 7511250);
	assert_int_equal(yyjson_get_sint(yyjson_obj_get(total, "total")), 9658050);
	assert_int_equal(yyjson_get_sint(model), 9658050);
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(root, "requests")), 3);
	yyjson_doc_free(doc);
	buf_release(&b);
	site_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
		cmocka_unit_test(test_minima),
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_outputs),
		cmocka_unit_test(test_readable_once_begun),
		cmocka_unit_test(test_errors_cost_nothing),
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
