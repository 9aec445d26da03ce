/* SPDX-License-Identifier: MIT */
/* Laws of the prefix cache over random conversations. */
#include "unit/sim/sim_check.h"

enum { SEEDS = 50, TURNS = 12 };

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

static const char *const models[] = { "claude-sonnet-4-6", "claude-opus-5-5", "claude-haiku-5-5",
	"claude-opus-4-6" };

struct conversation {
	uint64_t random;
	const char *model;
	struct buf messages; /* in the notation of the tests, without marks */
	unsigned turns, calls;
};

static void add_turn(struct conversation *c)
{
	unsigned calls = c->turns > 0 ? (unsigned)(next(&c->random) % 4) : 0;

	if (c->turns > 0) {
		buf_add(&c->messages, STR(",{'role':'assistant','content':["));
		buf_addf(&c->messages, "{'type':'text','text':'@%u'}",
			1 + (unsigned)(next(&c->random) % 200));
		for (unsigned i = 0; i < calls; i++)
			buf_addf(&c->messages,
				",{'type':'tool_use','id':'t%u','name':'a','input':{'x':%u}}",
				c->calls + i, (unsigned)(next(&c->random) % 1000));
		buf_add(&c->messages, STR("]},"));
	}
	buf_add(&c->messages, STR("{'role':'user','content':["));
	for (unsigned i = 0; i < calls; i++)
		buf_addf(&c->messages,
			"{'type':'tool_result','tool_use_id':'t%u','content':'@%u'},", c->calls + i,
			1 + (unsigned)(next(&c->random) % 900));
	buf_addf(&c->messages, "{'type':'text','text':'@%u'}]}",
		1 + (unsigned)(next(&c->random) % 900));
	c->calls += calls;
	c->turns++;
}

/* The request as it stands now, with marks on the system text and at the end. */
static struct buf request(const struct conversation *c, const char *more)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_addf(&b,
		"{'model':'%s',%s'cache_control':{'type':'ephemeral'},'system':[{'type':'text','text':'@4200',"
		"'cache_control':{'type':'ephemeral'}}],'messages':[",
		c->model, more);
	buf_add(&b, buf_str(&c->messages));
	buf_add(&b, STR("]}"));
	buf_add_char(&b, '\0');
	return b;
}

static struct usage usage_of(struct site *s, const struct conversation *c, int64_t at_ms)
{
	struct buf b = request(c, "'max_tokens':0,");
	struct question q = { .body = b.p, .at_ms = at_ms };
	struct engine_reply *r = ask(s, &q);
	struct usage u = r->plan.usage;

	assert_int_equal(r->status, 200);
	engine_begun(s->engine, r, at_ms);
	engine_ended(s->engine, r, false);
	buf_release(&b);
	return u;
}

static int64_t counted(struct site *s, const struct conversation *c)
{
	struct buf b = request(c, "");
	unsigned status;
	struct question q = { .body = b.p, .path = "/v1/messages/count_tokens" };
	yyjson_doc *doc = tell(s, &q, &status);
	int64_t n = yyjson_get_sint(yyjson_obj_get(yyjson_doc_get_root(doc), "input_tokens"));

	assert_int_equal(status, 200);
	yyjson_doc_free(doc);
	buf_release(&b);
	return n;
}

static void check_turn(struct site *s, const struct conversation *c, int64_t at_ms, int64_t *known)
{
	struct usage u = usage_of(s, c, at_ms), again = usage_of(s, c, at_ms + 1);

	/* Each token is paid for once. */
	assert_int_equal(u.in + u.cache_read + u.cache_write, counted(s, c));
	/* All that was written before is read: a turn is shorter than the look-back. */
	assert_int_equal(u.cache_read, *known);
	assert_true(u.cache_write > 0);
	*known = u.cache_read + u.cache_write;
	/* The same once more reads everything up to the last mark. */
	assert_int_equal(again.in, u.in);
	assert_int_equal(again.cache_read, *known);
	assert_int_equal(again.cache_write, 0);
}

