/* SPDX-License-Identifier: MIT */
/* Which key is chosen, against clocks of the test's own. */
#include "unit/base/check.h"

#include "core/keyring.h"

#include <stdio.h>

static struct config_key keys[] = { { STR_INIT("a"), STR_INIT("sk-a"), 1 },
	{ STR_INIT("b"), STR_INIT("sk-b"), 2 }, { STR_INIT("c"), STR_INIT("sk-c"), 1 } };
static const struct config_provider provider = {
	.name = STR_INIT("p"), .key_list = keys, .nkeys = 3
};
static const struct config_provider none = { .name = STR_INIT("none") };
static const struct keyring_key all[] = { { &provider, &keys[0] }, { &provider, &keys[1] },
	{ &provider, &keys[2] } };
static const struct keyring_time start = { 1000000, 1795264985000 };

static char choose(struct keyring *r, const char *conversation, uint64_t failed,
	const struct keyring_time *now)
{
	const struct keyring_ask ask = { &provider, str_from(conversation), failed };
	const struct config_key *k = keyring_choose(r, &ask, now);

	return k != NULL ? k->name.p[0] : '-';
}

static struct keyring_time after(uint64_t ms)
{
	return (struct keyring_time){ start.mono_ms + ms, start.wall_ms + (int64_t)ms };
}

static void by_weight(void **state)
{
	struct keyring *r = keyring_new();
	unsigned n[3] = { 0 };
	char last = '-';
	unsigned same = 0;

	for (unsigned i = 0; i < 400; i++) {
		char k = choose(r, "", 0, &start);
		n[k - 'a']++;
		same += k == last && k != 'b';
		last = k;
	}
	assert_int_equal(n[0], 100);
	assert_int_equal(n[1], 200);
	assert_int_equal(n[2], 100);
	assert_int_equal(same, 0); /* evenly spread */
	keyring_free(r);
}

static void conversations_keep_theirs(void **state)
{
	struct keyring *r = keyring_new();
	char first[50], name[24];
	unsigned n[3] = { 0 };

	for (unsigned round = 0; round < 5; round++)
		for (unsigned i = 0; i < ARRAY_LEN(first); i++) {
			snprintf(name, sizeof(name), "conversation %u", i);
			char k = choose(r, name, 0, &start);
			if (round == 0) {
				first[i] = k;
				n[k - 'a']++;
			}
			assert_int_equal(k, first[i]);
		}
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(n[i], 10, 30);
	keyring_free(r);
}

