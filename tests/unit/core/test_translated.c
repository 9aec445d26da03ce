/* SPDX-License-Identifier: MIT */
/* Exchanges with a provider of another dialect at their edges: names and keys that must not get where they do not belong, replies that are
 * not what they say, ends that do not come, and what is written down of all that. */
#include "unit/core/exchange_fake.h"

#include "base/redact.h"
#include "core/learned.h"

#include <stdio.h>

#define KEY "sk-ours-0123456789abcdef"

static const char *const sets[] = { "models=*=openai/*", "providers.openai.api_key=" KEY,
	"log.format=json", NULL };

#define ASK(model, more) \
	"{\"model\":\"" model "\",\"max_tokens\":9," more \
	"\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"
#define CHUNK(delta, finish) \
	"data: {\"id\":\"chatcmpl-1\",\"model\":\"gpt-4.1\",\"choices\":[{\"index\":0,\"delta\":" delta \
	",\"finish_reason\":" finish "}]}\n\n"
#define TEXT   CHUNK("{\"content\":\"Hel\"}", "null")
#define FINISH CHUNK("{}", "\"stop\"")
#define DONE   "data: [DONE]\n\n"
#define REPLY \
	"{\"id\":\"chatcmpl-1\",\"model\":\"gpt-4.1\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\"," \
	"\"content\":\"Hello\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}"

static bool has(struct str s, const char *what)
{
	return str_find(s, str_from(what)) < s.n;
}

static struct conn *ask(struct world *w, const char *const *with, struct str body)
{
	world_init(w, with);
	w->svc.learned = learned_new(&w->svc);
	return world_post(w, "/v1/messages", body);
}

static void release(struct world *w)
{
	learned_free(w->svc.learned);
	world_release(w);
}

/* ---- names ---- */

static void name_ends_no_line_of_the_head(void **state)
{
	struct world w;
	struct conn *c = ask(&w, sets, STR(ASK("gpt\\r\\nset-cookie: a=b\\u0000\\u00e9", "")));

	world_answer(&w, JSON_HEAD, STR(REPLY));
	assert_int_equal(c->reply.status, 200);
	for (size_t i = 0; i < c->reply.n; i++)
		for (size_t k = 0; k < c->reply.h[i].value.n; k++)
			assert_in_range((unsigned char)c->reply.h[i].value.p[k], ' ', '~');
	assert_absent(fake_conn_header(c, "set-cookie"));
	assert_header(c, "x-sluice-model", "gpt??set-cookie:?a=b???");
	release(&w);
}

static void name_stays_in_its_place_of_the_path(void **state)
{
	static const char *const gemini[] = { "models=*=gemini/*", "providers.gemini.api_key=" KEY,
		NULL };
	static const char *const targets[] = {
		"/v1beta/models/a%0d%0ax:%20y:generateContent",
		"/v1beta/models/a%3fb%23c%20:generateContent",
		"/v1beta/models/%2e%2e%2f..%2ffiles:generateContent",
	};
	struct world w;

	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		world_init(&w, gemini);
		world_post(&w, targets[i], STR("{\"contents\":[]}"));
		struct str target = str_from(world_transfer(&w)->rq.target);
		assert_true(str_starts(target, STR("/v1beta/models/")));
		assert_true(str_ends(target, STR(":generateContent")));
		target = str_from_offset(target, 15);
		for (size_t k = 0; k < target.n; k++) {
			assert_in_range((unsigned char)target.p[k], '!', '~');
			assert_null(memchr("/?#", target.p[k], 3));
		}
		world_answer(&w, JSON_HEAD, STR("{}"));
		world_release(&w);
	}
}

/* ---- keys ---- */

#define GENERATE "/v1beta/models/m:generateContent"

static struct str body_for(const char *target)
{
	struct str path = str_from(target);

	if (str_starts(path, STR("/v1beta/")))
		return STR("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}]}");
	if (str_eq(path, STR("/v1/responses")))
		return STR("{\"model\":\"m\",\"input\":\"hi\"}");
	return STR(ASK("m", ""));
}

