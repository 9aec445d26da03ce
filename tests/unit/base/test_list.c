/* SPDX-License-Identifier: MIT */
/* The intrusive ring. */
#include "unit/base/check.h"

#include "base/list.h"

struct thing {
	int id;
	struct list link;
};

enum { N = 5 };

static void fill(struct list *head, struct thing things[N])
{
	list_init(head);
	for (int i = 0; i < N; i++) {
		things[i].id = i;
		list_init(&things[i].link);
		list_push(head, &things[i].link);
	}
}

/* The ids in order as digits, walked in both directions. */
static void check_ids(struct list *head, const char *want)
{
	char got[N + 1] = "";
	size_t n = 0;

	list_each (l, head)
		got[n++] = (char)('0' + container_of(l, struct thing, link)->id);
	assert_string_equal(got, want);
	for (struct list *l = head->prev; l != head; l = l->prev)
		assert_int_equal(got[--n], '0' + container_of(l, struct thing, link)->id);
	assert_int_equal(n, 0);
}

static void empty(void **state)
{
	struct list head;

	list_init(&head);
	assert_true(list_empty(&head));
	assert_null(list_shift(&head));
	check_ids(&head, "");
}

static void keeps_order(void **state)
{
	struct list head;
	struct thing things[N];

	fill(&head, things);
	assert_false(list_empty(&head));
	check_ids(&head, "01234");
	for (int i = 0; i < N; i++) {
		struct list *l = list_shift(&head);
		assert_ptr_equal(l, &things[i].link);
		assert_true(list_empty(l));
	}
	assert_true(list_empty(&head));
	assert_null(list_shift(&head));
}

static void removes(void **state)
{
	struct list head;
	struct thing things[N];

	fill(&head, things);
	list_remove(&things[2].link);
	check_ids(&head, "0134");
	assert_true(list_empty(&things[2].link));
	/* Removing what is in no list changes nothing. */
	list_remove(&things[2].link);
	check_ids(&head, "0134");
	list_remove(&things[0].link);
	list_remove(&things[4].link);
	check_ids(&head, "13");
	list_push(&head, &things[0].link);
	check_ids(&head, "130");
}

static void removes_while_walking(void **state)
{
	/* Every choice of members to take out during one walk. */
	for (unsigned mask = 0; mask < 1u << N; mask++) {
		struct list head;
		struct thing things[N];
		char want[N + 1] = "";
		size_t n = 0, seen = 0;

		fill(&head, things);
		list_each (l, &head) {
			struct thing *t = container_of(l, struct thing, link);
			assert_int_equal(t->id, seen);
			seen++;
			if (mask >> t->id & 1)
				list_remove(l);
			else
				want[n++] = (char)('0' + t->id);
		}
		assert_int_equal(seen, N);
		check_ids(&head, want);
	}
}

static void frees_while_walking(void **state)
{
	struct list head;

	list_init(&head);
	for (int i = 0; i < N; i++) {
		struct thing *t = test_malloc(sizeof(*t));
		t->id = i;
		list_push(&head, &t->link);
	}
	list_each (l, &head) {
		list_remove(l);
		test_free(container_of(l, struct thing, link));
	}
	assert_true(list_empty(&head));
}

static void moves_between_lists(void **state)
{
	struct list head, other;
	struct thing things[N];

	fill(&head, things);
	list_init(&other);
	list_each (l, &head) {
		if (container_of(l, struct thing, link)->id % 2 == 0)
			continue;
		list_remove(l);
		list_push(&other, l);
	}
	check_ids(&head, "024");
	check_ids(&other, "13");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(keeps_order),
		cmocka_unit_test(removes),
		cmocka_unit_test(removes_while_walking),
		cmocka_unit_test(frees_while_walking),
		cmocka_unit_test(moves_between_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
