/* SPDX-License-Identifier: MIT */
/* Decisions as JSON, packed and back, whatever they hold; and where they go: to the ledger and into a header, unless there is nothing to
 * tell. */
#include "unit/core/exchange_fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "core/decision.h"
#include "core/ledger.h"
#include "core/live.h"

enum { HUGE_BYTES = 1 << 20, PRINTED_MAX = 48 << 10 };

static struct considered *put(struct decision *d, struct str model, const char *verdict)
{
	struct considered *c = decision_add(d);

	assert_non_null(c);
	c->provider = STR("anthropic");
	c->model = model;
	c->verdict = verdict;
	return c;
}

static struct decision *a_decision(struct arena *a)
{
	struct decision *d = decision_new(a, 0);

	d->by = "profile";
	d->why = STR("it repays within 3 turns");
	d->profile = "saver";
	d->kind = "tool_loop";
	d->level = "medium";
	d->bar = 80;
	d->turns = 12;
	struct considered *c = put(d, STR("opus"), "asked");
	*c = (struct considered){ c->provider, c->model, 95, 50000, 0, 12, 40030000, 1234567890,
		c->verdict };
	put(d, STR("haiku"), "no key")->cost_nusd = 7;
	return d;
}

/* ---- as JSON ---- */

#define MEMBERS \
	"\"profile\":\"saver\",\"kind\":\"tool_loop\",\"level\":\"medium\",\"bar\":80,\"turns\":12,\"candidates\":["
#define PRINTED \
	"{\"by\":\"profile\",\"why\":\"it repays within 3 turns\"," MEMBERS \
	"{\"provider\":\"anthropic\",\"model\":\"opus\",\"verdict\":\"asked\",\"quality\":95,\"read\":50000," \
	"\"written\":0,\"input\":12,\"cost_nusd\":40030000,\"horizon_nusd\":1234567890}," \
	"{\"provider\":\"anthropic\",\"model\":\"haiku\",\"verdict\":\"no key\",\"cost_nusd\":7}]}"
#define PACKED \
	"{\"by\":\"profile\"," MEMBERS \
	"[\"anthropic\",\"opus\",\"asked\",95,50000,0,12,40030000,1234567890]," \
	"[\"anthropic\",\"haiku\",\"no key\",-1,-1,-1,-1,7]]}"

static void members_are_in_order(void **state)
{
	struct arena *a = arena_new();
	struct buf b;

	buf_init(&b, SIZE_MAX);
	decision_print(a_decision(a), &b);
	assert_bytes(buf_str(&b), PRINTED);
	buf_clear(&b);
	decision_pack(a_decision(a), &b);
	assert_bytes(buf_str(&b), PACKED);
	buf_clear(&b);
	/* Behind what is there already, it is an object like any other. */
	buf_add(&b, STR("{\"x\":"));
	decision_print(decision_new(a, 0), &b);
	decision_pack(decision_new(a, 0), &b);
	assert_bytes(buf_str(&b), "{\"x\":{\"by\":\"as asked\"}{\"by\":\"as asked\"}");
	buf_release(&b);
	arena_free(a);
}

static struct decision *packed_and_unpacked(const struct decision *d, struct arena *a)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	decision_pack(d, &b);
	assert_true(b.n <= PRINTED_MAX);
	struct decision *got = decision_unpack(buf_str(&b), a);
	assert_non_null(got);
	buf_release(&b);
	got->why = d->why;
	return got;
}

/* It looks the same on the other side of the ledger. */
static void assert_returns(const struct decision *d)
{
	struct arena *a = arena_new();
	struct buf one, other;

	buf_init(&one, SIZE_MAX);
	buf_init(&other, SIZE_MAX);
	decision_print(d, &one);
	assert_true(one.n <= PRINTED_MAX);
	yyjson_doc *doc = yyjson_read(one.p, one.n, 0);
	assert_non_null(doc);
	yyjson_doc_free(doc);
	decision_print(packed_and_unpacked(d, a), &other);
	check_bytes(buf_str(&other), buf_str(&one), __FILE__, __LINE__);
	buf_release(&one);
	buf_release(&other);
	arena_free(a);
}

static void what_was_packed_is_read(void **state)
{
	struct arena *a = arena_new();
	struct decision *d = decision_unpack(STR(PACKED), a);

	assert_non_null(d);
	assert_string_equal(d->by, "profile");
	assert_int_equal(d->why.n, 0);
	assert_string_equal(d->profile, "saver");
	assert_string_equal(d->kind, "tool_loop");
	assert_string_equal(d->level, "medium");
	assert_int_equal(d->bar, 80);
	assert_int_equal(d->turns, 12);
	assert_int_equal(d->n, 2);
	assert_bytes(d->v[0].model, "opus");
	assert_int_equal(d->v[0].horizon_nusd, 1234567890);
	assert_string_equal(d->v[0].verdict, "asked");
	assert_int_equal(d->v[1].quality, -1);
	assert_int_equal(d->v[1].read, -1);
	assert_int_equal(d->v[1].cost_nusd, 7);
	assert_int_equal(d->v[1].horizon_nusd, -1);
	assert_returns(a_decision(a));
	assert_returns(decision_new(a, 0));
	arena_free(a);
}