/* The conversation moves while its key rests, and stays where it is then. */
static void refused_keys_rest(void **state)
{
	static const struct {
		unsigned status;
		int64_t retry_ms;
		uint64_t rest_ms;
	} rows[] = { { 429, -1, 10000 }, { 429, 2000, 2000 }, { 429, 60000, 60000 },
		{ 429, 86400000, 60000 }, { 401, -1, 300000 }, { 401, 86400000, 900000 },
		{ 402, 1000, 300000 }, { 403, -1, 0 }, { 403, 60000, 0 }, { 500, -1, 0 },
		{ 200, -1, 0 }, { 400, 5000, 0 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct keyring *r = keyring_new();
		char k = choose(r, "c", 0, &start);
		const struct keyring_key *key = &all[k - 'a'];
		keyring_note(r, key, rows[i].status, rows[i].retry_ms, &start);
		assert_int_equal(keyring_rest_ms(r, key, start.mono_ms), rows[i].rest_ms);
		char second = choose(r, "c", 0, &start);
		assert_true((second != k) == (rows[i].rest_ms > 0));
		const struct keyring_time later = after(rows[i].rest_ms);
		assert_int_equal(keyring_rest_ms(r, key, later.mono_ms), 0);
		assert_int_equal(choose(r, "c", 0, &later), second);
		keyring_free(r);
	}
}

static void an_answer_ends_the_rest(void **state)
{
	struct keyring *r = keyring_new();

	keyring_note(r, &all[0], 429, 60000, &start);
	keyring_note(r, &all[0], 529, -1, &start);
	assert_int_equal(keyring_rest_ms(r, &all[0], start.mono_ms), 60000);
	keyring_note(r, &all[0], 200, -1, &start);
	assert_int_equal(keyring_rest_ms(r, &all[0], start.mono_ms), 0);
	keyring_free(r);
}

static void when_all_rest(void **state)
{
	struct keyring *r = keyring_new();
	const struct keyring_ask ask = { &provider, STR(""), 0 };

	assert_true(keyring_has_other(r, &ask, start.mono_ms));
	keyring_note(r, &all[0], 429, 60000, &start);
	keyring_note(r, &all[1], 429, 9000, &start);
	keyring_note(r, &all[2], 401, -1, &start);
	assert_false(keyring_has_other(r, &ask, start.mono_ms));
	assert_int_equal(choose(r, "", 0, &start), 'b');
	assert_int_equal(choose(r, "", 1 << 1, &start), 'a');
	assert_int_equal(choose(r, "", 7, &start), 'a');
	keyring_free(r);
}

static void failed_ones_are_not_asked_again(void **state)
{
	struct keyring *r = keyring_new();
	struct keyring_ask ask = { &provider, STR(""), 5 };

	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(choose(r, "x", 5, &start), 'b');
	assert_true(keyring_has_other(r, &ask, start.mono_ms));
	ask.failed = 7;
	assert_false(keyring_has_other(r, &ask, start.mono_ms));
	keyring_free(r);
}

static void limit(
	struct keyring *r, const struct keyring_key *k, const char *left, const char *reset)
{
	const struct http_header h[] = { { STR("anthropic-ratelimit-tokens-limit"), STR("1000") },
		{ STR("anthropic-ratelimit-tokens-remaining"), str_from(left) },
		{ STR("anthropic-ratelimit-tokens-reset"), str_from(reset) } };

	keyring_limits(r, k, h, ARRAY_LEN(h), start.wall_ms);
}

/* Who has little left is spared by new conversations, who has nothing left by all, until it is reset. */
static void quotas(void **state)
{
	struct keyring *r = keyring_new();

	limit(r, &all[0], "50", "60");
	limit(r, &all[1], "50", "60");
	assert_int_equal(keyring_left_percent(r, &all[0], start.wall_ms), 5);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(choose(r, "", 0, &start), 'c');
	assert_int_equal(choose(r, "talk", 0, &start), 'c');
	limit(r, &all[2], "20", "60");
	assert_int_equal(choose(r, "talk", 0, &start), 'c');
	limit(r, &all[2], "0", "60");
	assert_int_not_equal(choose(r, "talk", 0, &start), 'c');
	const struct keyring_time later = after(60000);
	assert_int_equal(keyring_left_percent(r, &all[2], later.wall_ms), 100);
	keyring_free(r);
}

static void without_keys(void **state)
{
	struct keyring *r = keyring_new();
	const struct keyring_ask ask = { &none, STR("c"), 0 };
	const struct keyring_key nothing = { &none, NULL };
	const struct keyring_ask some = { &provider, STR("c"), 1 };

	assert_null(keyring_choose(r, &ask, &start));
	assert_false(keyring_has_other(r, &ask, 0));
	keyring_note(r, &nothing, 429, -1, &start);
	keyring_limits(r, &nothing, NULL, 0, 0);
	assert_int_equal(keyring_rest_ms(r, &nothing, 0), 0);
	assert_ptr_equal(keyring_choose(NULL, &some, &start), &keys[1]);
	keyring_note(NULL, &all[0], 429, -1, &start);
	keyring_free(r);
	keyring_free(NULL);
}

/* However many keys there have been. */
static void bounded(void **state)
{
	struct keyring *r = keyring_new();
	char name[24];

	for (unsigned i = 0; i < 3 * KEYRING_KEYS; i++) {
		snprintf(name, sizeof(name), "k%u", i);
		struct config_key one = { str_from(name), str_from(name), 1 };
		const struct config_provider p = {
			.name = STR_INIT("p"), .key_list = &one, .nkeys = 1
		};
		const struct keyring_ask ask = { &p, str_from(name), 0 };
		const struct keyring_key k = { &p, &one };
		assert_ptr_equal(keyring_choose(r, &ask, &start), &one);
		keyring_note(r, &k, 429, -1, &start);
		assert_int_equal(keyring_rest_ms(r, &k, start.mono_ms), 10000);
	}
	keyring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_weight),
		cmocka_unit_test(conversations_keep_theirs),
		cmocka_unit_test(refused_keys_rest),
		cmocka_unit_test(an_answer_ends_the_rest),
		cmocka_unit_test(when_all_rest),
		cmocka_unit_test(failed_ones_are_not_asked_again),
		cmocka_unit_test(quotas),
		cmocka_unit_test(without_keys),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
