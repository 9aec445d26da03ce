/* SPDX-License-Identifier: MIT */
/* Where the files of a running proxy lie. */
#include "unit/app/folder.h"

#include "app/paths.h"

static void folder_by_variables(void **state)
{
	struct arena *a = arena_new();

	assert_bytes(paths_state_dir(a, "/s", "/h"), "/s/sluice");
	assert_bytes(paths_state_dir(a, NULL, "/h"), "/h/.local/state/sluice");
	/* Empty and relative ones do not count. */
	assert_bytes(paths_state_dir(a, "", "/h"), "/h/.local/state/sluice");
	assert_bytes(paths_state_dir(a, "s", "/h"), "/h/.local/state/sluice");
	assert_int_equal(paths_state_dir(a, NULL, NULL).n, 0);
	assert_int_equal(paths_state_dir(a, "s", "h").n, 0);
	arena_free(a);
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void folders_are_private(void **state)
{
	char path[1024];
	struct err e;

	umask(0);
	snprintf(path, sizeof(path), "%s/a/b/c", (char *)*state);
	assert_true(paths_make_dir(path, &e));
	assert_true(paths_make_dir(path, &e));
	assert_int_equal(mode_of(path), 0700);
	snprintf(path, sizeof(path), "%s/a", (char *)*state);
	assert_int_equal(mode_of(path), 0700);
}

static void a_file_in_the_way(void **state)
{
	char path[1024];
	struct err e = { 0 };

	folder_write(*state, "file", "");
	snprintf(path, sizeof(path), "%s/file/sluice", (char *)*state);
	assert_false(paths_make_dir(path, &e));
	assert_non_null(strstr(e.text, "cannot create folder"));
	assert_non_null(strstr(e.text, "/file/sluice"));
	snprintf(path, sizeof(path), "%s/file", (char *)*state);
	assert_false(paths_make_dir(path, &e));
	assert_non_null(strstr(e.text, "is no folder"));
}

static void everything_in_one_folder(void **state)
{
	struct paths p;
	struct err e;
	char want[1024];

	setenv("XDG_STATE_HOME", *state, 1);
	assert_true(paths_init(&p, &e));
	snprintf(want, sizeof(want), "%s/sluice", (char *)*state);
	assert_string_equal(p.state_dir, want);
	assert_int_equal(mode_of(want), 0700);
	const char *files[] = { p.state_file, p.lock_file, p.run_lock, p.log_file };
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		assert_memory_equal(files[i], want, strlen(want));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(files[i], files[k]);
	}
	paths_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folder_by_variables),
		cmocka_unit_test_setup_teardown(folders_are_private, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(a_file_in_the_way, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(
			everything_in_one_folder, folder_setup, folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
