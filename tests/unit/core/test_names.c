/* SPDX-License-Identifier: MIT */
/* What a client means by a model's name, and by the tag in its prompt; and that the tag goes no further than here. */
#include "unit/core/exchange_fake.h"

#include "core/catalog.h"
#include "core/names.h"
#include "llm/tag.h"

#include <stdio.h>
#include <string.h>

#define OURS "sk-ours-0123456789"
#define PROVIDERS \
	"providers.openai.api_key=" OURS, "providers.deepseek.api_key=" OURS, \
		"providers.up.dialect=openai", "providers.up.base_url=http://127.0.0.1:9", \
		"providers.bare.dialect=openai", "providers.bare.base_url=https://bare.example"
#define USE "route.use=default=openai/gpt-5,fast=deepseek/deepseek-chat temperature=0,think=up/t"

struct row {
	const char *name;
	enum name_kind kind;
	const char *provider, *model; /* NULL: none */
};

static void check_rows(const struct dialect *d, const char *const *sets, const struct row *rows)
{
	struct world w;

	world_init(&w, sets);
	for (; rows->name != NULL; rows++) {
		const struct exchange x = { .svc = &w.svc, .config = w.svc.config, .dialect = d };
		struct name n;
		names_find(&x, str_from(rows->name), &n);
		if (n.kind != rows->kind)
			print_error("%s\n", rows->name);
		assert_int_equal(n.kind, rows->kind);
		assert_non_null(n.why);
		check_bytes(n.target.provider, str_from(rows->provider), __FILE__, __LINE__);
		check_bytes(n.target.model, str_from(rows->model), __FILE__, __LINE__);
		assert_int_equal(n.target.params.n, 0);
	}
	world_release(&w);
}

static void names(void **state)
{
	static const char *const sets[] = { PROVIDERS, NULL };
	static const struct row rows[] = {
		{ "claude-opus-5-5", NAME_PLAIN, NULL, NULL },
		{ "", NAME_PLAIN, NULL, NULL },
		{ "deepseek,deepseek-chat", NAME_EXPLICIT, "deepseek", "deepseek-chat" },
		{ "deepseek/deepseek-chat", NAME_EXPLICIT, "deepseek", "deepseek-chat" },
		{ " DeepSeek , deepseek-chat ", NAME_EXPLICIT, "deepseek", "deepseek-chat" },
		{ "openai,gpt-5[1m]", NAME_EXPLICIT, "openai", "gpt-5[1m]" },
		{ "openai/a,b", NAME_PLAIN, NULL, NULL },
		{ "up,a/b,c", NAME_EXPLICIT, "up", "a/b,c" },
		{ "up/a/b:free", NAME_EXPLICIT, "up", "a/b:free" },
		/* The client's own provider needs no key here. */
		{ "anthropic/claude-opus-5-5", NAME_EXPLICIT, "anthropic", "claude-opus-5-5" },
		{ "anthropic,claude-opus-5-5", NAME_EXPLICIT, "anthropic", "claude-opus-5-5" },
		/* Others do, but a comma can mean nothing else: the client is told what is missing. */
		{ "bare/m", NAME_PLAIN, NULL, NULL },
		{ "bare,m", NAME_EXPLICIT, "bare", "m" },
		{ "mistral/m", NAME_PLAIN, NULL, NULL },
		{ "nobody/m", NAME_PLAIN, NULL, NULL },
		{ "nobody,m", NAME_PLAIN, NULL, NULL },
		{ ",m", NAME_PLAIN, NULL, NULL },
		{ "openai,", NAME_PLAIN, NULL, NULL },
		{ "openai/", NAME_PLAIN, NULL, NULL },
		{ "/", NAME_PLAIN, NULL, NULL },
		{ ",", NAME_PLAIN, NULL, NULL },
		/* Ours. */
		{ "sluice", NAME_AUTO, NULL, NULL },
		{ "sluice-fast", NAME_FAST, NULL, NULL },
		{ "sluice-best", NAME_BEST, NULL, NULL },
		{ "claude-sluice", NAME_AUTO, NULL, NULL },
		{ "claude-sluice-fast", NAME_FAST, NULL, NULL },
		{ "claude-sluice-best[1m]", NAME_BEST, NULL, NULL },
		{ "sluice-slow", NAME_PLAIN, NULL, NULL },
		{ "Sluice", NAME_PLAIN, NULL, NULL },
		{ NULL, 0, NULL, NULL },
	};

	check_rows(&dialect_anthropic, sets, rows);
}