static void key_of_a_client_in_the_query_stays_at_home(void **state)
{
	static const char *const other[] = { "models=*=mine/*", "providers.mine.dialect=gemini",
		"providers.mine.base_url=http://127.0.0.1:9", "providers.mine.api_key=" KEY, NULL };
	static const char *const ours[] = { "providers.gemini.api_key=" KEY, NULL };
	const char *target =
		"/v1beta/models/m:streamGenerateContent?alt=sse&key=AIzaClient&x=1&k%65y=Client";
	struct world w;

	for (unsigned i = 0; i < 2; i++) {
		world_init(&w, i == 0 ? other : ours);
		world_post(&w, target, STR("{\"contents\":[]}"));
		assert_str(str_from(world_transfer(&w)->rq.target),
			STR("/v1beta/models/m:streamGenerateContent?alt=sse&x=1"));
		world_answer(&w, JSON_HEAD, STR("{}"));
		world_release(&w);
	}
	world_init(&w, NULL);
	world_post(&w, target, STR("{\"contents\":[]}"));
	assert_str(str_from(world_transfer(&w)->rq.target), str_from(target));
	world_answer(&w, JSON_HEAD, STR("{}"));
	world_release(&w);
}

static void headers_that_hold_secrets_stay_at_home(void **state)
{
	static const char *const other[] = { "models=*=mine/*", "providers.mine.dialect=anthropic",
		"providers.mine.base_url=http://127.0.0.1:9", "providers.mine.api_key=" KEY, NULL };
	struct world w;

	world_init(&w, other);
	world_post_with(&w, "/v1/messages",
		"Cookie: session=1\napi-key: azure\nx-api-key: c\nauthorization: Bearer c\n",
		STR(ASK("m", "")));
	const struct transfer *t = world_transfer(&w);
	assert_absent(fake_transfer_header(t, "cookie"));
	assert_absent(fake_transfer_header(t, "api-key"));
	assert_absent(fake_transfer_header(t, "authorization"));
	assert_str(fake_transfer_header(t, "x-api-key"), STR(KEY));
	world_answer(&w, JSON_HEAD, STR("{}"));
	world_release(&w);
}

/* Also where it speaks another API than its clients: they have no other key. */
static void key_of_a_client_goes_to_its_home(void **state)
{
#define OUR "0123456789abcdef"
	static const struct {
		const char *setting, *target, *in, *header, *want;
	} rows[] = {
		{ "providers.openai.dialect=chat", "/v1/responses", "Authorization: bearer c\n",
			"authorization", "Bearer c" },
		{ "providers.openai.dialect=anthropic", "/v1/chat/completions",
			"authorization: Bearer c\n", "x-api-key", "c" },
		{ "providers.anthropic.dialect=chat", "/v1/messages", "x-api-key: c\n",
			"authorization", "Bearer c" },
		{ "providers.anthropic.dialect=gemini", "/v1/messages", "authorization: Bearer c\n",
			"x-goog-api-key", "c" },
		{ "providers.gemini.dialect=chat", GENERATE, "X-Goog-Api-Key: c\n", "authorization",
			"Bearer c" },
		{ "providers.gemini.dialect=chat", GENERATE "?alt=x&k%65y=c%2Bd", "",
			"authorization", "Bearer c+d" },
		/* That of its own API first. */
		{ "providers.anthropic.dialect=chat", "/v1/messages",
			"authorization: Bearer d\nx-api-key: c\n", "authorization", "Bearer c" },
		/* Nothing else that is called authorization, and not what lets in here. */
		{ "providers.anthropic.dialect=gemini", "/v1/messages",
			"authorization: Basic dTpw\n", "x-goog-api-key", NULL },
		{ "providers.anthropic.dialect=chat", "/v1/messages",
			"authorization: Bearer " OUR "\nx-api-key: " OUR "\nx-goog-api-key: " OUR
			"\n",
			"authorization", NULL },
		{ "providers.gemini.dialect=chat", GENERATE "?key=" OUR, "", "authorization",
			NULL },
		{ "providers.gemini.dialect=chat", GENERATE "?key=c%0d%0aa:%20b", "",
			"authorization", NULL },
		{ "providers.gemini.dialect=chat", GENERATE "?key&key=&x=", "", "authorization",
			NULL },
		{ "providers.anthropic.dialect=chat", "/v1/messages",
			"authorization: Bearer c\nx-api-key: " OUR "\n", "authorization",
			"Bearer c" },
	};
	struct world w;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const with[] = { rows[i].setting, "auth.key=" OUR, NULL };
		char headers[200];
		world_init(&w, with);
		snprintf(headers, sizeof(headers), "x-sluice-key: " OUR "\n%s", rows[i].in);
		world_post_with(&w, rows[i].target, headers, body_for(rows[i].target));
		struct str got = fake_transfer_header(world_transfer(&w), rows[i].header);
		if (rows[i].want == NULL)
			assert_absent(got);
		else
			assert_str(got, str_from(rows[i].want));
		for (size_t k = 0; k < world_transfer(&w)->rq.n; k++)
			assert_false(has(world_transfer(&w)->rq.h[k].value, OUR));
		assert_false(has(str_from(world_transfer(&w)->rq.target), OUR));
		world_answer(&w, JSON_HEAD, STR("{}"));
		world_release(&w);
	}
