/* SPDX-License-Identifier: MIT */
/* The decision, class by class. */
#include "unit/base/check.h"

#include "core/failover.h"

#include <stdio.h>

static const struct failover_limits limits = { 2, 5000, 30000, false };
static const struct failover_option others[] = {
	{ .done = true, .context_tokens = 200000 }, /* itself */
	{ .context_tokens = 200000, .elsewhere = false },
	{ .context_tokens = 1000000, .elsewhere = true },
};

struct row {
	enum err_kind kind;
	int64_t retry_after_ms;
	unsigned flags;
	enum failover_what with_others, alone, patient; /* patient: alone, and failover.alone */
	size_t option;
};
enum { KEY = 1, SILENT = 2, FINAL = 4, CAPABILITY = 8, TRIED = 16, LATE = 32, SHUT = 64 };

#define G FAILOVER_GIVE_UP
#define A FAILOVER_AGAIN
#define K FAILOVER_KEY
#define N FAILOVER_NEXT

static const struct row rows[] = {
	/* short ones are waited for, long ones passed by */
	{ ERR_RATE, 1000, 0, A, G, A, 0 },
	{ ERR_RATE, 5000, 0, A, G, A, 0 },
	{ ERR_RATE, 5001, 0, N, G, G, 1 },
	{ ERR_RATE, 600000, 0, N, G, G, 1 },
	{ ERR_RATE, -1, 0, A, G, A, 0 },
	{ ERR_RATE, 0, 0, A, G, A, 0 },
	{ ERR_RATE, 600000, KEY, K, K, K, 0 },
	{ ERR_RATE, 1000, KEY, K, K, K, 0 },
	/* what passes */
	{ ERR_OVERLOADED, -1, 0, A, G, A, 0 },
	{ ERR_OVERLOADED, -1, KEY, A, G, A, 0 },
	{ ERR_API, -1, 0, A, G, A, 0 },
	{ ERR_UPSTREAM, -1, 0, A, G, A, 0 },
	{ ERR_TIMEOUT, -1, 0, A, G, A, 0 },
	{ ERR_CONFLICT, -1, 0, A, G, A, 0 },
	{ ERR_API, -1, TRIED, N, G, G, 1 },
	{ ERR_API, -1, FINAL, N, G, G, 1 },
	{ ERR_API, -1, SHUT, N, G, A, 1 },
	{ ERR_TIMEOUT, -1, SILENT, N, G, G, 1 },
	{ ERR_UPSTREAM, -1, SILENT, N, G, G, 1 },
	{ ERR_OVERLOADED, 60000, 0, N, G, G, 1 },
	/* keys */
	{ ERR_AUTH, -1, KEY, K, K, K, 0 },
	{ ERR_AUTH, -1, 0, N, G, G, 1 },
	{ ERR_PERMISSION, -1, KEY, K, K, K, 0 },
	{ ERR_PERMISSION, -1, 0, N, G, G, 1 },
	{ ERR_BILLING, -1, KEY, K, K, K, 0 },
	{ ERR_BILLING, -1, 0, N, G, G, 1 },
	/* what is not there, and what does not fit */
	{ ERR_NOT_FOUND, -1, KEY, N, G, G, 1 },
	{ ERR_CONTEXT, -1, KEY, N, G, G, 2 },
	{ ERR_TOO_LARGE, -1, 0, N, G, G, 2 },
	/* what is wrong is wrong everywhere, unless somebody else may know it */
	{ ERR_INVALID, -1, KEY, G, G, G, 0 },
	{ ERR_INVALID, -1, CAPABILITY, N, G, G, 2 },
	{ ERR_INTERNAL, -1, KEY, G, G, G, 0 },
	{ ERR_CLIENT_GONE, -1, KEY, G, G, G, 0 },
	/* and nothing begins after the deadline */
	{ ERR_API, -1, LATE, G, G, G, 0 },
	{ ERR_AUTH, -1, LATE | KEY, G, G, G, 0 },
	{ ERR_RATE, 600000, LATE, G, G, G, 0 },
};

static struct failover_decision decide(const struct row *r, size_t n, bool alone)
{
	const struct failover_failure f = { r->kind, r->retry_after_ms, (r->flags & SILENT) != 0,
		(r->flags & FINAL) != 0, (r->flags & CAPABILITY) != 0 };
	const struct failover_left left = { .used_ms = r->flags & LATE ? 30001 : 100,
		.retries = r->flags & TRIED ? 2 : 0,
		.other_key = (r->flags & KEY) != 0,
		.shut = (r->flags & SHUT) != 0,
		.context_tokens = 200000,
		.options = others,
		.noptions = n,
		.random = 12345 };
	struct failover_limits l = limits;

	l.alone = alone;
	return failover_decide(&f, &left, &l);
}

