/* SPDX-License-Identifier: MIT */
/* Who listens on a port. */
#include "unit/base/check.h"

#include "app/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define ROW(local, st, uid, inode) \
	"   0: " local " 00000000:0000 " st " 00000000:00000000 00:00000000 00000000 " uid \
	"        0 " inode " 1 0000000000000000 100 0 0 10 0\n"

static void finds_the_listening_socket(void **state)
{
	struct port_socket s = { 0 };
	struct str table = STR(HEAD ROW("0100007F:0016", "0A", "    0", "11") /* another port */
		ROW("0100007F:1E64", "01", " 1000", "12")  /* a connection of that port */
		ROW("0100007F:11E64", "0A", " 1000", "13") /* no port at all */
		ROW("0100007F:1E64", "0A", " 1001", "14")
			ROW("00000000:1E64", "0A", " 1002", "15"));

	assert_true(port_find_socket(table, 7780, &s));
	assert_int_equal(s.inode, 14);
	assert_int_equal(s.uid, 1001);
	assert_true(port_find_socket(table, 22, &s));
	assert_int_equal(s.inode, 11);
	assert_false(port_find_socket(table, 80, &s));
}

static void reads_ipv6_and_hex_letters(void **state)
{
	struct port_socket s = { 0 };
	struct str table =
		STR(HEAD ROW("00000000000000000000000001000000:ABCD", "0A", "   33", "9"));

	assert_true(port_find_socket(table, 0xABCD, &s));
	assert_int_equal(s.inode, 9);
	assert_int_equal(s.uid, 33);
	assert_false(port_find_socket(table, 0xABC, &s));
}

static void survives_any_cut(void **state)
{
	struct port_socket s;
	struct str table = STR(HEAD ROW("0100007F:1E64", "0A", " 1001", "14"));

	for (size_t n = 0; n < table.n; n++) {
		struct str cut = { table.p, n };
		bool found = port_find_socket(cut, 7780, &s);
		/* The number of the socket may be cut, never invented. */
		assert_true(!found || s.inode == 14 || s.inode == 1);
	}
	assert_false(port_find_socket(STR(""), 7780, &s));
}

static void finds_this_process(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	struct port_owner owner;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	assert_false(port_find_owner(ntohs(a.sin_port), &owner));
	assert_int_equal(listen(fd, 1), 0);
	assert_true(port_find_owner(ntohs(a.sin_port), &owner));
	assert_int_equal(owner.pid, getpid());
	assert_int_equal(owner.uid, getuid());
	assert_string_equal(owner.name, "app_port");
	close(fd);
	assert_false(port_find_owner(ntohs(a.sin_port), &owner));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_listening_socket),
		cmocka_unit_test(reads_ipv6_and_hex_letters),
		cmocka_unit_test(survives_any_cut),
		cmocka_unit_test(finds_this_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
