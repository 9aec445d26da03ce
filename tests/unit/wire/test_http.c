/* SPDX-License-Identifier: MIT */
/* Look-ups over heads, and the single lines of responses. */
#include "unit/base/check.h"

#include <stdio.h>

#include "wire/http.h"

static struct http_header headers[] = {
	{ STR_INIT("Host"), STR_INIT("a:1") },
	{ STR_INIT("Accept"), STR_INIT("text/html, */*") },
	{ STR_INIT("accept"), STR_INIT("second") },
	{ STR_INIT("X-Empty"), STR_INIT("") },
	{ STR_INIT("Connection"), STR_INIT("keep-alive , X-Mine") },
	{ STR_INIT("CONNECTION"), STR_INIT(",,x-other") },
};
static const struct http_head head = {
	.method = HTTP_POST,
	.target = STR_INIT("/a?b=c?d"),
	.h = headers,
	.n = ARRAY_LEN(headers),
};

static void names_methods(void **state)
{
	static const char *names[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };

	assert_int_equal(ARRAY_LEN(names), HTTP_METHODS);
	for (enum http_method m = 0; m < HTTP_METHODS; m++)
		assert_str(http_method_name(m), str_from(names[m]));
}

static void finds_the_first(void **state)
{
	assert_bytes(http_get(&head, STR("host")), "a:1");
	assert_bytes(http_get(&head, STR("ACCEPT")), "text/html, */*");
	assert_absent(http_get(&head, STR("Accep")));
	assert_absent(http_get(&head, STR("Accept2")));
	assert_absent(http_get(&head, STR("")));
	/* Empty is not absent. */
	assert_bytes(http_get(&head, STR("x-empty")), "");
	assert_non_null(http_get(&head, STR("x-empty")).p);
}

static void finds_tokens(void **state)
{
	assert_true(http_has_token(&head, STR("accept"), STR("text/HTML")));
	assert_true(http_has_token(&head, STR("accept"), STR("*/*")));
	assert_true(http_has_token(&head, STR("accept"), STR("second")));
	assert_true(http_has_token(&head, STR("connection"), STR("Keep-Alive")));
	assert_true(http_has_token(&head, STR("connection"), STR("x-other")));
	assert_false(http_has_token(&head, STR("accept"), STR("text")));
	assert_false(http_has_token(&head, STR("accept"), STR("text/html, */*")));
	assert_false(http_has_token(&head, STR("connection"), STR("close")));
	assert_false(http_has_token(&head, STR("missing"), STR("close")));
}

static void knows_hop_by_hop(void **state)
{
	static const char *hop[] = { "connection", "Keep-Alive", "Proxy-Connection",
		"proxy-authenticate", "Proxy-Authorization", "te", "TRAILER", "Transfer-Encoding",
		"Upgrade", "x-mine", "X-Other" };
	static const char *end_to_end[] = { "Host", "Content-Length", "Content-Encoding",
		"Authorization", "X-Theirs", "Trailers", "T", "Close" };

	for (size_t i = 0; i < ARRAY_LEN(hop); i++)
		assert_true(http_hop_by_hop(&head, str_from(hop[i])));
	for (size_t i = 0; i < ARRAY_LEN(end_to_end); i++)
		assert_false(http_hop_by_hop(&head, str_from(end_to_end[i])));
}

static void copies_deeply(void **state)
{
	struct arena *a = arena_new();
	struct http_head original = head;
	original.path = (struct str){ head.target.p, 2 };
	original.query = (struct str){ head.target.p + 3, 5 };
	struct http_head *copy = http_head_dup(a, &original);

	assert_int_equal(copy->method, HTTP_POST);
	assert_bytes(copy->target, "/a?b=c?d");
	assert_bytes(copy->path, "/a");
	assert_bytes(copy->query, "b=c?d");
	assert_ptr_not_equal(copy->target.p, head.target.p);
	assert_ptr_equal(copy->path.p, copy->target.p);
	assert_int_equal(copy->n, head.n);
	for (size_t i = 0; i < head.n; i++) {
		assert_str(copy->h[i].name, headers[i].name);
		assert_str(copy->h[i].value, headers[i].value);
		assert_ptr_not_equal(copy->h[i].name.p, headers[i].name.p);
	}
	assert_non_null(http_get(copy, STR("X-Empty")).p);
	arena_free(a);
}

