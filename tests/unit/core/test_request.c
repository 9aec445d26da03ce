/* SPDX-License-Identifier: MIT */
/* The request that a provider gets: which headers go on, which are added, where it is sent. */
#include "unit/core/exchange_fake.h"

#include <stdio.h>

#define MESSAGES "/v1/messages"
#define RELAYED  "/v1/messages/batches" /* Anthropic's by its path */

/* The headers of the provider's request, a line each. */
static void headers_as_text(struct buf *out, const struct transfer *t)
{
	buf_init(out, SIZE_MAX);
	for (size_t i = 0; i < t->rq.n; i++)
		buf_addf(out, "%.*s: %.*s\n", STR_ARG(t->rq.h[i].name), STR_ARG(t->rq.h[i].value));
}

struct row {
	const char *target, *in, *out;
};

/* Sends a POST with the row's headers behind its Host, and looks at what goes up. */
static void check_row(const char *const *sets, const struct row *row, int line)
{
	struct world w;
	struct buf got;

	world_init(&w, sets);
	world_post_with(&w, row->target, row->in, STR("{}"));
	assert_non_null(world_transfer(&w));
	headers_as_text(&got, world_transfer(&w));
	check_bytes(buf_str(&got), str_from(row->out), __FILE__, line);
	buf_release(&got);
	world_answer(&w, JSON_HEAD, STR("{}"));
	world_release(&w);
}

#define check_rows(sets, rows) \
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) \
	check_row(sets, &(rows)[i], __LINE__)

static void goes_on_as_it_came(void **state)
{
	static const struct row rows[] = {
		/* Order, number, case, odd values. */
		{ MESSAGES,
			"B: 2\nanthropic-beta: x,y\na: 1\nb: 3\nAnthropic-Beta: z\nempty:\n"
			"User-Agent: u/1 (a; b)\n",
			"B: 2\nanthropic-beta: x,y\na: 1\nb: 3\nAnthropic-Beta: z\nempty: \n"
			"User-Agent: u/1 (a; b)\nAccept-Encoding: identity\n" },
		{ RELAYED, "Cookie: a=b; c=d\nX-Forwarded-For: 1.2.3.4\nForwarded: for=1\n",
			"Cookie: a=b; c=d\nX-Forwarded-For: 1.2.3.4\nForwarded: for=1\n" },
		{ RELAYED, "", "" },
	};

	check_rows(NULL, rows);
}

static void stays_here(void **state)
{
	static const struct row rows[] = {
		/* Hop by hop, whatever their case. */
		{ RELAYED,
			"Connection: close\nKEEP-ALIVE: 5\nProxy-Connection: x\n"
			"proxy-authorization: Basic x\nProxy-Authenticate: x\nTE: trailers\n"
			"Trailer: x\nUpgrade: h2c\nkept: 1\n",
			"kept: 1\n" },
		/* Named by Connection, in any of several. */
		{ RELAYED,
			"One: 1\nTwo: 2\nThree: 3\nFour: 4\nConnection: one ,TWO,\n"
			"connection: keep-alive, four\n",
			"Three: 3\n" },
		/* Framing is made anew, and Expect is answered here. */
		{ RELAYED, "Expect: 100-continue\nkept: 1\n", "kept: 1\n" },
		/* sluice's own. */
		{ RELAYED, "x-sluice-key: k\nX-Sluice-Anything: 1\nx-sluic: 1\n", "x-sluic: 1\n" },
	};

	check_rows(NULL, rows);
}

static void accept_encoding(void **state)
{
	static const struct row rows[] = {
		{ MESSAGES, "", "Accept-Encoding: identity\n" },
		{ MESSAGES, "a: 1\naccept-encoding: gzip, br\nb: 2\n",
			"a: 1\naccept-encoding: identity\nb: 2\n" },
		{ MESSAGES, "Accept-Encoding: gzip\na: 1\nACCEPT-ENCODING: br\n",
			"Accept-Encoding: identity\na: 1\n" },
		{ "/v1/messages/count_tokens", "", "Accept-Encoding: identity\n" },
		{ RELAYED, "Accept-Encoding: gzip\nAccept-Encoding: br\n",
			"Accept-Encoding: gzip\nAccept-Encoding: br\n" },
	};

	check_rows(NULL, rows);
}

