/* SPDX-License-Identifier: MIT */
/* Thinking that several models leave in one conversation: each signature gets to its own model, and nothing else is touched. */
#include "unit/base/check.h"

#include "llm/dialect.h"
#include "llm/native.h"
#include "llm/thinking.h"
#include "unit/wire/check.h"

/* ---- bodies ---- */

#define OURS     "{\"type\":\"thinking\",\"thinking\":\"x\",\"signature\":\"slsig1.ds.eyJ9\"}"
#define THEIRS   "{\"type\":\"thinking\", \"thinking\":\"x\",\"signature\":\"Er==\"}"
#define REDACTED "{\"type\":\"redacted_thinking\",\"data\":\"Er==\"}"
#define SEALED   "{\"type\":\"redacted_thinking\",\"data\":\"slsig1.ant.e30\"}"
#define CALL     "{\"type\":\"tool_use\",\"id\":\"a\"}"
#define EMPTY    "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}"
#define TEXT     "{\"type\":\"text\",\"text\":\"slsig1. is not\"}"
#define NOTHING  "{\"type\":\"text\",\"text\":\"(no content)\"}"

enum { HOME, REROUTED, WANTED, WANTED_REROUTED, DROP };

static const struct row {
	int how;
	const char *body, *want; /* NULL: stays as it is */
	size_t dropped;
} rows[] = {
	{ HOME,
		"{\"messages\":[{\"role\":\"assistant\",\"content\":[" OURS "," TEXT
		"]}], \"a\":1}",
		"{\"messages\":[{\"role\":\"assistant\",\"content\":[" TEXT "]}], \"a\":1}", 1 },
	{ HOME,
		"{\"messages\":[{\"content\":[" TEXT ", " OURS
		"],\"role\":\"assistant\"},{\"content\":\"u\"}"
		",{\"content\":[" OURS "]}]}",
		"{\"messages\":[{\"content\":[" TEXT "],\"role\":\"assistant\"},{\"content\":\"u\"}"
		",{\"content\":[" NOTHING "]}]}",
		2 },
	{ HOME, "{\"messages\":[{\"content\":[" THEIRS "," OURS "," THEIRS "]}]}",
		"{\"messages\":[{\"content\":[" THEIRS "," THEIRS "]}]}", 1 },
	{ HOME, "{\"messages\":[{\"content\":[" SEALED "," REDACTED "]}]}",
		"{\"messages\":[{\"content\":[" REDACTED "]}]}", 1 },
	{ HOME, "{\"messages\":[{\"content\":[" THEIRS "," EMPTY "," TEXT "]}]}", NULL },
	{ HOME, "{\"messages\":[{\"content\":\"slsig1.ds.x\"}]}", NULL },
	{ HOME, "{\"messages\":\"slsig1.\"}", NULL },
	{ HOME, "{\"messages\":[{\"content\":[" OURS, NULL },
	{ HOME, "{\"messages\":[{\"content\":[" CALL "]}]}", NULL },
	{ HOME, "slsig1.", NULL },
	{ HOME, "", NULL },
	{ REROUTED, "{\"messages\":[{\"content\":[" THEIRS ", " CALL "]},{\"content\" : \"u\" }]}",
		"{\"messages\":[{\"content\":[" CALL "]},{\"content\" : \"u\" }]}", 1 },
	{ REROUTED, "{\"messages\":[{\"content\":[" REDACTED "," OURS "," EMPTY "]}]}",
		"{\"messages\":[{\"content\":[" NOTHING "]}]}", 3 },
	{ REROUTED, "{\"thinking\":{\"type\":\"enabled\"},\"messages\":[{\"content\":[" CALL "]}]}",
		NULL },
	{ REROUTED, "{\"messages\":[{\"content\":[ ]}, {\"content\":7}, 8]}", NULL },
	{ REROUTED, "\"thinking\"", NULL },
	{ DROP, "{\"messages\":[{\"content\":[" THEIRS "," TEXT "," OURS "]}]}",
		"{\"messages\":[{\"content\":[" TEXT "]}]}", 2 },
	{ WANTED,
		"{\"messages\":[{\"content\":[" CALL "]},{\"content\":[" THEIRS "," CALL
		"]},{\"content\":[" TEXT "]}]}",
		"{\"messages\":[{\"content\":[" EMPTY "," CALL "]},{\"content\":[" THEIRS "," CALL
		"]},{\"content\":[" TEXT "]}]}" },
	{ WANTED, "{\"messages\":[{\"content\":[" OURS "," CALL "]}]}",
		"{\"messages\":[{\"content\":[" EMPTY "," CALL "]}]}", 1 },
	{ WANTED_REROUTED,
		"{\"messages\":[{\"content\":[" THEIRS "," CALL "]},{\"content\":[" EMPTY "," CALL
		"]}]}",
		"{\"messages\":[{\"content\":[" EMPTY "," CALL "]},{\"content\":[" EMPTY "," CALL
		"]}]}",
		1 },
};