static void run(uint64_t seed)
{
	struct conversation c = { .random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1 };
	struct site s;
	int64_t known = 0, at_ms = 0;

	site_open(&s);
	buf_init(&c.messages, SIZE_MAX);
	c.model = models[next(&c.random) % ARRAY_LEN(models)];
	for (unsigned i = 0; i < TURNS; i++) {
		add_turn(&c);
		check_turn(&s, &c, at_ms, &known);
		at_ms += 1000 + (int64_t)(next(&c.random) % 298000);
	}
	/* After five minutes of silence nothing is left. */
	struct usage u = usage_of(&s, &c, at_ms + 600000);
	assert_int_equal(u.cache_read, 0);
	assert_int_equal(u.cache_write, known);
	/* However often it is asked for, the bill is the sum of its rows. */
	struct buf b;
	buf_init(&b, SIZE_MAX);
	bill_print(&b, s.engine->bill, true, 0);
	yyjson_doc *doc = yyjson_read(b.p, b.n, 0);
	yyjson_val *root = yyjson_doc_get_root(doc), *row;
	size_t i, n;
	int64_t sum = 0;
	yyjson_arr_foreach(yyjson_obj_get(root, "requests"), i, n, row) sum +=
		yyjson_get_sint(yyjson_ptr_get(row, "/nano_usd/total"));
	assert_int_equal(sum, yyjson_get_sint(yyjson_ptr_get(root, "/total/nano_usd/total")));
	yyjson_doc_free(doc);
	buf_release(&b);
	buf_release(&c.messages);
	site_close(&s);
}

static void test_growing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run(seed);
}

/* The cache is kept by the prefix alone: whatever else happens in between, and in whatever order. */
static void test_interleaved(void **state)
{
	struct conversation c[2] = { { .random = 77, .model = models[0] },
		{ .random = 99, .model = models[0] } };
	struct usage alone[2][TURNS];

	(void)state;
	for (unsigned together = 0; together < 2; together++) {
		struct site s[2];
		for (unsigned k = 0; k < 2; k++) {
			site_open(&s[k]);
			c[k].random = 77 + k * 22;
			c[k].turns = 1;
			c[k].calls = 0;
			buf_init(&c[k].messages, SIZE_MAX);
			/* Nothing is shared but the system text, which is written first. */
			buf_addf(&c[k].messages, "{'role':'user','content':'c%u'}", k);
		}
		for (unsigned k = 0; k < 2; k++)
			usage_of(&s[k], &c[0], 0);
		for (unsigned i = 0; i < TURNS; i++)
			for (unsigned k = 0; k < 2; k++) {
				add_turn(&c[k]);
				struct usage u =
					usage_of(&s[together ? 0 : k], &c[k], 1000 * (int64_t)i);
				if (!together)
					alone[k][i] = u;
				else
					assert_memory_equal(&u, &alone[k][i], sizeof(u));
			}
		for (unsigned k = 0; k < 2; k++) {
			buf_release(&c[k].messages);
			site_close(&s[k]);
		}
	}
}

/* More entries than the table has at first, most of them dead. */
static void test_many_entries(void **state)
{
	struct cache *c = cache_new();
	struct block b = { .tokens = 5000, .mark = MARK_5M };
	struct prompt p = { .blocks = &b, .n = 1, .tokens = 5001 };
	struct cache_plan plan;

	(void)state;
	for (int64_t i = 0; i < 5000; i++) {
		struct digest d = hash_of((struct str){ (const char *)&i, sizeof(i) });
		b.chain = d;
		cache_plan(c, &p, 1024, i * 1000, &plan);
		assert_int_equal(plan.usage.cache_write, 5000);
		cache_commit(c, &plan, i * 1000);
	}
	for (int64_t i = 4600; i < 5000; i++) {
		b.chain = hash_of((struct str){ (const char *)&i, sizeof(i) });
		cache_plan(c, &p, 1024, 4999000, &plan);
		assert_int_equal(plan.usage.cache_read, i * 1000 + 300000 > 4999000 ? 5000 : 0);
	}
	cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_interleaved),
		cmocka_unit_test(test_many_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