/* An exact entry says more than anything else, a pattern less. */
static void with_the_table(void **state)
{
	static const char *const sets[] = {
		"models=mapped=openai/gpt-4.1,deepseek/exact=openai/by-table,"
		"sluice-best=openai/mine,*=up/*",
		PROVIDERS, NULL
	};
	static const struct row rows[] = {
		{ "mapped", NAME_EXPLICIT, "openai", "gpt-4.1" },
		{ "deepseek/exact", NAME_EXPLICIT, "openai", "by-table" },
		{ "deepseek/other", NAME_EXPLICIT, "deepseek", "other" },
		{ "deepseek,other", NAME_EXPLICIT, "deepseek", "other" },
		{ "sluice-best", NAME_EXPLICIT, "openai", "mine" },
		{ "sluice-fast", NAME_FAST, NULL, NULL },
		{ "claude-sluice", NAME_AUTO, NULL, NULL },
		{ "claude-opus-5-5", NAME_EXPLICIT, "up", "claude-opus-5-5" },
		{ "nobody/m", NAME_EXPLICIT, "up", "nobody/m" },
		{ NULL, 0, NULL, NULL },
	};

	check_rows(&dialect_anthropic, sets, rows);
}

/* Whose own provider serves many makers' models asks it for names with slashes; a comma is still a provider's. */
static void homes_of_many_makers(void **state)
{
	static const char *const
		by_manners[] = { "providers.openai.flavor=openrouter", PROVIDERS, NULL },
		*const by_address[] = { "providers.openai.base_url=https://openrouter.ai/api",
			PROVIDERS, NULL },
		*const other_home[] = { "providers.gemini.flavor=litellm", PROVIDERS, NULL };
	static const struct row stay[] = {
		{ "deepseek/deepseek-chat", NAME_PLAIN, NULL, NULL },
		{ "openai/gpt-5", NAME_PLAIN, NULL, NULL },
		{ "deepseek,deepseek-chat", NAME_EXPLICIT, "deepseek", "deepseek-chat" },
		{ "sluice", NAME_AUTO, NULL, NULL },
		{ NULL, 0, NULL, NULL },
	}, go[] = {
		{ "deepseek/deepseek-chat", NAME_EXPLICIT, "deepseek", "deepseek-chat" },
		{ "openai/gpt-5", NAME_EXPLICIT, "openai", "gpt-5" },
		{ NULL, 0, NULL, NULL },
	};

	check_rows(&dialect_openai, by_manners, stay);
	check_rows(&dialect_responses, by_address, stay);
	check_rows(&dialect_openai, other_home, go);
	check_rows(&dialect_anthropic, by_address, go);
}

/* ---- whole requests ---- */

#define TAG(name) "<" TAG_WORD ">" name "</" TAG_WORD ">"
#define ASK(tag, rest) \
	"{\"model\":\"claude-opus-5-5\",\"max_tokens\":9,\"system\":[{\"type\":\"text\",\"text\":\"" tag \
	"You help.\"}],\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}" rest "]}"
#define MORE ",{\"role\":\"assistant\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"b\"}"

static const char *const sets[] = { "route.tag=all", PROVIDERS, USE, NULL };