static void bodies(void **state)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		const struct thinking_rules r = { .model = STR("b"),
			.rerouted = row->how != HOME && row->how != WANTED,
			.wanted = row->how == WANTED || row->how == WANTED_REROUTED,
			.drop_all = row->how == DROP };
		size_t dropped = 99;
		buf_clear(&out);
		bool changed = thinking_fit(str_from(row->body), &r, &out, &dropped);
		assert_str(buf_str(&out), str_from(row->want != NULL ? row->want : ""));
		assert_int_equal(changed, row->want != NULL);
		assert_int_equal(dropped, row->dropped);
	}
	buf_release(&out);
}

/* ---- frames ---- */

/* What `value` (with quotes) becomes. */
static void add_envelope(struct buf *out, const char *model, const char *key, struct str value)
{
	buf_add_char(out, '"');
	native_seal_signature(out, &(struct native_signature){ str_from(model),
					   outline_member_hash(str_from(key), value), value });
	buf_add_char(out, '"');
}

#define DELTA_HEAD \
	"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
#define SIGNED "\"AbC/+\\/==\""

/* In `frame` the value in question stands for %. */
static const struct {
	const char *key, *frame, *value;
} sealed[] = {
	{ "signature", DELTA_HEAD "\"signature_delta\",\"signature\":%}}\n\n", SIGNED },
	{ "signature", DELTA_HEAD "\"signature_delta\", \"signature\" : % } }\r\n\r\n", SIGNED },
	{ "signature",
		"data:{\"delta\":{\"signature\":%,\"type\":\"signature_delta\"},\"x\":[1]}\nid: 7\n\n",
		SIGNED },
	{ "signature",
		"\xEF\xBB\xBF"
		"event: \"AA\"\r\ndata: {\"delta\":\r\ndata: {\"type\":\"signature_delta\",\r\nid: \"AA\"\r\ndata: \"signature\":%\r\ndata:}}\r\n\r\n",
		"\"AA\"" },
	{ "data",
		"data: {\"content_block\":{\"type\":\"redacted_thinking\",\"data\":%},\"index\":3}\n\n",
		SIGNED },
	{ "signature",
		"data: {\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":%}}\n\n",
		SIGNED },
	{ "signature",
		"data: {\"message\":{\"content\":[{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":%}]}}\n\n",
		SIGNED },
};

static const char *const not_sealed[] = {
	"",
	"data: \n\n",
	": signature\n\n",
	"event: signature\n\n",
	"data: signature\n\n",
	DELTA_HEAD "\"signature_delta\",\"signature\":\"\"}}\n\n",
	DELTA_HEAD "\"signature_delta\",\"signature\":null}}\n\n",
	DELTA_HEAD "\"signature_delta\",\"signature\":{\"a\":1}}}\n\n",
	DELTA_HEAD "\"text_delta\",\"text\":\"signature\",\"signature\":\"a\"}}\n\n",
	DELTA_HEAD "\"signature_delta\",\"signature\":\"a\"}\n\n", /* cut */
	DELTA_HEAD "\"signature_delta\",\"signature\":\"a\ndata: b\"}}\n\n",
	"data: {\"content_block\":{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"\"}}\n\n",
	"data: {\"content_block\":{\"type\":\"text\",\"text\":\"redacted_thinking\",\"data\":\"a\"}}\n\n",
	"data: {\"message\":{\"content\":[],\"signature\":\"a\"}}\n\n",
};

