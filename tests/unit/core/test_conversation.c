/* SPDX-License-Identifier: MIT */
/* What is remembered of conversations: bounds, alarms, and the way through the store. */
#include "unit/base/check.h"

#include "core/prefix_store.h"

#include <stdio.h>
#include <stdlib.h>

static struct lane *fill(struct conversations *cs, struct conversation *c, uint64_t who, size_t n)
{
	struct lane *l = conversations_send(cs, c, who, n);

	l->provider = 5;
	l->seed = who;
	l->at_ms = 1000;
	for (size_t i = 0; i < n; i++)
		l->sent.blocks[i] = (struct sent_block){ .hash = i + who,
			.tokens = (float)(i + 1) * 100,
			.level = LEVEL_MESSAGES,
			.mark = i + 1 == n ? BREAK_1H : BREAK_NONE,
			.read = 1 };
	l->sent.last_mark = l->sent.entry = n;
	l->sent.end_ms = 9000;
	l->sent.messages = n;
	return l;
}

static void bounded_memory(void **state)
{
	struct conversations *cs = conversations_new(100000);
	char name[20];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		fill(cs, conversations_get(cs, str_from(name)), 1, 50);
		assert_true(conversations_bytes(cs) <= 102000);
		/* What is used stays. */
		assert_non_null(conversations_get(cs, STR("c0"))->last);
	}
	assert_null(conversations_find(cs, STR("c500")));
	assert_non_null(conversations_find(cs, STR("c999")));
	assert_true(conversations_count(cs) > 50 && conversations_count(cs) < 200);
	conversations_free(cs);
}

static void larger_than_all(void **state)
{
	struct conversations *cs = conversations_new(1000);
	struct conversation *c = conversations_get(cs, STR("a"));

	fill(cs, c, 1, 1000);
	assert_ptr_equal(conversations_find(cs, STR("a")), c);
	assert_int_equal(c->last->sent.n, 1000);
	conversations_get(cs, STR("b"));
	assert_null(conversations_find(cs, STR("a")));
	conversations_free(cs);
}

static void few_lanes(void **state)
{
	struct conversations *cs = conversations_new(1 << 20);
	struct conversation *c = conversations_get(cs, STR("a"));
	size_t n = 0;

	for (uint64_t who = 1; who <= 30; who++)
		fill(cs, c, who, 3)->at_ms = (int64_t)who;
	for (const struct lane *l = c->lanes; l != NULL; l = l->next)
		n++;
	assert_int_equal(n, 8);
	assert_int_equal(c->last->who, 30);
	assert_null(conversation_lane(c, 1));
	assert_non_null(conversation_lane(c, 29));
	conversations_free(cs);
}

static void through_the_store(void **state)
{
	struct conversations *cs = conversations_new(1 << 20), *other = conversations_new(1 << 20);
	struct conversation *c = conversations_get(cs, STR("a")),
			    *d = conversations_get(other, STR("a"));
	struct prompt_cache *cache = prompt_cache_new(64);
	struct buf b;

	fill(cs, c, 1, 3);
	fill(cs, c, 2, 40);
	c->last = conversation_lane(c, 1);
	c->version = 77;
	conversations_name_project(cs, c, STR("tide"));
	buf_init(&b, SIZE_MAX);
	prefix_store_print(&b, c);
	/* A piece of it is nothing. */
	for (size_t n = 0; n < b.n; n += 7)
		assert_false(prefix_store_read(other, d, (struct str){ b.p, n }, cache));
	assert_null(d->lanes);
	assert_true(prefix_store_read(other, d, buf_str(&b), cache));
	assert_int_equal(d->version, 77);
	assert_string_equal(d->project, "tide");
	assert_int_equal(d->last->who, 1);
	const struct sent *s = &conversation_lane(d, 2)->sent;
	assert_int_equal(s->n, 40);
	assert_memory_equal(
		s->blocks, conversation_lane(c, 2)->sent.blocks, 40 * sizeof(*s->blocks));
	/* Its entry can be found again, under the chain that a request would have. */
	uint64_t chain = 2;
	for (unsigned level = 0; level < LEVELS; level++)
		chain = outline_enter_level(&s->parameters, level, chain);
	for (uint64_t i = 0; i < 40; i++)
		chain = outline_add_block(chain, i + 2);
	assert_non_null(prompt_cache_find(cache, chain, 8999));
	assert_int_equal(prompt_cache_find(cache, chain, 8999)->tokens, 4000);
	assert_null(prompt_cache_find(cache, chain, 9000));
	/* What is older changes nothing. */
	d->version = 78;
	d->last = conversation_lane(d, 2);
	assert_true(prefix_store_read(other, d, buf_str(&b), cache));
	assert_int_equal(d->last->who, 2);
	buf_release(&b);
	prompt_cache_free(cache);
	conversations_free(cs);
	conversations_free(other);
}