static void client_auth_without_our_key(void **state)
{
	static const struct row rows[] = {
		{ RELAYED, "x-api-key: c\n", "x-api-key: c\n" },
		{ RELAYED, "Authorization: Bearer c\nx-api-key: d\n",
			"Authorization: Bearer c\nx-api-key: d\n" },
		{ MESSAGES, "authorization: Bearer oauth\n",
			"authorization: Bearer oauth\nAccept-Encoding: identity\n" },
	};

	check_rows(NULL, rows);
}

static void client_auth_with_our_key(void **state)
{
	static const char *const sets[] = { "providers.anthropic.api_key=ours",
		"providers.openai.api_key=ours", "providers.gemini.api_key=ours", NULL };
	static const struct row rows[] = {
		{ RELAYED, "", "x-api-key: ours\n" },
		/* All ways of showing a key, so that none of the client's goes up beside ours. */
		{ RELAYED, "X-API-Key: c\nAUTHORIZATION: Bearer c\nx-goog-api-key: c\na: 1\n",
			"a: 1\nx-api-key: ours\n" },
		{ MESSAGES, "x-api-key: c\n", "Accept-Encoding: identity\nx-api-key: ours\n" },
		{ "/v1/files", "Authorization: Bearer c\n", "authorization: Bearer ours\n" },
		{ "/v1beta/files", "x-goog-api-key: c\n", "x-goog-api-key: ours\n" },
	};

	check_rows(sets, rows);
}

/* Whatever may hold a key is for the provider that the client means. */
static void secrets_are_for_the_own_provider(void **state)
{
	static const char *const home[] = { "providers.anthropic.api_key=ours", NULL },
				 *const other[] = { "route.provider=mine",
					 "providers.mine.dialect=anthropic",
					 "providers.mine.base_url=http://mine",
					 "providers.mine.api_key=ours", NULL };
	static const char in[] = "cf-aig-Authorization: Bearer c\nX-Goog-Iam-Token: c\n"
				 "x-custom-api-key: c\nCookie: c\nmy-secret: c\na: 1\n";
	static const struct row stay[] = {
		{ MESSAGES, in, "a: 1\nAccept-Encoding: identity\nx-api-key: ours\n" },
	}, go[] = {
		{ RELAYED, in,
			"cf-aig-Authorization: Bearer c\nX-Goog-Iam-Token: c\nx-custom-api-key: c\n"
			"Cookie: c\nmy-secret: c\na: 1\nx-api-key: ours\n" },
	};

	check_rows(other, stay);
	check_rows(home, go);
}

static void proxy_key_stays_here(void **state)
{
	static const char *const sets[] = { "auth.key=0123456789abcdef", NULL };
	static const char *const both[] = { "auth.key=0123456789abcdef",
		"providers.anthropic.api_key=ours", NULL };
	static const struct row forwarded[] = {
		{ RELAYED, "x-sluice-key: 0123456789abcdef\n", "" },
		{ RELAYED, "x-sluice-key: 0123456789abcdef\nx-api-key: c\n", "x-api-key: c\n" },
	};
	static const struct row replaced[] = {
		{ RELAYED, "x-api-key: 0123456789abcdef\n", "x-api-key: ours\n" },
		{ RELAYED, "Authorization: Bearer 0123456789abcdef\n", "x-api-key: ours\n" },
		{ RELAYED, "x-sluice-key: 0123456789abcdef\nx-api-key: c\n", "x-api-key: ours\n" },
	};

	check_rows(sets, forwarded);
	check_rows(both, replaced);
}

/* Also when it came in more than one header. */
static void proxy_key_stays_here_wherever_it_came(void **state)
{
	static const char *const sets[] = { "auth.key=0123456789abcdef", NULL };
	static const struct row rows[] = {
		{ RELAYED, "x-sluice-key: 0123456789abcdef\nx-api-key: 0123456789abcdef\n", "" },
		{ RELAYED,
			"x-sluice-key: 0123456789abcdef\nAuthorization: Bearer 0123456789abcdef\n"
			"a: 1\n",
			"a: 1\n" },
	};

	check_rows(sets, rows);
}