static void said_in_the_prompt(void **state)
{
	static const struct {
		const char *tag, *origin, *model;
	} rows[] = {
		{ "deepseek-anthropic,deepseek-chat", "https://api.deepseek.com", "deepseek-chat" },
		{ "openai/gpt-5", "https://api.openai.com", "gpt-5" },
		{ " OpenAI, gpt-5 ", "https://api.openai.com", "gpt-5" },
		{ "anthropic,claude-haiku-4-5", "https://api.anthropic.com", "claude-haiku-4-5" },
		{ "claude-haiku-4-5", "https://api.anthropic.com", "claude-haiku-4-5" },
		{ "gpt-5", "https://api.openai.com", "gpt-5" },
		{ "nobody-knows-it", "https://api.anthropic.com", "nobody-knows-it" },
		{ "sluice-fast", "https://api.deepseek.com", "deepseek-chat" },
		{ "", "https://api.anthropic.com", "claude-opus-5-5" },
	};
	static const char *const with[] = { PROVIDERS, "route.tag=all",
		"models=a=openai/gpt-5,b=deepseek-anthropic/m",
		"route.use=fast=deepseek/deepseek-chat temperature=0",
		"providers.deepseek-anthropic.api_key=" OURS, NULL };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char body[600], model[100];
		struct world w;
		world_init(&w, with);
		snprintf(body, sizeof(body), ASK("<" TAG_WORD ">%s</" TAG_WORD ">", ""),
			rows[i].tag);
		world_post_with(&w, "/v1/messages", "x-api-key: sk-client\n", str_from(body));
		struct transfer *t = world_transfer(&w);
		if (t == NULL)
			print_error("%s\n", rows[i].tag);
		assert_non_null(t);
		assert_string_equal(t->rq.origin, rows[i].origin);
		snprintf(model, sizeof(model), "\"model\":\"%s\"", rows[i].model);
		assert_true(str_find(t->rq.body, str_from(model)) < t->rq.body.n);
		assert_true(str_find(t->rq.body, STR(TAG_WORD)) == t->rq.body.n);
		assert_true(str_find(t->rq.body, STR("You help.")) < t->rq.body.n);
		world_answer(&w, JSON_HEAD, STR("{}"));
		world_release(&w);
	}
}

/* Nothing else changes; later requests of the conversation begin with the same bytes; and what is known of the prompt is known of what
 * was sent. */
static void only_the_tag_is_cut(void **state)
{
	static const struct {
		const char *with, *without;
	} rows[] = {
		{ ASK(TAG("anthropic,claude-opus-5-5"), ""), ASK("", "") },
		{ ASK(TAG("anthropic,claude-opus-5-5"), MORE), ASK("", MORE) },
	};
	struct world w;

	for (int off = 0; off < 2; off++)
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			const char *const quiet[] = { "route.tag=all",
				off ? "prefix.enabled=false" : NULL, NULL };
			world_init(&w, quiet);
			for (int tagged = 1; tagged >= 0; tagged--) {
				world_post_with(&w, "/v1/messages", "x-api-key: k\n",
					str_from(tagged ? rows[i].with : rows[i].without));
				assert_str(world_transfer(&w)->rq.body, str_from(rows[i].without));
				world_answer(&w, JSON_HEAD, STR("{}"));
			}
			world_release(&w);
		}
}

static void counting_too(void **state)
{
	static const char *const all[] = { "route.tag=all", NULL };
	struct world w;

	world_init(&w, all);
	world_post_with(&w, "/v1/messages/count_tokens", "x-api-key: k\n",
		STR(ASK(TAG("anthropic,claude-opus-5-5"), "")));
	assert_str(world_transfer(&w)->rq.body, STR(ASK("", "")));
	world_answer(&w, JSON_HEAD, STR("{\"input_tokens\":3}"));
	world_release(&w);
}

