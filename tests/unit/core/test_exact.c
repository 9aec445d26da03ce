/* SPDX-License-Identifier: MIT */
/* First do no harm: thousands of generated requests and replies pass the whole of core and stages, and not a byte may
 * differ on the other side. The generators give the same in every run. */
#include "unit/core/exchange_fake.h"

#include "unit/wire/json_gen.h"

#include <stdio.h>

enum { BODIES = 1200, OVERRIDES = 1200, REPLIES = 1200, STREAMS = 1200, HEADS = 1200 };

static uint64_t seed;

static size_t below(size_t n)
{
	return random_below(&seed, n);
}

/* A member's key; true when it is "model" in one of its spellings. */
static bool add_key(struct buf *b)
{
	static const char *const models[] = { "\"model\"", "\"\\u006dodel\"",
		"\"mo\\u0064e\\u006C\"" };
	static const char *const others[] = { "\"Model\"", "\"models\"", "\"mode\"", "\"\"",
		"\"model \"", "\"\\u004dodel\"", "\"stream\"", "\"stream\"", "\"messages\"",
		"\"max_tokens\"", "\"model\\u0000\"", "\"\\\"model\"", "\"\\ud83d\"",
		"\"\xC3\xA9\"" };
	bool model = below(4) == 0;

	buf_add(b, str_from(model ? models[below(ARRAY_LEN(models))]
				  : others[below(ARRAY_LEN(others))]));
	return model;
}

static void add_space(struct buf *b)
{
	for (size_t n = below(4) == 0 ? below(5) : 0; n > 0; n--)
		buf_add_char(b, " \t\r\n"[below(4)]);
}

static void add_value(struct buf *b)
{
	struct json_gen g = { random_next(&seed) | 1, b };

	gen_value(&g, 3);
}

/* Appends a generated request body to sent, and to want what becomes of it when `model` (a JSON string) replaces every
 * top-level model; NULL: nothing does. */
static void add_body(struct buf *sent, struct buf *want, const char *model, size_t padding)
{
	struct buf member;
	size_t members = below(8);

	buf_init(&member, SIZE_MAX);
	buf_add(&member, below(20) == 0 ? STR("\xEF\xBB\xBF {") : STR("{"));
	for (size_t i = 0; i < members; i++) {
		buf_add(&member, i > 0 ? STR(",") : STR(""));
		add_space(&member);
		bool named = add_key(&member), replaced = named && model != NULL;
		add_space(&member);
		buf_add_char(&member, ':');
		add_space(&member);
		size_t value = member.n;
		add_value(&member);
		/* A comma in a model's name stands behind a provider, who is not there. */
		for (size_t at = value; named && member.p[value] == '"' && at < member.n; at++)
			if (member.p[at] == ',')
				member.p[at] = '.';
		buf_add(sent, buf_str(&member));
		member.n = replaced ? value : member.n;
		buf_add(want, buf_str(&member));
		buf_add(want, replaced ? str_from(model) : STR(""));
		buf_clear(&member);
		add_space(&member);
	}
	if (padding > 0) {
		buf_add(&member, members > 0 ? STR(",\"pad\":\"") : STR("\"pad\":\""));
		for (size_t i = 0; i < padding; i++)
			buf_add_char(&member, (char)('a' + i % 26));
		buf_add_char(&member, '"');
	}
	buf_add_char(&member, '}');
	add_space(&member);
	buf_add(sent, buf_str(&member));
	buf_add(want, buf_str(&member));
	buf_release(&member);
}

/* Sends a body in pieces, told by its length or chunked. */
static struct conn *send_in_pieces(struct world *w, struct str body)
{
	char head[200];

	snprintf(head, sizeof(head),
		below(2) != 0
			? "POST /v1/messages?n=%zu\nHost: localhost\nContent-Length: %zu"
			: "POST /v1/messages?n=%zu\nHost: localhost\nTransfer-Encoding: chunked",
		body.n, body.n);
	struct conn *c = fake_conn_begin(w->server, head);
	while (body.n > 0) {
		size_t n = below(4) == 0 ? body.n : 1 + below(body.n);
		fake_conn_body(c, (struct str){ body.p, n });
		body = str_from_offset(body, n);
	}
	fake_conn_end(c);
	return c;
}