/* Every byte there is, a character that is cut in two, and names that nobody would read to their end. */
static void names_are_bounded(void **state)
{
	static const char *const units[] = { "<script>\"\\", "\x1b[31m\x01\n", "\xe6\xbc\xa2",
		"\x01", "x\xc2\x9b" };
	struct arena *a = arena_new();
	char *huge = must_alloc(HUGE_BYTES + 1);

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		size_t n = strlen(units[i]);
		for (size_t k = 0; k < HUGE_BYTES; k++)
			huge[k] = units[i][k % n];
		struct decision *d = decision_new(a, n % 2);
		d->by = d->profile = d->kind = d->level = huge;
		d->why = (struct str){ huge, HUGE_BYTES };
		d->bar = 100;
		d->turns = INT64_MAX;
		for (unsigned k = 0; k < DECISION_MAX; k++) {
			struct considered *c = put(d, d->why, huge);
			c->provider = d->why;
			c->quality = 100;
			c->read = c->written = c->input = INT64_MAX;
			c->cost_nusd = c->horizon_nusd = INT64_MAX;
		}
		assert_null(decision_add(d));
		assert_returns(d);
	}
	/* What is no text becomes longer when it is made one: it is cut once more. */
	memset(huge, '\xff', HUGE_BYTES);
	struct decision *d = decision_new(a, 1);
	d->why = (struct str){ huge, HUGE_BYTES };
	put(d, d->why, huge);
	assert_returns(packed_and_unpacked(d, a));
	free(huge);
	arena_free(a);
}

/* Of anything but an object nothing is read, and what is odd within one is passed over. */
static void anything_may_stand_there(void **state)
{
	static const char *const none[] = { "", "x", "[]", "7", "{",
		"{\"by\":", "{\"candidates\":7}", "{\"candidates\":[{}]}", "{\"candidates\":[[1,]",
		"{} {}" };
	struct arena *a = arena_new();
	struct buf many;

	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_null(decision_unpack(str_from(none[i]), a));
	struct decision *d = decision_unpack(
		STR("{\"by\":7,\"why\":null,\"bar\":101,\"turns\":-3,\"n\":9,\"v\":{\"a\":[1]},\"candidates\":["
		    "[[],7,{},1e2,99999999999999999999,null,\"5\",1,2,3,[4]]]}"),
		a);
	assert_non_null(d);
	assert_string_equal(d->by, "as asked");
	assert_int_equal(d->bar + d->turns, 0);
	assert_int_equal(d->n, 1);
	assert_int_equal(d->v[0].model.n, 0);
	assert_int_equal(d->v[0].quality, -1);
	assert_int_equal(d->v[0].read, -1);
	assert_string_equal(d->v[0].verdict, "");
	buf_init(&many, SIZE_MAX);
	buf_add(&many, STR("{\"candidates\":[[]"));
	for (int i = 0; i < 1000; i++)
		buf_add(&many, STR(",[]"));
	buf_add(&many, STR("]}"));
	d = decision_unpack(buf_str(&many), a);
	assert_int_equal(d->n, DECISION_MAX);
	buf_release(&many);
	arena_free(a);
}

/* A beginning of one is none. */
static void what_is_cut_is_not_read(void **state)
{
	struct arena *a = arena_new();

	for (size_t n = 0; n < sizeof(PACKED) - 1; n++) {
		char *copy = must_alloc(n + 1);
		memcpy(copy, PACKED, n);
		assert_null(decision_unpack((struct str){ copy, n }, a));
		free(copy);
	}
	arena_free(a);
}

static void as_asked_is_nothing_to_tell(void **state)
{
	struct arena *a = arena_new();
	struct decision *d = decision_new(a, 1);

	assert_true(decision_is_as_asked(NULL));
	assert_true(decision_is_empty(NULL));
	assert_true(decision_is_as_asked(d));
	assert_true(decision_is_empty(d));
	put(d, STR("m"), "asked");
	assert_true(decision_is_as_asked(d));
	assert_false(decision_is_empty(d)); /* somebody else was considered */
	d->by = "rule";
	d->n = 0;
	assert_false(decision_is_as_asked(d));
	assert_false(decision_is_empty(d));
	arena_free(a);
}

/* ---- where it goes ---- */

struct kept {
	struct arena *arena;
	struct str plan, decision;
};

static bool keep(void *ctx, const struct query_row *row)
{
	struct kept *k = ctx;

	k->plan = arena_dup(k->arena, row->exchange->plan);
	k->decision = arena_dup(k->arena, row->exchange->decision);
	return true;
}

/* What an exchange comes to that was decided so. */
struct decided {
	struct world w;
	struct conn *client;
	struct kept kept;
};

typedef void decide_fn(struct exchange *x);