static void classes(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct failover_decision d = decide(&rows[i], ARRAY_LEN(others), true);
		if (d.what != rows[i].with_others || d.option != rows[i].option)
			print_error("row %zu\n", i);
		assert_int_equal(d.what, rows[i].with_others);
		assert_int_equal(d.option, rows[i].option);
		if (decide(&rows[i], 1, false).what != rows[i].alone ||
			decide(&rows[i], 1, true).what != rows[i].patient)
			print_error("row %zu alone\n", i);
		assert_int_equal(decide(&rows[i], 1, false).what, rows[i].alone);
		assert_int_equal(decide(&rows[i], 1, true).what, rows[i].patient);
	}
}

/* Never before the time that the provider named, never beyond the deadline, within the half above the step. */
static void waits(void **state)
{
	static const uint64_t steps[] = { 500, 1000, 2000, 4000, 8000, 8000 };
	const struct failover_failure f = { .kind = ERR_RATE, .retry_after_ms = 3000 };
	struct failover_left left = { .options = others, .noptions = ARRAY_LEN(others) };
	uint64_t least = UINT64_MAX, most = 0;

	for (uint32_t r = 0; r < 100000; r += 7) {
		for (unsigned i = 0; i < ARRAY_LEN(steps); i++)
			assert_in_range(
				failover_backoff_ms(i, r * 2654435761u), steps[i] / 2, steps[i]);
		left.random = r * 2654435761u;
		const struct failover_decision d = failover_decide(&f, &left, &limits);
		assert_int_equal(d.what, FAILOVER_AGAIN);
		assert_in_range(d.wait_ms, 3000, 3200);
		least = d.wait_ms < least ? d.wait_ms : least;
		most = d.wait_ms > most ? d.wait_ms : most;
	}
	assert_true(most - least > 40);
	left.used_ms = 27001;
	assert_int_equal(failover_decide(&f, &left, &limits).what, FAILOVER_NEXT);
}

static void shut_ones_come_last(void **state)
{
	const struct failover_failure f = { .kind = ERR_AUTH, .retry_after_ms = -1 };
	struct failover_option o[] = { { .done = true }, { .shut = true }, { 0 },
		{ .shut = true } };
	const struct failover_left left = { .options = o, .noptions = ARRAY_LEN(o) };

	assert_int_equal(failover_decide(&f, &left, &limits).option, 2);
	o[2].done = true;
	assert_int_equal(failover_decide(&f, &left, &limits).option, 1);
	o[1].done = true;
	assert_int_equal(failover_decide(&f, &left, &limits).option, 3);
	o[3].done = true;
	assert_int_equal(failover_decide(&f, &left, &limits).what, FAILOVER_GIVE_UP);
	assert_int_equal(failover_first(o, ARRAY_LEN(o)), ARRAY_LEN(o));
	o[3].done = false;
	assert_int_equal(failover_first(o, ARRAY_LEN(o)), 3);
}

/* Our choice of the model may be what is wrong: whoever was asked for is asked, and nobody else. */
static void the_asked_one(void **state)
{
	struct failover_failure f = { .kind = ERR_INVALID, .retry_after_ms = -1 };
	struct failover_option o[] = { { .done = true }, { .elsewhere = true }, { .asked = true } };
	const struct failover_left left = { .options = o, .noptions = ARRAY_LEN(o) };

	assert_int_equal(failover_decide(&f, &left, &limits).what, FAILOVER_NEXT);
	assert_int_equal(failover_decide(&f, &left, &limits).option, 2);
	o[2].done = true;
	assert_int_equal(failover_decide(&f, &left, &limits).what, FAILOVER_GIVE_UP);
	o[2].done = false;
	o[1].elsewhere = false;
	f.capability = true;
	assert_int_equal(failover_decide(&f, &left, &limits).option, 2);
}

static void unknown_windows(void **state)
{
	const struct failover_failure f = { .kind = ERR_CONTEXT, .retry_after_ms = -1 };
	struct failover_option o[] = { { .done = true }, { .context_tokens = -1 },
		{ .context_tokens = 100000 } };
	struct failover_left left = { .options = o, .noptions = 2, .context_tokens = 100000 };

	assert_int_equal(failover_decide(&f, &left, &limits).what, FAILOVER_GIVE_UP);
	left.noptions = 3;
	assert_int_equal(failover_decide(&f, &left, &limits).what, FAILOVER_GIVE_UP);
	left.context_tokens = -1;
	assert_int_equal(failover_decide(&f, &left, &limits).option, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes),
		cmocka_unit_test(waits),
		cmocka_unit_test(shut_ones_come_last),
		cmocka_unit_test(the_asked_one),
		cmocka_unit_test(unknown_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