/* Told in the client's own dialect, without anybody being asked. */
static void unknown_providers(void **state)
{
	static const struct {
		const char *target, *body, *begins;
	} rows[] = {
		{ "/v1/messages", ASK(TAG("nobody,m"), ""),
			"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\"" },
		{ "/v1/messages", ASK(TAG("nobody/m"), ""), "{\"type\":\"error\"" },
		{ "/v1/chat/completions",
			"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"" TAG(
				"nobody,m") "\"}]}",
			"{\"error\":{\"message\"" },
		{ "/v1/responses", "{\"model\":\"m\",\"instructions\":\"" TAG("nobody,m") "\"}",
			"{\"error\":{\"message\"" },
		{ "/v1beta/models/m:generateContent",
			"{\"contents\":[{\"parts\":[{\"text\":\"" TAG("nobody,m") "\"}]}]}",
			"{\"error\":{\"code\":400" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* A pattern for everything is no answer to what was said on purpose. */
		static const char *const with[] = { "models=*=openai/gpt-5", "route.tag=all",
			PROVIDERS, NULL };
		struct world w;
		world_init(&w, i % 2 == 0 ? with : sets);
		struct conn *c = world_post_with(
			&w, rows[i].target, "authorization: Bearer k\n", str_from(rows[i].body));
		assert_null(world_transfer(&w));
		assert_int_equal(c->reply.status, 400);
		assert_true(str_starts(buf_str(&c->body), str_from(rows[i].begins)));
		assert_true(str_find(buf_str(&c->body), STR(TAG_WORD)) < c->body.n);
		assert_true(str_find(buf_str(&c->body), STR("no provider 'nobody'")) < c->body.n);
		world_release(&w);
	}
}

static const char agent[] = "x-claude-code-agent-id: a1\n",
		  named[] = "models=a=deepseek-anthropic/m",
		  used[] = "route.use=image=deepseek-anthropic/m",
		  spare[] = "route.fallbacks=deepseek-anthropic/m",
		  ruled[] = "route.rules=[{\"when\":\"images\",\"use\":\"deepseek-anthropic/m\"}]",
		  nothing[] = "log.level=error";
static const struct {
	const char *mode, *routing, *head, *billing, *tag;
	bool counts;
} counting[] = {
	{ "subagents", named, "", "", "deepseek-anthropic,x", false },
	{ "subagents", named, agent, "", "deepseek-anthropic,x", true },
	{ "subagents", named, "x-openai-subagent: review\n", "", "deepseek-anthropic,x", true },
	{ "subagents", named, "x-claude-code-request-class: subagent\n", "", "deepseek-anthropic,x",
		true },
	{ "subagents", named, "x-claude-code-request-class: main\n", "", "deepseek-anthropic,x",
		false },
	{ "subagents", named, "", "x-anthropic-billing-header: cc_version=2; cc_is_subagent=true;",
		"deepseek-anthropic,x", true },
	/* Neither in another block nor behind the line. */
	{ "subagents", named, "",
		"x-anthropic-billing-header: cc_version=2;\\ncc_is_subagent=true;",
		"deepseek-anthropic,x", false },
	{ "subagents", named, "", "My file. cc_is_subagent=true;", "deepseek-anthropic,x", false },
	{ "off", named, agent, "", "deepseek-anthropic,x", false },
	{ "all", named, "", "", "deepseek-anthropic,x", true },
	/* Whom the user's own routing does not know gets nothing. */
	{ "all", nothing, agent, "", "deepseek-anthropic,x", false },
	{ "subagents", nothing, agent, "", "deepseek-anthropic/x", false },
	{ "subagents", nothing, agent, "", "deepseek-chat", false },
	{ "subagents", nothing, agent, "", "nobody,x", false },
	{ "subagents", nothing, agent, "", "anthropic,x", true },
	{ "subagents", nothing, agent, "", "x", true },
	{ "subagents", used, agent, "", "deepseek-anthropic,x", true },
	{ "subagents", spare, agent, "", "deepseek-anthropic,x", true },
	{ "subagents", ruled, agent, "", "deepseek-anthropic,x", true },
};