/* Of more models than a conversation keeps, the one that was asked last may be the oldest, by a clock that was set back. */
static void the_last_model_has_to_make_room(void **state)
{
	struct conversations *from = conversations_new(1 << 20), *to = conversations_new(1 << 20);
	struct conversation *c = conversations_get(from, STR("a")),
			    *d = conversations_get(to, STR("a"));
	struct prompt_cache *cache = prompt_cache_new(64);
	struct buf b;

	for (uint64_t who = 1; who <= 8; who++) {
		fill(from, c, who, 3);
		conversation_lane(c, who)->at_ms = 100;
		fill(to, d, who + 8, 3);
		conversation_lane(d, who + 8)->at_ms = 1000;
	}
	c->last = c->lanes;
	c->last->at_ms = 1;
	c->version = 77;
	buf_init(&b, SIZE_MAX);
	prefix_store_print(&b, c);
	assert_true(prefix_store_read(to, d, buf_str(&b), cache));
	bool found = d->last == NULL;
	for (const struct lane *l = d->lanes; l != NULL; l = l->next)
		found = found || l == d->last;
	assert_true(found);
	buf_release(&b);
	prompt_cache_free(cache);
	conversations_free(from);
	conversations_free(to);
}

static void alarms(void **state)
{
	struct hits h = { 0 };
	unsigned alarm, seen[3] = { 0 }, n = 0;

	assert_true(hits_add(&h, 0, 100, &alarm) < 0);
	assert_true(hits_add(&h, 100, 100, &alarm) < 0);
	for (unsigned i = 0; i < 30; i++)
		hits_add(&h, 99, 100, &alarm);
	assert_int_equal(alarm, 0);
	for (unsigned i = 0; i < 20; i++) {
		hits_add(&h, 0, 100, &alarm);
		if (alarm > 0 && n < 3)
			seen[n++] = alarm;
	}
	assert_int_equal(n, 3);
	assert_true(seen[0] == 80 && seen[1] == 60 && seen[2] == 40);
	/* Recovered, it may ring again. */
	for (unsigned i = 0; i < 20; i++) {
		hits_add(&h, 100, 100, &alarm);
		assert_int_equal(alarm, 0);
	}
	for (unsigned i = 0; i < 5; i++)
		hits_add(&h, 0, 100, &alarm);
	assert_int_equal(alarm, 80);
}

/* What is left of a bad beginning rings no bell on good requests. */
static void rising(void **state)
{
	struct hits h = { 0 };
	unsigned alarm;

	hits_add(&h, 0, 100, &alarm);
	hits_add(&h, 0, 100, &alarm);
	for (unsigned i = 0; i < 10; i++) {
		hits_add(&h, 99, 100, &alarm);
		assert_int_equal(alarm, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounded_memory),
		cmocka_unit_test(larger_than_all),
		cmocka_unit_test(few_lanes),
		cmocka_unit_test(through_the_store),
		cmocka_unit_test(the_last_model_has_to_make_room),
		cmocka_unit_test(alarms),
		cmocka_unit_test(rising),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