static void exact_bodies(const char *const *sets, const char *model, size_t count)
{
	struct world w;
	struct buf sent, want;
	size_t replaced = 0;

	world_init(&w, sets);
	buf_init(&sent, SIZE_MAX);
	buf_init(&want, SIZE_MAX);
	for (size_t i = 0; i < count; i++) {
		buf_clear(&sent);
		buf_clear(&want);
		add_body(&sent, &want, model, i % 100 == 99 ? 1 << 20 : 0);
		replaced += !str_eq(buf_str(&sent), buf_str(&want));
		send_in_pieces(&w, buf_str(&sent));
		struct transfer *t = world_transfer(&w);
		assert_non_null(t);
		while (t->body.n < t->rq.body.n)
			fake_transfer_take(t, 1 + below(t->rq.body.n));
		assert_str(buf_str(&t->body), buf_str(&want));
		world_answer(&w, JSON_HEAD, STR("{}"));
		world_forget(&w);
	}
	assert_int_equal(replaced > count / 2, model != NULL);
	buf_release(&sent);
	buf_release(&want);
	world_release(&w);
}

static void bodies_go_up_as_they_came(void **state)
{
	seed = 1;
	exact_bodies(NULL, NULL, BODIES);
}

static void override_changes_models_only(void **state)
{
	static const char *const plain[] = { "override.model=claude-haiku-5", NULL };
	static const char *const odd[] = { "override.model=a \"model\" \\ \xC3\xA9", NULL };

	seed = 2;
	exact_bodies(plain, "\"claude-haiku-5\"", OVERRIDES);
	exact_bodies(odd, "\"a \\\"model\\\" \\\\ \xC3\xA9\"", OVERRIDES);
}

/* By hand, what generators may miss. */
static void override_by_hand(void **state)
{
	static const char *const sets[] = { "override.model=N", NULL };
	static const char *const rows[][2] = {
		{ "{}", "{}" },
		{ "{\"a\":1}", "{\"a\":1}" },
		{ "{\"model\":\"m\"}", "{\"model\":\"N\"}" },
		{ "{\"model\":null,\"model\" : 1e400 ,\"x\":{\"model\":1}}",
			"{\"model\":\"N\",\"model\" : \"N\" ,\"x\":{\"model\":1}}" },
		{ "{\"model\":{\"model\":[1,{}]},\"\\u006Dodel\":\"\\ud83d\"}",
			"{\"model\":\"N\",\"\\u006Dodel\":\"N\"}" },
		{ "{\"models\":1,\"x\":\"\\\"model\\\":1\"}",
			"{\"models\":1,\"x\":\"\\\"model\\\":1\"}" },
	};
	struct world w;

	world_init(&w, sets);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		world_post(&w, "/v1/messages/count_tokens", str_from(rows[i][0]));
		assert_str(world_transfer(&w)->rq.body, str_from(rows[i][1]));
		world_answer(&w, JSON_HEAD, STR("{}"));
	}
	world_release(&w);
}

/* ---- heads ---- */

/* A header line that sluice has no opinion on. */
static void add_header(struct buf *b)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!#$%&'*+^`|~";

	buf_add(b, STR("z"));
	for (size_t n = below(20); n > 0; n--)
		buf_add_char(b, letters[below(sizeof(letters) - 1)]);
	buf_add(b, STR(": "));
	/* Any byte but control characters; none of white space at the ends. */
	size_t n = below(4) == 0 ? 0 : 1 + below(60), start = b->n;
	while (b->n < start + n)
		buf_add_char(b, (char)(below(10) == 0 ? 0x80 + below(128) : 0x21 + below(94)));
	if (n > 2)
		b->p[start + 1] = below(2) != 0 ? ' ' : '\t';
	buf_add(b, STR("\n"));
}

/* The headers, a line each, without the first `skip` and those that are named. */
/* All but those whose names begin so. */
static void lines_of(struct buf *out, const struct http_header *h, size_t n, const char *but)
{
	for (size_t i = 0; i < n; i++)
		if (!str_starts_nocase(h[i].name, str_from(but)))
			buf_addf(out, "%.*s: %.*s\n", STR_ARG(h[i].name), STR_ARG(h[i].value));
}

