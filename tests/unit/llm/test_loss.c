/* SPDX-License-Identifier: MIT */
/* The cause of a lost prefix where tools differ. */
#include "unit/base/check.h"

#include "llm/loss.h"

#include <stdlib.h>

enum { MANY = 3000 };

struct tools {
	struct outline_block now[MANY];
	struct sent_block was[MANY];
	uint64_t chain[MANY];
	double tokens[MANY];
	struct outline o;
	struct prompt_view view;
	struct sent sent;
};

/* Tools of a thousand tokens each: `was` of them sent before, of which the first `kept` are among the `now` of this time. */
static struct loss compare(struct tools *t, size_t was, size_t kept, size_t now)
{
	struct loss ret;

	*t = (struct tools){
		.o = { .blocks = t->now, .n = now, .level_at = { 0, now, now, now } }
	};
	for (size_t i = 0; i < MANY; i++) {
		t->was[i] = (struct sent_block){ .hash = i + 1,
			.tokens = (float)(i + 1) * 1000,
			.level = LEVEL_TOOLS,
			.read = true };
		t->now[i] = (struct outline_block){ .hash = i < kept ? i + 1 : MANY + i + 1,
			.level = LEVEL_TOOLS,
			.kind = BLOCK_TOOL };
		t->chain[i] = i + 1;
		t->tokens[i] = (double)(i + 1) * 1000;
	}
	t->view = (struct prompt_view){ &t->o, t->chain, t->tokens, { 0, false, 1 } };
	t->sent = (struct sent){ .blocks = t->was, .n = was, .last_mark = was };
	loss_find(&ret,
		&(struct loss_case){
			.before = &t->sent, .view = &t->view, .expected = (int64_t)was * 1000 });
	return ret;
}

static void tools(void **state)
{
	struct tools *t = calloc(1, sizeof(*t));

	assert_int_equal(compare(t, 10, 10, 10).tokens, 10000);
	assert_int_equal(compare(t, 10, 5, 5).cause, LOSS_TOOLS_REMOVED);
	assert_int_equal(compare(t, 10, 5, 10).cause, LOSS_TOOLS_CHANGED);
	free(t);
}

/* So many are not looked for one by one, whatever a client sends. */
static void very_many_tools(void **state)
{
	struct tools *t = calloc(1, sizeof(*t));

	assert_int_equal(compare(t, 1024, 5, 5).cause, LOSS_TOOLS_REMOVED);
	assert_int_equal(compare(t, 1025, 5, 5).cause, LOSS_TOOLS_CHANGED);
	assert_int_equal(compare(t, MANY, 1, MANY).cause, LOSS_TOOLS_CHANGED);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tools),
		cmocka_unit_test(very_many_tools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