#undef OUR
}

/* A key of the configuration takes its place; one for a provider that is not its home is nobody's business. */
static void key_of_a_client_goes_nowhere_else(void **state)
{
	static const char *const ours[] = { "providers.anthropic.dialect=chat",
		"providers.anthropic.api_key=" KEY, NULL };
	static const char *const other[] = { "models=*=mine/*", "providers.mine.dialect=chat",
		"providers.mine.base_url=http://127.0.0.1:9", NULL };
	struct world w;

	for (unsigned i = 0; i < 2; i++) {
		world_init(&w, i == 0 ? ours : other);
		world_post_with(&w, "/v1/messages",
			"x-api-key: client\nauthorization: Bearer client\n", STR(ASK("m", "")));
		const struct transfer *t = world_transfer(&w);
		assert_absent(fake_transfer_header(t, "x-api-key"));
		if (i == 0)
			assert_bytes(fake_transfer_header(t, "authorization"), "Bearer " KEY);
		else
			assert_absent(fake_transfer_header(t, "authorization"));
		world_answer(&w, JSON_HEAD, STR("{}"));
		world_release(&w);
	}
}

/* A key that looks like nobody's. */
static void our_key_is_not_told_on(void **state)
{
	static const char *const odd[] = { "models=*=openai/*",
		"providers.openai.api_key=hunter2-hunter2", "log.format=json", NULL };
	struct world w;
	struct conn *c = ask(&w, odd, STR(ASK("gpt-4.1", "")));

	world_answer(&w, "401 Unauthorized\nContent-Type: application/json",
		STR("{\"error\":{\"message\":\"no such key: hunter2-hunter2\"}}"));
	assert_int_equal(c->reply.status, 401);
	assert_true(has(buf_str(&c->body), "no such key"));
	assert_false(has(buf_str(&c->body), "hunter2"));
	assert_false(has(world_log(&w), "hunter2"));
	release(&w);

	c = ask(&w, odd, STR(ASK("gpt-4.1", "\"stream\":true,")));
	fake_transfer_head(world_transfer(&w), STREAM_HEAD);
	fake_transfer_body(world_transfer(&w), STR(TEXT));
	fake_transfer_body(world_transfer(&w),
		STR("data: {\"error\":{\"message\":\"no such key: hunter2-hunter2\",\"code\":500}}\n\n"));
	fake_loop_settle(w.loop);
	assert_true(has(buf_str(&c->body), "no such key"));
	assert_false(has(buf_str(&c->body), "hunter2"));
	assert_false(has(world_log(&w), "hunter2"));
	release(&w);
}

static void headers_of_the_configuration_come_once(void **state)
{
	static const char *const own[] = { "models=*=openai/*", "providers.openai.api_key=" KEY,
		"providers.openai.headers=user-agent=me,accept=x/y", NULL };
	struct world w;
	unsigned agents = 0, accepts = 0;

	ask(&w, own, STR(ASK("gpt-4.1", "")));
	const struct transfer *t = world_transfer(&w);
	for (size_t i = 0; i < t->rq.n; i++) {
		agents += str_eq_nocase(t->rq.h[i].name, STR("user-agent"));
		accepts += str_eq_nocase(t->rq.h[i].name, STR("accept"));
	}
	assert_int_equal(agents, 1);
	assert_int_equal(accepts, 1);
	world_answer(&w, JSON_HEAD, STR(REPLY));
	release(&w);
}

/* ---- replies ---- */