static void run(struct decided *t, const char *const *sets, decide_fn *decide)
{
	static unsigned number;
	const struct query_params all = { .what = QUERY_HISTORY, .to_ms = INT64_MAX, .limit = 1 };
	struct err e = { .kind = ERR_NONE };
	char name[40];

	snprintf(name, sizeof(name), "decision-%u", number++);
	world_init(&t->w, sets);
	t->w.svc.ledger = ledger_new(&t->w.svc, &store_memory, name);
	t->client = world_post(&t->w, "/v1/messages", STR(BODY));
	if (decide != NULL)
		decide(container_of(t->w.svc.live->open.next, struct exchange, live));
	world_answer(&t->w, JSON_HEAD, STR("{}"));
	ledger_free(t->w.svc.ledger);
	t->w.svc.ledger = NULL;
	t->kept = (struct kept){ .arena = arena_new() };
	struct store *s = store_memory.open(name, STORE_READ, &e);
	assert_true(s->driver->query(s, &all, keep, &t->kept, &e));
	s->driver->close(s);
}

static void end(struct decided *t)
{
	arena_free(t->kept.arena);
	world_release(&t->w);
}

static void nobody_decides(void **state)
{
	struct decided t;

	run(&t, NULL, NULL);
	assert_bytes(t.kept.plan, "as asked");
	assert_int_equal(t.kept.decision.n, 0);
	assert_header(t.client, "x-sluice-why", "");
	end(&t);
	run(&t, (const char *const[]){ "override.model=claude-haiku-4-5", NULL }, NULL);
	assert_bytes(t.kept.plan, "override.model");
	assert_int_equal(t.kept.decision.n, 0);
	assert_header(t.client, "x-sluice-why", "override.model");
	end(&t);
}

static void decide_by_profile(struct exchange *x)
{
	x->decision = a_decision(x->arena);
}

/* The sentence stands in the row once. */
static void it_is_kept_and_told(void **state)
{
	struct decided t;

	run(&t, NULL, decide_by_profile);
	assert_header(t.client, "x-sluice-why", "it repays within 3 turns");
	assert_bytes(t.kept.plan, "it repays within 3 turns");
	assert_true(str_starts(t.kept.decision, STR("{\"by\":\"profile\",\"profile\":\"saver\",")));
	assert_true(str_ends(t.kept.decision, STR("\"no key\",-1,-1,-1,-1,7]]}")));
	end(&t);
}

static void decide_to_stay(struct exchange *x)
{
	x->decision = decision_new(x->arena, 1);
	x->decision->why = STR("nothing cheaper is good enough");
	put(x->decision, STR("haiku"), "quality below the bar");
}

static void decide_nothing(struct exchange *x)
{
	x->decision = decision_new(x->arena, 1);
}

static void as_asked_is_not_told(void **state)
{
	struct decided t;

	run(&t, NULL, decide_to_stay);
	assert_header(t.client, "x-sluice-why", "");
	assert_bytes(t.kept.plan, "nothing cheaper is good enough");
	assert_true(t.kept.decision.n > 0);
	end(&t);
	run(&t, NULL, decide_nothing);
	assert_header(t.client, "x-sluice-why", "");
	assert_bytes(t.kept.plan, "as asked");
	assert_int_equal(t.kept.decision.n, 0);
	end(&t);
}

static void decide_without_words(struct exchange *x)
{
	x->decision = decision_new(x->arena, 0);
	x->decision->by = "forced";
}

static void decide_oddly(struct exchange *x)
{
	x->decision = decision_new(x->arena, 0);
	x->decision->by = "rule";
	x->decision->why = STR("gr\xc3\xbcn\r\nset-cookie: a=1\t\x7f\xff\x80 \xe6\xbc\xa2 end ");
}

static void decide_at_length(struct exchange *x)
{
	x->decision = decision_new(x->arena, 0);
	x->decision->by = "script";
	x->decision->why = arena_printf(x->arena, "%0*d", HUGE_BYTES, 7);
}

static void a_header_holds_what_it_can(void **state)
{
	struct decided t;

	run(&t, NULL, decide_without_words);
	assert_header(t.client, "x-sluice-why", "forced");
	assert_bytes(t.kept.plan, "as asked");
	end(&t);
	run(&t, NULL, decide_oddly);
	assert_header(t.client, "x-sluice-why", "gr?n??set-cookie: a=1??? ? end");
	end(&t);
	run(&t, NULL, decide_at_length);
	struct str why = fake_conn_header(t.client, "x-sluice-why");
	assert_int_equal(why.n, 200);
	assert_int_equal(why.p[0], '0');
	assert_int_equal(t.kept.plan.n, 200);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_in_order),
		cmocka_unit_test(what_was_packed_is_read),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(anything_may_stand_there),
		cmocka_unit_test(what_is_cut_is_not_read),
		cmocka_unit_test(as_asked_is_nothing_to_tell),
		cmocka_unit_test(nobody_decides),
		cmocka_unit_test(it_is_kept_and_told),
		cmocka_unit_test(as_asked_is_not_told),
		cmocka_unit_test(a_header_holds_what_it_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
