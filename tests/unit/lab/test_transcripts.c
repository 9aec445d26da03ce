/* SPDX-License-Identifier: MIT */
/* Finding files: order, links, and what is none. */
#include "unit/lab/lab_check.h"

static void finds(const char *want)
{
	struct transcripts t = { 0 };
	struct err e = { 0 };
	char got[1024] = "";

	assert_true(transcripts_add(&t, root, &e));
	for (size_t i = 0; i < t.n; i++) {
		size_t n = strlen(got);
		snprintf(got + n, sizeof(got) - n, "%s ", t.v[i].path + strlen(root) + 1);
	}
	assert_string_equal(got, want);
	transcripts_release(&t);
}

static void order(void **state)
{
	put("p/b/subagents/agent-1.jsonl", STR("1"));
	put("p/b.jsonl", STR("22"));
	put("p/b-c.jsonl", STR("333"));
	put("p/a.jsonl", STR(""));
	put("p/a.txt", STR(""));
	put("p/jsonl", STR(""));
	put("o/z.jsonl", STR(""));
	/* A session stands before the folder of its subagents, others by their bytes. */
	finds("o/z.jsonl p/a.jsonl p/b-c.jsonl p/b.jsonl p/b/subagents/agent-1.jsonl ");
}

static void links(void **state)
{
	put("p/a.jsonl", STR("1"));
	assert_int_equal(symlink("..", below("p/round")), 0);
	assert_int_equal(symlink(".", below("p/self")), 0);
	assert_int_equal(symlink("a.jsonl", below("p/b.jsonl")), 0);
	assert_int_equal(symlink("nowhere", below("p/c.jsonl")), 0);
	assert_int_equal(symlink("d.jsonl", below("p/d.jsonl")), 0);
	finds("p/a.jsonl ");
}

static void one_file(void **state)
{
	struct transcripts t = { 0 };
	struct err e = { 0 };

	put("whatever.txt", STR("12345"));
	assert_true(transcripts_add(&t, below("whatever.txt"), &e));
	assert_int_equal(t.n, 1);
	assert_int_equal(t.bytes, 5);
	/* Once is enough. */
	assert_true(transcripts_add(&t, below("whatever.txt"), &e));
	assert_int_equal(t.n, 1);
	assert_false(transcripts_add(&t, below("none"), &e));
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	transcripts_release(&t);
}

/* A folder in a folder, to the depth of `n`. */
static void deep(void **state)
{
	char name[400] = "";

	for (int i = 0; i < 100; i++)
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "d/");
	snprintf(name + strlen(name), sizeof(name) - strlen(name), "a.jsonl");
	put(name, STR(""));
	put("b.jsonl", STR(""));
	finds("b.jsonl ");
}

static void not_files(void **state)
{
	assert_int_equal(mkfifo(below("pipe.jsonl"), 0600), 0);
	assert_int_equal(mkdir(below("folder.jsonl"), 0700), 0);
	finds("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(order, make_root, remove_root),
		cmocka_unit_test_setup_teardown(links, make_root, remove_root),
		cmocka_unit_test_setup_teardown(one_file, make_root, remove_root),
		cmocka_unit_test_setup_teardown(deep, make_root, remove_root),
		cmocka_unit_test_setup_teardown(not_files, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