/* Prompts hold files of other people. */
static void whose_tags_count(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(counting); i++) {
		char mode[40], body[900];
		const char *const with[] = { mode, counting[i].routing, "route.profile=observe",
			"providers.deepseek-anthropic.api_key=" OURS, NULL };
		struct world w;
		snprintf(mode, sizeof(mode), "route.tag=%s", counting[i].mode);
		snprintf(body, sizeof(body),
			"{\"model\":\"claude-opus-5-5\",\"max_tokens\":9,\"system\":["
			"{\"type\":\"text\",\"text\":\"%s\"},{\"type\":\"text\",\"text\":\"<" TAG_WORD
			">%s</" TAG_WORD "> cc_is_subagent=true\"}],\"messages\":[]}",
			counting[i].billing, counting[i].tag);
		world_init(&w, with);
		world_post_with(&w, "/v1/messages", counting[i].head, str_from(body));
		struct transfer *t = world_transfer(&w);
		assert_non_null(t);
		bool home = !counting[i].counts ||
			    str_find(str_from(counting[i].tag), STR("deepseek")) ==
				    strlen(counting[i].tag);
		if ((str_find(t->rq.body, STR(TAG_WORD)) == t->rq.body.n) != counting[i].counts)
			fail_msg("row %zu", i);
		assert_string_equal(t->rq.origin,
			home ? "https://api.anthropic.com" : "https://api.deepseek.com");
		if (!counting[i].counts)
			assert_str(t->rq.body, str_from(body));
		world_answer(&w, JSON_HEAD, STR("{}"));
		world_release(&w);
	}
}

/* A provider before a comma is no part of a model's name: its user is told of the slip. */
static void slips(void **state)
{
	static const char slip[] = "{\"model\":\"depseek,x\",\"max_tokens\":9,\"messages\":[]}";
	static const char *const fits[] = { "models=dep*=openai/m", PROVIDERS, NULL },
				 *const quoted[] = { "override.model=a b,c", PROVIDERS, NULL },
				 *const forced[] = { "override.model=opnai,x", PROVIDERS, NULL };
	static const struct {
		const char *const *sets;
		const char *target, *text; /* NULL: somebody is asked */
	} rows[] = {
		{ sets, "/v1/messages",
			"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
			"\"the model is 'depseek,x', but no provider 'depseek' is configured" },
		{ sets, "/v1/chat/completions",
			"{\"error\":{\"message\":\"the model is 'depseek,x', but no provider 'depseek'" },
		{ forced, "/v1/messages",
			"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
			"\"'override.model' is 'opnai,x', but no provider 'opnai' is configured" },
		{ fits, "/v1/messages", NULL },
		{ quoted, "/v1/messages", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, rows[i].sets);
		struct conn *c =
			world_post_with(&w, rows[i].target, "authorization: Bearer k\n", STR(slip));
		assert_int_equal(world_transfer(&w) == NULL, rows[i].text != NULL);
		if (rows[i].text != NULL) {
			assert_int_equal(c->reply.status, 400);
			assert_true(str_starts(buf_str(&c->body), str_from(rows[i].text)));
		} else {
			world_answer(&w, JSON_HEAD, STR("{}"));
		}
		world_release(&w);
	}
}

