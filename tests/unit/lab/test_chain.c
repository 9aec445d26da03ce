/* SPDX-License-Identifier: MIT */
/* Lost prefixes, their causes and prices, and the rows of what would have been: by hand. */
#include "unit/base/check.h"

#include "lab/profile.h"

enum { MINUTE = 60 * 1000 };

/* $5 input, $0.50 read, $6.25 and $10 written, $25 output a million tokens. */
static const struct rates rates = { 5000000, 500000, 6250000, 10000000, 25000000 };

static struct chain chain;
static struct step step;
static struct call call;

static int begin(void **state)
{
	chain = (struct chain){ 0 };
	return 0;
}

/* One more request, `after_ms` behind the one before. */
static void request(int64_t after_ms, int64_t read, int64_t write_5m, int64_t write_1h, int64_t in)
{
	int64_t sent_ms = chain.begun ? chain.sent_ms + after_ms : 1000000;

	call.sent_ms = call.at_ms = sent_ms;
	call.usage = (struct usage){ in, read, write_5m + write_1h, write_1h, 100, 0 };
	chain_step(&chain, &call, &rates, &step);
	call.seam = false;
}

static int fresh(void **state)
{
	call = (struct call){ 0 };
	return begin(state);
}

static void warm(void **state)
{
	request(0, 17000, 8000, 0, 3);
	assert_true(step.first);
	assert_int_equal(step.cause, CAUSE_NONE);
	assert_int_equal(step.lost_tokens, 0);
	request(MINUTE, 25000, 1000, 0, 3);
	assert_false(step.first);
	assert_int_equal(step.gap_ms, MINUTE);
	assert_int_equal(step.readable, 25000);
	assert_int_equal(step.lost_tokens, 0);
	assert_int_equal(step.lost_nusd, 0);
	/* More was read than the conversation itself had left: nobody lost anything. */
	request(MINUTE, 30000, 0, 0, 3);
	assert_int_equal(step.lost_tokens, 0);
}

static void idle(void **state)
{
	request(0, 17000, 8000, 0, 3);
	request(5 * MINUTE, 17000, 9000, 0, 3);
	/* Exactly five minutes: it was still alive, so something else must have changed. */
	assert_int_equal(step.cause, CAUSE_PREFIX);
	request(5 * MINUTE + 1, 17000, 10000, 0, 3);
	assert_int_equal(step.cause, CAUSE_TTL);
	assert_int_equal(step.ttl_ms, TTL_MINUTES_MS);
	assert_int_equal(step.lost_tokens, 9000);
	/* 9000 × (6.25 − 0.50) */
	assert_int_equal(step.lost_nusd, 51750000);
	/* What is written for an hour lives an hour. */
	request(MINUTE, 27000, 0, 500, 3);
	request(60 * MINUTE, 17000, 0, 11000, 3);
	assert_int_equal(step.cause, CAUSE_PREFIX);
	request(60 * MINUTE + 1, 17000, 0, 12000, 3);
	assert_int_equal(step.cause, CAUSE_TTL);
	assert_int_equal(step.ttl_ms, TTL_HOUR_MS);
	/* Of both the tail for five minutes lapses first. */
	request(MINUTE, 29000, 100, 100, 3);
	request(6 * MINUTE, 29100, 200, 0, 3);
	assert_int_equal(step.cause, CAUSE_TTL);
	assert_int_equal(step.lost_tokens, 100);
	/* A request that writes nothing leaves what was there as it was. */
	request(MINUTE, 29300, 0, 0, 3);
	request(4 * MINUTE, 29300, 0, 0, 3);
	assert_int_equal(step.ttl_ms, TTL_MINUTES_MS);
}

