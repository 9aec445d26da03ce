/* SPDX-License-Identifier: MIT */
/* The one proxy of a state folder. */
#include "unit/app/folder.h"

#include "app/instance.h"

#include <sys/wait.h>

static void reads_what_the_proxy_says(void **state)
{
	struct instance i;

	assert_true(instance_parse_state(
		STR("{\"pid\":812,\"version\":\"0.1.0\",\"urls\":[\"http://[::1]:7780\","
		    "\"http://127.0.0.1:7780\"],\"more\":[{}]}\n"),
		&i));
	assert_int_equal(i.pid, 812);
	assert_string_equal(i.version, "0.1.0");
	assert_int_equal(i.nurls, 2);
	assert_string_equal(i.urls[0], "http://[::1]:7780");
	assert_string_equal(i.client_url, "http://127.0.0.1:7780");
}

static void refuses_what_is_incomplete(void **state)
{
	static const char *const texts[] = { "", "{}", "[]", "{\"pid\":1}",
		"{\"urls\":[\"http://a:1\"]}", "{\"pid\":0,\"urls\":[\"http://a:1\"]}",
		"{\"pid\":1,\"urls\":[]}", "{\"pid\":1,\"urls\":[3]}",
		"{\"pid\":1,\"urls\":[\"http://a:1\"]" };
	struct instance i;

	for (size_t k = 0; k < ARRAY_LEN(texts); k++)
		assert_false(instance_parse_state(str_from(texts[k]), &i));
}

static void check_client_url(const char *urls, const char *want)
{
	char text[512];
	struct instance i;

	snprintf(text, sizeof(text), "{\"pid\":1,\"urls\":[%s]}", urls);
	assert_true(instance_parse_state(str_from(text), &i));
	assert_string_equal(i.client_url, want);
}

static void clients_get_an_address_of_this_machine(void **state)
{
	check_client_url("\"http://10.0.0.5:80\",\"http://127.0.0.1:1\"", "http://127.0.0.1:1");
	check_client_url("\"http://0.0.0.0:7780\"", "http://127.0.0.1:7780");
	check_client_url("\"http://[::]:7780\"", "http://[::1]:7780");
	check_client_url("\"http://[::]:1\",\"http://0.0.0.0:2\"", "http://127.0.0.1:2");
	check_client_url("\"http://10.0.0.5:80\"", "http://10.0.0.5:80");
}

struct scene {
	struct paths p;
	struct err e;
	struct instance i;
};

static void open_scene(struct scene *s, const char *folder)
{
	setenv("XDG_STATE_HOME", folder, 1);
	memset(s, 0, sizeof(*s));
	assert_true(paths_init(&s->p, &s->e));
}

static void write_state(const struct scene *s, int pid)
{
	char text[256];

	snprintf(text, sizeof(text),
		"{\"pid\":%d,\"version\":\"1\",\"urls\":[\"http://127.0.0.1:1\"]}", pid);
	folder_write(s->p.state_dir, "proxy.json", text);
}

static void lives_as_long_as_the_lock(void **state)
{
	struct scene s;

	open_scene(&s, *state);
	instance_find(&s.p, &s.i);
	assert_int_equal(s.i.state, INSTANCE_NONE);
	int fd = instance_lock(&s.p, &s.e);
	assert_true(fd >= 0);
	instance_sign(fd);
	instance_find(&s.p, &s.i);
	assert_int_equal(s.i.state, INSTANCE_STARTING);
	assert_int_equal(s.i.pid, getpid());
	write_state(&s, getpid());
	instance_find(&s.p, &s.i);
	assert_int_equal(s.i.state, INSTANCE_RUNNING);
	assert_true(s.i.since_ms > 0);
	/* Looking has not let go of it. */
	assert_int_equal(instance_lock(&s.p, &s.e), -1);
	assert_non_null(strstr(s.e.text, "running already at http://127.0.0.1:1"));
	close(fd);
	/* The files of a proxy that was killed stay behind and mean nothing. */
	instance_find(&s.p, &s.i);
	assert_int_equal(s.i.state, INSTANCE_NONE);
	fd = instance_lock(&s.p, &s.e);
	assert_true(fd >= 0);
	close(fd);
	paths_release(&s.p);
}

static void old_state_is_not_taken_for_new(void **state)
{
	struct scene s;

	open_scene(&s, *state);
	write_state(&s, getpid() + 1);
	int fd = instance_lock(&s.p, &s.e);
	instance_sign(fd);
	instance_find(&s.p, &s.i);
	assert_int_equal(s.i.state, INSTANCE_STARTING);
	assert_int_equal(s.i.pid, getpid());
	assert_int_equal(s.i.nurls, 0);
	close(fd);
	paths_release(&s.p);
}

static void the_lock_goes_on_in_a_child(void **state)
{
	struct scene s;
	int gate[2], status;

	open_scene(&s, *state);
	assert_int_equal(pipe(gate), 0);
	int fd = instance_lock(&s.p, &s.e);
	pid_t child = fork();
	if (child == 0) {
		char byte;
		close(gate[1]);
		_exit(read(gate[0], &byte, 1) != 0);
	}
	close(fd);
	instance_find(&s.p, &s.i);
	assert_int_equal(s.i.state, INSTANCE_STARTING);
	close(gate[0]);
	close(gate[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	instance_find(&s.p, &s.i);
	assert_int_equal(s.i.state, INSTANCE_NONE);
	paths_release(&s.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_proxy_says),
		cmocka_unit_test(refuses_what_is_incomplete),
		cmocka_unit_test(clients_get_an_address_of_this_machine),
		cmocka_unit_test_setup_teardown(
			lives_as_long_as_the_lock, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(
			old_state_is_not_taken_for_new, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(
			the_lock_goes_on_in_a_child, folder_setup, folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
