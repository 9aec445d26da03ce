/* SPDX-License-Identifier: MIT */
/* Exchanges that ask the store what it remembers wait for it a moment, and no longer; whoever left is not told. */
#include "unit/core/exchange_fake.h"

#include "core/ledger.h"

#define TURN \
	"{\"model\":\"claude-opus-5-5\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":" \
	"\"a\"},{\"role\":\"assistant\",\"content\":\"b\"},{\"role\":\"user\",\"content\":\"c\"}]}"

/* The ledger's name is that of no file: there is nothing to be found. */
static void begin(struct world *w)
{
	world_init(w, NULL);
	w->svc.ledger = ledger_new(&w->svc, &store_memory, "/no/folder/ledger.db");
	fake_loop_hold_jobs(w->loop, true);
}

static void end(struct world *w)
{
	fake_loop_hold_jobs(w->loop, false);
	fake_loop_advance(w->loop, 2000); /* what it remembers is handed over */
	ledger_free(w->svc.ledger);
	w->svc.ledger = NULL;
	world_release(w);
}

static void finish(struct world *w, struct conn *c)
{
	world_answer(w, STREAM_HEAD, STR(START DELTA USAGE STOP));
	assert_bytes(buf_str(&c->body), START DELTA USAGE STOP);
}

static void the_store_is_waited_for(void **state)
{
	struct world w;

	begin(&w);
	struct conn *c = world_post(&w, "/v1/messages", STR(TURN));
	fake_loop_advance(w.loop, 100);
	assert_null(world_transfer(&w));
	fake_loop_run_jobs(w.loop);
	fake_loop_settle(w.loop);
	assert_non_null(world_transfer(&w));
	finish(&w, c);
	end(&w);
}

static void a_store_that_hangs_holds_up_nobody(void **state)
{
	struct world w;

	begin(&w);
	struct conn *c = world_post(&w, "/v1/messages", STR(TURN));
	fake_loop_advance(w.loop, 300);
	assert_non_null(world_transfer(&w));
	finish(&w, c);
	/* Its answer comes when the exchange has long been freed. */
	fake_loop_run_jobs(w.loop);
	end(&w);
}

static void a_late_answer_disturbs_nothing(void **state)
{
	struct world w;

	begin(&w);
	struct conn *c = world_post(&w, "/v1/messages", STR(TURN));
	fake_loop_advance(w.loop, 300);
	assert_non_null(world_transfer(&w));
	fake_loop_run_jobs(w.loop);
	finish(&w, c);
	end(&w);
}

static void the_client_leaves_meanwhile(void **state)
{
	struct world w;

	for (int early = 0; early < 2; early++) {
		begin(&w);
		struct conn *c = world_post(&w, "/v1/messages", STR(TURN));
		fake_conn_gone(c);
		fake_loop_settle(w.loop);
		if (early == 0)
			fake_loop_advance(w.loop, 300);
		fake_loop_run_jobs(w.loop);
		assert_null(world_transfer(&w));
		end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_store_is_waited_for),
		cmocka_unit_test(a_store_that_hangs_holds_up_nobody),
		cmocka_unit_test(a_late_answer_disturbs_nothing),
		cmocka_unit_test(the_client_leaves_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