static void headers_of_the_configuration(void **state)
{
	static const char *const sets[] = {
		"providers.anthropic.headers=x-team=blue,anthropic-beta=ours", NULL
	};
	static const char *const auth[] = { "providers.anthropic.headers=X-Api-Key=special",
		"providers.anthropic.api_key=ours", NULL };
	static const struct row rows[] = {
		{ RELAYED, "a: 1\n", "a: 1\nx-team: blue\nanthropic-beta: ours\n" },
		{ RELAYED, "Anthropic-Beta: c\na: 1\nanthropic-beta: d\nX-Team: red\n",
			"a: 1\nx-team: blue\nanthropic-beta: ours\n" },
	};
	static const struct row own_auth[] = {
		{ RELAYED, "x-api-key: c\nauthorization: Bearer c\n", "X-Api-Key: special\n" },
	};

	check_rows(sets, rows);
	check_rows(auth, own_auth);
}

/* It takes the place of what would be sent otherwise; not of identity, since a stream is read on its way. */
static void accept_encoding_of_the_configuration(void **state)
{
	static const char *const sets[] = { "providers.anthropic.headers=accept-encoding=br",
		NULL };
	static const struct row rows[] = {
		{ RELAYED, "Accept-Encoding: gzip\n", "accept-encoding: br\n" },
	};
	struct world w;
	unsigned told = 0;

	check_rows(sets, rows);
	world_init(&w, sets);
	world_post_with(&w, MESSAGES, "Accept-Encoding: gzip\n", STR("{}"));
	for (size_t i = 0; i < world_transfer(&w)->rq.n; i++)
		told += str_eq_nocase(world_transfer(&w)->rq.h[i].name, STR("accept-encoding"));
	assert_int_equal(told, 1);
	world_answer(&w, JSON_HEAD, STR("{}"));
	world_release(&w);
}

/* A decoded body goes up without the name of its coding; what is not read keeps it. */
static void content_encoding(void **state)
{
	static const struct row kept[] = {
		{ RELAYED, "Content-Encoding: gzip\n", "Content-Encoding: gzip\n" },
		{ MESSAGES, "Content-Encoding: identity\n",
			"Content-Encoding: identity\nAccept-Encoding: identity\n" },
	};
	/* {} in gzip. */
	static const char gzip[] =
		"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
	struct world w;

	check_rows(NULL, kept);
	world_init(&w, NULL);
	world_post_with(&w, MESSAGES, "content-encoding: gzip\na: 1\n",
		(struct str){ gzip, sizeof(gzip) - 1 });
	assert_bytes(world_transfer(&w)->rq.body, "{}");
	assert_absent(fake_transfer_header(world_transfer(&w), "content-encoding"));
	assert_bytes(fake_transfer_header(world_transfer(&w), "a"), "1");
	world_answer(&w, JSON_HEAD, STR("{}"));
	world_release(&w);
}

/* ---- where it goes, and how ---- */