/* Nobody else is asked which model it is to be; only `sluice` leaves that open. */
static void override_is_fixed(void **state)
{
	static const struct {
		const char *set;
		bool fixed;
	} rows[] = {
		{ "override.model=m", true },
		{ "override.model=openai/m", true },
		{ "override.model=sluice", false },
		{ "log.level=error", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const with[] = { rows[i].set, PROVIDERS, NULL };
		struct world w;
		struct name n;
		world_init(&w, with);
		struct exchange x = { .svc = &w.svc,
			.config = w.svc.config,
			.dialect = &dialect_anthropic,
			.chat.model = STR("openai/other") };
		assert_true(names_asked(&x, &n));
		assert_int_equal(n.fixed, rows[i].fixed);
		world_release(&w);
	}
}

/* What the configuration puts in the place of every name is in the place of this one too. */
static void override_before_the_tag(void **state)
{
	static const char *const with[] = { PROVIDERS, "route.tag=all",
		"override.model=deepseek-anthropic,forced",
		"providers.deepseek-anthropic.api_key=" OURS, NULL };
	struct world w;

	world_init(&w, with);
	world_post_with(&w, "/v1/messages", "x-api-key: k\n", STR(ASK(TAG("nobody,m"), "")));
	assert_string_equal(world_transfer(&w)->rq.origin, "https://api.deepseek.com");
	assert_true(str_find(world_transfer(&w)->rq.body, STR("\"model\":\"forced\"")) <
		    world_transfer(&w)->rq.body.n);
	assert_true(str_find(world_transfer(&w)->rq.body, STR(TAG_WORD)) ==
		    world_transfer(&w)->rq.body.n);
	world_answer(&w, JSON_HEAD, STR("{}"));
	world_release(&w);
}

/* ---- what is told of them ---- */

static struct str list(struct world *w, const char *head)
{
	struct conn *c = fake_conn_begin(w->server, head);

	fake_loop_settle(w->loop);
	return buf_str(&c->body);
}

static bool tells(struct str models, const char *id)
{
	char quoted[80];

	snprintf(quoted, sizeof(quoted), "\"id\":\"%s\"", id);
	return str_find(models, str_from(quoted)) < models.n;
}

static void listed(void **state)
{
	static const char anthropic[] = "GET /v1/models\nHost: localhost\nanthropic-version: 1\n",
			  openai[] = "GET /v1/models\nHost: localhost\n";
	/* Nobody is there for the best. */
	static const char *const with[] = { PROVIDERS,
		"route.use=default=openai/gpt-5,fast=deepseek/deepseek-chat,best=bare/m", NULL };
	struct world w;

	world_init(&w, with);
	struct str models = list(&w, anthropic);
	assert_true(tells(models, "claude-sluice"));
	assert_true(tells(models, "claude-sluice-fast"));
	assert_false(tells(models, "claude-sluice-best"));
	assert_false(tells(models, "sluice"));
	models = list(&w, openai);
	assert_true(tells(models, "sluice"));
	assert_true(tells(models, "sluice-fast"));
	assert_false(tells(models, "sluice-best"));
	assert_false(tells(models, "claude-sluice"));
	/* What is not in the list is known nevertheless. */
	assert_true(tells(list(&w, "GET /v1/models/claude-sluice-fast\nHost: localhost"),
		"claude-sluice-fast"));
	assert_true(tells(list(&w, "GET /v1/models/deepseek%2Fx\nHost: localhost"), "deepseek/x"));
	assert_false(tells(list(&w, "GET /v1/models/bare,x\nHost: localhost"), "bare,x"));
	assert_false(tells(list(&w, "GET /v1/models/sluice-best\nHost: localhost"), "sluice-best"));
	world_release(&w);
}

/* Who is known to have cheap and good models needs no word in the configuration, but a key. */
static void listed_of_the_own_provider(void **state)
{
	static const char *const with[] = { "list.models=own", NULL };
	struct world w;

	world_init(&w, with);
	assert_false(tells(
		list(&w, "GET /v1/models?limit=1000\nHost: localhost\nanthropic-version: 1\n"),
		"claude-sluice"));
	struct str models = list(&w,
		"GET /v1/models?limit=1000\nHost: localhost\nanthropic-version: 1\nx-api-key: sk-client\n");
	assert_true(tells(models, "claude-sluice"));
	assert_true(tells(models, "claude-sluice-fast"));
	assert_true(tells(models, "claude-sluice-best"));
	assert_true(tells(models, "claude-opus-5-5"));
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(with_the_table),
		cmocka_unit_test(homes_of_many_makers),
		cmocka_unit_test(said_in_the_prompt),
		cmocka_unit_test(only_the_tag_is_cut),
		cmocka_unit_test(counting_too),
		cmocka_unit_test(unknown_providers),
		cmocka_unit_test(whose_tags_count),
		cmocka_unit_test(slips),
		cmocka_unit_test(override_is_fixed),
		cmocka_unit_test(override_before_the_tag),
		cmocka_unit_test(listed),
		cmocka_unit_test(listed_of_the_own_provider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
