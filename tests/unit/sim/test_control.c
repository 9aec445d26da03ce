/* SPDX-License-Identifier: MIT */
/* The paths below /sim/: what they take, what they refuse, what they tell. */
#include "unit/sim/sim_check.h"

#include "base/clock.h"
#include "sim/control.h"

static struct control_reply steer(
	struct control *c, enum http_method method, const char *target, const char *notation)
{
	struct http_head head = { .method = method, .target = str_from(target) };
	struct control_reply r;
	struct buf body = expand(notation);
	size_t at = str_find_char(head.target, '?');

	head.path = (struct str){ target, at };
	head.query = at < head.target.n ? str_from_offset(head.target, at + 1) : STR("");
	control_answer(c, &head, buf_str(&body), &r);
	buf_release(&body);
	return r;
}

static void expect(struct control *c, enum http_method method, const char *target,
	const char *notation, unsigned status)
{
	struct control_reply r = steer(c, method, target, notation);

	if (r.status != status)
		fail_msg("%s %s: %u: %.*s", target, notation, r.status, STR_ARG(buf_str(&r.body)));
	buf_release(&r.body);
}

static void test_clock(void **state)
{
	int64_t wall = 5000;
	struct site s;
	struct control c = { 0 };

	(void)state;
	site_open(&s);
	c.engine = s.engine;
	clock_fake_wall_ms = &wall;
	assert_int_equal(control_now_ms(&c), 5000);
	expect(&c, HTTP_POST, "/sim/clock", "{'now_ms':1000}", 200);
	wall = 6000;
	assert_int_equal(control_now_ms(&c), 1000);
	expect(&c, HTTP_POST, "/sim/clock", "{'advance_ms':250}", 200);
	assert_int_equal(control_now_ms(&c), 1250);
	expect(&c, HTTP_POST, "/sim/clock", "{'now_ms':null}", 200);
	assert_int_equal(control_now_ms(&c), 6000);
	/* From the wall clock on. */
	expect(&c, HTTP_POST, "/sim/clock", "{'advance_ms':1}", 200);
	wall = 9000;
	assert_int_equal(control_now_ms(&c), 6001);
	expect(&c, HTTP_POST, "/sim/reset", "", 200);
	assert_int_equal(control_now_ms(&c), 9000);
	clock_fake_wall_ms = NULL;
	site_close(&s);
}

static const struct {
	enum http_method method;
	const char *target, *body;
	unsigned status;
} rows[] = {
	{ HTTP_GET, "/sim/clock", "", 200 },
	{ HTTP_POST, "/sim/clock", "", 400 },
	{ HTTP_POST, "/sim/clock", "{'now_ms':'x'}", 400 },
	{ HTTP_POST, "/sim/clock", "{'now_ms':-1}", 400 },
	{ HTTP_POST, "/sim/clock", "{", 400 },
	{ HTTP_POST, "/sim/script", "{'text':'x'}", 200 },
	{ HTTP_POST, "/sim/script", "[{'text':'x'},{'text':'y'}]", 200 },
	{ HTTP_POST, "/sim/script", "{'replies':[{'text':'x'}]}", 200 },
	{ HTTP_POST, "/sim/script", "[7]", 400 },
	{ HTTP_POST, "/sim/script", "", 400 },
	{ HTTP_POST, "/sim/faults", "{'faults':[{'status':529}]}", 200 },
	{ HTTP_POST, "/sim/faults", "{'status':529,'times':3}", 200 },
	{ HTTP_POST, "/sim/faults", "[{'status':529},{'statis':1}]", 400 },
	{ HTTP_GET, "/sim/bill", "", 200 },
	{ HTTP_GET, "/sim/bill?rows=0&since=3", "", 200 },
	{ HTTP_GET, "/sim/requests", "", 200 },
	{ HTTP_GET, "/sim/requests/1", "", 404 },
	{ HTTP_GET, "/sim/requests/x", "", 404 },
	{ HTTP_GET, "/sim/requestsx", "", 404 },
	{ HTTP_GET, "/sim/reset", "", 404 },
	{ HTTP_POST, "/sim/reset", "", 200 },
	{ HTTP_GET, "/sim/", "", 404 },
};

static void test_rows(void **state)
{
	struct site s;
	struct control c = { 0 };

	(void)state;
	site_open(&s);
	c.engine = s.engine;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(&c, rows[i].method, rows[i].target, rows[i].body, rows[i].status);
	site_close(&s);
}

#define BODY "{'model':'claude-opus-4-6','max_tokens':0,'messages':[{'role':'user','content':'w'}]}"

static void test_received(void **state)
{
	struct site s;
	struct control c = { 0 };
	struct buf body = expand(BODY);
	unsigned status;

	(void)state;
	site_open(&s);
	c.engine = s.engine;
	for (unsigned i = 0; i < 3; i++)
		yyjson_doc_free(tell(&s,
			&(struct question){ .body = BODY, .key = "sk-secret-1234", .at_ms = 42 },
			&status));
	struct control_reply r = steer(&c, HTTP_GET, "/sim/requests?since=2", "");
	yyjson_doc *doc = yyjson_read(r.body.p, r.body.n, 0);
	yyjson_val *list = yyjson_obj_get(yyjson_doc_get_root(doc), "requests");
	yyjson_val *one = yyjson_arr_get_first(list);
	assert_int_equal(yyjson_arr_size(list), 2);
	assert_int_equal(yyjson_get_int(yyjson_obj_get(one, "n")), 2);
	assert_int_equal(yyjson_get_int(yyjson_obj_get(one, "at_ms")), 42);
	assert_int_equal(yyjson_get_int(yyjson_obj_get(one, "status")), 200);
	assert_int_equal(yyjson_get_int(yyjson_obj_get(one, "bytes")), (int)body.n);
	assert_true(tree_is(one, "model", "claude-opus-4-6"));
	/* 10 tokens at $5 a million */
	assert_int_equal(yyjson_get_int(yyjson_obj_get(one, "nano_usd")), 50000);
	struct digest d = hash_of(buf_str(&body));
	struct buf hex;
	buf_init(&hex, SIZE_MAX);
	digest_print(&hex, &d, sizeof(d.b));
	assert_true(str_eq(tree_get(one, "sha256"), buf_str(&hex)));
	assert_true(str_find(buf_str(&r.body), STR("…1234")) < r.body.n);
	assert_true(str_find(buf_str(&r.body), STR("secret")) == r.body.n);
	yyjson_doc_free(doc);
	buf_release(&hex);
	buf_release(&r.body);
	r = steer(&c, HTTP_GET, "/sim/requests/3", "");
	assert_true(str_eq(buf_str(&r.body), buf_str(&body)));
	buf_release(&r.body);
	buf_release(&body);
	site_close(&s);
}

/* Only so many bytes of bodies are kept. */
static void test_bounded(void **state)
{
	struct journal *j = journal_new(250);
	struct http_head head = { .target = STR("/x"), .path = STR("/x") };
	char body[100] = "body";

	(void)state;
	for (uint64_t n = 1; n <= 10; n++)
		journal_add(j, n, 0, &head, (struct str){ body, sizeof(body) });
	for (uint64_t n = 1; n <= 8; n++)
		assert_null(journal_body(j, n).p);
	assert_non_null(journal_body(j, 9).p);
	assert_int_equal(journal_body(j, 10).n, 100);
	journal_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_received),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
