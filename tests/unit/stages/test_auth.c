/* SPDX-License-Identifier: MIT */
/* Who may come in: Host and Origin as a browser is made to send them by pages that mean harm, and the proxy's key in all
 * the ways that clients show it. */
#include "unit/core/exchange_fake.h"

#include <stdio.h>

#define KEY "0123456789abcdef"

enum { PASSES = 200 }; /* as if a provider had answered */

struct row {
	const char *headers;
	unsigned status;
};

/* The status of a GET with those header lines. What is let in gets as far as the provider. */
static unsigned status_of(const char *const *sets, const char *headers)
{
	char request[500];
	struct world w;

	world_init(&w, sets);
	snprintf(request, sizeof(request), "GET /v1/models\n%s", headers);
	struct conn *c = fake_conn_begin(w.server, request);
	if (world_transfer(&w) != NULL)
		world_answer(&w, "200 OK\nContent-Length: 0", STR(""));
	unsigned status = c->reply.status;
	world_release(&w);
	return status;
}

static void check_rows(const char *const *sets, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned status = status_of(sets, rows[i].headers);
		if (status != rows[i].status)
			print_error("[%s]\n", rows[i].headers);
		assert_int_equal(status, rows[i].status);
	}
}

static void hosts(void **state)
{
	static const struct row rows[] = {
		{ "Host: localhost", PASSES },
		{ "Host: localhost:7780", PASSES },
		{ "Host: LocalHost:1", PASSES },
		{ "Host: 127.0.0.1", PASSES },
		{ "Host: 127.0.0.1:7780", PASSES },
		{ "Host: 127.9.8.7", PASSES },
		{ "Host: [::1]", PASSES },
		{ "Host: [::1]:7780", PASSES },
		/* An address cannot be rebound. */
		{ "Host: 192.168.1.20:7780", PASSES },
		{ "Host: [fe80::1]:7780", PASSES },
		/* A name of somebody else's domain may resolve to anything. */
		{ "Host: evil.example", 403 },
		{ "Host: evil.example:7780", 403 },
		{ "Host: localhost.evil.example", 403 },
		{ "Host: 127.0.0.1.evil.example", 403 },
		{ "Host: 127.evil.example:7780", 403 },
		{ "Host: 192.168.1.20.evil.example", 403 },
		{ "Host: evil.example.localhost.evil", 403 },
		{ "Host: evillocalhost", 403 },
		{ "Host: xn--localhost", 403 },
		/* Malformed: none of ours. */
		{ "Host: localhost:port", 403 },
		{ "Host: localhost evil.example", 403 },
		{ "Host: evil.example@localhost", 403 },
		{ "Host: localhost,evil.example", 403 },
		{ "Host:", 403 },
		/* HTTP/1.0 without one: no browser. */
		{ "a: b", PASSES },
	};

	check_rows(NULL, rows, ARRAY_LEN(rows));
}

static void hosts_of_the_configuration(void **state)
{
	static const char *const sets[] = { "auth.hosts=box.lan,Other.Lan", NULL };
	static const char *const keyed[] = { "auth.key=" KEY, NULL };
	static const struct row rows[] = {
		{ "Host: box.lan", PASSES },
		{ "Host: BOX.LAN:7780", PASSES },
		{ "Host: other.lan", PASSES },
		{ "Host: localhost", PASSES },
		{ "Host: box.lan.evil.example", 403 },
		{ "Host: evil.box.lan", 403 },
	};
	/* With a key nobody is let in by their name. */
	static const struct row with_key[] = {
		{ "Host: any.example\nx-sluice-key: " KEY, PASSES },
		{ "Host: any.example", 401 },
	};

	check_rows(sets, rows, ARRAY_LEN(rows));
	check_rows(keyed, with_key, ARRAY_LEN(with_key));
}

#define LOCAL "Host: localhost\n"

static void origins(void **state)
{
	static const struct row rows[] = {
		{ LOCAL "Origin: http://localhost", PASSES },
		{ LOCAL "Origin: http://localhost:3000", PASSES },
		{ LOCAL "Origin: https://127.0.0.1:8443", PASSES },
		{ LOCAL "Origin: http://[::1]:1", PASSES },
		{ LOCAL "Origin: https://evil.example", 403 },
		{ LOCAL "Origin: http://localhost.evil.example", 403 },
		{ LOCAL "Origin: http://127.0.0.1.evil.example", 403 },
		{ LOCAL "Origin: http://evil.example/localhost", 403 },
		{ LOCAL "Origin: http://localhost@evil.example", 403 },
		{ LOCAL "Origin: http://192.168.1.20", 403 },
		{ LOCAL "Origin: null", 403 },
		{ LOCAL "Origin: localhost", 403 },
		{ LOCAL "Origin: file://", 403 },
		{ LOCAL "Origin:", 403 },
	};

	check_rows(NULL, rows, ARRAY_LEN(rows));
}