static void headers_pass_both_ways(void **state)
{
	struct world w;
	struct buf up, down, got;
	unsigned status;

	seed = 3;
	world_init(&w, NULL);
	buf_init(&up, SIZE_MAX);
	buf_init(&down, SIZE_MAX);
	buf_init(&got, SIZE_MAX);
	for (int i = 0; i < HEADS; i++) {
		buf_clear(&up);
		for (size_t n = below(8); n > 0; n--)
			add_header(&up);
		buf_add_char(&up, '\0');
		struct conn *c = world_post_with(&w, "/v1/messages", up.p, STR("{}"));
		buf_clear(&got);
		lines_of(&got, world_transfer(&w)->rq.h, world_transfer(&w)->rq.n,
			"accept-encoding");
		assert_str(buf_str(&got), ((struct str){ up.p, up.n - 1 }));

		buf_clear(&down);
		status = 200 + (unsigned)below(400);
		buf_addf(&down, "%u Rea son\n", status);
		size_t first = down.n;
		for (size_t n = below(8); n > 0; n--)
			add_header(&down);
		buf_add_char(&down, '\0');
		world_answer(&w, down.p, STR(""));
		assert_int_equal(c->reply.status, status);
		assert_bytes(c->reply.reason, "Rea son");
		buf_clear(&got);
		lines_of(&got, c->reply.h, c->reply.n, "x-sluice-");
		assert_str(buf_str(&got), ((struct str){ down.p + first, down.n - first - 1 }));
		world_forget(&w);
	}
	buf_release(&up);
	buf_release(&down);
	buf_release(&got);
	world_release(&w);
}

/* ---- replies ---- */

static void add_any_bytes(struct buf *b)
{
	for (size_t n = below(2000); n > 0; n--)
		buf_add_char(b, (char)below(256));
}

static void add_stream(struct buf *b)
{
	static const char *const pieces[] = { "\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "\r\r",
		"data: ", "data", ":", ": c", "event: error", "event: message_start",
		"event: message_delta", "event: content_block_delta", "id: 1", "\xEF\xBB\xBF", "{}",
		"{\"usage\":{\"output_tokens\":1}}", "{\"error\":", "x", "\xF0\x9F\x98\x80" };

	for (size_t n = below(80); n > 0; n--)
		buf_add(b, str_from(pieces[below(ARRAY_LEN(pieces))]));
	if (below(10) == 0)
		for (int i = 0; i < 3000; i++)
			buf_add_char(b, 'y');
}

static void replies_come_down(const char *const *heads, size_t nheads, size_t count)
{
	static const char *const targets[] = { "/v1/messages", "/v1/messages", "/v1/files",
		"/v1/messages/count_tokens" };
	static const char *const sets[] = { "limits.frame_bytes=1024", NULL };
	struct world w;
	struct buf body, head;

	world_init(&w, sets);
	buf_init(&body, SIZE_MAX);
	buf_init(&head, SIZE_MAX);
	for (size_t i = 0; i < count; i++) {
		buf_clear(&body);
		below(2) != 0 ? add_any_bytes(&body) : add_stream(&body);
		buf_clear(&head);
		buf_addf(&head, "%s%c", heads[below(nheads)], '\0');
		struct conn *c = world_post(&w, targets[below(ARRAY_LEN(targets))], STR("{}"));
		struct transfer *t = world_transfer(&w);
		fake_transfer_take(t, below(3));
		fake_transfer_head(t, head.p);
		for (struct str rest = buf_str(&body); rest.n > 0;) {
			size_t n = 1 + below(below(3) != 0 ? 10 : rest.n);
			n = n < rest.n ? n : rest.n;
			fake_transfer_body(t, (struct str){ rest.p, n });
			rest = str_from_offset(rest, n);
		}
		fake_transfer_done(t, UPSTREAM_OK, "");
		assert_int_equal(c->end, FAKE_ENDED);
		assert_str(buf_str(&c->body), buf_str(&body));
		world_forget(&w);
	}
	buf_release(&body);
	buf_release(&head);
	world_release(&w);
}

static void replies_are_exact(void **state)
{
	static const char *const heads[] = { JSON_HEAD, "500 \nContent-Type: text/html", "200 OK" };

	seed = 4;
	replies_come_down(heads, ARRAY_LEN(heads), REPLIES);
}

static void streams_are_exact(void **state)
{
	static const char *const heads[] = { STREAM_HEAD,
		"429 x\nContent-Type: TEXT/EVENT-STREAM" };

	seed = 5;
	replies_come_down(heads, ARRAY_LEN(heads), STREAMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_go_up_as_they_came),
		cmocka_unit_test(override_changes_models_only),
		cmocka_unit_test(override_by_hand),
		cmocka_unit_test(headers_pass_both_ways),
		cmocka_unit_test(replies_are_exact),
		cmocka_unit_test(streams_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