static void count_is_no_stream(void **state)
{
	static const char *const gemini[] = { "models=*=gemini/*", "providers.gemini.api_key=" KEY,
		NULL };
	struct world w;

	world_init(&w, gemini);
	struct conn *c = world_post(
		&w, "/v1/messages/count_tokens", STR(ASK("gemini-3-pro", "\"stream\":true,")));
	world_answer(&w, JSON_HEAD, STR("{\"totalTokens\":12}"));
	assert_header(c, "content-type", "application/json");
	assert_bytes(buf_str(&c->body), "{\"input_tokens\":12}");
	world_release(&w);
}

static void json_that_is_called_a_stream(void **state)
{
	struct world w;
	struct conn *c = ask(&w, sets, STR(ASK("gpt-4.1", "\"stream\":true,")));

	world_answer(&w, STREAM_HEAD,
		STR("\n{\"error\":{\"message\":\"slow down\",\"code\":\"rate_limit_exceeded\"}}"));
	assert_int_equal(c->reply.status, 429);
	assert_true(has(buf_str(&c->body), "slow down"));
	release(&w);

	c = ask(&w, sets, STR(ASK("gpt-4.1", "")));
	world_answer(&w, STREAM_HEAD, STR(REPLY));
	assert_int_equal(c->reply.status, 200);
	assert_true(has(buf_str(&c->body), "Hello"));
	release(&w);
}

/* The client has all of it, and the provider neither says more nor ends. */
static void provider_that_stays(void **state)
{
	struct world w;
	struct conn *c = ask(&w, sets, STR(ASK("gpt-4.1", "\"stream\":true,")));

	fake_transfer_head(world_transfer(&w), STREAM_HEAD);
	fake_transfer_body(world_transfer(&w), STR(TEXT FINISH DONE));
	fake_loop_settle(w.loop);
	assert_true(has(buf_str(&c->body), "message_stop"));
	assert_int_equal(c->end, FAKE_OPEN); /* it may yet be used again */
	fake_loop_advance(w.loop, 2000);
	assert_int_equal(c->end, FAKE_ENDED);
	assert_int_equal(world_transfer(&w)->state, FAKE_CANCELLED);
	release(&w);
}

static void request_is_let_go_of_when_it_was_sent(void **state)
{
	struct world w;
	struct conn *c = ask(&w, sets, STR(ASK("gpt-4.1", "\"stream\":true,")));
	struct transfer *t = world_transfer(&w);

	fake_transfer_head(t, STREAM_HEAD); /* before the request was taken */
	fake_transfer_body(t, STR(TEXT));
	fake_transfer_take(t, SIZE_MAX);
	fake_transfer_body(t, STR(TEXT));
	fake_transfer_body(t, STR(TEXT FINISH DONE));
	fake_transfer_done(t, UPSTREAM_OK, "");
	assert_int_equal(c->end, FAKE_ENDED);
	assert_true(has(buf_str(&c->body), "message_stop"));
	release(&w);
}

static void prewarming_in_the_form_that_was_asked_for(void **state)
{
	struct world w;
	struct conn *c;

	world_init(&w, sets);
	c = world_post(&w, "/v1/messages",
		STR("{\"model\":\"gpt-4.1\",\"max_tokens\":0,\"stream\":true,"
		    "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"));
	assert_null(world_transfer(&w));
	assert_header(c, "content-type", "text/event-stream; charset=utf-8");
	assert_header(c, "x-sluice-warnings", "prewarm_local");
	assert_true(has(buf_str(&c->body), "event: message_stop\n"));
	world_release(&w);
}

/* The status was told, whatever becomes of the body. */
static void refusal_that_breaks_off(void **state)
{
	struct world w;
	struct conn *c = ask(&w, sets, STR(ASK("gpt-4.1", "\"stream\":true,")));

	fake_transfer_take(world_transfer(&w), SIZE_MAX);
	fake_transfer_head(world_transfer(&w), "429 Too Many Requests\nRetry-After: 7");
	fake_transfer_body(world_transfer(&w), STR("{\"error\":{\"message\":\"slow do"));
	fake_transfer_done(world_transfer(&w), UPSTREAM_BROKEN, "it broke");
	assert_int_equal(c->reply.status, 429);
	assert_header(c, "retry-after", "7");
	assert_true(has(buf_str(&c->body), "upstream returned HTTP 429"));
	release(&w);
}

/* ---- what is written down ---- */