static void origins_of_the_configuration(void **state)
{
	static const char *const sets[] = {
		"auth.origins=https://app.example,chrome-extension://abc", "auth.key=" KEY, NULL
	};
	static const struct row rows[] = {
		{ LOCAL "x-sluice-key: " KEY "\nOrigin: https://app.example", PASSES },
		{ LOCAL "x-sluice-key: " KEY "\nOrigin: https://APP.example", PASSES },
		{ LOCAL "x-sluice-key: " KEY "\nOrigin: chrome-extension://abc", PASSES },
		/* Scheme and port belong to it; a key does not open what an origin may not. */
		{ LOCAL "x-sluice-key: " KEY "\nOrigin: http://app.example", 403 },
		{ LOCAL "x-sluice-key: " KEY "\nOrigin: https://app.example:8443", 403 },
		{ LOCAL "x-sluice-key: " KEY "\nOrigin: https://evil.example", 403 },
		{ LOCAL "Origin: https://app.example", 401 },
	};

	check_rows(sets, rows, ARRAY_LEN(rows));
}

static void keys(void **state)
{
	static const char *const sets[] = { "auth.key=" KEY, "providers.openai.api_key=ours",
		NULL };
	static const struct row rows[] = {
		{ LOCAL "x-sluice-key: " KEY, PASSES },
		{ LOCAL "X-Sluice-Key: " KEY, PASSES },
		{ LOCAL "x-api-key: " KEY, PASSES },
		{ LOCAL "Authorization: Bearer " KEY, PASSES },
		{ LOCAL "authorization: bearer  " KEY, PASSES },
		/* Another key beside it does no harm. */
		{ LOCAL "x-api-key: another\nAuthorization: Bearer " KEY, PASSES },
		{ LOCAL "x-sluice-key: wrong\nx-api-key: " KEY, PASSES },
		{ LOCAL "a: b", 401 },
		{ LOCAL "x-sluice-key:", 401 },
		{ LOCAL "x-sluice-key: 0123456789abcde", 401 },
		{ LOCAL "x-sluice-key: 0123456789abcdef0", 401 },
		{ LOCAL "x-sluice-key: 0123456789ABCDEF", 401 },
		{ LOCAL "x-sluice-key: " KEY KEY, 401 },
		{ LOCAL "x-sluice-key: Bearer " KEY, 401 },
		{ LOCAL "Authorization: " KEY, 401 },
		{ LOCAL "Authorization: Basic " KEY, 401 },
		{ LOCAL "Authorization: Bearer", 401 },
		{ LOCAL "x-goog-api-key: " KEY, 401 },
		{ LOCAL "Cookie: x-sluice-key=" KEY, 401 },
	};

	check_rows(sets, rows, ARRAY_LEN(rows));
}

/* Where the provider's key belongs, the proxy's own cannot stand unless the provider's is configured. */
static void key_in_the_place_of_the_providers(void **state)
{
	static const char *const sets[] = { "auth.key=" KEY, NULL };
	static const struct row rows[] = {
		{ LOCAL "x-sluice-key: " KEY, PASSES },
		{ LOCAL "x-sluice-key: " KEY "\nAuthorization: Bearer theirs", PASSES },
		{ LOCAL "x-api-key: " KEY, 401 },
		{ LOCAL "Authorization: Bearer " KEY, 401 },
	};

	check_rows(sets, rows, ARRAY_LEN(rows));
}

static void answer(struct exchange *x, struct local_reply *ret)
{
	buf_addf(ret->body, "open %zu", x->svc->open);
}

static const struct local_endpoint locals[] = {
	{ STR_INIT("/open"), true, answer },
	{ STR_INIT("/closed"), false, answer },
};

static void own_paths(void **state)
{
	static const char *const sets[] = { "auth.key=" KEY, NULL };
	static const struct row rows[] = {
		{ "GET /open\n" LOCAL, 200 },
		{ "GET /open?x\n" LOCAL, 200 },
		{ "GET /closed\n" LOCAL, 401 },
		{ "GET /closed\n" LOCAL "x-api-key: " KEY, 200 },
		{ "GET /open\nHost: localhost\nOrigin: https://evil.example", 403 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, sets);
		w.svc.locals = locals;
		w.svc.nlocals = ARRAY_LEN(locals);
		struct conn *c = fake_conn_begin(w.server, rows[i].headers);
		assert_int_equal(c->reply.status, rows[i].status);
		world_release(&w);
	}
}

/* Refused before any of the body is read; the client knows from the answer that trying again is no use. */
static void refused_before_the_body(void **state)
{
	static const char *const sets[] = { "auth.key=" KEY, NULL };
	struct world w;

	world_init(&w, sets);
	struct conn *c =
		fake_conn_begin(w.server, "POST /v1/messages\n" LOCAL "Content-Length: 100000");
	assert_int_equal(c->end, FAKE_ENDED);
	assert_int_equal(c->mode, FAKE_BODY_UNWANTED);
	assert_int_equal(c->reply.status, 401);
	assert_header(c, "x-should-retry", "false");
	assert_true(str_starts(buf_str(&c->body),
		STR("{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":")));
	/* No secret in the log. */
	assert_true(str_find(world_log(&w), STR(KEY)) == world_log(&w).n);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts),
		cmocka_unit_test(hosts_of_the_configuration),
		cmocka_unit_test(origins),
		cmocka_unit_test(origins_of_the_configuration),
		cmocka_unit_test(keys),
		cmocka_unit_test(key_in_the_place_of_the_providers),
		cmocka_unit_test(own_paths),
		cmocka_unit_test(refused_before_the_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
