/* SPDX-License-Identifier: MIT */
/* What is answered here: own paths by method, and OPTIONS where no provider is asked. */
#include "unit/core/exchange_fake.h"

static void answer(struct exchange *x, struct local_reply *ret)
{
	if (x->head->method == HTTP_GET)
		ret->type = STR("text/plain");
	buf_add(ret->body, STR("hello"));
}

static const struct local_endpoint locals[] = { { STR_INIT("/own"), true, answer } };

struct row {
	const char *request;
	unsigned status;
	const char *name, *value; /* a header that it has */
	int64_t length;           /* -1: any */
};

static void methods(void **state)
{
	static const struct row rows[] = {
		{ "GET /own\nHost: localhost", 200, "content-type", "text/plain", 5 },
		{ "GET /own?q=1\nHost: localhost", 200, "content-type", "text/plain", 5 },
		{ "HEAD /own\nHost: localhost", 200, "content-type", "application/json", 5 },
		{ "OPTIONS /own\nHost: localhost", 200, "allow",
			"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", 0 },
		{ "OPTIONS *\nHost: localhost", 200, "allow",
			"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", 0 },
		{ "POST /own\nHost: localhost", 405, "content-type", "application/json", -1 },
		{ "DELETE /own\nHost: localhost", 405, "content-type", "application/json", -1 },
		{ "PUT /own\nHost: localhost\nContent-Length: 5", 405, "content-type",
			"application/json", -1 },
		/* A path is compared whole. */
		{ "GET /own/\nHost: localhost", 404, "content-type", "application/json", -1 },
		{ "GET /Own\nHost: localhost", 404, "content-type", "application/json", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, NULL);
		w.svc.locals = locals;
		w.svc.nlocals = ARRAY_LEN(locals);
		struct conn *c = fake_conn_begin(w.server, rows[i].request);
		assert_int_equal(c->end, FAKE_ENDED);
		if (c->reply.status != rows[i].status)
			print_error("%s\n", rows[i].request);
		assert_int_equal(c->reply.status, rows[i].status);
		assert_header(c, rows[i].name, rows[i].value);
		if (rows[i].length >= 0)
			assert_int_equal(c->length, rows[i].length);
		assert_null(world_transfer(&w));
		world_release(&w);
	}
}

/* The log keeps quiet about them, unless it is asked or something is wrong. */
static void are_not_logged(void **state)
{
	static const char *const debug[] = { "log.level=debug", NULL };
	struct world w;

	for (int i = 0; i < 2; i++) {
		world_init(&w, i == 0 ? NULL : debug);
		w.svc.locals = locals;
		w.svc.nlocals = ARRAY_LEN(locals);
		fake_conn_begin(w.server, "GET /own\nHost: localhost");
		assert_int_equal(fake_log_lines(w.log.writer), i);
		fake_conn_begin(w.server, "POST /own\nHost: localhost");
		assert_int_equal(fake_log_lines(w.log.writer), 2 * i + (i == 0));
		world_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods),
		cmocka_unit_test(are_not_logged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