static void targets(void **state)
{
	static const struct {
		const char *base_url, *target, *origin, *sent;
		const char *provider; /* NULL: anthropic */
	} rows[] = {
		{ "http://h", "/v1/messages?beta=true", "http://h", "/v1/messages?beta=true" },
		{ "http://h/", "/v1/messages", "http://h", "/v1/messages" },
		{ "https://h:8443/api", "/v1/messages?a=%2F&&b", "https://h:8443",
			"/api/v1/messages?a=%2F&&b" },
		{ "https://h/a/b/", "/v1/messages", "https://h", "/a/b/v1/messages" },
		{ "http://[::1]:99", "/v1/messages/../%zz//x?", "http://[::1]:99",
			"/v1/messages/../%zz//x?" },
		/* The version of the base is not said twice. */
		{ "http://h/v1", "/v1/messages", "http://h", "/v1/messages" },
		{ "http://h/a/v2", "/v2/messages", "http://h", "/a/v2/messages" },
		{ "http://h/v1", "/v1/files?a=/v1/", "http://h", "/v1/files?a=/v1/" },
		{ "http://h/a/v1/", "/v1/messages", "http://h", "/a/v1/messages" },
		{ "http://h/v1beta", "/v1beta/models/m:generateContent", "http://h",
			"/v1beta/models/m:generateContent", "gemini" },
		/* Another one is a path like any other. */
		{ "http://h/v2", "/v1/messages", "http://h", "/v2/v1/messages" },
		{ "http://h/v10", "/v1/messages", "http://h", "/v10/v1/messages" },
		{ "http://h/v2", "/v2x/messages", "http://h", "/v2/v2x/messages" },
		{ "http://h/v2", "/v1beta/models/m:generateContent", "http://h",
			"/v2/v1beta/models/m:generateContent", "gemini" },
		/* But not for OpenAI's API, which has many homes. */
		{ "http://h/api/paas/v4", "/v1/chat/completions", "http://h",
			"/api/paas/v4/chat/completions", "openai" },
		{ "http://h/v2", "/v1/responses", "http://h", "/v2/responses", "openai" },
		{ "http://h/v2/x", "/v1/responses", "http://h", "/v2/x/v1/responses", "openai" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		const char *provider = rows[i].provider != NULL ? rows[i].provider : "anthropic";
		char set[100];
		const char *const sets[] = { set, NULL };
		snprintf(set, sizeof(set), "providers.%s.base_url=%s", provider, rows[i].base_url);
		world_init(&w, sets);
		world_post_with(&w, rows[i].target,
			rows[i].provider == NULL ? "anthropic-version: 2023-06-01\n" : "",
			STR("{}"));
		assert_string_equal(world_transfer(&w)->rq.origin, rows[i].origin);
		assert_string_equal(world_transfer(&w)->rq.target, rows[i].sent);
		world_answer(&w, JSON_HEAD, STR("{}"));
		world_release(&w);
	}
}

static void proxies(void **state)
{
	static const char *const sets[] = { "providers.openai.proxy=http://p:1",
		"providers.gemini.base_url=http://g", NULL };
	static const struct {
		const char *target, *proxy, *none;
	} rows[] = {
		{ "/v1/messages", "https-proxy", "none" }, /* https */
		{ "/v1beta/models", "http-proxy", "none" },
		{ "/v1/files", "http://p:1", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, sets);
		w.svc.proxy = (struct proxy_env){ "http-proxy", "https-proxy", "none" };
		world_post(&w, rows[i].target, STR("{}"));
		assert_string_equal(world_transfer(&w)->rq.proxy, rows[i].proxy);
		assert_string_equal(world_transfer(&w)->rq.no_proxy, rows[i].none);
		world_answer(&w, JSON_HEAD, STR("{}"));
		world_release(&w);
	}
}

static void provider_settings(void **state)
{
	static const char *const sets[] = { "providers.anthropic.timeouts.connect_s=1",
		"providers.anthropic.timeouts.first_byte_s=2",
		"providers.anthropic.timeouts.idle_s=3", "providers.anthropic.timeouts.total_s=4",
		"providers.anthropic.http2=true", "providers.anthropic.ca_file=/ca.pem", NULL };
	struct world w;

	world_init(&w, sets);
	world_post(&w, MESSAGES, STR("{}"));
	const struct upstream_request *rq = &world_transfer(&w)->rq;
	assert_int_equal(rq->connect_ms, 1000);
	assert_int_equal(rq->first_byte_ms, 2000);
	assert_int_equal(rq->idle_ms, 3000);
	assert_int_equal(rq->total_ms, 4000);
	assert_true(rq->http2);
	assert_string_equal(rq->ca_file, "/ca.pem");
	world_answer(&w, JSON_HEAD, STR("{}"));
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_as_it_came),
		cmocka_unit_test(stays_here),
		cmocka_unit_test(accept_encoding),
		cmocka_unit_test(client_auth_without_our_key),
		cmocka_unit_test(client_auth_with_our_key),
		cmocka_unit_test(secrets_are_for_the_own_provider),
		cmocka_unit_test(proxy_key_stays_here),
		cmocka_unit_test(proxy_key_stays_here_wherever_it_came),
		cmocka_unit_test(headers_of_the_configuration),
		cmocka_unit_test(accept_encoding_of_the_configuration),
		cmocka_unit_test(content_encoding),
		cmocka_unit_test(targets),
		cmocka_unit_test(proxies),
		cmocka_unit_test(provider_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