static void frames(void **state)
{
	struct buf frame, want, out;

	buf_init(&frame, SIZE_MAX);
	buf_init(&want, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(sealed); i++) {
		struct str form = str_from(sealed[i].frame);
		size_t at = str_find_char(form, '%');
		buf_clear(&frame), buf_clear(&want), buf_clear(&out);
		buf_add(&frame, (struct str){ form.p, at });
		buf_add(&want, buf_str(&frame));
		buf_add(&frame, str_from(sealed[i].value));
		add_envelope(&want, "m-1", sealed[i].key, str_from(sealed[i].value));
		buf_add(&frame, str_from_offset(form, at + 1));
		buf_add(&want, str_from_offset(form, at + 1));
		if (!thinking_seal_frame(buf_str(&frame), STR("m-1"), &out))
			fail_msg("not sealed: %s", sealed[i].frame);
		assert_str(buf_str(&out), buf_str(&want));
	}
	buf_clear(&out);
	for (size_t i = 0; i < ARRAY_LEN(not_sealed); i++) {
		if (thinking_seal_frame(str_from(not_sealed[i]), STR("m"), &out))
			fail_msg("sealed: %s", not_sealed[i]);
		assert_int_equal(out.n, 0);
	}
	buf_release(&frame);
	buf_release(&want);
	buf_release(&out);
}