static void compaction(void **state)
{
	request(0, 0, 0, 150000, 3);
	call.seam = true;
	request(MINUTE, 21000, 0, 12000, 5);
	assert_int_equal(step.cause, CAUSE_COMPACTION);
	/* No more than the new request has. */
	assert_int_equal(step.lost_tokens, 12005);
	/* 12000 × 9.50 + 5 × 4.50 */
	assert_int_equal(step.lost_nusd, 114022500);
	/* It comes before a pause, which comes before a switch. */
	call.seam = true;
	call.model = 1;
	request(90 * MINUTE, 0, 0, 12000, 5);
	assert_int_equal(step.cause, CAUSE_COMPACTION);
	call.model = 2;
	request(90 * MINUTE, 0, 0, 12000, 5);
	assert_int_equal(step.cause, CAUSE_TTL);
}

static void model(void **state)
{
	request(0, 0, 20000, 0, 3);
	call.model = 1;
	request(MINUTE, 0, 24000, 0, 3);
	assert_int_equal(step.cause, CAUSE_MODEL);
	assert_int_equal(step.lost_tokens, 20000);
	/* Back again, and what was written before is warm: only the difference is lost. */
	call.model = 0;
	request(MINUTE, 20000, 5000, 0, 3);
	assert_int_equal(step.cause, CAUSE_MODEL);
	assert_int_equal(step.lost_tokens, 4000);
}

static void traces(void **state)
{
	request(0, 17000, 8000, 0, 3);
	request(MINUTE, 25000, 5000, 0, 3);
	request(MINUTE, 0, 30000, 0, 3);
	assert_int_equal(step.trace, TRACE_ALL);
	request(MINUTE, 21000, 12000, 0, 3);
	assert_int_equal(step.trace, TRACE_START);
	request(MINUTE, 26000, 9000, 0, 3);
	assert_int_equal(step.trace, TRACE_PART);
	call.version = 9;
	request(MINUTE, 26000, 3000, 0, 3);
	assert_int_equal(step.trace, TRACE_SHRUNK);
	assert_true(step.updated);
	request(MINUTE, 29000, 0, 0, 3);
	assert_int_equal(step.trace, TRACE_NONE);
	assert_false(step.updated);
}

static void paid_in_order(void **state)
{
	const struct usage u = { 50, 0, 300, 100, 1, 0 };
	struct rates half = rates;

	/* First those for an hour, then those for five minutes, then plain input. */
	assert_int_equal(chain_price(&rates, &u, 100), 100 * 9500);
	assert_int_equal(chain_price(&rates, &u, 101), 100 * 9500 + 5750);
	assert_int_equal(chain_price(&rates, &u, 350), 100 * 9500 + 200 * 5750 + 50 * 4500);
	assert_int_equal(chain_price(&rates, &u, 0), 0);
	/* Half to even, once. */
	half.cache_write_1h = 500500;
	assert_int_equal(chain_price(&half, &u, 1), 0);
	assert_int_equal(chain_price(&half, &u, 3), 2);
	half.cache_write_5m = -1;
	assert_int_equal(chain_price(&half, &u, 100), 50);
	assert_int_equal(chain_price(&half, &u, 101), -1);
	half.cache_read = -1;
	assert_int_equal(chain_price(&half, &u, 1), -1);
}

static void unknown(void **state)
{
	request(0, 0, 8000, 0, 3);
	call.sent_ms = call.at_ms = -1;
	call.usage = (struct usage){ 3, 0, 8000, 0, 1, 0 };
	chain_step(&chain, &call, NULL, &step);
	assert_int_equal(step.gap_ms, -1);
	assert_int_equal(step.cause, CAUSE_PREFIX);
	assert_int_equal(step.lost_tokens, 8000);
	assert_int_equal(step.lost_nusd, -1);
}

static void automatic(void **state)
{
	call.automatic = true;
	request(0, 0, 0, 0, 1000);
	request(MINUTE, 896, 0, 0, 500);
	assert_int_equal(step.lost_tokens, 0);
	request(MINUTE, 0, 0, 0, 2000);
	assert_int_equal(step.lost_tokens, 1280);
	assert_int_equal(step.cause, CAUSE_PREFIX);
	request(11 * MINUTE, 0, 0, 0, 2000);
	assert_int_equal(step.cause, CAUSE_TTL);
}

/* ---- what would have been ---- */

static struct profile_bill bill, sum;