static void copies_a_response(void **state)
{
	struct arena *a = arena_new();
	struct http_head original = { .status = 404, .reason = STR("Gone Fishing") };
	struct http_head *copy = http_head_dup(a, &original);

	assert_int_equal(copy->status, 404);
	assert_bytes(copy->reason, "Gone Fishing");
	assert_int_equal(copy->n, 0);
	assert_int_equal(copy->target.n, 0);
	arena_free(a);
}

static void knows_reasons(void **state)
{
	assert_bytes(http_reason(100), "Continue");
	assert_bytes(http_reason(200), "OK");
	assert_bytes(http_reason(404), "Not Found");
	assert_bytes(http_reason(431), "Request Header Fields Too Large");
	assert_bytes(http_reason(503), "Service Unavailable");
	assert_bytes(http_reason(529), "");
	assert_bytes(http_reason(0), "");
}

static void reads_header_lines(void **state)
{
	static const struct {
		const char *line, *name, *value; /* name NULL: no header */
	} rows[] = {
		{ "Content-Type: text/event-stream\r\n", "Content-Type", "text/event-stream" },
		{ "x-a:b\n", "x-a", "b" },
		{ "X-A: \t b: c \t\r\n", "X-A", "b: c" },
		{ "X-A:\r\n", "X-A", "" },
		{ "X-A:", "X-A", "" },
		{ "!#$%&'*+-.^_`|~09azAZ: x", "!#$%&'*+-.^_`|~09azAZ", "x" },
		{ "HTTP/1.1 200 OK\r\n", NULL, NULL },
		{ "HTTP/1.1 200 OK: fine\r\n", NULL, NULL },
		{ "\r\n", NULL, NULL },
		{ "", NULL, NULL },
		{ ": x\r\n", NULL, NULL },
		{ "X-A : x\r\n", NULL, NULL },
		{ " X-A: x\r\n", NULL, NULL },
		{ "X(A: x\r\n", NULL, NULL },
		{ "X\x80: x\r\n", NULL, NULL },
		{ "no colon\r\n", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_header h = { 0 };
		bool good = http_header_line(str_from(rows[i].line), &h);
		assert_int_equal(good, rows[i].name != NULL);
		if (!good)
			continue;
		assert_str(h.name, str_from(rows[i].name));
		assert_str(h.value, str_from(rows[i].value));
		assert_ptr_equal(h.name.p, rows[i].line);
		assert_non_null(h.value.p);
	}
	struct http_header h;
	assert_false(http_header_line(STR("X\0A: x\r\n"), &h));
}

static void reads_status_lines(void **state)
{
	static const struct {
		const char *line;
		unsigned status; /* 0: none */
		const char *reason;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n", 200, "OK" },
		{ "HTTP/1.0 404 Not Found\r\n", 404, "Not Found" },
		{ "HTTP/2 200\r\n", 200, "" },
		{ "HTTP/2 529 \r\n", 529, "" },
		{ "HTTP/1.1 999", 999, "" },
		{ "HTTP/1.1 200 OK: fine\n", 200, "OK: fine" },
		{ "HTTP/1.1 099 X\r\n", 0, "" },
		{ "HTTP/1.1 20 X\r\n", 0, "" },
		{ "HTTP/1.1 2000 X\r\n", 0, "" },
		{ "HTTP/1.1 2x0 X\r\n", 0, "" },
		{ "HTTP/1.1\r\n", 0, "" },
		{ "HTTP/ 200 OK\r\n", 0, "" },
		{ "HTTP/x 200 OK\r\n", 0, "" },
		{ "http/1.1 200 OK\r\n", 0, "" },
		{ "HTTPS/1.1 200 OK\r\n", 0, "" },
		{ "Date: HTTP/1.1 200 OK\r\n", 0, "" },
		{ "\r\n", 0, "" },
		{ "", 0, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned status = 0;
		struct str reason = { NULL, 0 };
		bool good = http_status_line(str_from(rows[i].line), &status, &reason);
		assert_int_equal(good, rows[i].status != 0);
		assert_int_equal(status, rows[i].status);
		if (good)
			assert_str(reason, str_from(rows[i].reason));
	}
}

static void splits_hosts(void **state)
{
	static const struct {
		const char *value, *host; /* NULL: malformed */
		unsigned port;
	} rows[] = {
		{ "localhost", "localhost", 0 },
		{ "localhost:7780", "localhost", 7780 },
		{ "localhost:", "localhost", 0 },
		{ "127.0.0.1:80", "127.0.0.1", 80 },
		{ "a-b_c~d.example.:65535", "a-b_c~d.example.", 65535 },
		{ "%41", "%41", 0 },
		{ "[::1]", "::1", 0 },
		{ "[::1]:7780", "::1", 7780 },
		{ "[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1 },
		{ "a:00080", "a", 80 },
		{ "", NULL, 0 },
		{ ":80", NULL, 0 },
		{ "a:65536", NULL, 0 },
		{ "a:99999999999999999999", NULL, 0 },
		{ "a:-1", NULL, 0 },
		{ "a:8 0", NULL, 0 },
		{ "a:80:80", NULL, 0 },
		{ "::1", NULL, 0 },
		{ "[::1", NULL, 0 },
		{ "[::1x", NULL, 0 },
		{ "[::1x:80", NULL, 0 },
		{ "::1]", NULL, 0 },
		{ "[]", NULL, 0 },
		{ "[a]", NULL, 0 },
		{ "[::1]x", NULL, 0 },
		{ "[::1%25eth0]", NULL, 0 },
		{ "[v1.a:b]", NULL, 0 },
		{ "u@a", NULL, 0 },
		{ "a/b", NULL, 0 },
		{ "a,b", NULL, 0 },
		{ "a b", NULL, 0 },
		{ "a;b", NULL, 0 },
		{ "\xc3\xa4", NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str host = { NULL, 0 };
		unsigned port = 0;
		bool good = http_split_host(str_from(rows[i].value), &host, &port);
		if (good != (rows[i].host != NULL))
			fail_msg("\"%s\"", rows[i].value);
		if (!good)
			continue;
		assert_str(host, str_from(rows[i].host));
		assert_int_equal(port, rows[i].port);
	}
	struct str host;
	unsigned port;
	assert_false(http_split_host((struct str){ NULL, 0 }, &host, &port));
	assert_false(http_split_host(STR("a\0b"), &host, &port));
}

static void knows_this_machine(void **state)
{
	static const struct {
		const char *host;
		bool local;
	} rows[] = {
		{ "localhost", true },
		{ "LocalHost", true },
		{ "127.0.0.1", true },
		{ "127.255.0.9", true },
		{ "::1", true },
		{ "0:0:0:0:0:0:0:1", true },
		{ "", false },
		{ "127.evil.example", false },
		{ "127.0.0.1.example", false },
		{ "localhost.example", false },
		{ "128.0.0.1", false },
		{ "0.0.0.0", false },
		{ "::", false },
		{ "::2", false },
		{ "[::1]", false },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (http_is_loopback(str_from(rows[i].host)) != rows[i].local)
			fail_msg("\"%s\"", rows[i].host);
	assert_false(http_is_loopback(STR("127.0.0.1\0.example")));
}

static void resolves_escapes(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "a%2Fb", "a/b" },
		{ "%41%6d%6D", "Amm" },
		{ "%", "%" },
		{ "%4", "%4" },
		{ "a%4", "a%4" },
		{ "%zz%2", "%zz%2" },
		{ "%%41", "%A" },
		{ "100%25", "100%" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_str(http_unescape(str_from(rows[i][0]), a), str_from(rows[i][1]));
	assert_str(http_unescape(STR("a%00b"), a), STR("a\0b"));
	arena_free(a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_methods),
		cmocka_unit_test(finds_the_first),
		cmocka_unit_test(finds_tokens),
		cmocka_unit_test(knows_hop_by_hop),
		cmocka_unit_test(copies_deeply),
		cmocka_unit_test(copies_a_response),
		cmocka_unit_test(knows_reasons),
		cmocka_unit_test(reads_header_lines),
		cmocka_unit_test(reads_status_lines),
		cmocka_unit_test(splits_hosts),
		cmocka_unit_test(knows_this_machine),
		cmocka_unit_test(resolves_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