static void replies(void **state)
{
	struct buf want, out;

	buf_init(&want, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	buf_add(&want, STR("{\"id\":1, \"content\":[{\"type\":\"thinking\",\"signature\":"));
	add_envelope(&want, "m", "signature", STR("\"s1\""));
	buf_add(&want, STR("}, " TEXT ",{\"data\":"));
	add_envelope(&want, "m", "data", STR("\"s2\""));
	buf_add(&want, STR(",\"type\":\"redacted_thinking\"}],\"signature\":\"x\"} "));
	assert_true(thinking_seal_reply(
		STR("{\"id\":1, \"content\":[{\"type\":\"thinking\",\"signature\":\"s1\"}, " TEXT
		    ",{\"data\":\"s2\",\"type\":\"redacted_thinking\"}],\"signature\":\"x\"} "),
		STR("m"), &out));
	assert_str(buf_str(&out), buf_str(&want));
	buf_clear(&out);
	assert_false(thinking_seal_reply(
		STR("{\"content\":[{\"type\":\"text\",\"text\":\"signature\"}]}"), STR("m"), &out));
	assert_false(thinking_seal_reply(STR("signature"), STR("m"), &out));
	assert_false(thinking_seal_reply(STR(""), STR("m"), &out));
	assert_int_equal(out.n, 0);
	buf_release(&want);
	buf_release(&out);
}

/* ---- conversations ---- */

enum { MODELS = 3, TALKS = 400, TURNS = 12 };
static const char *const models[MODELS] = { "claude-sonnet-4-6", "claude-opus-5-5",
	"odd \"name\" \xC3\xA4" };

/* The client asks for models[0]; `ways` are the bodies that each of them must get, and one without any thinking. */
struct talk {
	uint64_t seed;
	struct buf client, ways[MODELS + 1];
	size_t left[MODELS + 1]; /* blocks of the present message */
};

static void add_all(struct talk *t, struct str s)
{
	buf_add(&t->client, s);
	for (size_t i = 0; i <= MODELS; i++)
		buf_add(&t->ways[i], s);
}

/* A block, for the client and for that one of the ways; MODELS + 1: for all of them. */
static void add_block(struct talk *t, struct str client, struct str native, size_t way)
{
	char last = t->client.p[t->client.n - 1];

	buf_add(&t->client, last == '[' ? STR("") : STR(","));
	buf_add(&t->client, client);
	for (size_t i = 0; i <= MODELS; i++) {
		if (way != i && way != MODELS + 1)
			continue;
		buf_add(&t->ways[i], t->left[i]++ > 0 ? STR(",") : STR(""));
		buf_add(&t->ways[i], native);
	}
}

/* As its own model's frame would bring it to the client. */
static void add_thinking(struct talk *t, size_t model)
{
	bool redacted = random_below(&t->seed, 3) == 0;
	struct buf native, reply, out;
	size_t n = random_below(&t->seed, 9) == 0 ? 3000 : random_below(&t->seed, 40);

	buf_init(&native, SIZE_MAX);
	buf_init(&reply, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	buf_addf(&native, "{%s\":\"of model %zu ",
		redacted ? "\"type\":\"redacted_thinking\",\"data"
			 : "\"type\": \"thinking\",\"thinking\":\"t\", \"signature",
		model);
	while (n-- > 0)
		buf_add_char(&native, "ABCabc019+/="[random_below(&t->seed, 12)]);
	buf_add(&native, STR("\"}"));
	buf_add(&reply, STR("{\"content\":["));
	buf_add(&reply, buf_str(&native));
	buf_add(&reply, STR("]}"));
	if (model > 0)
		assert_true(thinking_seal_reply(buf_str(&reply), str_from(models[model]), &out));
	else
		buf_add(&out, buf_str(&reply));
	struct str list = json_get(buf_str(&out), STR("content"));
	add_block(t, (struct str){ list.p + 1, list.n - 2 }, buf_str(&native), model);
	buf_release(&native);
	buf_release(&reply);
	buf_release(&out);
}

static void add_foreign(struct talk *t)
{
	static const char *const foreign[] = {
		OURS, SEALED,
		"{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"slsig1.gem.eyJwIjpbXX0\"}"
	};

	add_block(t, str_from(foreign[random_below(&t->seed, ARRAY_LEN(foreign))]), STR(""),
		MODELS + 2);
}

static void add_turn(struct talk *t)
{
	size_t model = random_below(&t->seed, MODELS), n = random_below(&t->seed, 4);

	add_all(t, t->client.p[t->client.n - 1] == '[' ? STR("") : STR(","));
	add_all(t,
		STR("{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":["));
	memset(t->left, 0, sizeof(t->left));
	for (size_t i = 0; i < n; i++)
		switch (random_below(&t->seed, 6)) {
		case 0:
			add_block(t, STR(TEXT), STR(TEXT), MODELS + 1);
			break;
		case 1:
			add_block(t, STR(CALL), STR(CALL), MODELS + 1);
			break;
		case 2:
			add_foreign(t);
			break;
		default:
			add_thinking(t, model);
		}
	for (size_t i = 0; n > 0 && i <= MODELS; i++)
		buf_add(&t->ways[i], t->left[i] > 0 ? STR("") : STR(NOTHING));
	add_all(t, STR("]}"));
}

/* Chains of both outlines; blocks that are not sent left out. */
static void same_chain(struct str client, struct str sent, const struct thinking_rules *r)
{
	struct arena *a = arena_new();
	struct chain_rules rules = { .seed = 5 };
	const struct chain_rules plain = { .seed = 5 };
	struct chat from = { 0 }, to = { 0 };
	struct err e = { 0 };
	size_t k = 0;

	assert_true(dialect_anthropic.parse_request(&from, client, a, &e));
	assert_true(dialect_anthropic.parse_request(&to, sent, a, &e));
	uint64_t *chain = arena_alloc(a, (from.outline.n + 1) * sizeof(*chain));
	uint64_t *want = arena_alloc(a, (to.outline.n + 1) * sizeof(*want));
	thinking_chain_rules(&rules, r);
	outline_chain(&from.outline, &rules, chain);
	outline_chain(&to.outline, &plain, want);
	for (size_t i = 0; i < from.outline.n; i++) {
		if (chain[i] == 0)
			continue;
		assert_true(k < to.outline.n && chain[i] == want[k]);
		if (from.outline.blocks[i].hash == to.outline.blocks[k].hash)
			assert_int_equal(from.outline.blocks[i].bytes, to.outline.blocks[k].bytes);
		k++;
	}
	assert_int_equal(k, to.outline.n);
	assert_false(to.outline.facts.sealed);
	arena_free(a);
}

/* A body without its end. */
static void close_body(struct buf *out, const struct buf *open)
{
	buf_clear(out);
	buf_add(out, buf_str(open));
	buf_add(out, STR("], \"max_tokens\" : 7}"));
}

static void check_way(const struct talk *t, size_t way, struct buf *before)
{
	const struct thinking_rules r = { .model = str_from(models[way < MODELS ? way : 1]),
		.rerouted = way > 0,
		.drop_all = way == MODELS };
	struct buf client, want, out;
	size_t dropped;

	buf_init(&client, SIZE_MAX);
	buf_init(&want, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	close_body(&client, &t->client);
	close_body(&want, &t->ways[way]);
	bool changed = thinking_fit(buf_str(&client), &r, &out, &dropped);
	assert_int_equal(changed, !str_eq(buf_str(&client), buf_str(&want)));
	assert_str(changed ? buf_str(&out) : buf_str(&client), buf_str(&want));
	same_chain(buf_str(&client), buf_str(&want), &r);
	/* What was sent before is the beginning of what is sent now. */
	assert_true(str_starts(buf_str(&want), buf_str(before)));
	buf_clear(before);
	buf_add(before, buf_str(&t->ways[way]));
	buf_release(&client);
	buf_release(&want);
	buf_release(&out);
}

static void conversations(void **state)
{
	for (size_t i = 0; i < TALKS; i++) {
		struct talk t = { .seed = i + 1 };
		struct buf before[MODELS + 1];

		buf_init(&t.client, SIZE_MAX);
		for (size_t way = 0; way <= MODELS; way++) {
			buf_init(&t.ways[way], SIZE_MAX);
			buf_init(&before[way], SIZE_MAX);
		}
		add_all(&t,
			STR("{\"system\":\"s\",\"thinking\":{\"type\":\"adaptive\"},\"messages\":["));
		for (size_t turn = 0; turn < TURNS; turn++) {
			add_turn(&t);
			for (size_t way = 0; way <= MODELS; way++)
				check_way(&t, way, &before[way]);
		}
		buf_release(&t.client);
		for (size_t way = 0; way <= MODELS; way++) {
			buf_release(&t.ways[way]);
			buf_release(&before[way]);
		}
	}
}

/* ---- switches ---- */

#define USER     "{\"role\":\"user\",\"content\":\"u\"}"
#define RESULT   "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"content\":\"r\"}]}"
#define THINKS   "{\"role\":\"assistant\",\"content\":[" THEIRS "," CALL "]}"
#define REDACTS  "{\"role\":\"assistant\",\"content\":[" REDACTED "," CALL "]}"
#define CALLS    "{\"role\":\"assistant\",\"content\":[" CALL "]}"
#define SYSTEM   "{\"role\":\"system\",\"content\":\"s\"}"
#define BUDGET   "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}"
#define ADAPTIVE "\"thinking\":{\"type\":\"adaptive\"}"
#define EDITS    "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"name\":\"Edit\"}]}"
#define EDITED(n) \
	"{\"role\":\"assistant\",\"content\":[{\"name\":\"" n "\",\"type\":\"tool_use\"}]}"

static void switches(void **state)
{
	static const struct {
		const char *body;
		bool blocked;
	} cases[] = {
		{ "{\"messages\":[" USER "]}", false },
		{ "{\"messages\":[" USER "," THINKS "]}", false },
		{ "{\"messages\":[" USER "," CALLS "," RESULT "]}", false },
		{ "{\"messages\":[" USER "," THINKS "," RESULT "]}", true },
		{ "{\"messages\":[" USER "," REDACTS "," RESULT "," SYSTEM "]}", true },
		{ "{\"messages\":[" USER "," THINKS "," RESULT "," USER "]}", false },
		{ "{\"messages\":[" USER "," THINKS "," RESULT "," CALLS "," RESULT "]}", false },
		{ "{" ADAPTIVE ",\"messages\":[" USER "," THINKS "," RESULT "," CALLS "," RESULT
		  "]}",
			false },
		{ "{\"messages\":[" USER "," THINKS "," RESULT "," CALLS "," RESULT "]," BUDGET "}",
			true },
		{ "{" BUDGET ",\"messages\":[" USER "," THINKS "," RESULT "," USER "," CALLS
		  "," RESULT "]}",
			false },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct chat c = { 0 };
		struct err e = { 0 };
		assert_true(dialect_anthropic.parse_request(&c, str_from(cases[i].body), a, &e));
		if (thinking_blocks_switch(&c.outline.facts) != cases[i].blocked)
			fail_msg("%s", cases[i].body);
	}
	arena_free(a);
}

static void edits(void **state)
{
	static const struct {
		const char *body;
		bool edited;
	} cases[] = {
		{ "{\"messages\":[" USER "," EDITS "," RESULT "]}", true },
		{ "{\"messages\":[" USER "," EDITED("str_replace_based_edit_tool") "]}", true },
		{ "{\"messages\":[" USER "," EDITED("apply_patch") "," CALLS "]}", true },
		{ "{\"messages\":[" USER "," EDITED("Read") "," EDITED("TodoWrite") "]}", false },
		{ "{\"tools\":[{\"name\":\"Edit\"}],\"messages\":[" USER "," CALLS "]}", false },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct chat c = { 0 };
		struct err e = { 0 };
		assert_true(dialect_anthropic.parse_request(&c, str_from(cases[i].body), a, &e));
		if (c.outline.facts.edited != cases[i].edited)
			fail_msg("%s", cases[i].body);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies),
		cmocka_unit_test(frames),
		cmocka_unit_test(replies),
		cmocka_unit_test(conversations),
		cmocka_unit_test(switches),
		cmocka_unit_test(edits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