static void add(void)
{
	struct cost cost;

	assert_true(cost_of(&rates, &call.usage, &cost));
	assert_true(profile_add(&bill, &step, &cost));
}

static void ways(void **state)
{
	bill = sum = (struct profile_bill){ 0 };
	request(0, 1000, 9000, 0, 0);
	add();
	/* 0.5 + 56.25 + 2.5, and 0.5 + 90 + 2.5 */
	assert_int_equal(bill.nusd[PROFILE_OBSERVE], 59250000);
	assert_int_equal(bill.nusd[PROFILE_5M], 59250000);
	assert_int_equal(bill.nusd[PROFILE_1H], 93000000);
	request(10 * MINUTE, 1000, 10000, 0, 0);
	assert_int_equal(step.cause, CAUSE_TTL);
	add();
	/* 0.5 + 62.5 + 2.5 as it was; with an hour 10000 are read and 1000 written: 5 + 10 + 2.5 */
	assert_int_equal(bill.nusd[PROFILE_OBSERVE], 59250000 + 65500000);
	assert_int_equal(bill.nusd[PROFILE_5M], 59250000 + 65500000);
	assert_int_equal(bill.nusd[PROFILE_1H], 93000000 + 17500000);
	profile_settle(&bill, &sum);
	assert_int_equal(sum.nusd[PROFILE_CHEAPER_TTL], 110500000);
	assert_int_equal(bill.requests, 0);
	/* Another conversation, written for an hour, with a pause that five minutes would not have survived. */
	chain = (struct chain){ 0 };
	request(0, 1000, 0, 9000, 0);
	add();
	request(10 * MINUTE, 10000, 0, 1000, 0);
	add();
	/* All but the 1000 of the first request would have been written again. */
	assert_int_equal(bill.nusd[PROFILE_OBSERVE], 93000000 + 17500000);
	assert_int_equal(bill.nusd[PROFILE_1H], 93000000 + 17500000);
	assert_int_equal(bill.nusd[PROFILE_5M], 59250000 + 65500000);
	profile_settle(&bill, &sum);
	assert_int_equal(sum.nusd[PROFILE_CHEAPER_TTL], 221000000);
	assert_int_equal(sum.nusd[PROFILE_OBSERVE], 124750000 + 110500000);
	assert_int_equal(sum.requests, 4);
}

/* Other losses are the same in any way. */
static void ways_keep_other_losses(void **state)
{
	bill = (struct profile_bill){ 0 };
	request(0, 0, 9000, 0, 0);
	add();
	call.seam = true;
	request(10 * MINUTE, 0, 4000, 0, 0);
	add();
	assert_int_equal(bill.nusd[PROFILE_5M], bill.nusd[PROFILE_OBSERVE]);
	request(MINUTE, 0, 5000, 0, 0);
	assert_int_equal(step.cause, CAUSE_PREFIX);
	add();
	assert_int_equal(bill.nusd[PROFILE_5M], bill.nusd[PROFILE_OBSERVE]);
	profile_settle(&bill, &sum);
}

static void ways_without_prices(void **state)
{
	struct cost cost = COST_UNKNOWN;

	bill = (struct profile_bill){ 0 };
	request(0, 0, 9000, 0, 0);
	assert_false(profile_add(&bill, &step, &cost));
	step.rates = NULL;
	assert_false(profile_add(&bill, &step, &(struct cost){ 0 }));
	assert_int_equal(bill.requests, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(warm, fresh),
		cmocka_unit_test_setup(idle, fresh),
		cmocka_unit_test_setup(compaction, fresh),
		cmocka_unit_test_setup(model, fresh),
		cmocka_unit_test_setup(traces, fresh),
		cmocka_unit_test_setup(paid_in_order, fresh),
		cmocka_unit_test_setup(unknown, fresh),
		cmocka_unit_test_setup(automatic, fresh),
		cmocka_unit_test_setup(ways, fresh),
		cmocka_unit_test_setup(ways_keep_other_losses, fresh),
		cmocka_unit_test_setup(ways_without_prices, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
