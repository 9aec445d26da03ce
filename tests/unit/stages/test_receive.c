/* SPDX-License-Identifier: MIT */
/* Request bodies on their way in: when they are waited for, decoded as they come, bounded, given up. */
#include "unit/core/exchange_fake.h"

#include <stdio.h>
#include <zlib.h>

static const char *const small[] = { "limits.body_bytes=1024", NULL };

/* gzip (window bits 31) or zlib (15) of text. */
static struct str deflated(struct buf *out, struct str text, int bits)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)text.p, .avail_in = (uInt)text.n };

	buf_init(out, SIZE_MAX);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_true(buf_reserve(out, deflateBound(&z, text.n)));
	z.next_out = (Bytef *)out->p;
	z.avail_out = (uInt)out->cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->n = z.total_out;
	deflateEnd(&z);
	return buf_str(out);
}

static struct conn *begin_coded(struct world *w, const char *const *sets, const char *coding)
{
	char head[200];

	world_init(w, sets);
	snprintf(head, sizeof(head),
		"POST /v1/messages\nHost: localhost\nTransfer-Encoding: chunked\nContent-Encoding: %s",
		coding);
	return fake_conn_begin(w->server, head);
}

static void decodes_in_any_pieces(void **state)
{
	static const char *const codings[] = { "gzip", "x-gzip", "GZIP", "deflate" };

	for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
		struct buf coded;
		struct str s = deflated(&coded, STR(BODY), i < 3 ? 31 : 15);
		for (size_t step = 1; step <= s.n; step = step < 4 ? step + 1 : step * 3) {
			struct world w;
			struct conn *c = begin_coded(&w, NULL, codings[i]);
			for (size_t at = 0; at < s.n; at += step)
				fake_conn_body(c, (struct str){ s.p + at,
							  at + step < s.n ? step : s.n - at });
			assert_null(world_transfer(&w));
			fake_conn_end(c);
			assert_bytes(world_transfer(&w)->rq.body, BODY);
			world_answer(&w, JSON_HEAD, STR("{}"));
			world_release(&w);
		}
		buf_release(&coded);
	}
}

static void refuses_what_cannot_be_decoded(void **state)
{
	struct buf coded;
	struct str s = deflated(&coded, STR(BODY), 31);
	const struct {
		struct str body;
		bool at_end; /* seen at the end only */
	} rows[] = {
		{ STR("this is no gzip at all"), false },
		{ { s.p, s.n - 1 }, true },
		{ { s.p, 1 }, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		struct conn *c = begin_coded(&w, NULL, "gzip");
		fake_conn_body(c, rows[i].body);
		assert_int_equal(c->end == FAKE_OPEN, rows[i].at_end);
		if (rows[i].at_end)
			fake_conn_end(c);
		assert_int_equal(c->end, FAKE_ENDED);
		assert_int_equal(c->reply.status, 400);
		assert_null(world_transfer(&w));
		world_release(&w);
	}
	buf_release(&coded);
}

static void unknown_codings(void **state)
{
	static const char *const codings[] = { "lzma", "gzip, gzip", "gzip,br", "*" };

	for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
		struct world w;
		struct conn *c = begin_coded(&w, NULL, codings[i]);
		assert_int_equal(c->end, FAKE_ENDED);
		assert_int_equal(c->reply.status, 415);
		assert_int_equal(c->mode, FAKE_BODY_UNWANTED);
		world_release(&w);
	}
}

static void a_bomb_stays_small(void **state)
{
	static char zeros[1 << 20];
	struct buf coded;
	struct str s = deflated(&coded, (struct str){ zeros, sizeof(zeros) }, 31);
	struct world w;
	struct conn *c = begin_coded(&w, small, "gzip");

	assert_true(s.n < 2000);
	fake_conn_body(c, s);
	assert_int_equal(c->end, FAKE_ENDED);
	assert_int_equal(c->reply.status, 413);
	assert_true(w.svc.spare_body.cap <= 1024);
	world_release(&w);
	buf_release(&coded);
}

/* What is not read is not waited for either. */
static void relayed_bodies_are_not_waited_for(void **state)
{
	struct world w;

	world_init(&w, small);
	struct conn *c = fake_conn_begin(w.server,
		"POST /v1/files\nHost: localhost\nContent-Encoding: lzma\nContent-Length: 9999999");
	assert_non_null(world_transfer(&w));
	assert_int_equal(c->mode, FAKE_BODY_STREAM);
	fake_conn_gone(c);
	world_release(&w);
}

static void gone_while_waiting(void **state)
{
	static const char *const codings[] = { "identity", "gzip" };

	for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
		struct world w;
		struct conn *c = begin_coded(&w, NULL, codings[i]);
		fake_conn_body(c, STR("\x1f\x8b"));
		fake_conn_gone(c);
		assert_null(world_transfer(&w));
		assert_true(str_ends(world_log(&w), STR(" | the client has gone\n")));
		world_release(&w);
	}
}

static void broken_while_waiting(void **state)
{
	static const struct {
		enum err_kind kind;
		unsigned status;
	} rows[] = { { ERR_REQUEST_TIMEOUT, 408 }, { ERR_INVALID, 400 }, { ERR_TOO_LARGE, 413 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		struct conn *c = begin_coded(&w, NULL, "identity");
		fake_conn_broken(c, rows[i].kind, "why it broke");
		assert_int_equal(c->end, FAKE_ENDED);
		assert_int_equal(c->reply.status, rows[i].status);
		assert_true(str_find(buf_str(&c->body), STR("why it broke")) < c->body.n);
		world_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_in_any_pieces),
		cmocka_unit_test(refuses_what_cannot_be_decoded),
		cmocka_unit_test(unknown_codings),
		cmocka_unit_test(a_bomb_stays_small),
		cmocka_unit_test(relayed_bodies_are_not_waited_for),
		cmocka_unit_test(gone_while_waiting),
		cmocka_unit_test(broken_while_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