static void refusals_and_warnings_are_logged(void **state)
{
	struct world w;
	struct conn *c = ask(&w, sets, STR(ASK("gpt-4.1", "\"top_k\":3,")));

	world_answer(&w, "429 Too Many Requests\nContent-Type: application/json",
		STR("{\"error\":{\"message\":\"slow down\",\"code\":\"rate_limit_exceeded\"}}"));
	assert_int_equal(c->reply.status, 429);
	assert_true(has(world_log(&w), "\"stream_error\":\"rate_limit_exceeded\""));
	assert_true(has(world_log(&w), "\"warnings\":\"top_k_dropped\""));
	release(&w);
}

/* Also what the provider has said and the client's dialect has no words for. */
static void losses_of_the_reply_are_told(void **state)
{
	static const char *const gemini[] = { "models=*=gemini/*", "providers.gemini.api_key=" KEY,
		"log.format=json", NULL };
	struct world w;
	struct conn *c = ask(&w, gemini, STR(ASK("gemini-3-pro", "")));

	world_answer(&w, JSON_HEAD,
		STR("{\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\","
		    "\"data\":\"AAAA\"}},{\"text\":\"hi\"}]},\"finishReason\":\"STOP\"}]}"));
	assert_int_equal(c->reply.status, 200);
	assert_header(c, "x-sluice-warnings", "image_omitted");
	assert_true(has(world_log(&w), "\"warnings\":\"image_omitted\""));
	release(&w);
}

/* ---- learning ---- */

#define REFUSED \
	"{\"error\":{\"message\":\"Unsupported parameter: 'temperature' is not supported with this model.\"," \
	"\"type\":\"invalid_request_error\"}}"
#define BAD_HEAD "400 Bad Request\nContent-Type: application/json"

static void answer_to(struct transfer *t, const char *head, struct str body)
{
	fake_transfer_take(t, SIZE_MAX);
	fake_transfer_head(t, head);
	fake_transfer_body(t, body);
	fake_transfer_done(t, UPSTREAM_OK, "");
}

/* Both were asked before either was refused. */
static void two_learn_the_same(void **state)
{
	struct world w;
	struct conn *one = ask(&w, sets, STR(ASK("gpt-x", "\"temperature\":0.5,")));
	struct transfer *first = world_transfer(&w), *second, *again;
	struct conn *two =
		world_post(&w, "/v1/messages", STR(ASK("gpt-x", "\"temperature\":0.5,")));

	second = world_transfer(&w);
	assert_true(has(second->rq.body, "temperature"));
	answer_to(first, BAD_HEAD, STR(REFUSED));
	fake_loop_settle(w.loop);
	again = world_transfer(&w);
	assert_false(has(again->rq.body, "temperature"));
	answer_to(again, JSON_HEAD, STR(REPLY));
	assert_int_equal(one->reply.status, 200);
	assert_header(one, "x-sluice-warnings", "temperature_dropped");
	/* Both attempts together, of which only one has used anything. */
	assert_true(
		has(world_log(&w), "\"input_tokens\":5,\"output_tokens\":2,\"estimated\":false"));
	assert_true(has(world_log(&w), "\"attempts\":2,"));
	answer_to(second, BAD_HEAD, STR(REFUSED));
	fake_loop_settle(w.loop);
	again = world_transfer(&w);
	assert_ptr_not_equal(again, second);
	assert_false(has(again->rq.body, "temperature"));
	/* Refused all the same: that was it. */
	answer_to(again, BAD_HEAD, STR(REFUSED));
	fake_loop_settle(w.loop);
	assert_ptr_equal(again, world_transfer(&w));
	assert_int_equal(two->reply.status, 400);
	release(&w);
}

/* ---- everything at every step ---- */

enum strike { GONE, BROKEN, TIMEOUT, STALE, FINE, STRIKES };

#define WANTS \
	"{\"model\":\"gpt-4.1\",\"max_tokens\":9,\"stream\":true,\"temperature\":0.5,\"top_k\":3," \
	"\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"

