/* SPDX-License-Identifier: MIT */
/* The state of the proxy as JSON: every member that docs/api.md names, whatever clients call things, and no secrets. */
#include "unit/core/exchange_fake.h"

#include "admin/admin.h"
#include "admin/state.h"

#include <yyjson.h>

#define NASTY "X-Claude-Code-Session-Id: \"><img onerror=1>\\\n"

/* What an endpoint answers, as a document that the caller frees. */
static yyjson_doc *ask(struct world *w, const char *request)
{
	struct conn *c;

	w->svc.locals = admin_endpoints;
	w->svc.nlocals = admin_nendpoints;
	c = fake_conn_begin(w->server, request);
	fake_loop_settle(w->loop);
	assert_int_equal(c->reply.status, 200);
	yyjson_doc *doc = yyjson_read(c->body.p, c->body.n, 0);
	assert_non_null(doc);
	return doc;
}

static void has_members(yyjson_val *v, const char *const *names)
{
	assert_true(yyjson_is_obj(v));
	for (; *names != NULL; names++)
		if (yyjson_obj_get(v, *names) == NULL)
			fail_msg("\"%s\" is missing", *names);
}

static void everything(void **state)
{
	static const char *const top[] = { "at_ms", "version", "started_ms", "draining", "ledger",
		"open", "ended", "conversations", "totals", "today", "providers", NULL };
	static const char *const open[] = { "id", "conversation", "session", "project", "kind",
		"model", "provider", "stage", "begin_ms", "first_us", "streamed", "reply_bytes",
		"tokens", "tokens_per_s", "cost_nusd", NULL };
	static const char *const ended[] = { "seq", "at_ms", "id", "conversation", "project",
		"kind", "model", "provider", "status", "error", "tokens", "cost_nusd", "saved_nusd",
		"lost_nusd", "cause", "first_us", "duration_us", NULL };
	static const char *const conversation[] = { "id", "session", "project", "model", "last_ms",
		"exchanges", "hit_rate", "cost_nusd", "saved_nusd", "lost_nusd", NULL };
	static const char *const provider[] = { "name", "dialect", "base_url", "key", "health",
		"requests", "errors", "last_ms", "last_error", "last_error_ms", "first_us_p50",
		"quota", NULL };
	struct world w;

	world_init(&w, NULL);
	world_post_with(&w, "/v1/messages", NASTY, STR(BODY));
	world_answer(&w, STREAM_HEAD, STR(START DELTA USAGE STOP));
	struct conn *c = stream_open(&w);
	yyjson_doc *doc = ask(&w, "GET /sluice/api/state\nHost: localhost");
	yyjson_val *root = yyjson_doc_get_root(doc), *providers = yyjson_obj_get(root, "providers");
	has_members(root, top);
	has_members(yyjson_arr_get_first(yyjson_obj_get(root, "open")), open);
	has_members(yyjson_arr_get_first(yyjson_obj_get(root, "ended")), ended);
	has_members(yyjson_arr_get_first(yyjson_obj_get(root, "conversations")), conversation);
	has_members(yyjson_arr_get_first(providers), provider);
	assert_string_equal(
		yyjson_get_str(yyjson_obj_get(
			yyjson_arr_get_first(yyjson_obj_get(root, "conversations")), "session")),
		"\"><img onerror=1>\\");
	assert_string_equal(
		yyjson_get_str(yyjson_obj_get(yyjson_obj_get(root, "ledger"), "state")), "off");
	assert_true(yyjson_is_null(yyjson_obj_get(root, "today")));
	yyjson_doc_free(doc);
	fake_conn_gone(c);
	world_release(&w);
}

/* Names that clients make up are cut, so that those who watch always get a state. */
static void long_names(void **state)
{
	struct buf body;
	struct world w;

	buf_init(&body, SIZE_MAX);
	buf_add(&body, STR("{\"max_tokens\":1,\"stream\":true,\"messages\":[],\"model\":\""));
	for (size_t i = 0; i < 100000; i++)
		buf_add_char(&body, 'm');
	buf_add(&body, STR("\"}"));
	world_init(&w, NULL);
	struct conn *c = world_post_with(
		&w, "/v1/messages", "X-Claude-Code-Session-Id: s-9\n", buf_str(&body));
	yyjson_doc *doc = ask(&w, "GET /sluice/api/state\nHost: localhost");
	yyjson_val *open = yyjson_obj_get(yyjson_doc_get_root(doc), "open");
	yyjson_val *first = yyjson_arr_get_first(open);
	assert_int_equal(yyjson_get_len(yyjson_obj_get(first, "model")), 256);
	assert_string_equal(yyjson_get_str(yyjson_obj_get(first, "session")), "s-9");
	yyjson_doc_free(doc);
	fake_conn_gone(c);
	world_release(&w);
	buf_release(&body);
}

/* Many at once are counted, and only so many listed. */
static void is_bounded(void **state)
{
	struct conn *c[520];
	struct world w;

	world_init(&w, NULL);
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		c[i] = stream_open(&w);
	yyjson_doc *doc = ask(&w, "GET /sluice/api/state\nHost: localhost");
	yyjson_val *root = yyjson_doc_get_root(doc);
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(root, "open")), 500);
	assert_int_equal(yyjson_get_int(yyjson_obj_get(root, "open_count")), ARRAY_LEN(c));
	yyjson_doc_free(doc);
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		fake_conn_gone(c[i]);
	world_release(&w);
}

static void tables(void **state)
{
	static const char *const sets[] = {
		"providers.anthropic.api_key=sk-a-very-secret-key-0123456789",
		"providers.anthropic.proxy=http://user:hidden@proxy:1", NULL
	};
	static const char *const model[] = { "model", "provider", "input", "cache_read",
		"cache_write_5m", "cache_write_1h", "output", "context_tokens", "output_tokens",
		"as_of", "source", NULL };
	static const char *const setting[] = { "path", "type", "value", "default", "origin", "help",
		"secret", NULL };
	struct world w;
	size_t i, n, secrets = 0;
	yyjson_val *v;

	world_init(&w, sets);
	yyjson_doc *doc = ask(&w, "GET /sluice/api/models\nHost: localhost");
	yyjson_val *models = yyjson_obj_get(yyjson_doc_get_root(doc), "models");
	assert_int_equal(yyjson_arr_size(models), w.prices.n);
	has_members(yyjson_arr_get_first(models), model);
	yyjson_doc_free(doc);
	doc = ask(&w, "GET /sluice/api/settings\nHost: localhost");
	yyjson_val *settings = yyjson_obj_get(yyjson_doc_get_root(doc), "settings");
	assert_int_equal(yyjson_arr_size(settings),
		config_settings.n + w.svc.config->nproviders * config_provider_settings.n);
	yyjson_arr_foreach(settings, i, n, v)
	{
		has_members(v, setting);
		secrets += yyjson_is_true(yyjson_obj_get(v, "secret"));
	}
	assert_int_equal(secrets, 1 + w.svc.config->nproviders);
	yyjson_doc_free(doc);
	struct str text = buf_str(&fake_server_last(w.server)->body);
	assert_true(str_find(text, STR("very-secret")) == text.n);
	assert_true(str_find(text, STR("hidden")) == text.n);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything),
		cmocka_unit_test(long_names),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
