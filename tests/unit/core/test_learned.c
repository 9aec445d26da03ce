/* SPDX-License-Identifier: MIT */
/* What models were found not to take: for that model and provider only, once, and remembered by the next process. */
#include "unit/core/exchange_fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/learned.h"
#include "core/ledger.h"

static bool takes_sampling(const struct learned *l, const char *provider, const char *model)
{
	struct caps caps;

	caps_of_model(&caps, NULL, str_from(model));
	learned_apply(l, str_from(provider), str_from(model), &caps);
	return caps.sampling;
}

static void one_model_of_one_provider(void **state)
{
	struct world w;
	struct caps caps = { .stop = true, .thinking = THINKING_ADAPTIVE, .efforts = 6 };

	world_init(&w, NULL);
	struct learned *l = learned_new(&w.svc);
	assert_true(takes_sampling(l, "up", "m"));
	assert_true(learned_add(l, STR("up"), STR("m"), STR("sampling")));
	assert_false(takes_sampling(l, "up", "m"));
	assert_true(takes_sampling(l, "up", "m2"));
	assert_true(takes_sampling(l, "up2", "m"));
	/* Once is enough; others may follow. */
	assert_false(learned_add(l, STR("up"), STR("m"), STR("sampling")));
	assert_true(learned_add(l, STR("up"), STR("m"), STR("thinking")));
	assert_true(learned_add(l, STR("up"), STR("m"), STR("efforts")));
	learned_apply(l, STR("up"), STR("m"), &caps);
	assert_int_equal(caps.thinking, THINKING_NONE);
	assert_int_equal(caps.efforts, 0);
	assert_true(caps.stop);
	learned_free(l);
	world_release(&w);
}

static void odd_names_are_not_learned(void **state)
{
	struct world w;

	world_init(&w, NULL);
	struct learned *l = learned_new(&w.svc);
	assert_false(learned_add(l, STR("up"), STR("a\tb"), STR("sampling")));
	assert_false(learned_add(l, STR("up"), STR("a\nup\tm\tsampling"), STR("sampling")));
	assert_false(learned_add(l, STR("up"), STR(""), STR("sampling")));
	assert_true(takes_sampling(l, "up", "m"));
	/* NULL is nobody who learns. */
	assert_false(learned_add(NULL, STR("up"), STR("m"), STR("sampling")));
	assert_true(takes_sampling(NULL, "up", "m"));
	learned_free(l);
	learned_free(NULL);
	world_release(&w);
}

/* Whatever names clients make up. */
static void memory_is_bounded(void **state)
{
	char model[64];
	unsigned learned = 0;
	struct world w;

	world_init(&w, NULL);
	struct learned *l = learned_new(&w.svc);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(model, sizeof(model), "some-model-of-somebody-%u", i);
		learned += learned_add(l, STR("up"), str_from(model), STR("sampling"));
	}
	assert_in_range(learned, 100, 4999);
	assert_false(takes_sampling(l, "up", "some-model-of-somebody-0"));
	learned_free(l);
	world_release(&w);
}

static void the_next_process_knows(void **state)
{
	char folder[] = "/tmp/sluice-learned-XXXXXX", path[64], more[80];
	struct world w;
	struct learned *l;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/ledger.db", folder);
	for (int process = 0; process < 3; process++) {
		world_init(&w, NULL);
		w.svc.ledger = ledger_new(&w.svc, &store_sqlite, path);
		l = learned_new(&w.svc);
		/* What is learned while the store is read counts too. */
		if (process == 1)
			assert_true(learned_add(l, STR("up"), STR("second"), STR("sampling")));
		fake_loop_settle(w.loop);
		assert_int_equal(takes_sampling(l, "up", "first"), process == 0);
		assert_int_equal(takes_sampling(l, "up", "second"), process == 0);
		assert_int_equal(
			learned_add(l, STR("up"), STR("first"), STR("sampling")), process == 0);
		fake_loop_advance(w.loop, 2000);
		learned_free(l);
		ledger_free(w.svc.ledger);
		w.svc.ledger = NULL;
		world_release(&w);
	}
	for (const char *const *end = (const char *const[]){ "", "-wal", "-shm", NULL };
		*end != NULL; end++) {
		snprintf(more, sizeof(more), "%s%s", path, *end);
		unlink(more);
	}
	assert_int_equal(rmdir(folder), 0);
}

/* It ends while the store is still being asked. */
static void ends_before_it_has_read(void **state)
{
	struct world w;

	world_init(&w, NULL);
	w.svc.ledger = ledger_new(&w.svc, &store_memory, "/no/folder/ledger.db");
	fake_loop_hold_jobs(w.loop, true);
	learned_free(learned_new(&w.svc));
	fake_loop_run_jobs(w.loop);
	fake_loop_hold_jobs(w.loop, false);
	fake_loop_settle(w.loop);
	ledger_free(w.svc.ledger);
	w.svc.ledger = NULL;
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_model_of_one_provider),
		cmocka_unit_test(odd_names_are_not_learned),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(the_next_process_knows),
		cmocka_unit_test(ends_before_it_has_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