/* A refused try, then a stream in pieces that end within frames. False when there are fewer steps. */
static bool step(struct world *w, unsigned n)
{
	static const char stream[] = TEXT ": ping\n\n" TEXT FINISH DONE;
	enum { PIECE = 61 };
	struct transfer *t = world_transfer(w);
	size_t at = (n - 5) * PIECE;

	switch (n) {
	case 0:
		fake_transfer_take(t, 7);
		return true;
	case 1:
		fake_transfer_take(t, SIZE_MAX);
		fake_transfer_head(t, BAD_HEAD);
		return true;
	case 2:
		fake_transfer_body(t, STR(REFUSED));
		return true;
	case 3:
		fake_transfer_done(t, UPSTREAM_OK, "");
		fake_loop_settle(w->loop);
		return true;
	case 4:
		fake_transfer_take(t, SIZE_MAX);
		fake_transfer_head(t, STREAM_HEAD);
		return true;
	default:
		if (at >= sizeof(stream) - 1)
			return false;
		size_t left = sizeof(stream) - 1 - at;
		fake_transfer_body(t, (struct str){ stream + at, left < PIECE ? left : PIECE });
		fake_loop_advance(w->loop, 20);
		return true;
	}
}

static void strike(struct world *w, struct conn *c, enum strike how)
{
	static const enum upstream_failure why[STRIKES] = {
		[BROKEN] = UPSTREAM_BROKEN,
		[TIMEOUT] = UPSTREAM_TIMEOUT,
		[STALE] = UPSTREAM_STALE,
		[FINE] = UPSTREAM_OK,
	};

	if (how == GONE) {
		fake_conn_gone(c);
		return;
	}
	if (how == FINE && world_transfer(w)->state == FAKE_WAITING)
		fake_transfer_head(world_transfer(w), JSON_HEAD);
	fake_transfer_done(world_transfer(w), why[how], "it broke");
	fake_loop_settle(w->loop);
	/* What was tried again fails as well. */
	for (unsigned i = 0; c->end == FAKE_OPEN && i < 4; i++) {
		fake_transfer_done(world_transfer(w), UPSTREAM_CONNECT, "it is away");
		fake_loop_settle(w->loop);
	}
}

/* Never a good end that the provider has not told, never two heads, never none. */
static void check_end(const struct conn *c, bool whole)
{
	struct str body = buf_str(&c->body);

	if (c->end == FAKE_GONE)
		return;
	assert_int_equal(c->end, FAKE_ENDED);
	assert_int_equal(has(body, "message_stop"), whole);
	assert_int_equal(has(body, "\"type\":\"error\""), !whole);
	if (c->reply.status == 200)
		assert_true(has(body, "message_start"));
}

static void strikes_at_every_step(void **state)
{
	static const char *const with[] = { "models=*=openai/*", "providers.openai.api_key=" KEY,
		"limits.ping_s=0.03", NULL };
	unsigned ends = 0;
	bool more = true;

	for (unsigned n = 0; more; n++)
		for (unsigned how = 0; how < STRIKES && more; how++) {
			struct world w;
			struct conn *c = ask(&w, with, STR(WANTS));
			for (unsigned i = 0; i < n && more; i++)
				more = step(&w, i);
			bool whole = has(buf_str(&c->body), "message_stop");
			strike(&w, c, (enum strike)how);
			fake_loop_advance(w.loop, 5000);
			/* The end of the transfer can be that of the stream's last frame. */
			if (!whole && how == FINE)
				whole = has(buf_str(&c->body), "message_stop");
			check_end(c, whole);
			ends += whole;
			release(&w);
		}
	assert_true(ends > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_ends_no_line_of_the_head),
		cmocka_unit_test(name_stays_in_its_place_of_the_path),
		cmocka_unit_test(key_of_a_client_in_the_query_stays_at_home),
		cmocka_unit_test(headers_that_hold_secrets_stay_at_home),
		cmocka_unit_test(key_of_a_client_goes_to_its_home),
		cmocka_unit_test(key_of_a_client_goes_nowhere_else),
		cmocka_unit_test(our_key_is_not_told_on),
		cmocka_unit_test(headers_of_the_configuration_come_once),
		cmocka_unit_test(count_is_no_stream),
		cmocka_unit_test(json_that_is_called_a_stream),
		cmocka_unit_test(provider_that_stays),
		cmocka_unit_test(request_is_let_go_of_when_it_was_sent),
		cmocka_unit_test(prewarming_in_the_form_that_was_asked_for),
		cmocka_unit_test(refusal_that_breaks_off),
		cmocka_unit_test(refusals_and_warnings_are_logged),
		cmocka_unit_test(losses_of_the_reply_are_told),
		cmocka_unit_test(two_learn_the_same),
		cmocka_unit_test(strikes_at_every_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
